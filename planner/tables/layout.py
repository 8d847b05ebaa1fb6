"""The shape of a sheet: its header, its rows of data, and the rows that are neither, each of which is named.

Totals (合计, 小计), notes and signatures below the table, headers repeated on each printed page, a row of column numbers and an
example to fill in by are no facilities. Cells merged down several rows stand for all of them, but an amount only once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.findings import Action
from planner.tables.columns import CellColumn, Column, Rows, Sheet, cell_name
from planner.tables.header_rows import as_header, find_header, header_names, row_cells
from planner.tables.headers import MONEY, Synonyms, find_columns
from planner.tables.values import half_width

_FIRST_COLUMNS = 6  # where the words stand by which a row is known to be no data
_PLACES = ("longitude", "latitude", "lonlat", "latlon")
_AMOUNTS = ("cost_yuan", "paid_yuan", "area_m2", "capacity")
_LONGEST_SHOWN = 60
_FEW = 100  # rows with cells beyond the header that are listed one by one; above, they are counted in one finding

_TOTAL = re.compile(r"\D{0,12}?(?:合计|小计|总计|共计)(?:\(.*\))?:?[\d.,]*\D{0,2}|(?:sub|grand)?totals?:?[\d.,]*")
_NOTE_STARTS = (
    "注 备注 说明 填表 填报 制表 审核 审批 经办 负责 单位负责 主管 联系 日期 报送 数据来源 资料来源 来源 note source"
)
_TELLING_WORDS = rf"(?i)[合小总共]\s*计|total|^(?:{'|'.join(_NOTE_STARTS.split())})"
_NOTE = re.compile(r"注\d*[:.、)]?.*|注意.*|[^:]{2,8}(?:\(.{0,8}\))?:.*", re.DOTALL)
_EXAMPLE = re.compile(r"(?i)[(\[【]?(?:示例|样例|范例|填写示例|填写样例|例|example)[)\]】]?\d*(?::.*)?")
_UNITS_ABOVE = re.compile(r"单位\s*:\s*(?:人民币)?([^\s()]+)")


class Remark(NamedTuple):
    """What is to be said of a row of a sheet, counted from 1, or of the sheet."""

    code: str
    action: Action
    row: int | None
    params: dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """A sheet understood: `headers` (one a column, "" where blank) in rows `top` to `bottom`, and the rows of data in `body`.

    `above` are the texts above the header; `money_unit` is the one they give for the whole sheet (单位：万元). `passed` counts
    the rows below the header that are no data; `remarks` names them, and what else there is to say.
    """

    sheet: Sheet
    headers: tuple[str, ...]
    columns: Sequence[Column]
    top: int
    bottom: int
    body: Rows
    above: tuple[str, ...]
    money_unit: str | None
    passed: int
    remarks: tuple[Remark, ...]


def lay_out(sheet: Sheet, *, synonyms: Synonyms | None = None) -> Layout | None:
    """Return the shape of a sheet; None where it has no cell with anything in it."""
    filled = np.array([column.filled() for column in sheet.columns], dtype=bool)
    if not filled.any():
        return None
    widest = int(np.flatnonzero(filled.any(axis=1))[-1]) + 1
    sheet, filled = replace(sheet, columns=sheet.columns[:widest]), filled[:widest]
    numbers = np.flatnonzero(filled.any(axis=0))
    top, bottom = find_header(sheet, filled, synonyms=synonyms)
    headers = header_names(sheet, filled, top, bottom)
    found = find_columns(headers, synonyms=synonyms)
    view = _View(sheet, filled, headers, top, bottom, {headers.index(found[name]) for name in _PLACES if name in found})
    passed = _rows_that_are_no_data(view)
    body = numbers[(numbers > bottom) & ~np.isin(numbers, [remark.row - 1 for remark in passed if remark.row])]
    columns, merged = _filled_down(view, body, {found[name] for name in _AMOUNTS if name in found})
    above = tuple(as_header(cell) for row in numbers[numbers < top] for cell in row_cells(sheet, filled, int(row)))
    remarks = (*passed, *merged, *_extra_cells(view, body))
    return Layout(sheet, tuple(headers), columns, top, bottom, body, above, _money_unit(above), len(passed), remarks)


def shown(text: str) -> str:
    """Return a text on one line, cut where it is too long to be quoted."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else line[:_LONGEST_SHOWN] + "…"


class _View(NamedTuple):
    """A sheet, which of its cells are filled, its header, and the columns that say where a row lies."""

    sheet: Sheet
    filled: NDArray[np.bool_]
    headers: Sequence[str]
    top: int
    bottom: int
    places: set[int]

    def cells(self, row: int) -> list[Any]:
        """Return what a row holds, without the blanks between."""
        return row_cells(self.sheet, self.filled, row)

    def has_place(self, row: int) -> bool:
        """Return whether a row says where it lies; such a row is data whatever else it says."""
        return bool(self.places) and all(self.filled[at, row] for at in self.places)


def _rows_that_are_no_data(view: _View) -> tuple[Remark, ...]:
    found: dict[int, str] = {}
    for at, column in enumerate(view.sheet.columns[:_FIRST_COLUMNS]):
        for row in map(int, column.matching(_TELLING_WORDS)):
            if row > view.bottom and not view.has_place(row):
                code = "totals_row" if _is_total(view, row, at) else "note_row" if _is_note(view, row, at) else None
                if code is not None:
                    found.setdefault(row, code)
    for row in _repeated_headers(view):
        found.setdefault(row, "repeated_header_row")
    for row in map(int, np.flatnonzero(view.filled.any(axis=0))):
        if row <= view.bottom or row in found:
            continue
        code = _hint(view.cells(row))
        if code is None:
            break
        found[row] = code
    return tuple(
        Remark(f"tables.{found[row]}", "note", row + 1, {"text": shown(str(view.cells(row)[0]))})
        for row in sorted(found)
    )


