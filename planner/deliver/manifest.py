"""What a run was made of and what it made, so that it can be repeated and checked: ``manifest.json``. It holds no clock."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from planner.project import Project

_LIBRARIES = (
    "geopandas",
    "highspy",
    "numba",
    "numpy",
    "osmium",
    "pandas",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
)


def manifest(project: Project, outputs: Path) -> dict[str, Any]:
    """Return the manifest: versions, the project's settings, and name, size and SHA-256 of every input and output file."""
    return {
        "schema_version": 1,
        **program_versions(),
        "attribution": "© OpenStreetMap contributors, ODbL",
        "project": project.settings.model_dump(mode="json"),
        "inputs": input_digests(project),
        "outputs": {path.name: _digest(path) for path in sorted(outputs.iterdir()) if path.is_file()},
    }


def program_versions() -> dict[str, Any]:
    """Return what computes: the program, Python and the libraries that numbers depend on."""
    return {
        "program": {"name": "quarter-hour-planner", "version": version("quarter-hour-planner")},
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def input_digests(project: Project) -> dict[str, Any]:
    """Return name, size and SHA-256 of the project file and every input it names."""
    return {"project": _digest(project.path), **{key: _digest(path) for key, path in project.sources.items()}}


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {
            "file": path.name,
            "bytes": path.stat().st_size,
            "sha256": hashlib.file_digest(stream, "sha256").hexdigest(),
        }
