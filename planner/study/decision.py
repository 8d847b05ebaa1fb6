"""Choose the sites: the project's own conditions put to `planner.siting`, and the whole curve of coverage against number."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import siting
from planner.errors import InfeasibleError, ProjectError
from planner.study.access import Access
from planner.study.inputs import Inputs


@dataclass(frozen=True)
class Decision:
    """What is open, what may open, and what was chosen (facility numbers); `curve` is the frontier, one row a number of sites."""

    existing: NDArray[np.int64]
    candidates: NDArray[np.int64]
    result: siting.MaxCoverage
    curve: pd.DataFrame

    @property
    def selected(self) -> NDArray[np.int64]:
        """The chosen sites in opening order."""
        return self.result.selected

    @property
    def open_after(self) -> NDArray[np.int64]:
        """Everything open once the plan is carried out."""
        return np.concatenate((self.existing, self.selected))

    @property
    def left_over(self) -> NDArray[np.int64]:
        """Candidates that were not chosen."""
        return np.setdiff1d(self.candidates, self.selected)


def decide(inputs: Inputs, access: Access, *, threads: int | None = None) -> Decision:
    """Choose sites for the project's main group.

    Raises
    ------
    InfeasibleError, ProjectError
        The project's conditions contradict each other, or a budget meets sites without a cost.
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
    if settings.budget_yuan is not None:
        _refuse_unknown_costs(inputs, candidates, costs)
    cover, weights = access.of(project.main_group), inputs.demand.weights[project.main_group]
    result = siting.max_coverage(
        cover,
        weights,
        settings.sites_wanted,
        budget=settings.budget_yuan,
        costs=np.nan_to_num(costs) if settings.budget_yuan is not None else None,
        gap=settings.gap,
        time_limit_s=settings.time_limit_s,
        seed=settings.seed,
        threads=threads,
        existing=existing,
        required=required,
        forbidden=shut,
    )
    most = max(len(result.selected), len(required))
    curve = siting.frontier(
        cover,
        weights,
        most,
        seed=settings.seed,
        threads=threads,
        existing=existing,
        required=required,
        forbidden=shut,
    )
    today = (0, 0.0, result.value_before, result.value_before)
    return Decision(existing, candidates, result, _as_frame(curve, today, costs, float(weights.sum())))


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
