"""What other programs rely on: names, parameters, types and file formats, as the design states them, on one street.

::

    metres    0     1000     2000     3000
    people   10       20       30       40
    site            0 (500)    1 (2500)
"""

import inspect
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
import pytest
import typer
from scipy import sparse
from shapely import LineString, Point
from small_project import write_project
from typer.testing import CliRunner

import planner
from planner import StreetNetwork, coverage, isochrones, siting
from planner.cli import app
from planner.project import load

CRS = "EPSG:32650"
EAST, NORTH = 600_000.0, 2_765_000.0
PEOPLE = np.array([10.0, 20.0, 30.0, 40.0])
REQUIRED = inspect.Parameter.empty


def at(*metres: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[Point(EAST + x, NORTH) for x in metres], crs=CRS)


@pytest.fixture(scope="module")
def net() -> StreetNetwork:
    street = LineString([(EAST, NORTH), (EAST + 3000, NORTH)])
    return StreetNetwork.from_lines(gpd.GeoDataFrame(geometry=[street], crs=CRS))


@pytest.fixture
def cov(net: StreetNetwork) -> sparse.csr_array:
    return coverage.matrix(net, at(0, 1000, 2000, 3000), at(500, 2500), threshold_s=900)


@pytest.fixture
def times(net: StreetNetwork) -> sparse.csr_array:
    return coverage.travel_times(net, at(0, 1000, 2000, 3000), at(500, 2500), limit_s=3600)


def parameters(function: Any) -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(function).parameters.items()}


# The network


def test_a_network_is_made_of_what_one_has() -> None:
    read = parameters(StreetNetwork.from_osm)
    assert list(read)[:3] == ["path", "boundary", "buffer_m"]
    assert (read["boundary"], read["buffer_m"]) == (None, 0)
    for name in ("from_graph", "from_lines", "from_place"):
        assert callable(getattr(StreetNetwork, name))


def test_what_a_network_says_of_itself(net: StreetNetwork) -> None:
    assert net.crs.is_projected
    assert (net.n_nodes, net.n_edges) == (2, 1)


def test_a_network_as_a_graph_of_networkx(net: StreetNetwork) -> None:
    graph = net.to_graph()
    assert isinstance(graph, nx.MultiGraph)
    assert not graph.is_directed()
    assert all({"x", "y"} <= set(data) for _, data in graph.nodes(data=True))
    ((_, _, edge),) = graph.edges(data=True)
    assert {"length_m", "geometry", "from_node", "factor_forward", "factor_backward"} <= set(edge)
    assert edge["length_m"] == pytest.approx(3000)


def test_a_graph_of_osmnx_becomes_a_network() -> None:
    graph = nx.MultiDiGraph(crs=CRS)
    graph.add_node(1, x=EAST, y=NORTH)
    graph.add_node(2, x=EAST + 100, y=NORTH)
    graph.add_edge(1, 2, length=100.0, osmid=1)
    graph.add_edge(2, 1, length=100.0, osmid=1)
    net = StreetNetwork.from_graph(graph)
    assert (net.n_nodes, net.n_edges) == (2, 1)


# Travel times, coverage, isochrones


def test_parameters_of_coverage_and_isochrones() -> None:
    drawn, timed, covered = map(parameters, (isochrones.polygons, coverage.travel_times, coverage.matrix))
    assert (drawn["minutes"], drawn["speed_m_s"]) == ((5, 10, 15), 1.0)
    assert (timed["limit_s"], timed["speed_m_s"]) == (REQUIRED, 1.0)
    assert (covered["threshold_s"], covered["speed_m_s"]) == (REQUIRED, 1.0)


def test_travel_times_are_stored_where_reachable_zero_seconds_included(net: StreetNetwork) -> None:
    times = coverage.travel_times(net, at(0, 500, 1400, 1401), at(500), limit_s=900, speed_m_s=1.0)
    assert isinstance(times, sparse.csr_array)
    assert (times.shape, times.dtype) == ((4, 1), np.float64)
    assert (times.data.tolist(), times.nnz) == ([500, 0, 900], 3)  # the limit is inclusive


