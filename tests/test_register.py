"""Names, places, ids, duplicates and rules of a register, each on rows that fit on paper."""

import networkx as nx
import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from register_tables import LAT, LON, STEP, codes, read, table, zone_layer
from shapely import box

from planner import StreetNetwork
from planner.datum import from_wgs84
from planner.findings import InputReport
from planner.project import FacilitySection
from planner.register import (
    Eligibility,
    RegisterFile,
    read_register,
    read_villages,
    reasons,
    standard_rules,
)
from planner.register.names import Names, bare_township, bare_village, folded
from planner.texts import LANGUAGES, catalogue

# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("山坪村", "山坪"),
        ("山坪村民委员会", "山坪"),
        ("水头社区居委会", "水头"),
        (" 水头　社区 ", "水头"),
        ("溪美街道山坪村", "山坪"),
        ("溪美山坪村", "山坪"),
        ("溪美社区", "溪美"),
        ("新村", "新村"),
        ("新村村", "新村"),
        (None, ""),
    ],
)
def test_villages_without_what_they_are_called_besides(name, bare):
    assert bare_village(name, "溪美街道") == bare


def test_townships_without_what_they_are_called_besides():
    assert [bare_township(name) for name in ("溪美街道办事处", "溪美街道", "官桥镇", "官桥镇人民政府", "乡镇")] == [
        "溪美", "溪美", "官桥", "官桥", "乡镇"
    ]  # fmt: skip


def test_names_match_by_code_name_bare_name_likeness_and_never_by_guess():
    names = ["山坪村", "水头社区", "石井村", "石井社区", "东田坂村", "东田板村"]
    known = Names(names, ["1", "2", "3", "4", "5", "6"], [bare_village(name) for name in names])

    def how(name, code=None, within=None):
        match = known.find(name, code, bare_village(name), within)
        return match.at, match.how

    assert how("什么村", "2") == (1, "code")
    assert how("山坪村") == (0, "name")
    assert how("水头村委会") == (1, "normalised")
    assert how("石井") == (-1, "ambiguous")
    assert how("石井社区") == (3, "name")
    assert how("东田扳村") == (-1, "ambiguous"), "one character away from two"
    assert how("东田扳村", within=[0, 4]) == (4, "fuzzy")
    assert how("水投") == (-1, "none"), "one of two characters is not alike enough"
    assert how("山坪村", within=[1, 2]) == (-1, "none")


@given(st.text(alphabet="溪美街道山坪村社区居委会镇 (）a1", max_size=12), st.text(alphabet="溪美街道镇乡", max_size=5))
def test_a_bare_name_is_part_of_the_name_and_no_shorter_than_two_characters_of_it(name, township):
    bare = bare_village(name, township)
    assert bare in folded(name)
    assert len(bare) >= min(2, len(folded(name)))


# --- rows without coordinates -----------------------------------------------------------------------------------------


def test_rows_without_coordinates_are_placed_marked_and_never_dropped(tmp_path):
    path = table(
        tmp_path / "r.csv",
        "名称,乡镇,村,村代码,经度,纬度",
        f"given,溪美街道,山坪村,,{LON + 0.001},{LAT + 0.001}",  # row 2
        "by code,,,350583003,,",
        "by name,溪美街道,山坪村,,,",
        "by bare name,溪美,水头居委会,,,",
        "other township,柳城街道,山坪村,,,",
        "unknown village,柳城街道,黄坂村,,,",  # row 7
        "no village,柳城街道,,,,",
        "nothing,,,,,",
        "village of two,,山坪村,,,",  # row 10: both townships have one
    )
    points, (report,) = read(path, folder=tmp_path)
    at = points.set_index("name")
    half = STEP / 2
    assert at["position_quality"].to_dict() == {
        "given": "given", "by code": "village", "by name": "village", "by bare name": "village", "other township": "village",
        "unknown village": "township", "no village": "township", "nothing": None, "village of two": None,
    }  # fmt: skip
    for name, i, j in (("by code", 1, 1), ("by name", 0, 0), ("by bare name", 0, 1), ("other township", 1, 0)):
        home = box(LON + i * STEP, LAT + j * half, LON + (i + 1) * STEP, LAT + (j + 1) * half)
        assert home.contains(at.geometry[name])
        # half the diagonal of 0.02 degrees of longitude (2,019 m here) by 0.01 of latitude (1,108 m)
        assert at["position_uncertainty_m"][name] == pytest.approx(np.hypot(2019, 1108) / 2, rel=0.01)
    assert at.geometry["nothing"].is_empty and at.geometry["village of two"].is_empty
    assert at["excluded_reason"].to_dict() == {
        "given": None, "by code": None, "by name": None, "by bare name": None, "other township": None,
        "unknown village": "vague_position", "no village": "vague_position", "nothing": "no_position",
        "village of two": "no_position",
    }  # fmt: skip
    assert codes(report) == [
        ("placed_village", 3),
        ("placed_village", 4),
        ("placed_village", 5),
        ("placed_village", 6),
        ("village_unknown", 7),
        ("placed_township", 7),
        ("placed_township", 8),
        ("no_position", 9),
        ("village_ambiguous", 10),
        ("no_position", 10),
    ]
    assert report.figures["positions"] == {"given": 1, "village": 4, "township": 2, "none": 2}


