"""Side conditions as the solvers see them: what is settled about each site, and linear rows over open sites."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.input.conditions import Conditions, check_capacities, check_share, check_zones, per_zone
from planner.solvers.input.reduction import scale_costs
from planner.solvers.input.validation import WITHIN, Faults, as_mask, check_site_numbers, check_whole

INF = float("inf")

_MANY_PAIRS = 50_000  # of sites too near each other, beyond which they are said by site rather than by pair

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
            return int(cost[is_open[self.index]].sum()) <= limit
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

    @property
    def standing(self) -> Ints:
        """Sites that are open today."""
        return np.union1d(self.existing, self.closable)

    @property
    def new(self) -> Ints:
        """Sites that may be opened or must be."""
        return np.setdiff1d(np.arange(self.n_sites), np.union1d(self.standing, self.forbidden))

    @property
    def forced(self) -> Ints:
        """Sites to be opened whatever else is chosen."""
        return np.setdiff1d(self.required, self.closable)

    @property
    def n_free(self) -> int:
        """How many candidates could open beside the forced ones within the number or the budget."""
        free = np.setdiff1d(self.new, self.forced)
        if self.sites is not None and len(self.forced) >= self.sites:
            return 0
        if self.budget is None:
            return len(free)
        cost, limit = scale_costs(self.costs, self.budget)
        return int(np.count_nonzero(cost[free] <= limit - int(cost[self.forced].sum())))

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
        return replace(free, rows=(*_limit_rows(free), *free.rows))

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


class Swaps:
    """Which sites may take the place of an open one: every row stays met, or as broken as it is."""

    def __init__(self, constraints: Constraints, is_open: Bools) -> None:
        rows = constraints.rows
        self._n_rows = len(rows)
        size = np.array([len(row.index) for row in rows], np.int64)
        self._row = np.repeat(np.arange(len(rows)), size)
        self._site = np.concatenate([np.empty(0, np.int64), *(row.index for row in rows)])
        self._coef = np.concatenate([np.empty(0), *(row.coef if row.exact is None else row.exact[0] for row in rows)])
        self._level = self._sums(is_open[self._site])
        high = np.array([row.high if row.exact is None else row.exact[1] for row in rows], float)
        low = np.array([row.low for row in rows], float)
        self._high = np.maximum(high, self._level) + 1e-9
        self._low = np.minimum(low, self._level) - 1e-9
        self._required = constraints.required
        self._candidates = as_mask(constraints.new, constraints.n_sites) & ~is_open

    def allowed(self, site: int) -> Bools:
        """Return which candidates may open when `site` closes; none where it must stay open."""
        if site in self._required:
            return np.zeros_like(self._candidates)
        level = self._level - self._sums(self._site == site)
        after = level[self._row] + self._coef
        allowed = self._candidates.copy()
        allowed[self._site[after > self._high[self._row]]] = False
        lacking = level < self._low
        if lacking.any():
            mends = lacking[self._row] & (after >= self._low[self._row])
            allowed &= np.bincount(self._site[mends], minlength=len(allowed)) == np.count_nonzero(lacking)
        return allowed

    def _sums(self, which: Bools) -> Floats:
        return np.bincount(self._row[which], self._coef[which], self._n_rows).astype(np.float64)


def check_constraints(
    n_demand: int,
    n_sites: int,
    conditions: Conditions,
    faults: Faults,
    *,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    sites: int | None = None,
    budget: float | None = None,
    costs: Floats | None = None,
) -> Constraints:
    """Check roles and conditions, and return them as constraints; faults are added to `faults`."""
    closable = check_site_numbers(conditions.closable, n_sites, "closable", faults)
    named = {
        name: check_site_numbers(given, n_sites, name, faults)
        for name, given in (("required", required), ("forbidden", forbidden), ("existing", existing))
    }
    for name, group in (*named.items(), ("closable", closable)):
        both = np.intersect1d(group, named["forbidden"])
        if name != "forbidden" and len(both):
            faults.add("both", name=name, sites=", ".join(map(str, both[:10])))
    existing = np.setdiff1d(named["existing"], closable)
    required = np.setdiff1d(named["required"], existing)
    constraints = Constraints(
        n_sites=n_sites,
        existing=existing,
        closable=closable,
        required=required,
        forbidden=named["forbidden"],
        rows=(),
        costs=np.ones(n_sites) if costs is None else costs,
        sites=sites,
        budget=budget,
        zone=None,
        floor=None,
        capacity=None,
    )
    if faults:
        return constraints
    rows = [*_limit_rows(constraints), *_condition_rows(constraints, conditions, faults)]
    zone, floor = _floors(conditions, n_demand, faults)
    capacity = None if conditions.capacity is None else check_capacities(conditions.capacity, n_sites, faults)
    return replace(constraints, rows=tuple(rows), zone=zone, floor=floor, capacity=capacity)


def _limit_rows(constraints: Constraints) -> Iterator[LinearConstraint]:
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


def _condition_rows(constraints: Constraints, conditions: Conditions, faults: Faults) -> Iterator[LinearConstraint]:
    n = constraints.n_sites
    if conditions.closures is not None:
        check_whole(conditions.closures, "closures", faults)
        if not faults and len(constraints.closable):
            least = len(constraints.closable) - int(conditions.closures)
            yield LinearConstraint(
                "closures", constraints.closable, np.ones(len(constraints.closable)), float(least), INF
            )
    for group in conditions.exclusive:
        yield from _at_most_one("exclusive", check_site_numbers(group, n, "exclusive", faults), constraints)
    pairs = np.asarray(conditions.conflicts)
    if pairs.size:
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            faults.add("bad_pairs", shape=pairs.shape)
        else:
            check_site_numbers(pairs.ravel(), n, "conflicts", faults)
            if not faults:
                yield from _pair_rows("conflicts", pairs, constraints)
    yield from _spacing_rows(constraints, conditions, faults)
    if conditions.at_least is not None or conditions.at_most is not None:
        yield from _zone_rows(constraints, conditions, faults)


def _at_most_one(family: str, group: Ints, constraints: Constraints) -> Iterator[LinearConstraint]:
    """Of the new sites at most one, and none beside one that stands."""
    stands = np.isin(group, constraints.standing)
    for one in [group[stands][k : k + 1] for k in range(int(stands.sum()))] or [group[:0]]:
        index = np.concatenate((group[~stands], one))
        if len(index) > 1:
            yield LinearConstraint(family, index, np.ones(len(index)), -INF, 1.0)


def _pair_rows(family: str, pairs: NDArray[Any], constraints: Constraints) -> Iterator[LinearConstraint]:
    stands = np.zeros(constraints.n_sites, bool)
    stands[constraints.standing] = True
    ordered = np.unique(np.sort(pairs.astype(np.int64), axis=1), axis=0)
    for a, b in ordered[~(stands[ordered].all(axis=1) | (ordered[:, 0] == ordered[:, 1]))]:
        yield LinearConstraint(family, np.array([a, b]), np.ones(2), -INF, 1.0)


def _spacing_rows(constraints: Constraints, conditions: Conditions, faults: Faults) -> Iterator[LinearConstraint]:
    if conditions.spacing_m is None:
        return
    xy = np.asarray(conditions.site_xy_m if conditions.site_xy_m is not None else np.empty((0, 2)), float)
    if not (np.isfinite(conditions.spacing_m) and conditions.spacing_m >= 0):
        faults.add("bad_spacing", spacing_m=conditions.spacing_m)
    elif xy.shape != (constraints.n_sites, 2) or not np.isfinite(xy).all():
        faults.add("no_xy", n_sites=constraints.n_sites, shape=xy.shape)
    else:
        near = cKDTree(xy).query_pairs(conditions.spacing_m * (1 + 1e-9), output_type="ndarray")
        apart = np.hypot(*(xy[near[:, 0]] - xy[near[:, 1]]).T)
        near = near[apart < conditions.spacing_m]
        yield from (_pair_rows if len(near) <= _MANY_PAIRS else _star_rows)("spacing", near, constraints)


def _star_rows(family: str, pairs: NDArray[Any], constraints: Constraints) -> Iterator[LinearConstraint]:
    """Say the same of very many pairs with one row a site: if it is open, none of its neighbours is.

    Of the new sites in a circle of the spacing around one at most five are open (two of six would be nearer to each other than
    to it), so five is what an open site takes up of its row; standing neighbours come on top, who need not keep apart.
    """
    stands = np.zeros(constraints.n_sites, bool)
    stands[constraints.standing] = True
    pairs = pairs[~stands[pairs].all(axis=1)]
    both = np.concatenate((pairs, pairs[:, ::-1]))
    both = both[np.argsort(both[:, 0], kind="stable")]
    starts = np.searchsorted(both[:, 0], np.arange(constraints.n_sites + 1))
    for j in np.flatnonzero(np.diff(starts)).tolist():
        others = both[starts[j] : starts[j + 1], 1].astype(np.int64)
        most = 5.0 + float(np.count_nonzero(stands[others]))
        yield LinearConstraint(family, np.append(others, j), np.append(np.ones(len(others)), most), -INF, most)


def _zone_rows(constraints: Constraints, conditions: Conditions, faults: Faults) -> Iterator[LinearConstraint]:
    zone = check_zones(conditions.site_zones, constraints.n_sites, "site_zones", faults)
    if zone is None:
        return
    stands = np.zeros(constraints.n_sites, bool)
    stands[constraints.standing] = True
    for k, least in per_zone(conditions.at_least, zone, "at_least", faults, check_whole):
        members = np.flatnonzero(zone == k)
        if least > 0:
            yield LinearConstraint("at_least", members, np.ones(len(members)), float(least), INF)
    for k, most in per_zone(conditions.at_most, zone, "at_most", faults, check_whole):
        members = np.flatnonzero(zone == k)
        high = max(float(most), float(stands[members].sum()))
        if len(members) > high:
            yield LinearConstraint("at_most", members, np.ones(len(members)), -INF, high)


def _floors(conditions: Conditions, n_demand: int, faults: Faults) -> tuple[Ints | None, Floats | None]:
    if conditions.zones is None and conditions.floor is None:
        return None, None
    zone = check_zones(conditions.zones, n_demand, "zones", faults)
    if zone is None or conditions.floor is None:
        return zone, None
    found = dict(per_zone(conditions.floor, zone, "floor", faults, check_share))
    floor = np.zeros(max([int(zone.max(initial=-1)), *found]) + 1)
    for k, share in found.items():
        floor[k] = share
    return zone, floor if floor.any() else None
