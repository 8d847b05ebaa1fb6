"""People of polygons (villages, census units) to demand points on a regular grid, by area.

People are taken to live evenly over their polygon: the share of its surface that lies in the study area is the share of its
people who do. They stand on the cells of a 100 m grid cut to the polygon, each cell with people in proportion to its surface.
"""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from planner.boundaries import Area, polygons_wgs84, to_metres
from planner.demand.model import Floats, Job, Part, account, add_up, report_outside
from planner.demand.point_tables import left_out_rows, people_of, share_account

CELL_M = 100.0
SLIVER_M2 = 100.0  # pieces below a hundredth of a cell make no point of their own: their people stand on the others


def read_polygons(jobs: Sequence[Job], frame: gpd.GeoDataFrame, area: Area) -> Part:
    """Return the points of one layer of polygons, with one weight per group.

    Raises
    ------
    InputError
        There is no such column, or it holds negative people.
    GeometryError, CRSError
        As `planner.boundaries.polygons_wgs84`.
    """
    layer = polygons_wgs84(frame, datum=jobs[0].source.datum, report=jobs[0].report)
    share_account(jobs)
    shapes = [shapely.make_valid(to_metres(shape, area.crs)) for shape in layer.geometry]
    inside = [_surface(shapely.intersection(shape, area.geometry_m)) for shape in shapes]
    total, within = shapely.area(shapes), shapely.area(inside)
    share = np.divide(within, total, out=np.zeros(len(total)), where=total > 0)
    share[within >= total * (1 - 1e-12)] = 1.0  # a polygon that lies in the area whole
    share[total == 0] = 0.0
    cells = [spread(shape) for shape in inside]
    counts = np.array([len(cell[0]) for cell in cells], dtype=np.int64)
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    weights: dict[str, Floats] = {}
    left_out: list[dict[str, Any]] = []
    reason = np.full(len(frame), "no_surface", dtype=object)
    for job in jobs:
        people = people_of(frame, job)
        known, people = ~np.isnan(people), np.nan_to_num(people)
        flat = total == 0
        left_out += left_out_rows(job, people, rows, flat & (people > 0), reason)
        placed = people * share
        _account(job, people, placed, known & ~flat, flat)
        parts = [_in_proportion(number, surface) for number, (_, _, surface) in zip(placed, cells, strict=True)]
        add_up(weights, job.source.group, np.concatenate(parts))
    x, y = (np.concatenate([cell[axis] for cell in cells]) for axis in (0, 1))
    return Part(jobs[0].source.path.name, np.repeat(rows, counts), x, y, weights, left_out)


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


def _in_proportion(people: float, surface: Floats) -> Floats:
    return surface * (people / surface.sum()) if len(surface) else surface


def _account(job: Job, people: Floats, placed: Floats, located: NDArray[np.bool_], flat: NDArray[np.bool_]) -> None:
    beyond = located & (placed == 0) & (people > 0)
    job.report.rows_used = int((located & ~beyond).sum())
    outside = float((people - placed)[~flat].sum())
    job.report.figures["shapes_outside"] = int(beyond.sum())
    job.report.figures["shapes_cut"] = int((located & (placed > 0) & (placed < people)).sum())
    account(job.report, placed=float(placed.sum()), outside=outside, left_out=float(people[flat].sum()))
    report_outside(job.report, int(beyond.sum()), float(people[beyond].sum()), of="shapes")
