"""Shortest walks on CSR arrays: bounded searches from many facilities, and the points that each of them reaches.

A walk is measured in metres of effort: length times the edge's factor in the walked direction. All kernels search from the
facility outwards; whether people walk to it or from it is decided by the efforts they are given.

Arguments shared by the kernels
-------------------------------
streets, entries, points
    `Streets`, the facilities' `Entries` on them, and what lies on each edge (`OnEdges`).
metres_per_s, limit_s, limit_m
    Speed, and the inclusive limit in whole milliseconds and in metres (`planner.walk.Walk.limit_m`: what rounds to it included);
    seconds are rounded to 0.001 before they meet it.
marks, version
    Working memory that outlives a call (`Marks`): ``stamp[node] == version`` marks the nodes of the current search, so that
    nothing is cleared between searches and each costs what it reaches. `version` must be new for every search.
queue
    Nodes wait in buckets ``streets.bucket_m`` wide (`Queue`), and whichever lies in the first is next: a node improved after
    its turn has another. So the order within a bucket does not matter, distances are the least ones whatever the width, and
    a node costs a few memory accesses where a heap would cost a sift. (Dial 1969; Cherkassky, Goldberg & Radzik 1996.)

No kernel hands arrays round inside its loops: numba counts references to whatever is assigned anew, at several times the
cost of the search itself; named tuples are unpacked before the loops for the same reason. Room is made between searches, and a
search that runs out of it begins again.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled

N_BUCKETS = 1024
"""A power of two. What lies farther ahead than all buckets comes round early, and once more when it is due."""


class Streets(NamedTuple):
    """The network and what a search pays on it, metres of effort.

    Node ``u`` has the half-edges ``indptr[u]:indptr[u + 1]`` to ``head`` over ``edge``, at ``half_edge_m`` each. Edge ``e`` joins
    ``edge_from[e]`` and ``edge_to[e]`` and costs ``along_m[e]`` from the first to the second, ``against_m[e]`` back. `bucket_m`
    is the width of the queue's buckets.
    """

    indptr: NDArray[np.int32]
    head: NDArray[np.int32]
    edge: NDArray[np.int32]
    half_edge_m: NDArray[np.float64]
    edge_from: NDArray[np.int32]
    edge_to: NDArray[np.int32]
    along_m: NDArray[np.float64]
    against_m: NDArray[np.float64]
    bucket_m: float


class Entries(NamedTuple):
    """Facility ``f`` is entered at ``indptr[f]:indptr[f + 1]``: the edge, how far along it (0 to 1), and the access leg."""

    indptr: NDArray[np.int64]
    edge: NDArray[np.int64]
    at: NDArray[np.float64]
    access_m: NDArray[np.float64]


class OnEdges(NamedTuple):
    """Edge ``e`` carries ``indptr[e]:indptr[e + 1]``: whose each position is, how far along (0 to 1), and the access leg."""

    indptr: NDArray[np.int32]
    number: NDArray[np.int32]
    at: NDArray[np.float64]
    access_m: NDArray[np.float64]


class Marks(NamedTuple):
    """What a search has reached: distance and version of nodes, version of edges."""

    dist: NDArray[np.float64]
    stamp: NDArray[np.int32]
    edge_stamp: NDArray[np.int32]


class Queue(NamedTuple):
    """Waiting nodes: chains of entries by bucket (`bucket`: the first, -1 where there is none), and the nodes reached in turn."""

    bucket: NDArray[np.int32]
    key: NDArray[np.float64]
    node: NDArray[np.int32]
    after: NDArray[np.int32]
    order: NDArray[np.int32]


@compiled
def new_queue(size):
    """Return an empty queue with room for `size` entries."""
    bucket = np.full(N_BUCKETS, -1, np.int32)
    return Queue(
        bucket, np.empty(size, np.float64), np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
    )


@compiled
def longer(array, size):
    """Return a copy of `array` with room for `size` entries."""
    copy = np.empty(size, array.dtype)
    for i in range(len(array)):  # assigning a slice would compile its error message, which takes seconds
        copy[i] = array[i]
    return copy


@compiled
def put(d, u, at, bucket_m, bucket, key, node, after):
    """Let node `u` wait at distance `d` as entry `at`."""
    b = np.int64(d / bucket_m) & (N_BUCKETS - 1)
    key[at] = d
    node[at] = u
    after[at] = bucket[b]
    bucket[b] = at


@compiled
def rounded_s(metres, metres_per_s):
    """Return seconds, rounded to 0.001."""
    return np.floor(metres / metres_per_s * 1000.0 + 0.5) / 1000.0


@compiled
def search_bounded(first, last, entries, streets, limit_m, marks, version, queue):
    """Search from the entries `first` to `last` (exclusive) up to `limit_m` (inclusive).

    Fills and marks `marks`, and returns how many nodes are reached, ``queue.order[:reached]``; -1 where the queue is too
    small.
    """
    _, entry_edge, entry_at, entry_access_m = entries
    indptr, head, _, cost_m, edge_from, edge_to, along_m, against_m, bucket_m = streets
    dist, stamp, _ = marks
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
            put(nd, v, filled, bucket_m, bucket, key, node, after)
            filled += 1
            waiting += 1
    return reached


@compiled
def reach_points(start, stop, entries, streets, points, metres_per_s, limit_s, limit_m, marks, version, queue):
    """Return ``(ends, found, seconds, queue)``: the points that facilities `start` to `stop` (exclusive) reach within the limit.

    Facility ``start + i`` reaches ``found[ends[i - 1]:ends[i]]``, each once, in the least seconds. The search uses versions
    `version` to ``version + 2 * (stop - start) + 64``. The queue is handed back because it grows.
    """
    ends = np.zeros(stop - start, np.int64)
    found = np.empty(4096, np.int32)
    seconds = np.empty(4096, np.float64)
    filled = 0
    for facility in range(start, stop):
        first, last = entries.indptr[facility], entries.indptr[facility + 1]
        reached = -1
        while reached < 0:
            reached = search_bounded(first, last, entries, streets, limit_m, marks, version + 1, queue)
            if reached < 0:
                queue = new_queue(2 * len(queue.key))
                version += 1
        most = filled + _count_points(first, last, entries, streets, points, queue.order, reached)
        if most > len(found):
            found, seconds = longer(found, 2 * most), longer(seconds, 2 * most)
        filled = _put_points(
            first, last, entries, streets, points, metres_per_s, limit_s, limit_m,
            marks, version, queue.order, reached, found, seconds, filled,
        )  # fmt: skip
        version += 2
        ends[facility - start] = filled
    return ends, found[:filled].copy(), seconds[:filled].copy(), queue


@compiled
def _count_points(first, last, entries, streets, points, order, reached):
    """Return at least how many points lie on the edges at the reached nodes and on the entries' own."""
    indptr, edge, entry_edge, point_indptr = streets.indptr, streets.edge, entries.edge, points.indptr
    n = 0
    for i in range(reached):
        for k in range(indptr[order[i]], indptr[order[i] + 1]):
            n += point_indptr[edge[k] + 1] - point_indptr[edge[k]]
    for k in range(first, last):
        n += point_indptr[entry_edge[k] + 1] - point_indptr[entry_edge[k]]
    return n


@compiled
def _put_points(
    first, last, entries, streets, points, metres_per_s, limit_s, limit_m, marks, version, order, reached, found, seconds, filled
):  # fmt: skip
    """Write down the points that are reached behind the first `filled`; return how many there are then."""
    _, entry_edge, entry_at, entry_access_m = entries
    indptr, _, edge, _, edge_from, edge_to, along_m, against_m, _ = streets
    point_indptr, point, point_at, point_access_m = points
    dist, stamp, edge_stamp = marks
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
                            d = min(d, entry_access_m[n] + direct_m(entry_at[n], at, along, against))
                d += point_access_m[p]
                if d <= limit_m:
                    s = rounded_s(d, metres_per_s)
                    if s <= limit_s:
                        found[filled] = point[p]
                        seconds[filled] = s
                        filled += 1
    return filled


@compiled
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


@compiled
def direct_m(entry_at, point_at, along_m, against_m):
    """Return the effort from an entry to a point on the same edge, without leaving it."""
    if point_at >= entry_at:
        return (point_at - entry_at) * along_m
    return (entry_at - point_at) * against_m
