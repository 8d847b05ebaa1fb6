"""A project's question as arrays, and its answers: which sites, the curve of coverage, what a given list is worth.

A `Problem` holds no file, network or geometry, so that another process can solve it while a page goes on.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planner import siting
from planner.errors import InfeasibleError, ProjectError
from planner.inputs.read import Inputs
from planner.project.siting import SitingSection
from planner.study.access import Access, times_within
from planner.study.conditions import conditions_of
from planner.study.explain import gains_in_order
from planner.texts import Sentence, catalogue

Result = siting.MaxCoverage | siting.MinSites | siting.PMedian | siting.PCenter
Ints = NDArray[np.int64]

_UNSERVED_WALKS = 4
"""How many times the walk times are taken, and whoever is farther counts, where the project does not say."""


@dataclass(frozen=True)
class Problem:
    """What sites are chosen from, and by what. Facilities are numbers; matrices have one column a facility.

    `cover` and `weights` are the main group's. `costs` are NaN where nobody knows them. `existing` are open (some may close, by
    `conditions`), `candidates` may open, `required` of them must, `shut` are out of the question. `times` up to `unserved_s` are
    there for p-models alone.
    """

    settings: SitingSection
    cover: sparse.csr_array
    weights: NDArray[np.float64]
    costs: NDArray[np.float64]
    existing: Ints
    candidates: Ints
    required: Ints
    shut: Ints
    conditions: siting.Conditions
    times: sparse.csr_array | None
    unserved_s: float

    @property
    def binding(self) -> dict[str, Any]:
        """What binds every choice, as the models of `planner.siting` take it."""
        given = {"existing": self.existing, "required": self.required, "forbidden": self.shut}
        return given | {"conditions": self.conditions, "seed": self.settings.seed}

    @property
    def most_sites(self) -> int:
        """How many sites can open at all."""
        return len(self.candidates)

    @property
    def most_yuan(self) -> float:
        """What all sites cost together, as far as costs are known."""
        return float(np.nansum(self.costs[self.candidates]))


def pose(inputs: Inputs, access: Access) -> Problem:
    """Return the question that a project asks, for its main group.

    Raises
    ------
    InfeasibleError, ProjectError
        A site that must open cannot be used, conditions name what is not there, or a budget meets sites without a cost.
    """
    project, facilities = inputs.project, inputs.facilities
    settings = project.settings.siting
    status = facilities["status"].to_numpy(str)
    usable = facilities["excluded_reason"].isna().to_numpy()
    _refuse_unusable_required(inputs, status, usable)
    existing = np.flatnonzero(usable & np.isin(status, ("existing", "closable")))
    candidates = np.flatnonzero(usable & np.isin(status, ("candidate", "required")))
    shut = np.setdiff1d(np.arange(len(facilities)), np.concatenate((existing, candidates)))
    costs = facilities["cost_yuan"].to_numpy(float)
    if settings.budget_yuan is not None or settings.least_cost:
        _refuse_unknown_costs(inputs, candidates, costs)
    limit_s = unserved_s(inputs)
    by_time = settings.objective in ("p_median", "p_center")
    return Problem(
        settings=settings,
        cover=access.of(project.main_group),
        weights=inputs.demand.weights[project.main_group],
        costs=costs,
        existing=existing,
        candidates=candidates,
        required=np.flatnonzero(usable & (status == "required")),
        shut=shut,
        conditions=conditions_of(inputs, usable),
        times=times_within(inputs, np.sort(np.concatenate((existing, candidates))), limit_s) if by_time else None,
        unserved_s=limit_s,
    )


def unserved_s(inputs: Inputs) -> float:
    """Return the seconds up to which p-models take times, and that somebody farther counts."""
    minutes, rule = inputs.project.settings.siting.unserved_min, inputs.project.rule_of(inputs.project.main_group)
    return _UNSERVED_WALKS * rule.threshold_s if minutes is None else minutes * 60.0


def solve(problem: Problem, **effort: Any) -> Result:
    """Put the project's objective to its model; `effort` are `threads`, `progress`, `cancelled` of `planner.siting`."""
    settings, costs = problem.settings, np.nan_to_num(problem.costs)
    effort = {"gap": settings.gap, "time_limit_s": settings.time_limit_s, **problem.binding, **effort}
    if settings.objective == "max_coverage":
        return siting.max_coverage(problem.cover, problem.weights, **_limits(problem), **effort)
    if settings.objective == "min_sites":
        wanted = 1.0 if settings.share is None else settings.share
        by_cost = costs if settings.least_cost else None
        return siting.min_sites(problem.cover, problem.weights, wanted, settings.of, costs=by_cost, **effort)
    assert problem.times is not None and settings.sites_wanted is not None
    if settings.objective == "p_median":
        return siting.p_median(
            problem.times, problem.weights, settings.sites_wanted, unserved_s=problem.unserved_s, **effort
        )
    return siting.p_center(problem.times, settings.sites_wanted, **effort)


