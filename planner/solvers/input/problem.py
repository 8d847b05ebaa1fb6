"""A covering problem checked where it enters: matrix, weights, limits, roles and conditions, all faults named together."""

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from planner.counting import canonical_rows
from planner.errors import InfeasibleError
from planner.solvers.array_types import Progress
from planner.solvers.input.condition_rows import check_constraints
from planner.solvers.input.conditions import NOTHING_MORE, Conditions
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import scale_costs, sum_of_costs
from planner.solvers.input.validation import Faults, check_cover, check_limit, check_numbers, check_search_limits
from planner.solvers.stopping import SearchLimits


def check_problem(
    cov: Any,
    weights: ArrayLike,
    *,
    limited: bool = True,
    check: Callable[[Faults], None] | None = None,
    sites: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    conditions: Conditions = NOTHING_MORE,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
    threads: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[CoverInput, Constraints, SearchLimits]:
    """Check everything, name all faults together, and return the problem, its constraints and the limits of the search.

    `check` adds faults of whatever else was given; without `limited` a number or budget may be missing, or both be there.

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
    limits = SearchLimits(gap, time_limit_s, seed, threads, progress, cancelled)
    check_search_limits(limits, faults)
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
    if limited:
        refuse_required(constraints)
    return CoverInput(*canonical_rows(cov), n_sites, kept_weights), constraints, limits


def refuse_required(constraints: Constraints) -> None:
    """Refuse required sites that alone exceed the number or the budget.

    Raises
    ------
    InfeasibleError
        They do.
    """
    must = constraints.forced
    if constraints.sites is not None and len(must) > constraints.sites:
        raise InfeasibleError(
            "siting.required_over_sites",
            needed=float(len(must)),
            limit=float(constraints.sites),
            families=["required", "sites"],
        )
    if constraints.budget is not None:
        whole, limit = scale_costs(constraints.costs, constraints.budget)
        if sum_of_costs(whole[must]) > limit:
            raise InfeasibleError(
                "siting.required_over_budget",
                needed=float(constraints.costs[must].sum()),
                limit=float(constraints.budget),
                families=["required", "budget"],
            )
