"""What the cells of a column say: numbers as people write them, and text that stays text.

``１２０``, ``1,200``, ``约300平米``, ``1.2万`` and ``50万元`` are numbers; ``0012`` read as a code keeps its zeros. Arrays in,
arrays out.
"""

import datetime
import math
import re
import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.tables.columns import BLANKS
from planner.tables.headers import UNITS

_NUMBER = re.compile(
    r"(?P<about>约|大约|近|~|≈)?\s*"
    r"(?P<number>[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ '’]\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*"
    r"(?P<unit>m2|[^\d\s.,+-]*?)(?P<more>左右|以上|余|多)?(?:\((?:估|约|预估|估算|暂估|估计)\))?"
)
_MISSING = frozenset("|- -- — —— ― – / \\ 无 暂无 没有 空 na n/a #n/a nan null none".replace("|", " ").split(" "))
_PENDING = frozenset(
    "不详 未知 待定 待核实 待估 待评估 待测 待测算 待补充 面议 暂定 tbd tbc pending unknown".replace("|", " ").split(
        " "
    )
)
_THOUSANDS = re.compile("[,'’ ]")
_SWAPPED = str.maketrans(",.", ".,")
_DATA = re.compile(r"[约~≈+-]?\s*[\d.,]+\s*(?:%|m2|平米|平方米|[千万亿]?元|万|人|[°度].*)?")


class Numbers(NamedTuple):
    """Numbers of a column; `values` is NaN where `blank` (says nothing) or `bad` (says no number)."""

    values: NDArray[np.float64]
    blank: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    read_from_text: NDArray[np.bool_]
    """Rows whose number had to be read out of more than digits: a unit, 约, a thousands mark, full-width digits."""
    pending: NDArray[np.bool_]
    """Rows, blank ones, that say that the number is not known yet: 待定."""


def as_numbers(column: pd.Series, *, unit: float | None = None, mark: str = ".") -> Numbers:
    """Return a column's numbers, each times its cell's own unit or else times `unit`; infinite ones are bad.

    `mark` stands before the decimals of all of them, see `planner.tables.decimal_marks`.
    """
    scale = 1.0 if unit is None else unit
    if pd.api.types.is_bool_dtype(column.dtype):
        column = column.astype(object)
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan) * scale
        infinite = np.isinf(values)
        values[infinite] = np.nan
        none = np.zeros(len(values), bool)
        return Numbers(values, np.isnan(values) & ~infinite, infinite, none, none)
    read = [_read_cell(cell, mark) for cell in column]
    values = np.array([cell.value * (scale if cell.factor is None else cell.factor) for cell in read], np.float64)
    flags = (np.array([getattr(cell, name) for cell in read], bool) for name in ("blank", "bad", "odd", "pending"))
    return Numbers(values, *flags)


def as_texts(column: pd.Series) -> list[str | None]:
    """Return a column's cells as text without blanks at their ends, None where blank.

    Whole numbers have no decimal point, dates no time of day where it is midnight.
    """
    if column.dtype == object and len(column) and _is_trim(cells := column.tolist()):
        return cells
    return [cell.strip(BLANKS) or None if type(cell) is str else _text(cell) for cell in column]


def _is_trim(cells: list[Any]) -> bool:
    """Return whether cells are texts without blanks at their ends, or None: nothing is left to do for most columns."""
    try:
        texts = pa.array(cells, pa.string())
    except (pa.ArrowException, UnicodeError, TypeError):
        return False
    return pc.utf8_trim(texts, characters=BLANKS).equals(texts) and not pc.any(pc.equal(texts, "")).as_py()


def half_width(text: str) -> str:
    """Return text with full-width letters and digits made half-width, without blanks at its ends."""
    return text.strip(BLANKS) if text.isascii() else unicodedata.normalize("NFKC", text).strip(BLANKS)


def looks_like_number(text: str) -> bool:
    """Return whether a text is a number, with or without a unit, or an angle; a year (2023年) may be a header."""
    return _DATA.fullmatch(half_width(text).casefold()) is not None


def _text(cell: Any) -> str | None:
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return None
    if isinstance(cell, float | np.floating):
        number = float(cell)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell).strip(BLANKS) or None


class _Cell(NamedTuple):
    value: float = math.nan
    factor: float | None = None  # the cell's own unit
    blank: bool = False
    bad: bool = False
    odd: bool = False
    pending: bool = False


_BLANK, _BAD, _WAITS = _Cell(blank=True), _Cell(bad=True), _Cell(blank=True, pending=True)


def _read_cell(cell: Any, mark: str) -> _Cell:
    text = _text(cell)
    if text is None:
        return _BLANK
    return _BAD if isinstance(cell, bool | np.bool_ | datetime.date | datetime.time) else _read_number(text, mark)


@lru_cache(maxsize=4096)
def _read_number(text: str, mark: str) -> _Cell:
    plain = half_width(text).casefold()
    if plain in _MISSING:
        return _BLANK
    if plain in _PENDING:
        return _WAITS
    if mark == ",":
        plain = plain.translate(_SWAPPED)
    match = _NUMBER.fullmatch(plain)
    if match is None:
        return _BAD
    factor = UNITS.get(match["unit"]) if match["unit"] else None
    if match["unit"] and factor is None:
        return _BAD
    value = float(_THOUSANDS.sub("", match["number"]))
    return (
        _Cell(value, factor, odd=match["number"] != (text.translate(_SWAPPED) if mark == "," else text).strip())
        if math.isfinite(value)
        else _BAD
    )
