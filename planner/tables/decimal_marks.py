"""Which mark stands before the decimals, a point or a comma: settled by a column, else by its file, never by a cell.

``87,5`` and ``1.234.567`` can only come from a country of commas, ``87.5`` and ``1,234,567`` only from one of points; ``123,456``
and ``12.345`` may come from either. Spaces and apostrophes between thousands say nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from planner.findings import InputReport
from planner.tables.layout import shown
from planner.tables.rows import own_columns
from planner.tables.values import half_width

Mark = Literal[".", ","]

_SAMPLE = 20_000
_NUMBER_STARTS = frozenset("-+0123456789")
_NUMBER = re.compile(r"[-+]?\d[\d.,' ]*")
_MARKED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ ']\d{3})*\d*(?:[.,]\d+)+(?![\d.,])")
_COMMA = re.compile(
    r"0,\d+|(?:\d{1,3}(?:[.' ]\d{3})+|\d+),(?!\d{3}$)\d+|\d{4,},\d+|\d{1,3}(?:[.' ]\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}"
)
_POINT = re.compile(
    r"0\.\d+|(?:\d{1,3}(?:[,' ]\d{3})+|\d+)\.(?!\d{3}$)\d+|\d{4,}\.\d+|\d{1,3}(?:[,' ]\d{3})+\.\d+|[1-9]\d{0,2}(?:,\d{3}){2,}"
)
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")


@dataclass(frozen=True)
class Marks:
    """Examples of a column's cells: one that has a decimal comma, a decimal point, and one that may have either."""

    comma: str | None = None
    point: str | None = None
    either: str | None = None


def marks_of(texts: Iterable[str]) -> Marks:
    """Return what texts, half-width already, say of the decimal mark."""
    found: dict[str, str] = {}
    for text in texts:
        if len(found) == 3:
            break
        if "," in text or "." in text:
            for match in _MARKED.finditer(text):
                for name, pattern in (("comma", _COMMA), ("point", _POINT), ("either", _EITHER)):
                    if pattern.fullmatch(match[0]):
                        found.setdefault(name, text)
                        break
    return Marks(**found)


def settled(marks: Marks, file_mark: Mark | None = None) -> Mark:
    """Return the decimal mark of a column: its own, else its file's, else the point."""
    if marks.comma and not marks.point:
        return ","
    if marks.point:
        return "."
    return file_mark or "."


def mark_of_file(frame: pd.DataFrame) -> Mark | None:
    """Return the decimal mark that the numbers of a table have, all columns together; None where none or both are found."""
    comma = point = False
    for header in own_columns(frame):
        column = frame[header]
        if pd.api.types.is_float_dtype(column.dtype):
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            point |= bool((values[~np.isnan(values)] % 1 != 0).any())
        elif column.dtype == object:
            cells = (cell for cell in column.iloc[:_SAMPLE] if isinstance(cell, str) and cell[:1] in _NUMBER_STARTS)
            marks = marks_of(cell for cell in cells if _NUMBER.fullmatch(cell))
            comma, point = comma or marks.comma is not None, point or marks.point is not None
    return None if comma == point else "," if comma else "."


def report_marks(frame: pd.DataFrame, header: str, *, report: InputReport) -> Mark:
    """Return the decimal mark of a column of a table; a comma is noted, and one that nothing settles doubted.

    Only a text that separates its cells by semicolons, as spreadsheets of countries of commas do, raises that doubt.
    """
    column = frame[header]
    if column.dtype != object:
        return "."
    marks = marks_of(half_width(cell) for cell in column if isinstance(cell, str))
    file_mark = mark_of_file(frame) if marks.either and not (marks.comma or marks.point) else None
    mark = settled(marks, file_mark)
    said: dict[str, Any] = {"column": shown(header), "mark": mark}
    if marks.comma and marks.point:
        report.add("tables.decimal_marks_mixed", "doubtful", **said, comma=marks.comma, point=marks.point)
    elif mark == ",":
        report.add("tables.decimal_comma", "note", **said, value=marks.comma or marks.either)
    elif marks.either and not marks.point and file_mark is None and frame.attrs.get("delimiter") == ";":
        report.add("tables.decimal_mark_unclear", "doubtful", **said, value=marks.either)
    return mark
