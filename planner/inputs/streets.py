"""The streets of a project with their gates, as far as anybody walks beyond its area; read, kept, and accounted for."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from planner.boundaries import Area
from planner.coverage import Places
from planner.crs import WGS84
from planner.demand import Demand
from planner.errors import GeometryError
from planner.findings import InputReport
from planner.inputs.walking import reach_m
from planner.project import Project
from planner.project.streets import GatesSection, StreetsSection
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


def beyond_source(
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
