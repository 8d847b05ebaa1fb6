"""The least worst time with so many sites: halving the distinct times, each half closed by a proof."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.errors import InfeasibleError
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.choice_problem import ChoiceProblem
from planner.solvers.exact.infeasibility import clashing, said
from planner.solvers.exact.max_coverage import solve_max_coverage
from planner.solvers.exact.p_median import filled
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.travel_times import TravelTimes
from planner.solvers.search.constrained_search import plain_problem
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import StoppingRule

_WORK = 2_000_000_000  # counted work on one time before it counts as undecided


@dataclass(frozen=True)
class SolvedCenter:
    """The new sites in opening order, what stays open, the worst seconds, their bound, and who is left out."""

    selected: Ints
    stays: Ints
    value: float
    bound: float
    left_out: Bools


def solve_p_center(
    times: TravelTimes,
    constraints: Constraints,
    stopping: StoppingRule,
    seed: int,
    told: Callable[[float, float], None] | None = None,
) -> SolvedCenter:
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
    is_open = _reach_all(times.within(float(steps[-1]), weights), constraints, StoppingRule(), seed)
    if is_open is None:
        _refuse(times.within(float(steps[-1]), weights), constraints)
    assert not isinstance(is_open, bool) and is_open is not None
    best = is_open
    usable = np.union1d(constraints.standing, constraints.new)
    nearest = times.nearest(usable)[~left_out]
    low = int(np.searchsorted(steps, nearest.max(initial=0.0))) - 1  # everything up to here is too short
    high = low + 1 if not len(nearest) else _worst_step(times, steps, best, left_out)
    undecided = low
    while max(low, undecided) + 1 < high:
        middle = (max(low, undecided) + high) // 2
        found = _reach_all(times.within(float(steps[middle]), weights), constraints, stopping, seed)
        if isinstance(found, np.ndarray):
            best, high = found, _worst_step(times, steps, found, left_out)
        elif found is None:
            low = undecided = middle
        else:
            undecided = middle
        if told is not None:
            told(float(steps[high]), float(steps[low + 1]))
        if stopping.seconds_left() <= 0 or stopping.is_cancelled():
            break
    value = float(steps[high]) if len(nearest) else 0.0
    bound = float(steps[low + 1]) if len(nearest) else 0.0
    given = times.within(value, weights)
    is_open = filled(given, constraints, best)
    stays = constraints.standing[is_open[constraints.standing]]
    selected, _ = in_order(given, stays, np.setdiff1d(np.flatnonzero(is_open), constraints.standing))
    stopping.close(value, bound)
    return SolvedCenter(selected, stays, value, bound, left_out)


def _worst_step(times: TravelTimes, steps: Floats, is_open: Bools, left_out: Bools) -> int:
    seconds = times.nearest(np.flatnonzero(is_open))[~left_out]
    return int(np.searchsorted(steps, seconds.max(initial=0.0)))


def _reach_all(given: CoverInput, constraints: Constraints, stopping: StoppingRule, seed: int) -> Bools | bool | None:
    """Return sites that reach everybody; None where proven that none do, False where undecided in time."""
    scaled = scale_weights(given.weights)
    everybody = int(scaled.whole.sum())
    if not constraints.is_plain:
        problem = ChoiceProblem(given, scaled, constraints, "any", least=everybody)
        outcome = solve_choice(
            problem, StoppingRule(time_limit_s=stopping.seconds_left(), cancelled=stopping.is_cancelled)
        )
        return outcome.is_open if outcome.is_open is not None else None if outcome.ended == "infeasible" else False
    plain = plain_problem(given, scaled, constraints)
    if plain is None or plain.base + int(plain.cover.weight.sum()) < everybody:
        return None
    known = [0, everybody]

    def heard(value: int, bound: int) -> None:
        known[:] = [value, bound]

    def decided() -> bool:
        return known[0] >= everybody or known[1] < everybody or stopping.is_cancelled()

    part = StoppingRule(
        time_limit_s=stopping.seconds_left(),
        work_limit=_WORK,
        progress=heard,
        cancelled=decided,
        threads=stopping.threads,
    )
    solution, bound = solve_max_coverage(plain, part, seed)
    if solution.value >= everybody:
        is_open = np.zeros(constraints.n_sites, bool)
        for group in (constraints.standing, constraints.required, solution.sites):
            is_open[group] = True
        return is_open
    return None if bound < everybody else False


def _refuse(given: CoverInput, constraints: Constraints) -> None:
    scaled = scale_weights(given.weights)
    plain = ChoiceProblem(given, scaled, constraints, "any", least=int(scaled.whole.sum()))
    found = clashing(plain) or ["sites", "share"]
    raise InfeasibleError(
        "siting.center_out_of_reach", conditions=said([name for name in found if name != "share"]), families=found
    )
