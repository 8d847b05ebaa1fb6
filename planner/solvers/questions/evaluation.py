"""Somebody's own list of sites beside the best there is under the same conditions."""

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Bools, Floats, Ints, Matrix
from planner.solvers.exact.choice_problem import ChoiceProblem, meets
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.keywords import CoverKeywords, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.validation import Faults, as_mask, check_site_numbers
from planner.solvers.questions.coverage_result import assess, cover_result
from planner.solvers.results import MaxCoverage, share


@dataclass(frozen=True)
class Evaluation:
    """A given list of sites beside the best there is.

    Attributes
    ----------
    result
        The list itself, with all that is known of a choice; its `upper_bound` is at least its value.
    upper_bound
        No list that keeps to the conditions covers more.
    broken
        The conditions that the list breaks; empty where it keeps to all.
    best
        The best list found under the same conditions.
    """

    result: MaxCoverage
    upper_bound: float
    broken: tuple[str, ...]
    best: MaxCoverage

    @property
    def selected(self) -> Ints:
        """The list in opening order."""
        return self.result.selected

    @property
    def gains(self) -> Floats:
        """What each site of the list adds to those before it."""
        return self.result.gains

    @property
    def value(self) -> float:
        """What the list covers (or serves) with the existing sites."""
        return self.result.value

    @property
    def value_before(self) -> float:
        """What the existing sites cover (or serve) alone."""
        return self.result.value_before

    @property
    def forced(self) -> Ints:
        """The sites of the best list that had to open."""
        return self.best.forced

    @property
    def n_candidates_free(self) -> int:
        """How many candidates could open beside those."""
        return self.best.n_candidates_free

    @property
    def is_forced(self) -> bool:
        """Whether nothing was free to choose, so that there is one list only."""
        return self.best.is_forced

    @property
    def gap(self) -> float:
        """How far the list is from the bound, as a share of it; 0 where it covers more (and breaks a condition)."""
        return share(self.upper_bound - self.value, self.upper_bound)

    @property
    def gain_gap(self) -> float:
        """How far the list is from the bound, as a share of what could be gained."""
        return share(self.upper_bound - self.value, self.upper_bound - self.value_before)


@takes(CoverKeywords)
def evaluate(
    cov: Matrix, weights: ArrayLike, chosen: ArrayLike, sites: int | None = None, **keywords: Unpack[CoverKeywords]
) -> Evaluation:
    """Score a given list of sites against what `max_coverage` can do under the same conditions.

    `chosen` are numbers of new sites; existing ones among them are passed over. The rest is as in `max_coverage`.

    Raises
    ------
    InputError, InfeasibleError
        As `max_coverage`.
    """
    listed = np.empty(0, np.int64)

    def check(faults: Faults) -> None:
        nonlocal listed
        listed = check_site_numbers(chosen, cov.shape[1], "chosen", faults)

    given, constraints, limits = check_problem(cov, weights, sites=sites, check=check, **keywords)
    asked = {"sites": sites, "budget": constraints.budget}
    best = cover_result(given, constraints, limits, asked)
    is_open = as_mask(np.union1d(constraints.standing, listed), given.n_sites)
    result = assess(given, constraints, is_open, best.upper_bound, asked)
    return Evaluation(result, best.upper_bound, tuple(_broken(given, constraints, is_open)), best)


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
