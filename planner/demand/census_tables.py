"""People of a census table without coordinates: its rows are zones, and their people live in the zones' outlines."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.boundaries import Area, to_metres
from planner.demand.dasymetric import Settlement
from planner.demand.model import Floats, Job, Part, ZoneFields
from planner.demand.point_tables import left_out_rows, people_of, share_account
from planner.demand.polygons import spread_people
from planner.demand.zone_join import Joined, join_rows
from planner.demand.zone_layer import JoinZones, read_join_zones
from planner.errors import InputError
from planner.findings import InputReport


class ZoneLayers:
    """The layers of zones that tables are joined to, each read once; `zones` are the project's, None where it has none."""

    def __init__(self, zones: gpd.GeoDataFrame | None, report_for: Callable[[str, Path], InputReport]) -> None:
        self._zones = zones
        self._report_for = report_for
        self._read: dict[ZoneFields, JoinZones] = {}

    def of(self, fields: ZoneFields, file: str) -> JoinZones:
        """Return the zones that `file` is joined to; errors as `read_join_zones`, and where there are none."""
        if fields.path is None:
            if self._zones is None:
                raise InputError("demand.join_without_zones", file=file)
            return JoinZones.of(self._zones)
        if fields not in self._read:
            report = self._report_for("zones", fields.path)
            self._read[fields] = read_join_zones(fields, report=report, townships=self._zones)
        return self._read[fields]


def read_census(jobs: Sequence[Job], frame: pd.DataFrame, area: Area, settlement: Settlement, zones: JoinZones) -> Part:
    """Return the points of one table of zones, with one weight per group; rows of one zone are added up.

    Raises
    ------
    InputError
        Columns are missing or unclear, people are negative, or no row fits a zone.
    """
    source, report = jobs[0].source, jobs[0].report
    assert source.join is not None
    joined = join_rows(frame, zones, how=source.join, column=source.join_column, report=report)
    share_account(jobs)
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    used, member = np.unique(joined.zone[joined.zone >= 0], return_inverse=True)
    first = np.full(len(used), np.iinfo(np.int64).max)
    np.minimum.at(first, member, rows[joined.zone >= 0])
    people: list[Floats] = []
    lost: list[dict[str, Any]] = []
    out: list[float] = []
    by_row: list[Floats] = []
    for job in jobs:
        numbers = people_of(frame, job, jobs)
        missing = (joined.zone < 0) & (numbers > 0)
        lost += left_out_rows(job, np.nan_to_num(numbers), rows, missing, joined.reason)
        out.append(float(np.nansum(numbers[missing])))
        by_row.append(numbers)
        people.append(per_zone(numbers, joined, used))
    shapes = np.array([to_metres(shape, area.crs) for shape in zones.shapes[used]], dtype=object)
    part = spread_people(jobs, shapes, first, people, area=area, settlement=settlement)
    placed = np.zeros(len(zones), bool)
    placed[used[np.isin(first, part.rows)]] = True
    for job, numbers, left in zip(jobs, by_row, out, strict=True):
        _correct(job.report, left, rows=len(frame), used=(joined.zone >= 0) & placed[joined.zone] & ~np.isnan(numbers))
    part.left_out.extend(lost)
    return part


def per_zone(numbers: Floats, joined: Joined, zones: NDArray[np.int64]) -> Floats:
    """Return the people of each of `zones` (ascending numbers), nan where no row of the zone says any."""
    own = (joined.zone >= 0) & ~np.isnan(numbers)
    place = np.searchsorted(zones, joined.zone[own])
    sums = np.bincount(place, numbers[own], minlength=len(zones))
    return np.where(np.bincount(place, minlength=len(zones)) > 0, sums, np.nan)


def _correct(report: InputReport, left: float, *, rows: int, used: NDArray[np.bool_]) -> None:
    """Give a report the figures of rows: the polygons' own account knows only those that found a zone."""
    report.rows_read, report.rows_used = rows, int(used.sum())
    report.figures["people_without_zone"] = left
    for key in ("people_read", "people_in_area", "people_left_out"):
        report.figures[key] += left