def test_the_coverage_matrix_is_boolean(cov: sparse.csr_array) -> None:
    assert isinstance(cov, sparse.csr_array)
    assert cov.dtype == np.bool_
    assert cov.toarray().tolist() == [[True, False], [True, False], [False, True], [False, True]]


def test_points_come_in_any_crs(net: StreetNetwork) -> None:
    times = coverage.travel_times(net, at(0).to_crs(4326), at(500).to_crs(4490), limit_s=900)
    assert times.toarray() == pytest.approx(np.array([[500]]), abs=0.01)


def test_isochrones_are_a_table_in_degrees(net: StreetNetwork) -> None:
    drawn = isochrones.polygons(net, at(500, 1500), minutes=(5, 10), speed_m_s=1.0)
    assert isinstance(drawn, gpd.GeoDataFrame)
    assert set(drawn.columns) == {"point_index", "minutes", "geometry", "reason"}
    assert drawn.crs == "EPSG:4326"
    assert drawn["point_index"].tolist() == [0, 0, 1, 1]
    assert drawn["minutes"].tolist() == [5, 10, 5, 10]
    assert drawn.geometry.is_valid.all()


def test_a_point_that_cannot_be_snapped_has_an_empty_isochrone_with_a_reason(net: StreetNetwork) -> None:
    far = gpd.GeoSeries([Point(EAST, NORTH + 5000)], crs=CRS)
    (row,) = isochrones.polygons(net, far, minutes=[5]).itertuples()
    assert row.geometry.is_empty
    assert row.reason == "no_street"


# Siting


def test_parameters_of_the_models() -> None:
    most = parameters(siting.max_coverage)
    assert {"sites", "budget", "costs", "required", "forbidden", "existing", "method"} <= set(most)
    assert (most["method"], most["gap"], most["time_limit_s"]) == ("auto", 0.0, 60)
    assert {"unserved_s"} <= set(parameters(siting.p_median))
    assert (parameters(siting.min_sites)["share"], parameters(siting.min_sites)["of"]) == (1.0, "all")


@pytest.mark.parametrize("method", ["auto", "greedy", "exact"])
def test_max_coverage(cov: sparse.csr_array, method: str) -> None:
    before = cov.copy()
    res = siting.max_coverage(cov, PEOPLE, sites=1, method=method)
    assert np.issubdtype(res.selected.dtype, np.integer)
    assert (res.selected.tolist(), res.value) == ([1], 70)
    assert res.upper_bound >= 70
    assert res.covered.dtype == np.bool_
    assert res.covered.tolist() == [False, False, True, True]
    assert 0 <= res.gap <= 1
    assert res.status in ("optimal", "feasible")
    assert res.stopped_by in ("proven", "gap", "work", "time", "cancelled", None)
    assert (cov != before).nnz == 0


def test_max_coverage_is_proven_by_default(cov: sparse.csr_array) -> None:
    res = siting.max_coverage(cov, PEOPLE, sites=1)
    assert (res.upper_bound, res.gap, res.status) == (70, 0, "optimal")


def test_money_instead_of_a_number(cov: sparse.csr_array) -> None:
    assert siting.max_coverage(cov, PEOPLE, budget=2, costs=[1, 3]).selected.tolist() == [0]


@pytest.mark.parametrize(
    ("given", "selected", "value"),
    [
        ({"sites": 1, "required": [0]}, [0], 30),  # required sites count, and are selected
        ({"sites": 1, "forbidden": [1]}, [0], 30),
        ({"sites": 1, "existing": [1]}, [0], 100),  # existing ones are open, cost nothing, are not selected
        ({"sites": 2, "existing": [0, 1]}, [], 100),  # nothing adds anything
    ],
)
def test_who_must_may_and_is(cov: sparse.csr_array, given: dict[str, Any], selected: list[int], value: float) -> None:
    res = siting.max_coverage(cov, PEOPLE, **given)
    assert (res.selected.tolist(), res.value) == (selected, value)


