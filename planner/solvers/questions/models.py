"""The models that are more than one covering problem, from checked input to result."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InfeasibleError
from planner.solvers.exact.constrained_coverage import cover_most, worst_zone
from planner.solvers.exact.min_sites import fewest
from planner.solvers.exact.p_center import least_worst_time
from planner.solvers.exact.p_median import lacks_time, least_time
from planner.solvers.exact.requirements import Quest
from planner.solvers.input.conditions import Conditions
from planner.solvers.input.constraints import Terms, check_terms
from planner.solvers.input.effort import Effort
from planner.solvers.input.reduction import Problem, Scaled, scale_weights
from planner.solvers.input.times import Times, check_times
from planner.solvers.input.validation import Faults, Given, check_effort, check_whole, numbers, total
from planner.solvers.results import Frontier, MinSites, PCenter, PMedian, WorstZone, share
from planner.solvers.search.constrained_search import plain_problem
from planner.solvers.search.frontier import LARGE_WORK, curve_result
from planner.solvers.search.opening_order import in_order, pruned
from planner.solvers.stopping import Guard

_FRONTIER_WORK = 300_000_000
"""Counted work after which a point of the frontier is taken as it is, with its gap."""


def worst_zone_result(given: Given, terms: Terms, effort: Effort, parameters: dict[str, Any]) -> WorstZone:
    """Serve the worst zone best."""
    guard = effort.guard()
    quest = Quest(given, scale_weights(given.weights), terms, "worst")
    is_open, bound = worst_zone(quest, guard, effort.progress)
    covered = given.covered_by(np.flatnonzero(is_open))
    assert terms.zone is not None
    inside = terms.zone >= 0
    people, served = (
        np.bincount(terms.zone[inside], weights[inside], int(terms.zone.max(initial=-1)) + 1)
        for weights in (given.weights, np.where(covered, given.weights, 0.0))
    )
    shares = np.divide(served, people, out=np.full(len(people), np.nan), where=people > 0)
    value = float(np.min(shares[people > 0], initial=1.0))
    guard.close(value, max(bound, value))
    stays = terms.standing[is_open[terms.standing]]
    selected, _ = in_order(given, stays, np.setdiff1d(np.flatnonzero(is_open), terms.standing))
    return WorstZone(
        selected=selected,
        value=value,
        upper_bound=max(bound, value),
        stopped_by=guard.stopped_by,
        covered=covered,
        parameters=parameters,
        closed=np.setdiff1d(terms.standing, stays),
        zone_shares=shares,
        covered_weight=total(given.weights[covered]),
    )


def fewest_result(
    given: Given, terms: Terms, effort: Effort, wanted: float, of: str, parameters: dict[str, Any]
) -> MinSites:
    """Cover a share with the fewest or cheapest sites."""
    guard = effort.guard()
    scaled = scale_weights(given.weights)
    found = fewest(given, scaled, terms, wanted, of, guard, effort.seed, effort.progress)
    stays = terms.standing[found.is_open[terms.standing]]
    selected, gains = in_order(given, stays, np.setdiff1d(np.flatnonzero(found.is_open), terms.standing))
    covered = given.covered_by(np.flatnonzero(found.is_open))
    coverable = given.covered_by(np.union1d(terms.standing, terms.new))
    everybody = total(given.weights if of == "all" else given.weights[coverable])
    weight = total(given.weights[covered])
    return MinSites(
        selected=selected,
        value=found.value,
        lower_bound=found.bound,
        stopped_by=guard.stopped_by,
        covered=covered,
        parameters=parameters,
        closed=np.setdiff1d(terms.standing, stays),
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
    effort: Effort,
    **roles: ArrayLike,
) -> PMedian:
    """Leave the least person-seconds."""
    faults = Faults()
    times = check_times(t, faults)
    people = numbers(weights, times.shape[0], "weights", faults)
    terms = _check_p(times, sites, conditions, effort, "p_median", faults, roles)
    if unserved_s is None:
        if not faults and lacks_time(times, people, terms, int(sites)):
            faults.add("no_unserved")
    elif not (np.isfinite(unserved_s) and unserved_s >= times.longest):
        faults.add("bad_unserved", unserved_s=unserved_s, longest=times.longest)
    faults.refuse()
    cost = times.longest + 1.0 if unserved_s is None else float(unserved_s)
    found, guard = least_time(times, people, terms, cost, effort)
    reached = np.isfinite(found.seconds)
    everybody = total(people)
    return PMedian(
        selected=found.selected,
        value=found.value,
        lower_bound=found.bound,
        stopped_by=guard.stopped_by,
        covered=reached,
        parameters={"sites": sites, "unserved_s": unserved_s, "gap": effort.gap, "seed": effort.seed},
        closed=np.setdiff1d(terms.standing, found.stays),
        mean_s=found.value / everybody if everybody > 0 else 0.0,
        unserved=total(people[~reached]),
    )


def center_result(t: Any, sites: int, conditions: Conditions, effort: Effort, **roles: ArrayLike) -> PCenter:
    """Bring the farthest nearest."""
    faults = Faults()
    times = check_times(t, faults)
    terms = _check_p(times, sites, conditions, effort, "p_center", faults, roles)
    faults.refuse()
    guard = effort.guard()
    found = least_worst_time(times, terms, guard, effort.seed, effort.progress)
    return PCenter(
        selected=found.selected,
        value=found.value,
        lower_bound=found.bound,
        stopped_by=guard.stopped_by,
        covered=~found.left_out,
        parameters={"sites": sites, "gap": effort.gap, "seed": effort.seed},
        closed=np.setdiff1d(terms.standing, found.stays),
        left_out=int(found.left_out.sum()),
    )


def _check_p(
    times: Times,
    sites: Any,
    conditions: Conditions,
    effort: Effort,
    model: str,
    faults: Faults,
    roles: dict[str, Any],
) -> Terms:
    check_whole(sites, "sites", faults)
    check_effort(effort.gap, effort.time_limit_s, faults)
    for name in ("capacity", "floor"):
        if getattr(conditions, name) is not None:
            faults.add("not_in_model", name=name, model=model)
    terms = check_terms(*times.shape, conditions, faults, sites=None if faults else int(sites), **roles)
    must = np.setdiff1d(terms.required, terms.closable)
    if not faults and len(must) > sites:
        raise InfeasibleError(
            "siting.required_over_sites",
            needed=float(len(must)),
            limit=float(sites),
            families=["required", "sites"],
        )
    return terms


def frontier_result(
    given: Given, terms: Terms, effort: Effort, amounts: NDArray[np.float64] | None, points: int
) -> Frontier:
    """Cover most with each number of sites or amount of money; what a larger limit cannot exceed, a smaller cannot."""
    scaled = scale_weights(given.weights)
    guard = effort.guard(scaled.real)
    large = _as_one(given, scaled, terms)
    if large is not None:
        return curve_result(given, scaled, large, terms.standing, guard)
    asked: list[Terms] = []
    values: list[float] = []
    bounds: list[float] = []
    chosen: list[NDArray[np.bool_]] = []
    impossible: InfeasibleError | None = None
    for limited in _limits(terms, amounts, points):
        if asked and (guard.seconds_left() <= 0 or guard.is_cancelled()):
            break
        part = Guard(
            gap=effort.gap,
            time_limit_s=guard.seconds_left(),
            work_limit=_FRONTIER_WORK,
            cancelled=effort.cancelled,
            threads=effort.threads,
        )
        try:
            found = cover_most(given, limited, part, effort.seed, scaled=scaled)
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
        if effort.progress is not None:
            effort.progress(value, bounds[-1])
    if not asked and impossible is not None:
        raise impossible
    for k in range(len(bounds) - 2, -1, -1):
        bounds[k] = max(min(bounds[k], bounds[k + 1]), values[k])
    selected = []
    for limited, is_open in zip(asked, chosen, strict=True):
        needed = pruned(given, limited, is_open) if terms.capacity is None else is_open
        stays = terms.standing[is_open[terms.standing]]
        selected.append(in_order(given, stays, np.setdiff1d(np.flatnonzero(needed), terms.standing))[0])
    money = None if terms.budget is None else np.array([limited.budget for limited in asked], float)
    sites = np.array([limited.sites if money is None else len(s) for limited, s in zip(asked, selected, strict=True)])
    return Frontier(sites.astype(np.int64), np.array(values), np.array(bounds), tuple(selected), money)


def _as_one(given: Given, scaled: Scaled, terms: Terms) -> Problem | None:
    """Return the problem of the largest number, where the curve is so large that all numbers are searched together."""
    sites = terms.sites
    if sites is None or not terms.is_plain or len(terms.required) or len(given.row_sites) * sites < LARGE_WORK:
        return None
    problem = plain_problem(given, scaled, terms)
    return problem if problem is not None and problem.n_pairs * sites >= LARGE_WORK else None


def _limits(terms: Terms, amounts: NDArray[np.float64] | None, points: int) -> Iterator[Terms]:
    must = np.setdiff1d(terms.required, terms.closable)
    if terms.sites is not None:
        for number in range(len(must), terms.sites + 1):
            yield terms.limited(sites=number)
        return
    assert terms.budget is not None
    least = float(terms.costs[must].sum())
    for amount in np.linspace(least, terms.budget, max(points, 1)) if amounts is None else amounts[amounts >= least]:
        yield terms.limited(budget=float(amount))
