"""A whole invented area: its counties one after another, then the files that hold them all."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from planner.crs import metric_crs
from planner.demo.county import build_county
from planner.demo.degrees import Degrees
from planner.demo.grids import PeopleGrid
from planner.demo.layout import Tile, lay_out
from planner.demo.names import PlaceNames
from planner.demo.osm_file import OsmFile
from planner.demo.registers import ASSET_COLUMNS, CENTRE_COLUMNS, Row
from planner.demo.zones import Zones, stitch
from planner.tables.formulas import csv_cell
from planner.texts import say

MIDDLE = (118.4, 25.0)
"""Longitude and latitude of the area's middle."""
BEYOND_DEG = 0.02
"""How far the street file reaches beyond the outline."""
VILLAGE_COLUMNS = ("村（社区）代码", "村（社区）", "乡镇（街道）", "常住人口", "0-14岁", "60岁以上")
FILES = (
    "streets.osm.pbf",
    "population.tif",
    "population_age_60_plus.tif",
    "population_age_0_14.tif",
    "population_by_village.csv",
    "boundary.geojson",
    "townships.geojson",
    "villages.geojson",
    "centres.csv",
    "assets.csv",
    "README.md",
    "project.toml",
)
"""What is written, the project file last."""


def write_area(folder: Path, *, seed: int, scale: float, language: str) -> None:
    """Write all of `FILES` into an existing folder; `language` is the project file's."""
    tiles = lay_out(seed=seed, scale=scale)
    to_degrees = Degrees(metric_crs(*MIDDLE), MIDDLE)
    outlines = [_outline(tile, to_degrees) for tile in tiles]
    grid = PeopleGrid(outlines)
    names = PlaceNames(seed=seed)
    zones: list[Zones] = []
    centres: list[Row] = []
    assets: list[Row] = []
    villages: list[Row] = []
    with OsmFile(folder / "streets.osm.pbf", _box(outlines), to_degrees) as streets:
        for tile in tiles:
            county = build_county(tile, names, to_degrees, seed=seed)
            streets.add(county)
            for unit in grid.fill(county, to_degrees):
                total, sixty, child = unit.people
                villages.append((unit.code, unit.name, unit.township, total, child, sixty))
            centres += county.registers.centres
            assets += county.registers.assets
            zones.append(county.zones)
        streets.finish()
    grid.write(folder)
    _write_table(folder / "population_by_village.csv", VILLAGE_COLUMNS, villages)
    _write_table(folder / "centres.csv", CENTRE_COLUMNS, centres)
    _write_table(folder / "assets.csv", ASSET_COLUMNS, assets)
    _write_zones(folder, stitch(zones))
    name = zones[0].name if len(zones) == 1 else f"{zones[0].name}等{len(zones)}县"
    about = {"name": name, "seed": seed, "scale": f"{scale:g}", "people": f"{sum(int(row[3]) for row in villages):,}"}
    readme = "\n".join(say("demo.readme", language, **about) for language in ("zh", "en"))
    (folder / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    (folder / "project.toml").write_text(say("demo.project", language, **about), encoding="utf-8", newline="\n")


def _outline(tile: Tile, to_degrees: Degrees) -> shapely.Polygon:
    ring = np.asarray(tile.outline.exterior.coords)
    return shapely.Polygon(np.column_stack(to_degrees.transform(*ring.T)))


def _box(outlines: list[shapely.Polygon]) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(np.array(outlines))
    return west - BEYOND_DEG, south - BEYOND_DEG, east + BEYOND_DEG, north + BEYOND_DEG


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Write a table as spreadsheet programs of a Chinese office open it: UTF-8 with a byte order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(map(csv_cell, row) for row in rows)


def _write_zones(folder: Path, counties: list[Zones]) -> None:
    """Write the outline, the townships and the villages."""
    units = [unit for county in counties for unit in county.units]
    townships = [township for county in counties for township in county.townships]
    whole = shapely.coverage_union_all([unit.shape for unit in units])
    name = "、".join(county.name for county in counties)
    _write_geojson(folder / "boundary.geojson", [({"name": name}, whole)])
    _write_geojson(
        folder / "townships.geojson",
        [({"name": own.name, "code": own.code, "class": own.kind}, own.shape) for own in townships],
    )
    rows = [
        ({"name": unit.name, "code": unit.code, "township": county.townships[unit.township].name}, unit.shape)
        for county in counties
        for unit in county.units
    ]
    _write_geojson(folder / "villages.geojson", rows)


def _write_geojson(path: Path, rows: list[tuple[dict[str, str], shapely.Geometry]]) -> None:
    """Write areas as RFC 7946: WGS 84, six decimals, outer rings counter-clockwise."""
    features: list[dict[str, Any]] = []
    for properties, shape in rows:
        polygons = [
            [np.round(shapely.get_coordinates(ring), 6).tolist() for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(shapely.orient_polygons(shape))
        ]
        geometry = (
            {"type": "Polygon", "coordinates": polygons[0]}
            if len(polygons) == 1
            else {"type": "MultiPolygon", "coordinates": polygons}
        )
        number = properties.get("code", "1")
        features.append({"type": "Feature", "id": number, "properties": properties, "geometry": geometry})
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
