"""A run from inputs to results, on a street that can be counted on paper (see `small_project`)."""

import math

import numpy as np
import pandas as pd
import pytest
from small_project import OLD_ID, degrees, write_project, write_table

from planner.errors import InfeasibleError, InputError, NetworkError, PlannerError, ProjectError
from planner.findings import InputReport
from planner.project import load
from planner.run import run_project


def run(path):
    return run_project(load(path))


@pytest.fixture(scope="module")
def one_site(tmp_path_factory):
    return run(write_project(tmp_path_factory.mktemp("one"), siting="sites = 1"))


@pytest.fixture(scope="module")
def two_sites(tmp_path_factory):
    return run(write_project(tmp_path_factory.mktemp("two"), siting="sites = 2"))


def test_the_count_before_and_after(one_site):
    summary = one_site.summary
    assert summary["population"] == {"total": 1575.0, "age_60_plus": 151.0}
    assert summary["covered_before"] == {"total": 100.0, "age_60_plus": 10.0}
    assert summary["covered_after"] == {"total": 1000.0, "age_60_plus": 100.0}
    assert summary["share_before"] == 100 / 1575
    assert summary["share_after"] == 1000 / 1575
    assert [site["name"] for site in summary["sites"]] == ["旧小学 B"]
    assert summary["walking"] == {"minutes": 15.0, "speed_m_s": 1.0, "metres": 900.0, "rules": None}


def test_the_choice_is_proven(one_site):
    summary = one_site.summary
    assert summary["status"] == "optimal"
    assert summary["upper_bound"] == pytest.approx(1000.0, rel=1e-9)
    assert summary["gap"] <= 1e-9


def test_sites_come_in_opening_order_with_their_gains(two_sites):
    summary = two_sites.summary
    assert [(site["id"], site["gain"], site["cumulative"]) for site in summary["sites"]] == [
        ("B", 900.0, 900.0),
        ("A", 500.0, 1400.0),
    ]
    sites = two_sites.tables.sites
    assert sites["rank"].tolist() == [1, 2]
    assert sites["gain_age_60_plus"].tolist() == [90.0, 50.0]


def test_what_losing_a_site_costs_and_who_could_replace_it(two_sites):
    sites = two_sites.tables.sites.set_index("id")
    # without B: 400 at 3000 and 500 at 4000 are lost; D reaches the 400
    assert sites.loc["B", "loss_if_dropped"] == 900
    assert sites.loc["B", "replacement_id"] == "D"
    assert sites.loc["B", "replacement_loss"] == 500
    # without A: 200 at 1000 and 300 at 2000; D makes up the 300
    assert sites.loc["A", "loss_if_dropped"] == 500
    assert sites.loc["A", "replacement_loss"] == 200


def test_people_reached_and_people_with_no_other_centre(two_sites):
    tables = two_sites.tables
    candidates = tables.candidates.set_index("id")
    assert candidates["people_total"].to_dict() == {"A": 500, "B": 900, "D": 700, "E": 300}
    # open in the end: Old, B, A; D would add nobody, and so would the excluded E
    assert candidates["only_here_total"].to_dict() == {"A": 500, "B": 900, "D": 0, "E": 0}
    assert candidates.loc["E", "excluded_reason"] == "forbidden"
    assert tables.centres["people_total"].tolist() == [100]
    assert tables.centres["only_here_total"].tolist() == [100]


def test_the_unreachable_stay_in_the_denominator_and_are_listed_by_reason(one_site):
    unreachable = one_site.summary["unreachable"]
    assert unreachable["demand_points"] == 2
    assert unreachable["population"] == 75.0
    assert unreachable["by_reason"] == {
        "no_street": {"demand_points": 1, "population": 50.0},
        "no_facility_connected": {"demand_points": 1, "population": 25.0},
    }


def test_demand_points_know_their_nearest_centre_however_far(one_site):
    demand = one_site.tables.demand
    street = demand[demand["reason"].isna()]
    assert street["time_before_s"].tolist() == pytest.approx([0, 1000, 2000, 3000, 4000], abs=0.02)
    assert street["time_after_s"].tolist() == pytest.approx([0, 1000, 1500, 500, 500], abs=0.02)
    assert street["nearest_after"].tolist() == [OLD_ID, OLD_ID, "B", "B", "B"]
    assert street["covered_before"].tolist() == [True, False, False, False, False]
    assert street["covered_after"].tolist() == [True, False, False, True, True]
    assert demand["time_before_s"].isna().sum() == 2


