"""What CI lets pass: nothing but what is for want of the shared data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from skips import WITHOUT_SHARED

TESTS = f"""
import pytest
def test_whole(): pass
def test_in_parts(): pytest.skip("no plugin")
@pytest.mark.skipif(True, reason="no browser")
def test_marked(): pass
@pytest.fixture
def part(): pytest.importorskip("not_there")
def test_with_a_part(part): pass
@pytest.mark.xfail
def test_of_what_is_known_to_be_wrong(): assert False
def test_of_a_city(): pytest.skip({WITHOUT_SHARED!r})
"""


@pytest.mark.parametrize(
    ("ci", "said"),
    [("true", "1 failed, 1 passed, 1 skipped, 1 xfailed, 3 errors"), ("", "1 passed, 5 skipped, 1 xfailed")],
)
def test_a_skip_is_a_failure_in_ci(tmp_path: Path, ci: str, said: str) -> None:
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "test_none.py").write_text("import pytest\npytest.importorskip('not_there')\n", encoding="utf-8")
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "skips",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
        ".",
    ]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(Path(__file__).parent)}
    ended = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert said in ended.stdout, ended.stdout
    assert ended.returncode == (1 if ci else 0)
