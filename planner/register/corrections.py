"""Corrections made once and never again: a table of id, field, old, new, who, why that is replayed on every run.

A correction changes one canonical column of one row. It is applied only while the register still says what it said when the
correction was made (`old`); where the register says something else by now, it is reported and the register's word stands.
Longitude and latitude are WGS 84 degrees; a row that had no position of its own has a blank `old`, wherever the planner had put
it meanwhile. Where two lines that follow one another move one facility, both must fit or neither is applied.
"""

import csv
import difflib
import io
import math
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import InputError
from planner.findings import InputReport
from planner.register.names import folded
from planner.register.row_findings import column_name
from planner.tables import (
    AMOUNT_COLUMNS,
    PLACE_COLUMNS,
    REGISTER_COLUMNS,
    as_numbers,
    as_texts,
    find_columns,
    half_width,
    nearest_header,
    read_table,
    status_of,
)
from planner.tables.formulas import csv_cell, from_csv_cell

COLUMNS = ("id", "field", "old", "new", "who", "why")
_HEADERS = {
    "id": ("id", "编号"),
    "field": ("field", "字段", "列", "列名", "项目"),
    "old": ("old", "原值", "旧值", "更正前", "原"),
    "new": ("new", "新值", "更正后", "新", "改为"),
    "who": ("who", "更正人", "经办人", "谁"),
    "why": ("why", "原因", "理由", "依据", "说明"),
}
NUMBERS = (*AMOUNT_COLUMNS, "built_year", "floors")
PLACE = ("longitude", "latitude")
TEXTS = ("name", "kind", "stage", *PLACE_COLUMNS, *REGISTER_COLUMNS)
FIELDS = ("status", "upgradable", *TEXTS, *NUMBERS, *PLACE)
"""The columns that a correction may change."""

_SAME_DEG = 1.5e-7  # GeoJSON keeps seven decimals: what was read from a deliverable must still be known again
_YES = ("true", "yes", "y", "1", "是", "√")
_NO = ("false", "no", "n", "0", "否", "")


@dataclass(frozen=True)
class Correction:
    """One line of the table: `row` as its reader counts, `field` a canonical column."""

    row: int
    id: str
    field: str
    old: str | None
    new: str | None


def append(path: Path | str, *, id: str, field: str, old: Any, new: Any, who: str = "", why: str = "") -> None:
    """Add a correction at the end of the table `path`, which is made where it is not there; whole or not at all.

    Raises
    ------
    InputError
        `field` is no column that can be corrected, the table has other columns, or it is no UTF-8 text.
    """
    _append(Path(path), [(id, field, old, new, who, why)])


def append_move(
    path: Path | str,
    *,
    id: str,
    old: tuple[float, float] | None,
    new: tuple[float, float],
    who: str = "",
    why: str = "",
) -> None:
    """Add the two lines that move a facility to `new`, (longitude, latitude) in WGS 84 degrees, as a drag on the map does.

    `old` is its position where `position_quality` is "given", else None, since the register itself gives none.

    Raises
    ------
    InputError
        As `append`.
    """
    before = old if old is not None else (None, None)
    lines = [(id, field, _degrees(a), _degrees(b), who, why) for field, a, b in zip(PLACE, before, new, strict=True)]
    _append(Path(path), lines)


def read_corrections(path: Path, *, report: InputReport) -> list[Correction]:
    """Return the corrections of a table in its order; lines that name no known field are reported and left out.

    Raises
    ------
    InputError
        The table cannot be read, or lacks one of the columns id, field, old, new.
    """
    frame = read_table(path, report=report)
    headers = [str(name) for name in frame.columns]
    column = {name: _header(name, headers) for name in COLUMNS}
    for name in COLUMNS[:4]:
        if column[name] is None:
            near = nearest_header(name, headers)
            raise InputError(
                "register.corrections_column", file=report.file, column=name, headers=", ".join(headers), nearest=near
            )
    texts = {
        name: [from_csv_cell(text) for text in as_texts(frame[header])]
        for name, header in column.items()
        if header is not None
    }
    found = []
    for at, row in enumerate(frame["source_row"].tolist()):
        field = _canonical(texts["field"][at])
        if field is None:
            given = texts["field"][at] or ""
            near = difflib.get_close_matches(given.casefold(), FIELDS, n=1, cutoff=0.0)[0]
            report.add("register.correction_field", "dropped", row, field=given, nearest=near, known=", ".join(FIELDS))
            continue
        found.append(Correction(int(row), texts["id"][at] or "", field, texts["old"][at], texts["new"][at]))
    return found


