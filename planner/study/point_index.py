"""Demand points, ready to be asked again and again which of them an area holds."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Geometry


class PointIndex:
    """Points in metres, sorted by x once; `inside` looks at those between an area's western and eastern ends alone."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.x, self.y = x, y
        self._by_x = np.argsort(x, kind="stable")
        self._sorted_x = x[self._by_x]

    def inside(self, shape: Geometry) -> NDArray[np.int64]:
        """Return the points inside `shape`, boundary included; numbers, ascending."""
        if shape.is_empty:
            return np.zeros(0, np.int64)
        west, south, east, north = shape.bounds
        band = self._by_x[np.searchsorted(self._sorted_x, west) : np.searchsorted(self._sorted_x, east, "right")]
        band = band[(self.y[band] >= south) & (self.y[band] <= north)]
        shapely.prepare(shape)
        return np.sort(band[shapely.intersects_xy(shape, self.x[band], self.y[band])])
