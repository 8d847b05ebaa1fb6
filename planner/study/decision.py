"""Choose the sites: the project's own conditions put to `planner.siting`, and the whole curve of coverage against number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import siting
from planner.errors import InfeasibleError, ProjectError
from planner.study.access import Access, times_within
from planner.study.conditions import conditions_of
from planner.study.inputs import Inputs

Result = siting.MaxCoverage | siting.MinSites | siting.PMedian | siting.PCenter

_UNSERVED_WALKS = 4
"""How many times the walk times are taken, and whoever is farther counts, where the project does not say."""


@dataclass(frozen=True)
class Decision:
    """What is open, what may open, and what was chosen (facility numbers); `curve` is the frontier, one row a number of sites."""

    existing: NDArray[np.int64]
    candidates: NDArray[np.int64]
    result: Result
    curve: pd.DataFrame

    @property
    def selected(self) -> NDArray[np.int64]:
        """The chosen sites in opening order."""
        return self.result.selected

    @property
    def kept(self) -> NDArray[np.int64]:
        """Existing centres that stay open."""
        return np.setdiff1d(self.existing, self.result.closed)

    @property
    def open_after(self) -> NDArray[np.int64]:
        """Everything open once the plan is carried out."""
        return np.concatenate((self.kept, self.selected))

    @property
    def shown(self) -> NDArray[np.int64]:
        """Everything open today or once the plan is carried out, today's first."""
        return np.concatenate((self.existing, self.selected))

    @property
    def left_over(self) -> NDArray[np.int64]:
        """Candidates that were not chosen."""
        return np.setdiff1d(self.candidates, self.selected)


def unserved_s(inputs: Inputs) -> float:
    """Return the seconds up to which p-models take times, and that somebody farther counts."""
    minutes, rule = inputs.project.settings.siting.unserved_min, inputs.project.rule_of(inputs.project.main_group)
    return _UNSERVED_WALKS * rule.threshold_s if minutes is None else minutes * 60.0


def decide(inputs: Inputs, access: Access, *, threads: int | None = None) -> Decision:
    """Choose sites for the project's main group.

    Raises
    ------
    InfeasibleError, ProjectError
        The project's conditions contradict each other, name what is not there, or a budget meets sites without a cost.
    """
    project, facilities = inputs.project, inputs.facilities
    status = facilities["status"].to_numpy(str)
    usable = facilities["excluded_reason"].isna().to_numpy()
    _refuse_unusable_required(inputs, status, usable)
    existing = np.flatnonzero(usable & np.isin(status, ("existing", "closable")))
    candidates = np.flatnonzero(usable & np.isin(status, ("candidate", "required")))
    required = np.flatnonzero(usable & (status == "required"))
    shut = np.setdiff1d(np.arange(len(facilities)), np.concatenate((existing, candidates)))
    settings = project.settings.siting
    costs = facilities["cost_yuan"].to_numpy(float)
    if settings.budget_yuan is not None or settings.least_cost:
        _refuse_unknown_costs(inputs, candidates, costs)
    asked: dict[str, Any] = {
        "existing": existing,
        "required": required,
        "forbidden": shut,
        "conditions": conditions_of(inputs, usable),
        "seed": settings.seed,
        "threads": threads,
    }
    result = _solve(inputs, access, np.nan_to_num(costs), asked)
    weights = inputs.demand.weights[project.main_group]
    most = max(len(result.selected), len(required))
    curve = siting.frontier(access.of(project.main_group), weights, most, **asked)
    before = float(weights[access.count_open(project.main_group, existing) > 0].sum())
    before = result.value_before if isinstance(result, siting.MaxCoverage) else before
    today = (0, 0.0, before, before)
    return Decision(existing, candidates, result, _as_frame(curve, today, costs, float(weights.sum())))


def _solve(inputs: Inputs, access: Access, costs: NDArray[np.float64], asked: dict[str, Any]) -> Result:
    """Put the project's objective to its model."""
    project, settings = inputs.project, inputs.project.settings.siting
    group = project.main_group
    weights = inputs.demand.weights[group]
    effort: dict[str, Any] = {"gap": settings.gap, "time_limit_s": settings.time_limit_s, **asked}
    if settings.objective == "max_coverage":
        budget = settings.budget_yuan
        return siting.max_coverage(
            access.of(group),
            weights,
            settings.sites_wanted,
            budget=budget,
            costs=None if budget is None else costs,
            **effort,
        )
    if settings.objective == "min_sites":
        wanted = 1.0 if settings.share is None else settings.share
        by_cost = costs if settings.least_cost else None
        return siting.min_sites(access.of(group), weights, wanted, settings.of, costs=by_cost, **effort)
    sites, limit_s = settings.sites_wanted, unserved_s(inputs)
    assert sites is not None
    usable = np.setdiff1d(np.arange(len(inputs.facilities)), asked["forbidden"])
    times = times_within(inputs, usable, limit_s)
    if settings.objective == "p_median":
        return siting.p_median(times, weights, sites, unserved_s=limit_s, **effort)
    return siting.p_center(times, sites, **effort)


def _as_frame(
    curve: siting.Frontier, today: tuple[int, float, float, float], costs: NDArray[np.float64], people: float
) -> pd.DataFrame:
    """Return the frontier as its file has it, from `today` on; `cost_yuan` is empty where the cost of a site is not known."""
    points = zip(curve.sites, curve.selected, curve.value, curve.upper_bound, strict=True)
    rows = [(int(n), float(costs[chosen].sum()), float(v), float(b)) for n, chosen, v, b in points if n > 0]
    frame = pd.DataFrame([today, *rows], columns=["sites", "cost_yuan", "covered", "upper_bound"])
    frame.insert(3, "share", frame["covered"] / people if people > 0 else np.nan)
    frame["gap"] = ((frame["upper_bound"] - frame["covered"]) / frame["upper_bound"]).where(
        frame["upper_bound"] > 0, 0.0
    )
    return frame


def _refuse_unusable_required(inputs: Inputs, status: NDArray[np.str_], usable: NDArray[np.bool_]) -> None:
    wrong = np.flatnonzero((status == "required") & ~usable)
    if len(wrong):
        rows = inputs.facilities.iloc[wrong]
        listed = ", ".join(f"{row.name} ({row.source_file}, {row.source_row})" for row in rows.itertuples(index=False))
        raise InfeasibleError("study.required_excluded", listed=listed, reason=rows["excluded_reason"].iloc[0])


def _refuse_unknown_costs(inputs: Inputs, candidates: NDArray[np.int64], costs: NDArray[np.float64]) -> None:
    unknown = candidates[np.isnan(costs[candidates])]
    if len(unknown):
        row = inputs.facilities.iloc[unknown[0]]
        raise ProjectError(
            "study.no_cost", count=len(unknown), name=row["name"], file=row["source_file"], row=row["source_row"]
        )
