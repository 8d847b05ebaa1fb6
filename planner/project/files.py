"""The one list of the files that a project consists of: what a manifest digests, a copy takes along, and a watch looks at.

A key that names files is in `_PLACES`, and nowhere else; what belongs to a file besides (sidecars, parts) `planner.tables.parts`
knows.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from planner.project.people import is_raster
from planner.project.schema import ProjectFile
from planner.project.section import Files

_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("area", ("boundary",)),
    ("streets", ("source",)),
    ("gates", ("source",)),
    ("area", ("zones",)),
    ("walking", ("elevation",)),
    ("zones", ("source",)),
    ("area", ("residential",)),
    ("population", ("source", "low", "high", "buildings", "zones")),
    ("calibrate", ("source", "zones")),
    ("register", ("villages", "corrections")),
    ("centres", ("source",)),
    ("candidates", ("source",)),
)
"""The keys that name files, by section, in the order in which a manifest lists them."""

INVENTED_MARK = ".demo-county.json"
"""Says that a folder holds the demonstration county, and what its files were when they were written."""

VARIANTS_FILE = "variants.json"
"""Where variants are kept that were saved in the browser."""

COMPANIONS = (INVENTED_MARK, VARIANTS_FILE)
"""What no key names and yet goes with a project."""


class Named(NamedTuple):
    """A key that names files: its `place` as a fault names it, and the section (plain data) whose `key` it is."""

    place: str
    section: dict[str, Any]
    key: str

    @property
    def source(self) -> Files:
        """What the key says."""
        return self.section[self.key]


def named_files(content: Mapping[str, Any]) -> Iterator[Named]:
    """Yield every key that names files of a project file that says `content`, plain data as TOML gives it."""
    for head, keys in _PLACES:
        given = content.get(head) or ()
        sections: list[dict[str, Any]] = [given] if isinstance(given, dict) else list(given)
        plain = isinstance(given, dict) or (head == "streets" and len(sections) == 1)
        for number, section in enumerate(sections):
            for key in keys:
                is_column = key in ("low", "high") and not is_raster(section["source"])
                if section.get(key) and not is_column:
                    yield Named(f"{head}.{key}" if plain else f"{head}[{number}].{key}", section, key)


def input_files(settings: ProjectFile, folder: Path) -> dict[str, Path]:
    """Return every input that a project in `folder` names, by its place; corrections only once there are any."""
    content = settings.model_dump(by_alias=True)
    content["area"]["boundary"] = settings.area.outline
    found: dict[str, Path] = {}
    for named in named_files(content):
        paths = matching(folder, named.source)
        if named.key == "corrections" and not paths[0].exists():
            continue
        found |= {named.place if len(paths) == 1 else f"{named.place}[{at}]": path for at, path in enumerate(paths)}
    return found


def matching(folder: Path, source: Files) -> list[Path]:
    """Return the files that a key names, a pattern's by name, each once; a pattern that finds nothing stays as it is.

    What a spreadsheet program lays beside an open workbook (``~$x.xlsx``, ``.~lock``) is none.
    """
    names = (source,) if isinstance(source, str) else source
    return list(dict.fromkeys(path for name in names for path in _matching(folder, name)))


def _matching(folder: Path, name: str) -> list[Path]:
    if not any(mark in name for mark in "*?[") or (folder / name).exists():
        return [folder / name]
    start = Path(name).anchor
    found = Path(start).glob(name.removeprefix(start)) if start else folder.glob(name)
    files = [path for path in found if not path.name.startswith(("~$", ".")) and path.name != "Thumbs.db"]
    return sorted(files, key=lambda path: path.as_posix()) or [folder / name]
