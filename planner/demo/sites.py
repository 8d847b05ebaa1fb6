"""Where the county town, the market towns, the villages and their hamlets stand, and how many people each has."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demo.curves import chainage, normals
from planner.demo.layout import Tile
from planner.demo.raster import Raster
from planner.demo.terrain import Terrain
from planner.demo.water import Water

SEAT_SHARE, MARKET_SHARE, REMOTE_SHARE = 0.21, 0.27, 0.03
"""Shares of the people in the county town, in the market towns and in farmsteads far from any street; villages hold the rest."""
SEAT_PER_KM2, MARKET_PER_KM2 = 14_000.0, 9_500.0


@dataclass(frozen=True)
class Town:
    """The county town or a market town: a built-up shape around `centre`, its streets turned by `angle`."""

    number: int
    centre: NDArray[np.float64]
    angle: float
    radius_m: float
    stretch: float  # length over breadth
    people: int
    is_seat: bool
    phases: NDArray[np.float64]  # of the waves in its outline

    def depth(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far out points lie: 0 in the centre, 1 on the edge of the built-up shape."""
        off = xy - self.centre
        c, s = np.cos(self.angle), np.sin(self.angle)
        u = (off[..., 0] * c + off[..., 1] * s) / self.stretch**0.5
        v = (-off[..., 0] * s + off[..., 1] * c) * self.stretch**0.5
        turn = np.arctan2(v, u)
        edge = 1 + sum(
            0.22 / waves * np.sin(waves * turn + phase) for waves, phase in zip((2, 3, 5, 7), self.phases, strict=True)
        )
        return np.hypot(u, v) / (self.radius_m * edge)


@dataclass(frozen=True)
class Hamlets:
    """The clusters of houses of all villages, the main one of each first; arrays, one entry a cluster."""

    cell: NDArray[np.int64]
    village: NDArray[np.int64]
    people: NDArray[np.float64]
    n_villages: int


def pick_spaced(
    raster: Raster, score: NDArray[np.float64], *, count: int, spacing_m: float, taken: NDArray[np.bool_] | None = None
) -> list[int]:
    """Return up to `count` cells of the highest scores, none nearer to another than `spacing_m`; scores <= 0 are left out.

    Where there is not room for all, the spacing shrinks by a tenth until there is.
    """
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0].tolist()
    while True:
        closed = (np.zeros(score.size, bool) if taken is None else taken.copy()).reshape(raster.ny, raster.nx)
        reach = int(spacing_m / raster.cell)
        near = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) * raster.cell < spacing_m
        found: list[int] = []
        for cell in order:
            row, column = divmod(cell, raster.nx)
            if closed[row, column]:
                continue
            found.append(cell)
            if len(found) == count:
                return found
            south, west = max(0, row - reach), max(0, column - reach)
            part = closed[south : row + reach + 1, west : column + reach + 1]
            corner = near[south - row + reach :, west - column + reach :]
            part |= corner[: part.shape[0], : part.shape[1]]
        if spacing_m < 2 * raster.cell:
            return found
        spacing_m *= 0.9


def found_towns(tile: Tile, terrain: Terrain, water: Water, clear: NDArray[np.float64], *, seed: int) -> list[Town]:
    """Return the county town first, then the market towns. `clear` holds metres to water, per cell."""
    rng = np.random.default_rng([seed, 31, tile.number])
    offices = seat_offices(tile)
    markets = tile.townships - offices
    seat = _seat(tile, terrain, water, rng)
    centres = terrain.raster.centres
    sizes = np.sort(rng.lognormal(0, 0.45, markets))[::-1]
    people = tile.people * MARKET_SHARE * sizes / sizes.sum()
    radius = np.sqrt(people / MARKET_PER_KM2 * 1e6 / np.pi)
    reach = float(radius.max()) * 1.5
    off_seat = np.hypot(*(centres - seat.centre).T)
    ok = (terrain.to_border > reach + 900) & (clear > 0.55 * reach) & (off_seat > seat.radius_m * 1.6 + reach + 700)
    score = np.exp(-terrain.slope / 0.05 - terrain.to_stream / 900) * terrain.drained**0.12
    score *= rng.lognormal(0, 0.5, score.size)
    spacing = 0.66 * (tile.outline.area / tile.townships) ** 0.5
    cells = pick_spaced(terrain.raster, np.where(ok, score, 0), count=markets, spacing_m=spacing)
    towns = [seat]
    for number, cell in enumerate(cells):
        towns.append(
            Town(
                number + 1,
                centres[cell],
                float(rng.uniform(0, np.pi)),
                float(radius[number]),
                float(rng.uniform(1.1, 2.0)),
                round(people[number]),
                False,
                rng.uniform(0, 6.3, 4),
            )
        )
    return towns


