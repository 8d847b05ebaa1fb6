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
dist, stamp, version
    Working memory that outlives a call: ``stamp[node] == version`` marks the nodes of the current search, so that nothing is
    cleared between searches and each costs what it reaches. `version` must be new for every search.
bucket_m, queue
    Nodes wait in buckets `bucket_m` wide (`Queue`), and whichever lies in the first one is next: a node that is improved after
    its turn has another. So the order within a bucket does not matter, distances are the least ones whatever the width, and
    a node costs a few memory accesses where a heap would cost a sift. (Dial 1969; Cherkassky, Goldberg & Radzik 1996.)

No kernel hands arrays round inside its loops: numba counts references to whatever is assigned anew, at several times the
cost of the search itself. Room is made between searches, and a search that runs out of it begins again.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

N_BUCKETS = 1024
"""A power of two. What lies farther ahead than all buckets comes round early, and once more when it is due."""


class Queue(NamedTuple):
    """Waiting nodes: chains of entries by bucket (`bucket`: the first, -1 where there is none), and the nodes reached in turn."""

    bucket: NDArray[np.int32]
    key: NDArray[np.float64]
    node: NDArray[np.int32]
    after: NDArray[np.int32]
    order: NDArray[np.int32]


@njit(cache=True, nogil=True)
def new_queue(size):
    """Return an empty queue with room for `size` entries."""
    bucket = np.full(N_BUCKETS, -1, np.int32)
    return Queue(
        bucket, np.empty(size, np.float64), np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
    )


@njit(cache=True, nogil=True)
def longer(array, size):
    """Return a copy of `array` with room for `size` entries."""
    copy = np.empty(size, array.dtype)
    for i in range(len(array)):  # assigning a slice would compile its error message, which takes seconds
        copy[i] = array[i]
    return copy


@njit(cache=True, nogil=True)
def _put(d, u, at, bucket_m, bucket, key, node, after):
    """Let node `u` wait at distance `d` as entry `at`."""
    b = np.int64(d / bucket_m) & (N_BUCKETS - 1)
    key[at] = d
    node[at] = u
    after[at] = bucket[b]
    bucket[b] = at


@njit(cache=True, nogil=True)
def rounded_s(metres, metres_per_s):
    """Return seconds, rounded to 0.001."""
    return np.floor(metres / metres_per_s * 1000.0 + 0.5) / 1000.0


@njit(cache=True, nogil=True)
def search_bounded(
    first, last, entry_edge, entry_at, entry_access_m,
    indptr, head, cost_m, edge_from, edge_to, along_m, against_m,
    limit_m, bucket_m, dist, stamp, version, queue,
):  # fmt: skip
    """Search from the entries `first` to `last` (exclusive) up to `limit_m` (inclusive).

    Fills `dist`, marks `stamp`, and returns how many nodes are reached, ``queue.order[:reached]``; -1 where the queue is too
    small.
    """
    bucket, key, node, after, order = queue
    room = len(key)
    reached, filled, waiting = 0, 0, 0
    for k in range(first, last):
        e = entry_edge[k]
        for side in range(2):
            if side == 0:
                v = edge_from[e]
                d = entry_access_m[k] + entry_at[k] * against_m[e]
            else:
                v = edge_to[e]
                d = entry_access_m[k] + (1.0 - entry_at[k]) * along_m[e]
            if d <= limit_m and (stamp[v] != version or d < dist[v]):
                if filled == room:
                    bucket.fill(-1)
                    return -1
                if stamp[v] != version:
                    stamp[v] = version
                    order[reached] = v
                    reached += 1
                dist[v] = d
                _put(d, v, filled, bucket_m, bucket, key, node, after)
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
        for k in range(indptr[u], indptr[u + 1]):
            nd = d + cost_m[k]
            if nd > limit_m:
                continue
            v = head[k]
            if stamp[v] != version:
                if filled == room:
                    bucket.fill(-1)
                    return -1
                stamp[v] = version
                order[reached] = v
                reached += 1
            elif nd >= dist[v]:
                continue
            elif filled == room:
                bucket.fill(-1)
                return -1
            dist[v] = nd
            _put(nd, v, filled, bucket_m, bucket, key, node, after)
            filled += 1
            waiting += 1
    return reached


@njit(cache=True, nogil=True)
def reach_points(
    start, stop, entry_indptr, entry_edge, entry_at, entry_access_m,
    indptr, head, edge, cost_m, edge_from, edge_to, along_m, against_m,
    point_indptr, point, point_at, point_access_m,
    metres_per_s, limit_s, bucket_m, dist, stamp, edge_stamp, version, queue,
):  # fmt: skip
    """Return ``(ends, points, seconds, queue)``: the points that facilities `start` to `stop` (exclusive) reach within `limit_s`.

    Facility ``start + i`` reaches ``points[ends[i - 1]:ends[i]]``, each once, in the least seconds. The search uses versions
    `version` to ``version + 2 * (stop - start) + 64``; `edge_stamp` marks edges as `stamp` marks nodes. The queue is handed
    back because it grows.
    """
    limit_m = (limit_s + 0.0005) * metres_per_s
    ends = np.zeros(stop - start, np.int64)
    points = np.empty(4096, np.int32)
    seconds = np.empty(4096, np.float64)
    filled = 0
    for facility in range(start, stop):
        first, last = entry_indptr[facility], entry_indptr[facility + 1]
        reached = -1
        while reached < 0:
            reached = search_bounded(
                first, last, entry_edge, entry_at, entry_access_m,
                indptr, head, cost_m, edge_from, edge_to, along_m, against_m,
                limit_m, bucket_m, dist, stamp, version + 1, queue,
            )  # fmt: skip
            if reached < 0:
                queue = new_queue(2 * len(queue.key))
                version += 1
        most = filled + _count_points(first, last, entry_edge, indptr, edge, point_indptr, queue.order, reached)
        if most > len(points):
            points, seconds = longer(points, 2 * most), longer(seconds, 2 * most)
        filled = _put_points(
            first, last, entry_edge, entry_at, entry_access_m, indptr, edge, edge_from, edge_to, along_m, against_m,
            point_indptr, point, point_at, point_access_m, metres_per_s, limit_s,
            dist, stamp, edge_stamp, version, queue.order, reached, points, seconds, filled,
        )  # fmt: skip
        version += 2
        ends[facility - start] = filled
    return ends, points[:filled].copy(), seconds[:filled].copy(), queue


