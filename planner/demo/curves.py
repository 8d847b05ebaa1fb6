"""Smooth curves through rough points; chains of points held one after another in flat arrays."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Chains = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Points (n, 2) and `indptr`: chain c is points[indptr[c]:indptr[c + 1]]."""


def smooth_course(points: NDArray[np.float64], *, sigma: float, step_m: float) -> NDArray[np.float64]:
    """Return one course smoothed over `sigma` points, ends kept, with a point about every `step_m`."""
    smooth = points
    if len(points) > 4:
        reach = min(int(4 * sigma), len(points) - 1)
        before = 2 * points[0] - points[reach:0:-1]
        after = 2 * points[-1] - points[-2 : -reach - 2 : -1]
        padded = np.vstack([before, points, after])
        smooth = ndimage.gaussian_filter1d(padded, sigma, axis=0)[reach : reach + len(points)]
        smooth[0], smooth[-1] = points[0], points[-1]
    return resample(smooth, step_m=step_m)


def resample(points: NDArray[np.float64], *, step_m: float) -> NDArray[np.float64]:
    """Return one course with equally spaced points about `step_m` apart."""
    along = chainage(points)
    count = max(2, round(along[-1] / step_m) + 1)
    at = np.linspace(0, along[-1], count)
    return np.column_stack([np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])])


def chainage(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metres along one course, per point."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def normals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vectors to the left of one course, per point."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    return np.column_stack([-along[:, 1], along[:, 0]])


def round_corners(chains: Chains, *, rounds: int = 2) -> Chains:
    """Return all chains with their corners cut (Chaikin 1974), first and last points kept."""
    points, indptr = chains
    for _ in range(rounds):
        count = np.diff(indptr)
        first = np.zeros(len(points), bool)
        last = np.zeros(len(points), bool)
        first[indptr[:-1]], last[indptr[1:] - 1] = True, True
        start = np.flatnonzero(~last)
        a, b = points[start], points[start + 1]
        near = np.where(first[start, None], a, 0.75 * a + 0.25 * b)
        far = np.where(last[start + 1, None], b, 0.25 * a + 0.75 * b)
        points = np.stack([near, far], axis=1).reshape(-1, 2)
        indptr = np.concatenate([[0], np.cumsum(2 * (count - 1))])
    return points, indptr
