"""The choice of sites that a run makes, and the whole curve of coverage against number or money."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import siting
from planner.coverage import times_covered
from planner.inputs.read import Inputs
from planner.study.access import Access
from planner.study.question import Question, Result, build_question, frontier, solve

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """What was asked, what was chosen (facility numbers), and the `frontier` as its file has it."""

    question: Question
    result: Result
    frontier: pd.DataFrame

    @property
    def existing(self) -> Ints:
        """Facilities open today."""
        return self.question.existing

    @property
    def candidates(self) -> Ints:
        """Facilities that may open."""
        return self.question.candidates

    @property
    def selected(self) -> Ints:
        """The chosen sites in opening order."""
        return self.result.selected

    @property
    def kept(self) -> Ints:
        """Existing centres that stay open."""
        return np.setdiff1d(self.existing, self.result.closed)

    @property
    def open_after(self) -> Ints:
        """Everything open once the plan is carried out."""
        return np.concatenate((self.kept, self.selected))

    @property
    def shown(self) -> Ints:
        """Everything open today or once the plan is carried out, today's first."""
        return np.concatenate((self.existing, self.selected))

    @property
    def left_over(self) -> Ints:
        """Candidates that were not chosen."""
        return np.setdiff1d(self.candidates, self.selected)


def choose_sites(inputs: Inputs, access: Access, *, threads: int | None = None) -> Plan:
    """Choose sites for the project's main group.

    Raises
    ------
    InfeasibleError, ProjectError
        The project's conditions contradict each other, name what is not there, or a budget meets sites without a cost.
    """
    question = build_question(inputs, access)
    result = solve(question, threads=threads)
    most = max(len(result.selected), len(question.required))
    return Plan(question, result, frontier_table(question, result, frontier(question, most, threads=threads)))


def frontier_table(question: Question, result: Result | None, found: siting.Frontier) -> pd.DataFrame:
    """Return the frontier as its file has it, from today on; `cost_yuan` is empty where the cost of a site is not known."""
    before = float(question.weights[times_covered(question.cover, question.existing) > 0].sum())
    before = result.value_before if isinstance(result, siting.MaxCoverage) else before
    people = float(question.weights.sum())
    rows: list[tuple[Any, ...]] = [(0, 0.0, before, before)]
    points = zip(found.sites, found.selected, found.value, found.upper_bound, strict=True)
    rows += [(int(n), float(question.costs[chosen].sum()), float(v), float(b)) for n, chosen, v, b in points if n > 0]
    frame = pd.DataFrame(rows, columns=["sites", "cost_yuan", "covered", "upper_bound"])
    frame.insert(3, "share", frame["covered"] / people if people > 0 else np.nan)
    frame["gap"] = ((frame["upper_bound"] - frame["covered"]) / frame["upper_bound"]).where(
        frame["upper_bound"] > 0, 0.0
    )
    return frame
