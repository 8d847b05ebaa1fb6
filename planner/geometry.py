"""Shapes as the rest may rely on them: valid, within one turn of the globe, and each place on one side of a common border."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

ASIDE_DEG = (1e-9, 3.1e-10)
"""A place on a border counts as if it stood a tenth of a millimetre to the north-east, along no direction that maps have."""


def valid_polygons(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the surface that an outline means: parts are united, holes taken away, wherever they lie; lines are left off."""
    if not shape.is_valid:
        try:
            shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        except ShapelyError:  # numbers beyond what GEOS can cut
            return MultiPolygon()
    return polygonal(shape)


def polygonal(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of a shape as one (Multi)Polygon."""
    if isinstance(shape, Polygon | MultiPolygon):
        return shape
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon | MultiPolygon)]
    whole = shapely.union_all(parts)
    return whole if isinstance(whole, Polygon | MultiPolygon) else MultiPolygon()


def wrapped(shapes: NDArray[np.object_], *, in_one_piece: bool) -> tuple[NDArray[np.object_], int]:
    """Return polygons in degrees within -180 to 180, cut at the antimeridian as RFC 7946 asks for, and how many were cut.

    `in_one_piece` says that none goes round the globe: what spans more than half of it crosses the antimeridian.
    """
    west, _, east, _ = shapely.bounds(shapes).T
    with np.errstate(invalid="ignore"):
        beyond = np.flatnonzero((west < -180) | (east > 180) | (in_one_piece & (east - west > 180)))
    if not len(beyond):
        return shapes, 0
    shapes = shapes.copy()
    for at in beyond:
        shape = shapes[at]
        if in_one_piece and east[at] - west[at] > 180:
            shape = shapely.transform(
                shape, lambda xy: np.column_stack((np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]))
            )
        shape = valid_polygons(shape)
        parts: list[Any] = []
        for turn in (-360.0, 0.0, 360.0):
            part = shapely.intersection(shape, shapely.box(turn - 180, -90, turn + 180, 90))
            parts.append(shapely.transform(polygonal(part), lambda xy, turn=turn: xy - [turn, 0.0]))
        shapes[at] = polygonal(shapely.union_all(parts))
    return shapes, len(beyond)


def holds(shape: BaseGeometry, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which places (WGS 84 degrees) lie in a shape; one on the border of two that adjoin lies in exactly one of them.

    Borders to the south and west belong to a shape, as in half-open intervals: the rule asks for no neighbour. It is that of
    Edelsbrunner & Muecke, Simulation of simplicity, ACM Transactions on Graphics 9 (1990).
    """
    x = np.asarray(longitude, np.float64) + ASIDE_DEG[0]
    x = np.where(x > 180, x - 360, x)
    shapely.prepare(shape)
    return np.asarray(shapely.contains_xy(shape, x, np.asarray(latitude, np.float64) + ASIDE_DEG[1]), bool)