def test_the_order_is_that_of_opening(cov: sparse.csr_array) -> None:
    assert siting.max_coverage(cov, PEOPLE, sites=2).selected.tolist() == [1, 0]


def test_the_fewest_sites(cov: sparse.csr_array) -> None:
    res = siting.min_sites(cov, PEOPLE, share=0.6)
    assert (res.selected.tolist(), res.value, res.lower_bound, res.status) == ([1], 1, 1, "optimal")


def test_p_median(times: sparse.csr_array) -> None:
    res = siting.p_median(times, PEOPLE, sites=1, unserved_s=3600)
    assert (res.selected.tolist(), res.value) == ([1], 10 * 2500 + 20 * 1500 + 30 * 500 + 40 * 500)
    assert res.mean_s == res.value / 100
    assert res.lower_bound == res.value


def test_p_center(times: sparse.csr_array) -> None:
    res = siting.p_center(times, sites=2)
    assert (sorted(res.selected.tolist()), res.value, res.lower_bound) == ([0, 1], 500, 500)


def test_travel_times_passed_by_mistake_are_refused(times: sparse.csr_array) -> None:
    with pytest.raises(planner.InputError):
        siting.max_coverage(times, PEOPLE, sites=1)


def test_required_and_forbidden_together_are_refused(cov: sparse.csr_array) -> None:
    with pytest.raises(planner.InputError):
        siting.max_coverage(cov, PEOPLE, sites=1, required=[0], forbidden=[0])


def test_the_impossible_says_what_is_possible(cov: sparse.csr_array) -> None:
    with pytest.raises(planner.InfeasibleError):
        siting.min_sites(cov[:, [0]], PEOPLE, share=1.0)


# Errors

ERRORS = {
    "InputError": ValueError,
    "GeometryError": ValueError,
    "CRSError": ValueError,
    "NetworkError": RuntimeError,
    "ProjectError": ValueError,
    "InfeasibleError": ValueError,
}


@pytest.mark.parametrize(("name", "built_in"), ERRORS.items(), ids=ERRORS)
def test_each_error_is_also_the_built_in_it_resembles(name: str, built_in: type[Exception]) -> None:
    assert issubclass(getattr(planner, name), (planner.PlannerError))
    assert issubclass(getattr(planner, name), built_in)


# Commands and the project file

OPTIONS = {
    "demo": set(),
    "new": {"--place", "--streets", "--boundary"},
    "check": set(),
    "run": {"--out"},
    "isochrones": {"--minutes", "--out", "--all"},
    "batch": {"--out", "--workers"},
}


@pytest.mark.parametrize("command", OPTIONS)
def test_commands_have_their_options(command: str) -> None:
    known = {flag for param in typer.main.get_command(app).commands[command].params for flag in param.opts}
    assert OPTIONS[command] | {"--json", "--quiet"} <= known


def test_the_workbench_is_a_command() -> None:
    assert "app" in typer.main.get_command(app).commands


PROJECT = """[project]
name = "..."
language = "zh"

[area]
boundary = "boundary.geojson"
zones = "townships.geojson"
zone_name = "name"

[streets]
source = "streets.osm.pbf"

[walking]
minutes = 15
speed = "standard"
max_snap_m = 300
straight_line = false

[[population]]
source = "population.tif"
group = "total"

[centres]
source = "centres.csv"
datum = "WGS-84"

[candidates]
source = "candidates.csv"

[siting]
objective = "max_coverage"
sites = 10
weight = "total"
gap = 0.0
time_limit_s = 60
"""


