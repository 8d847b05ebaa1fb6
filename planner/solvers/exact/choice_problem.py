"""What is asked of a choice, and whether one solutions it: in whole numbers, with people shared out where capacities bind."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from planner.solvers.array_types import AnyInts, Bools, Floats, Ints
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.merged_demand import MergedDemand, merge_demand
from planner.solvers.input.reduction import WITHIN, ScaledWeights
from planner.solvers.milp import INF, Milp
from planner.solvers.stopping import StoppingRule

Goal = Literal["cover", "cost", "worst", "keep", "any"]


@dataclass(frozen=True)
class ChoiceProblem:
    """What is asked: a goal within constraints; `least` whole weight must count; `kept` marks the sites worth keeping."""

    given: CoverInput
    scaled: ScaledWeights
    constraints: Constraints
    goal: Goal
    times: int = 1
    least: int | None = None
    kept: Bools | None = None

    def merged(self) -> MergedDemand:
        """Return the merged demand points."""
        has_capacity = self.constraints.capacity is not None
        return merge_demand(
            self.given,
            self.scaled,
            self.constraints,
            times=self.times,
            all_sites=has_capacity,
            by_zone=self.goal == "worst",
        )

    def zone_totals(self, n_zones: int) -> Ints:
        """Return the whole weight of each zone."""
        totals = np.zeros(n_zones, np.int64)
        if self.constraints.zone is not None:
            inside = self.constraints.zone >= 0
            np.add.at(totals, self.constraints.zone[inside], self.scaled.whole[inside])
        return totals

    def floor_needs(self) -> list[tuple[int, int]]:
        """Return ``(zone, whole weight)`` for every floor that binds."""
        if self.constraints.floor is None:
            return []
        totals = self.zone_totals(len(self.constraints.floor))
        needs = [(k, least_share(share, int(totals[k]))) for k, share in enumerate(self.constraints.floor.tolist())]
        return [(k, need) for k, need in needs if need > 0]


def least_share(share: float, everybody: int) -> int:
    """Return the least whole weight that is a share of everybody; all of them are all of them."""
    return everybody if share >= 1 else least_whole(share, everybody)


def least_whole(share: float, total: int) -> int:
    """Return the least whole weight that is at least a share of a total, one rounding aside."""
    return int(np.ceil(np.longdouble(share) * np.longdouble(total) * (1 - np.longdouble(WITHIN))))


def meets(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> bool:
    """Return whether a choice keeps to all that binds it, in whole numbers."""
    if problem.constraints.broken(is_open):
        return False
    if problem.constraints.capacity is not None:
        return (problem.least is None and not problem.floor_needs()) or flows_meet(problem, merged, is_open)
    if problem.least is not None and merged.weight_met(is_open) < problem.least:
        return False
    by_zone = merged.zones_met(is_open)
    return all(k < len(by_zone) and by_zone[k] >= need for k, need in problem.floor_needs())


def flows_meet(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> bool:
    """Return whether what the open sites have room for can be shared out so that share and floors are met."""
    return _flows(problem, merged, is_open)[0].solve(StoppingRule()).ended == "optimal"


def allocate(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> Floats:
    """Return the weight of each stored pair of pattern and site that is served when most is, capacities kept."""
    assert problem.constraints.capacity is not None
    milp, used, factor = _flows(problem, merged, is_open)
    solved = milp.solve(StoppingRule())
    flow = np.zeros(len(merged.sites))
    if solved.point is None:
        return flow
    flow[used] = np.maximum(solved.point / factor, 0.0)
    served = np.bincount(merged.sites, flow, problem.constraints.n_sites)
    flow = flow * np.minimum(1.0, problem.constraints.capacity / np.maximum(served, 1e-300))[merged.sites]
    reached = np.bincount(merged.row_of, flow, len(merged))
    weight = merged.whole / problem.scaled.scale
    return flow * np.minimum(1.0, weight / np.maximum(reached, 1e-300))[merged.row_of]


def _flows(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> tuple[Milp, Ints, float]:
    """Return the problem of serving most with some sites open, the pairs that are its columns, and the factor of weights."""
    assert problem.constraints.capacity is not None
    weight = merged.whole / problem.scaled.scale
    factor = factor_of(float(weight.max(initial=0.0)))
    used = np.flatnonzero(is_open[merged.sites])
    row, site = merged.row_of[used], merged.sites[used]
    milp = Milp(maximise=True)
    milp.columns(np.ones(len(used)), 0.0, weight[row] * factor, whole=False)
    _limit_sums(milp, row, weight * factor)
    _limit_sums(milp, site, problem.constraints.capacity * factor)
    needs = [(merged.zone[row] == k, need) for k, need in problem.floor_needs()]
    if problem.least is not None:
        needs.append((np.ones(len(used), bool), problem.least))
    for which, need in needs:
        pair = np.flatnonzero(which)
        milp.row(pair, np.ones(len(pair)), need / problem.scaled.scale * factor)
    return milp, used, factor


def _limit_sums(milp: Milp, group: AnyInts, most: Floats) -> None:
    """Keep the sum of each group of columns to its most, where that is any."""
    bounded = np.flatnonzero(np.isfinite(most[group]))
    order = bounded[np.argsort(group[bounded], kind="stable")]
    named, size = np.unique(group[bounded], return_counts=True)
    milp.rows(size, order, np.ones(len(order)), -INF, most[named])


def worst_share(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> float:
    """Return the least covered share of a zone that has any weight; 1 where none has."""
    met, totals = merged.zones_met(is_open), problem.zone_totals(len(merged.base_zone))
    return min((float(met[k] / totals[k]) for k in np.flatnonzero(totals)), default=1.0)


def factor_of(top: float) -> float:
    """Return a power of two that brings numbers into a solver's range; 1 where they are in it."""
    return 1.0 if 1.0 <= top <= 1e7 or top == 0.0 else float(np.ldexp(1.0, 10 - int(np.frexp(top)[1])))
