"""The choice of sites that a run makes, and the whole curve of coverage against number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import siting
from planner.inputs.read import Inputs
from planner.study.access import Access
from planner.study.question import Problem, Result, covered_by, curve, pose, solve


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


def decide(inputs: Inputs, access: Access, *, threads: int | None = None) -> Decision:
    """Choose sites for the project's main group.

    Raises
    ------
    InfeasibleError, ProjectError
        The project's conditions contradict each other, name what is not there, or a budget meets sites without a cost.
    """
    problem = pose(inputs, access)
    result = solve(problem, threads=threads)
    most = max(len(result.selected), len(problem.required))
    return Decision(
        problem.existing, problem.candidates, result, as_frame(problem, result, curve(problem, most, threads=threads))
    )


def as_frame(problem: Problem, result: Result | None, found: siting.Frontier) -> pd.DataFrame:
    """Return the frontier as its file has it, from today on; `cost_yuan` is empty where the cost of a site is not known."""
    before = float(problem.weights[covered_by(problem.cover, problem.existing)].sum())
    before = result.value_before if isinstance(result, siting.MaxCoverage) else before
    people = float(problem.weights.sum())
    rows: list[tuple[Any, ...]] = [(0, 0.0, before, before)]
    points = zip(found.sites, found.selected, found.value, found.upper_bound, strict=True)
    rows += [(int(n), float(problem.costs[chosen].sum()), float(v), float(b)) for n, chosen, v, b in points if n > 0]
    frame = pd.DataFrame(rows, columns=["sites", "cost_yuan", "covered", "upper_bound"])
    frame.insert(3, "share", frame["covered"] / people if people > 0 else np.nan)
    frame["gap"] = ((frame["upper_bound"] - frame["covered"]) / frame["upper_bound"]).where(
        frame["upper_bound"] > 0, 0.0
    )
    return frame
