"""Every objective and condition of the project file, on a street that can be counted on paper (see `small_project`).

Old stands at 0 m. A (1500), D (2500) and B (3500) may open. Within 900 m: Old 100 people, A 500, D 700, B 900; 75 of the 1,575
people live where no street leads to a centre. The western township has 675 of them, the eastern one 900.
"""

import json

import openpyxl
import pandas as pd
import pytest
from small_project import write_project, write_table

from planner.errors import InfeasibleError, ProjectError
from planner.project import load
from planner.results.wording import proof_sentences
from planner.run import Run, run_project
from planner.texts import say


def run(folder, siting: str, **tables) -> Run:
    path = write_project(folder, siting=siting)
    for name, columns in tables.items():
        write_table(folder / f"{name}.csv", columns)
    return run_project(load(path))


def ids(found: Run) -> list[str]:
    return [site["id"] for site in found.summary["sites"]]


CANDIDATES = {
    "编号": ["A", "B", "D"],
    "at": [1500, 3500, 2500],
    "造价": [30000, 50000, 20000],
    "容量": [1000, 300, 650],
    "组": ["x", "y", "y"],
}


def test_the_fewest_sites_for_a_share(tmp_path):
    found = run(tmp_path, 'objective = "min_sites"\nshare = 0.6')  # 945 of 1,575: Old and B reach 1,000
    assert ids(found) == ["B"]
    summary = found.summary
    assert (summary["value"], summary["lower_bound"], summary["upper_bound"], summary["unit"]) == (1, 1, None, "sites")
    assert (summary["status"], summary["gap"], summary["gain_gap"]) == ("optimal", 0, None)
    assert summary["covered_after"]["total"] == 1000


def test_everybody_who_can_be_covered(tmp_path):
    found = run(tmp_path, 'objective = "min_sites"\nof = "coverable"')
    assert ids(found) == ["B", "A"]


def test_more_than_can_be_covered(tmp_path):
    with pytest.raises(InfeasibleError, match=r"95\.2381"):
        run(tmp_path, 'objective = "min_sites"\nshare = 1.0')


def test_the_cheapest_sites_for_a_share(tmp_path):
    found = run(tmp_path, 'objective = "min_sites"\nshare = 0.5\nleast_cost = true')  # 788: D brings 800 for the least
    assert ids(found) == ["D"]
    assert (found.summary["value"], found.summary["unit"]) == (20000, "yuan")


def test_the_least_mean_time(tmp_path):
    # Old and B: 0, 1000 x 200, 1500 x 300, 500 x 400, 500 x 500; 75 people count an hour
    found = run(tmp_path, 'objective = "p_median"\nsites = 1')
    assert ids(found) == ["B"]
    assert found.summary["value"] == pytest.approx(1_100_000 + 75 * 3600, abs=500)
    assert found.summary["mean_s"] == pytest.approx(1_370_000 / 1575, abs=0.5)
    assert (found.summary["unserved"], found.summary["unit"]) == (75, "person_seconds")
    half = run(tmp_path / "half", 'objective = "p_median"\nsites = 1\nunserved_min = 30')
    assert half.summary["value"] == pytest.approx(1_100_000 + 75 * 1800, abs=500)


def test_the_least_worst_time(tmp_path):
    found = run(tmp_path, 'objective = "p_center"\nsites = 2')  # A and B: nobody farther than 500 m
    assert ids(found) == ["A", "B"]
    assert found.summary["value"] == pytest.approx(500, abs=1)
    assert (found.summary["unit"], found.summary["left_out_points"]) == ("seconds", 2)
    assert len(ids(found)) == 2


@pytest.mark.parametrize(
    ("siting", "expected"),
    [
        ("sites = 2", ["B", "A"]),
        ("sites = 2\nspacing_m = 1600", ["B"]),  # A is 1.5 km from Old, D 1 km from B
        ("sites = 2\nmax_per_zone = 1", ["B"]),  # the western township has Old
        ('sites = 2\nmax_per_zone = {"西镇" = 1}', ["B", "D"]),
        ('sites = 1\nmin_per_zone = {"西镇" = 2}', ["A"]),
        ('sites = 1\nfloors = {"西镇" = 0.8}', ["A"]),  # 600 of 675
        ("sites = 1\nfloors = 0.5", None),  # the western township needs A, the eastern one D or B
        ("sites = 2\nfloors = 0.5", ["B", "A"]),
        ("sites = 2\nmin_per_zone = 3", None),
        ('objective = "min_sites"\nshare = 0.6\nmin_per_zone = {"西镇" = 2}', ["B", "A"]),
        ('objective = "p_center"\nsites = 2\nspacing_m = 1600', ["B"]),
    ],
)
def test_conditions_of_the_project(tmp_path, siting, expected):
    if expected is None:
        with pytest.raises(InfeasibleError, match="together"):
            run(tmp_path, siting)
        return
    found = run(tmp_path, siting)
    assert ids(found) == expected
    assert found.summary["status"] == "optimal"
    assert found.plan.frontier["covered"].is_monotonic_increasing


