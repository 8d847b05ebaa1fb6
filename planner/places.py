"""Places on a network: demand points and facilities, snapped to its streets once and walked from as often as wanted."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.streets import MAX_SNAP_M, Snapped, StreetNetwork, metric_xy, snap_xy
from planner.streets.entrances import Entries, enter


@dataclass(frozen=True)
class Places:
    """Points on a network: their coordinates in its metres, and where they meet a street.

    Facilities may be entered at several places (`Places.of_facilities`); `snapped` is then the one with the shortest access leg.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    snapped: Snapped
    several: Entries | None = None

    @property
    def entries(self) -> Entries:
        """Where each is entered as a facility: several places or one, none where there is no street near."""
        return Entries.of(self.snapped) if self.several is None else self.several

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
        """Snap points given in any CRS; errors as `planner.streets.snapping`."""
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
        """Snap points given in metres of the network's CRS; errors as `planner.streets.snapping`."""
        return cls(x, y, snap_xy(network, x, y, max_snap_m=max_snap_m, threads=threads))

    @classmethod
    def of_facilities(
        cls,
        network: StreetNetwork,
        shapes: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        max_snap_m: float = MAX_SNAP_M,
        threads: int | None = None,
    ) -> "Places":
        """Snap facilities given as points, several entrances (MultiPoint), or polygons; see `planner.streets.entrances`."""
        kinds = shapely.get_type_id(shapes.geometry.to_numpy())
        if not np.isin(kinds, (-1, 0)).all():
            x, y, entries = enter(network, shapes, max_snap_m=max_snap_m, threads=threads)
            return cls(x, y, entries.nearest(), entries)
        return cls.of(network, shapes, max_snap_m=max_snap_m, threads=threads)

    def __getitem__(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Places":
        s, several = self.snapped, self.several
        snapped = Snapped(s.edge[index], s.at[index], s.distance_m[index])
        return Places(self.x[index], self.y[index], snapped, None if several is None else several[index])
