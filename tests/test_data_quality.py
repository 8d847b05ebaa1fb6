"""What `planner check` says of a project as a whole: snapping, parts of the streets, and who is out of reach and why."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from small_project import degrees, write_project, write_table
from test_cli import planner

from planner import deliver
from planner.inputs.read import read_inputs
from planner.project import load
from planner.results.data_quality import assess_data_quality
from planner.run import run_project
from planner.study.clusters import group_points, spacing_m, split_wide
from planner.texts import LANGUAGES


def inputs_of(file):
    return read_inputs(load(file), progress=lambda step: None)


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    return inputs_of(write_project(tmp_path_factory.mktemp("street")))


@pytest.fixture(scope="module")
def doubts(street):
    return assess_data_quality(street)


def test_people_out_of_reach_are_told_by_cause(doubts):
    # the hamlet (50) has no street; the island's (25) street leads nowhere; everybody else has a site within 900 m
    assert doubts.unreached == {
        "no_street": {"people": 50.0, "demand_points": 1},
        "apart": {"people": 25.0, "demand_points": 1},
    }
    first, second = doubts.clusters
    assert (first.cause, first.people, first.zone) == ("no_street", 50, "西镇")
    assert (first.longitude, first.latitude) == pytest.approx(degrees(2000, 1000), abs=1e-6)
    assert first.street_m == pytest.approx(1000, abs=0.1)
    assert (second.cause, second.people) == ("apart", 25)
    assert second.part_km == pytest.approx(0.2, abs=1e-4)


def test_without_candidates_the_far_ones_are_beyond_the_limit(tmp_path):
    file = write_project(tmp_path)
    text = file.read_text(encoding="utf-8").replace('[candidates]\nsource = "candidates.csv"\n', "")
    file.write_text(text.replace("sites = 1", "sites = 0"), encoding="utf-8")
    found = assess_data_quality(inputs_of(file))
    assert found.unreached["beyond"] == {"people": 1400.0, "demand_points": 4}
    far = [cluster for cluster in found.clusters if cluster.cause == "beyond"]
    assert [(cluster.people, cluster.zone) for cluster in far] == [(1400, "东镇")], (
        "a kilometre apart, they are one group"
    )
    assert far[0].seconds == pytest.approx(2500, abs=0.1), "the median of 1,000 to 4,000 m"


def test_where_the_file_ends_people_are_near_its_edge(tmp_path):
    file = write_project(tmp_path)
    osm = (tmp_path / "streets.osm").read_text(encoding="utf-8")
    west, south = degrees(-6000, -6000)
    east, north = degrees(4300, 10000)
    bounds = f'<bounds minlat="{south}" minlon="{west}" maxlat="{north}" maxlon="{east}"/>'
    lines = [bounds if line.startswith("<bounds") else line for line in osm.splitlines()]
    (tmp_path / "streets.osm").write_text("\n".join(lines), encoding="utf-8")
    write_table(tmp_path / "candidates.csv", {"名称": ["A"], "at": [1500]})
    causes = assess_data_quality(inputs_of(file)).unreached
    assert causes["near_edge"] == {"people": 500.0, "demand_points": 1}
    assert causes["beyond"] == {"people": 400.0, "demand_points": 1}


def test_distances_to_the_street(doubts):
    demand = doubts.snapping["demand"]
    assert (demand["points"], demand["beyond"], demand["people_beyond"]) == (7, 1, 50.0)
    assert demand["share_of_people_beyond"] == 50 / 1575
    assert demand["largest_m"] < 1
    assert doubts.snapping["facilities"]["points"] == 5


def test_parts_of_the_streets(doubts):
    network = doubts.network
    assert (network["components"], network["components_with_people"], network["people_off_largest"]) == (2, 2, 25.0)
    assert network["largest_share"] == pytest.approx(4000 / 4200, abs=1e-5)
    (island,) = network["next_largest"]
    assert (island["people"], island["has_facility"]) == (25.0, False)
    assert island["length_km"] == pytest.approx(0.2, abs=1e-3)


def test_the_report_of_a_run_holds_them_in_either_language(street, doubts, tmp_path):
    for language in LANGUAGES:
        told = doubts.to_dict(language)["unreached"]
        assert told["people"] == 75
        assert [cluster["id"] for cluster in told["clusters"]] == ["u01", "u02"]
        assert all(cluster["message"] and cluster["remedy"] for cluster in told["clusters"])
    run = run_project(load(write_project(tmp_path)))
    report = json.loads((deliver.write(run, tmp_path / "out") / "data_report.json").read_text(encoding="utf-8"))
    assert report["unreached"]["clusters"] == doubts.to_dict("en")["unreached"]["clusters"]


def test_check_writes_report_and_layer(tmp_path):
    file = write_project(tmp_path)
    table = tmp_path / "candidates.csv"
    far = table.read_text(encoding="gb18030").splitlines()
    lon, lat = degrees(90_000)
    names = far[0].split(",")
    row = dict.fromkeys(names, "") | {"编号": "F", "名称": "远处", "经度": str(lon), "纬度": str(lat)}
    table.write_text("\n".join([*far, ",".join(row[name] for name in names)]) + "\n", encoding="gb18030")
    done = planner("check", file, "--out", tmp_path / "report", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "report" / "data_report.json").read_text(encoding="utf-8"))
    layer = gpd.read_file(tmp_path / "report" / "data_report.geojson")
    assert layer["kind"].tolist() == ["cluster", "cluster", "row"]
    assert layer["people"].tolist()[:2] == [50, 25]
    shapes = layer.geometry.to_numpy()
    assert shapes[0].contains(shapely.Point(degrees(2000, 1000)))
    assert layer["code"].iat[2] == "study.too_far"
    assert (shapes[2].x, shapes[2].y) == pytest.approx((lon, lat), abs=1e-6)
    assert layer["source_row"].iat[2] == 6
    said = planner("check", file).stdout
    assert "50 people at 1 points in 西镇" in said


def test_one_answer_twice(street, doubts):
    assert assess_data_quality(street) == doubts


# ----------------------------------------------------------------------------------------------------------------- clusters


def test_neighbouring_cells_hang_together():
    x = np.array([0.0, 90, 250, 1000, 1090, 0])
    y = np.array([0.0, 90, 0, 0, 90, 350])
    assert [group.tolist() for group in group_points(x, y, 100.0)] == [[0, 1], [2], [3, 4], [5]]
    assert [group.tolist() for group in group_points(x, y, 250.0)] == [[0, 1, 2, 5], [3, 4]]
    assert group_points(x[:0], y[:0], 100.0) == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-900, 900), st.floats(-900, 900)), min_size=1, max_size=40),
    st.sampled_from([60.0, 130.0]),
)
def test_clusters_by_trying_every_pair(points, cell_m):
    x, y = np.array(points).T
    cells = np.floor(np.column_stack((x, y)) / cell_m)
    label = np.arange(len(x))
    for _ in x:
        for i in range(len(x)):
            near = (np.abs(cells - cells[i]) <= 1).all(axis=1)
            label[near] = label[near].min()
    groups = group_points(x, y, cell_m)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(x)))
    assert {frozenset(group.tolist()) for group in groups} == {
        frozenset(np.flatnonzero(label == one).tolist()) for one in np.unique(label)
    }


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 9000), st.floats(0, 4000)), min_size=1, max_size=60))
def test_no_part_of_a_wide_group_is_wider_than_allowed(points):
    x, y = np.array(points).T
    parts = split_wide(x, y, np.arange(len(x)), 3000.0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(x)))
    assert all(np.ptp(x[part]) <= 3000.001 and np.ptp(y[part]) <= 3000.001 for part in parts)


def test_points_are_linked_as_wide_as_they_stand_apart():
    row = np.arange(50) * 400.0
    assert spacing_m(row, np.zeros(50)) == 600
    assert spacing_m(row / 100, np.zeros(50)) == 250
    assert spacing_m(row * 100, np.zeros(50)) == 1500
    assert spacing_m(row[:1], row[:1]) == 250


# ------------------------------------------------------------------------------------------------------ unfinished projects


def test_a_project_without_people_or_facilities_can_be_checked_but_not_run(tmp_path):
    file = write_project(tmp_path)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("[[population]]")], encoding="utf-8")
    done = planner("check", file, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [account["role"] for account in report["inputs"]] == ["area", "zones", "streets"]
    assert report["unreached"] == {"people": 0, "by_cause": {}, "clusters": []}
    assert report["network"]["components"] == 2
    run = planner("run", file)
    assert run.returncode == 1
    assert "[[population]]" in run.stderr
    assert "Traceback" not in run.stderr
    assert planner("check", file, "--out", tmp_path / "report").returncode == 0


def test_people_without_facilities_are_beyond_all_reach(tmp_path):
    file = write_project(tmp_path)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("[centres]")], encoding="utf-8")
    found = assess_data_quality(read_inputs(load(file, unfinished=True), progress=lambda step: None))
    assert found.unreached["beyond"]["people"] == 1500
    assert found.unreached["apart"]["people"] == 25
    assert found.to_dict("en")["unreached"]["clusters"][0]["minutes"] is None
