"""Centres and candidate sites from a county's table: canonical columns beside the county's own.

`read_facilities` gives each usable row an id that stays, a status, yuan and square metres, and a place in WGS 84; the columns as
the county wrote them ride along, so that a deliverable can repeat them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.headers import find_columns, unit_of
from planner.tables.positions import positions
from planner.tables.readers import ROW_COLUMNS, read_table
from planner.tables.values import as_numbers, as_texts, half_width

Role = Literal["centres", "candidates"]

STATUSES = ("existing", "required", "candidate", "forbidden", "closable")

_STATUS_WORDS = {
    "existing": "existing open 保留 现有 现状 已建 已建成 在用 运营中 已开放",
    "required": "required must 必选 必建 必须 优先必选",
    "candidate": "candidate optional 备选 候选 可选 拟选",
    "forbidden": "forbidden excluded 排除 禁选 不可选 不可用 剔除",
    "closable": "closable closeable 可撤并 可关闭 可撤销 拟撤并",
}
_STATUS_OF_WORD = {word: status for status, words in _STATUS_WORDS.items() for word in words.split()}

_TEXT_COLUMNS = ("name", "kind", "stage", "zone", "zone_code")
_NUMBER_COLUMNS = ("cost_yuan", "paid_yuan", "area_m2", "capacity")
_UNITLESS = {"cost_yuan": "tables.cost_without_unit", "paid_yuan": "tables.cost_without_unit"}
_ID_LETTER = {"centres": "c", "candidates": "s"}
_OWN_STATUS = {"centres": "existing", "candidates": "candidate"}


@dataclass(frozen=True)
class Facilities:
    """Centres or candidate sites.

    `points`: EPSG:4326, one row per usable row of the file, with the columns id, name, status, kind, stage, cost_yuan,
    paid_yuan, area_m2, capacity, zone, zone_code (None or NaN where the file does not say), source_file, source_row,
    excluded_reason (None) and geometry. `original`: the file's own columns in their order, same index. `headers`: their header
    row exactly as it stands, blank and repeated headers included.
    """

    points: gpd.GeoDataFrame
    original: pd.DataFrame
    headers: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.points)


def read_facilities(
    path: Path | str, *, role: Role, datum: str | None, report: InputReport, encoding: str | None = None
) -> Facilities:
    """Return the centres or candidate sites of a table; rows without a position are reported and left out.

    Money under a header in 万元 becomes yuan. Ids are the file's own where it has a column of them (a repeated one gets a
    suffix, a blank one is made), else ``c0002`` or ``s0002`` after the row in the file. Without a status column, centres are
    existing and candidates are candidates.

    Raises
    ------
    InputError
        The file cannot be read, has no coordinates, or none of its rows can be used.
    CRSError
        The datum is unknown or the coordinates are not in it.
    """
    frame = read_table(path, report=report, encoding=encoding)
    own = [str(name) for name in frame.columns if name not in (*ROW_COLUMNS, "geometry")]
    place = positions(frame, datum=datum, report=report)
    kept = np.flatnonzero(~np.isnan(place.longitude))
    if len(frame) and not len(kept):
        raise InputError("tables.no_usable_row", file=report.file, rows=len(frame), reason=place.reason[0])
    if not len(frame):
        report.add("tables.no_rows", "doubtful")
    usable = frame if len(kept) == len(frame) else frame.iloc[kept].reset_index(drop=True)
    columns = find_columns(own, ("id", "status", *_TEXT_COLUMNS, *_NUMBER_COLUMNS))
    report.figures.setdefault("columns", {}).update(columns)
    report.rows_used = len(usable)
    points = gpd.GeoDataFrame(
        _canonical(usable, columns, role=role, report=report),
        geometry=shapely.points(place.longitude[kept], place.latitude[kept]),
        crs="EPSG:4326",
    )
    return Facilities(points, pd.DataFrame(usable[own]), tuple(frame.attrs["headers"]))


def _canonical(frame: pd.DataFrame, columns: dict[str, str], *, role: Role, report: InputReport) -> dict[str, Any]:
    rows = frame["source_row"].to_numpy()
    canonical: dict[str, Any] = {"id": _ids(frame, columns.get("id"), role=role, report=report)}
    texts = {name: _texts(frame, columns.get(name)) for name in _TEXT_COLUMNS}
    numbers = {name: _amounts(frame, columns.get(name), quantity=name, report=report) for name in _NUMBER_COLUMNS}
    statuses = _statuses(frame, columns.get("status"), default=_OWN_STATUS[role], report=report)
    for name in ("name", "status", "kind", "stage", *_NUMBER_COLUMNS, "zone", "zone_code"):
        canonical[name] = statuses if name == "status" else texts[name] if name in texts else numbers[name]
    for row, name in zip(rows, texts["name"], strict=True):
        if name is None and "name" in columns:
            report.add("tables.no_name", "doubtful", int(row), column=columns["name"])
    canonical["source_file"] = _objects(frame["source_file"])
    canonical["source_row"] = rows.astype(np.int64)
    canonical["excluded_reason"] = _objects([None] * len(frame))
    return canonical


def _objects(values: Iterable[Any]) -> pd.Series:
    """Return values as a series of objects, in which None stays None."""
    return pd.Series(list(values), dtype=object)


def _texts(frame: pd.DataFrame, header: str | None) -> pd.Series:
    return _objects([None] * len(frame) if header is None else as_texts(frame[header]))


def _ids(frame: pd.DataFrame, header: str | None, *, role: Role, report: InputReport) -> pd.Series:
    """Return ids, unique: the file's own, with a suffix where repeated; else the role's letter and the row in the file."""
    rows = [int(row) for row in frame["source_row"]]
    made = [f"{_ID_LETTER[role]}{row:04d}" for row in rows]
    if header is None:
        return _objects(made)
    own = [None if text is None else half_width(text) for text in as_texts(frame[header])]
    first_row: dict[str, int] = {}
    for row, text in zip(rows, own, strict=True):
        if text is not None:
            first_row.setdefault(text, row)
    taken = set(first_row)
    ids: list[str] = []
    for row, text, spare in zip(rows, own, made, strict=True):
        if text is not None and first_row[text] == row:
            ids.append(text)
            continue
        base = spare if text is None else text
        new = (
            base
            if base not in taken
            else next(i for i in (f"{base}-{n}" for n in range(2, len(rows) + 3)) if i not in taken)
        )
        taken.add(new)
        ids.append(new)
        if text is None:
            report.add("tables.blank_id", "repaired", row, column=header, new=new)
        else:
            report.add("tables.repeated_id", "repaired", row, column=header, id=text, first=first_row[text], new=new)
    return _objects(ids)


def _statuses(frame: pd.DataFrame, header: str | None, *, default: str, report: InputReport) -> pd.Series:
    """Return a status per row; unknown words are reported and read as the role's own status."""
    if header is None:
        return _objects([default] * len(frame))
    words = as_texts(frame[header])
    read = [None if word is None else _STATUS_OF_WORD.get(half_width(word).casefold()) for word in words]
    if not any(read):
        if any(words):
            first = next(word for word in words if word is not None)
            report.add("tables.not_a_status_column", "note", column=header, value=first, status=default)
        return _objects([default] * len(frame))
    for row, word, status in zip(frame["source_row"], words, read, strict=True):
        if word is not None and status is None:
            report.add("tables.unknown_status", "doubtful", int(row), column=header, value=word, status=default)
    return _objects([status or default for status in read])


