"""The models that are more than one covering problem, from checked input to result."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.counting import total
from planner.solvers.exact.choice_problem import ChoiceProblem
from planner.solvers.exact.constrained_coverage import solve_worst_zone
from planner.solvers.exact.min_sites import solve_min_sites
from planner.solvers.exact.p_center import solve_p_center
from planner.solvers.exact.p_median import lacks_time, solve_p_median
from planner.solvers.input.condition_rows import check_constraints
from planner.solvers.input.conditions import NOTHING_MORE, Conditions
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.keywords import Search, TimeKeywords
from planner.solvers.input.problem import refuse_required
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.travel_times import TravelTimes, check_times
from planner.solvers.input.validation import Faults, check_numbers, check_search_limits, check_whole
from planner.solvers.results import MinSites, PCenter, PMedian, WorstZone, share
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import SearchLimits


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
        **constraints.freedom(selected),
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
        **constraints.freedom(selected),
        gains=gains,
        covered_weight=weight,
        share=share(weight, everybody) if everybody > 0 else 1.0,
    )


def median_result(
    t: Any, weights: ArrayLike, sites: int, unserved_s: float | None, **keywords: Unpack[TimeKeywords]
) -> PMedian:
    """Leave the least person-seconds."""
    faults = Faults()
    times = check_times(t, faults)
    people = check_numbers(weights, times.shape[0], "weights", faults)
    constraints, limits = _check_times_problem(times, sites, "p_median", faults, **keywords)
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
        **constraints.freedom(found.selected),
        mean_s=found.value / everybody if everybody > 0 else 0.0,
        unserved=total(people[~reached]),
    )


def center_result(t: Any, sites: int, **keywords: Unpack[TimeKeywords]) -> PCenter:
    """Bring the farthest nearest."""
    faults = Faults()
    times = check_times(t, faults)
    constraints, limits = _check_times_problem(times, sites, "p_center", faults, **keywords)
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
        **constraints.freedom(found.selected),
        left_out=int(found.left_out.sum()),
    )


def _check_times_problem(
    times: TravelTimes,
    sites: Any,
    model: str,
    faults: Faults,
    *,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    conditions: Conditions = NOTHING_MORE,
    **search: Unpack[Search],
) -> tuple[Constraints, SearchLimits]:
    limits = SearchLimits(**search)
    check_whole(sites, "sites", faults)
    check_search_limits(limits, faults)
    for name in ("capacity", "floor"):
        if getattr(conditions, name) is not None:
            faults.add("not_in_model", name=name, model=model)
    constraints = check_constraints(
        *times.shape,
        conditions,
        faults,
        required=required,
        forbidden=forbidden,
        existing=existing,
        sites=None if faults else int(sites),
    )
    if not faults:
        refuse_required(constraints)
    return constraints, limits
