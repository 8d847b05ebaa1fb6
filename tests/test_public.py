"""The public surface that other programs rely on: names, signatures, and what an import costs."""

import inspect
import subprocess
import sys

import planner
from planner import StreetNetwork, coverage, isochrones

NAMES = {
    "CRSError",
    "GeometryError",
    "InfeasibleError",
    "InputError",
    "NetworkError",
    "Places",
    "PlannerError",
    "ProjectError",
    "StreetNetwork",
    "Walk",
    "__version__",
    "coverage",
    "isochrones",
    "nearest_k",
    "reach",
    "siting",
}


def test_exactly_these_names_are_public() -> None:
    assert set(planner.__all__) == NAMES
    assert planner.__all__ == sorted(planner.__all__)
    for name in NAMES:
        assert getattr(planner, name) is not None


def test_errors_and_the_network_have_one_address() -> None:
    for name in planner.__all__:
        thing = getattr(planner, name)
        if inspect.isclass(thing):
            assert thing.__doc__, name


def _parameters(function) -> dict[str, object]:
    return {name: p.default for name, p in inspect.signature(function).parameters.items()}


def test_signatures_of_the_contract() -> None:
    nothing = inspect.Parameter.empty
    read = _parameters(StreetNetwork.from_osm)
    assert list(read)[:3] == ["path", "boundary", "buffer_m"]
    assert (read["boundary"], read["buffer_m"]) == (None, 0)
    drawn = _parameters(isochrones.polygons)
    assert list(drawn)[:2] == ["network", "points"]
    assert (drawn["minutes"], drawn["speed_m_s"]) == ((5, 10, 15), 1.0)
    times = _parameters(coverage.travel_times)
    assert list(times)[:3] == ["network", "demand", "sites"]
    assert (times["limit_s"], times["speed_m_s"]) == (nothing, 1.0)
    covered = _parameters(coverage.matrix)
    assert list(covered)[:3] == ["network", "demand", "sites"]
    assert (covered["threshold_s"], covered["speed_m_s"]) == (nothing, 1.0)


def test_settings_are_given_by_name() -> None:
    for function in (coverage.travel_times, coverage.matrix, coverage.nearest, isochrones.polygons):
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
        by_place = [kind for kind in kinds if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        assert len(by_place) == (2 if function is isochrones.polygons else 3)


def test_importing_it_brings_in_neither_map_nor_office_software() -> None:
    heavy = ("streamlit", "folium", "osmnx", "openpyxl", "docx", "matplotlib")
    script = f"import sys, planner; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []


def test_the_example_of_the_docstring_runs() -> None:
    assert "from planner import StreetNetwork, isochrones, coverage" in planner.__doc__
    assert planner.__version__[0].isdigit()
