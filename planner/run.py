"""One run of a project, from its inputs to its results: read, walk, choose, lay out. Writes no file."""

from dataclasses import dataclass
from typing import Any

from planner.inputs.overrides import with_wishes
from planner.inputs.read import Inputs, Progress, read_inputs
from planner.project import Project
from planner.results.summary import summarise
from planner.results.tables import Tables, tabulate
from planner.study.access import Access, measure_access
from planner.study.plan import Plan, choose_sites


@dataclass(frozen=True)
class Run:
    """A finished run: what went in, what was measured and chosen, the tables and the summary."""

    inputs: Inputs
    access: Access
    plan: Plan
    tables: Tables
    summary: dict[str, Any]


def run_project(project: Project, *, progress: Progress = lambda step: None, threads: int | None = None) -> Run:
    """Run a project's main job.

    Raises
    ------
    PlannerError
        An input cannot be used, or the project's conditions contradict each other.
    """
    inputs = with_wishes(read_inputs(project, progress=progress, threads=threads))
    progress("study.walking")
    access = measure_access(inputs, threads=threads)
    progress("study.siting")
    plan = choose_sites(inputs, access, threads=threads)
    progress("study.drawing")
    tables = tabulate(inputs, access, plan, threads=threads)
    return Run(inputs, access, plan, tables, summarise(inputs, access, plan, tables))
