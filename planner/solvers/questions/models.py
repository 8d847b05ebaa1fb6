"""The models that are more than one covering problem, from checked input to result."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InfeasibleError
from planner.solvers.array_types import Bools, Floats
from planner.solvers.exact.choice_problem import ChoiceProblem
from planner.solvers.exact.constrained_coverage import solve_coverage, solve_worst_zone
from planner.solvers.exact.min_sites import solve_min_sites
from planner.solvers.exact.p_center import solve_p_center
from planner.solvers.exact.p_median import lacks_time, solve_p_median
from planner.solvers.input.conditions import Conditions
from planner.solvers.input.constraints import Constraints, check_constraints
from planner.solvers.input.reduction import CoverProblem, ScaledWeights, scale_weights
from planner.solvers.input.travel_times import TravelTimes, check_times
from planner.solvers.input.validation import CoverInput, Faults, check_numbers, check_search_limits, check_whole, total
from planner.solvers.results import Frontier, MinSites, PCenter, PMedian, WorstZone, share
from planner.solvers.search.constrained_search import plain_problem
from planner.solvers.search.coverage_curve import LARGE_WORK, curve_result
from planner.solvers.search.opening_order import in_order, pruned
from planner.solvers.stopping import SearchLimits, StoppingRule

_FRONTIER_WORK = 300_000_000
"""Counted work after which a point of the frontier is taken as it is, with its gap."""


def worst_zone_result(
    given: CoverInput, constraints: Constraints, limits: SearchLimits, parameters: dict[str, Any]
) -> WorstZone:
    """Serve the worst zone best."""
    stopping = limits.start()
    problem = ChoiceProblem(given, scale_weights(given.weights), constraints, "worst")
    is_open, bound = solve_worst_zone(problem, stopping, limits.progress)
    covered = given.covered_by(np.flatnonzero(is_open))
    assert constraints.zone is not None
    inside = constraints.zone >= 0
    people, served = (
        np.bincount(constraints.zone[inside], weights[inside], int(constraints.zone.max(initial=-1)) + 1)
        for weights in (given.weights, np.where(covered, given.weights, 0.0))
    )
    shares = np.divide(served, people, out=np.full(len(people), np.nan), where=people > 0)
    value = float(np.min(shares[people > 0], initial=1.0))
    stopping.close(value, max(bound, value))
    stays = constraints.standing[is_open[constraints.standing]]
    selected, _ = in_order(given, stays, np.setdiff1d(np.flatnonzero(is_open), constraints.standing))
    return WorstZone(
        selected=selected,
        value=value,
        upper_bound=max(bound, value),
        stopped_by=stopping.stopped_by,
        covered=covered,
        parameters=parameters,
        closed=np.setdiff1d(constraints.standing, stays),
        zone_shares=shares,
        covered_weight=total(given.weights[covered]),
    )


def fewest_result(
    given: CoverInput,
    constraints: Constraints,
    limits: SearchLimits,
    wanted: float,
    of: str,
    parameters: dict[str, Any],
) -> MinSites:
    """Cover a share with the fewest or cheapest sites."""
    stopping = limits.start()
    scaled = scale_weights(given.weights)
    found = solve_min_sites(given, scaled, constraints, wanted, of, stopping, limits.seed, limits.progress)
    stays = constraints.standing[found.is_open[constraints.standing]]
    selected, gains = in_order(given, stays, np.setdiff1d(np.flatnonzero(found.is_open), constraints.standing))
    covered = given.covered_by(np.flatnonzero(found.is_open))
    coverable = given.covered_by(np.union1d(constraints.standing, constraints.new))
    everybody = total(given.weights if of == "all" else given.weights[coverable])
    weight = total(given.weights[covered])
    return MinSites(
        selected=selected,
        value=found.value,
        lower_bound=found.bound,
        stopped_by=stopping.stopped_by,
        covered=covered,
        parameters=parameters,
        closed=np.setdiff1d(constraints.standing, stays),
        gains=gains,
        covered_weight=weight,
        share=share(weight, everybody) if everybody > 0 else 1.0,
    )


def median_result(
    t: Any,
    weights: ArrayLike,
    sites: int,
    unserved_s: float | None,
    conditions: Conditions,
    limits: SearchLimits,
    **roles: ArrayLike,
) -> PMedian:
    """Leave the least person-seconds."""
    faults = Faults()
    times = check_times(t, faults)
    people = check_numbers(weights, times.shape[0], "weights", faults)
    constraints = _check_p(times, sites, conditions, limits, "p_median", faults, roles)
    if unserved_s is None:
        if not faults and lacks_time(times, people, constraints, int(sites)):
            faults.add("no_unserved")
    elif not (np.isfinite(unserved_s) and unserved_s >= times.longest):
        faults.add("bad_unserved", unserved_s=unserved_s, longest=times.longest)
    faults.refuse()
    cost = times.longest + 1.0 if unserved_s is None else float(unserved_s)
    found, stopping = solve_p_median(times, people, constraints, cost, limits)
    reached = np.isfinite(found.seconds)
    everybody = total(people)
    return PMedian(
        selected=found.selected,
        value=found.value,
        lower_bound=found.bound,
        stopped_by=stopping.stopped_by,
        covered=reached,
        parameters={"sites": sites, "unserved_s": unserved_s, "gap": limits.gap, "seed": limits.seed},
        closed=np.setdiff1d(constraints.standing, found.stays),
        mean_s=found.value / everybody if everybody > 0 else 0.0,
        unserved=total(people[~reached]),
    )


def center_result(t: Any, sites: int, conditions: Conditions, limits: SearchLimits, **roles: ArrayLike) -> PCenter:
    """Bring the farthest nearest."""
    faults = Faults()
    times = check_times(t, faults)
    constraints = _check_p(times, sites, conditions, limits, "p_center", faults, roles)
    faults.refuse()
    stopping = limits.start()
    found = solve_p_center(times, constraints, stopping, limits.seed, limits.progress)
    return PCenter(
        selected=found.selected,
        value=found.value,
        lower_bound=found.bound,
        stopped_by=stopping.stopped_by,
        covered=~found.left_out,
        parameters={"sites": sites, "gap": limits.gap, "seed": limits.seed},
        closed=np.setdiff1d(constraints.standing, found.stays),
        left_out=int(found.left_out.sum()),
    )


def _check_p(
    times: TravelTimes,
    sites: Any,
    conditions: Conditions,
    limits: SearchLimits,
    model: str,
    faults: Faults,
    roles: dict[str, Any],
) -> Constraints:
    check_whole(sites, "sites", faults)
    check_search_limits(limits.gap, limits.time_limit_s, faults)
    for name in ("capacity", "floor"):
        if getattr(conditions, name) is not None:
            faults.add("not_in_model", name=name, model=model)
    constraints = check_constraints(*times.shape, conditions, faults, sites=None if faults else int(sites), **roles)
    must = np.setdiff1d(constraints.required, constraints.closable)
    if not faults and len(must) > sites:
        raise InfeasibleError(
            "siting.required_over_sites",
            needed=float(len(must)),
            limit=float(sites),
            families=["required", "sites"],
        )
    return constraints


def frontier_result(
    given: CoverInput, constraints: Constraints, limits: SearchLimits, amounts: Floats | None, points: int
) -> Frontier:
    """Cover most with each number of sites or amount of money; what a larger limit cannot exceed, a smaller cannot."""
    scaled = scale_weights(given.weights)
    stopping = limits.start(scaled.real)
    large = _as_one(given, scaled, constraints)
    if large is not None:
        return curve_result(given, scaled, large, constraints.standing, stopping)
    asked: list[Constraints] = []
    values: list[float] = []
    bounds: list[float] = []
    chosen: list[Bools] = []
    impossible: InfeasibleError | None = None
    for limited in _limits(constraints, amounts, points):
        if asked and (stopping.seconds_left() <= 0 or stopping.is_cancelled()):
            break
        part = StoppingRule(
            gap=limits.gap,
            time_limit_s=stopping.seconds_left(),
            work_limit=_FRONTIER_WORK,
            cancelled=limits.cancelled,
            threads=limits.threads,
        )
        try:
            found = solve_coverage(given, limited, part, limits.seed, scaled=scaled)
        except InfeasibleError as fault:
            impossible = fault
            continue
        asked.append(limited)
        is_open = found.is_open
        value = found.value
        if values and values[-1] > value:
            value, is_open = values[-1], chosen[-1]
        values.append(value)
        bounds.append(max(found.bound, value))
        chosen.append(is_open)
        if limits.progress is not None:
            limits.progress(value, bounds[-1])
    if not asked and impossible is not None:
        raise impossible
    for k in range(len(bounds) - 2, -1, -1):
        bounds[k] = max(min(bounds[k], bounds[k + 1]), values[k])
    selected = []
    for limited, is_open in zip(asked, chosen, strict=True):
        needed = pruned(given, limited, is_open) if constraints.capacity is None else is_open
        stays = constraints.standing[is_open[constraints.standing]]
        selected.append(in_order(given, stays, np.setdiff1d(np.flatnonzero(needed), constraints.standing))[0])
    money = None if constraints.budget is None else np.array([limited.budget for limited in asked], float)
    sites = np.array([limited.sites if money is None else len(s) for limited, s in zip(asked, selected, strict=True)])
    return Frontier(sites.astype(np.int64), np.array(values), np.array(bounds), tuple(selected), money)


def _as_one(given: CoverInput, scaled: ScaledWeights, constraints: Constraints) -> CoverProblem | None:
    """Return the problem of the largest number, where the curve is so large that all numbers are searched together."""
    sites = constraints.sites
    if (
        sites is None
        or not constraints.is_plain
        or len(constraints.required)
        or len(given.row_sites) * sites < LARGE_WORK
    ):
        return None
    problem = plain_problem(given, scaled, constraints)
    return problem if problem is not None and problem.n_pairs * sites >= LARGE_WORK else None


def _limits(constraints: Constraints, amounts: Floats | None, points: int) -> Iterator[Constraints]:
    must = np.setdiff1d(constraints.required, constraints.closable)
    if constraints.sites is not None:
        for number in range(len(must), constraints.sites + 1):
            yield constraints.limited(sites=number)
        return
    assert constraints.budget is not None
    least = float(constraints.costs[must].sum())
    for amount in (
        np.linspace(least, constraints.budget, max(points, 1)) if amounts is None else amounts[amounts >= least]
    ):
        yield constraints.limited(budget=float(amount))
