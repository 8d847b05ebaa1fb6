"""Islands of streets: small parts that hang together but not with the rest, joined on request, listed with the people on them.

Most are slips of the pen: a footway drawn to the kerb and not to the road. Within a tolerance each is joined to what is nearest
on its own level by a straight link, the shortest gaps first; no joint goes unreported.
"""

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InputError
from planner.streets.joining.linework import Linework, linework_of
from planner.streets.joining.ways import Ways

ISLAND_M = 2_000.0
"""Parts with less street than this are islands; larger ones lie apart for a reason, a river or a motorway."""

Floats = NDArray[np.float64]

JOINT_CLASS = "joint"

_SAME_PLACE_M = 0.005


def connect_islands(ways: Ways, tolerance_m: float) -> Ways:
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
    linework = linework_of([ways])
    _, a, _, way = linework.segments
    if not len(a):
        return ways
    part, level = linework.part[a], linework.way_level[way]
    metres: Floats = np.bincount(part, linework.segment_m).astype(np.float64)
    small = metres < ISLAND_M
    small[metres.argmax()] = False
    own = np.flatnonzero(small[part])
    lines = linework.tree.geometries
    i, other = linework.tree.query(lines[own], predicate="dwithin", distance=tolerance_m)
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
    linework, joints = _joined(linework, chosen, metres[part])
    return linework.to_ways(ways.extent, {**ways.figures, "joints": joints})


def _joined(
    linework: Linework, chosen: list[tuple[int, int]], part_m: Floats
) -> tuple[Linework, list[tuple[float, float, float, float]]]:
    """Return the linework with links between pairs of segments, and what is to be told of each."""
    if not chosen:
        return linework, []
    _, a, b, way = linework.segments
    lines = linework.tree.geometries
    new_x: list[float] = []
    new_y: list[float] = []
    cuts: list[tuple[int, float, int]] = []
    chains: list[tuple[int, int]] = []
    like: list[int] = []
    told: list[tuple[float, float, float, float]] = []

    def foot(segment: int, x: float, y: float) -> int:
        """Return the point of a segment at a place: one of its ends, or a new one."""
        for end in (int(a[segment]), int(b[segment])):
            if np.hypot(linework.x[end] - x, linework.y[end] - y) <= _SAME_PLACE_M:
                return end
        new_x.append(x)
        new_y.append(y)
        point = len(linework.x) + len(new_x) - 1
        cuts.append((segment, float(np.hypot(x - linework.x[a[segment]], y - linework.y[a[segment]])), point))
        return point

    for own, other in chosen:
        link = shapely.shortest_line(lines[own], lines[other])
        (x0, y0), (x1, y1) = shapely.get_coordinates(link).tolist()
        gap_m = float(np.hypot(x1 - x0, y1 - y0))
        first = foot(own, x0, y0)
        if gap_m <= _SAME_PLACE_M and first >= len(linework.x):  # they cross: one point on both
            cuts.append((other, float(np.hypot(x1 - linework.x[a[other]], y1 - linework.y[a[other]])), first))
        else:
            chains.append((first, foot(other, x1, y1)))
            like.append(int(way[own]))
        lon, lat = linework.degrees(np.array([(x0 + x1) / 2]), np.array([(y0 + y1) / 2]))
        island_m = min(float(part_m[own]), float(part_m[other]))
        told.append((round(float(lon[0]), 6), round(float(lat[0]), 6), round(gap_m, 1), round(island_m)))
    linework, _ = linework.with_points(np.array(new_x), np.array(new_y))
    if cuts:
        segment, along, point = (np.array(column) for column in zip(*cuts, strict=True))
        linework = linework.inserted(segment, along, point)
    if not chains:
        return linework, told
    linework = linework.with_ways(chains, like)
    classes = linework.classes if JOINT_CLASS in linework.classes else (*linework.classes, JOINT_CLASS)
    way_class, way_surface = linework.way_class.copy(), linework.way_surface.copy()
    way_class[-len(chains) :] = classes.index(JOINT_CLASS)
    way_surface[-len(chains) :] = 0
    return replace(linework, way_class=way_class, way_surface=way_surface, classes=classes), told
