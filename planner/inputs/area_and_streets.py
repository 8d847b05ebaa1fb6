"""Where a project plays: its area, the zones on their levels, the streets with their gates; read, and accounted for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area, area_of_box, polygons_wgs84, read_area, read_zones, to_metres
from planner.crs import WGS84
from planner.errors import GeometryError
from planner.findings import InputReport
from planner.inputs.walking import stretch_of
from planner.project import Project
from planner.project.places import VILLAGE_LEVELS, GatesSection, StreetsSection
from planner.streets import (
    COMBINE_TOLERANCE_M,
    GAP_M,
    GATE_TOLERANCE_M,
    TOLERANCE_M,
    Gates,
    Source,
    StreetNetwork,
    StreetSources,
    WalkRules,
)
from planner.streets.cache import is_kept, networks_folder
from planner.tables import VECTOR_SUFFIXES, positions, read_table, read_vector

ReportFor = Callable[[str, str], InputReport]
"""Gives the account of a role's file."""


@dataclass(frozen=True)
class ZoneLevel:
    """The zones of one level (zone, zone_code, source_file, perhaps zone_class, geometry in WGS 84), and who lies in which.

    `of_demand` and `of_facility` are rows of `zones`, -1 outside all of them.
    """

    level: str
    zones: gpd.GeoDataFrame
    of_demand: NDArray[np.int64]
    of_facility: NDArray[np.int64]

    @property
    def is_village(self) -> bool:
        """Whether these are villages or communities, by which rate V goes."""
        return self.level in VILLAGE_LEVELS


def reach_m(project: Project) -> float:
    """Return the farthest that anybody walks within a limit of the project, metres."""
    classes = (None, *project.zone_classes)
    farthest_m = max(project.rule_of(group, zone_class).reach_m for group in project.groups for zone_class in classes)
    return farthest_m * stretch_of(project)


def area_of(project: Project, report: InputReport) -> Area:
    """Read a project's study area; errors as `planner.boundaries.read_area`."""
    section = project.settings.area
    if section.outline is None:
        assert section.bbox is not None
        area = area_of_box(*section.bbox)
        report.figures["area_km2"] = round(area.area_km2, 4)
        return area
    return read_area(project.resolve(section.outline), report=report, datum=section.datum)


def zones_of(project: Project, area: Area, report_for: ReportFor) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Read the zones of every level, ``(level, zones)``, the one that fills `zone` first; errors as `read_zones`."""
    found = []
    for section in project.settings.zone_levels:
        report = report_for("zones", section.source)
        zones = read_zones(
            project.resolve(section.source),
            name_field=section.name,
            code_field=section.code,
            zone_class=section.zone_class,
            classes=project.zone_classes,
            area=area,
            report=report,
            datum=section.datum,
        )
        report.figures["level"] = section.level
        found.append((section.level, zones.assign(source_file=Path(section.source).name)))
    _report_classes(project, found, report_for)
    return found


def class_of_demand(
    project: Project, layers: Sequence[gpd.GeoDataFrame], lies_in: Sequence[NDArray[np.int64]], count: int
) -> NDArray[np.object_]:
    """Return the class of zone of each demand point, by the first layer that knows one; None where it has no rule of its own.

    `lies_in` holds the row of each layer that each of the `count` points lies in, -1 outside.
    """
    classes = np.full(count, None, object)
    for zones, numbers in zip(layers, lies_in, strict=True):
        if "zone_class" in zones:
            unknown = np.flatnonzero((classes == None) & (numbers >= 0))  # noqa: E711  elementwise
            classes[unknown] = zones["zone_class"].to_numpy(object)[numbers[unknown]]
    ruled = set(project.zone_classes)
    return np.array([name if name in ruled else None for name in classes], object)


def reach_of_classes(project: Project, classes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the farthest that anybody walks from points in zones of these classes, metres."""
    found = np.zeros(len(classes))
    for zone_class in (None, *project.zone_classes):
        found[classes == zone_class] = max(project.rule_of(group, zone_class).reach_m for group in project.groups)
    return found * stretch_of(project)