def test_the_project_file_of_the_design_is_one(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text(PROJECT, encoding="utf-8")
    project = load(tmp_path)
    assert (project.name, project.language, project.main_group) == ("...", "zh", "total")


# What a run writes


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract")
    write_project(folder)
    ended = CliRunner().invoke(app, ["run", str(folder), "--quiet"])
    assert ended.exit_code == 0, ended.output
    return folder / "out"


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def test_the_files_of_a_run(out: Path) -> None:
    layers = {"sites", "centres", "candidates", "isochrones", "demand", "zones"}
    files = {"summary.json", "plan.gpkg", "frontier.csv", "plan.xlsx", "data_report.json", "manifest.json"}
    assert files | {f"{layer}.geojson" for layer in layers} <= {path.name for path in out.iterdir()}
    assert layers | {"allocation"} <= {str(name) for name, _ in pyogrio.list_layers(out / "plan.gpkg")}


EVERYWHERE = {"id", "source_file", "source_row", "zone", "zone_code"}
FACILITY = {
    "name", "status", "stage", "kind", "snap_m", "people_total", "people_age_60_plus", "only_here_total",
    "only_here_age_60_plus", "excluded_reason",
}  # fmt: skip
SITE = {
    "rank", "gain_total", "gain_age_60_plus", "cumulative_total", "cumulative_age_60_plus", "cost_yuan",
    "loss_if_dropped", "replacement_id", "replacement_loss",
}  # fmt: skip
DEMAND = {
    "weight_total", "weight_age_60_plus", "time_before_s", "time_after_s", "nearest_before", "nearest_after",
    "covered_before", "covered_after", "snap_m", "reason",
}  # fmt: skip
PROPERTIES = {
    "centres": FACILITY,
    "candidates": FACILITY,
    "sites": FACILITY | SITE,
    "demand": DEMAND,
    "isochrones": {"facility_id", "minutes", "people_network", "people_polygon"},
    "zones": set(),
}


@pytest.mark.parametrize("layer", PROPERTIES)
def test_the_properties_of_a_layer(layer: str, out: Path) -> None:
    content = read(out / f"{layer}.geojson")
    assert (content["type"], "crs" in content) == ("FeatureCollection", False)
    for feature in content["features"]:
        assert EVERYWHERE | PROPERTIES[layer] <= set(feature["properties"])
        assert feature["id"] == feature["properties"]["id"]
        assert all(name.isascii() and name == name.lower() for name in feature["properties"])


def test_who_goes_where(out: Path) -> None:
    table = pyogrio.read_dataframe(out / "plan.gpkg", layer="allocation", read_geometry=False)
    assert {"demand", "site", "seconds", "weight"} <= set(table.columns)


def test_the_frontier(out: Path) -> None:
    assert list(pd.read_csv(out / "frontier.csv")) == ["sites", "cost_yuan", "covered", "share", "upper_bound", "gap"]


def test_the_summary(out: Path) -> None:
    summary = read(out / "summary.json")
    assert {
        "schema_version", "objective", "group", "unit", "population", "covered_before", "covered_after", "share_before",
        "share_after", "upper_bound", "lower_bound", "gap", "gain_gap", "status", "stopped_by", "sites", "unreachable",
        "rates", "walking",
    } <= set(summary)  # fmt: skip
    assert summary["schema_version"] == 1
    assert summary["population"] == {"total": 1575, "age_60_plus": 151}
    assert summary["covered_before"] == {"total": 100, "age_60_plus": 10}
    assert summary["covered_after"] == {"total": 1000, "age_60_plus": 100}
    assert summary["share_after"] == 1000 / 1575
    assert (summary["upper_bound"], summary["lower_bound"], summary["status"]) == (1000, None, "optimal")
    (site,) = summary["sites"]
    assert {"id", "name", "rank", "gain", "cumulative", "cost_yuan", "longitude", "latitude"} <= set(site)
    assert {"demand_points": 2, "population": 75}.items() <= summary["unreachable"].items()
    assert set(summary["unreachable"]["by_reason"]) == {"no_street", "no_facility_connected"}
    assert set(summary["rates"]["before"]) == set(summary["rates"]["after"]) == {"A", "B", "C", "V"}
    assert {"minutes": 15, "speed_m_s": 1.0, "metres": 900}.items() <= summary["walking"].items()