def test_of_a_group_one_site(tmp_path):
    found = run(tmp_path, 'sites = 3\nexclusive = "组"', candidates=CANDIDATES)
    assert ids(found) == ["B", "A"]


def test_capacities_decide(tmp_path):
    # Old has no limit: 100. B has room for 300 and D for 650 of the 1,200 they reach; A and D would serve 500 and 400
    found = run(tmp_path, "sites = 2\ncapacity = true", candidates=CANDIDATES)
    assert ids(found) == ["D", "B"]
    assert found.summary["value"] == 100 + 300 + 650
    assert found.summary["rates"]["after"]["C"] == pytest.approx(1050 / 1575)
    assert found.summary["rates"]["before"]["C"] == pytest.approx(100 / 1575)


def test_a_centre_closes_where_others_do_better(tmp_path):
    centres = {"编号": ["Old"], "at": [0], "状态": ["可撤并"]}
    stays = run(tmp_path / "stays", "sites = 2\nspacing_m = 1600", centres=centres)
    assert (ids(stays), stays.summary["closed"]) == (["B"], [])
    closes = run(tmp_path / "closes", "sites = 2\nspacing_m = 1600\nclosures = 1", centres=centres)
    assert (ids(closes), closes.summary["closed"]) == (["B", "A"], ["Old"])
    assert closes.summary["covered_before"]["total"] == 100
    assert closes.summary["covered_after"]["total"] == 1400
    assert closes.tables.centres["open_after"].tolist() == [False]
    assert closes.tables.agreement["before"].network == 100
    assert closes.tables.agreement["after"].network == 1400


@pytest.mark.parametrize(
    ("siting", "told"),
    [
        ('objective = "min_sites"\nsites = 3', "sites has no meaning"),
        ('objective = "p_median"\nbudget_yuan = 3', "budget_yuan has no meaning"),
        ("share = 0.5", "share has no meaning"),
        ('objective = "p_center"\ncapacity = true', "capacity has no meaning"),
        ('objective = "min_sites"\nshare = 1.5', "at most 1"),
        ("floors = {\"西镇\" = 2.0}", "at most 1"),
        ("min_per_zone = -1", "at least 0"),
        ('floors = {"北镇" = 0.5}', "北镇"),
        ('exclusive = "nothing"', "nothing"),
    ],
)  # fmt: skip
def test_what_the_project_cannot_say(tmp_path, siting, told):
    with pytest.raises(ProjectError) as caught:
        run(tmp_path, siting)
    assert told in str(caught.value)
    assert caught.value.message("zh") != str(caught.value)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("objective", ["max_coverage", "min_sites", "p_median", "p_center"])
@pytest.mark.parametrize("status", ["optimal", "feasible"])
def test_every_proof_is_said(language, objective, status):
    units = {
        "max_coverage": ["people"],
        "min_sites": ["sites", "yuan"],
        "p_median": ["person_seconds"],
        "p_center": ["seconds"],
    }
    for unit in units[objective]:
        summary = {
            "objective": objective, "unit": unit, "status": status, "counts": {"candidates": 312}, "value": 6000.0,
            "upper_bound": 6100.0, "lower_bound": 5940.0, "gap": 0.01, "mean_s": 600.0, "unserved": 75.0,
            "left_out_points": 2, "served": None, "budget_yuan": None, "choice": {"sites_wanted": 6, "is_forced": False},
        }  # fmt: skip
        said = [say(told.code, language, **told.params) for told in proof_sentences(summary, language)]
        assert "312" in said[-1]
        if objective != "min_sites":
            assert " 6 " in said[-1]


@pytest.mark.parametrize(("language", "budget"), [("en", "1,200,000 yuan"), ("zh", "120 万元")])
def test_a_proof_under_a_budget_names_the_money(language, budget):
    summary = {
        "unit": "people", "status": "optimal", "counts": {"candidates": 312}, "value": 6100.0, "upper_bound": 6100.0,
        "lower_bound": None, "gap": 0.0, "served": None, "budget_yuan": 1_200_000.0,
        "choice": {"sites_wanted": None, "is_forced": False},
    }  # fmt: skip
    (said,) = proof_sentences(summary, language)
    assert budget in say(said.code, language, **said.params)


@pytest.mark.parametrize("objective", ['"min_sites"\nshare = 0.6', '"p_median"\nsites = 1', '"p_center"\nsites = 1'])
def test_planner_run_writes_each_objective(tmp_path, objective):
    from typer.testing import CliRunner

    from planner.cli import app

    folder = write_project(tmp_path / "p", siting=f"objective = {objective}").parent
    done = CliRunner().invoke(app, ["run", str(folder)])
    assert done.exit_code == 0, done.output
    assert "Proven" in done.output
    summary = json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["upper_bound"] is None
    assert summary["lower_bound"] == pytest.approx(summary["value"])
    assert (folder / "out" / "plan.xlsx").is_file()


