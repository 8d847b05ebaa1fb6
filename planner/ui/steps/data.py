"""Step "Data": what was read and what is wrong with it; upload, place what has no coordinates, check again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from planner.deliver.data_report import data_report
from planner.errors import PlannerError
from planner.inputs.read import Inputs
from planner.project import Project
from planner.register import PLACELESS
from planner.results.data_quality import DataQuality, assess_data_quality
from planner.session.map_events import Event
from planner.session.session_uploads import SessionUploads
from planner.session.workspace import Workspace
from planner.ui.map import layers
from planner.ui.map.view import Changing
from planner.ui.panels.findings import show_findings, show_inputs
from planner.ui.panels.notice import show_fault
from planner.ui.panels.projects import choose_project, offer_saving
from planner.ui.panels.unplaced import move_pin, show_unplaced
from planner.ui.panels.uploads import show_uploads
from planner.ui.words import Words, html

SHOWN = ("candidates", "unplaced")
"""What the map shows in this step."""


@dataclass(frozen=True)
class DataStep:
    """What this step works with: the project, uploads in their places, and its inputs, or why there are none."""

    project: Project
    workspace: Workspace
    uploads: SessionUploads
    inputs: Inputs | None
    fault: PlannerError | None
    read_again: Callable[[], None]


def show(step: DataStep, event: Event | None, words: Words) -> Changing:
    """Show the panel and return what the map shows of it."""
    inputs = step.inputs
    if event is not None and event.kind == "move" and inputs is not None and event.id and event.at:
        move_pin(inputs, event.id, event.at, words)
    if step.fault is not None:
        show_fault(step.fault, words)
    heading, button = st.columns([1.6, 1], vertical_alignment="bottom")
    heading.html(f'<h2 class="planner-heading">{html(words("inputs_title"))}</h2>')
    if button.button(words("check_again"), icon=":material/refresh:", width="stretch", key="data-check-again"):
        step.read_again()
        st.rerun()
    contents: dict[str, Any] = {"unplaced": []}
    if inputs is not None:
        show_inputs(_report(inputs, words), words)
        contents = {"unplaced": show_unplaced(inputs, words), "candidates": _candidates(inputs)}
    show_uploads(step.project, step.uploads, words)
    with st.expander(words("projects_title")):
        choose_project(step.workspace, words, open_now=_name_now(step))
        offer_saving(step.project, step.workspace, words)
    return Changing(layers=contents, shown=SHOWN, step="data")


def below(step: DataStep, words: Words) -> None:
    """Show every finding, filtered as the reader wants, and offer them as a workbook."""
    if step.inputs is not None:
        st.html(f'<h2 class="planner-heading">{html(words("findings_title"))}</h2>')
        show_findings(_report(step.inputs, words), words)


def _report(inputs: Inputs, words: Words) -> dict[str, Any]:
    return data_report(words.language, inputs.reports, _doubts(inputs)[1])


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Inputs: id})
def _doubts(inputs: Inputs) -> tuple[Inputs, DataQuality]:
    """Return what the inputs leave in doubt, and the inputs, which keep their identity as long as they are remembered here."""
    return inputs, assess_data_quality(inputs)


def _candidates(inputs: Inputs) -> list[dict[str, Any]]:
    """Return the facts of the candidate sites that have a place."""
    table = inputs.facilities
    rows = table[((table["role"] == "candidates") & ~table["excluded_reason"].isin(PLACELESS)).to_numpy()]
    return layers.candidates(pd.DataFrame(rows).assign(longitude=rows.geometry.x, latitude=rows.geometry.y))


def _name_now(step: DataStep) -> str | None:
    """Return the open project's name in the workspace, None where it has none."""
    try:
        return step.workspace.name_of(step.project.folder)
    except PlannerError:
        return None
