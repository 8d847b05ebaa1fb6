"""The one reader of rasters: where the cells of a file lie, and what those around a place say, their scale and offset applied."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.errors
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import ProjError
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from planner.crs import transformer
from planner.datum import check_crs
from planner.errors import CRSError, InputError
from planner.tables import looks_like
from planner.tables.gdal import open_raster

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float, float]

_MOST_CELLS = 1_000_000_000  # of a window: 8 GB as numbers of 64 bits
_ALONG = 50  # points along an edge of a footprint


@dataclass(frozen=True)
class Grid:
    """A grid of cells, `transform` that of rasterio; rasters of equal grids share demand points."""

    crs: CRS
    transform: tuple[float, ...]
    width: int
    height: int

    def places(self, column: Any, row: Any) -> tuple[Floats, Floats]:
        """Return x, y of (column, row); whole numbers are the corners of cells."""
        return through(self.transform, column, row)

    def cells(self, x: Any, y: Any) -> tuple[Floats, Floats]:
        """Return the fractional (column, row) of x, y."""
        return through(tuple(~rasterio.Affine(*self.transform))[:6], x, y)


@dataclass(frozen=True)
class Cells:
    """What the cells of a window say, shape (rows, columns); `is_empty` where the file says that there is nothing.

    `ceiling` is the greatest number that the file's whole numbers can say; None of a file of fractions.
    """

    values: NDArray[np.floating]
    is_empty: NDArray[np.bool_]
    ceiling: float | None


def through(transform: tuple[float, ...], column: Any, row: Any) -> tuple[Floats, Floats]:
    """Return x, y of (column, row) by an affine transform's six numbers."""
    a, b, c, d, e, f = transform
    return a * column + b * row + c, d * column + e * row + f


def grid_of(path: Path) -> Grid:
    """Return a raster's grid.

    Raises
    ------
    InputError
        The file is missing, is no raster, or has several bands.
    CRSError
        It does not say where on earth it is.
    """
    with _opened(path) as raster:
        if raster.count != 1:
            raise InputError("rasters.several_bands", file=path.name, bands=raster.count)
        if np.dtype(raster.dtypes[0]).kind not in "iuf":
            raise InputError("rasters.no_numbers", file=path.name, kind=raster.dtypes[0])
        if raster.crs is None:
            raise CRSError("rasters.no_crs", file=path.name)
        try:
            crs = CRS.from_wkt(raster.crs.to_wkt())
        except (ProjError, rasterio.errors.CRSError) as fault:
            raise CRSError("rasters.no_crs", file=path.name) from fault
        check_crs(crs, path.name)
        numbers = tuple(map(float, tuple(raster.transform)[:6]))
        a, b, _, d, e, _ = numbers
        if not np.isfinite([*numbers, a * e - b * d]).all() or a * e == b * d or raster.transform.is_identity:
            raise CRSError("rasters.no_position", file=path.name)
        return Grid(crs, numbers, raster.width, raster.height)


def cells_around(grid: Grid, crs: CRS, bounds: Bounds, *, margin: int = 0) -> Bounds | None:
    """Return (left, top, right, bottom) of the cells around some bounds in `crs`, beyond the grid too; None if it knows none."""
    try:
        west, south, east, north = transformer(crs, grid.crs).transform_bounds(*bounds, densify_pts=21)
    except ProjError:
        return None
    columns, rows = grid.cells(np.array([west, west, east, east]), np.array([south, north, south, north]))
    if not (np.isfinite(columns).all() and np.isfinite(rows).all()):
        return None
    return (
        math.floor(columns.min()) - margin,
        math.floor(rows.min()) - margin,
        math.ceil(columns.max()) + margin,
        math.ceil(rows.max()) + margin,
    )


def window_of(grid: Grid, around: Bounds | None, *, file: str) -> Window:
    """Return what of the cells around a place the grid has.

    Raises
    ------
    InputError
        It has none of them, or so many that they cannot be read.
    """
    left, top, right, bottom = around or (0, 0, 0, 0)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, grid.width), min(bottom, grid.height)
    if left >= right or top >= bottom:
        raise InputError("rasters.elsewhere", file=file)
    if (right - left) * (bottom - top) > _MOST_CELLS:
        raise InputError(
            "rasters.too_many_cells", file=file, count=int((right - left) * (bottom - top)), limit=_MOST_CELLS
        )
    return Window(int(left), int(top), int(right - left), int(bottom - top))


def read_cells(path: Path, window: Window) -> Cells:
    """Return what the cells of a window say.

    Raises
    ------
    InputError
        The file is damaged.
    """
    with _opened(path) as raster:
        try:
            band = raster.read(1, window=window, masked=True)
        except (rasterio.errors.RasterioError, ValueError, OverflowError, MemoryError) as fault:
            raise InputError("rasters.damaged", file=path.name) from fault
        scale, offset = raster.scales[0], raster.offsets[0]
    whole = np.issubdtype(band.dtype, np.integer)
    values = band.data.astype(np.float64) if whole else band.data
    ceiling = float(np.iinfo(band.dtype).max) if whole else None
    if (scale, offset) != (1.0, 0.0):
        with np.errstate(all="ignore"):
            values = values.astype(np.float64) * scale + offset
        ceiling = None if ceiling is None else ceiling * scale + offset
    return Cells(values, np.ma.getmaskarray(band), ceiling)


def footprint(grid: Grid, window: Window, crs: CRS) -> BaseGeometry | None:
    """Return where the cells of a window and one more on each side lie, in `crs`; None where that cannot be said."""
    left, top = window.col_off - 1, window.row_off - 1
    right, bottom = window.col_off + window.width + 1, window.row_off + window.height + 1
    outline = shapely.segmentize(shapely.box(left, top, right, bottom), max(right - left, bottom - top) / _ALONG)
    to_crs = transformer(grid.crs, crs)
    shape = shapely.transform(outline, lambda x, y: to_crs.transform(*grid.places(x, y)), interleaved=False)
    return shape if np.isfinite(shapely.get_coordinates(shape)).all() and shape.is_valid else None


@contextmanager
def _opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    with ExitStack() as stack:
        try:
            raster = stack.enter_context(open_raster(path))
        except (rasterio.errors.RasterioError, ValueError, OverflowError) as fault:
            if isinstance(fault, InputError):
                raise
            raise InputError("rasters.unreadable", file=path.name, found=looks_like(path) or "?") from fault
        yield raster
