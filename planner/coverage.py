"""Who reaches what: travel times along streets, the coverage matrix, and the nearest facility.

A travel time is access leg + exact time along the edges + access leg, in seconds at a walking speed. Times and limits are
compared in whole milliseconds; of equally near sites the lowest index counts. Both directions of a street may cost differently;
by default people walk to the facility.

All functions are told in the same keywords how people walk: `speed_m_s`, `direction`, `max_snap_m` and `straight_line`, as the
fields of `planner.walk.Walk`, or a whole `walk` instead of them. Points are tables in any CRS, or `Places`, snapped already.
"""

import os
from collections.abc import Iterator
from typing import Any, TypeAlias, Unpack, overload

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner import searches
from planner.counting import times_covered as times_covered
from planner.counting import total as total
from planner.errors import InputError
from planner.places import Places
from planner.streets import StreetNetwork
from planner.units import whole_milliseconds_s
from planner.walk import Walk, WalkOptions, checked_limit_s, walk_of

Points: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries | Places
Labels = tuple[str, str]
"""The columns that name demand points and sites in a table; "index" stands for a table's index."""


@overload
def travel_times(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    limit_s: float,
    speed_m_s: float = 1.0,
    labels: None = None,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> sparse.csr_array: ...
@overload
def travel_times(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    limit_s: float,
    speed_m_s: float = 1.0,
    labels: Labels,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> pd.DataFrame: ...
def travel_times(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    limit_s: float,
    speed_m_s: float = 1.0,
    labels: Labels | None = None,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> Any:
    """Return seconds from demand points to sites where they are within `limit_s` (inclusive), float64 (n_demand, n_sites).

    A stored entry is a pair within the limit, zero seconds included; whatever is not stored takes longer or cannot be walked.
    Sites may have several entrances or be polygons (`Places.of_facilities`). A pair's time with direction "slower" is the greater
    of that there and that back.

    Parameters
    ----------
    limit_s
        Seconds, rounded to whole milliseconds as the times are.
    labels
        The columns that hold the ids of `demand` and `sites` ("index" for the index): a table comes instead, one row a pair,
        sites rising within each demand point, with the columns `demand`, `site` and `seconds`.
    speed_m_s, direction, max_snap_m, straight_line, walk
        As the module says.
    threads
        How many search at once; by default all cores. The answer does not depend on it.

    Raises
    ------
    InputError
        The limit is negative or not a number; the walk is wrong (`planner.walk.Walk`) or said twice; there is no such column.
    CRSError, GeometryError
        As `planner.streets.snap`.
    """
    walk, limit_s = walk_of(speed_m_s, **options), checked_limit_s(limit_s)
    names = None if labels is None else (_ids(demand, labels[0]), _ids(sites, labels[1]))
    placed = _placed(network, demand, walk, threads), _entered(network, sites, walk, threads)
    times = searches.times_within(network, *placed, walk, limit_s, threads)
    return times if names is None else _as_table(times, *names, "seconds")


@overload
def matrix(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    threshold_s: float,
    speed_m_s: float = 1.0,
    labels: None = None,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> sparse.csr_array: ...
@overload
def matrix(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    threshold_s: float,
    speed_m_s: float = 1.0,
    labels: Labels,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> pd.DataFrame: ...
def matrix(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    threshold_s: float,
    speed_m_s: float = 1.0,
    labels: Labels | None = None,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> Any:
    """Return the coverage matrix, bool csr (n_demand, n_sites): true where a walk takes at most `threshold_s`.

    With `labels` a table comes instead, one row a covered pair: `demand`, `site`, `covered`. Parameters as `travel_times`.

    Raises
    ------
    InputError, CRSError, GeometryError
        As `travel_times`.
    """
    names = None if labels is None else (_ids(demand, labels[0]), _ids(sites, labels[1]))
    times = travel_times(
        network, demand, sites, limit_s=threshold_s, speed_m_s=speed_m_s, threads=threads, **options
    )  # fmt: skip
    covered = covered_within(times, threshold_s)
    return covered if names is None else _as_table(covered, *names, "covered")


def catchments(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    limit_s: float,
    speed_m_s: float = 1.0,
    at_once: int = 1024,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> Iterator[sparse.csc_array]:
    """Yield the travel times of `at_once` sites at a time, in order: seconds within `limit_s`, csc (n_demand, n of these sites).

    For more pairs than memory holds: only some parts exist at a time. Parameters as `travel_times`; there is no
    "slower" and no straight line here.

    Raises
    ------
    InputError, CRSError, GeometryError
        As `travel_times`.
    """
    walk, limit_s = _along_streets(walk_of(speed_m_s, **options)), checked_limit_s(limit_s)
    placed = _placed(network, demand, walk, threads), _entered(network, sites, walk, threads)
    for ends, points, seconds in searches.reach_parts(
        network, *placed, walk, limit_s, at_once, threads or os.cpu_count() or 1
    ):
        indptr = np.concatenate(([0], ends)).astype(np.int32 if len(points) < 2**31 else np.int64)
        yield sparse.csc_array((seconds, points, indptr), shape=(len(placed[0]), len(ends)))


def nearest(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    speed_m_s: float = 1.0,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, site)`` of every demand point's nearest site, however far: shape (n_demand,), inf and -1 where none.

    Of sites with equal times the lowest index. One search from all sites at once (with direction "slower", ever wider ones from
    each). Parameters as `travel_times`.

    Raises
    ------
    InputError, CRSError, GeometryError
        As `travel_times`.
    """
    walk = walk_of(speed_m_s, **options)
    placed = _placed(network, demand, walk, threads), _entered(network, sites, walk, threads)
    return searches.nearest_site(network, *placed, walk, threads)


def nearest_k(
    network: StreetNetwork,
    demand: Points,
    sites: Points,
    *,
    k: int = 3,
    speed_m_s: float = 1.0,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, site)`` of every demand point's `k` nearest sites, nearest first, however far: shape (n_demand, k).

    Inf and -1 where there are fewer. Sites with equal times by their index. One search from all sites at once; the other
    parameters and errors as `travel_times`; there is no "slower" and no straight line here.

    Raises
    ------
    InputError
        `k` is below 1, or as `travel_times`.
    """
    walk = _along_streets(walk_of(speed_m_s, **options))
    if k < 1:
        raise InputError("coverage.bad_k", k=k)
    placed = _placed(network, demand, walk, threads), _entered(network, sites, walk, threads)
    return searches.nearest_sites(network, *placed, walk, k)


def covered_within(times: sparse.csr_array, limit_s: float) -> sparse.csr_array:
    """Return the coverage matrix of travel times that are known at least up to `limit_s`, bool csr of their shape."""
    keep = times.data <= whole_milliseconds_s(limit_s)
    if keep.all():
        return sparse.csr_array((keep, times.indices, times.indptr), shape=times.shape)
    kept = np.concatenate(([0], np.cumsum(keep)))
    return sparse.csr_array((keep[keep], times.indices[keep], kept[times.indptr]), shape=times.shape)


def _along_streets(walk: Walk) -> Walk:
    if walk.straight_line:
        raise InputError("coverage.streets_only")
    return walk


def _placed(network: StreetNetwork, points: Points, walk: Walk, threads: int | None) -> Places:
    if isinstance(points, Places):
        return points
    return Places.of(network, points, max_snap_m=walk.max_snap_m, threads=threads)


def _entered(network: StreetNetwork, sites: Points, walk: Walk, threads: int | None) -> Places:
    if isinstance(sites, Places):
        return sites
    return Places.of_facilities(network, sites, max_snap_m=walk.max_snap_m, threads=threads)


def _ids(points: Points, column: str) -> NDArray[np.generic]:
    """Return what names the rows of a table: one of its columns, or its index.

    Raises
    ------
    InputError
        There is no such column.
    """
    if isinstance(points, gpd.GeoDataFrame) and column in points.columns:
        return points[column].to_numpy()
    if not isinstance(points, Places) and column == "index":
        return points.index.to_numpy()
    known = ", ".join(map(str, points.columns)) if isinstance(points, gpd.GeoDataFrame) else "index"
    raise InputError("coverage.no_label", column=column, known=known)


def _as_table(
    found: sparse.csr_array, demand: NDArray[np.generic], sites: NDArray[np.generic], value: str
) -> pd.DataFrame:
    row = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
    order = np.lexsort((found.indices, row))
    columns = {"demand": demand[row], "site": sites[found.indices[order]], value: found.data[order]}
    return pd.DataFrame(columns)
