"""Better solutions to problems too large to prove: part after part is solved again, to the end, with the rest as it stands.

A part is some open sites that lie near each other. They close, and all sites near them compete for what was spent on them;
the rows that the other open sites cover do not count. That is a small problem of the same kind.
"""

from functools import partial

import numpy as np

from planner.kernels.cover_search import neighbourhood, start_choice
from planner.solvers.array_types import Ints
from planner.solvers.exact.branch_and_bound import branch_and_bound
from planner.solvers.input.reduction import CoverProblem, restrict
from planner.solvers.search.local_search import Solution, columns_of, solution_of
from planner.solvers.stopping import StoppingRule

_WORK = 400_000_000  # counted work after which a part is taken as it is
_AT_ONCE = 2  # parts solved against the same solution, whatever the number of threads


def improve_regions(
    problem: CoverProblem, best: Solution, size: int, bound: int, stopping: StoppingRule, seed: int
) -> Solution:
    """Go once through all open sites of a solution, `size` at a time, and return the better solution."""
    rng = np.random.default_rng(seed)
    waiting = rng.permutation(columns_of(problem, best)).tolist()
    while waiting and not stopping.must_stop(best.value, bound):
        chosen = columns_of(problem, best)
        choice = start_choice(problem.cover, chosen)
        regions: list[Ints] = []
        while waiting and len(regions) < _AT_ONCE:
            first = waiting.pop()
            if choice.is_open[first]:
                region = neighbourhood(problem.cover, choice, first, size, first)
                regions.append(region)
                waiting = [j for j in waiting if j not in region[: len(region) // 2]]
        rules = [stopping.share(_WORK) for _ in regions]
        tasks = [partial(_solve_region, problem, chosen, *pair) for pair in zip(regions, rules, strict=True)]
        for region, renewed in zip(regions, stopping.run(tasks), strict=True):
            best = _accept(problem, best, region, renewed)
        stopping.spend(sum(part.work_done for part in rules))
    return best


def _solve_region(problem: CoverProblem, chosen: Ints, region: Ints, stopping: StoppingRule) -> Ints:
    """Return the columns to open in place of those of a region."""
    cover = problem.cover
    kept = np.setdiff1d(chosen, region)
    opened, near = np.zeros(len(problem.site), bool), np.zeros(len(problem.site), bool)
    opened[kept] = True
    for j in region:
        for i in cover.site_rows[cover.site_ptr[j] : cover.site_ptr[j + 1]]:
            near[cover.row_sites[cover.row_ptr[i] : cover.row_ptr[i + 1]]] = True
    part = restrict(problem, opened, ~near & ~opened)
    everything = part.base + int(part.cover.weight.sum())
    better, _ = branch_and_bound(part, solution_of(problem, chosen), everything, stopping)
    return np.setdiff1d(columns_of(problem, better), kept)


def _accept(problem: CoverProblem, best: Solution, region: Ints, renewed: Ints) -> Solution:
    """Return the solution with a region renewed, or as it was where that is no better or no longer possible."""
    chosen = np.union1d(np.setdiff1d(columns_of(problem, best), region), renewed)
    if problem.cover.cost[chosen].sum() > problem.limit:
        return best
    solution = solution_of(problem, chosen)
    return solution if solution.value > best.value else best
