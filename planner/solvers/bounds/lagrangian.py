"""The Lagrangian dual as a running thing: prices that only get better, the bound they prove, what they settle."""

from dataclasses import dataclass

import numpy as np

from planner.kernels.cover_dual import (
    BEST,
    LAST,
    MOMENTUM,
    PACE,
    TEMPERATURE,
    UNIT_PRICE,
    Descent,
    collect,
    lower_dual,
    start_unit_price,
)
from planner.kernels.cover_search import start_choice
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.input.reduction import CoverProblem
from planner.solvers.stopping import is_proven

_FIRST_HEAT, _LATER_HEAT = 0.1, 0.03  # temperature at the start, as a share of what the last site in the limit collects
_COOLED = 0.003  # what is left of it at the end
_PACE = 2.7  # over the most that a site covers: about the longest step that stays stable

NEAR_KINK = 0.02  # rows priced within this share of nothing or of their weight are settled for the start


@dataclass(frozen=True)
class Ceiling:
    """What prices prove: `bound`, no choice covers more; `with_site` and `without_site`, none that has (lacks) the site does."""

    bound: int
    with_site: Ints
    without_site: Ints


class LagrangianDual:
    """Prices of a problem's rows, lowered towards the least bound they can prove."""

    def __init__(self, problem: CoverProblem, chosen: Ints) -> None:
        """Start from a good choice: uncovered rows carry all their weight, rows covered once let every site collect alike."""
        choice = start_choice(problem.cover, chosen)
        price = np.where(choice.count == 0, problem.cover.weight, 0).astype(float)
        once = np.flatnonzero(choice.count == 1)
        if len(once):
            owner = choice.owner[once]
            worth_per_cost = choice.worth[owner] / problem.cover.cost[owner]
            share = worth_per_cost.min() / np.maximum(worth_per_cost, 1e-300)
            price[once] = problem.cover.weight[once] * np.minimum(share, 1.0)
        self.problem = problem
        self.best_price = price
        self.share = np.zeros(len(problem.site))
        self._bound = np.inf
        self._hottest, self._pace = _FIRST_HEAT, _PACE

    def lower(self, n_steps: int, value: int) -> int:
        """Cool down over `n_steps` steps, or until the bound meets `value`, the best known; return the work done."""
        cover, limit = self.problem.cover, self.problem.limit
        if limit <= 0 or not len(cover.cost) or not len(cover.weight):
            return 0
        starts = cover.site_ptr[:-1][np.diff(cover.site_ptr) > 0]  # a site may be left without rows
        reach = np.add.reduceat(cover.weight[cover.site_rows].astype(float), starts).max()
        unit_price = start_unit_price(cover, limit, self.best_price)
        heat = self._hottest * max(unit_price, 1e-9 * reach)
        memory = np.zeros(7)
        memory[[BEST, TEMPERATURE, PACE, MOMENTUM, UNIT_PRICE, LAST]] = (
            self._bound, heat, self._pace / reach, 1.0, unit_price, np.inf
        )  # fmt: skip
        descent = Descent(self.best_price.copy(), self.best_price.copy(), self.best_price, self.share, memory)
        taken = lower_dual(cover, limit, float(value - self.problem.base), descent, n_steps, _COOLED ** (1 / n_steps))
        self._bound = float(memory[BEST])
        self._hottest, self._pace = _LATER_HEAT, float(memory[PACE]) * reach
        return 2 * int(taken) * self.problem.n_pairs

    def promising(self, least: float) -> Bools:
        """Return which sites collect at least this share of what the last one within the limit collects for its cost."""
        cover = self.problem.cover
        _, collected = collect(cover, self.best_price)
        return collected >= least * start_unit_price(cover, self.problem.limit, self.best_price) * cover.cost

    def n_undecided_rows(self) -> int:
        """Return how many rows are priced at neither nothing nor all their weight: what a linear model must hold."""
        part = self.best_price / self.problem.cover.weight
        return int(np.count_nonzero((part > NEAR_KINK) & (part < 1 - NEAR_KINK)))

    def ceiling(self) -> Ceiling:
        """Return what the best prices prove, in whole numbers."""
        return ceiling(self.problem, self.best_price)


def ceiling(problem: CoverProblem, price: Floats) -> Ceiling:
    """Return what prices prove about a problem, whatever they are (they are rounded, and kept from 0 to the weights)."""
    unpriced, collected = collect(problem.cover, price)
    return ceiling_of(problem.base + int(unpriced), collected, problem.cover.cost, problem.limit, problem.unit)


def ceiling_of(fixed: int, collected: Ints, cost: Ints, limit: int, unit: int) -> Ceiling:
    """Return `fixed` plus the most that sites collect within the limit (one site in parts), and the same with or without each.

    For a number of sites everything is exact. For money the price of a yuan is that of the site that no longer fits whole,
    and the sums, in float64, are rounded up. What can be covered is a multiple of `unit`, so ceilings are cut down to one.
    """
    if limit <= 0 or not len(collected):
        return Ceiling(fixed, np.full(len(collected), -1), np.full(len(collected), fixed))
    by = _ceiling_by_number if (cost == 1).all() else _ceiling_by_money
    found = by(fixed, collected, cost, limit)
    if unit == 1:
        return found
    return Ceiling(found.bound // unit * unit, found.with_site // unit * unit, found.without_site // unit * unit)


def _ceiling_by_number(fixed: int, collected: Ints, cost: Ints, sites: int) -> Ceiling:
    if len(collected) <= sites:
        bound = fixed + int(collected.sum())
        return Ceiling(bound, np.full(len(collected), bound), bound - collected)
    ranked = np.partition(collected, (len(collected) - sites - 1, len(collected) - sites))[len(collected) - sites - 1 :]
    next_best, last = int(ranked[0]), int(ranked[1])
    bound = fixed + int(ranked[1:].sum())
    return Ceiling(bound, bound - np.maximum(last - collected, 0), bound - np.maximum(collected - next_best, 0))


def _ceiling_by_money(fixed: int, collected: Ints, cost: Ints, limit: int) -> Ceiling:
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
    return Ceiling(
        fixed + int(bound + margin), fixed + with_site.astype(np.int64), fixed + without_site.astype(np.int64)
    )


def settled_sites(found: Ceiling, value: int) -> tuple[Bools, Bools]:
    """Return which sites every better solution than `value` has, and which none has."""
    margin = int(5e-10 * found.bound)
    return found.without_site <= value + margin, found.with_site <= value + margin


def proves(found: Ceiling, value: int) -> bool:
    """Return whether the ceiling proves `value` optimal."""
    return is_proven(value, found.bound)
