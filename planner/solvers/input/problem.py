"""A covering problem checked where it enters: matrix, weights, limits, roles and conditions, all faults named together."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InfeasibleError
from planner.solvers.input.conditions import Conditions
from planner.solvers.input.constraints import Constraints, check_constraints
from planner.solvers.input.reduction import scale_costs
from planner.solvers.input.validation import (
    CoverInput,
    Faults,
    canonical_rows,
    check_cover,
    check_limit,
    check_numbers,
    check_search_limits,
)
from planner.solvers.stopping import SearchLimits


def check_problem(
    cov: Any,
    weights: ArrayLike,
    conditions: Conditions,
    limits: SearchLimits,
    *,
    sites: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    limited: bool = True,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    check: Callable[[Faults], None] | None = None,
) -> tuple[CoverInput, Constraints]:
    """Check everything, name all faults together, and return the problem and its constraints.

    Raises
    ------
    InputError, InfeasibleError
        What was given cannot be; the required sites alone exceed the number or the budget.
    """
    faults = Faults()
    n_demand, n_sites = check_cover(cov, faults)
    kept_weights = check_numbers(weights, n_demand, "weights", faults)
    kept_costs = None if costs is None else check_numbers(costs, n_sites, "costs", faults)
    if limited:
        check_limit(sites, budget, costs, faults)
    check_search_limits(limits.gap, limits.time_limit_s, faults)
    if check is not None:
        check(faults)
    constraints = check_constraints(
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
    must = np.setdiff1d(constraints.required, constraints.closable)
    if constraints.sites is not None and len(must) > constraints.sites:
        raise InfeasibleError(
            "siting.required_over_sites",
            needed=float(len(must)),
            limit=float(constraints.sites),
            families=_REQUIRED_SITES,
        )
    if constraints.budget is not None:
        whole, limit = scale_costs(constraints.costs, constraints.budget)
        if int(whole[must].sum()) > limit:
            needed = float(constraints.costs[must].sum())
            raise InfeasibleError(
                "siting.required_over_budget", needed=needed, limit=float(constraints.budget), families=_REQUIRED_BUDGET
            )
    return CoverInput(*canonical_rows(cov), n_sites, kept_weights), constraints


_REQUIRED_SITES, _REQUIRED_BUDGET = ["required", "sites"], ["required", "budget"]
