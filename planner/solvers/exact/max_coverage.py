"""Maximum coverage from a reduced problem to an answer with a bound: quick answers, then prices, then proof or search."""

from functools import partial

import numpy as np

from planner.solvers.bounds.lagrangian import Dual, settled_sites
from planner.solvers.exact.branch_and_bound import prove
from planner.solvers.exact.components import solve_parts
from planner.solvers.exact.regions import improve_regions
from planner.solvers.input.reduction import Problem, restrict
from planner.solvers.search.local_search import Answer, LocalSearch, columns_of, start
from planner.solvers.stopping import Guard

_FIRST_STEPS, _LATER_STEPS = 100, 400
_QUICK_WORK, _QUICK_STEPS = 100_000_000, (5, 300)
_REPAIR_WORK = 20_000_000  # at most, where a proof is in reach
_PROVABLE_ROWS, _PROVABLE_PAIRS = 5_000, 1_000_000  # a linear model of more undecided rows takes too long
_CORE = 0.95  # sites that collect less than this share of what it takes are not tried where no proof is in reach
_START_WORK = 600_000_000
_REGION_SIZES = (12, 20, 30, 45)


def quick(problem: Problem, guard: Guard) -> tuple[Answer, int]:
    """Return the greedy answer and what prices prove about it after a bounded number of pairs visited."""
    best = start(problem)
    dual = Dual(problem, columns_of(problem, best))
    steps = int(np.clip(_QUICK_WORK // (2 * problem.n_pairs + 1), _QUICK_STEPS[0], _QUICK_STEPS[1]))
    guard.spend(dual.lower(steps, best.value))
    bound = max(dual.ceiling().bound, best.value)
    guard.must_stop(best.value, bound)
    return best, bound


def solve(problem: Problem, guard: Guard, seed: int) -> tuple[Answer, int]:
    """Return the best answer found and the bound proven on it."""
    best = start(problem)
    search = LocalSearch(problem, columns_of(problem, best))
    guard.spend(search.exchange())
    best = search.answer
    dual = Dual(problem, search.chosen)
    guard.spend(dual.lower(_FIRST_STEPS, best.value))
    found = dual.ceiling()
    bound = max(found.bound, best.value)
    if guard.must_stop(best.value, bound):
        return best, bound
    anywhere = np.ones(len(problem.site), bool)
    guard.spend(search.repair(anywhere, seed, min(_REPAIR_WORK, 50 * problem.n_pairs)))
    best = search.answer
    inner = restrict(problem, *settled_sites(found, best.value))
    by_parts = solve_parts(inner, best, bound, guard, seed, solve)
    if by_parts is not None:
        return by_parts
    if inner.n_pairs > _PROVABLE_PAIRS:
        return _search(inner, best, bound, guard, seed)
    dual = Dual(inner, columns_of(inner, best))
    guard.spend(dual.lower(_LATER_STEPS, best.value))
    if dual.n_undecided_rows() > _PROVABLE_ROWS:
        return _search(inner, best, bound, guard, seed)
    return prove(inner, best, bound, guard)


def _search(problem: Problem, best: Answer, bound: int, guard: Guard, seed: int) -> tuple[Answer, int]:
    """Return a good answer and a bound where no proof is in reach; every better answer is made of the problem's columns."""
    dual = Dual(problem, columns_of(problem, best))
    guard.spend(dual.lower(_LATER_STEPS, best.value))
    bound = max(min(bound, dual.ceiling().bound), best.value)
    if guard.must_stop(best.value, bound):
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
    work = guard.run([*tasks, partial(dual.lower, 2 * _LATER_STEPS, best.value)])
    guard.spend(sum(work))
    bound = max(min(bound, dual.ceiling().bound), best.value)
    best = max(best, *(one.answer for one in starts), key=lambda answer: answer.value)
    for turn, size in enumerate(_REGION_SIZES):
        best = improve_regions(core, best, size, bound, guard, seed + turn)
        if guard.must_stop(best.value, bound):
            return best, bound
    guard.give_up()
    guard.must_stop(best.value, bound)
    return best, bound


def _improve(search: LocalSearch, allowed: np.ndarray, seed: int) -> int:
    work = search.exchange()
    return work + search.repair(allowed, seed, _START_WORK)
