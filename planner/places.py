"""Places on a network: demand points and facilities, snapped to its streets once and walked from as often as wanted."""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.kernels.paths import OnEdges
from planner.streets import MAX_SNAP_M, Snapped, StreetNetwork, metric_xy, snap_xy
from planner.streets.entrances import Entries, enter


@dataclass(frozen=True)
class Places:
    """Points on a network: their coordinates in its metres, shape (n,), and where they meet a street.

    Facilities may be entered at several places (`Places.of_facilities`); `snapped` is then the one with the shortest access leg.
    `n_edges` is the network's number of edges. What lies on each edge is found out once: keep places that are asked for again.
    Indexing gives some of them, in that order.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    snapped: Snapped
    n_edges: int
    several: Entries | None = None

    @cached_property
    def entries(self) -> Entries:
        """Where each is entered as a facility: several places or one, none where there is no street near."""
        return Entries.of(self.snapped) if self.several is None else self.several

    @cached_property
    def points_on_edges(self) -> OnEdges:
        """The places as demand points, by edge; those without a street near are left out."""
        found, s = np.flatnonzero(self.snapped.found), self.snapped
        return _on_edges(self.n_edges, s.edge[found], found, s.at[found], s.distance_m[found])

    @cached_property
    def entries_on_edges(self) -> OnEdges:
        """The entries of the places as facilities, by edge."""
        entries = self.entries
        return _on_edges(self.n_edges, entries.edge, entries.facility, entries.at, entries.access_m)

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def of(
        cls,
        network: StreetNetwork,
        points: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        max_snap_m: float = MAX_SNAP_M,
        threads: int | None = None,
    ) -> "Places":
        """Snap points given in any CRS to streets within `max_snap_m` metres.

        Raises
        ------
        CRSError, GeometryError, InputError
            As `planner.streets.snap`.
        """
        return cls.at(network, *metric_xy(network, points), max_snap_m=max_snap_m, threads=threads)

    @classmethod
    def at(
        cls,
        network: StreetNetwork,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        *,
        max_snap_m: float = MAX_SNAP_M,
        threads: int | None = None,
    ) -> "Places":
        """Snap points given in metres of the network's CRS, shape (n,).

        Raises
        ------
        GeometryError, InputError
            As `Places.of`.
        """
        return cls(x, y, snap_xy(network, x, y, max_snap_m=max_snap_m, threads=threads), network.n_edges)

    @classmethod
    def of_facilities(
        cls,
        network: StreetNetwork,
        shapes: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        max_snap_m: float = MAX_SNAP_M,
        threads: int | None = None,
    ) -> "Places":
        """Snap facilities given as points, several entrances (MultiPoint), or polygons, in any CRS.

        How each is entered says `planner.streets.entrances`.

        Raises
        ------
        CRSError, GeometryError, InputError
            As `Places.of`.
        """
        kinds = shapely.get_type_id(shapes.geometry.to_numpy())
        if not np.isin(kinds, (-1, 0)).all():
            x, y, entries = enter(network, shapes, max_snap_m=max_snap_m, threads=threads)
            return cls(x, y, entries.nearest(), network.n_edges, entries)
        return cls.of(network, shapes, max_snap_m=max_snap_m, threads=threads)

    def __getitem__(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Places":
        s, several = self.snapped, self.several
        snapped = Snapped(s.edge[index], s.at[index], s.distance_m[index])
        return Places(self.x[index], self.y[index], snapped, self.n_edges, None if several is None else several[index])


def _on_edges(
    n_edges: int,
    edge: NDArray[np.int64],
    number: NDArray[np.integer],
    at: NDArray[np.float64],
    access_m: NDArray[np.float64],
) -> OnEdges:
    """Return positions by edge; those on one edge keep their order."""
    order = np.argsort(edge, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(edge, minlength=n_edges)))).astype(np.int32)
    return OnEdges(indptr, number[order].astype(np.int32), at[order], access_m[order])
