"""Centres and candidate sites from a county's table: canonical columns beside the county's own.

`read_facilities` gives each usable row an id that stays, a status, yuan and square metres, and a place in WGS 84; the columns as
the county wrote them ride along, so that a deliverable can repeat them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.amounts import amounts, doubt_unlikely, floors, years
from planner.tables.headers import Synonyms, find_columns
from planner.tables.layout import shown
from planner.tables.positions import WithoutPosition, positions
from planner.tables.readers import read_table
from planner.tables.rows import Remarks, own_columns
from planner.tables.values import as_texts, half_width

Role = Literal["centres", "candidates"]

STATUSES = ("existing", "required", "candidate", "forbidden", "closable")

_STATUS_WORDS = {
    "existing": "existing open 改造提升 提升改造 保留并提升 保留 现有 现状 已建 已建成 在用 运营中 已开放",
    "required": "required must 必选 必建 必须 优先必选",
    "candidate": "candidate optional 备选 候选 可选 拟选",
    "forbidden": "forbidden excluded 排除 禁选 不可选 不可用 剔除",
    "closable": "closable closeable 可撤并 可关闭 可撤销 拟撤并",
}
_STATUS_OF_WORD = {word: status for status, words in _STATUS_WORDS.items() for word in words.split()}

AMOUNT_COLUMNS = ("cost_yuan", "paid_yuan", "area_m2", "capacity")
PLACE_COLUMNS = ("zone", "zone_code", "village", "village_code", "address")
REGISTER_COLUMNS = (
    "ownership",
    "condition",
    "current_use",
    "original_use",
    "land_use",
    "heritage",
    "hazard",
    "build_mode",
    "contact",
    "phone",
)
"""What a register of buildings says besides: text as it stands, for the rules of eligibility and for whoever has to call."""

_CODES = frozenset({"id", "zone_code", "village_code"})
_DASHES = frozenset("-—–―/\\") | {"--", "——", "//"}
_ID_LETTER = {"centres": "c", "candidates": "s"}
_OWN_STATUS = {"centres": "existing", "candidates": "candidate"}
_UPGRADE = ("改造提升", "提升改造", "提质", "升级", "扩建", "upgrad")
_YES = frozenset(
    ["是", "有", "可", "可以", "能", "需", "需要", "√", "✓", "✔", "对", "y", "yes", "true", "1", "拟提升", "可提升"]
)


@dataclass(frozen=True)
class Facilities:
    """Centres or candidate sites.

    `points`: EPSG:4326, one row per usable row of the file, with the columns id, name, status, kind, stage, cost_yuan,
    paid_yuan, area_m2, capacity, zone, zone_code, village, village_code, address, `REGISTER_COLUMNS`, built_year, floors (None
    or NaN where the file does not say), source_file, source_sheet (None where there is one sheet), source_row, upgradable (the
    table says that the centre may be or is to be upgraded, 改造提升), id_from ("table", "content" or "row": see
    `read_facilities`), needs_position (the row is kept although it says no usable position; its geometry is empty) and geometry.
    `original`: the file's own columns in their order, same index. `headers`: their header row exactly as it stands, blank and
    repeated headers included; the parts of one of two rows joined with a slash.
    """

    points: gpd.GeoDataFrame
    original: pd.DataFrame
    headers: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.points)


def read_facilities(
    path: Path | str,
    *,
    role: Role,
    datum: str | None,
    report: InputReport,
    encoding: str | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    synonyms: Synonyms | None = None,
    rows_without_position: WithoutPosition = "report",
) -> Facilities:
    """Return the centres or candidate sites of a table; rows without a position are reported and left out, or kept.

    Money under a header in 万元 becomes yuan. Ids are the file's own where it has a column of them (a repeated one gets a
    suffix). A row without one gets an id made of what it says (township, village and name), which holds when rows are moved or
    inserted; without a name, of its row in the file (``c0002`` or ``s0002``). Without a status column, centres are existing and
    candidates are candidates. `synonyms` are a project's own headers by canonical column.

    Raises
    ------
    InputError
        The file cannot be read, has no coordinates, or none of its rows can be used.
    CRSError
        The datum is unknown or the coordinates are not in it.
    """
    frame = read_table(path, report=report, encoding=encoding, sheet=sheet, layer=layer, synonyms=synonyms)
    place = positions(frame, datum=datum, report=report, synonyms=synonyms, rows_without_position=rows_without_position)
    without = np.isnan(place.longitude)
    keep = rows_without_position == "keep"
    kept = np.arange(len(frame)) if keep else np.flatnonzero(~without)
    if len(frame) and not len(kept):
        raise InputError("tables.no_usable_row", file=report.file, rows=len(frame), reason=place.reason[0])
    if not len(frame):
        report.add("tables.no_rows", "doubtful")
    usable = frame if len(kept) == len(frame) else frame.iloc[kept].reset_index(drop=True)
    own = own_columns(frame)
    columns = {
        name: header
        for name, header in find_columns(own, synonyms=synonyms).items()
        if name not in ("longitude", "latitude", "lonlat", "latlon")
    }
    report.figures.setdefault("columns", {}).update(columns)
    report.rows_used = len(usable)
    if keep:
        report.figures["rows_without_position"] = int(without.sum())
    canonical = _canonical(usable, columns, role=role, money_unit=frame.attrs.get("money_unit"), report=report)
    canonical["needs_position"] = without[kept]
    geometry = shapely.points(place.longitude[kept], place.latitude[kept])
    if without[kept].any():
        geometry[without[kept]] = shapely.Point()
    points = gpd.GeoDataFrame(canonical, geometry=geometry, crs="EPSG:4326")
    return Facilities(points, pd.DataFrame(usable[own]), tuple(frame.attrs["headers"]))


def _canonical(
    frame: pd.DataFrame, columns: dict[str, str], *, role: Role, money_unit: str | None, report: InputReport
) -> dict[str, Any]:
    remarks = Remarks(frame, report)
    use = columns.get("kind") or columns.get("current_use") or columns.get("original_use")
    texts = {name: _texts(frame, columns.get(name)) for name in ("name", "stage", *PLACE_COLUMNS, *REGISTER_COLUMNS)}
    ids, made_of, own_ids = _ids(frame, columns.get("id"), texts=texts, role=role, remarks=remarks)
    quantities = {
        name: amounts(frame, columns.get(name), quantity=name, money_unit=money_unit, remarks=remarks)
        for name in AMOUNT_COLUMNS
    }
    doubt_unlikely(frame, columns, quantities, remarks=remarks)
    canonical: dict[str, Any] = {
        "id": ids,
        "name": texts.pop("name"),
        "status": _statuses(frame, columns.get("status"), default=_OWN_STATUS[role], remarks=remarks),
        "kind": _texts(frame, use),
        "stage": texts.pop("stage"),
        **quantities,
    }
    canonical |= texts
    canonical["built_year"] = years(frame, columns.get("built_year"), remarks=remarks)
    canonical["floors"] = floors(frame, columns.get("floors"), remarks=remarks)
    if "name" in columns:
        for at in np.flatnonzero(canonical["name"].isna()):
            remarks.add("tables.no_name", "doubtful", int(at), column=shown(columns["name"]))
    for name in _CODES & columns.keys():
        _report_lost_digits(frame[columns[name]], shown(columns[name]), remarks)
    canonical["source_file"] = frame["source_file"]
    canonical["source_sheet"] = frame["source_sheet"] if "source_sheet" in frame else _objects([None] * len(frame))
    canonical["source_row"] = frame["source_row"].to_numpy().astype(np.int64)
    canonical["upgradable"] = _upgradable(frame, columns, canonical["build_mode"])
    canonical["id_from"] = made_of
    canonical["own_id"] = own_ids
    return canonical


@lru_cache(maxsize=4096)
def status_of(word: str) -> str | None:
    """Return the status that a word means, in Chinese or English; None where it means none."""
    return _STATUS_OF_WORD.get(half_width(word).casefold())


def _upgradable(frame: pd.DataFrame, columns: dict[str, str], build_mode: pd.Series) -> NDArray[np.bool_]:
    """Return which rows say that they may be or are to be upgraded: by a flag, a way of building, or their status."""
    words = [_says_upgrade(text) for text in build_mode] if "build_mode" in columns else [False] * len(frame)
    if "upgradable" in columns:
        flags = as_texts(frame[columns["upgradable"]])
        words = [word or half_width(flag or "").casefold() in _YES for word, flag in zip(words, flags, strict=True)]
    if "status" in columns:
        statuses = as_texts(frame[columns["status"]])
        said = {status: _says_upgrade(status) for status in set(statuses)}
        words = [word or said[status] for word, status in zip(words, statuses, strict=True)]
    return np.array(words, dtype=bool)


@lru_cache(maxsize=4096)
def _says_upgrade(text: str | None) -> bool:
    plain = half_width(text or "").casefold()
    return any(word in plain for word in _UPGRADE) and not plain.startswith(("不", "无", "否", "not "))


def _objects(values: Iterable[Any]) -> pd.Series:
    """Return values as a series of objects, in which None stays None."""
    return pd.Series(list(values), dtype=object)


def _texts(frame: pd.DataFrame, header: str | None) -> pd.Series:
    """Return a column's texts; a dash or a stroke that only fills the cell says nothing."""
    if header is None:
        return _objects([None] * len(frame))
    texts = as_texts(frame[header])
    return _objects(texts if _DASHES.isdisjoint(texts) else (None if text in _DASHES else text for text in texts))


