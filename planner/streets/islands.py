"""Islands of streets: small parts that hang together but not with the rest, joined on request, listed with the people on them.

Most are slips of the pen: a footway drawn to the kerb and not to the road. Within a tolerance each is joined to what is nearest
on its own level by a straight link, the shortest gaps first; no joint goes unreported.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import WGS84
from planner.errors import InputError
from planner.findings import InputReport
from planner.streets.readers.chains import Web, web_of
from planner.streets.readers.osm import RawWays
from planner.streets.snapping import Snapped

if TYPE_CHECKING:
    from planner.streets.network import StreetNetwork

ISLAND_M = 2_000.0
"""Parts with less street than this are islands; larger ones lie apart for a reason, a river or a motorway."""

Floats = NDArray[np.float64]

JOINT_CLASS = "joint"

_SAME_PLACE_M = 0.005


def connect_islands(ways: RawWays, tolerance_m: float) -> RawWays:
    """Return the ways with islands joined to streets of their level at most `tolerance_m` metres away.

    The figure ``joints`` lists every joint: longitude, latitude, metres bridged, metres of the smaller part; `report_repairs`
    tells them.

    Raises
    ------
    InputError
        `tolerance_m` is not a distance.
    """
    if not 0 <= tolerance_m < np.inf:
        raise InputError("streets.bad_distance", name="connect_islands_m", value=tolerance_m)
    if tolerance_m == 0:
        return ways
    web = web_of([ways])
    _, a, _, way = web.segments
    if not len(a):
        return ways
    part, level = web.part[a], web.way_level[way]
    metres: Floats = np.bincount(part, web.segment_m).astype(np.float64)
    small = metres < ISLAND_M
    small[metres.argmax()] = False
    own = np.flatnonzero(small[part])
    lines = web.tree.geometries
    i, other = web.tree.query(lines[own], predicate="dwithin", distance=tolerance_m)
    own = own[i]
    apart = (part[own] != part[other]) & (level[own] == level[other])
    own, other = own[apart], other[apart]
    gap_m = shapely.distance(lines[own], lines[other])
    home = np.arange(len(metres))

    def root(p: int) -> int:
        while home[p] != p:
            p = int(home[p])
        return p

    chosen = []
    for k in np.lexsort((other, own, gap_m)).tolist():
        p, q = root(int(part[own[k]])), root(int(part[other[k]]))
        if p != q:
            chosen.append((int(own[k]), int(other[k])))
            home[max(p, q)] = min(p, q)
    web, joints = _joined(web, chosen, metres[part])
    return web.to_ways(ways.extent, {**ways.figures, "joints": joints})


def report_repairs(network: "StreetNetwork", report: InputReport) -> None:
    """Tell what was mended in a network's streets, joint by joint, and how its plazas are crossed."""
    for longitude, latitude, gap_m, island_m in network.figures.get("joints", []):
        report.add(
            "streets.island_joined", "repaired",
            longitude=longitude, latitude=latitude, gap_m=gap_m, metres=island_m,
        )  # fmt: skip
    if "plazas" in network.figures:
        names = ("plazas", "plaza_links", "plazas_left")
        report.add("streets.plazas_crossed", "note", **{name: network.figures[name] for name in names})


def list_islands(
    network: "StreetNetwork",
    places: Snapped,
    weights: NDArray[np.float64],
    *,
    facilities: Snapped | None = None,
) -> gpd.GeoDataFrame:
    """Return the parts of a network apart from its largest, those with the most people first.

    A GeoDataFrame in WGS 84: `length_m`, `points` and `people` (`weights` of the `places` snapped to it), `facilities`, and
    `geometry`, all its streets.
    """
    part = network.component[network.edge_from]
    n_parts = int(part.max()) + 1
    length_m = np.bincount(part, network.edge_length_m, minlength=n_parts)
    found = places.found
    lives_in = part[places.edge[found]]
    people = np.bincount(lives_in, np.asarray(weights, float)[found], minlength=n_parts)
    points = np.bincount(lives_in, minlength=n_parts)
    stands_in = part[facilities.edge[facilities.found]] if facilities is not None else np.zeros(0, np.int64)
    centres = np.bincount(stands_in, minlength=n_parts)
    others = np.flatnonzero(np.arange(n_parts) != length_m.argmax())
    others = others[np.lexsort((others, -length_m[others], -people[others]))]
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.vertex_indptr))
    on_island = np.isin(part[edge], others)
    _, renumbered = np.unique(edge[on_island], return_inverse=True)
    xy = np.column_stack((network.vertex_x[on_island], network.vertex_y[on_island]))
    lines = shapely.linestrings(xy, indices=renumbered) if len(xy) else np.empty(0, object)
    of_line = part[np.unique(edge[on_island])]
    shapes = [shapely.multilinestrings(lines[of_line == number]) for number in others]
    columns = {
        "length_m": length_m[others],
        "points": points[others],
        "people": people[others],
        "facilities": centres[others],
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=network.crs).to_crs(WGS84), crs=WGS84)


def _joined(
    web: Web, chosen: list[tuple[int, int]], part_m: Floats
) -> tuple[Web, list[tuple[float, float, float, float]]]:
    """Return the web with links between pairs of segments, and what is to be told of each."""
    if not chosen:
        return web, []
    _, a, b, way = web.segments
    lines = web.tree.geometries
    new_x: list[float] = []
    new_y: list[float] = []
    cuts: list[tuple[int, float, int]] = []
    chains: list[tuple[int, int]] = []
    like: list[int] = []
    told: list[tuple[float, float, float, float]] = []

    def foot(segment: int, x: float, y: float) -> int:
        """Return the point of a segment at a place: one of its ends, or a new one."""
        for end in (int(a[segment]), int(b[segment])):
            if np.hypot(web.x[end] - x, web.y[end] - y) <= _SAME_PLACE_M:
                return end
        new_x.append(x)
        new_y.append(y)
        point = len(web.x) + len(new_x) - 1
        cuts.append((segment, float(np.hypot(x - web.x[a[segment]], y - web.y[a[segment]])), point))
        return point

    for own, other in chosen:
        link = shapely.shortest_line(lines[own], lines[other])
        (x0, y0), (x1, y1) = shapely.get_coordinates(link).tolist()
        gap_m = float(np.hypot(x1 - x0, y1 - y0))
        first = foot(own, x0, y0)
        if gap_m <= _SAME_PLACE_M and first >= len(web.x):  # they cross: one point on both
            cuts.append((other, float(np.hypot(x1 - web.x[a[other]], y1 - web.y[a[other]])), first))
        else:
            chains.append((first, foot(other, x1, y1)))
            like.append(int(way[own]))
        lon, lat = web.degrees(np.array([(x0 + x1) / 2]), np.array([(y0 + y1) / 2]))
        island_m = min(float(part_m[own]), float(part_m[other]))
        told.append((round(float(lon[0]), 6), round(float(lat[0]), 6), round(gap_m, 1), round(island_m)))
    web, _ = web.with_points(np.array(new_x), np.array(new_y))
    if cuts:
        segment, along, point = (np.array(column) for column in zip(*cuts, strict=True))
        web = web.inserted(segment, along, point)
    if not chains:
        return web, told
    web = web.with_ways(chains, like)
    classes = web.classes if JOINT_CLASS in web.classes else (*web.classes, JOINT_CLASS)
    way_class, way_ground = web.way_class.copy(), web.way_ground.copy()
    way_class[-len(chains) :] = classes.index(JOINT_CLASS)
    way_ground[-len(chains) :] = 0
    return replace(web, way_class=way_class, way_ground=way_ground, classes=classes), told
