"""A copy of a project that needs nothing but its own folder: the project file and every input."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from planner.demand import RASTER_SUFFIXES
from planner.demo.write import MARK
from planner.new.toml import toml_text
from planner.project import FILE_NAME, Project, load

_BESIDE = {
    ".shp": (".shx", ".dbf", ".prj", ".cpg"),
    ".tif": (".tfw", ".prj", ".tif.aux.xml", ".tif.ovr"),
    ".tiff": (".tfw", ".prj", ".tiff.aux.xml", ".tiff.ovr"),
    ".img": (".ige", ".img.aux.xml"),
    ".asc": (".prj",),
}
"""Files that belong to one of another suffix and bear its name."""

_BESIDE_PROJECT = (MARK, "variants.json")
"""What no key names and yet goes with a project: that its county is invented, and the variants saved in the browser."""

_FILES_OF = {
    "area": ("boundary", "zones", "residential"),
    "zones": ("source",),
    "streets": ("source",),
    "gates": ("source",),
    "walking": ("elevation",),
    "population": ("source", "buildings", "zones", "low", "high"),
    "calibrate": ("source", "zones"),
    "centres": ("source",),
    "candidates": ("source",),
    "register": ("villages", "corrections"),
}
"""The keys of a project file that name files; `low` and `high` of a table are columns instead."""


def content_of(project: Project) -> dict[str, Any]:
    """Return what the project file says, as plain data that may be changed."""
    return project.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)


def copy_project(project: Project, folder: Path) -> None:
    """Copy a project into `folder`, which is empty.

    Inputs below the project's folder keep their place; those from elsewhere come to lie beside the new project file, which then
    names them there. Where neither they nor other settings than the file has ask for a new one, the file stays as it is, comments
    included. Results are not copied.

    Raises
    ------
    OSError
        A file cannot be read or written.
    """
    content, taken = content_of(project), {FILE_NAME.casefold()}
    must_say = project.settings != load(project.path).settings
    for section, key in _named(content):
        given = section[key]
        names = [given] if isinstance(given, str) else list(given)
        kept = [name for name in names if _is_inside(name)]
        taken |= {path.name.casefold() for name in kept for path in files_named(project, name)}
    for section, key in list(_named(content)):
        given = section[key]
        names = [given] if isinstance(given, str) else list(given)
        new: list[str] = []
        for name in names:
            if _is_inside(name):
                new.append(name)
                continue
            must_say = True
            for path in files_named(project, name):
                new.append(_free(path.name, taken))
                _copy(path, folder / new[-1])
        if new:
            section[key] = new[0] if len(new) == 1 else new
        elif key == "corrections":  # none were made yet
            del section[key]
    for path in project.sources.values():
        place = _place_below(path, project.folder)
        if place is not None and path.exists():
            _copy(path, folder / place)
    if must_say:
        (folder / FILE_NAME).write_text(toml_text(content), encoding="utf-8", newline="\n")
    else:
        shutil.copyfile(project.path, folder / FILE_NAME)
    for name in _BESIDE_PROJECT:
        if (project.folder / name).is_file():
            shutil.copyfile(project.folder / name, folder / name)


def files_named(project: Project, name: str) -> list[Path]:
    """Return the files that a name in a project file leads to, patterns filled in, those that are there."""
    return [path for path in map(project.resolve, project.files(name)) if path.exists()]


def _named(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every place of a project file that names files: the section and the key."""
    for head, keys in _FILES_OF.items():
        sections: Sequence[dict[str, Any]] = (
            content[head] if isinstance(content.get(head), list) else [content.get(head) or {}]
        )
        for section in sections:
            bounds = () if _is_raster(section) else ("low", "high")
            yield from ((section, key) for key in keys if section.get(key) and key not in bounds)


def _is_raster(section: dict[str, Any]) -> bool:
    source = section.get("source") or ""
    first = source if isinstance(source, str) else source[0]
    return Path(first).suffix.lower() in RASTER_SUFFIXES


def _is_inside(name: str) -> bool:
    """Return whether a name stays in the project's folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _place_below(path: Path, folder: Path) -> Path | None:
    return (
        path.relative_to(folder)
        if path.is_relative_to(folder) and ".." not in path.parts[len(folder.parts) :]
        else None
    )


def _free(name: str, taken: set[str]) -> str:
    """Return a file's name, with a number where another file has it, and take it."""
    stem, dot, rest = name.partition(".")
    free, number = name, 2
    while free.casefold() in taken:
        free, number = f"{stem}-{number}{dot}{rest}", number + 1
    taken.add(free.casefold())
    return free


def _copy(path: Path, target: Path) -> None:
    """Copy a file with those that belong to it, or a folder that is one input."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
        return
    shutil.copyfile(path, target)
    for suffix in _BESIDE.get(path.suffix.lower(), ()):
        beside = path.with_suffix(suffix)
        if beside.is_file():
            shutil.copyfile(beside, target.with_suffix(suffix))