def test_a_table_without_any_coordinates_is_placed_and_its_headers_are_reported(tmp_path):
    points, (report,) = read(table(tmp_path / "r.csv", "名称,乡镇,村,经渡", "a,溪美街道,山坪村,1"), folder=tmp_path)
    assert points["position_quality"].tolist() == ["village"]
    assert codes(report)[0] == ("no_coordinate_columns", None)
    assert "经渡" in report.to_dict("zh")["findings"][0]["remedy"]


def test_villages_known_as_points_place_rows_too(tmp_path):
    path = table(tmp_path / "v.csv", "村名,经度,纬度", f"山坪村,{LON + 0.005},{LAT}", f"水头村,{LON + 0.015},{LAT}")
    villages = read_villages(path, report=InputReport("villages", "v"), zones=zone_layer())
    assert villages.zone == ["溪美街道", "溪美街道"], "said by where they lie"
    points, _ = read(table(tmp_path / "r.csv", "名称,乡镇,村", "a,溪美街道,水头"), villages=villages)
    assert points.geometry[0].x == pytest.approx(LON + 0.015)
    assert points["position_uncertainty_m"][0] == pytest.approx(1009, abs=3), "the way to the next village"


def test_a_village_without_a_street_at_its_middle_goes_to_the_nearest_street_inside_it(tmp_path):
    x, y = from_wgs84([LON + 0.001, LON + 0.001], [LAT - 0.001, LAT + 0.012], "EPSG:32650")
    graph = nx.MultiDiGraph(crs="EPSG:32650")
    for number, (east, north) in enumerate(zip(x, y, strict=True)):
        graph.add_node(number, x=float(east), y=float(north))
    graph.add_edge(0, 1, highway="residential")
    network = StreetNetwork.from_graph(graph)  # a street along the western border of 山坪村, 900 m from its middle
    path = table(tmp_path / "r.csv", "名称,乡镇,村", "a,溪美街道,山坪村", "b,柳城街道,石井村")
    points, _ = read(path, folder=tmp_path, network=network)
    assert points.geometry[0].x == pytest.approx(LON + 0.001, abs=2e-5)
    assert points.geometry[1].x == pytest.approx(LON + 1.5 * STEP, abs=1e-4), "no street inside: left where it was"


def test_the_township_may_stand_in_the_name_of_the_file_or_sheet(tmp_path):
    by_file = table(tmp_path / "02柳城街道摸排表(1).csv", "名称,村", "a,山坪村")
    book = openpyxl.Workbook()
    for title in ("溪美", "柳城街道"):
        sheet = book.create_sheet(title)
        sheet.append(["名称", "村"])
        sheet.append([f"仓库{title}", "山坪村"])
    book.remove(book.worksheets[0])
    book.save(tmp_path / "全县.xlsx")
    unknown = table(tmp_path / "溪美街道和柳城街道.csv", "名称,村", "d,山坪村")
    points, reports = read(by_file, tmp_path / "全县.xlsx", unknown, folder=tmp_path)
    assert points["zone"].tolist() == ["柳城街道", "溪美街道", "柳城街道", None], "two townships in a name say nothing"
    assert [("zone_of_file", None) in codes(report) for report in reports] == [True, True, False]


