"""Gauss-Kruger coordinates of CGCS2000: the zones that surveyors name, and which one each pair of numbers is in.

A Chinese survey writes X for the northing and Y for the easting. An easting of eight figures begins with the number of its zone
(39 438 123 m is in zone 39); one of six says nothing, and its central meridian has to be declared. Zones of 3 degrees are
numbered 25 to 45 (central meridian 3 x number), zones of 6 degrees 13 to 23 (6 x number - 3), so that a number alone tells
which kind it is. Northings in China lie between 300 and 6,200 km and eastings between 100 and 900 km of their zone, so that the
order of the two, and whether they are in kilometres, can be told from the numbers.
"""

import re
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from planner.errors import CRSError

Floats = NDArray[np.float64]

FIRST_MERIDIAN, LAST_MERIDIAN = 75, 135

_IS_CGCS2000 = re.compile(
    r"cgcs[-\s]?2000|2000国家大地|国家大地2000|国家2000|大地2000|china geodetic coordinate system 2000"
)
_IS_PROJECTED = re.compile(r"高斯|gauss|\bgk\b|度带|zone|带号|第?\d\d号?带|cm|中央|central|degree|投影")
_WIDTH = re.compile(r"\b([36])\s*-?\s*(?:degree|deg|度|°)")
_ZONE = re.compile(r"zone\s*(\d\d)\b|(?<!\d)(\d\d)\s*号?带|带号\s*[:=]?\s*(\d\d)\b")
_MERIDIAN = re.compile(
    r"(?:cm|central meridian|中央(?:子午线|经线)|l0)\s*[:=]?\s*(?:东经\s*)?"
    r"(\d{2,3}(?:\.\d+)?)\s*[°度]?\s*(?:(\d{1,2}(?:\.\d+)?)\s*['′分])?"
    r"|(?<![\d.])(\d{2,3}(?:\.\d+)?)\s*°?\s*e\b"
)
_NORTH_M = (300_000.0, 6_200_000.0)
_EAST_M = (100_000.0, 900_000.0)
_ZONE_M = 1_000_000.0
_FALSE_EASTING_M = 500_000.0


class Placed(NamedTuple):
    """Pairs of numbers understood: easting without its zone's number and northing in metres, NaN where they are neither.

    `meridian` is the central one in degrees; `zone` the number that the easting begins with, 0 where it has none. `turned`
    rows had the northing first, `kilometres` rows were in kilometres; `unzoned` ones would be coordinates if their meridian were
    known.
    """

    easting_m: Floats
    northing_m: Floats
    meridian: Floats
    zone: NDArray[np.int64]
    turned: NDArray[np.bool_]
    kilometres: NDArray[np.bool_]
    unzoned: NDArray[np.bool_]


def declared_name(text: str) -> str | None:
    """Return the planner's name of a declared CGCS2000 system in words; None where the text is no such declaration.

    ``CGCS2000 / 3-degree GK CM 114E``, ``CGCS2000 3度带 38带`` and ``国家2000 中央子午线114`` become EPSG codes; a meridian of
    a county's own becomes ``CGCS2000 / GK CM 118.5E``; a declaration without zone and meridian is ``CGCS2000``.

    Raises
    ------
    CRSError
        There is no such zone.
    """
    words = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    name = _IS_CGCS2000.search(words)
    if name is None:
        return None
    rest = (words[: name.start()] + " " + words[name.end() :]).replace("坐标系", " ").strip()
    if not _IS_PROJECTED.search(rest):
        return "CGCS2000" if not re.search(r"\w", rest) else None
    width, zone, meridian = _WIDTH.search(rest), _ZONE.search(rest), _MERIDIAN.search(rest)
    if zone:
        number = int(next(group for group in zone.groups() if group))
        central = meridian_of_zone(number)
        if central is None or (width and int(width[1]) != (6 if number <= 23 else 3)):
            raise CRSError("datum.no_such_zone", datum=text, zone=number)
        return f"EPSG:{4513 + number - 25 if number >= 25 else 4491 + number - 13}"
    if not meridian:
        return "CGCS2000"
    degrees = float(meridian[1] or meridian[3]) + float(meridian[2] or 0) / 60
    if not FIRST_MERIDIAN - 3 <= degrees <= LAST_MERIDIAN + 3:
        raise CRSError("datum.no_such_meridian", datum=text, meridian=f"{degrees:g}")
    return meridian_name(degrees)


