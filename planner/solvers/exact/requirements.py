"""What is asked of a choice, and whether one answers it: in whole numbers, with people shared out where capacities bind."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from planner.solvers.input.constraints import Terms
from planner.solvers.input.merged_demand import Patterns, patterns_of
from planner.solvers.input.reduction import Scaled
from planner.solvers.input.validation import WITHIN, Given
from planner.solvers.milp import INF, Milp
from planner.solvers.stopping import Guard

Goal = Literal["cover", "cost", "worst", "keep", "any"]


@dataclass(frozen=True)
class Quest:
    """What is asked: a problem, its terms, a goal; `least` whole weight must count; `kept` marks the sites worth keeping."""

    given: Given
    scaled: Scaled
    terms: Terms
    goal: Goal
    times: int = 1
    least: int | None = None
    kept: NDArray[np.bool_] | None = None

    def patterns(self) -> Patterns:
        """Return the merged demand points."""
        has_capacity = self.terms.capacity is not None
        return patterns_of(
            self.given, self.scaled, self.terms, times=self.times, all_sites=has_capacity, by_zone=self.goal == "worst"
        )

    def zone_totals(self, n_zones: int) -> NDArray[np.int64]:
        """Return the whole weight of each zone."""
        totals = np.zeros(n_zones, np.int64)
        if self.terms.zone is not None:
            inside = self.terms.zone >= 0
            np.add.at(totals, self.terms.zone[inside], self.scaled.whole[inside])
        return totals

    def floor_needs(self) -> list[tuple[int, int]]:
        """Return ``(zone, whole weight)`` for every floor that binds."""
        if self.terms.floor is None:
            return []
        totals = self.zone_totals(len(self.terms.floor))
        needs = [(k, least_share(share, int(totals[k]))) for k, share in enumerate(self.terms.floor.tolist())]
        return [(k, need) for k, need in needs if need > 0]


def least_share(share: float, everybody: int) -> int:
    """Return the least whole weight that is a share of everybody; all of them are all of them."""
    return everybody if share >= 1 else least_whole(share, everybody)


def least_whole(share: float, total: int) -> int:
    """Return the least whole weight that is at least a share of a total, one rounding aside."""
    return int(np.ceil(np.longdouble(share) * np.longdouble(total) * (1 - np.longdouble(WITHIN))))


def meets(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> bool:
    """Return whether a choice keeps to all that binds it, in whole numbers."""
    if quest.terms.broken(is_open):
        return False
    if quest.terms.capacity is not None:
        return (quest.least is None and not quest.floor_needs()) or flows_meet(quest, patterns, is_open)
    if quest.least is not None and patterns.weight_met(is_open) < quest.least:
        return False
    by_zone = patterns.zones_met(is_open)
    return all(k < len(by_zone) and by_zone[k] >= need for k, need in quest.floor_needs())


def flows_meet(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> bool:
    """Return whether what the open sites have room for can be shared out so that share and floors are met."""
    return _flows(quest, patterns, is_open)[0].solve(Guard()).ended == "optimal"


def allocate(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weight of each stored pair of pattern and site that is served when most is, capacities kept."""
    assert quest.terms.capacity is not None
    milp, used, factor = _flows(quest, patterns, is_open)
    solved = milp.solve(Guard())
    flow = np.zeros(len(patterns.sites))
    if solved.point is None:
        return flow
    flow[used] = np.maximum(solved.point / factor, 0.0)
    served = np.bincount(patterns.sites, flow, quest.terms.n_sites)
    flow = flow * np.minimum(1.0, quest.terms.capacity / np.maximum(served, 1e-300))[patterns.sites]
    reached = np.bincount(patterns.row_of, flow, len(patterns))
    weight = patterns.whole / quest.scaled.scale
    return flow * np.minimum(1.0, weight / np.maximum(reached, 1e-300))[patterns.row_of]


def _flows(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> tuple[Milp, NDArray[np.int64], float]:
    """Return the problem of serving most with some sites open, the pairs that are its columns, and the factor of weights."""
    assert quest.terms.capacity is not None
    weight = patterns.whole / quest.scaled.scale
    factor = factor_of(float(weight.max(initial=0.0)))
    used = np.flatnonzero(is_open[patterns.sites])
    row, site = patterns.row_of[used], patterns.sites[used]
    milp = Milp(maximise=True)
    milp.columns(np.ones(len(used)), 0.0, weight[row] * factor, whole=False)
    _limit_sums(milp, row, weight * factor)
    _limit_sums(milp, site, quest.terms.capacity * factor)
    needs = [(patterns.zone[row] == k, need) for k, need in quest.floor_needs()]
    if quest.least is not None:
        needs.append((np.ones(len(used), bool), quest.least))
    for which, need in needs:
        pair = np.flatnonzero(which)
        milp.row(pair, np.ones(len(pair)), need / quest.scaled.scale * factor)
    return milp, used, factor


def _limit_sums(milp: Milp, group: NDArray[np.integer], most: NDArray[np.float64]) -> None:
    """Keep the sum of each group of columns to its most, where that is any."""
    bounded = np.flatnonzero(np.isfinite(most[group]))
    order = bounded[np.argsort(group[bounded], kind="stable")]
    named, size = np.unique(group[bounded], return_counts=True)
    milp.rows(size, order, np.ones(len(order)), -INF, most[named])


def worst_share(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> float:
    """Return the least covered share of a zone that has any weight; 1 where none has."""
    met, totals = patterns.zones_met(is_open), quest.zone_totals(len(patterns.base_zone))
    return min((float(met[k] / totals[k]) for k in np.flatnonzero(totals)), default=1.0)


def factor_of(top: float) -> float:
    """Return a power of two that brings numbers into a solver's range; 1 where they are in it."""
    return 1.0 if 1.0 <= top <= 1e7 or top == 0.0 else float(np.ldexp(1.0, 10 - int(np.frexp(top)[1])))