def apply_corrections(
    points: gpd.GeoDataFrame, corrections: Sequence[Correction], *, report: InputReport
) -> gpd.GeoDataFrame:
    """Return the points with the corrections applied in their order; each that is not is reported with what the register says."""
    points = points.copy()
    lon, lat = _coordinates(points)
    for name, values in zip(PLACE, (lon, lat), strict=True):
        points[name] = values
    where = _Ids(points)
    applied = 0
    for together in _moves_together(corrections):
        applied += _apply(points, together, where, report)
    report.rows_used = applied
    lon, lat = (points.pop(name).to_numpy(float) for name in PLACE)
    known = ~(np.isnan(lon) | np.isnan(lat))
    geometry = shapely.points(lon, lat)
    geometry[~known] = shapely.Point()
    points = points.set_geometry(gpd.GeoSeries(geometry, index=points.index, crs=points.crs))
    points["needs_position"] = ~known
    return points


def _moves_together(corrections: Sequence[Correction]) -> list[list[Correction]]:
    """Return corrections one by one, but for longitude and latitude of one facility on lines that follow one another."""
    groups: list[list[Correction]] = []
    for each in corrections:
        last = groups[-1] if groups else []
        is_other_half = len(last) == 1 and last[0].id == each.id and {last[0].field, each.field} == set(PLACE)
        if is_other_half:
            last.append(each)
        else:
            groups.append([each])
    return groups


class _Ids:
    """Which row an id of a correction means; both sides are folded alike, full width to half."""

    def __init__(self, points: gpd.GeoDataFrame) -> None:
        self._at = {half_width(name): at for at, name in enumerate(points["id"])}
        own = points["own_id"] if "own_id" in points else points["id"]
        zones = points["zone"] if "zone" in points else [None] * len(points)
        self._named: dict[str, list[int]] = defaultdict(list)
        for at, (name, zone) in enumerate(zip(map(half_width, own), zones, strict=True)):
            bare = name.rpartition(":")[2]
            words = {name, bare} if zone is None or zone != zone else {name, bare, f"{half_width(str(zone))}:{bare}"}
            for word in words:
                self._named[word].append(at)
        self._base = [half_width(name) for name in own]
        self._ids, self._names = points["id"].tolist(), points["name"].tolist()

    def find(self, name: str) -> tuple[int | None, list[str]]:
        """Return the row, None where none or more than one can be meant, and the ids of those that can."""
        key = half_width(name)
        at = self._at.get(key)
        meant = self._named.get(key, []) if at is None else self._named[self._base[at]]
        if at is None and len(meant) == 1 and ":" in key:  # the township was before it when other tables were there
            return meant[0], []
        if (
            at is not None
            and len({folded(self._names[each]) for each in meant if self._base[each] == self._base[at]}) <= 1
        ):
            return at, []
        return None, [self._ids[each] for each in meant]

    def nearest(self, name: str) -> str:
        """Return the id most like a name."""
        return next(iter(difflib.get_close_matches(half_width(name), list(self._at), n=1, cutoff=0.0)), "-")


def _apply(points: gpd.GeoDataFrame, together: Sequence[Correction], where: _Ids, report: InputReport) -> int:
    """Apply corrections that belong together, and return how many were."""
    first = together[0]
    at, meant = where.find(first.id)
    if at is None:
        for each in together:
            if meant:
                listed = ", ".join(meant[:5]) + (" …" if len(meant) > 5 else "")
                report.add("register.correction_several", "dropped", each.row, id=each.id, count=len(meant), ids=listed)
            else:
                report.add("register.correction_id", "dropped", each.row, id=each.id, nearest=where.nearest(each.id))
        return 0
    name = points["name"].iat[at]
    values, fits = [], True
    for each in together:
        now = points[each.field].iat[at]
        value = _value(each.field, each.new)
        values.append(value)
        if value is _UNREADABLE:
            fits = False
            report.add("register.correction_value", "dropped", each.row, field=column_name(each.field), value=each.new)
        elif _same(each.field, now, value):
            continue
        elif not _same(each.field, now, _value(each.field, each.old)):
            fits = False
            said = {"id": each.id, "name": _shown(name), "field": each.field, "old": each.old or "", "now": _shown(now)}
            report.add("register.correction_old", "doubtful", each.row, **said)
    if not fits:
        return 0
    changed = 0
    for each, value in zip(together, values, strict=True):
        if _same(each.field, points[each.field].iat[at], value):
            report.add("register.correction_done", "note", each.row, id=each.id, field=column_name(each.field))
            continue
        points.iat[at, points.columns.get_loc(each.field)] = value
        changed += 1
    return changed