def _is_total(view: _View, row: int, at: int) -> bool:
    """Return whether a row adds others up: its word stands almost alone among numbers."""
    word = "".join(half_width(str(view.sheet.columns[at].cell(row))).casefold().split())
    if _TOTAL.fullmatch(word) is None:
        return False
    others = [cell for cell in view.cells(row) if isinstance(cell, str) and not half_width(cell)[:1].isdigit()]
    return len(others) <= 2


def _is_note(view: _View, row: int, at: int) -> bool:
    """Return whether a row is a remark or a signature: it begins with it, and has nothing else but more of the kind."""
    cells = view.cells(row)
    if view.filled[:at, row].any() or _NOTE.fullmatch(half_width(str(cells[0]))) is None:
        return False
    return len(cells) <= max(2, len(view.headers) // 2) and not any(isinstance(cell, int | float) for cell in cells)


def _repeated_headers(view: _View) -> list[int]:
    """Return the rows that say the header once more: on the next printed page, or in another language right below it."""
    found = []
    for row in range(view.top, view.bottom + 1):
        columns = [int(at) for at in np.flatnonzero(view.filled[:, row])]
        own = view.cells(row)
        if len(own) >= 2:
            others = view.sheet.columns[columns[0]].equal_to(own[0])
            found += [int(other) for other in others if other > view.bottom and view.cells(int(other)) == own]
    below = view.bottom + 1
    if below < view.sheet.height and below not in found:
        mine = {header: name for name, header in find_columns(view.headers).items()}
        words = {
            at: as_header(view.sheet.columns[at].cell(below)) for at in map(int, np.flatnonzero(view.filled[:, below]))
        }
        theirs = {header: name for name, header in find_columns(words.values()).items()}
        same = sum(theirs.get(word) == mine.get(view.headers[at], "") for at, word in words.items())
        if same >= 2 and 2 * same >= len(words):
            found.append(below)
    return found


def _hint(cells: Sequence[Any]) -> str | None:
    """Return what a row right below the header is if it only helps to fill the table in, else None."""
    if _numbers_columns(cells):
        return "column_numbers_row"
    is_example = any(isinstance(cell, str) and _EXAMPLE.fullmatch(half_width(cell)) for cell in cells[:3])
    return "example_row" if is_example else None


def _numbers_columns(cells: Sequence[Any]) -> bool:
    """Return whether cells count columns: 1 2 3 4, or 甲 乙 1 2."""
    counted = [half_width(str(cell)).strip("()") for cell in cells if half_width(str(cell)) not in "甲乙丙丁戊"]
    return len(counted) >= 3 and counted == [str(number) for number in range(1, len(counted) + 1)]


def _extra_cells(view: _View, body: Rows) -> list[Remark]:
    """Return a remark for each row that reaches farther than the header."""
    width = max((at + 1 for at, header in enumerate(view.headers) if header.strip()), default=1)
    if width == len(view.headers) or not len(body):
        return []
    last = len(view.headers) - view.filled[:, body][::-1].argmax(axis=0)
    beyond = np.flatnonzero(last > width)
    if len(beyond) > _FEW:
        said = {"count": len(beyond), "first": int(body[beyond[0]]) + 1, "headers": width}
        return [Remark("tables.extra_cells_many", "doubtful", None, said)]
    return [
        Remark("tables.extra_cells", "doubtful", int(body[at]) + 1, {"cells": int(last[at]), "headers": width})
        for at in beyond
    ]


def _filled_down(view: _View, body: Rows, amounts: set[str]) -> tuple[Sequence[Column], list[Remark]]:
    """Return the columns with merged cells filled down; an amount that stands for several rows counts at its first alone."""
    columns = list(view.sheet.columns)
    changed: dict[int, int] = {}
    remarks: list[Remark] = []
    for area in view.sheet.merged:
        if not area.bottom > area.top > view.bottom or area.left >= len(columns):
            continue
        column, value = columns[area.left], view.sheet.columns[area.left].cell(area.top)
        rows = body[(body > area.top) & (body <= area.bottom)]
        if value is None or not len(rows) or not isinstance(column, CellColumn):
            continue
        if view.headers[area.left] in amounts:
            said = {"column": shown(view.headers[area.left]), "value": value, "last": int(rows[-1]) + 1}
            remarks.append(Remark("tables.merged_amount", "doubtful", area.top + 1, said))
            continue
        if area.left not in changed:
            columns[area.left] = column = CellColumn(column.cells.copy())
        column.cells[rows] = value
        changed[area.left] = changed.get(area.left, 0) + len(rows)
    for at, count in changed.items():
        name = shown(view.headers[at]) or cell_name(0, at).rstrip("1")
        remarks.append(Remark("tables.merged_down", "note", None, {"column": name, "count": count}))
    return columns, remarks


def _money_unit(above: Sequence[str]) -> str | None:
    units = {
        word
        for text in above
        for match in _UNITS_ABOVE.finditer(half_width(text))
        for word in re.split(r"[,、;/]", match[1])
        if word in MONEY
    }
    return units.pop() if len(units) == 1 else None
