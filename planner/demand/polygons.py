"""People of polygons (villages, census units) to demand points: at its dwellings, along its streets, or evenly over it.

The share of a polygon's surface that lies in the study area is the share of its people who count, wherever they stand. What
`planner.demand.dasymetric` finds no place for stands on the cells of a 100 m grid cut to the polygon, each with people in
proportion to its surface.
"""

import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from planner.boundaries import Area, polygons_wgs84, to_metres
from planner.demand.dasymetric import NEITHER, Pieces, Settlement, report_standing, stand_in_shapes
from planner.demand.exact_shares import cut_off, share_out
from planner.demand.model import Floats, Part, PopulationSource, Weights, account, add_up, report_outside
from planner.demand.point_tables import left_out_rows, people_of, share_account

CELL_M = 100.0
WHOLE = 1e-6  # of a surface: what conversions between degrees and metres bend off a border that is the area's own
SLIVER_M2 = 100.0  # pieces below a hundredth of a cell make no point of their own: their people stand on the others


def read_polygons(
    sources: Sequence[PopulationSource], frame: gpd.GeoDataFrame, area: Area, settlement: Settlement
) -> Part:
    """Return the points of one layer of polygons, with one weight per group.

    Raises
    ------
    InputError
        There is no such column, or it holds negative people; buildings are wanted and cannot be read.
    GeometryError, CRSError
        As `planner.boundaries.polygons_wgs84`.
    """
    layer = polygons_wgs84(frame, datum=sources[0].section.datum, report=sources[0].report)
    share_account(sources)
    people = [people_of(frame, source, sources) for source in sources]
    shapes = np.array([to_metres(shape, area.crs) for shape in layer.geometry], dtype=object)
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    return spread_people(sources, shapes, rows, people, area=area, settlement=settlement)


def spread_people(
    sources: Sequence[PopulationSource],
    shapes: NDArray[np.object_],
    rows: NDArray[np.int64],
    people: Sequence[Floats],
    *,
    area: Area,
    settlement: Settlement,
) -> Part:
    """Return the points of some polygons (metres of the area), one weight per group; `people` by source, NaN where unknown."""
    shapes = shapely.make_valid(shapes)
    inside = np.array([_surface(shapely.intersection(shape, area.geometry_m)) for shape in shapes], dtype=object)
    total, within = shapely.area(shapes), shapely.area(inside)
    share = np.divide(within, total, out=np.zeros(len(total)), where=total > 0)
    share[within >= total * (1 - WHOLE)] = 1.0  # a polygon that lies in the area whole
    share[total == 0] = 0.0
    methods = settlement.methods(sources[0], "auto")
    most = np.max([np.nan_to_num(numbers) for numbers in people], axis=0) * share
    pieces = _with_surfaces(stand_in_shapes(inside, most, methods, sources[0], settlement), inside)
    share[np.bincount(pieces.owner, minlength=len(shapes)) == 0] = 0.0
    weights: Weights = {}
    left_out: list[dict[str, Any]] = []
    reason = np.full(len(rows), "no_surface", dtype=object)
    for source, numbers in zip(sources, people, strict=True):
        known, counted = ~np.isnan(numbers), np.nan_to_num(numbers)
        flat = total == 0
        left_out += left_out_rows(source, counted, rows, flat & (counted > 0), reason)
        placed = cut_off(counted, share)
        _account(source, counted, placed, known & ~flat, flat)
        report_standing(source, placed, pieces.how, preferred=methods, of="polygons")
        add_up(weights, source, share_out(placed, pieces.owner, pieces.weight))
    return Part(sources[0].path.name, rows[pieces.owner], pieces.x, pieces.y, weights, left_out)


def _with_surfaces(pieces: Pieces, shapes: NDArray[np.object_]) -> Pieces:
    """Return the pieces, with those of the grid for polygons that have none yet; in the order of the polygons."""
    bare = np.flatnonzero(pieces.how == NEITHER)
    cells = [spread(shapes[at]) for at in bare]
    owner = np.concatenate([pieces.owner, np.repeat(bare, [len(cell[0]) for cell in cells])]).astype(np.int64)
    x, y, weight = (
        np.concatenate([known, *(cell[axis] for cell in cells)])
        for axis, known in enumerate((pieces.x, pieces.y, pieces.weight))
    )
    order = np.argsort(owner, kind="stable")
    return Pieces(owner[order], x[order], y[order], weight[order], pieces.how)


def spread(shape: Polygon | MultiPolygon) -> tuple[Floats, Floats, Floats]:
    """Return x, y and surface (m2) of the pieces that the 100 m grid cuts a metric polygon into, row by row.

    A whole cell stands at its centre, a cut one at the centroid of its piece where that lies in the piece. Slivers are left
    off, but for the largest piece of a polygon that is all slivers.
    """
    if shape.is_empty:
        return np.empty(0), np.empty(0), np.empty(0)
    west, south, east, north = shape.bounds
    across = np.arange(np.floor(west / CELL_M), np.ceil(east / CELL_M)) * CELL_M
    up = np.arange(np.floor(south / CELL_M), np.ceil(north / CELL_M)) * CELL_M
    left, bottom = (corner.ravel() for corner in np.meshgrid(across, up))
    boxes = shapely.box(left, bottom, left + CELL_M, bottom + CELL_M)
    shapely.prepare(shape)
    touched = np.flatnonzero(shapely.intersects(shape, boxes))
    boxes = boxes[touched]
    pieces = boxes.copy()
    cut = ~shapely.contains(shape, boxes)
    pieces[cut] = shapely.intersection(shape, boxes[cut])
    surface = shapely.area(pieces)
    kept = surface >= min(SLIVER_M2, surface.max(initial=0.0))
    pieces, surface = pieces[kept], surface[kept]
    points = shapely.centroid(pieces)
    astray = ~shapely.intersects(pieces, points)
    points[astray] = shapely.point_on_surface(pieces[astray])
    return shapely.get_x(points), shapely.get_y(points), surface


def _surface(shape: Any) -> Polygon | MultiPolygon:
    """Return the polygons of an intersection, without the lines and points where outlines only touch."""
    if isinstance(shape, Polygon | MultiPolygon):
        return shape
    return MultiPolygon(
        [piece for part in shapely.get_parts(shape) if part.area > 0 for piece in shapely.get_parts(part)]
    )


def _account(
    source: PopulationSource, people: Floats, placed: Floats, located: NDArray[np.bool_], flat: NDArray[np.bool_]
) -> None:
    beyond = located & (placed == 0) & (people > 0)
    source.report.rows_used = int((located & ~beyond).sum())
    outside = math.fsum((people - placed)[~flat])
    source.report.figures["shapes_outside"] = int(beyond.sum())
    source.report.figures["shapes_cut"] = int((located & (placed > 0) & (placed < people)).sum())
    account(source.report, placed=math.fsum(placed), outside=outside, left_out=math.fsum(people[flat]))
    report_outside(source.report, int(beyond.sum()), float(people[beyond].sum()), of="shapes")
