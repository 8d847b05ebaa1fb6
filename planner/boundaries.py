"""Study areas and zones: whose population counts, and the units by which it is reported.

The outline in WGS 84 degrees is what counts, its edges straight in longitude and latitude as GeoJSON has it; `Area.geometry_m`
is the same shape in metres, with points added along its edges so that long ones do not move.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from planner.crs import WGS84, metric_crs, transformer
from planner.datum import to_wgs84
from planner.errors import CRSError, GeometryError, InputError
from planner.findings import InputReport
from planner.tables import as_texts, nearest_header, read_vector
from planner.tables.positions import effective_crs

_STEP_DEG = 0.01  # about a kilometre: an edge of that length bends by less than 2 cm between degrees and metres
_STEP_M = 1000.0
_SLIVER_KM2 = 0.01  # overlaps and gaps below a hectare are drawing noise
_LISTED = 10
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Area:
    """A study area: `geometry` in WGS 84 degrees, and in metres (`geometry_m`) of `crs`, the UTM zone of its centre."""

    geometry: Polygon | MultiPolygon
    crs: CRS
    geometry_m: Polygon | MultiPolygon

    @classmethod
    def of(cls, geometry: Polygon | MultiPolygon) -> "Area":
        """Return the area of a valid polygon in WGS 84 degrees."""
        west, south, east, north = geometry.bounds
        crs = metric_crs([west, east], [south, north])
        return cls(geometry, crs, _polygonal(shapely.make_valid(to_metres(geometry, crs))))

    @property
    def area_km2(self) -> float:
        """Return the area on the ellipsoid in square kilometres."""
        return abs(_GEOD.geometry_area_perimeter(shapely.segmentize(self.geometry, _STEP_DEG))[0]) / 1e6


def read_area(path: Path | str, *, report: InputReport, datum: str | None = None) -> Area:
    """Return the study area of a vector file: the union of its polygons, in whatever CRS the file is.

    Outlines that cross themselves are repaired and reported. `datum` is for outlines in GCJ-02 or BD-09 that every reader takes
    for WGS 84, and for files without a CRS.

    Raises
    ------
    InputError
        The file cannot be read, or is empty.
    GeometryError
        It holds points or lines.
    CRSError
        Its coordinates have no system, or are not in it.
    """
    frame = _read_polygons(Path(path), datum=datum, report=report)
    whole = shapely.union_all(frame.geometry.to_numpy())
    area = Area.of(_polygonal(whole))
    report.figures["area_km2"] = round(area.area_km2, 4)
    return area


def read_zones(
    path: Path | str,
    *,
    name_field: str,
    code_field: str | None = None,
    area: Area,
    report: InputReport,
    datum: str | None = None,
) -> gpd.GeoDataFrame:
    """Return zones with columns zone, zone_code (text, None without a code) and geometry, in EPSG:4326, in the file's order.

    Features of one name and one code are one zone. Overlaps, and parts of the area in no zone, are reported with their size.

    Raises
    ------
    InputError
        A field is not there (the error lists the fields and names the nearest), or no zone touches the area.
    GeometryError, CRSError
        As `read_area`.
    """
    frame = _read_polygons(Path(path), datum=datum, report=report)
    fields = [str(name) for name in frame.columns if name not in ("geometry", "source_file", "source_row")]
    for field in (name_field, code_field):
        if field is not None and field not in fields:
            near = nearest_header(field, fields)
            raise InputError(
                "boundaries.unknown_field", file=report.file, field=field, fields=", ".join(fields), nearest=near
            )
    names = as_texts(frame[name_field])
    codes: list[str | None] = [None] * len(frame)
    if code_field is not None:
        codes = as_texts(frame[code_field])
    for at, name in enumerate(names):
        if name is None:
            row = int(frame["source_row"].iat[at])
            names[at] = codes[at] or f"{row}"
            report.add("boundaries.zone_without_name", "repaired", row, field=name_field, name=names[at])
    zones = _one_row_a_zone(names, codes, frame, report)
    _report_fit(zones, area, report)
    return zones


def zone_of(points: Sequence[Any] | gpd.GeoSeries, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return zone and zone_code of each point (shapely points in WGS 84 degrees), None outside all zones and for empty points.

    Borders belong to both sides; a point in several zones is given to the first, so that each has exactly one.
    """
    array = np.array(points, dtype=object)
    array[shapely.is_empty(array)] = None  # an empty point has no coordinates to ask for
    x, y = shapely.get_x(array), shapely.get_y(array)
    found = np.full(len(array), -1, dtype=np.int64)
    shapes = zones.geometry.to_numpy()
    shapely.prepare(shapes)
    for number, (shape, (west, south, east, north)) in enumerate(zip(shapes, shapely.bounds(shapes), strict=True)):
        near = np.flatnonzero((found < 0) & (x >= west) & (x <= east) & (y >= south) & (y <= north))
        found[near[shapely.intersects_xy(shape, x[near], y[near])]] = number
    index = points.index if isinstance(points, pd.Series) else None
    columns = {name: _pick(zones[name].to_numpy(dtype=object), found) for name in ("zone", "zone_code")}
    return pd.DataFrame(columns, index=index, dtype=object)


