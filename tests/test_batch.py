"""Many projects: one that fails does not sink the rest, and a batch that was stopped goes on where it stood."""

import csv
from pathlib import Path

import pytest
from small_project import write_project

from planner.batch import run_batch
from planner.deliver.manifest import is_current
from planner.errors import InputError
from planner.project import load


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "batch.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_failing_project_does_not_sink_the_rest_and_the_rest_is_kept(tmp_path):
    for name in ("north", "south", "broken"):
        write_project(tmp_path / name)
    (tmp_path / "broken" / "people.csv").write_text("nonsense", encoding="utf-8")
    projects = [tmp_path / name for name in ("north", "broken", "south")]
    outcomes = run_batch(projects, tmp_path / "results", workers=2)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "done"]
    assert "people.csv" in outcomes[1].message
    assert [row["state"] for row in table(tmp_path / "results")] == ["done", "failed", "done"]
    assert float(table(tmp_path / "results")[0]["covered_after"]) == 1000
    assert not (tmp_path / "results" / "broken").exists()

    stamp = (tmp_path / "results" / "north" / "manifest.json").stat().st_mtime_ns
    write_project(tmp_path / "broken")
    write_project(tmp_path / "south", siting="sites = 2")
    outcomes = run_batch(projects, tmp_path / "results", workers=2)
    assert [outcome.state for outcome in outcomes] == ["kept", "done", "done"]
    assert (tmp_path / "results" / "north" / "manifest.json").stat().st_mtime_ns == stamp
    assert outcomes[2].covered_after == 1500


def test_projects_of_the_same_name_get_folders_of_their_own(tmp_path):
    for place in ("east", "west"):
        write_project(tmp_path / place / "county")
    outcomes = run_batch([tmp_path / "east" / "county", tmp_path / "west" / "county"], tmp_path / "results")
    assert [outcome.folder for outcome in outcomes] == ["county", "county-2"]


def test_the_same_project_twice_and_no_workers_are_refused(tmp_path):
    path = write_project(tmp_path / "one")
    with pytest.raises(InputError):
        run_batch([path, path], tmp_path / "results")
    with pytest.raises(InputError):
        run_batch([path], tmp_path / "results", workers=0)


def test_a_missing_project_is_one_failed_line(tmp_path):
    outcomes = run_batch([tmp_path / "nowhere"], tmp_path / "results")
    assert [outcome.state for outcome in outcomes] == ["failed"]
    assert "nowhere" in outcomes[0].message


def test_results_that_are_not_whole_are_made_again(tmp_path):
    """A manifest without its outputs once ended the whole batch with a FileNotFoundError."""
    names = ("whole", "lost", "torn", "half", "changed")
    projects = [write_project(tmp_path / name) for name in names]
    results = tmp_path / "results"
    run_batch(projects, results, workers=2)
    kept = {name: (results / name / "plan.xlsx").read_bytes() for name in names}
    (results / "lost" / "summary.json").unlink()
    (results / "torn" / "summary.json").write_bytes((results / "torn" / "summary.json").read_bytes()[:100])
    (results / "half" / "manifest.json").write_bytes((results / "half" / "manifest.json").read_bytes()[:100])
    (results / "changed" / "plan.xlsx").write_bytes(b"edited")
    (results / "whole" / "notes.txt").write_text("mine", encoding="utf-8")
    outcomes = run_batch(projects, results, workers=2)
    assert {outcome.folder: outcome.state for outcome in outcomes} == dict.fromkeys(names, "done") | {"whole": "kept"}
    assert {name: (results / name / "plan.xlsx").read_bytes() for name in names} == kept
    assert [outcome.state for outcome in run_batch(projects, results)] == ["kept"] * len(names)


@pytest.mark.parametrize("content", ["null", "[]", "{}", '{"outputs": []}', '{"outputs": {"../people.csv": {}}}'])
def test_a_manifest_that_says_nothing_is_none(tmp_path, content):
    project = load(write_project(tmp_path / "one"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(content, encoding="utf-8")
    assert not is_current(project, tmp_path / "out")