def _amounts(frame: pd.DataFrame, header: str | None, *, quantity: str, report: InputReport) -> np.ndarray:
    """Return a column of amounts in yuan, square metres or people; NaN, and a finding, where a cell is no amount."""
    if header is None:
        return np.full(len(frame), np.nan)
    unit = unit_of(header)
    numbers = as_numbers(frame[header], unit=unit)
    filled = ~numbers.blank
    if filled.any() and numbers.bad[filled].all():
        report.add("tables.not_a_number_column", "note", column=header, quantity=quantity)
        return np.full(len(frame), np.nan)
    if quantity in _UNITLESS and unit is None and not header.casefold().endswith("yuan") and filled.any():
        report.add(_UNITLESS[quantity], "doubtful", column=header, value=float(np.nanmax(numbers.values)))
    negative = numbers.values < 0
    texts = as_texts(frame[header])
    for at in np.flatnonzero(numbers.bad | negative | numbers.read_from_text):
        row, value = int(frame["source_row"].iat[at]), texts[at]
        if numbers.bad[at] or negative[at]:
            report.add("tables.bad_amount", "doubtful", row, column=header, value=value)
        else:
            report.add(
                "tables.amount_read", "repaired", row, column=header, value=value, amount=float(numbers.values[at])
            )
    return np.where(negative, np.nan, numbers.values)
