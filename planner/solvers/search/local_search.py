"""Good choices quickly: greedy, exchange, and repairs of part of a choice, in whole numbers throughout."""

from dataclasses import dataclass

import numpy as np

from planner.kernels.cover import Cover
from planner.kernels.cover_search import Choice, exchange, greedy, ruin_and_recreate, start_choice
from planner.solvers.array_types import Bools, Ints
from planner.solvers.input.reduction import CoverProblem

_UNLIMITED = 2**62


@dataclass(frozen=True)
class Solution:
    """Sites by the caller's numbers, and the whole weight that they and the existing ones cover."""

    sites: Ints
    value: int


def solution_of(problem: CoverProblem, chosen: Ints) -> Solution:
    """Return the solution that opens some of the problem's columns."""
    choice = start_choice(problem.cover, chosen)
    return Solution(problem.lift(chosen), problem.base + _covered(problem.cover, choice))


def start(problem: CoverProblem) -> Solution:
    """Return the greedy solution: by gain and, where costs differ, by gain per cost, the better of both."""
    best = solution_of(problem, greedy(problem.cover, problem.limit, False))
    if not problem.counts_sites:
        other = solution_of(problem, greedy(problem.cover, problem.limit, True))
        best = other if other.value > best.value else best
    return best


class LocalSearch:
    """One choice of a problem's columns, within its limit, improved step by step."""

    def __init__(self, problem: CoverProblem, chosen: Ints) -> None:
        self.problem = problem
        self._choice: Choice = start_choice(problem.cover, chosen)
        self._room = problem.limit - int(problem.cover.cost[chosen].sum())
        self.value = problem.base + _covered(problem.cover, self._choice)

    @property
    def solution(self) -> Solution:
        """The solution as it stands."""
        return Solution(self.problem.lift(self.chosen), self.value)

    @property
    def chosen(self) -> Ints:
        """The columns that are open."""
        return np.flatnonzero(self._choice.is_open)

    def exchange(self, candidates: Ints | None = None, work_limit: int = _UNLIMITED) -> int:
        """Open or swap one of the candidates (by default any) until none helps; return the work done."""
        if candidates is None:
            candidates = np.arange(len(self.problem.site))
        gained, room, work = exchange(self.problem.cover, self._choice, candidates, self._room, work_limit)
        self.value, self._room = self.value + int(gained), int(room)
        return int(work)

    def repair(self, allowed: Bools, seed: int, work_limit: int, largest: int = 10) -> int:
        """Take down and rebuild parts of at most `largest` sites until the work is done; return the work done."""
        gained, room, work = ruin_and_recreate(
            self.problem.cover, self._choice, allowed, self._room, seed, largest, work_limit
        )
        self.value, self._room = self.value + int(gained), int(room)
        return int(work)


def columns_of(problem: CoverProblem, solution: Solution) -> Ints:
    """Return the columns of the problem that a solution opens."""
    at = np.searchsorted(problem.site, solution.sites)
    at[at == len(problem.site)] = 0
    return np.unique(at[problem.site[at] == solution.sites]) if len(problem.site) else np.empty(0, np.int64)


def _covered(cover: Cover, choice: Choice) -> int:
    return int(cover.weight[choice.count > 0].sum())
