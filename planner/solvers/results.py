"""What a model solutions: the choice, what it is worth, a bound that no choice passes, and how the search ended."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import sparse

from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.stopping import PROVEN_SHARE, StopReason

Status = Literal["optimal", "feasible"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """A choice of sites and what is known about it.

    selected : the chosen sites in opening order; existing ones are not in it.
    closed : existing sites that close (only where some may).
    value : the objective.
    stopped_by : why the search ended: "proven", "gap", "work", "time" or "cancelled".
    covered : for each demand point, whether an open site reaches it.
    parameters : what was asked for.
    forced : the selected sites that had to open.
    n_candidates_free : how many candidates could open beside those within the number or the budget.
    is_forced : whether nothing was free to choose: no such candidate, and no centre that may close.
    """

    selected: Ints
    value: float
    stopped_by: StopReason | None
    covered: Bools
    parameters: dict[str, Any]
    closed: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    forced: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    n_candidates_free: int = 0
    is_forced: bool = False

    @property
    def free_sites(self) -> int:
        """How many of the selected sites did not have to open."""
        return len(self.selected) - len(self.forced)


@dataclass(frozen=True, kw_only=True)
class Maximised(Result):
    """A result whose value is to be large; no choice under the same conditions exceeds `upper_bound`."""

    upper_bound: float

    @property
    def status(self) -> Status:
        """Whether the value is proven to be the best possible."""
        return _status(self.upper_bound - self.value, self.upper_bound)

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of it: (bound - value) / bound."""
        return share(self.upper_bound - self.value, self.upper_bound)


@dataclass(frozen=True, kw_only=True)
class Minimised(Result):
    """A result whose value is to be small; no choice under the same conditions is below `lower_bound`."""

    lower_bound: float

    @property
    def status(self) -> Status:
        """Whether the value is proven to be the best possible."""
        return _status(self.value - self.lower_bound, self.lower_bound)

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value: (value - bound) / value."""
        return share(self.value - self.lower_bound, self.value)


@dataclass(frozen=True, kw_only=True)
class MaxCoverage(Maximised):
    """A choice of sites that covers much, and the proof that no other covers much more.

    gains : what each selected site adds to those before it, same order.
    value, value_before : covered weight with the chosen sites, and with what stands today; served weight with capacities.
    served : weight served of each demand point; with capacities less than its weight where sites in reach are full.
    allocation : who serves whom, shape (n_demand, n_sites), weights; only with capacities.
    """

    gains: Floats
    value_before: float
    served: Floats
    allocation: sparse.csr_array | None = None

    @property
    def gain_gap(self) -> float:
        """Distance to the bound as a share of what could be gained: (bound - value) / (bound - value before)."""
        return share(self.upper_bound - self.value, self.upper_bound - self.value_before)


@dataclass(frozen=True, kw_only=True)
class WorstZone(Maximised):
    """The worst-served zone made as well served as can be: `value` is its covered share, `zone_shares` those of all zones.

    `covered_weight` is what the choice covers in all.
    """

    zone_shares: Floats
    covered_weight: float


@dataclass(frozen=True, kw_only=True)
class MinSites(Minimised):
    """The fewest or cheapest sites that cover a wanted share: `value` is their number or cost, `share` what they cover."""

    gains: Floats
    covered_weight: float
    share: float


@dataclass(frozen=True, kw_only=True)
class PMedian(Minimised):
    """The least person-seconds: `mean_s` is the mean time, `unserved` the weight that no open site reaches."""

    mean_s: float
    unserved: float


@dataclass(frozen=True, kw_only=True)
class PCenter(Minimised):
    """The least worst time: `value` in seconds, `left_out` the number of demand points that no site reaches."""

    left_out: int


@dataclass(frozen=True)
class Frontier:
    """The most that each number of new sites, or each amount of money, can cover: one entry a point.

    `sites` is the number asked for (with a budget: the number chosen), `budget` the amount, `value` the best found,
    `upper_bound` what no choice exceeds, `selected` the sites that reach `value`. Values and bounds never fall.
    """

    sites: Ints
    value: Floats
    upper_bound: Floats
    selected: tuple[Ints, ...]
    budget: Floats | None = None

    @property
    def gap(self) -> Floats:
        """Distance to the bound as a share of it, for each point."""
        return np.array([share(b - v, b) for v, b in zip(self.value, self.upper_bound, strict=True)])


def share(part: float, whole: float) -> float:
    """Return part / whole, at least 0; 0/0 is 0."""
    return max(part, 0.0) / whole if whole > 0 else 0.0


def _status(distance: float, bound: float) -> Status:
    return "optimal" if distance <= PROVEN_SHARE * max(1.0, bound) else "feasible"
