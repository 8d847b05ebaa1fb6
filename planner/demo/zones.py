"""Villages and communities that tile the county, and the townships they make up, with borders that are not ruled lines."""

import heapq
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from planner.demo.degrees import Degrees
from planner.demo.layout import Tile
from planner.demo.names import PlaceNames
from planner.demo.people import People
from planner.demo.sites import Town, seat_offices
from planner.demo.villages import Hamlets

GRID_DEG = 1e-6
"""Border points lie on this grid, so that neighbours agree to the last digit in every file."""
_PIECE_M = 260.0


@dataclass(frozen=True)
class Township:
    """A township or street office: `kind` is urban or rural."""

    code: str
    name: str
    kind: str
    shape: shapely.Geometry  # WGS 84 degrees


@dataclass(frozen=True)
class Unit:
    """A village or community: `township` and `place` (the settlement it stands for) are numbers within the county."""

    code: str
    name: str
    township: int
    place: int
    xy: NDArray[np.float64]
    shape: shapely.Geometry  # WGS 84 degrees


@dataclass(frozen=True)
class Zones:
    """The zones of one county; together they are the county."""

    name: str
    townships: list[Township]
    units: list[Unit]


@dataclass(frozen=True)
class Seeds:
    """The middles of villages and communities to be: where, which settlement, which town (-1: a village)."""

    xy: NDArray[np.float64]
    place: NDArray[np.int64]
    town: NDArray[np.int64]


def count_communities(tile: Tile) -> tuple[int, int]:
    """Return how many communities the county town has, and how many all market towns together."""
    offices = seat_offices(tile)
    seat = max(offices, round(0.06 * tile.villages))
    markets = tile.townships - offices
    return seat, max(markets, min(round(1.7 * markets), tile.villages - seat - 1))


def draw_zones(
    tile: Tile, seeds: Seeds, town_names: list[str], names: PlaceNames, to_degrees: Degrees, *, seed: int
) -> Zones:
    """Return the county's zones; their shapes share every border point."""
    rng = np.random.default_rng([seed, 67, tile.number])
    outline = _degrees(np.asarray(tile.outline.exterior.coords), to_degrees)
    borders, pairs = _borders(tile, seeds.xy, rng)
    degrees = [_degrees(border, to_degrees) for border in borders]
    shapes = _tile(shapely.Polygon(outline), degrees, np.column_stack(to_degrees.transform(*seeds.xy.T)))
    township = _townships(tile, seeds, pairs)
    code = f"99{tile.number + 101:04d}"
    offices = seat_offices(tile)
    rank = np.zeros(tile.townships, int)
    townships: list[Township] = []
    for number in range(tile.townships):
        members = [shapes[unit] for unit in np.flatnonzero(township == number)]
        office = number < offices
        ending = "街道" if office else ("镇" if number < offices + 0.75 * (tile.townships - offices) else "乡")
        first = {"街道": 1, "镇": 100, "乡": 200}[ending]
        own_code = f"{code}{first + number - (0 if office else offices):03d}"
        townships.append(
            Township(
                own_code,
                town_names[number] + ending,
                "urban" if office else "rural",
                shapely.coverage_union_all(members),
            )
        )
    units = []
    for number in np.lexsort((np.arange(len(shapes)), seeds.town < 0, township)).tolist():
        own = int(township[number])
        rank[own] += 1
        is_village = seeds.town[number] < 0
        units.append(
            Unit(
                f"{townships[own].code}{rank[own] + (199 if is_village else 0):03d}",
                names.village() + ("村" if is_village else "社区"),
                own,
                int(seeds.place[number]),
                seeds.xy[number],
                shapes[number],
            )
        )
    return Zones(names.county() + "县", townships, units)


