"""Points that lie side by side, found on a grid: which hang together, and the outline of where they are."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree
from shapely import MultiPolygon, Polygon

from planner.crs import WGS84, transformer

Floats = NDArray[np.float64]

_LEAST_M, _MOST_M = 250.0, 1500.0
_SAMPLE = 20_000


def spacing_m(x: Floats, y: Floats) -> float:
    """Return the cell by which points are linked: one and a half times as wide as they usually stand apart, 250 to 1,500 m."""
    if len(x) < 2:
        return _LEAST_M
    places = np.column_stack((x, y))
    some = places[:: max(1, len(places) // _SAMPLE)]
    apart = cKDTree(places).query(some, k=2)[0][:, 1]
    return float(np.clip(1.5 * np.median(apart), _LEAST_M, _MOST_M))


def group_points(x: Floats, y: Floats, cell_m: float) -> list[NDArray[np.int64]]:
    """Return the groups of points (their numbers, ascending) whose cells touch, at a side or a corner; by their first point."""
    if len(x) == 0:
        return []
    cells, cell_of = _cells(x, y, cell_m)
    width = int(cells[:, 1].max()) + 3
    key = cells[:, 0] * width + cells[:, 1]  # ascending, as the cells are
    tails, heads = [], []
    for dx, dy in ((0, 1), (1, -1), (1, 0), (1, 1)):
        wanted = key + dx * width + dy
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        hit = key[at] == wanted
        tails.append(np.flatnonzero(hit))
        heads.append(at[hit])
    tail, head = np.concatenate(tails), np.concatenate(heads)
    links = sparse.coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(len(key), len(key)))
    group = csgraph.connected_components(links.tocsr(), directed=False)[1][cell_of]
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return sorted(parts, key=lambda part: int(part[0]))


def split_wide(x: Floats, y: Floats, group: NDArray[np.int64], widest_m: float) -> list[NDArray[np.int64]]:
    """Return a group as it is, or, where it is wider or taller than `widest_m`, cut into equal tiles of at most that size.

    Half a city out of reach is no place to look for a building in; a tile is.
    """
    gx, gy = x[group], y[group]
    across, along = (max(1, int(np.ceil((values.max() - values.min()) / widest_m))) for values in (gx, gy))
    if across == along == 1:
        return [group]
    tile = np.zeros(len(group), np.int64)
    for values, count in ((gx, across), (gy, along)):
        low, high = values.min(), values.max()
        step = np.floor((values - low) / max(high - low, 1e-9) * count).astype(np.int64)
        tile = tile * count + np.minimum(step, count - 1)
    return [group[tile == number] for number in np.unique(tile)]


def outline_of(x: Floats, y: Floats, cell_m: float, crs: CRS) -> Polygon | MultiPolygon:
    """Return the cells in which points (metres of `crs`) stand, as one shape in WGS 84."""
    cells = np.unique(np.floor(np.column_stack((x, y)) / cell_m), axis=0) * cell_m
    shape = shapely.union_all(shapely.box(cells[:, 0], cells[:, 1], cells[:, 0] + cell_m, cells[:, 1] + cell_m))
    return shapely.transform(shape, transformer(crs, WGS84).transform, interleaved=False)


def _cells(x: Floats, y: Floats, cell_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells with points, counted from 1 and sorted, and the cell of each point."""
    column = np.floor(np.column_stack((x, y)) / cell_m).astype(np.int64)
    cells, cell_of = np.unique(column - column.min(axis=0) + 1, axis=0, return_inverse=True)
    return cells, cell_of.ravel()
