"""The cells of a sheet before anyone knows what they mean: columns of text, or of whatever a workbook holds.

Both kinds answer the same questions, so that what stands above (`layout`, `readers`) need not know which it has. Cells are tidy:
no blanks at the ends of a text, None where there is nothing, whole numbers without a decimal point.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Rows = NDArray[np.int64]

BLANKS = (
    "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
    + "\u200b\u200c\u200d\u2060\ufeff\u202a\u202c\u202d"
)
"""White space of any width, and the marks without width that come along when text is copied from a web page."""

MOST_CELLS = 8_000_000
"""In a workbook's sheets together, the blank ones between included: as many rows as Excel has, of seven columns."""

# A number made of any other text could not be turned back into it (a code with zeros in front, too long, 3E2), or it is none.
_PLAIN_NUMBER = r"^-?(?:0|[1-9]\d{0,14})?(?:\.\d*)?$"
_NO_DIGIT = r"^-?\.?$"
_FIRST_ROWS = 64
_LONGEST_SEARCHED = 200  # letters; what stands for a whole row is short
_REPEATED, _SAMPLE = (
    4,
    10_000,
)  # a column whose first rows are a fourth as many different texts, or fewer, holds each text once


class Column(Protocol):
    """One column of a sheet, from its first row to its last."""

    def filled(self) -> NDArray[np.bool_]:
        """Return which rows have something in them."""

    def cell(self, row: int) -> Any:
        """Return one cell, None where it is blank."""

    def header(self, row: int) -> str:
        """Return one cell near the top as it stands in the file, blanks at its ends included; "" where it is blank."""

    def matching(self, pattern: str) -> Rows:
        """Return the rows whose text `pattern` is found in; a pattern of what both `re` and RE2 understand."""

    def equal_to(self, text: str) -> Rows:
        """Return the rows that hold just this text."""

    def series(self, rows: Rows) -> pd.Series:
        """Return some rows: as numbers where all are and nothing is lost by it, else as what they are."""


class Range(NamedTuple):
    """Merged cells, first and last row and column, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells as it stands in the file; `title` is None where the file is a single one.

    `delimiter` separates the cells of a text, `hidden_rows` count from 1,
    `comments` are cells (C5) and what is remarked on them.
    `uncalculated` and `errors` are the cells (C5) with a formula whose value was never stored, and with one such as #N/A.
    """

    title: str | None
    columns: Sequence[Column]
    height: int
    merged: Sequence[Range] = ()
    uncalculated: Sequence[str] = ()
    errors: Sequence[str] = ()
    hidden_rows: Sequence[int] = ()
    comments: Sequence[tuple[str, str]] = ()
    delimiter: str | None = None


class TextColumn:
    """A column of a delimited text; kept as Arrow keeps it, in a tenth of the room of as many Python strings."""

    def __init__(self, texts: pa.Array | pa.ChunkedArray, *, keep_thousands: bool = False) -> None:
        self._keep_thousands = keep_thousands
        self._first = texts[:_FIRST_ROWS].to_pylist()
        trimmed = pc.utf8_trim(texts, characters=BLANKS)
        whole = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)
        self._texts: pa.Array = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole

    def filled(self) -> NDArray[np.bool_]:
        """See `Column`."""
        return pc.is_valid(self._texts).to_numpy(zero_copy_only=False)

    def cell(self, row: int) -> Any:
        """See `Column`."""
        return self._texts[row].as_py()

    def header(self, row: int) -> str:
        """See `Column`."""
        cell = self.cell(row)
        return "" if cell is None else self._first[row] if row < len(self._first) else cell

    def matching(self, pattern: str) -> Rows:
        """See `Column`."""
        found = pc.fill_null(pc.match_substring_regex(self._texts, pattern), False)
        return np.flatnonzero(found.to_numpy(zero_copy_only=False))

    def equal_to(self, text: str) -> Rows:
        """See `Column`."""
        return np.flatnonzero(pc.fill_null(pc.equal(self._texts, text), False).to_numpy(zero_copy_only=False))

    def series(self, rows: Rows) -> pd.Series:
        """See `Column`."""
        texts = self._texts.take(pa.array(rows))
        if self._keep_thousands and _may_be_thousands(texts):
            return pd.Series(_objects(texts), dtype=object)
        return text_series(texts)


