"""Read everything a project names: area and zones, streets, people, centres and candidate sites, with an account of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.boundaries import Area, read_area, read_zones, zone_of
from planner.coverage import Places
from planner.crs import WGS84
from planner.demand import Demand, PopulationSource
from planner.demand import build as build_demand
from planner.errors import ProjectError
from planner.findings import InputReport
from planner.project import FacilitySection, Project
from planner.streets import StreetNetwork, WalkRules
from planner.streets.islands import report_repairs
from planner.study.entrances import fold_entrances, with_outlines
from planner.study.walks import Walks, stretch_of, walks_of
from planner.tables import read_facilities

Progress = Callable[[str], None]
"""Told the code of each step as it begins."""

CACHE_FOLDER = ".planner-cache"


@dataclass(frozen=True)
class Inputs:
    """What a project's files hold, checked and on one footing.

    `facilities` has one row per centre or candidate site, WGS 84, ids unique over both, with the columns of
    `planner.tables.Facilities`, and `role` ("centres" or "candidates"), `outside` (outside the area, yet near enough to
    serve it) and `excluded_reason` ("forbidden", "too_far" or "no_street", else None). `original` holds the county's own
    columns by role; `own_row` points into it. `demand_places` and `facility_places` are where they meet the streets.
    `walks` says how people walk there. `near_edge` marks demand points around which the streets' source stops short.
    """

    project: Project
    area: Area
    zones: gpd.GeoDataFrame | None
    network: StreetNetwork
    demand: Demand
    demand_places: Places
    demand_zones: pd.DataFrame
    near_edge: np.ndarray
    facilities: gpd.GeoDataFrame
    facility_places: Places
    original: dict[str, pd.DataFrame]
    reports: list[InputReport]
    walks: Walks

    @property
    def reach_m(self) -> float:
        """The farthest that anybody walks within a limit, metres."""
        return reach_m(self.project)


def reach_m(project: Project) -> float:
    """Return the farthest that anybody walks within a limit of the project, metres."""
    return max(project.rule_of(group).reach_m for group in project.groups) * stretch_of(project)


def read_inputs(project: Project, *, progress: Progress, threads: int | None = None) -> Inputs:
    """Read and check all inputs of a project.

    Raises
    ------
    PlannerError
        An input is missing, cannot be read, or contradicts another.
    """
    settings = project.settings
    missing = {key: path for key, path in project.sources.items() if not path.exists()}
    if missing:
        listed = "; ".join(f"{key} = {path}" for key, path in missing.items())
        raise ProjectError("study.missing_inputs", file=project.path, listed=listed)
    reports: list[InputReport] = []

    def report_for(role: str, source: str) -> InputReport:
        reports.append(InputReport(role, Path(source).name))
        return reports[-1]

    progress("study.reading_area")
    area = area_of(project, report_for("area", settings.area.boundary))
    zones = None
    if settings.area.zones is not None:
        zones = read_zones(
            project.resolve(settings.area.zones),
            name_field=settings.area.zone_name,
            code_field=settings.area.zone_code,
            area=area,
            report=report_for("zones", settings.area.zones),
            datum=settings.area.datum,
        ).assign(source_file=Path(settings.area.zones).name)

    progress("study.reading_streets")
    streets_report = report_for("streets", settings.streets.source)
    network = network_of(project, area)
    _report_streets(network, streets_report)
    report_repairs(network, streets_report)
    elevation = settings.walking.elevation
    walks = walks_of(project, network, report_for("elevation", elevation) if elevation else None)

    progress("study.reading_people")
    sources = [
        PopulationSource(project.resolve(section.source), section.group, section.column, section.datum)
        for section in settings.population
    ]
    demand = build_demand(
        sources, area=area, reports=[report_for("population", section.source) for section in settings.population]
    )
    walking = settings.walking
    places = Places.of(network, demand.points, max_snap_m=walking.max_snap_m, threads=threads)
    near_edge = _beyond_source(network, area, places, reach_m(project), demand, project.main_group, streets_report)

    progress("study.reading_facilities")
    facilities, original = _read_facilities(project, report_for)
    own_reports = {report.role: report for report in reports}
    facilities, entered_at = fold_entrances(facilities, original, own_reports)
    for role in original:
        section = getattr(settings, role)
        path = project.resolve(section.source)
        entered_at = with_outlines(facilities, entered_at, path, role=role, datum=section.datum)
    facilities["outside"], facilities["excluded_reason"] = _location(project, area, facilities)
    shapes = gpd.GeoSeries(entered_at, crs=WGS84)
    facility_places = Places.of_facilities(network, shapes, max_snap_m=walking.max_snap_m, threads=threads)
    _exclude_off_street(facilities, facility_places, straight_line=walking.straight_line)
    _fill_zones(facilities, zones)
    _report_facilities(facilities, facility_places, area, reports, walking.max_snap_m, reach_m(project))

    demand_lonlat = demand.points.geometry.to_crs(WGS84)
    demand_zones = (
        zone_of(demand_lonlat, zones)
        if zones is not None
        else pd.DataFrame({"zone": None, "zone_code": None}, index=range(len(demand.points)), dtype=object)
    )
    return Inputs(
        project=project,
        area=area,
        zones=zones,
        network=network,
        demand=demand,
        demand_places=places,
        demand_zones=demand_zones,
        near_edge=near_edge,
        facilities=facilities,
        facility_places=facility_places,
        original=original,
        reports=reports,
        walks=walks,
    )


def area_of(project: Project, report: InputReport) -> Area:
    """Read a project's study area; errors as `planner.boundaries.read_area`."""
    section = project.settings.area
    return read_area(project.resolve(section.boundary), report=report, datum=section.datum)