def test_covered_means_within_the_limit(one_site):
    demand = one_site.tables.demand
    for when in ("before", "after"):
        assert ((demand[f"time_{when}_s"] <= 900) == demand[f"covered_{when}"]).all()


def test_zones_add_up(two_sites):
    zones, summary = two_sites.tables.zones, two_sites.summary
    assert zones["zone"].tolist() == ["西镇", "东镇"]
    assert zones["population_total"].tolist() == [100 + 200 + 300 + 75, 900]
    assert zones["covered_after_total"].sum() == summary["covered_after"]["total"]
    assert zones["centres"].tolist() == [1, 0]
    assert zones["sites"].tolist() == [1, 1]


def test_the_allocation_is_everybody_who_is_covered(two_sites):
    allocation = two_sites.tables.allocation
    assert allocation["weight"].sum() == two_sites.summary["covered_after"]["total"]
    assert (allocation["seconds"] <= 900).all()
    assert allocation.groupby("site")["weight"].sum().to_dict() == {"A": 500, "B": 900, OLD_ID: 100}


def test_the_frontier_runs_from_today_to_the_plan(two_sites):
    curve = two_sites.plan.frontier
    assert curve["sites"].tolist()[:3] == [0, 1, 2]
    assert curve["covered"].tolist()[:3] == pytest.approx([100, 1000, 1500])
    assert (curve["upper_bound"] >= curve["covered"] - 1e-6).all()
    assert list(curve.columns) == ["sites", "cost_yuan", "covered", "share", "upper_bound", "gap"]
    assert curve["cost_yuan"].tolist()[:3] == [0, 50000, 80000]


def test_a_budget_buys_the_most_people(tmp_path):
    result = run(write_project(tmp_path, siting="budget_yuan = 50000"))
    # A and D cost 50,000 together and reach 200 + 300 + 400; B alone costs as much and reaches 900 as well: both are best
    assert result.summary["covered_after"]["total"] == 1000.0
    assert sum(site["cost_yuan"] for site in result.summary["sites"]) <= 50000


def test_a_budget_needs_every_cost(tmp_path):
    path = write_project(tmp_path, siting="budget_yuan = 50000")
    text = (tmp_path / "candidates.csv").read_text(encoding="gb18030").replace(",30000,", ",,")
    (tmp_path / "candidates.csv").write_text(text, encoding="gb18030")
    with pytest.raises(ProjectError) as caught:
        run(path)
    assert "供销社 A" in str(caught.value)
    assert "candidates.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("upgrades", "before", "after", "chosen"),
    [("open", 1000.0, 1500.0, ["供销社 A"]), ("candidates", 100.0, 1000.0, ["Tired"])],
)
def test_a_centre_to_be_upgraded_is_open_or_a_candidate(tmp_path, upgrades, before, after, chosen):
    # Tired stands where B does and reaches 900; Old reaches 100, A 500
    path = write_project(tmp_path)
    table = {"名称": ["Old", "Tired"], "at": [0, 3400], "建设方式": ["", "改造提升"], "改造费用（元）": [0, 40000]}
    write_table(tmp_path / "centres.csv", table)
    path.write_text(path.read_text(encoding="utf-8") + f'\n[register]\nupgrades = "{upgrades}"\n', encoding="utf-8")
    result = run(path)
    assert result.summary["covered_before"]["total"] == before
    assert result.summary["covered_after"]["total"] == after
    assert result.tables.sites["name"].tolist() == chosen


def test_a_group_walks_at_its_own_speed(tmp_path):
    path = write_project(tmp_path)
    text = path.read_text(encoding="utf-8").replace('group = "age_60_plus"', 'group = "age_60_plus"\nspeed = 0.5')
    path.write_text(text, encoding="utf-8")
    summary = run(path).summary
    # 450 m from B there is nobody: the site reaches all ages 900, and none of the old
    assert summary["covered_after"] == {"total": 1000.0, "age_60_plus": 10.0}


def test_required_and_forbidden_sites(tmp_path):
    path = write_project(tmp_path)
    table = tmp_path / "candidates.csv"
    text = table.read_text(encoding="gb18030").replace("古大厝 D,备选", "古大厝 D,必选")
    table.write_text(text, encoding="gb18030")
    summary = run(path).summary
    assert [site["id"] for site in summary["sites"]] == ["D"]
    assert summary["upper_bound"] == pytest.approx(800.0)


