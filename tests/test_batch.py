"""Many projects: one that fails does not sink the rest, and a batch that was stopped goes on where it stood."""

import csv
from pathlib import Path

import pytest
from small_project import write_project

from planner.batch import run_batch
from planner.errors import InputError


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
