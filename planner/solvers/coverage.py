"""Maximum coverage from a reduced problem to an answer with a bound: quick answers first, then prices, then proof."""

import numpy as np

from planner.solvers.dual import Dual, settled_sites
from planner.solvers.guard import Guard
from planner.solvers.problem import Problem, restrict
from planner.solvers.search import Answer, LocalSearch, columns_of, start
from planner.solvers.tree import prove

_SMALL_PAIRS = 100_000  # below this the proof finds what repairing would, and is as quick without
_REPAIR_WORK = 4_000_000
_DUAL_STEPS = 300


def solve(problem: Problem, guard: Guard, seed: int) -> tuple[Answer, int]:
    """Return the best answer found and the bound proven on it."""
    best = start(problem)
    search = LocalSearch(problem, columns_of(problem, best))
    guard.spend(search.exchange())
    if problem.n_pairs > _SMALL_PAIRS:
        anywhere = np.ones(len(problem.site), bool)
        guard.spend(search.repair(anywhere, seed, _REPAIR_WORK))
    best = search.answer
    dual = Dual(problem, search.chosen)
    guard.spend(dual.lower(_DUAL_STEPS, best.value))
    found = dual.ceiling()
    bound = max(found.bound, best.value)
    if guard.must_stop(best.value, bound):
        return best, bound
    opened, closed = settled_sites(found, best.value)
    inner = restrict(problem, opened, closed)
    return prove(inner, best, bound, guard)
