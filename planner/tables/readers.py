"""One file to one frame: text, workbook or vector layer, under its own headers, each row with the number its reader sees.

Below this, `files` refuses what is not what it says, one module a format opens it (`delimited`, `workbooks`, `vectors`), and
`layout` finds a sheet's header and rows; above it, `facilities` and `planner.demand` understand what the columns mean.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.archives import unpacked
from planner.tables.columns import Column, stacked
from planner.tables.delimited import read_delimited
from planner.tables.files import TEXT_SUFFIXES, VECTOR_SUFFIXES, WORKBOOK_SUFFIXES, check_content, check_file
from planner.tables.headers import Synonyms, fold
from planner.tables.hidden import report_hidden_cells
from planner.tables.layout import Layout, lay_out, shown
from planner.tables.sheets import choose_sheets
from planner.tables.vectors import read_layer
from planner.tables.workbooks import read_workbook, report_formulas

_MOST_ROOM = 1200 * 1024 * 1024  # bytes of a table's columns: a million rows of a dozen different texts each
_SAMPLE = 1000

ROW_COLUMNS = ("source_file", "source_sheet", "source_row")
"""Columns that every table read here ends with: the file's name, and the row as its reader counts; between them the sheet,
where several were read."""


def read_table(
    path: Path | str,
    *,
    report: InputReport,
    encoding: str | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    synonyms: Synonyms | None = None,
) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return a table with its own headers and, at its end, `source_file` and `source_row`.

    Rows count as a spreadsheet shows them, wherever the header stands; the features of a vector layer count from 1. Titles and
    notes above the header, totals, notes and repeated headers below it are no rows and are reported; wholly blank rows are no
    rows. Sheets under the same headers are one table, which then has a column `source_sheet`; others are reported. Cells lose
    blanks at their ends; a column of text becomes numbers where every cell is one that loses nothing by it (no leading zeros, at
    most 15 digits). A header that is blank or repeated gets a name of its own; one of two rows has its parts joined with a
    slash. The headers as they stand are in ``frame.attrs["headers"]``, the money unit of a note above them (单位：万元) in
    ``frame.attrs["money_unit"]``. `synonyms` are a project's own headers, by canonical column, to know the header row by;
    `sheet` and `layer` name the one that is meant of several.

    Raises
    ------
    InputError
        The file is missing, empty, of an unknown format, not what its name says, under a password, too large, or damaged.
    """
    path = Path(path)
    with _at_hand(path) as inside:
        suffix = inside.suffix.lower()
        if suffix in VECTOR_SUFFIXES:
            return _read_features(inside, path, report=report, encoding=encoding, layer=layer)
        if suffix not in TEXT_SUFFIXES | WORKBOOK_SUFFIXES:
            known = " ".join(sorted(TEXT_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES))
            raise InputError("tables.unknown_format", file=path.name, suffix=suffix or "?", known=known)
        check_content(inside)
        if suffix in TEXT_SUFFIXES:
            text = read_delimited(inside, report=report, encoding=encoding)
            layout = lay_out(text, synonyms=synonyms)
            layouts = [] if layout is None else [layout]
        else:
            sheets = read_workbook(inside, report=report)
            layouts = choose_sheets(sheets, wanted=sheet, synonyms=synonyms, report=report)
    if not layouts:
        raise InputError("tables.no_cells", file=path.name)
    return _frame(layouts, path=path, report=report)


def read_vector(
    path: Path | str, *, report: InputReport, encoding: str | None = None, layer: str | None = None
) -> gpd.GeoDataFrame:
    """Return the layer called `layer`, else the first that has geometry, in its own CRS, with `source_file` and `source_row`.

    Raises
    ------
    InputError
        The file cannot be read, or holds no layer with geometry.
    """
    path = Path(path)
    with _at_hand(path) as inside:
        frame = _read_features(inside, path, report=report, encoding=encoding, layer=layer)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError("tables.no_geometry", file=path.name)
    return frame


@contextmanager
def _at_hand(path: Path) -> Iterator[Path]:
    """Yield the file itself, or the one in a zip archive."""
    check_file(path)
    if path.suffix.lower() != ".zip":
        yield path
        return
    check_content(path)
    with unpacked(path) as inside:
        yield inside


def _read_features(
    inside: Path, path: Path, *, report: InputReport, encoding: str | None, layer: str | None
) -> pd.DataFrame | gpd.GeoDataFrame:
    frame = read_layer(inside, report=report, encoding=encoding, layer=layer)
    if isinstance(frame, gpd.GeoDataFrame) and frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry") if "geometry" not in frame.columns else frame
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    report.rows_read = len(frame)
    headers = [str(name) for name in frame.columns if name != geometry]
    names = iter(_unique_names(headers))
    frame = frame.set_axis([name if name == geometry else next(names) for name in frame.columns], axis="columns")
    frame = frame.assign(source_file=path.name, source_row=range(1, len(frame) + 1))
    frame.attrs["headers"] = tuple(headers)
    return frame


# --- text and workbooks -----------------------------------------------------------------------------------------------


