"""The plan near the best that changes a given list least."""

from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InfeasibleError
from planner.solvers.array_types import Ints, Matrix
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.choice_problem import ChoiceProblem, least_whole, meets
from planner.solvers.exact.constrained_coverage import solve_coverage
from planner.solvers.input.conditions import check_share
from planner.solvers.input.constraints import INF, LinearConstraint
from planner.solvers.input.keywords import CoverKeywords, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.validation import Faults, as_mask, check_site_numbers
from planner.solvers.questions.coverage_result import dress
from planner.solvers.results import MaxCoverage, Status


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


@takes(CoverKeywords)
def fewest_changes(
    cov: Matrix,
    weights: ArrayLike,
    plan: ArrayLike,
    sites: int | None = None,
    *,
    within: float = 0.01,
    of: str = "best",
    **keywords: Unpack[CoverKeywords],
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

    given, constraints, limits = check_problem(cov, weights, sites=sites, check=check, **keywords)
    scaled = scale_weights(given.weights)
    asked = {"sites": sites, "budget": constraints.budget, "within": within, "of": of}
    stopping = limits.start()
    found = solve_coverage(given, constraints, stopping, limits.seed, scaled=scaled)
    best = dress(given, constraints, stopping, found, asked)
    listed = np.setdiff1d(listed, constraints.standing)
    kept = as_mask(listed, given.n_sites)
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
    again = solve_coverage(
        given, constraints.with_rows(row) if n_kept else constraints, stopping, limits.seed, scaled=scaled
    )
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
