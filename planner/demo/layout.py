"""How many counties an invented area has, where each lies, and where roads, river and motorway pass between them.

Scale 1 is one county of 2,000 km2. A larger area is a lattice of such counties side by side, a smaller one a smaller county.
Neighbours share their border point by point, and what crosses it. First step of `planner.demo`; nothing is drawn here yet.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

AREA_KM2 = 2_000.0
PEOPLE = 1_500_000
TOWNSHIPS = 27
VILLAGES = 430
CENTRES = 120
ASSETS = 324
BORDER_STEP_M = 320.0
"""Length of the straight pieces that borders are drawn with."""


@dataclass(frozen=True)
class Gateway:
    """Where a road, the river or the motorway passes a border; `outward` is the unit vector away from the county."""

    xy: tuple[float, float]
    outward: tuple[float, float]
    use: str  # road | river | motorway
    side: str  # south | east | north | west
    outer: bool  # no county beyond


@dataclass(frozen=True)
class Tile:
    """One county to be built: its outline in metres, what passes its borders, and how much of everything it gets."""

    number: int
    outline: shapely.Polygon
    gateways: tuple[Gateway, ...]
    people: int
    townships: int
    villages: int
    centres: int
    assets: int


def lay_out(*, seed: int, scale: float) -> list[Tile]:
    """Return the counties of an area `scale` times 2,000 km2, row by row from the south-west; metres around its middle."""
    for sway in (0.17, 0.13, 0.09, 0.05, 0.0):  # a border that would cross itself or another is drawn calmer
        tiles = _lay_out(sway, seed=seed, scale=scale)
        outlines = np.array([tile.outline for tile in tiles])
        if shapely.is_valid(outlines).all() and shapely.coverage_is_valid(outlines):
            break
    return tiles


def _lay_out(sway: float, *, seed: int, scale: float) -> list[Tile]:
    count = max(1, round(scale))
    side = math.sqrt(AREA_KM2 * 1e6 * scale / count)
    columns = math.ceil(math.sqrt(count))
    places = [(k % columns, k // columns) for k in range(count)]
    shift = np.array([columns * side / 2, math.ceil(count / columns) * side / 2])
    shares = {
        "people": _split(PEOPLE * scale, count, 1),
        "townships": _split(TOWNSHIPS * scale, count, 2),
        "villages": _split(VILLAGES * scale, count, 14),
        "centres": _split(CENTRES * scale, count, 4),
        "assets": _split(ASSETS * scale, count, 16),
    }
    tiles = []
    for number, (column, row) in enumerate(places):
        sides = {
            "south": (("h", column, row), False),
            "east": (("v", column + 1, row), False),
            "north": (("h", column, row + 1), True),
            "west": (("v", column, row), True),
        }
        beyond = {
            "south": (column, row - 1),
            "east": (column + 1, row),
            "north": (column, row + 1),
            "west": (column - 1, row),
        }
        ring, gateways = [], []
        for name, (border, backwards) in sides.items():
            curve = _border(border, sway, seed=seed, side=side) - shift
            ring.append((curve[::-1] if backwards else curve)[:-1])
            outer = beyond[name] not in places
            gateways += _gateways(border, curve, name, outer=outer, seed=seed)
        outline = shapely.Polygon(np.vstack(ring))
        tiles.append(Tile(number, outline, tuple(gateways), **{key: values[number] for key, values in shares.items()}))
    return tiles


def _split(total: float, count: int, at_least: int) -> list[int]:
    steps = np.round(np.linspace(0, max(round(total), at_least * count), count + 1)).astype(int)
    return [int(part) for part in np.diff(steps)]


def _border(border: tuple[str, int, int], sway: float, *, seed: int, side: float) -> NDArray[np.float64]:
    """Return the curve between two corners: a straight line warped smoothly, then midpoints displaced by ever smaller amounts."""
    kind, column, row = border
    end = (column + 1, row) if kind == "h" else (column, row + 1)
    points = _warp(np.linspace((column, row), end, 9), seed=seed) * side
    rng = np.random.default_rng([seed, 13, ord(kind), column, row])
    while math.dist(points[0], points[1]) > BORDER_STEP_M:
        middle = (points[1:] + points[:-1]) / 2
        along = np.diff(points, axis=0)
        middle += np.column_stack([-along[:, 1], along[:, 0]]) * rng.uniform(-sway, sway, (len(middle), 1))
        woven = np.empty((2 * len(points) - 1, 2))
        woven[::2], woven[1::2] = points, middle
        points = woven
    return points


def _warp(at: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Return points of the plain lattice moved by a few slow waves, the same for all counties."""
    rng = np.random.default_rng([seed, 11])
    moved = at.copy()
    for waves, reach in ((0.55, 0.08), (0.9, 0.05), (1.6, 0.03)):
        turn = rng.uniform(0, 2 * np.pi, 2)
        for axis in (0, 1):
            wave = 2 * np.pi * waves * (at[:, 0] * np.cos(turn[axis]) + at[:, 1] * np.sin(turn[axis]))
            moved[:, axis] += reach * np.sin(wave + rng.uniform(0, 2 * np.pi))
    return moved


def _gateways(
    border: tuple[str, int, int], curve: NDArray[np.float64], side: str, *, outer: bool, seed: int
) -> list[Gateway]:
    kind, column, row = border
    rng = np.random.default_rng([seed, 17, ord(kind), column, row])
    uses = [("road", 0.27 + rng.uniform(-0.03, 0.03)), ("road", 0.7 + rng.uniform(-0.03, 0.03))]
    if kind == "v":
        north = np.random.default_rng([seed, 19, row]).random() < 0.5
        uses.append(("river", 0.48 + rng.uniform(-0.09, 0.09)))
        uses.append(("motorway", (0.85 if north else 0.13) + rng.uniform(-0.03, 0.03)))
    outward = {"south": (0.0, -1.0), "east": (1.0, 0.0), "north": (0.0, 1.0), "west": (-1.0, 0.0)}[side]
    found = []
    for use, share in uses:
        x, y = curve[round(share * (len(curve) - 1))]
        found.append(Gateway((float(x), float(y)), outward, use, side, outer))
    return found
