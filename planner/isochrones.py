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
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import Geometry

from planner.coverage import Places
from planner.crs import WGS84, transformer
from planner.errors import InputError
from planner.kernels.contour import simplify_rings, trace_rings
from planner.kernels.field import BLOCK, add_tile, effort_field
from planner.kernels.paths import new_queue, search_bounded
from planner.streets import MAX_SNAP_M, TILE, AnyDirection, Direction, SnappedLattice, StreetNetwork
from planner.streets.entrances import Entries
from planner.units import minutes_to_s
from planner.units import speed_m_s as checked_speed

Quality = Literal["exact", "fast"]
"""How an isochrone is drawn: "exact" for delivery, or "fast" for a map that answers a click."""

RESOLUTION_M: dict[Quality, float] = {"exact": 5.0, "fast": 15.0}
"""Default spacing of the lattice."""

_STEPS_ACROSS: dict[Quality, int] = {"exact": 120, "fast": 60}
"""A short walk is drawn on a finer lattice: at least so many steps in its radius."""

_MOST_POINTS = 16_000_000
"""The largest lattice, 20 km by 20 km at the default spacing: a walk of hours is drawn more coarsely."""

_CUT_STEPS = 1.5
"""How many steps around a limit the field is taken as it is; beyond, only its side of the limit counts."""

_SIMPLER = 5
"""Outlines are simplified by this part of a step: far below what the lattice resolves, and a tenth of the points."""


def polygons(
    network: StreetNetwork,
    points: gpd.GeoDataFrame | gpd.GeoSeries | Places,
    *,
    minutes: Sequence[float] = (5, 10, 15),
    speed_m_s: float = 1.0,
    max_snap_m: float = MAX_SNAP_M,
    direction: AnyDirection = "to",
    quality: Quality = "exact",
    resolution_m: float | None = None,
    threads: int | None = None,
) -> gpd.GeoDataFrame:
    """Return the isochrone of every point and number of minutes.

    Returns a GeoDataFrame in WGS 84, point by point and by rising minutes: `point_index` (position in `points`), `minutes`,
    `geometry` (valid MultiPolygons, nested, holes kept) and `reason`: None, or why a geometry is empty: "no_street" where a
    point has no street within `max_snap_m`, "access_leg_too_long" where the way to the street takes all the time.

    `quality` "exact" is for delivery; "fast" answers a click, with outlines up to some metres off. `resolution_m` is the spacing
    of the lattice, by default `RESOLUTION_M`.

    Raises
    ------
    InputError
        No minutes, minutes outside 0-1440, a speed or a resolution not above zero, an unknown quality.
    CRSError, GeometryError
        As `planner.streets.snapping`.
    """
    places = (
        points
        if isinstance(points, Places)
        else Places.of_facilities(network, points, max_snap_m=max_snap_m, threads=threads)
    )
    drawn = shapes(
        network,
        places,
        minutes=minutes,
        speed_m_s=speed_m_s,
        max_snap_m=max_snap_m,
        direction=direction,
        quality=quality,
        resolution_m=resolution_m,
        threads=threads,
    )
    bands = sorted({float(value) for value in minutes})
    geometry = _in_degrees(drawn.ravel(), network.crs)
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
    max_snap_m: float = MAX_SNAP_M,
    direction: AnyDirection = "to",
    quality: Quality = "exact",
    resolution_m: float | None = None,
    threads: int | None = None,
) -> NDArray[np.object_]:
    """Return the isochrones as MultiPolygons in metres of the network's CRS, shape (n_places, n_minutes), minutes rising.

    Parameters and errors as `polygons`.
    """
    bands = sorted({float(value) for value in minutes})
    if not bands:
        raise InputError("isochrones.no_minutes")
    if quality not in get_args(Quality):
        raise InputError("isochrones.bad_quality", value=quality, known=", ".join(get_args(Quality)))
    step_m = RESOLUTION_M[quality] if resolution_m is None else resolution_m
    if not step_m > 0:
        raise InputError("isochrones.bad_resolution", value=resolution_m)
    speed = checked_speed(speed_m_s)
    limits_m = [(minutes_to_s(value) + 0.0005) * speed for value in bands]
    if direction == "slower":
        both = [
            shapes(
                network,
                places,
                minutes=minutes,
                speed_m_s=speed,
                max_snap_m=max_snap_m,
                direction=way,
                quality=quality,
                resolution_m=resolution_m,
                threads=threads,
            )
            for way in get_args(Direction)
        ]
        table = shapely.intersection(both[0], both[1])
        for at in np.ndindex(table.shape):
            table[at] = _as_multipolygon(table[at])
        return table
    # built once, before threads ask for them
    network.segment_start_m, network.vertex_m, network.adjacency, network.efforts(direction), network.grid

    def one(i: int) -> list[Geometry]:
        return _bands(network, places, i, limits_m, max_snap_m, direction, quality, step_m)

    if len(places) == 1 or threads == 1:
        drawn = [one(i) for i in range(len(places))]
    else:
        with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
            drawn = list(pool.map(one, range(len(places))))
    table = np.empty((len(places), len(bands)), object)
    for i, each in enumerate(drawn):
        table[i] = each
    return table


