"""Census tables joined to zones: names on paper, totals, and the real villages of Nan'an as people write them."""

import csv
import math
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from cities import SHARED, needs_shared
from drawn_people import area_box, layer, population, run, said, workbook
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.boundaries import read_zones
from planner.demand import PopulationSource, build
from planner.demand.zone_join import join_rows
from planner.demand.zone_layer import JoinZones
from planner.demand.zone_names import SHORTEST, forms, likeness, plain, township_key
from planner.errors import InputError
from planner.findings import InputReport
from planner.name_marks import may_be_one
from planner.tables import read_table
from planner.texts import LANGUAGES

AREA = area_box(-10, -10, 610, 410)
#   y 400 +--------+--------+--------+
#         | 都心村 | 东林村 | 溪头村 |   洪濑镇 (x 0..400: 都心, 东林; 东林 again below)
#   y 200 +--------+--------+--------+   柳城街道 (the rest)
#         | 大庭社区 | 溪头村 | 西林村 |
#         +--------+--------+--------+
VILLAGES = [
    ("350583101201", "都心村", "洪濑镇", (0, 200)),
    ("350583101202", "东林村", "洪濑镇", (200, 200)),
    ("350583101203", "溪头村", "洪濑镇", (400, 200)),
    ("350583001001", "大庭社区", "柳城街道", (0, 0)),
    ("350583001202", "溪头村", "柳城街道", (200, 0)),
    ("350583001203", "西林村", "柳城街道", (400, 0)),
]


def villages(path: Path) -> Path:
    shapes = [shapely.box(x, y, x + 200, y + 200) for *_, (x, y) in VILLAGES]
    codes, names, towns, _ = zip(*VILLAGES, strict=True)
    return layer(path, shapes, 村代码=codes, 村名=names, 乡镇=towns)


def census(folder: Path, rows: list[list[Any]], **options: Any) -> PopulationSource:
    defaults = {"group": "total", "column": "常住人口", "join": "name", "zones": villages(folder / "villages.gpkg")}
    return population(workbook(folder / "census.xlsx", rows), **(defaults | options))


HEADER = ["乡镇", "村（社区）", "常住人口", "户籍人口"]
ROWS = [
    HEADER,
    ["洪濑", "都心 村委会", 100, 150],
    ["洪濑镇", "东林村", 200, 210],
    ["洪濑镇", "溪头", 300, 310],
    ["柳城街道办事处", "大庭", "４００", 1],
    ["柳城", "溪头村民委员会", 500, 2],
    ["柳城", "西林村", 600, 3],
    ["合计", None, 2100, 676],
]

# --- names ------------------------------------------------------------------------------------------------------------


def test_forms_of_names() -> None:
    assert forms("都心 村委会") == ("都心村委会", "都心村", "都心")
    for name in ("都心村", "都心社区居委会", "都心村民委员会", "都心（社区）", "都　心　行政村", "都心社区居民委员会"):
        assert "都心" in forms(name), name
    assert "都心" in forms("洪濑镇都心村", "洪濑镇")
    assert "都心" in forms("南安市洪濑镇都心村", "洪濑")
    assert forms("社区") == ("社区",)  # a name that is only a kind of place keeps it
    assert plain("Ｄｕ Xin（村）") == "duxin村"
    for name in ("洪濑", "洪濑镇", "洪濑镇人民政府", "洪濑 镇"):
        assert township_key(name) == "洪濑"
    assert township_key("柳城街道办事处") == township_key("柳城街道") == township_key("柳城") == "柳城"


def test_neighbours_are_not_likened() -> None:
    assert likeness(["蟠龙山庄"], ["磻龙山庄"])[0, 0] == 0.75
    assert may_be_one("蟠龙山庄", "磻龙山庄")
    assert not may_be_one("东林山庄", "西林山庄")
    assert not may_be_one("第一农场", "第二农场")
    assert len("园美") < SHORTEST  # of two letters each is half the name


# --- joining ----------------------------------------------------------------------------------------------------------


