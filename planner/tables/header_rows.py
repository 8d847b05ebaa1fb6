"""Which rows of a sheet are its header: below titles and notes, in one row or in several that say a thing together.

The row that holds most of the known headers is the header; where no row holds two, the first is, or the first that is as wide as
the table below a title. A row joins it above or below when the two only make sense together: cells merged over both, or texts
in the one just where the other is blank.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.tables.columns import Range, Sheet
from planner.tables.headers import UNITS, Synonyms, find_columns, unit_of
from planner.tables.values import half_width, looks_like_number

_LOOKED_AT = 40  # rows that have anything in them
_MOST_ROWS = 4
_LONGEST_HEADER = 60
_WIDE = 0.6  # of the widest row


def find_header(sheet: Sheet, filled: NDArray[np.bool_], *, synonyms: Synonyms | None = None) -> tuple[int, int]:
    """Return the first and the last row of the header, counted from 0; `filled` has shape (columns, rows) and something in it."""
    rows = [int(row) for row in np.flatnonzero(filled.any(axis=0))[:_LOOKED_AT]]
    known = [len(find_columns(_texts(sheet, filled, row), synonyms=synonyms)) for row in rows]
    widths = [int(filled[:, row].sum()) for row in rows]
    best = int(np.argmax(known))
    if known[best] < 2 or max(widths[:best], default=0) > widths[best]:
        best = 0
        if widths[0] == 1 < max(widths):
            best = next(at for at, width in enumerate(widths) if width >= max(2, _WIDE * max(widths)))
    top = bottom = rows[best]
    while bottom + 1 < sheet.height and bottom - top < _MOST_ROWS - 1 and _belong(sheet, filled, bottom, bottom + 1):
        bottom += 1
    while top > 0 and bottom - top < _MOST_ROWS - 1 and _belong(sheet, filled, top - 1, top):
        top -= 1
    return top, bottom


def header_names(sheet: Sheet, filled: NDArray[np.bool_], top: int, bottom: int) -> list[str]:
    """Return a header per column as it stands; of several rows, the parts joined with a slash; "" where there is none."""
    if top == bottom:
        return [column.header(top) for column in sheet.columns]
    parts = [_spread(sheet, filled, row, bottom) for row in range(top, bottom + 1)]
    return [_joined([words[at] for words in parts]) for at in range(len(sheet.columns))]


def as_header(cell: Any) -> str:
    """Return a cell as a header: a year that was typed as a number is one too."""
    return "" if cell is None else str(cell)


def row_cells(sheet: Sheet, filled: NDArray[np.bool_], row: int) -> list[Any]:
    """Return what a row holds, without the blanks between."""
    return [sheet.columns[at].cell(row) for at in np.flatnonzero(filled[:, row]).tolist()]


def _texts(sheet: Sheet, filled: NDArray[np.bool_], row: int) -> list[str]:
    """Return the texts of a row that are short enough to be headers."""
    cells = row_cells(sheet, filled, row)
    return [cell for cell in cells if isinstance(cell, str) and len(cell) <= _LONGEST_HEADER]


def _belong(sheet: Sheet, filled: NDArray[np.bool_], upper: int, lower: int) -> bool:
    """Return whether two neighbouring rows are parts of one header."""
    above, below = filled[:, upper], filled[:, lower]
    cells, heads = row_cells(sheet, filled, lower), row_cells(sheet, filled, upper)
    if not cells or len(heads) < 2 or not all(_may_be_header(cell) for cell in cells + heads):
        return False
    if all(_is_unit(cell) for cell in cells):
        return True
    if any(
        area.top <= upper and area.bottom == lower and above[area.left : area.left + 1].any() for area in sheet.merged
    ):
        return True
    spans = above & ~np.append(above[1:], True)  # a filled cell with a blank one on its right may reach over it
    return bool((below & ~above).any()) and not (below & above & ~spans).any()


def _may_be_header(cell: Any) -> bool:
    return (
        isinstance(cell, str)
        and len(cell) <= _LONGEST_HEADER
        and not looks_like_number(cell)
        and ":" not in half_width(cell).removeprefix("其中:")
    )


def _is_unit(cell: Any) -> bool:
    """Return whether a cell is a unit alone, in brackets or not: （万元）, ㎡."""
    if not isinstance(cell, str):
        return False
    word = half_width(cell).casefold()
    return word in UNITS or (word[:1] in ("(", "[") and unit_of(word) is not None)


def _spread(sheet: Sheet, filled: NDArray[np.bool_], row: int, bottom: int) -> list[str]:
    """Return a header row's texts, each over all the columns that it stands for."""
    words = [column.header(row) for column in sheet.columns]
    areas = [area for area in sheet.merged if area.top <= row <= area.bottom and area.right > area.left]
    if areas:
        for area in areas:
            _fill(words, area, sheet.columns[area.left].header(area.top) if area.left < len(words) else "")
        return words
    if row < bottom:  # nothing says what is merged: a header reaches to the next one, where there is something below
        for at in range(1, len(words)):
            if not words[at] and filled[at, row + 1 : bottom + 1].any():
                words[at] = words[at - 1]
    return words


def _fill(words: list[str], area: Range, word: str) -> None:
    for at in range(area.left, min(area.right + 1, len(words))):
        words[at] = word


def _joined(parts: Sequence[str]) -> str:
    name = ""
    last = ""
    for part in (part.strip() for part in parts):
        if not part or part == last:
            continue
        if name and _is_unit(part):
            name += part if part[0] in "(（[【" else f"({part})"
        else:
            name += f"/{part}" if name else part
        last = part
    return name
