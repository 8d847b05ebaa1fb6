"""Who could stand in for a chosen site: the candidate that makes up most in its place and keeps every condition."""

from collections.abc import Iterator

import numpy as np

from planner.counting import total
from planner.kernels.cover import weight_by_site
from planner.solvers.array_types import AnyInts, Bools, Floats, Ints
from planner.solvers.exact.allocation import Service
from planner.solvers.exact.choice_problem import ChoiceProblem
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.swaps import Swaps
from planner.solvers.input.validation import as_mask

_FEW = 100  # candidates that are put in order at a time

Found = tuple[Floats, Ints, Floats]
"""What is lost without each site, its replacement (-1 for none), and what is lost still with it."""


def replacements(given: CoverInput, constraints: Constraints, stays: Bools, order: Ints) -> Found:
    """Return replacements by weight covered; of alike ones the lowest number."""
    is_open = stays | as_mask(order, given.n_sites)
    count = given.times_covered(np.flatnonzero(is_open))
    swaps, floors = Swaps(constraints, is_open), _Floors(given, constraints, count)
    uncovered = _made_up(given, np.flatnonzero(count == 0))
    loss, best, still = np.zeros(len(order)), np.full(len(order), -1), np.zeros(len(order))
    for k, j in enumerate(order):
        points = given.points_of(j)
        alone = points[count[points] == 1]
        loss[k] = still[k] = total(given.weights[alone])
        made_up = uncovered + _made_up(given, alone)
        for place in _best_first(made_up, swaps.allowed(int(j))):
            if floors.hold(alone, given.points_of(place)):
                best[k], still[k] = place, loss[k] - made_up[place]
                break
    return loss, best, still


def replacements_by_service(
    service: Service, given: CoverInput, constraints: Constraints, stays: Bools, order: Ints
) -> Found:
    """Return replacements by weight served.

    The least cut without a site bounds what each candidate adds; candidates are tried in the order of that bound, until none can
    be better.
    """
    assert constraints.capacity is not None
    is_open = stays | as_mask(order, given.n_sites)
    swaps, most, held = Swaps(constraints, is_open), service.served(is_open), service.floors_hold(is_open)
    loss, best, still = np.zeros(len(order)), np.full(len(order), -1), np.zeros(len(order))
    could, _ = service.could_take(is_open)
    reach = _made_up(given, np.flatnonzero(could))
    tolerance = 1e-9 * max(most, 1.0)
    for k, j in enumerate(order):
        is_open[j] = False
        left = service.served(is_open)
        loss[k] = max(most - left, 0.0)
        without, missing = service.could_take(is_open)
        more_reach = _made_up(given, np.flatnonzero(without & ~could)) - _made_up(
            given, np.flatnonzero(could & ~without)
        )
        ceiling = np.minimum(reach + more_reach, np.minimum(constraints.capacity, missing))
        made_up = 0.0
        for place in _best_first(ceiling, swaps.allowed(int(j))):
            if ceiling[place] <= made_up + tolerance:
                break
            beside = service.beside(place)
            is_open[place] = True
            more = beside.served(is_open) - left
            if more > made_up + tolerance and (not held or beside.floors_hold(is_open)):
                made_up, best[k] = more, place
            is_open[place] = False
        still[k] = loss[k] - made_up
        is_open[j] = True
    return loss, best, still


def _best_first(value: Floats, able: Bools) -> Iterator[int]:
    """Yield the able sites that are worth anything, most first, of alike ones the lowest number; mostly few are looked at."""
    sites = np.flatnonzero(able & (value > 0))
    while len(sites):
        least = np.partition(value[sites], -_FEW)[-_FEW] if len(sites) > _FEW else 0.0
        top = sites[value[sites] >= least]
        yield from top[np.argsort(-value[top], kind="stable")].tolist()
        sites = sites[value[sites] < least]


class _Floors:
    """Whether every zone keeps its floor (or what it has, where that is less) when one site takes another's place."""

    def __init__(self, given: CoverInput, constraints: Constraints, count: Ints) -> None:
        self._whole, self._zone, self._count = scale_weights(given.weights).whole, constraints.zone, count
        problem = ChoiceProblem(given, scale_weights(given.weights), constraints, "any")
        needs = problem.floor_needs()
        self._need = np.zeros(max((k for k, _ in needs), default=-1) + 1, np.int64)
        for k, need in needs:
            self._need[k] = need
        self._has = self._by_zone(np.flatnonzero(count > 0))
        self._need = np.minimum(self._need, self._has)

    def hold(self, lost: AnyInts, points: AnyInts) -> bool:
        """Return whether floors hold without the points `lost` (that the other site alone covers) and with those of this one."""
        if not self._need.any():
            return True
        taken = np.union1d(points[self._count[points] == 0], np.intersect1d(points, lost, assume_unique=True))
        return bool((self._has - self._by_zone(lost) + self._by_zone(taken) >= self._need).all())

    def _by_zone(self, points: AnyInts) -> Ints:
        sums = np.zeros(len(self._need), np.int64)
        if self._zone is not None and len(sums):
            inside = points[(self._zone[points] >= 0) & (self._zone[points] < len(sums))]
            np.add.at(sums, self._zone[inside], self._whole[inside])
        return sums


def _made_up(given: CoverInput, points: AnyInts) -> Floats:
    """Return the weight at some points that each site covers."""
    return weight_by_site(given.row_ptr, given.row_sites, points, given.weights, given.n_sites)
