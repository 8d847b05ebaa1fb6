"""The nearest facility of every node and point in one search from all at once; arguments as in `planner.kernels.paths`.

Travel times are compared in whole milliseconds, and of equal ones the lowest facility counts: which of two it is must not hang on
the order of additions. So a node knows, beside its nearest facility, those of a lower number that rounding may put in its place.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled
from planner.kernels.paths import N_BUCKETS, direct_m, new_queue, put, rounded_s


class NearTies(NamedTuple):
    """Facilities of a lower number, hardly farther than a node's nearest: a chain from ``first[node]`` over `after` to -1."""

    first: NDArray[np.int32]
    after: NDArray[np.int32]
    metres: NDArray[np.float64]
    facility: NDArray[np.int32]


@compiled
def nearest_facility(entries, streets, limit_m, tie_m):
    """Return ``(dist, facility, ties)`` for every node: effort to its nearest facility within `limit_m`, and which it is.

    One search from all facilities at once. Nodes out of reach have inf and -1; of equally near facilities the lowest counts.
    `ties` (`NearTies`) holds those of a lower number that are at most `tie_m` farther: rounded seconds may make them the nearest.
    """
    n_nodes = len(streets.indptr) - 1
    dist = np.full(n_nodes, np.inf)
    facility = np.full(n_nodes, -1, np.int32)
    room = 2 * n_nodes + 4 * len(entries.edge) + 64
    while not _spread(entries, streets, limit_m, dist, facility, new_queue(room)):
        room *= 2
        dist.fill(np.inf)
        facility.fill(-1)
    first = np.empty(n_nodes, np.int32)
    room, filled = 256, -1
    node, after, owner = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    metres = np.empty(room, np.float64)
    while True:
        filled = _collect_ties(entries, streets, limit_m, tie_m, dist, facility, first, node, after, metres, owner)
        if filled >= 0:
            return dist, facility, NearTies(first, after[:filled], metres[:filled], owner[:filled])
        room *= 2
        node, after, owner = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
        metres = np.empty(room, np.float64)


@compiled
def _spread(entries, streets, limit_m, dist, facility, queue):
    """Fill `dist` and `facility` as `nearest_facility` says; return whether the queue had room enough."""
    entry_indptr, entry_edge, entry_at, entry_access_m = entries
    indptr, head, _, cost_m, edge_from, edge_to, along_m, against_m, bucket_m = streets
    bucket, key, node, after, _ = queue
    room = len(key)
    filled, waiting = 0, 0
    for f in range(len(entry_indptr) - 1):
        for k in range(entry_indptr[f], entry_indptr[f + 1]):
            e = entry_edge[k]
            for side in range(2):
                if side == 0:
                    v = edge_from[e]
                    d = entry_access_m[k] + entry_at[k] * against_m[e]
                else:
                    v = edge_to[e]
                    d = entry_access_m[k] + (1.0 - entry_at[k]) * along_m[e]
                if d <= limit_m and (d < dist[v] or (d == dist[v] and f < facility[v])):
                    if filled == room:
                        return False
                    dist[v] = d
                    facility[v] = f
                    put(d, v, filled, bucket_m, bucket, key, node, after)
                    filled += 1
                    waiting += 1
    b = 0
    while waiting > 0:
        entry = bucket[b]
        if entry < 0:
            b = (b + 1) & (N_BUCKETS - 1)
            continue
        bucket[b] = after[entry]
        waiting -= 1
        d, u = key[entry], node[entry]
        if d > dist[u]:
            continue
        f = facility[u]
        for k in range(indptr[u], indptr[u + 1]):
            v = head[k]
            nd = d + cost_m[k]
            if nd <= limit_m and (nd < dist[v] or (nd == dist[v] and f < facility[v])):
                if filled == room:
                    return False
                dist[v] = nd
                facility[v] = f
                put(nd, v, filled, bucket_m, bucket, key, node, after)
                filled += 1
                waiting += 1
    return True


