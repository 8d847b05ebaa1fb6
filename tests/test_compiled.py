"""Compiled kernels on disk: a file for each source, types and machine, so that processes cannot mix them up."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE_S

import planner
from planner.kernels.compiled import Files

FLOATS, WHOLE = ("float64", "machine"), ("int64", "machine")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path), "walk-7.py311", "today")


def test_two_processes_that_compile_at_once_keep_both(files: Files, tmp_path: Path) -> None:
    other = Files(str(tmp_path), "walk-7.py311", "today")
    assert files.load(FLOATS) is None and other.load(WHOLE) is None
    files.save(FLOATS, "code for floats")
    other.save(WHOLE, "code for whole numbers")
    for each in (files, other):
        assert each.load(FLOATS) == "code for floats" and each.load(WHOLE) == "code for whole numbers"


def test_code_of_other_sources_is_not_found_and_goes(files: Files, tmp_path: Path) -> None:
    files.save(FLOATS, "of today")
    tomorrow = Files(str(tmp_path), "walk-7.py311", "tomorrow")
    assert tomorrow.load(FLOATS) is None
    other = Files(str(tmp_path), "walk-71.py311", "today")
    other.save(FLOATS, "another function's")
    tomorrow.save(FLOATS, "of tomorrow")
    assert files.load(FLOATS) is None and tomorrow.load(FLOATS) == "of tomorrow"
    assert other.load(FLOATS) == "another function's" and len(names(tmp_path)) == 2


def test_a_file_that_is_cut_off_or_is_another_s_is_as_good_as_none(files: Files, tmp_path: Path) -> None:
    files.save(FLOATS, "code")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for broken in (b"", whole[:9], whole[:-1], pickle.dumps((WHOLE, "code for whole numbers"))):
        file.write_bytes(broken)
        assert files.load(FLOATS) is None
    files.save(FLOATS, "code")
    assert files.load(FLOATS) == "code"


def test_another_process_finds_what_one_has_compiled(tmp_path: Path) -> None:
    (tmp_path / "doubling.py").write_text(
        "import numpy as np\n"
        "from planner.kernels.compiled import compiled\n"
        "@compiled\n"
        "def double(values):\n"
        "    return values + values\n"
        "for some in (np.arange(3), np.arange(3) / 2, np.arange(3)):\n"
        "    print(double(some).tolist())\n"
        "print(sum(double.stats.cache_hits.values()), sum(double.stats.cache_misses.values()))\n",
        encoding="utf-8",
    )
    told = []
    for _ in range(2):
        run = [sys.executable, "doubling.py"]
        environment = {**os.environ, "PYTHONPATH": str(Path(planner.__file__).parents[1])}
        done = subprocess.run(
            run, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True, timeout=PATIENCE_S
        )
        told.append(done.stdout.splitlines())
    first, second = told
    assert first[:3] == second[:3] == ["[0, 2, 4]", "[0.0, 1.0, 2.0]", "[0, 2, 4]"]
    assert (first[3], second[3]) == ("0 2", "2 0")
