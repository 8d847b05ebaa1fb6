"""Several sources of streets made one: OpenStreetMap, and the compound and village lanes that it lacks.

The sources come in order of trust. Streets of different sources meet as drawn lines do (`joining.noding`), within a
tolerance that allows for two surveys; a source's own streets are left as they are. Where a later source shows a street that an
earlier one has, running beside it, the earlier one's is kept and what hung on the other is joined to it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InputError, NetworkError
from planner.findings import InputReport
from planner.streets.joining.linework import Linework, linework_of
from planner.streets.joining.noding import cut_at_crossings, cut_at_points, join_ends, share_points
from planner.streets.joining.ways import Ways

COMBINE_TOLERANCE_M = 5.0
"""How far apart two surveys may show the same place."""

_PARALLEL_DEG = 20.0
_SHORT_M = 2.0  # a segment so short may point anywhere
_RUN = (
    4.0  # what runs beside another street for less than this many times the tolerance is a corner, not the same street
)
_LISTED = 20
_ELSEWHERE_M = 10_000.0


def combine(
    sources: Sequence[Ways],
    tolerance_m: float = COMBINE_TOLERANCE_M,
    *,
    reports: Sequence[InputReport] | None = None,
) -> Ways:
    """Return the ways of several sources as one, joined where they meet within `tolerance_m` metres.

    `reports` takes the findings, one for each source: what was joined, what was taken for the same street, and which parts do
    not touch the other sources.

    Raises
    ------
    InputError
        There is no source, or `tolerance_m` is not a distance.
    NetworkError
        A source holds no street.
    """
    if not 0 <= tolerance_m < np.inf:
        raise InputError("streets.bad_distance", name="tolerance_m", value=tolerance_m)
    if not sources:
        raise InputError("streets.no_source")
    reports = reports or [InputReport("streets", f"streets {number}") for number in range(1, len(sources) + 1)]
    if len(sources) == 1:
        return sources[0]
    linework = linework_of(sources)
    for number, report in enumerate(reports):
        if not (linework.way_origin == number).any():
            raise NetworkError("streets.no_segments", file=report.file)
    _refuse_elsewhere(linework, reports)
    repeated = _beside_earlier(linework, tolerance_m)
    repeated_m = _per_origin(linework, repeated, len(sources))
    linework = cut_at_points(share_points(linework.without(repeated)), between_origins=True)
    linework, crossing_ways = cut_at_crossings(linework, between_origins=True)
    linework, joins = join_ends(linework, tolerance_m, between_origins=True)
    pairs = [(join.way, join.other_way) for join in joins]
    joined, crossed = (
        np.bincount(linework.way_origin[np.asarray(ways, np.int64).reshape(-1, 2)].max(axis=1), minlength=len(sources))
        for ways in (pairs, crossing_ways)
    )
    for at, report in enumerate(reports[1:], start=1):
        report.add("streets.combined", "note", number=at + 1, joined=int(joined[at]), crossings=int(crossed[at]))
        if repeated_m[at] > 0:
            metres = round(float(repeated_m[at]))
            report.add("streets.repeated_roads", "note", number=at + 1, metres=metres, tolerance_m=tolerance_m)
    figures = _added(sources) | {
        "sources": len(sources),
        "ends_joined": len(joins),
        "crossings": len(crossing_ways),
        "repeated_m": round(float(repeated_m.sum())),
        "parts_apart": _report_parts(linework, reports),
    }
    return linework.to_ways(shapely.union_all([ways.extent for ways in sources]), figures)


def _refuse_elsewhere(linework: Linework, reports: Sequence[InputReport]) -> None:
    """Refuse a source that lies far from all others: its coordinate system is not what it says."""
    _, a, _, way = linework.segments
    origin = linework.way_origin[way]
    boxes = []
    for number in range(len(reports)):
        x, y = linework.x[a[origin == number]], linework.y[a[origin == number]]
        boxes.append(shapely.box(x.min(), y.min(), x.max(), y.max()))
    for number in range(1, len(boxes)):
        distance_m = float(shapely.distance(boxes[number], shapely.multipolygons(boxes[:number])))
        if distance_m > _ELSEWHERE_M:
            km = round(distance_m / 1000, 1)
            raise NetworkError(
                "streets.sources_no_overlap", file=reports[number].file, number=number + 1, distance_km=km
            )


def _beside_earlier(linework: Linework, tolerance_m: float) -> NDArray[np.bool_]:
    """Return which segments run beside streets of an earlier source, at most `tolerance_m` away, over some length."""
    _, a, b, way = linework.segments
    origin, level = linework.way_origin[way], linework.way_level[way]
    later = np.flatnonzero(origin > 0)
    beside = np.zeros(len(a), bool)
    if len(later) == 0 or tolerance_m == 0:
        return beside
    # samples on every later segment: its ends, and between them one every twice the tolerance
    steps = np.maximum(1, np.ceil(linework.segment_m[later] / (2 * tolerance_m))).astype(np.int64)
    segment = np.repeat(later, steps + 1)
    starts = np.concatenate(([0], np.cumsum(steps + 1)))
    share = (np.arange(len(segment)) - np.repeat(starts[:-1], steps + 1)) / np.repeat(steps, steps + 1)
    x = linework.x[a[segment]] + share * (linework.x[b[segment]] - linework.x[a[segment]])
    y = linework.y[a[segment]] + share * (linework.y[b[segment]] - linework.y[a[segment]])
    sample, other = linework.tree.query(shapely.points(x, y), predicate="dwithin", distance=tolerance_m)
    own = segment[sample]
    like = (origin[other] < origin[own]) & (level[other] == level[own])
    dx, dy = linework.x[b] - linework.x[a], linework.y[b] - linework.y[a]
    along = np.abs(dx[own] * dx[other] + dy[own] * dy[other])
    like &= (along >= np.cos(np.radians(_PARALLEL_DEG)) * linework.segment_m[own] * linework.segment_m[other]) | (
        linework.segment_m[own] < _SHORT_M
    )
    covered = np.zeros(len(segment), bool)
    covered[sample[like]] = True
    beside[later] = np.logical_and.reduceat(covered, starts[:-1])
    return _long_runs(linework, beside, _RUN * tolerance_m)


def _long_runs(linework: Linework, chosen: NDArray[np.bool_], shortest_m: float) -> NDArray[np.bool_]:
    """Keep of `chosen` segments those that hang together over `shortest_m` metres or more."""
    part = linework.without(~chosen).part[linework.segments.a]
    length = np.bincount(part[chosen], linework.segment_m[chosen], minlength=int(part.max()) + 1)
    return chosen & (length[part] >= shortest_m)


def _per_origin(linework: Linework, chosen: NDArray[np.bool_], count: int) -> NDArray[np.float64]:
    origin = linework.way_origin[linework.segments.way]
    return np.bincount(origin[chosen], linework.segment_m[chosen], minlength=count).astype(np.float64)


def _report_parts(linework: Linework, reports: Sequence[InputReport]) -> int:
    """Report the parts of later sources that touch no other source, longest first; return how many there are."""
    _, a, _, way = linework.segments
    part, origin = linework.part[a], linework.way_origin[way]
    lowest = np.full(int(part.max()) + 1, len(reports))
    highest = np.full(len(lowest), -1)
    np.minimum.at(lowest, part, origin)
    np.maximum.at(highest, part, origin)
    metres = np.bincount(part, linework.segment_m)
    alone = np.flatnonzero((lowest == highest) & (lowest > 0))
    alone = alone[np.argsort(-metres[alone], kind="stable")]
    lines = linework.tree.geometries
    for number in range(1, len(reports)):
        mine = alone[lowest[alone] == number]
        others = shapely.STRtree(lines[origin != number]) if len(mine) else None
        for which in mine[:_LISTED]:
            segments = lines[part == which]
            (own, other), distance_m = others.query_nearest(segments, return_distance=True)  # type: ignore[union-attr]
            at = int(distance_m.argmin())
            link = shapely.shortest_line(segments[own[at]], others.geometries[other[at]])  # type: ignore[union-attr]
            lon, lat = linework.degrees(*shapely.get_coordinates(link)[0])
            reports[number].add(
                "streets.part_apart",
                "doubtful",
                number=number + 1,
                metres=round(float(metres[which])),
                distance_m=round(float(distance_m[at]), 1),
                longitude=round(float(lon), 6),
                latitude=round(float(lat), 6),
            )
        if len(mine) > _LISTED:
            rest, length = mine[_LISTED:], round(float(metres[mine[_LISTED:]].sum()))
            reports[number].add(
                "streets.more_parts_apart", "doubtful", number=number + 1, count=len(rest), metres=length
            )
    return len(alone)


def _added(sources: Sequence[Ways]) -> dict[str, Any]:
    names = ("ways_read", "ways_walked", "points_missing")
    plazas = [
        name for name in ("plazas", "plaza_links", "plazas_left") if any(name in ways.figures for ways in sources)
    ]
    return {name: sum(ways.figures.get(name, 0) for ways in sources) for name in (*names, *plazas)}
