"""The files of a run: the contract's names and fields, whole or not at all, equal for equal results."""

import errno
import hashlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from small_project import write_project
from typer.testing import CliRunner

from planner import deliver
from planner import run as run_module
from planner.cli import app
from planner.deliver.folder import _fresh, check_folder, recover, whole_folder
from planner.deliver.geojson import to_geojson
from planner.deliver.manifest import is_current
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


def test_what_another_run_takes_away_meanwhile_is_no_fault(tmp_path, monkeypatch):
    target = tmp_path / "out"
    _write_generation(target, 1)
    target.rename(tmp_path / ".out.last")
    listed, moved = Path.glob, Path.rename

    def glob_what_has_ended(folder, pattern):
        return iter([*listed(folder, pattern), tmp_path / ".out.1.unfinished"])

    def rename_behind_another(last, to):
        moved(last, to)
        return moved(last, to)

    monkeypatch.setattr(Path, "glob", glob_what_has_ended)
    monkeypatch.setattr(Path, "rename", rename_behind_another)
    recover(target)
    assert _generation(target) == {1}


class Killed(BaseException):
    """The process is gone: nothing that comes later touches the disk."""


def test_a_run_killed_at_any_moment_leaves_one_whole_generation(tmp_path, monkeypatch):
    found = []
    for moment in itertools.count(1):
        target = tmp_path / str(moment) / "out"
        _write_generation(target, 0)
        (target / "note.txt").write_text("somebody's own")
        with monkeypatch.context() as patch, suppress(Killed):
            _kill_at(moment, patch)
            _write_generation(target, 1)
            break
        recover(target)
        assert (target / "note.txt").is_file()
        found += _generation(target)
    assert found == sorted(found) and set(found) == {0, 1} and len(found) == moment - 1


def _kill_at(moment: int, patch) -> None:
    """Let the process die at its `moment`-th change of the disk; a folder it was deleting then is left without its first file."""
    changes = itertools.count(1)

    def mortal(change):
        def call(path, *more, **known):
            now = next(changes)
            if now == moment and change is rmtree and Path(path).is_dir():
                min(Path(path).iterdir()).unlink()
            if now >= moment:
                raise Killed
            return change(path, *more, **known)

        return call

    rmtree = shutil.rmtree
    for owner, name in ((Path, "mkdir"), (Path, "rename"), (Path, "write_text"), (shutil, "copy2"), (shutil, "rmtree")):
        patch.setattr(owner, name, mortal(getattr(owner, name)))


def _write_generation(target: Path, generation: int) -> None:
    with whole_folder(target) as folder:
        names = [f"part{i}.txt" for i in range(5)]
        for name in names:
            (folder / name).write_text(str(generation))
        (folder / "manifest.json").write_text(json.dumps({"outputs": dict.fromkeys(names)}))


def _generation(target: Path) -> set[int]:
    names = json.loads((target / "manifest.json").read_text())["outputs"]
    return {int((target / name).read_text()) for name in names}


@pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and sockets need rights there")
def test_links_pipes_and_sockets_stay_what_they_are_and_nothing_is_followed(tmp_path):
    target = tmp_path / "out"
    _write_generation(target, 1)
    (target / "up").symlink_to("..")
    (target / "gone").symlink_to("nowhere")
    (target / "itself").symlink_to("itself")
    os.mkfifo(target / "pipe")
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind(os.path.relpath(target / "ear"))
        inode = (target / "ear").stat().st_ino
        for generation in (2, 3):
            _write_generation(target, generation)
    assert _generation(target) == {3}
    assert {name: str((target / name).readlink()) for name in ("up", "gone", "itself")} == {
        "up": "..", "gone": "nowhere", "itself": "itself",
    }  # fmt: skip
    assert (target / "pipe").is_fifo() and (target / "ear").stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_somebody_writes_during_the_swap_is_not_lost(tmp_path, monkeypatch):
    """At every rename somebody writes a note where the folder is, or lays a new folder there where it is gone."""
    rename = Path.rename
    for moment in range(1, 5):
        target = tmp_path / str(moment) / "out"
        _write_generation(target, 0)
        (target / "note.txt").write_text("before")
        calls = itertools.count(1)

        def noting(path, to, target=target, moment=moment, calls=calls):
            if next(calls) == moment:
                target.mkdir(exist_ok=True)
                (target / "late.txt").write_text("meanwhile")
            return rename(path, to)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", noting)
            _write_generation(target, 1)
        assert _generation(target) == {1}
        notes = {path.name: path.read_text() for path in target.iterdir() if path.name in ("note.txt", "late.txt")}
        assert notes.get("note.txt") == "before"
        assert "late.txt" not in notes or notes["late.txt"] == "meanwhile"
        assert moment > 3 or "late.txt" in notes
        assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_a_folder_laid_where_a_killed_run_left_none_is_taken_in(tmp_path):
    target = tmp_path / "out"
    _write_generation(target, 1)
    target.rename(tmp_path / ".out.last")
    target.mkdir()
    (target / "note.txt").write_text("mine")
    recover(target)
    assert _generation(target) == {1} and (target / "note.txt").read_text() == "mine"


