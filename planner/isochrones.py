"""Isochrones: the part of the plane from which a facility is within so many minutes' walk.

An isochrone is all points q with t(q) <= T, where q is snapped and walked exactly like a demand point. The field of t is
computed on a lattice and its contour taken, so drawing and count agree but for the lattice's resolution. What is counted is
always the travel time, never the drawing.
"""

import itertools
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, Unpack, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from planner.coverage import Places, Points
from planner.crs import WGS84
from planner.errors import InputError
from planner.kernels.field import BLOCK, Cells, Lattice, Segments, add_tile, effort_field
from planner.kernels.paths import Entries, Marks, Streets, new_queue, search_bounded
from planner.outlines import CUT_STEPS, area_within, as_multipolygon, in_degrees
from planner.searches import entries_for, streets_for
from planner.streets import TILE, Direction, SnappedLattice, StreetNetwork
from planner.streets.entrances import Entries as FacilityEntries
from planner.units import minutes_to_s
from planner.walk import Walk, WalkOptions, walk_of

Quality = Literal["exact", "fast"]
"""How an isochrone is drawn: "exact" for delivery, or "fast" for a map that answers a click."""

RESOLUTION_M: dict[Quality, float] = {"exact": 5.0, "fast": 15.0}
"""Default spacing of the lattice."""

_STEPS_ACROSS: dict[Quality, int] = {"exact": 120, "fast": 60}
"""A short walk is drawn on a finer lattice: at least so many steps in its radius."""

_MOST_POINTS = 16_000_000
"""The largest lattice, 20 km by 20 km at the default spacing: a walk of hours is drawn more coarsely."""


