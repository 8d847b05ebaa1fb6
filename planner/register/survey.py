"""Blank survey workbooks (摸排表), one a township: filled in by the township, they come back as the register.

The header row is in words that `planner.tables` reads without loss; drop-downs keep names and answers to what can be understood;
their lists stand on a second sheet, which is hidden. The row below the header is an example, and is recognised as one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from planner.boundaries import polygons_wgs84
from planner.errors import InputError
from planner.findings import InputReport
from planner.register.names import bare_township, folded
from planner.register.villages import Gazetteer, read_villages
from planner.tables import as_texts, find_columns, nearest_header, read_vector
from planner.tables.formulas import write_cell
from planner.tables.timeless import timeless
from planner.texts import say

FOLDER = "registers"
ROWS = 300
"""Rows below the header that drop-downs reach over."""

_COLUMNS = (
    "id", "name", "zone", "village", "address", "longitude", "latitude", "original_use", "current_use", "area_m2", "floors",
    "built_year", "ownership", "condition", "land_use", "heritage", "hazard", "build_mode", "cost_yuan", "status", "contact",
    "phone", "remarks",
)  # fmt: skip
_CHOICES = (
    "original_use",
    "current_use",
    "ownership",
    "condition",
    "land_use",
    "heritage",
    "hazard",
    "build_mode",
    "status",
)
_HEADER_ROW = 3
_TEXT_COLUMNS = ("id", "phone")  # typed as numbers they would lose zeros and digits
_HEAD = PatternFill("solid", fgColor="1F4E79")
_EXAMPLE = PatternFill("solid", fgColor="EFEFEF")
_LINE = Side("thin", color="BFBFBF")


@dataclass(frozen=True)
class _Township:
    name: str
    code: str | None
    villages: tuple[str, ...]


def new_register(
    folder: Path | str,
    *,
    zones: Path | str,
    villages: Path | str | None = None,
    zone_name: str | None = None,
    zone_code: str | None = None,
    language: str = "zh",
) -> list[Path]:
    """Write a blank survey workbook for each township of the layer `zones` into `folder`/registers, and return their paths.

    `villages` (a layer or a table) gives the drop-downs of village names. Workbooks that are there already, since somebody may
    have filled them in, are not touched.

    Raises
    ------
    InputError
        A workbook is there already, the layer cannot be read, or it has no column of names.
    """
    target = Path(folder) / FOLDER
    townships = _townships(Path(zones), None if villages is None else Path(villages), zone_name, zone_code)
    paths = [target / f"{_file_name(each.name)}{say('register.survey_file', language)}.xlsx" for each in townships]
    there = [path for path in paths if path.exists()]
    if there:
        raise InputError("register.survey_exists", file=there[0].as_posix(), count=len(there))
    target.mkdir(parents=True, exist_ok=True)
    for path, township in zip(paths, townships, strict=True):
        unfinished = path.with_name(f".{path.name}.part")
        unfinished.write_bytes(timeless(_workbook(township, language)))
        unfinished.replace(path)
    return paths


def _townships(zones: Path, villages: Path | None, zone_name: str | None, zone_code: str | None) -> list[_Township]:
    report = InputReport("zones", zones.name)
    frame = polygons_wgs84(read_vector(zones, report=report), datum=None, report=report)
    headers = [str(name) for name in frame.columns if name not in ("geometry", "source_file", "source_row")]
    found = find_columns(headers, ("zone", "name", "zone_code"))
    header = zone_name or found.get("zone") or found.get("name")
    for field in (header, zone_code):
        if field not in (None, *headers):
            near = nearest_header(str(field), headers)
            raise InputError(
                "boundaries.unknown_field", file=zones.name, field=field, fields=", ".join(headers), nearest=near
            )
    if header is None:
        near = nearest_header("zone", headers)
        raise InputError("register.no_zone_names", file=zones.name, headers=", ".join(headers), nearest=near)
    code = zone_code or found.get("zone_code") or next((h for h in headers if h.casefold() == "code"), None)
    codes = [None] * len(frame) if code is None else as_texts(frame[code])
    known = None if villages is None else _known_villages(villages, frame, header, codes)
    unique = dict.fromkeys((name, code) for name, code in zip(as_texts(frame[header]), codes, strict=True) if name)
    return [_Township(name, code, _villages_of(known, name, code)) for name, code in unique]


def _known_villages(path: Path, zones: gpd.GeoDataFrame, header: str, codes: Sequence[str | None]) -> Gazetteer:
    layer = gpd.GeoDataFrame(
        {"zone": as_texts(zones[header]), "zone_code": codes}, geometry=zones.geometry.to_numpy(), crs=zones.crs
    )
    return read_villages(path, report=InputReport("villages", path.name), zones=layer)


def _villages_of(known: Gazetteer | None, name: str, code: str | None) -> tuple[str, ...]:
    if known is None:
        return ()
    mine = [
        village
        for village, zone, zone_code in zip(known.name, known.zone, known.zone_code, strict=True)
        if village and (bare_township(zone) == bare_township(name) or (code and folded(zone_code) == folded(code)))
    ]
    return tuple(dict.fromkeys(mine))


def _workbook(township: _Township, language: str) -> Workbook:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = re.sub(r"[\\/*?:\[\]]", "_", township.name)[:31]
    lists = book.create_sheet(say("register.survey_lists", language))
    lists.sheet_state = "hidden"
    title = _write(sheet, 1, 1, say("register.survey_title", language, zone=township.name))
    title.font = Font(bold=True, size=14)
    sheet.append([say("register.survey_how", language)])
    sheet["A2"].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=2, end_row=2, start_column=1, end_column=len(_COLUMNS))
    sheet.row_dimensions[2].height = 66
    choices = {column: _choices(column, language) for column in _CHOICES}
    choices |= {"zone": (township.name,), "village": township.villages}
    for number, column in enumerate(_COLUMNS, start=1):
        _write_column(sheet, number, column, township, choices.get(column, ()), language)
        _add_choices(sheet, lists, number, choices.get(column, ()), is_closed=column in ("zone", "village", "status"))
    sheet.freeze_panes = f"C{_HEADER_ROW + 1}"
    return book


def _choices(column: str, language: str) -> tuple[str, ...]:
    return tuple(say(f"register.choices_{column}", language).split("|"))


def _write_column(
    sheet: Worksheet, number: int, column: str, township: _Township, choices: Sequence[str], language: str
) -> None:
    head = sheet.cell(_HEADER_ROW, number, say(f"register.header_{column}", language))
    head.font, head.fill = Font(bold=True, color="FFFFFF"), _HEAD
    head.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    example = {"id": say("register.survey_example", language), "zone": township.name}
    text = example.get(column)
    if text is None and choices:
        text = choices[0]
    elif text is None and column in ("name", "address", "longitude", "latitude", "area_m2", "cost_yuan"):
        text = say(f"register.example_{column}", language)
    cell = _write(sheet, _HEADER_ROW + 1, number, text)
    cell.fill, cell.font = _EXAMPLE, Font(italic=True, color="7F7F7F")
    head.border = cell.border = Border(_LINE, _LINE, _LINE, _LINE)
    dimension = sheet.column_dimensions[get_column_letter(number)]
    if column in _TEXT_COLUMNS:
        dimension.number_format = "@"
    dimension.width = 18 if column in ("name", "address", "remarks") else 12


def _add_choices(sheet: Worksheet, lists: Worksheet, number: int, choices: Sequence[str], *, is_closed: bool) -> None:
    """Give a column its drop-down; another answer is refused where only the listed ones are understood, else asked about."""
    if not choices:
        return
    letter = get_column_letter(number)
    for row, choice in enumerate(choices, start=1):
        _write(lists, row, number, choice)
    source = f"{quote_sheetname(lists.title)}!${letter}$1:${letter}${len(choices)}"
    rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
    rule.errorStyle = "stop" if is_closed else "warning"
    rule.add(f"{letter}{_HEADER_ROW + 1}:{letter}{_HEADER_ROW + 1 + ROWS}")
    sheet.add_data_validation(rule)


def _write(sheet: Worksheet, row: int, column: int, text: str | None) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    write_cell(cell, text)
    return cell


def _file_name(name: str) -> str:
    """Return a name that every file system takes; one that Windows keeps for itself gets a stroke behind it."""
    plain = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).rstrip(". ") or "_"
    return f"{plain}_" if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", plain) else plain