def test_a_note_that_has_the_name_of_a_new_file_gets_another(tmp_path):
    target = tmp_path / "out"
    _write_generation(target, 1)
    (target / "part9.txt").write_text("mine")
    with whole_folder(target) as folder:
        (folder / "part9.txt").write_text("2")
        (folder / "manifest.json").write_text(json.dumps({"outputs": {"part9.txt": None}}))
    assert {path.name: path.read_text() for path in target.glob("part*")} == {"part9.txt": "2", "part9-2.txt": "mine"}


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody asks whether a process lives")
def test_what_dead_runs_left_is_cleared_at_once_and_what_live_ones_write_is_not(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    ours = _fresh(tmp_path / "out").name
    for process in (dead.pid, os.getppid()):
        (tmp_path / ours.replace(str(os.getpid()), str(process))).mkdir()
    recover(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [ours.replace(str(os.getpid()), str(os.getppid()))]


def _impossible(folder: Path) -> dict[str, Path]:
    (folder / "file").write_text("x")
    (folder / "loop").symlink_to("loop")
    return {
        "root": Path(folder.anchor),
        "below a file": folder / "file" / "out",
        "far below a file": folder / "file" / "a" / "out",
        "a file": folder / "file",
        "a link to itself": folder / "loop",
        "below it": folder / "loop" / "out",
        "256 letters": folder / ("x" * 256),
        "100 Chinese letters": folder / ("字" * 100),
        "no files there": Path("/proc/out"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the names that cannot be are others elsewhere")
def test_an_out_that_cannot_be_written_is_one_sentence_before_the_work(tmp_path, project_file, monkeypatch):
    def no_work(*_args, **_kwargs):
        raise AssertionError("the work had begun")

    monkeypatch.setattr("planner.run.run_project", no_work)
    for name, out in _impossible(tmp_path).items():
        before = sorted(path.name for path in tmp_path.iterdir())
        answer = CliRunner().invoke(app, ["run", str(project_file), "--out", str(out), "--quiet"])
        assert isinstance(answer.exception, InputError), (name, answer.exception)
        for language in ("zh", "en"):
            assert "\n" not in answer.exception.message(language).strip() or "--out" in answer.exception.message(
                language
            )
        with pytest.raises(InputError), whole_folder(out):
            pass
        assert sorted(path.name for path in tmp_path.iterdir()) == before, name


def test_the_longest_names_are_written(tmp_path):
    for name in ("x" * 245, "x" * 255, "字" * 85):
        target = tmp_path / name
        check_folder(target)
        for generation in (1, 2):
            _write_generation(target, generation)
        assert _generation(target) == {2}


def test_no_room_and_no_right_are_said_before_the_work(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
        with pytest.raises(InputError):
            check_folder(tmp_path / "a" / "out")
    assert not list(tmp_path.iterdir())
    for number in (errno.EROFS, errno.EACCES, errno.ENOSPC):

        def refused(*_args, number=number, **_kwargs):
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "mkdir", refused)
            with pytest.raises(InputError) as caught:
                check_folder(tmp_path / "out")
            assert caught.value.code == "deliver.not_to_be_written"
        with pytest.raises(InputError), whole_folder(tmp_path / "out"):
            refused()
    assert not list(tmp_path.iterdir())


def test_an_input_edited_while_it_is_read_is_never_signed(tmp_path, monkeypatch):
    path = write_project(tmp_path / "p")
    people = path.parent / "people.csv"
    read = run_module.read_inputs

    def read_and_edited(*args, **kwargs):
        found = read(*args, **kwargs)
        people.write_text(people.read_text(encoding="utf-8").replace(",", ",9", 1) + "\n", encoding="utf-8")
        return found

    monkeypatch.setattr(run_module, "read_inputs", read_and_edited)
    with pytest.raises(InputError) as caught:
        run_project(load(path))
    assert caught.value.code == "project.inputs_changed"
    for language in ("zh", "en"):
        assert "people.csv" in caught.value.message(language)


def test_a_manifest_signs_what_was_read_and_not_what_lies_there_now(tmp_path):
    path = write_project(tmp_path / "p", siting="sites = 1")
    project = load(path)
    read = path.read_bytes()
    write_project(tmp_path / "p", siting="sites = 2")  # after the project file was read
    found = run_project(project)
    (path.parent / "people.csv").write_text("lon,lat,people,old\n", encoding="utf-8")  # after all was read
    folder = deliver.write(found, tmp_path / "out")
    signed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert signed["project"]["sha256"] == hashlib.sha256(read).hexdigest()
    assert signed["population[0].source"]["bytes"] > 20
    assert not is_current(load(path), folder)


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
