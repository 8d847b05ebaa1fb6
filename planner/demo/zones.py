"""Villages and communities that tile the county, and the townships they make up: where, their names and codes."""

import heapq
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demo.degrees import Degrees
from planner.demo.layout import Tile
from planner.demo.names import PlaceNames
from planner.demo.partition import divide, share_points
from planner.demo.people import People
from planner.demo.sites import Town, seat_offices
from planner.demo.villages import Hamlets


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
    shapes, neighbours = divide(tile.outline, seeds.xy, to_degrees, rng)
    township = _choose_townships(tile, seeds, neighbours)
    townships = _name_townships(tile, township, shapes, town_names)
    return Zones(names.county() + "县", townships, _name_units(seeds, township, townships, shapes, names))


def stitch(zones: list[Zones]) -> list[Zones]:
    """Return the zones of neighbouring counties with the points of their common borders in both."""
    shapes = np.array([unit.shape for county in zones for unit in county.units])
    shapes = share_points(shapes, np.repeat(np.arange(len(zones)), [len(one.units) for one in zones]))
    stitched, start = [], 0
    for one in zones:
        own_shapes = shapes[start : start + len(one.units)]
        start += len(one.units)
        units = [replace(unit, shape=shape) for unit, shape in zip(one.units, own_shapes, strict=True)]
        townships = [
            replace(own, shape=shapely.coverage_union_all([unit.shape for unit in units if unit.township == number]))
            for number, own in enumerate(one.townships)
        ]
        stitched.append(replace(one, units=units, townships=townships))
    return stitched


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


def _name_townships(
    tile: Tile, township: NDArray[np.int64], shapes: list[shapely.Geometry], town_names: list[str]
) -> list[Township]:
    """Return the townships: street offices, then towns, then the smallest as 乡, with codes that no real place has."""
    offices = seat_offices(tile)
    found = []
    for number in range(tile.townships):
        if number < offices:
            kind, ending, code = "urban", "街道", 1 + number
        elif number < offices + 0.75 * (tile.townships - offices):
            kind, ending, code = "rural", "镇", 100 + number - offices
        else:
            kind, ending, code = "rural", "乡", 200 + number - offices
        shape = shapely.coverage_union_all([shapes[unit] for unit in np.flatnonzero(township == number)])
        found.append(Township(f"99{tile.number + 101:04d}{code:03d}", town_names[number] + ending, kind, shape))
    return found


def _name_units(
    seeds: Seeds,
    township: NDArray[np.int64],
    townships: list[Township],
    shapes: list[shapely.Geometry],
    names: PlaceNames,
) -> list[Unit]:
    """Return the units township by township, communities (numbered from 1) before villages (from 200)."""
    found: list[Unit] = []
    rank = [0] * len(townships)
    for number in np.lexsort((np.arange(len(shapes)), seeds.town < 0, township)).tolist():
        own, is_village = int(township[number]), seeds.town[number] < 0
        rank[own] += 1
        code = f"{townships[own].code}{rank[own] + (199 if is_village else 0):03d}"
        name = names.village() + ("村" if is_village else "社区")
        found.append(Unit(code, name, own, int(seeds.place[number]), seeds.xy[number], shapes[number]))
    return found


def _choose_townships(tile: Tile, seeds: Seeds, neighbours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the township of each unit: its own town's, or that of the nearest town that can be reached through neighbours."""
    offices = seat_offices(tile)
    township = np.full(len(seeds.xy), -1)
    seat = np.flatnonzero(seeds.town == 0)
    off_middle = seeds.xy[seat] - seeds.xy[seat].mean(axis=0)
    axis = np.linalg.svd(off_middle, full_matrices=False)[2][0] if len(seat) > 1 else np.array([1.0, 0.0])
    order = seat[np.argsort(off_middle @ axis, kind="stable")]
    township[order] = np.arange(len(order)) * offices // len(order)
    market = seeds.town > 0
    township[market] = seeds.town[market] - 1 + offices
    centre = np.array([seeds.xy[township == number].mean(axis=0) for number in range(tile.townships)])
    off = np.hypot(*(seeds.xy[:, None] - centre[None]).transpose(2, 0, 1))
    near: list[list[int]] = [[] for _ in range(len(seeds.xy))]
    for a, b in neighbours.tolist():
        near[a].append(b)
        near[b].append(a)
    settled = np.flatnonzero(township >= 0).tolist()
    township[settled], first = -1, township[settled].tolist()
    reached = [(-1.0, unit, number) for unit, number in zip(settled, first, strict=True)]  # towns before all others
    while reached:
        _, unit, number = heapq.heappop(reached)
        if township[unit] < 0:
            township[unit] = number
            for onward in near[unit]:
                if township[onward] < 0:
                    heapq.heappush(reached, (float(off[onward, number]), onward, number))
    return township
