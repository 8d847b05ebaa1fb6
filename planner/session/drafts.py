"""A project with uploads in the place of some inputs, or beside them.

A draft is a `Project` that lies where the original lies, so that every other path and the cache of its network still hold, and
nothing of the original is written to: corrections go to a copy in the session's folder, and so should results.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from planner.demand import RASTER_SUFFIXES
from planner.project import Project, checked
from planner.project.area import TOWNSHIP
from planner.session.project_copy import content_of


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
