"""Where drawn lines meet: shared places, crossings, ends near a line; and where they nearly do.

Lines of one level meet wherever they touch or cross. Lines of different levels (a bridge, the street below it) meet only where
one of them ends: an end that goes on nowhere at its own level joins the ends of other levels, and a bridge or tunnel that ends
on a street at ground level lands there. Nothing is moved by more than a centimetre: what lies farther apart is joined by a short
way of its own, as long as the gap is.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import KDTree

from planner.streets.joining.linework import Floats, Ints, Linework
from planner.streets.joining.short_paths import ShortPaths

SAME_PLACE_M = 0.01
"""Points nearer to each other, or to a line, than this are drawn in one place."""

_NEAR_BY = 3.0  # an end is joined already where a walk of this many times the tolerance leads to the line


class Join(NamedTuple):
    """An end joined, or nearly, to a line: the end point, the way it belongs to, the way it meets, and the metres between."""

    point: int
    way: int
    other_way: int
    metres: float


def same_points(place: Floats, level: NDArray[np.int16], is_end: NDArray[np.bool_]) -> Ints:
    """Return the point of every place, shape (n,): one for all within `SAME_PLACE_M` of one another on the same level.

    `place` has the shape (n, 2). An end alone on its level there is one point with what goes on at the level nearest to its own:
    ends, or for a bridge or tunnel the street at ground level.
    """
    cluster = _clusters(place)
    key = np.stack((cluster, level.astype(np.int64)), axis=1)
    keys, point = np.unique(key, axis=0, return_inverse=True)
    point = point.reshape(-1)
    n_ends = np.bincount(point[is_end], minlength=len(keys))
    several = np.flatnonzero(np.bincount(keys[:, 0])[keys[:, 0]] > 1)
    links: list[tuple[int, int]] = []
    for number in several[n_ends[several] == 1]:
        here = several[keys[several, 0] == keys[number, 0]]
        own = keys[number, 1]
        others = [k for k in here if k != number and (n_ends[k] > 0 or (own != 0 and keys[k, 1] == 0))]
        least = min((abs(keys[k, 1] - own) for k in others), default=0)
        links += [(int(number), int(k)) for k in others if abs(keys[k, 1] - own) == least]
    return _components(len(keys), np.array(links, np.int64).reshape(-1, 2))[point]


def share_points(linework: Linework) -> Linework:
    """Return the linework with points of different origins in one place, on one level, made one: that of the lower origin."""
    way = linework.way_of_place
    used = np.unique(np.stack((linework.point, linework.way_level[way], linework.way_origin[way]), axis=1), axis=0)
    point, level, origin = used.T
    one, other = (
        KDTree(np.stack((linework.x[point], linework.y[point]), axis=1))
        .query_pairs(SAME_PLACE_M, output_type="ndarray")
        .T
    )
    lowest = np.full(len(linework.x), np.iinfo(np.int64).max)
    np.minimum.at(lowest, point, origin)
    one, other = np.concatenate((one, other)), np.concatenate((other, one))
    keep = (lowest[point[one]] < lowest[point[other]]) & (level[one] == level[other])
    standing = np.arange(len(linework.x))
    standing[point[other[keep]]] = point[one[keep]]
    while (standing[standing] != standing).any():
        standing = standing[standing]
    return replace(linework, point=standing[linework.point])


def cut_at_points(linework: Linework, *, between_origins: bool = False) -> Linework:
    """Return the linework with segments cut where a point of a way of their level lies on them."""
    way = linework.way_of_place
    used = np.unique(np.stack((linework.point, linework.way_level[way], linework.way_origin[way]), axis=1), axis=0)
    point, level, origin = used.T
    which, segment = linework.tree.query(
        shapely.points(linework.x[point], linework.y[point]), predicate="dwithin", distance=SAME_PLACE_M
    )
    point, level, origin = point[which], level[which], origin[which]
    _, a, b, of = linework.segments
    keep = (point != a[segment]) & (point != b[segment]) & (level == linework.way_level[of[segment]])
    if between_origins:
        keep &= origin != linework.way_origin[of[segment]]
    point, segment = point[keep], segment[keep]
    along, _ = _feet(linework, point, segment)
    inside = (along > SAME_PLACE_M) & (along < linework.segment_m[segment] - SAME_PLACE_M)
    once = np.unique(np.stack((segment, point), axis=1)[inside], axis=0, return_index=True)[1]
    return linework.inserted(segment[inside][once], along[inside][once], point[inside][once])


def cut_at_crossings(linework: Linework, *, between_origins: bool = False) -> tuple[Linework, Ints]:
    """Return the linework with segments of one level cut where they cross, and two ways of each crossing, shape (n, 2)."""
    _, a, b, of = linework.segments
    one, other = linework.tree.query(linework.tree.geometries, predicate="intersects")
    keep = (one < other) & (linework.way_level[of[one]] == linework.way_level[of[other]])
    if between_origins:
        keep &= linework.way_origin[of[one]] != linework.way_origin[of[other]]
    one, other = one[keep], other[keep]
    meet = (a[one] == a[other]) | (a[one] == b[other]) | (b[one] == a[other]) | (b[one] == b[other])
    one, other = one[~meet], other[~meet]
    px, py, rx, ry = (
        linework.x[a[one]],
        linework.y[a[one]],
        linework.x[b[one]] - linework.x[a[one]],
        linework.y[b[one]] - linework.y[a[one]],
    )
    qx, qy, sx, sy = (
        linework.x[a[other]],
        linework.y[a[other]],
        linework.x[b[other]] - linework.x[a[other]],
        linework.y[b[other]] - linework.y[a[other]],
    )
    turn = rx * sy - ry * sx
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ((qx - px) * sy - (qy - py) * sx) / turn
        u = ((qx - px) * ry - (qy - py) * rx) / turn
    across = (t > 0) & (t < 1) & (u > 0) & (u < 1)  # false where they are parallel
    one, other, t, u = one[across], other[across], t[across], u[across]
    x, y = px[across] + t * rx[across], py[across] + t * ry[across]
    level = linework.way_level[of[one]]
    crossing = same_points(np.stack((x, y), axis=1), level, np.zeros(len(x), bool))
    _, first = np.unique(crossing, return_index=True)
    linework, number = linework.with_points(x[first], y[first])
    point = number[crossing]
    cuts = np.stack((np.concatenate((one, other)), np.concatenate((point, point))), axis=1)
    along = np.concatenate((t, u))
    cuts, once = np.unique(cuts, axis=0, return_index=True)
    ways = np.stack((of[one[first]], of[other[first]]), axis=1)
    return linework.inserted(cuts[:, 0], along[once], cuts[:, 1]), ways


@dataclass(frozen=True)
class Ends:
    """The points at which ways end: the way, level, origin and number of ends of each."""

    point: Ints
    way: Ints
    level: NDArray[np.int16]
    origin: Ints
    count: Ints

    @classmethod
    def of(cls, linework: Linework) -> "Ends":
        """Return the ends of ways; where several ways end in one point, the first of each level and origin stands for all."""
        point, way = linework.way_ends
        keys = np.stack((point, linework.way_level[way], linework.way_origin[way]), axis=1)
        keys, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
        return cls(keys[:, 0], way[first], keys[:, 1].astype(np.int16), keys[:, 2], count)

    def only(self, keep: NDArray[np.bool_]) -> "Ends":
        """Return some of the ends."""
        return Ends(self.point[keep], self.way[keep], self.level[keep], self.origin[keep], self.count[keep])


def join_ends(linework: Linework, tolerance_m: float, *, between_origins: bool = False) -> tuple[Linework, list[Join]]:
    """Return the linework with ends joined to what lies within `tolerance_m`, nearest first, and the joins.

    An end is not joined to what a short walk reaches already.
    """
    candidates = _near_lines(linework, Ends.of(linework), tolerance_m, between_origins=between_origins)
    paths = ShortPaths(linework)
    segments = linework.segments
    on_segment: dict[int, list[tuple[float, int]]] = {}
    feet_x: list[float] = []
    feet_y: list[float] = []
    joins: list[Join] = []
    chains: list[tuple[int, int]] = []
    for candidate in candidates:
        s, end = candidate.segment, candidate.point
        a, b = int(segments.a[s]), int(segments.b[s])
        there = [a, b, *(number for _, number in on_segment.get(s, []))]
        if end in there or not _apart(paths, end, there, _NEAR_BY * tolerance_m):
            continue
        foot = candidate.foot_point
        if foot is None:
            foot = len(linework.x) + len(feet_x)
            feet_x.append(candidate.x)
            feet_y.append(candidate.y)
            for along, number in [(0.0, a), (float(linework.segment_m[s]), b), *on_segment.get(s, [])]:
                paths.link(foot, number, abs(along - candidate.along))
            on_segment.setdefault(s, []).append((candidate.along, foot))
        paths.link(end, foot, candidate.metres)
        chains.append((end, foot))
        joins.append(Join(end, candidate.way, int(segments.way[s]), candidate.metres))
    linework, _ = linework.with_points(np.array(feet_x), np.array(feet_y))
    cuts = [(s, along, number) for s, feet in on_segment.items() for along, number in feet]
    cut, place, point = (np.array(column) for column in zip(*cuts, strict=True)) if cuts else (np.zeros(0, int),) * 3
    linework = linework.inserted(cut, place, point)
    return linework.with_ways(chains, [join.way for join in joins]), joins


def near_misses(linework: Linework, tolerance_m: float, gap_m: float, *, between_origins: bool = False) -> list[Join]:
    """Return the dead ends that stop between `tolerance_m` and `gap_m` short of a line that no short walk leads to."""
    ends = Ends.of(linework)
    ends = ends.only(np.isin(ends.point, linework.dead_ends))
    paths, segments = ShortPaths(linework), linework.segments
    found: dict[int, Join] = {}
    for near in _near_lines(linework, ends, gap_m, between_origins=between_origins):
        s = near.segment
        if near.point in found or near.metres <= tolerance_m:
            continue
        if _apart(paths, near.point, [int(segments.a[s]), int(segments.b[s])], 3 * gap_m):
            found[near.point] = Join(near.point, near.way, int(segments.way[s]), near.metres)
    return list(found.values())


class _Near(NamedTuple):
    metres: float
    point: int
    segment: int
    way: int
    along: float
    x: float
    y: float
    foot_point: int | None


def _near_lines(linework: Linework, ends: Ends, distance_m: float, *, between_origins: bool) -> list[_Near]:
    """Return what ends may be joined to within a distance, nearest first."""
    if len(ends.point) == 0 or distance_m <= 0:
        return []
    _, a, b, of = linework.segments
    which, segment = linework.tree.query(
        shapely.points(linework.x[ends.point], linework.y[ends.point]), predicate="dwithin", distance=distance_m
    )
    keep = (ends.point[which] != a[segment]) & (ends.point[which] != b[segment])
    if between_origins:
        keep &= ends.origin[which] != linework.way_origin[of[segment]]
    which, segment = which[keep], segment[keep]
    point = ends.point[which]
    along, metres = _feet(linework, point, segment)
    foot_point = np.where(along <= SAME_PLACE_M, a[segment], -1)
    foot_point = np.where(along >= linework.segment_m[segment] - SAME_PLACE_M, b[segment], foot_point)
    far = foot_point == -1
    metres = np.where(
        far, metres, np.hypot(linework.x[point] - linework.x[foot_point], linework.y[point] - linework.y[foot_point])
    )
    allowed = ends.level[which] == linework.way_level[of[segment]]
    across = np.flatnonzero(~allowed)
    if len(across):
        allowed[across] = _levels_meet(linework, ends, which[across], segment[across], foot_point[across], distance_m)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(linework.segment_m[segment] > 0, along / linework.segment_m[segment], 0.0)
    x = linework.x[a[segment]] + share * (linework.x[b[segment]] - linework.x[a[segment]])
    y = linework.y[a[segment]] + share * (linework.y[b[segment]] - linework.y[a[segment]])
    order = np.lexsort((segment, point, metres))
    return [
        _Near(float(metres[i]), int(point[i]), int(segment[i]), int(ends.way[which[i]]), float(along[i]),
              float(x[i]), float(y[i]), None if far[i] else int(foot_point[i]))
        for i in order[allowed[order]]
    ]  # fmt: skip


def _levels_meet(
    linework: Linework, ends: Ends, which: Ints, segment: Ints, foot_point: Ints, distance_m: float
) -> NDArray[np.bool_]:
    """Return which ends may join a segment of another level: those alone on theirs, to an end or (from a bridge) the ground."""
    alone = np.empty(len(which), bool)
    for i, end in enumerate(which):
        same = ends.level == ends.level[end]
        x, y = linework.x[ends.point[end]], linework.y[ends.point[end]]
        near = np.hypot(linework.x[ends.point[same]] - x, linework.y[ends.point[same]] - y) <= distance_m
        alone[i] = ends.count[same][near].sum() == 1
    is_end = np.isin(foot_point, ends.point)
    level = linework.way_level[linework.segments.way[segment]]
    return alone & (is_end | ((level == 0) & (ends.level[which] != 0)))


def _feet(linework: Linework, point: Ints, segment: Ints) -> tuple[Floats, Floats]:
    """Return how many metres along each segment the nearest place to each point lies, and the metres between them."""
    _, a, b, _ = linework.segments
    ax, ay = linework.x[a[segment]], linework.y[a[segment]]
    dx, dy = linework.x[b[segment]] - ax, linework.y[b[segment]] - ay
    length = linework.segment_m[segment]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = ((linework.x[point] - ax) * dx + (linework.y[point] - ay) * dy) / length
        along = np.where(length > 0, np.clip(along, 0.0, length), 0.0)
        share = np.where(length > 0, along / length, 0.0)
    return along, np.hypot(ax + share * dx - linework.x[point], ay + share * dy - linework.y[point])


def _apart(paths: ShortPaths, point: int, targets: list[int], limit_m: float) -> bool:
    return not paths.within({point: 0.0}, limit_m).keys() & set(targets)


def _clusters(place: Floats) -> Ints:
    """Return a number for each place, the same for those that lie within `SAME_PLACE_M` of one another."""
    exact, inverse = np.unique(place, axis=0, return_inverse=True)
    pairs = KDTree(exact).query_pairs(SAME_PLACE_M, output_type="ndarray") if len(exact) else np.zeros((0, 2), int)
    return _components(len(exact), pairs)[inverse.reshape(-1)]


def _components(count: int, links: Ints) -> Ints:
    shape = (count, count)
    graph = sparse.coo_array((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=shape)
    return csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