def residential_of(project: Project, area: Area, report_for: ReportFor) -> shapely.Geometry | None:
    """Return the residential land inside the area (metres of its CRS), None where the project names no layer of it."""
    source = project.settings.area.residential
    if source is None:
        return None
    report = report_for("residential", source)
    frame = read_vector(project.resolve(source), report=report)
    layer = polygons_wgs84(frame, datum=project.settings.area.datum, report=report)
    shapes = [shapely.make_valid(to_metres(shape, area.crs)) for shape in layer.geometry if not shape.is_empty]
    land = shapely.intersection(shapely.union_all(shapes), area.geometry_m)
    report.figures["residential_km2"] = round(float(land.area) / 1e6, 4)
    if not land.area > 0:
        raise GeometryError("study.no_residential_land", file=report.file)
    return land


def network_of(
    project: Project,
    area: Area,
    *,
    reports: Sequence[InputReport] | None = None,
    gates_report: InputReport | None = None,
) -> StreetNetwork:
    """Read a project's streets as far as anybody walks beyond its area, from the cache where they were read before.

    Raises
    ------
    PlannerError
        They cannot be read, or do not touch the area; the gates cannot be read.
    """
    asked = _street_sources(project, area, gates_report)
    return StreetNetwork.of_sources(asked, cache=networks_folder(), reports=reports, gates_report=gates_report)


def is_network_kept(project: Project, area: Area) -> bool:
    """Return whether a project's streets were read before as they are now, so that reading them again is quick."""
    return is_kept(networks_folder(), _street_sources(project, area, None).key())


def _street_sources(project: Project, area: Area, gates_report: InputReport | None) -> StreetSources:
    settings = project.settings
    tolerance_m = next((s.join_tolerance_m for s in settings.streets if s.join_tolerance_m is not None), None)
    return StreetSources(
        [_source(project, section) for section in settings.streets],
        area.geometry,
        reach_m(project) + settings.walking.max_snap_m,
        tolerance_m=COMBINE_TOLERANCE_M if tolerance_m is None else tolerance_m,
        gates=None if settings.gates is None else _gates(project, settings.gates, gates_report),
        rules=WalkRules(
            private_lanes=project.private_lanes,
            plazas=any(section.plazas for section in settings.streets),
            connect_islands_m=max(section.connect_islands_m for section in settings.streets),
        ),
    )


def _source(project: Project, section: StreetsSection) -> Source:
    return Source(
        project.resolve(section.source),
        section.datum,
        TOLERANCE_M if section.tolerance_m is None else section.tolerance_m,
        GAP_M if section.gap_m is None else section.gap_m,
        section.noded,
    )


def _gates(project: Project, section: GatesSection, report: InputReport | None) -> Gates:
    """Read the gates: a layer of points, or a table with their coordinates."""
    path = project.resolve(section.source)
    told = report or InputReport("gates", path.name)
    if path.suffix.lower() in VECTOR_SUFFIXES:
        frame = read_vector(path, report=told)
    else:
        frame = read_table(path, report=told)
    located = positions(frame, datum=section.datum, report=told)
    points = shapely.points(located.longitude, located.latitude)
    points[np.isnan(located.longitude)] = None
    known = points != None  # noqa: E711  elementwise; rows without a position are reported already
    if not known.any():
        raise GeometryError("study.no_gates", file=told.file)
    table = gpd.GeoDataFrame({"source_row": frame["source_row"].to_numpy()[known]}, geometry=points[known], crs=WGS84)
    return Gates(table, GATE_TOLERANCE_M if section.tolerance_m is None else section.tolerance_m, told.file)


def report_network(network: StreetNetwork, report: InputReport) -> None:
    """Put the figures of the built network into the account of its (first) source."""
    length_m = network.edge_length_m
    part = np.bincount(network.component[network.edge_from], weights=length_m)
    report.figures = {
        **network.figures,
        **report.figures,
        "nodes": network.n_nodes,
        "edges": network.n_edges,
        "length_km": round(float(length_m.sum()) / 1000, 1),
        "components": len(part),
        "largest_component_share": round(float(part.max() / part.sum()), 4) if part.sum() > 0 else None,
    }
    if network.figures["segments_repeated"]:
        report.add("streets.segments_repeated", "note", count=network.figures["segments_repeated"])


def _report_classes(project: Project, found: list[tuple[str, gpd.GeoDataFrame]], report_for: ReportFor) -> None:
    """Doubt a walking rule for a class that no zone has."""
    known = {str(name) for _, zones in found if "zone_class" in zones for name in zones["zone_class"].dropna()}
    missing = [name for name in project.zone_classes if name not in known]
    if missing:
        report = report_for("walking", project.path.name)
        for name in missing:
            report.add("study.no_such_class", "doubtful", zone_class=name, known=", ".join(sorted(known)) or "-")
