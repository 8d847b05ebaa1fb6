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

from planner.solvers.array_types import Bools, Floats, Int32s, Ints
from planner.solvers.exact.choice_problem import ChoiceProblem, allocate, factor_of, meets, worst_share
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.milp import INF, Ended, Milp
from planner.solvers.stopping import StoppingRule

_STRONG_PAIRS = 300_000  # pairs up to which every flow is tied to its own site; beyond, only to the site's capacity
_LEAVE_OUT = 60  # sites of a pattern up to which it is tied by leaving each of them out
_MISSES = 50  # solutions that a solver's tolerance let through, cut off one by one before giving up


@dataclass(frozen=True)
class SolvedChoice:
    """How it ended, the open sites of the best choice found, and the bound in the goal's own unit (wholes for weight)."""

    ended: Ended
    is_open: Bools | None
    bound: float


def solve_choice(
    problem: ChoiceProblem,
    stopping: StoppingRule,
    *,
    start: Bools | None = None,
    told: Callable[[float, float], None] | None = None,
    merged: MergedDemand | None = None,
) -> SolvedChoice:
    """Solve the exact model of a problem; what the solver's tolerance lets through against a condition is cut off."""
    merged = problem.merged() if merged is None else merged
    model = _Model(problem, merged)
    for _ in range(_MISSES):
        point = None if start is None else model.point(start)
        solved = model.milp.solve(stopping, point, None if told is None else partial(_tell, model, told))
        bound = model.bound(solved.bound)
        if solved.point is None:
            return SolvedChoice(solved.ended, None, bound)
        is_open = solved.point[: problem.constraints.n_sites] > 0.5
        if meets(problem, merged, is_open):
            return SolvedChoice(solved.ended, is_open, bound)
        index = np.arange(problem.constraints.n_sites)
        model.milp.row(index, np.where(is_open, -1.0, 1.0), 1.0 - np.count_nonzero(is_open))
        start = None
    return SolvedChoice("stopped", None, bound)


def _tell(model: "_Model", told: Callable[[float, float], None], value: float, bound: float) -> None:
    told(model.bound(value), model.bound(bound))


