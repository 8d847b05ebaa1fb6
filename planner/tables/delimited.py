"""Delimited text to a sheet: commas, tabs or semicolons, in whatever encoding, ragged or not."""

import csv
import io
from itertools import islice, zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.columns import Sheet, text_sheet
from planner.tables.encodings import decode, doubt_encoding

_MOST_BYTES = 256 * 1024 * 1024  # a million rows take 50 to 150 MB
_MOST_CELLS = 24_000_000
_FIRST_LINES = 50
_ROWS = 1 << 15  # records taken apart at a time
_BLOCK = 1 << 24  # a line must fit in

csv.field_size_limit(2**24)


def read_delimited(path: Path, *, report: InputReport, encoding: str | None = None) -> Sheet:
    """Return the cells of a delimited text, one row per record, blank records included.

    Raises
    ------
    InputError
        The text is too large, is none, or is in another encoding.
    """
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise InputError("tables.text_too_large", file=path.name, size_mb=size >> 20, limit_mb=_MOST_BYTES >> 20)
    text, report.figures["encoding"] = decode(path, encoding)
    report.figures["encoding"] = report.figures["encoding"].removesuffix("-sig")
    if encoding is None:
        doubt_encoding(text, report.figures["encoding"], report=report)
    if "\x00" in text:
        raise InputError("tables.unknown_content", file=path.name, expected=path.suffix)
    delimiter = _delimiter(text)
    if '"' not in text:
        sheet = _even(text, delimiter, file=path.name)
        if sheet is not None:
            return sheet
    return _ragged(text, delimiter, report=report)


def _delimiter(text: str) -> str:
    """Return the mark that the first line with any of them has most of; titles above a header often have none."""
    lines = io.StringIO(text)
    for line, _ in zip(lines, range(_FIRST_LINES), strict=False):
        counts = {mark: line.count(mark) for mark in ",\t;"}
        if any(counts.values()):
            return max(counts, key=counts.__getitem__)
    return ","


def _even(text: str, delimiter: str, *, file: str) -> Sheet | None:
    """Return the sheet of a text without quotes whose lines are all as long as its first; None where they are not."""
    first = next(iter(io.StringIO(text)), "")
    width = first.count(delimiter) + 1
    names = [f"f{at}" for at in range(width)]
    try:
        table = pacsv.read_csv(
            io.BytesIO(text.encode("utf-8")),
            read_options=pacsv.ReadOptions(column_names=names, block_size=_BLOCK),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    _refuse_endless(table.num_rows, width, file=file)
    return text_sheet(table.columns, table.num_rows, delimiter=delimiter)


def _ragged(text: str, delimiter: str, *, report: InputReport) -> Sheet:
    """Return the sheet of a text of any kind; where its quotation marks do not pair, as best it can be read, and reported."""
    try:
        blocks, last = _blocks(text, delimiter, strict=True, file=report.file)
    except _LooseQuotesError as loose:
        report.add("tables.loose_quotes", "doubtful", line=loose.line)
        try:
            blocks, last = _blocks(text, delimiter, strict=False, file=report.file)
        except _LooseQuotesError as fault:
            raise InputError("tables.unreadable", file=report.file, fault=str(fault)) from fault
    width = max(map(len, blocks), default=0)
    height = sum(len(block[0]) for block in blocks)
    if 0 < last < width and not text.endswith(("\n", "\r")):
        report.add("tables.cut_short", "doubtful", height, cells=last, headers=width)
    columns = (
        pa.chunked_array(
            [block[at] if at < len(block) else pa.nulls(len(block[0]), pa.string()) for block in blocks], pa.string()
        )
        for at in range(width)
    )
    return text_sheet(columns, height, delimiter=delimiter)


class _LooseQuotesError(Exception):
    """Quotation marks that do not pair, and the line where that was noticed."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line = line


def _blocks(text: str, delimiter: str, *, strict: bool, file: str) -> tuple[list[list[pa.Array]], int]:
    """Return the records as columns, some thousand records at a time, and how many cells the last one has."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    blocks: list[list[pa.Array]] = []
    last = width = 0
    try:
        while rows := list(islice(reader, _ROWS)):
            last = len(rows[-1])
            width = max(width, *map(len, rows))
            _refuse_endless(_ROWS * len(blocks) + len(rows), width, file=file)
            columns = [pa.array(cells, pa.string()) for cells in zip_longest(*rows, fillvalue="")]
            blocks.append(columns or [pa.nulls(len(rows), pa.string())])
    except csv.Error as fault:
        raise _LooseQuotesError(reader.line_num, str(fault)) from fault
    return blocks, last


def _refuse_endless(rows: int, columns: int, *, file: str) -> None:
    if rows * columns > _MOST_CELLS:
        raise InputError("tables.too_many_cells", file=file, rows=rows, columns=columns, limit=_MOST_CELLS)
