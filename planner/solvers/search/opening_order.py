"""The order in which chosen sites open, and sites that a choice can do without."""

import heapq

import numpy as np

from planner.counting import total
from planner.solvers.array_types import Bools, Floats, Int32s, Ints
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput


def pruned(given: CoverInput, constraints: Constraints, is_open: Bools, times: int = 1) -> Bools:
    """Return the choice without new sites that nobody needs: no weight counts less and no condition breaks without them."""
    is_open = is_open.copy()
    count = given.times_covered(np.flatnonzero(is_open))
    new = np.intersect1d(np.flatnonzero(is_open), constraints.new)
    for j in np.setdiff1d(new, constraints.required)[::-1].tolist():
        points = given.points_of(j)
        if (given.weights[points[count[points] == times]] > 0).any():
            continue
        is_open[j] = False
        if constraints.broken(is_open):
            is_open[j] = True
        else:
            count[points] -= 1
    return is_open


def reopened(given: CoverInput, constraints: Constraints, is_open: Bools) -> Bools:
    """Return the choice with every centre that closes for nothing left open."""
    is_open = is_open.copy()
    for j in constraints.closable[~is_open[constraints.closable]].tolist():
        is_open[j] = True
        if constraints.broken(is_open):
            is_open[j] = False
    return is_open


def in_order(given: CoverInput, standing: Ints, chosen: Ints, times: int = 1) -> tuple[Ints, Floats]:
    """Return chosen sites by largest marginal gain beside those that stand, and the gains.

    A point counts when `times` sites cover it; sites that gain alike come by the weight they cover once more, then by number.
    """
    count = given.times_covered(standing)
    waiting = [(-np.inf, -np.inf, int(j), -1) for j in chosen]  # best first, as they stood when so many were open
    heapq.heapify(waiting)
    order: list[int] = []
    gains: list[float] = []
    while waiting:
        gain, once_more, j, known_at = heapq.heappop(waiting)
        points = given.points_of(j)
        if known_at < len(order):
            gain, once_more = _worth(given, count, points, times)
            heapq.heappush(waiting, (-gain, -once_more, j, len(order)))
            continue
        order.append(j)
        gains.append(-gain)
        count[points] += 1
        if times > 1:  # gains may rise, so that what was known of the others is no ceiling any more
            waiting = [(-np.inf, -np.inf, other, -1) for _, _, other, _ in waiting]
            heapq.heapify(waiting)
    return np.array(order, np.int64), np.array(gains, float)


def _worth(given: CoverInput, count: Ints, points: Int32s, times: int) -> tuple[float, float]:
    """Return the weight that a site over some points makes count, and the weight it only helps to (for several times)."""
    weights, lacking = given.weights[points], times - count[points]
    return total(weights[lacking == 1]), total(weights[lacking >= 1]) if times > 1 else 0.0