def test_a_point_far_outside_the_township_that_its_row_names_is_reported(tmp_path):
    path = table(
        tmp_path / "r.csv",
        "名称,乡镇,经度,纬度",
        f"a,柳城街道,{LON + 0.001},{LAT + 0.01}",
        f"b,溪美,{LON + STEP + 0.001},{LAT}",
    )
    _, (report,) = read(path)
    assert codes(report) == [("other_zone", 2)], "100 m over the border is drawing"
    assert report.findings[0].params["distance_km"] == pytest.approx(1.92, abs=0.02)


# --- ids over several files -------------------------------------------------------------------------------------------


def test_workbooks_that_all_count_from_one_get_their_township_before_the_number(tmp_path):
    rows = (f"1,甲,溪美街道,{LON},{LAT}", f"2,乙,溪美街道,{LON + 0.003},{LAT}")
    a = table(tmp_path / "a.csv", "编号,名称,乡镇,经度,纬度", *rows)
    b = table(tmp_path / "b.csv", "编号,名称,乡镇,经度,纬度", f"1,丙,柳城街道,{LON + 0.03},{LAT}")
    points, reports = read(a, b)
    assert points["id"].tolist() == ["溪美街道:1", "溪美街道:2", "柳城街道:1"]
    assert [("ids_of_township", None) in codes(report) for report in reports] == [True, True]
    c = table(tmp_path / "c.csv", "编号,名称,乡镇,经度,纬度", f"3,丁,柳城街道,{LON + 0.03},{LAT}")
    assert read(a, c)[0]["id"].tolist() == ["1", "2", "3"], "numbers that are unique stay as they are"


# --- duplicates -------------------------------------------------------------------------------------------------------


def test_which_rows_are_one_building(tmp_path):
    far, near = LON + 0.01, LON + 0.0002  # 1 km and 20 m
    headers = "编号,名称,乡镇,村,经度,纬度,建筑面积,权属"
    first = table(
        tmp_path / "a.csv", headers,
        f"1,旧小学,溪美街道,山坪村,{LON},{LAT},300,",
        f"2,溪美街道山坪村旧小学,溪美街道,山坪村,{LON},{LAT},300,国有",  # says more: merged, taken over
        f"3,供销社,溪美街道,山坪村,{LON},{LAT + 0.01},120,国有",
        f"4,供销社,溪美街道,山坪村,{far},{LAT + 0.01},120,国有",  # same name, 1 km away: another one
        f"5,甲仓库1号,溪美街道,水头社区,{LON},{LAT + 0.015},50,",
        f"6,甲仓库2号,溪美街道,水头社区,{near},{LAT + 0.015},50,",  # the next house
        "7,古大厝,柳城街道,石井村,,,80,",
    )  # fmt: skip
    second = table(
        tmp_path / "b.csv", headers.replace("编号", "序"),
        f"1,石井村古大厝,柳城街道,石井村,{LON + 0.03},{LAT + 0.015},90,",  # has a place: it stays, the other goes
        f"2,山坪旧小学校,溪美街道,,{near},{LAT},300,",  # 20 m from row 2 and alike
    )  # fmt: skip
    points, (one, two) = read(first, second, folder=tmp_path)
    name = points["id"].tolist()
    assert points["duplicate_of"].tolist() == [None, "1", None, None, None, None, name[7], None, "1"]
    assert points["excluded_reason"].tolist() == [
        None,
        "duplicate",
        None,
        None,
        None,
        None,
        "duplicate",
        None,
        "duplicate",
    ]
    assert points["ownership"][0] == "国有", "what only the repeat says is taken over"
    found = [code for code in codes(one) if "placed" not in code[0]]
    assert found == [("same_name", 5), ("duplicate_merged", 3), ("duplicate_differs", 8)]
    assert sorted(codes(two)) == [("duplicate_contradicts", 2), ("duplicate_merged", 3)]
    said = next(f for f in one.to_dict("en")["findings"] if f["code"] == "register.duplicate_differs")["message"]
    assert "b.csv, row 2" in said and '"90" and "80"' in said


