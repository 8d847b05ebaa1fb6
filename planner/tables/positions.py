"""Where the rows of a table lie: its coordinates in the declared datum to WGS 84, with a reason for each row that has none.

Coordinates whose order is turned round, and only those that cannot be read any other way, are put right and reported; so are
those in kilometres, and each Gauss-Kruger row is converted in the zone that its own easting names.
"""

from typing import Literal, NamedTuple

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
from planner.gauss_kruger import meridian_of_crs
from planner.tables.angles import Angles, as_angles, split_pairs
from planner.tables.degrees import Axes, by_system, by_zone, refuse_metres
from planner.tables.headers import Synonyms, all_synonyms, find_columns, named_datum, nearest_header
from planner.tables.layout import shown
from planner.tables.rows import Remarks, own_columns
from planner.tables.synonyms import SYNONYMS

Floats = NDArray[np.float64]
WithoutPosition = Literal["report", "keep"]

_POSITION_COLUMNS = ("longitude", "latitude", "lonlat", "latlon")
_PLACED_BY = ("village", "village_code", "zone", "zone_code")


class Positions(NamedTuple):
    """WGS 84 degrees per row, NaN where `reason` says why there is no position; `reason` is None where there is one."""

    longitude: Floats
    latitude: Floats
    reason: NDArray[np.object_]


def positions(
    frame: pd.DataFrame,
    *,
    datum: str | None,
    report: InputReport,
    synonyms: Synonyms | None = None,
    rows_without_position: WithoutPosition = "report",
) -> Positions:
    """Return where each row of a table from `read_table` lies; each row without a position is reported as dropped.

    A vector layer's own CRS takes its points to degrees; a datum of GCJ-02 or BD-09 then says that these degrees are shifted,
    since such files are labelled WGS 84 by all software. Polygons stand at a point inside them, several points at one of
    them. `datum` None means WGS-84
    where the file does not say. Under CGCS2000 an easting that begins with a zone's number says in which zone its row is, be it
    another than declared; without one the declared central meridian counts. With `rows_without_position` "keep" the rows
    without a position are reported as doubtful, and a table without any coordinates is none the worse for it if it says which
    village or township its rows are in; its headers are reported once, in case one of them is meant for the longitude.

    Raises
    ------
    InputError
        There is no column of coordinates, or no row has a position although there are rows.
    CRSError
        The datum is unknown, contradicts the file's own CRS, or the numbers are not in it.
    """
    remarks = Remarks(frame, report)
    keep = rows_without_position == "keep"
    if isinstance(frame, gpd.GeoDataFrame):
        found = _from_geometry(frame, datum=datum, remarks=remarks)
    else:
        found = _from_columns(frame, datum=datum or "WGS-84", remarks=remarks, synonyms=synonyms, keep=keep)
    lost = np.isfinite(found.longitude) & ~np.isfinite(found.latitude) | np.isinf(found.longitude)
    if lost.any():
        found.longitude[lost], found.latitude[lost], found.reason[lost] = np.nan, np.nan, "not_in_datum"
    past = np.flatnonzero(np.abs(found.longitude) > 180)
    found.longitude[past] = (found.longitude[past] + 180) % 360 - 180
    for at in np.flatnonzero(np.isnan(found.longitude)):
        remarks.add(f"tables.{found.reason[at]}", "doubtful" if keep else "dropped", int(at))
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
        system = datum_crs(declared)
        return system, declared if system == WGS84 else "WGS-84"
    check_crs(crs, file)
    if declared is not None and (not is_in_degrees(declared) or declared.startswith("EPSG:")):
        if not datum_crs(declared).equals(crs, ignore_axis_order=True):
            raise CRSError("tables.crs_contradicts", file=file, crs=crs.name, datum=declared)
        return crs, "WGS-84"
    return crs, declared or "WGS-84"


def _from_geometry(frame: gpd.GeoDataFrame, *, datum: str | None, remarks: Remarks) -> Positions:
    file = remarks.report.file
    crs, shift = effective_crs(frame.crs, datum, file)
    shapes = frame.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes)
    polygons = np.isin(kinds, (3, 6))
    usable = ((kinds == 0) | polygons | (kinds == 4)) & ~shapely.is_empty(shapes)
    several = int(((kinds == 4) & (shapely.get_num_geometries(shapes) > 1)).sum())
    if several:
        remarks.report.add("tables.points_as_one", "note", count=several)
    if polygons.any():
        remarks.report.add("tables.polygons_as_points", "note", count=int(polygons.sum()))
    points = shapely.point_on_surface(shapes[usable])
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    x[usable], y[usable] = shapely.get_x(points), shapely.get_y(points)
    reason = np.full(len(frame), None, dtype=object)
    zoned = meridian_of_crs(crs) is not None or (frame.crs is None and shift == "CGCS2000")
    if zoned and usable.any():
        lon, lat, unzoned = by_zone(x, y, datum=shift, crs=crs, axes=Axes("X", "Y"), remarks=remarks)
        reason[unzoned] = "no_zone"
        if shift not in ("WGS-84", "CGCS2000"):
            lon, lat = to_wgs84(lon, lat, shift)
    else:
        if crs.is_geographic and usable.any():
            refuse_metres(x[usable], y[usable], file=file)
        if crs != WGS84:
            x, y = transformer(crs, WGS84).transform(x, y)
        lon, lat = to_wgs84(x, y, shift)
    missing = np.isnan(lon)
    reason[missing & (reason == None)] = "no_point"  # noqa: E711  elementwise
    reason[missing & ~usable] = "no_geometry_row"
    return Positions(lon, lat, reason)


