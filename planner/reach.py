"""Which streets and which ground belong to which facility: stretches within a walk, and areas by who is nearest.

Beside `planner.isochrones`, which draws how far one facility reaches: here every stretch of street belongs to one facility, the
nearest on foot (a network Voronoi diagram: Erwig 2000, Networks 36(3), 156-163), and the ground belongs to the street next to it.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Unpack

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely import Geometry
from shapely.ops import substring

from planner.coverage import Places, Points, nearest
from planner.crs import WGS84, transformer
from planner.errors import InputError
from planner.searches import nearest_at_nodes
from planner.streets import StreetNetwork
from planner.streets.entrances import Entries
from planner.units import minutes_to_s
from planner.walk import Walk, WalkOptions, walk_of

_MOST_POINTS = 40_000_000
_Piece = tuple[int, float, float, int]  # edge, from where to where along it (0 to 1), facility


def reachable_streets(
    network: StreetNetwork,
    points: Points,
    *,
    minutes: Sequence[float] = (5, 10, 15),
    speed_m_s: float = 1.0,
    **options: Unpack[WalkOptions],
) -> gpd.GeoDataFrame:
    """Return the stretches of street within each number of minutes of each point, partial stretches cut where the time ends.

    A GeoDataFrame in WGS 84, point by point and by rising minutes: `point_index`, `minutes`, `length_m`, `geometry` (a
    MultiLineString, empty where a point has no street near).

    How people walk is said as in `planner.coverage`, in one direction; straight lines are no streets.

    Raises
    ------
    InputError
        No minutes, minutes outside 0-1440, or no walk (`planner.walk.Walk`).
    CRSError, GeometryError
        As `planner.streets.snap`.
    """
    bands = sorted({float(value) for value in minutes})
    if not bands:
        raise InputError("isochrones.no_minutes")
    walk = walk_of(speed_m_s, **options)
    places = _entered(network, points, walk)
    rows = []
    for i, value in itertools.product(range(len(places)), bands):
        pieces = _pieces(network, places[np.array([i])], walk, walk.limit_m(minutes_to_s(value)))
        lines = _lines(network, pieces)
        rows.append((i, value, float(shapely.length(lines).sum()), shapely.multilinestrings(lines)))
    columns = dict(
        zip(("point_index", "minutes", "length_m"), zip(*[row[:3] for row in rows], strict=True), strict=True)
    )
    shapes = np.array([row[3] for row in rows], object)
    return gpd.GeoDataFrame(
        columns or {"point_index": [], "minutes": [], "length_m": []}, geometry=_degrees(network, shapes), crs=WGS84
    )


def nearest_streets(
    network: StreetNetwork,
    points: Points,
    *,
    minutes: float | None = None,
    speed_m_s: float = 1.0,
    **options: Unpack[WalkOptions],
) -> gpd.GeoDataFrame:
    """Return every stretch of street with the point nearest on foot, cut where another becomes the nearest.

    A GeoDataFrame in WGS 84, by edge and along it: `edge`, `point_index`, `length_m`, `geometry` (LineString). Streets that
    lead to no point, or take more than `minutes`, are left out. Equally near points: the first.

    Raises
    ------
    InputError, CRSError, GeometryError
        As `reachable_streets`.
    """
    walk = walk_of(speed_m_s, **options)
    places = _entered(network, points, walk)
    limit_m = math.inf if minutes is None else walk.limit_m(minutes_to_s(minutes))
    pieces = _pieces(network, places, walk, limit_m)
    lines = _lines(network, pieces)
    columns = {
        "edge": np.array([piece[0] for piece in pieces], np.int64),
        "point_index": np.array([piece[3] for piece in pieces], np.int64),
        "length_m": shapely.length(lines),
    }
    return gpd.GeoDataFrame(columns, geometry=_degrees(network, lines), crs=WGS84)


def nearest_areas(
    network: StreetNetwork,
    points: Points,
    area: Geometry,
    *,
    step_m: float = 25.0,
    speed_m_s: float = 1.0,
    **options: Unpack[WalkOptions],
) -> gpd.GeoDataFrame:
    """Return the part of `area` (metres of the network's CRS) from which each point is the nearest on foot.

    A GeoDataFrame in WGS 84 with `point_index` and `geometry`, one row for each point that is nearest to some place. Places are
    snapped and walked like demand points, on a lattice of `step_m`; neighbours share their borders. What has no street within
    `max_snap_m`, or none that leads to a point, belongs to nobody.

    Raises
    ------
    InputError
        `step_m` is not above zero, or the lattice would be too large for the area.
    CRSError, GeometryError
        As `planner.streets.snap`.
    """
    walk = walk_of(speed_m_s, **options)
    west, south, east, north = area.bounds
    if not step_m > 0 or (east - west) * (north - south) / step_m**2 > _MOST_POINTS:
        raise InputError("isochrones.bad_resolution", value=step_m)
    places = _entered(network, points, walk)
    x = np.arange(math.floor(west / step_m), math.ceil(east / step_m)) * step_m + step_m / 2
    y = np.arange(math.ceil(north / step_m), math.floor(south / step_m), -1) * step_m - step_m / 2
    shape = (len(y), len(x))
    xs, ys = (axis.ravel() for axis in np.meshgrid(x, y))
    lattice = Places.at(network, xs, ys, max_snap_m=walk.max_snap_m)
    _, owner = nearest(network, lattice, places, walk=walk)
    image = owner.reshape(shape).astype(np.int32)
    corner = (
        Affine(step_m, 0, x[0] - step_m / 2, 0, -step_m, y[0] + step_m / 2) if len(x) and len(y) else Affine.identity()
    )
    parts = defaultdict(list)
    for outline, number in rasterio.features.shapes(image, mask=image >= 0, transform=corner):
        parts[int(number)].append(shapely.geometry.shape(outline))
    owners = sorted(parts)
    shapes = np.array([shapely.union_all(parts[number]) for number in owners], object)
    shapes = shapely.coverage_simplify(shapes, step_m) if len(shapes) else shapes
    shapes = shapely.intersection(shapes, area)
    kept = ~shapely.is_empty(shapes)
    return gpd.GeoDataFrame(
        {"point_index": np.array(owners, np.int64)[kept]}, geometry=_degrees(network, shapes[kept]), crs=WGS84
    )


def dissolve(isochrones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return isochrones (as `planner.isochrones.polygons` gives them) united, one row for each number of minutes."""
    bands = np.unique(isochrones["minutes"].to_numpy(float))
    shapes = [shapely.union_all(isochrones.geometry[isochrones["minutes"] == value].to_numpy()) for value in bands]
    return gpd.GeoDataFrame({"minutes": bands}, geometry=shapes, crs=isochrones.crs)


def _entered(network: StreetNetwork, points: Points, walk: Walk) -> Places:
    return points if isinstance(points, Places) else Places.of_facilities(network, points, max_snap_m=walk.max_snap_m)


def _pieces(network: StreetNetwork, places: Places, walk: Walk, limit_m: float) -> list[_Piece]:
    """Cut every edge by who is nearest within the limit, from its from-end on."""
    dist, facility = nearest_at_nodes(network, places, walk, limit_m=limit_m)
    efforts = network.efforts(walk.one_way)
    along, against = efforts.along_m, efforts.against_m
    from_m, to_m = dist[network.edge_from], dist[network.edge_to]
    from_f, to_f = facility[network.edge_from], facility[network.edge_to]
    entered = np.zeros(network.n_edges, bool)
    entries = places.entries
    entered[entries.edge] = True
    with np.errstate(invalid="ignore", divide="ignore"):
        meet = np.where(np.isfinite(from_m), (to_m + against - from_m) / (along + against), 0.0)
        meet = np.clip(np.where(np.isnan(meet), 0.5, meet), 0.0, 1.0)
        first_end = np.minimum(meet, np.where(along > 0, (limit_m - from_m) / along, 1.0))
        last_start = np.maximum(meet, 1.0 - np.where(against > 0, (limit_m - to_m) / against, 1.0))
    pieces: list[_Piece] = []
    plain = np.flatnonzero(~entered & (np.isfinite(from_m) | np.isfinite(to_m)) & (network.edge_length_m > 0))
    for e in plain.tolist():
        has_first, has_last = first_end[e] > 0 and from_f[e] >= 0, last_start[e] < 1 and to_f[e] >= 0
        if has_first and has_last and from_f[e] == to_f[e] and last_start[e] <= first_end[e]:
            pieces.append((e, 0.0, 1.0, int(from_f[e])))
            continue
        if has_first:
            pieces.append((e, 0.0, float(first_end[e]), int(from_f[e])))
        if has_last:
            pieces.append((e, float(last_start[e]), 1.0, int(to_f[e])))
    for e in np.flatnonzero(entered).tolist():
        ends = [(0.0, float(from_m[e]), int(from_f[e])), (1.0, float(to_m[e]), int(to_f[e]))]
        pieces += _cut_entered(e, ends, entries, float(along[e]), float(against[e]), limit_m)
    return sorted(pieces)


def _cut_entered(
    e: int, ends: list[tuple[float, float, int]], entries: Entries, along: float, against: float, limit_m: float
) -> list[_Piece]:
    """Cut an edge on which facilities stand: try every place where the nearest can change, and see who is between."""
    here, owner_of = np.flatnonzero(entries.edge == e), entries.facility
    sources = [source for source in ends if math.isfinite(source[1])]
    sources += [(float(entries.at[n]), float(entries.access_m[n]), int(owner_of[n])) for n in here]
    sources = [source for source in sources if source[1] <= limit_m]

    def walk(source: tuple[float, float, int], x: float) -> float:
        at, begin_m, _ = source
        return begin_m + ((x - at) * along if x >= at else (at - x) * against)

    cuts = {0.0, 1.0, *(source[0] for source in sources)}
    for at, begin_m, _ in sources:
        cuts |= {
            at + (limit_m - begin_m) / along if along > 0 else 1.0,
            at - (limit_m - begin_m) / against if against > 0 else 0.0,
        }
    for one, other in itertools.combinations(sorted(sources), 2):
        if along + against > 0:  # between the two: one walks on, the other comes back
            cuts.add((other[1] - one[1] + one[0] * along + other[0] * against) / (along + against))
    places = sorted(cut for cut in cuts if 0.0 <= cut <= 1.0)
    pieces: list[_Piece] = []
    for start, end in itertools.pairwise(places):
        middle = (start + end) / 2
        metres, owner = min(((walk(source, middle), source[2]) for source in sources), default=(math.inf, -1))
        if metres > limit_m:
            continue
        if pieces and pieces[-1][3] == owner and pieces[-1][2] == start:
            pieces[-1] = (e, pieces[-1][1], end, owner)
        else:
            pieces.append((e, start, end, owner))
    return pieces


def _lines(network: StreetNetwork, pieces: list[_Piece]) -> NDArray[np.object_]:
    """Return pieces of edges as LineStrings in the network's metres."""
    edges = np.array([piece[0] for piece in pieces], np.int64)
    first, sizes = network.vertex_indptr[edges], np.diff(network.vertex_indptr)[edges]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    vertex = np.repeat(first, sizes) + within
    xy = np.column_stack((network.vertex_x[vertex], network.vertex_y[vertex]))
    lines = (
        shapely.linestrings(xy, indices=np.repeat(np.arange(len(pieces)), sizes))
        if len(pieces)
        else np.empty(0, object)
    )
    for i, (_, start, end, _) in enumerate(pieces):
        if (start, end) != (0.0, 1.0):
            lines[i] = substring(lines[i], start, end, normalized=True)
    return np.asarray(lines, object)


def _degrees(network: StreetNetwork, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.transform(shapes, transformer(network.crs, WGS84).transform, interleaved=False), object)
