"""A population grid to demand points: each cell with people whose centre lies in the study area is a point at that centre.

Where the project asks for it, its people stand at the dwellings or street stretches in the cell instead, where there are any.
Only the part of the grid around the area is read, and the figures count that part alone. Several rasters on one grid share
points.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import rasterio.errors
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.windows import Window

from planner.boundaries import Area
from planner.crs import WGS84, transformer
from planner.datum import check_crs
from planner.demand.dasymetric import NEITHER, Ints, Pieces, Settlement, report_standing, stand_in_cells
from planner.demand.exact_shares import share_out
from planner.demand.model import Floats, Part, PopulationSource, Weights, account, add_up, report_outside
from planner.demand.residency import note_kind
from planner.errors import CRSError, InputError
from planner.tables import looks_like
from planner.tables.gdal import open_raster

RASTER_SUFFIXES = frozenset({".tif", ".tiff", ".img", ".asc"})


@dataclass(frozen=True)
class Grid:
    """A grid of cells; rasters of equal grids share demand points."""

    crs: CRS
    transform: tuple[float, ...]
    width: int
    height: int


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
            raise InputError("demand.several_bands", file=path.name, bands=raster.count)
        if raster.crs is None:
            raise CRSError("demand.raster_without_crs", file=path.name)
        crs = CRS.from_wkt(raster.crs.to_wkt())
        check_crs(crs, path.name)
        if raster.transform.is_degenerate or raster.transform == rasterio.Affine.identity():
            raise CRSError("demand.raster_without_position", file=path.name)
        return Grid(crs, tuple(raster.transform)[:6], raster.width, raster.height)


def read_rasters(sources: Sequence[PopulationSource], grid: Grid, area: Area, settlement: Settlement) -> Part:
    """Return the points of rasters on one grid, with one weight per group.

    Raises
    ------
    InputError
        The grid does not overlap the area, or a cell holds negative or infinite people.
    """
    window = _window(grid, area)
    if window is None:
        raise InputError("demand.raster_elsewhere", file=sources[0].path.name)
    layers = [_read_layer(source, window) for source in sources]
    rows, columns = np.nonzero(np.logical_or.reduce([layer > 0 for layer in layers]))
    x, y = _through(grid.transform, columns + (window.col_off + 0.5), rows + (window.row_off + 0.5))
    lon, lat = (x, y) if grid.crs == WGS84 else transformer(grid.crs, WGS84).transform(x, y)
    shapely.prepare(area.geometry)
    inside = shapely.contains_xy(area.geometry, lon, lat)
    east, north = transformer(WGS84, area.crs).transform(lon[inside], lat[inside])
    cells = (rows[inside] + window.row_off).astype(np.int64) * grid.width + columns[inside] + window.col_off + 1
    methods = settlement.methods(sources[0], "centre")
    most = np.max([layer[rows, columns][inside] for layer in layers], axis=0)
    pieces = _places(cells, most, east, north, grid, methods, sources[0], settlement) if methods else None
    weights: Weights = {}
    for source, layer in zip(sources, layers, strict=True):
        people = layer[rows, columns].astype(np.float64)
        _account(source, people, inside)
        people = people[inside]
        if pieces is not None:
            report_standing(source, people, pieces.how, preferred=methods, of="cells")
            people = share_out(people, pieces.owner, pieces.weight)
        add_up(weights, source, people)
    if pieces is not None:
        cells, east, north = cells[pieces.owner], pieces.x, pieces.y
    return Part(sources[0].path.name, cells, east, north, weights)


def _places(
    cells: Ints,
    people: Floats,
    x: Floats,
    y: Floats,
    grid: Grid,
    methods: tuple[int, ...],
    source: PopulationSource,
    settlement: Settlement,
) -> Pieces:
    """Return where the people of some cells stand: at what lies in the cell and in the area, else at its centre."""
    area = settlement.area
    backward = tuple(~rasterio.Affine(*grid.transform))[:6]

    def cell_of(spot_x: Floats, spot_y: Floats) -> Ints:
        lon, lat = transformer(area.crs, WGS84).transform(spot_x, spot_y)
        at = (lon, lat) if grid.crs == WGS84 else transformer(WGS84, grid.crs).transform(lon, lat)
        column, row = (np.floor(part) for part in _through(backward, *at))
        number = (row * grid.width + column + 1).astype(np.int64)
        found = np.minimum(np.searchsorted(cells, number), len(cells) - 1)
        own = (cells[found] == number) & (column >= 0) & (column < grid.width)
        own[own] = shapely.contains_xy(area.geometry, lon[own], lat[own])
        return np.where(own, found, -1)

    if not len(cells):
        return Pieces(cells, x, y, np.ones(0), np.zeros(0, np.int8))
    pieces = stand_in_cells(people, cell_of, methods, source, settlement, cell_m2=_cell_m2(grid, area))
    bare = np.flatnonzero(pieces.how == NEITHER)
    owner = np.concatenate((pieces.owner, bare))
    order = np.argsort(owner, kind="stable")
    columns = ((pieces.x, x[bare]), (pieces.y, y[bare]), (pieces.weight, np.ones(len(bare))))
    place_x, place_y, weight = (np.concatenate(pair)[order] for pair in columns)
    return Pieces(owner[order], place_x, place_y, weight, pieces.how)


def _cell_m2(grid: Grid, area: Area) -> float:
    """Return the surface of a cell in the middle of the area, square metres."""
    lon, lat = area.geometry.centroid.coords[0]
    x, y = transformer(WGS84, grid.crs).transform(lon, lat)
    a, b, _, d, e, _ = grid.transform
    corners = transformer(grid.crs, area.crs).transform([x, x + a, x + b], [y, y + d, y + e])
    (x0, x1, x2), (y0, y1, y2) = corners
    return float(abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)))


@contextmanager
def _opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    with ExitStack() as stack:
        try:
            raster = stack.enter_context(open_raster(path))
        except rasterio.errors.RasterioIOError as fault:
            raise InputError("demand.no_raster", file=path.name, found=looks_like(path) or "?") from fault
        yield raster


def _window(grid: Grid, area: Area) -> Window | None:
    """Return the cells around the area, None where the grid does not reach it."""
    low_x, low_y, high_x, high_y = area.geometry.bounds
    west, south, east, north = transformer(WGS84, grid.crs).transform_bounds(
        low_x, low_y, high_x, high_y, densify_pts=21
    )
    if not np.isfinite([west, south, east, north]).all():
        return None
    backward = tuple(~rasterio.Affine(*grid.transform))[:6]
    columns, rows = _through(backward, np.array([west, west, east, east]), np.array([south, north, south, north]))
    left, top = math.floor(columns.min()), math.floor(rows.min())
    right, bottom = math.ceil(columns.max()), math.ceil(rows.max())
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, grid.width), min(bottom, grid.height)
    return Window(left, top, right - left, bottom - top) if left < right and top < bottom else None


def _through(transform: tuple[float, ...], column: Floats, row: Floats) -> tuple[Floats, Floats]:
    """Return x, y of (column, row) by an affine transform's six numbers."""
    a, b, c, d, e, f = transform
    return a * column + b * row + c, d * column + e * row + f


