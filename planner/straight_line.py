"""Walks where no streets are mapped, on request: the straight line times the mean detour of Chinese cities (`DETOUR_FACTOR`)."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner.kernels.paths import rounded_s
from planner.places import Places
from planner.units import DETOUR_FACTOR
from planner.walk import Walk


def with_straight_lines(
    times: sparse.csr_array, demand: Places, sites: Places, walk: Walk, limit_s: float
) -> sparse.csr_array:
    """Add the pairs of which one end has no street near, at the detour factor times the straight distance."""
    radius_m = walk.limit_m(limit_s) / DETOUR_FACTOR
    rows, columns, seconds = [times.tocoo().row], [times.tocoo().col], [times.data]
    off_demand, on_demand = np.flatnonzero(~demand.snapped.found), np.flatnonzero(demand.snapped.found)
    off_sites, all_sites = np.flatnonzero(~sites.snapped.found), np.arange(len(sites))
    for some_demand, some_sites in ((off_demand, all_sites), (on_demand, off_sites)):
        i, j, metres = _pairs_within(demand, some_demand, sites, some_sites, radius_m)
        walked = rounded_s(metres * DETOUR_FACTOR, walk.speed_m_s)
        near = walked <= limit_s
        rows.append(i[near])
        columns.append(j[near])
        seconds.append(walked[near])
    parts = np.concatenate(seconds), (np.concatenate(rows), np.concatenate(columns))
    return sparse.coo_array(parts, shape=times.shape).tocsr()


def nearer_straight(
    seconds: NDArray[np.float64], site: NDArray[np.int64], demand: Places, sites: Places, walk: Walk
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Let points take the straight line where it is their only way: one of the two ends has no street near.

    Of equally near sites the lowest counts.
    """
    seconds, site = seconds.copy(), site.copy()
    off_demand, on_demand = ~demand.snapped.found, demand.snapped.found
    for points, some_sites in (
        (off_demand, np.isfinite(sites.x)),
        (on_demand, ~sites.snapped.found & np.isfinite(sites.x)),
    ):
        which, rows = np.flatnonzero(some_sites), np.flatnonzero(points & np.isfinite(demand.x))
        if len(which) == 0 or len(rows) == 0:
            continue
        tree = cKDTree(np.column_stack((sites.x[which], sites.y[which])))
        xy = np.column_stack((demand.x[rows], demand.y[rows]))
        least = rounded_s(tree.query(xy)[0] * DETOUR_FACTOR, walk.speed_m_s)
        near = tree.query_ball_point(xy, (walk.limit_m(least) + walk.tie_m) / DETOUR_FACTOR)
        row, k = np.repeat(np.arange(len(rows)), [len(found) for found in near]), np.concatenate(near).astype(np.int64)
        metres = np.hypot(demand.x[rows[row]] - sites.x[which[k]], demand.y[rows[row]] - sites.y[which[k]])
        each = rounded_s(metres * DETOUR_FACTOR, walk.speed_m_s)
        order = np.lexsort((k, each, row))
        first = order[np.searchsorted(row[order], np.arange(len(rows)))]
        walked, lowest = each[first], which[k[first]]
        nearer = (walked < seconds[rows]) | ((walked == seconds[rows]) & (lowest < site[rows]))
        seconds[rows[nearer]] = walked[nearer]
        site[rows[nearer]] = lowest[nearer]
    return seconds, site


def _pairs_within(
    demand: Places,
    some_demand: NDArray[np.int64],
    sites: Places,
    some_sites: NDArray[np.int64],
    radius_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    some_demand = some_demand[np.isfinite(demand.x[some_demand])]
    some_sites = some_sites[np.isfinite(sites.x[some_sites])]
    if len(some_demand) == 0 or len(some_sites) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    tree = cKDTree(np.column_stack((demand.x[some_demand], demand.y[some_demand])))
    near = tree.query_ball_point(
        np.column_stack((sites.x[some_sites], sites.y[some_sites])), radius_m, return_sorted=True
    )
    i = some_demand[np.concatenate([np.asarray(found, np.int64) for found in near])]
    j = np.repeat(some_sites, [len(found) for found in near])
    return i, j, np.hypot(demand.x[i] - sites.x[j], demand.y[i] - sites.y[j])
