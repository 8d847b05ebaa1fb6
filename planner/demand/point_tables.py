"""A table or layer of points with people to demand points: each row in the study area is a point."""

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.boundaries import Area
from planner.crs import WGS84, transformer
from planner.demand.model import Floats, Part, PeopleTable, PopulationSource, Weights, account, add_up, report_outside
from planner.demand.residency import note_kind, people_column
from planner.errors import InputError
from planner.findings import InputReport
from planner.tables import as_numbers, as_texts, nearest_header, positions
from planner.tables.decimal_marks import report_marks
from planner.tables.headers import fold, unit_of
from planner.tables.rows import own_columns

_NAMED = 10


def read_points(sources: Sequence[PopulationSource], frame: pd.DataFrame, area: Area) -> Part:
    """Return the points of one table, with one weight per group; `frame` is what the first source's report accounts for.

    Raises
    ------
    InputError
        There is no such column, or it holds negative people.
    """
    located = positions(frame, datum=sources[0].section.datum, report=sources[0].report)
    share_account(sources)
    lon, lat = located.longitude, located.latitude
    inside = area.holds(lon, lat)
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    weights: Weights = {}
    left_out: list[dict[str, Any]] = []
    for source in sources:
        people = people_of(frame, source, sources)
        known, people = ~np.isnan(people), np.nan_to_num(people)
        lost = np.isnan(lon) & (people > 0)
        left_out += left_out_rows(source, people, rows, lost, located.reason)
        outside = ~inside & ~np.isnan(lon) & known
        source.report.rows_used = int((inside & known).sum())
        source.report.figures |= {
            "rows_outside": int(outside.sum()),
            "rows_without_people": int((inside & known & (people == 0)).sum()),
        }
        account(
            source.report,
            placed=math.fsum(people[inside]),
            outside=math.fsum(people[outside]),
            left_out=math.fsum(people[lost]),
        )
        report_outside(source.report, int(outside.sum()), float(people[outside].sum()), of="rows")
        add_up(weights, source, people[inside])
    x, y = transformer(WGS84, area.crs).transform(lon[inside], lat[inside])
    return Part(sources[0].path.name, rows[inside], x, y, weights, left_out)


def people_of(frame: pd.DataFrame, source: PeopleTable, sources: Sequence[PeopleTable] = ()) -> Floats:
    """Return a source's people per row, NaN where the cell says no number; such rows are reported as dropped.

    A low or high estimate that a row does not give is the number that `sources`, the others of this table, give for its group.

    Raises
    ------
    InputError
        There is no such column, or it holds negative people.
    """
    column = _column_of(frame, source)
    note_kind(source, column)
    mark = report_marks(frame, column, report=source.report)
    numbers = as_numbers(frame[column], unit=unit_of(column), mark=mark)
    rows, texts = frame["source_row"].to_numpy(), None
    if (numbers.values < 0).any():
        wrong = [int(row) for row in rows[numbers.values < 0]]
        named = ", ".join(map(str, wrong[:_NAMED])) + (" ..." if len(wrong) > _NAMED else "")
        raise InputError(
            "demand.negative_people",
            file=source.report.file,
            column=column,
            count=len(wrong),
            rows=named,
            all_rows=wrong,
        )
    source.report.figures["columns"] = {**source.report.figures.get("columns", {}), "people": column}
    if source.bound is not None:
        return _filled(frame, numbers.values, column, source, sources)
    for at in np.flatnonzero(numbers.blank):
        source.report.add("demand.blank_people", "dropped", int(rows[at]), column=column)
    for at in np.flatnonzero(numbers.bad):
        texts = texts or as_texts(frame[column])
        source.report.add("demand.bad_people", "dropped", int(rows[at]), column=column, value=texts[at])
    return numbers.values


def _column_of(frame: pd.DataFrame, source: PeopleTable) -> str:
    """Return the column that holds a source's people."""
    file, own, wanted = source.report.file, own_columns(frame), source.column
    if wanted is None:
        everybody = source.group == "total" and source.bound is None
        found = people_column(own, source.section.kind, report=source.report) if everybody else None
        if found is None:
            raise InputError("demand.no_column_given", file=file, headers=", ".join(own))
        return found
    column = _column_called(wanted, own)
    if column is None:
        near = nearest_header(wanted, own)
        raise InputError("demand.unknown_column", file=file, column=wanted, headers=", ".join(own), nearest=near)
    return column


def _filled(
    frame: pd.DataFrame, values: Floats, column: str, source: PeopleTable, sources: Sequence[PeopleTable]
) -> Floats:
    """Return an estimate with the group's own numbers where it gives none."""
    missing = np.isnan(values)
    same = [other for other in sources if other.key == (source.group, None)]
    if not missing.any() or not same:
        return values
    source.report.add("demand.blank_bound", "doubtful", column=column, count=int(missing.sum()))
    names = [_column_of(frame, other) for other in same]
    marks = [report_marks(frame, name, report=source.report) for name in names]
    central = [
        as_numbers(frame[name], unit=unit_of(name), mark=mark).values for name, mark in zip(names, marks, strict=True)
    ]
    return np.where(missing, np.sum(central, axis=0), values)


def left_out_rows(
    source: PopulationSource,
    people: Floats,
    rows: NDArray[np.int64],
    lost: NDArray[np.bool_],
    reason: NDArray[np.object_],
) -> list[dict[str, Any]]:
    """Return a row of `Demand.left_out` for each of the `lost`; those of a low or high estimate are no people of their own."""
    return [
        {
            "group": source.group,
            "people": float(people[at]),
            "reason": reason[at],
            "source_file": source.path.name,
            "source_row": int(rows[at]),
        }
        for at in (np.flatnonzero(lost) if source.bound is None else ())
    ]


def share_account(sources: Sequence[PopulationSource]) -> None:
    """Give what was found in reading a file to all the reports of its groups."""
    first = sources[0].report
    for source in sources[1:]:
        _copy_account(first, source.report)


def _copy_account(source: InputReport, target: InputReport) -> None:
    target.rows_read, target.rows_used = source.rows_read, source.rows_used
    target.figures |= copy.deepcopy(source.figures)
    target.findings += source.findings


def _column_called(name: str, headers: Sequence[str]) -> str | None:
    if name in headers:
        return name
    return next((header for header in headers if fold(header) == fold(name)), None)
