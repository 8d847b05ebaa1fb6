"""One file to one frame: text, workbook or vector layer, under its own headers, each row with the number its reader sees.

Below this, `files` opens and refuses; above it, `facilities` and `planner.demand` understand what the columns mean.
"""

import codecs
import csv
import io
import json
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
from numpy.typing import NDArray

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.files import (
    TEXT_SUFFIXES,
    VECTOR_SUFFIXES,
    WORKBOOK_SUFFIXES,
    check_content,
    check_file,
    check_shapefile,
    dbf_encoding,
    decode,
)

ROW_COLUMNS = ("source_file", "source_row")
"""Columns that every table read here ends with: the file's name, and the row as its reader counts."""

Cells = Sequence[Any]

_MOST_CELLS = 20_000_000  # as many rows as Excel has, of twenty columns

_BYTES_AS_TEXT = "ISO-8859-1"  # one letter for each byte, so that a shapefile's text can be decoded here

# A number made of such a text could not be turned back into it (a code with zeros in front, too long, 3E2), or it is none.
_NO_PLAIN_NUMBER = re.compile(r"^(?:0[^.\n]|[+-]?\d{16}|[^\d.+-])|[^\d.+\n-]", re.MULTILINE)

csv.field_size_limit(2**24)


def read_table(
    path: Path | str, *, report: InputReport, encoding: str | None = None
) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return a table with its own headers and, at its end, `source_file` and `source_row`.

    Rows count as a spreadsheet shows them: the header of a text or workbook is row 1, so that its data begin at row 2; the
    features of a vector layer count from 1. Wholly blank rows are no rows. Cells lose blanks at their ends; a column of text
    becomes numbers where every cell is one that loses nothing by it (no leading zeros, at most 15 digits). A header that is
    blank or repeated gets a name of its own; the headers as they stand are in ``frame.attrs["headers"]``.

    Raises
    ------
    InputError
        The file is missing, empty, of an unknown format, not what its name says, under a password, or damaged.
    """
    path = Path(path)
    check_file(path)
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        return read_vector(path, report=report, encoding=encoding)
    if suffix not in TEXT_SUFFIXES | WORKBOOK_SUFFIXES:
        known = " ".join(sorted(TEXT_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES))
        raise InputError("tables.unknown_format", file=path.name, suffix=suffix or "?", known=known)
    check_content(path)
    if suffix in TEXT_SUFFIXES:
        cells = _text_cells(path, report=report, encoding=encoding)
    else:
        cells = _workbook_cells(path, report=report)
    return _frame(cells, path=path, report=report)


def read_vector(path: Path, *, report: InputReport, encoding: str | None = None) -> gpd.GeoDataFrame:
    """Return the first layer that has geometry, in its own CRS, with `source_file` and `source_row`.

    Raises
    ------
    InputError
        The file cannot be read, or holds no layer with geometry.
    """
    path = Path(path)
    check_file(path)
    if path.suffix.lower() not in VECTOR_SUFFIXES:
        known = " ".join(sorted(VECTOR_SUFFIXES))
        raise InputError("tables.unknown_format", file=path.name, suffix=path.suffix or "?", known=known)
    check_content(path)
    shapefile = path.suffix.lower() == ".shp"
    if shapefile:
        check_shapefile(path)
        report.figures["encoding"] = encoding = encoding or dbf_encoding(path)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            options = {"ENCODING": _BYTES_AS_TEXT} if shapefile else {"encoding": encoding}
            frame = _read_layer(path, report=report, options=options)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, LookupError) as fault:
            raise _unreadable(path, fault) from fault
    for text in dict.fromkeys(str(remark.message) for remark in remarks):
        report.add("tables.reader_remark", "doubtful", fault=text)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError("tables.no_geometry", file=path.name)
    if shapefile:
        frame = _decoded(frame, encoding or _BYTES_AS_TEXT)
    report.rows_read = len(frame)
    headers = [str(name) for name in frame.columns if name != "geometry"]
    frame = frame.set_axis([*_unique_names(headers), "geometry"], axis="columns")
    frame = frame.assign(source_file=path.name, source_row=range(1, len(frame) + 1))
    frame.attrs["headers"] = tuple(headers)
    return frame


def _read_layer(path: Path, *, report: InputReport, options: dict[str, Any]) -> gpd.GeoDataFrame:
    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if not layers:
        raise InputError("tables.no_geometry", file=path.name)
    if len(layers) > 1:
        report.figures["layer"] = layers[0]
        report.add("tables.other_layers", "note", layer=layers[0], others=", ".join(layers[1:]))
    return pyogrio.read_dataframe(path, layer=layers[0], **options)


def _decoded(frame: gpd.GeoDataFrame, encoding: str) -> gpd.GeoDataFrame:
    """Return a shapefile's frame with its bytes made text; a letter that a field's width cuts in two is left off.

    dBase names take 10 bytes, in UTF-8 three Chinese letters and a third: strict readers refuse such a file whole.
    """

    def decode(text: Any) -> Any:
        if not isinstance(text, str) or text.isascii():
            return text
        return codecs.getincrementaldecoder(encoding)("replace").decode(text.encode(_BYTES_AS_TEXT), final=False)

    frame = frame.rename(columns=decode)
    for name in frame.columns[frame.dtypes.map(pd.api.types.is_string_dtype).to_numpy()]:
        if name != "geometry":
            frame[name] = frame[name].map(decode, na_action="ignore")
    return frame


def _unreadable(path: Path, fault: Exception) -> InputError:
    """Return the error for a vector file that GDAL refuses; of malformed JSON, with the line and column of the fault."""
    if isinstance(fault, InputError):
        return fault
    if path.suffix.lower() in (".geojson", ".json"):
        try:
            json.loads(path.read_bytes())
        except json.JSONDecodeError as broken:
            start = max(0, broken.pos - 20)
            came = broken.doc[start : broken.pos + 10].replace("\n", " ")
            return InputError("tables.bad_json", file=path.name, line=broken.lineno, column=broken.colno, came=came)
        except UnicodeDecodeError:
            pass
    return InputError("tables.unreadable", file=path.name, fault=str(fault))


# --- text and workbooks -----------------------------------------------------------------------------------------------


def _text_cells(path: Path, *, report: InputReport, encoding: str | None) -> pd.DataFrame:
    """Return the cells of a delimited text, one row per record, blank records included."""
    text, encoding = decode(path, encoding)
    report.figures["encoding"] = encoding.removesuffix("-sig")
    if "\x00" in text:
        raise InputError("tables.unknown_content", file=path.name, expected=path.suffix)
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    delimiter = max(",\t;", key=first.count)
    try:
        width = max(map(len, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), default=0)
        return pd.read_csv(
            io.BytesIO(text.encode("utf-8")),  # what the parser works on inside; several times faster than text
            sep=delimiter,
            header=None,
            names=range(max(width, 1)),
            index_col=False,
            dtype=object,
            na_filter=False,
            skip_blank_lines=False,
        )
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InputError("tables.unreadable", file=path.name, fault=str(fault)) from fault


def _workbook_cells(path: Path, *, report: InputReport) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of validations and styles it does not keep; none holds data
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                rows = _first_sheet(book, report=report)
            finally:
                book.close()
        except InputError:
            raise
        except Exception as fault:  # whatever a damaged part makes openpyxl raise: KeyError, ValueError, ParseError ...
            raise InputError("tables.unreadable", file=path.name, fault=str(fault)) from fault
    width = max(map(len, rows), default=0)
    return pd.DataFrame([[*row, *[None] * (width - len(row))] for row in rows], dtype=object)


def _first_sheet(book: Any, *, report: InputReport) -> list[Cells]:
    """Return the rows of the first visible sheet that has any, as long as their last filled cell."""
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for number, sheet in enumerate(sheets):
        sheet.reset_dimensions()  # what the file claims its extent to be is often wrong
        rows = _bounded_rows(sheet, file=report.file)
        if any(rows):
            report.figures["sheet"] = sheet.title
            if others := [other.title for other in sheets[number + 1 :]]:
                report.add("tables.other_sheets", "note", sheet=sheet.title, others=", ".join(others))
            return rows
    return []


def _bounded_rows(sheet: Any, *, file: str) -> list[Cells]:
    """Return a sheet's rows up to their last filled cell; a sheet as wide and long as Excel allows is no table."""
    rows: list[Cells] = []
    width = 0
    for row in sheet.iter_rows(values_only=True):
        rows.append(_without_tail(row))
        width = max(width, len(rows[-1]))
        if width * len(rows) > _MOST_CELLS:
            raise InputError("tables.too_many_cells", file=file, rows=len(rows), columns=width, limit=_MOST_CELLS)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _without_tail(row: Cells) -> Cells:
    last = len(row)
    while last and _tidy(row[last - 1]) is None:
        last -= 1
    return row[:last]


