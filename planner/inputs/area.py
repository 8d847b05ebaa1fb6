"""Where a project plays: its study area, the zones on their levels, residential land; read, and accounted for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area, area_of_box, polygons_wgs84, read_area, read_zones, to_metres
from planner.errors import GeometryError
from planner.findings import InputReport
from planner.geometry import valid_polygons
from planner.project import Project
from planner.project.area import VILLAGE_LEVELS
from planner.tables import read_vector

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


def residential_of(project: Project, area: Area, report_for: ReportFor) -> shapely.Geometry | None:
    """Return the residential land inside the area (metres of its CRS), None where the project names no layer of it."""
    source = project.settings.area.residential
    if source is None:
        return None
    report = report_for("residential", source)
    frame = read_vector(project.resolve(source), report=report)
    layer = polygons_wgs84(frame, datum=project.settings.area.datum, report=report)
    shapes = [valid_polygons(to_metres(shape, area.crs)) for shape in layer.geometry if not shape.is_empty]
    land = shapely.intersection(shapely.union_all(shapes), area.geometry_m)
    report.figures["residential_km2"] = round(float(land.area) / 1e6, 4)
    if not land.area > 0:
        raise GeometryError("study.no_residential_land", file=report.file)
    return land


def _report_classes(project: Project, found: list[tuple[str, gpd.GeoDataFrame]], report_for: ReportFor) -> None:
    """Doubt a walking rule for a class that no zone has."""
    known = {str(name) for _, zones in found if "zone_class" in zones for name in zones["zone_class"].dropna()}
    missing = [name for name in project.zone_classes if name not in known]
    if missing:
        report = report_for("walking", project.path.name)
        for name in missing:
            report.add("study.no_such_class", "doubtful", zone_class=name, known=", ".join(sorted(known)) or "-")
