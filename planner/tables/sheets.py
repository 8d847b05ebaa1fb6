"""Which sheets of a workbook are the table: those under the same headers, without one that only repeats the others' rows."""

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.columns import Sheet
from planner.tables.headers import Synonyms, find_columns, fold
from planner.tables.layout import Layout, lay_out

_NAMED = 10
_NAMES = ("name", "zone", "zone_code", "village", "village_code")
_COUNTERS = frozenset({"序号", "no", "编次", "index", ""})


def choose_sheets(
    sheets: Sequence[Sheet], *, wanted: str | None = None, synonyms: Synonyms | None, report: InputReport
) -> list[Layout]:
    """Return the sheets that make up the table, in the workbook's order, or the one `wanted`; those left out are reported.

    The first sheet with two known headers (else the first with anything in it) says what the table is; a sheet belongs to it when
    it has the same headers, or means the same columns by them.
    """
    layouts = [layout for layout in (lay_out(sheet, synonyms=synonyms) for sheet in sheets) if layout is not None]
    if wanted is not None:
        return [_wanted(layouts, wanted, report)]
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
        _doubt_same_rows(read, synonyms, report)
    if others:
        listed = ", ".join(others[:_NAMED]) + (" …" if len(others) > _NAMED else "")
        tables = any(len(known[at]) >= 2 and len(layouts[at].body) for at in range(len(layouts)) if at not in alike)
        report.add("tables.other_sheets", "doubtful" if tables else "note", sheet=titles, others=listed)
    return read


def _wanted(layouts: Sequence[Layout], wanted: str, report: InputReport) -> Layout:
    """Return the sheet that the project names."""
    found = next((layout for layout in layouts if _title(layout).strip() == wanted.strip()), None)
    if found is None:
        titles = [_title(layout) for layout in layouts]
        near = next(iter(difflib.get_close_matches(wanted, titles, n=1, cutoff=0.0)), "")
        raise InputError("tables.unknown_sheet", file=report.file, sheet=wanted, near=near, known=", ".join(titles))
    report.figures["sheet"] = _title(found)
    return found


def _doubt_same_rows(layouts: Sequence[Layout], synonyms: Synonyms | None, report: InputReport) -> None:
    """Doubt sheets that name the same places under the same headers, such as one sheet a year: they would count twice."""
    names = [_names(layout, synonyms) for layout in layouts]
    for at, own in enumerate(names):
        for before, others in enumerate(names[:at]):
            same = own & others
            if same and 2 * len(same) >= min(len(own), len(others)):
                first, second = _title(layouts[before]), _title(layouts[at])
                example = " ".join(min(same))
                report.add(
                    "tables.same_on_sheets", "doubtful", first=first, second=second, count=len(same), example=example
                )
                return


def _names(layout: Layout, synonyms: Synonyms | None) -> set[tuple[str, ...]]:
    """Return what the rows of a sheet are called: by the columns of names and codes, else by the first one of texts."""
    found = find_columns(layout.headers, _NAMES, synonyms=synonyms)
    columns = [layout.columns[layout.headers.index(header)] for header in found.values()]
    if not columns:
        texts = (
            column for column in layout.columns if any(isinstance(column.cell(int(row)), str) for row in layout.body)
        )
        columns = [column for column in (next(texts, None),) if column is not None]
    rows = (tuple(str(column.cell(int(row)) or "") for column in columns) for row in layout.body)
    return {row for row in rows if any(row)}


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
