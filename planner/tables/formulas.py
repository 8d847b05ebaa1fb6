"""No cell is a formula: text that a spreadsheet would compute is written so that it stays text, in csv and workbook alike."""

import re
import unicodedata
from typing import Any

import pandas as pd
from openpyxl.cell import Cell

from planner.tables.columns import BLANKS

_STARTS = frozenset("=+-@")  # also in full width, which East Asian spreadsheets compute too
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MARK = "'"


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet may take a text for a formula, blanks before it apart; a plain number is none."""
    start = unicodedata.normalize("NFKC", text.lstrip(BLANKS)[:1])
    return start in _STARTS and _NUMBER.fullmatch(text) is None


def csv_cell(value: Any) -> Any:
    """Return what a csv file holds for a value: text that looks like a formula has an apostrophe in front."""
    return _MARK + value if isinstance(value, str) and is_formula(value.removeprefix(_MARK)) else value


def from_csv_cell(text: str | None) -> str | None:
    """Return the text that `csv_cell` was given."""
    return text[1:] if text and text.startswith(_MARK) and is_formula(text[1:].removeprefix(_MARK)) else text


def write_csv(table: pd.DataFrame, path: Any, *, encoding: str = "utf-8") -> None:
    """Write a table as csv, headers included, none of whose cells is a formula."""
    safe = pd.DataFrame(table).apply(
        lambda column: column if pd.api.types.is_numeric_dtype(column) else column.map(csv_cell)
    )
    safe.columns = [csv_cell(str(name)) for name in table.columns]
    safe.to_csv(path, index=False, encoding=encoding, lineterminator="\n")


def write_cell(cell: Cell, value: Any) -> None:
    """Write a value into a workbook's cell; text stays text, without the letters that a workbook cannot hold."""
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = _CONTROL.sub("", value)
    cell.data_type = "s"
    cell.quotePrefix = is_formula(value)
