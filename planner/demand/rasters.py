"""A population grid to demand points: each cell with people whose centre lies in the study area is a point at that centre.

Where the project asks for it, its people stand at the dwellings or street stretches in the cell instead, where there are any.
Only the part of the grid around the area is read, and the figures count that part alone. Several rasters on one grid share
points.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from planner.boundaries import Area
from planner.crs import WGS84, transformer
from planner.demand.dasymetric import NEITHER, Ints, Pieces, Settlement, report_standing, stand_in_cells
from planner.demand.exact_shares import share_out
from planner.demand.model import Floats, Part, PopulationSource, Weights, account, add_up, report_outside
from planner.demand.residency import note_kind
from planner.errors import InputError
from planner.rasters import Bounds, Grid, cells_around, footprint, read_cells, window_of

RASTER_SUFFIXES = frozenset({".tif", ".tiff", ".img", ".asc"})

_MOST_PER_KM2, _MOST_IN_CELL, _MOST_ON_EARTH = 2e6, 20_000.0, 1e9
"""Nobody lives closer than in Kowloon's walled city, 1.9 million a km2 (but in one tower of a small cell): it is a fill value."""

_CROWDED_PER_KM2, _CROWDED_IN_CELL = 3e5, 5_000.0


def read_rasters(sources: Sequence[PopulationSource], grid: Grid, area: Area, settlement: Settlement) -> Part:
    """Return the points of rasters on one grid, with one weight per group.

    Raises
    ------
    InputError
        The grid does not overlap the area, or a cell holds negative people, or more than can live there.
    """
    around = _around(grid, area)
    window = window_of(grid, around, file=sources[0].path.name)
    ends = window.col_off, window.row_off, window.col_off + window.width, window.row_off + window.height
    covers = area.geometry_m if ends == around else footprint(grid, window, area.crs) or area.geometry_m
    cell_m2 = _cell_m2(grid, area)
    layers = [_read_layer(source, window, cell_m2) for source in sources]
    rows, columns = np.nonzero(np.logical_or.reduce([layer > 0 for layer in layers]))
    x, y = grid.places(columns + (window.col_off + 0.5), rows + (window.row_off + 0.5))
    lon, lat = (x, y) if grid.crs == WGS84 else transformer(grid.crs, WGS84).transform(x, y)
    inside = area.holds(lon, lat)
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
    return Part(sources[0].path.name, cells, east, north, weights, covers=covers)


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

    def cell_of(spot_x: Floats, spot_y: Floats) -> Ints:
        lon, lat = transformer(area.crs, WGS84).transform(spot_x, spot_y)
        at = (lon, lat) if grid.crs == WGS84 else transformer(WGS84, grid.crs).transform(lon, lat)
        column, row = (np.floor(part) for part in grid.cells(*at))
        number = (row * grid.width + column + 1).astype(np.int64)
        found = np.minimum(np.searchsorted(cells, number), len(cells) - 1)
        own = (cells[found] == number) & (column >= 0) & (column < grid.width)
        own[own] = area.holds(lon[own], lat[own])
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


def _around(grid: Grid, area: Area) -> Bounds | None:
    """Return the cells around the area; around its metres where it lies on both sides of the antimeridian."""
    west, _, east, _ = area.geometry.bounds
    if east - west > 180:
        return cells_around(grid, area.crs, area.geometry_m.bounds)
    return cells_around(grid, WGS84, area.geometry.bounds)


def _cell_m2(grid: Grid, area: Area) -> float:
    """Return the surface of a cell in the middle of the area, square metres."""
    lon, lat = area.geometry.centroid.coords[0]
    x, y = transformer(WGS84, grid.crs).transform(lon, lat)
    a, b, _, d, e, _ = grid.transform
    corners = transformer(grid.crs, area.crs).transform([x, x + a, x + b], [y, y + d, y + e])
    (x0, x1, x2), (y0, y1, y2) = corners
    return float(abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)))


def _read_layer(source: PopulationSource, window: Window, cell_m2: float) -> NDArray[np.floating]:
    """Return the people per cell of the window, 0 where the raster has no data."""
    path, report = source.path, source.report
    cells = read_cells(path, window)
    values, empty = cells.values, cells.is_empty
    not_a_number = ~empty & np.isnan(values)
    most = max(_MOST_IN_CELL, _MOST_PER_KM2 * cell_m2 / 1e6)
    wrong = ~empty & ((values < 0) | (values > min(most, _MOST_ON_EARTH)))
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
    if cells.ceiling is not None and (full := int((people == cells.ceiling).sum())):
        report.add("demand.cells_at_ceiling", "doubtful", count=full, value=cells.ceiling)
    crowded = (people > max(_CROWDED_IN_CELL, _CROWDED_PER_KM2 * cell_m2 / 1e6)).sum()
    if crowded:
        report.add("demand.cells_crowded", "doubtful", count=int(crowded), value=float(people.max()))
    return people


def _account(source: PopulationSource, people: Floats, inside: NDArray[np.bool_]) -> None:
    outside = people[~inside]
    source.report.rows_read = int((people > 0).sum())
    source.report.rows_used = int((people[inside] > 0).sum())
    source.report.figures["cells_outside"] = int((outside > 0).sum())
    account(source.report, placed=math.fsum(people[inside]), outside=math.fsum(outside))
    note_kind(source, None)
    report_outside(source.report, int((outside > 0).sum()), float(outside.sum()), of="cells")
