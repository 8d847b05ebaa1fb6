"""A copy of a project that needs nothing but its own folder: the project file and every input."""

import shutil
from pathlib import Path
from typing import Any

from planner.new.toml import toml_text
from planner.project import FILE_NAME, Project, load
from planner.project.files import COMPANIONS, named_files
from planner.project.section import Files
from planner.tables.parts import copy_input, free_name, parts_of


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
    content = content_of(project)
    taken = {FILE_NAME.casefold(): project.path}
    must_say = project.settings != load(project.path).settings
    named = list(named_files(content))
    for each in named:
        for path in (path for name in _names(each.source) if _is_inside(name) for path in _there(project, name)):
            taken |= {part.name.casefold(): part for part in (path, *parts_of(path))}
    for each in named:
        new: list[str] = []
        for name in _names(each.source):
            if _is_inside(name):
                new.append(name)
                continue
            must_say = True
            for path in _there(project, name):
                new.append(free_name(path, taken))
                copy_input(path, folder / new[-1])
        if new:
            each.section[each.key] = new[0] if len(new) == 1 else new
        elif each.key == "corrections":  # none were made yet
            del each.section[each.key]
    for path in project.sources.values():
        place = _place_below(path, project.folder)
        if place is not None and path.exists():
            copy_input(path, folder / place)
    if must_say:
        (folder / FILE_NAME).write_text(toml_text(content), encoding="utf-8", newline="\n")
    else:
        shutil.copyfile(project.path, folder / FILE_NAME)
    for name in COMPANIONS:
        if (project.folder / name).is_file():
            shutil.copyfile(project.folder / name, folder / name)


def _names(source: Files) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(source)


def _there(project: Project, name: str) -> list[Path]:
    """Return the files that a name in a project file leads to, patterns filled in, those that are there."""
    return [path for path in project.paths(name) if path.exists()]


def _is_inside(name: str) -> bool:
    """Return whether a name stays in the project's folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _place_below(path: Path, folder: Path) -> Path | None:
    return (
        path.relative_to(folder)
        if path.is_relative_to(folder) and ".." not in path.parts[len(folder.parts) :]
        else None
    )
