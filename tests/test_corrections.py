"""Corrections replayed, refused, and appended."""

import csv
from pathlib import Path

import pytest
from openpyxl import Workbook
from register_tables import LAT, LON, codes, read, table

from planner.errors import InputError
from planner.findings import InputReport
from planner.register import (
    corrections,
    read_corrections,
)

# --- corrections ------------------------------------------------------------------------------------------------------


def corrected(tmp_path: Path, register: Path, **more):
    report = InputReport("corrections", "corrections.csv")
    found = read_corrections(tmp_path / "corrections.csv", report=report)
    points, _ = read(register, corrections=found, corrections_report=report, **more)
    return points.set_index("id"), report


def test_corrections_are_replayed_and_those_whose_old_no_longer_fits_are_not(tmp_path):
    register = table(
        tmp_path / "r.csv", "编号,名称,状态,建筑面积,权属,经度,纬度",
        f"A,旧小学,备选,300,权属不清,{LON},{LAT}", f"B,供销社,备选,120,国有,{LON + 0.01},{LAT}",
    )  # fmt: skip
    table(
        tmp_path / "corrections.csv", "编号,字段,原值,新值,更正人,原因",
        "A,权属,权属不清,村集体,王工,已确权",  # row 2
        "A,建筑面积,300,320.5,王工,实测",
        "B,area_m2,100,150,王工,",  # row 4: the register says 120
        "B,status,备选,排除,王工,",
        "C,name,a,b,王工,",  # row 6: no such id
        "B,权数,a,b,王工,",  # row 7: no such field
        "B,longitude,118,x,王工,",  # row 8: no number
        "B,name,供销社,供销社,王工,",  # row 9: so it is already
        f"A,longitude,{LON},118.5,王工,", "A,latitude,20,24.9,王工,",  # rows 10, 11: half of it does not fit
    )  # fmt: skip
    points, report = corrected(tmp_path, register)
    assert points.loc["A", ["ownership", "area_m2"]].tolist() == ["村集体", 320.5]
    assert points.loc["B", ["status", "area_m2", "name"]].tolist() == ["forbidden", 120, "供销社"]
    assert (points.geometry["A"].x, points.geometry["A"].y) == (LON, LAT)
    assert codes(report) == [
        ("correction_field", 7),
        ("correction_old", 4),
        ("correction_id", 6),
        ("correction_value", 8),
        ("correction_done", 9),
        ("correction_old", 11),
    ]
    assert (report.rows_read, report.rows_used) == (10, 3)
    nearest = {finding.code: finding.params.get("nearest") for finding in report.findings}
    assert nearest["register.correction_id"] in ("A", "B")
    assert points.loc["A", "excluded_reason"] is None


def test_a_drag_on_the_map_is_appended_and_holds(tmp_path):
    register = table(
        tmp_path / "r.csv", "编号,名称,乡镇,经度,纬度", f"A,旧小学,溪美街道,{LON},{LAT}", "B,供销社,溪美街道,,"
    )
    path = tmp_path / "corrections.csv"
    corrections.append_move(path, id="A", old=(LON, LAT), new=(LON + 0.002, LAT), who="王工", why="拖动")
    corrections.append_move(path, id="B", old=None, new=(LON + 0.004, LAT + 0.004))
    corrections.append_move(path, id="B", old=(LON + 0.004, LAT + 0.004), new=(LON + 0.005, LAT))
    corrections.append(path, id="B", field="name", old="供销社", new='供销社, "老"')
    points, report = corrected(tmp_path, register)
    assert {f.code for f in report.findings} == {"register.correction_done"}, "one half of the second move was no move"
    assert points.geometry["A"].x == pytest.approx(LON + 0.002, abs=1e-7)
    assert points.geometry["B"].coords[0] == pytest.approx((LON + 0.005, LAT), abs=1e-7)
    assert points["position_quality"].tolist() == ["given", "given"]
    assert points["name"]["B"] == '供销社, "老"'
    assert path.read_bytes().startswith("\ufeffid,field,old,new,who,why\n".encode())
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")] == []