def test_a_required_site_that_cannot_be_used_is_a_clash(tmp_path):
    path = write_project(tmp_path)
    columns = {"名称": ["Far"], "at": [90_000], "状态": ["必选"]}
    write_table(tmp_path / "candidates.csv", columns)
    with pytest.raises(InfeasibleError) as caught:
        run(path)
    assert "Far" in str(caught.value)


def test_facilities_outside_serve_inside_and_far_ones_are_left_out(tmp_path):
    path = write_project(tmp_path)
    write_table(tmp_path / "centres.csv", {"名称": ["Near", "Far"], "at": [4500, 50_000]})
    streets = (tmp_path / "streets.osm").read_text(encoding="utf-8")
    lon, lat = degrees(4600)
    streets = streets.replace("</osm>", f'<node id="9" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/></osm>')
    nodes, ways = streets.split("<way", 1)
    node = f'<node id="9" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>'
    streets = nodes + node + "\n<way" + ways.replace(node, "").replace('<nd ref="3"/>', '<nd ref="3"/><nd ref="9"/>')
    (tmp_path / "streets.osm").write_text(streets, encoding="utf-8")
    result = run(path)
    assert result.summary["covered_before"]["total"] == 500.0
    centres = result.tables.centres.set_index("name")
    assert centres.loc["Near", "outside"]
    assert pd.isna(centres.loc["Near", "excluded_reason"])
    assert centres.loc["Far", "excluded_reason"] == "too_far"
    report = next(report for report in result.inputs.reports if report.role == "centres")
    assert [finding.code for finding in report.findings if finding.row == 3] == ["study.too_far"]


def test_straight_lines_only_where_the_project_says_so(tmp_path):
    path = write_project(tmp_path, siting="sites = 4")
    text = path.read_text(encoding="utf-8").replace("speed = 1.0", "speed = 2.0\nstraight_line = true")
    path.write_text(text, encoding="utf-8")
    summary = run(path).summary
    # 1,000 m north of the street, straight to A or D: hypot(500, 1000) x 1.324 = 1,480 m, within 1,800 m
    assert math.hypot(500, 1000) * 1.324 < 1800
    assert summary["covered_after"]["total"] == 1550.0


def test_where_the_streets_stop_short_people_are_marked(tmp_path):
    path = write_project(tmp_path)
    streets = (tmp_path / "streets.osm").read_text(encoding="utf-8")
    (tmp_path / "streets.osm").write_text(
        "\n".join(l for l in streets.splitlines() if "<bounds" not in l), encoding="utf-8"
    )
    result = run(path)
    assert result.summary["near_edge"]["demand_points"] > 0
    streets_report = next(report for report in result.inputs.reports if report.role == "streets")
    assert "streets.short_of_area" in [finding.code for finding in streets_report.findings]
    whole = run(write_project(tmp_path / "whole"))
    assert whole.summary["near_edge"] == {"demand_points": 0, "population": 0.0}


def test_ids_that_clash_between_the_two_tables_are_told_apart(tmp_path):
    path = write_project(tmp_path)
    write_table(tmp_path / "centres.csv", {"编号": ["A"], "名称": ["Old"], "at": [0]})
    result = run(path)
    ids = [*result.tables.centres["id"], *result.tables.candidates["id"]]
    assert len(set(ids)) == len(ids)


def test_coverage_without_candidates_is_a_plan_of_nothing(tmp_path):
    path = write_project(tmp_path)
    text = path.read_text(encoding="utf-8").replace('[candidates]\nsource = "candidates.csv"\n', "")
    path.write_text(text, encoding="utf-8")
    summary = run(path).summary
    assert summary["sites"] == []
    assert summary["covered_after"] == summary["covered_before"] == {"total": 100.0, "age_60_plus": 10.0}
    assert summary["status"] == "optimal"


def test_candidates_without_centres(tmp_path):
    path = write_project(tmp_path)
    text = path.read_text(encoding="utf-8").replace('[centres]\nsource = "centres.csv"\n', "")
    path.write_text(text, encoding="utf-8")
    summary = run(path).summary
    assert summary["covered_before"]["total"] == 0
    assert summary["covered_after"]["total"] == 900


def test_one_and_two_threads_give_the_same(tmp_path):
    path = write_project(tmp_path, siting="sites = 2")
    one, two = run_project(load(path), threads=1), run_project(load(path), threads=2)
    assert one.summary == two.summary
    pd.testing.assert_frame_equal(pd.DataFrame(one.tables.demand), pd.DataFrame(two.tables.demand))


