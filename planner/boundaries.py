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
from planner.geometry import holds, polygonal, valid_polygons, wrapped
from planner.tables import as_texts, nearest_header, read_vector
from planner.tables.positions import effective_crs
from planner.zone_fit import report_fit

_STEP_DEG = 0.01  # about a kilometre: an edge of that length bends by less than 2 cm between degrees and metres
_STEP_M = 1000.0
_FARTHEST_M = 1e9  # no system has larger numbers, and along an edge so long points cannot be added
_WIDEST_M = 4e6  # a metric system holds no more of the globe
_ZONE_CLASSES = {
    **dict.fromkeys(
        ("城镇", "城市", "城区", "镇区", "111", "112", "121", "122", "123"), "urban"
    ),  # 城乡分类代码 of 2008
    **dict.fromkeys(("乡村", "农村", "村庄", "210", "220"), "rural"),
}
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Area:
    """A study area: `geometry` in WGS 84 degrees, and in metres (`geometry_m`) of `crs`, the UTM zone of its centre."""

    geometry: Polygon | MultiPolygon
    crs: CRS
    geometry_m: Polygon | MultiPolygon

    @classmethod
    def of(cls, geometry: Polygon | MultiPolygon, *, file: str = "bbox") -> "Area":
        """Return the area of a valid polygon in WGS 84 degrees.

        Raises
        ------
        GeometryError
            It is larger than any metric system holds.
        """
        west, south, east, north = geometry.bounds
        crs = metric_crs([west, east], [south, north])
        metres = to_metres(geometry, crs)
        left, low, right, high = metres.bounds
        if not (np.isfinite(shapely.get_coordinates(metres)).all() and max(right - left, high - low) <= _WIDEST_M):
            raise GeometryError("boundaries.area_too_large", file=file, west=west, south=south, east=east, north=north)
        return cls(geometry, crs, valid_polygons(metres))

    def holds(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which places (WGS 84 degrees) lie in the area; those on a border as `planner.geometry.holds` says."""
        return holds(self.geometry, longitude, latitude)

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
    area = Area.of(polygonal(whole), file=report.file)
    report.figures["area_km2"] = round(area.area_km2, 4)
    return area


def area_of_box(west: float, south: float, east: float, north: float) -> Area:
    """Return the area between two meridians and two parallels (WGS 84 degrees)."""
    return Area.of(shapely.box(west, south, east, north))


def read_zones(
    path: Path | str,
    *,
    name_field: str,
    code_field: str | None = None,
    zone_class: str | None = None,
    classes: Sequence[str] = (),
    area: Area,
    report: InputReport,
    datum: str | None = None,
) -> gpd.GeoDataFrame:
    """Return zones with columns zone, zone_code (text, None without a code) and geometry, in EPSG:4326, in the file's order.

    Features of one name and one code are one zone. Overlaps, and parts of the area in no zone, are reported with their size.
    With `zone_class` there is a column of that name: what its field says of each zone, or itself for all of them where it is
    urban, rural or one of `classes` and no field is called so.

    Raises
    ------
    InputError
        A field is not there (the error lists the fields and names the nearest), or no zone touches the area.
    GeometryError, CRSError
        As `read_area`.
    """
    frame = _read_polygons(Path(path), datum=datum, report=report)
    fields = [str(name) for name in frame.columns if name not in ("geometry", "source_file", "source_row")]
    one_class = zone_class not in fields and zone_class_of(zone_class) in ("urban", "rural", *classes)
    for field in (name_field, code_field, None if one_class else zone_class):
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
    if zone_class is not None:
        said = [zone_class] * len(frame) if one_class else as_texts(frame[zone_class])
        zones["zone_class"] = _classes(zones, names, codes, [zone_class_of(word) for word in said], report)
    _report_fit(zones, area, report)
    return zones


def zone_of(points: Sequence[Any] | gpd.GeoSeries, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return zone and zone_code of each point (shapely points in WGS 84 degrees), None outside all zones and for empty points.

    Borders belong to both sides; a point in several zones is given to the first, so that each has exactly one.
    """
    found = named_zones(zone_numbers(points, zones), zones)
    return found.set_index(points.index) if isinstance(points, pd.Series) else found


def zone_numbers(points: Sequence[Any] | gpd.GeoSeries, zones: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the row of the first zone that holds each point, -1 outside all zones and for empty points; as `zone_of`."""
    array = np.array(points, dtype=object)
    array[shapely.is_empty(array)] = None  # an empty point has no coordinates to ask for
    x, y = shapely.get_x(array), shapely.get_y(array)
    found = np.full(len(array), -1, dtype=np.int64)
    shapes = zones.geometry.to_numpy()
    shapely.prepare(shapes)
    for number, (shape, (west, south, east, north)) in enumerate(zip(shapes, shapely.bounds(shapes), strict=True)):
        near = np.flatnonzero((found < 0) & (x >= west) & (x <= east) & (y >= south) & (y <= north))
        found[near[shapely.intersects_xy(shape, x[near], y[near])]] = number
    return found


def named_zones(numbers: NDArray[np.int64], zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return zone and zone_code of rows of `zones`, None for -1."""
    columns = {name: _pick(zones[name].to_numpy(dtype=object), numbers) for name in ("zone", "zone_code")}
    return pd.DataFrame(columns, dtype=object)


def zone_class_of(word: str | None) -> str | None:
    """Return the class of a zone as projects name it: urban, rural, or whatever word stands there; None for a blank.

    城镇 and 乡村 are urban and rural, and so are the statistics office's codes (111, 112, 121 ... and 210, 220).
    """
    word = (word or "").strip()
    return _ZONE_CLASSES.get(word, word.lower()) or None


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
    _check_numbers(shapes, crs, file=report.file)
    shapes = _repaired(
        shapes, rows, report
    )  # before points are added along edges: GEOS drops parts of invalid shapes there
    shapes = _to_degrees(shapes, crs, shift, file=report.file)
    for at in np.flatnonzero(
        ~shapely.is_valid(shapes)
    ):  # what a conversion bends by its last digit is not worth a word
        shapes[at] = valid_polygons(shapes[at])
    shapes, count = wrapped(shapes, in_one_piece=not crs.is_geographic)
    if count:
        report.add("boundaries.wrapped", "note", count=count)
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


def _check_numbers(shapes: NDArray[np.object_], crs: CRS, *, file: str) -> None:
    """Refuse coordinates that no place has: neither a repair nor points along edges can deal with them."""
    x, y = shapely.get_coordinates(shapes).T
    if crs.is_geographic:
        if (np.abs(x) > 360).any() or (np.abs(y) > 90).any():
            at = int(np.flatnonzero((np.abs(x) > 360) | (np.abs(y) > 90))[0])
            raise CRSError("boundaries.not_degrees", file=file, x=float(x[at]), y=float(y[at]), crs=crs.name)
    elif (np.abs(x) > _FARTHEST_M).any() or (np.abs(y) > _FARTHEST_M).any():
        raise CRSError("boundaries.not_in_crs", file=file, crs=crs.name)


def _to_degrees(shapes: NDArray[np.object_], crs: CRS, datum: str, *, file: str) -> NDArray[np.object_]:
    """Return shapes in WGS 84 degrees."""
    if not crs.is_geographic:
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
        valid[at] = valid_polygons(shapes[at])
        if not valid[at].is_empty:
            fault = shapely.is_valid_reason(shapes[at]).split("[")[0].strip()
            report.add("boundaries.repaired", "repaired", int(rows[at]), fault=fault)
    return valid


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
        polygonal(shapely.union_all(shapes[places])) if len(places) > 1 else shapes[places[0]]
        for places in members.values()
    ]
    columns = {
        label: pd.Series([key[at] for key in members], dtype=object) for at, label in enumerate(("zone", "zone_code"))
    }
    report.figures["zones"] = len(members)
    return gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")


def _classes(
    zones: gpd.GeoDataFrame,
    names: list[str | None],
    codes: list[str | None],
    classes: list[str | None],
    report: InputReport,
) -> pd.Series:
    """Return the class of each zone; where its features differ the first counts, and a zone without one is reported."""
    first: dict[tuple[str | None, str | None], str | None] = {}
    for key, word in zip(zip(names, codes, strict=True), classes, strict=True):
        first[key] = first.get(key) or word
    found = [first[key] for key in zip(zones["zone"], zones["zone_code"], strict=True)]
    blank = [str(name) for name, word in zip(zones["zone"], found, strict=True) if word is None]
    if blank:
        listed = ", ".join(blank[:10]) + (" ..." if len(blank) > 10 else "")
        report.add("boundaries.zones_without_class", "doubtful", count=len(blank), listed=listed)
    report.figures["classes"] = {str(word): found.count(word) for word in dict.fromkeys(found) if word is not None}
    return pd.Series(found, index=zones.index, dtype=object)


def _report_fit(zones: gpd.GeoDataFrame, area: Area, report: InputReport) -> None:
    shapes = [valid_polygons(to_metres(shape, area.crs)) for shape in zones.geometry]
    report_fit(zones["zone"].to_numpy(), np.array(shapes, dtype=object), area.geometry_m, area.area_km2, report)


def _pick(values: NDArray[np.object_], at: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return `values[at]`, None where `at` is negative."""
    picked = np.full(len(at), None, dtype=object)
    picked[at >= 0] = values[at[at >= 0]]
    picked[pd.isna(picked)] = None
    return picked
