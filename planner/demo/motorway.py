"""The motorway as drawn: two carriageways, bridges over water, and ramps to the greatest road that it crosses."""

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demo.curves import normals, resample, round_corners
from planner.demo.kinds import Kind
from planner.demo.land import Land
from planner.demo.lines import Lines, draw, stack
from planner.demo.names import Names

_FOOT_M, _MERGE_M = 260.0, 520.0
"""How far from the crossing a ramp meets the road, and the motorway."""


def draw_motorway(land: Land, roads: Lines, names: Names) -> Lines:
    """Return both carriageways and the ramps; walkers use neither, so they meet no other line."""
    course = land.motorway
    side = normals(course)
    side[0] = side[-1] = (0.0, 1.0)  # so that the carriageways of neighbouring counties meet
    label = names.add("岚霁高速公路")
    parts = []
    for way in (1, -1):
        lane = resample(course + 13 * way * side, step_m=60.0)[:: -way or 1]
        wet = land.water.distance(lane) < 25
        wet[:-1] |= wet[1:]
        wet[1:] |= wet[:-1]
        cuts = np.flatnonzero(wet[1:] != wet[:-1])
        ends = [0, *(cuts + 1).tolist(), len(lane) - 1]
        runs = [(a, b) for a, b in pairwise(ends) if b > a]
        chains = [lane[a : b + 1] for a, b in runs]
        spans = [bool(wet[(a + b) // 2]) for a, b in runs]
        parts.append(draw(chains, Kind.MOTORWAY, name=label, bridge=spans))
    return stack([*parts, *_ramps(land, roads)])


def _ramps(land: Land, roads: Lines) -> list[Lines]:
    """Return ramps where the motorway crosses the road of the highest class, one on each side, on dry land."""
    line = shapely.LineString(land.motorway)
    for number in np.argsort(roads.kind, kind="stable").tolist():
        if roads.kind[number] > Kind.SECONDARY:
            break
        road = roads.points[roads.indptr[number] : roads.indptr[number + 1]]
        crossing = shapely.LineString(road).intersection(line)
        if crossing.geom_type == "Point":
            curves = [_ramp(line, crossing, road[::way], way) for way in (1, -1)]
            dry = [curve for curve in curves if curve is not None and land.water.distance(curve).min() > 40]
            if dry:
                return [draw([_thinned(curve) for curve in dry], Kind.MOTORWAY_LINK)]
    return []


def _ramp(
    motorway: shapely.LineString, crossing: shapely.Point, road: NDArray[np.float64], way: int
) -> NDArray[np.float64] | None:
    """Return the ramp from the motorway to the part of a road that leads up to the crossing; None where it has no room."""
    off = np.hypot(*(road - [crossing.x, crossing.y]).T)
    foot = int(np.argmin(np.abs(off[: max(1, int(off.argmin()))] - _FOOT_M)))
    at = motorway.project(crossing)
    if not 120 < off[foot] < 500 or not 700 < at < motorway.length - 700:
        return None
    start, bow = (np.array(motorway.interpolate(at - way * metres).coords[0]) for metres in (_MERGE_M, 240.0))
    corner = 0.72 * bow + 0.28 * road[foot]
    return resample(round_corners((np.vstack([start, corner, road[foot]]), np.array([0, 3])), rounds=3)[0], step_m=12.0)


def _thinned(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([curve[:-1:4], curve[-1:]])