# --- eligibility ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "yes", "no"),
    [
        ("ownership", ["权属不清", "产权有争议", "存在纠纷，未决", "disputed"],
         ["村集体", "无争议", "权属清晰，无纠纷", "纠纷已解决", "无产权证", "undisputed", None, ""]),
        ("condition", ["D级", "D 级危房", "Ｄ级", "d", "D", "整幢危房", "grade D"],
         ["A级", "C级", "未鉴定", "非D级", "良好", "B"]),
        ("heritage", ["是", "县级文物保护单位", "省级", "未定级不可移动文物"],
         ["否", "无", "历史建筑", "非文物保护单位", "不是"]),
        ("hazard", ["地质灾害隐患点", "是", "滑坡隐患点", "高风险"],
         ["否", "无", "否（距隐患点 500 米）", "不在隐患点范围内", "已销号隐患点"]),
        ("land_use", ["永久基本农田", "基本农田"], ["建设用地", "不占用永久基本农田", "宅基地"]),
    ],
)  # fmt: skip
def test_the_standard_rules_cell_by_cell(field, yes, no):
    (rule,) = (rule for rule in standard_rules() if rule.field == field)
    assert [cell for cell in yes if not rule.excludes(cell)] == []
    assert [cell for cell in no if rule.excludes(cell)] == []


def test_every_rule_has_its_reason_and_its_source_in_both_languages():
    assert len(standard_rules()) == 5
    for language in LANGUAGES:
        for rule in standard_rules():
            assert f"register.law_{rule.reason}" in catalogue(language)
        assert {f"register.excluded_{reason}" for reason in reasons()} <= catalogue(language).keys()


def test_rules_exclude_candidates_alone_and_each_is_listed_with_its_reason(tmp_path):
    path = table(
        tmp_path / "r.csv", "编号,状态,权属,建筑面积,层数,经度,纬度",
        f"A,备选,权属不清,500,2,{LON},{LAT}", f"B,必选,国有,100,2,{LON + 0.01},{LAT}", f"C,保留,权属不清,90,2,{LON},{LAT + 0.01}",
        f"D,备选,国有,,3,{LON + 0.01},{LAT + 0.01}", f"E,备选,国有,300,9,{LON + 0.005},{LAT + 0.01}",
    )  # fmt: skip
    rules = [
        Eligibility("area_m2", "面积不足 200 平方米", below=200),
        Eligibility("floors", "楼层过高", above=6),
        *standard_rules(),
    ]
    points, (report,) = read(path, rules=rules)
    assert points["excluded_reason"].tolist() == ["ownership_disputed", "面积不足 200 平方米", None, None, "楼层过高"]
    assert codes(report)[-3:] == [("ineligible", 3), ("ineligible", 6), ("ineligible_by_law", 2)]
    message = report.to_dict("zh")["findings"][-1]["message"]
    assert "不动产登记暂行条例" in message and "权属：权属不清" in message
    assert list(read(path)[0]["excluded_reason"]) == [None] * 5, "no rules, no exclusion"


# --- existing centres that may be upgraded ----------------------------------------------------------------------------


def test_centres_that_may_be_upgraded_are_open_and_marked(tmp_path):
    path = table(
        tmp_path / "c.csv", "名称,状态,建设方式,是否改造提升,经度,纬度",
        f"a,改造提升,,,{LON},{LAT}", f"b,保留,改造提升,,{LON + 0.01},{LAT}", f"c,,,是,{LON},{LAT + 0.01}",
        f"d,,新建,否,{LON + 0.01},{LAT + 0.01}", f"e,,不改造提升,,{LON + 0.005},{LAT + 0.01}",
    )  # fmt: skip
    points, _ = read(path, role="centres")
    assert points["status"].tolist() == ["existing"] * 5
    assert points["upgradable"].tolist() == [True, True, True, False, False]


def test_a_building_among_centres_and_candidates_at_once_is_reported(tmp_path):
    centres = table(
        tmp_path / "c.csv", "编号,名称,经度,纬度", f"a,山坪邻里中心,{LON},{LAT}", f"b,东楼,{LON + 0.01},{LAT}"
    )
    rows = [f"x,山坪邻里中心,{LON},{LAT + 0.0005}", f"y,西楼,{LON + 0.01},{LAT}", f"z,供销社,{LON},{LAT}"]
    candidates = table(tmp_path / "s.csv", "编号,名称,经度,纬度", *rows)
    reports = [InputReport("centres", "c.csv"), InputReport("candidates", "s.csv")]
    section = FacilitySection(source="register", datum="WGS-84")
    files = [RegisterFile(path, r.role, section, r) for path, r in zip((centres, candidates), reports, strict=True)]
    points = read_register(files).points
    assert codes(reports[1]) == [("in_both", 2)]
    assert points["excluded_reason"].isna().all()
