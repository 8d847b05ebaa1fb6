"""Who reaches what: travel times along streets, the coverage matrix, and the nearest facility.

A travel time is access leg + exact time along the edges + access leg, in seconds at a walking speed, rounded to 0.001 s.
Both directions of a street may cost differently; by default people walk to the facility.
"""

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import get_args

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.counting import times_covered as times_covered
from planner.counting import total as total
from planner.errors import InputError
from planner.kernels.nearest_k import k_nearest_facilities, k_nearest_for_points
from planner.kernels.paths import by_point, nearest_facility, nearest_for_points, reach_points
from planner.places import Places
from planner.straight_line import nearer_straight, with_straight_lines
from planner.streets import MAX_SNAP_M, AnyDirection, Direction, Snapped, StreetNetwork
from planner.streets.entrances import Entries
from planner.units import MILLISECOND_S, speed_m_s

_CHUNKS_PER_THREAD = 8
_LARGEST_CHUNK = 1024
_FIRST_LIMIT_S = 900.0


def travel_times(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    sites: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    *,
    limit_s: float,
    speed_m_s: float = 1.0,
    max_snap_m: float = MAX_SNAP_M,
    direction: AnyDirection = "to",
    straight_line: bool = False,
    threads: int | None = None,
) -> sparse.csr_array:
    """Return seconds from demand points to sites where they are within `limit_s` (inclusive), float64 (n_demand, n_sites).

    A stored entry is a pair within the limit, zero seconds included; whatever is not stored takes longer or cannot be walked.
    Point tables come in any CRS; sites may have several entrances or be polygons (`Places.of_facilities`). A pair's time with
    direction "slower" is the greater of that there and that back. With `straight_line`, pairs of which one end has no street
    within `max_snap_m` are walked at `DETOUR_FACTOR` times the straight distance; else they are not stored.

    Raises
    ------
    InputError
        The limit is negative or not a number, or the speed is not above zero.
    CRSError, GeometryError
        As `planner.streets.snapping`.
    """
    speed, limit = _checked(speed_m_s, limit_s)
    demand = _placed(network, demand, max_snap_m, threads)
    sites = _entered(network, sites, max_snap_m, threads)
    if direction == "slower":
        both = [
            travel_times(
                network,
                demand,
                sites,
                limit_s=limit,
                speed_m_s=speed,
                direction=way,
                straight_line=straight_line,
                threads=threads,
            )
            for way in get_args(Direction)
        ]
        return slower_of(*both)
    ends, points, seconds = _reach(network, demand.snapped, sites.entries, limit, speed, direction, threads)
    indptr, site, by_demand_s = by_point(ends, points, seconds, len(demand))
    narrow = np.int32 if len(points) < 2**31 else np.int64  # as narrow as the site numbers: scipy would widen both
    times = sparse.csr_array((by_demand_s, site, indptr.astype(narrow)), shape=(len(demand), len(sites)))
    if straight_line:
        times = with_straight_lines(times, demand, sites, limit, speed)
    return times


def matrix(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    sites: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    *,
    threshold_s: float,
    speed_m_s: float = 1.0,
    max_snap_m: float = MAX_SNAP_M,
    direction: AnyDirection = "to",
    straight_line: bool = False,
    threads: int | None = None,
) -> sparse.csr_array:
    """Return the coverage matrix, bool (n_demand, n_sites): true where a walk takes at most `threshold_s`.

    Parameters and errors as `travel_times`.
    """
    times = travel_times(
        network,
        demand,
        sites,
        limit_s=threshold_s,
        speed_m_s=speed_m_s,
        max_snap_m=max_snap_m,
        direction=direction,
        straight_line=straight_line,
        threads=threads,
    )
    return covered_within(times, threshold_s)


def catchments(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    sites: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    *,
    limit_s: float,
    speed_m_s: float = 1.0,
    max_snap_m: float = MAX_SNAP_M,
    direction: Direction = "to",
    at_once: int = 1024,
    threads: int | None = None,
) -> Iterator[sparse.csc_array]:
    """Yield the travel times of `at_once` sites at a time, in order: seconds within `limit_s`, csc (n_demand, n of these sites).

    For more pairs than memory holds: only some parts exist at a time. Parameters and errors as `travel_times`.
    """
    speed, limit = _checked(speed_m_s, limit_s)
    demand = _placed(network, demand, max_snap_m, threads)
    sites = _entered(network, sites, max_snap_m, threads)
    parts = _reach_parts(
        network, demand.snapped, sites.entries, limit, speed, direction, threads or os.cpu_count() or 1, at_once
    )
    for ends, points, seconds in parts:
        indptr = np.concatenate(([0], ends)).astype(np.int32 if len(points) < 2**31 else np.int64)
        yield sparse.csc_array((seconds, points, indptr), shape=(len(demand), len(ends)))


def covered_within(times: sparse.csr_array, threshold_s: float) -> sparse.csr_array:
    """Return the coverage matrix of travel times that are known at least up to `threshold_s`."""
    keep = times.data <= threshold_s
    if keep.all():
        return sparse.csr_array((keep, times.indices, times.indptr), shape=times.shape)
    kept = np.concatenate(([0], np.cumsum(keep)))
    return sparse.csr_array((keep[keep], times.indices[keep], kept[times.indptr]), shape=times.shape)


def nearest(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    sites: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    *,
    speed_m_s: float = 1.0,
    max_snap_m: float = MAX_SNAP_M,
    direction: AnyDirection = "to",
    straight_line: bool = False,
    threads: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, site)`` of every demand point's nearest site, however far: shape (n_demand,), inf and -1 where none.

    One search from all sites at once (with direction "slower", ever wider ones from each). Parameters and errors as
    `travel_times`.
    """
    speed, _ = _checked(speed_m_s, 0.0)
    demand = _placed(network, demand, max_snap_m, threads)
    sites = _entered(network, sites, max_snap_m, threads)
    if direction == "slower":
        return _nearest_slower(network, demand, sites, speed, straight_line, threads)
    dist, facility = nearest_at_nodes(network, sites, direction=direction)
    efforts, entries = network.efforts(direction), sites.entries
    seconds, site = nearest_for_points(
        demand.snapped.edge, demand.snapped.at, demand.snapped.distance_m, dist, facility,
        *_by_edge(network, entries), entries.facility,
        entries.at, entries.access_m, network.edge_from, network.edge_to, efforts.along_m, efforts.against_m, speed,
    )  # fmt: skip
    site = site.astype(np.int64)
    if straight_line:
        seconds, site = nearer_straight(seconds, site, demand, sites, speed)
    return seconds, site


def nearest_k(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    sites: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    *,
    k: int = 3,
    speed_m_s: float = 1.0,
    max_snap_m: float = MAX_SNAP_M,
    direction: Direction = "to",
    threads: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, site)`` of every demand point's `k` nearest sites, nearest first, however far: shape (n_demand, k).

    Inf and -1 where there are fewer. Equally near sites by their index. One search from all sites at once; the other parameters
    and errors as `travel_times`.

    Raises
    ------
    InputError
        `k` is below 1, or as `travel_times`.
    """
    speed, _ = _checked(speed_m_s, 0.0)
    if k < 1:
        raise InputError("coverage.bad_k", k=k)
    demand = _placed(network, demand, max_snap_m, threads)
    sites = _entered(network, sites, max_snap_m, threads)
    half, efforts, entries = network.adjacency, network.efforts(direction), sites.entries
    most = min(k, max(1, len(sites)))
    room = min(2 * most + 4, max(1, len(sites)))
    dist, facility, count = k_nearest_facilities(
        most, room, 2 * MILLISECOND_S * speed, entries.indptr, entries.edge, entries.at, entries.access_m,
        half.indptr, half.head, efforts.half_edge_m, network.edge_from, network.edge_to, efforts.along_m, efforts.against_m,
    )  # fmt: skip
    found_s, found = k_nearest_for_points(
        most, demand.snapped.edge, demand.snapped.at, demand.snapped.distance_m, dist, facility, count,
        *_by_edge(network, entries), entries.facility, entries.at, entries.access_m,
        network.edge_from, network.edge_to, efforts.along_m, efforts.against_m, speed,
    )  # fmt: skip
    seconds, site = np.full((len(demand), k), np.inf), np.full((len(demand), k), -1, np.int64)
    seconds[:, :most], site[:, :most] = found_s, found
    return seconds, site


def slower_of(there: sparse.csr_array, back: sparse.csr_array) -> sparse.csr_array:
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


