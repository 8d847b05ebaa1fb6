"""Tables as counties send them: each test writes a real file and expects the exact rows, values and findings."""

import csv
import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from cities import SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.datum import from_wgs84
from planner.errors import CRSError, InputError, PlannerError
from planner.findings import InputReport
from planner.tables import Facilities, as_numbers, as_texts, find_columns, nearest_header, read_facilities, read_table
from planner.tables.headers import SYNONYMS, fold, unit_of
from planner.texts import LANGUAGES, say

LON, LAT = 118.386, 24.960


def report_of(path: Path, role: str = "centres") -> InputReport:
    return InputReport(role, path.name)


def text_file(path: Path, lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(lines.encode(encoding))
    return path


def workbook(path: Path, rows: list[list[Any]], *, more: dict[str, list[list[Any]]] | None = None) -> Path:
    book = openpyxl.Workbook()
    sheets = {"Sheet1": rows, **(more or {})}
    for number, (title, content) in enumerate(sheets.items()):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = title
        for row in content:
            sheet.append(row)
    book.save(path)
    return path


def read(path: Path, **options: Any) -> tuple[Facilities, InputReport]:
    report = report_of(path)
    facilities = read_facilities(path, report=report, **{"role": "centres", "datum": "WGS-84", **options})
    assert report.rows_read == report.rows_used + report.count("dropped")
    for language in LANGUAGES:
        report.to_dict(language)  # every finding has its sentence
    return facilities, report


def findings(report: InputReport) -> list[tuple[str, str, int | None]]:
    return [(finding.code.removeprefix("tables."), finding.action, finding.row) for finding in report.findings]


def refusal(path: Path, kind: type[PlannerError] = InputError, **options: Any) -> PlannerError:
    with pytest.raises(kind) as error:
        read(path, **options)
    for language in LANGUAGES:
        assert path.name in error.value.message(language)
    return error.value


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_chinese_text_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = text_file(tmp_path / "t.csv", "名称,经度,纬度\n溪美街道中心,118.386,24.960\n", encoding)
    frame = read_table(path, report=report_of(path))
    assert frame.columns.tolist() == ["名称", "经度", "纬度", "source_file", "source_row"]
    assert frame.iloc[0].tolist() == ["溪美街道中心", 118.386, 24.960, "t.csv", 2]


def test_western_text_is_not_taken_for_chinese(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", "name\nPraça São João\nGonçalves é\n", "cp1252")
    assert read_table(path, report=report_of(path))["name"].tolist() == ["Praça São João", "Gonçalves é"]


def test_an_encoding_that_does_not_fit_names_the_line(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", "name\nabc\n名\n", "gbk")
    with pytest.raises(InputError) as error:
        read_table(path, report=report_of(path), encoding="utf-8")
    assert error.value.params["line"] == 3


def test_rows_count_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    #        row 1  2     3  4         5      6
    path = text_file(tmp_path / "t.csv", '\nname;n\n;\n"two\nlines";1\n\nlast;2\n\n')
    report = report_of(path)
    frame = read_table(path, report=report)
    assert frame["name"].tolist() == ["two\nlines", "last"]
    assert frame["source_row"].tolist() == [4, 6]
    assert report.rows_read == 2


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["1", "2", ""], [1, 2, np.nan]),
        (["1.50", "-2"], [1.5, -2]),
        (["001", "002"], ["001", "002"]),
        (["350583001001000000"], ["350583001001000000"]),
        (["3E2", "4"], ["3E2", "4"]),
        (["１２"], ["１２"]),
        (["nan", "1"], ["nan", "1"]),
        (["0.5", "0"], [0.5, 0]),
        (["  a ", "　"], ["a", None]),
    ],
)
def test_text_becomes_numbers_only_where_nothing_is_lost(tmp_path: Path, cells: list[str], kept: list[Any]) -> None:
    path = text_file(tmp_path / "t.csv", "key,c\n" + "".join(f"k,{cell}\n" for cell in cells))
    got = read_table(path, report=report_of(path))["c"].tolist()
    assert [None if pd.isna(value) else value for value in got] == [None if pd.isna(value) else value for value in kept]