def _ids(
    frame: pd.DataFrame, header: str | None, *, texts: dict[str, pd.Series], role: Role, remarks: Remarks
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return ids, unique within each sheet, what each is made of ("table", "content", "row"), and each without its suffix."""
    if header is None:
        made, made_of = _made(frame, texts, role)
        return _objects(_unique(made)), _objects(made_of), _objects(made)
    own = as_texts(frame[header])
    if not all(text is not None and text.isascii() for text in own):
        own = [None if text is None else half_width(text) for text in own]
    if None not in own and len(set(own)) == len(own):
        return _objects(own), _objects(["table"] * len(own)), _objects(own)
    made, made_of = _made(frame, texts, role)
    made_of = ["table" if text is not None else spare for text, spare in zip(own, made_of, strict=True)]
    sheets = pd.factorize(frame["source_sheet"])[0].tolist() if "source_sheet" in frame.columns else [0] * len(own)
    first: dict[tuple[int, str], int] = {}
    for at, (sheet, text) in enumerate(zip(sheets, own, strict=True)):
        if text is not None:
            first.setdefault((sheet, text), at)
    free = {sheet: _Free(text for on, text in first if on == sheet) for sheet in set(sheets)}
    ids: list[str] = [""] * len(own)
    for at, (sheet, text) in enumerate(zip(sheets, own, strict=True)):
        if text is not None:
            ids[at] = text if first[sheet, text] == at else free[sheet].name_like(text)
    free_anywhere = _Free(ids)
    for at, (sheet, text, spare) in enumerate(zip(sheets, own, made, strict=True)):
        if text is None:
            ids[at] = free_anywhere.name_like(spare)
            remarks.add("tables.blank_id", "repaired", at, column=shown(header), new=ids[at])
        elif first[sheet, text] != at:
            row = remarks.row(first[sheet, text])
            remarks.add("tables.repeated_id", "repaired", at, column=shown(header), id=text, first=row, new=ids[at])
    known = [spare if text is None else text for text, spare in zip(own, made, strict=True)]
    return _objects(ids), _objects(made_of), _objects(known)


def _made(frame: pd.DataFrame, texts: dict[str, pd.Series], role: Role) -> tuple[list[str], list[str]]:
    """Return an id per row, and what it is made of: "content" where the row has a name, else "row", its number.

    In a workbook of several sheets the sheet's number stands before that of the row.
    """
    letter = _ID_LETTER[role]
    if "source_sheet" not in frame.columns:
        numbered = [f"{letter}{row:04d}" for row in frame["source_row"].tolist()]
    else:
        sheets, _ = pd.factorize(frame["source_sheet"])
        rows = zip(sheets, frame["source_row"].tolist(), strict=True)
        numbered = [f"{letter}{sheet + 1:02d}-{row:04d}" for sheet, row in rows]
    if texts["name"].isna().all():
        return numbered, ["row"] * len(frame)
    said = zip(*(texts[column] for column in ("name", "village", "zone")), strict=True)
    ids = [f"{letter}-{_digest(*row)}" if row[0] else number for row, number in zip(said, numbered, strict=True)]
    return ids, ["content" if name else "row" for name in texts["name"]]


def _digest(name: str, *place: str | None) -> str:
    """Return eight letters that stand for a name and the village and township it is in, blanks and full-width letters apart."""
    said = "\n".join(("".join(half_width(name).casefold().split()), *map(_squeezed, place)))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


@lru_cache(maxsize=4096)
def _squeezed(text: str | None) -> str:
    return "".join(half_width(text or "").casefold().split())


def _unique(ids: list[str]) -> list[str]:
    free = _Free(())
    return ids if len(set(ids)) == len(ids) else [free.name_like(name) for name in ids]


class _Free:
    """Names not taken yet: a name itself, or with the first number behind it that makes it one of its own."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def name_like(self, name: str) -> str:
        new, number = name, self._next.get(name, 2)
        while new in self._taken:
            new, number = f"{name}-{number}", number + 1
        self._next[name] = number
        self._taken.add(new)
        return new


def _statuses(frame: pd.DataFrame, header: str | None, *, default: str, remarks: Remarks) -> pd.Series:
    """Return a status per row; unknown words are reported and read as the role's own status."""
    if header is None:
        return _objects([default] * len(frame))
    words = as_texts(frame[header])
    known = {word: None if word is None else status_of(word) for word in set(words)}
    read = [known[word] for word in words]
    column = shown(header)
    if not any(known.values()):
        if any(words):
            first = next(word for word in words if word is not None)
            remarks.report.add("tables.not_a_status_column", "note", column=column, value=first, status=default)
        return _objects([default] * len(frame))
    unknown = {word for word, status in known.items() if word is not None and status is None}
    for at, word in enumerate(words):
        if word in unknown:
            remarks.add("tables.unknown_status", "doubtful", at, column=column, value=word, status=default)
    return _objects(status or default for status in read)


def _report_lost_digits(column: pd.Series, name: str, remarks: Remarks) -> None:
    """Report codes that were typed as numbers too long for a spreadsheet, which keeps fifteen digits of them."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        long = np.flatnonzero(np.abs(column.to_numpy(dtype=np.float64)) >= 1e15).tolist()
    elif set(map(type, column)) <= {str, type(None)}:
        return
    else:
        long = [at for at, cell in enumerate(column) if isinstance(cell, int | float) and abs(cell) >= 1e15]
    for at in long:
        remarks.add("tables.digits_lost", "doubtful", at, column=name, value=column.iat[at])
