"""Heights of the ground out of an elevation raster: read around the streets, freed of spikes, asked for between its cells."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import rasterio.errors
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.windows import Window

from planner.crs import transformer
from planner.errors import CRSError, InputError
from planner.tables.gdal import open_raster

Floats = NDArray[np.float64]

SPIKE_M = 10.0
"""A cell this far from the median of its eight neighbours, and three times as far as they spread, is a spike."""

_SPREADS = 3.0
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Heights:
    """Metres above the sea on a grid: `metres` has nan where nothing is known; `transform` is that of rasterio.

    `ceiling_m` is the greatest number that the file's whole numbers can say, where cells have it: higher ground reads as flat.
    `spikes` is how many single cells were put right.
    """

    file: str
    crs: CRS
    transform: tuple[float, ...]
    metres: Floats
    ceiling_m: float | None = None
    spikes: int = 0

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
        column, row = _through(tuple(~rasterio.Affine(*self.transform))[:6], x, y)
        return column - 0.5, row - 0.5


def read_heights(path: str | Path, *, crs: CRS, bounds: tuple[float, float, float, float]) -> Heights:
    """Return the heights of a raster around `bounds` (west, south, east, north in `crs`).

    Raises
    ------
    InputError
        The file is missing, is no raster of one band, or does not touch the bounds.
    CRSError
        It does not say where on earth it is.
    """
    path = Path(path)
    try:
        return _read(path, crs, bounds)
    except rasterio.errors.RasterioError as fault:
        raise InputError("streets.elevation_unreadable", file=path.name, fault=str(fault)) from fault


def _read(path: Path, crs: CRS, bounds: tuple[float, float, float, float]) -> Heights:
    with open_raster(path) as raster:
        if raster.count != 1:
            raise InputError("streets.elevation_bands", file=path.name, bands=raster.count)
        if raster.crs is None or raster.transform == rasterio.Affine.identity():
            raise CRSError("streets.elevation_no_crs", file=path.name)
        own = CRS.from_wkt(raster.crs.to_wkt())
        window = _window(raster, own, crs, bounds)
        if window is None:
            raise InputError("streets.elevation_elsewhere", file=path.name)
        cells = raster.read(1, window=window, masked=True)
        a, b, _, d, e, _ = whole = tuple(raster.transform)[:6]
        west, north = _through(whole, np.array(window.col_off), np.array(window.row_off))
        transform = (a, b, float(west), d, e, float(north))
    metres = cells.astype(np.float64).filled(np.nan)
    metres[~np.isfinite(metres)] = np.nan
    ceiling_m = None
    if np.issubdtype(cells.dtype, np.integer) and (metres == np.iinfo(cells.dtype).max).any():
        ceiling_m = float(np.iinfo(cells.dtype).max)
    metres, spikes = without_spikes(metres)
    return Heights(path.name, own, transform, metres, ceiling_m, spikes)


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


def _through(transform: tuple[float, ...], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    a, b, c, d, e, f = transform
    return a * x + b * y + c, d * x + e * y + f


def _between(start: Floats, end: Floats, part: Floats) -> Floats:
    """Return start + part of the way to end; an end that counts for nothing may be unknown."""
    return np.where(part == 0, start, start + part * (end - start))


def _window(
    raster: rasterio.DatasetReader, own: CRS, crs: CRS, bounds: tuple[float, float, float, float]
) -> Window | None:
    """Return the cells around the bounds and one more on each side, None where the raster does not reach them."""
    west, south, east, north = transformer(crs, own).transform_bounds(*bounds, densify_pts=21)
    if not np.isfinite([west, south, east, north]).all():
        return None
    x, y = np.array([west, west, east, east]), np.array([south, north, south, north])
    columns, rows = _through(tuple(~raster.transform)[:6], x, y)
    left, top = max(0, math.floor(columns.min()) - 1), max(0, math.floor(rows.min()) - 1)
    right, bottom = min(raster.width, math.ceil(columns.max()) + 1), min(raster.height, math.ceil(rows.max()) + 1)
    if left >= right or top >= bottom:
        return None
    return Window(left, top, right - left, bottom - top)
