"""What a sentence says of a row is said in the reader's words, and a position or a building that is doubtful is doubted."""

from planner.findings import InputReport
from planner.tables import read_facilities
from planner.texts import say


def test_a_row_without_a_name_is_no_none():
    for nothing in (None, float("nan")):
        zh = say("study.too_far", "zh", name=nothing, id="s0002", distance_km=1, reach_m=900)
        en = say("study.too_far", "en", name=nothing, id="s0002", distance_km=1, reach_m=900)
        assert zh.startswith("未命名点位（s0002）") and en.startswith("an unnamed site (s0002)")


def test_statuses_and_columns_are_words(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "名称,经度,纬度,状态,建筑面积\na,118.386512,24.961234,甲类,无数\nb,118.386522,24.971234,备选,很多\n",
        encoding="utf-8",
    )
    report = InputReport("candidates", path.name)
    read_facilities(path, role="candidates", datum="WGS-84", report=report)
    said = " ".join(finding.to_dict("zh")["message"] for finding in report.findings)
    assert "备选" in said and "建筑面积" in said and "candidate" not in said and "area_m2" not in said


def test_positions_of_two_decimals_beside_finer_ones_are_doubted_by_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("名称,经度,纬度\na,118.386512,24.961234\nb,118.39,24.9\nc,118.39,24.971234\n", encoding="utf-8")
    report = InputReport("centres", path.name)
    read_facilities(path, role="centres", datum="WGS-84", report=report)
    assert [(f.code, f.action, f.row) for f in report.findings] == [("tables.coarse_position", "doubtful", 3)]


def test_a_table_of_coarse_positions_is_doubted_as_a_whole(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("名称,经度,纬度\n" + "".join(f"n{at},118.{at},24.{at}\n" for at in range(10, 25)), encoding="utf-8")
    report = InputReport("centres", path.name)
    read_facilities(path, role="centres", datum="WGS-84", report=report)
    assert [(f.code, f.row, f.params["count"]) for f in report.findings] == [("tables.coarse_positions", None, 15)]
