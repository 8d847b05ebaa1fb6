"""A table or layer of points with people to demand points: each row in the study area is a point."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area
from planner.crs import WGS84, transformer
from planner.demand.model import Floats, Job, Part, account, add_up, report_outside
from planner.errors import InputError
from planner.findings import InputReport
from planner.tables import as_numbers, as_texts, nearest_header, positions
from planner.tables.headers import fold

_NAMED = 10


def read_points(jobs: Sequence[Job], frame: pd.DataFrame, area: Area) -> Part:
    """Return the points of one table, with one weight per group; `frame` is what the first job's report accounts for.

    Raises
    ------
    InputError
        There is no such column, or it holds negative people.
    """
    located = positions(frame, datum=jobs[0].source.datum, report=jobs[0].report)
    share_account(jobs)
    lon, lat = located.longitude, located.latitude
    shapely.prepare(area.geometry)
    inside = shapely.contains_xy(area.geometry, lon, lat)
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    weights: dict[str, Floats] = {}
    left_out: list[dict[str, Any]] = []
    for job in jobs:
        people = people_of(frame, job)
        known, people = ~np.isnan(people), np.nan_to_num(people)
        lost = np.isnan(lon) & (people > 0)
        left_out += left_out_rows(job, people, rows, lost, located.reason)
        outside = ~inside & ~np.isnan(lon) & known
        job.report.rows_used = int((inside & known).sum())
        job.report.figures |= {
            "rows_outside": int(outside.sum()),
            "rows_without_people": int((inside & known & (people == 0)).sum()),
        }
        account(
            job.report,
            placed=float(people[inside].sum()),
            outside=float(people[outside].sum()),
            left_out=float(people[lost].sum()),
        )
        report_outside(job.report, int(outside.sum()), float(people[outside].sum()), of="rows")
        add_up(weights, job.source.group, people[inside])
    x, y = transformer(WGS84, area.crs).transform(lon[inside], lat[inside])
    return Part(jobs[0].source.path.name, rows[inside], x, y, weights, left_out)


def people_of(frame: pd.DataFrame, job: Job) -> Floats:
    """Return a job's people per row, NaN where the cell says no number; such rows are reported as dropped.

    Raises
    ------
    InputError
        There is no such column, or it holds negative people.
    """
    file, own = (
        job.report.file,
        [str(name) for name in frame.columns if name not in ("source_file", "source_row", "geometry")],
    )
    if job.source.column is None:
        raise InputError("demand.no_column_given", file=file, headers=", ".join(own))
    column = _column_called(job.source.column, own)
    if column is None:
        near = nearest_header(job.source.column, own)
        raise InputError(
            "demand.unknown_column", file=file, column=job.source.column, headers=", ".join(own), nearest=near
        )
    numbers = as_numbers(frame[column])
    rows, texts = frame["source_row"].to_numpy(), None
    if (numbers.values < 0).any():
        wrong = [int(row) for row in rows[numbers.values < 0]]
        named = ", ".join(map(str, wrong[:_NAMED])) + (" ..." if len(wrong) > _NAMED else "")
        raise InputError(
            "demand.negative_people", file=file, column=column, count=len(wrong), rows=named, all_rows=wrong
        )
    job.report.figures["columns"] = {**job.report.figures.get("columns", {}), "people": column}
    for at in np.flatnonzero(numbers.blank):
        job.report.add("demand.blank_people", "dropped", int(rows[at]), column=column)
    for at in np.flatnonzero(numbers.bad):
        texts = texts or as_texts(frame[column])
        job.report.add("demand.bad_people", "dropped", int(rows[at]), column=column, value=texts[at])
    return numbers.values


def left_out_rows(
    job: Job, people: Floats, rows: NDArray[np.int64], lost: NDArray[np.bool_], reason: NDArray[np.object_]
) -> list[dict[str, Any]]:
    """Return a row of `Demand.left_out` for each of the `lost`."""
    return [
        {
            "group": job.source.group,
            "people": float(people[at]),
            "reason": reason[at],
            "source_file": job.source.path.name,
            "source_row": int(rows[at]),
        }
        for at in np.flatnonzero(lost)
    ]


def share_account(jobs: Sequence[Job]) -> None:
    """Give what was found in reading a file to all the reports of its groups."""
    first = jobs[0].report
    for job in jobs[1:]:
        _copy_account(first, job.report)


def _copy_account(source: InputReport, target: InputReport) -> None:
    target.rows_read, target.rows_used = source.rows_read, source.rows_used
    target.figures |= copy.deepcopy(source.figures)
    target.findings += source.findings


def _column_called(name: str, headers: Sequence[str]) -> str | None:
    if name in headers:
        return name
    return next((header for header in headers if fold(header) == fold(name)), None)