def curve(
    problem: Problem, sites: int | None = None, *, budget: ArrayLike | None = None, **effort: Any
) -> siting.Frontier:
    """Return the most that each number of sites up to `sites`, or each amount of money up to `budget` (or in it), can cover.

    More sites than can open are no fault here: the curve ends where there are no more.

    Raises
    ------
    InfeasibleError
        Nowhere on the curve can the conditions be met.
    """
    if sites is not None:
        sites = max(min(sites, problem.most_sites), len(problem.required))
    costs = np.nan_to_num(problem.costs)
    by_money: dict[str, Any] = {} if budget is None else {"budget": budget, "costs": costs}
    found = siting.frontier(problem.cover, problem.weights, sites, **by_money, **problem.binding, **effort)
    if len(found.sites) == 0:
        limits = {"sites": sites} if budget is None else {"budget": float(np.max(budget)), "costs": costs}
        siting.max_coverage(problem.cover, problem.weights, **limits, **problem.binding)  # which names what clashes
    return found


def score(problem: Problem, listed: Ints, **effort: Any) -> siting.Evaluation:
    """Score a given list of facilities against the best of as many sites (or as much money) under the same conditions."""
    settings = problem.settings
    effort = {"gap": settings.gap, "time_limit_s": settings.time_limit_s, **problem.binding, **effort}
    new = np.setdiff1d(listed, problem.existing)
    limits = _limits(problem) if settings.budget_yuan is not None else {"sites": max(len(new), len(problem.required))}
    return siting.evaluate(problem.cover, problem.weights, listed, **limits, **effort)


def of_curve(problem: Problem, found: siting.Frontier, at: int) -> siting.MaxCoverage:
    """Return point number `at` of a curve as a result of its own."""
    has_room, first = problem.conditions.capacity is not None, float(found.value[0])
    before = first if has_room and len(found.selected[0]) == 0 else _covered_weight(problem, problem.existing)
    return _as_result(problem, found.selected[at], float(found.value[at]), float(found.upper_bound[at]), before)


def nothing_new(problem: Problem) -> siting.MaxCoverage:
    """Return today as a result: nothing opens."""
    value = _covered_weight(problem, problem.existing)
    return _as_result(problem, np.empty(0, np.int64), value, value, value)


def of_list(problem: Problem, scored: siting.Evaluation) -> siting.MaxCoverage:
    """Return a scored list as a result; where it breaks a condition it may pass the bound, which then does not hold for it."""
    bound = max(scored.upper_bound, scored.value)
    return _as_result(problem, scored.selected, scored.value, bound, scored.value_before)


def _as_result(problem: Problem, selected: Ints, value: float, bound: float, value_before: float) -> siting.MaxCoverage:
    before = covered_by(problem.cover, problem.existing)
    covered = before | covered_by(problem.cover, selected)
    return siting.MaxCoverage(
        selected=selected,
        value=value,
        stopped_by=None,
        covered=covered,
        parameters={"sites": len(selected)},
        upper_bound=bound,
        gains=gains_in_order(problem.cover, problem.weights, before, selected),
        value_before=value_before,
        served=np.where(covered, problem.weights, 0.0),
    )


def covered_by(cover: sparse.csr_array, facilities: Ints) -> NDArray[np.bool_]:
    """Return which demand points some facilities cover."""
    chosen = np.zeros(cover.shape[1], np.int64)
    chosen[facilities] = 1
    return np.asarray(cover.astype(np.int64) @ chosen) > 0


def _covered_weight(problem: Problem, facilities: Ints) -> float:
    return float(problem.weights[covered_by(problem.cover, facilities)].sum())


def _limits(problem: Problem) -> dict[str, Any]:
    settings = problem.settings
    if settings.budget_yuan is None:
        return {"sites": settings.sites_wanted}
    return {"budget": settings.budget_yuan, "costs": np.nan_to_num(problem.costs)}


def _refuse_unusable_required(inputs: Inputs, status: NDArray[np.str_], usable: NDArray[np.bool_]) -> None:
    wrong = np.flatnonzero((status == "required") & ~usable)
    if len(wrong):
        rows = inputs.facilities.iloc[wrong]
        listed = ", ".join(f"{row.name} ({row.source_file}, {row.source_row})" for row in rows.itertuples(index=False))
        raise InfeasibleError(
            "study.required_excluded", listed=listed, reason=_said(str(rows["excluded_reason"].iloc[0]))
        )


def _said(reason: str) -> Sentence | str:
    """Return why a facility is left out, to be said in words; a project's own reasons stand as they are."""
    codes = (f"workbook.excluded_reason_{reason}", f"register.excluded_{reason}")
    return next((Sentence(code, {}) for code in codes if code in catalogue("en")), reason)


def _refuse_unknown_costs(inputs: Inputs, candidates: Ints, costs: NDArray[np.float64]) -> None:
    unknown = candidates[np.isnan(costs[candidates])]
    if len(unknown):
        row = inputs.facilities.iloc[unknown[0]]
        raise ProjectError(
            "study.no_cost", count=len(unknown), name=row["name"], file=row["source_file"], row=row["source_row"]
        )
