"""The Lagrangian dual as a running thing: prices that only get better, the bound they prove, what they settle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.kernels.cover_dual import BEST, STEP, collect, lower_dual
from planner.kernels.cover_search import start_choice
from planner.solvers.guard import is_proven
from planner.solvers.problem import Problem

_FIRST_STEP = 0.3
_SMOOTHING_EARLY, _SMOOTHING_LATE, _EARLY_STEPS = 0.7, 0.9, 100


@dataclass(frozen=True)
class Ceiling:
    """What prices prove: `bound`, no choice covers more; `with_site` and `without_site`, none that has (lacks) the site does."""

    bound: int
    with_site: NDArray[np.int64]
    without_site: NDArray[np.int64]


class Dual:
    """Prices of a problem's rows, lowered towards the least bound they can prove."""

    def __init__(self, problem: Problem, chosen: NDArray[np.int64]) -> None:
        """Start from a good choice: rows out of reach carry their whole weight, rows reached once let every site collect alike."""
        self.problem = problem
        choice = start_choice(problem.cover, chosen)
        price = np.where(choice.count == 0, problem.cover.weight, 0).astype(float)
        once = np.flatnonzero(choice.count == 1)
        if len(once):
            owner = choice.owner[once]
            worth_per_cost = choice.worth[owner] / problem.cover.cost[owner]
            share = worth_per_cost.min() / np.maximum(worth_per_cost, 1e-300)
            price[once] = problem.cover.weight[once] * np.minimum(share, 1.0)
        self._price = price
        self.best_price = price.copy()
        self._direction = np.zeros(len(price))
        self._memory = np.array([np.inf, _FIRST_STEP, 0.0])
        self._steps = 0

    @property
    def has_settled(self) -> bool:
        """Whether steps have become too short to matter."""
        return bool(self._memory[STEP] < 1e-4)

    @property
    def bound(self) -> float:
        """The best bound so far, as the steps saw it."""
        return self.problem.base + float(self._memory[BEST])

    def lower(self, n_steps: int, value: int) -> int:
        """Take some steps towards `value`, the best known; return the work done."""
        done = 0
        while done < n_steps and not self.has_settled:
            early = self._steps < _EARLY_STEPS
            wanted = min(n_steps - done, _EARLY_STEPS - self._steps) if early else n_steps - done
            taken = lower_dual(
                self.problem.cover,
                self.problem.limit,
                float(value - self.problem.base),
                self._price,
                self.best_price,
                self._direction,
                self._memory,
                wanted,
                _SMOOTHING_EARLY if early else _SMOOTHING_LATE,
            )
            done, self._steps = done + int(taken), self._steps + int(taken)
            if taken < wanted:
                break
        return done * self.problem.n_pairs

    def ceiling(self) -> Ceiling:
        """Return what the best prices prove, in whole numbers."""
        return ceiling(self.problem, self.best_price)


def ceiling(problem: Problem, price: NDArray[np.float64]) -> Ceiling:
    """Return what prices prove about a problem, whatever they are (they are rounded, and kept from 0 to the weights)."""
    unpriced, collected = collect(problem.cover, price)
    return ceiling_of(problem.base + int(unpriced), collected, problem.cover.cost, problem.limit)


def ceiling_of(fixed: int, collected: NDArray[np.int64], cost: NDArray[np.int64], limit: int) -> Ceiling:
    """Return `fixed` plus the most that sites collect within the limit (one site in parts), and the same with or without each.

    For a number of sites everything is exact. For money the price of a unit of it is that of the site that no longer fits
    whole, and the sums, in float64, are rounded up.
    """
    if limit <= 0 or not len(collected):
        return Ceiling(fixed, np.full(len(collected), -1), np.full(len(collected), fixed))
    if (cost == 1).all():
        return _ceiling_by_number(fixed, collected, limit)
    return _ceiling_by_money(fixed, collected, cost, limit)


def _ceiling_by_number(fixed: int, collected: NDArray[np.int64], sites: int) -> Ceiling:
    if len(collected) <= sites:
        bound = fixed + int(collected.sum())
        return Ceiling(bound, np.full(len(collected), bound), bound - collected)
    ranked = np.partition(collected, (len(collected) - sites - 1, len(collected) - sites))[len(collected) - sites - 1 :]
    next_best, last = int(ranked[0]), int(ranked[1])
    bound = fixed + int(ranked[1:].sum())
    return Ceiling(bound, bound - np.maximum(last - collected, 0), bound - np.maximum(collected - next_best, 0))


def _ceiling_by_money(fixed: int, collected: NDArray[np.int64], cost: NDArray[np.int64], limit: int) -> Ceiling:
    ratio = collected / cost
    order = np.argsort(-ratio, kind="stable")
    spent = np.cumsum(cost[order])
    critical = int(np.searchsorted(spent, limit, side="right"))
    unit_price = float(ratio[order[critical]]) if critical < len(order) else 0.0
    surplus = collected - unit_price * cost
    bound = float(np.maximum(surplus, 0.0).sum()) + unit_price * limit
    margin = 1e-12 * (fixed + bound)
    with_site = bound - np.maximum(-surplus, 0.0) + margin
    without_site = bound - np.maximum(surplus, 0.0) + margin
    return Ceiling(fixed + int(bound + margin), fixed + with_site.astype(np.int64), fixed + without_site.astype(np.int64))


def settled_sites(found: Ceiling, value: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which sites every better answer than `value` has, and which none has."""
    margin = int(5e-10 * found.bound)
    return found.without_site <= value + margin, found.with_site <= value + margin


def proves(found: Ceiling, value: int) -> bool:
    """Return whether the ceiling proves `value` optimal."""
    return is_proven(value, found.bound)
