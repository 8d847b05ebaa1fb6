"""A project's question as arrays, and its answers: which sites, the curve of coverage, what a given list is worth.

A `Question` holds no file, network or geometry, so that another process can solve it while a page goes on.
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
from planner.texts import Sentence, catalogue

Result = siting.MaxCoverage | siting.MinSites | siting.PMedian | siting.PCenter
Ints = NDArray[np.int64]

_UNSERVED_WALKS = 4
"""How many times the walk times are taken, and whoever is farther counts, where the project does not say."""


@dataclass(frozen=True)
class Question:
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
        return given | {"conditions": self.conditions}

    @property
    def limit(self) -> dict[str, Any]:
        """How many sites may open, or for how much money, as the models of `planner.siting` take it."""
        if self.settings.budget_yuan is None:
            return {"sites": self.settings.sites_wanted}
        return {"budget": self.settings.budget_yuan, "costs": np.nan_to_num(self.costs)}

    @property
    def effort(self) -> dict[str, Any]:
        """How long a choice is searched for: the wanted gap, the time, the seed."""
        return {"gap": self.settings.gap, "time_limit_s": self.settings.time_limit_s, "seed": self.settings.seed}

    @property
    def most_sites(self) -> int:
        """How many sites can open at all."""
        return len(self.candidates)

    @property
    def most_yuan(self) -> float:
        """What all sites cost together, as far as costs are known."""
        return float(np.nansum(self.costs[self.candidates]))


def build_question(inputs: Inputs, access: Access) -> Question:
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
    return Question(
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
    return _UNSERVED_WALKS * rule.limit_s if minutes is None else minutes * 60.0


def solve(question: Question, **effort: Any) -> Result:
    """Put the project's objective to its model; `effort` are `threads`, `progress`, `cancelled` of `planner.siting`."""
    settings = question.settings
    effort = {**question.effort, **question.binding, **effort}
    if settings.objective == "max_coverage":
        return siting.max_coverage(question.cover, question.weights, **question.limit, **effort)
    if settings.objective == "min_sites":
        wanted = 1.0 if settings.share is None else settings.share
        by_cost = np.nan_to_num(question.costs) if settings.least_cost else None
        return siting.min_sites(question.cover, question.weights, wanted, settings.of, costs=by_cost, **effort)
    assert question.times is not None and settings.sites_wanted is not None
    if settings.objective == "p_median":
        return siting.p_median(
            question.times, question.weights, settings.sites_wanted, unserved_s=question.unserved_s, **effort
        )
    return siting.p_center(question.times, settings.sites_wanted, **effort)


def frontier(
    question: Question, sites: int | None = None, *, budget: ArrayLike | None = None, **effort: Any
) -> siting.Frontier:
    """Return the most that each number of sites up to `sites`, or each amount of money up to `budget` (or in it), can cover.

    More sites than can open are no fault here: the curve ends where there are no more.

    Raises
    ------
    InfeasibleError
        Nowhere on the curve can the conditions be met.
    """
    if sites is not None:
        sites = max(min(sites, question.most_sites), len(question.required))
    costs = np.nan_to_num(question.costs)
    by_money: dict[str, Any] = {} if budget is None else {"budget": budget, "costs": costs}
    effort = {"seed": question.settings.seed, **question.binding, **effort}
    found = siting.frontier(question.cover, question.weights, sites, **by_money, **effort)
    if len(found.sites) == 0:
        limits = {"sites": sites} if budget is None else {"budget": float(np.max(budget)), "costs": costs}
        siting.max_coverage(question.cover, question.weights, **limits, **question.binding)  # which names what clashes
    return found


def evaluate(question: Question, listed: Ints, **effort: Any) -> siting.Evaluation:
    """Score a given list of facilities against the best of as many sites (or as much money) under the same conditions."""
    effort = {**question.effort, **question.binding, **effort}
    limit = question.limit
    if question.settings.budget_yuan is None:
        limit = {"sites": max(len(np.setdiff1d(listed, question.existing)), len(question.required))}
    return siting.evaluate(question.cover, question.weights, listed, **limit, **effort)


def result_on_frontier(question: Question, found: siting.Frontier, at: int) -> siting.MaxCoverage:
    """Return point number `at` of a frontier as a result of its own, under the bound of that point."""
    bound = float(found.upper_bound[at])
    return siting.result_of(question.cover, question.weights, found.selected[at], upper_bound=bound, **question.binding)


def result_today(question: Question) -> siting.MaxCoverage:
    """Return today as a result: nothing opens, and nothing is claimed of what might."""
    standing = {**question.binding, "required": ()}
    return siting.result_of(question.cover, question.weights, (), **standing)


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
