"""From chains of shared points to the arrays of a network: nodes at junctions and dead ends, stretches between them.

Points that ways share join them; a segment mapped twice is taken once; chains are cut at junctions and dead ends and joined
everywhere else, whatever way they came from. Nodes are numbered along a Hilbert curve, so that neighbours on the ground are
neighbours in memory, and edges by their nodes.
"""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import Geometry

from planner.crs import WGS84, metric_crs, transformer
from planner.errors import NetworkError
from planner.kernels.trace import trace_stretches
from planner.streets.joining.ways import Ways
from planner.streets.network import Network
from planner.streets.surface import FOR_WALKERS, segment_surface


def build_network(ways: Ways, *, boundary: Geometry | None, buffer_m: float, source: str) -> Network:
    """Return the network of some ways.

    `boundary` (WGS 84) limits the network to the segments that touch it, widened by `buffer_m` metres; the metric CRS is
    that of its centre, or of the streets' own where there is none.

    Raises
    ------
    NetworkError
        No street lies within the boundary, or there is none at all.
    """
    present = np.isfinite(ways.longitude)
    point_ref, first, point_of = np.unique(ways.point_ref, return_index=True, return_inverse=True)
    lon, lat = ways.longitude[first], ways.latitude[first]
    if boundary is not None:
        west, south, east, north = boundary.bounds
        crs = metric_crs([west, east], [south, north])
    else:
        crs = metric_crs(lon[np.isfinite(lon)], lat[np.isfinite(lat)])
    x, y = transformer(WGS84, crs).transform(lon, lat)

    start, end, way = _segments(ways.indptr, point_of, present)
    figures = dict(ways.figures)
    if boundary is not None and len(start):
        start, end, way = _clip(start, end, way, x, y, _widened(boundary, crs, buffer_m), source)
    start, end, way, repeated = _without_repeats(start, end, way)
    figures["segments_repeated"] = repeated
    if len(start) == 0:
        raise NetworkError("streets.no_segments", file=source)

    used = np.unique(np.concatenate((start, end)))
    order = used[_hilbert_order(x[used], y[used], point_ref[used])]
    rank = np.full(len(point_ref), -1, np.int64)
    rank[order] = np.arange(len(order))
    mark = np.zeros(len(point_ref), np.uint8)
    np.maximum.at(mark, point_of, ways.marks)
    for_walkers = np.array([name in FOR_WALKERS for name in ways.classes])[ways.way_class[way]]
    surface = segment_surface(ways.surfaces[way], for_walkers, mark[start], mark[end])
    arrays = _stretches(rank[start], rank[end], ways.way_class[way], surface, x[order], y[order])
    node_point = arrays.pop("node_point")
    plain = np.ones(len(arrays["edge_from"]))
    return Network(
        **arrays,
        crs=crs,
        node_ref=point_ref[order][node_point],
        factor_forward=plain,
        factor_backward=plain.copy(),
        classes=ways.classes,
        extent=ways.extent,
        figures=figures,
    )