def _from_columns(
    frame: pd.DataFrame, *, datum: str, remarks: Remarks, synonyms: Synonyms | None, keep: bool
) -> Positions:
    report, own = remarks.report, own_columns(frame)
    datum = canonical_datum(datum)
    columns = find_columns(own, (*_POSITION_COLUMNS, *_PLACED_BY), synonyms=synonyms)
    axes = _axes(columns)
    if axes is None:
        if keep and any(name in columns for name in _PLACED_BY):
            near = shown(nearest_header("longitude", own))
            report.add("tables.no_coordinate_columns", "doubtful", headers=", ".join(map(shown, own)), nearest=near)
            none = np.full(len(frame), np.nan)
            return Positions(none, none.copy(), np.full(len(frame), "no_coordinates", dtype=object))
        wanted = "latitude" if "longitude" in columns else "longitude"
        raise InputError(
            f"tables.no_{wanted}",
            file=report.file,
            headers=", ".join(map(shown, own)),
            nearest=shown(nearest_header(wanted, own)),
            known=", ".join(all_synonyms(synonyms)[wanted][:6] if synonyms else SYNONYMS[wanted][:6]),
        )
    report.figures.setdefault("columns", {}).update(
        {name: columns[name] for name in _POSITION_COLUMNS if columns.get(name) in axes.values()}
    )
    _compare_datum(axes, datum, report)
    x, y = _angles(frame, axes)
    named = _name_the_other_axis(x, y)
    first, second = np.where(named, y.values, x.values), np.where(named, x.values, y.values)
    _report_sexagesimal(frame, axes, x, y, report)
    given = ~np.isnan(first) & ~np.isnan(second)
    zero = given & (first == 0) & (second == 0)
    first[zero], second[zero] = np.nan, np.nan
    shown_axes = Axes(shown(axes["longitude"]), shown(axes["latitude"]))
    reason = np.full(len(frame), None, dtype=object)
    crs = datum_crs(datum)
    if datum == "CGCS2000" or meridian_of_crs(crs) is not None:
        lon, lat, unzoned = by_zone(first, second, datum=datum, crs=crs, axes=shown_axes, remarks=remarks, turned=named)
        reason[unzoned] = "no_zone"
    else:
        lon, lat = by_system(first, second, datum=datum, axes=shown_axes, remarks=remarks, turned=named)
    missing = np.isnan(lon)
    reason[missing & (reason == None)] = "not_in_datum"  # noqa: E711  elementwise
    reason[missing & (zero | ~given)] = "no_coordinates"
    reason[missing & (x.bad | y.bad)] = "bad_coordinates"
    return Positions(lon, lat, reason)


def _axes(columns: dict[str, str]) -> dict[str, str] | None:
    """Return the headers of longitude and latitude, the same one where a column holds both; None where there are none."""
    if "longitude" in columns and "latitude" in columns:
        return {"longitude": columns["longitude"], "latitude": columns["latitude"]}
    both = columns.get("lonlat") or columns.get("latlon")
    return (
        {"longitude": both, "latitude": both, "order": "lonlat" if "lonlat" in columns else "latlon"} if both else None
    )


def _angles(frame: pd.DataFrame, axes: dict[str, str]) -> tuple[Angles, Angles]:
    if "order" not in axes:
        return as_angles(frame[axes["longitude"]]), as_angles(frame[axes["latitude"]])
    first, second = split_pairs(frame[axes["longitude"]])
    return (as_angles(first), as_angles(second)) if axes["order"] == "lonlat" else (as_angles(second), as_angles(first))


def _name_the_other_axis(x: Angles, y: Angles) -> NDArray[np.bool_]:
    """Return the rows whose cells say themselves (24°57′N) that they stand in each other's column."""
    return ((x.axis == "y") & (y.axis != "y")) | ((y.axis == "x") & (x.axis != "x"))


def _compare_datum(axes: dict[str, str], datum: str, report: InputReport) -> None:
    """Report headers that name another datum than the project declares; what is declared counts."""
    for header in dict.fromkeys((axes["longitude"], axes["latitude"])):
        named = named_datum(header)
        same = (
            named is None or named == datum or (named == "CGCS2000" and meridian_of_crs(datum_crs(datum)) is not None)
        )
        if not same:
            report.add("tables.header_names_datum", "doubtful", column=shown(header), named=named, datum=datum)


def _report_sexagesimal(frame: pd.DataFrame, axes: dict[str, str], x: Angles, y: Angles, report: InputReport) -> None:
    rows = np.flatnonzero(x.sexagesimal | y.sexagesimal)
    if len(rows):
        at = int(rows[0])
        cell = frame[axes["longitude"]].iat[at]
        row = int(frame["source_row"].iat[at])
        report.add(
            "tables.sexagesimal", "note", count=len(rows), first=row, value=cell, degrees=round(float(x.values[at]), 8)
        )
