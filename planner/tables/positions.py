"""Where the rows of a table lie: its coordinates in the declared datum to WGS 84, with a reason for each row that has none.

Coordinates whose order is turned round, and only those that cannot be read any other way, are put right and reported.
"""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.crs import WGS84, transformer
from planner.datum import canonical_datum, check_crs, datum_crs, is_in_degrees, to_wgs84
from planner.errors import CRSError, InputError
from planner.findings import InputReport
from planner.tables.headers import SYNONYMS, find_columns, nearest_header
from planner.tables.values import as_numbers

Floats = NDArray[np.float64]

_FEW = 10  # rows turned round that are listed one by one; above, they are counted in one finding


class Positions(NamedTuple):
    """WGS 84 degrees per row, NaN where `reason` says why there is no position; `reason` is None where there is one."""

    longitude: Floats
    latitude: Floats
    reason: NDArray[np.object_]


def positions(frame: pd.DataFrame, *, datum: str | None, report: InputReport) -> Positions:
    """Return where each row of a table from `read_table` lies; each row without a position is reported as dropped.

    A vector layer's own CRS takes its points to degrees; a datum of GCJ-02 or BD-09 then says that these degrees are shifted,
    since such files are labelled WGS 84 by all software. Polygons stand at a point inside them. `datum` None means WGS-84
    where the file does not say.

    Raises
    ------
    InputError
        There is no column of coordinates, or no row has a position although there are rows.
    CRSError
        The datum is unknown, contradicts the file's own CRS, or the numbers are not in it.
    """
    if isinstance(frame, gpd.GeoDataFrame):
        found = _from_geometry(frame, datum=datum, report=report)
    else:
        found = _from_columns(frame, datum=datum or "WGS-84", report=report)
    rows = frame["source_row"].to_numpy()
    for at in np.flatnonzero(np.isnan(found.longitude)):
        report.add(f"tables.{found.reason[at]}", "dropped", int(rows[at]))
    return found


def effective_crs(crs: CRS | None, datum: str | None, file: str) -> tuple[CRS, str]:
    """Return `(crs, datum)`: the system that a vector file's numbers are in, and the datum of the degrees that come out.

    Raises
    ------
    CRSError
        There is neither a CRS nor a datum, or the two contradict each other.
    """
    declared = canonical_datum(datum) if datum is not None else None
    if crs is None:
        if declared is None:
            raise CRSError("tables.no_crs", file=file)
        return datum_crs(declared), declared if not declared.startswith("EPSG:") else "WGS-84"
    check_crs(crs, file)
    if declared is not None and declared.startswith("EPSG:"):
        if not datum_crs(declared).equals(crs, ignore_axis_order=True):
            raise CRSError("tables.crs_contradicts", file=file, crs=crs.name, datum=declared)
        return crs, "WGS-84"
    return crs, declared or "WGS-84"


def _from_geometry(frame: gpd.GeoDataFrame, *, datum: str | None, report: InputReport) -> Positions:
    crs, shift = effective_crs(frame.crs, datum, report.file)
    shapes = frame.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes)
    polygons = np.isin(kinds, (3, 6))
    single = (kinds == 4) & (shapely.get_num_geometries(shapes) == 1)
    usable = ((kinds == 0) | polygons | single) & ~shapely.is_empty(shapes)
    if polygons.any():
        report.add("tables.polygons_as_points", "note", count=int(polygons.sum()))
    points = shapely.point_on_surface(shapes[usable])
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    x[usable], y[usable] = shapely.get_x(points), shapely.get_y(points)
    if crs.is_geographic and usable.any():
        _refuse_metres(x[usable], y[usable], file=report.file)
    if crs != WGS84:
        x, y = transformer(crs, WGS84).transform(x, y)
    lon, lat = to_wgs84(x, y, shift)
    missing = np.isnan(lon)
    reason = np.full(len(frame), None, dtype=object)
    reason[missing] = "no_point"
    reason[missing & ~usable] = "no_geometry_row"
    return Positions(lon, lat, reason)


