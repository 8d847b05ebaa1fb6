"""OpenStreetMap over the network: a place's boundary, its streets and its facilities, each kept in a folder.

What is fetched becomes a file like any other: boundary and facilities as GeoJSON, streets as ``.osm.pbf`` with every tag, so
that `StreetNetwork.from_osm` reads them with the planner's own walking rules, today and offline next year. A file that is there
is not asked for again; delete it to have today's. `planner.streets.readers.overpass` does the asking.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from shapely import Geometry, MultiPolygon, Polygon

from planner.boundaries import Area
from planner.crs import WGS84, transformer
from planner.errors import CRSError, GeometryError, InputError, NetworkError
from planner.streets.readers.overpass import Progress, Service, asked, kept_file, parts_of, write_whole
from planner.tables.gdal import read_features, write_features

FACILITY_TAGS: dict[str, list[str]] = {
    "amenity": [
        "childcare",
        "clinic",
        "community_centre",
        "doctors",
        "hospital",
        "kindergarten",
        "library",
        "marketplace",
        "nursing_home",
        "pharmacy",
        "school",
        "social_centre",
        "social_facility",
        "townhall",
    ],
    "leisure": ["fitness_centre", "fitness_station", "park", "playground", "sports_centre"],
    "shop": ["convenience", "supermarket"],
}
"""What `fetch_facilities` asks for: old and young, health, food, leisure, public services."""

_STREETS = ['["highway"]', '[~"^(railway|public_transport)$"~"^platform$"]']
_LARGEST_KM2 = 25_000.0
_OUTLINE_M = 50.0  # a boundary is asked for this much wider and smoother: a query of thousands of corners is refused
_Elements = dict[tuple[str, int], dict[str, Any]]


def _quiet(step: str) -> None:
    """Tell nobody."""


def fetch_boundary(
    place: str, folder: Path, *, service: Service | None = None, progress: Progress = _quiet
) -> gpd.GeoDataFrame:
    """Return the outline of a place by its name: one row with name, display_name, osm_id and geometry, in EPSG:4326.

    Of several places of that name the most important one with an outline is taken; `display_name` tells which.

    Raises
    ------
    NetworkError
        There is no network, the service fails, or it knows no such place with an outline.
    InputError
        The name is blank, or the folder cannot be written to.
    """
    name = place.strip()
    if not name:
        raise InputError("online.no_name")
    service = service or Service()
    kept = kept_file(folder, "boundary", "geojson", name, service.language)
    if not kept.is_file():
        progress("online.asking_boundary")
        row = asked("nominatim", partial(_outline_of, name), kept, service, progress).iloc[0]
        outline = gpd.GeoDataFrame(
            {
                "name": [str(row.get("name") or name)],
                "display_name": [str(row["display_name"])],
                "osm_id": [f"{row['osm_type']}/{row['osm_id']}"],
            },
            geometry=[_polygonal(row.geometry)],
            crs=WGS84,
        )
        write_whole(kept, lambda path: write_features(outline, path, driver="GeoJSON", COORDINATE_PRECISION=7))
    return read_features(kept)


def fetch_streets(
    area: Geometry | gpd.GeoDataFrame | gpd.GeoSeries,
    folder: Path,
    *,
    buffer_m: float = 0,
    service: Service | None = None,
    progress: Progress = _quiet,
) -> Path:
    """Return an ``.osm.pbf`` file of all highways that touch an area widened by `buffer_m` metres; a bare area is WGS 84.

    Raises
    ------
    NetworkError
        There is no network, the service fails, or there are no streets.
    GeometryError
        The area is no polygon.
    CRSError
        The area has no CRS.
    InputError
        It is larger than 25,000 km2, `buffer_m` is not a distance, or the folder cannot be written to.
    """
    service = service or Service()
    outline = _outline(_polygon(area), buffer_m)
    kept = kept_file(folder, "streets", "osm.pbf", outline.wkb)
    if not kept.is_file():
        progress("online.asking_streets")
        elements = asked(
            "overpass", partial(_highways_in, outline, parts_of(kept)), kept, service, progress, cache_only=True
        )
        if not any(kind == "way" for kind, _ in elements):
            shutil.rmtree(parts_of(kept), ignore_errors=True)
            raise NetworkError("online.no_streets")
        write_whole(kept, lambda path: _write_pbf(path, elements))
    return kept


def fetch_facilities(
    area: Geometry | gpd.GeoDataFrame | gpd.GeoSeries,
    folder: Path,
    *,
    tags: Mapping[str, list[str]] | None = None,
    service: Service | None = None,
    progress: Progress = _quiet,
) -> gpd.GeoDataFrame:
    """Return the facilities in an area as points in EPSG:4326 with id ("way/123"), name (or None) and kind ("library").

    `tags` are keys and values of OpenStreetMap, `FACILITY_TAGS` by default. A building stands at a point inside it. There may be
    none.

    Raises
    ------
    NetworkError
        There is no network, or the service fails.
    GeometryError, CRSError, InputError
        As `fetch_streets`.
    """
    service = service or Service()
    wanted = {key: list(values) for key, values in (FACILITY_TAGS if tags is None else tags).items()}
    polygon = _polygon(area)
    outline = _outline(polygon, 0)
    kept = kept_file(folder, "facilities", "geojson", polygon.wkb, sorted(wanted.items()))
    if not kept.is_file():
        progress("online.asking_facilities")
        points = _as_points(
            asked("overpass", partial(_features_in, outline, wanted), kept, service, progress), wanted, polygon
        )
        write_whole(kept, lambda path: path.write_text(points.to_json(drop_id=True), encoding="utf-8"))
    features = json.loads(kept.read_text(encoding="utf-8"))["features"]
    return gpd.GeoDataFrame(
        {name: [feature["properties"][name] for feature in features] for name in ("id", "name", "kind")},
        geometry=[shapely.Point(feature["geometry"]["coordinates"]) for feature in features],
        crs=WGS84,
    )


# --- what is asked ----------------------------------------------------------------------------------------------------


def _outline_of(name: str, ox: ModuleType) -> gpd.GeoDataFrame:
    try:
        return ox.geocode_to_gdf(name)
    except (TypeError, KeyError) as fault:  # what OSMnx raises where all it is given are points
        raise NetworkError("online.no_outline", place=name) from fault
    except ox._errors.InsufficientResponseError as fault:
        raise NetworkError("online.unknown_place", place=name) from fault


def _highways_in(outline: Polygon | MultiPolygon, answers: Path, ox: ModuleType) -> _Elements:
    with suppress(InterruptedError):  # how OSMnx says that all answers are in the folder and no graph is made
        ox.graph_from_polygon(outline, custom_filter=_STREETS, simplify=False, retain_all=True)
    found: _Elements = {}
    for path in sorted(answers.glob("*.json")):
        for element in json.loads(path.read_text(encoding="utf-8"))["elements"]:
            found[element["type"], element["id"]] = element
    return found


def _features_in(outline: Polygon | MultiPolygon, tags: dict[str, list[str]], ox: ModuleType) -> gpd.GeoDataFrame:
    try:
        return ox.features_from_polygon(outline, tags)
    except ox._errors.InsufficientResponseError:  # there is none
        return gpd.GeoDataFrame({"element": [], "id": []}, geometry=[], crs=WGS84).set_index(["element", "id"])


def _as_points(found: gpd.GeoDataFrame, tags: dict[str, list[str]], area: Geometry) -> gpd.GeoDataFrame:
    """Return features as points inside `area`, with id, name and kind."""
    kind = pd.Series([None] * len(found), index=found.index, dtype=object)
    for key, values in tags.items():
        if key in found:
            kind = kind.where(kind.notna() | ~found[key].isin(values), found[key])
    names = found["name"] if "name" in found else pd.Series([None] * len(found), index=found.index)
    points = shapely.point_on_surface(found.geometry.to_numpy())
    table = gpd.GeoDataFrame(
        {
            "id": [f"{element}/{number}" for element, number in found.index],
            "name": [str(name) if isinstance(name, str) and name.strip() else None for name in names],
            "kind": kind.to_numpy(object),
        },
        geometry=points,
        crs=WGS84,
    )
    shapely.prepare(area)
    inside = shapely.intersects(area, points) & table["kind"].notna().to_numpy()
    return table[inside].sort_values("id", kind="stable").reset_index(drop=True)


def _polygon(area: Geometry | gpd.GeoDataFrame | gpd.GeoSeries) -> Polygon | MultiPolygon:
    if not isinstance(area, Geometry):
        if area.crs is None:
            raise CRSError("streets.area_no_crs")
        area = shapely.union_all(shapely.make_valid(area.geometry.to_crs(WGS84).to_numpy()))
    shape = _polygonal(area)
    if shape.is_empty:
        raise GeometryError("online.no_polygon", kind=area.geom_type)
    return shape


def _polygonal(shape: Geometry) -> Polygon | MultiPolygon:
    """Return the valid polygons of a shape; an empty one where it has none."""
    parts = shapely.get_parts(shapely.make_valid(shapely.force_2d(shape)))
    return shapely.union_all([part for part in parts if isinstance(part, Polygon | MultiPolygon)])


def _outline(polygon: Polygon | MultiPolygon, buffer_m: float) -> Polygon | MultiPolygon:
    """Return what is asked for: the area widened, with few corners, since a server refuses a query of thousands."""
    if not 0 <= buffer_m < np.inf:
        raise InputError("streets.bad_buffer", value=buffer_m)
    area = Area.of(polygon)
    if area.area_km2 > _LARGEST_KM2:
        raise InputError("online.too_large", km2=round(area.area_km2), limit_km2=round(_LARGEST_KM2))
    wide = shapely.simplify(shapely.buffer(area.geometry_m, buffer_m + 2 * _OUTLINE_M), _OUTLINE_M)
    return shapely.transform(wide, transformer(area.crs, WGS84).transform, interleaved=False)


def _write_pbf(path: Path, elements: _Elements) -> None:
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for (kind, number), element in sorted(elements.items()):  # nodes before ways
            tags = element.get("tags", {})
            if kind == "node":
                place = (element["lon"], element["lat"])
                writer.add_node(osmium.osm.mutable.Node(id=number, location=place, tags=tags))
            elif kind == "way":
                writer.add_way(osmium.osm.mutable.Way(id=number, nodes=element["nodes"], tags=tags))
