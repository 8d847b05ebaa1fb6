"""One run of a project, from its inputs to its results: read, walk, choose, lay out. Writes no file."""

from dataclasses import dataclass
from typing import Any

from planner.inputs.overrides import with_wishes
from planner.inputs.read import Inputs, Progress, read_inputs
from planner.project import Project
from planner.project.digests import Digest, input_digests, refuse_changed
from planner.results.summary import summarise
from planner.results.tables import Tables, tabulate
from planner.study.access import Access, measure_access
from planner.study.plan import Plan, choose_sites


@dataclass(frozen=True)
class Run:
    """A finished run: what went in and what its files held then, what was measured and chosen, the tables and the summary."""

    inputs: Inputs
    digests: dict[str, Digest]
    access: Access
    plan: Plan
    tables: Tables
    summary: dict[str, Any]


def run_project(project: Project, *, progress: Progress = lambda step: None, threads: int | None = None) -> Run:
    """Run a project's main job.

    Raises
    ------
    PlannerError
        An input cannot be used or is edited while it is read, or the project's conditions contradict each other.
    """
    digests = input_digests(project)
    inputs = with_wishes(read_inputs(project, progress=progress, threads=threads))
    refuse_changed(digests, input_digests(project))
    progress("study.walking")
    access = measure_access(inputs, threads=threads)
    progress("study.siting")
    plan = choose_sites(inputs, access, threads=threads)
    progress("study.drawing")
    tables = tabulate(inputs, access, plan, threads=threads)
    return Run(inputs, digests, access, plan, tables, summarise(inputs, access, plan, tables))
