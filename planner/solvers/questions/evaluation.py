"""The meeting: somebody's own list against the bound, the plan that changes it least, and what each condition costs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InfeasibleError
from planner.solvers.array_types import Bools, Floats, Ints, Matrix, Progress
from planner.solvers.exact.allocation import served_by
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.choice_problem import ChoiceProblem, least_whole, meets
from planner.solvers.exact.constrained_coverage import solve_coverage
from planner.solvers.input.conditions import NOTHING_MORE, Conditions, check_share
from planner.solvers.input.constraints import INF, Constraints, LinearConstraint
from planner.solvers.input.problem import check_problem
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.validation import CoverInput, Faults, check_site_numbers, total
from planner.solvers.questions.coverage_result import cover_result, dress
from planner.solvers.results import MaxCoverage, Status, share
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import SearchLimits


@dataclass(frozen=True)
class Evaluation:
    """A given list of sites beside the best there is.

    selected, gains : the list in opening order, and what each adds.
    value, value_before : what it covers with the existing sites, and what these cover alone.
    upper_bound : no list that keeps to the conditions covers more.
    broken : the conditions that the list breaks; empty where it keeps to all.
    best : the best list found under the same conditions.
    """

    selected: Ints
    gains: Floats
    value: float
    value_before: float
    upper_bound: float
    broken: tuple[str, ...]
    best: MaxCoverage

    @property
    def gap(self) -> float:
        """How far the list is from the bound, as a share of it; 0 where it covers more (and breaks a condition)."""
        return share(self.upper_bound - self.value, self.upper_bound)

    @property
    def gain_gap(self) -> float:
        """How far the list is from the bound, as a share of what could be gained."""
        return share(self.upper_bound - self.value, self.upper_bound - self.value_before)


@dataclass(frozen=True)
class FewestChanges:
    """The plan within a share of the best that keeps most of a given list.

    plan : the choice, with its coverage and the bound on that among plans that keep as many.
    kept, dropped, added : sites of the list that stay and that go, and sites that come in their place.
    kept_bound : no plan within that share keeps more of the list; `status` whether as many are kept as can be.
    best : the best choice without regard to the list.
    """

    plan: MaxCoverage
    kept: Ints
    dropped: Ints
    added: Ints
    kept_bound: int
    best: MaxCoverage

    @property
    def status(self) -> Status:
        """Whether as many sites are kept as can be."""
        return "optimal" if len(self.kept) >= self.kept_bound else "feasible"


@dataclass(frozen=True)
class Price:
    """What a condition costs in people: `price` by the best choices found, surely between `low` and `high`."""

    condition: str
    price: float
    low: float
    high: float
    without: MaxCoverage


def evaluate(
    cov: Matrix,
    weights: ArrayLike,
    chosen: ArrayLike,
    sites: int | None = None,
    *,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    conditions: Conditions = NOTHING_MORE,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a given list of sites against what `max_coverage` can do under the same conditions.

    `chosen` are numbers of new sites; existing ones among them are passed over. The rest is as in `max_coverage`, errors too.
    """
    listed = np.empty(0, np.int64)

    def check(faults: Faults) -> None:
        nonlocal listed
        listed = check_site_numbers(chosen, cov.shape[1], "chosen", faults)

    limits = SearchLimits(gap, time_limit_s, seed, threads, progress)
    given, constraints = check_problem(
        cov, weights, conditions, limits, sites=sites, budget=budget, costs=costs, required=required,
        forbidden=forbidden, existing=existing, check=check,
    )  # fmt: skip
    best = cover_result(given, constraints, limits, {"sites": sites, "budget": budget})
    is_open = np.zeros(given.n_sites, bool)
    is_open[constraints.standing] = is_open[listed] = True
    new = np.setdiff1d(listed, constraints.standing)
    order, gains = in_order(given, constraints.standing, new)
    opened = np.flatnonzero(is_open)
    value = (
        total(given.weights[given.covered_by(opened)])
        if constraints.capacity is None
        else served_by(given, constraints, opened)
    )
    return Evaluation(
        order, gains, value, best.value_before, best.upper_bound, tuple(_broken(given, constraints, is_open)), best
    )


def _broken(given: CoverInput, constraints: Constraints, is_open: Bools) -> list[str]:
    broken = constraints.broken(is_open)
    if constraints.floor is not None:
        rest = replace(
            constraints.without(*constraints.families),
            floor=constraints.floor,
            capacity=constraints.capacity,
            zone=constraints.zone,
        )
        problem = ChoiceProblem(given, scale_weights(given.weights), rest, "any")
        if not meets(problem, problem.merged(), is_open):
            broken.append("floor")
    return broken


