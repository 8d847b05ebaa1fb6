"""The files that one input consists of: a shapefile's parts, a raster's sidecars, a geodatabase's folder, a GeoPackage's log.

What a key of the project file names is rarely one file. Whoever digests, copies, keeps or watches an input asks here.
"""

import re
import shutil
from pathlib import Path

_WITH_NAME = (".aux.xml", ".ovr", ".ovr.aux.xml", ".msk", ".msk.ovr")
_WORLD = (".tfw", ".tifw", ".tiffw", ".wld", ".prj", ".tab", ".aux", ".aux.xml", ".rrd")
_WITH_STEM = {
    ".shp": (
        ".shx", ".dbf", ".prj", ".qpj", ".cpg", ".cst", ".qix", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".atx",
        ".ixs", ".mxs", ".qmd", ".shp.xml",
    ),
    ".dbf": (".cpg",),
    ".tif": _WORLD,
    ".tiff": _WORLD,
    ".img": (".ige", *_WORLD),
    ".asc": _WORLD,
    ".bil": (".hdr", ".blw", *_WORLD),
    ".flt": (".hdr", *_WORLD),
}  # fmt: skip
_SQLITE = (
    "-wal",
    "-journal",
)  # without them what was written last is lost; "-shm" is only an index that SQLite makes anew
_LOCK = ".lock"  # a geodatabase that is open somewhere
_VRT_SOURCE = re.compile(r'<SourceFilename[^>]*relativeToVRT="1"[^>]*>([^<]+)</SourceFilename>')


def parts_of(path: Path) -> list[Path]:
    """Return the files that an input consists of, by name, itself among them; none where it is not there."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file() and part.suffix != _LOCK)
    if not path.is_file():
        return []
    wanted = {(path.name + end).casefold() for end in _WITH_NAME}
    wanted |= {(path.stem + end).casefold() for end in _WITH_STEM.get(path.suffix.lower(), ())}
    logs = {(path.name + end).casefold() for end in _SQLITE}
    beside = [part for part in path.parent.iterdir() if part.name.casefold() in wanted | logs and part.is_file()]
    found = [part for part in beside if part.name.casefold() in wanted or part.stat().st_size]
    return sorted({path, *found, *_sources_of_vrt(path)})


def copy_input(path: Path, target: Path) -> None:
    """Copy an input to `target`, under whose name its parts lie then.

    Raises
    ------
    OSError
        A file cannot be read or written.
    """
    for part, place in _places(path, target).items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(part, place)


def free_name(path: Path, taken: dict[str, Path]) -> str:
    """Return a name under which an input can be copied beside others, a number in it where another has its name, and take it.

    `taken` holds the folded names that are taken already, and where what has them came from.
    """
    stem, dot, rest = path.name.partition(".")
    name, number = path.name, 2
    while True:
        wanted = {name.casefold(): path} | {
            place.name.casefold(): part for part, place in _places(path, Path(name)).items() if place.parent == Path()
        }
        if all(taken.get(key, part) == part for key, part in wanted.items()):
            taken |= wanted
            return name
        name, number = f"{stem}-{number}{dot}{rest}", number + 1


def _places(path: Path, target: Path) -> dict[Path, Path]:
    """Return where each part of an input lies once that is copied to `target`."""
    if path.is_dir():
        return {part: target / part.relative_to(path) for part in parts_of(path)}
    return {part: target.parent / _renamed(part, path, target) for part in parts_of(path)}


def _renamed(part: Path, path: Path, target: Path) -> Path:
    for own, new in ((path.name, target.name), (path.stem, target.stem)):
        if part.parent == path.parent and part.name.casefold().startswith(own.casefold()):
            return Path(new + part.name[len(own) :])
    return part.relative_to(path.parent)


def _sources_of_vrt(path: Path) -> set[Path]:
    """Return the files below its folder that a virtual raster is put together from."""
    if path.suffix.lower() != ".vrt":
        return set()
    named = (path.parent / name for name in _VRT_SOURCE.findall(path.read_text(encoding="utf-8", errors="replace")))
    return {part for source in named if ".." not in source.parts for part in parts_of(source)}
