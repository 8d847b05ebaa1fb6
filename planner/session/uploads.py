"""Uploaded files, kept per session in a folder that goes with it."""

import atexit
import hashlib
import re
import shutil
import tempfile
import weakref
from functools import cache
from pathlib import Path

from planner.errors import InputError

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
