"""Names that differ in what tells neighbours apart are never likened: in registers, as duplicates, in joins."""

import pytest

from planner.demand.zone_join import join_rows
from planner.demand.zone_layer import JoinZones
from planner.findings import InputReport
from planner.name_marks import may_be_one
from planner.register.names import Names, bare_village
from planner.tables import read_table
from tests.register_tables import LAT, LON, read, table

NEIGHBOURS = [
    ("Block A", "Block B"), ("BlockA", "BlockB"), ("村委会东楼", "村委会西楼"),
        ("East wing", "West wing"), ("上村祠堂", "下村祠堂"),
    ("Phase II hall", "Phase III hall"), ("安置房Ⅱ期", "安置房Ⅲ期"),
        ("安置房二期", "安置房十二期"), ("Northgate House 1", "Northgate House 2"),
    ("甲栋宿舍", "乙栋宿舍"), ("Upper Mill barn", "Lower Mill barn"),
        ("First Street hall", "Second Street hall"), ("A座宿舍", "Ｂ座宿舍"),
]  # fmt: skip
SAME = [
    ("安置房二期", "安置房2期"),
    ("安置房Ⅱ期", "安置房II期"),
    ("Phase II", "phase 2"),
    ("東楼祠堂", "东楼祠堂"),
    ("Hall 2nd floor", "hall second floor"),
]


@pytest.mark.parametrize(("first", "second"), NEIGHBOURS)
def test_neighbours_are_told_apart_everywhere(tmp_path, first, second) -> None:
    assert not may_be_one(first, second)
    rows = [f"a,{first},{LON + 0.01},{LAT + 0.005}", f"b,{second},{LON + 0.01},{LAT + 0.0051}"]  # 11 m apart
    points, _ = read(table(tmp_path / "r.csv", "编号,名称,经度,纬度", *rows))
    assert points["excluded_reason"].isna().all()
    names = Names([first], [None], [bare_village(first)])
    assert names.find(second, None, bare_village(second)).at == -1
    people = read_table(
        table(tmp_path / "p.csv", "村（社区）,人口", f"{second},9", "四海农场,1"), report=InputReport("p", "p")
    )
    zones = JoinZones("z", [first, "四海农场"], [None, None], [None, None], None)
    joined = join_rows(people, zones, how="name", column=None, report=InputReport("p", "p"))
    assert joined.zone.tolist() == [-1, 1]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_numerals_are_the_same_however_written(first, second) -> None:
    assert may_be_one(first, second)


def test_a_township_before_the_name_is_no_mark_of_the_village() -> None:
    names = Names(["蓝溪山庄"], [None], ["蓝溪山庄"])
    assert names.find("东田镇兰溪山庄", None, bare_village("东田镇兰溪山庄", "东田镇")).how == "fuzzy"
