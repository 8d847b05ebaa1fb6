"""What `planner new` is given: files, a place's name, and how the project is to be called."""

from dataclasses import dataclass, replace
from pathlib import Path

from planner.errors import InputError
from planner.project.files import matching
from planner.streets import Service
from planner.tables import VECTOR_SUFFIXES
from planner.tables.files import TEXT_SUFFIXES, WORKBOOK_SUFFIXES
from planner.tables.parts import copy_input, free_name

_FILES = ("boundary", "gates")
_LISTS = ("centres", "candidates", "streets", "zones", "population")
_TABLES = TEXT_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES


@dataclass(frozen=True)
class Given:
    """Files of each role, or a place to ask OpenStreetMap for; `bbox` is west, south, east, north in degrees."""

    place: str | None = None
    streets: tuple[Path, ...] = ()
    boundary: Path | None = None
    bbox: tuple[float, float, float, float] | None = None
    zones: tuple[Path, ...] = ()
    population: tuple[Path, ...] = ()
    centres: tuple[Path, ...] = ()
    candidates: tuple[Path, ...] = ()
    gates: Path | None = None
    name: str | None = None
    language: str = "zh"
    service: Service | None = None
    fetched: tuple[str, ...] = ()
    """The roles that came from OpenStreetMap."""

    def expanded(self) -> "Given":
        """Return the same with patterns (a shell may have left them) and folders of tables replaced by the files they stand for.

        Raises
        ------
        InputError
            A pattern finds no file, or a folder holds none that can be read.
        """
        lists = {role: tuple(file for path in getattr(self, role) for file in _files_given(path)) for role in _LISTS}
        return replace(self, **{role: tuple(dict.fromkeys(files)) for role, files in lists.items()})  # type: ignore[arg-type]

    def check(self) -> None:
        """Refuse too little, and files that are not there, all of them named at once.

        Raises
        ------
        InputError
            There is neither a place nor streets with an outline, or files are missing.
        """
        if self.place is None and not (self.streets and (self.boundary or self.bbox)):
            raise InputError("new.too_little")
        if self.boundary and self.bbox:
            raise InputError("new.two_outlines")
        missing = [path for path in self.files if not path.exists()]
        if missing:
            raise InputError("new.missing", files=", ".join(map(str, missing)))

    @property
    def files(self) -> list[Path]:
        """All files given."""
        single = [path for path in (getattr(self, role) for role in _FILES) if path is not None]
        return single + [path for role in _LISTS for path in getattr(self, role)]

    def copied(self, folder: Path) -> "Given":
        """Copy the files into `folder` and return what is given as names in it; two files of one name get two names."""
        taken: dict[str, Path] = {}
        copies: dict[Path, Path] = {}

        def copy(path: Path) -> Path:
            source = path.resolve()
            if source not in copies:
                copies[source] = folder / free_name(path, taken)
                copy_input(path, copies[source])
            return copies[source]

        changes = {role: copy(getattr(self, role)) for role in _FILES if getattr(self, role) is not None}
        lists = {role: tuple(copy(path) for path in getattr(self, role)) for role in _LISTS}
        return replace(self, **changes, **lists)  # type: ignore[arg-type]


def _files_given(path: Path) -> list[Path]:
    """Return the files that a path stands for: itself, a pattern's, or the tables of a folder that is no geodatabase."""
    if path.is_dir() and path.suffix.lower() not in VECTOR_SUFFIXES:
        found = matching(path, "*")
        found = [file for file in found if file.is_file() and file.suffix.lower() in _TABLES]
    elif path.exists() or not any(mark in str(path) for mark in "*?["):
        return [path]
    else:
        found = [file for file in matching(Path(), str(path)) if file.exists()]
    if not found:
        raise InputError("new.nothing_in", given=path)
    return found
