"""What a stretch of street is like underfoot: eight bits a segment, carried from the map's tags to the network.

Steps, surface and level are of the way. Crossings are of its nodes: half of each belongs to the segment on either side, so that
walking through a node costs the whole and turning back before it nothing but a part.

1. A crossing delays on ways for walkers (`FOR_WALKERS`), which cross the road there; whoever walks along the road passes it by.
2. Signals delay on every way: where pavements are not mapped, people walk along the road and cross the others at the junction.

Which tags say so stands in `planner.streets.readers.surface_tags`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS, UNPAVED, LOOSE, RAISED = 1, 2, 4, 8
"""Bits of the way: a flight of steps; the two rougher kinds of surface; a bridge or a tunnel."""

_CROSSING_SHIFT, _SIGNAL_SHIFT = 4, 6  # above them: how many halves of plain and of signalled crossings, 0 to 2 each

NO_MARK, CROSSING, SIGNAL_CROSSING, SIGNALS = 0, 1, 2, 3
"""Marks of a node."""

FOR_WALKERS = frozenset(["footway", "path", "pedestrian", "steps", "cycleway", "bridleway", "corridor", "platform"])


class EdgeSurface(NamedTuple):
    """What a network's edges are like, each of shape (n_edges,): shares of the length, and how often something delays."""

    steps: NDArray[np.float64]
    unpaved: NDArray[np.float64]
    loose: NDArray[np.float64]
    raised: NDArray[np.float64]
    flights: NDArray[np.float64]
    crossings: NDArray[np.float64]
    signals: NDArray[np.float64]


def segment_surface(
    way_surface: NDArray[np.uint8],
    for_walkers: NDArray[np.bool_],
    start_mark: NDArray[np.uint8],
    end_mark: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the bits of segments: those of their ways, and the halves of the crossings at their two ends."""
    plain, signalled = np.zeros(len(way_surface), np.uint8), np.zeros(len(way_surface), np.uint8)
    for mark in (start_mark, end_mark):
        plain += (mark == CROSSING) & for_walkers
        signalled += (mark == SIGNALS) | ((mark == SIGNAL_CROSSING) & for_walkers)
    bits = way_surface | (plain << _CROSSING_SHIFT) | (signalled << _SIGNAL_SHIFT)
    return bits.astype(np.uint8)


def edge_surface(
    vertex_indptr: NDArray[np.int64], vertex_m: NDArray[np.float64], vertex_surface: NDArray[np.uint8]
) -> EdgeSurface:
    """Return what edges are like, given the bits of the segment behind each vertex (0 at an edge's first)."""
    first = vertex_indptr[:-1]
    step_m = np.diff(vertex_m, prepend=0.0)
    step_m[first] = 0.0
    length_m = np.add.reduceat(step_m, first)

    def share(bit: int) -> NDArray[np.float64]:
        metres = np.add.reduceat(np.where(vertex_surface & bit, step_m, 0.0), first)
        return np.divide(metres, length_m, out=np.zeros(len(first)), where=length_m > 0)

    is_step = (vertex_surface & STEPS) > 0
    begins = is_step & ~np.concatenate(([False], is_step[:-1]))
    halves = (np.add.reduceat((vertex_surface >> shift) & 3, first, dtype=np.int64) for shift in (4, 6))
    crossings, signals = (count / 2.0 for count in halves)
    flights = np.add.reduceat(begins, first, dtype=np.int64).astype(np.float64)
    return EdgeSurface(share(STEPS), share(UNPAVED), share(LOOSE), share(RAISED), flights, crossings, signals)
