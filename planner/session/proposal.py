"""Settings carried out: from what a search found to the plan that they ask for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import siting
from planner.inputs.read import Inputs
from planner.session.settings import PlanSettings
from planner.study.access import Access
from planner.study.plan import Plan, frontier_table
from planner.study.question import Question, result_on_frontier, result_today

CURVE_SITES = 60
"""A curve goes at least so far, that the slider has room."""

BUDGET_POINTS = 30


@dataclass(frozen=True)
class Asked:
    """Settings as a question: the inputs with their words, what is within a walk, and what sites are chosen from."""

    settings: PlanSettings
    inputs: Inputs
    access: Access
    question: Question


@dataclass(frozen=True)
class Proposal(Asked):
    """The plan that settings ask for. `scored` is there where a given list was; one that is not `final` may be bettered."""

    plan: Plan
    scored: siting.Evaluation | None = None
    final: bool = True

    @property
    def ids(self) -> list[str]:
        """Ids of the chosen sites in opening order."""
        return [str(key) for key in self.inputs.facilities["id"].iloc[self.plan.selected]]

    @property
    def covered_after(self) -> NDArray[np.bool_]:
        """Whether each demand point of the main group is covered once the plan is carried out."""
        return self.access.count_open(self.inputs.project.main_group, self.plan.open_after) > 0

    @property
    def covered_before(self) -> NDArray[np.bool_]:
        """Whether each demand point of the main group is covered today."""
        return self.access.count_open(self.inputs.project.main_group, self.plan.existing) > 0


def propose(asked: Asked, found: Any, *, final: bool) -> Proposal:
    """Return the proposal of a search's answer: a point on a curve, a list's evaluation, or the project's own model's result."""
    question, scored = asked.question, None
    if isinstance(found, siting.Frontier):
        result: Any = result_on_frontier(question, found, _place_on(found, asked.settings))
        curve = frontier_table(question, result, found)
    else:
        scored = found if isinstance(found, siting.Evaluation) else None
        result = found if scored is None else scored.result
        curve = _no_curve()
    return _proposal(asked, result, curve, scored=scored, final=final)


def propose_nothing(asked: Asked) -> Proposal:
    """Return the proposal that opens nothing."""
    return _proposal(asked, result_today(asked.question), _no_curve())


def curve_length(question: Question, sites: int) -> int:
    """Return how far the curve by number is searched: some way beyond what is asked for, in steps, so that sliding finds it."""
    wanted = max(CURVE_SITES, -(-sites // CURVE_SITES) * CURVE_SITES)
    return max(min(wanted, question.most_sites), len(question.required), 1)


def budget_steps(question: Question) -> NDArray[np.float64]:
    """Return the amounts at which the curve by money is searched: from what must open up to all that is worth asking."""
    least = float(np.nansum(question.costs[question.required]))
    return np.round(np.linspace(least, max(question.most_yuan, least), BUDGET_POINTS + 1))


def _proposal(asked: Asked, result: Any, curve: pd.DataFrame, **more: Any) -> Proposal:
    plan = Plan(asked.question, result, curve)
    return Proposal(asked.settings, asked.inputs, asked.access, asked.question, plan, **more)


def _no_curve() -> pd.DataFrame:
    return pd.DataFrame({"sites": [], "cost_yuan": [], "covered": [], "upper_bound": []}, dtype=float)


def _place_on(found: siting.Frontier, settings: PlanSettings) -> int:
    """Return the point of a curve that settings ask for: the last that is within their number or amount."""
    limits = found.sites if found.budget is None else found.budget
    limit = settings.sites if found.budget is None else settings.budget_yuan
    return max(int(np.searchsorted(limits, limit + 1e-6, "right")) - 1, 0)
