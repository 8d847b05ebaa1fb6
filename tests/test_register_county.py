"""Twenty-seven workbooks, 300 assets: the first delivery's report counted on paper; the second keeps every correction."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from register_county import MIXED, TOWNSHIPS, assets, file_name, spot, write_county, write_workbook
from small_project import CRS, EAST, NORTH, degrees

from planner import deliver
from planner.inputs.read import read_inputs
from planner.project import load
from planner.register import corrections
from planner.run import run_project
from planner.session.run_results import read_results
from planner.ui.map import layers


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Path:
    return write_county(tmp_path_factory.mktemp("county") / "p").parent


@pytest.fixture(scope="module")
def first(county):
    return read_inputs(load(county), progress=lambda step: None)


def of_register(inputs):
    return [report for report in inputs.reports if report.role == "candidates"]


def test_every_workbook_has_an_account_of_its_own_and_every_row_is_in_one(first):
    reports = of_register(first)
    assert [report.file for report in reports] == [file_name(township) for township in range(27)]
    assert [report.rows_read for report in reports] == [12] * 3 + [11] * 24
    left_out = {4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 16: 1, 17: 1, 18: 1, 19: 1}  # six duplicates, four without a place
    assert [report.rows_used for report in reports] == [r.rows_read - left_out.get(t, 0) for t, r in enumerate(reports)]
    facilities = first.facilities
    candidates = facilities[facilities["role"] == "candidates"]
    assert len(candidates) == 300 and facilities["id"].is_unique
    assert Counter(candidates["position_quality"]) == {"given": 260, "village": 36, "township": 3, None: 1}
    assert Counter(candidates["excluded_reason"]) == {None: 290, "duplicate": 6, "vague_position": 3, "no_position": 1}


def test_the_whole_report_by_code(first):
    found = Counter((f.code, f.action) for report in of_register(first) for f in report.findings)
    assert found == {
        ("tables.header_below", "note"): 27,
        ("tables.totals_row", "note"): 27,
        ("tables.note_row", "note"): 27,
        ("register.placed_village", "doubtful"): 35,
        ("register.placed_alike", "doubtful"): 1,
        ("register.village_ambiguous", "doubtful"): 1,
        ("register.village_unknown", "doubtful"): 1,
        ("register.placed_township", "doubtful"): 3,
        ("register.no_position", "doubtful"): 1,
        ("register.duplicate_merged", "repaired"): 3,
        ("register.duplicate_differs", "doubtful"): 3,
        ("register.duplicate_contradicts", "doubtful"): 3,
        ("tables.other_zone", "repaired"): 5,
    }


def test_rows_lie_where_they_should(first):
    table = first.facilities.to_crs(CRS)
    for township in range(27):
        own = table[table["source_file"] == file_name(township)]
        for number, row in enumerate(own.itertuples()):
            if row.position_quality == "given" and row.duplicate_of is None:
                x, y = spot(township, number)
                assert (row.geometry.x - EAST, row.geometry.y - NORTH) == pytest.approx((x, y), abs=0.02)
                assert row.zone == TOWNSHIPS[township]
            if row.position_quality == "village":  # the middle of a square of 2 km: 1,414 m to its corners
                assert row.position_uncertainty_m == pytest.approx(1414, abs=2)
                assert row.zone == TOWNSHIPS[township]
    nowhere = table[table["excluded_reason"] == "no_position"]
    assert nowhere.geometry.is_empty.tolist() == [True] and nowhere["zone"].tolist() == ["外县某镇"]


def test_both_zones_of_the_mixed_workbook_are_named_row_by_row(first):
    findings = [f for f in of_register(first)[MIXED].findings if f.code == "tables.other_zone"]
    assert [f.row for f in findings] == [5, 7, 9, 11, 13]
    assert {f.params["zone"] for f in findings} == {40}


def test_the_six_duplicates_are_listed_with_both_rows_and_where_they_differ(first):
    reports = of_register(first)
    merged = {t: f for t, r in enumerate(reports) for f in r.findings if f.code == "register.duplicate_merged"}
    differing = {t: f for t, r in enumerate(reports) for f in r.findings if f.code == "register.duplicate_differs"}
    assert {t: f.row for t, f in merged.items()} == {4: 13, 5: 13, 6: 13}
    assert {t: f.row for t, f in differing.items()} == {7: 13, 8: 13, 9: 13}
    assert "row 8" in merged[4].to_dict("en")["message"]
    assert "建筑面积（㎡）为“250”和“999”" in differing[7].to_dict("zh")["message"]
    twice = first.facilities[first.facilities["duplicate_of"].notna()]
    assert twice["duplicate_of"].tolist() == [
        first.facilities.loc[
            (first.facilities["source_file"] == row.source_file) & (first.facilities["source_row"] == 8), "id"
        ].iloc[0]
        for row in twice.itertuples()
    ]


def test_the_report_is_one_page(county):
    command = [sys.executable, "-m", "planner", "check", str(county)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "400"}
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) <= 60
    assert "备选点位：27 张表——读取 300 行，采用 240，修正 8，存疑 42，剔除 6，待定位 4" in lines, "which adds up"
    assert sum("是同一处" in line for line in lines) == 9
    assert any("午和镇午石井村, 午和镇午石井社区" in line for line in lines)


def test_a_run_delivers_every_row_whatever_is_known_of_its_place(county, tmp_path):
    finished = run_project(load(county))
    out = deliver.write(finished, tmp_path / "out")
    features = json.loads((out / "candidates.geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) == 300
    nowhere = [f for f in features if f["geometry"] is None]
    assert [f["properties"]["excluded_reason"] for f in nowhere] == ["no_position"]
    assert {f["properties"]["position_quality"] for f in features} == {"given", "village", "township", None}
    centre = json.loads((out / "centres.geojson").read_text(encoding="utf-8"))["features"][0]["properties"]
    assert centre["upgradable"] is True and centre["status"] == "existing" and centre["build_mode"] == "改造提升"
    chosen = {site["id"] for site in finished.summary["sites"]}
    assert len(chosen) == 2
    assert not chosen & {f["properties"]["id"] for f in features if f["properties"]["excluded_reason"]}
    results = read_results(out)
    candidates, sites = layers.candidates(results.candidates), layers.sites(results.sites)
    assert (len(candidates), len(sites)) == (300 - 1 - 2, 2), "a row without a place is not on the map"
    assert sum("position_uncertainty_m" in each for each in candidates + sites) == 39
    digests = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert sum(key.startswith("candidates.source[") for key in digests) == 27
    assert digests["candidates.source[26]"]["file"] == file_name(26)


def test_a_second_delivery_of_the_same_sheets_keeps_every_correction(county, tmp_path):
    folder = tmp_path / "p"
    shutil.copytree(county, folder, ignore=shutil.ignore_patterns("out"))
    before = read_inputs(load(folder), progress=lambda step: None).facilities
    placed = before[(before["position_quality"] == "village")].head(20)
    table = folder / "corrections.csv"
    for number, row in enumerate(placed.itertuples()):
        new = degrees(*spot(0, number))
        corrections.append_move(table, id=row.id, old=None, new=new, who="王工", why="现场核实")
    moved = before[(before["position_quality"] == "given") & (before["role"] == "candidates")].iloc[40]
    old, new = (moved.geometry.x, moved.geometry.y), degrees(5000, 5000)
    corrections.append_move(table, id=moved["id"], old=old, new=new, who="王工", why="地图上移动")
    costly = before[(before["cost_yuan"] == 180_000) & before["excluded_reason"].isna()].iloc[3]
    corrections.append(table, id=costly["id"], field="cost_yuan", old=180000, new="21万", who="李工", why="重新估算")
    corrections.append(table, id=costly["id"], field="status", old="candidate", new="必选", who="李工")

    corrected = read_inputs(load(folder), progress=lambda step: None)
    _assert_corrected(corrected, placed["id"].tolist(), moved["id"], costly["id"])

    _deliver_again(folder)
    second = read_inputs(load(folder), progress=lambda step: None)
    assert len(second.facilities) == len(before) + 27
    assert set(before["id"]) <= set(second.facilities["id"])
    _assert_corrected(second, placed["id"].tolist(), moved["id"], costly["id"])


def _assert_corrected(inputs, placed, moved, costly):
    table = inputs.facilities.set_index("id").to_crs(CRS)
    for number, name in enumerate(placed):
        x, y = spot(0, number)
        assert (table.geometry[name].x - EAST, table.geometry[name].y - NORTH) == pytest.approx((x, y), abs=0.02)
        assert table.loc[name, "position_quality"] == "given"
    assert table.geometry[moved].x - EAST == pytest.approx(5000, abs=0.02)
    assert table.loc[costly, "cost_yuan"] == 210_000 and table.loc[costly, "status"] == "required"
    report = next(report for report in inputs.reports if report.role == "corrections")
    assert (report.rows_read, report.rows_used, report.findings) == (44, 44, [])


def _deliver_again(folder: Path) -> None:
    """Write the same registers once more, their rows shuffled and a new one among them."""
    shuffle = random.Random(7).shuffle
    for township in range(27):
        rows = assets(township)
        twins = {row["名称"] for row in rows if sum(other["名称"] == row["名称"] for other in rows) > 1}
        rows.append(rows[3] | {"名称": "新增的一处仓库", "经度": None, "纬度": None})
        order = list(range(len(rows)))
        shuffle(order)
        if twins:  # of two rows that say the same the first stays the first
            pair = sorted(order.index(at) for at in range(len(rows)) if rows[at]["名称"] in twins)
            order[pair[0]], order[pair[1]] = sorted((order[pair[0]], order[pair[1]]))
        write_workbook(folder / "registers" / file_name(township), [rows[at] for at in order])


def test_several_centres_tables_and_what_a_spreadsheet_program_leaves_behind(county, tmp_path):
    folder = tmp_path / "p"
    shutil.copytree(county, folder, ignore=shutil.ignore_patterns("out"))
    (folder / "registers" / "~$01甲和镇闲置资产摸排表.xlsx").write_bytes(b"lock")
    x, y = degrees(2000, 2040)
    pd.DataFrame({"name": ["second"], "lon": [x], "lat": [y]}).to_csv(folder / "more.csv", index=False)
    text = (folder / "project.toml").read_text(encoding="utf-8")
    listed = text.replace('source = "centres.csv"', 'source = ["centres.csv", "more.csv"]')
    (folder / "project.toml").write_text(listed, encoding="utf-8")
    project = load(folder)
    assert [path.name for path in project.facility_files("centres")] == ["centres.csv", "more.csv"]
    assert len(project.facility_files("candidates")) == 27
    inputs = read_inputs(project, progress=lambda step: None)
    assert (inputs.facilities["role"] == "centres").sum() == 2
    assert [r.file for r in inputs.reports if r.role == "centres"] == ["centres.csv", "more.csv"]
    assert inputs.original["centres"].columns.tolist() == ["名称", "经度", "纬度", "建设方式", "name", "lon", "lat"]
