"""Where facilities are entered: several entrances are one facility, and one that is drawn as an area is reached at its edge.

1. A point is entered from the nearest position on a street, as a demand point is left.
2. Several points (a MultiPoint) are entered at any of them: the time is the least.
3. A polygon is entered at any point of its outline, each snapped as a point is: at its corners and at places at most
   `EDGE_STEP_M` apart along it. Streets within it or touching it are entered everywhere (every `EDGE_STEP_M`), without an access
   leg.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import transformer
from planner.errors import CRSError, GeometryError
from planner.streets.network import Network
from planner.streets.snapping import MAX_SNAP_M, Snapped, snap_xy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EDGE_STEP_M = 10.0
"""How far apart the places are at which a polygon is entered; a time is wrong by at most half of it."""

_POINT, _POLYGON, _MULTI_POINT, _MULTI_POLYGON = 0, 3, 4, 6


@dataclass(frozen=True)
class Entries:
    """Positions on streets: facility ``f`` is entered at ``indptr[f]:indptr[f + 1]``; one without a street has none.

    `edge`, `at` (0 to 1 from its from-end) and `access_m` as in `Snapped`.
    """

    indptr: Ints
    edge: Ints
    at: Floats
    access_m: Floats

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @classmethod
    def of(cls, snapped: Snapped) -> "Entries":
        """Return facilities with one entry each."""
        found = snapped.found
        indptr = np.concatenate(([0], np.cumsum(found)))
        return cls(indptr, snapped.edge[found], snapped.at[found], snapped.distance_m[found])

    @property
    def facility(self) -> NDArray[np.int32]:
        """The facility of each entry."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.indptr))

    def __getitem__(self, index: Ints | NDArray[np.bool_]) -> "Entries":
        chosen = np.arange(len(self))[index]
        counts = np.diff(self.indptr)[chosen]
        starts = np.concatenate(([0], np.cumsum(counts)))
        entry = np.arange(starts[-1]) + np.repeat(self.indptr[:-1][chosen] - starts[:-1], counts)
        return Entries(starts, self.edge[entry], self.at[entry], self.access_m[entry])

    def nearest(self) -> Snapped:
        """Return the entry of each facility with the shortest access leg."""
        edge, at, access_m = np.full(len(self), -1, np.int64), np.zeros(len(self)), np.full(len(self), np.inf)
        order = np.lexsort((np.arange(len(self.edge)), self.access_m, self.facility))
        first = order[self.indptr[:-1][np.diff(self.indptr) > 0]]
        of = self.facility[first]
        edge[of], at[of], access_m[of] = self.edge[first], self.at[first], self.access_m[first]
        return Snapped(edge, at, access_m)


def enter(
    network: Network,
    shapes: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    max_snap_m: float = MAX_SNAP_M,
    threads: int | None = None,
) -> tuple[Floats, Floats, Entries]:
    """Return ``(x, y, entries)`` of facilities given as points, several points, or polygons, in any CRS.

    `x` and `y` (metres) stand for the facility as a whole: the point, the middle of several, a point within a polygon.

    Raises
    ------
    CRSError
        The shapes have no CRS.
    GeometryError
        Some are neither points nor polygons.
    InputError
        `max_snap_m` is not a distance.
    """
    if shapes.crs is None:
        raise CRSError("streets.no_crs")
    geometry = shapes.geometry.to_numpy()
    kind = shapely.get_type_id(geometry)
    wrong = np.flatnonzero(~np.isin(kind, (-1, _POINT, _POLYGON, _MULTI_POINT, _MULTI_POLYGON)))
    if len(wrong):
        row = int(wrong[0])
        raise GeometryError("streets.not_facilities", count=len(wrong), row=row, kind=geometry[row].geom_type)
    geometry = np.where(shapely.is_empty(geometry), None, geometry)
    if shapes.crs != network.crs:
        to_metres = transformer(shapes.crs, network.crs).transform
        geometry = np.asarray(shapely.transform(geometry, to_metres, interleaved=False), object)
    is_area = np.isin(kind, (_POLYGON, _MULTI_POLYGON)) & (geometry != None)  # noqa: E711  elementwise
    geometry[is_area] = shapely.make_valid(geometry[is_area], method="structure", keep_collapsed=False)
    xy, facility = _asked(geometry, is_area)
    snapped = snap_xy(network, xy[:, 0], xy[:, 1], max_snap_m=max_snap_m, threads=threads)
    found = snapped.found
    facility, edge, at, access_m = facility[found], snapped.edge[found], snapped.at[found], snapped.distance_m[found]
    inner = [(f, *inside) for f in np.flatnonzero(is_area).tolist() for inside in _streets_within(network, geometry[f])]
    if inner:
        of, inner_edge, inner_at = (np.array(column) for column in zip(*inner, strict=True))
        facility, edge, at = np.append(facility, of), np.append(edge, inner_edge), np.append(at, inner_at)
        access_m = np.append(access_m, np.zeros(len(of)))
    order = np.lexsort((access_m, at, edge, facility))
    same = np.zeros(len(order), bool)
    same[1:] = np.all([np.diff(column[order]) == 0 for column in (facility, edge, at)], axis=0)
    order = order[~same]
    indptr = np.concatenate(([0], np.cumsum(np.bincount(facility[order], minlength=len(geometry)))))
    middle = shapely.point_on_surface(geometry)
    several = kind == _MULTI_POINT
    middle[several] = shapely.centroid(geometry[several])
    return shapely.get_x(middle), shapely.get_y(middle), Entries(indptr, edge[order], at[order], access_m[order])