def _read_layer(source: PopulationSource, window: Window) -> NDArray[np.floating]:
    """Return the people per cell of the window, 0 where the raster has no data."""
    path, report = source.path, source.report
    with _opened(path) as raster:
        try:
            band = raster.read(1, window=window, masked=True)
        except rasterio.errors.RasterioIOError as fault:
            raise InputError("demand.damaged_raster", file=path.name) from fault
        scale, offset = raster.scales[0], raster.offsets[0]
    empty = np.ma.getmaskarray(band)
    values = band.data if np.issubdtype(band.dtype, np.floating) else band.data.astype(np.float64)
    if (scale, offset) != (1.0, 0.0):
        values = values.astype(np.float64) * scale + offset
    not_a_number = ~empty & np.isnan(values)
    wrong = ~empty & ((values < 0) | np.isinf(values))
    if wrong.any():
        row, column = (int(part[0]) for part in np.nonzero(wrong))
        raise InputError(
            "demand.bad_cell",
            file=path.name,
            row=row + window.row_off + 1,
            column=column + window.col_off + 1,
            value=float(values[row, column]),
            count=int(wrong.sum()),
        )
    people = np.where(empty | not_a_number, 0, values)
    report.figures |= {
        "cells_read": int(values.size),
        "cells_without_data": int(empty.sum()),
        "cells_not_a_number": int(not_a_number.sum()),
        "cells_with_people": int((people > 0).sum()),
    }
    if not_a_number.any():
        report.add("demand.cells_not_a_number", "doubtful", count=int(not_a_number.sum()))
    return people


def _account(source: PopulationSource, people: Floats, inside: NDArray[np.bool_]) -> None:
    outside = people[~inside]
    source.report.rows_read = int((people > 0).sum())
    source.report.rows_used = int((people[inside] > 0).sum())
    source.report.figures["cells_outside"] = int((outside > 0).sum())
    account(source.report, placed=math.fsum(people[inside]), outside=math.fsum(outside))
    note_kind(source, None)
    report_outside(source.report, int((outside > 0).sum()), float(outside.sum()), of="cells")