def nearest_at_nodes(
    network: StreetNetwork, sites: Places, *, limit_m: float = math.inf, direction: Direction = "to"
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return ``(effort_m, site)`` of every node's nearest site within `limit_m` metres of effort, inf and -1 where none.

    One search from all sites at once; equally near ones: the first.
    """
    half, efforts, entries = network.adjacency, network.efforts(direction), sites.entries
    return nearest_facility(
        entries.indptr, entries.edge, entries.at, entries.access_m, half.indptr, half.head, efforts.half_edge_m,
        network.edge_from, network.edge_to, efforts.along_m, efforts.against_m, limit_m, efforts.bucket_m,
    )  # fmt: skip


def _checked(speed: float, limit_s: float) -> tuple[float, float]:
    if not limit_s >= 0:
        raise InputError("coverage.bad_limit", limit_s=limit_s)
    return speed_m_s(speed), float(limit_s)


def _placed(
    network: StreetNetwork,
    points: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    max_snap_m: float,
    threads: int | None,
) -> Places:
    return points if isinstance(points, Places) else Places.of(network, points, max_snap_m=max_snap_m, threads=threads)


def _entered(
    network: StreetNetwork,
    sites: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    max_snap_m: float,
    threads: int | None,
) -> Places:
    if isinstance(sites, Places):
        return sites
    return Places.of_facilities(network, sites, max_snap_m=max_snap_m, threads=threads)


def _by_edge(network: StreetNetwork, entries: Entries) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``(indptr, entry)``: the entries on each edge."""
    counts = np.bincount(entries.edge, minlength=network.n_edges)
    return np.concatenate(([0], np.cumsum(counts))), np.argsort(entries.edge, kind="stable")


def _reach(
    network: StreetNetwork,
    demand: Snapped,
    entries: Entries,
    limit_s: float,
    speed: float,
    direction: Direction,
    threads: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Search from every site; returns ``(ends, demand point, seconds)``, site by site."""
    threads = threads or os.cpu_count() or 1
    size = max(1, min(_LARGEST_CHUNK, -(-len(entries) // (threads * _CHUNKS_PER_THREAD))))
    parts = list(_reach_parts(network, demand, entries, limit_s, speed, direction, threads, size))
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0] + [len(part[1]) for part in parts])
    ends = [part[0] + offset for part, offset in zip(parts, offsets, strict=False)]
    return (
        np.concatenate([np.zeros(0, np.int64), *ends]),
        np.concatenate([np.zeros(0, np.int32), *(part[1] for part in parts)]),
        np.concatenate([np.zeros(0), *(part[2] for part in parts)]),
    )


def _reach_parts(
    network: StreetNetwork,
    demand: Snapped,
    entries: Entries,
    limit_s: float,
    speed: float,
    direction: Direction,
    threads: int,
    size: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]]:
    """Search from `size` sites at a time; yields ``(ends, demand point, seconds)`` of each part in order, few parts ahead."""
    half, efforts = network.adjacency, network.efforts(direction)
    on_street = np.flatnonzero(demand.found)
    by_edge = on_street[np.argsort(demand.edge[on_street], kind="stable")]
    counts = np.bincount(demand.edge[by_edge], minlength=network.n_edges)
    point_indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    point, point_at, point_access_m = by_edge.astype(np.int32), demand.at[by_edge], demand.distance_m[by_edge]

    def search(start: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
        stop = min(start + size, len(entries))
        with network.workspace() as space:
            *found, space.queue = reach_points(
                start, stop, entries.indptr, entries.edge, entries.at, entries.access_m,
                half.indptr, half.head, half.edge, efforts.half_edge_m,
                network.edge_from, network.edge_to, efforts.along_m, efforts.against_m,
                point_indptr, point, point_at, point_access_m,
                speed, limit_s, efforts.bucket_m, space.dist, space.stamp, space.edge_stamp,
                space.versions(2 * (stop - start) + 64), space.queue,
            )  # fmt: skip
            return tuple(found)

    starts = range(0, len(entries), size)
    if threads == 1 or len(starts) == 1:
        yield from map(search, starts)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]]] = deque()
        for start in starts:
            waiting.append(pool.submit(search, start))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _nearest_slower(
    network: StreetNetwork, demand: Places, sites: Places, speed: float, straight_line: bool, threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the least of the slower times by ever wider searches for those who have none yet."""
    seconds, site = nearest(network, demand, sites, speed_m_s=speed, straight_line=straight_line, threads=threads)
    left = np.flatnonzero(site >= 0)
    limit_s = _FIRST_LIMIT_S
    while len(left):
        times = travel_times(
            network, demand[left], sites, limit_s=limit_s, speed_m_s=speed, direction="slower",
            straight_line=straight_line, threads=threads,
        )  # fmt: skip
        found = np.diff(times.indptr) > 0
        row = np.repeat(np.arange(len(left)), np.diff(times.indptr))
        order = np.lexsort((times.indices, times.data, row))
        best = order[times.indptr[:-1][found]]
        seconds[left[found]], site[left[found]] = times.data[best], times.indices[best]
        left, limit_s = left[~found], 2 * limit_s
    return seconds, site
