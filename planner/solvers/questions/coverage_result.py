"""A choice of sites as the result that a caller gets: opening order, gains, who is covered or served, bound."""

from typing import Any

import numpy as np

from planner.solvers.exact.allocation import order_by_service, served_by
from planner.solvers.exact.constrained_coverage import SolvedCoverage, solve_coverage
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.validation import CoverInput, total
from planner.solvers.results import MaxCoverage
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import SearchLimits, StoppingRule


def cover_result(
    given: CoverInput,
    constraints: Constraints,
    limits: SearchLimits,
    parameters: dict[str, Any],
    *,
    times: int = 1,
    greedy: bool = False,
) -> MaxCoverage:
    """Cover most weight within the constraints, and return the result."""
    scaled = scale_weights(given.weights)
    stopping = limits.start(scaled.real)
    found = solve_coverage(
        given, constraints, stopping, limits.seed, scaled=scaled, times=times, greedy=greedy, told=limits.progress
    )
    return dress(given, constraints, stopping, found, parameters, times=times)


def dress(
    given: CoverInput,
    constraints: Constraints,
    stopping: StoppingRule,
    found: SolvedCoverage,
    parameters: dict[str, Any],
    *,
    times: int = 1,
) -> MaxCoverage:
    """Return a choice as a result: its sites in opening order, what each gains, who is covered."""
    chosen = np.setdiff1d(np.flatnonzero(found.is_open), constraints.standing)
    stays = constraints.standing[found.is_open[constraints.standing]]
    if constraints.capacity is None:
        selected, gains = in_order(given, stays, chosen, times)
        before = total(given.weights[given.times_covered(constraints.standing) >= times])
    else:
        selected, gains = order_by_service(given, constraints, stays, chosen)
        before = served_by(given, constraints, constraints.standing)
    return MaxCoverage(
        selected=selected,
        gains=gains,
        value=found.value,
        value_before=before,
        upper_bound=found.bound,
        stopped_by=stopping.stopped_by,
        covered=given.times_covered(np.flatnonzero(found.is_open)) >= times,
        parameters=parameters,
        closed=np.setdiff1d(constraints.standing, stays),
        served=found.served,
        allocation=found.allocation,
    )