def stitch(zones: list[Zones]) -> list[Zones]:
    """Return the zones of neighbouring counties with the points of their common borders in both."""
    shapes = np.array([unit.shape for county in zones for unit in county.units])
    county = np.repeat(np.arange(len(zones)), [len(one.units) for one in zones])
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1.5 * GRID_DEG)
    at_border = np.unique(a[county[a] != county[b]])
    if len(at_border):
        shapes[at_border] = _noded(shapes[at_border])
    stitched, start = [], 0
    for one in zones:
        units = [
            replace(unit, shape=shape)
            for unit, shape in zip(one.units, shapes[start : start + len(one.units)], strict=True)
        ]
        start += len(units)
        townships = [
            replace(own, shape=shapely.coverage_union_all([unit.shape for unit in units if unit.township == number]))
            for number, own in enumerate(one.townships)
        ]
        stitched.append(replace(one, units=units, townships=townships))
    return stitched


def _noded(shapes: NDArray[np.object_]) -> list[shapely.Geometry]:
    """Return polygons that all but touch with the same points along their common borders."""
    lines = shapely.union_all(shapely.boundary(shapes), grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    face, holder = shapely.STRtree(shapes).query_nearest(shapely.point_on_surface(faces), all_matches=False)
    inside = shapely.dwithin(shapely.point_on_surface(faces), shapes[holder], 2 * GRID_DEG)
    faces, holder = faces[face][inside], holder[inside]
    return [shapely.coverage_union_all(faces[holder == number]) for number in range(len(shapes))]


def plant(tile: Tile, towns: list[Town], hamlets: Hamlets, village_xy: NDArray[np.float64], people: People) -> Seeds:
    """Return the middles of all villages and communities: spread over the towns, one for each village."""
    seat, market = count_communities(tile)
    counts = [seat] + [market // max(1, len(towns) - 1)] * (len(towns) - 1)
    for extra in range(market - sum(counts[1:])):
        counts[1 + extra] += 1
    xy, place, of_town = [], [], []
    for town, count in zip(towns, counts, strict=True):
        points = people.xy[people.place == town.number]
        found = _spread_over(points if len(points) else town.centre[None], town.centre, count)
        xy.append(found)
        place += [town.number] * len(found)
        of_town += [town.number] * len(found)
    xy.append(village_xy[: hamlets.n_villages])
    place += [len(towns) + village for village in range(hamlets.n_villages)]
    of_town += [-1] * hamlets.n_villages
    return Seeds(np.vstack(xy), np.array(place), np.array(of_town))


def _spread_over(points: NDArray[np.float64], centre: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the means of `count` groups of points, as even as a few rounds of k-means make them."""
    some = points[:: max(1, len(points) // 900)]
    first = [some[np.argmin(np.hypot(*(some - centre).T))]]
    while len(first) < min(count, len(some)):
        apart = np.min([np.hypot(*(some - one).T) for one in first], axis=0)
        first.append(some[np.argmax(apart)])
    means = np.array(first)
    for _ in range(6):
        near = np.hypot(*(some[:, None] - means[None]).transpose(2, 0, 1)).argmin(axis=1)
        size = np.bincount(near, minlength=len(means))
        total = np.stack([np.bincount(near, some[:, axis], len(means)) for axis in (0, 1)], axis=1)
        means = np.where(size[:, None] > 0, total / np.maximum(size, 1)[:, None], means)
    return means


def _degrees(xy: NDArray[np.float64], to_degrees: Degrees) -> NDArray[np.float64]:
    return np.round(np.column_stack(to_degrees.transform(*xy.T)), 6).astype(float)


def _borders(
    tile: Tile, xy: NDArray[np.float64], rng: np.random.Generator
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Return the border lines between neighbours, displaced from the straight ones, and which two each divides."""
    west, south, east, north = tile.outline.bounds
    middle, reach = np.array([(west + east) / 2, (south + north) / 2]), 3 * max(east - west, north - south)
    far = middle + reach * np.column_stack(
        [np.cos(np.arange(12) / 12 * 2 * np.pi), np.sin(np.arange(12) / 12 * 2 * np.pi)]
    )
    plane = Voronoi(np.vstack([xy, far]))
    found, pairs = [], []
    for (one, two), (a, b) in zip(plane.ridge_points.tolist(), plane.ridge_vertices, strict=True):
        if max(one, two) >= len(xy):  # the far points only see to it that all other borders end
            continue
        points = plane.vertices[[a, b]]
        limit = min(np.hypot(*(points[1] - points[0])), np.hypot(*(xy[one] - xy[two])))
        sway = 0.13 * limit
        while np.hypot(*(points[1] - points[0])) > _PIECE_M and len(points) < 65:
            half = (points[1:] + points[:-1]) / 2
            along = np.diff(points, axis=0)
            along /= np.hypot(*along.T)[:, None]
            half += np.column_stack([-along[:, 1], along[:, 0]]) * rng.uniform(-sway, sway, (len(half), 1))
            woven = np.empty((2 * len(points) - 1, 2))
            woven[::2], woven[1::2] = points, half
            points, sway = woven, 0.55 * sway
        found.append(points)
        pairs.append((one, two))
    return found, np.array(pairs, np.int64).reshape(-1, 2)


def _tile(
    outline: shapely.Polygon, borders: list[NDArray[np.float64]], seeds: NDArray[np.float64]
) -> list[shapely.Geometry]:
    """Return one shape per seed; together they are the outline, and neighbours share every point of their border."""
    lines = (
        [
            outline.exterior,
            *shapely.linestrings(
                np.vstack(borders), indices=np.repeat(np.arange(len(borders)), [len(border) for border in borders])
            ),
        ]
        if borders
        else [outline.exterior]
    )
    noded = shapely.union_all(np.array(lines), grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inner = shapely.point_on_surface(faces)
    snapped = shapely.set_precision(outline, GRID_DEG)
    faces, inner = faces[(inside := shapely.contains(snapped, inner))], inner[inside]
    tree = shapely.STRtree(faces)
    holder = np.full(len(faces), -1)
    seed, face = tree.query(shapely.points(seeds), predicate="within")
    holder[face] = seed
    nearest = shapely.STRtree(shapely.points(seeds)).nearest(inner)
    holder = np.where(holder >= 0, holder, nearest)
    order = np.argsort(holder, kind="stable")
    groups = np.split(order, np.searchsorted(holder[order], np.arange(1, len(seeds))))
    return [shapely.coverage_union_all(faces[group]) for group in groups]


def _townships(tile: Tile, seeds: Seeds, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the township of each unit: its own town's, or that of the nearest town that can be reached through neighbours."""
    offices = seat_offices(tile)
    township = np.full(len(seeds.xy), -1)
    seat = np.flatnonzero(seeds.town == 0)
    first = seeds.xy[seat] - seeds.xy[seat].mean(axis=0)
    axis = np.linalg.svd(first, full_matrices=False)[2][0] if len(seat) > 1 else np.array([1.0, 0.0])
    order = seat[np.argsort(first @ axis, kind="stable")]
    township[order] = np.arange(len(order)) * offices // len(order)
    market = seeds.town > 0
    township[market] = seeds.town[market] - 1 + offices
    centre = np.array([seeds.xy[township == number].mean(axis=0) for number in range(tile.townships)])
    off = np.hypot(*(seeds.xy[:, None] - centre[None]).transpose(2, 0, 1))
    near: list[list[int]] = [[] for _ in range(len(seeds.xy))]
    for a, b in pairs.tolist():
        near[a].append(b)
        near[b].append(a)
    open_units = set(np.flatnonzero(township < 0).tolist())
    reached = [
        (float(off[unit, township[own]]), unit, int(township[own]))
        for own in np.flatnonzero(township >= 0).tolist()
        for unit in near[own]
        if unit in open_units
    ]
    heapq.heapify(reached)
    while reached:
        _, unit, number = heapq.heappop(reached)
        if township[unit] >= 0:
            continue
        township[unit] = number
        for onward in near[unit]:
            if township[onward] < 0:
                heapq.heappush(reached, (float(off[onward, number]), onward, number))
    return np.where(township >= 0, township, off.argmin(axis=1))