def polygons(
    network: StreetNetwork,
    points: Points,
    *,
    minutes: Sequence[float] = (5, 10, 15),
    speed_m_s: float = 1.0,
    quality: Quality = "exact",
    resolution_m: float | None = None,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> gpd.GeoDataFrame:
    """Return the isochrone of every point and number of minutes.

    Returns a GeoDataFrame in WGS 84, point by point and by rising minutes: `point_index` (position in `points`), `minutes`,
    `geometry` (valid MultiPolygons, nested, holes kept) and `reason`: None, or why a geometry is empty: "no_street" where a
    point has no street within `max_snap_m`, "access_leg_too_long" where the way to the street takes all the time.

    Parameters
    ----------
    points
        A point table in any CRS, facilities with several entrances or drawn as polygons, or `Places`.
    speed_m_s, direction, max_snap_m, walk
        How people walk, as in `planner.coverage`. Straight lines are not drawn: only streets are.
    quality
        "exact" is for delivery; "fast" answers a click, with outlines up to some metres off.
    resolution_m
        The spacing of the lattice, by default `RESOLUTION_M`.
    threads
        How many points are drawn at once; by default all cores.

    Raises
    ------
    InputError
        No minutes, minutes outside 0-1440, no walk (`planner.walk.Walk`), a resolution not above zero, an unknown quality.
    CRSError, GeometryError
        As `planner.streets.snap`.
    """
    walk, bands, places = walk_of(speed_m_s, **options), _rising(minutes), points
    if not isinstance(places, Places):
        places = Places.of_facilities(network, places, max_snap_m=walk.max_snap_m, threads=threads)
    drawn = shapes(
        network, places, minutes=bands, walk=walk, quality=quality, resolution_m=resolution_m, threads=threads
    )  # fmt: skip
    geometry = in_degrees(drawn.ravel(), network.crs)
    reason = np.full(len(geometry), None, object)
    reason[shapely.is_empty(geometry)] = "access_leg_too_long"
    reason[np.repeat(~places.snapped.found, len(bands))] = "no_street"
    columns = {
        "point_index": np.repeat(np.arange(len(places)), len(bands)),
        "minutes": np.tile(np.array(bands), len(places)),
        "geometry": gpd.GeoSeries(geometry, crs=WGS84),
        "reason": pd.Series(reason, dtype=object),
    }
    return gpd.GeoDataFrame(columns)


def shapes(
    network: StreetNetwork,
    places: Places,
    *,
    minutes: Sequence[float] = (5, 10, 15),
    speed_m_s: float = 1.0,
    quality: Quality = "exact",
    resolution_m: float | None = None,
    threads: int | None = None,
    **options: Unpack[WalkOptions],
) -> NDArray[np.object_]:
    """Return the isochrones as MultiPolygons in metres of the network's CRS, shape (n_places, n_minutes), minutes rising.

    Parameters as `polygons`.

    Raises
    ------
    InputError, CRSError, GeometryError
        As `polygons`.
    """
    walk = walk_of(speed_m_s, **options)
    if quality not in get_args(Quality):
        raise InputError("isochrones.bad_quality", value=quality, known=", ".join(get_args(Quality)))
    step_m = RESOLUTION_M[quality] if resolution_m is None else resolution_m
    if not step_m > 0:
        raise InputError("isochrones.bad_resolution", value=resolution_m)
    limits_m = [walk.limit_m(minutes_to_s(value)) for value in _rising(minutes)]
    if walk.direction == "slower":
        ways = (replace(walk, direction=way) for way in get_args(Direction))
        there, back = (_drawn(_Drawing(network, way, quality, step_m), places, limits_m, threads) for way in ways)
        table = shapely.intersection(there, back)
        for at in np.ndindex(table.shape):
            table[at] = as_multipolygon(table[at])
        return table
    return _drawn(_Drawing(network, walk, quality, step_m), places, limits_m, threads)


def _rising(minutes: Sequence[float]) -> list[float]:
    bands = sorted({float(value) for value in minutes})
    if not bands:
        raise InputError("isochrones.no_minutes")
    return bands


@dataclass(frozen=True)
class _Drawing:
    """One way of walking on a network and of drawing it, on a lattice of `resolution_m` or finer."""

    network: StreetNetwork
    walk: Walk
    quality: Quality
    resolution_m: float

    def __post_init__(self) -> None:
        network = self.network  # built once, before threads ask for them
        network.segment_start_m, network.vertex_m, network.adjacency, network.efforts(self.walk.one_way), network.grid

    def step_m(self, limit_m: float) -> float:
        """Return the spacing for a walk: the resolution, or what a short one needs; for "fast" by halves: lattices are kept."""
        needed_m = limit_m / _STEPS_ACROSS[self.quality]
        if self.quality == "exact" or needed_m >= self.resolution_m:
            return min(self.resolution_m, needed_m)
        return self.resolution_m / 2 ** math.ceil(math.log2(self.resolution_m / needed_m))


def _drawn(drawing: _Drawing, places: Places, limits_m: list[float], threads: int | None) -> NDArray[np.object_]:
    """Return the isochrones of all places, one way, shape (n_places, n_limits)."""

    def one(i: int) -> list[Geometry]:
        return _bands(drawing, places, i, limits_m)

    if len(places) == 1 or threads == 1:
        drawn = [one(i) for i in range(len(places))]
    else:
        with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
            drawn = list(pool.map(one, range(len(places))))
    table = np.empty((len(places), len(limits_m)), object)
    for i, each in enumerate(drawn):
        table[i] = each
    return table


def _bands(drawing: _Drawing, places: Places, i: int, limits_m: list[float]) -> list[Geometry]:
    """Return the isochrones of place `i` in the network's metres, one a limit, each holding those before it."""
    if places.snapped.edge[i] < 0:
        return [shapely.MultiPolygon()] * len(limits_m)
    shapes: list[Geometry] = []
    for finest_m, some_m in itertools.groupby(limits_m, drawing.step_m):
        limits = list(some_m)
        field, lattice = _field(drawing, places, i, limits, finest_m)
        for limit_m in limits:
            shape = area_within(field, limit_m, lattice.west, lattice.south, lattice.step_m)
            if shapes:
                shape = as_multipolygon(shapely.union(shape, shapes[-1])) if not shape.covers(shapes[-1]) else shape
            shapes.append(shape)
    return shapes


def _field(
    drawing: _Drawing, places: Places, i: int, limits_m: list[float], step_m: float
) -> tuple[NDArray[np.float64], Lattice]:
    """Return the field of effort around place `i`, and the lattice it is known on."""
    network, max_snap_m = drawing.network, drawing.walk.max_snap_m
    streets, own = streets_for(network, drawing.walk.one_way), places.entries[np.array([i])]
    entries, grid = entries_for(own), network.grid
    with network.workspace() as space:
        marks = Marks(space.dist, space.stamp, space.edge_stamp)
        reached = -1
        while reached < 0:
            version = space.versions(1)
            reached = search_bounded(0, len(own.edge), entries, streets, limits_m[-1], marks, version, space.queue)
            if reached < 0:
                space.queue = new_queue(2 * len(space.queue.key))
        stretch = network.efforts(drawing.walk.one_way).stretch
        box = _reached_box(network, own, space.queue.order[:reached], space.dist, limits_m[-1], stretch)
        lattice = _lattice(network, box, max_snap_m, step_m)
        if drawing.quality == "fast":
            return _of_tiles(network, lattice, max_snap_m, step_m, entries, streets, marks, version), lattice
        first_mark = space.marks((lattice.n_rows // BLOCK + 1) * (lattice.n_columns // BLOCK + 1))
        segments = Segments(grid.ax, grid.ay, grid.bx, grid.by, grid.edge, network.segment_start_m)
        cells = Cells(grid.indptr, grid.segment, grid.x0, grid.y0, grid.cell_m, grid.n_columns, grid.n_rows)
        field = effort_field(
            lattice, np.array(limits_m), CUT_STEPS * lattice.step_m, entries, streets, network.edge_length_m, marks, version,
            segments, cells, max_snap_m, space.segment_stamp, first_mark,
        )  # fmt: skip
    return field, lattice


def _lattice(
    network: StreetNetwork, box: tuple[float, float, float, float], max_snap_m: float, step_m: float
) -> Lattice:
    """Return the lattice over what is reached, `step_m` apart or as much wider as it takes to keep within `_MOST_POINTS`.

    Lattices of equal step coincide whatever the place, so that drawings of neighbours meet without slivers.
    """
    grid, (west, south, east, north) = network.grid, box
    # nothing beyond the longest access leg from the outermost street can be reached, however long the walk
    west, south = max(west, grid.x0 - max_snap_m), max(south, grid.y0 - max_snap_m)
    east = max(west, min(east, grid.x0 + grid.n_columns * grid.cell_m + max_snap_m))
    north = max(south, min(north, grid.y0 + grid.n_rows * grid.cell_m + max_snap_m))
    step_m = float(max(step_m, np.sqrt((east - west) * (north - south) / _MOST_POINTS)))
    column, row = math.floor(west / step_m) - 1, math.floor(south / step_m) - 1
    n_columns, n_rows = math.ceil(east / step_m) - column + 2, math.ceil(north / step_m) - row + 2
    return Lattice(column * step_m, row * step_m, step_m, n_columns, n_rows)


def _of_tiles(
    network: StreetNetwork,
    lattice: Lattice,
    max_snap_m: float,
    usual_m: float,
    entries: Entries,
    streets: Streets,
    marks: Marks,
    version: int,
) -> NDArray[np.float64]:
    """Return the field on a lattice whose points are snapped already, tile by tile; those `usual_m` apart are kept."""
    step_m = lattice.step_m
    first_column, first_row = round(lattice.west / step_m), round(lattice.south / step_m)
    field = np.full((lattice.n_rows, lattice.n_columns), np.inf)
    snapped = network.snapped_lattice(step_m, max_snap_m) if step_m == usual_m else SnappedLattice(step_m, max_snap_m)
    for row, column in itertools.product(
        range(first_row // TILE, (first_row + lattice.n_rows - 1) // TILE + 1),
        range(first_column // TILE, (first_column + lattice.n_columns - 1) // TILE + 1),
    ):
        tile = snapped.tile(network, row, column)
        add_tile(
            field, first_row, first_column, tile.edge, tile.at, tile.distance_m, row * TILE, column * TILE,
            entries, streets, marks, version,
        )  # fmt: skip
    return field


def _reached_box(
    network: StreetNetwork,
    entries: FacilityEntries,
    nodes: NDArray[np.int32],
    dist: NDArray[np.float64],
    limit_m: float,
    stretch: float,
) -> tuple[float, float, float, float]:
    """Return ``(west, south, east, north)`` that holds every place within the limit: what is left of it at nodes and entries.

    `stretch` is the most metres of ground that a metre of effort covers.
    """
    x, y, left_m = [network.node_x[nodes]], [network.node_y[nodes]], [limit_m - dist[nodes]]
    for e, at, access_m in zip(entries.edge, entries.at, entries.access_m, strict=True):
        vertex = slice(network.vertex_indptr[e], network.vertex_indptr[e + 1])
        along_m = at * network.edge_length_m[e]
        x.append(np.interp([along_m], network.vertex_m[vertex], network.vertex_x[vertex]))
        y.append(np.interp([along_m], network.vertex_m[vertex], network.vertex_y[vertex]))
        left_m.append(np.array([max(limit_m - access_m, 0.0)]))
    xs, ys, beyond_m = np.concatenate(x), np.concatenate(y), np.concatenate(left_m) * stretch
    return (
        float((xs - beyond_m).min()),
        float((ys - beyond_m).min()),
        float((xs + beyond_m).max()),
        float((ys + beyond_m).max()),
    )
