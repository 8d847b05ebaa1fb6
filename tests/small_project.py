"""A project small enough for paper: one street 4 km long, and everything on it.

::

    metres       0     500    1000   1500   2000   2500   3000   3500   4000
    people     100            200           300           400           500
    centre     Old
    candidate         Shut           A             D              B
                                            |
                                   1 km north of it, no street: 50 people (one of them 60 or over)
    island     3 km north: a street of 200 m with 25 people (none of 60 or over) and no facility

A tenth of the people on the street are 60 or over. Within 900 m: Old reaches 100; Shut (excluded) 300; A 500; D 700; B 900.
"""

from pathlib import Path

import geopandas as gpd
import pandas as pd
from pyproj import Transformer
from shapely import LineString, box

CRS = "EPSG:32650"
EAST, NORTH = 600_000.0, 2_765_000.0
_to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)

OLD_ID = "c-c3bfa3bd"
"""The centre has no id of its own; this one is made of its name."""

PEOPLE = {0: 100, 1000: 200, 2000: 300, 3000: 400, 4000: 500}

PROJECT = """[project]
name = "One street"
language = "{language}"

[area]
boundary = "area.geojson"
zones = "zones.geojson"

[streets]
source = "streets.osm"

[walking]
minutes = 15
speed = 1.0

[[population]]
source = "people.csv"
column = "people"
group = "total"

[[population]]
source = "people.csv"
column = "old"
group = "age_60_plus"

[centres]
source = "centres.csv"

[candidates]
source = "candidates.csv"

[siting]
{siting}
"""


def degrees(x: float, y: float = 0.0) -> tuple[float, float]:
    """Return longitude and latitude of a place on the sheet of paper (metres)."""
    lon, lat = _to_degrees.transform(EAST + x, NORTH + y)
    return round(lon, 9), round(lat, 9)


def write_project(folder: Path, *, siting: str = "sites = 1", language: str = "en") -> Path:
    """Write the project into `folder` and return its project.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.toml").write_text(PROJECT.format(siting=siting, language=language), encoding="utf-8")
    area = gpd.GeoSeries([box(EAST - 200, NORTH - 500, EAST + 4200, NORTH + 3500)], crs=CRS)
    area.to_crs(4326).to_file(folder / "area.geojson", driver="GeoJSON")
    halves = [
        box(EAST - 200, NORTH - 500, EAST + 2250, NORTH + 3500),
        box(EAST + 2250, NORTH - 500, EAST + 4200, NORTH + 3500),
    ]
    zones = gpd.GeoDataFrame({"name": ["西镇", "东镇"]}, geometry=halves, crs=CRS)
    zones.to_crs(4326).to_file(folder / "zones.geojson", driver="GeoJSON")
    write_streets(folder / "streets.osm")
    people = [(*degrees(x), n, n / 10) for x, n in PEOPLE.items()]
    people += [(*degrees(2000, 1000), 50, 1), (*degrees(2000, 3000), 25, 0)]
    pd.DataFrame(people, columns=["lon", "lat", "people", "old"]).to_csv(folder / "people.csv", index=False)
    write_table(folder / "centres.csv", {"名称": ["Old"], "at": [0]})
    candidates = {
        "编号": ["A", "B", "D", "E"],
        "名称": ["供销社 A", "旧小学 B", "古大厝 D", "危房 E"],
        "at": [1500, 3500, 2500, 500],
        "状态": ["备选", "备选", "备选", "排除"],
        "改造费用（元）": [30000, 50000, 20000, 1000],
        "备注": ["", "=1+1", "", ""],
    }
    write_table(folder / "candidates.csv", candidates)
    return folder / "project.toml"


def write_table(path: Path, columns: dict[str, list]) -> None:
    """Write a table in which `at` (metres along the street) becomes 经度 and 纬度."""
    frame = pd.DataFrame(columns)
    frame["经度"], frame["纬度"] = zip(*(degrees(x) for x in frame.pop("at")), strict=True)
    frame.to_csv(path, index=False, encoding="gb18030")


def write_streets(path: Path) -> None:
    """Write the street and the island as OpenStreetMap XML."""
    places = [(0, 0), (2000, 0), (4000, 0), (1900, 3000), (2100, 3000)]
    nodes = [(i + 1, *degrees(*place)) for i, place in enumerate(places)]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    west, south = degrees(-6000, -6000)
    east, north = degrees(10000, 10000)
    lines.append(f'<bounds minlat="{south}" minlon="{west}" maxlat="{north}" maxlon="{east}"/>')
    lines += [f'<node id="{i}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>' for i, lon, lat in nodes]
    for way, refs in ((1, (1, 2, 3)), (2, (4, 5))):
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{way}" version="1">{inner}<tag k="highway" v="residential"/></way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")


def street_line() -> LineString:
    """Return the street in metres of `CRS`."""
    return LineString([(EAST, NORTH), (EAST + 4000, NORTH)])
