"""Maximum coverage from a reduced problem to a solution with a bound: quick ones, then prices, then proof or search."""

from functools import partial

import numpy as np

from planner.solvers.bounds.lagrangian import LagrangianDual, settled_sites
from planner.solvers.exact.branch_and_bound import branch_and_bound
from planner.solvers.exact.components import solve_parts
from planner.solvers.exact.regions import improve_regions
from planner.solvers.input.reduction import CoverProblem, restrict
from planner.solvers.search.local_search import LocalSearch, Solution, columns_of, start
from planner.solvers.stopping import StoppingRule

_FIRST_STEPS, _LATER_STEPS = 100, 400
_QUICK_WORK, _QUICK_STEPS = 100_000_000, (5, 300)
_REPAIR_WORK = 20_000_000  # at most, where a proof is in reach
_PROVABLE_ROWS, _PROVABLE_PAIRS = 5_000, 1_000_000  # a linear model of more undecided rows takes too long
_CORE = 0.95  # sites that collect less than this share of what it takes are not tried where no proof is in reach
_START_WORK = 600_000_000
_REGION_SIZES = (12, 20, 30, 45)


def greedy_with_bound(problem: CoverProblem, stopping: StoppingRule) -> tuple[Solution, int]:
    """Return the greedy solution and what prices prove about it after a bounded number of pairs visited."""
    best = start(problem)
    dual = LagrangianDual(problem, columns_of(problem, best))
    steps = int(np.clip(_QUICK_WORK // (2 * problem.n_pairs + 1), _QUICK_STEPS[0], _QUICK_STEPS[1]))
    stopping.spend(dual.lower(steps, best.value))
    bound = max(dual.ceiling().bound, best.value)
    stopping.must_stop(best.value, bound)
    return best, bound


def solve_max_coverage(problem: CoverProblem, stopping: StoppingRule, seed: int) -> tuple[Solution, int]:
    """Return the best solution found and the bound proven on it."""
    best = start(problem)
    search = LocalSearch(problem, columns_of(problem, best))
    stopping.spend(search.exchange())
    best = search.solution
    dual = LagrangianDual(problem, search.chosen)
    stopping.spend(dual.lower(_FIRST_STEPS, best.value))
    found = dual.ceiling()
    bound = max(found.bound, best.value)
    if stopping.must_stop(best.value, bound):
        return best, bound
    anywhere = np.ones(len(problem.site), bool)
    stopping.spend(search.repair(anywhere, seed, min(_REPAIR_WORK, 50 * problem.n_pairs)))
    best = search.solution
    inner = restrict(problem, *settled_sites(found, best.value))
    by_parts = solve_parts(inner, best, bound, stopping, seed, solve_max_coverage)
    if by_parts is not None:
        return by_parts
    if inner.n_pairs > _PROVABLE_PAIRS:
        return _search(inner, best, bound, stopping, seed)
    dual = LagrangianDual(inner, columns_of(inner, best))
    stopping.spend(dual.lower(_LATER_STEPS, best.value))
    if dual.n_undecided_rows() > _PROVABLE_ROWS:
        return _search(inner, best, bound, stopping, seed)
    return branch_and_bound(inner, best, bound, stopping)


def _search(
    problem: CoverProblem, best: Solution, bound: int, stopping: StoppingRule, seed: int
) -> tuple[Solution, int]:
    """Return a good solution and a bound where no proof is in reach; every better solution is made of the problem's columns."""
    dual = LagrangianDual(problem, columns_of(problem, best))
    stopping.spend(dual.lower(_LATER_STEPS, best.value))
    bound = max(min(bound, dual.ceiling().bound), best.value)
    if stopping.must_stop(best.value, bound):
        return best, bound
    nothing = np.zeros(len(problem.site), bool)
    core = restrict(problem, nothing, ~dual.promising(_CORE))
    share = np.zeros(len(problem.site))
    share[:] = dual.share
    likely = np.argsort(-share[np.searchsorted(problem.site, core.site)], kind="stable")
    rounded = likely[np.cumsum(core.cover.cost[likely]) <= core.limit]
    starts = [LocalSearch(core, columns_of(core, best)), LocalSearch(core, rounded)]
    every = np.ones(len(core.site), bool)
    tasks = [partial(_improve, one, every, seed + k) for k, one in enumerate(starts)]
    work = stopping.run([*tasks, partial(dual.lower, 2 * _LATER_STEPS, best.value)])
    stopping.spend(sum(work))
    bound = max(min(bound, dual.ceiling().bound), best.value)
    best = max(best, *(one.solution for one in starts), key=lambda solution: solution.value)
    for turn, size in enumerate(_REGION_SIZES):
        best = improve_regions(core, best, size, bound, stopping, seed + turn)
        if stopping.must_stop(best.value, bound):
            return best, bound
    stopping.give_up()
    stopping.must_stop(best.value, bound)
    return best, bound


def _improve(search: LocalSearch, allowed: np.ndarray, seed: int) -> int:
    work = search.exchange()
    return work + search.repair(allowed, seed, _START_WORK)