@compiled
def _collect_ties(entries, streets, limit_m, tie_m, dist, facility, first, node, after, metres, owner):
    """Write the chains of `NearTies` for every node; return how many links they have, -1 where there is too little room.

    Who is no nearer to a node than another of a lower number is no nearer beyond it either, and is not passed on: few are left.
    """
    entry_indptr, entry_edge, entry_at, entry_access_m = entries
    indptr, head, _, cost_m, edge_from, edge_to, along_m, against_m, _ = streets
    first.fill(-1)
    filled = 0
    for f in range(len(entry_indptr) - 1):
        for k in range(entry_indptr[f], entry_indptr[f + 1]):
            e = entry_edge[k]
            for side in range(2):
                if side == 0:
                    v = edge_from[e]
                    d = entry_access_m[k] + entry_at[k] * against_m[e]
                else:
                    v = edge_to[e]
                    d = entry_access_m[k] + (1.0 - entry_at[k]) * along_m[e]
                if f < facility[v] and d <= dist[v] + tie_m and d <= limit_m:
                    filled = _link(v, d, f, filled, first, node, after, metres, owner)
                    if filled < 0:
                        return -1
    for u in range(len(dist)):  # what the nodes' nearest hand on
        f, d = facility[u], dist[u]
        for k in range(indptr[u], indptr[u + 1]):
            v = head[k]
            if f < facility[v] and f >= 0:
                nd = d + cost_m[k]
                if nd <= dist[v] + tie_m and nd <= limit_m:
                    filled = _link(v, nd, f, filled, first, node, after, metres, owner)
                    if filled < 0:
                        return -1
    i = 0
    while i < filled:  # what the links hand on, new ones included
        f, d = owner[i], metres[i]
        for k in range(indptr[node[i]], indptr[node[i] + 1]):
            v = head[k]
            nd = d + cost_m[k]
            if f < facility[v] and nd <= dist[v] + tie_m and nd <= limit_m:
                filled = _link(v, nd, f, filled, first, node, after, metres, owner)
                if filled < 0:
                    return -1
        i += 1
    return filled


@compiled
def _link(v, d, f, filled, first, node, after, metres, owner):
    """Add facility `f` at distance `d` to the chain of node `v` unless one there is as near and as low; -1 without room."""
    i = first[v]
    while i >= 0:
        if metres[i] <= d and owner[i] <= f:
            return filled
        i = after[i]
    if filled == len(node):
        return -1
    node[filled], metres[filled], owner[filled] = v, d, f
    after[filled] = first[v]
    first[v] = filled
    return filled + 1


@compiled
def nearest_at(dist, facility, ties, metres_per_s):
    """Return the facility that counts as nearest at each node: of equal rounded seconds the lowest (`nearest_facility`)."""
    nearest = facility.copy()
    first, after, metres, owner = ties
    for u in range(len(dist)):
        i = first[u]
        while i >= 0:
            if owner[i] < nearest[u] and rounded_s(metres[i], metres_per_s) == rounded_s(dist[u], metres_per_s):
                nearest[u] = owner[i]
            i = after[i]
    return nearest


@compiled
def nearest_for_points(
    point_edge, point_at, point_access_m, streets, entered, dist, facility, ties, tie_m, metres_per_s
):
    """Return ``(seconds, facility)`` of each point's nearest facility, given the nodes' (`nearest_facility`).

    `entered` (`OnEdges`) holds the facilities' entries by edge. Of equal rounded seconds the lowest facility counts. A point with
    edge -1, or out of reach, has inf and -1.
    """
    _, _, _, _, edge_from, edge_to, along_m, against_m, _ = streets
    entry_indptr, entry_facility, entry_at, entry_access_m = entered
    first, after, metres, owner = ties
    n_points = len(point_edge)
    seconds = np.full(n_points, np.inf)
    nearest = np.full(n_points, -1, np.int32)
    for p in range(n_points):
        e = point_edge[p]
        if e < 0:
            continue
        at, access_m = point_at[p], point_access_m[p]
        best, which = np.inf, -1  # metres, without the access leg
        for side in range(2):
            u = edge_from[e] if side == 0 else edge_to[e]
            way_m = at * along_m[e] if side == 0 else (1.0 - at) * against_m[e]
            f, d, link = facility[u], dist[u], first[u]
            while f >= 0:
                if _counts_before(d + way_m, f, best, which, access_m, tie_m, metres_per_s):
                    best, which = d + way_m, f
                if link < 0:
                    break
                f, d, link = owner[link], metres[link], after[link]
        for n in range(entry_indptr[e], entry_indptr[e + 1]):
            d = entry_access_m[n] + direct_m(entry_at[n], at, along_m[e], against_m[e])
            if _counts_before(d, entry_facility[n], best, which, access_m, tie_m, metres_per_s):
                best, which = d, entry_facility[n]
        if which >= 0:
            seconds[p], nearest[p] = rounded_s(best + access_m, metres_per_s), which
    return seconds, nearest


@compiled
def _counts_before(metres, facility, other_m, other, access_m, tie_m, metres_per_s):
    """Return whether a facility is nearer than another in whole milliseconds, or as near and of a lower number."""
    if abs(metres - other_m) > tie_m:
        return metres < other_m
    s, other_s = rounded_s(metres + access_m, metres_per_s), rounded_s(other_m + access_m, metres_per_s)
    return s < other_s or (s == other_s and facility < other)