def test_a_census_by_name_within_its_township(tmp_path: Path) -> None:
    demand, (report, layer_report) = run(census(tmp_path, ROWS), area=AREA)
    by_row = {
        row: math.fsum(demand.weights["total"][demand.points["source_row"] == row])
        for row in sorted(set(demand.points["source_row"]))
    }
    assert by_row == {2: 100, 3: 200, 4: 300, 5: 400, 6: 500, 7: 600}  # 合计 is no village
    corner = {row: VILLAGES[row - 2][3] for row in by_row}
    for row, x, y in zip(demand.points["source_row"], demand.points.geometry.x, demand.points.geometry.y, strict=True):
        west, south = corner[row]
        assert west < x - 500_000 < west + 200
        assert south < y - 2_700_000 < south + 200
    assert report.figures["columns"] == {"join": "村（社区）", "township": "乡镇", "people": "常住人口"}
    assert (report.rows_read, report.rows_used, report.figures["zones_without_row"]) == (6, 6, [])
    assert report.figures["kind"] == "resident"
    assert [finding.code for finding in report.findings if finding.action != "note"] == []
    assert (layer_report.role, layer_report.figures["zones"]) == ("zones", 6)


def test_a_census_by_code(tmp_path: Path) -> None:
    rows = [["村代码", "人口"], *([code, 10 * at] for at, (code, *_) in enumerate(VILLAGES, start=1))]
    rows[1][0], rows[2][0] = f" {rows[1][0]} ", int(rows[2][0])
    demand, (report, _) = run(census(tmp_path, rows, join="code", column="人口"), area=AREA)
    assert math.fsum(demand.weights["total"]) == 210 == report.figures["people_in_area"]
    assert report.rows_used == 6


def test_short_codes_are_long_ones_with_zeros() -> None:
    zones = JoinZones("z", ["a", "b"], ["350583101000", "350583102000"], [None, None], np.empty(2, object))
    assert joined(zones, "code", 代码=["350583102", "350583101000"]).zone.tolist() == [1, 0]


def joined(zones: JoinZones, how: Any = "name", report: InputReport | None = None, **columns: list[str]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
        frame = read_table(path, report=InputReport("population", "t.csv"))
    return join_rows(frame, zones, how=how, column=None, report=report or InputReport("population", "t.csv"))


def test_what_is_not_sure_is_said_and_what_could_be_two_is_not_guessed(tmp_path: Path) -> None:
    rows = [
        [*HEADER[:3], "说明"],
        ["洪濑镇", "都心村", 100, "sure"],  # row 2
        [None, "溪头村", 7, "in which township?"],  # row 3
        ["洪濑镇", "大庭社区", 11, "in another township"],  # row 4
        ["柳城街道", "南林村", 13, "not like 西林: neighbours are told apart by 东南西北"],  # row 5
        ["柳城街道", None, 17, "no name"],  # row 6
    ]
    demand, (report, _) = run(census(tmp_path, rows), area=AREA)
    assert math.fsum(demand.weights["total"]) == 100
    assert demand.left_out[["people", "reason", "source_row"]].to_numpy().tolist() == [
        [7, "ambiguous_zone", 3],
        [11, "no_zone", 4],
        [13, "no_zone", 5],
        [17, "no_zone_given", 6],
    ]
    dropped = {finding.row: finding.code for finding in report.findings if finding.action == "dropped"}
    assert dropped == {
        3: "demand.row_of_several_zones",
        4: "demand.row_without_zone",
        5: "demand.row_without_zone",
        6: "demand.row_names_no_zone",
    }
    assert report.figures["people_read"] == report.figures["people_in_area"] == 148
    assert report.figures["people_left_out"] == report.figures["people_without_zone"] == 48
    assert said(report)["zones_without_row"]["count"] == 5
    assert report.figures["zones_without_row"] == [f"{town}{name}" for _, name, town, _ in VILLAGES[1:]]


def test_a_mistyped_name_is_reported_with_both(tmp_path: Path) -> None:
    names = ["蟠龙山庄社区", "金淘新街社区", "溪美"]
    zones = JoinZones("z.gpkg", names, [None] * 3, [None] * 3, np.empty(3, object))
    report = InputReport("population", "t.csv")
    found = joined(zones, report=report, 社区=["磻龙山庄", "金淘新街", "溪关"])
    assert found.zone.tolist() == [0, 1, -1]
    told = said(report)["joined_by_likeness"]
    assert told == {"name": "磻龙山庄", "zone": "蟠龙山庄社区", "percent": 75}
    assert said(report)["row_without_zone"]["nearest"] == "溪美"
    two = joined(zones, 社区=["磻龙山庄", "幡龙山庄", "金淘新街"])  # both like one zone: neither is guessed
    assert two.reason.tolist() == ["ambiguous_zone", "ambiguous_zone", None]


def test_a_table_of_villages_for_zones_that_are_townships(tmp_path: Path) -> None:
    zones = JoinZones("z", ["洪濑镇", "柳城街道"], [None] * 2, [None] * 2, np.empty(2, object))
    report = InputReport("population", "t.csv")
    found = joined(zones, report=report, 镇街=["洪濑", "洪濑", "柳城"], 村=["都心", "东林", "大庭"])
    assert found.zone.tolist() == [0, 0, 1]
    assert report.figures["columns"]["join"] == "镇街"
    assert said(report)["rows_of_one_zone"] == {"count": 1, "names": "洪濑镇"}


def test_a_county_column_is_no_township() -> None:
    zones = JoinZones("z", ["都心村"], [None], ["洪濑镇"], np.empty(1, object))
    assert joined(zones, 区县=["南安市"], 村=["都心村"]).zone.tolist() == [0]


def test_zones_know_their_township_by_the_project_s(tmp_path: Path) -> None:
    towns = layer(
        tmp_path / "t.gpkg", [shapely.box(0, 200, 600, 400), shapely.box(0, 0, 600, 200)], name=["洪濑镇", "柳城"]
    )
    own = layer(tmp_path / "v.gpkg", [shapely.box(x, y, x + 200, y + 200) for *_, (x, y) in VILLAGES],
                name=[name for _, name, *_ in VILLAGES])  # fmt: skip
    zones = read_zones(towns, name_field="name", area=AREA, report=InputReport("zones", "t.gpkg"))
    source = census(tmp_path, ROWS, zones=own)
    demand = build([source], area=AREA, zones=zones)
    assert source.report.rows_used == 6
    assert math.fsum(demand.weights["total"]) == 2100


def test_joins_that_cannot_be(tmp_path: Path) -> None:
    def code(rows: list[list[Any]] = ROWS, **options: Any) -> str:
        with pytest.raises(InputError) as error:
            run(census(tmp_path, rows, **options), area=AREA)
        for language in LANGUAGES:
            error.value.message(language)
        return error.value.code.removeprefix("demand.")

    assert code(zones=None) == "join_without_zones"
    assert code(join="code") == "no_join_column"
    assert code(join_column="村委") == "unknown_join_column"
    assert code([HEADER, ["石狮", "永宁", 1, 1]]) == "nothing_joined"
    assert code(zone_name="村") == "boundaries.unknown_field"
    assert code(place="centre") == "place_not_for_it"


ROW = st.tuples(st.sampled_from(["都心村", "东林", "溪头村", "大庭", "西林社区", "别处村", ""]),
                st.sampled_from(["洪濑", "柳城街道", ""]), st.integers(0, 10**6))  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=15))
