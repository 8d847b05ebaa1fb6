"""Shortest walks on CSR arrays: bounded searches from many facilities, and one search from all of them at once.

A walk is measured in metres of effort: length times the edge's factor in the walked direction. All kernels search from the
facility outwards; whether people walk to it or from it is decided by the efforts they are given.

Arguments shared by the kernels
-------------------------------
indptr, head, cost_m
    CSR adjacency of the nodes: node ``u`` has the half-edges ``indptr[u]:indptr[u + 1]`` to ``head``, at ``cost_m`` each.
edge, edge_from, edge_to, along_m, against_m
    The half-edge's edge; the edges' end nodes; their whole effort searched from ``from`` to ``to``, and from ``to`` to ``from``.
entry_indptr, entry_edge, entry_at, entry_access_m
    Facility ``f`` is entered at the positions ``entry_indptr[f]:entry_indptr[f + 1]`` (several entrances are one facility):
    the edge, how far along it as a fraction from its ``from`` end, and the access leg.
point_indptr, point, point_at, point_access_m
    Edge ``e`` carries the points ``point_indptr[e]:point_indptr[e + 1]``: their numbers, fractions and access legs.
metres_per_s, limit_s
    Speed, and the inclusive limit; seconds are rounded to 0.001 before they meet it.
dist, stamp, version, order, keys, nodes
    Working memory that outlives a call: ``stamp[node] == version`` marks the nodes of the current search, so that nothing is
    cleared between searches and each costs what it reaches. `version` must be new for every search.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _longer(array, size):
    """Return a copy of `array` with room for `size` entries."""
    copy = np.empty(size, array.dtype)
    for i in range(len(array)):  # assigning a slice would compile its error message, which takes seconds
        copy[i] = array[i]
    return copy


@njit(cache=True, nogil=True)
def _push(keys, nodes, size, key, node):
    """Put (key, node) on a binary heap that holds `size` entries; returns the arrays (grown where full)."""
    if size == len(keys):
        keys, nodes = _longer(keys, 2 * size), _longer(nodes, 2 * size)
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] <= key:
            break
        keys[i] = keys[parent]
        nodes[i] = nodes[parent]
        i = parent
    keys[i] = key
    nodes[i] = node
    return keys, nodes


@njit(cache=True, nogil=True)
def _drop_first(keys, nodes, size):
    """Take the least entry off a binary heap of `size` entries, which then holds one less."""
    last = size - 1
    key, node = keys[last], nodes[last]
    i = 0
    child = 1
    while child < last:
        if child + 1 < last and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i] = keys[child]
        nodes[i] = nodes[child]
        i = child
        child = 2 * i + 1
    keys[i] = key
    nodes[i] = node


@njit(cache=True, nogil=True)
def rounded_s(metres, metres_per_s):
    """Return seconds, rounded to 0.001."""
    return np.floor(metres / metres_per_s * 1000.0 + 0.5) / 1000.0


@njit(cache=True, nogil=True)
def search_bounded(
    first, last, entry_edge, entry_at, entry_access_m,
    indptr, head, cost_m, edge_from, edge_to, along_m, against_m,
    limit_m, dist, stamp, version, order, keys, nodes,
):  # fmt: skip
    """Search from the entries `first` to `last` (exclusive) up to `limit_m` (inclusive).

    Fills `dist`, marks `stamp`, and returns ``(reached, order, keys, nodes)``: ``order[:reached]`` are the nodes by distance;
    the arrays are handed back because they grow.
    """
    size = 0
    for k in range(first, last):
        e = entry_edge[k]
        for side in range(2):
            if side == 0:
                node = edge_from[e]
                d = entry_access_m[k] + entry_at[k] * against_m[e]
            else:
                node = edge_to[e]
                d = entry_access_m[k] + (1.0 - entry_at[k]) * along_m[e]
            if d <= limit_m and (stamp[node] != version or d < dist[node]):
                dist[node] = d
                stamp[node] = version
                keys, nodes = _push(keys, nodes, size, d, node)
                size += 1
    reached = 0
    while size > 0:
        d, u = keys[0], nodes[0]
        _drop_first(keys, nodes, size)
        size -= 1
        if d > dist[u]:
            continue
        if reached == len(order):
            order = _longer(order, 2 * reached)
        order[reached] = u
        reached += 1
        for k in range(indptr[u], indptr[u + 1]):
            v = head[k]
            nd = d + cost_m[k]
            if nd <= limit_m and (stamp[v] != version or nd < dist[v]):
                dist[v] = nd
                stamp[v] = version
                keys, nodes = _push(keys, nodes, size, nd, v)
                size += 1
    return reached, order, keys, nodes


@njit(cache=True, nogil=True)
def reach_points(
    start, stop, entry_indptr, entry_edge, entry_at, entry_access_m,
    indptr, head, edge, cost_m, edge_from, edge_to, along_m, against_m,
    point_indptr, point, point_at, point_access_m,
    metres_per_s, limit_s, dist, stamp, edge_stamp, version,
):  # fmt: skip
    """Return ``(ends, points, seconds)``: the points that facilities `start` to `stop` (exclusive) reach within `limit_s`.

    Facility ``start + i`` reaches ``points[ends[i - 1]:ends[i]]``, each once, in the least seconds. The search uses versions
    `version` to ``version + 2 * (stop - start)``; `edge_stamp` marks edges as `stamp` marks nodes.
    """
    limit_m = (limit_s + 0.0005) * metres_per_s
    order = np.empty(1024, np.int32)
    keys = np.empty(1024, np.float64)
    nodes = np.empty(1024, np.int32)
    ends = np.zeros(stop - start, np.int64)
    points = np.empty(4096, np.int32)
    seconds = np.empty(4096, np.float64)
    filled = 0
    for facility in range(start, stop):
        first, last = entry_indptr[facility], entry_indptr[facility + 1]
        entered, done = version, version + 1
        version += 2
        reached, order, keys, nodes = search_bounded(
            first, last, entry_edge, entry_at, entry_access_m,
            indptr, head, cost_m, edge_from, edge_to, along_m, against_m,
            limit_m, dist, stamp, done, order, keys, nodes,
        )  # fmt: skip
        for k in range(first, last):
            edge_stamp[entry_edge[k]] = entered
        # the edges at reached nodes, then the entries' own, which may have no node within the limit
        for i in range(reached + last - first):
            if i < reached:
                k_first, k_last = indptr[order[i]], indptr[order[i] + 1]
            else:
                k_first, k_last = 0, 1
            for k in range(k_first, k_last):
                e = edge[k] if i < reached else entry_edge[first + i - reached]
                p_first, p_last = point_indptr[e], point_indptr[e + 1]
                if p_first == p_last or edge_stamp[e] == done:
                    continue
                holds_entry = edge_stamp[e] == entered
                edge_stamp[e] = done
                u, v = edge_from[e], edge_to[e]
                from_m = dist[u] if stamp[u] == done else np.inf
                to_m = dist[v] if stamp[v] == done else np.inf
                if filled + p_last - p_first > len(points):
                    room = 2 * (filled + p_last - p_first)
                    points, seconds = _longer(points, room), _longer(seconds, room)
                for p in range(p_first, p_last):
                    at = point_at[p]
                    d = min(from_m + at * along_m[e], to_m + (1.0 - at) * against_m[e])
                    if holds_entry:
                        for n in range(first, last):
                            if entry_edge[n] == e:
                                d = min(
                                    d,
                                    entry_access_m[n] + _direct_m(entry_at[n], at, along_m[e], against_m[e]),
                                )
                    d += point_access_m[p]
                    if d <= limit_m:
                        s = rounded_s(d, metres_per_s)
                        if s <= limit_s:
                            points[filled] = point[p]
                            seconds[filled] = s
                            filled += 1
        ends[facility - start] = filled
    return ends, points[:filled].copy(), seconds[:filled].copy()


@njit(cache=True, nogil=True)
def _direct_m(entry_at, point_at, along_m, against_m):
    """Return the effort from an entry to a point on the same edge, without leaving it."""
    if point_at >= entry_at:
        return (point_at - entry_at) * along_m
    return (entry_at - point_at) * against_m


@njit(cache=True, nogil=True)
def nearest_facility(
    entry_indptr,
    entry_edge,
    entry_at,
    entry_access_m,
    indptr,
    head,
    cost_m,
    edge_from,
    edge_to,
    along_m,
    against_m,
    limit_m,
):
    """Return ``(dist, facility)`` for every node: effort to its nearest facility within `limit_m`, and which it is.

    One search from all facilities at once. Nodes out of reach have inf and -1; of equally near facilities the lowest counts.
    """
    n_nodes = len(indptr) - 1
    dist = np.full(n_nodes, np.inf)
    facility = np.full(n_nodes, -1, np.int32)
    keys = np.empty(1024, np.float64)
    nodes = np.empty(1024, np.int32)
    size = 0
    for f in range(len(entry_indptr) - 1):
        for k in range(entry_indptr[f], entry_indptr[f + 1]):
            e = entry_edge[k]
            for side in range(2):
                if side == 0:
                    node = edge_from[e]
                    d = entry_access_m[k] + entry_at[k] * against_m[e]
                else:
                    node = edge_to[e]
                    d = entry_access_m[k] + (1.0 - entry_at[k]) * along_m[e]
                if d <= limit_m and (d < dist[node] or (d == dist[node] and f < facility[node])):
                    dist[node] = d
                    facility[node] = f
                    keys, nodes = _push(keys, nodes, size, d, node)
                    size += 1
    while size > 0:
        d, u = keys[0], nodes[0]
        _drop_first(keys, nodes, size)
        size -= 1
        if d > dist[u]:
            continue
        f = facility[u]
        for k in range(indptr[u], indptr[u + 1]):
            v = head[k]
            nd = d + cost_m[k]
            if nd <= limit_m and (nd < dist[v] or (nd == dist[v] and f < facility[v])):
                dist[v] = nd
                facility[v] = f
                keys, nodes = _push(keys, nodes, size, nd, v)
                size += 1
    return dist, facility


@njit(cache=True, nogil=True)
def nearest_for_points(
    point_edge, point_at, point_access_m, dist, facility,
    edge_entry_indptr, edge_entry, entry_facility, entry_at, entry_access_m,
    edge_from, edge_to, along_m, against_m, metres_per_s,
):  # fmt: skip
    """Return ``(seconds, facility)`` of each point's nearest facility, given the nodes' (`nearest_facility`).

    Edge ``e`` holds the entries ``edge_entry[edge_entry_indptr[e]:edge_entry_indptr[e + 1]]``. A point with edge -1, or out
    of reach, has inf and -1.
    """
    n_points = len(point_edge)
    seconds = np.full(n_points, np.inf)
    nearest = np.full(n_points, -1, np.int32)
    for p in range(n_points):
        e = point_edge[p]
        if e < 0:
            continue
        at = point_at[p]
        u, v = edge_from[e], edge_to[e]
        best, which = dist[u] + at * along_m[e], facility[u]
        other = dist[v] + (1.0 - at) * against_m[e]
        if other < best or (other == best and facility[v] < which):
            best, which = other, facility[v]
        for k in range(edge_entry_indptr[e], edge_entry_indptr[e + 1]):
            n = edge_entry[k]
            d = entry_access_m[n] + _direct_m(entry_at[n], at, along_m[e], against_m[e])
            if d < best or (d == best and entry_facility[n] < which):
                best, which = d, entry_facility[n]
        if np.isfinite(best):
            seconds[p] = rounded_s(best + point_access_m[p], metres_per_s)
            nearest[p] = which
    return seconds, nearest
