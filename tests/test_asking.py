"""What a reader asks of the map, on the street of `small_project`: people every 1,000 m, answers on paper."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from small_project import degrees, write_project

from planner.errors import InfeasibleError, ProjectError
from planner.inputs.overrides import with_siting
from planner.inputs.read import Inputs, read_inputs
from planner.project import load
from planner.study import question as asking
from planner.study.access import Access, measure_access
from planner.study.map_questions import find_gaps, people_in, reach_of_place
from planner.study.plan import choose_sites


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    file = write_project(tmp_path_factory.mktemp("asking"), siting="sites = 1")
    return read_inputs(load(file), progress=lambda step: None)


@pytest.fixture(scope="module")
def access(inputs: Inputs) -> Access:
    return measure_access(inputs)


def numbers(inputs: Inputs, *ids: str) -> np.ndarray:
    return np.flatnonzero(inputs.facilities["id"].isin(ids))


def test_a_click_counts_who_is_within_the_walk_and_who_of_them_is_new(inputs: Inputs, access: Access) -> None:
    open_already = numbers(inputs, "D")  # at 2,500 m: reaches 2,000 and 3,000
    found = reach_of_place(inputs, access, *degrees(1500, 100), open_already)
    assert found.people == pytest.approx({"total": 500, "age_60_plus": 50})  # 1,000 and 2,000, 500 + 100 m away
    assert found.fresh == pytest.approx({"total": 200, "age_60_plus": 20})
    assert found.reason is None and found.snap_m == pytest.approx(100, abs=0.1)
    assert found.minutes == (5, 10, 15)
    assert all(
        inner.difference(outer).area < 1e-12 for inner, outer in zip(found.shapes, found.shapes[1:], strict=False)
    )
    assert found.shapes[-1].contains(shapely.Point(degrees(2000))) and not found.shapes[-1].contains(
        shapely.Point(degrees(2500))
    )


def test_a_click_far_from_any_street_reaches_nobody_and_says_so(inputs: Inputs, access: Access) -> None:
    found = reach_of_place(inputs, access, *degrees(2000, 1000), numbers(inputs, "D"))
    assert found.people["total"] == 0 and found.reason == "no_street" and found.shapes[-1].is_empty


def test_people_in_an_area_and_who_of_them_is_served(inputs: Inputs, access: Access) -> None:
    area = shapely.box(*degrees(900, -50), *degrees(3100, 50))  # 200, 300 and 400
    before, after = numbers(inputs, "A"), numbers(inputs, "A", "B")  # A: 1,000 and 2,000; B: 3,000 and 4,000
    found = people_in(inputs, access, area, before, after)
    assert [part["total"] for part in (found.people, found.before, found.after)] == pytest.approx([900, 500, 900])
    assert (found.centres, found.sites) == (1, 0)


def test_gaps_are_the_people_without_a_centre_and_whom_a_candidate_could_serve(inputs: Inputs, access: Access) -> None:
    opened = numbers(inputs, "A")
    found = find_gaps(inputs, access, opened, numbers(inputs, "B", "D"))
    assert sum(gap.people for gap in found) == pytest.approx(100 + 400 + 500 + 50 + 25)
    assert [gap.people for gap in found] == sorted((gap.people for gap in found), reverse=True)
    best = next(gap for gap in found if gap.shape.contains(shapely.Point(degrees(4000))))
    assert inputs.facilities["id"].iloc[best.candidate] == "B"
    nobody = next(gap for gap in found if gap.shape.contains(shapely.Point(degrees(2000, 3000))))
    assert (nobody.candidate, nobody.gain, nobody.seconds) == (-1, 0.0, float("inf"))


# ---- wishes: what the project, or the reader of the map, wants of single sites ------------------------------------------------


def chosen(inputs: Inputs, access: Access, **siting: object) -> list[str]:
    wished = with_siting(inputs, **siting)
    return wished.facilities["id"].iloc[choose_sites(wished, access).selected].tolist()


def test_wishes_bind_the_choice_and_leave_the_inputs_alone(inputs: Inputs, access: Access) -> None:
    assert chosen(inputs, access) == ["B"]
    assert chosen(inputs, access, forbidden=["B"]) == ["D"]
    assert chosen(inputs, access, required=["A"]) == ["A"]
    assert chosen(inputs, access, required=["A"], sites=2) == ["B", "A"]
    ring = [degrees(1000, -200), degrees(3000, -200), degrees(3000, 200), degrees(1000, 200)]
    assert chosen(inputs, access, within=ring, sites=3) == ["D", "A"]
    shut = with_siting(inputs, within=ring).facilities.set_index("id")["excluded_reason"]
    assert shut["B"] == "not_within" and shut["A"] is None
    assert chosen(inputs, access, within=ring, required=["B"], sites=2) == ["B", "A"], (
        "what must open does, wherever it is"
    )
    assert chosen(inputs, access) == ["B"]


@pytest.mark.parametrize(
    ("siting", "code"),
    [
        ({"required": ["Z"]}, "study.unknown_site"),
        ({"forbidden": ["c-c3bfa3bd"]}, "study.open_already"),
        ({"required": ["A"], "forbidden": ["A"]}, "study.required_and_forbidden"),
        ({"within": [(0.0, 0.0)]}, "project.faults"),
    ],
)
def test_wishes_that_cannot_be_are_refused(inputs: Inputs, siting: dict[str, object], code: str) -> None:
    with pytest.raises(ProjectError) as fault:
        with_siting(inputs, **siting)
    assert fault.value.code == code


def test_a_required_site_that_is_excluded_is_refused(inputs: Inputs, access: Access) -> None:
    broken = with_siting(inputs, required=["A"])
    broken.facilities.loc[broken.facilities["id"] == "A", "excluded_reason"] = "no_street"
    with pytest.raises(InfeasibleError):
        choose_sites(broken, access)


def test_every_point_of_the_curve_is_a_result_and_a_list_is_scored(inputs: Inputs, access: Access) -> None:
    posed = asking.build_question(inputs, access)
    curve = asking.frontier(posed, 9)
    ids = inputs.facilities["id"]
    points = [asking.result_on_frontier(posed, curve, at) for at in range(len(curve.sites))]
    assert [ids.iloc[point.selected].tolist() for point in points[:3]] == [[], ["B"], ["B", "A"]]
    assert [point.value for point in points[:3]] == pytest.approx([100, 1000, 1500])
    assert points[1].covered.sum() == 3 and points[1].gains.tolist() == [900] and points[1].status == "optimal"
    scored = asking.evaluate(posed, numbers(inputs, "D"))
    listed = scored.result
    assert (listed.value, scored.upper_bound) == pytest.approx((800, 1000)) and scored.broken == ()
    assert listed.gap == pytest.approx(0.2) and listed.gain_gap == pytest.approx(200 / 900)


def test_a_site_that_must_open_and_cannot_is_named_with_its_reason_in_words(tmp_path: Path) -> None:
    file = write_project(tmp_path)
    table = file.parent / "candidates.csv"
    rows = table.read_text(encoding="gb18030").splitlines()
    cells = {"编号": "Far", "名称": "远处", "经度": "{:.9f}", "纬度": "{:.9f}", "状态": "必选"}
    line = ",".join(cells.get(name, "") for name in rows[0].split(",")).format(*degrees(2000, 2500))
    table.write_text("\n".join([*rows, line, ""]), encoding="gb18030")
    inputs = read_inputs(load(file), progress=lambda step: None)
    with pytest.raises(InfeasibleError, match=r"candidates.csv.*no street near") as fault:
        choose_sites(inputs, measure_access(inputs))
    assert "附近" in fault.value.message("zh") and "no_street" not in fault.value.message("zh")
