"""Many projects: one that fails does not sink the rest, and a batch that was stopped goes on where it stood."""

import csv
import json
import os
import sys
from pathlib import Path

import pytest
from small_project import write_project

from planner.batch import _outcome, run_batch
from planner.deliver.folder import check_folder
from planner.deliver.manifest import is_current
from planner.errors import InputError
from planner.project import load
from planner.project.digests import file_digest


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


def test_results_whose_manifest_somebody_made_fit_are_made_again(tmp_path):
    """A summary that says nothing, under a manifest that signs it, once ended the whole batch in a KeyError."""
    path = write_project(tmp_path / "one")
    results = tmp_path / "results"
    run_batch([path], results)
    folder = results / "one"
    whole = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    def forge(summary: str, outputs: dict) -> None:
        (folder / "summary.json").write_text(summary, encoding="utf-8")
        signed = file_digest(folder / "summary.json", [folder / "summary.json"])
        kept = {**whole, "outputs": {**outputs, "summary.json": signed}}
        (folder / "manifest.json").write_text(json.dumps(kept), encoding="utf-8")

    for summary in ("[]", '{"group": "total", "population": 1}', "[" * 100_000, "{}"):
        forge(summary, whole["outputs"])
        assert _outcome(path, folder, "kept") is None
    assert is_current(load(path), folder), "the manifest signs it"
    assert [outcome.state for outcome in run_batch([path], results)] == ["done"]
    forge("{}", {})
    assert not is_current(load(path), folder)
    (folder / "manifest.json").write_text("[" * 100_000, encoding="utf-8")
    assert not is_current(load(path), folder)
    check_folder(folder)  # and a run may still take its place


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights there")
def test_a_result_that_is_a_link_or_a_pipe_is_none(tmp_path):
    path = write_project(tmp_path / "one")
    results = tmp_path / "results"
    run_batch([path], results)
    folder = results / "one"
    for name in ("summary.json", "plan.xlsx"):
        (folder / name).rename(tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
        assert not is_current(load(path), folder)
        (folder / name).unlink()
        os.mkfifo(folder / name)
        assert not is_current(load(path), folder)
    assert [outcome.state for outcome in run_batch([path], results)] == ["done"]
    assert all((folder / name).is_file() and (tmp_path / name).is_file() for name in ("summary.json", "plan.xlsx"))


def test_a_folder_and_the_file_in_it_are_one_project(tmp_path):
    path = write_project(tmp_path / "one")
    with pytest.raises(InputError) as caught:
        run_batch([path, path.parent], tmp_path / "results")
    assert caught.value.code == "batch.twice"


def test_a_batch_that_cannot_be_written_is_one_sentence(tmp_path):
    path = write_project(tmp_path / "one")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for out in (tmp_path / "file", tmp_path / "file" / "out", tmp_path / ("x" * 256)):
        with pytest.raises(InputError) as caught:
            run_batch([path], out)
        assert caught.value.code == "deliver.not_to_be_written"
