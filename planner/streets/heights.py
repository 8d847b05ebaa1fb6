"""Heights of the ground out of an elevation raster: read around the streets, freed of spikes, asked for between its cells."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS

from planner.crs import transformer
from planner.errors import InputError
from planner.rasters import cells_around, grid_of, read_cells, through, window_of

Floats = NDArray[np.float64]

SPIKE_M = 10.0
"""A cell this far from the median of its eight neighbours, and three times as far as they spread, is a spike."""

LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Between the Dead Sea's shore and the highest summit; other numbers (-32768, -9999, 32767, 3.4e38) stand for nothing."""

_SPREADS = 3.0
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Heights:
    """Metres above the sea on a grid: `metres` has nan where nothing is known; `transform` is that of rasterio.

    `ceiling_m` is the greatest number that the file's whole numbers can say, where cells have it: higher ground reads as flat.
    `spikes` is how many single cells were put right, `voids` how many held what is no height on earth (`void_m` the first).
    """

    file: str
    crs: CRS
    transform: tuple[float, ...]
    metres: Floats
    ceiling_m: float | None = None
    spikes: int = 0
    voids: int = 0
    void_m: float | None = None

    def at(self, crs: CRS, x: Floats, y: Floats) -> Floats:
        """Return the heights of places in any CRS, between the centres of four cells; nan unless all four are known."""
        column, row = self._cells(crs, x, y)
        n_rows, n_columns = self.metres.shape
        with np.errstate(invalid="ignore"):
            inside = (column >= -0.5) & (column <= n_columns - 0.5) & (row >= -0.5) & (row <= n_rows - 0.5)
        column = np.clip(np.where(inside, column, 0.0), 0.0, n_columns - 1.0)  # half a cell out: the edge's own height
        row = np.clip(np.where(inside, row, 0.0), 0.0, n_rows - 1.0)
        c, r = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
        c_next, r_next = np.minimum(c + 1, n_columns - 1), np.minimum(r + 1, n_rows - 1)
        right, down = column - c, row - r
        high = _between(self.metres[r, c], self.metres[r, c_next], right)
        low = _between(self.metres[r_next, c], self.metres[r_next, c_next], right)
        return np.where(inside, _between(high, low, down), np.nan)

    def is_at_ceiling(self, crs: CRS, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Return which places lie in a cell whose height the file could not say."""
        if self.ceiling_m is None:
            return np.zeros(len(x), bool)
        column, row = self._cells(crs, x, y)
        n_rows, n_columns = self.metres.shape
        with np.errstate(invalid="ignore"):
            inside = (column > -0.5) & (column < n_columns - 0.5) & (row > -0.5) & (row < n_rows - 0.5)
        c = np.where(inside, np.round(column), 0).astype(np.int64)
        r = np.where(inside, np.round(row), 0).astype(np.int64)
        return inside & (self.metres[r, c] == self.ceiling_m)

    def _cells(self, crs: CRS, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return column and row of places, whole numbers at the centres of cells."""
        if crs != self.crs:
            x, y = transformer(crs, self.crs).transform(x, y)
        column, row = through(tuple(~rasterio.Affine(*self.transform))[:6], x, y)
        return column - 0.5, row - 0.5


def read_heights(path: str | Path, *, crs: CRS, bounds: tuple[float, float, float, float]) -> Heights:
    """Return the heights of a raster around `bounds` (west, south, east, north in `crs`).

    Raises
    ------
    InputError
        The file is missing, is no raster of one band, does not touch the bounds, or holds no heights in metres.
    CRSError
        It does not say where on earth it is.
    """
    path = Path(path)
    grid = grid_of(path)
    window = window_of(grid, cells_around(grid, crs, bounds, margin=1), file=path.name)
    cells = read_cells(path, window)
    a, b, _, d, e, _ = grid.transform
    west, north = grid.places(np.array(window.col_off), np.array(window.row_off))
    metres = np.where(cells.is_empty | ~np.isfinite(cells.values), np.nan, cells.values.astype(np.float64))
    known = np.isfinite(cells.values) & ~cells.is_empty
    void = known & ((metres < LOWEST_M) | (metres > HIGHEST_M))
    void_m = float(metres[void][0]) if void.any() else None
    if void.any() and not (known & ~void).any():
        raise InputError(
            "streets.elevation_no_heights", file=path.name, value=void_m, lowest=LOWEST_M, highest=HIGHEST_M
        )
    metres[void] = np.nan
    ceiling_m = cells.ceiling if cells.ceiling is not None and (metres == cells.ceiling).any() else None
    metres, spikes = without_spikes(metres)
    transform = (a, b, float(west), d, e, float(north))
    return Heights(path.name, grid.crs, transform, metres, ceiling_m, spikes, int(void.sum()), void_m)


def without_spikes(metres: Floats) -> tuple[Floats, int]:
    """Return heights with each spike at the median of its eight neighbours, and how many there were.

    A cell with a neighbour of unknown height is left as it is, and so are two wrong cells side by side.
    """
    padded = np.pad(metres, 1, constant_values=np.nan)
    smooth, count = metres.copy(), 0
    n_rows, n_columns = metres.shape
    for top in range(0, n_rows, _ROWS_AT_ONCE):
        bottom = min(n_rows, top + _ROWS_AT_ONCE)
        around = np.stack(
            [padded[top + i : bottom + i, j : n_columns + j] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
        )
        around.sort(axis=0)  # nan last
        median = (around[3] + around[4]) / 2
        off = np.abs(metres[top:bottom] - median)
        with np.errstate(invalid="ignore"):
            spike = (off > SPIKE_M) & (off > _SPREADS * (around[6] - around[1])) & np.isfinite(around[7])
        smooth[top:bottom][spike] = median[spike]
        count += int(spike.sum())
    return smooth, count


def _between(start: Floats, end: Floats, part: Floats) -> Floats:
    """Return start + part of the way to end; an end that counts for nothing may be unknown."""
    return np.where(part == 0, start, start + part * (end - start))
