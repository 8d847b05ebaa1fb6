"""Covering under conditions: the fast machinery where it can say all there is to say, the exact model where it cannot.

Whatever binds besides number, budget and roles only takes choices away: the plain problem's bound holds, and its solution is the
solution where it happens to keep to everything. Otherwise a choice made by greed and exchange within the conditions starts the
exact model; where that is too large, prices and the sites' own conditions give the bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from planner.counting import total
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.exact.allocation import counts_people, near_whole, serve
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.choice_problem import ChoiceProblem, meets, worst_share
from planner.solvers.exact.infeasibility import refuse_clash
from planner.solvers.exact.max_coverage import greedy_with_bound, solve_max_coverage
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.input.reduction import ScaledWeights, scale_weights
from planner.solvers.search.backup_coverage import improve
from planner.solvers.search.constrained_search import greedy_within_rows, plain_problem, priced_bound
from planner.solvers.search.opening_order import pruned, reopened
from planner.solvers.stopping import StoppingRule

EXACT_PAIRS = 2_000_000
"""Stored pairs of merged rows up to which the exact model is put to the solver."""

_NEAR_SHARE = 1e-6  # shares this near each other are told apart by counting people
_PLAIN_WORK = 1_000_000_000  # counted work spent on the plain problem before conditions are looked at


@dataclass(frozen=True)
class SolvedCoverage:
    """The open sites of the best choice, the weight of each point that counts, and a bound on their sum."""

    is_open: Bools
    served: Floats
    value: float
    bound: float
    allocation: sparse.csr_array | None


def solve_coverage(
    given: CoverInput,
    constraints: Constraints,
    stopping: StoppingRule,
    seed: int,
    *,
    scaled: ScaledWeights | None = None,
    times: int = 1,
    greedy: bool = False,
    told: Callable[[float, float], None] | None = None,
) -> SolvedCoverage:
    """Cover most weight `times` times within the constraints.

    Raises
    ------
    InfeasibleError
        No choice meets the constraints; the conditions that clash are named.
    """
    scaled = scale_weights(given.weights) if scaled is None else scaled
    problem = ChoiceProblem(given, scaled, constraints, "cover", times)
    plain = plain_problem(given, scaled, constraints)
    if plain is None:
        refuse_clash(problem)
    assert plain is not None
    is_plain = constraints.is_plain and times == 1
    if is_plain:
        solution, whole = greedy_with_bound(plain, stopping) if greedy else solve_max_coverage(plain, stopping, seed)
        return _finish(problem, None, _opened(constraints, solution.sites), scaled.ceiling(whole))
    merged = problem.merged()
    is_large = len(merged.sites) > EXACT_PAIRS
    part = _first_part(stopping, float("inf") if is_large else _PLAIN_WORK)
    solution, whole = greedy_with_bound(plain, part) if greedy else solve_max_coverage(plain, part, seed)
    bound = scaled.ceiling(whole)
    best = _opened(constraints, solution.sites)
    if not (times == 1 and constraints.capacity is None and meets(problem, merged, best)):
        found = greedy_within_rows(merged, constraints, stopping)
        if found is not None and times > 1 and constraints.capacity is None and not greedy:
            better = improve(merged, constraints, found, stopping, seed)
            found = better if meets(problem, merged, better) else found
        best = found if found is not None and meets(problem, merged, found) else None  # type: ignore[assignment]
    elif part.stopped_by == "proven" or greedy or is_large:
        stopping.stopped_by = part.stopped_by
        return _finish(problem, merged, best, bound)
    if greedy and best is not None:
        pass
    elif not is_large:
        outcome = solve_choice(problem, stopping, start=best, told=told, merged=merged)
        if outcome.ended == "infeasible":
            refuse_clash(problem)
        bound = min(bound, outcome.bound)
        if outcome.is_open is not None:
            best = outcome.is_open
    elif times == 1:
        bound = min(bound, scaled.ceiling(priced_bound(merged, constraints, plain, stopping, whole)))
    if best is None:
        best = _any(problem, merged)
    made = _finish(problem, merged, reopened(given, constraints, best), bound)
    stopping.close(made.value, made.bound)
    return made


def _any(problem: ChoiceProblem, merged: MergedDemand) -> Bools:
    """Return any choice within the constraints, in a minute more."""
    outcome = solve_choice(replace(problem, goal="any"), StoppingRule(time_limit_s=60.0), merged=merged)
    if outcome.is_open is None:
        refuse_clash(problem)
    assert outcome.is_open is not None
    return outcome.is_open


def _first_part(stopping: StoppingRule, work: float) -> StoppingRule:
    """Return a stopping rule for the plain problem: the same end and gap, half the time, its work counted."""
    part = stopping.share(work)
    part.threads, part.gap = stopping.threads, stopping.gap
    part.deadline = part.started + stopping.seconds_left() / 2
    return part


def _opened(constraints: Constraints, sites: Ints) -> Bools:
    is_open = np.zeros(constraints.n_sites, bool)
    for group in (constraints.standing, constraints.required, sites):
        is_open[group] = True
    return is_open


def _finish(problem: ChoiceProblem, merged: MergedDemand | None, is_open: Bools, bound: float) -> SolvedCoverage:
    given, constraints, scaled = problem.given, problem.constraints, problem.scaled
    if constraints.capacity is not None and merged is not None:
        served, allocation = serve(problem, merged, is_open)
        empty = np.asarray(allocation.sum(axis=0)).ravel() <= 0
        for j in np.setdiff1d(np.flatnonzero(is_open & empty), np.union1d(constraints.standing, constraints.required))[
            ::-1
        ]:
            is_open = is_open.copy()
            is_open[j] = False
            is_open[j] = bool(constraints.broken(is_open))
        value = total(served)
        if counts_people(scaled, constraints):
            value, bound = near_whole(value), float(np.floor(bound + 1e-6))
        return SolvedCoverage(is_open, served, value, max(bound, value), allocation)
    is_open = pruned(given, constraints, is_open, problem.times)
    counts = given.times_covered(np.flatnonzero(is_open)) >= problem.times
    served = np.where(counts, given.weights, 0.0)
    value = total(served)
    if scaled.unit > 1 and np.isfinite(bound):
        bound = float(np.floor(bound + 1e-6))
    return SolvedCoverage(is_open, served, value, max(bound, value), None)


def solve_worst_zone(
    problem: ChoiceProblem, stopping: StoppingRule, told: Callable[[float, float], None] | None = None
) -> tuple[Bools, float]:
    """Return the choice that serves the worst zone best, and the bound on its share.

    A solver's tolerance is wider than a person in a large zone: whether every zone can be served by one person more than the
    worst share is asked again, in whole people, until it cannot.
    """
    merged = problem.merged()
    start = greedy_within_rows(merged, problem.constraints, stopping)
    if start is not None and not meets(problem, merged, start):
        start = None
    outcome = solve_choice(problem, stopping, start=start, told=told, merged=merged)
    if outcome.ended == "infeasible":
        refuse_clash(problem)
    best = outcome.is_open if outcome.is_open is not None else start
    best = _any(problem, merged) if best is None else best
    value, bound = worst_share(problem, merged, best), min(outcome.bound, 1.0)
    while 0 < bound - value <= _NEAR_SHARE and problem.scaled.unit > 1:
        better = solve_choice(_better_everywhere(problem, merged, value), stopping)
        if better.is_open is None:
            bound = value if better.ended == "infeasible" else bound
            break
        best, value = better.is_open, worst_share(problem, merged, better.is_open)
    return best, max(bound, value)


def _better_everywhere(problem: ChoiceProblem, merged: MergedDemand, value: float) -> ChoiceProblem:
    """Return the problem for any choice whose worst share is above `value`, by a person at least."""
    totals = problem.zone_totals(len(merged.base_zone))
    unit = problem.scaled.unit
    worst = np.floor(value * (totals / unit) * (1 + 1e-12)) + 1
    floor = np.where(totals > 0, worst / np.maximum(totals / unit, 1), 0.0)
    if problem.constraints.floor is not None:
        least = np.zeros(len(floor))
        least[: len(problem.constraints.floor)] = problem.constraints.floor[: len(floor)]
        floor = np.maximum(floor, least)
    return replace(problem, goal="any", constraints=replace(problem.constraints, floor=floor))