def _in_degrees(shapes: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    """Return shapes in WGS 84; those on both sides of the antimeridian in parts, as RFC 7946 asks for."""
    shapes = shapely.transform(shapes, transformer(crs, WGS84).transform, interleaved=False)
    west, _, east, _ = shapely.bounds(shapes).T
    for i in np.flatnonzero(east - west > 180):  # no walk is that long
        shapes[i] = _cut_at_antimeridian(shapes[i])
    return shapes


def _bands(
    network: StreetNetwork,
    points: Places,
    i: int,
    limits_m: list[float],
    max_snap_m: float,
    direction: Direction,
    quality: Quality,
    resolution_m: float,
) -> list[Geometry]:
    """Return the isochrones of point `i` in the network's metres, one a limit, each holding those before it."""
    if points.snapped.edge[i] < 0:
        return [shapely.MultiPolygon()] * len(limits_m)
    shapes: list[Geometry] = []
    for finest_m, some_m in itertools.groupby(limits_m, lambda limit_m: _step_m(limit_m, resolution_m, quality)):
        limits = list(some_m)
        field, west, south, step_m = _field(network, points, i, limits, max_snap_m, direction, quality, finest_m)
        for limit_m in limits:
            shape = _within(field, limit_m, west, south, step_m)
            if shapes:
                shape = _as_multipolygon(shapely.union(shape, shapes[-1])) if not shape.covers(shapes[-1]) else shape
            shapes.append(shape)
    return shapes


def _step_m(limit_m: float, resolution_m: float, quality: Quality) -> float:
    """Return the spacing for a walk: the resolution, or what a short walk needs; for "fast" by halves, as lattices are kept."""
    needed_m = limit_m / _STEPS_ACROSS[quality]
    if quality == "exact" or needed_m >= resolution_m:
        return min(resolution_m, needed_m)
    return resolution_m / 2 ** math.ceil(math.log2(resolution_m / needed_m))


def _field(
    network: StreetNetwork,
    points: Places,
    i: int,
    limits_m: list[float],
    max_snap_m: float,
    direction: Direction,
    quality: Quality,
    step_m: float,
) -> tuple[NDArray[np.float64], float, float, float]:
    """Return the field of effort around point `i`, the coordinates of its first lattice point, and its step.

    Lattices of equal step coincide whatever the point, so that drawings of neighbours meet without slivers. The step is
    `step_m`, or as much wider as it takes to keep within `_MOST_POINTS`.
    """
    limit_m, asked_m = limits_m[-1], step_m
    half, efforts, grid = network.adjacency, network.efforts(direction), network.grid
    entries = points.entries[np.array([i])]
    edge, at, access_m = entries.edge, entries.at, entries.access_m
    with network.workspace() as space:
        reached = -1
        while reached < 0:
            version = space.versions(1)
            reached = search_bounded(
                0, len(edge), edge, at, access_m, half.indptr, half.head, efforts.half_edge_m,
                network.edge_from, network.edge_to, efforts.along_m, efforts.against_m, limit_m, efforts.bucket_m,
                space.dist, space.stamp, version, space.queue,
            )  # fmt: skip
            if reached < 0:
                space.queue = new_queue(2 * len(space.queue.key))
        order = space.queue.order[:reached]
        west, south, east, north = _reached_box(network, entries, order, space.dist, limit_m, efforts.stretch)
        # nothing beyond the longest access leg from the outermost street can be reached, however long the walk
        west, south = max(west, grid.x0 - max_snap_m), max(south, grid.y0 - max_snap_m)
        east = max(west, min(east, grid.x0 + grid.n_columns * grid.cell_m + max_snap_m))
        north = max(south, min(north, grid.y0 + grid.n_rows * grid.cell_m + max_snap_m))
        step_m = max(step_m, np.sqrt((east - west) * (north - south) / _MOST_POINTS))
        first_column, first_row = math.floor(west / step_m) - 1, math.floor(south / step_m) - 1
        n_columns = math.ceil(east / step_m) - first_column + 2
        n_rows = math.ceil(north / step_m) - first_row + 2
        west, south = first_column * step_m, first_row * step_m
        walked = (
            edge, at, access_m, network.edge_from, network.edge_to, efforts.along_m, efforts.against_m,
        )  # fmt: skip
        if quality == "fast":
            field = np.full((n_rows, n_columns), np.inf)
            usual = step_m == asked_m
            lattice = network.snapped_lattice(step_m, max_snap_m) if usual else SnappedLattice(step_m, max_snap_m)
            for row, column in itertools.product(
                range(first_row // TILE, (first_row + n_rows - 1) // TILE + 1),
                range(first_column // TILE, (first_column + n_columns - 1) // TILE + 1),
            ):
                tile = lattice.tile(network, row, column)
                add_tile(
                    field, first_row, first_column, tile.edge, tile.at, tile.distance_m, row * TILE, column * TILE,
                    *walked, space.dist, space.stamp, version,
                )  # fmt: skip
        else:
            field = effort_field(
                west, south, step_m, n_columns, n_rows, np.array(limits_m), _CUT_STEPS * step_m,
                *walked, network.edge_length_m, space.dist, space.stamp, version,
                grid.ax, grid.ay, grid.bx, grid.by, grid.edge,
                network.segment_start_m, space.segment_stamp, space.marks((n_rows // BLOCK + 1) * (n_columns // BLOCK + 1)),
                grid.indptr, grid.segment, grid.x0, grid.y0, grid.cell_m, grid.n_columns, grid.n_rows, max_snap_m,
            )  # fmt: skip
    return field, west, south, step_m


def _reached_box(
    network: StreetNetwork,
    entries: Entries,
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


def _within(field: NDArray[np.float64], limit_m: float, west: float, south: float, step_m: float) -> Geometry:
    """Return where the field is at most `limit_m`.

    Away from its jumps the field rises by at most about one metre a metre, so the contour lies exactly where it is cut off at
    a step and a half around the limit; across a jump, which lies anywhere between two lattice points, this puts the line
    between them.
    """
    inside = field <= limit_m
    rising = np.flatnonzero(inside[1:] & ~inside[:-1])
    xy, ring_ptr = trace_rings(field, rising, limit_m, _CUT_STEPS * step_m, west, south, step_m)
    simple, simple_ptr = simplify_rings(xy, ring_ptr, step_m / _SIMPLER)
    shape = _polygons_of(simple, simple_ptr, step_m * step_m)
    if not shapely.is_valid(shape):  # two lines closer than the simplification moves them
        whole = shapely.simplify(_polygons_of(xy, ring_ptr, step_m * step_m), step_m / _SIMPLER)
        shape = _as_multipolygon(whole if shapely.is_valid(whole) else shapely.make_valid(whole))
    return shape


def _polygons_of(xy: NDArray[np.float64], ring_ptr: NDArray[np.int64], least_m2: float) -> Geometry:
    """Return the MultiPolygon of traced rings; of several, those under `least_m2` are below what a lattice shows."""
    area, home = _sort_rings(xy, ring_ptr, least_m2 if len(ring_ptr) > 2 else 0.0)
    order = np.lexsort((area <= 0, home))
    order = order[home[order] >= 0]
    if not len(order):
        return shapely.MultiPolygon()
    size = np.diff(ring_ptr)[order]
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    points = xy[np.repeat(ring_ptr[order], size) + within]
    rings = shapely.linearrings(points, indices=np.repeat(np.arange(len(order)), size))
    _, polygon = np.unique(home[order], return_inverse=True)
    return shapely.multipolygons(shapely.polygons(rings, indices=polygon))


def _sort_rings(
    xy: NDArray[np.float64], ring_ptr: NDArray[np.int64], least_m2: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(area, home)`` of each ring: its signed area, and the outline it is a hole of; its own number for an outline.

    Rings of fewer than three points, or that hold less than `least_m2`, have home -1, as have holes in such an outline.
    """
    size = np.diff(ring_ptr)
    ring = np.repeat(np.arange(len(size)), size)
    following = np.arange(len(xy)) + 1
    following[ring_ptr[1:] - 1] = ring_ptr[:-1]
    from_first = xy - xy[ring_ptr[ring]]
    x, y = from_first.T
    area = np.bincount(ring, 0.5 * (x * y[following] - x[following] * y), len(size)).astype(np.float64)
    fit = (size >= 3) & (np.abs(area) >= least_m2)
    home = np.where(fit & (area > 0), np.arange(len(size)), -1).astype(np.int64)
    outlines, holes = np.flatnonzero((size >= 3) & (area > 0)), np.flatnonzero(fit & (area < 0))
    if len(holes) == 0 or len(outlines) == 0:
        return area, home
    if len(outlines) == 1:
        home[holes] = home[outlines[0]]
        return area, home
    kept = np.flatnonzero(np.isin(ring, outlines))
    shapes = shapely.polygons(shapely.linearrings(xy[kept], indices=np.unique(ring[kept], return_inverse=True)[1]))
    hole, outline = shapely.STRtree(shapes).query(shapely.points(xy[ring_ptr[holes]]), predicate="within")
    order = np.lexsort((-area[outlines[outline]], hole))  # of several around a hole the smallest comes last, and stays
    home[holes[hole[order]]] = home[outlines[outline[order]]]
    return area, home


def _cut_at_antimeridian(shape: Geometry) -> Geometry:
    """Return a shape in degrees as parts on either side of the antimeridian, as RFC 7946 asks for."""
    turn = np.array([360.0, 0.0])
    whole = shapely.transform(shape, lambda xy: np.where(xy[:, :1] < 0, xy + turn, xy))
    east, west = shapely.box(0, -90, 180, 90), shapely.box(180, -90, 360, 90)
    parts = [whole & east, shapely.transform(whole & west, lambda xy: xy - turn)]
    return _as_multipolygon(shapely.GeometryCollection(parts))


def _as_multipolygon(shape: Geometry) -> Geometry:
    """Return the areas of `shape` as a MultiPolygon; lines and points left over by a repair are no area."""
    parts = [
        part for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == "Polygon" and part.area > 0
    ]
    return shapely.MultiPolygon(parts)
