"""What an editor shows of the public functions: one sentence, the shapes of arrays, the errors to expect."""

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from planner import StreetNetwork, coverage, isochrones, reach, siting
from planner.places import Places

NEVER_REFUSES = {  # they are given what others have checked, or nothing at all
    "coverage.covered_within",
    "coverage.times_covered",
    "coverage.total",
    "StreetNetwork.snapped_lattice",
    "StreetNetwork.to_graph",
    "StreetNetwork.with_profile",
    "StreetNetwork.workspace",
    "reach.dissolve",
}


def public(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and function of whatever is public in a module or class, and written there."""
    exported = getattr(thing, "__all__", None)
    for name, member in vars(thing).items():
        function = inspect.unwrap(getattr(member, "__func__", member))
        if not inspect.isfunction(function) or name.startswith("_"):
            continue
        if isinstance(thing, ModuleType) and not (
            name in exported if exported else function.__module__ == thing.__name__
        ):
            continue
        yield f"{thing.__name__.removeprefix('planner.')}.{name}", function


FUNCTIONS = dict(
    found for thing in (coverage, isochrones, reach, siting, StreetNetwork, Places) for found in public(thing)
)
ARRAYS = re.compile(r"ArrayLike|NDArray|ndarray|csr_array|csc_array|\bMatrix\b")


def said(function: Any) -> str:
    return inspect.getdoc(function) or ""


def in_one_line(function: Any) -> str:
    return " ".join(said(function).split())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_begins_with_one_sentence(name: str) -> None:
    first = said(FUNCTIONS[name]).partition("\n")[0]
    assert first.endswith((".", ":", ")")), first
    assert not re.match(r"(Returns|Gets|Computes|Gives|This)\b", first)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - NEVER_REFUSES))
def test_a_docstring_names_the_errors(name: str) -> None:
    told = "Raises ------" in in_one_line(FUNCTIONS[name])
    if name.startswith(("siting.", "StreetNetwork.")):  # or the function that names them
        told = told or bool(re.search(r"[Ee]rrors (as `|too\b)|so are the errors", in_one_line(FUNCTIONS[name])))
    assert told


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_gives_the_shapes_of_arrays(name: str) -> None:
    types = {key: str(kind) for key, kind in FUNCTIONS[name].__annotations__.items()}
    if any(ARRAYS.search(kind) for kind in types.values()):
        assert re.search(r"\(n_?\w*(, ?\w+)?,?\)|shape|as (in )?`", in_one_line(FUNCTIONS[name])), types
