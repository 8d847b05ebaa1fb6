"""A choice of sites as the result that a caller gets: opening order, gains, who is covered or served, bound."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.counting import total
from planner.solvers.array_types import Bools, Matrix
from planner.solvers.exact.allocation import Service, order_by_service, served_total
from planner.solvers.exact.constrained_coverage import SolvedCoverage, solve_coverage
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.keywords import Limited, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.validation import Faults, as_mask, check_site_numbers
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
        service = Service(given, constraints, np.union1d(constraints.standing, chosen))
        selected, gains = order_by_service(service, as_mask(stays, given.n_sites), chosen)
        before = service.served(as_mask(constraints.standing, given.n_sites))
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
        **constraints.freedom(selected),
        served=found.served,
        allocation=found.allocation,
    )


def assess(
    given: CoverInput, constraints: Constraints, is_open: Bools, bound: float | None, parameters: dict[str, Any]
) -> MaxCoverage:
    """Return a given set of open sites as a result, whatever it breaks; the value itself where no bound is known."""
    if constraints.capacity is None:
        allocation = None
        served = np.where(given.covered_by(np.flatnonzero(is_open)), given.weights, 0.0)
        value = total(served)
    else:
        opened = np.union1d(np.flatnonzero(is_open), constraints.standing)
        served, allocation = Service(given, constraints, opened).allocation_with_floors(is_open)
        value = served_total(scale_weights(given.weights), constraints, served)
    found = SolvedCoverage(is_open, served, value, value if bound is None else max(bound, value), allocation)
    return dress(given, constraints, StoppingRule(), found, parameters)


@takes(Limited)
def result_of(
    cov: Matrix,
    weights: ArrayLike,
    chosen: ArrayLike,
    *,
    upper_bound: float | None = None,
    closed: ArrayLike = (),
    **binding: Unpack[Limited],
) -> MaxCoverage:
    """Return given sites as `max_coverage` returns those that it chooses: opening order, gains, who is covered or served.

    Parameters
    ----------
    cov, weights, and whatever binds : as in `max_coverage`; nothing is refused that the sites break.
    chosen, closed
        Numbers of the sites that open and of the existing ones that close.
    upper_bound
        A bound known from elsewhere; without one the value stands in its place and proves nothing.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    """
    listed, shut = np.empty(0, np.int64), np.empty(0, np.int64)

    def check(faults: Faults) -> None:
        nonlocal listed, shut
        listed = check_site_numbers(chosen, cov.shape[1], "chosen", faults)
        shut = check_site_numbers(closed, cov.shape[1], "closed", faults)

    given, constraints, _ = check_problem(cov, weights, limited=False, check=check, **binding)
    is_open = as_mask(np.union1d(constraints.standing, listed), given.n_sites)
    is_open[shut] = False
    return assess(given, constraints, is_open, upper_bound, {"sites": int(np.size(chosen))})
