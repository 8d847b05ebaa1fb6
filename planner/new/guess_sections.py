"""What the files of a new project hold, as far as they show it: columns, encodings, levels, groups, datums; each guess noted."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd

from planner.boundaries import zone_class_of
from planner.demand.rasters import RASTER_SUFFIXES
from planner.findings import InputReport
from planner.new.given import Given
from planner.new.guess_datum import Ground, ground_of, guess_datum, settle_datums
from planner.new.section_draft import SectionDraft
from planner.project.area import TOWNSHIP
from planner.tables import VECTOR_SUFFIXES, as_numbers, as_texts, find_columns, read_table, read_vector
from planner.tables.headers import fold
from planner.tables.rows import own_columns

_VILLAGE, _DISTRICT = "village", "district"
_HEADERS_LISTED = 20
_LEVEL_WORDS = {
    _VILLAGE: ("村", "社区", "village", "community", "communities"),
    TOWNSHIP: ("镇", "乡", "街道", "town", "subdistrict"),
    _DISTRICT: ("片区", "督导", "区", "district"),
}
_CODE_WORDS = ("code", "zonecode", "代码", "编码", "adcode", "pac")
_CLASS_WORDS = ("城乡分类", "城乡分类代码", "城乡属性", "城乡", "zoneclass", "urbanrural", "class", "类别")
_PEOPLE_WORDS = (
    "常住人口", "常住人口数", "总人口", "总人口数", "人口总数", "人口", "人口数", "人数", "population", "people", "pop",
    "totalpopulation", "residents", "户籍人口", "户籍人口数",
)  # fmt: skip
_OLDER = re.compile(r"(\d{1,3})\s*(?:周?岁)?\s*(?:及?以上|\+|_?plus)")
_RANGE = re.compile(r"(?<!\d)(\d{1,3})\s*(?:周?岁)?\s*[-~_—–至到]\s*(\d{1,3})(?!\d)")


def guess_sections(given: Given, folder: Path) -> list[SectionDraft]:
    """Return the sections of a project file for what is given, all in `folder`.

    Raises
    ------
    PlannerError
        A file cannot be read, or area and streets do not meet.
    """
    area, streets = _area(given), _streets(given)
    zones = [_zones(path, number) for number, path in enumerate(given.zones)]
    _several_levels(zones)
    ground = ground_of(folder, area, streets)
    sections = [area, *zones, *streets]
    if given.gates is not None:
        sections.append(_points("gates", given.gates, ground))
    groups: set[str] = set()
    sections += [section for path in given.population for section in _people(path, ground, groups, zones)] or [
        _no_people()
    ]
    tables = {role: getattr(given, role) for role in ("centres", "candidates")}
    drafts = {
        role: [_points(role, path, ground, fetched=role in given.fetched) for path in paths]
        for role, paths in tables.items()
    }
    settle_datums(ground)
    if any(tables.values()):
        sections += _villages(zones)
    return [*sections, *(_one_of(drafts[role]) if paths else _none(role) for role, paths in tables.items())]


def _villages(zones: list[SectionDraft]) -> list[SectionDraft]:
    """Return the section that places rows without coordinates at their village, where a layer of villages is given."""
    layer = next((section.keys for section in zones if section.keys["level"] == _VILLAGE), None)
    if layer is None or "name" not in layer:
        return []
    keys = {"villages": layer["source"], "village_name": layer["name"]}
    if "code" in layer:
        keys["village_code"] = layer["code"]
    return [SectionDraft("register", keys)]


def _one_of(drafts: list[SectionDraft]) -> SectionDraft:
    """Return one section of several tables; those in another datum than the first are named."""
    first, *others = drafts
    if others:
        first.keys["source"] = [draft.keys["source"] for draft in drafts]
        datum = first.keys.get("datum")
        own = {draft.keys["source"]: draft.keys["datum"] for draft in others if draft.keys.get("datum", datum) != datum}
        if own:
            first.keys["datums"] = own
        first.notes += [note for draft in others for note in draft.notes]
    return first


def _area(given: Given) -> SectionDraft:
    if given.bbox is not None:
        return SectionDraft("area", {"bbox": list(given.bbox)})
    assert given.boundary is not None
    section = SectionDraft("area", {"boundary": given.boundary.name})
    if "boundary" in given.fetched:
        section.keys["place"] = given.place
        section.note("new.fetched", file=given.boundary, place=given.place)
    return section


def _streets(given: Given) -> list[SectionDraft]:
    several = len(given.streets) > 1
    sections = [SectionDraft("streets", {"source": path.name}, several) for path in given.streets]
    if "streets" in given.fetched:
        sections[0].note("new.fetched", file=given.streets[0], place=given.place)
    return sections


def _zones(path: Path, number: int) -> SectionDraft:
    """Guess the level of a layer of zones, and its columns of names, codes and classes."""
    report = InputReport("zones", path.name)
    frame = read_vector(path, report=report)
    own = [name for name in own_columns(frame) if name != "geometry"]
    columns = find_columns(own, ("village", "village_code", "zone", "zone_code", "name"))
    level = _level(path, columns, number)
    wanted = ("village", "name", "zone") if level == _VILLAGE else ("zone", "name", "village")
    name = next((columns[each] for each in wanted if each in columns), None) or _most_telling(frame, own)
    code_key = "village_code" if level == _VILLAGE else "zone_code"
    code = columns.get(code_key) or next((header for header in own if fold(header) in _CODE_WORDS), None)
    section = SectionDraft("zones", {"level": level, "source": path.name}, several=True)
    if name is not None:
        section.keys["name"] = name
    if code is not None and code != name:
        section.keys["code"] = code
    in_class = next((header for header in own if fold(header) in _CLASS_WORDS and _are_classes(frame[header])), None)
    if in_class is not None:
        section.keys["class"] = in_class
    section.note("new.zones", file=path, level=level, name=name or "-", codes=code or "-", zone_class=in_class or "-")
    _note_encoding(section, path, report)
    return section


def _level(path: Path, columns: dict[str, str], number: int) -> str:
    for level, words in _LEVEL_WORDS.items():
        if any(word in path.stem.casefold() for word in words):
            return level
    if "village" in columns and "zone" in columns:
        return _VILLAGE
    return (TOWNSHIP, _VILLAGE, _DISTRICT)[number] if number < 3 else f"level_{number + 1}"


def _several_levels(zones: list[SectionDraft]) -> None:
    """Give layers of one guessed level levels of their own: a project has each level once."""
    taken: set[str] = set()
    for number, section in enumerate(zones):
        level = section.keys["level"]
        if level in taken:
            free = [name for name in (TOWNSHIP, _VILLAGE, _DISTRICT) if name not in taken]
            section.keys["level"] = free[0] if free else f"level_{number + 1}"
            section.note("new.level_moved", file=section.keys["source"], level=section.keys["level"], guessed=level)
        taken.add(section.keys["level"])


def _most_telling(frame: pd.DataFrame, own: list[str]) -> str | None:
    """Return the column of text with the most different values, the likeliest names."""
    counts = {name: frame[name].nunique() for name in own if not pd.api.types.is_numeric_dtype(frame[name])}
    return max(counts, key=lambda name: counts[name], default=own[0] if own else None)


def _are_classes(column: pd.Series) -> bool:
    words = {zone_class_of(word) for word in as_texts(column)} - {None}
    return bool(words & {"urban", "rural"})


def _people(path: Path, ground: Ground, taken: set[str], zones: list[SectionDraft]) -> list[SectionDraft]:
    """Guess the groups of a source of people, and the columns that hold them; `taken` are the groups so far.

    A table without coordinates is joined to one of `zones` where it names any.
    """
    if path.suffix.lower() in RASTER_SUFFIXES:
        group = _group_in(path.stem) or ("total" if "total" not in taken else _own_group(path, taken))
        taken.add(group)
        section = SectionDraft("population", {"source": path.name, "group": group}, several=True)
        section.note("new.raster", file=path, group=group)
        return [section]
    report = InputReport("population", path.name)
    frame = read_table(path, report=report)
    own = [name for name in own_columns(frame) if name != "geometry"]
    older = {header: _group_in(header) for header in own}
    found = {name: header for header, name in older.items() if name is not None and _is_number(frame[header])}
    main = next(
        (header for word in _PEOPLE_WORDS for header in own if fold(header) == word and _is_number(frame[header])), None
    )
    columns = ({"total": main} if main is not None else {}) | found
    taken |= columns.keys()
    sections = []
    for group, header in columns.items():
        keys = {"source": path.name, "column": header, "group": group}
        sections.append(SectionDraft("population", keys, several=True))
        sections[-1].note("new.people", file=path, column=header, group=group)
    if not sections:
        section = SectionDraft("population", {"source": path.name, "column": "..."}, several=True, off=True)
        listed = ", ".join(own[:_HEADERS_LISTED]) + (" …" if len(own) > _HEADERS_LISTED else "")
        section.note("new.no_people_column", file=path, headers=listed)
        return [section]
    _note_encoding(sections[0], path, report)
    is_layer = "geometry" in frame
    if not is_layer and not _has_place(own):
        join = _joined_to(zones, own)
        for section in sections:
            section.keys |= join
            section.off = not join
        if join:
            sections[0].note("new.people_joined", file=path, zones=join["zones"], how=join["join"])
        else:
            sections[0].note("new.people_without_place", file=path)
    elif not is_layer:
        guess_datum(frame, ground, sections, file=path)
    return sections


def _points(role: str, path: Path, ground: Ground, *, fetched: bool = False) -> SectionDraft:
    """Guess how a table or layer of centres, candidate sites or gates is to be read."""
    section = SectionDraft(role, {"source": path.name})
    if fetched:
        section.note("new.fetched_centres", file=path)
        return section
    report = InputReport(role, path.name)
    frame = read_table(path, report=report)
    columns = find_columns(own_columns(frame))
    if role != "gates":
        listed = ", ".join(f"{name} = {header}" for name, header in columns.items()) or "-"
        section.note("new.columns", file=path, columns=listed)
    _note_encoding(section, path, report)
    if path.suffix.lower() not in VECTOR_SUFFIXES:
        guess_datum(frame, ground, [section], file=path)
    return section


def _no_people() -> SectionDraft:
    section = SectionDraft("population", {"source": "population.tif", "group": "total"}, several=True, off=True)
    section.note("new.no_people")
    return section


def _none(role: str) -> SectionDraft:
    section = SectionDraft(role, {"source": f"{role}.csv", "datum": "WGS-84"}, off=True)
    section.note(f"new.no_{role}")
    return section


def _joined_to(zones: list[SectionDraft], own: list[str]) -> dict[str, Any]:
    """Return the keys that join a table to the layer of zones that it names: villages before townships, codes before names."""
    columns = find_columns(own, ("village_code", "village", "zone_code", "zone", "name"))
    for code, name, level in (("village_code", "village", _VILLAGE), ("zone_code", "zone", TOWNSHIP)):
        layer = next((section for section in zones if section.keys["level"] == level), None)
        if layer is None:
            continue
        keys = {"zones": layer.keys["source"], "zone_name": layer.keys["name"]}
        if code in columns and "code" in layer.keys:
            return {"join": "code", **keys, "zone_code": layer.keys["code"], "join_column": columns[code]}
        if name in columns:
            return {"join": "name", **keys, "join_column": columns[name]}
    return {}


def _has_place(own: list[str]) -> bool:
    columns = find_columns(own, ("longitude", "latitude", "lonlat", "latlon"))
    return {"longitude", "latitude"} <= columns.keys() or bool({"lonlat", "latlon"} & columns.keys())


def _group_in(text: str) -> str | None:
    """Return the group that a header or file name tells of: 60岁以上人口 is age_60_plus, population_age_0_14 is age_0_14."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if match := _OLDER.search(text):
        return f"age_{int(match[1])}_plus"
    if ("岁" in text or "age" in text) and (match := _RANGE.search(text)) and int(match[1]) < int(match[2]):
        return f"age_{int(match[1])}_{int(match[2])}"
    return None


def _own_group(path: Path, taken: set[str]) -> str:
    """Return a group called after a file: a second raster of nobody knows whom is never added to the first."""
    name = re.sub(r"\W+", "_", path.stem.casefold(), flags=re.ASCII).strip("_")
    return name if name.isidentifier() and name not in taken else f"group_{len(taken) + 1}"


def _is_number(column: pd.Series) -> bool:
    numbers = as_numbers(column)
    return bool((~numbers.blank & ~numbers.bad).any())


def _note_encoding(section: SectionDraft, path: Path, report: InputReport) -> None:
    encoding: Any = report.figures.get("encoding")
    if encoding is not None and str(encoding).replace("_", "-").casefold() not in ("utf-8", "utf8"):
        section.note("new.encoding", file=path, encoding=str(encoding).upper())
