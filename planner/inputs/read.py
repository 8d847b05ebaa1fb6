"""Read everything a project names: area and zones, streets, people, centres and candidate sites, with an account of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.boundaries import Area, named_zones, zone_numbers
from planner.coverage import Places
from planner.crs import WGS84
from planner.demand import Demand
from planner.errors import ProjectError
from planner.findings import InputReport
from planner.inputs.area import ZoneLevel, area_of, class_of_demand, residential_of, zones_of
from planner.inputs.facilities import facilities_of
from planner.inputs.people import people_of
from planner.inputs.streets import beyond_source, network_of, report_network
from planner.inputs.walking import Walks, reach_m, reach_of_classes, walks_of
from planner.project import Project
from planner.streets import StreetNetwork
from planner.streets.islands import report_repairs

Progress = Callable[[str], None]
"""Told the code of each step as it begins."""


@dataclass(frozen=True)
class Inputs:
    """What a project's files hold, checked and on one footing.

    `facilities` has one row per centre or candidate site, WGS 84 (an empty point where nobody knows the place), ids unique over
    both, with the columns of `planner.register.Register`, and `outside` (outside the area, yet near enough to serve it);
    `excluded_reason` is "forbidden", "too_far", "no_street", "not_within", or the register's, `excluded_by` who said so
    (`planner.register.exclusions`). `as_read` is the same before the project's own wishes (`planner.inputs.overrides`).
    `original` holds the county's own columns by role; `own_row` points into it. `demand_places` and `facility_places` are where
    they meet the streets.
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
    demand = people_of(project, area, zones, network, report_for)
    places = Places.of(network, demand.points, max_snap_m=settings.walking.max_snap_m, threads=threads)
    demand_lonlat = demand.points.geometry.to_crs(WGS84)
    lies_in = [zone_numbers(demand_lonlat, frame) for _, frame in all_zones]
    demand_class = class_of_demand(project, [frame for _, frame in all_zones], lies_in, len(demand.points))
    walk_m = reach_of_classes(project, demand_class)
    near_edge = beyond_source(network, area, places, walk_m, demand, project.main_group, streets_reports[0])

    progress("study.reading_facilities")
    facilities, facility_places, original = facilities_of(project, area, zones, network, report_for, threads=threads)
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
