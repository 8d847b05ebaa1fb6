"""What `planner new` is given: files, a place's name, and how the project is to be called."""

from dataclasses import dataclass, replace
from pathlib import Path

from planner.errors import InputError
from planner.streets import Service
from planner.tables.parts import copy_input, free_name

_FILES = ("boundary", "centres", "candidates", "gates")
_LISTS = ("streets", "zones", "population")


@dataclass(frozen=True)
class Given:
    """Files of each role, or a place to ask OpenStreetMap for; `bbox` is west, south, east, north in degrees."""

    place: str | None = None
    streets: tuple[Path, ...] = ()
    boundary: Path | None = None
    bbox: tuple[float, float, float, float] | None = None
    zones: tuple[Path, ...] = ()
    population: tuple[Path, ...] = ()
    centres: Path | None = None
    candidates: Path | None = None
    gates: Path | None = None
    name: str | None = None
    language: str = "zh"
    service: Service | None = None
    fetched: tuple[str, ...] = ()
    """The roles that came from OpenStreetMap."""

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
