"""Why no choice can be made: a smallest set of conditions that clash, found by leaving them out one at a time."""

from collections.abc import Sequence
from dataclasses import replace

from planner.errors import InfeasibleError
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.choice_problem import ChoiceProblem
from planner.solvers.milp import Ended
from planner.solvers.stopping import StoppingRule
from planner.texts import Sentence

_SECONDS = 60.0  # for one question; a set that is not settled in this time counts as one that can be met


def clashing(problem: ChoiceProblem) -> list[str]:
    """Return families of conditions that cannot be met together, though any of them left out makes the rest possible.

    Empty where a choice exists (or none could be excluded in time).
    """
    families = [*problem.constraints.families, *(["share"] if problem.least is not None else [])]
    if _ended(problem, ()) != "infeasible":
        return []
    left_out: list[str] = []
    for family in families:
        if _ended(problem, (*left_out, family)) == "infeasible":
            left_out.append(family)
    return [family for family in families if family not in left_out]


def refuse_clash(problem: ChoiceProblem) -> None:
    """Raise what clashes, or that nothing was found in the time given.

    Raises
    ------
    InfeasibleError
        Always; its parameter `families` names the conditions that clash.
    """
    found = clashing(problem)
    if not found:
        raise InfeasibleError("siting.none_found", families=[])
    raise InfeasibleError("siting.clash", conditions=said(found), families=found)


def said(families: Sequence[str]) -> list[Sentence]:
    """Return the names of families of conditions as a reader knows them."""
    return [Sentence(_NAMES[family], {}) for family in families]


_NAMES = {
    "required": "siting.condition_required",
    "forbidden": "siting.condition_forbidden",
    "sites": "siting.condition_sites",
    "budget": "siting.condition_budget",
    "closures": "siting.condition_closures",
    "exclusive": "siting.condition_exclusive",
    "conflicts": "siting.condition_conflicts",
    "spacing": "siting.condition_spacing",
    "at_least": "siting.condition_at_least",
    "at_most": "siting.condition_at_most",
    "floor": "siting.condition_floor",
    "capacity": "siting.condition_capacity",
    "share": "siting.condition_share",
    "differ": "siting.condition_differ",
    "keep": "siting.condition_keep",
}


def _ended(problem: ChoiceProblem, left_out: Sequence[str]) -> Ended:
    least = None if "share" in left_out else problem.least
    asked = replace(problem, goal="any", constraints=problem.constraints.without(*left_out), least=least)
    return solve_choice(asked, StoppingRule(time_limit_s=_SECONDS)).ended
