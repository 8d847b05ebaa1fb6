"""Workbooks to sheets: xlsx and xlsm, xls, ods; only what can be seen, and formulas by the values they last had.

Macros are never looked at. Each format has its own reader below; all of them are bounded in what they take into memory.
"""

from pathlib import Path

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.columns import Sheet
from planner.tables.ods import read_ods
from planner.tables.xls import read_xls
from planner.tables.xlsx import read_xlsx

_READERS = {".xlsx": read_xlsx, ".xlsm": read_xlsx, ".xls": read_xls, ".ods": read_ods}
_FEW = 10  # cells named one by one; above, they are counted in one finding


def read_workbook(path: Path, *, report: InputReport) -> list[Sheet]:
    """Return the visible sheets of a workbook that have anything in them, in its order.

    Raises
    ------
    InputError
        The workbook is damaged, under a password, or too large.
    """
    try:
        sheets = _READERS[path.suffix.lower()](path, report=report)
    except InputError:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as fault:  # whatever a damaged part makes a reader raise, panics of compiled ones included
        raise InputError("tables.unreadable", file=path.name, fault=str(fault) or type(fault).__name__) from fault
    return [sheet for sheet in sheets if sheet.height]


def report_formulas(sheet: Sheet, *, on_sheet: str | None, report: InputReport) -> None:
    """Report the cells of a sheet whose formula has no stored value, or one that is an error."""
    for code, cells in (("no_value", sheet.uncalculated), ("error_value", sheet.errors)):
        if len(cells) > _FEW:
            report.add(
                f"tables.formulas_{code}",
                "doubtful",
                on_sheet=on_sheet,
                count=len(cells),
                cell=cells[0],
                sheet=sheet.title,
            )
            continue
        for cell in cells:
            row = int("".join(letter for letter in cell if letter.isdigit()))
            report.add(f"tables.formula_{code}", "doubtful", row, on_sheet=on_sheet, cell=cell)
