"""Where the county town and the market towns stand, how large they are and what shape they have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demo.curves import chainage, normals
from planner.demo.layout import Tile
from planner.demo.raster import Raster, pick_spaced
from planner.demo.terrain import Terrain
from planner.demo.water import Water

SEAT_SHARE, MARKET_SHARE, REMOTE_SHARE = 0.22, 0.3, 0.03
"""Shares of the people in the county town, in the market towns and in farmsteads far from any street; villages hold the rest."""
SEAT_PER_KM2, MARKET_PER_KM2 = 14_500.0, 11_500.0


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
