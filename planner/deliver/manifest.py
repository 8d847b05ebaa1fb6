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
        "project": project.settings.model_dump(mode="json", by_alias=True),
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
    """Return name, size and SHA-256 of a file; a shapefile counts with all its parts, a geodatabase with all its files."""
    parts = _parts_of(path)
    if parts == [path]:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"file": path.name, "bytes": path.stat().st_size, "sha256": digest}
    whole = hashlib.sha256()
    for part in parts:
        with part.open("rb") as stream:
            whole.update(part.relative_to(path.parent).as_posix().encode() + b"\n")
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return {"file": path.name, "bytes": sum(part.stat().st_size for part in parts), "sha256": whole.hexdigest()}


def _parts_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    if path.suffix.lower() == ".shp":
        return sorted(part for part in path.parent.iterdir() if part.is_file() and part.stem == path.stem)
    return [path]
