"""The files of a run: the contract's names and fields, whole or not at all, equal for equal results."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from small_project import write_project

from planner import deliver
from planner.deliver.folder import recover, whole_folder
from planner.deliver.geojson import to_geojson
from planner.errors import InputError
from planner.project import load
from planner.run import run_project

FILES = {
    "summary.json", "sites.geojson", "centres.geojson", "candidates.geojson", "isochrones.geojson", "demand.geojson",
    "zones.geojson", "plan.gpkg", "frontier.csv", "plan.xlsx", "data_report.json", "manifest.json",
}  # fmt: skip
EVERYWHERE = {"id", "source_file", "source_row", "zone", "zone_code"}
FACILITY = {"name", "status", "stage", "kind", "snap_m", "excluded_reason"} | {
    f"{kind}_{group}" for kind in ("people", "only_here") for group in ("total", "age_60_plus")
}
SITE = FACILITY | {"rank", "cost_yuan", "loss_if_dropped", "replacement_id", "replacement_loss"} | {
    f"{kind}_{group}" for kind in ("gain", "cumulative") for group in ("total", "age_60_plus")
}  # fmt: skip
PROPERTIES = {
    "sites": EVERYWHERE | SITE,
    "centres": EVERYWHERE | FACILITY,
    "candidates": EVERYWHERE | FACILITY,
    "zones": EVERYWHERE,
    "isochrones": EVERYWHERE | {"facility_id", "minutes", "people_network", "people_polygon"},
    "demand": EVERYWHERE
    | {"weight_total", "weight_age_60_plus", "snap_m", "reason"}
    | {f"{name}_{when}" for name in ("nearest", "covered") for when in ("before", "after")}
    | {"time_before_s", "time_after_s"},
}  # fmt: skip


@pytest.fixture(scope="module")
def project_file(tmp_path_factory) -> Path:
    return write_project(tmp_path_factory.mktemp("deliver"), siting="sites = 2")


@pytest.fixture(scope="module")
def finished(project_file):
    return run_project(load(project_file))


@pytest.fixture(scope="module")
def out(finished, project_file) -> Path:
    return deliver.write(finished, project_file.parent / "out")


def test_every_file_of_the_contract_is_there_and_nothing_else(out):
    assert {path.name for path in out.iterdir()} == FILES
    assert not [path for path in out.parent.iterdir() if path.name.startswith(".out")]


@pytest.mark.parametrize("layer", sorted(PROPERTIES))
def test_geojson_is_rfc_7946_with_the_contract_s_properties(out, layer):
    content = json.loads((out / f"{layer}.geojson").read_text(encoding="utf-8"))
    assert "crs" not in content
    assert content["attribution"] == "© OpenStreetMap contributors, ODbL"
    assert content["features"]
    ids = [feature["id"] for feature in content["features"]]
    assert len(set(ids)) == len(ids)
    for feature in content["features"]:
        assert PROPERTIES[layer] <= set(feature["properties"])
        assert all(key.isascii() and key == key.lower() for key in feature["properties"])
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.is_valid
        coordinates = shapely.get_coordinates(shape)
        assert (coordinates.round(7) == coordinates).all()
        assert (coordinates[:, 0] > 117).all()
        assert (coordinates[:, 1] < 26).all()
        for part in shapely.get_parts(shape):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw
                assert not any(ring.is_ccw for ring in part.interiors)


def test_the_same_layers_are_in_the_geopackage_and_the_allocation_too(out):
    layers = {name for name, _ in pyogrio.list_layers(out / "plan.gpkg")}
    assert layers == {"sites", "centres", "candidates", "isochrones", "demand", "zones", "allocation"}
    for layer in PROPERTIES:
        table = gpd.read_file(out / "plan.gpkg", layer=layer)
        features = json.loads((out / f"{layer}.geojson").read_text(encoding="utf-8"))["features"]
        assert len(table) == len(features)
        assert table.crs.to_epsg() == 4326
        assert PROPERTIES[layer] <= set(table.columns)
    allocation = pyogrio.read_dataframe(out / "plan.gpkg", layer="allocation")
    assert list(allocation.columns) == ["demand", "site", "seconds", "weight"]
    assert allocation["weight"].sum() == 1500


def test_the_summary_has_the_contract_s_parts(out):
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["schema_version"] == 1
    assert {
        "objective", "group", "unit", "population", "covered_before", "covered_after", "share_before", "share_after",
        "upper_bound", "lower_bound", "gap", "gain_gap", "status", "stopped_by", "sites", "unreachable", "rates", "walking",
    } <= set(summary)  # fmt: skip
    assert set(summary["sites"][0]) == {
        "id",
        "name",
        "rank",
        "gain",
        "cumulative",
        "cost_yuan",
        "longitude",
        "latitude",
    }
    assert set(summary["rates"]["before"]) == {"A", "B", "C", "V"}
    assert summary["rates"]["after"]["B"] == summary["share_after"]


def test_the_frontier_is_a_table_of_numbers(out):
    curve = pd.read_csv(out / "frontier.csv")
    assert list(curve.columns) == ["sites", "cost_yuan", "covered", "share", "upper_bound", "gap"]
    assert curve["covered"].is_monotonic_increasing


def test_the_workbook_repeats_the_county_s_own_columns_and_runs_no_formula(out):
    book = openpyxl.load_workbook(out / "plan.xlsx")
    sheet = book["Proposed sites"]
    header = [cell.value for cell in sheet[1]]
    assert header[:7] == ["Order", "编号", "名称", "状态", "改造费用（元）", "备注", "经度"]
    first = dict(zip(header, [cell.value for cell in sheet[2]], strict=True))
    assert first["名称"] == "旧小学 B"
    assert first["All residents: newly covered"] == 900
    note = sheet.cell(2, header.index("备注") + 1)
    assert note.value == "=1+1"
    assert note.data_type == "s"
    assert book.sheetnames == [
        "Figures", "Proposed sites", "Townships", "Existing centres", "Candidate sites", "Number and coverage",
    ]  # fmt: skip


def test_the_manifest_accounts_for_every_file(out, project_file):
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["outputs"]) == FILES - {"manifest.json"}
    assert manifest["inputs"]["streets.source"]["file"] == "streets.osm"
    assert str(project_file.parent) not in (out / "manifest.json").read_text(encoding="utf-8")


def test_the_same_input_gives_the_same_bytes(finished, out, tmp_path):
    again = deliver.write(run_project(load(finished.inputs.project.path)), tmp_path / "again")
    for name in FILES:
        assert (again / name).read_bytes() == (out / name).read_bytes(), name


def test_a_chinese_project_is_delivered_in_chinese(tmp_path):
    path = write_project(tmp_path, language="zh")
    folder = deliver.write(run_project(load(path)), tmp_path / "out")
    book = openpyxl.load_workbook(folder / "plan.xlsx")
    assert book.sheetnames[0] == "总体指标"
    assert "全部居民：新增覆盖人口" in [cell.value for cell in book["建议点位"][1]]
    report = json.loads((folder / "data_report.json").read_text(encoding="utf-8"))
    assert report["language"] == "zh"


def test_a_second_run_takes_the_first_one_s_place_and_keeps_what_somebody_laid_there(finished, tmp_path):
    folder = deliver.write(finished, tmp_path / "out")
    (folder / "notes.docx").write_bytes(b"mine")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "a.png").write_bytes(b"mine too")
    deliver.write(finished, folder)
    assert (folder / "notes.docx").read_bytes() == b"mine"
    assert (folder / "pictures" / "a.png").read_bytes() == b"mine too"


def test_a_folder_of_somebody_else_s_is_left_alone(finished, tmp_path):
    (tmp_path / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(InputError) as caught:
        deliver.write(finished, tmp_path)
    assert "--out" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_is_no_folder(finished, tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError):
        deliver.write(finished, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "x"


def test_a_failed_run_leaves_the_last_one_untouched(finished, tmp_path, monkeypatch):
    folder = deliver.write(finished, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(deliver, "write_workbook", fail)
    with pytest.raises(OSError, match="disk full"):
        deliver.write(finished, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failing_rename", [1, 2])
def test_a_swap_that_fails_half_way_is_undone(tmp_path, monkeypatch, failing_rename):
    target = tmp_path / "out"
    _write_generation(target, 1)
    calls = []
    rename = Path.rename

    def counted(self, other):
        calls.append(other)
        if len(calls) == failing_rename:
            raise PermissionError("plan.xlsx is open in another program")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", counted)
    with pytest.raises(InputError) as caught:
        _write_generation(target, 2)
    assert "plan.xlsx" in str(caught.value)
    monkeypatch.undo()
    assert _generation(target) == {1}


def test_a_run_killed_between_the_two_renames_is_put_back(tmp_path):
    target = tmp_path / "out"
    _write_generation(target, 1)
    target.rename(tmp_path / ".out.last")
    recover(target)
    assert _generation(target) == {1}


def test_a_run_killed_at_any_moment_leaves_one_whole_generation(tmp_path):
    target = tmp_path / "out"
    _write_generation(target, 0)
    context = multiprocessing.get_context("spawn")
    for delay_s in (0.0, 0.02, 0.05, 0.09, 0.14, 0.2):
        worker = context.Process(target=_write_for_ever, args=(target,))
        worker.start()
        while not (target.parent / "started").exists():
            time.sleep(0.005)
        time.sleep(delay_s)
        os.kill(worker.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        worker.join()
        (target.parent / "started").unlink()
        recover(target)
        assert len(_generation(target)) == 1


def _write_generation(target: Path, generation: int) -> None:
    with whole_folder(target) as folder:
        names = [f"part{i}.txt" for i in range(20)]
        for name in names:
            (folder / name).write_text(str(generation))
        (folder / "manifest.json").write_text(json.dumps({"outputs": dict.fromkeys(names)}))


def _write_for_ever(target: Path) -> None:
    generation = 1
    while True:
        _write_generation(target, generation)
        (target.parent / "started").touch()
        generation += 1


def _generation(target: Path) -> set[int]:
    names = json.loads((target / "manifest.json").read_text())["outputs"]
    return {int((target / name).read_text()) for name in names}


def test_geojson_of_odd_values():
    table = gpd.GeoDataFrame(
        {"id": ["a", "b"], "number": [1.5, float("nan")], "text": ['"quoted"\n', None], "flag": [True, False]},
        geometry=[shapely.Point(118.123456789, 25), shapely.Polygon()],
        crs=4326,
    )
    content = json.loads(to_geojson(table, name="odd"))
    first, second = content["features"]
    assert first["properties"] == {"id": "a", "number": 1.5, "text": '"quoted"\n', "flag": True}
    assert first["geometry"]["coordinates"] == [118.1234568, 25.0]
    assert second["properties"]["number"] is None
    assert second["geometry"] is None


def test_a_rule_of_the_project_excludes_a_site_in_its_own_words(tmp_path):
    path = write_project(tmp_path / "p", language="zh")
    rule = '\n[[eligibility]]\nfield = "cost_yuan"\nabove = 40000\nreason = "造价过高"\n'
    path.write_text(path.read_text(encoding="utf-8") + rule, encoding="utf-8")
    folder = deliver.write(run_project(load(path)), tmp_path / "out")
    features = json.loads((folder / "candidates.geojson").read_text(encoding="utf-8"))["features"]
    reasons = {f["properties"]["id"]: f["properties"]["excluded_reason"] for f in features}
    assert reasons == {"A": None, "B": "造价过高", "D": None, "E": "forbidden"}
    sheet = openpyxl.load_workbook(folder / "plan.xlsx")["备选点位"]
    header, *rows = sheet.iter_rows(values_only=True)
    column = header.index("未纳入原因")
    assert [row[column] for row in rows] == [None, "造价过高", None, "状态为排除"]
