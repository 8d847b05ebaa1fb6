"""The exact model of a choice: open sites, what they cover, and everything that binds them, put to HiGHS.

::

    x_j in {0, 1}                       site j is open
    z_g in [0, 1]                       pattern g counts;  need_g z_g <= sum of x_j over its sites  (z whole where need > 1)
    f_gj >= 0                           with capacities: sum_j f_gj <= w_g,  sum_g f_gj <= c_j x_j,  f_gj <= min(w_g, c_j) x_j
    sum of w_g z_g (or f_gj) >= least   a wanted share, and likewise the floor of each zone
    rows over x                         numbers, money, closures, groups, spacing, zones

The goal is to cover most ("cover"), to spend least ("cost"), to serve the worst zone best ("worst"), to keep most of a given
list ("keep"), or to find any choice at all ("any"). Sources: Church & ReVelle 1974; Toregas et al. 1971; Current & Storbeck
1988 for capacities; Hogan & ReVelle 1986 for cover by several sites.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from planner.solvers.exact.requirements import Quest, allocate, factor_of, meets, worst_share
from planner.solvers.input.merged_demand import Patterns
from planner.solvers.milp import INF, Ended, Milp
from planner.solvers.stopping import Guard

_STRONG_PAIRS = 300_000  # pairs up to which every flow is tied to its own site; beyond, only to the site's capacity
_LEAVE_OUT = 60  # sites of a pattern up to which it is tied by leaving each of them out
_MISSES = 50  # answers that a solver's tolerance let through, cut off one by one before giving up


@dataclass(frozen=True)
class Outcome:
    """How it ended, the open sites of the best choice found, and the bound in the goal's own unit (wholes for weight)."""

    ended: Ended
    is_open: NDArray[np.bool_] | None
    bound: float


def solve_choice(
    quest: Quest,
    guard: Guard,
    *,
    start: NDArray[np.bool_] | None = None,
    told: Callable[[float, float], None] | None = None,
    patterns: Patterns | None = None,
) -> Outcome:
    """Solve the exact model of a quest; what the solver's tolerance lets through against a condition is cut off."""
    patterns = quest.patterns() if patterns is None else patterns
    model = _Model(quest, patterns)
    for _ in range(_MISSES):
        point = None if start is None else model.point(start)
        solved = model.milp.solve(guard, point, None if told is None else partial(_tell, model, told))
        bound = model.bound(solved.bound)
        if solved.point is None:
            return Outcome(solved.ended, None, bound)
        is_open = solved.point[: quest.terms.n_sites] > 0.5
        if meets(quest, patterns, is_open):
            return Outcome(solved.ended, is_open, bound)
        index = np.arange(quest.terms.n_sites)
        model.milp.row(index, np.where(is_open, -1.0, 1.0), 1.0 - np.count_nonzero(is_open))
        start = None
    return Outcome("stopped", None, bound)


def _tell(model: "_Model", told: Callable[[float, float], None], value: float, bound: float) -> None:
    told(model.bound(value), model.bound(bound))