def test_appending_keeps_what_is_there_with_its_own_headers(tmp_path):
    path = tmp_path / "corrections.csv"
    path.write_bytes("原因,编号,字段,原值,新值,备注\r\n确权,A,权属,不清,国有,x".encode("utf-8-sig"))
    corrections.append(path, id="B", field="zone", old=None, new="溪美街道", why="漏填")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows == [
        ["原因", "编号", "字段", "原值", "新值", "备注"],
        ["确权", "A", "权属", "不清", "国有", "x"],
        ["漏填", "B", "zone", "", "溪美街道", ""],
    ]


def test_what_cannot_be_appended_leaves_the_table_as_it_was(tmp_path):
    path = tmp_path / "corrections.csv"
    with pytest.raises(InputError) as caught:
        corrections.append(path, id="A", field="nmae", old="a", new="b")
    assert caught.value.params["nearest"] == "name" and not path.exists()
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError):
        corrections.append(path, id="A", field="name", old="a", new="b")
    path.write_bytes("编号,字段,原值,新值\n".encode("gb18030"))
    with pytest.raises(InputError) as caught:
        corrections.append(path, id="A", field="name", old="a", new="b")
    assert caught.value.code == "register.corrections_not_text"
    assert path.read_bytes() == "编号,字段,原值,新值\n".encode("gb18030")
    table(path, "编号,字段,新值", "A,name,b")
    with pytest.raises(InputError) as caught:
        read_corrections(path, report=InputReport("corrections", "c"))
    assert caught.value.params["column"] == "old"


# --- ids of townships that all count from one -------------------------------------------------------------------------


def _sheets(path: Path, *townships: str) -> Path:
    book = Workbook()
    book.remove(book.active)
    for number, name in enumerate(townships):
        sheet = book.create_sheet(name)
        sheet.append(["编号", "名称", "状态", "经度", "纬度"])
        for row in (1, 2):
            sheet.append([row, f"{name}旧屋{'甲乙'[row - 1]}", "备选", LON + 0.003 * number, LAT + 0.003 * row])
    book.save(path)
    return path


@pytest.mark.parametrize("as_list", [False, True], ids=["sheets", "one list"])
def test_ids_of_many_townships_carry_their_township_and_stay_when_one_goes(tmp_path, as_list):
    names = ["甲镇", "乙镇", "丙（新）镇"]
    line = "丙（新）镇：2,状态,备选,排除,王工,"  # full width, as some type it
    table(tmp_path / "corrections.csv", "编号,字段,原值,新值,更正人,原因", line, "1-3,状态,备选,排除,王工,")
    for left in (names, names[1:]):
        if as_list:
            rows = [
                f"{n},{z}旧屋{n},备选,{z},{LON + 0.003 * i},{LAT + 0.003 * n}"
                for i, z in enumerate(left)
                for n in (1, 2)
            ]
            register = table(tmp_path / "r.csv", "编号,名称,状态,乡镇,经度,纬度", *rows)
        else:
            register = _sheets(tmp_path / "r.xlsx", *left)
        points, report = corrected(tmp_path, register)
        assert points.index[points["status"] == "forbidden"].tolist() == ["丙(新)镇:2"]
        assert codes(report) == [("correction_id", 3)]
        assert "own_id" not in points


def test_a_correction_whose_id_may_mean_several_buildings_is_refused(tmp_path):
    rows = [
        f"{n},{name},备选,{LON + 0.003 * at},{LAT}"
        for at, (n, name) in enumerate([(1, "旧小学"), (1, "粮站"), (2, "厂房")])
    ]
    register = table(tmp_path / "r.csv", "编号,名称,状态,经度,纬度", *rows)
    lines = ["1,状态,备选,排除,王工,", "1-2,状态,备选,排除,王工,", "２,状态,备选,排除,王工,"]
    table(tmp_path / "corrections.csv", "编号,字段,原值,新值,更正人,原因", *lines)
    points, report = corrected(tmp_path, register)
    assert codes(report) == [("correction_several", 2), ("correction_several", 3)]
    assert points["status"].tolist() == ["candidate", "candidate", "forbidden"]