def fewest_changes(
    cov: Matrix,
    weights: ArrayLike,
    plan: ArrayLike,
    sites: int | None = None,
    *,
    within: float = 0.01,
    of: str = "best",
    budget: float | None = None,
    costs: ArrayLike | None = None,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    conditions: Conditions = NOTHING_MORE,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
    threads: int | None = None,
) -> FewestChanges:
    """Return, among the plans within a share of the best, the one that keeps most of a given list.

    ::

        maximise   sum of x_j over the sites j of the list;  among equals, the weight covered
        subject to weight covered >= (1 - within) times the best value found (``of="best"``) or its bound (``of="bound"``)
                   limits, roles and conditions as in `max_coverage`

    `plan` are numbers of sites. The time limit is for each of the three steps. Errors as `max_coverage`.
    """
    listed = np.empty(0, np.int64)

    def check(faults: Faults) -> None:
        nonlocal listed
        listed = check_site_numbers(plan, cov.shape[1], "plan", faults)
        check_share(within, "within", faults)
        if of not in ("best", "bound"):
            faults.add("bad_within_of", of=of)

    limits = SearchLimits(gap, time_limit_s, seed, threads)
    given, constraints = check_problem(
        cov, weights, conditions, limits, sites=sites, budget=budget, costs=costs, required=required,
        forbidden=forbidden, existing=existing, check=check,
    )  # fmt: skip
    scaled = scale_weights(given.weights)
    asked: dict[str, Any] = {"sites": sites, "budget": budget, "within": within, "of": of}
    stopping = limits.start()
    found = solve_coverage(given, constraints, stopping, seed, scaled=scaled)
    best = dress(given, constraints, stopping, found, asked)
    listed = np.setdiff1d(listed, constraints.standing)
    kept = np.zeros(given.n_sites, bool)
    kept[listed] = True
    goal = best.value if of == "best" else best.upper_bound
    least = least_whole(1 - within, int(np.floor(goal * scaled.scale)))
    problem = ChoiceProblem(given, scaled, constraints, "keep", least=least, kept=kept)
    merged = problem.merged()
    start = found.is_open if meets(problem, merged, found.is_open) else None
    outcome = solve_choice(problem, limits.start(), start=start, merged=merged)
    if outcome.ended == "infeasible":
        raise InfeasibleError("siting.none_within", within=within, gap=best.gap, families=["within"])
    is_open = outcome.is_open if outcome.is_open is not None else start
    if is_open is None:
        raise InfeasibleError("siting.none_found", families=[])
    n_kept = int(kept[is_open].sum())
    bound = min(int(np.floor(outcome.bound + 1e-6)) if np.isfinite(outcome.bound) else len(listed), len(listed))
    row = LinearConstraint("keep", listed, np.ones(len(listed)), float(n_kept), INF)
    stopping = limits.start()
    again = solve_coverage(given, constraints.with_rows(row) if n_kept else constraints, stopping, seed, scaled=scaled)
    made = dress(given, constraints, stopping, again, asked)
    opened = np.flatnonzero(again.is_open)
    return FewestChanges(
        made,
        np.intersect1d(listed, opened),
        np.setdiff1d(listed, opened),
        np.setdiff1d(np.setdiff1d(opened, constraints.standing), listed),
        max(bound, n_kept),
        best,
    )


def price_of_conditions(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    conditions: Conditions = NOTHING_MORE,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
    threads: int | None = None,
) -> tuple[MaxCoverage, tuple[Price, ...]]:
    """Return the best choice under all conditions, and what each of them costs: the same solved without it, one at a time.

    The number or the budget is no condition here; sites required and forbidden are. Errors as `max_coverage`.
    """
    limits = SearchLimits(gap, time_limit_s, seed, threads)
    given, constraints = check_problem(
        cov, weights, conditions, limits, sites=sites, budget=budget, costs=costs, required=required,
        forbidden=forbidden, existing=existing,
    )  # fmt: skip
    asked: dict[str, Any] = {"sites": sites, "budget": budget}
    bound = cover_result(given, constraints, limits, asked)
    prices = []
    for family in constraints.families:
        if family in ("sites", "budget"):
            continue
        free = cover_result(given, constraints.without(family), limits, {**asked, "without": family})
        low = max(free.value - bound.upper_bound, 0.0)
        prices.append(Price(family, free.value - bound.value, low, free.upper_bound - bound.value, free))
    return bound, tuple(prices)