def network_of(project: Project, area: Area) -> StreetNetwork:
    """Read a project's streets as far as anybody walks beyond its area, from the cache where they were read before.

    Raises
    ------
    NetworkError
        They cannot be read, or do not touch the area.
    """
    settings = project.settings
    return StreetNetwork.from_osm(
        project.resolve(settings.streets.source),
        area.geometry,
        reach_m(project) + settings.walking.max_snap_m,
        rules=WalkRules(
            private_lanes=settings.streets.private_lanes,
            plazas=settings.streets.plazas,
            connect_islands_m=settings.streets.connect_islands_m,
        ),
        cache=_cache_folder(project),
    )


def _cache_folder(project: Project) -> Path:
    """Return the folder that keeps built networks: beside the project, or in the user's own where that is read-only."""
    beside = project.folder
    if beside.stat().st_mode & 0o222:
        return beside / CACHE_FOLDER
    return Path.home() / ".cache" / "quarter-hour-planner"


def _report_streets(network: StreetNetwork, report: InputReport) -> None:
    length_m = network.edge_length_m
    part = np.bincount(network.component[network.edge_from], weights=length_m)
    report.rows_read = network.figures["ways_read"]
    report.rows_used = network.figures["ways_walked"]
    report.figures = {
        **network.figures,
        "nodes": network.n_nodes,
        "edges": network.n_edges,
        "length_km": round(float(length_m.sum()) / 1000, 1),
        "components": len(part),
        "largest_component_share": round(float(part.max() / part.sum()), 4) if part.sum() > 0 else None,
    }
    report.add("streets.not_walked", "note", count=report.rows_read - report.rows_used, of=report.rows_read)
    if network.figures["points_missing"]:
        report.add("streets.points_missing", "doubtful", count=network.figures["points_missing"])
    if network.figures["segments_repeated"]:
        report.add("streets.segments_repeated", "note", count=network.figures["segments_repeated"])


def _beyond_source(
    network: StreetNetwork,
    area: Area,
    places: Places,
    walk_m: float,
    demand: Demand,
    group: str,
    report: InputReport,
) -> np.ndarray:
    """Mark the demand points from which one could walk out of what the streets' source covers."""
    extent = gpd.GeoSeries([network.extent], crs=WGS84).segmentize(0.01).to_crs(network.crs).iloc[0]
    if extent.covers(shapely.buffer(area.geometry_m, walk_m)):
        return np.zeros(len(places), bool)
    shapely.prepare(extent)
    safe = shapely.buffer(extent, -walk_m)
    shapely.prepare(safe)
    marked = ~shapely.contains_xy(safe, places.x, places.y)
    if marked.any():
        people = float(demand.weights[group][marked].sum())
        report.add(
            "streets.short_of_area", "doubtful", count=int(marked.sum()), people=round(people), reach_m=round(walk_m)
        )
        report.figures["demand_points_near_edge"] = int(marked.sum())
    return marked


