"""Where the villages and their hamlets stand: strung along the valleys, off water, towns and motorway."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demo.land import Land
from planner.demo.raster import pick_spaced
from planner.demo.sites import MARKET_SHARE, REMOTE_SHARE, SEAT_SHARE


@dataclass(frozen=True)
class Hamlets:
    """The clusters of houses of all villages, the main one of each first; arrays, one entry a cluster."""

    cell: NDArray[np.int64]
    village: NDArray[np.int64]
    people: NDArray[np.float64]
    n_villages: int


def found_villages(land: Land, *, count: int, seed: int) -> Hamlets:
    """Return `count` villages strung along the valleys, each a main cluster of houses and none to three smaller ones near it."""
    tile, terrain = land.tile, land.terrain
    rng = np.random.default_rng([seed, 37, tile.number])
    raster, centres = terrain.raster, terrain.raster.centres
    ok = (terrain.to_border > 650) & (land.clear > 260) & (land.to_town > 420) & (land.to_motorway > 330)
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
    size = rng.lognormal(0, 0.55, len(main))[owner] * np.where(np.arange(len(cell)) < len(main), 1.0, 0.42)
    size *= rng.lognormal(0, 0.25, len(cell))
    total = tile.people * (1 - SEAT_SHARE - MARKET_SHARE - REMOTE_SHARE)
    return Hamlets(cell, owner, total * size / max(size.sum(), 1e-9), len(main))


def _close(grid: NDArray[np.bool_], row: int, column: int, *, reach: int) -> None:
    grid[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = True
