"""What each condition costs: the same choice without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Unpack

from numpy.typing import ArrayLike

from planner.solvers.array_types import Matrix
from planner.solvers.input.constraints import FAMILIES
from planner.solvers.input.keywords import CoverKeywords, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import Faults
from planner.solvers.questions.coverage_result import cover_result
from planner.solvers.results import MaxCoverage

_PRICED = tuple(name for name in FAMILIES if name not in ("sites", "budget", "share", "differ", "keep"))


@dataclass(frozen=True)
class Price:
    """What a condition costs in people: `price` by the best choices found, surely between `low` and `high`."""

    condition: str
    price: float
    low: float
    high: float
    without: MaxCoverage


@takes(CoverKeywords)
def price_of_conditions(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    only: Sequence[str] | None = None,
    best: MaxCoverage | None = None,
    method: Literal["auto", "greedy"] = "auto",
    **keywords: Unpack[CoverKeywords],
) -> tuple[MaxCoverage, tuple[Price, ...]]:
    """Return the best choice under all conditions, and what each of them costs: the same solved without it, one at a time.

    The number or the budget is no condition here; sites required and forbidden are. `only` names those to price (every one that
    binds where left out), `best` is the choice under all of them where it is known already; with ``method="greedy"`` each price
    is between a quick choice and a bound. Errors as `max_coverage`.
    """

    def check(faults: Faults) -> None:
        for name in only or ():
            if name not in _PRICED:
                faults.add("no_such_condition", name=name, known=", ".join(_PRICED))
        if method not in ("auto", "greedy"):
            faults.add("bad_method", method=method)

    given, constraints, limits = check_problem(cov, weights, sites=sites, check=check, **keywords)
    asked: dict[str, Any] = {"sites": sites, "budget": constraints.budget}
    greedy = method == "greedy"
    bound = cover_result(given, constraints, limits, asked, greedy=greedy) if best is None else best
    prices = []
    for family in constraints.families:
        if family not in _PRICED or (only is not None and family not in only):
            continue
        free = cover_result(given, constraints.without(family), limits, {**asked, "without": family}, greedy=greedy)
        low = max(free.value - bound.upper_bound, 0.0)
        high = max(free.upper_bound - bound.value, 0.0)
        prices.append(Price(family, free.value - bound.value, low, high, free))
    return bound, tuple(prices)
