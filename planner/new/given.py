"""What `planner new` is given: files, a place's name, and how the project is to be called."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from planner.errors import InputError
from planner.streets import Service

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
        taken: dict[Path, str] = {}

        def copy(path: Path) -> Path:
            source = path.resolve()
            if source not in taken:
                name = path.name
                number = 2
                while name.casefold() in {other.casefold() for other in taken.values()}:
                    name, number = f"{path.stem}-{number}{path.suffix}", number + 1
                _copy(path, folder / name)
                taken[source] = name
            return folder / taken[source]

        changes = {role: copy(getattr(self, role)) for role in _FILES if getattr(self, role) is not None}
        lists = {role: tuple(copy(path) for path in getattr(self, role)) for role in _LISTS}
        return replace(self, **changes, **lists)  # type: ignore[arg-type]


def _copy(path: Path, target: Path) -> None:
    """Copy a file, a geodatabase folder, or a shapefile with all that belongs to it."""
    if path.is_dir():
        shutil.copytree(path, target)
    elif path.suffix.lower() == ".shp":
        for part in sorted(path.parent.iterdir()):
            if part.is_file() and part.stem.casefold() in (path.stem.casefold(), path.name.casefold()):
                shutil.copy2(part, target.with_name(target.stem + part.name[len(path.stem) :]))
    else:
        shutil.copy2(path, target)
