"""Which places are joined by road: the shortest tree over all of them, and the shortcuts that are worth building."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from planner.demo.raster import Spread, spread

Ints = NDArray[np.int64]


def join(
    net: csr_array, terminals: NDArray[np.int64], *, weights: NDArray[np.float64], extra: float
) -> list[tuple[list[int], int]]:
    """Return paths that join all terminals, each with its rank from 0 (most traffic) to 3.

    They are the shortest tree and, for each of its links, `extra` shortcuts: those that save most. `weights` says how many
    people travel from each terminal.
    One search from all terminals at once gives the cheapest path between any two whose basins touch (Mehlhorn 1988).
    """
    found = spread(net, terminals)
    a, b, low, high, total = _closest(net, found, terminals)
    n = len(terminals)
    tree = minimum_spanning_tree(coo_array((total, (low, high)), shape=(n, n)).tocsr()).tocoo()
    in_tree = np.isin(low * n + high, tree.coords[0].astype(np.int64) * n + tree.coords[1])
    way = dijkstra(coo_array((tree.data, tree.coords), shape=(n, n)).tocsr(), directed=False)
    saving = np.where(in_tree, np.inf, way[low, high] / total)
    chosen = np.argsort(-saving, kind="stable")[: int(in_tree.sum() * (1 + extra))]
    chosen = chosen[saving[chosen] > 1.5]
    traffic = _traffic(n, low[chosen], high[chosen], total[chosen], weights)
    rank = 3 - np.digitize(traffic, np.quantile(traffic, (0.45, 0.75, 0.9)) if len(traffic) else [0, 0, 0])
    return [
        (found.path(int(a[link]))[::-1] + found.path(int(b[link])), int(own))
        for link, own in zip(chosen, rank, strict=True)
    ]


def _closest(net: csr_array, found: Spread, terminals: Ints) -> tuple[Ints, Ints, Ints, Ints, NDArray[np.float64]]:
    """Return the cheapest link between any two terminals whose basins touch.

    For each link: the two cells at which the basins touch, the numbers of the terminals, lower one first, and the whole cost.
    """
    label = np.full(net.shape[0], -1, np.int64)
    label[terminals] = np.arange(len(terminals))
    both = net.tocoo()
    a, b = both.coords
    reach = (a < b) & np.isfinite(found.cost[a]) & np.isfinite(found.cost[b])
    a, b, step = a[reach].astype(np.int64), b[reach].astype(np.int64), both.data[reach]
    one, two = label[found.source[a]], label[found.source[b]]
    apart = one != two
    a, b, one, two = a[apart], b[apart], one[apart], two[apart]
    total = found.cost[a] + step[apart] + found.cost[b]
    low, high = np.minimum(one, two), np.maximum(one, two)
    order = np.lexsort((total, high, low))
    order = order[np.unique(low[order] * len(terminals) + high[order], return_index=True)[1]]
    return a[order], b[order], low[order], high[order], total[order]


def _traffic(
    n: int,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    total: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how many people pass each link when everyone goes to the first terminal."""
    net = coo_array((total, (low, high)), shape=(n, n)).tocsr()
    cost, before = dijkstra(net, directed=False, indices=0, return_predecessors=True)
    passing = weights.copy()
    for node in np.argsort(-np.where(np.isfinite(cost), cost, -1), kind="stable").tolist():
        if before[node] >= 0:
            passing[before[node]] += passing[node]
    return np.where(before[low] == high, passing[low], np.where(before[high] == low, passing[high], weights.min()))
