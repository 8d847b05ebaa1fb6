"""One run of a project, from its inputs to its results: read, walk, choose, explain, lay out. Writes no file."""

from dataclasses import dataclass
from typing import Any

from planner.inputs.area import area_of
from planner.inputs.overrides import with_siting, with_wishes
from planner.inputs.read import Inputs, Progress, read_inputs
from planner.inputs.streets import CACHE_FOLDER, cache_folder, network_of
from planner.project import Project
from planner.results.summary import summarise
from planner.results.tables import Tables, facility_isochrones, tabulate
from planner.study.access import Access, measure
from planner.study.plan import Decision, decide

__all__ = [
    "CACHE_FOLDER",
    "Access",
    "Decision",
    "Inputs",
    "Progress",
    "Study",
    "Tables",
    "area_of",
    "cache_folder",
    "facility_isochrones",
    "network_of",
    "read_inputs",
    "run",
    "with_siting",
    "with_wishes",
]


@dataclass(frozen=True)
class Study:
    """A finished run: what went in, what was measured and chosen, the tables and the summary."""

    inputs: Inputs
    access: Access
    decision: Decision
    tables: Tables
    summary: dict[str, Any]


def run(project: Project, *, progress: Progress = lambda step: None, threads: int | None = None) -> Study:
    """Run a project's main job.

    Raises
    ------
    PlannerError
        An input cannot be used, or the project's conditions contradict each other.
    """
    inputs = with_wishes(read_inputs(project, progress=progress, threads=threads))
    progress("study.walking")
    access = measure(inputs, threads=threads)
    progress("study.siting")
    decision = decide(inputs, access, threads=threads)
    progress("study.drawing")
    tables = tabulate(inputs, access, decision, threads=threads)
    return Study(inputs, access, decision, tables, summarise(inputs, access, decision, tables))
