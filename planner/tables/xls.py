"""Workbooks of Excel before 2007, which older offices and WPS still write."""

from pathlib import Path
from typing import Any

import python_calamine as calamine
import xlrd
from xlrd.sheet import Cell

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.columns import Range, Sheet, cell_sheet
from planner.tables.hidden import report_hidden_sheets

_MOST_BYTES = 128 * 1024 * 1024
_MACROS = "_VBA_PROJECT".encode("utf-16-le")
_ENCRYPTED = "encrypted"  # what xlrd says of a workbook under a password


def read_xls(path: Path, *, report: InputReport) -> list[Sheet]:
    """Return the visible sheets of an xls workbook.

    Raises
    ------
    InputError
        The workbook is too large or under a password.
    """
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise InputError("tables.too_large", file=path.name, size_mb=size >> 20, limit_mb=_MOST_BYTES >> 20)
    if _MACROS in path.read_bytes():
        report.add("tables.macros", "note")
    try:
        book = _opened(path)
    except Exception as fault:  # xlrd asserts what other programs do not keep: a count of shared texts
        if _ENCRYPTED in str(fault):
            raise InputError("tables.password", file=path.name) from fault
        return _by_calamine(path)
    sheets = []
    report_hidden_sheets([sheet.name for sheet in book.sheets() if sheet.visibility], report=report)
    for sheet in book.sheets():
        if sheet.visibility == 0:
            rows = [_without_tail([_value(cell, book.datemode) for cell in row]) for row in sheet.get_rows()]
            merged = [Range(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
            errors = [
                xlrd.cellname(row, column)
                for row in range(sheet.nrows)
                for column, kind in enumerate(sheet.row_types(row))
                if kind == xlrd.XL_CELL_ERROR
            ]
            sheets.append(cell_sheet(sheet.name, rows, merged=merged, errors=errors, **_hidden(sheet)))
    return sheets


def _hidden(sheet: xlrd.sheet.Sheet) -> dict[str, Any]:
    """Return the rows of a sheet that are hidden, and the remarks on its cells."""
    rows = [row + 1 for row, about in sorted(sheet.rowinfo_map.items()) if about.hidden]
    notes = [(xlrd.cellname(*at), note.text) for at, note in sorted(sheet.cell_note_map.items())]
    return {"hidden_rows": rows, "comments": notes}


def _by_calamine(path: Path) -> list[Sheet]:
    """Return the visible sheets as calamine reads them, which asks less of a workbook than xlrd."""
    with calamine.CalamineWorkbook.from_path(path) as book:
        return [
            cell_sheet(about.name, [[None if cell == "" else cell for cell in row] for row in _rows(book, number)])
            for number, about in enumerate(book.sheets_metadata)
            if about.visible == calamine.SheetVisibleEnum.Visible and about.typ == calamine.SheetTypeEnum.WorkSheet
        ]


def _rows(book: calamine.CalamineWorkbook, number: int) -> list[list[Any]]:
    return book.get_sheet_by_index(number).to_python(skip_empty_area=False)


def _opened(path: Path) -> xlrd.Book:
    """Return the workbook, with its merged cells where its formats can be read at all."""
    with path.open("rb") as file:
        data = file.read()
    try:
        return xlrd.open_workbook(file_contents=data, ragged_rows=True, formatting_info=True, logfile=_Silent())
    except xlrd.XLRDError:
        raise
    except Exception:  # formats that other programs write wrongly, which say nothing about the cells
        return xlrd.open_workbook(file_contents=data, ragged_rows=True, logfile=_Silent())


class _Silent:
    """A log for xlrd, which otherwise writes its remarks to the terminal."""

    def write(self, text: str) -> None:
        """Take no note."""


def _value(cell: Cell, datemode: int) -> Any:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR):
        return None
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (OverflowError, ValueError):  # a number formatted as a date
            return cell.value
    return cell.value


def _without_tail(row: list[Any]) -> list[Any]:
    last = len(row)
    while last and row[last - 1] is None:
        last -= 1
    return row[:last]
