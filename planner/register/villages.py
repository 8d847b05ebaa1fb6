"""Villages and communities, and townships, as places: a point inside each, and how far from it its land reaches.

They come as a layer of polygons, as points, or as a table that has names and codes alone (which places nothing but knows which
villages there are, for the drop-downs of a survey).
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.boundaries import polygons_wgs84, to_metres, zone_of
from planner.crs import WGS84, metric_crs, transformer
from planner.errors import InputError
from planner.findings import InputReport
from planner.register.names import Names, bare_township, bare_village
from planner.tables import as_texts, find_columns, nearest_header, positions, read_table

_NAMES, _CODES = ("village", "name"), ("village_code", "id")
_CODE_HEADERS = ("code", "代码")


@dataclass(frozen=True)
class Gazetteer:
    """Known units of one level; arrays, one entry a unit.

    `longitude` and `latitude` (WGS 84) are of a point inside, NaN where no place is known; `radius_m` is the farthest that the
    unit reaches from it (for units known as points, the way to the nearest other one); `shape` is None where there is none.
    """

    name: list[str | None]
    code: list[str | None]
    zone: list[str | None]
    zone_code: list[str | None]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    shape: NDArray[np.object_]
    names: Names

    def __len__(self) -> int:
        return len(self.name)


def townships(zones: gpd.GeoDataFrame) -> Gazetteer:
    """Return the zones of `planner.boundaries.read_zones` as places."""
    names, codes = _objects(zones["zone"]), _objects(zones["zone_code"])
    bare = [bare_township(name) for name in names]
    return _of_polygons(names, codes, names, codes, zones.geometry.to_numpy(), bare)


def read_villages(
    path: Path,
    *,
    report: InputReport,
    zones: gpd.GeoDataFrame | None = None,
    name_field: str | None = None,
    code_field: str | None = None,
    datum: str | None = None,
) -> Gazetteer:
    """Return the villages and communities of a layer or table; where it names no townships, those that its points lie in.

    Raises
    ------
    InputError
        The file cannot be read, or has no column of names.
    CRSError
        Its coordinates have no system, or are not in it.
    """
    frame = read_table(path, report=report)
    headers = [
        str(name) for name in frame.columns if name not in ("geometry", "source_file", "source_sheet", "source_row")
    ]
    found = find_columns(headers)
    name = _field(name_field, headers, report) or next((found[key] for key in _NAMES if key in found), None)
    if name is None:
        near = nearest_header("village", headers)
        raise InputError("register.no_village_names", file=report.file, headers=", ".join(headers), nearest=near)
    code = _field(code_field, headers, report) or next((found[key] for key in _CODES if key in found), None)
    code = code or next((header for header in headers if header.casefold() in _CODE_HEADERS), None)
    frame = frame[[text is not None for text in as_texts(frame[name])]].reset_index(drop=True)
    names, codes = as_texts(frame[name]), _texts(frame, code)
    zone, zone_code = (_texts(frame, found.get(column)) for column in ("zone", "zone_code"))
    shapes = np.full(len(frame), None, dtype=object)
    lon, lat = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    if isinstance(frame, gpd.GeoDataFrame) and (shapely.get_type_id(frame.geometry.to_numpy()) >= 3).any():
        shapes = polygons_wgs84(frame, datum=datum, report=report).geometry.to_numpy()
        lon, lat = _inside(shapes)
    elif isinstance(frame, gpd.GeoDataFrame) or "lonlat" in found or {"longitude", "latitude"} <= found.keys():
        lon, lat, _ = positions(frame, datum=datum, report=report, rows_without_position="keep")
    report.rows_used = len(frame)
    if zones is not None and not any(zone) and not any(zone_code):
        lies_in = zone_of(np.where(np.isnan(lon), None, shapely.points(lon, lat)), zones)
        zone, zone_code = _objects(lies_in["zone"]), _objects(lies_in["zone_code"])
    bare = [bare_village(text, township) for text, township in zip(names, zone, strict=True)]
    if np.isnan(lon).all():
        report.add("register.villages_without_place", "doubtful", count=len(frame))
    if any(shape is not None for shape in shapes):
        return _of_polygons(names, codes, zone, zone_code, shapes, bare)
    return Gazetteer(names, codes, zone, zone_code, lon, lat, _to_next(lon, lat), shapes, Names(names, codes, bare))


def _of_polygons(
    names: list[str | None],
    codes: list[str | None],
    zone: list[str | None],
    zone_code: list[str | None],
    shapes: NDArray[np.object_],
    bare: list[str],
) -> Gazetteer:
    lon, lat = _inside(shapes)
    return Gazetteer(
        names, codes, zone, zone_code, lon, lat, _reach_m(shapes, lon, lat), shapes, Names(names, codes, bare)
    )


def _inside(shapes: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = shapely.point_on_surface(shapes)
    empty = shapely.is_empty(points) | shapely.is_missing(points)
    points = np.where(empty, None, points)
    return shapely.get_x(points), shapely.get_y(points)


def _reach_m(shapes: NDArray[np.object_], lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the metres from each point to the farthest corner of its shape."""
    reach = np.full(len(shapes), np.nan)
    for at in np.flatnonzero(~np.isnan(lon)):
        crs = metric_crs([lon[at]], [lat[at]])
        x, y = transformer(WGS84, crs).transform(lon[at], lat[at])
        corners = shapely.get_coordinates(to_metres(shapes[at], crs))
        reach[at] = np.hypot(corners[:, 0] - x, corners[:, 1] - y).max()
    return reach


def _to_next(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the metres from each point to the nearest other one."""
    known = np.flatnonzero(~np.isnan(lon))
    away = np.full(len(lon), np.nan)
    if len(known) > 1:
        x, y = transformer(WGS84, metric_crs(lon[known], lat[known])).transform(lon[known], lat[known])
        away[known] = cKDTree(np.column_stack((x, y))).query(np.column_stack((x, y)), k=2)[0][:, 1]
    return away


def _field(field: str | None, headers: list[str], report: InputReport) -> str | None:
    if field is not None and field not in headers:
        near = nearest_header(field, headers)
        raise InputError(
            "boundaries.unknown_field", file=report.file, field=field, fields=", ".join(headers), nearest=near
        )
    return field


def _texts(frame: pd.DataFrame, header: str | None) -> list[str | None]:
    return [None] * len(frame) if header is None else as_texts(frame[header])


def _objects(column: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) else str(value) for value in column]
