"""The lanes of villages and hamlets: an uneven net on both sides of the road, thinned until many ways are blind.

All clusters of a county are drawn at once, as arrays (clusters, columns, rows).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from planner.demo.curves import resample
from planner.demo.kinds import Kind
from planner.demo.land import Land
from planner.demo.lines import Lines, draw_flat, stack

PER_KM2 = 8_000.0
"""People on a square kilometre of a village's built-up land."""
ON_ROAD_M = 25.0
"""Crossings nearer to the road than this are moved onto it."""


@dataclass(frozen=True)
class Clusters:
    """Clusters of houses: middle, people, the number of the settlement they belong to."""

    xy: NDArray[np.float64]
    people: NDArray[np.float64]
    place: NDArray[np.int32]


def lay_lanes(clusters: Clusters, roads: Lines, land: Land, rng: np.random.Generator) -> Lines:
    """Return the lanes of all clusters; they meet the roads in points that lie on them."""
    xy = _crossings(clusters, roads, rng)
    stands = _in_shape(xy, clusters, rng)
    stands[stands] = _on_free_land(xy[stands], np.nonzero(stands)[0], clusters, land)
    xy, on_road = _move_onto_roads(xy, stands, roads)
    pieces = _thin(stands, on_road, rng)
    return stack([_runs(xy, pieces[axis], axis, clusters.place, rng) for axis in (0, 1)])


def _crossings(clusters: Clusters, roads: Lines, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the crossings of an uneven grid round each cluster, turned along its road: (clusters, columns, rows, 2)."""
    n = len(clusters.xy)
    radius = np.sqrt(clusters.people / PER_KM2 * 1e6 / np.pi)
    spacing = rng.uniform(54, 80, n)
    line = roads.line_of_point()
    start = np.flatnonzero(line[:-1] == line[1:])
    along = roads.points[start + 1] - roads.points[start]
    middle = roads.points[start] + along / 2
    near = cKDTree(middle).query(clusters.xy)[1]
    angle = np.arctan2(along[near, 1], along[near, 0]) + rng.normal(0, 0.12, n)
    half_u = int(np.ceil((radius * 1.75 / spacing).max())) if n else 0
    half_v = int(np.ceil((radius * 1.15 / spacing).max())) if n else 0
    u = np.arange(-half_u, half_u + 1)[None, :] + rng.uniform(-0.26, 0.26, (n, 2 * half_u + 1))
    v = np.arange(-half_v, half_v + 1)[None, :] + rng.uniform(-0.26, 0.26, (n, 2 * half_v + 1)) + 0.5
    shape = (n, u.shape[1], v.shape[1])
    at_u = u[:, :, None] + rng.uniform(-0.2, 0.2, shape)
    at_v = v[:, None, :] + rng.uniform(-0.2, 0.2, shape)
    wave = rng.uniform(0, 6.3, (4, n, 1, 1))
    at_u, at_v = at_u + 0.35 * np.sin(0.8 * at_v + wave[0]), at_v + 0.5 * np.sin(0.55 * at_u + wave[1])
    c, s = (np.cos(angle) * spacing)[:, None, None], (np.sin(angle) * spacing)[:, None, None]
    return clusters.xy[:, None, None] + np.stack([at_u * c - at_v * s, at_u * s + at_v * c], axis=-1)


def _in_shape(xy: NDArray[np.float64], clusters: Clusters, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which crossings lie in the built-up shape: an ellipse along the first axis of the grid with a wavy edge."""
    n = len(xy)
    radius = np.sqrt(clusters.people / PER_KM2 * 1e6 / np.pi)[:, None, None]
    off = xy - clusters.xy[:, None, None]
    first = xy[:, -1, xy.shape[2] // 2] - xy[:, 0, xy.shape[2] // 2]
    first /= np.maximum(np.hypot(first[:, 0], first[:, 1]), 1e-9)[:, None]
    u = (off * first[:, None, None]).sum(axis=-1)
    v = off[..., 1] * first[:, None, None, 0] - off[..., 0] * first[:, None, None, 1]
    stretch = rng.uniform(1.15, 1.55, (n, 1, 1))
    turn = np.arctan2(v, u)
    edge = 1 + 0.16 * np.sin(2 * turn + rng.uniform(0, 6.3, (n, 1, 1)))
    edge += 0.2 * np.sin(3 * turn + rng.uniform(0, 6.3, (n, 1, 1)))
    return np.hypot(u / stretch, v * stretch) < radius * edge


def _on_free_land(
    xy: NDArray[np.float64], cluster: NDArray[np.int64], clusters: Clusters, land: Land
) -> NDArray[np.bool_]:
    """Return which points (points, 2) are off water, motorway and towns, and nearest to their own cluster."""
    free = land.water.distance(xy) > 24
    motorway = cKDTree(resample(land.motorway, step_m=40.0))
    free &= motorway.query(xy, distance_upper_bound=95)[0] > 90
    if len(clusters.xy) > 1:
        apart, owner = cKDTree(clusters.xy).query(xy, k=2)
        free &= (owner[:, 0] == cluster) & (apart[:, 0] < 0.9 * apart[:, 1])
    for town in land.towns:
        near = np.flatnonzero(np.abs(xy - town.centre).max(axis=1) < 2.4 * town.radius_m)
        free[near] &= town.depth(xy[near]) > 1 + 85 / town.radius_m
    return free


def _move_onto_roads(
    xy: NDArray[np.float64], stands: NDArray[np.bool_], roads: Lines
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the crossings, those near a road moved onto it, and which were."""
    line = roads.line_of_point()
    start = np.flatnonzero((line[:-1] == line[1:]) & ~roads.bridge[line[:-1]])
    a, b = roads.points[start], roads.points[start + 1]
    tree = shapely.STRtree(shapely.linestrings(np.stack([a, b], axis=1)))
    where = np.flatnonzero(stands)
    flat = xy.reshape(-1, 2).copy()
    point, piece = tree.query_nearest(shapely.points(flat[where]), max_distance=ON_ROAD_M, all_matches=False)
    along = b[piece] - a[piece]
    share = ((flat[where[point]] - a[piece]) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9)
    flat[where[point]] = a[piece] + np.clip(share, 0.02, 0.98)[:, None] * along
    on_road = np.zeros(stands.size, bool)
    on_road[where[point]] = True
    return flat.reshape(xy.shape), on_road.reshape(stands.shape)


def _thin(
    stands: NDArray[np.bool_], on_road: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pieces along both axes stay: a random tree over each net, and a share of the rest."""
    number = np.arange(stands.size).reshape(stands.shape)
    road_number = stands.size + np.arange(len(stands))[:, None, None]
    node = np.where(on_road, road_number, number)
    found = []
    for low, high in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None), slice(None), slice(None, -1)), (slice(None), slice(None), slice(1, None))),
    ):
        ok = stands[low] & stands[high] & ~(on_road[low] & on_road[high])
        found.append((ok, node[low][ok], node[high][ok]))
    a = np.concatenate([first for _, first, _ in found])
    b = np.concatenate([second for _, _, second in found])
    size = stands.size + len(stands)
    tree = minimum_spanning_tree(coo_array((rng.uniform(1, 2, len(a)), (a, b)), shape=(size, size)).tocsr()).tocoo()
    chosen = np.concatenate(tree.coords[0:1]).astype(np.int64) * size + tree.coords[1]
    keep = np.isin(a * size + b, chosen) | (rng.random(len(a)) < 0.4)
    pieces = []
    for (ok, first, _), part in zip(found, np.split(keep, [len(found[0][1])]), strict=True):
        kept = np.zeros(ok.shape, bool)
        kept[ok] = part[: len(first)]
        pieces.append(kept)
    return pieces[0], pieces[1]


