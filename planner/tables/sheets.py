"""Which sheets of a workbook are the table: those under the same headers, without one that only repeats the others' rows."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from planner.findings import InputReport
from planner.tables.columns import Sheet
from planner.tables.headers import Synonyms, find_columns, fold
from planner.tables.layout import Layout, lay_out

_NAMED = 10
_COUNTERS = frozenset({"序号", "no", "编次", "index", ""})


def choose_sheets(sheets: Sequence[Sheet], *, synonyms: Synonyms | None, report: InputReport) -> list[Layout]:
    """Return the sheets that make up the table, in the workbook's order; those left out are reported.

    The first sheet with two known headers (else the first with anything in it) says what the table is; a sheet belongs to it when
    it has the same headers, or means the same columns by them.
    """
    layouts = [layout for layout in (lay_out(sheet, synonyms=synonyms) for sheet in sheets) if layout is not None]
    if not layouts:
        return []
    known = [frozenset(find_columns(layout.headers, synonyms=synonyms)) for layout in layouts]
    main = next((at for at, columns in enumerate(known) if len(columns) >= 2), 0)
    words = _words(layouts[main])
    alike = [
        at
        for at, layout in enumerate(layouts)
        if at == main or _words(layout) == words or (len(known[main]) >= 2 and known[at] == known[main])
    ]
    chosen = [layouts[at] for at in alike]
    others = [_title(layout) for at, layout in enumerate(layouts) if at not in alike]
    repeats = _repeats(chosen)
    read = [layout for at, layout in enumerate(chosen) if at not in repeats]
    for at in repeats:
        report.add("tables.summary_sheet", "note", sheet=_title(chosen[at]), count=len(chosen[at].body))
    titles = ", ".join(map(_title, read[:_NAMED])) + (" …" if len(read) > _NAMED else "")
    report.figures["sheet"] = titles
    if len(read) > 1:
        report.figures["sheets"] = {_title(layout): len(layout.body) for layout in read}
        rows = sum(len(layout.body) for layout in read)
        report.add("tables.sheets_joined", "note", count=len(read), sheets=titles, rows=rows)
        for layout in read:
            if not len(layout.body):
                report.add("tables.sheet_without_rows", "doubtful", sheet=_title(layout))
    if others:
        listed = ", ".join(others[:_NAMED]) + (" …" if len(others) > _NAMED else "")
        report.add("tables.other_sheets", "note", sheet=titles, others=listed)
    return read


def _title(layout: Layout) -> str:
    return layout.sheet.title or ""


def _words(layout: Layout) -> frozenset[str]:
    return frozenset(fold(header) for header in layout.headers) - {""}


def _repeats(layouts: Sequence[Layout]) -> list[int]:
    """Return the sheets each of whose rows stands in another one too: a summary (汇总), or a copy. The largest goes first."""
    if len(layouts) < 2:
        return []
    rows = [_rows(layout) for layout in layouts]
    left = sum(rows, Counter[Any]())
    found = []
    for at in sorted(range(len(layouts)), key=lambda at: (-rows[at].total(), -at)):
        if rows[at] and all(left[row] >= 2 * count for row, count in rows[at].items()):
            left -= rows[at]
            found.append(at)
    return sorted(found)


def _rows(layout: Layout) -> Counter[Any]:
    """Return the rows of a sheet by what they say, row counters apart; a row of one cell says too little."""
    columns = [
        (fold(header), column.cell)
        for header, column in zip(layout.headers, layout.columns, strict=True)
        if fold(header) not in _COUNTERS
    ]
    said = (
        frozenset((name, str(value)) for name, cell in columns if (value := cell(int(row))) is not None)
        for row in layout.body
    )
    return Counter(row for row in said if len(row) > 1)
