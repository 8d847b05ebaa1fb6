"""WGS 84 from the datums Chinese tables come in, and back: GCJ-02, BD-09, CGCS2000 with its zones, and any EPSG system.

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
from planner.gauss_kruger import declared_name, own_meridian_crs

DATUMS = ("WGS-84", "GCJ-02", "BD-09", "CGCS2000")
"""The datums known by name; CGCS2000 in degrees equals WGS 84 to a decimetre and is taken as it stands."""

_IN_CHINESE = {
    "GCJ-02": "国测局 国测局坐标 火星坐标 火星坐标系 高德 高德坐标 高德坐标系 腾讯 腾讯坐标",
    "BD-09": "百度 百度坐标 百度坐标系",
    "WGS-84": "GPS GPS坐标 WGS1984 84坐标 84坐标系",
}
_KNOWN_AS = {alias.casefold(): name for name, aliases in _IN_CHINESE.items() for alias in aliases.split()}
_WITHOUT_PARAMETERS = re.compile(r"(beijing|北京|bj)(19)?54|(xi'?an|西安)(19)?80|pulkovo", re.IGNORECASE)

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
    """Return the datum's name as the planner spells it: one of `DATUMS`, ``EPSG:nnnn``, or as `gauss_kruger` names a meridian.

    Case, blanks and hyphens do not matter. Systems of CGCS2000 may be declared in words (CGCS2000 / 3-degree GK CM 114E,
    国家2000 3度带 38带), the others by their Chinese names (高德, 百度). A definition that PROJ understands (+proj=...) is taken
    as it is, for systems that bring their own parameters.

    Raises
    ------
    CRSError
        There is no such datum (the error names the nearest one), or it has no way to WGS 84.
    """
    compact = re.sub(r"[\s_-]", "", datum).casefold()
    for name in DATUMS:
        if compact == name.replace("-", "").casefold():
            return name
    if compact in _KNOWN_AS:
        return _KNOWN_AS[compact]
    if _WITHOUT_PARAMETERS.search(compact):
        raise CRSError("datum.no_parameters", source=datum, system=datum)
    match = re.fullmatch(r"epsg:(\d{4,6})", compact)
    if datum.strip().startswith("+proj="):
        name = datum.strip()
    elif match is not None:
        name = f"EPSG:{match[1]}"
    else:
        in_words = declared_name(datum)
        if in_words is None:
            near = difflib.get_close_matches(datum.upper(), [*DATUMS, "EPSG:4490"], n=1, cutoff=0.0)
            raise CRSError("datum.unknown", datum=datum, nearest=near[0], known=", ".join(DATUMS))
        return in_words
    check_crs(_system(name), name)
    return name


def is_in_degrees(datum: str) -> bool:
    """Return whether `datum` counts in degrees of longitude and latitude."""
    name = canonical_datum(datum)
    return name in DATUMS or _system(name).is_geographic


def datum_crs(datum: str) -> CRS:
    """Return the coordinate system that `datum` counts in; WGS 84 degrees for those known by name."""
    name = canonical_datum(datum)
    return WGS84 if name in DATUMS else _system(name)


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
    if name not in DATUMS:
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
def _system(name: str) -> CRS:
    own = own_meridian_crs(name)
    if own is not None:
        return own
    try:
        return CRS.from_user_input(name)
    except ProjCRSError as fault:
        code = "datum.bad_definition" if name.startswith("+") else "datum.unknown_epsg"
        raise CRSError(code, datum=name) from fault


@cache
def _projection(name: str, *, inverse: bool) -> Transformer:
    return transformer(_system(name), WGS84) if inverse else transformer(WGS84, _system(name))


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
