"""How firm a choice is: asked again while speed, threshold and people vary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Floats, Ints, Matrix
from planner.solvers.input.keywords import CoverKeywords, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.travel_times import check_times
from planner.solvers.input.validation import Faults, check_numbers, check_whole
from planner.solvers.questions.coverage_result import cover_result

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


@takes(CoverKeywords)
def robustness(
    scenarios: Sequence[Scenario] | Callable[[np.random.Generator], Scenario],
    sites: int | None = None,
    *,
    draws: int = 30,
    **keywords: Unpack[CoverKeywords],
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
        seeds = np.random.SeedSequence(keywords.get("seed", 1)).spawn(int(draws))
        drawn = [scenarios(np.random.default_rng(each)) for each in seeds]
    else:
        drawn = list(scenarios)
    results = []
    for cov, weights in drawn:
        given, constraints, limits = check_problem(cov, weights, sites=sites, **keywords)
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