_UNREADABLE = object()


def _value(field: str, text: str | None) -> Any:
    """Return a correction's text as its column has it; `_UNREADABLE` where it cannot."""
    if field == "status":
        return status_of(text or "") or (None if text is None else _UNREADABLE)
    if field == "upgradable":
        plain = half_width(text or "").casefold()
        return True if plain in _YES else False if plain in _NO else _UNREADABLE
    if field in TEXTS:
        return text
    numbers = as_numbers(pd.Series([text], dtype=object))
    if numbers.bad[0] or (field in NUMBERS and numbers.values[0] < 0):
        return _UNREADABLE
    value = float(numbers.values[0])
    limit = {"longitude": 360.0, "latitude": 90.0}.get(field, math.inf)
    return _UNREADABLE if abs(value) > limit else value


def _same(field: str, a: Any, b: Any) -> bool:
    if a is _UNREADABLE or b is _UNREADABLE:
        return False
    if field in NUMBERS or field in PLACE:
        a, b = (math.nan if value is None else float(value) for value in (a, b))
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return abs(a - b) <= (_SAME_DEG if field in PLACE else 1e-9 * max(1.0, abs(a)))
    if field in TEXTS:
        return half_width(_shown(a)) == half_width(_shown(b))
    return bool(a == b)


def _shown(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _canonical(text: str | None) -> str | None:
    """Return the column that a field's name means: its own name, or a header that means it."""
    if text is None:
        return None
    plain = half_width(text).casefold()
    return plain if plain in FIELDS else next(iter(find_columns([text], FIELDS)), None)


def _header(name: str, headers: Sequence[str]) -> str | None:
    plain = {half_width(header).casefold(): header for header in headers}
    return next((plain[word] for word in _HEADERS[name] if word in plain), None)


def _coordinates(points: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    geometry = np.where(points["needs_position"].to_numpy(bool), None, points.geometry.to_numpy())
    return shapely.get_x(geometry), shapely.get_y(geometry)


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.7f}"


def _append(path: Path, lines: Sequence[tuple[str, str, Any, Any, str, str]]) -> None:
    for _, field, *_ in lines:
        if field not in FIELDS:
            near = difflib.get_close_matches(field, FIELDS, n=1, cutoff=0.0)[0]
            raise InputError("register.cannot_correct", field=field, nearest=near, known=", ".join(FIELDS))
    before = ""
    if path.is_file() and path.stat().st_size:
        try:
            before = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            raise InputError("register.corrections_not_text", file=path.name) from fault
    order = list(COLUMNS)
    if before.strip():
        headers = next(csv.reader(io.StringIO(before)))
        order = _order_of(headers, file=path.name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not before.strip():
        before = ""
        writer.writerow(COLUMNS)
    for line in lines:
        said = dict(zip(COLUMNS, ("" if value is None else str(value) for value in line), strict=True))
        writer.writerow([csv_cell(said.get(name, "")) for name in order])
    gap = "" if not before or before.endswith("\n") else "\n"
    _replace(path, "\ufeff" + before + gap + text.getvalue())


def _order_of(headers: Sequence[str], *, file: str) -> list[str]:
    """Return which column stands where in a table that is there already; "" for those that are somebody's own."""
    of = {_header(name, headers): name for name in COLUMNS}
    missing = [name for name in COLUMNS[:4] if name not in of.values() or _header(name, headers) is None]
    if missing:
        near = nearest_header(missing[0], headers)
        raise InputError(
            "register.corrections_column", file=file, column=missing[0], headers=", ".join(headers), nearest=near
        )
    return [of.get(header, "") for header in headers]


def _replace(path: Path, text: str) -> None:
    """Write a file whole: what is there stays until the new one is on the disk."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