@njit(cache=True, nogil=True)
def _count_points(first, last, entry_edge, indptr, edge, point_indptr, order, reached):
    """Return at least how many points lie on the edges at the reached nodes and on the entries' own."""
    n = 0
    for i in range(reached):
        for k in range(indptr[order[i]], indptr[order[i] + 1]):
            n += point_indptr[edge[k] + 1] - point_indptr[edge[k]]
    for k in range(first, last):
        n += point_indptr[entry_edge[k] + 1] - point_indptr[entry_edge[k]]
    return n


@njit(cache=True, nogil=True)
def _put_points(
    first, last, entry_edge, entry_at, entry_access_m, indptr, edge, edge_from, edge_to, along_m, against_m,
    point_indptr, point, point_at, point_access_m, metres_per_s, limit_s,
    dist, stamp, edge_stamp, version, order, reached, points, seconds, filled,
):  # fmt: skip
    """Write down the points that are reached behind the first `filled`; return how many there are then."""
    limit_m = (limit_s + 0.0005) * metres_per_s
    entered, done = version, version + 1
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
            along, against = along_m[e], against_m[e]
            for p in range(p_first, p_last):
                at = point_at[p]
                d = min(from_m + at * along, to_m + (1.0 - at) * against)
                if holds_entry:
                    for n in range(first, last):
                        if entry_edge[n] == e:
                            d = min(d, entry_access_m[n] + _direct_m(entry_at[n], at, along, against))
                d += point_access_m[p]
                if d <= limit_m:
                    s = rounded_s(d, metres_per_s)
                    if s <= limit_s:
                        points[filled] = point[p]
                        seconds[filled] = s
                        filled += 1
    return filled


@njit(cache=True, nogil=True)
def by_point(ends, points, seconds, n_points):
    """Return ``(indptr, facility, seconds)`` of every point, facilities rising, of what `reach_points` gives by facility."""
    indptr = np.zeros(n_points + 1, np.int64)
    for i in range(len(points)):
        indptr[points[i] + 1] += 1
    for p in range(n_points):
        indptr[p + 1] += indptr[p]
    place = indptr[:-1].copy()
    facility, sorted_s = np.empty(len(points), np.int32), np.empty(len(points), np.float64)
    first = 0
    for f in range(len(ends)):
        for i in range(first, ends[f]):
            at = place[points[i]]
            place[points[i]] = at + 1
            facility[at] = f
            sorted_s[at] = seconds[i]
        first = ends[f]
    return indptr, facility, sorted_s


@njit(cache=True, nogil=True)
def _direct_m(entry_at, point_at, along_m, against_m):
    """Return the effort from an entry to a point on the same edge, without leaving it."""
    if point_at >= entry_at:
        return (point_at - entry_at) * along_m
    return (entry_at - point_at) * against_m


@njit(cache=True, nogil=True)
def nearest_facility(
    entry_indptr, entry_edge, entry_at, entry_access_m,
    indptr, head, cost_m, edge_from, edge_to, along_m, against_m, limit_m, bucket_m,
):  # fmt: skip
    """Return ``(dist, facility)`` for every node: effort to its nearest facility within `limit_m`, and which it is.

    One search from all facilities at once. Nodes out of reach have inf and -1; of equally near facilities the lowest counts.
    """
    n_nodes = len(indptr) - 1
    dist = np.full(n_nodes, np.inf)
    facility = np.full(n_nodes, -1, np.int32)
    room = 2 * n_nodes + 4 * len(entry_edge) + 64
    while not _spread(
        entry_indptr, entry_edge, entry_at, entry_access_m, indptr, head, cost_m, edge_from, edge_to, along_m, against_m,
        limit_m, bucket_m, dist, facility, new_queue(room),
    ):  # fmt: skip
        room *= 2
        dist.fill(np.inf)
        facility.fill(-1)
    return dist, facility


@njit(cache=True, nogil=True)
def _spread(
    entry_indptr, entry_edge, entry_at, entry_access_m, indptr, head, cost_m, edge_from, edge_to, along_m, against_m,
    limit_m, bucket_m, dist, facility, queue,
):  # fmt: skip
    """Fill `dist` and `facility` as `nearest_facility` says; return whether the queue had room enough."""
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
                    _put(d, v, filled, bucket_m, bucket, key, node, after)
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
                _put(nd, v, filled, bucket_m, bucket, key, node, after)
                filled += 1
                waiting += 1
    return True


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
