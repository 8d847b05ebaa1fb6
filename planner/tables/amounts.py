"""Quantities of a register: money and floor area in one unit, years and numbers of floors out of what people write."""

import datetime
import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.tables.decimal_marks import report_marks
from planner.tables.headers import UNITS, unit_of
from planner.tables.layout import shown
from planner.tables.rows import Remarks
from planner.tables.values import as_numbers, as_texts, half_width

_MONEY = frozenset({"cost_yuan", "paid_yuan"})
_YEAR = re.compile(r"(?<!\d)(1[0-9]\d\d|20\d\d)(?!\d)")
_DECADE = re.compile(r"(?<!\d)(\d0)年代")
_FLOORS = re.compile(
    r"(?:地上|共|总|约)*(\d{1,3}(?:\.\d)?|[一二两三四五六七八九十])\s*(?:层|楼|f|floors?|storeys?)?半?(?:[(,、/+].*)?"
)
_NUMERALS = {numeral: number for number, numeral in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}
_EARLIEST, _LATEST = 1000, 2099
_MOST_FLOORS = 200
_MOST_AREA_M2 = 1e6  # the largest buildings of the world have two to four times that
_MOST_YUAN = 1e9
_MOST_YUAN_A_M2, _LEAST_YUAN_A_M2 = 100_000.0, 1.0  # a new hospital takes some 10,000


def amounts(
    frame: pd.DataFrame, header: str | None, *, quantity: str, money_unit: str | None, remarks: Remarks
) -> NDArray[np.float64]:
    """Return a column of amounts in yuan, square metres or people; NaN, and a finding, where a cell is no amount.

    `money_unit` is what a note above the table says; it counts where the header says nothing.
    """
    if header is None:
        return np.full(len(frame), np.nan)
    column, unit = shown(header), unit_of(header)
    unitless = quantity in _MONEY and unit is None and not header.casefold().endswith("yuan")
    if unitless and money_unit is not None:
        unit = UNITS[money_unit]
    numbers = as_numbers(frame[header], unit=unit, mark=report_marks(frame, header, report=remarks.report))
    filled = ~numbers.blank
    if filled.any() and numbers.bad[filled].all():
        remarks.report.add("tables.not_a_number_column", "note", column=column, quantity=quantity)
        return np.full(len(frame), np.nan)
    if unitless and filled.any():
        if money_unit is None:
            remarks.report.add(
                "tables.cost_without_unit", "doubtful", column=column, value=float(np.nanmax(numbers.values))
            )
        else:
            remarks.report.add("tables.unit_above", "note", column=column, unit=money_unit)
    negative = numbers.values < 0
    texts: list[str | None] = []
    for at in map(int, np.flatnonzero(numbers.bad | negative | numbers.read_from_text | numbers.pending)):
        texts = texts or as_texts(frame[header])
        if numbers.pending[at]:
            remarks.add("tables.amount_pending", "doubtful", at, column=column, value=texts[at])
        elif numbers.bad[at] or negative[at]:
            remarks.add("tables.bad_amount", "doubtful", at, column=column, value=texts[at])
        else:
            read = float(numbers.values[at])
            remarks.add("tables.amount_read", "repaired", at, column=column, value=texts[at], amount=read)
    return np.where(negative, np.nan, numbers.values)


def doubt_unlikely(
    frame: pd.DataFrame, columns: dict[str, str], quantities: dict[str, NDArray[np.float64]], *, remarks: Remarks
) -> None:
    """Report the amounts that no building has: yuan typed under 万元 or the other way round, a floor of a square kilometre."""
    area = quantities["area_m2"]
    large = area > _MOST_AREA_M2
    for name in _MONEY & columns.keys():
        cost = quantities[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            a_metre = np.where((area > 0) & ~large, cost / area, np.nan)
        unlikely = (cost > _MOST_YUAN) | (a_metre > _MOST_YUAN_A_M2) | ((a_metre > 0) & (a_metre < _LEAST_YUAN_A_M2))
        _report_unlikely(frame, columns[name], unlikely, cost, "tables.cost_unlikely", remarks)
    if "area_m2" in columns:
        _report_unlikely(frame, columns["area_m2"], large, area, "tables.area_unlikely", remarks)


def _report_unlikely(
    frame: pd.DataFrame,
    header: str,
    unlikely: NDArray[np.bool_],
    values: NDArray[np.float64],
    code: str,
    remarks: Remarks,
) -> None:
    if unlikely.any():
        texts = as_texts(frame[header])
        for at in map(int, np.flatnonzero(unlikely)):
            amount = round(float(values[at]), 2)
            remarks.add(code, "doubtful", at, column=shown(header), value=texts[at], amount=amount)


def years(frame: pd.DataFrame, header: str | None, *, remarks: Remarks) -> NDArray[np.float64]:
    """Return the years that a column of years or dates says (2015年5月, a date, 90年代 as 1990); NaN where it says none."""
    if header is None:
        return np.full(len(frame), np.nan)
    values = np.array([_year(cell, text) for cell, text in zip(frame[header], as_texts(frame[header]), strict=True)])
    _report_unread(frame[header], values, header, remarks)
    return values


def floors(frame: pd.DataFrame, header: str | None, *, remarks: Remarks) -> NDArray[np.float64]:
    """Return numbers of floors (3, 3层, 地上3层, 三层); NaN where a cell says none."""
    if header is None:
        return np.full(len(frame), np.nan)
    values = np.array([_floors(text) for text in as_texts(frame[header])])
    _report_unread(frame[header], values, header, remarks)
    return values


def _year(cell: object, text: str | None) -> float:
    if isinstance(cell, datetime.date | pd.Timestamp) and cell is not pd.NaT:
        return float(cell.year)
    plain = half_width(text or "")
    if match := _YEAR.search(plain):
        return float(match[1]) if _EARLIEST <= int(match[1]) <= _LATEST else np.nan
    if match := _DECADE.search(plain):
        return 1900.0 + int(match[1]) if int(match[1]) >= 30 else 2000.0 + int(match[1])
    return np.nan


def _floors(text: str | None) -> float:
    plain = half_width(text or "").casefold()
    match = _FLOORS.fullmatch(plain)
    if match is None:
        return np.nan
    number = float(_NUMERALS.get(match[1], match[1]))
    return number if number <= _MOST_FLOORS else np.nan


def _report_unread(column: pd.Series, values: NDArray[np.float64], header: str, remarks: Remarks) -> None:
    """Report the cells that say something but not this; in one finding where no cell says it."""
    numbers = as_numbers(column)
    bad = np.isnan(values) & ~numbers.blank
    if bad.any() and np.isnan(values).all():
        remarks.report.add("tables.not_a_number_column", "note", column=shown(header), quantity=shown(header))
        return
    texts = as_texts(column)
    for at in map(int, np.flatnonzero(bad)):
        remarks.add("tables.bad_amount", "doubtful", at, column=shown(header), value=texts[at])