def _tidy(cell: Any) -> Any:
    """Return a cell without blanks at its ends, None where nothing is left."""
    if type(cell) is str:
        return cell.strip() or None
    return None if cell is None or cell != cell else cell  # NaN differs from itself


def _frame(cells: pd.DataFrame, *, path: Path, report: InputReport) -> pd.DataFrame:
    """Return the rows below the header as columns of numbers, text or what else the cells are."""
    tidy = np.empty(cells.shape[::-1], dtype=object)
    for at in range(cells.shape[1]):
        tidy[at] = [cell.strip() or None if type(cell) is str else _tidy(cell) for cell in cells[at]]
    filled = tidy != None  # noqa: E711  elementwise
    if not filled.any():
        raise InputError("tables.no_cells", file=path.name)
    numbers = np.flatnonzero(filled.any(axis=0))
    top, body = int(numbers[0]), numbers[1:]
    widest = int(np.flatnonzero(filled.any(axis=1))[-1]) + 1
    width = int(np.flatnonzero(filled[:, top])[-1]) + 1
    last = widest - filled[:widest, body][::-1].argmax(axis=0)
    for number, count in zip(body[last > width], last[last > width], strict=True):
        report.add("tables.extra_cells", "doubtful", int(number) + 1, cells=int(count), headers=width)
    headers = [str(cells.iat[top, at]) if filled[at, top] else "" for at in range(widest)]
    names = _unique_names(headers)
    if repeated := [name for name, header in zip(names, headers, strict=True) if header.strip() not in ("", name)]:
        report.add("tables.repeated_headers", "note", headers=", ".join(repeated))
    report.rows_read = len(body)
    frame = pd.DataFrame({name: _column(tidy[at, body]) for at, name in enumerate(names)})
    frame = frame.set_axis(pd.RangeIndex(len(body)))
    frame["source_file"] = path.name
    frame["source_row"] = body + 1
    frame.attrs["headers"] = tuple(headers)
    return frame


def _unique_names(headers: Iterable[str]) -> list[str]:
    """Return a name per header: itself without blanks at its ends; ``column_3`` where blank; ``name (2)`` where repeated."""
    names: list[str] = []
    taken = {*ROW_COLUMNS, "geometry"}
    for position, header in enumerate(headers, start=1):
        name = base = header.strip() or f"column_{position}"
        copy = 2
        while name in taken:
            name, copy = f"{base} ({copy})", copy + 1
        taken.add(name)
        names.append(name)
    return names


def _column(cells: NDArray[np.object_]) -> pd.Series:
    """Return cells as a series: of numbers where all are and nothing is lost, else of what they are, None where blank."""
    column = pd.Series(cells, dtype=object)
    kinds = set(map(type, cells)) - {type(None)}
    if kinds and kinds <= {int, float}:
        return pd.to_numeric(column)
    texts = cells[cells != None] if kinds == {str} else []  # noqa: E711  elementwise
    if not len(texts) or _NO_PLAIN_NUMBER.search("\n".join(texts)):
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if np.isfinite(numbers).sum() == len(texts) else column
