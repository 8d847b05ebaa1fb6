"""The command ``planner``: one word a task. Results go to stdout, progress and errors to stderr.

Exit status: 0 done, 1 a `PlannerError` (one clear message, earlier outputs untouched), 2 wrong usage.
"""

import sys

from planner.children import end_with_parent
from planner.cli.commands import app
from planner.cli.console import SPOKEN, stderr
from planner.errors import PlannerError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line."""
    end_with_parent()
    for stream in (sys.stdout, sys.stderr):  # a Windows console may be GBK: what it lacks must not stop a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except PlannerError as fault:
        stderr().print(fault.message(SPOKEN.language), style="red", markup=False, highlight=False)
        sys.exit(1)
