"""Step "Deliver": every work product of the plan in force, made when asked for, and the plan kept as a project."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from planner.errors import PlannerError
from planner.project import Project
from planner.session import tasks
from planner.session.settings import Choice
from planner.session.variants import describe
from planner.session.workers import Job, Workers
from planner.session.workspace import Workspace
from planner.ui.map.events import Event
from planner.ui.map.view import Changing
from planner.ui.opened import SUMMARY, Opened
from planner.ui.panels.downloads import show_downloads
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import run_again, watch
from planner.ui.panels.projects import offer_saving
from planner.ui.steps.bench import Bench
from planner.ui.steps.propose import changing_of
from planner.ui.words import Words, html

_JOBS = "deliver_jobs"


@dataclass(frozen=True)
class _Kept:
    """What `offer_saving` asks for: the project with the settings in force, and where it may go."""

    opened: Opened
    workspace: Workspace


def show(bench: Bench, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    plan, results, job, fault = bench.current()
    st.html(f'<p class="planner-lead">{html(words("deliver_plan", plan=describe(bench.choice, words)))}</p>')
    if fault is not None:
        show_fault(fault, words)
    if job is not None:
        watch(job, words)
    try:
        project, out = project_of(bench), out_of(bench)
    except PlannerError as met:
        show_fault(met, words)
        return changing_of(bench, plan, results, words)
    _files(project, out, bench.workers, words)
    with st.expander(words("save_title")):
        st.caption(words("save_note"))
        offer_saving(_Kept(Opened(project, out), bench.workspace), words)
    st.html(f'<p class="planner-foot">{html(words("foot"))}</p>')
    return replace(changing_of(bench, plan, results, words), actions=(), drawing=False, step="deliver")


def below(bench: Bench, words: Words) -> None:
    """Nothing stands below."""


def project_of(bench: Bench) -> Project:
    """Return the project that says the settings in force; a given list becomes the sites that must open.

    Raises
    ------
    PlannerError
        The project file cannot say that.
    """
    assert bench.opened.project is not None
    choice = bench.choice
    if choice == Choice.of(bench.opened.project):
        return bench.opened.project
    if choice.mode == "list":
        choice = replace(
            choice, mode="sites", sites=len(choice.listed), required=choice.listed, forbidden=(), within=None
        )
    return bench.opened.project.with_siting(**choice.siting)


def out_of(bench: Bench) -> Path:
    """Return the folder of the plan's files: the project's own for what its file says, the session's for anything else."""
    assert bench.opened.project is not None
    if bench.choice == Choice.of(bench.opened.project):
        return bench.opened.out
    mark = hashlib.sha256(repr((bench.shared.key, bench.choice)).encode()).hexdigest()[:12]
    return bench.files / f"plan-{mark}"


def _files(project: Project, out: Path, workers: Workers, words: Words) -> None:
    """Offer to make the files, show how far that is, and offer what is there."""
    jobs: dict[Path, Job] = st.session_state.setdefault(_JOBS, {})
    job = jobs.get(out)
    ready = (out / SUMMARY).is_file()
    if job is None or job.ended:
        if job is not None and job.fault is not None and isinstance(job.fault, PlannerError):
            show_fault(job.fault, words)
        label = words("make_again") if ready else words("make_files")
        if st.button(label, type="secondary" if ready else "primary", key="make-files", width="stretch"):
            jobs[out] = workers.submit(tasks.run, project, out)
            run_again()
    else:
        watch(job, words)
    if ready:
        show_downloads(out, words, a_row=2)
    elif job is None:
        st.caption(words("make_note"))