def _frame(layouts: Sequence[Layout], *, path: Path, report: InputReport) -> pd.DataFrame:
    """Return the rows below the headers of sheets that are one table, as columns of numbers, text or what else the cells are."""
    several = len(layouts) > 1
    for layout in layouts:
        _report_shape(layout, on_sheet=layout.sheet.title if several else None, report=report)
    headers, parts = _aligned(layouts)
    names = _unique_names(headers)
    if repeated := [name for name, header in zip(names, headers, strict=True) if _name_of(header) not in ("", name)]:
        report.add("tables.repeated_headers", "note", headers=", ".join(map(shown, repeated)))
    rows = np.concatenate([layout.body for layout in layouts])
    report.rows_read = len(rows)
    frame = pd.DataFrame(_columns(names, parts, file=path.name)).set_axis(pd.RangeIndex(len(rows)))
    frame["source_file"] = np.full(len(rows), path.name, dtype=object)
    if several:
        titles = np.array([layout.sheet.title for layout in layouts], dtype=object)
        frame["source_sheet"] = np.repeat(titles, [len(layout.body) for layout in layouts])
    frame["source_row"] = rows + 1
    units = {layout.money_unit for layout in layouts}
    frame.attrs |= {
        "headers": tuple(headers),
        "money_unit": units.pop() if len(units) == 1 else None,
        "delimiter": layouts[0].sheet.delimiter,
    }
    return frame


def _columns(
    names: Sequence[str], parts: Sequence[Sequence[tuple[Column | None, np.ndarray]]], *, file: str
) -> dict[str, pd.Series]:
    """Return the columns by name; a table whose texts would take too much room as such is refused before they do."""
    columns: dict[str, pd.Series] = {}
    room = 0
    for name, part in zip(names, parts, strict=True):
        columns[name] = stacked(part)
        room += _room(columns[name])
        if room > _MOST_ROOM:
            size = room * len(names) // len(columns)
            raise InputError("tables.too_much_text", file=file, size_mb=size >> 20, limit_mb=_MOST_ROOM >> 20)
    return columns


def _room(column: pd.Series) -> int:
    """Return about how many bytes a column takes, by a sample; a text that stands in many rows is kept once."""
    pointers = 8 * len(column)
    if column.dtype != object or not len(column):
        return pointers
    sample = column.to_numpy()[:: max(1, len(column) // _SAMPLE)]
    different = {id(cell): sys.getsizeof(cell) for cell in sample}
    return pointers + (0 if 4 * len(different) < len(sample) else sum(different.values()) * len(column) // len(sample))


def _report_shape(layout: Layout, *, on_sheet: str | None, report: InputReport) -> None:
    if layout.above:
        above = shown(" ".join(layout.above))
        report.add("tables.header_below", "note", on_sheet=on_sheet, row_number=layout.bottom + 1, above=above)
        report.figures["header_row"] = layout.bottom + 1
    if layout.passed:
        report.figures["rows_passed_over"] = report.figures.get("rows_passed_over", 0) + layout.passed
    for remark in layout.remarks:
        report.add(remark.code, remark.action, remark.row, on_sheet=on_sheet, **remark.params)
    report_formulas(layout.sheet, on_sheet=on_sheet, report=report)
    report_hidden_cells(layout.sheet, last_header_row=layout.bottom + 1, on_sheet=on_sheet, report=report)


def _aligned(layouts: Sequence[Layout]) -> tuple[list[str], list[list[tuple[Column | None, np.ndarray]]]]:
    """Return the headers of all sheets, the first one's first, and for each the column and rows of every sheet."""
    headers: list[str] = list(layouts[0].headers)
    place = {_key(header, at): at for at, header in enumerate(headers)}
    if len(layouts) == 1:
        return headers, [[(column, layouts[0].body)] for column in layouts[0].columns]
    found: list[dict[int, Column]] = []
    for layout in layouts:
        mine: dict[int, Column] = {}
        for at, (header, column) in enumerate(zip(layout.headers, layout.columns, strict=True)):
            key = _key(header, at)
            if key not in place:
                place[key] = len(headers)
                headers.append(header)
            mine.setdefault(place[key], column)
        found.append(mine)
    return headers, [
        [(mine.get(at), layout.body) for mine, layout in zip(found, layouts, strict=True)] for at in range(len(headers))
    ]


def _key(header: str, at: int) -> str:
    return fold(header) or f"column {at}"


def _name_of(header: str) -> str:
    """Return a header on one line, without blanks at its ends."""
    return re.sub(r"(?<=[^\x00-\x7f])\s*\n\s*|\s*\n\s*(?=[^\x00-\x7f])", "", header.strip()).replace("\n", " ")


def _unique_names(headers: Iterable[str]) -> list[str]:
    """Return a name per header: itself on one line; ``column_3`` where blank; ``name (2)`` where repeated."""
    names: list[str] = []
    taken = {*ROW_COLUMNS, "geometry"}
    for position, header in enumerate(headers, start=1):
        name = base = _name_of(header) or f"column_{position}"
        copy = 2
        while name in taken:
            name, copy = f"{base} ({copy})", copy + 1
        taken.add(name)
        names.append(name)
    return names
