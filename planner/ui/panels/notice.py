"""Messages on the page: what is wrong and what to do. They quote files, so they are shown as text, not as Markdown."""

import streamlit as st

from planner.errors import PlannerError
from planner.texts import LANGUAGES, say_parts
from planner.ui.words import Words, html


def show_fault(fault: PlannerError, words: Words) -> None:
    """Show an error: what is wrong, and its remedy on a line of its own."""
    what, remedy = say_parts(fault.code, words.language, **fault.params)
    st.html(_box("fault", what, remedy))


def show_nothing_open() -> None:
    """Say in every language how a project is opened."""
    boxes = (_box("note", *say_parts("ui.nothing_open", language), language) for language in LANGUAGES)
    st.html("".join(boxes))


def _box(kind: str, what: str, remedy: str, language: str = "") -> str:
    lines = "".join(f"<p>{html(line)}</p>" for line in f"{what}\n{remedy}".splitlines() if line)
    return f'<div class="planner-notice {kind}" lang="{html(language)}">{lines}</div>'
