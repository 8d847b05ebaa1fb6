"""The frame of every page: style, title, language switch; it opens what it was given and hands over to what can be shown."""

from pathlib import Path

import streamlit as st

from planner.errors import PlannerError
from planner.session.open_project import Opened, open_given, workspace_of
from planner.session.workers import workers
from planner.session.workspace import Workspace
from planner.texts import LANGUAGES
from planner.ui.assets import own_text
from planner.ui.panels.notice import show_fault, show_nothing_open
from planner.ui.words import NAMES, Words, html

STEPS = ("data", "today", "propose", "compare", "deliver")
"""The steps of the work, in their order."""


def show(arguments: list[str]) -> None:
    """Show the page for what the command line named."""
    st.set_option("client.toolbarMode", "minimal")
    st.set_option("client.disableDataExport", True)
    opened, fault = _open(arguments)
    first = _first_language(opened)
    st.set_page_config(page_title=_title(opened, Words(first)), page_icon=own_text("icon.svg"), layout="wide")
    st.html(f"<style>{own_text('page.css')}</style>")
    words, step = _head(opened, first)
    if fault is not None:
        show_fault(fault, words)
    elif opened is None:
        show_nothing_open()
    else:
        _show_opened(opened, workspace_of(arguments, Path.cwd()), step, words)


def _show_opened(opened: Opened, workspace: Workspace, step: str, words: Words) -> None:
    """Show a project's step, or results alone; their code is imported only now, so that the head is there at once."""
    with st.spinner(words("loading")):
        workers()  # a process for long work imports beside this one
        from planner.ui.overview import show_overview
        from planner.ui.workbench import show_workbench
    try:
        if opened.project is None:
            show_overview(opened, words)
        else:
            show_workbench(opened, workspace, step, words)
    except PlannerError as fault:
        show_fault(fault, words)


def _open(arguments: list[str]) -> tuple[Opened | None, PlannerError | None]:
    try:
        return open_given(arguments, Path.cwd(), st.query_params.get("project")), None
    except PlannerError as fault:
        return None, fault


def _first_language(opened: Opened | None) -> str:
    """Return the language to begin in: that of the link, of the project, of the browser."""
    asked = st.query_params.get("lang")
    if asked in LANGUAGES:
        return asked
    if opened is not None and opened.project is not None:
        return opened.project.language
    return "zh" if (st.context.locale or "").startswith("zh") else "en"


def _head(opened: Opened | None, first: str) -> tuple[Words, str]:
    """Show title, steps and language switch; return the words of the language chosen, and the step."""
    title, steps, switch = st.columns([3.2, 3.4, 1], vertical_alignment="center")
    with switch:
        language = st.segmented_control(
            "Language",
            LANGUAGES,
            default=first,
            required=True,
            format_func=NAMES.__getitem__,
            key="language",
            label_visibility="collapsed",
        )
    words = Words(language or first)
    st.query_params["lang"] = words.language
    product, name = html(words("product")), html(_name(opened) or words("welcome"))
    title.html(f'<div class="planner-title"><span>{product}</span><h1>{name}</h1></div>')
    if opened is None or opened.project is None:
        return words, ""
    with steps:
        return words, _step(words)


def _step(words: Words) -> str:
    """Show the steps of the work; return the one that the reader is at."""
    key, kept = f"step-{words.language}", "step"
    asked = st.session_state.get(kept) or st.query_params.get("step")
    st.session_state[key] = st.session_state[kept] = asked if asked in STEPS else STEPS[2]

    def go() -> None:
        st.session_state[kept] = st.session_state[key]

    names = {step: words(f"step_{step}") for step in STEPS}
    st.segmented_control(
        words("step"), STEPS, format_func=names.__getitem__, key=key, required=True, on_change=go,
        label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    step = str(st.session_state[kept])
    st.query_params["step"] = step
    return step


def _name(opened: Opened | None) -> str:
    if opened is None:
        return ""
    return opened.project.name if opened.project is not None else opened.out.resolve().name


def _title(opened: Opened | None, words: Words) -> str:
    name = _name(opened)
    return f"{name} · {words('product')}" if name else words("product")
