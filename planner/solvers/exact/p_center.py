"""The least worst time with so many sites: halving the distinct times, each half closed by a proof."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.errors import InfeasibleError
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.infeasibility import clashing, said
from planner.solvers.exact.max_coverage import solve
from planner.solvers.exact.p_median import filled
from planner.solvers.exact.requirements import Quest
from planner.solvers.input.constraints import Terms
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.times import Times
from planner.solvers.input.validation import Given
from planner.solvers.search.constrained_search import plain_problem
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import Guard

_WORK = 2_000_000_000  # counted work on one time before it counts as undecided


@dataclass(frozen=True)
class Center:
    """The new sites in opening order, what stays open, the worst seconds, their bound, and who is left out."""

    selected: NDArray[np.int64]
    stays: NDArray[np.int64]
    value: float
    bound: float
    left_out: NDArray[np.bool_]


def least_worst_time(
    times: Times, terms: Terms, guard: Guard, seed: int, told: Callable[[float, float], None] | None = None
) -> Center:
    """Return the sites that bring everybody with any entry within the least seconds.

    Raises
    ------
    InfeasibleError
        So many sites cannot reach everybody within the times there are.
    """
    left_out = np.ones(times.shape[0], bool)
    left_out[times.row] = False
    weights = np.where(left_out, 0.0, 1.0)
    steps = np.unique(times.seconds) if len(times.seconds) else np.zeros(1)
    is_open = _reach_all(times.within(float(steps[-1]), weights), terms, Guard(), seed)
    if is_open is None:
        _refuse(times.within(float(steps[-1]), weights), terms)
    assert not isinstance(is_open, bool) and is_open is not None
    best = is_open
    usable = np.union1d(terms.standing, terms.new)
    nearest = times.nearest(usable)[~left_out]
    low = int(np.searchsorted(steps, nearest.max(initial=0.0))) - 1  # everything up to here is too short
    high = low + 1 if not len(nearest) else _worst_step(times, steps, best, left_out)
    undecided = low
    while max(low, undecided) + 1 < high:
        middle = (max(low, undecided) + high) // 2
        found = _reach_all(times.within(float(steps[middle]), weights), terms, guard, seed)
        if isinstance(found, np.ndarray):
            best, high = found, _worst_step(times, steps, found, left_out)
        elif found is None:
            low = undecided = middle
        else:
            undecided = middle
        if told is not None:
            told(float(steps[high]), float(steps[low + 1]))
        if guard.seconds_left() <= 0 or guard.is_cancelled():
            break
    value = float(steps[high]) if len(nearest) else 0.0
    bound = float(steps[low + 1]) if len(nearest) else 0.0
    given = times.within(value, weights)
    is_open = filled(given, terms, best)
    stays = terms.standing[is_open[terms.standing]]
    selected, _ = in_order(given, stays, np.setdiff1d(np.flatnonzero(is_open), terms.standing))
    guard.close(value, bound)
    return Center(selected, stays, value, bound, left_out)


def _worst_step(
    times: Times, steps: NDArray[np.float64], is_open: NDArray[np.bool_], left_out: NDArray[np.bool_]
) -> int:
    seconds = times.nearest(np.flatnonzero(is_open))[~left_out]
    return int(np.searchsorted(steps, seconds.max(initial=0.0)))


def _reach_all(given: Given, terms: Terms, guard: Guard, seed: int) -> NDArray[np.bool_] | bool | None:
    """Return sites that reach everybody; None where proven that none do, False where undecided in time."""
    scaled = scale_weights(given.weights)
    everybody = int(scaled.whole.sum())
    if not terms.is_plain:
        quest = Quest(given, scaled, terms, "any", least=everybody)
        outcome = solve_choice(quest, Guard(time_limit_s=guard.seconds_left(), cancelled=guard.is_cancelled))
        return outcome.is_open if outcome.is_open is not None else None if outcome.ended == "infeasible" else False
    problem = plain_problem(given, scaled, terms)
    if problem is None or problem.base + int(problem.cover.weight.sum()) < everybody:
        return None
    known = [0, everybody]

    def heard(value: int, bound: int) -> None:
        known[:] = [value, bound]

    def decided() -> bool:
        return known[0] >= everybody or known[1] < everybody or guard.is_cancelled()

    part = Guard(
        time_limit_s=guard.seconds_left(), work_limit=_WORK, progress=heard, cancelled=decided, threads=guard.threads
    )
    answer, bound = solve(problem, part, seed)
    if answer.value >= everybody:
        is_open = np.zeros(terms.n_sites, bool)
        for group in (terms.standing, terms.required, answer.sites):
            is_open[group] = True
        return is_open
    return None if bound < everybody else False


def _refuse(given: Given, terms: Terms) -> None:
    scaled = scale_weights(given.weights)
    quest = Quest(given, scaled, terms, "any", least=int(scaled.whole.sum()))
    found = clashing(quest) or ["sites", "share"]
    raise InfeasibleError(
        "siting.center_out_of_reach", conditions=said([name for name in found if name != "share"]), families=found
    )
