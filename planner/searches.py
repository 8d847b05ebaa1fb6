"""Searches along a network, on several threads: what the kernels are handed, and their answers put together.

Places are snapped and limits checked by then (`planner.coverage` is the door). Of equally near facilities, in whole milliseconds,
the lowest counts everywhere.
"""

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.kernels.nearest import NearTies, nearest_at, nearest_facility, nearest_for_points
from planner.kernels.nearest_k import k_nearest_facilities, k_nearest_for_points
from planner.kernels.paths import Entries, Marks, Streets, by_point, reach_points
from planner.places import Places
from planner.straight_line import nearer_straight, with_straight_lines
from planner.streets import Direction, StreetNetwork
from planner.streets.entrances import Entries as FacilityEntries
from planner.walk import Walk

Found = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]
"""``(ends, points, seconds)``: site ``i`` of a part reaches ``points[ends[i - 1]:ends[i]]``."""

_CHUNKS_PER_THREAD = 8
_LARGEST_CHUNK = 1024
_FIRST_LIMIT_S = 900.0


def streets_for(network: StreetNetwork, direction: Direction) -> Streets:
    """Return the network as a search outward from facilities pays for it."""
    half, efforts = network.adjacency, network.efforts(direction)
    return Streets(
        half.indptr, half.head, half.edge, efforts.half_edge_m,
        network.edge_from, network.edge_to, efforts.along_m, efforts.against_m, efforts.bucket_m,
    )  # fmt: skip


def entries_for(entries: FacilityEntries) -> Entries:
    """Return the entries of facilities as kernels take them."""
    return Entries(entries.indptr, entries.edge, entries.at, entries.access_m)


