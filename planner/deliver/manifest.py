"""What a run was made of and what it made, so that it can be repeated and checked: ``manifest.json``. It holds no clock."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from planner.deliver.folder import MANIFEST
from planner.errors import PlannerError
from planner.project import Project
from planner.project.digests import file_digest, input_digests
from planner.run import Run

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


_ALWAYS = ("summary.json", "plan.gpkg", "plan.xlsx")


def manifest(run: Run, outputs: Path) -> dict[str, Any]:
    """Return the manifest: versions, the project's settings, and name, size and SHA-256 of every input and output file.

    The inputs are signed as they were when they were read.
    """
    project = run.inputs.project
    return {
        "schema_version": 1,
        **program_versions(),
        "attribution": "© OpenStreetMap contributors, ODbL",
        "project": project.settings.model_dump(mode="json", by_alias=True),
        "inputs": run.digests,
        "outputs": {path.name: _digest(path) for path in sorted(outputs.iterdir()) if path.is_file()},
    }


def is_current(project: Project, folder: Path) -> bool:
    """Return whether `folder` holds whole results, as this version made them from the very same inputs."""
    try:
        kept = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or any(kept.get(key) != value for key, value in program_versions().items()):
            return False
        outputs = kept.get("outputs")
        if not isinstance(outputs, dict) or any(name not in outputs for name in _ALWAYS):
            return False
        is_whole = all(_is_own(folder, name) and _digest(folder / name) == digest for name, digest in outputs.items())
        return is_whole and kept.get("inputs") == input_digests(project)
    except (OSError, ValueError, RecursionError, PlannerError):
        return False


def _is_own(folder: Path, name: str) -> bool:
    """Whether a name is that of a file in the folder itself: no link, no pipe, nothing elsewhere."""
    file = folder / name
    return file.name == name and file.is_file() and not file.is_symlink()


def _digest(file: Path) -> dict[str, Any]:
    return file_digest(file, [file])


def program_versions() -> dict[str, Any]:
    """Return what computes: the program, Python and the libraries that numbers depend on."""
    return {
        "program": {"name": "quarter-hour-planner", "version": version("quarter-hour-planner")},
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
