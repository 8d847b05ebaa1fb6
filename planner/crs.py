"""The metric coordinate system of an area: the UTM zone of its centre, or the polar one beyond 84 N and 80 S."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from planner.errors import CRSError

WGS84 = CRS.from_epsg(4326)


def metric_crs(longitude: ArrayLike, latitude: ArrayLike) -> CRS:
    """Return the metric CRS at the centre of some points (WGS 84 degrees, any shape).

    The centre is that of the bounding box; longitudes that span more than half the globe are taken to cross the antimeridian.

    Raises
    ------
    CRSError
        There are no points, or they are not degrees.
    """
    lon, lat = np.asarray(longitude, float).ravel(), np.asarray(latitude, float).ravel()
    if lon.size == 0 or not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise CRSError("crs.no_coordinates")
    if np.abs(lat).max() > 90 or np.abs(lon).max() > 360:
        raise CRSError("crs.not_degrees", x=float(lon[0]), y=float(lat[0]))
    if lon.max() - lon.min() > 180:
        lon = np.where(lon < 0, lon + 360, lon)
    centre_lon = (lon.min() + lon.max()) / 2
    centre_lon = (centre_lon + 180) % 360 - 180
    centre_lat = (lat.min() + lat.max()) / 2
    if centre_lat > 84:
        return CRS.from_epsg(32661)
    if centre_lat < -80:
        return CRS.from_epsg(32761)
    zone = min(60, math.floor((centre_lon + 180) / 6) + 1)
    return CRS.from_epsg((32600 if centre_lat >= 0 else 32700) + zone)


@lru_cache(64)
def transformer(source: CRS, target: CRS) -> Transformer:
    """Return the transformation between two systems, x (or longitude) always first.

    Raises
    ------
    CRSError
        PROJ knows no way from one to the other: a local system, or one of another planet.
    """
    try:
        return Transformer.from_crs(source, target, always_xy=True)
    except ProjError as fault:
        raise CRSError("crs.no_way", source=source.name, target=target.name) from fault
