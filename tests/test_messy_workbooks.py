"""What every real sheet has wrong with it, one small workbook a case, and the exact report of each."""

import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import xlwt

from planner.errors import CRSError
from planner.findings import InputReport
from planner.tables import Facilities, read_facilities, read_table

LON, LAT = 118.386, 24.960
PLAIN = ["名称", "经度", "纬度"]

Sheet = list[list[Any]]


def xlsx(path: Path, *sheets: Sheet, titles: tuple[str, ...] = (), merged: tuple[str, ...] = ()) -> Path:
    """Write sheets of rows; `merged` cells are those of the first."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(titles[number] if titles else f"Sheet{number + 1}")
        for row in rows:
            sheet.append(row)
    for area in merged:
        book.worksheets[0].merge_cells(area)
    book.save(path)
    return path


def xls(path: Path, rows: Sheet) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if value is not None:
                sheet.write(r, c, value)
    book.save(str(path))
    return path


def ods(path: Path, rows: Sheet) -> Path:
    """Write an OpenDocument sheet as LibreOffice does: typed cells, and one repeated blank at the end of each row."""

    def cell(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'

    filler = '<table:table-cell table:number-columns-repeated="1000"/>'
    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}{filler}</table:table-row>" for row in rows)
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="Sheet1">{lines}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return path


def read(path: Path, *, datum: str = "WGS-84", **options: Any) -> tuple[Facilities, list[tuple[str, str, int | None]]]:
    report = InputReport("candidates", path.name)
    facilities = read_facilities(path, role="candidates", datum=datum, report=report, **options)
    return facilities, [(f.code.removeprefix("tables."), f.action, f.row) for f in report.findings]


def row(name: str, *more: Any) -> list[Any]:
    return [name, LON, LAT, *more]


# --- above, below and between the rows --------------------------------------------------------------------------------


def test_title_and_notes_above_the_header_totals_and_signatures_below(tmp_path):
    facilities, found = read(
        xlsx(
            tmp_path / "t.xlsx",
            [
                ["闲置资产摸排表"],
                ["填报单位：溪美街道", None, None, "单位：万元、平方米"],
                [*PLAIN, "改造费用", "建筑面积"],
                row("旧小学", 30, 300),
                row("小计", 30, 300)[:1] + [None, None, 30, 300],
                row("供销社", 12.5, 120),
                [],
                ["合计", None, None, 42.5, 420],
                ["注：以上为初步摸排"],
                ["填表人：王工", None, "审核："],
            ],
        )
    )
    points = facilities.points
    assert points["name"].tolist() == ["旧小学", "供销社"]
    assert points["source_row"].tolist() == [4, 6]
    assert points["cost_yuan"].tolist() == [300_000, 125_000]
    assert found == [
        ("header_below", "note", None),
        ("totals_row", "note", 5),
        ("totals_row", "note", 8),
        ("note_row", "note", 9),
        ("note_row", "note", 10),
        ("unit_above", "note", None),
    ]


def test_a_header_of_two_rows_with_merged_cells(tmp_path):
    facilities, found = read(
        xlsx(
            tmp_path / "t.xlsx",
            [
                ["名称", "坐标", None, "投资（万元）", None],
                [None, "经度", "纬度", "总投资", "其中：已拨付"],
                row("旧小学", 30, 5),
            ],
            merged=("A1:A2", "B1:C1", "D1:E1"),
        )
    )
    points = facilities.points
    assert points[["name", "cost_yuan"]].iloc[0].tolist() == ["旧小学", 300_000]
    assert facilities.headers == ("名称", "坐标/经度", "坐标/纬度", "投资（万元）/总投资", "投资（万元）/其中：已拨付")
    assert found == []


def test_cells_merged_down_stand_for_all_their_rows_but_an_amount_only_once(tmp_path):
    facilities, found = read(
        xlsx(
            tmp_path / "t.xlsx",
            [
                [*PLAIN, "镇街", "建筑面积"],
                row("一号楼", "溪美街道", 900),
                row("二号楼", None, None),
                row("三号楼", None, None),
                row("供销社", "柳城街道", 120),
            ],
            merged=("D2:D4", "E2:E4"),
        )
    )
    points = facilities.points
    assert points["zone"].tolist() == ["溪美街道"] * 3 + ["柳城街道"]
    assert points["area_m2"].tolist() == pytest.approx([900, np.nan, np.nan, 120], nan_ok=True)
    assert sorted(found, key=str) == [("merged_amount", "doubtful", 2), ("merged_down", "note", None)]


def test_rows_that_only_help_to_fill_the_table_in_and_headers_on_every_page(tmp_path):
    facilities, found = read(
        xlsx(
            tmp_path / "t.xlsx",
            [
                [*PLAIN, "备注"],
                [1, 2, 3, 4],
                ["示例", 118.1, 24.1, "村部东侧"],
                row("旧小学", "a"),
                [*PLAIN, "备注"],
                row("供销社", "b"),
            ],
        )
    )
    assert facilities.points["name"].tolist() == ["旧小学", "供销社"]
    assert sorted(found, key=lambda item: item[2]) == [
        ("column_numbers_row", "note", 2),
        ("example_row", "note", 3),
        ("repeated_header_row", "note", 5),
    ]


def test_sheets_under_the_same_headers_are_one_table_without_the_summary_and_the_rest(tmp_path):
    west, east = row("旧小学", 300), row("供销社", 120)
    header = [*PLAIN, "建筑面积"]
    facilities, found = read(
        xlsx(
            tmp_path / "t.xlsx",
            [header, west, east],
            [header, west],
            [header, east],
            [header],
            [["填表说明"], ["请如实填写"]],
            titles=("汇总", "溪美街道", "柳城街道", "官桥镇", "说明"),
        )
    )
    assert facilities.points["name"].tolist() == ["旧小学", "供销社"]
    assert facilities.points["source_sheet"].tolist() == ["溪美街道", "柳城街道"]
    assert facilities.points["source_row"].tolist() == [2, 2]
    assert found == [
        ("summary_sheet", "note", None),
        ("sheets_joined", "note", None),
        ("sheet_without_rows", "doubtful", None),
        ("other_sheets", "note", None),
    ]


# --- in the cells -----------------------------------------------------------------------------------------------------


def test_full_width_digits_units_in_cells_and_blanks_at_both_ends(tmp_path):
    facilities, found = read(
        xlsx(
            tmp_path / "t.xlsx",
            [
                [" 点位名称 ", "经度", "纬度", "建筑面积\n（㎡）", "改造费用（元）", "编号"],
                ["  旧小学　", "１１８．３８６", " 24.960 ", "约300平米", "12万", "００１"],
                ["供销社", LON, LAT, "１，２００", "50万元", "002"],
                ["—", LON, LAT, "不详", "／", "003"],
            ],
        )
    )
    points = facilities.points
    assert points["name"].tolist() == ["旧小学", "供销社", None]
    assert points["id"].tolist() == ["001", "002", "003"]
    assert points["area_m2"].tolist() == pytest.approx([300, 1200, np.nan], nan_ok=True)
    assert points["cost_yuan"].tolist() == pytest.approx([120_000, 500_000, np.nan], nan_ok=True)
    assert points.geometry.x.tolist() == pytest.approx([LON] * 3)
    assert sorted(found, key=str) == [
        ("amount_pending", "doubtful", 4),
        ("amount_read", "repaired", 2),
        ("amount_read", "repaired", 2),
        ("amount_read", "repaired", 3),
        ("amount_read", "repaired", 3),
        ("no_name", "doubtful", 4),
    ]


@pytest.mark.parametrize(
    "cells",
    [
        ("118°23′09.6″", "24°57′36″"),
        ("118°23'9.6\"E", "24°57'36\"N"),
        ("118度23分9.6秒", "24度57分36秒"),
        ("东经118°23.16′", "北纬24°57.6′"),
        ("E118 23 9.6", "N24 57 36"),
    ],
)
def test_degrees_minutes_seconds(tmp_path, cells):
    facilities, found = read(xlsx(tmp_path / "t.xlsx", [PLAIN, ["旧小学", *cells]]))
    assert facilities.points.geometry[0].coords[0] == pytest.approx((LON, LAT), abs=1e-9)
    assert found == [("sexagesimal", "note", None)]


@pytest.mark.parametrize(
    ("header", "cell", "extra"),
    [
        ("经纬度", f"{LON},{LAT}", []),
        ("坐标", f"（{LON}，{LAT}）", []),
        ("纬经度", f"{LAT} {LON}", []),
        ("位置坐标", f"{LAT},{LON}", [("turned_pair", "repaired", 2)]),
    ],
)
def test_both_coordinates_in_one_cell(tmp_path, header, cell, extra):
    facilities, found = read(xlsx(tmp_path / "t.xlsx", [["名称", header], ["旧小学", cell]]))
    assert facilities.points.geometry[0].coords[0] == pytest.approx((LON, LAT))
    assert found == extra


def test_formulas_without_a_stored_value_are_blank_and_named(tmp_path):
    path = xlsx(tmp_path / "t.xlsx", [[*PLAIN, "建筑面积"], row("旧小学", "=100*3"), row("供销社", 120)])
    facilities, found = read(path)
    assert facilities.points["area_m2"].tolist() == pytest.approx([np.nan, 120], nan_ok=True)
    assert found == [("formula_no_value", "doubtful", 2)]


# --- coordinates of the land survey -----------------------------------------------------------------------------------


def test_gauss_kruger_in_every_way_of_writing_it(tmp_path):
    from planner.datum import from_wgs84

    x, y = (float(value) for value in from_wgs84(117.4, 24.960, "EPSG:4548"))  # CM 117 E, zone 39
    for headers, a, b, datum, expected in (
        (("X", "Y"), x, y, "EPSG:4548", []),
        (("X", "Y"), y, x, "EPSG:4548", [("turned", "repaired", 2)]),
        (("X坐标", "Y坐标"), y, 39e6 + x, "CGCS2000", [("turned", "repaired", 2)]),
        (("横坐标Y", "纵坐标X"), 39e6 + x, y, "EPSG:4548", []),
        (("X", "Y"), x / 1000, y / 1000, "EPSG:4548", [("kilometres", "note", None)]),
    ):
        facilities, found = read(xlsx(tmp_path / "t.xlsx", [["名称", *headers], ["旧小学", a, b]]), datum=datum)
        assert facilities.points.geometry[0].coords[0] == pytest.approx((117.4, 24.960), abs=1e-8), (headers, datum)
        assert found == expected, (headers, datum)
    with pytest.raises(CRSError) as caught:
        read(xlsx(tmp_path / "t.xlsx", [["名称", "X", "Y"], ["旧小学", x, y]]), datum="CGCS2000")
    assert caught.value.code == "tables.zone_needed"


# --- the other formats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("write", "suffix"), [(xls, ".xls"), (ods, ".ods")])
def test_old_and_open_workbooks_are_read_like_new_ones(tmp_path, write, suffix):
    rows = [["摸排表"], [*PLAIN, "建筑面积"], row("旧小学", 300), row("供销社", "约120平米"), ["合计", None, None, 420]]
    facilities, found = read(write(tmp_path / f"t{suffix}", rows))
    assert facilities.points["name"].tolist() == ["旧小学", "供销社"]
    assert facilities.points["area_m2"].tolist() == [300, 120]
    assert facilities.points["source_row"].tolist() == [3, 4]
    assert found == [("header_below", "note", None), ("totals_row", "note", 5), ("amount_read", "repaired", 4)]


def test_a_geodatabase_and_a_parquet_file(tmp_path):
    layer = gpd.GeoDataFrame({"名称": ["旧小学"], "面积": [300.0]}, geometry=gpd.points_from_xy([LON], [LAT]), crs=4326)
    layer.to_file(tmp_path / "t.gdb", driver="OpenFileGDB")
    layer.to_parquet(tmp_path / "t.parquet")
    for name in ("t.gdb", "t.parquet"):
        points = read(tmp_path / name)[0].points
        assert points["name"].tolist() == ["旧小学"] and points["area_m2"].tolist() == [300]
        assert points.geometry[0].coords[0] == pytest.approx((LON, LAT))


def test_headers_that_only_the_project_knows(tmp_path):
    path = xlsx(tmp_path / "t.xlsx", [["楼盘", "东", "北", "平方数"], ["旧小学", LON, LAT, 300]])
    synonyms = {"name": ["楼盘"], "longitude": ["东"], "latitude": ["北"], "area_m2": ["平方数"]}
    points = read(path, synonyms=synonyms)[0].points
    assert points.loc[0, ["name", "area_m2"]].tolist() == ["旧小学", 300]
    assert points.geometry[0].coords[0] == pytest.approx((LON, LAT))


def test_an_xls_whose_count_of_shared_texts_is_wrong_is_read(tmp_path):
    path = xls(tmp_path / "t.xls", [["name", "population"], ["A", 1], ["B", 2]])
    data = bytearray(path.read_bytes())
    at = data.index(b"name") - 3  # the texts come after the record's head, 4 bytes, and two counts
    count = int.from_bytes(data[at - 4 : at], "little")
    assert count == 4
    data[at - 4 : at] = (count + 1).to_bytes(4, "little")
    path.write_bytes(data)
    assert read_table(path, report=InputReport("x", path.name))["population"].tolist() == [1, 2]
