"""How firm a choice is: asked again while speed, threshold and people vary, and beside the next best that really differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InfeasibleError
from planner.solvers.array_types import Floats, Ints, Matrix
from planner.solvers.input.conditions import NOTHING_MORE, Conditions
from planner.solvers.input.constraints import INF, LinearConstraint
from planner.solvers.input.problem import check_problem
from planner.solvers.input.travel_times import check_times
from planner.solvers.input.validation import Faults, check_numbers, check_whole
from planner.solvers.questions.coverage_result import cover_result
from planner.solvers.results import MaxCoverage
from planner.solvers.stopping import SearchLimits

Scenario = tuple[Any, ArrayLike]


@dataclass(frozen=True)
class Robustness:
    """How often each site was chosen: `chosen` times out of `draws`, `share` of them; `value` and `upper_bound` by scenario."""

    draws: int
    chosen: Ints
    value: Floats
    upper_bound: Floats
    selected: tuple[Ints, ...]

    @property
    def share(self) -> Floats:
        """How often each site was chosen, as a share of the scenarios."""
        return self.chosen / max(self.draws, 1)


def robustness(
    scenarios: Sequence[Scenario] | Callable[[np.random.Generator], Scenario],
    sites: int | None = None,
    *,
    draws: int = 30,
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
) -> Robustness:
    """Choose sites by `max_coverage` in many scenarios, and count how often each is chosen.

    `scenarios` are pairs of a coverage matrix and weights, or a function that draws one from a random generator; of it `draws`
    are taken, each from a generator of its own by `seed`. `time_limit_s` is for each scenario. The rest is as in
    `max_coverage`, errors too. `vary` makes such a function from travel times.
    """
    if callable(scenarios):
        faults = Faults()
        check_whole(draws, "draws", faults)
        faults.refuse()
        seeds = np.random.SeedSequence(seed).spawn(int(draws))
        drawn = [scenarios(np.random.default_rng(each)) for each in seeds]
    else:
        drawn = list(scenarios)
    limits = SearchLimits(gap, time_limit_s, seed, threads)
    results = []
    for cov, weights in drawn:
        given, constraints = check_problem(
            cov,
            weights,
            conditions,
            limits,
            sites=sites,
            budget=budget,
            costs=costs,
            required=required,
            forbidden=forbidden,
            existing=existing,
        )
        results.append((given.n_sites, cover_result(given, constraints, limits, {})))
    chosen = np.zeros(max((n for n, _ in results), default=0), np.int64)
    for _, found in results:
        chosen[found.selected] += 1
    return Robustness(
        len(results),
        chosen,
        np.array([found.value for _, found in results]),
        np.array([found.upper_bound for _, found in results]),
        tuple(found.selected for _, found in results),
    )


def vary(
    t: Matrix,
    weights: ArrayLike,
    threshold_s: float,
    *,
    speed: tuple[float, float] = (1.0, 1.0),
    threshold: tuple[float, float] = (1.0, 1.0),
    people: tuple[float, float] = (1.0, 1.0),
) -> Callable[[np.random.Generator], Scenario]:
    """Return a function that draws scenarios from travel times (seconds at the usual speed, shape (n_demand, n_sites)).

    Factors are drawn evenly from the ranges: one for the speed of everybody, one for the threshold, one for the people of
    each demand point. A point is covered when ``t / speed factor <= threshold_s x threshold factor``, so `t` should hold
    times up to the largest product of both.

    Raises
    ------
    InputError
        TravelTimes, weights or ranges cannot be; all faults are named together.
    """
    faults = Faults()
    times = check_times(t, faults)
    usual = check_numbers(weights, times.shape[0], "weights", faults)
    for name, span in (("speed", speed), ("threshold", threshold), ("people", people)):
        if len(span) != 2 or not 0 <= span[0] <= span[1] < np.inf or (name == "speed" and span[0] == 0):
            faults.add("bad_range", name=name, given=str(tuple(span)))
    faults.refuse()

    def draw(rng: np.random.Generator) -> Scenario:
        limit_s = threshold_s * rng.uniform(*threshold) * rng.uniform(*speed)
        varied = usual * rng.uniform(*people, len(usual))
        return times.matrix_within(limit_s), varied

    return draw


def alternatives(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    number: int = 3,
    differ: int = 1,
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
) -> tuple[MaxCoverage, ...]:
    """Return the best choice and the next best that really differ: each lacks at least `differ` sites of each before it.

    Each has the bound that holds under that condition. Fewer than `number` come back where no more (but to
    open nothing) differ so much. The time limit is for each. The rest is as in `max_coverage`, errors too.
    """

    def check(faults: Faults) -> None:
        check_whole(number, "number", faults)
        check_whole(differ, "differ", faults)

    limits = SearchLimits(gap, time_limit_s, seed, threads)
    given, constraints = check_problem(
        cov, weights, conditions, limits, sites=sites, budget=budget, costs=costs, required=required,
        forbidden=forbidden, existing=existing, check=check,
    )  # fmt: skip
    asked: dict[str, Any] = {"sites": sites, "budget": budget, "differ": differ}
    results: list[MaxCoverage] = []
    for _ in range(int(number)):
        try:
            found = cover_result(given, constraints, limits, asked)
        except InfeasibleError:
            if not results:
                raise
            break
        if results and not len(found.selected):
            break
        results.append(found)
        chosen = np.sort(found.selected)
        constraints = constraints.with_rows(
            LinearConstraint("differ", chosen, np.ones(len(chosen)), -INF, float(len(chosen) - differ))
        )
        if len(chosen) < max(differ, 1):
            break
    return tuple(results)