def times_within(
    network: StreetNetwork, demand: Places, sites: Places, walk: Walk, limit_s: float, threads: int | None
) -> sparse.csr_array:
    """Return seconds of the pairs within a limit, csr, shape (n_demand, n_sites)."""
    if walk.direction == "slower":
        ways = (replace(walk, direction=way) for way in get_args(Direction))
        return _slower_of(*(times_within(network, demand, sites, way, limit_s, threads) for way in ways))
    threads = threads or os.cpu_count() or 1
    size = max(1, min(_LARGEST_CHUNK, -(-len(sites) // (threads * _CHUNKS_PER_THREAD))))
    found = _joined(list(reach_parts(network, demand, sites, walk, limit_s, size, threads)))
    indptr, site, seconds = by_point(*found, len(demand))
    narrow = np.int32 if len(site) < 2**31 else np.int64  # as narrow as the site numbers: scipy would widen both
    times = sparse.csr_array((seconds, site, indptr.astype(narrow)), shape=(len(demand), len(sites)))
    return with_straight_lines(times, demand, sites, walk, limit_s) if walk.straight_line else times


def reach_parts(
    network: StreetNetwork, demand: Places, sites: Places, walk: Walk, limit_s: float, size: int, threads: int
) -> Iterator[Found]:
    """Search from `size` sites at a time; yields what each part reaches in order, few parts ahead."""
    streets, entries = streets_for(network, walk.one_way), entries_for(sites.entries)
    points, limit_m = demand.points_on_edges, walk.limit_m(limit_s)

    def search(start: int) -> Found:
        stop = min(start + size, len(sites))
        with network.workspace() as space:
            ends, reached, seconds, space.queue = reach_points(
                start, stop, entries, streets, points, walk.speed_m_s, limit_s, limit_m,
                Marks(space.dist, space.stamp, space.edge_stamp), space.versions(2 * (stop - start) + 64), space.queue,
            )  # fmt: skip
        return ends, reached, seconds

    starts = range(0, len(sites), size)
    if threads == 1 or len(starts) == 1:
        yield from map(search, starts)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Found]] = deque()
        for start in starts:
            waiting.append(pool.submit(search, start))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def nearest_at_nodes(
    network: StreetNetwork, sites: Places, walk: Walk, *, limit_m: float = math.inf
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return ``(effort_m, site)`` of every node's nearest site within `limit_m` metres of effort, inf and -1 where none.

    One search from all sites at once.
    """
    effort_m, site, ties = _nearest_of_nodes(network, sites, walk, limit_m)
    return effort_m, nearest_at(effort_m, site, ties, walk.speed_m_s)


def nearest_site(
    network: StreetNetwork, demand: Places, sites: Places, walk: Walk, threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, site)`` of every demand point's nearest site, inf and -1 where none, shape (n_demand,)."""
    if walk.direction == "slower":
        return _nearest_slower(network, demand, sites, walk, threads)
    effort_m, of_node, ties = _nearest_of_nodes(network, sites, walk, math.inf)
    seconds, site = nearest_for_points(
        demand.snapped.edge, demand.snapped.at, demand.snapped.distance_m, streets_for(network, walk.one_way),
        sites.entries_on_edges, effort_m, of_node, ties, walk.tie_m, walk.speed_m_s,
    )  # fmt: skip
    site = site.astype(np.int64)
    return nearer_straight(seconds, site, demand, sites, walk) if walk.straight_line else (seconds, site)


def nearest_sites(
    network: StreetNetwork, demand: Places, sites: Places, walk: Walk, k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, site)`` of every demand point's `k` nearest sites, inf and -1 where fewer, shape (n_demand, k)."""
    streets, most = streets_for(network, walk.one_way), min(k, max(1, len(sites)))
    effort_m, of_node, count = k_nearest_facilities(most, walk.tie_m, entries_for(sites.entries), streets)
    seconds, site = np.full((len(demand), k), np.inf), np.full((len(demand), k), -1, np.int64)
    seconds[:, :most], site[:, :most] = k_nearest_for_points(
        most, demand.snapped.edge, demand.snapped.at, demand.snapped.distance_m, streets, sites.entries_on_edges,
        effort_m, of_node, count, walk.speed_m_s,
    )  # fmt: skip
    return seconds, site


def _nearest_of_nodes(
    network: StreetNetwork, sites: Places, walk: Walk, limit_m: float
) -> tuple[NDArray[np.float64], NDArray[np.int32], NearTies]:
    return nearest_facility(entries_for(sites.entries), streets_for(network, walk.one_way), limit_m, walk.tie_m)


def _nearest_slower(
    network: StreetNetwork, demand: Places, sites: Places, walk: Walk, threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the least of the slower times by ever wider searches for those who have none yet."""
    seconds, site = nearest_site(network, demand, sites, replace(walk, direction="to"), threads)
    left = np.flatnonzero(site >= 0)
    limit_s = _FIRST_LIMIT_S
    while len(left):
        times = times_within(network, demand[left], sites, walk, limit_s, threads)
        found = np.diff(times.indptr) > 0
        row = np.repeat(np.arange(len(left)), np.diff(times.indptr))
        order = np.lexsort((times.indices, times.data, row))
        best = order[times.indptr[:-1][found]]
        seconds[left[found]], site[left[found]] = times.data[best], times.indices[best]
        left, limit_s = left[~found], 2 * limit_s
    return seconds, site


def _slower_of(there: sparse.csr_array, back: sparse.csr_array) -> sparse.csr_array:
    """Return the greater of two ways' times for the pairs that both hold, both of one shape."""
    width = np.int64(there.shape[1])
    keys, values = [], []
    for times in (there, back):
        row = np.repeat(np.arange(times.shape[0]), np.diff(times.indptr))
        key = row * width + times.indices
        order = np.argsort(key, kind="stable")
        keys.append(key[order])
        values.append(times.data[order])
    both, i, j = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    row = both // width if width else both
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=there.shape[0]))))
    narrow = there.indices.dtype
    data = np.maximum(values[0][i], values[1][j])
    return sparse.csr_array((data, (both - row * width).astype(narrow), indptr.astype(narrow)), shape=there.shape)


def _joined(parts: list[Found]) -> Found:
    """Return what parts of the sites reach as one part."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0] + [len(part[1]) for part in parts])
    ends = [part[0] + offset for part, offset in zip(parts, offsets, strict=False)]
    return (
        np.concatenate([np.zeros(0, np.int64), *ends]),
        np.concatenate([np.zeros(0, np.int32), *(part[1] for part in parts)]),
        np.concatenate([np.zeros(0), *(part[2] for part in parts)]),
    )