class CellColumn:
    """A column of a workbook: texts, numbers, dates and truth values side by side."""

    def __init__(self, cells: NDArray[np.object_]) -> None:
        self._first = cells[:_FIRST_ROWS].copy()
        self.cells = np.empty(len(cells), dtype=object)
        self.cells[:] = [tidy(cell) for cell in cells]

    def filled(self) -> NDArray[np.bool_]:
        """See `Column`."""
        return np.asarray(self.cells != None, dtype=bool)  # noqa: E711  elementwise

    def cell(self, row: int) -> Any:
        """See `Column`."""
        return self.cells[row]

    def header(self, row: int) -> str:
        """See `Column`."""
        cell = self.cells[row]
        whole = self._first[row] if row < len(self._first) and isinstance(cell, str) else cell
        return "" if cell is None else str(whole)

    def matching(self, pattern: str) -> Rows:
        """See `Column`."""
        search = re.compile(pattern).search
        found = [
            type(cell) is str and len(cell) <= _LONGEST_SEARCHED and search(cell) is not None for cell in self.cells
        ]
        return np.flatnonzero(found)

    def equal_to(self, text: str) -> Rows:
        """See `Column`."""
        return np.flatnonzero([cell == text for cell in self.cells])

    def series(self, rows: Rows) -> pd.Series:
        """See `Column`."""
        cells = self.cells[rows]
        kinds = set(map(type, cells)) - {type(None)}
        if kinds == {str}:
            return text_series(pa.array(cells, pa.string()))
        column = pd.Series(cells, dtype=object)
        return pd.to_numeric(column) if kinds and kinds <= {int, float} else column


def text_sheet(columns: Iterable[pa.Array | pa.ChunkedArray], height: int, *, delimiter: str) -> Sheet:
    """Return the sheet of a delimited text; between semicolons, 12.345 may be twelve thousand and stays text."""
    keep = delimiter == ";"
    return Sheet(None, [TextColumn(column, keep_thousands=keep) for column in columns], height, delimiter=delimiter)


def cell_sheet(title: str, rows: Sequence[Sequence[Any]], **more: Any) -> Sheet:
    """Return the sheet of a workbook's rows, which may differ in length."""
    columns = []
    for cells in zip_longest(*rows):
        column = np.empty(len(rows), dtype=object)
        column[:] = cells
        columns.append(CellColumn(column))
    return Sheet(title, columns, len(rows), **more)


def stacked(parts: Sequence[tuple[Column | None, Rows]]) -> pd.Series:
    """Return rows of several sheets' columns below one another as a series; a sheet without the column has blanks."""
    if len(parts) == 1 and parts[0][0] is not None:
        return parts[0][0].series(parts[0][1])
    cells = [
        column.cells[rows] if isinstance(column, CellColumn) else np.full(len(rows), None, dtype=object)
        for column, rows in parts
    ]
    whole = np.concatenate(cells)
    return CellColumn(whole).series(np.arange(len(whole)))


def tidy(cell: Any) -> Any:
    """Return a cell without blanks at its ends, None where nothing is left; a whole number without its decimal point."""
    if type(cell) is str:
        return cell.strip(BLANKS) or None
    if type(cell) is float:
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell if cell == cell else None  # NaN
    return cell


def cell_name(row: int, column: int) -> str:
    """Return a cell's name as spreadsheets show it, C5, from its row and column counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def text_series(texts: pa.Array) -> pd.Series:
    """Return texts as numbers where all are plain ones, else as objects with None where there is none."""
    filled = texts.drop_null()
    if not len(filled) or not _all_match(filled, _PLAIN_NUMBER) or _any_match(filled, _NO_DIGIT):
        return pd.Series(_objects(texts), dtype=object)
    whole = len(filled) == len(texts) and not _any_match(filled, r"\.")
    numbers = pc.cast(texts, pa.int64() if whole else pa.float64())
    return pd.Series(numbers.to_numpy(zero_copy_only=False))


def _may_be_thousands(texts: pa.Array) -> bool:
    filled = texts.drop_null()
    return _any_match(filled, r"\.") and _all_match(filled, r"^-?(?:\d{1,3}|[1-9]\d{0,2}\.\d{3})$")


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _any_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _objects(texts: pa.Array) -> NDArray[np.object_]:
    first = texts[:_SAMPLE]
    if len(first.unique()) * _REPEATED > len(first):
        return texts.to_numpy(zero_copy_only=False)
    coded = texts.dictionary_encode()
    words = np.append(coded.dictionary.to_numpy(zero_copy_only=False), [None])
    return words[pc.fill_null(coded.indices, len(words) - 1).to_numpy(zero_copy_only=False)]