def test_every_person_is_spread_or_left_out(rows: list[tuple[str, str, int]]) -> None:
    table = [HEADER[:3], ["洪濑", "都心", 5], *([town or None, name or None, people] for name, town, people in rows)]
    with tempfile.TemporaryDirectory() as name:
        demand, (report, _) = run(census(Path(name), table), area=AREA)
    spread, left = math.fsum(demand.weights["total"]), math.fsum(demand.left_out["people"])
    assert spread + left == 5 + sum(people for *_, people in rows) == report.figures["people_read"]
    assert report.figures["people_left_out"] == left


@needs_shared
def test_the_villages_of_nan_an_as_people_write_them() -> None:
    folder = SHARED / "data" / "nanan"
    streets = {row["code"]: row["name"] for row in _rows(folder / "streets.csv")}
    rows = _rows(folder / "villages.csv")
    names = [row["name"] for row in rows]
    towns = [streets[row["streetCode"]] for row in rows]
    zones = JoinZones("villages", names, [row["code"] for row in rows], towns, np.empty(len(rows), object))
    twice = Counter(zip(names, towns, strict=True))
    assert max(twice.values()) == 1
    pick = random.Random(1)
    written = [_as_written(name, pick) for name in names]
    found = joined(zones, 乡镇=[town.removesuffix("镇") for town in towns], 村=written)
    own = np.arange(len(rows))
    assert ((found.zone == own) | (found.zone < 0)).all()  # never at another village
    assert (
        found.zone < 0
    ).sum() <= 6  # three townships have a village and a community of one name, which 码头 alone may mean
    everywhere = joined(zones, 村=written)
    assert ((everywhere.zone == own) | (everywhere.zone < 0)).all()


def _as_written(name: str, pick: random.Random) -> str:
    """Return a village or community as one of many people writes it."""
    is_village = name.endswith("村委会")
    short = name.removesuffix("村委会").removesuffix("居委会").removesuffix("社区")
    kinds = (
        ["村", " 村委会", "行政村", "（村）", ""] if is_village else ["社区", "社区居委会", "　居委会", "（社区）", ""]
    )
    return short + pick.choice(kinds)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