def test_isochrones_agree_with_the_count(two_sites):
    drawn = two_sites.tables.isochrones
    assert drawn.geometry.is_valid.all()
    assert len(drawn) == 3 * 3
    np.testing.assert_allclose(drawn["people_network"], drawn["people_polygon"])
    assert two_sites.summary["agreement"]["after"]["share"] == 0


@pytest.mark.parametrize(
    ("file", "content", "kind"),
    [
        ("streets.osm", "", NetworkError),
        ("streets.osm", "<osm", NetworkError),
        ("streets.osm", '<?xml version="1.0"?><osm version="0.6"></osm>', NetworkError),
        ("area.geojson", "{", InputError),
        ("people.csv", "lon,lat,people,old\n118,25,-1,0\n", InputError),
        ("people.csv", "lon,lat,people,old\n10,10,1,0\n", InputError),
        ("centres.csv", "名称\n甲\n", InputError),
        ("candidates.csv", "", InputError),
    ],
)
def test_a_bad_input_is_one_clear_error_that_names_the_file(tmp_path, file, content, kind):
    path = write_project(tmp_path)
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(kind) as caught:
        run(path)
    assert file in str(caught.value)
    assert file in caught.value.message("zh")


def test_missing_inputs_are_named_together(tmp_path):
    path = write_project(tmp_path)
    (tmp_path / "streets.osm").unlink()
    (tmp_path / "people.csv").unlink()
    with pytest.raises(PlannerError) as caught:
        run(path)
    assert "streets.osm" in str(caught.value)
    assert "people.csv" in str(caught.value)


def test_streets_of_another_place_are_refused(tmp_path):
    path = write_project(tmp_path)
    streets = (tmp_path / "streets.osm").read_text(encoding="utf-8").replace('lat="2', 'lat="3')
    (tmp_path / "streets.osm").write_text(streets, encoding="utf-8")
    with pytest.raises(NetworkError) as caught:
        run(path)
    assert "km" in str(caught.value)


def test_people_of_a_census_who_fit_no_zone_stay_in_every_total(tmp_path):
    path = write_project(tmp_path)
    (tmp_path / "census.csv").write_text("乡镇,人口\n西镇,100\n东镇,200\n无名镇,300\n", encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[[population]]"), text.index("[centres]")
    census = '[[population]]\nsource = "census.csv"\ncolumn = "人口"\ngroup = "total"\njoin = "name"\n\n'
    path.write_text(text[:start] + census + text[end:], encoding="utf-8")
    summary = run(path).summary
    assert summary["population"]["total"] == pytest.approx(600, rel=1e-4)  # a sliver lies past the area
    assert summary["share_after"] == pytest.approx(summary["covered_after"]["total"] / 600, rel=1e-4)
    assert summary["rates"]["after"]["B"] == summary["share_after"]
    assert summary["unreachable"]["by_reason"]["unplaced"] == {"demand_points": 0, "population": 300}
    assert summary["unreachable"]["population"] >= 300


def test_every_account_adds_up(tmp_path):
    path = write_project(tmp_path)
    table = tmp_path / "candidates.csv"
    frame = pd.read_csv(table, encoding="gb18030")
    more = [
        ("A", "同号", "备选", "3万", "", *degrees(1700)),
        ("F", "无坐标", "备选", "1", "", None, None),
        ("G", "远", "怪", "1", "", 120.0, 25.0),
    ]
    pd.concat([frame, pd.DataFrame(more, columns=frame.columns)]).to_csv(table, index=False, encoding="gb18030")
    accounts = [each.to_dict("en") for each in run(path).inputs.reports]
    assert {account["role"] for account in accounts} >= {
        "area",
        "streets",
        "zones",
        "population",
        "centres",
        "candidates",
    }
    fates = ("used", "repaired", "doubtful", "dropped", "waiting")
    for account in accounts:
        assert account["rows_read"] == sum(account[f"rows_{fate}"] for fate in fates), account["file"]
    (sites,) = (account for account in accounts if account["role"] == "candidates")
    assert [sites[f"rows_{fate}"] for fate in fates] == [4, 1, 0, 1, 1]


def test_an_account_gives_each_row_one_fate():
    report = InputReport("candidates", "t.csv", rows_read=8, rows_used=5, waiting={(None, 8)})
    for action, row in (
        ("repaired", 2),
        ("doubtful", 2),
        ("doubtful", 3),
        ("repaired", 4),
        ("dropped", 7),
        ("doubtful", 7),
        ("doubtful", 8),
    ):
        report.add("register.other_zone", action, row)
    assert report.fates() == {"read": 8, "used": 2, "repaired": 1, "doubtful": 2, "dropped": 2, "waiting": 1}