def test_headers_stay_as_they_are_and_columns_get_names_of_their_own(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", " 名称 ,名称,,source_row\na,b,c,9,extra\nd\n")
    report = report_of(path)
    frame = read_table(path, report=report)
    assert frame.attrs["headers"] == (" 名称 ", "名称", "", "source_row", "")
    assert frame.columns.tolist() == [
        "名称",
        "名称 (2)",
        "column_3",
        "source_row (2)",
        "column_5",
        "source_file",
        "source_row",
    ]
    assert findings(report) == [("extra_cells", "doubtful", 2), ("repeated_headers", "note", None)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text("ab,\"'\n\t;名 0.１"), min_size=3, max_size=3), max_size=8))
def test_whatever_text_is_written_comes_back(rows: list[list[str]]) -> None:
    # The first column keeps every row from being blank and every column from being numbers; a blank cell is None.
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [["key", "x", "y", "z"], *([f"k{n}", *row] for n, row in enumerate(rows))]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = text_file(Path(folder) / "t.csv", out.getvalue())
        frame = read_table(path, report=report_of(path))
    assert frame["source_row"].tolist() == list(range(2, len(rows) + 2))
    for at, name in enumerate("xyz"):
        written = [row[at].replace("\r\n", "\n").strip() for row in rows]
        assert as_texts(frame[name]) == as_texts(pd.Series([_as_read(written, text) for text in written], dtype=object))


def _as_read(column: list[str], text: str) -> Any:
    """Return what a cell comes back as: a column of plain numbers is read as numbers, so 0.10 as 0.1."""
    filled = [cell for cell in column if cell]
    plain = filled and all(cell.replace(".", "", 1).isdecimal() and cell.isascii() for cell in filled)
    plain = plain and not any(cell[0] == "0" and cell[1:2] not in ("", ".") for cell in filled)
    return float(text) if plain and text else text or None


def test_a_workbook_as_excel_leaves_it(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "t.xlsx",
        [[], ["编号", "名称", "备注"], ["001", "溪美  ", None], [None, None, None], [2, "柳城", 3.5]],
        more={"说明": [["填表说明"]]},
    )
    report = report_of(path)
    frame = read_table(path, report=report)
    assert frame["编号"].tolist() == ["001", 2]
    assert frame["名称"].tolist() == ["溪美", "柳城"]
    assert frame["source_row"].tolist() == [3, 5]
    assert report.figures["sheet"] == "Sheet1"
    assert findings(report) == [("other_sheets", "note", None)]


def test_hidden_and_empty_sheets_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet("空")
    book.create_sheet("登记表").append(["名称"])
    book["登记表"].append(["a"])
    book.save(path)
    assert read_table(path, report=report_of(path))["名称"].tolist() == ["a"]


# --- files that are not what they should be ---------------------------------------------------------------------------


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def encrypted(path: Path) -> Path:
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    )
    return path


