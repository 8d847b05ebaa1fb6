"""Good choices quickly where conditions bind, and a bound by prices: what large problems and first guesses are made of."""

import numpy as np

from planner.kernels.cover import CLOSED, FREE, OPEN, Cover, helping_sites, transpose
from planner.kernels.cover_dual import collect
from planner.kernels.cover_within import SideRows, exchange_within, greedy_within
from planner.solvers.array_types import Bools, Ints
from planner.solvers.bounds.lagrangian import LagrangianDual
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.input.reduction import CoverProblem, ScaledWeights, reduce_rows, scale_costs, sum_of_costs
from planner.solvers.milp import Milp
from planner.solvers.stopping import StoppingRule

_WORK, _WORK_AT_ONCE = 300_000_000, 10_000_000
_STEPS, _ROUNDS = 100, 4  # of lowering prices, as far as there is time


def plain_problem(given: CoverInput, scaled: ScaledWeights, constraints: Constraints) -> CoverProblem | None:
    """Return the problem of covering most under the number or budget alone; None where the sites required exceed it."""
    status = np.full(given.n_sites, FREE, np.int8)
    status[constraints.forbidden] = CLOSED
    must = constraints.forced
    opened = np.union1d(constraints.standing, must)
    status[opened] = OPEN
    left_over = ~given.covered_by(opened) & (scaled.whole > 0)
    helps = helping_sites(given.row_ptr, given.row_sites, left_over, given.n_sites)
    status[(status == FREE) & ~helps] = CLOSED
    cost, left = (
        np.ones(given.n_sites, np.int64),
        given.n_sites if constraints.sites is None else int(constraints.sites),
    )
    if constraints.budget is not None:
        cost, left = scale_costs(constraints.costs, constraints.budget)
    left -= sum_of_costs(cost[must])
    if left < 0:
        return None
    return reduce_rows(
        given.row_ptr,
        given.row_sites,
        scaled.whole,
        cost,
        status,
        left,
        unit=scaled.unit,
        drop_dominated=constraints.is_plain,
    )


def greedy_within_rows(merged: MergedDemand, constraints: Constraints, stopping: StoppingRule) -> Bools | None:
    """Return a good choice that keeps to roles and rows (floors and capacities aside); None where greed finds none."""
    cover, rows = cover_of(merged, constraints.n_sites), _side_rows(constraints)
    low, high = constraints.bounds()
    is_open = low > 0.5
    is_open[constraints.closable] = True
    may = (high > 0.5) & ~is_open
    if not greedy_within(cover, rows, may, is_open):
        return None
    may_close = (low < 0.5) & (high > 0.5)
    for _ in range(_WORK // _WORK_AT_ONCE):
        gained, work = exchange_within(cover, rows, may_close, may_close, is_open, _WORK_AT_ONCE)
        if not gained or work < _WORK_AT_ONCE or stopping.seconds_left() <= 0 or stopping.is_cancelled():
            break
    return None if constraints.broken(is_open) else is_open


def priced_bound(
    merged: MergedDemand, constraints: Constraints, problem: CoverProblem, stopping: StoppingRule, value: int
) -> int:
    """Return a bound in wholes: prices of the plain problem, and the most that sites can collect under all rows.

    ``sum_i (w_i - price_i) + max over x within the rows of sum_j collected_j x_j`` holds for any prices.
    """
    dual = LagrangianDual(problem, np.empty(0, np.int64))
    for _ in range(_ROUNDS):
        stopping.spend(dual.lower(_STEPS, value))
        if stopping.seconds_left() <= 0 or stopping.is_cancelled():
            break
    everything = problem.base + int(problem.cover.weight.sum())
    if stopping.seconds_left() <= 0 or stopping.is_cancelled():
        return everything
    unpriced, collected = collect(problem.cover, dual.best_price)
    best = np.zeros(constraints.n_sites)
    best[problem.site] = collected
    top = max(float(best.max(initial=0.0)), 1.0)
    milp = Milp(maximise=True)
    low, high = constraints.bounds()
    milp.columns(best / top * 1000.0, low, high, whole=True)
    for row in constraints.rows:
        milp.row(row.index, row.coef, row.low, row.high)
    solved = milp.solve(StoppingRule(time_limit_s=stopping.seconds_left(), cancelled=stopping.is_cancelled))
    if solved.ended == "infeasible" or not np.isfinite(solved.bound):
        return everything
    return problem.base + int(unpriced) + int(np.ceil(solved.bound / 1000.0 * top * (1 + 1e-9)))


def cover_of(merged: MergedDemand, n_sites: int, cost: Ints | None = None) -> Cover:
    """Return merged demand as the kernels know a cover; every site costs 1 where nothing is said."""
    site_ptr, site_rows = transpose(merged.ptr, merged.sites, n_sites)
    costs = np.ones(n_sites, np.int64) if cost is None else cost
    return Cover(merged.ptr, merged.sites, site_ptr, site_rows, merged.whole, costs)


def _side_rows(constraints: Constraints) -> SideRows:
    """Return the constraints' rows by site."""
    nothing = np.empty(0, np.int64)
    site = np.concatenate([nothing, *(row.index for row in constraints.rows)])
    number = np.concatenate([nothing, *(np.full(len(row.index), k) for k, row in enumerate(constraints.rows))])
    coef = np.concatenate([np.empty(0), *(row.coef for row in constraints.rows)])
    order = np.argsort(site, kind="stable")
    ptr = np.concatenate(([0], np.cumsum(np.bincount(site, minlength=constraints.n_sites)))).astype(np.int64)
    low = np.array([row.low for row in constraints.rows], float)
    high = np.array([row.high for row in constraints.rows], float)
    return SideRows(ptr, number[order], coef[order], low, high)
