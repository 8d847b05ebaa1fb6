"""Trace stretches of street: chains of segments between junctions and dead ends."""

import numpy as np

from planner.kernels.compiled import compiled


@compiled
def trace_stretches(indptr, neighbour, segment, is_node):
    """Return the stretches of a graph of points and segments, as chains of points and of segments.

    `indptr`, `neighbour`, `segment` are the CSR adjacency of the points: ``neighbour[k]`` is reached over ``segment[k]``.
    Chains run from a point marked in `is_node` to the next one; points that are not marked must have exactly two
    segments. A ring without a marked point becomes one loop at its lowest point, which is marked in a copy.

    Returns ``(chain_indptr, chain_point, chain_segment, is_node)``: chain `c` has the points
    ``chain_point[chain_indptr[c]:chain_indptr[c + 1]]`` and, point by point after its first, the segments behind them
    (``chain_segment`` of a first point is -1). Chains come in the order of their first points, then of their adjacency.
    """
    n_points = len(indptr) - 1
    n_segments = len(neighbour) // 2
    is_node = is_node.copy()
    used = np.zeros(n_segments, np.bool_)
    chain_indptr = np.zeros(n_segments + 1, np.int64)
    chain_point = np.empty(2 * n_segments, np.int64)
    chain_segment = np.empty(2 * n_segments, np.int64)
    n_chains = 0
    filled = 0
    for rings in range(2):
        for start in range(n_points):
            has_segments = indptr[start + 1] > indptr[start]
            if rings == 1 and not is_node[start] and has_segments and not used[segment[indptr[start]]]:
                is_node[start] = True
            if not is_node[start]:
                continue
            for first in range(indptr[start], indptr[start + 1]):
                if used[segment[first]]:
                    continue
                chain_point[filled] = start
                chain_segment[filled] = -1
                filled += 1
                k = first
                while True:
                    used[segment[k]] = True
                    point = neighbour[k]
                    chain_point[filled] = point
                    chain_segment[filled] = segment[k]
                    filled += 1
                    if is_node[point]:
                        break
                    if used[segment[indptr[point]]]:
                        k = indptr[point] + 1
                    else:
                        k = indptr[point]
                n_chains += 1
                chain_indptr[n_chains] = filled
    return chain_indptr[: n_chains + 1], chain_point[:filled], chain_segment[:filled], is_node


@compiled
def running_lengths(indptr, x, y):
    """Return metres from the start of each chain of vertices to each of its vertices, summed chain by chain."""
    along = np.zeros(len(x))
    for chain in range(len(indptr) - 1):
        for k in range(indptr[chain] + 1, indptr[chain + 1]):
            along[k] = along[k - 1] + np.hypot(x[k] - x[k - 1], y[k] - y[k - 1])
    return along
