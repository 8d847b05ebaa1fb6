"""Plazas crossed straight: links between the entrances of a walkable area that stay inside it.

An area is a closed way of a street class with ``area=yes``, or a multipolygon of one. Its entrances are the points of its
outline that other streets use. They are joined as the crow flies where the way lies within the area, else around its inner
corners and its holes (a visibility graph). The outer outline of a multipolygon is walked too. Off unless asked for
(`WalkRules.plazas`): a plaza may hold a market, a lawn or a fence of which the map says nothing.
"""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray

from planner.streets.readers.osm_file import OsmFile
from planner.streets.readers.surface_tags import surface_of
from planner.streets.readers.walkable import WalkRules, level_of

MOST_CORNERS = 80
"""An area with more entrances and inner corners is crossed between its entrances alone, one with more entrances not at all."""

Ring = list[tuple[int, int, int]]  # node, x, y as OSM keeps them


@dataclass(frozen=True)
class Area:
    """A walkable area: its outlines as rings of nodes, the first the outer one."""

    street_class: str
    level: int
    surface: int
    rings: list[Ring]
    is_way: bool


@dataclass(frozen=True)
class Crossing:
    """A way to be walked besides those mapped: a link, or the outline of a multipolygon."""

    nodes: Ring
    area: Area


def read_areas(osm: OsmFile, rules: WalkRules) -> list[Area]:
    """Return the walkable areas of a file."""
    found = []
    things = osmium.FileProcessor(osm.file).with_areas(osmium.filter.KeyFilter("highway"))
    for thing in things:
        if not isinstance(thing, osmium.osm.Area) or not osm.area_is_there(thing):
            continue
        is_way, tags = thing.from_way(), thing.tags
        street_class = rules.street_class(tags)
        if street_class is None or (is_way and tags.get("area") != "yes"):
            continue
        for outer in thing.outer_rings():
            rings = [_ring(outer), *(_ring(inner) for inner in thing.inner_rings(outer))]
            found.append(Area(street_class, level_of(tags), surface_of(tags), rings, is_way))
    return found


def cross(areas: list[Area], chains: Iterable[list[int]]) -> tuple[list[Crossing], dict[str, int]]:
    """Return the ways across `areas`, and figures; `chains` are the nodes of all walked ways."""
    uses = Counter(ref for chain in chains for ref in set(chain))
    ways: list[Crossing] = []
    figures = {"plazas": 0, "plaza_links": 0, "plazas_left": 0}
    for area in areas:
        entrances = _entrances(area, uses)
        if not entrances.any():
            continue  # an outline that no street touches would be an island
        links = _links(area, entrances)
        if not area.is_way:
            ways.append(Crossing(area.rings[0], area))
        figures["plazas" if links is not None else "plazas_left"] += 1
        figures["plaza_links"] += len(links or [])
        ways += [Crossing([start, end], area) for start, end in links or []]
    return ways, figures


def _ring(nodes: Iterable[osmium.osm.NodeRef]) -> Ring:
    return [(node.ref, node.x, node.y) for node in nodes]


def _entrances(area: Area, uses: Counter[int]) -> NDArray[np.bool_]:
    """Return which nodes of an area's rings (closing ones left out) other streets use."""
    used = [np.array([uses[ref] for ref, _, _ in ring[:-1]]) for ring in area.rings]
    return np.concatenate([count > (1 if area.is_way else count.min()) for count in used])


def _links(area: Area, entrances: NDArray[np.bool_]) -> list[tuple[tuple[int, int, int], tuple[int, int, int]]] | None:
    """Return pairs of nodes that see each other within an area, None where it has too many corners.

    Neighbours on the outer ring are left out: that is walked as a whole.
    """
    nodes = [node for ring in area.rings for node in ring[:-1]]
    squeeze = np.cos(np.radians(np.mean([y for _, _, y in nodes]) * 1e-7))
    rings = [np.array([(x * squeeze, y) for _, x, y in ring], float) for ring in area.rings]
    shape = shapely.Polygon(rings[0], rings[1:])
    if not shape.is_valid or shape.area == 0:
        return None
    inner = np.concatenate([_inner_corners(ring, is_hole=i > 0) for i, ring in enumerate(rings)])
    corners = np.flatnonzero(entrances | inner)
    if len(corners) > MOST_CORNERS:
        corners = np.flatnonzero(entrances)
    if len(corners) > MOST_CORNERS:
        return None
    if entrances.sum() < 2:
        return []
    n_outer = len(area.rings[0]) - 1
    beside = {frozenset((i, (i + 1) % n_outer)) for i in range(n_outer)}
    pairs = [(i, j) for i, j in itertools.combinations(corners.tolist(), 2) if frozenset((i, j)) not in beside]
    if not pairs:
        return []
    xy = np.concatenate([ring[:-1] for ring in rings])
    lines = shapely.linestrings(xy[np.array(pairs)])
    shapely.prepare(shape)
    inside = shapely.covers(shape, lines)
    return [(nodes[i], nodes[j]) for (i, j), seen in zip(pairs, inside, strict=True) if seen]


def _inner_corners(ring: NDArray[np.float64], *, is_hole: bool) -> NDArray[np.bool_]:
    """Return the points of a ring at which the area's own angle is more than 180 degrees."""
    points = ring[:-1]
    into, out = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turn = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0]
    counter_clockwise = shapely.is_ccw(shapely.linearrings(ring))
    left_is_area = counter_clockwise != is_hole
    return turn < 0 if left_is_area else turn > 0
