"""Side conditions as the solvers see them: what is settled about each site, and linear rows over open sites."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.input.reduction import WITHIN, scale_costs, sum_of_costs
from planner.solvers.input.validation import as_mask

INF = float("inf")

FAMILIES = (
    "required", "forbidden", "sites", "budget", "closures", "exclusive", "conflicts", "spacing", "at_least", "at_most",
    "floor", "capacity", "share", "differ", "keep",
)  # fmt: skip


@dataclass(frozen=True)
class LinearConstraint:
    """One linear condition on open sites, ``low <= coef . x[index] <= high``, and the family it belongs to.

    `exact` holds coefficients and upper limit in whole numbers where a tolerance would be money.
    """

    family: str
    index: Ints
    coef: Floats
    low: float
    high: float
    exact: tuple[Ints, int] | None = None

    def holds(self, is_open: Bools) -> bool:
        """Return whether the condition is met."""
        if self.exact is not None:
            cost, limit = self.exact
            return sum_of_costs(cost[is_open[self.index]]) <= limit
        level = float(self.coef[is_open[self.index]].sum())
        return self.low - 1e-9 <= level <= self.high * (1 + WITHIN) + 1e-9


@dataclass(frozen=True)
class Constraints:
    """Everything that binds a choice, checked: what is settled about each site, rows over sites, floors and capacities.

    `existing` are those that cannot close. `closable` ones stand as well. `costs` are of all sites (1 where a number counts).
    """

    n_sites: int
    existing: Ints
    closable: Ints
    required: Ints
    forbidden: Ints
    rows: tuple[LinearConstraint, ...]
    costs: Floats
    sites: int | None
    budget: float | None
    zone: Ints | None
    floor: Floats | None
    capacity: Floats | None

    @cached_property
    def standing(self) -> Ints:
        """Sites that are open today."""
        return np.union1d(self.existing, self.closable)

    @cached_property
    def new(self) -> Ints:
        """Sites that may be opened or must be."""
        return np.flatnonzero(~(as_mask(self.standing, self.n_sites) | as_mask(self.forbidden, self.n_sites)))

    @cached_property
    def forced(self) -> Ints:
        """Sites to be opened whatever else is chosen."""
        return np.setdiff1d(self.required, self.closable)

    @property
    def n_free(self) -> int:
        """How many candidates could open beside the forced ones within the number or the budget."""
        free = self.new[~np.isin(self.new, self.forced)]
        if self.sites is not None and len(self.forced) >= self.sites:
            return 0
        if self.budget is None:
            return len(free)
        cost, limit = scale_costs(self.costs, self.budget)
        return int(np.count_nonzero(cost[free] <= limit - sum_of_costs(cost[self.forced])))

    def freedom(self, selected: Ints) -> dict[str, Any]:
        """Return what a result says about how free its choice was."""
        closures = next((row for row in self.rows if row.family == "closures"), None)
        may_close = len(self.closable) and (closures is None or closures.low < len(self.closable))
        n_free = self.n_free
        return {
            "forced": np.intersect1d(selected, self.forced),
            "n_candidates_free": n_free,
            "is_forced": n_free == 0 and not may_close,
        }

    @property
    def is_plain(self) -> bool:
        """Whether nothing binds but the number or budget, and sites required, forbidden or existing."""
        plain = all(row.family in ("sites", "budget") for row in self.rows)
        return plain and not len(self.closable) and self.floor is None and self.capacity is None

    @property
    def families(self) -> list[str]:
        """Names of the families of conditions that bind, in a fixed order."""
        named = {row.family for row in self.rows}
        named |= {"required"} if len(self.required) else set()
        named |= {"forbidden"} if len(self.forbidden) else set()
        named |= {"floor"} if self.floor is not None else set()
        named |= {"capacity"} if self.capacity is not None else set()
        return [family for family in FAMILIES if family in named]

    def without(self, *families: str) -> "Constraints":
        """Return the constraints without some families."""
        nothing = np.empty(0, np.int64)
        return replace(
            self,
            required=nothing if "required" in families else self.required,
            forbidden=nothing if "forbidden" in families else self.forbidden,
            rows=tuple(row for row in self.rows if row.family not in families),
            floor=None if "floor" in families else self.floor,
            capacity=None if "capacity" in families else self.capacity,
        )

    def bounds(self) -> tuple[Floats, Floats]:
        """Return the least and the most that each site may be open."""
        low, high = np.zeros(self.n_sites), np.ones(self.n_sites)
        high[self.forbidden] = 0.0
        for sites in (self.existing, self.required):
            low[sites] = high[sites] = 1.0
        return low, high

    def broken(self, is_open: Bools) -> list[str]:
        """Return the families that a choice breaks, floors and capacities aside."""
        level = self._by_row @ is_open.astype(float)
        suspects = np.flatnonzero((level < self._low + 1e-6) | (level > self._high * (1 - 1e-6) - 1e-6))
        wrong = {self.rows[k].family for k in suspects if not self.rows[k].holds(is_open)}
        wrong |= {"required"} if not is_open[self.required].all() else set()
        wrong |= {"forbidden"} if is_open[self.forbidden].any() else set()
        assert (is_open[self.existing]).all()
        return [family for family in FAMILIES if family in wrong]

    def limited(self, *, sites: int | None = None, budget: float | None = None) -> "Constraints":
        """Return the constraints with another number or budget."""
        free = replace(self.without("sites", "budget"), sites=sites, budget=budget)
        return replace(free, rows=(*limit_rows(free), *free.rows))

    @cached_property
    def _by_row(self) -> sparse.csr_array:
        size = np.array([len(row.index) for row in self.rows], np.int64)
        index = np.concatenate([np.empty(0, np.int64), *(row.index for row in self.rows)])
        coef = np.concatenate([np.empty(0), *(row.coef for row in self.rows)])
        return sparse.csr_array((coef, index, np.concatenate(([0], np.cumsum(size)))), (len(self.rows), self.n_sites))

    @cached_property
    def _low(self) -> Floats:
        return np.array([row.low for row in self.rows], float)

    @cached_property
    def _high(self) -> Floats:
        return np.array([row.high for row in self.rows], float)

    def with_rows(self, *rows: LinearConstraint) -> "Constraints":
        """Return the constraints with some rows more."""
        return replace(self, rows=(*self.rows, *rows))


def limit_rows(constraints: Constraints) -> Iterator[LinearConstraint]:
    """Yield the number or the budget as rows over new sites."""
    new = np.setdiff1d(np.arange(constraints.n_sites), constraints.standing)
    if constraints.sites is not None:
        yield LinearConstraint("sites", new, np.ones(len(new)), -INF, float(constraints.sites))
    if constraints.budget is not None:
        whole, limit = scale_costs(constraints.costs, constraints.budget)
        scale = max(float(limit), 1.0)
        coef = (
            np.where(whole[new] > limit, 2.0 * scale, whole[new]) / scale
        )  # what is dearer than all there is stays so
        yield LinearConstraint("budget", new, coef, -INF, limit / scale, (whole[new], limit))
