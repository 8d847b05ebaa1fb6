"""A project in steps: data, today, propose, compare, deliver. Beside the step's panel stands one map that keeps its place."""

from dataclasses import replace
from types import ModuleType

import streamlit as st

from planner.errors import PlannerError
from planner.session.loading import Loaded, Loader
from planner.session.map_events import Event
from planner.session.open_project import Opened
from planner.session.session_uploads import SessionUploads
from planner.session.settings import LINK_KEYS
from planner.session.shared_project import SharedProject
from planner.session.state import Session
from planner.session.workers import workers
from planner.session.workspace import Workspace
from planner.ui.map.view import BaseMap, prepare, show_map, take_event
from planner.ui.panels.figures import show_figures
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import watch
from planner.ui.steps import compare, data, deliver, propose, today
from planner.ui.steps.data import DataStep
from planner.ui.words import Words

_STEPS: dict[str, ModuleType] = {"today": today, "propose": propose, "compare": compare, "deliver": deliver}


def show_workbench(opened: Opened, workspace: Workspace, step: str, words: Words) -> None:
    """Show a step of a project."""
    uploads: SessionUploads = st.session_state.setdefault("uploads", SessionUploads())
    loader: Loader = st.session_state.setdefault("loader", Loader())
    try:
        opened = uploads.put_in(opened)
    except PlannerError as fault:
        show_fault(fault, words)
    assert opened.project is not None
    loaded = loader.load(opened.project)
    if loaded.job is not None:
        watch(loaded.job, words)
        return
    inputs = DataStep(opened.project, workspace, uploads, loaded.inputs, loaded.fault, loader.read_again)
    if loaded.shared is None:
        data.show(inputs, None, words)
        return
    _body(_session(opened, workspace, loaded, uploads), inputs, step, words)


def _session(opened: Opened, workspace: Workspace, loaded: Loaded, uploads: SessionUploads) -> Session:
    """Return this session's work on a project, begun from the page's link."""
    assert loaded.shared is not None
    shared, sessions = loaded.shared, st.session_state.setdefault("sessions", {})
    if shared.key not in sessions:
        link = {name: st.query_params.get_all(name) for name in LINK_KEYS if name in st.query_params}
        sessions[shared.key] = Session.begin(opened, workspace, shared, workers(), uploads.folder, link)
        st.session_state["link_says"] = sessions[shared.key].settings
    session: Session = sessions[shared.key]
    session.opened, session.workspace, session.shared = opened, workspace, shared
    return session


@st.fragment
def _body(session: Session, inputs: DataStep, step: str, words: Words) -> None:
    """Show figures, map, and the step's panel; what is done on the map runs this alone."""
    event = take_event()
    if event is not None:
        session.heed(event)
    _say_in_link(session)
    try:
        _show(session, inputs, step, event, words)
    except PlannerError as fault:
        show_fault(fault, words)


def _show(session: Session, inputs: DataStep, step: str, event: Event | None, words: Words) -> None:
    is_today = step in ("data", "today")
    if not is_today:
        session.update()
    strip = st.container()
    left, right = st.columns([1.75, 1], gap="medium")
    with right:
        changing = data.show(inputs, event, words) if step == "data" else _STEPS[step].show(session, event, words)
    with strip:
        results = session.shared.results_today(session.settings.group) if is_today else session.results
        show_figures(results, words, today=is_today)
    with left:
        show_map(base_map(session.opened, session.shared, session.settings.group), changing, words)
    if step == "data":
        data.below(inputs, words)
    else:
        _STEPS[step].below(session, words)


def _say_in_link(session: Session) -> None:
    """Let the page's link say the settings in force, once the reader has changed any."""
    if st.session_state.get("link_says") == session.settings:
        return
    st.session_state["link_says"] = session.settings
    link = session.settings.to_link()
    for key in LINK_KEYS:
        if key in link:
            st.query_params[key] = link[key]
        elif key in st.query_params:
            del st.query_params[key]


def base_map(opened: Opened, shared: SharedProject, group: str) -> BaseMap:
    """Return what stays on the map, the same for a project and a group whatever is planned."""

    def made() -> BaseMap:
        results = shared.results_today(group)
        zones = results.zones
        if zones is not None:
            zones = zones.assign(covered_after=None, share_after=None, sites=None)
        return prepare(opened, replace(results, zones=zones))

    return shared.kept(("base", group), made)
