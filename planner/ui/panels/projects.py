"""Open another project of the workspace, or save the open one as a new one."""

from pathlib import Path

import streamlit as st

from planner.errors import PlannerError
from planner.project import Project
from planner.session.workspace import Workspace
from planner.ui.panels.notice import show_fault
from planner.ui.words import Words


def choose_project(workspace: Workspace, words: Words, *, open_now: str | None = None) -> None:
    """Offer the projects of the workspace; the one chosen is opened, and its name stands in the page's URL."""
    names = _names(workspace.root)
    if not names:
        return
    chosen = st.selectbox(
        words("open_project"),
        names,
        index=names.index(open_now) if open_now in names else None,
        placeholder=words("choose"),
        format_func=lambda name: workspace.root.resolve().name if name == "." else name,
        key=f"data-open-{words.language}-{open_now}",
    )
    if chosen is not None and chosen != open_now:
        _go_to(chosen)


@st.cache_data(ttl=20, show_spinner=False)
def _names(root: Path) -> list[str]:
    """Return the projects of a workspace, looked for now and then: it may hold thousands of folders."""
    return Workspace(root).projects()


def offer_saving(project: Project, workspace: Workspace, words: Words) -> None:
    """Offer to save a project, uploads and corrections included, as a new one of the workspace, and open that."""
    with st.form(f"data-save-{words.language}", border=False):
        name = st.text_input(words("save_as"), key=f"data-save-name-{words.language}", max_chars=80)
        wanted = st.form_submit_button(words("save"), width="stretch")
    if not wanted:
        return
    try:
        workspace.save_as(name.strip(), project)
    except PlannerError as fault:
        show_fault(fault, words)
        return
    _names.clear()
    _go_to(name.strip())


def _go_to(name: str) -> None:
    """Open a project; of the page's link only language and step are left, since all else was about another one."""
    kept = {key: st.query_params[key] for key in ("lang", "step") if key in st.query_params}
    st.query_params.from_dict({**kept, "project": name})
    st.rerun()
