"""WGS 84 from the datums Chinese tables come in, and back: GCJ-02, BD-09, CGCS2000 and any EPSG system.

GCJ-02 shifts a position by up to 700 m and BD-09 by up to 1.3 km; a 15-minute circle around an unconverted point is nonsense.
Both forward formulas are the published ones (Krasovsky ellipsoid, the wave sums around 105 E 35 N; Baidu's polar wobble on top);
their inverses are the exact ones, by fixed-point iteration. A project declares the datum: nothing here guesses one.
"""

import difflib
import re
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjCRSError

from planner.crs import WGS84, transformer
from planner.errors import CRSError

DATUMS = ("WGS-84", "GCJ-02", "BD-09", "CGCS2000")
"""The datums known by name; CGCS2000 in degrees equals WGS 84 to a decimetre and is taken as it stands."""

Floats = NDArray[np.float64]
_Pair = tuple[Floats, Floats]

_CHUNK = 1 << 15  # positions worked on at a time: their temporaries stay in the processor's cache
_ITERATIONS = 12  # the map contracts about a hundredfold each time, so that seven are enough in all but a few places


def to_wgs84(x: ArrayLike, y: ArrayLike, datum: str) -> _Pair:
    """Return WGS 84 `(longitude, latitude)` in degrees of positions in `datum`, shape of the broadcast input.

    `x` is the longitude or easting and `y` the latitude or northing, whatever order the authority of an EPSG system writes
    them in. What is no position (NaN, a latitude beyond 90 degrees, a point outside its projection) comes back as NaN.
    Positions outside the box 72.004-137.8347 E, 0.8293-55.8271 N are not shifted in GCJ-02, as its algorithm has it.

    Raises
    ------
    CRSError
        The datum is unknown, or cannot be brought to WGS 84 without parameters of its own (Beijing 1954, Xian 1980).
    """
    return _convert(x, y, datum, inverse=True)


def from_wgs84(longitude: ArrayLike, latitude: ArrayLike, datum: str) -> _Pair:
    """Return positions in `datum`, x (or longitude) first, of WGS 84 degrees; the inverse of `to_wgs84`.

    Raises
    ------
    CRSError
        As `to_wgs84`.
    """
    return _convert(longitude, latitude, datum, inverse=False)


def canonical_datum(datum: str) -> str:
    """Return the datum's name as `DATUMS` or ``EPSG:nnnn`` spell it; case, blanks and hyphens do not matter.

    Raises
    ------
    CRSError
        There is no such datum; the error names the nearest one.
    """
    compact = re.sub(r"[\s_-]", "", datum).casefold()
    for name in DATUMS:
        if compact == name.replace("-", "").casefold():
            return name
    match = re.fullmatch(r"epsg:(\d{4,6})", compact)
    if match is None:
        near = difflib.get_close_matches(datum.upper(), [*DATUMS, "EPSG:4490"], n=1, cutoff=0.0)
        raise CRSError("datum.unknown", datum=datum, nearest=near[0], known=", ".join(DATUMS))
    name = f"EPSG:{match[1]}"
    check_crs(_epsg(name), name)
    return name


def is_in_degrees(datum: str) -> bool:
    """Return whether `datum` counts in degrees of longitude and latitude."""
    name = canonical_datum(datum)
    return name in DATUMS or _epsg(name).is_geographic


def datum_crs(datum: str) -> CRS:
    """Return the coordinate system that `datum` counts in; WGS 84 degrees for those known by name."""
    name = canonical_datum(datum)
    return WGS84 if name in DATUMS else _epsg(name)


def check_crs(crs: CRS, source: str) -> None:
    """Refuse Beijing 1954 and Xian 1980, which PROJ moves by 0.0 m in silence; `source` is the file or name to blame.

    A system that brings its own parameters to WGS 84 (a bound CRS) is fine.

    Raises
    ------
    CRSError
        The system has no way to WGS 84.
    """
    if crs.is_bound or crs.geodetic_crs is None:
        return
    name = crs.geodetic_crs.datum.name if crs.geodetic_crs.datum else ""
    if re.search(r"beijing|xi'?_?an", name, re.IGNORECASE) or (
        # A system without a datum's name on one of their two ellipsoids (Krasovsky 1940, IAG 1975) is one of them undeclared.
        re.match(r"unknown|unnamed|not.?specified", name, re.IGNORECASE)
        and crs.ellipsoid is not None
        and crs.ellipsoid.semi_major_metre in (6378245.0, 6378140.0)
    ):
        raise CRSError("datum.no_parameters", source=source, system=crs.name)


def _convert(x: ArrayLike, y: ArrayLike, datum: str, *, inverse: bool) -> _Pair:
    name = canonical_datum(datum)
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    if name in ("WGS-84", "CGCS2000"):
        return _positions_only(x, y)
    if name.startswith("EPSG:"):
        forward = _projection(name, inverse=inverse)
        if forward.source_crs is not None and forward.source_crs.is_geographic:
            x, y = _positions_only(x, y)
        out_x, out_y = (np.asarray(part, np.float64) for part in forward.transform(x, y))
        bad = ~(np.isfinite(out_x) & np.isfinite(out_y))
        return np.where(bad, np.nan, out_x), np.where(bad, np.nan, out_y)
    step: Callable[[Floats, Floats], _Pair]
    if name == "GCJ-02":
        step = _gcj02_to_wgs84 if inverse else _wgs84_to_gcj02
    else:
        step = _bd09_to_wgs84 if inverse else _wgs84_to_bd09
    return _in_chunks(step, *_positions_only(x, y))