def to_metres(geometry: BaseGeometry, crs: CRS) -> BaseGeometry:
    """Return a WGS 84 shape in a metric CRS; its edges get points every 0.01 degrees so that they stay where they were."""
    change = transformer(WGS84, crs).transform
    return shapely.transform(shapely.segmentize(geometry, _STEP_DEG), change, interleaved=False)


def polygons_wgs84(frame: gpd.GeoDataFrame, *, datum: str | None, report: InputReport) -> gpd.GeoDataFrame:
    """Return a vector layer's rows with their polygons valid and in WGS 84; those without a surface become empty, reported.

    Raises
    ------
    InputError
        No row has a surface.
    GeometryError
        Some are points or lines.
    CRSError
        The coordinates have no system, or are not in it.
    """
    rows = frame["source_row"].to_numpy()
    shapes = np.array(shapely.force_2d(frame.geometry.to_numpy()), dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = np.flatnonzero(~empty & ~np.isin(shapely.get_type_id(shapes), (3, 6)))
    if len(wrong):
        kind, row = shapes[wrong[0]].geom_type, int(rows[wrong[0]])
        raise GeometryError("boundaries.not_polygons", file=report.file, count=len(wrong), row=row, kind=kind)
    shapes[empty] = Polygon()
    crs, shift = effective_crs(frame.crs, datum, report.file)
    shapes = _repaired(
        shapes, rows, report
    )  # before points are added along edges: GEOS drops parts of invalid shapes there
    shapes = _to_degrees(shapes, crs, shift, file=report.file)
    for at in np.flatnonzero(
        ~shapely.is_valid(shapes)
    ):  # what a conversion bends by its last digit is not worth a word
        shapes[at] = _polygonal(shapely.make_valid(shapes[at]))
    empty = shapely.is_empty(shapes)
    if empty.all():
        raise InputError("boundaries.no_features", file=report.file)
    for row in rows[empty]:
        report.add("boundaries.empty_shape", "dropped", int(row))
    report.rows_used = int((~empty).sum())
    return gpd.GeoDataFrame(frame.drop(columns=frame.geometry.name), geometry=shapes, crs="EPSG:4326")


def _read_polygons(path: Path, *, datum: str | None, report: InputReport) -> gpd.GeoDataFrame:
    frame = polygons_wgs84(read_vector(path, report=report), datum=datum, report=report)
    return frame[~frame.geometry.is_empty].reset_index(drop=True)


def _to_degrees(shapes: NDArray[np.object_], crs: CRS, datum: str, *, file: str) -> NDArray[np.object_]:
    """Return shapes in WGS 84 degrees."""
    x, y = shapely.get_coordinates(shapes).T
    if crs.is_geographic:
        if (np.abs(x) > 360).any() or (np.abs(y) > 90).any():
            at = int(np.flatnonzero((np.abs(x) > 360) | (np.abs(y) > 90))[0])
            raise CRSError("boundaries.not_degrees", file=file, x=float(x[at]), y=float(y[at]), crs=crs.name)
    else:
        shapes = shapely.segmentize(shapes, _STEP_M)
    if crs != WGS84:
        shapes = shapely.transform(shapes, transformer(crs, WGS84).transform, interleaved=False)
    if datum not in ("WGS-84", "CGCS2000"):
        shapes = shapely.transform(shapes, lambda x, y: to_wgs84(x, y, datum), interleaved=False)
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise CRSError("boundaries.not_in_crs", file=file, crs=crs.name)
    return shapes


def _repaired(shapes: NDArray[np.object_], rows: NDArray[np.int64], report: InputReport) -> NDArray[np.object_]:
    """Return shapes made valid; what is not a polygon afterwards (a spike, a doubled line) is left off."""
    valid = shapes.copy()
    for at in np.flatnonzero(~shapely.is_valid(shapes)):
        valid[at] = _polygonal(shapely.make_valid(shapes[at]))
        if not valid[at].is_empty:
            fault = shapely.is_valid_reason(shapes[at]).split("[")[0].strip()
            report.add("boundaries.repaired", "repaired", int(rows[at]), fault=fault)
    return valid


def _polygonal(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of a shape as one (Multi)Polygon, without Z."""
    if isinstance(shape, Polygon | MultiPolygon):
        return shape
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon | MultiPolygon)]
    whole = shapely.union_all(parts)
    return whole if isinstance(whole, Polygon | MultiPolygon) else MultiPolygon()


def _one_row_a_zone(
    names: list[str | None], codes: list[str | None], frame: gpd.GeoDataFrame, report: InputReport
) -> gpd.GeoDataFrame:
    members: dict[tuple[str | None, str | None], list[int]] = {}
    for at, key in enumerate(zip(names, codes, strict=True)):
        members.setdefault(key, []).append(at)
    for (name, code), places in members.items():
        if len(places) > 1:
            rows = ", ".join(str(int(frame["source_row"].iat[at])) for at in places)
            report.add("boundaries.joined", "note" if code else "doubtful", name=name, rows=rows)
    shapes = frame.geometry.to_numpy()
    geometry = [
        _polygonal(shapely.union_all(shapes[places])) if len(places) > 1 else shapes[places[0]]
        for places in members.values()
    ]
    columns = {
        label: pd.Series([key[at] for key in members], dtype=object) for at, label in enumerate(("zone", "zone_code"))
    }
    report.figures["zones"] = len(members)
    return gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")


def _report_fit(zones: gpd.GeoDataFrame, area: Area, report: InputReport) -> None:
    """Report zones that do not touch the area, zones that overlap, and what of the area lies in none."""
    shapes = np.array(
        [_polygonal(shapely.make_valid(to_metres(shape, area.crs))) for shape in zones.geometry], dtype=object
    )
    shapely.prepare(area.geometry_m)
    touching = shapely.intersects(area.geometry_m, shapes)
    if not touching.any():
        km = round(float(shapely.distance(area.geometry_m, shapes).min()) / 1000, 1)
        raise InputError("boundaries.zones_elsewhere", file=report.file, distance_km=km)
    if not touching.all():
        report.add("boundaries.zones_outside", "note", count=int((~touching).sum()), of=len(zones))
    names = zones["zone"].to_numpy()
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    sizes = shapely.area(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])) / 1e6
    order = [at for at in np.argsort(-sizes, kind="stable") if sizes[at] > _SLIVER_KM2]
    for at in order[:_LISTED]:
        first, second = (names[number] for number in pairs[at])
        report.add("boundaries.overlap", "doubtful", first=first, second=second, km2=round(float(sizes[at]), 3))
    if len(order) > _LISTED:
        rest = round(float(sizes[order[_LISTED:]].sum()), 3)
        report.add("boundaries.more_overlaps", "doubtful", count=len(order) - _LISTED, km2=rest)
    gap = shapely.difference(area.geometry_m, shapely.union_all(shapes[touching]))
    parts = np.sort(shapely.area(shapely.get_parts(gap)))[::-1] / 1e6
    large = parts[parts > _SLIVER_KM2]
    report.figures |= {
        "overlap_km2": round(float(sizes.sum()), 4),
        "area_without_zone_km2": round(float(parts.sum()), 4),
    }
    if len(large):
        share = round(100 * float(large.sum()) / area.area_km2, 2)
        report.add("boundaries.gap", "doubtful", km2=round(float(large.sum()), 3), parts=len(large), percent=share)


def _pick(values: NDArray[np.object_], at: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return `values[at]`, None where `at` is negative."""
    picked = np.full(len(at), None, dtype=object)
    picked[at >= 0] = values[at[at >= 0]]
    picked[pd.isna(picked)] = None
    return picked
