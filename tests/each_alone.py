"""Run each test alone, in a process of its own, and list those that fail so: ``python tests/each_alone.py [FILE ...]``.

The processes are forks of one that has imported everything (so not on Windows); the order of the whole is a matter for
``make test``, which draws one anew every time.
"""

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest

QUIET = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore::pytest.PytestAssertRewriteWarning"]


class Collector:
    """Remember which tests there are."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tests = [item.nodeid for item in session.items]


def passes_alone(test: str) -> bool:
    """Run one test in a process of its own; say what it said where it fails."""
    child = os.fork()
    if child == 0:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = pytest.main([*QUIET, test])
        if code:
            print(said.getvalue(), flush=True)
        os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def main(files: list[str]) -> int:
    found = Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*QUIET, "--collect-only", *files], plugins=[found])
    failed = [test for test in found.tests if not passes_alone(test)]
    print(f"{len(found.tests)} tests alone, {len(failed)} failed", *failed, sep="\n")
    return bool(failed)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    sys.exit(main(sys.argv[1:]))
