"""From what was asked to what is answered: inputs checked into a problem, choices dressed as results."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InfeasibleError
from planner.solvers.exact.constrained_coverage import Covering, cover_most, serve
from planner.solvers.exact.requirements import Quest
from planner.solvers.input.conditions import Conditions
from planner.solvers.input.constraints import Terms, check_terms
from planner.solvers.input.effort import Effort
from planner.solvers.input.reduction import scale_costs, scale_weights
from planner.solvers.input.validation import (
    Faults,
    Given,
    canonical_rows,
    check_cover,
    check_effort,
    check_limit,
    numbers,
    total,
)
from planner.solvers.results import MaxCoverage
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import Guard


def check_problem(
    cov: Any,
    weights: ArrayLike,
    conditions: Conditions,
    effort: Effort,
    *,
    sites: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    limited: bool = True,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    check: Callable[[Faults], None] | None = None,
) -> tuple[Given, Terms]:
    """Check everything, name all faults together, and return the problem and its terms.

    Raises
    ------
    InputError, InfeasibleError
        What was given cannot be; the required sites alone exceed the number or the budget.
    """
    faults = Faults()
    n_demand, n_sites = check_cover(cov, faults)
    kept_weights = numbers(weights, n_demand, "weights", faults)
    kept_costs = None if costs is None else numbers(costs, n_sites, "costs", faults)
    if limited:
        check_limit(sites, budget, costs, faults)
    check_effort(effort.gap, effort.time_limit_s, faults)
    if check is not None:
        check(faults)
    terms = check_terms(
        n_demand,
        n_sites,
        conditions,
        faults,
        required=required,
        forbidden=forbidden,
        existing=existing,
        sites=None if faults or sites is None else int(sites),
        budget=None if faults else budget,
        costs=None if sites is not None else kept_costs,
    )
    faults.refuse()
    must = np.setdiff1d(terms.required, terms.closable)
    if terms.sites is not None and len(must) > terms.sites:
        raise InfeasibleError(
            "siting.required_over_sites", needed=float(len(must)), limit=float(terms.sites), families=_REQUIRED_SITES
        )
    if terms.budget is not None:
        whole, limit = scale_costs(terms.costs, terms.budget)
        if int(whole[must].sum()) > limit:
            needed = float(terms.costs[must].sum())
            raise InfeasibleError(
                "siting.required_over_budget", needed=needed, limit=float(terms.budget), families=_REQUIRED_BUDGET
            )
    return Given(*canonical_rows(cov), n_sites, kept_weights), terms


_REQUIRED_SITES, _REQUIRED_BUDGET = ["required", "sites"], ["required", "budget"]


def cover_result(
    given: Given,
    terms: Terms,
    effort: Effort,
    parameters: dict[str, Any],
    *,
    times: int = 1,
    greedy: bool = False,
) -> MaxCoverage:
    """Cover most weight within the terms, and return the result."""
    scaled = scale_weights(given.weights)
    guard = effort.guard(scaled.real)
    found = cover_most(
        given, terms, guard, effort.seed, scaled=scaled, times=times, greedy=greedy, told=effort.progress
    )
    return dress(given, terms, guard, found, parameters, times=times)


def dress(
    given: Given, terms: Terms, guard: Guard, found: Covering, parameters: dict[str, Any], *, times: int = 1
) -> MaxCoverage:
    """Return a choice as a result: its sites in opening order, what each gains, who is covered."""
    chosen = np.setdiff1d(np.flatnonzero(found.is_open), terms.standing)
    stays = terms.standing[found.is_open[terms.standing]]
    if terms.capacity is None:
        selected, gains = in_order(given, stays, chosen, times)
        before = total(given.weights[given.times_covered(terms.standing) >= times])
    else:
        selected, gains = order_by_service(given, terms, stays, chosen)
        before = served_by(given, terms, terms.standing)
    return MaxCoverage(
        selected=selected,
        gains=gains,
        value=found.value,
        value_before=before,
        upper_bound=found.bound,
        stopped_by=guard.stopped_by,
        covered=given.times_covered(np.flatnonzero(found.is_open)) >= times,
        parameters=parameters,
        closed=np.setdiff1d(terms.standing, stays),
        served=found.served,
        allocation=found.allocation,
    )


def served_by(given: Given, terms: Terms, sites: NDArray[np.int64]) -> float:
    """Return the weight that some sites can serve within their capacities, floors aside."""
    quest = Quest(given, scale_weights(given.weights), terms.without("floor"), "cover")
    is_open = np.zeros(given.n_sites, bool)
    is_open[sites] = True
    return total(serve(quest, quest.patterns(), is_open)[0])


def order_by_service(
    given: Given, terms: Terms, stays: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return chosen sites by what each lets be served more; what is served is submodular, so gains only fall."""
    quest = Quest(given, scale_weights(given.weights), terms.without("floor"), "cover")
    patterns = quest.patterns()
    is_open = np.zeros(given.n_sites, bool)
    is_open[stays] = True

    def now() -> float:
        return total(serve(quest, patterns, is_open)[0])

    ceiling = dict.fromkeys(chosen.tolist(), np.inf)
    order: list[int] = []
    gains: list[float] = []
    served = now()
    while ceiling:
        best, fresh = min(ceiling, key=lambda j: (-ceiling[j], j)), set[int]()
        while best not in fresh:
            is_open[best] = True
            ceiling[best] = max(now() - served, 0.0)
            is_open[best] = False
            fresh.add(best)
            best = min(ceiling, key=lambda j: (-round(ceiling[j], 6), j))
        order.append(best)
        gains.append(ceiling.pop(best))
        is_open[best] = True
        served += gains[-1]
    return np.array(order, np.int64), np.array(gains, float)