def gap_to_towns(towns: list[Town], raster: Raster) -> NDArray[np.float64]:
    """Return metres from the edge of the nearest town's built-up shape, roughly, per cell; negative inside."""
    gap = np.full(raster.nx * raster.ny, 9e9)
    for town in towns:
        near = np.flatnonzero(np.abs(raster.centres - town.centre).max(axis=1) < 2.2 * town.radius_m + 1_200)
        gap[near] = np.minimum(gap[near], (town.depth(raster.centres[near]) - 1) * town.radius_m)
    return gap


def seat_offices(tile: Tile) -> int:
    """Return into how many street offices the county town is divided."""
    return 3 if tile.townships >= 12 else 1


def _seat(tile: Tile, terrain: Terrain, water: Water, rng: np.random.Generator) -> Town:
    """Return the county town: on the bank of the river, where its middle course is flattest."""
    people = round(tile.people * SEAT_SHARE)
    radius = float(np.sqrt(people / SEAT_PER_KM2 * 1e6 / np.pi))
    course = water.course
    share = chainage(course) / chainage(course)[-1]
    side = rng.choice([-1.0, 1.0])
    left = normals(course)
    spots = course + side * left * (0.3 * radius + water.width[:, None] / 2)
    cell = terrain.raster.cell_of(spots)
    rough = terrain.slope[cell] + 0.4 * np.abs(share - 0.5)
    rough[(terrain.to_border[cell] < 2 * radius + 800) | (share < 0.25) | (share > 0.75)] += 10
    at = int(np.argmin(rough))
    near = slice(max(0, at - 20), at + 21)
    along = course[near][-1] - course[near][0]
    angle = float(np.arctan2(along[1], along[0])) + rng.uniform(-0.12, 0.12)
    return Town(0, spots[at], angle, radius, 1.45, people, True, rng.uniform(0, 6.3, 4))


def found_villages(
    tile: Tile,
    terrain: Terrain,
    *,
    clear: NDArray[np.float64],
    to_town: NDArray[np.float64],
    to_motorway: NDArray[np.float64],
    count: int,
    seed: int,
) -> Hamlets:
    """Return `count` villages strung along the valleys, each a main cluster of houses and none to three smaller ones near it.

    `clear`, `to_town` and `to_motorway` hold metres to water, towns and motorway, per cell.
    """
    rng = np.random.default_rng([seed, 37, tile.number])
    raster, centres = terrain.raster, terrain.raster.centres
    ok = (terrain.to_border > 650) & (clear > 260) & (to_town > 420) & (to_motorway > 330)
    valley = np.exp(-terrain.slope / 0.11 - np.abs(terrain.to_stream - 220) / 800) + 0.02
    score = np.where(ok, valley * rng.lognormal(0, 0.9, valley.size), 0)
    spacing = 0.48 * (tile.outline.area / max(count, 1)) ** 0.5
    main = np.array(pick_spaced(raster, score, count=count, spacing_m=spacing), np.int64)
    cells, village = [main], [np.arange(len(main))]
    wanted = rng.choice(4, len(main), p=[0.22, 0.36, 0.28, 0.14])
    near_main = np.zeros((raster.ny, raster.nx), bool)
    for cell in main.tolist():
        _close(near_main, *divmod(cell, raster.nx), reach=3)
    score = np.where(ok & ~near_main.ravel() & (terrain.to_border > 800), valley * rng.random(valley.size), 0)
    spots = np.array(pick_spaced(raster, score, count=int(wanted.sum()) * 2, spacing_m=560.0), np.int64)
    if len(spots) and len(main):
        off = np.hypot(*(centres[spots][:, None] - centres[main][None]).transpose(2, 0, 1))
        owner, near = off.argmin(axis=1), off.min(axis=1)
        order = np.lexsort((near, owner))
        rank = np.arange(len(order)) - np.searchsorted(owner[order], owner[order])
        keep = order[(rank < wanted[owner[order]]) & (near[order] < 1_900)]
        cells.append(spots[keep])
        village.append(owner[keep])
    cell, owner = np.concatenate(cells), np.concatenate(village)
    size = rng.lognormal(0, 0.42, len(main))[owner] * np.where(np.arange(len(cell)) < len(main), 1.0, 0.42)
    size *= rng.lognormal(0, 0.25, len(cell))
    total = tile.people * (1 - SEAT_SHARE - MARKET_SHARE - REMOTE_SHARE)
    return Hamlets(cell, owner, total * size / max(size.sum(), 1e-9), len(main))


def _close(grid: NDArray[np.bool_], row: int, column: int, *, reach: int) -> None:
    grid[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = True
