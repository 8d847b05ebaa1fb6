"""Pairs of numbers to WGS 84 degrees in the declared datum, each put the right way round, in its own zone, in metres.

`positions` finds the numbers; here they are understood, and what had to be put right is reported.
"""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from planner.datum import datum_crs, is_in_degrees, to_wgs84
from planner.errors import CRSError
from planner.gauss_kruger import meridian_name, meridian_of_crs, place
from planner.tables.rows import Remarks

Floats = NDArray[np.float64]

_FEW = 10  # rows put right that are listed one by one; above, they are counted in one finding
_COARSE, _FINE = 2, 4  # decimals of a degree: a kilometre, ten metres


class Axes(NamedTuple):
    """The headers that longitude and latitude (or easting and northing) stand under, as they are shown."""

    longitude: str
    latitude: str


def by_system(
    x: Floats, y: Floats, *, datum: str, axes: Axes, remarks: Remarks, turned: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees; rows that had to be turned round to be positions at all are reported."""
    in_degrees = is_in_degrees(datum)
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    given = ~np.isnan(x) & ~np.isnan(y)
    straight = given & _possible(x, y, datum, in_degrees)
    reverse = given & ~straight & _possible(y, x, datum, in_degrees)
    if given.any() and not (straight | reverse).any():
        row = int(np.flatnonzero(given)[0])
        code = "tables.not_degrees" if in_degrees else "tables.not_in_system"
        raise CRSError(code, file=remarks.report.file, x=float(x[row]), y=float(y[row]), datum=datum)
    lon[straight], lat[straight] = to_wgs84(x[straight], y[straight], datum)
    lon[reverse], lat[reverse] = to_wgs84(y[reverse], x[reverse], datum)
    _report_turned(turned ^ reverse, axes, remarks)
    if in_degrees:
        _report_coarse(x, y, given, axes, remarks)
    return lon, lat


def _report_coarse(x: Floats, y: Floats, given: NDArray[np.bool_], axes: Axes, remarks: Remarks) -> None:
    """Doubt the positions with two decimals of a degree or less, a kilometre, beside others that are finer."""
    coarse = given & _is_round(x, _COARSE) & _is_round(y, _COARSE)
    fine = given & ~(_is_round(x, _FINE) & _is_round(y, _FINE))
    if not coarse.any() or (not fine.any() and coarse.sum() < _FEW):
        return
    rows = np.flatnonzero(coarse)
    if len(rows) < _FEW:
        for at in map(int, rows):
            remarks.add("tables.coarse_position", "doubtful", at, longitude=axes.longitude, latitude=axes.latitude)
    else:
        said: dict[str, Any] = {"longitude": axes.longitude, "latitude": axes.latitude}
        remarks.report.add(
            "tables.coarse_positions", "doubtful", count=len(rows), first=remarks.row(int(rows[0])), **said
        )


def _is_round(values: Floats, decimals: int) -> NDArray[np.bool_]:
    return np.abs(values * 10.0**decimals - np.round(values * 10.0**decimals)) < 1e-6


def by_zone(
    x: Floats,
    y: Floats,
    *,
    datum: str,
    crs: CRS,
    axes: Axes,
    remarks: Remarks,
    turned: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return WGS 84 degrees of CGCS2000 numbers, each row in its own zone, and which rows lack a zone."""
    declared = meridian_of_crs(crs)
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    if declared is None:
        straight = (np.abs(x) <= 180) & (np.abs(y) <= 90)
        degrees = straight | ((np.abs(y) <= 180) & (np.abs(x) <= 90))
        lon, lat = (
            np.where(degrees, np.where(straight, x, y), np.nan),
            np.where(degrees, np.where(straight, y, x), np.nan),
        )
        x, y = np.where(degrees, np.nan, x), np.where(degrees, np.nan, y)
        turned = (np.zeros(len(x), bool) if turned is None else turned) ^ (degrees & ~straight)
    found = place(x, y, declared)
    projected = np.isfinite(found.easting_m)
    for meridian in np.unique(found.meridian[projected]):
        rows = projected & (found.meridian == meridian)
        lon[rows], lat[rows] = to_wgs84(found.easting_m[rows], found.northing_m[rows], meridian_name(float(meridian)))
    given = np.isfinite(x) & np.isfinite(y)
    if given.any() and np.isnan(lon).all():
        row = int(np.flatnonzero(given)[0])
        code = "tables.zone_needed" if found.unzoned.any() else "tables.not_in_system"
        raise CRSError(code, file=remarks.report.file, x=float(x[row]), y=float(y[row]), datum=datum)
    _report_turned(found.turned if turned is None else turned ^ found.turned, axes, remarks)
    _report_zones(found.zone, found.meridian, declared, remarks)
    if found.kilometres.any():
        rows = np.flatnonzero(found.kilometres)
        remarks.report.add("tables.kilometres", "note", count=len(rows), first=remarks.row(int(rows[0])))
    if declared is None and projected.any() and (np.isfinite(lon) & ~projected).any():
        count = int((np.isfinite(lon) & ~projected).sum())
        remarks.report.add("tables.degrees_and_metres", "doubtful", degrees=count, metres=int(projected.sum()))
    return lon, lat, found.unzoned


def _report_zones(zone: NDArray[np.int64], meridian: Floats, declared: float | None, remarks: Remarks) -> None:
    """Report the zones that the eastings name: how many rows are in each, and the rows that are not in the main one."""
    counts = Counter(float(value) for value in meridian[np.isfinite(meridian)])
    if not counts or not zone.any():
        return
    remarks.report.figures["central_meridians"] = {f"{value:g}": count for value, count in sorted(counts.items())}
    main = declared if declared is not None else min(counts, key=lambda value: (-counts[value], value))
    others = np.flatnonzero(np.isfinite(meridian) & (meridian != main))
    if not len(others):
        return
    said: dict[str, Any] = {"main": f"{main:g}"}
    if len(others) > _FEW:
        listed = ", ".join(f"{value:g} E: {count}" for value, count in sorted(counts.items()))
        first = remarks.row(int(others[0]))
        remarks.report.add("tables.zones_mixed", "repaired", count=len(others), first=first, zones=listed, **said)
        return
    for at in map(int, others):
        remarks.add("tables.other_zone", "repaired", at, zone=int(zone[at]), meridian=f"{meridian[at]:g}", **said)


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


def _report_turned(turned: NDArray[np.bool_], axes: Axes, remarks: Remarks) -> None:
    rows = np.flatnonzero(turned)
    if axes.longitude == axes.latitude:
        for at in map(int, rows[:_FEW]):
            remarks.add("tables.turned_pair", "repaired", at, column=axes.longitude)
        if len(rows) > _FEW:
            remarks.report.add("tables.turned_pairs", "repaired", column=axes.longitude, count=len(rows) - _FEW)
        return
    if len(rows) > _FEW:
        first = remarks.row(int(rows[0]))
        remarks.report.add(
            "tables.turned_many",
            "repaired",
            count=len(rows),
            of=len(turned),
            first=first,
            longitude=axes.longitude,
            latitude=axes.latitude,
        )
        remarks.report.figures["rows_turned"] = len(rows)
        return
    for at in map(int, rows):
        remarks.add("tables.turned", "repaired", at, longitude=axes.longitude, latitude=axes.latitude)


def refuse_metres(x: Floats, y: Floats, *, file: str) -> None:
    """Refuse numbers that are said to be degrees and of which no pair can be.

    Raises
    ------
    CRSError
        Naming the first pair.
    """
    far = (np.abs(x) > 360) | (np.abs(y) > 90)
    if far.all():
        raise CRSError("tables.not_degrees", file=file, x=float(x[0]), y=float(y[0]), datum="WGS-84")