def printed(file) -> tuple[str, dict]:
    """Run a project by the command; what it prints, and its summary."""
    from typer.testing import CliRunner

    from planner.cli import app

    done = CliRunner().invoke(app, ["run", str(file)])
    assert done.exit_code == 0, done.output
    return done.output, json.loads((file.parent / "out" / "summary.json").read_text(encoding="utf-8"))


def test_a_replacement_is_a_site_that_the_conditions_allow(tmp_path):
    # A would stand in for D best, yet the western township, where Old is, may have one centre only; Shut is forbidden
    found = run(tmp_path, 'sites = 2\nmax_per_zone = {"西镇" = 1}')
    assert ids(found) == ["B", "D"]
    assert found.tables.sites["replacement_id"].tolist() == [None, None]
    assert (
        found.tables.sites["replacement_loss"].tolist() == found.tables.sites["loss_if_dropped"].tolist() == [500, 300]
    )


def test_capacities_decide_who_goes_where_and_what_each_site_gains(tmp_path):
    # A, B and D have room for 100, 80 and 150 of the 500, 900 and 700 people in reach; Old has room for its 100
    tables = {"candidates": CANDIDATES | {"容量": [100, 80, 150]}}
    file = write_project(tmp_path, siting="sites = 2\ncapacity = true")
    write_table(tmp_path / "candidates.csv", tables["candidates"])
    found = run_project(load(file))
    assert ids(found) == ["D", "A"]
    sites, summary = found.tables.sites.set_index("id"), found.summary
    assert sites["gain_total"].tolist() == [150, 100] and sites["cumulative_total"].tolist() == [150, 250]
    assert sites["served"].tolist() == [150, 100]
    assert sites["loss_if_dropped"].tolist() == [150, 100]
    allocation = found.tables.allocation
    assert allocation.groupby("site")["weight"].sum().to_dict() == {
        "A": 100,
        "D": 150,
        found.tables.centres["id"][0]: 100,
    }
    assert (allocation["seconds"] <= 900).all()
    served = allocation.groupby("demand")["weight"].sum()
    demand = found.tables.demand.set_index("id")
    assert (served <= demand["weight_total"].reindex(served.index)).all()
    assert found.tables.zones["served_after"].sum() == demand["served_after"].sum() == summary["value"] == 350
    assert [site["cumulative"] for site in summary["sites"]] == [150, 250]
    assert summary["served"] == {"before": 100, "after": 350, "no_room": summary["covered_after"]["total"] - 350,
                                 "out_of_reach": 1575 - summary["covered_after"]["total"]}  # fmt: skip
    said, _ = printed(file)
    assert "350 (22.2%) with the plan" in said and "finds room for more than 350 people" in said
    assert "covers more than" not in said


def test_under_a_budget_sentence_curve_and_files_go_by_money(tmp_path):
    # 50,000 yuan: B (900 people), or A and D (500 and 700, of whom 300 twice) for as much
    file = write_project(tmp_path, siting="budget_yuan = 50000")
    write_table(tmp_path / "candidates.csv", CANDIDATES)
    said, summary = printed(file)
    assert "of at most" not in said and "for at most 50,000 yuan" in said and "of a budget of 50,000 yuan" in said
    assert (summary["budget_yuan"], summary["cost_yuan"]) == (50000, 50000)
    curve = pd.read_csv(tmp_path / "out" / "frontier.csv")
    assert curve.columns.tolist() == ["sites", "cost_yuan", "covered", "share", "upper_bound", "gap", "budget_yuan"]
    assert (curve["cost_yuan"] <= curve["budget_yuan"]).all() and curve["budget_yuan"].max() == 50000
    assert curve["covered"].iloc[-1] == curve["covered"].max() == summary["value"] == summary["upper_bound"]
    cells = [
        cell for row in openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx").worksheets[0].values for cell in row
    ]
    assert "50,000 yuan" in cells


def test_a_list_that_is_forced_whole_proves_nothing_and_says_what_it_costs(tmp_path):
    # D must open and nothing else may: 700 people beside Old's 100; B alone would bring 900
    file = write_project(tmp_path, siting='sites = 1\nrequired = ["D"]')
    said, summary = printed(file)
    assert "Proven" not in said and "Nothing was free to choose" in said and "200 people more, which is proven" in said
    choice = summary["choice"]
    assert (choice["is_forced"], choice["required"], choice["free"]) == (True, 1, 0)
    lost = choice["without_requirement"]
    assert (lost["value"], lost["people_lost"], lost["people_lost_at_most"]) == (1000, 200, 200)
    cells = [
        cell for row in openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx").worksheets[0].values for cell in row
    ]
    assert "nothing was free to choose" in cells and "proven optimal" not in cells


def test_a_list_that_is_forced_in_part_says_which_part_was_free(tmp_path):
    said, summary = printed(write_project(tmp_path, siting='sites = 2\nrequired = ["D"]'))
    assert "have to open: 1. Chosen freely: 1, among 2 others" in said and "Proven" in said
    assert summary["choice"]["free"] == 1
