"""Work that goes on while the page is there: what it is at, its value, bound and gap as they move, and a way to end it."""

import streamlit as st
from streamlit.errors import StreamlitAPIException

from planner.session.workers import Job
from planner.texts import say
from planner.ui.words import Words, html

_LOOK_S = 0.4


def watch(job: Job, words: Words) -> None:
    """Show a job until it has ended; then the page is run again."""

    @st.fragment(run_every=_LOOK_S)
    def moving() -> None:
        if job.ended:
            st.rerun()
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.html(f'<div class="planner-progress">{_state(job, words)}</div>')
        if right.button(words("cancel"), key=f"cancel-{id(job)}", width="stretch"):
            job.cancel()

    moving()


def run_again() -> None:
    """Run the fragment again, or the page where a click came while all of it was run: there is no fragment to run alone then."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def _state(job: Job, words: Words) -> str:
    if job.value is not None and job.bound is not None:
        value, bound = words.people(job.value), words.people(job.bound)
        text = words("progress_search", value=value, bound=bound, gap=words.small_share(job.gap))
        return f'<i class="spin"></i>{html(text)}'
    step = say(job.steps[-1], words.language) if job.steps else words("progress_waiting")
    return f'<i class="spin"></i>{html(step)}'
