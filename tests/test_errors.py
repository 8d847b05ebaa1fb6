"""The error tree: what each error is besides, what it says, and that it survives the way between processes."""

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from planner import (
    CRSError,
    GeometryError,
    InfeasibleError,
    InputError,
    NetworkError,
    PlannerError,
    ProjectError,
    errors,
)

TREE = {
    InputError: ValueError,
    GeometryError: ValueError,
    CRSError: ValueError,
    NetworkError: RuntimeError,
    ProjectError: ValueError,
    InfeasibleError: ValueError,
}


@pytest.mark.parametrize(("kind", "resembles"), TREE.items())
def test_every_error_is_a_planner_error_and_the_built_in_it_resembles(kind: type, resembles: type) -> None:
    assert issubclass(kind, PlannerError)
    assert issubclass(kind, resembles)
    assert kind.__doc__


def test_the_tree_is_whole() -> None:
    found = {thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, PlannerError)}
    assert found == {PlannerError, *TREE}


@pytest.mark.parametrize("kind", [PlannerError, *TREE])
def test_errors_survive_pickling_and_copying(kind: type[PlannerError]) -> None:
    error = kind("streets.missing", file=Path("路网") / "城区.osm.pbf")
    for back in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(back) is kind
        assert (back.code, back.params) == (error.code, error.params)
        for language in ("en", "zh"):
            assert back.message(language) == error.message(language)


def _fails(name: str) -> None:
    raise NetworkError("streets.missing", file=name)


def test_an_error_comes_back_from_a_worker_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        raised = pool.submit(_fails, "a.osm.pbf").exception()
    assert isinstance(raised, NetworkError)
    assert "a.osm.pbf" in str(raised)


def test_what_an_error_says() -> None:
    error = NetworkError("streets.missing", file="a.osm.pbf")
    assert str(error) == error.message() == error.message("en")
    assert str(error).startswith("a.osm.pbf: there is no such streets file.")
    assert "找不到" in error.message("zh")
    with pytest.raises(RuntimeError, match=r"a\.osm\.pbf"):
        raise error