def _from_columns(frame: pd.DataFrame, *, datum: str, report: InputReport) -> Positions:
    own = [name for name in frame.columns if name not in ("source_file", "source_row")]
    columns = find_columns(own, ("longitude", "latitude"))
    for wanted in ("longitude", "latitude"):
        if wanted not in columns:
            raise InputError(
                f"tables.no_{wanted}",
                file=report.file,
                headers=", ".join(own),
                nearest=nearest_header(wanted, own),
                known=", ".join(SYNONYMS[wanted][:6]),
            )
    report.figures.setdefault("columns", {}).update(columns)
    x, y = (as_numbers(frame[columns[axis]]) for axis in ("longitude", "latitude"))
    in_degrees = is_in_degrees(datum)
    given = ~np.isnan(x.values) & ~np.isnan(y.values)
    zero = given & (x.values == 0) & (y.values == 0)
    lon, lat, turned = _to_degrees(x.values, y.values, given & ~zero, datum=datum, in_degrees=in_degrees, report=report)
    _report_turned(frame["source_row"].to_numpy()[turned], len(frame), columns, report)
    reason = np.full(len(frame), None, dtype=object)
    missing = np.isnan(lon)
    reason[missing] = "not_in_datum"
    reason[missing & (zero | ~given)] = "no_coordinates"
    reason[missing & (x.bad | y.bad)] = "bad_coordinates"
    return Positions(lon, lat, reason)


def _to_degrees(
    x: Floats, y: Floats, given: NDArray[np.bool_], *, datum: str, in_degrees: bool, report: InputReport
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return WGS 84 degrees and which rows had to be turned round to be positions at all."""
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    turned = np.zeros(len(x), bool)
    straight = given & _possible(x, y, datum, in_degrees)
    turned = given & ~straight & _possible(y, x, datum, in_degrees)
    if given.any() and not (straight | turned).any():
        row = int(np.flatnonzero(given)[0])
        code = "tables.not_degrees" if in_degrees else "tables.not_in_system"
        raise CRSError(code, file=report.file, x=float(x[row]), y=float(y[row]), datum=datum)
    lon[straight], lat[straight] = to_wgs84(x[straight], y[straight], datum)
    lon[turned], lat[turned] = to_wgs84(y[turned], x[turned], datum)
    return lon, lat, turned


def _possible(x: Floats, y: Floats, datum: str, in_degrees: bool) -> NDArray[np.bool_]:
    """Return which pairs can be positions: degrees in range, or metres that lie within 10 degrees of where the system is used."""
    if in_degrees:
        return (np.abs(x) <= 180) & (np.abs(y) <= 90)
    lon, lat = to_wgs84(x, y, datum)
    use = datum_crs(datum).area_of_use
    if use is None:
        return np.isfinite(lon)
    margin = 10.0
    east = use.east if use.east >= use.west else use.east + 360
    middle, half = (use.west + east) / 2, (east - use.west) / 2 + margin
    apart = np.abs((lon - middle + 180) % 360 - 180)
    return (apart <= half) & (lat >= use.south - margin) & (lat <= use.north + margin)


def _report_turned(rows: NDArray[np.int64], of: int, columns: dict[str, str], report: InputReport) -> None:
    if len(rows) > _FEW:
        report.add("tables.turned_many", "repaired", None, count=len(rows), of=of, first=int(rows[0]), **columns)
        report.figures["rows_turned"] = len(rows)
        return
    for row in rows:
        report.add("tables.turned", "repaired", int(row), **columns)


def _refuse_metres(x: Floats, y: Floats, *, file: str) -> None:
    far = (np.abs(x) > 360) | (np.abs(y) > 90)
    if far.all():
        raise CRSError("tables.not_degrees", file=file, x=float(x[0]), y=float(y[0]), datum="WGS-84")
