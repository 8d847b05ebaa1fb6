"""How far a drawn isochrone differs from the count: people wrongly inside and wrongly outside, never netted."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Geometry


@dataclass(frozen=True)
class Agreement:
    """People counted by network time, people inside the drawing, and those on whom the two differ."""

    network: float
    polygon: float
    wrongly_in: float
    wrongly_out: float

    @property
    def share(self) -> float | None:
        """(wrongly in + wrongly out) / covered; None where nobody is covered."""
        return (self.wrongly_in + self.wrongly_out) / self.network if self.network > 0 else None


class Drawn:
    """Demand points (metres), ready to be asked which of them a drawing holds."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        self.x, self.y, self.weights = x, y, weights
        self._by_x = np.argsort(x, kind="stable")
        self._sorted_x = x[self._by_x]

    def inside(self, shape: Geometry) -> NDArray[np.int64]:
        """Return the points inside `shape`, boundary included."""
        if shape.is_empty:
            return np.zeros(0, np.int64)
        west, south, east, north = shape.bounds
        band = self._by_x[np.searchsorted(self._sorted_x, west) : np.searchsorted(self._sorted_x, east, "right")]
        band = band[(self.y[band] >= south) & (self.y[band] <= north)]
        shapely.prepare(shape)
        return np.sort(band[shapely.intersects_xy(shape, self.x[band], self.y[band])])

    def agreement(self, shape: Geometry, covered: NDArray[np.int64]) -> Agreement:
        """Compare the points in `shape` with those `covered` by the count (numbers of points)."""
        drawn = self.inside(shape)
        people = self.weights
        return Agreement(
            network=float(people[covered].sum()),
            polygon=float(people[drawn].sum()),
            wrongly_in=float(people[np.setdiff1d(drawn, covered, assume_unique=True)].sum()),
            wrongly_out=float(people[np.setdiff1d(covered, drawn, assume_unique=True)].sum()),
        )
