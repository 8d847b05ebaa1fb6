"""Metres around the middle of the area to longitude and latitude, through the area's metric system."""

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from planner.crs import WGS84, transformer


class Degrees:
    """The way from metres east and north of `middle` (longitude, latitude) to WGS 84 degrees."""

    def __init__(self, crs: CRS, middle: tuple[float, float]) -> None:
        self._back = transformer(crs, WGS84)
        self._east, self._north = transformer(WGS84, crs).transform(*middle)

    def transform(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitude and latitude."""
        longitude, latitude = self._back.transform(x + self._east, y + self._north)
        return longitude, latitude
