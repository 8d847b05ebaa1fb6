"""The long work that the page hands to other processes; `tell` and `cancelled` come from `planner.session.worker`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner import deliver, siting
from planner.deliver.folder import check_folder
from planner.inputs.read import read_inputs
from planner.project import Project
from planner.run import run_project
from planner.study import question as asked
from planner.study.question import Question

Tell = Callable[..., None]


def prepare(project: Project, *, tell: Tell, cancelled: Callable[[], bool]) -> None:
    """Read a project once, so that what takes long of it is kept."""
    read_inputs(project, progress=tell)


def find_curve(
    question: Question,
    sites: int | None,
    budgets: NDArray[np.float64] | None,
    *,
    tell: Tell,
    cancelled: Callable[[], bool],
) -> siting.Frontier:
    """Find the whole curve of coverage, by number or by money."""
    limit_s = question.settings.time_limit_s
    effort: dict[str, Any] = {"progress": _moving(tell), "cancelled": cancelled, "time_limit_s": limit_s}
    return asked.frontier(question, sites, budget=budgets, gap=question.settings.gap, **effort)


def solve(question: Question, *, tell: Tell, cancelled: Callable[[], bool]) -> asked.Result:
    """Solve the project's own model."""
    return asked.solve(question, progress=_moving(tell), cancelled=cancelled)


def score(
    question: Question, listed: NDArray[np.int64], *, tell: Tell, cancelled: Callable[[], bool]
) -> siting.Evaluation:
    """Score a given list against the best under the same conditions."""
    return asked.evaluate(question, listed, progress=_moving(tell))


def run(project: Project, out: Path, *, tell: Tell, cancelled: Callable[[], bool]) -> None:
    """Do a project's main job and write all of its files."""
    check_folder(out)
    found = run_project(project, progress=tell)
    tell("study.writing")
    deliver.write(found, out)


def _moving(tell: Tell) -> Callable[[float, float], None]:
    return lambda value, bound: tell(value=float(value), bound=float(bound))
