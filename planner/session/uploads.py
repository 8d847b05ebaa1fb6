"""Uploaded files: kept per session in a folder that goes with it, and put in the place of a project's own by a draft.

A draft is the project with some inputs replaced or added. It is a `Project` that lies where the original lies, so that every
other path and the cache of its network still hold, and nothing of the original is written to: corrections go to a copy in the
session's folder, and so should results.
"""

import atexit
import hashlib
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from planner.demand import RASTER_SUFFIXES
from planner.errors import InputError
from planner.project import Project, checked
from planner.project.area import TOWNSHIP
from planner.session.project_copy import content_of

MOST_MB = 200
"""The largest upload; Streamlit itself refuses larger ones before they are in memory (``server.maxUploadSize``)."""

_MOST_MB_KEPT = 1000  # of one session
_LONGEST_NAME = 80

_TABLES = ("csv", "tsv", "txt", "xlsx", "xlsm", "xls", "ods")
_LAYERS = ("geojson", "json", "gpkg", "fgb", "kml", "parquet", "zip")
SUFFIXES: dict[str, tuple[str, ...]] = {
    "candidates": (*_TABLES, *_LAYERS),
    "centres": (*_TABLES, *_LAYERS),
    "population": ("tif", "tiff", *_TABLES, *_LAYERS),
    "zones": _LAYERS,
    "boundary": _LAYERS,
    "streets": ("pbf", "osm", "gz", "bz2", "graphml", *_LAYERS),
    "villages": (*_TABLES, *_LAYERS),
    "corrections": ("csv",),
}
"""What may be uploaded by role, as ends of file names. What a file really is, its reader finds out."""

SEVERAL = ("candidates", "centres", "population", "streets")
"""Roles of which a project may have several files, so that one can be added."""


class SessionFiles:
    """The files of one session, in a folder of its own that is removed with this object, at the latest when the process ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="session-", dir=_process_folder()))
        self._kept_bytes = 0
        self._number = 0
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def folder_for(self, project: Path) -> Path:
        """Return the folder of what the session makes of one project: its corrections and its results."""
        folder = self.folder / hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:12]
        folder.mkdir(exist_ok=True)
        return folder

    def keep(self, role: str, name: str, content: bytes) -> Path:
        """Write an upload down and return its path, whose last part is the name it came with, made safe.

        Raises
        ------
        InputError
            It is too large, empty, of a kind that the role does not take, or the session holds too much already.
        """
        safe = safe_name(name)
        if len(content) > MOST_MB << 20:
            raise InputError("ui.upload_too_large", file=safe, size_mb=len(content) / 2**20, limit_mb=MOST_MB)
        if self._kept_bytes + len(content) > _MOST_MB_KEPT << 20:
            raise InputError("ui.uploads_too_many", file=safe, limit_mb=_MOST_MB_KEPT)
        if not safe.lower().endswith(tuple(f".{suffix}" for suffix in SUFFIXES[role])):
            raise InputError("ui.upload_kind", file=safe, known=" ".join(f".{each}" for each in SUFFIXES[role]))
        if not content:
            raise InputError("tables.empty_file", file=safe)
        self._number += 1
        file = self.folder / f"{self._number:03d}" / safe
        file.parent.mkdir()
        file.write_bytes(content)
        self._kept_bytes += len(content)
        return file


def safe_name(name: str) -> str:
    """Return a file name that any system can hold and that leads nowhere: its last part, without what is forbidden."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(letter if letter.isprintable() and letter not in '<>:"|?*[]' else "_" for letter in last).strip(
        " ."
    )
    if len(plain) > _LONGEST_NAME:
        stem, end = plain[:-16], plain[-16:]
        plain = stem[: _LONGEST_NAME - 16] + end
    is_device = re.fullmatch(r"(?i)(con|prn|aux|nul|com.|lpt.)(\..*)?", plain) is not None
    return f"_{plain}" if is_device or not plain else plain