def _positions_only(x: Floats, y: Floats) -> _Pair:
    bad = ~((np.abs(x) <= 360) & (np.abs(y) <= 90))
    return np.where(bad, np.nan, x), np.where(bad, np.nan, y)


def _in_chunks(step: Callable[[Floats, Floats], _Pair], x: Floats, y: Floats) -> _Pair:
    flat_x, flat_y = x.ravel(), y.ravel()
    out_x, out_y = np.empty_like(flat_x), np.empty_like(flat_y)
    for start in range(0, flat_x.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        out_x[part], out_y[part] = step(flat_x[part], flat_y[part])
    return out_x.reshape(x.shape), out_y.reshape(y.shape)


@cache
def _epsg(name: str) -> CRS:
    try:
        return CRS.from_user_input(name)
    except ProjCRSError as fault:
        raise CRSError("datum.unknown_epsg", datum=name) from fault


@cache
def _projection(name: str, *, inverse: bool) -> Transformer:
    return transformer(_epsg(name), WGS84) if inverse else transformer(WGS84, _epsg(name))


# --- GCJ-02 -----------------------------------------------------------------------------------------------------------

_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323


def _inside_china(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    return (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> _Pair:
    shift_lon, shift_lat = _gcj02_shift(lon, lat)
    inside = _inside_china(lon, lat)
    return np.where(inside, lon + shift_lon, lon), np.where(inside, lat + shift_lat, lat)


def _gcj02_to_wgs84(lon: Floats, lat: Floats) -> _Pair:
    found_lon, found_lat = _fixed_point(_gcj02_shift, lon, lat)
    inside = _inside_china(lon, lat)
    return np.where(inside, found_lon, lon), np.where(inside, found_lat, lat)


def _gcj02_shift(lon: Floats, lat: Floats) -> _Pair:
    """Return the shift in degrees at WGS 84 positions: two polynomials with waves, in metres, on the Krasovsky ellipsoid."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    twice = np.sin(2.0 * np.pi * x)
    wave = 20.0 * (_sin_of_triple(twice) + twice)
    third_y = np.sin(np.pi / 3.0 * y)
    wave_y = 20.0 * _sin_of_triple(third_y) + 40.0 * third_y
    wave_y += 160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)
    third_x = np.sin(np.pi / 3.0 * x)
    wave_x = 20.0 * _sin_of_triple(third_x) + 40.0 * third_x
    wave_x += 150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (wave + wave_y) * (2.0 / 3.0)
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (wave + wave_x) * (2.0 / 3.0)
    sine = np.sin(np.radians(lat))
    magic = 1.0 - _ECCENTRICITY2 * sine * sine
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / (magic * np.sqrt(magic))
    parallel_m = _AXIS_M * np.sqrt((1.0 - sine * sine) / magic)
    return np.degrees(east_m / parallel_m), np.degrees(north_m / meridian_m)


def _sin_of_triple(sine: Floats) -> Floats:
    return sine * (3.0 - 4.0 * sine * sine)


# --- BD-09 ------------------------------------------------------------------------------------------------------------

_BAIDU_WAVE = np.pi * 3000.0 / 180.0


def _wgs84_to_bd09(lon: Floats, lat: Floats) -> _Pair:
    x, y = _wgs84_to_gcj02(lon, lat)
    shift_x, shift_y = _bd09_shift(x, y)
    return x + shift_x, y + shift_y


def _bd09_to_wgs84(lon: Floats, lat: Floats) -> _Pair:
    return _gcj02_to_wgs84(*_fixed_point(_bd09_shift, lon, lat))


def _bd09_shift(x: Floats, y: Floats) -> _Pair:
    """Return Baidu's shift in degrees at GCJ-02 positions; it is applied everywhere, in China and outside."""
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_WAVE)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_WAVE)
    return radius * np.cos(angle) + 0.0065 - x, radius * np.sin(angle) + 0.006 - y


def _fixed_point(shift: Callable[[Floats, Floats], _Pair], x: Floats, y: Floats) -> _Pair:
    """Return the positions that `shift` moves to `(x, y)`: p = q - shift(p), repeated until it stands still."""
    found_x, found_y = x, y
    for _ in range(_ITERATIONS):
        shift_x, shift_y = shift(found_x, found_y)
        next_x, next_y = x - shift_x, y - shift_y
        moved = np.fmax(np.abs(next_x - found_x), np.abs(next_y - found_y))
        found_x, found_y = next_x, next_y
        if not (moved > 1e-11).any():  # a micrometre, and the next step would be a hundredth of it; NaN stands still
            break
    return found_x, found_y
