"""The best choice and the next best that really differ."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InfeasibleError
from planner.solvers.array_types import Matrix
from planner.solvers.input.constraints import INF, LinearConstraint
from planner.solvers.input.keywords import CoverKeywords, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import Faults, check_whole
from planner.solvers.questions.coverage_result import cover_result
from planner.solvers.results import MaxCoverage


@takes(CoverKeywords)
def alternatives(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    number: int = 3,
    differ: int = 1,
    **keywords: Unpack[CoverKeywords],
) -> tuple[MaxCoverage, ...]:
    """Return the best choice and the next best that really differ: each lacks at least `differ` sites of each before it.

    Each has the bound that holds under that condition. Fewer than `number` come back where no more (but to
    open nothing) differ so much. The time limit is for each. The rest is as in `max_coverage`, errors too.
    """

    def check(faults: Faults) -> None:
        check_whole(number, "number", faults)
        check_whole(differ, "differ", faults)

    given, constraints, limits = check_problem(cov, weights, sites=sites, check=check, **keywords)
    asked = {"sites": sites, "budget": constraints.budget, "differ": differ}
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