def _read_facilities(
    project: Project, report_for: Callable[[str, str], InputReport]
) -> tuple[gpd.GeoDataFrame, dict[str, pd.DataFrame]]:
    """Return centres and candidates in one table, ids unique over both, and the county's own columns of each."""
    parts, original = [], {}
    taken: set[str] = set()
    for role in ("centres", "candidates"):
        section: FacilitySection | None = getattr(project.settings, role)
        if section is None:
            continue
        report = report_for(role, section.source)
        read = read_facilities(project.resolve(section.source), role=role, datum=section.datum, report=report)
        points = read.points.copy()
        points["role"] = role
        points["own_row"] = np.arange(len(points))
        clash = points["id"].isin(taken)
        if clash.any():
            report.add("study.ids_clash", "repaired", count=int(clash.sum()), role=role)
            points.loc[clash, "id"] = [f"{role}:{name}" for name in points.loc[clash, "id"]]
        taken |= set(points["id"])
        parts.append(points)
        original[role] = read.original
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=WGS84) if len(parts) > 1 else parts[0]
    return table.reset_index(drop=True), original


def _location(project: Project, area: Area, facilities: gpd.GeoDataFrame) -> tuple[np.ndarray, list[str | None]]:
    """Return which facilities lie outside the area, and why some cannot be used at all."""
    geometry = facilities.geometry.to_crs(area.crs).to_numpy()
    shapely.prepare(area.geometry_m)
    distance_m = shapely.distance(area.geometry_m, geometry)
    too_far = distance_m > reach_m(project)
    forbidden = (facilities["status"] == "forbidden").to_numpy()
    reasons = [
        "too_far" if far else "forbidden" if barred else None for far, barred in zip(too_far, forbidden, strict=True)
    ]
    return distance_m > 0, reasons


def _exclude_off_street(facilities: gpd.GeoDataFrame, places: Places, *, straight_line: bool) -> None:
    if straight_line:
        return
    off = ~places.snapped.found & facilities["excluded_reason"].isna().to_numpy()
    facilities.loc[off, "excluded_reason"] = "no_street"


def _fill_zones(facilities: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None) -> None:
    """Say which zone a facility lies in; where there is a zone layer, its word counts before the table's."""
    if zones is None:
        return
    found = zone_of(facilities.geometry, zones)
    for column in ("zone", "zone_code"):
        values = found[column].to_numpy(object)
        facilities[column] = np.where(pd.notna(values), values, facilities[column].to_numpy(object))


def _report_facilities(
    facilities: gpd.GeoDataFrame,
    places: Places,
    area: Area,
    reports: list[InputReport],
    max_snap_m: float,
    walk_m: float,
) -> None:
    distance_m = shapely.distance(area.geometry_m, facilities.geometry.to_crs(area.crs).to_numpy())
    by_role = {report.role: report for report in reports}
    for i, row in enumerate(facilities.itertuples()):
        report = by_role[str(row.role)]
        at = {"name": row.name, "id": row.id}
        if row.excluded_reason == "too_far":
            km = round(float(distance_m[i]) / 1000, 2)
            report.add("study.too_far", "dropped", row.source_row, **at, distance_km=km, reach_m=round(walk_m))
        elif row.excluded_reason == "no_street":
            report.add("study.facility_off_street", "dropped", row.source_row, **at, max_snap_m=round(max_snap_m))
        elif row.excluded_reason == "forbidden":
            report.add("study.forbidden", "note", row.source_row, **at)
        elif row.outside:
            report.add("study.outside", "note", row.source_row, **at, distance_m=round(float(distance_m[i])))
    for role, report in by_role.items():
        if role in ("centres", "candidates"):
            own = (facilities["role"] == role).to_numpy()
            dropped = facilities.loc[own, "excluded_reason"].isin(["too_far", "no_street"])
            report.rows_used = int(own.sum() - dropped.sum()) + report.figures.get("entrances", 0)
            snap_m = places.snapped.distance_m[own & places.snapped.found]
            if len(snap_m):
                report.figures["snap_m_median"] = round(float(np.median(snap_m)), 1)
                report.figures["snap_m_largest"] = round(float(snap_m.max()), 1)
