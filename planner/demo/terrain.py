"""The lie of the land: hills from smooth noise, the main river along low ground, and the valleys of its tributaries."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array

from planner.demo.layout import Tile
from planner.demo.raster import CELL_M, Raster, Spread, spread

STREAM_KM2 = 5.0
"""A tributary is drawn where it drains more than this."""
MARGIN_M = 900.0


@dataclass(frozen=True)
class Terrain:
    """Land on a raster, one value a cell: metres of height, slope, cells drained, metres to the border (0 outside) and water."""

    raster: Raster
    height: NDArray[np.float64]
    slope: NDArray[np.float64]
    drained: NDArray[np.int64]
    to_border: NDArray[np.float64]
    to_stream: NDArray[np.float64]
    river: NDArray[np.int64]  # cells of the main river, from its source down
    streams: list[NDArray[np.int64]]  # cells of each tributary, down to where it ends


def raise_land(tile: Tile, *, seed: int) -> Terrain:
    """Return the terrain of one county."""
    rng = np.random.default_rng([seed, 23, tile.number])
    west, south, east, north = tile.outline.bounds
    nx = int(np.ceil((east - west + 2 * MARGIN_M) / CELL_M))
    ny = int(np.ceil((north - south + 2 * MARGIN_M) / CELL_M))
    raster = Raster(west - MARGIN_M, south - MARGIN_M, nx, ny)
    inside = shapely.contains_xy(tile.outline, raster.centres).reshape(ny, nx)
    to_border = ndimage.distance_transform_edt(inside).ravel() * CELL_M
    height = np.zeros((ny, nx))
    for wavelength_m, metres in ((13_000, 330), (6_000, 210), (2_800, 95), (1_300, 38)):
        height += metres * _noise((ny, nx), wavelength_m / CELL_M, rng)
    height += 0.022 * _off_axis(tile, raster).reshape(ny, nx)
    height -= height.min()
    river, drained, streams = _drain(tile, raster, height.ravel(), to_border)
    flow = np.zeros(nx * ny, bool)
    flow[river] = True
    for cells in streams:
        flow[cells] = True
    to_stream = ndimage.distance_transform_edt(~flow.reshape(ny, nx)) * CELL_M
    height = height * (0.12 + 0.88 * (1 - np.exp(-((to_stream / 1_100) ** 1.6))))
    rise_y, rise_x = np.gradient(height, CELL_M)
    slope = np.hypot(rise_x, rise_y).ravel()
    return Terrain(raster, height.ravel(), slope, drained, to_border, to_stream.ravel(), river, streams)


def _noise(shape: tuple[int, int], wavelength_cells: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return smooth noise between about -1 and 1."""
    coarse = tuple(int(np.ceil(size / wavelength_cells)) + 4 for size in shape)
    knots = rng.uniform(-1, 1, coarse)
    at_y = 1 + np.arange(shape[0]) / wavelength_cells
    at_x = 1 + np.arange(shape[1]) / wavelength_cells
    rows = ndimage.map_coordinates(
        knots, np.meshgrid(at_y, np.arange(coarse[1]), indexing="ij"), order=3, mode="nearest"
    )
    return ndimage.map_coordinates(rows, np.meshgrid(np.arange(shape[0]), at_x, indexing="ij"), order=3, mode="nearest")


def _drain(
    tile: Tile, raster: Raster, height: NDArray[np.float64], to_border: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return the river, the cells each cell drains and the tributaries.

    Water runs to the steepest of the eight neighbours; out of a hollow it takes the way to the mouth that climbs least. Both
    at once are least-cost paths from the mouth on which steepest descent is nearly free and climbing dear.
    """
    ends = {gate.side: raster.cell_of(np.array(gate.xy)) for gate in tile.gateways if gate.use == "river"}
    a, b, length = raster.pairs
    lower, upper = np.concatenate([a, b]), np.concatenate([b, a])
    length = np.tile(length, 2)
    fall = (height[upper] - height[lower]) / length
    best = np.zeros(height.size)
    np.maximum.at(best, upper, fall)
    is_steepest = (fall > 0) & (fall >= best[upper])
    cost = length * np.where(is_steepest, 0.03, 1 + 40 * np.maximum(-fall, 0) ** 0.7)
    cost *= np.where(
        to_border[lower] < 900, 8.0, 1.0
    )  # the river leaves the border at once instead of running along it
    size = height.size
    flow = spread(csr_array(coo_array((cost, (lower, upper)), shape=(size, size))), np.array([ends["east"]]))
    drained = _accumulate(flow)
    river = np.array(flow.path(int(ends["west"])))
    in_river = np.zeros(height.size, bool)
    in_river[river] = True
    big = (drained > STREAM_KM2 * 1e6 / CELL_M**2) & ~in_river & (to_border > 0)
    has_upstream = np.zeros(height.size, bool)
    has_upstream[flow.before[big]] = True
    taken = in_river.copy()
    streams = []
    heads = np.flatnonzero(big & ~has_upstream)
    for head in heads[np.argsort(-flow.cost[heads], kind="stable")]:
        cells = [int(head)]
        while not taken[cells[-1]] and flow.before[cells[-1]] >= 0:
            taken[cells[-1]] = True
            cells.append(int(flow.before[cells[-1]]))
        if len(cells) > 6:
            streams.append(np.array(cells))
    return river, drained, streams


def _off_axis(tile: Tile, raster: Raster) -> NDArray[np.float64]:
    """Return metres from the line between the river's two ends: the land rises away from it and against the flow."""
    west, east = (
        np.array(next(gate.xy for gate in tile.gateways if gate.use == "river" and gate.side == side))
        for side in ("west", "east")
    )
    along = (east - west) / np.hypot(*(east - west))
    off = raster.centres - west
    return np.abs(off @ [-along[1], along[0]]) - 0.35 * (off @ along)


def _accumulate(flow: Spread) -> NDArray[np.int64]:
    order = np.argsort(-flow.cost, kind="stable")
    before = flow.before.tolist()
    drained = [1] * len(before)
    for cell in order.tolist():
        if before[cell] >= 0:
            drained[before[cell]] += drained[cell]
    return np.array(drained)
