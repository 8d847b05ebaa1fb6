"""A drawn village for the tests of people: streets and houses as an OpenStreetMap file, in metres from a corner of UTM 50.

::

    y 600 +-----------------------------+
          |   S  school (yes, amenity)  |          the zone is 0..900 x 0..600
          |                             |
    y 300 A======== lane (residential) ========B   from x -100 to x 1000
          | h1 (1 floor)     h3 (3 floors)     |
      y 0 +-----------------------------+
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer

from planner import StreetNetwork
from planner.boundaries import Area
from planner.demand import Demand, PopulationSource, build
from planner.findings import InputReport
from planner.project.people import PopulationSection
from planner.texts import LANGUAGES

UTM = 32650
X0, Y0 = 500_000.0, 2_700_000.0  # on the central meridian, 24.4 N
_degrees = Transformer.from_crs(UTM, 4326, always_xy=True)

Point = tuple[float, float]
Way = tuple[Sequence[Point], Mapping[str, str]]


def area_box(west: float, south: float, east: float, north: float) -> Area:
    """Return an area of metres counted from the corner."""
    box = shapely.box(X0 + west, Y0 + south, X0 + east, Y0 + north)
    return Area.of(gpd.GeoSeries([box], crs=UTM).to_crs(4326).iloc[0])


AREA = area_box(-100, -100, 1000, 700)


def house(x: float, y: float, *, wide: float = 10, deep: float = 10, **tags: str) -> Way:
    """Return the outline of a building with its south-west corner at (x, y)."""
    corners = [(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep), (x, y)]
    return corners, {key.replace("__", ":"): value for key, value in tags.items()}


def write_osm(path: Path, ways: Sequence[Way]) -> Path:
    """Write ways as an ``.osm`` file; points at one place are one node, so that outlines close and streets meet."""
    nodes: dict[Point, int] = {}
    for points, _ in ways:
        for point in points:
            nodes.setdefault(point, len(nodes) + 1)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    for (x, y), number in nodes.items():
        lon, lat = _degrees.transform(X0 + x, Y0 + y)
        lines.append(f'<node id="{number}" lat="{lat:.9f}" lon="{lon:.9f}" version="1"/>')
    for number, (points, tags) in enumerate(ways, start=1):
        refs = "".join(f'<nd ref="{nodes[point]}"/>' for point in points)
        said = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        lines.append(f'<way id="{number}" version="1">{refs}{said}</way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8", newline="\n")
    return path


def street(*points: Point, highway: str = "residential") -> Way:
    return list(points), {"highway": highway}


def network(path: Path, *ways: Way) -> StreetNetwork:
    return StreetNetwork.from_osm(write_osm(path, ways))


def layer(path: Path, shapes: Sequence[Any], **columns: Sequence[Any]) -> Path:
    """Write a layer of shapes drawn from the corner."""
    moved = [shapely.transform(shape, lambda at: at + (X0, Y0)) for shape in shapes]
    gpd.GeoDataFrame(columns, geometry=moved, crs=UTM).to_file(path)
    return path


def places(points: gpd.GeoDataFrame) -> list[tuple[int, int]]:
    """Return where points stand, in whole metres from the corner."""
    at = shapely.get_coordinates(points.geometry) - (X0, Y0)
    return [(round(float(x)), round(float(y))) for x, y in at]


def population(path: Path, group: str = "total", column: str | None = None, **keys: Any) -> PopulationSource:
    """Return a file of people as a section that says `keys` would name it; what no project file may say can be asked for too."""
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in keys.items()}
    bound = plain.pop("bound", None)
    section = PopulationSection.model_construct(source=path.name, group=group, column=column, **plain)
    return PopulationSource(path, group, column, section, InputReport("population", path.name), bound)


def fresh(sources: Sequence[PopulationSource]) -> list[PopulationSource]:
    """Return sources with reports that nobody has written in."""
    return [replace(source, report=InputReport("population", source.path.name)) for source in sources]


def run(
    *sources: PopulationSource, net: StreetNetwork | None = None, area: Area = AREA
) -> tuple[Demand, list[InputReport]]:
    """Return the demand, and the reports of the sources and of what they name besides, each readable in both languages."""
    own = fresh(sources)
    reports = [source.report for source in own]
    demand = build(
        own,
        area=area,
        network=net,
        report_for=lambda role, path: reports.append(InputReport(role, path.name)) or reports[-1],
    )
    for report in reports:
        for language in LANGUAGES:
            report.to_dict(language)
    return demand, reports


def said(report: InputReport) -> dict[str, dict[str, Any]]:
    """Return the parameters of a report's findings, by code."""
    return {finding.code.split(".")[1]: finding.params for finding in report.findings}


def grid(path: Path, cells: Any, size: float = 300) -> Path:
    """Write a grid with its top left corner at (0, 600)."""
    cells = np.asarray(cells, "float64")
    profile = {"driver": "GTiff", "count": 1, "height": cells.shape[0], "width": cells.shape[1], "dtype": "float64"}
    with rasterio.open(path, "w", crs=UTM, transform=Affine(size, 0, X0, 0, -size, Y0 + 600), **profile) as file:
        file.write(cells, 1)
    return path


def workbook(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(path)
    return path
