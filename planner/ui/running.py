"""A project without results yet: a button runs it, and shows each step."""

import streamlit as st

from planner import deliver, study
from planner.errors import PlannerError
from planner.texts import say
from planner.ui.notice import show_fault
from planner.ui.opened import Opened
from planner.ui.words import Words, html


def offer_run(opened: Opened, words: Words) -> None:
    """Explain that there are no results yet, and run the project when asked to."""
    assert opened.project is not None
    st.html(f'<p class="planner-lead">{html(words("no_results", folder=opened.out))}</p>')
    if not st.button(words("run"), type="primary", key="run"):
        return
    try:
        with st.status(words("running"), expanded=True) as status:
            _run(opened, words)
            status.update(label=words("ran"), state="complete")
    except PlannerError as fault:
        show_fault(fault, words)
        return
    st.rerun()


def _run(opened: Opened, words: Words) -> None:
    assert opened.project is not None

    def progress(step: str) -> None:
        st.write(say(step, words.language))

    found = study.run(opened.project, progress=progress)
    progress("study.writing")
    deliver.write(found, opened.out)
