"""What a workbook holds that nobody sees at a glance: hidden sheets and rows, remarks on cells. It is said, never passed over."""

from collections.abc import Sequence

from planner.findings import InputReport
from planner.tables.columns import Sheet
from planner.tables.layout import shown

_NAMED = 10


def report_hidden_sheets(titles: Sequence[str], *, report: InputReport) -> None:
    """Note the sheets that are hidden, which are not read."""
    if titles:
        listed = ", ".join(map(shown, titles[:_NAMED])) + (" …" if len(titles) > _NAMED else "")
        report.add("tables.hidden_sheets", "note", count=len(titles), sheets=listed)


def report_hidden_cells(sheet: Sheet, *, last_header_row: int, on_sheet: str | None, report: InputReport) -> None:
    """Doubt the rows of a sheet that are hidden, which are read like any other, and quote the remarks on its cells."""
    hidden = [row for row in sheet.hidden_rows if last_header_row < row <= sheet.height]
    if hidden:
        rows = ", ".join(map(str, hidden[:_NAMED])) + (" …" if len(hidden) > _NAMED else "")
        report.add("tables.hidden_rows", "doubtful", on_sheet=on_sheet, count=len(hidden), rows=rows)
    for cell, text in sheet.comments[:_NAMED]:
        row = int("".join(letter for letter in cell if letter.isdigit()) or 0)
        report.add("tables.cell_comment", "doubtful", row or None, on_sheet=on_sheet, cell=cell, text=shown(text))
    if len(sheet.comments) > _NAMED:
        report.add("tables.cell_comments", "doubtful", on_sheet=on_sheet, count=len(sheet.comments) - _NAMED)