def _segments(
    indptr: NDArray[np.int64], point: NDArray[np.int64], present: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Cut ways into segments `(start, end, way)`; a point that the file does not hold breaks its way."""
    way = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    joined = (way[1:] == way[:-1]) & present[1:] & present[:-1] & (point[1:] != point[:-1])
    return point[:-1][joined], point[1:][joined], way[:-1][joined]


def _widened(boundary: Geometry, crs: CRS, buffer_m: float) -> Geometry:
    in_metres = gpd.GeoSeries([boundary], crs=WGS84).to_crs(crs).iloc[0]
    return shapely.buffer(in_metres, buffer_m) if buffer_m > 0 else in_metres


def _clip(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    way: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    area: Geometry,
    source: str,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Keep the segments that touch `area`, whole."""
    shapely.prepare(area)
    inside = shapely.contains_xy(area, x, y)
    keep = inside[start] | inside[end]
    west, south, east, north = area.bounds
    near = (
        (np.minimum(x[start], x[end]) <= east)
        & (np.maximum(x[start], x[end]) >= west)
        & (np.minimum(y[start], y[end]) <= north)
        & (np.maximum(y[start], y[end]) >= south)
    )
    doubtful = np.flatnonzero(near & ~keep)
    if len(doubtful):
        a, b = start[doubtful], end[doubtful]
        lines = shapely.linestrings(np.stack((x[a], y[a], x[b], y[b]), axis=1).reshape(-1, 2, 2))
        keep[doubtful] = shapely.intersects(area, lines)
    if not keep.any():
        raise NetworkError(
            "streets.no_overlap",
            file=source,
            distance_km=round(_gap_m(x[np.concatenate((start, end))], y[np.concatenate((start, end))], area) / 1000, 1),
        )
    return start[keep], end[keep], way[keep]


def _gap_m(x: NDArray[np.float64], y: NDArray[np.float64], area: Geometry) -> float:
    return float(shapely.distance(area, shapely.box(np.min(x), np.min(y), np.max(x), np.max(y))))


def _without_repeats(
    start: NDArray[np.int64], end: NDArray[np.int64], way: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
    """Take a segment between the same two points once: the first mapped."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((np.arange(len(low)), high, low))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    keep = np.sort(order[fresh])
    return start[keep], end[keep], way[keep], len(start) - len(keep)


def _hilbert_order(x: NDArray[np.float64], y: NDArray[np.float64], ref: NDArray[np.int64]) -> NDArray[np.int64]:
    distance = gpd.GeoSeries(shapely.points(x, y)).hilbert_distance().to_numpy()
    return np.lexsort((ref, y, x, distance))


def _stretches(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    segment_class: NDArray[np.int16],
    surface: NDArray[np.uint8],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> dict[str, Any]:
    """Join segments into stretches; points come in the order in which nodes shall be numbered."""
    n_points, n_segments = len(x), len(start)
    tail, head = np.concatenate((start, end)), np.concatenate((end, start))
    by_tail = np.lexsort((head, tail))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=n_points))))
    segment = np.concatenate((np.arange(n_segments), np.arange(n_segments)))[by_tail]
    is_node = np.diff(indptr) != 2
    chain_indptr, chain_point, chain_segment, is_node = trace_stretches(indptr, head[by_tail], segment, is_node)

    node_of = np.cumsum(is_node) - 1
    first, last = chain_indptr[:-1], chain_indptr[1:] - 1
    edge_from, edge_to = node_of[chain_point[first]], node_of[chain_point[last]]
    vertex_x, vertex_y = x[chain_point], y[chain_point]
    step_m = np.zeros(len(chain_point))
    step_m[1:] = np.hypot(np.diff(vertex_x), np.diff(vertex_y))
    step_m[first] = 0.0
    return {
        "node_point": np.flatnonzero(is_node),
        "node_x": x[is_node],
        "node_y": y[is_node],
        "edge_from": edge_from.astype(np.int32),
        "edge_to": edge_to.astype(np.int32),
        "edge_class": _longest_class(segment_class, chain_segment, step_m, first),
        "vertex_surface": np.where(chain_segment >= 0, surface[chain_segment], 0).astype(np.uint8),
        "vertex_indptr": chain_indptr,
        "vertex_x": vertex_x,
        "vertex_y": vertex_y,
    }


def _longest_class(
    segment_class: NDArray[np.int16],
    chain_segment: NDArray[np.int64],
    step_m: NDArray[np.float64],
    first: NDArray[np.int64],
) -> NDArray[np.int16]:
    """Return the street class of each chain's longest segment."""
    chain = np.zeros(len(step_m), np.int64)
    chain[first[1:]] = 1
    chain = np.cumsum(chain)
    order = np.lexsort((np.arange(len(step_m)), -step_m, chain_segment < 0, chain))
    return segment_class[chain_segment[order[first]]]
