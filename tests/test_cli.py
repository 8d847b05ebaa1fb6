"""The commands as a person types them: exit status, what goes to stdout and stderr, and what is left on disk."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import OLD_ID, write_project, write_table
from waiting import PATIENCE_S

from planner import __version__


def planner(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "planner", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE_S)


def test_version_and_help():
    assert planner("--version").stdout == f"planner {__version__}\n"
    told = planner("--help").stdout
    for command in ("run", "check", "isochrones", "demo", "batch", "app"):
        assert command in told


def test_wrong_usage_is_status_two():
    assert planner("run").returncode == 2
    assert planner("fly").returncode == 2
    assert planner("batch", "x").returncode == 2


def test_run_prints_the_plan_and_writes_it(tmp_path):
    write_project(tmp_path)
    ended = planner("run", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "旧小学 B" in ended.stdout
    assert "Proven" in ended.stdout
    assert "1,575" in ended.stdout
    assert "Reading the streets" in ended.stderr
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_run_as_json_prints_the_summary_alone(tmp_path):
    write_project(tmp_path)
    ended = planner("run", tmp_path / "project.toml", "--json", "--out", tmp_path / "elsewhere")
    assert json.loads(ended.stdout) == json.loads((tmp_path / "elsewhere" / "summary.json").read_text(encoding="utf-8"))
    assert ended.stderr == ""


def test_quiet_means_quiet(tmp_path):
    write_project(tmp_path)
    ended = planner("run", tmp_path, "--quiet")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_user_error_is_one_message_without_traceback_and_status_one(tmp_path):
    write_project(tmp_path)
    first = planner("run", tmp_path)
    assert first.returncode == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (tmp_path / "people.csv").write_text("lon,lat,people,old\n118,25,-5,0\n", encoding="utf-8")
    ended = planner("run", tmp_path)
    assert ended.returncode == 1
    assert "people.csv" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_errors_speak_the_project_s_language(tmp_path):
    write_project(tmp_path, language="zh")
    (tmp_path / "streets.osm").unlink()
    assert "请检查路径" in planner("run", tmp_path).stderr


def test_check_lists_every_row_that_was_left_out(tmp_path):
    write_project(tmp_path)
    write_table(tmp_path / "centres.csv", {"名称": ["Old", "Far"], "at": [0, 90_000]})
    ended = planner("check", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "row 3" in ended.stdout
    assert "Far" in ended.stdout
    report = json.loads(planner("check", tmp_path, "--json").stdout)
    centres = next(account for account in report["inputs"] if account["role"] == "centres")
    assert (centres["rows_read"], centres["rows_used"], centres["rows_dropped"]) == (2, 1, 1)
    assert not (tmp_path / "out").exists()


def test_isochrones_of_centres_and_candidates(tmp_path):
    write_project(tmp_path)
    ended = planner("isochrones", tmp_path, "--minutes", "5,10", "--out", tmp_path / "iso.geojson")
    assert ended.returncode == 0, ended.stderr
    features = json.loads((tmp_path / "iso.geojson").read_text(encoding="utf-8"))["features"]
    assert [(f["properties"]["facility_id"], f["properties"]["minutes"]) for f in features] == [
        (OLD_ID, 5),
        (OLD_ID, 10),
    ]
    everything = json.loads(planner("isochrones", tmp_path, "--minutes", "5", "--all", "--json").stdout)["features"]
    assert [f["properties"]["facility_id"] for f in everything] == [OLD_ID, "A", "B", "D"]
    assert planner("isochrones", tmp_path, "--minutes", "ten").returncode == 1
    assert planner("isochrones", tmp_path, "--minutes", "0").returncode == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_same_words_in_both_languages(tmp_path, language):
    write_project(tmp_path, language=language)
    told = planner("run", tmp_path).stdout
    assert ("已证明最优" in told) == (language == "zh")


@pytest.mark.parametrize(("language", "told"), [("zh", "虚构"), ("en", "invented")])
def test_the_demonstration_county_plans_itself_in_either_language(tmp_path, language, told):
    ended = planner("demo", tmp_path / "county", "--scale", "0.05", "--language", language)
    assert ended.returncode == 0, ended.stderr
    assert told in ended.stdout
    assert json.loads((tmp_path / "county" / "out" / "summary.json").read_text(encoding="utf-8"))["status"] == "optimal"
    assert planner("demo", tmp_path / "other", "--language", "fr").returncode == 1
