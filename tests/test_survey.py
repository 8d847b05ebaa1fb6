"""Blank survey workbooks: what is in them, and that what a township fills in is read back without loss."""

import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from register_tables import LAT, LON, read, village_layer, zone_layer

from planner.errors import InputError
from planner.register import new_register
from planner.texts import LANGUAGES, say

FILLED = {
    "id": "001",
    "name": "旧小学",
    "village": "山坪村",
    "address": "村部东侧",
    "longitude": LON + 0.004,
    "latitude": LAT + 0.004,
    "area_m2": 420,
    "floors": 3,
    "built_year": 1998,
    "cost_yuan": 35,
    "contact": "王工",
    "phone": "059586380001",
}


@pytest.fixture
def layers(tmp_path: Path) -> tuple[Path, Path]:
    zones = zone_layer().rename(columns={"zone": "name", "zone_code": "code"})
    zones.to_file(tmp_path / "townships.geojson", driver="GeoJSON")
    return tmp_path / "townships.geojson", village_layer(tmp_path)


def sheet_of(path: Path, language: str):
    """Return the workbook, its sheet, its header row and the column of each header."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = next(row for row in sheet.iter_rows() if row[0].value == say("register.header_id", language))
    return book, sheet, header[0].row, {cell.value: cell.column for cell in header}


def fill_in(path: Path, language: str, *rows: dict) -> None:
    """Type rows below the example, as somebody in the township would."""
    book, sheet, top, column = sheet_of(path, language)
    for at, row in enumerate(rows):
        for name, value in row.items():
            sheet.cell(top + 2 + at, column[say(f"register.header_{name}", language)], value)
    book.save(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_filled_in_comes_back_without_loss(tmp_path, layers, language):
    west, east = new_register(tmp_path / "p", zones=layers[0], villages=layers[1], language=language)
    choice = {
        column: say(f"register.choices_{column}", language).split("|")
        for column in (
            "original_use",
            "current_use",
            "ownership",
            "condition",
            "land_use",
            "heritage",
            "hazard",
            "build_mode",
        )
    }
    status = say("register.choices_status", language).split("|")
    last = {column: choices[-1] for column, choices in choice.items()}
    first = {column: choices[0] for column, choices in choice.items()}
    fill_in(west, language, FILLED | first | {"status": status[0]}, {"name": "供销社", "village": "水头社区"} | last)
    points, (report, empty) = read(west, east, folder=tmp_path)
    assert len(points) == 2
    row = points.iloc[0]
    for column, value in (FILLED | first).items():
        if column == "cost_yuan":
            assert row[column] == (350_000 if language == "zh" else 35)
        elif column not in ("longitude", "latitude"):
            assert row[column] == value, column
    assert (row.geometry.x, row.geometry.y) == pytest.approx((LON + 0.004, LAT + 0.004))
    assert row["status"] == "candidate"
    other = points.iloc[1]
    assert {column: other[column] for column in last} == last
    assert other["zone"] == "溪美街道" and other["position_quality"] == "village", (
        "the township stands in the file's name"
    )
    assert empty.rows_read == 0
    found = {finding.code for finding in report.findings if finding.action != "note"}
    dear = {"tables.cost_unlikely"} if language == "en" else set()  # 35 yuan for a building
    assert found <= {"register.placed_village", "tables.blank_id", "tables.unknown_status"} | dear
    assert ("tables.example_row", 4) in [(finding.code, finding.row) for finding in report.findings]


def test_every_status_of_the_drop_down_is_understood(tmp_path, layers):
    from planner.tables import STATUSES, status_of

    for language in LANGUAGES:
        understood = [status_of(word) for word in say("register.choices_status", language).split("|")]
        assert sorted(understood) == sorted(STATUSES)


def test_drop_downs_hold_the_township_s_own_villages_on_a_hidden_sheet(tmp_path, layers):
    paths = new_register(tmp_path / "p", zones=layers[0], villages=layers[1])
    assert [path.name for path in paths] == ["溪美街道摸排表.xlsx", "柳城街道摸排表.xlsx"]
    for path, villages in zip(paths, (["山坪村", "水头社区"], ["山坪村", "石井村"]), strict=True):
        book, sheet, top, column = sheet_of(path, "zh")
        lists = book["代码表"]
        assert lists.sheet_state == "hidden"
        rules = {next(iter(rule.sqref.ranges)).min_col: rule for rule in sheet.data_validations.dataValidation}
        rule = rules[column["村（社区）"]]
        letter = openpyxl.utils.get_column_letter(column["村（社区）"])
        assert rule.formula1 == f"'代码表'!${letter}$1:${letter}$2"
        assert [lists[f"{letter}{row}"].value for row in (1, 2)] == villages
        assert (rule.errorStyle, rules[column["权属"]].errorStyle) == ("stop", "warning")
        reach = next(iter(rule.sqref.ranges))
        assert reach.min_row == top + 1 and reach.max_row >= top + 300


def test_the_same_layers_give_the_same_bytes_and_filled_in_workbooks_are_never_overwritten(tmp_path, layers):
    first = new_register(tmp_path / "a", zones=layers[0], villages=layers[1])
    second = new_register(tmp_path / "b", zones=layers[0], villages=layers[1])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    fill_in(first[0], "zh", FILLED)
    filled = first[0].read_bytes()
    first[1].unlink()
    with pytest.raises(InputError) as caught:
        new_register(tmp_path / "a", zones=layers[0], villages=layers[1])
    assert caught.value.code == "register.survey_exists"
    assert first[0].read_bytes() == filled and not first[1].exists()


def test_names_that_no_file_system_takes(tmp_path):
    shapes = zone_layer().geometry
    names = ['甲/乙:"镇"', "CON"]
    gpd.GeoDataFrame({"name": names}, geometry=shapes).to_file(tmp_path / "z.geojson", driver="GeoJSON")
    paths = new_register(tmp_path / "p", zones=tmp_path / "z.geojson")
    assert [path.name for path in paths] == ["甲_乙__镇_摸排表.xlsx", "CON_摸排表.xlsx"]
    assert all(path.is_file() for path in paths)


def test_a_table_of_village_names_alone_fills_the_drop_downs(tmp_path, layers):
    rows = {
        "code": ["350583001001", "350583002001"],
        "name": ["甲村", "乙村"],
        "streetCode": ["350583001", "350583002"],
    }
    pd.DataFrame(rows).to_csv(tmp_path / "villages.csv", index=False)
    paths = new_register(tmp_path / "p", zones=layers[0], villages=tmp_path / "villages.csv")
    for path, village in zip(paths, ("甲村", "乙村"), strict=True):
        book, _, _, column = sheet_of(path, "zh")
        assert book["代码表"].cell(1, column["村（社区）"]).value == village


def test_the_command_writes_them(tmp_path, layers):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PLANNER_LANGUAGE": "en"}

    def planner(*words):
        command = [sys.executable, "-m", "planner", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)

    layer = ("--register", "--zones", layers[0], "--villages", layers[1], "--language", "zh")
    ended = planner("new", tmp_path / "p", *layer, "--json")
    assert ended.returncode == 0, ended.stderr
    assert [Path(name).name for name in json.loads(ended.stdout)] == ["溪美街道摸排表.xlsx", "柳城街道摸排表.xlsx"]
    again = planner("new", tmp_path / "p", *layer)
    assert again.returncode == 1 and "nothing was written" in again.stderr


def test_what_a_survey_needs_is_said(tmp_path, layers):
    with pytest.raises(InputError) as caught:
        new_register(tmp_path / "q", zones=layers[0], zone_name="nmae")
    assert caught.value.params["nearest"] == "name" and not (tmp_path / "q").exists()