def _runs(
    xy: NDArray[np.float64], keep: NDArray[np.bool_], axis: int, place: NDArray[np.int32], rng: np.random.Generator
) -> Lines:
    """Return unbroken pieces along one axis as lines."""
    if axis == 0:
        xy, keep = xy.transpose(0, 2, 1, 3), keep.transpose(0, 2, 1)
    cluster, row, at = np.nonzero(keep)
    begins = np.ones(len(at), bool)
    begins[1:] = (at[1:] != at[:-1] + 1) | (row[1:] != row[:-1]) | (cluster[1:] != cluster[:-1])
    ends = np.append(begins[1:], True) if len(at) else begins
    first, last = xy[cluster, row, at], xy[cluster, row, at + 1]
    slot = np.arange(len(at)) + np.cumsum(begins) - 1
    points = np.empty((len(at) + int(begins.sum()), 2))
    points[slot] = first
    points[slot[ends] + 1] = last[ends]
    indptr = np.append(slot[begins], len(points))
    count = len(indptr) - 1
    kinds = [Kind.RESIDENTIAL, Kind.SERVICE, Kind.LIVING_STREET, Kind.FOOTWAY, Kind.PATH]
    kind = rng.choice(np.array(kinds, np.int16), count, p=[0.5, 0.17, 0.08, 0.15, 0.1])
    return draw_flat(points, indptr, kind, place=place[cluster[begins]])
