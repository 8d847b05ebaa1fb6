"""The choice of sites that a run makes, and the whole curve of coverage against number or money."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner import siting
from planner.counting import times_covered
from planner.inputs.read import Inputs
from planner.study.access import Access
from planner.study.question import Question, Result, build_question, frontier, solve

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """What was asked, what was chosen (facility numbers), and the `frontier` as its file has it.

    `requirement` is what the sites that must open cost in people, None where there are none or nobody has asked.
    """

    question: Question
    result: Result
    frontier: pd.DataFrame
    requirement: siting.Price | None = None

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


def choose_sites(inputs: Inputs, access: Access, *, threads: int | None = None) -> Plan:
    """Choose sites for the project's main group.

    Raises
    ------
    InfeasibleError, ProjectError
        The project's conditions contradict each other, name what is not there, or a budget meets sites without a cost.
    """
    question = build_question(inputs, access)
    result = solve(question, threads=threads)
    if question.settings.budget_yuan is None:
        found = frontier(question, max(len(result.selected), len(question.required)), threads=threads)
    else:
        found = _frontier_by_money(question, result, threads)
    return Plan(
        question, result, frontier_table(question, result, found), _price_of_required(question, result, threads)
    )


def explain_plan(inputs: Inputs, access: Access, plan: Plan) -> siting.Explanation:
    """Return what each chosen site does for the main group, and how many of every group it newly brings within reach."""
    question, groups = plan.question, inputs.project.groups
    by_group = {group: (access.of(group), inputs.demand.weights[group]) for group in groups}
    limit = question.limit if question.settings.budget_yuan is not None else {}
    return siting.explain(question.cover, question.weights, plan.result, groups=by_group, **limit, **question.binding)


def allocation_of(plan: Plan) -> sparse.csr_array | None:
    """Return how many people of the main group each site serves at each demand point, where capacities count; else None."""
    return plan.result.allocation if isinstance(plan.result, siting.MaxCoverage) else None


def frontier_table(question: Question, result: Result, found: siting.Frontier) -> pd.DataFrame:
    """Return the frontier as its file has it, from today on; `cost_yuan` is empty where the cost of a site is not known.

    By money there is one more column, `budget_yuan`: the amount that no choice in this row's bound may exceed.
    """
    people = float(question.weights.sum())
    if isinstance(result, siting.MaxCoverage):
        before = result.value_before
    else:
        before = float(question.weights[times_covered(question.cover, question.existing) > 0].sum())
    rows: list[tuple[Any, ...]] = [(0, 0.0, before, before)]
    amounts = np.full(len(found.sites), np.nan) if found.budget is None else found.budget
    points = zip(found.sites, found.selected, found.value, found.upper_bound, strict=True)
    rows += [(int(n), float(question.costs[chosen].sum()), float(v), float(b)) for n, chosen, v, b in points if n > 0]
    frame = pd.DataFrame(rows, columns=["sites", "cost_yuan", "covered", "upper_bound"])
    frame.insert(3, "share", frame["covered"] / people if people > 0 else np.nan)
    frame["gap"] = ((frame["upper_bound"] - frame["covered"]) / frame["upper_bound"]).where(
        frame["upper_bound"] > 0, 0.0
    )
    if found.budget is not None:
        frame["budget_yuan"] = [0.0, *amounts[found.sites > 0]]
    return frame


def _frontier_by_money(question: Question, result: Result, threads: int | None) -> siting.Frontier:
    """Return the frontier up to the project's budget; its last point is the result, whatever else was reached."""
    budget = question.settings.budget_yuan
    found = frontier(question, budget=budget, threads=threads, **question.effort)
    assert isinstance(result, siting.MaxCoverage) and found.budget is not None and budget is not None
    below = found.budget < budget
    return siting.Frontier(
        sites=np.append(found.sites[below], len(result.selected)),
        value=np.append(found.value[below], result.value),
        upper_bound=np.append(found.upper_bound[below], result.upper_bound),
        selected=(
            *(chosen for chosen, is_below in zip(found.selected, below, strict=True) if is_below),
            result.selected,
        ),
        budget=np.append(found.budget[below], budget),
    )


def _price_of_required(question: Question, result: Result, threads: int | None) -> siting.Price | None:
    """Return what the sites that must open cost in people, by a quick search for the best choice without them."""
    if not isinstance(result, siting.MaxCoverage) or len(result.forced) == 0:
        return None
    found = siting.price_of_conditions(
        question.cover, question.weights, **question.limit, **question.binding, **question.effort,
        only=("required",), best=result, method="greedy", threads=threads,
    )  # fmt: skip
    return found[1][0]
