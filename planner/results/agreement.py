"""How far a drawn isochrone differs from the count: people wrongly inside and wrongly outside, never netted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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


def compare(weights: NDArray[np.float64], covered: NDArray[np.int64], drawn: NDArray[np.int64]) -> Agreement:
    """Compare the demand points that a count covers with those inside a drawing (numbers of points, each once)."""
    return Agreement(
        network=float(weights[covered].sum()),
        polygon=float(weights[drawn].sum()),
        wrongly_in=float(weights[np.setdiff1d(drawn, covered, assume_unique=True)].sum()),
        wrongly_out=float(weights[np.setdiff1d(covered, drawn, assume_unique=True)].sum()),
    )