@cache
def _process_folder() -> Path:
    """Return this process's own new folder, which only its user may enter and which goes when the process does."""
    folder = Path(tempfile.mkdtemp(prefix="quarter-hour-planner-uploads-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def draft_of(
    project: Project, replaced: Mapping[str, Path], folder: Path, *, added: Mapping[str, Sequence[Path]] | None = None
) -> Project:
    """Return the project with files in the place of its own, by role, and more files `added` to those of `SEVERAL` roles.

    Columns, datums and levels are as the project says for the file that is replaced. The draft's corrections are in `folder`: a
    copy of the project's, made once.

    Raises
    ------
    ProjectError
        The draft asks for the impossible.
    OSError
        The corrections cannot be copied.
    """
    content = content_of(project)
    for role, path in replaced.items():
        _REPLACE[role](content, str(path))
    for role, paths in (added or {}).items():
        for path in paths:
            _ADD[role](content, str(path))
    if "corrections" not in replaced:
        own = folder / "corrections.csv"
        first = project.resolve(project.settings.register_.corrections)
        if not own.exists() and first.is_file():
            shutil.copyfile(first, own)
        content.setdefault("register", {})["corrections"] = str(own)
    return checked(project.path, content)


def _replace_facilities(role: str, content: dict[str, Any], source: str | list[str]) -> None:
    content[role] = {**content.get(role, {}), "source": source}


def _add_facilities(role: str, content: dict[str, Any], path: str) -> None:
    named = content.get(role, {}).get("source", [])
    both = [*([named] if isinstance(named, str) else named), path]
    _replace_facilities(role, content, both)


def _replace_people(content: dict[str, Any], path: str) -> None:
    """Put a file in the place of the first section's, and of all sections that read the same one.

    A raster in the place of a table, or a table in the place of a raster, becomes the one source of the first section's group.
    """
    sections: list[dict[str, Any]] = content.get("population", [])
    first = sections[0]["source"] if sections else path
    of_first = [section for section in sections if section["source"] == first]
    if _is_raster(first if isinstance(first, str) else first[0]) != _is_raster(path) or not sections:
        content["population"] = [_people(content, path), *(each for each in sections if each not in of_first)]
        return
    for section in of_first:
        section["source"] = path
        for bound in ("low", "high") if _is_raster(path) else ():  # estimates of the file that is gone
            section.pop(bound, None)


def _add_people(content: dict[str, Any], path: str) -> None:
    content["population"] = [*content.get("population", []), _people(content, path)]


def _people(content: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a section for a file of which only its group is known: the first section's."""
    first: dict[str, Any] = next(iter(content.get("population", [])), {})
    return {"source": path, **{key: first[key] for key in ("group", "speed", "minutes") if key in first}}


def _is_raster(path: str) -> bool:
    return Path(path).suffix.lower() in RASTER_SUFFIXES


def _replace_zones(content: dict[str, Any], path: str) -> None:
    """Put a layer in the place of that which fills `zone`: the townships, else the first level."""
    levels: list[dict[str, Any]] = content.get("zones", [])
    if "zones" in content["area"] or not levels:
        content["area"]["zones"] = path
    else:
        next((each for each in levels if each["level"] == TOWNSHIP), levels[0])["source"] = path


def _replace_boundary(content: dict[str, Any], path: str) -> None:
    content["area"] = {key: value for key, value in content["area"].items() if key not in ("bbox", "place")}
    content["area"]["boundary"] = path


def _replace_streets(content: dict[str, Any], path: str) -> None:
    """Put a file in the place of all streets; what holds for all sources together stays."""
    whole = ("private_lanes", "plazas", "connect_islands_m", "join_tolerance_m")
    said = {key: value for section in content["streets"] for key, value in section.items() if key in whole}
    content["streets"] = [{"source": path, **said}]


def _add_streets(content: dict[str, Any], path: str) -> None:
    content["streets"].append({"source": path})


def _replace_aid(key: str, content: dict[str, Any], path: str) -> None:
    content.setdefault("register", {})[key] = path


_Change = Callable[[dict[str, Any], str], None]
_REPLACE: dict[str, _Change] = {
    "centres": partial(_replace_facilities, "centres"),
    "candidates": partial(_replace_facilities, "candidates"),
    "population": _replace_people,
    "zones": _replace_zones,
    "boundary": _replace_boundary,
    "streets": _replace_streets,
    "corrections": partial(_replace_aid, "corrections"),
    "villages": partial(_replace_aid, "villages"),
}
_ADD: dict[str, _Change] = {
    "centres": partial(_add_facilities, "centres"),
    "candidates": partial(_add_facilities, "candidates"),
    "population": _add_people,
    "streets": _add_streets,
}
