"""A county's outline divided among many middles, with borders that are not ruled lines and that neighbours share exactly."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from planner.demo.degrees import Degrees

GRID_DEG = 1e-6
"""Border points lie on this grid, so that neighbours agree to the last digit in every file."""
_PIECE_M = 260.0
"""Longest straight piece of a border."""


def divide(
    outline: shapely.Polygon, middles: NDArray[np.float64], to_degrees: Degrees, rng: np.random.Generator
) -> tuple[list[shapely.Geometry], NDArray[np.int64]]:
    """Return one shape in WGS 84 degrees for each of `middles` (metres), and the pairs of neighbours.

    Every point of the outline goes to the nearest of the middles, then the borders between them are displaced to look grown.
    Together the shapes are the outline.
    """
    ring = shapely.Polygon(_degrees(np.asarray(outline.exterior.coords), to_degrees))
    seeds = shapely.points(np.column_stack(to_degrees.transform(*middles.T)))
    shapes: list[shapely.Geometry] = []
    pairs = np.empty((0, 2), np.int64)
    for sway in (0.13, 0.06, 0.0):  # calmer where a displaced border has cut a middle off from its own land
        borders, pairs = _borders(outline, middles, sway, rng)
        shapes = _faces(ring, [_degrees(border, to_degrees) for border in borders], seeds)
        if all(shapely.contains(shape, seed) for shape, seed in zip(shapes, seeds, strict=True)):
            break
    return shapes, pairs


def share_points(shapes: NDArray[np.object_], group: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return shapes that all but touch those of other groups with the same points along their common borders."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1.5 * GRID_DEG)
    at_border = np.unique(a[group[a] != group[b]])
    if len(at_border) == 0:
        return shapes
    lines = shapely.union_all(shapely.boundary(shapes[at_border]), grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(faces)
    face, holder = shapely.STRtree(shapes[at_border]).query_nearest(inner, all_matches=False, max_distance=2 * GRID_DEG)
    shared = shapes.copy()
    for number, own in enumerate(at_border.tolist()):
        shared[own] = shapely.coverage_union_all(faces[face[holder == number]])
    return shared


def _degrees(xy: NDArray[np.float64], to_degrees: Degrees) -> NDArray[np.float64]:
    return np.round(np.column_stack(to_degrees.transform(*xy.T)), 6).astype(float)


def _borders(
    outline: shapely.Polygon, middles: NDArray[np.float64], sway: float, rng: np.random.Generator
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Return the border lines between neighbours, displaced from the straight ones, and which two each divides."""
    west, south, east, north = outline.bounds
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle = 3 * max(east - west, north - south) * np.column_stack([np.cos(turn), np.sin(turn)])
    far = np.array([(west + east) / 2, (south + north) / 2]) + circle  # they see to it that all other borders end
    plane = Voronoi(np.vstack([middles, far]))
    found, pairs = [], []
    for (one, two), ends in zip(plane.ridge_points.tolist(), plane.ridge_vertices, strict=True):
        if max(one, two) < len(middles):
            points = plane.vertices[ends]
            reach = sway * min(np.hypot(*(points[1] - points[0])), np.hypot(*(middles[one] - middles[two])))
            found.append(_displaced(points, float(reach), rng))
            pairs.append((one, two))
    return found, np.array(pairs, np.int64).reshape(-1, 2)


def _displaced(points: NDArray[np.float64], reach: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a straight line with its midpoints moved sideways, less and less."""
    while np.hypot(*(points[1] - points[0])) > _PIECE_M and len(points) < 65:
        half = (points[1:] + points[:-1]) / 2
        along = np.diff(points, axis=0)
        along /= np.hypot(*along.T)[:, None]
        half += np.column_stack([-along[:, 1], along[:, 0]]) * rng.uniform(-reach, reach, (len(half), 1))
        woven = np.empty((2 * len(points) - 1, 2))
        woven[::2], woven[1::2] = points, half
        points, reach = woven, 0.55 * reach
    return points


def _faces(
    ring: shapely.Polygon, borders: list[NDArray[np.float64]], seeds: NDArray[np.object_]
) -> list[shapely.Geometry]:
    """Return the faces between the lines, each joined to the seed in it; slivers go to the nearest seed."""
    lines = [ring.exterior, *(shapely.LineString(border) for border in borders)]
    noded = shapely.union_all(np.array(lines), grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inner = shapely.point_on_surface(faces)
    inside = shapely.contains(shapely.set_precision(ring, GRID_DEG), inner)
    faces, inner = faces[inside], inner[inside]
    holder = shapely.STRtree(seeds).nearest(inner)
    seed, face = shapely.STRtree(faces).query(seeds, predicate="within")
    holder[face] = seed
    return [shapely.coverage_union_all(faces[holder == number]) for number in range(len(seeds))]