def meridian_name(degrees: float) -> str:
    """Return the datum's name for eastings without a zone number about a central meridian."""
    if degrees % 3 == 0 and FIRST_MERIDIAN <= degrees <= LAST_MERIDIAN:
        return f"EPSG:{4534 + (int(degrees) - FIRST_MERIDIAN) // 3}"
    return f"CGCS2000 / GK CM {degrees:.10g}E"


def own_meridian_crs(name: str) -> CRS | None:
    """Return the system of a name such as ``CGCS2000 / GK CM 118.5E``; None where it is no such name."""
    match = re.fullmatch(r"CGCS2000 / GK CM ([\d.]+)E", name)
    if match is None:
        return None
    return CRS.from_dict(
        {"proj": "tmerc", "lon_0": float(match[1]), "x_0": _FALSE_EASTING_M, "ellps": "GRS80", "units": "m"}
    )


def meridian_of_zone(zone: int) -> float | None:
    """Return the central meridian of a zone by its number, in degrees; None where China has no such zone."""
    if 25 <= zone <= 45:
        return 3.0 * zone
    return 6.0 * zone - 3.0 if 13 <= zone <= 23 else None


def meridian_of_crs(crs: CRS) -> float | None:
    """Return the central meridian of a Gauss-Kruger system of CGCS2000, in degrees; None where it is another system."""
    geodetic = crs.geodetic_crs
    if geodetic is None or not crs.is_projected or crs.coordinate_operation is None:
        return None
    if not re.search(
        r"China[ _]2000|CGCS[ _]?2000",
        f"{geodetic.name} {geodetic.datum.name if geodetic.datum else ''}",
        re.IGNORECASE,
    ):
        return None
    values = {parameter.name.casefold(): parameter.value for parameter in crs.coordinate_operation.params}
    scale = values.get("scale factor at natural origin", 1.0)
    east = values.get("false easting", 0.0) % _ZONE_M
    if crs.coordinate_operation.method_name != "Transverse Mercator" or scale != 1.0 or east != _FALSE_EASTING_M:
        return None
    return float(values.get("longitude of natural origin", 0.0))


def place(x: Floats, y: Floats, meridian: float | None) -> Placed:
    """Return pairs of numbers as eastings and northings, each by its own zone number where it has one.

    `meridian` is the declared central one, which eastings without a number are counted from.
    """
    easting, northing, central = (np.full(len(x), np.nan) for _ in range(3))
    zone = np.zeros(len(x), dtype=np.int64)
    turned, kilometres, unzoned = (np.zeros(len(x), dtype=bool) for _ in range(3))
    free = np.isfinite(x) & np.isfinite(y)
    for first, second, is_turned in ((x, y, False), (y, x, True)):
        for factor in (1.0, 1000.0):
            east, north = first * factor, second * factor
            number = np.where(free, np.floor(np.where(free, east, 0.0) / _ZONE_M), 0).astype(np.int64)
            within = east - number * _ZONE_M
            of_zone = _meridians(number)
            fits = (
                free & (north >= _NORTH_M[0]) & (north <= _NORTH_M[1]) & (within >= _EAST_M[0]) & (within <= _EAST_M[1])
            )
            known = np.where(number == 0, np.nan if meridian is None else meridian, of_zone)
            unzoned |= fits & (number == 0) & np.isnan(known)
            good = fits & np.isfinite(known)
            easting[good], northing[good], central[good] = within[good], north[good], known[good]
            zone[good] = number[good]
            turned |= good & is_turned
            kilometres |= good & (factor != 1.0)
            free &= ~(good | unzoned)
    return Placed(easting, northing, central, zone, turned, kilometres, unzoned)


def _meridians(zones: NDArray[np.int64]) -> Floats:
    """Return the central meridian of each zone number, NaN where there is no such zone."""
    table = np.array([meridian_of_zone(zone) or np.nan for zone in range(46)])
    return np.where((zones >= 0) & (zones <= 45), table[np.clip(zones, 0, 45)], np.nan)