def endless(path: Path) -> Path:
    """Write a header as wide as Excel allows, over rows enough for twenty million cells."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["名称", *[None] * 16382, "末"])
    for number in range(1300):
        sheet.append([number])
    book.save(path)
    return path


BAD_FILES = {
    "tables.missing": lambda folder: folder / "nowhere.csv",
    "tables.folder": lambda folder: folder,
    "tables.empty_file": lambda folder: text_file(folder / "t.csv", ""),
    "tables.no_cells": lambda folder: text_file(folder / "t.csv", " \n,,\n"),
    "tables.unknown_format": lambda folder: text_file(folder / "streets.osm.pbf", "x"),
    "tables.password": lambda folder: encrypted(folder / "t.xlsx"),
    "tables.unreadable": lambda folder: zipped(folder / "t.xlsx", {"xl/workbook.xml": b"<nothing"}),
    "tables.too_large": lambda folder: zipped(folder / "t.xlsx", {"xl/workbook.xml": b"", "bomb": bytes(600 * 2**20)}),
    "tables.too_many_cells": lambda folder: endless(folder / "t.xlsx"),
    "tables.bad_json": lambda folder: text_file(folder / "t.geojson", '{"type": "FeatureCollection",\n "features": [}'),
}


@pytest.mark.parametrize("code", BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, code: str) -> None:
    assert refusal(BAD_FILES[code](tmp_path)).code == code


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("t.xlsx", "名称,经度\na,1\n".encode(), ".csv"),
        ("t.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), ".xls"),
        ("t.xlsx", b"<html><table></table></html>", ".html"),
        ("t.csv", b"PK\x03\x04" + bytes(60), ".xlsx"),
        ("t.gpkg", b"name,x,y\n", ".csv"),
        ("t.shp", b"%PDF-1.7", ".pdf"),
        ("t.geojson", b"name,x,y\n", ".csv"),
        ("t.csv", b"\x00\x00\x00\x0e\x0a\x09OSMHeader\x18", ".osm.pbf"),
    ],
)
def test_a_file_under_a_wrong_name_says_what_it_looks_like(
    tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(path)
    assert (error.code, error.params["found"]) == ("tables.not_what_it_says", found)


def test_bytes_that_are_nothing_known(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\x00\x01\x02")
    assert refusal(path).code == "tables.unknown_content"


def test_a_shapefile_without_its_index(tmp_path: Path) -> None:
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(LON, LAT)], crs=4326).to_file(tmp_path / "t.shp")
    (tmp_path / "t.shx").unlink()
    assert refusal(tmp_path / "t.shp").params["needed"] == "t.shx"


# --- headers and values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("经度", "longitude"), ("Lon", "longitude"), ("Ｘ坐标（米）", "longitude"), ("lat", "latitude"), ("名 称*", "name"),
        ("改造费用（万元）", "cost_yuan"), ("总投资万元", "cost_yuan"), ("Cost_Yuan", "cost_yuan"), ("建筑面积(㎡)", "area_m2"),
        ("乡镇（街道）", "zone"), ("Zone Code", "zone_code"), ("点位编号", "id"),
    ],
)  # fmt: skip
def test_headers_in_either_language(header: str, column: str) -> None:
    assert find_columns([header, "备注"]) == {column: header}


def test_a_surer_header_wins_and_a_row_counter_is_no_id() -> None:
    assert find_columns(["x", "经度", "序号"]) == {"longitude": "经度"}


def test_no_header_means_two_things() -> None:
    every = [fold(name) for names in SYNONYMS.values() for name in names]
    assert len(every) == len(set(every))


def test_the_nearest_header() -> None:
    assert nearest_header("longitude", ["名称", "Longitud", "h"]) == "Longitud"
    assert nearest_header("longitude", []) == ""


@pytest.mark.parametrize(
    ("header", "unit"), [("费用（万元）", 1e4), ("费用/元", 1.0), ("投资亿元", 1e8), ("面积(亩)", None), ("费用", None)]
)
def test_units_in_headers(header: str, unit: float | None) -> None:
    assert unit_of(header) == unit


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("120", 120), (" １２０ ", 120), ("1,200", 1200), ("1，200.5", 1200.5), ("约300平米", 300), ("50万元", 500_000),
        ("3e2", 300), ("-5", -5), (".5", 0.5), (7, 7), (7.25, 7.25), (np.float64(2), 2), ("300㎡左右", 300),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell: Any, value: float) -> None:
    numbers = as_numbers(pd.Series([cell], dtype=object))
    assert (numbers.values[0], numbers.blank[0], numbers.bad[0]) == (value, False, False)


@pytest.mark.parametrize("cell", ["e5", "12a", "1,20", "1.2.3", "十二", True, "inf", "1e999", "3楼", "."])
def test_what_is_no_number(cell: Any) -> None:
    numbers = as_numbers(pd.Series([cell], dtype=object))
    assert np.isnan(numbers.values[0])
    assert numbers.bad[0]


@pytest.mark.parametrize("cell", ["", " ", None, np.nan, "—", "无", "N/A", pd.NA, pd.NaT])
def test_what_says_nothing(cell: Any) -> None:
    numbers = as_numbers(pd.Series([cell], dtype=object))
    assert (numbers.blank[0], numbers.bad[0]) == (True, False)


def test_an_infinite_number_in_a_numeric_column_is_bad_and_the_column_is_left_alone() -> None:
    column = pd.Series([1.0, np.inf, np.nan])
    numbers = as_numbers(column, unit=1e4)
    assert numbers.values[0] == 1e4
    assert numbers.bad.tolist() == [False, True, False]
    assert column.tolist()[:2] == [1.0, np.inf]


# --- facilities -------------------------------------------------------------------------------------------------------


def test_a_county_register_row_by_row(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "闲置资产.xlsx",
        [
            ["编号", "点位名称", "经度", "纬度", "状态", "改造费用（万元）", "建筑面积(㎡)", "镇街", "备注"],
            ["A1", "旧小学", LON, LAT, "备选", 30, "约300平米", "溪美街道", "x"],  # row 2
            ["A1", "供销社", LON, LAT, "必选", "12.5", 120, "柳城街道", None],  # row 3: id used before
            [None, "古大厝", str(LON), f" {LAT} ", "排除", None, "不详", None, None],  # row 4: no id
            ["A4", None, "１１８．４", "24.9", "待定", -5, 80, None, None],  # row 5: no name, status, cost
            ["A5", "无坐标", None, None, "备选", 1, 1, None, None],  # row 6: dropped
            ["A6", "坐标有误", "东经", 24.9, "备选", 1, 1, None, None],  # row 7: dropped
            ["A7", "零", 0, 0, None, None, None, None, None],  # row 8: dropped
            ["A8", "填反", LAT, LON, "可撤并", None, None, None, None],  # row 9: turned round
            ["A9", "错位", 1183.86, 24.9, None, None, None, None, None],  # row 10: dropped
        ],
    )
    facilities, report = read(path, role="candidates")
    points = facilities.points
    assert points["id"].tolist() == ["A1", "A1-2", "s-f371075c", "A4", "A8"]
    assert points["status"].tolist() == ["candidate", "required", "forbidden", "candidate", "closable"]
    assert points["name"].tolist() == ["旧小学", "供销社", "古大厝", None, "填反"]
    assert points["cost_yuan"].tolist() == pytest.approx([300_000, 125_000, np.nan, np.nan, np.nan], nan_ok=True)
    assert points["area_m2"].tolist() == pytest.approx([300, 120, np.nan, 80, np.nan], nan_ok=True)
    assert points["zone"].tolist() == ["溪美街道", "柳城街道", None, None, None]
    assert points["source_row"].tolist() == [2, 3, 4, 5, 9]
    assert "excluded_reason" not in points, "a table excludes nobody; the register does"
    assert points.crs == "EPSG:4326"
    assert points.geometry.x.tolist() == pytest.approx([LON, LON, LON, 118.4, LON])
    assert points.geometry.y.tolist() == pytest.approx([LAT, LAT, LAT, 24.9, LAT])
    assert facilities.headers == (
        "编号",
        "点位名称",
        "经度",
        "纬度",
        "状态",
        "改造费用（万元）",
        "建筑面积(㎡)",
        "镇街",
        "备注",
    )
    assert facilities.original.columns.tolist() == list(facilities.headers)
    assert facilities.original.index.equals(points.index)
    assert facilities.original["建筑面积(㎡)"].tolist() == ["约300平米", 120, "不详", 80, None]
    assert (report.rows_read, report.rows_used, report.count("dropped")) == (9, 5, 4)
    assert sorted(findings(report), key=lambda item: (item[2] or 0, item[0])) == [
        ("amount_read", "repaired", 2),
        ("repeated_id", "repaired", 3),
        ("amount_pending", "doubtful", 4),
        ("blank_id", "repaired", 4),
        ("bad_amount", "doubtful", 5),
        ("no_name", "doubtful", 5),
        ("unknown_status", "doubtful", 5),
        ("no_coordinates", "dropped", 6),
        ("bad_coordinates", "dropped", 7),
        ("no_coordinates", "dropped", 8),
        ("turned", "repaired", 9),
        ("not_in_datum", "dropped", 10),
    ]


def test_without_ids_and_statuses_the_row_and_the_role_say(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", f"lon,lat\n{LON},{LAT}\n\n{LON},{LAT}\n")
    for role, letter, status in (("centres", "c", "existing"), ("candidates", "s", "candidate")):
        points = read(path, role=role)[0].points
        assert points["id"].tolist() == [f"{letter}0002", f"{letter}0004"]
        assert points["status"].tolist() == [status, status]
        assert points["id_from"].tolist() == ["row", "row"]


def test_an_id_made_of_what_a_row_says_stays_when_rows_are_moved_and_inserted(tmp_path: Path) -> None:
    rows = [
        f"旧小学,溪美街道,{LON},{LAT}",
        f"供销社,溪美街道,{LON},{LAT}",
        f"旧小学,柳城街道,{LON},{LAT}",
        f",,{LON},{LAT}",
    ]
    first = read(text_file(tmp_path / "a.csv", "\n".join(["名称,乡镇,经度,纬度", *rows])))[0].points
    assert first["id"].is_unique and first["id_from"].tolist() == ["content"] * 3 + ["row"]
    moved = [f"新增,溪美街道,{LON},{LAT}", *reversed(rows[:3])]
    second = read(text_file(tmp_path / "b.csv", "\n".join(["名称,乡镇,经度,纬度", *moved])))[0].points
    assert second["id"].tolist()[1:] == first["id"].tolist()[2::-1]
    spaced = text_file(
        tmp_path / "c.csv", f"名称,乡镇,经度,纬度\n 旧 小学 ,溪美街道,{LON},{LAT}\n旧小学,溪美街道,{LON},{LAT}\n"
    )
    same = read(spaced)[0].points["id"].tolist()
    assert same == [first["id"][0], f"{first['id'][0]}-2"], "two rows that say the same are told apart by their order"


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["", "A", "A-2", "c0003", "１", "1", " A "]), min_size=1, max_size=12))
def test_ids_are_unique_and_first_come_keeps_its_own(ids: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = "".join(f"{name},{LON},{LAT}\n" for name in ids)
        path = text_file(Path(folder) / "t.csv", "id,lon,lat\n" + rows)
        points, report = read(path)[0].points, read(path)[1]
    plain = [name.strip().replace("１", "1") for name in ids]
    assert points["id"].is_unique
    assert len(points) == len(ids)
    for at, name in enumerate(plain):
        if name and name not in plain[:at]:
            assert points["id"][at] == name
    changed = sum(not name or name in plain[:at] for at, name in enumerate(plain))
    assert report.count("repaired") == changed


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "CGCS2000", "EPSG:4547"])
def test_the_declared_datum_is_undone(tmp_path: Path, datum: str) -> None:
    lon, lat = np.array([113.9, 114.2]), np.array([30.4, 30.6])
    x, y = from_wgs84(lon, lat, datum)
    path = text_file(
        tmp_path / "t.csv",
        "名称,X坐标,Y坐标\n" + "".join(f"a,{a!r},{b!r}\n" for a, b in zip(x.tolist(), y.tolist(), strict=True)),
    )
    points = read(path, datum=datum)[0].points
    assert points.geometry.x.tolist() == pytest.approx(lon.tolist(), abs=1e-9)
    assert points.geometry.y.tolist() == pytest.approx(lat.tolist(), abs=1e-9)


def test_northing_before_easting_is_put_right_and_said_so(tmp_path: Path) -> None:
    # The survey's X is the northing. Read as easting it would lie far outside the zone; twelve rows make one finding.
    x, y = from_wgs84(np.full(12, 113.9), np.linspace(30.4, 30.6, 12), "EPSG:4547")
    path = text_file(
        tmp_path / "t.csv", "X,Y\n" + "".join(f"{b!r},{a!r}\n" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    )
    facilities, report = read(path, datum="EPSG:4547")
    assert facilities.points.geometry.x.tolist() == pytest.approx([113.9] * 12, abs=1e-9)
    assert findings(report) == [("turned_many", "repaired", None)]
    assert report.figures["rows_turned"] == 12


def test_metres_under_a_datum_in_degrees_are_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", "x,y\n38500000,3400000\n38500100,3400000\n")
    error = refusal(path, CRSError)
    assert error.code == "tables.not_degrees"
    assert "EPSG:4547" in error.message("en")


def test_degrees_under_a_projected_datum_are_refused(tmp_path: Path) -> None:
    assert (
        refusal(text_file(tmp_path / "t.csv", f"x,y\n{LON},{LAT}\n"), CRSError, datum="EPSG:4547").code
        == "tables.not_in_system"
    )


def test_no_coordinate_column_names_the_headers_and_the_nearest(tmp_path: Path) -> None:
    error = refusal(text_file(tmp_path / "t.csv", "名称,经渡,纬度\na,118,24\n"))
    assert error.code == "tables.no_longitude"
    assert error.params["nearest"] == "经渡"
    assert "名称, 经渡, 纬度" in error.message("zh")


def test_no_usable_row_is_an_error_and_no_row_is_not(tmp_path: Path) -> None:
    assert refusal(text_file(tmp_path / "t.csv", "lon,lat\n,\nx,y\n")).code == "tables.no_usable_row"
    facilities, report = read(text_file(tmp_path / "t.csv", "name,lon,lat\n"))
    assert len(facilities) == 0
    assert findings(report) == [("no_rows", "doubtful", None)]


def test_columns_that_only_seem_to_be_something(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", f"lon,lat,status,area,cost\n{LON},{LAT},闲置,north,30\n")
    facilities, report = read(path)
    assert facilities.points["status"].tolist() == ["existing"]
    assert np.isnan(facilities.points["area_m2"][0])
    assert facilities.points["cost_yuan"].tolist() == [30]
    assert findings(report) == [
        ("cost_without_unit", "doubtful", None),
        ("not_a_number_column", "note", None),
        ("not_a_status_column", "note", None),
    ]


# --- vector files -----------------------------------------------------------------------------------------------------


def centres_layer(crs: Any = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"名称": ["溪美", "柳城"], "面积": [300, 120]},
        geometry=[shapely.Point(LON, LAT), shapely.Point(118.4, 24.9)],
        crs=4326,
    ).to_crs(crs)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".shp"])
def test_vector_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    centres_layer().to_file(path, encoding="UTF-8") if suffix == ".shp" else centres_layer().to_file(path)
    facilities, _ = read(path)
    in_file = facilities.points.sort_values("name", ignore_index=True)
    assert in_file["name"].tolist() == ["柳城", "溪美"]
    assert in_file["area_m2"].tolist() == [120, 300]
    assert sorted(in_file["source_row"]) == [1, 2]
    assert in_file.geometry.x.tolist() == pytest.approx([118.4, LON])


@pytest.mark.parametrize("code_page", ["GBK", "UTF-8", None])
def test_a_gbk_table_beside_a_shapefile_whatever_its_code_page_says(tmp_path: Path, code_page: str | None) -> None:
    path = tmp_path / "t.shp"
    centres_layer().to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    if code_page:
        path.with_suffix(".cpg").write_text(code_page, encoding="ascii")
    facilities, _ = read(path)
    assert facilities.points["name"].tolist() == ["溪美", "柳城"]
    assert facilities.headers == ("名称", "面积")


def test_a_field_name_cut_within_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "t.shp"
    centres_layer().rename(columns={"面积": "ABCDEFGHIJ"}).to_file(path, encoding="UTF-8")
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"ABCDEFGHIJ", "建筑面积".encode()[:10]))
    facilities, _ = read(path)
    assert facilities.headers == ("名称", "建筑面")
    assert facilities.points["area_m2"].tolist() == [300, 120]


def test_a_layer_labelled_wgs84_that_is_gcj02(tmp_path: Path) -> None:
    lon, lat = from_wgs84([114.2, 114.3], [30.5, 30.6], "GCJ-02")
    for crs in (4326, 32650):  # a shifted layer stays shifted when it is projected
        gpd.GeoDataFrame({"n": [1, 2]}, geometry=shapely.points(lon, lat), crs=4326).to_crs(crs).to_file(
            tmp_path / "t.gpkg"
        )
        points = read(tmp_path / "t.gpkg", datum="GCJ-02")[0].points
        assert points.geometry.x.tolist() == pytest.approx([114.2, 114.3], abs=1e-8)
        assert points.geometry.y.tolist() == pytest.approx([30.5, 30.6], abs=1e-8)


def test_a_layer_in_a_projection_knows_its_own_way(tmp_path: Path) -> None:
    centres_layer(32650).to_file(tmp_path / "t.gpkg")
    assert read(tmp_path / "t.gpkg")[0].points.geometry.x.tolist() == pytest.approx([LON, 118.4])
    assert refusal(tmp_path / "t.gpkg", CRSError, datum="EPSG:4547").code == "tables.crs_contradicts"


def test_a_shapefile_without_a_crs_needs_a_datum(tmp_path: Path) -> None:
    path = tmp_path / "t.shp"
    centres_layer(32650).to_file(path)
    path.with_suffix(".prj").unlink()
    assert refusal(path, CRSError, datum=None).code == "tables.no_crs"
    assert read(path, datum="EPSG:32650")[0].points.geometry.x.tolist() == pytest.approx([LON, 118.4])


def test_a_layer_in_xian_1980_is_refused(tmp_path: Path) -> None:
    centres_layer().set_crs(4610, allow_override=True).to_file(tmp_path / "t.gpkg")
    assert refusal(tmp_path / "t.gpkg", CRSError).code == "datum.no_parameters"


def test_polygons_stand_at_a_point_inside_and_lines_are_dropped(tmp_path: Path) -> None:
    ring = shapely.Polygon([(LON, LAT), (LON + 0.02, LAT), (LON + 0.02, LAT + 0.02), (LON + 0.019, LAT + 0.001)])
    shapes = [ring, shapely.LineString([(LON, LAT), (LON, LAT + 1)]), None, shapely.MultiPoint([(LON, LAT)])]
    gpd.GeoDataFrame({"n": range(4)}, geometry=shapes, crs=4326).to_file(tmp_path / "t.geojson")
    facilities, report = read(tmp_path / "t.geojson")
    assert ring.contains(facilities.points.geometry[0])
    assert facilities.points["source_row"].tolist() == [1, 4]
    assert findings(report) == [
        ("polygons_as_points", "note", None),
        ("no_geometry_row", "dropped", 2),
        ("no_geometry_row", "dropped", 3),
    ]


def test_the_second_layer_is_named(tmp_path: Path) -> None:
    centres_layer().to_file(tmp_path / "t.gpkg", layer="现有")
    centres_layer().to_file(tmp_path / "t.gpkg", layer="备选")
    report = read(tmp_path / "t.gpkg")[1]
    assert report.figures["layer"] == "现有"
    assert report.findings[0].params["others"] == "备选"


# --- texts and real files ---------------------------------------------------------------------------------------------


def test_statuses_are_said_in_the_remedy() -> None:
    sentence = say("tables.unknown_status", "zh", column="状态", value="?", status="candidate")
    assert all(word in sentence for word in ("保留", "必选", "备选", "排除", "可撤并"))


@needs_shared
def test_wuhan_gbk_tables_in_gcj02() -> None:
    facilities, report = read(SHARED / "data" / "wuhan" / "centres_gbk.csv", datum="GCJ-02")
    assert (report.rows_read, report.rows_used, report.findings) == (29, 29, [])
    assert facilities.headers == ("名称", "类别", "经度", "纬度")
    assert facilities.points["kind"].unique().tolist() == ["图书馆"]
    # Wuhan University's library: GCJ-02 114.362582, 30.536049 is about 550 m from where it stands.
    library = facilities.points[facilities.points["name"].str.startswith("武汉大学图书馆文理馆")].geometry.iloc[0]
    assert (library.x, library.y) == pytest.approx((114.35708, 30.53830), abs=2e-4)


@needs_shared
def test_wuhan_places_with_a_blank_header_and_chinese_names() -> None:
    facilities, report = read(SHARED / "data" / "wuhan" / "places_gcj02.csv", role="candidates", datum="GCJ-02")
    assert report.rows_used == 1676
    assert facilities.headers[:3] == ("", "Name_POI", "Name_POI.1")
    assert facilities.points["name"][0] == "武汉天河国际机场停机坪"


@needs_shared
def test_porto_alegre() -> None:
    assert len(read(SHARED / "data" / "porto_alegre" / "centres.csv")[0]) == 117
    assert len(read(SHARED / "data" / "porto_alegre" / "candidates.csv", role="candidates")[0]) == 177


@needs_shared
def test_villages_have_no_coordinates() -> None:
    error = refusal(SHARED / "data" / "nanan" / "villages.csv")
    assert error.code == "tables.no_longitude"
    assert "streetCode" in error.message("en")
