"""What a run was made of and what it made, so that it can be repeated and checked: ``manifest.json``. It holds no clock."""

import hashlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from planner.deliver.folder import MANIFEST
from planner.project import Project
from planner.tables.parts import parts_of

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
        "outputs": {path.name: _digest(path, [path]) for path in sorted(outputs.iterdir()) if path.is_file()},
    }


def is_current(project: Project, folder: Path) -> bool:
    """Return whether `folder` holds whole results, as this version made them from the very same inputs."""
    try:
        kept = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or any(kept.get(key) != value for key, value in program_versions().items()):
            return False
        outputs = kept.get("outputs")
        if not (isinstance(outputs, dict) and outputs):
            return False
        is_whole = all(_digest(folder / name, [folder / name]) == digest for name, digest in outputs.items())
        return is_whole and kept.get("inputs") == input_digests(project)
    except (OSError, ValueError):
        return False


def program_versions() -> dict[str, Any]:
    """Return what computes: the program, Python and the libraries that numbers depend on."""
    return {
        "program": {"name": "quarter-hour-planner", "version": version("quarter-hour-planner")},
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def input_digests(project: Project) -> dict[str, Any]:
    """Return name, size and SHA-256 of the project file and every input it names."""
    inputs = {key: _digest(path, parts_of(path)) for key, path in project.sources.items()}
    return {"project": _digest(project.path, [project.path]), **inputs}


def _digest(path: Path, parts: Sequence[Path]) -> dict[str, Any]:
    """Return name, size and SHA-256 of a file, or of one with all that belongs to it."""
    digests = [_sha256(part) for part in parts]
    size = sum(part.stat().st_size for part in parts)
    if len(parts) == 1:
        return {"file": path.name, "bytes": size, "sha256": digests[0].hex()}
    names = [part.relative_to(path.parent).as_posix().encode() + b"\n" for part in parts]
    whole = b"".join(name + digest for name, digest in zip(names, digests, strict=True))
    return {"file": path.name, "bytes": size, "sha256": hashlib.sha256(whole).hexdigest()}


def _sha256(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
