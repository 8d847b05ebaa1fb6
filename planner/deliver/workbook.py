"""The plan as a workbook for an office: the proposed sites in the county's own columns, zones, centres, and the figures.

Names from files are written as text, never as formulas. Equal results give byte-equal files.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from planner.deliver.geojson import plain_values
from planner.results.wording import choice_sentences, group_name, rules_text, yuan_text
from planner.run import Run
from planner.tables.formulas import write_cell
from planner.tables.timeless import timeless
from planner.texts import catalogue, say

_HEAD = PatternFill("solid", fgColor="1F4E79")
_OWN = PatternFill("solid", fgColor="7F7F7F")
_LINE = Border(bottom=Side("thin", color="D9D9D9"))
_WIDEST = 42


def write_workbook(run: Run, path: Path) -> None:
    """Write the workbook in the project's language."""
    project = run.inputs.project
    language, groups = project.language, project.groups
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    tables = run.tables
    _figures(_sheet(book, "figures", language), run)
    _table(_sheet(book, "sites", language), _sites(run), language)
    if tables.zones is not None:
        columns = ["zone", "zone_code", "centres", "sites"]
        for group in groups:
            columns += [f"{kind}_{group}" for kind in ("population", "covered_before", "covered_after")]
            columns += [f"share_{when}_{group}" for when in ("before", "after")]
        columns += ["served_after"] if run.summary["served"] is not None else []
        _table(_sheet(book, "zones", language), _headed(tables.zones[columns], language), language)
    facility = ["id", "name", "zone", "status", "kind", "excluded_reason", "duplicate_of", "upgradable"]
    facility += ["position_quality", "position_uncertainty_m", "snap_m"]
    facility += [f"{kind}_{group}" for group in groups for kind in ("people", "only_here")]
    for name, table in (("centres", tables.centres), ("candidates", tables.candidates)):
        extra = ["served"] if run.summary["served"] is not None else []
        extra += ["cost_yuan", "rank"] if name == "candidates" else []
        _table(_sheet(book, name, language), _headed(_worded(table[[*facility, *extra]], language), language), language)
    curve = run.plan.frontier
    _table(_sheet(book, "frontier", language), _headed(curve, language), language)
    path.write_bytes(timeless(book))


def table_workbook(title: str, table: pd.DataFrame, language: str) -> bytes:
    """Return one table as a workbook of one sheet, under the headers it has; text stays text whatever it begins with."""
    book = Workbook()
    assert book.active is not None
    book.active.title = title
    columns = [(str(header), plain_values(table[header]), False) for header in table.columns]
    _table(book.active, columns, language)
    return timeless(book)


def _sheet(book: Workbook, name: str, language: str) -> Worksheet:
    return book.create_sheet(say(f"workbook.sheet_{name}", language))


def _sites(run: Run) -> list[tuple[str, list[Any], bool]]:
    """Return the proposed sites: rank first, then the county's own columns as they were, then what the planner found."""
    project, tables = run.inputs.project, run.tables
    language, group = project.language, project.main_group
    chosen = run.inputs.facilities.iloc[run.plan.selected]
    columns = _headed(tables.sites[["rank"]], language)
    for role, original in run.inputs.original.items():
        own = chosen[chosen["role"] == role]
        if len(own):
            rows = original.iloc[own["own_row"].to_numpy()].set_axis(own.index).reindex(chosen.index)
            columns += [(str(header), plain_values(rows[header]), True) for header in rows.columns]
    found = ["id", "name", "zone", "status"]
    found += [f"{kind}_{each}" for each in project.groups for kind in ("gain", "cumulative")]
    found += [f"people_{group}", "cost_yuan", "loss_if_dropped", "replacement_id", "replacement_loss"]
    sites = tables.sites[found]
    if run.summary["served"] is not None:
        sites = sites.rename(columns={f"{kind}_{group}": f"served_{kind}" for kind in ("gain", "cumulative")})
    return columns + _headed(_worded(sites, language), language)


def _worded(table: pd.DataFrame, language: str) -> pd.DataFrame:
    """Put status and reasons into words; a reason out of the project file is in words already."""
    table = pd.DataFrame(table).copy()
    for column in ("status", "excluded_reason", "position_quality", "upgradable"):
        if column in table:
            words = [_word(column, code, language) for code in table[column]]
            table[column] = pd.Series(words, index=table.index, dtype=object)
    return table


def _word(column: str, code: Any, language: str) -> str | None:
    if pd.isna(code) or code is False:
        return None
    known = catalogue(language)
    names = (f"workbook.{column}_{code}", f"register.excluded_{code}")
    return next((say(name, language) for name in names if name in known), str(code))


def _headed(table: pd.DataFrame, language: str) -> list[tuple[str, list[Any], bool]]:
    """Return ``(header, values, is the county's own)`` for each column, the header in words."""
    return [(_header(str(column), language), plain_values(table[column]), False) for column in table.columns]


def _header(column: str, language: str) -> str:
    for stem in ("population", "covered_before", "covered_after", "share_before", "share_after", "people", "only_here",
                 "gain", "cumulative"):  # fmt: skip
        if column.startswith(f"{stem}_"):
            return say(f"workbook.column_{stem}", language, group=group_name(column[len(stem) + 1 :], language))
    return say(f"workbook.column_{column}", language)


