"""People of a census table without coordinates: its rows are zones, and their people live in the zones' outlines."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.boundaries import Area, to_metres
from planner.demand.dasymetric import Settlement
from planner.demand.model import Floats, Part, PopulationSource, ZoneKeys
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
        self._read: dict[Hashable, JoinZones] = {}

    def of(self, section: ZoneKeys, folder: Path, *, file: str) -> JoinZones:
        """Return the zones that the table `file` is joined to; errors as `read_join_zones`, and where there are none."""
        if section.zones is None:
            if self._zones is None:
                raise InputError("demand.join_without_zones", file=file)
            return JoinZones.of(self._zones)
        path = folder / section.zones
        key = path, section.zone_name, section.zone_code, section.zone_township
        if key not in self._read:
            report = self._report_for("zones", path)
            self._read[key] = read_join_zones(path, section, report=report, townships=self._zones)
        return self._read[key]


def read_census(
    sources: Sequence[PopulationSource], frame: pd.DataFrame, area: Area, settlement: Settlement, zones: JoinZones
) -> Part:
    """Return the points of one table of zones, with one weight per group; rows of one zone are added up.

    Raises
    ------
    InputError
        Columns are missing or unclear, people are negative, or no row fits a zone.
    """
    own = sources[0].section
    assert own.join is not None
    joined = join_rows(frame, zones, how=own.join, column=own.join_column, report=sources[0].report)
    share_account(sources)
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    used, member = np.unique(joined.zone[joined.zone >= 0], return_inverse=True)
    first = np.full(len(used), np.iinfo(np.int64).max)
    np.minimum.at(first, member, rows[joined.zone >= 0])
    people: list[Floats] = []
    lost: list[dict[str, Any]] = []
    out: list[float] = []
    by_row: list[Floats] = []
    for source in sources:
        numbers = people_of(frame, source, sources)
        missing = (joined.zone < 0) & (numbers > 0)
        lost += left_out_rows(source, np.nan_to_num(numbers), rows, missing, joined.reason)
        out.append(float(np.nansum(numbers[missing])))
        by_row.append(numbers)
        people.append(per_zone(numbers, joined, used))
    shapes = np.array([to_metres(shape, area.crs) for shape in zones.shapes[used]], dtype=object)
    part = spread_people(sources, shapes, first, people, area=area, settlement=settlement)
    placed = np.zeros(len(zones), bool)
    placed[used[np.isin(first, part.rows)]] = True
    for source, numbers, left in zip(sources, by_row, out, strict=True):
        _correct(
            source.report, left, rows=len(frame), used=(joined.zone >= 0) & placed[joined.zone] & ~np.isnan(numbers)
        )
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
