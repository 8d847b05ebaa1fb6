"""The k nearest facilities of every node in one search: each node is settled by up to so many different facilities.

Arguments as in `planner.kernels.paths`. A node passes on a facility only among its own nearest, for whoever walks through it to a
farther one has these nearer ones as well. Facilities so near to the last one wanted that rounding could turn their order round
are kept besides, unless k others are as near and of a lower number: these would count before them.
"""

import numpy as np

from planner.kernels.compiled import compiled
from planner.kernels.paths import direct_m, longer, rounded_s


@compiled
def _less(key, facility, other_key, other_facility):
    return key < other_key or (key == other_key and facility < other_facility)


@compiled
def _push(keys, nodes, owners, size, key, node, owner):
    """Put (key, node, owner) on a heap of `size` entries, ordered by key, then owner; there is room for it."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if not _less(key, owner, keys[parent], owners[parent]):
            break
        keys[i], nodes[i], owners[i] = keys[parent], nodes[parent], owners[parent]
        i = parent
    keys[i], nodes[i], owners[i] = key, node, owner


@compiled
def _drop_first(keys, nodes, owners, size):
    """Take the least entry off a heap of `size` entries, which then holds one less."""
    last = size - 1
    key, node, owner = keys[last], nodes[last], owners[last]
    i = 0
    child = 1
    while child < last:
        if child + 1 < last and _less(keys[child + 1], owners[child + 1], keys[child], owners[child]):
            child += 1
        if not _less(keys[child], owners[child], key, owner):
            break
        keys[i], nodes[i], owners[i] = keys[child], nodes[child], owners[child]
        i = child
        child = 2 * i + 1
    keys[i], nodes[i], owners[i] = key, node, owner


@compiled
def _is_settled(node, owner, facility, count):
    found = False
    for i in range(count[node]):
        found |= facility[node, i] == owner
    return found


@compiled
def k_nearest_facilities(k, tie_m, entries, streets):
    """Return ``(dist, facility, count)``: efforts of each node's nearest facilities, shape (n_nodes, at least k), rising.

    Node ``u`` has ``count[u]`` of them: at least the `k` nearest, and those within `tie_m` of the last of these that may count
    before one of them.
    """
    room = 2 * k + 4
    while True:
        dist, facility, count, is_whole = _spread_k(k, room, tie_m, entries, streets)
        if is_whole:
            return dist, facility, count
        room *= 2


@compiled
def _spread_k(k, room, tie_m, entries, streets):
    """Return ``(dist, facility, count, is_whole)``, the last false where some node has more than `room` to keep."""
    entry_indptr, entry_edge, entry_at, entry_access_m = entries
    indptr, head, _, cost_m, edge_from, edge_to, along_m, against_m, _ = streets
    n_nodes = len(indptr) - 1
    dist = np.full((n_nodes, room), np.inf)
    facility = np.full((n_nodes, room), -1, np.int32)
    count = np.zeros(n_nodes, np.int32)
    room_for = max(1024, 2 * len(entry_edge))
    keys, nodes, owners = np.empty(room_for, np.float64), np.empty(room_for, np.int32), np.empty(room_for, np.int32)
    size = 0
    for f in range(len(entry_indptr) - 1):
        for n in range(entry_indptr[f], entry_indptr[f + 1]):
            e = entry_edge[n]
            _push(keys, nodes, owners, size, entry_access_m[n] + entry_at[n] * against_m[e], edge_from[e], np.int32(f))
            to_m = entry_access_m[n] + (1.0 - entry_at[n]) * along_m[e]
            _push(keys, nodes, owners, size + 1, to_m, edge_to[e], np.int32(f))
            size += 2
    while size > 0:
        size = _settle(k, tie_m, indptr, head, cost_m, dist, facility, count, keys, nodes, owners, size)
        if size < 0:
            return dist, facility, count, False
        if size > 0:  # the heap is full
            room_for *= 2
            keys, nodes, owners = longer(keys, room_for), longer(nodes, room_for), longer(owners, room_for)
    return dist, facility, count, True


@compiled
def _settle(k, tie_m, indptr, head, cost_m, dist, facility, count, keys, nodes, owners, size):
    """Settle nodes as long as the heap has room for all neighbours; return how many entries wait, -1 where a node is full."""
    room = dist.shape[1]
    while size > 0:
        d, u, f = keys[0], nodes[0], owners[0]
        if size + indptr[u + 1] - indptr[u] > len(keys):
            return size
        _drop_first(keys, nodes, owners, size)
        size -= 1
        if _is_settled(u, f, facility, count) or (count[u] >= k and d > dist[u, k - 1] + tie_m):
            continue
        lower = 0
        for i in range(count[u]):
            lower += facility[u, i] < f
        if lower >= k:
            continue
        if count[u] == room:
            return -1
        dist[u, count[u]] = d
        facility[u, count[u]] = f
        count[u] += 1
        for h in range(indptr[u], indptr[u + 1]):
            v = head[h]
            nd = d + cost_m[h]
            if count[v] >= k and nd > dist[v, k - 1] + tie_m:
                continue
            if not _is_settled(v, f, facility, count):
                _push(keys, nodes, owners, size, nd, v, f)
                size += 1
    return size


@compiled
def k_nearest_for_points(
    k, point_edge, point_at, point_access_m, streets, entered, dist, facility, count, metres_per_s
):  # fmt: skip
    """Return ``(seconds, facility)`` of each point's `k` nearest facilities, shape (n_points, k), given those of the nodes.

    By rounded seconds, equal ones by the facility's number; inf and -1 where there are fewer. Other arguments as
    `planner.kernels.nearest.nearest_for_points`.
    """
    _, _, _, _, edge_from, edge_to, along_m, against_m, _ = streets
    entry_indptr, entry_facility, entry_at, entry_access_m = entered
    n_points = len(point_edge)
    seconds = np.full((n_points, k), np.inf)
    nearest = np.full((n_points, k), -1, np.int32)
    most = 0
    for e in range(len(entry_indptr) - 1):
        most = max(most, entry_indptr[e + 1] - entry_indptr[e])
    found = np.empty(2 * dist.shape[1] + most, np.int32)
    metres = np.empty(2 * dist.shape[1] + most)
    for p in range(n_points):
        e = point_edge[p]
        if e < 0:
            continue
        at = point_at[p]
        n_found = 0
        for source in range(3):
            if source < 2:
                node = edge_from[e] if source == 0 else edge_to[e]
                way = at * along_m[e] if source == 0 else (1.0 - at) * against_m[e]
                first, last = 0, count[node]
            else:
                node, way = 0, 0.0
                first, last = entry_indptr[e], entry_indptr[e + 1]
            for i in range(first, last):
                if source < 2:
                    f, d = facility[node, i], dist[node, i] + way
                else:
                    f = entry_facility[i]
                    d = entry_access_m[i] + direct_m(entry_at[i], at, along_m[e], against_m[e])
                known = False
                for j in range(n_found):
                    if found[j] == f:
                        metres[j] = min(metres[j], d)
                        known = True
                if not known:
                    found[n_found], metres[n_found] = f, d
                    n_found += 1
        for rank in range(min(k, n_found)):
            best = -1
            best_s = np.inf
            for j in range(n_found):
                if found[j] < 0:
                    continue
                s = rounded_s(metres[j] + point_access_m[p], metres_per_s)
                if best < 0 or s < best_s or (s == best_s and found[j] < found[best]):
                    best, best_s = j, s
            seconds[p, rank] = best_s
            nearest[p, rank] = found[best]
            found[best] = -1
    return seconds, nearest
