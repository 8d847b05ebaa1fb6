"""Snap points to the nearest position on a street."""

import os
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import transformer
from planner.errors import CRSError, GeometryError, InputError
from planner.streets.network import Network

MAX_SNAP_M = 300.0
"""Default longest access leg."""


@dataclass(frozen=True)
class Snapped:
    """Positions on streets, one per point.

    The edge (-1 where none is near), how far along it (0 to 1 from its from-end), and the metres from the point to that
    position (inf where none is near).
    """

    edge: NDArray[np.int64]
    at: NDArray[np.float64]
    distance_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which points have a street near enough."""
        return self.edge >= 0


def snap(
    network: Network,
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    max_snap_m: float = MAX_SNAP_M,
    threads: int | None = None,
) -> Snapped:
    """Snap points in any CRS to the nearest position on a street within `max_snap_m` metres (inclusive).

    Raises
    ------
    CRSError
        The points have no CRS.
    GeometryError
        Some geometries are not points.
    InputError
        `max_snap_m` is not a distance.
    """
    x, y = metric_xy(network, points)
    return snap_xy(network, x, y, max_snap_m=max_snap_m, threads=threads)


def snap_xy(
    network: Network,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    max_snap_m: float = MAX_SNAP_M,
    threads: int | None = None,
) -> Snapped:
    """Snap points given in metres of the network's CRS; see `snap`. Points that are not finite find no street."""
    if not max_snap_m >= 0:
        raise InputError("streets.bad_snap", value=max_snap_m)
    return _on_edges(network, *network.grid.nearest(x, y, float(max_snap_m), threads or os.cpu_count() or 1))


def snap_square(
    network: Network, first_row: int, first_column: int, size: int, step_m: float, max_snap_m: float
) -> Snapped:
    """Snap the ``size`` by ``size`` points of a lattice, row by row, as `snap_xy` would; `size` is 4 times a power of two."""
    return _on_edges(network, *network.grid.nearest_in_square(first_row, first_column, size, step_m, float(max_snap_m)))


def _on_edges(
    network: Network,
    segment: NDArray[np.int64],
    fraction: NDArray[np.float64],
    distance_m: NDArray[np.float64],
) -> Snapped:
    grid = network.grid
    found = segment >= 0
    edge = np.where(found, grid.edge[segment], -1).astype(np.int64)
    first = grid.vertex[segment]
    start_m, end_m = network.vertex_m[first], network.vertex_m[first + 1]
    length_m = network.edge_length_m[edge]
    with np.errstate(invalid="ignore", divide="ignore"):
        at = np.where(found & (length_m > 0), (start_m + fraction * (end_m - start_m)) / length_m, 0.0)
    return Snapped(edge, np.clip(at, 0.0, 1.0), distance_m)


def metric_xy(
    network: Network, points: gpd.GeoDataFrame | gpd.GeoSeries
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates of points in the network's CRS; an empty or missing point has nan."""
    if points.crs is None:
        raise CRSError("streets.no_crs")
    geometry = points.geometry.to_numpy()
    kind = shapely.get_type_id(geometry)
    wrong = np.flatnonzero((kind != 0) & (kind != -1))
    if len(wrong):
        row = int(wrong[0])
        raise GeometryError("streets.not_points", count=len(wrong), row=row, kind=geometry[row].geom_type)
    geometry = np.where(shapely.is_empty(geometry), None, geometry)  # an empty point has no coordinates to ask for
    x, y = shapely.get_x(geometry), shapely.get_y(geometry)
    if points.crs == network.crs:
        return x, y
    return transformer(points.crs, network.crs).transform(x, y)
