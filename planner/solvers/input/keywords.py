"""The keywords that the siting models share: typed sets (PEP 692), told in every signature and docstring, others refused."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

from numpy.typing import ArrayLike

from planner.solvers.array_types import Progress
from planner.solvers.input.conditions import Conditions
from planner.solvers.input.problem import check_problem


class Roles(TypedDict, total=False):
    """What is settled about sites, and side conditions."""

    required: ArrayLike
    forbidden: ArrayLike
    existing: ArrayLike
    conditions: Conditions


class Costed(Roles, total=False):
    """The same, with what each site costs."""

    costs: ArrayLike | None


class Binding(Costed, total=False):
    """The same, with the most that may be spent: what binds a choice besides a number of sites."""

    budget: float | None


class Limited(Binding, total=False):
    """The same, with the number of sites: all that binds a choice."""

    sites: int | None


class Search(TypedDict, total=False):
    """How hard to look, whom to tell, when to stop."""

    gap: float
    time_limit_s: float
    seed: int
    threads: int | None
    progress: Progress | None
    cancelled: Callable[[], bool] | None


class TimeKeywords(Roles, Search):
    """Keywords of the models of travel time."""


class StreamKeywords(Search, total=False):
    """Keywords of the model whose matrix is not stored."""

    forbidden: ArrayLike
    existing: ArrayLike


class CostKeywords(Costed, Search):
    """Keywords of the models whose limit is said otherwise."""


class CoverKeywords(Binding, Search):
    """Keywords of the covering models."""


_TOLD = {
    "budget": "how much may be spent on new sites; in place of `sites`.",
    "costs": "shape (n_sites,), what each site costs, not negative; amounts are read to 12 digits and summed exactly.",
    "sites": "how many sites may be opened.",
    "required": "numbers of the sites that must open; they count towards the number or the budget.",
    "forbidden": "numbers of the sites that stay shut.",
    "existing": "numbers of the sites that are open already; they cost nothing and are not in `selected`.",
    "conditions": "whatever else binds (`Conditions`).",
    "gap": "the gap at which the search may end; 0 asks for proof.",
    "time_limit_s": "seconds after which the search ends with what it has, its true bound beside it.",
    "seed": "of whatever is drawn: the same seed, the same answer.",
    "threads": "how many threads to use, all cores if left out; they never change the answer.",
    "progress": "told value and bound whenever they change.",
    "cancelled": "asked now and then; the search ends when it returns True.",
}

F = TypeVar("F", bound=Callable[..., Any])


def takes(kinds: type, **defaults: Any) -> Callable[[F], F]:
    """Let a function's ``**keywords`` be those of a typed set: named in its signature, told in its docstring, others refused.

    Their defaults are those of `check_problem`, but for those given here.
    """

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        kept = [part for part in own.parameters.values() if part.kind is not part.VAR_KEYWORD]
        shared = [name for name in _TOLD if name in kinds.__annotations__ and name not in own.parameters]
        usual = {name: part.default for name, part in inspect.signature(check_problem).parameters.items()} | defaults
        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=usual[name], annotation=kinds.__annotations__[name]
            )
            for name in shared
        ]
        signature = own.replace(parameters=[*kept, *added])

        @functools.wraps(function)
        def call(*given: Any, **keywords: Any) -> Any:
            unknown = [name for name in keywords if name not in signature.parameters]
            if unknown:
                raise TypeError(f"{function.__name__}() got an unexpected keyword argument {unknown[0]!r}")
            return function(*given, **(defaults | keywords))

        told = [f"    {name} : {_TOLD[name]}" for name in shared]
        call.__doc__ = "\n".join(
            [inspect.getdoc(function) or "", "", "Keywords", "--------", *(t[4:] for t in told), ""]
        )
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate
