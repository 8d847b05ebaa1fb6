"""Read everything a project names: area and zones, streets, people, centres and candidate sites, with an account of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.boundaries import Area, named_zones, zone_numbers, zone_of
from planner.coverage import Places
from planner.crs import WGS84
from planner.demand import Demand
from planner.demand import build as build_demand
from planner.demand.model import LEFT_OUT_COLUMNS
from planner.errors import ProjectError
from planner.findings import InputReport
from planner.inputs.area_and_streets import (
    ZoneLevel,
    area_of,
    class_of_demand,
    network_of,
    reach_m,
    reach_of_classes,
    report_network,
    residential_of,
    zones_of,
)
from planner.inputs.entrances import fold_entrances, with_outlines
from planner.inputs.population import census_of, population_sources
from planner.inputs.walking import Walks, walks_of
from planner.project import FacilitySection, Project
from planner.register import (
    Aids,
    Gazetteer,
    Register,
    RegisterFile,
    read_corrections,
    read_register,
    read_villages,
    standard_rules,
    townships,
)
from planner.streets import StreetNetwork
from planner.streets.islands import report_repairs

Progress = Callable[[str], None]
"""Told the code of each step as it begins."""

PLACELESS = ("no_position", "vague_position")
"""Why a facility is in no count: it has no place, or one that only says its township."""


@dataclass(frozen=True)
class Inputs:
    """What a project's files hold, checked and on one footing.

    `facilities` has one row per centre or candidate site, WGS 84 (an empty point where nobody knows the place), ids unique over
    both, with the columns of `planner.register.Register`, and `outside` (outside the area, yet near enough to serve it) and
    `excluded_reason` ("forbidden", "too_far", "no_street", "not_within", or the register's); `as_read` is the same before the
    project's own wishes (`planner.inputs.overrides`). `original` holds the county's own columns by
    role; `own_row` points into it. `demand_places` and `facility_places` are where they meet the streets.
    `near_edge` marks demand points around which the streets' source stops short. `levels` are the zones level by level, of
    which `zones` and `demand_zones` are the first; `demand_class` is the class of zone that has a walking rule of its own
    (None: the project's rule). `residential` is the residential land in metres of the area's CRS, None without a layer of it.
    `walks` says how people walk there.
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
    as_read: gpd.GeoDataFrame
    facility_places: Places
    original: dict[str, pd.DataFrame]
    reports: list[InputReport]
    levels: tuple[ZoneLevel, ...]
    demand_class: np.ndarray
    residential: shapely.Geometry | None
    walks: Walks

    @property
    def reach_m(self) -> float:
        """The farthest that anybody walks within a limit, metres."""
        return reach_m(self.project)


def read_inputs(project: Project, *, progress: Progress, threads: int | None = None) -> Inputs:
    """Read and check all inputs of a project; what it wishes of single sites is not yet in them (`planner.inputs.overrides`).

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
    area = area_of(project, report_for("area", settings.area.outline or project.path.name))
    all_zones = zones_of(project, area, report_for)
    zones = all_zones[0][1] if all_zones else None
    residential = residential_of(project, area, report_for)

    progress("study.reading_streets")
    streets_reports = [report_for("streets", section.source) for section in settings.streets]
    gates_report = None if settings.gates is None else report_for("gates", settings.gates.source)
    network = network_of(project, area, reports=streets_reports, gates_report=gates_report)
    report_network(network, streets_reports[0])
    report_repairs(network, streets_reports[0])
    elevation = settings.walking.elevation
    walks = walks_of(project, network, report_for("elevation", elevation) if elevation else None)

    progress("study.reading_people")
    sources = population_sources(project)
    people_reports = [report_for("population", source.path.name) for source in sources]
    demand = (
        build_demand(
            sources,
            area=area,
            reports=people_reports,
            zones=zones,
            network=network,
            max_snap_m=settings.walking.max_snap_m,
            census=census_of(project),
            report_for=lambda role, path: report_for(role, path.name),
        )
        if sources
        else _nobody(project, area)
    )
    walking = settings.walking
    places = Places.of(network, demand.points, max_snap_m=walking.max_snap_m, threads=threads)
    demand_lonlat = demand.points.geometry.to_crs(WGS84)
    lies_in = [zone_numbers(demand_lonlat, frame) for _, frame in all_zones]
    demand_class = class_of_demand(project, [frame for _, frame in all_zones], lies_in, len(demand.points))
    walk_m = reach_of_classes(project, demand_class)
    near_edge = _beyond_source(network, area, places, walk_m, demand, project.main_group, streets_reports[0])

    progress("study.reading_facilities")
    register, own_reports = _read_register(project, zones, network, report_for)
    original = register.original
    facilities, entered_at = fold_entrances(register.points, original, own_reports)
    for role in original:
        section = getattr(settings, role)
        for path in project.facility_files(role):
            entered_at = with_outlines(facilities, entered_at, path, role=role, datum=section.datum_of(path))
    if settings.register_.upgrades == "candidates":
        waiting = facilities["upgradable"].to_numpy(bool) & (facilities["status"] == "existing").to_numpy()
        facilities.loc[waiting, "status"] = "candidate"
    facilities["outside"], reasons = _location(project, area, facilities)
    facilities["excluded_reason"] = pd.Series(reasons, dtype=object)
    shapes = gpd.GeoSeries(entered_at, crs=WGS84)
    facility_places = Places.of_facilities(network, shapes, max_snap_m=walking.max_snap_m, threads=threads)
    _exclude_off_street(facilities, facility_places, straight_line=walking.straight_line)
    _fill_zones(facilities, zones)
    _report_facilities(facilities, facility_places, area, own_reports, walking.max_snap_m, reach_m(project))

    levels = tuple(
        ZoneLevel(level, frame, numbers, zone_numbers(facilities.geometry, frame))
        for (level, frame), numbers in zip(all_zones, lies_in, strict=True)
    )
    nowhere = pd.DataFrame({"zone": None, "zone_code": None}, index=range(len(demand.points)), dtype=object)
    demand_zones = nowhere if zones is None else named_zones(lies_in[0], zones)
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
        as_read=facilities,
        facility_places=facility_places,
        original=original,
        reports=reports,
        levels=levels,
        demand_class=demand_class,
        residential=residential,
        walks=walks,
    )


def _beyond_source(
    network: StreetNetwork,
    area: Area,
    places: Places,
    walk_m: np.ndarray,
    demand: Demand,
    group: str,
    report: InputReport,
) -> np.ndarray:
    """Mark the demand points from which one could walk (`walk_m`, each its own) out of what the streets' source covers."""
    extent = gpd.GeoSeries([network.extent], crs=WGS84).segmentize(0.01).to_crs(network.crs).iloc[0]
    farthest_m = float(walk_m.max(initial=0.0))
    if extent.covers(shapely.buffer(area.geometry_m, farthest_m)):
        return np.zeros(len(places), bool)
    shapely.prepare(extent)
    marked = np.zeros(len(places), bool)
    for metres in np.unique(walk_m):
        safe = shapely.buffer(extent, -metres)
        shapely.prepare(safe)
        some = walk_m == metres
        marked[some] = ~shapely.contains_xy(safe, places.x[some], places.y[some])
    if marked.any():
        people = float(demand.weights[group][marked].sum())
        count, reach = int(marked.sum()), round(farthest_m)
        report.add("streets.short_of_area", "doubtful", count=count, people=round(people), reach_m=reach)
        report.figures["demand_points_near_edge"] = count
    return marked


def _read_register(
    project: Project,
    zones: gpd.GeoDataFrame | None,
    network: StreetNetwork,
    report_for: Callable[[str, str], InputReport],
) -> tuple[Register, list[InputReport]]:
    """Return centres and candidates of all the project's tables, and the report of each table."""
    section, sources = project.settings.register_, project.sources
    known = None if zones is None else townships(zones)
    villages: Gazetteer | None = None
    if section.villages is not None:
        villages = read_villages(
            sources["register.villages"],
            report=report_for("villages", section.villages),
            zones=zones,
            name_field=section.village_name,
            code_field=section.village_code,
            datum=project.settings.area.datum,
        )
    tables: list[RegisterFile] = []
    for role in ("centres", "candidates"):
        facilities: FacilitySection | None = getattr(project.settings, role)
        for path in project.facility_files(role):
            assert facilities is not None
            report = report_for(role, str(path))
            tables.append(RegisterFile(path, role, facilities.datum_of(path), report, facilities.headers))
    if not tables:
        return Register(_no_facilities(), {}), []
    corrections_report, corrections = None, []
    if "register.corrections" in sources:
        corrections_report = report_for("corrections", str(section.corrections))
        corrections = read_corrections(sources["register.corrections"], report=corrections_report)
    rules = [section_rule.rule for section_rule in project.settings.eligibility]
    aids = Aids(
        zones=known,
        villages=villages,
        corrections=corrections,
        corrections_report=corrections_report,
        rules=(*rules, *(standard_rules() if section.standard_rules else ())),
        network=network,
        max_snap_m=project.settings.walking.max_snap_m,
    )
    return read_register(tables, aids), [table.report for table in tables]


def _nobody(project: Project, area: Area) -> Demand:
    """Return the people of a project that names no source of them yet."""
    columns: dict[str, list[Any]] = {"id": [], "source_file": [], "source_row": []}
    points = gpd.GeoDataFrame(columns, geometry=[], crs=area.crs)
    return Demand(
        points, {group: np.zeros(0) for group in project.groups}, pd.DataFrame(columns=list(LEFT_OUT_COLUMNS))
    )


def _no_facilities() -> gpd.GeoDataFrame:
    """Return the facilities of a project that names no table of them yet."""
    columns = ["id", "name", "status", "zone", "zone_code", "source_file", "source_row", "role", "own_row"]
    columns += ["position_quality", "position_uncertainty_m", "duplicate_of", "excluded_reason"]
    table = pd.DataFrame(columns=columns, dtype=object)
    return gpd.GeoDataFrame(table, geometry=[], crs=WGS84)


def _location(project: Project, area: Area, facilities: gpd.GeoDataFrame) -> tuple[np.ndarray, list[str | None]]:
    """Return which facilities lie outside the area, and why some cannot be used at all."""
    geometry = facilities.geometry.to_crs(area.crs).to_numpy()
    shapely.prepare(area.geometry_m)
    distance_m = shapely.distance(area.geometry_m, geometry)
    too_far = distance_m > reach_m(project)
    forbidden = (facilities["status"] == "forbidden").to_numpy()
    reasons = [
        known if known in PLACELESS else "too_far" if far else known if known else "forbidden" if barred else None
        for known, far, barred in zip(facilities["excluded_reason"], too_far, forbidden, strict=True)
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
    for i, row in enumerate(facilities.itertuples()):
        report = reports[int(row.report_no)]
        at = {"name": row.name, "id": row.id, "on_sheet": None if pd.isna(row.source_sheet) else row.source_sheet}
        if row.excluded_reason == "too_far":
            km = round(float(distance_m[i]) / 1000, 2)
            report.add("study.too_far", "dropped", row.source_row, **at, distance_km=km, reach_m=round(walk_m))
        elif row.excluded_reason == "no_street":
            report.add("study.facility_off_street", "dropped", row.source_row, **at, max_snap_m=round(max_snap_m))
        elif row.excluded_reason == "forbidden":
            report.add("study.forbidden", "note", row.source_row, **at)
        elif row.outside and row.excluded_reason is None:
            report.add("study.outside", "note", row.source_row, **at, distance_m=round(float(distance_m[i])))
    for number, report in enumerate(reports):
        own = (facilities["report_no"] == number).to_numpy()
        left_out = facilities.loc[own, "excluded_reason"].isin(["too_far", "no_street", "duplicate", *PLACELESS])
        report.rows_used = int(own.sum() - left_out.sum()) + report.figures.get("entrances", 0)
        snap_m = places.snapped.distance_m[own & places.snapped.found]
        if len(snap_m):
            report.figures["snap_m_median"] = round(float(np.median(snap_m)), 1)
            report.figures["snap_m_largest"] = round(float(snap_m.max()), 1)
