"""Workbooks of LibreOffice, WPS and QGIS in the OpenDocument format, read as the stream of rows they are.

A row or cell says how often it is repeated, so that a line of XML can stand for a billion cells: they are counted before they
are laid out. No tree is built: what is not a cell takes no room.
"""

import datetime
from pathlib import Path
from typing import Any
from xml.parsers import expat

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.archives import content, members
from planner.tables.columns import MOST_CELLS, Range, Sheet, cell_name, cell_sheet, tidy
from planner.tables.hidden import report_hidden_sheets

_MOST_COLUMNS = 16_384
_MOST_ELEMENTS = 3 * MOST_CELLS
_PREFIXES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
}
_WHITE = {"text:s": " ", "text:tab": " ", "text:line-break": " "}


def read_ods(path: Path, *, report: InputReport) -> list[Sheet]:
    """Return the visible sheets of an ods workbook.

    Raises
    ------
    InputError
        It is no workbook, is under a password, or asks for too much.
    """
    found = members(path)
    if "content.xml" not in found:
        raise InputError("tables.not_what_it_says", file=path.name, expected=".ods", found=".zip")
    if "META-INF/manifest.xml" in found and b"encryption-data" in content(path, found["META-INF/manifest.xml"]):
        raise InputError("tables.password", file=path.name)
    if any(name.startswith(("Basic/", "Scripts/")) for name in found):
        report.add("tables.macros", "note")
    reading = _Reading(path.name)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.Parse(content(path, found["content.xml"]), True)
    report_hidden_sheets(reading.hidden_sheets, report=report)
    return reading.sheets


class _Reading:
    """The sheets read so far; the parser tells it of each element's start, text and end."""

    def __init__(self, file: str) -> None:
        self.sheets: list[Sheet] = []
        self.hidden_sheets: list[str] = []
        self._file = file
        self._style = ""
        self._hidden: set[str] = set()
        self._cells = 0
        self._elements = 0
        self._note = ""
        self._notes = 0  # how deep in remarks on a cell, whose text is not the cell's
        self._table: dict[str, str] = {}
        self._row: dict[str, str] = {}
        self._values: list[Any] = []
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[str] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        """Take note of an element that begins."""
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            self._bound(_MOST_ELEMENTS, _MOST_COLUMNS)
        tag, attributes = _short(name), {_short(key): value for key, value in given.items()}
        if tag == "style:style":
            self._style = attributes.get("style:name", "")
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            self._hidden.add(self._style)
        elif tag == "table:table":
            self._table = attributes
            self._rows: list[list[Any]] = []
            self._blank = 0  # rows with nothing in them, which only count once something follows
            self._merged: list[Range] = []
            self._uncalculated: list[str] = []
            self._errors: list[str] = []
            self._hidden_rows: list[int] = []
            self._comments: list[tuple[str, str]] = []
        elif tag == "table:table-row":
            self._row, self._values, self._column = attributes, [], 0
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._cell, self._paragraphs = attributes, []
        elif tag == "office:annotation":
            self._notes += 1
            self._note = ""
        elif tag == "text:p" and not self._notes:
            self._paragraphs.append("")
        elif tag in _WHITE:
            self.text(_WHITE[tag] * min(int(attributes.get("text:c", 1)), 1000))

    def text(self, text: str) -> None:
        """Take text where it stands in a cell."""
        if self._cell is not None and self._paragraphs and not self._notes:
            self._paragraphs[-1] += text
        elif self._notes:
            self._note += text

    def end(self, name: str) -> None:
        """Take note of an element that ends."""
        tag = _short(name)
        if tag == "office:annotation":
            self._notes -= 1
            self._comments.append((cell_name(len(self._rows) + self._blank, self._column), self._note))
        elif tag in ("table:table-cell", "table:covered-table-cell") and self._cell is not None:
            self._add_cell(self._cell)
            self._cell = None
        elif tag == "table:table-row":
            self._add_row(int(self._row.get("table:number-rows-repeated", 1)))
        elif tag == "table:table":
            if self._table.get("table:style-name") not in self._hidden:
                sheet = cell_sheet(
                    self._table.get("table:name", ""),
                    self._rows,
                    merged=self._merged,
                    uncalculated=self._uncalculated,
                    errors=self._errors,
                    hidden_rows=self._hidden_rows,
                    comments=self._comments,
                )
                self._cells += sheet.height * len(sheet.columns)
                self.sheets.append(sheet)
            else:
                self.hidden_sheets.append(self._table.get("table:name", ""))
            self._rows = []

    def _add_cell(self, cell: dict[str, str]) -> None:
        top, left = len(self._rows) + self._blank, self._column
        times = int(cell.get("table:number-columns-repeated", 1))
        failed = cell.get("calcext:value-type") == "error"
        value = None if failed else _value(cell, self._paragraphs)
        if value is not None:
            self._bound(top + 1, left + times)
            self._values += [None] * (left - len(self._values)) + [value] * times
        elif failed:
            self._errors.append(cell_name(top, left))
        elif "table:formula" in cell:
            self._uncalculated.append(cell_name(top, left))
        rows, columns = (int(cell.get(f"table:number-{what}-spanned", 1)) for what in ("rows", "columns"))
        if rows > 1 or columns > 1:
            self._merged.append(Range(top, left, top + rows - 1, left + columns - 1))
        self._column += times

    def _add_row(self, times: int) -> None:
        if not self._values:
            self._blank += times
            return
        self._bound(len(self._rows) + self._blank + times, len(self._values))
        if self._row.get("table:visibility", "visible") != "visible":
            top = len(self._rows) + self._blank + 1
            self._hidden_rows += range(top, top + times)
        self._rows += [[]] * self._blank + [self._values] * times
        self._blank = 0

    def _bound(self, rows: int, columns: int) -> None:
        if columns > _MOST_COLUMNS or self._cells + rows * columns > MOST_CELLS:
            raise InputError("tables.too_many_cells", file=self._file, rows=rows, columns=columns, limit=MOST_CELLS)


def _value(cell: dict[str, str], paragraphs: list[str]) -> Any:
    kind = cell.get("office:value-type")
    if kind in ("float", "currency", "percentage"):
        return float(cell.get("office:value", "nan"))
    if kind == "boolean":
        return cell.get("office:boolean-value") == "true"
    if kind == "date":
        return datetime.datetime.fromisoformat(cell.get("office:date-value", ""))
    text = "\n".join(paragraphs)
    return text if tidy(text) is not None else None


def _short(name: str) -> str:
    """Return a name as documents write it: ``table:table-row``."""
    space, _, local = name.rpartition(" ")
    return f"{_PREFIXES.get(space, '?')}:{local}"