class _Model:
    """The columns: open sites first, then rows of demand (or flows), then the worst share."""

    def __init__(self, problem: ChoiceProblem, merged: MergedDemand) -> None:
        self.problem, self.merged = problem, merged
        constraints, goal = problem.constraints, problem.goal
        self.goal = goal
        weight = merged.whole / problem.scaled.scale
        top = float(weight.max(initial=0.0))
        costs = np.zeros(constraints.n_sites)
        costs[constraints.new] = constraints.costs[constraints.new]
        self.factor = factor_of(top)
        self.cost_factor = factor_of(float(costs.max(initial=0.0)))
        self.weight = weight * self.factor
        self.milp = Milp(maximise=goal not in ("cost", "any"))
        low, high = constraints.bounds()
        gain = np.zeros(constraints.n_sites)
        if goal == "cost":
            gain = costs * self.cost_factor
        elif goal == "keep" and problem.kept is not None:
            gain = problem.kept.astype(float)
        self.milp.columns(gain, low, high, whole=True)
        self.flow = self.milp.n_columns
        everything = merged.base + int(merged.whole.sum())
        needs = problem.floor_needs()
        self.counts = goal in ("cover", "worst") or problem.least is not None or bool(needs)
        for row in constraints.rows:
            self.milp.row(row.index, row.coef, row.low, row.high)
        if constraints.capacity is not None:
            if self.counts:
                self._flows(constraints.capacity)
        elif self.counts and goal != "cover" and problem.least == everything and not needs:
            pair = np.ones(len(merged.sites))
            self.milp.rows(merged.size, merged.sites, pair, merged.need, INF)
            self.counts = False
        elif self.counts:
            self._merged()
        if self.counts and problem.least is not None:
            self._weigh(np.ones(len(merged), bool), problem.least - merged.base)
        for k, need in needs:
            base = int(merged.base_zone[k]) if k < len(merged.base_zone) else 0
            self._weigh(merged.zone == k, need - base)
        if goal == "worst":
            self._worst()

    def _merged(self) -> None:
        """Give every pattern a variable z and tie it to its sites.

        ``need z <= sum of x``, with z whole if more than one is needed. Where two are, z is besides at most the open ones among
        all but any one of them, and need not be whole: half of all is the tighter row where many sites are open a little,
        leaving one out where one of them is open far.
        """
        merged, size = self.merged, self.merged.size
        gain = self.weight if self.goal == "cover" else np.zeros(len(merged))
        by_leaving_out = (merged.need == 2) & (size <= _LEAVE_OUT)
        whole = (merged.need > 1) & ~by_leaving_out
        self._z = np.zeros(len(merged), np.int64)
        for which, is_whole in ((np.flatnonzero(~whole), False), (np.flatnonzero(whole), True)):
            if len(which):
                self._z[which] = self.milp.columns(gain[which], 0.0, 1.0, whole=is_whole) + np.arange(len(which))
        self._tie(self._z, merged.sites, size, merged.need)
        for g in np.flatnonzero(by_leaving_out).tolist():
            own, n = merged.sites[merged.ptr[g] : merged.ptr[g + 1]], int(size[g])
            others = np.tile(own, (n, 1))[~np.eye(n, dtype=bool)]
            self._tie(np.full(n, self._z[g]), others, np.full(n, n - 1), np.ones(n, np.int64))

    def _tie(self, z: Ints, sites: Int32s, size: Ints, need: Ints) -> None:
        """Add rows ``need z <= sum of x`` over `size` sites each."""
        ends = np.cumsum(size + 1)
        is_z = np.zeros(len(sites) + len(z), bool)
        is_z[ends - 1] = True
        index, value = np.empty(len(is_z), np.int64), np.full(len(is_z), -1.0)
        index[~is_z], index[is_z] = sites, z
        value[is_z] = need
        self.milp.rows(size + 1, index, value, -INF, 0.0)

    def _flows(self, capacity: Floats) -> None:
        merged, n_pairs = self.merged, len(self.merged.sites)
        reach = np.bincount(merged.sites, self.weight[merged.row_of], self.problem.constraints.n_sites)
        room = np.minimum(capacity * self.factor, reach)
        gain = np.full(n_pairs, 1.0 if self.goal == "cover" else 0.0)
        high = np.minimum(self.weight[merged.row_of], room[merged.sites])
        first = self.milp.columns(gain, 0.0, high, whole=False)
        pair = first + np.arange(n_pairs)
        self.milp.rows(merged.size, pair, np.ones(n_pairs), -INF, self.weight)
        order = np.argsort(merged.sites, kind="stable")
        sites, size = np.unique(merged.sites, return_counts=True)
        self._tied(pair[order], sites, size, room[sites])
        if n_pairs <= _STRONG_PAIRS:
            self._tied(pair, merged.sites, np.ones(n_pairs, np.int64), high)

    def _tied(self, pair: Ints, sites: Int32s, size: Ints, room: Floats) -> None:
        """Keep the flows of each row together to `room` if its site is open, else to nothing."""
        ends = np.cumsum(size + 1)
        is_x = np.zeros(len(pair) + len(sites), bool)
        is_x[ends - 1] = True
        index, value = np.empty(len(is_x), np.int64), np.ones(len(is_x))
        index[~is_x], index[is_x] = pair, sites
        value[is_x] = -room
        self.milp.rows(size + 1, index, value, -INF, 0.0)

    def _weigh(self, which: Bools, need: int) -> None:
        """Ask that what counts of some rows comes to at least `need` wholes; where that is all of them, one by one.

        A sum of many weights misses itself by more than a solver tolerates.
        """
        if need <= 0:
            return
        if self.problem.constraints.capacity is None and need == self.merged.whole[which].sum():
            ones = np.ones(np.count_nonzero(which), np.int64)
            self.milp.rows(ones, self._z[which], ones, 1.0, INF)
            return
        index, value = self._counted(which)
        self.milp.row(index, value, need / self.problem.scaled.scale * self.factor)

    def _counted(self, which: Bools) -> tuple[Ints, Floats]:
        if self.problem.constraints.capacity is not None:
            pair = np.flatnonzero(which[self.merged.row_of])
            return self.flow + pair, np.ones(len(pair))
        return self._z[which], self.weight[which]

    def _worst(self) -> None:
        """Let the worst share be at most each zone's."""
        worst = self.milp.columns(np.ones(1), 0.0, 1.0, whole=False)
        base = self.merged.base_zone
        for k, total in enumerate(self.problem.zone_totals(len(base)).tolist()):
            if total > 0:
                index, value = self._counted(self.merged.zone == k)
                share = value * (self.problem.scaled.scale / self.factor / total)
                self.milp.row(np.append(index, worst), np.append(share, -1.0), -float(base[k]) / total)

    def point(self, is_open: Bools) -> Floats:
        """Return the point of a choice."""
        point = np.zeros(self.milp.n_columns)
        point[: len(is_open)] = is_open
        if self.problem.constraints.capacity is not None and self.counts:
            point[self.flow :][: len(self.merged.sites)] = allocate(self.problem, self.merged, is_open) * self.factor
        elif self.counts:
            point[self._z] = self.merged.met(is_open)
        if self.goal == "worst":
            point[-1] = worst_share(self.problem, self.merged, is_open)
        return point

    def bound(self, bound: float) -> float:
        """Return the solver's bound in the goal's unit."""
        if not np.isfinite(bound) or abs(bound) >= 1e30:
            return bound
        if self.goal == "cover":
            base = self.merged.base / self.problem.scaled.scale
            return base + bound / self.factor
        return bound / self.cost_factor if self.goal == "cost" else bound
