"""Outlines as areas: the rings traced round a field become polygons with holes, valid, and in degrees where asked for."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import Geometry

from planner.crs import WGS84, transformer
from planner.kernels.contour import simplify_rings, trace_rings

CUT_STEPS = 1.5
"""How many steps around a limit the field is taken as it is; beyond, only its side of the limit counts."""

_SIMPLER = 5
"""Outlines are simplified by this part of a step: far below what the lattice resolves, and a tenth of the points."""


def area_within(field: NDArray[np.float64], limit_m: float, west: float, south: float, step_m: float) -> Geometry:
    """Return where the field is at most `limit_m`.

    Away from its jumps the field rises by at most about one metre a metre, so the contour lies exactly where it is cut off at
    a step and a half around the limit; across a jump, which lies anywhere between two lattice points, this puts the line
    between them.
    """
    inside = field <= limit_m
    rising = np.flatnonzero(inside[1:] & ~inside[:-1])
    xy, ring_ptr = trace_rings(field, rising, limit_m, CUT_STEPS * step_m, west, south, step_m)
    simple, simple_ptr = simplify_rings(xy, ring_ptr, step_m / _SIMPLER)
    shape = _polygons_of(simple, simple_ptr, step_m * step_m)
    if not shapely.is_valid(shape):  # two lines closer than the simplification moves them
        whole = shapely.simplify(_polygons_of(xy, ring_ptr, step_m * step_m), step_m / _SIMPLER)
        shape = as_multipolygon(whole if shapely.is_valid(whole) else shapely.make_valid(whole))
    return shape


def in_degrees(shapes: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    """Return shapes in WGS 84; those on both sides of the antimeridian in parts, as RFC 7946 asks for."""
    shapes = shapely.transform(shapes, transformer(crs, WGS84).transform, interleaved=False)
    west, _, east, _ = shapely.bounds(shapes).T
    for i in np.flatnonzero(east - west > 180):  # no walk is that long
        shapes[i] = _cut_at_antimeridian(shapes[i])
    return shapes


def as_multipolygon(shape: Geometry) -> Geometry:
    """Return the areas of `shape` as a MultiPolygon; lines and points left over by a repair are no area."""
    parts = [
        part for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == "Polygon" and part.area > 0
    ]
    return shapely.MultiPolygon(parts)


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
    return as_multipolygon(shapely.GeometryCollection(parts))
