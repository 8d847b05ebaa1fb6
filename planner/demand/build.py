"""Sources of people to one `Demand`: each file is read once, its groups share its points, and ids follow the order given."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.boundaries import Area
from planner.demand.calibrate import Census, calibrate
from planner.demand.census_tables import ZoneLayers, read_census
from planner.demand.dasymetric import Settlement
from planner.demand.model import LEFT_OUT_COLUMNS, Bound, Demand, Floats, Part, Place, PopulationSource
from planner.demand.point_tables import read_points
from planner.demand.polygons import read_polygons
from planner.demand.rasters import RASTER_SUFFIXES, read_rasters
from planner.demand.residency import refuse_two_kinds
from planner.demand.worldpop import check_names
from planner.errors import InputError
from planner.findings import InputReport
from planner.rasters import grid_of
from planner.streets import StreetNetwork
from planner.streets.snapping import MAX_SNAP_M
from planner.tables import VECTOR_SUFFIXES, read_table, read_vector

ReportFor = Callable[[str, Path], InputReport]

_UNCOVERED = 0.01


def build(
    sources: Sequence[PopulationSource],
    *,
    area: Area,
    zones: gpd.GeoDataFrame | None = None,
    network: StreetNetwork | None = None,
    max_snap_m: float = MAX_SNAP_M,
    census: Census | None = None,
    report_for: ReportFor | None = None,
) -> Demand:
    """Return the people of all sources in the area as demand points; their reports are filled.

    Points stand in the order of the sources, in a source by row or cell. Rasters on one grid, and columns of one file, share
    points. Points with nobody in any group are left off. `zones` (as `planner.boundaries.read_zones` gives them) are what tables
    are joined to; `network` is where people stand along streets; a `census` calibrates the rest. `report_for` opens the account
    of a file that a source names besides: role and path.

    Raises
    ------
    InputError
        A file cannot be read or joined, holds negative people, does not overlap the area, or has nobody in it; resident and
        registered people meet in one group.
    CRSError, GeometryError
        Its coordinates or shapes cannot be used.
    """
    report_for = report_for or (lambda role, path: InputReport(role, path.name))
    for source in sources:
        if source.bound is not None:
            source.report.figures["bound"] = source.bound
    reader = _Reader(
        area, Settlement(area, network, max_snap_m=max_snap_m, report_for=report_for), ZoneLayers(zones, report_for)
    )
    bundles: dict[Hashable, list[PopulationSource]] = {}
    for source in sources:
        bundles.setdefault(_place_of(source), []).append(source)
    parts = [reader.read(bundle) for bundle in bundles.values()]
    refuse_two_kinds(sources)
    check_names(sources)
    _report_uncovered(parts, sources, area)
    for source in sources:
        if source.bound is None and not source.report.figures["people_in_area"] > 0:
            outside = round(source.report.figures["people_outside"], 1)
            raise InputError("demand.nobody_in_area", file=source.report.file, group=source.group, outside=outside)
    demand = _joined(parts, sources, area)
    if census is not None:
        layer = reader.zones.of(census.section, census.folder, file=census.path.name)
        report = report_for("calibrate", census.path)
        kinds = {source.group: source.report.figures["kind"] for source in sources if "kind" in source.report.figures}
        demand = calibrate(demand, census, zones=layer, area=area, report=report, kinds=kinds)
    _check_range(demand, sources)
    return demand


def _report_uncovered(parts: Sequence[Part], sources: Sequence[PopulationSource], area: Area) -> None:
    """Doubt groups whose rasters together leave part of the area without any cell: a tile is missing."""
    for key in dict.fromkeys(source.key for source in sources):
        covers = [part.covers for part in parts if key in part.weights]
        if any(shape is None for shape in covers):
            continue
        left = shapely.difference(area.geometry_m, shapely.union_all(covers)).area / area.geometry_m.area
        if left > _UNCOVERED:
            report = next(source.report for source in sources if source.key == key)
            report.figures["area_uncovered_percent"] = percent = round(100 * left, 1)
            report.add("demand.raster_covers_part", "doubtful", percent=percent, km2=round(area.area_km2 * left, 3))


def _place_of(source: PopulationSource) -> Hashable:
    """Return what sources that share their points have in common."""
    if source.path.suffix.lower() in RASTER_SUFFIXES:
        return grid_of(source.path), source.section.place, source.buildings, source.section.buildings_datum
    return source.shared


class _Reader:
    """Reads bundles of sources, each with the layers it needs besides."""

    def __init__(self, area: Area, settlement: Settlement, zones: ZoneLayers) -> None:
        self.area = area
        self.settlement = settlement
        self.zones = zones

    def read(self, sources: list[PopulationSource]) -> Part:
        """Return the points that some sources share."""
        if sources[0].path.suffix.lower() in RASTER_SUFFIXES:
            _refuse_place(sources[0], "area")
            if sources[0].section.join is not None:
                raise InputError("demand.join_of_raster", file=sources[0].report.file)
            part = read_rasters(sources, grid_of(sources[0].path), self.area, self.settlement)
        else:
            part = self._read_table(sources)
        people = np.sum([weight > 0 for weight in part.weights.values()], axis=0)
        for source in sources:
            source.report.figures["points"] = int((people > 0).sum())
        return part

    def _read_table(self, sources: list[PopulationSource]) -> Part:
        source, report, own = sources[0], sources[0].report, sources[0].section
        is_layer = source.path.suffix.lower() in VECTOR_SUFFIXES
        if source.section.join is not None:
            _refuse_place(source, "centre")
            layer = self.zones.of(source.section, source.folder, file=report.file)
            frame = read_table(source.path, report=report, encoding=own.encoding, sheet=own.sheet, layer=own.layer)
            return read_census(sources, frame, self.area, self.settlement, layer)
        if is_layer:
            frame = read_vector(source.path, report=report, encoding=own.encoding, layer=own.layer)
            if np.isin(shapely.get_type_id(frame.geometry.to_numpy()), (3, 6)).any():
                _refuse_place(source, "centre")
                return read_polygons(sources, frame, self.area, self.settlement)
        else:
            frame = read_table(source.path, report=report, encoding=own.encoding, sheet=own.sheet)
        _refuse_place(source, *get_args(Place))
        if source.buildings is not None:
            raise InputError("demand.place_not_for_it", file=report.file, place="buildings")
        return read_points(sources, frame, self.area)


def _refuse_place(source: PopulationSource, *places: str) -> None:
    if source.section.place in places:
        raise InputError("demand.place_not_for_it", file=source.path.name, place=source.section.place)


def _joined(parts: list[Part], sources: Sequence[PopulationSource], area: Area) -> Demand:
    """Return all parts one behind the other, without the points that nobody stands on."""
    sizes = [len(part.rows) for part in parts]
    whole: dict[tuple[str, Bound | None], Floats] = {
        key: np.concatenate([part.weights.get(key, np.zeros(size)) for part, size in zip(parts, sizes, strict=True)])
        for key in dict.fromkeys(source.key for source in sources)
    }
    peopled = np.logical_or.reduce([weight > 0 for weight in whole.values()])
    files = np.repeat(np.array([part.file for part in parts], dtype=object), sizes)[peopled]
    rows, x, y = (np.concatenate([getattr(part, name) for part in parts])[peopled] for name in ("rows", "x", "y"))
    ids = np.array([f"d{number:07d}" for number in range(1, len(rows) + 1)], dtype=object)
    points = gpd.GeoDataFrame(
        {"id": ids, "source_file": files, "source_row": rows}, geometry=shapely.points(x, y), crs=area.crs
    )
    left_out = pd.DataFrame([row for part in parts for row in part.left_out], columns=list(LEFT_OUT_COLUMNS))
    left_out = left_out.astype({"people": np.float64, "source_row": np.int64})
    of: dict[Bound | None, dict[str, Floats]] = {None: {}, "low": {}, "high": {}}
    for (group, bound), weight in whole.items():
        of[bound][group] = weight[peopled]
    return Demand(points, of[None], left_out, of["low"], of["high"])


def _check_range(demand: Demand, sources: Sequence[PopulationSource]) -> None:
    """Report the points at which a low estimate lies above the group's number, or a high one below."""
    for bound, estimates, sign in (("low", demand.low, 1.0), ("high", demand.high, -1.0)):
        for group, estimate in estimates.items():
            central = demand.weights[group]
            crossed = sign * (estimate - central) > 1e-6 * np.maximum(1.0, central)
            report = next(source.report for source in sources if source.key == (group, bound))
            if crossed.any():
                report.add("demand.range_crossed", "doubtful", bound=bound, group=group, count=int(crossed.sum()))