class _Model:
    """The columns: open sites first, then patterns (or flows), then the worst share."""

    def __init__(self, quest: Quest, patterns: Patterns) -> None:
        self.quest, self.patterns = quest, patterns
        terms, goal = quest.terms, quest.goal
        self.goal = goal
        weight = patterns.whole / quest.scaled.scale
        top = float(weight.max(initial=0.0))
        costs = np.zeros(terms.n_sites)
        costs[terms.new] = terms.costs[terms.new]
        self.factor = factor_of(top)
        self.cost_factor = factor_of(float(costs.max(initial=0.0)))
        self.weight = weight * self.factor
        self.milp = Milp(maximise=goal not in ("cost", "any"))
        low, high = terms.bounds()
        gain = np.zeros(terms.n_sites)
        if goal == "cost":
            gain = costs * self.cost_factor
        elif goal == "keep" and quest.kept is not None:
            gain = quest.kept.astype(float)
        self.milp.columns(gain, low, high, whole=True)
        self.flow = self.milp.n_columns
        everything = patterns.base + int(patterns.whole.sum())
        needs = quest.floor_needs()
        self.counts = goal in ("cover", "worst") or quest.least is not None or bool(needs)
        for row in terms.rows:
            self.milp.row(row.index, row.coef, row.low, row.high)
        if terms.capacity is not None:
            if self.counts:
                self._flows(terms.capacity)
        elif self.counts and goal != "cover" and quest.least == everything and not needs:
            pair = np.ones(len(patterns.sites))
            self.milp.rows(patterns.size, patterns.sites, pair, patterns.need, INF)
            self.counts = False
        elif self.counts:
            self._patterns()
        if self.counts and quest.least is not None:
            self._weigh(np.ones(len(patterns), bool), quest.least - patterns.base)
        for k, need in needs:
            base = int(patterns.base_zone[k]) if k < len(patterns.base_zone) else 0
            self._weigh(patterns.zone == k, need - base)
        if goal == "worst":
            self._worst()

    def _patterns(self) -> None:
        """Give every pattern a variable z and tie it to its sites.

        ``need z <= sum of x``, with z whole if more than one is needed. Where two are, z is besides at most the open ones among
        all but any one of them, and need not be whole: half of all is the tighter row where many sites are open a little,
        leaving one out where one of them is open far.
        """
        patterns, size = self.patterns, self.patterns.size
        gain = self.weight if self.goal == "cover" else np.zeros(len(patterns))
        by_leaving_out = (patterns.need == 2) & (size <= _LEAVE_OUT)
        whole = (patterns.need > 1) & ~by_leaving_out
        self._z = np.zeros(len(patterns), np.int64)
        for which, is_whole in ((np.flatnonzero(~whole), False), (np.flatnonzero(whole), True)):
            if len(which):
                self._z[which] = self.milp.columns(gain[which], 0.0, 1.0, whole=is_whole) + np.arange(len(which))
        self._tie(self._z, patterns.sites, size, patterns.need)
        for g in np.flatnonzero(by_leaving_out).tolist():
            own, n = patterns.sites[patterns.ptr[g] : patterns.ptr[g + 1]], int(size[g])
            others = np.tile(own, (n, 1))[~np.eye(n, dtype=bool)]
            self._tie(np.full(n, self._z[g]), others, np.full(n, n - 1), np.ones(n, np.int64))

    def _tie(
        self, z: NDArray[np.int64], sites: NDArray[np.int32], size: NDArray[np.int64], need: NDArray[np.int64]
    ) -> None:
        """Add rows ``need z <= sum of x`` over `size` sites each."""
        ends = np.cumsum(size + 1)
        is_z = np.zeros(len(sites) + len(z), bool)
        is_z[ends - 1] = True
        index, value = np.empty(len(is_z), np.int64), np.full(len(is_z), -1.0)
        index[~is_z], index[is_z] = sites, z
        value[is_z] = need
        self.milp.rows(size + 1, index, value, -INF, 0.0)

    def _flows(self, capacity: NDArray[np.float64]) -> None:
        patterns, n_pairs = self.patterns, len(self.patterns.sites)
        reach = np.bincount(patterns.sites, self.weight[patterns.row_of], self.quest.terms.n_sites)
        room = np.minimum(capacity * self.factor, reach)
        gain = np.full(n_pairs, 1.0 if self.goal == "cover" else 0.0)
        high = np.minimum(self.weight[patterns.row_of], room[patterns.sites])
        first = self.milp.columns(gain, 0.0, high, whole=False)
        pair = first + np.arange(n_pairs)
        self.milp.rows(patterns.size, pair, np.ones(n_pairs), -INF, self.weight)
        order = np.argsort(patterns.sites, kind="stable")
        sites, size = np.unique(patterns.sites, return_counts=True)
        self._tied(pair[order], sites, size, room[sites])
        if n_pairs <= _STRONG_PAIRS:
            self._tied(pair, patterns.sites, np.ones(n_pairs, np.int64), high)

    def _tied(
        self, pair: NDArray[np.int64], sites: NDArray[np.int32], size: NDArray[np.int64], room: NDArray[np.float64]
    ) -> None:
        """Keep the flows of each row together to `room` if its site is open, else to nothing."""
        ends = np.cumsum(size + 1)
        is_x = np.zeros(len(pair) + len(sites), bool)
        is_x[ends - 1] = True
        index, value = np.empty(len(is_x), np.int64), np.ones(len(is_x))
        index[~is_x], index[is_x] = pair, sites
        value[is_x] = -room
        self.milp.rows(size + 1, index, value, -INF, 0.0)

    def _weigh(self, which: NDArray[np.bool_], need: int) -> None:
        """Ask that what counts of some patterns comes to at least `need` wholes; where that is all of them, one by one.

        A sum of many weights misses itself by more than a solver tolerates.
        """
        if need <= 0:
            return
        if self.quest.terms.capacity is None and need == self.patterns.whole[which].sum():
            ones = np.ones(np.count_nonzero(which), np.int64)
            self.milp.rows(ones, self._z[which], ones, 1.0, INF)
            return
        index, value = self._counted(which)
        self.milp.row(index, value, need / self.quest.scaled.scale * self.factor)

    def _counted(self, which: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if self.quest.terms.capacity is not None:
            pair = np.flatnonzero(which[self.patterns.row_of])
            return self.flow + pair, np.ones(len(pair))
        return self._z[which], self.weight[which]

    def _worst(self) -> None:
        """Let the worst share be at most each zone's."""
        worst = self.milp.columns(np.ones(1), 0.0, 1.0, whole=False)
        base = self.patterns.base_zone
        for k, total in enumerate(self.quest.zone_totals(len(base)).tolist()):
            if total > 0:
                index, value = self._counted(self.patterns.zone == k)
                share = value * (self.quest.scaled.scale / self.factor / total)
                self.milp.row(np.append(index, worst), np.append(share, -1.0), -float(base[k]) / total)

    def point(self, is_open: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the point of a choice."""
        point = np.zeros(self.milp.n_columns)
        point[: len(is_open)] = is_open
        if self.quest.terms.capacity is not None and self.counts:
            point[self.flow :][: len(self.patterns.sites)] = allocate(self.quest, self.patterns, is_open) * self.factor
        elif self.counts:
            point[self._z] = self.patterns.met(is_open)
        if self.goal == "worst":
            point[-1] = worst_share(self.quest, self.patterns, is_open)
        return point

    def bound(self, bound: float) -> float:
        """Return the solver's bound in the goal's unit."""
        if not np.isfinite(bound) or abs(bound) >= 1e30:
            return bound
        if self.goal == "cover":
            base = self.patterns.base / self.quest.scaled.scale
            return base + bound / self.factor
        return bound / self.cost_factor if self.goal == "cost" else bound