def _figures(sheet: Worksheet, run: Run) -> None:
    summary, language = run.summary, run.inputs.project.language
    group = group_name(summary["group"], language)
    main = summary["group"]
    rows: list[tuple[str, Any, str]] = [
        ("project", summary["project"], "@"),
        ("walking", say("workbook.walking", language, **summary["walking"]), "@"),
        ("group", group, "@"),
        ("people", summary["population"][main], "#,##0"),
        ("covered_before", summary["covered_before"][main], "#,##0"),
        ("share_before", summary["share_before"], "0.0%"),
        ("covered_after", summary["covered_after"][main], "#,##0"),
        ("share_after", summary["share_after"], "0.0%"),
        *_served(summary),
        ("new_sites", len(summary["sites"]), "0"),
        *_money(summary, language),
        *_bound(summary, language),
        ("proof", say(f"workbook.proof_{_proof(summary)}", language), "@"),
        *(("choice", say(told.code, language, **told.params), "@") for told in choice_sentences(summary)),
        ("gap", summary["gap"], "0.00%"),
        ("gain_gap", summary["gain_gap"], "0.00%"),
        ("unreachable", summary["unreachable"]["population"], "#,##0"),
        ("agreement", summary["agreement"]["after"]["share"], "0.00%"),
    ]
    if summary["walking"]["rules"]:
        rows.insert(2, ("rules", rules_text(summary["walking"]["rules"], language), "@"))
    rates = [(f"rate_{letter.lower()}_{when}", rate) for letter in "AV" for when, rate in _rates(summary, letter)]
    rows += [(name, rate, "0.0%") for name, rate in rates if rate is not None]
    _write(sheet, 1, 1, say("workbook.title", language, name=summary["project"])).font = Font(bold=True, size=14)
    for row, (name, value, form) in enumerate(rows, start=3):
        sheet.cell(row, 1, say(f"workbook.figure_{name}", language)).font = Font(bold=True)
        cell = _write(sheet, row, 2, value)
        cell.number_format = form
        cell.alignment = Alignment(horizontal="left", wrap_text=True, vertical="top")
    sheet.cell(len(rows) + 4, 1, say("workbook.notes", language)).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=len(rows) + 4, end_row=len(rows) + 4, start_column=1, end_column=2)
    sheet.row_dimensions[len(rows) + 4].height = 90
    sheet.column_dimensions["A"].width = 36
    sheet.column_dimensions["B"].width = 60


def _rates(summary: dict[str, Any], letter: str) -> list[tuple[str, float | None]]:
    return [(when, summary["rates"][when][letter]) for when in ("before", "after")]


def _bound(summary: dict[str, Any], language: str) -> list[tuple[str, Any, str]]:
    """Return what no choice passes: the people at most, or for a minimising objective its value and the least possible."""
    if summary["lower_bound"] is None:
        return [("upper_bound", summary["upper_bound"], "#,##0")]
    unit = say(f"workbook.unit_{summary['unit']}", language)
    return [
        ("value", say("workbook.amount", language, amount=summary["value"], unit=unit), "@"),
        ("lower_bound", say("workbook.amount", language, amount=summary["lower_bound"], unit=unit), "@"),
    ]


def _served(summary: dict[str, Any]) -> list[tuple[str, Any, str]]:
    return [(f"served_{name}", people, "#,##0") for name, people in (summary["served"] or {}).items()]


def _money(summary: dict[str, Any], language: str) -> list[tuple[str, Any, str]]:
    if summary["budget_yuan"] is None:
        return []
    return [(name, yuan_text(summary[f"{name}_yuan"], language), "@") for name in ("budget", "cost")]


def _proof(summary: dict[str, Any]) -> str:
    return "forced" if summary["choice"]["is_forced"] else summary["status"]


def _table(sheet: Worksheet, columns: list[tuple[str, list[Any], bool]], language: str) -> None:
    """Write columns with a header row, numbers readable, the first rows and the filter in place."""
    for number, (header, values, is_own) in enumerate(columns, start=1):
        head = _write(sheet, 1, number, header)
        head.font = Font(bold=True, color="FFFFFF")
        head.fill = _OWN if is_own else _HEAD
        head.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        longest = max(map(_width, header.splitlines()), default=4) / 2
        for row, value in enumerate(values, start=2):
            cell = _write(sheet, row, number, value)
            cell.border = _LINE
            if isinstance(value, float) and not is_own:
                cell.number_format = "0.0%" if header.endswith(("%", "％")) else "#,##0"
            longest = max(longest, _width(cell.value if not isinstance(value, float) else f"{value:,.0f}"))
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, 8), _WIDEST)
    sheet.row_dimensions[1].height = 45
    sheet.freeze_panes = "C2"
    if columns and columns[0][1]:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(columns[0][1]) + 1}"


def _write(sheet: Worksheet, row: int, column: int, value: Any) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    write_cell(cell, value)
    return cell


def _width(value: Any) -> int:
    """Return the width of a text in half-width characters."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in str(value)) if value is not None else 0