def positions_xy(network: Network, edge: Ints, at: Floats) -> tuple[Floats, Floats]:
    """Return the coordinates (metres) of positions on streets."""
    offset = np.concatenate(([0.0], np.cumsum(network.edge_length_m + 1.0)))  # all edges in a row, a metre apart
    line = network.vertex_m + np.repeat(offset[:-1], np.diff(network.vertex_indptr))
    asked = offset[edge] + at * network.edge_length_m[edge]
    return np.interp(asked, line, network.vertex_x), np.interp(asked, line, network.vertex_y)


def group_entrances(points: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """Return one row for each value of `column` (its first row's), the geometry all its points; a row without a value is its own.

    Points without coordinates are left out of their facility.
    """
    keys = points[column].to_numpy(object)
    first: dict[object, int] = {}
    own = [i if key is None or key != key else first.setdefault(key, i) for i, key in enumerate(keys)]
    kept = sorted(set(own))
    shapes = points.geometry.to_numpy()
    parts: dict[int, list[shapely.Point]] = {i: [] for i in kept}
    for i, owner in enumerate(own):
        if shapes[i] is not None and not shapes[i].is_empty:
            parts[owner].extend(shapely.get_parts(shapes[i]))
    together = [parts[i][0] if len(parts[i]) == 1 else shapely.MultiPoint(parts[i]) for i in kept]
    return points.iloc[kept].set_geometry(gpd.GeoSeries(together, crs=points.crs, index=points.index[kept]))


def _asked(geometry: NDArray[np.object_], is_area: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """Return the points to be snapped, and the facility of each."""
    shapes = geometry.copy()
    shapes[is_area] = shapely.segmentize(shapely.boundary(geometry[is_area]), EDGE_STEP_M)
    xy, facility = shapely.get_coordinates(shapes, return_index=True)
    return xy, facility.astype(np.int64)


def _streets_within(network: Network, area: shapely.Geometry) -> Iterator[tuple[int, float]]:
    """Yield positions ``(edge, at)`` on the streets that an area holds or touches: where they enter it, and on their way."""
    grid = network.grid
    west, south, east, north = area.bounds
    columns = np.clip(np.floor((np.array([west, east]) - grid.x0) / grid.cell_m), 0, grid.n_columns - 1).astype(int)
    rows = np.clip(np.floor((np.array([south, north]) - grid.y0) / grid.cell_m), 0, grid.n_rows - 1).astype(int)
    lists = [
        grid.segment[grid.indptr[r * grid.n_columns + c] : grid.indptr[r * grid.n_columns + c + 1]]
        for r in range(rows[0], rows[1] + 1)
        for c in range(columns[0], columns[1] + 1)
    ]
    near = np.unique(np.concatenate(lists)).astype(np.int64)
    ends = np.stack((grid.ax[near], grid.ay[near], grid.bx[near], grid.by[near]), axis=1).reshape(-1, 2, 2)
    lines = shapely.linestrings(ends)
    shapely.prepare(area)
    for k in np.flatnonzero(shapely.intersects(area, lines)).tolist():
        edge = int(grid.edge[near[k]])
        start_m, length_m = float(network.segment_start_m[near[k]]), float(network.edge_length_m[edge])
        inside = shapely.segmentize(shapely.intersection(lines[k], area), EDGE_STEP_M)
        for x, y in shapely.get_coordinates(inside).tolist():
            metres = start_m + float(np.hypot(x - ends[k, 0, 0], y - ends[k, 0, 1]))
            yield edge, min(1.0, metres / length_m) if length_m > 0 else 0.0
