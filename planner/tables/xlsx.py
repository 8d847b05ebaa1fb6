"""Workbooks of Excel since 2007, read by calamine after a look at what they would unpack to.

Calamine lays a sheet out as a full rectangle and gives every cell a copy of its text, so that a file of a few kilobytes can ask
for hundreds of gigabytes. What each part of the file asks for is added up first.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from zipfile import ZipInfo

import numpy as np
import python_calamine as calamine
from numpy.typing import NDArray

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.archives import content, members
from planner.tables.columns import MOST_CELLS, Range, Sheet, cell_sheet
from planner.tables.hidden import report_hidden_sheets

_MOST_TEXT_BYTES = 256 * 1024 * 1024  # of texts that many cells share, once each cell has its own
_MOST_DIRECTORY_BYTES = 4 * 1024 * 1024  # of the list of sheets
_WINDOW = 1 << 24  # bytes of a sheet looked at together

_CELL_TAGS = tuple(b"<c" + end for end in (b" ", b">", b"/", b"\n", b"\r", b"\t"))
_USUAL_CELL = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"')
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_NAMELESS_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])(?![^>]*\sr\s*=)")
_NAMELESS_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])(?![^>]*\sr\s*=)")
_ANY_REFERENCE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,3}\d{1,7})""")
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\b([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
_ROW_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d{1,7})["']""")
_SHARED_INDEX = re.compile(rb't="s"[^>]*>\s*<(?:\w+:)?v[^>]*>\s*(\d{1,9})')
_ITEM_END = re.compile(rb"</(?:\w+:)?si\s*>|<(?:\w+:)?si\s*/>")
_CELL_WITH_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f\s*>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v\s*>\s*</(?:\w+:)?v\s*>)?\s*</(?:\w+:)?c\s*>"
)
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\b([^>]*\bt\s*=\s*["']e["'][^>]*)>""")
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3}\d{1,7})""")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class _Part(NamedTuple):
    """What the part of one sheet asks for."""

    rows: int
    columns: int
    text_bytes: int
    uncalculated: list[str]
    errors: list[str]
    hidden_rows: list[int]


def read_xlsx(path: Path, *, report: InputReport) -> list[Sheet]:
    """Return the visible sheets of an xlsx or xlsm workbook.

    Raises
    ------
    InputError
        It is no workbook, or asks for too much.
    """
    found = {name.replace("\\", "/"): member for name, member in members(path).items()}
    directory = next((name for name in found if PurePosixPath(name.lower()).name == "workbook.xml"), None)
    if directory is None:
        raise InputError("tables.not_what_it_says", file=path.name, expected=path.suffix.lower(), found=".zip")
    if any(name.lower().endswith("vbaproject.bin") for name in found):
        report.add("tables.macros", "note")
    parts = _weigh(path, found)
    targets = _targets(path, found, directory)
    hidden: list[str] = []
    with calamine.CalamineWorkbook.from_path(path) as book:
        sheets = []
        for number, about in enumerate(book.sheets_metadata):
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            if about.visible != calamine.SheetVisibleEnum.Visible:
                hidden.append(about.name)
                continue
            sheet = book.get_sheet_by_index(number)
            member = targets.get(about.name, "")
            part = parts.get(member)
            merged = [Range(*first, *last) for first, last in sheet.merged_cell_ranges or ()]
            sheets.append(
                cell_sheet(
                    about.name,
                    list(_rows(sheet)),
                    merged=merged,
                    uncalculated=part.uncalculated if part else (),
                    errors=part.errors if part else (),
                    hidden_rows=part.hidden_rows if part else (),
                    comments=_comments(path, found, member),
                )
            )
    report_hidden_sheets(hidden, report=report)
    return sheets


def _rows(sheet: calamine.CalamineSheet) -> Iterator[list[Any]]:
    """Yield a sheet's rows from its first, with the columns left of the first filled one; equal texts are kept once."""
    known: dict[Any, Any] = {}
    left: list[Any] = [None] * (sheet.start[1] if sheet.start else 0)
    for row in sheet.iter_rows():
        yield left + [known.setdefault(cell, cell) if type(cell) is str else cell for cell in row]


def _weigh(path: Path, found: dict[str, ZipInfo]) -> dict[str, _Part]:
    """Return what the sheets ask for, by member name; refuse a workbook whose parts ask for too much."""
    shared = next(
        (member for name, member in found.items() if PurePosixPath(name.lower()).name == "sharedstrings.xml"), None
    )
    sizes = _text_sizes(content(path, shared)) if shared else np.zeros(0, np.int64)
    parts: dict[str, _Part] = {}
    for name, member in found.items():
        if member is not shared:
            data = content(path, member)
            if b"sheetData" in data:
                parts[name] = _part(data, sizes)
            if sum(part.rows * part.columns for part in parts.values()) > MOST_CELLS:
                worst = max(parts.values(), key=lambda part: part.rows * part.columns)
                raise InputError(
                    "tables.too_many_cells", file=path.name, rows=worst.rows, columns=worst.columns, limit=MOST_CELLS
                )
    size = sum(part.text_bytes for part in parts.values())
    if size > _MOST_TEXT_BYTES:
        raise InputError("tables.too_large", file=path.name, size_mb=size >> 20, limit_mb=_MOST_TEXT_BYTES >> 20)
    return parts


