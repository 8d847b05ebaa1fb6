"""The most that each number of sites, or each amount of money, can cover: point by point, or all numbers at once."""

from collections.abc import Iterator

import numpy as np

from planner.errors import InfeasibleError
from planner.solvers.array_types import Bools, Floats
from planner.solvers.exact.constrained_coverage import solve_coverage
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import WITHIN, CoverProblem, ScaledWeights, scale_weights
from planner.solvers.results import Frontier
from planner.solvers.search.constrained_search import plain_problem
from planner.solvers.search.coverage_curve import LARGE_WORK, curve_result
from planner.solvers.search.opening_order import in_order, pruned
from planner.solvers.stopping import SearchLimits, StoppingRule

_FRONTIER_WORK = 300_000_000
"""Counted work after which a point of the frontier is taken as it is, with its gap."""


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
    must = constraints.forced
    if constraints.sites is not None:
        for number in range(len(must), constraints.sites + 1):
            yield constraints.limited(sites=number)
        return
    assert constraints.budget is not None
    least = float(constraints.costs[must].sum())
    for amount in (
        np.linspace(least, constraints.budget, max(points, 1))
        if amounts is None
        else amounts[amounts * (1 + WITHIN) >= least]
    ):
        yield constraints.limited(budget=float(amount))
