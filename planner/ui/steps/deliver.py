"""Step "Deliver": every work product of the plan in force, made when asked for, and the plan kept as a project."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from planner.errors import PlannerError
from planner.project import Project
from planner.session import tasks
from planner.session.map_events import Event
from planner.session.open_project import SUMMARY
from planner.session.state import Session
from planner.session.workers import Job
from planner.ui.map.view import Changing
from planner.ui.panels.downloads import show_downloads
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import run_again, watch
from planner.ui.panels.projects import offer_saving
from planner.ui.steps.propose import changing_of
from planner.ui.words import Words, html

_JOBS = "deliver_jobs"


def show(session: Session, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    st.html(f'<p class="planner-lead">{html(words("deliver_plan", plan=words.settings(session.settings)))}</p>')
    if session.fault is not None:
        show_fault(session.fault, words)
    if session.search is not None and session.is_waiting:
        watch(session.search, words)
    try:
        project = session.project_to_run()
    except PlannerError as fault:
        show_fault(fault, words)
    else:
        _files(project, session, words)
        with st.expander(words("save_title")):
            st.caption(words("save_note"))
            offer_saving(project, session.workspace, words)
        st.html(f'<p class="planner-foot">{html(words("foot"))}</p>')
    return replace(changing_of(session, words), actions=(), drawing=False, step="deliver")


def below(session: Session, words: Words) -> None:
    """Nothing stands below."""


def _files(project: Project, session: Session, words: Words) -> None:
    """Offer to make the files, show how far that is, and offer what is there."""
    jobs: dict[Path, Job] = st.session_state.setdefault(_JOBS, {})
    out = session.out
    job = jobs.get(out)
    ready = (out / SUMMARY).is_file()
    if job is None or job.ended:
        if job is not None and isinstance(job.fault, PlannerError):
            show_fault(job.fault, words)
        label = words("make_again") if ready else words("make_files")
        if st.button(label, type="secondary" if ready else "primary", key="make-files", width="stretch"):
            jobs[out] = session.workers.submit(tasks.run, project, out)
            run_again()
    else:
        watch(job, words)
    if ready:
        show_downloads(out, words, a_row=2)
    elif job is None:
        st.caption(words("make_note"))