def _part(data: bytes, sizes: NDArray[np.int64]) -> _Part:
    """Return what a sheet asks for. Rows and cells that do not say where they are stand behind one another."""
    height = width = nameless_rows = nameless_cells = text_bytes = 0
    uncalculated: list[str] = []
    errors: list[str] = []
    hidden: list[int] = []
    for window in _windows(data):
        references = _USUAL_CELL.findall(window)
        if b":sheetData" in data or len(references) != sum(map(window.count, _CELL_TAGS)):
            references = _ANY_REFERENCE.findall(window)
            nameless_cells = max(nameless_cells, *(len(_NAMELESS_CELL.findall(row)) for row in _ROW.split(window)))
        nameless_rows += len(_NAMELESS_ROW.findall(window))
        last_row, last_column = _last(references)
        height, width = max(height, last_row), max(width, last_column)
        if (height + nameless_rows) * (width + nameless_cells) > MOST_CELLS:
            break
        text_bytes += _text_bytes(window, sizes)
        if b"<f" in window or b":f" in window:
            uncalculated += _references(_CELL_WITH_FORMULA.findall(window))
        if b'"e"' in window or b"'e'" in window:
            errors += _references(_ERROR_CELL.findall(window))
        if b"hidden=" in window:
            hidden += [int(row[1]) for tag in _HIDDEN_ROW.findall(window) if (row := _ROW_NUMBER.search(tag))]
    return _Part(height + nameless_rows, width + nameless_cells, text_bytes, uncalculated, errors, hidden)


def _last(references: list[bytes]) -> tuple[int, int]:
    """Return the last row and the last column of cells named as C5, counted from 1."""
    letters = np.array(references or [b""], dtype="S10")[:, None].view(np.uint8).astype(np.int64)
    row, column = np.zeros(len(letters), np.int64), np.zeros(len(letters), np.int64)
    for letter in letters.T:
        digit, alpha = (letter >= 48) & (letter <= 57), letter >= 65
        row[digit] = row[digit] * 10 + letter[digit] - 48
        column[alpha] = column[alpha] * 26 + (letter[alpha] & 31)
    return int(row.max()), int(column.max())


def _windows(data: bytes) -> Iterator[bytes]:
    """Yield a sheet in pieces that end between two rows."""
    start = 0
    while start < len(data):
        end = data.find(b"<row", start + _WINDOW)
        end = len(data) if end < 0 else end
        yield data[start:end]
        start = end


def _text_sizes(data: bytes) -> NDArray[np.int64]:
    """Return the bytes of each shared text, its markup included."""
    return np.diff([match.end() for match in _ITEM_END.finditer(data)], prepend=0)


def _text_bytes(data: bytes, sizes: NDArray[np.int64]) -> int:
    """Return how many bytes a sheet's cells hold when each has its own copy of a shared text."""
    if not len(sizes):
        return 0
    index = np.array(_SHARED_INDEX.findall(data), dtype="S9").astype(np.int64)
    index = index[index < len(sizes)]
    unclear = data.count(b'"s"') + data.count(b"'s'") - len(index)
    return int(sizes[index].sum()) + max(unclear, 0) * int(sizes.max())


def _references(attributes: list[bytes]) -> list[str]:
    found = (_REFERENCE.search(text) for text in attributes)
    return [match[1].decode("ascii") for match in found if match]


def _targets(path: Path, found: dict[str, ZipInfo], directory: str) -> dict[str, str]:
    """Return sheet title -> name of its member; `directory` is the member that lists them."""
    if found[directory].file_size > _MOST_DIRECTORY_BYTES:
        return {}
    links = _links(path, found, directory)
    titles: dict[str, str] = {}
    for node in ET.fromstring(content(path, found[directory])).iter():
        if node.tag.rpartition("}")[2] == "sheet":
            titles[node.get("name", "")] = links.get(node.get(_RELATION) or "", ("", ""))[1]
    return titles


def _links(path: Path, found: dict[str, ZipInfo], name: str) -> dict[str, tuple[str, str]]:
    """Return what a member refers to: id -> kind and member."""
    place = PurePosixPath(name)
    wanted = str(place.parent / "_rels" / f"{place.name}.rels").lower()
    listed = next((member for other, member in found.items() if other.lower() == wanted), None)
    if listed is None or listed.file_size > _MOST_DIRECTORY_BYTES:
        return {}
    links: dict[str, tuple[str, str]] = {}
    for node in ET.fromstring(content(path, listed)):
        parts: list[str] = []
        for part in PurePosixPath("/", place.parent, node.get("Target", "").replace("\\", "/")).parts[1:]:
            parts = parts[:-1] if part == ".." else [*parts, part]
        links[node.get("Id", "")] = (node.get("Type", "").rpartition("/")[2], "/".join(parts))
    return links


def _comments(path: Path, found: dict[str, ZipInfo], sheet: str) -> list[tuple[str, str]]:
    """Return the remarks on a sheet's cells."""
    comments: list[tuple[str, str]] = []
    for kind, name in _links(path, found, sheet).values() if sheet else ():
        if kind == "comments" and name in found and found[name].file_size <= _MOST_DIRECTORY_BYTES:
            for node in ET.fromstring(content(path, found[name])).iter():
                if node.tag.rpartition("}")[2] == "comment":
                    text = "".join(part.text or "" for part in node.iter() if part.tag.rpartition("}")[2] == "t")
                    comments.append((node.get("ref", ""), text))
    return comments
