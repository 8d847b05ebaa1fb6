"""A project in steps: data, today, propose, compare, deliver. Beside the step's panel stands one map that keeps its place."""

from dataclasses import dataclass, replace
from types import ModuleType

import streamlit as st

from planner.errors import PlannerError
from planner.session.run_results import Results
from planner.session.shared_plan import Shared
from planner.session.workers import workers
from planner.session.workspace import Workspace
from planner.ui import loading
from planner.ui.loading import Loaded
from planner.ui.map.events import Event
from planner.ui.map.view import BaseMap, prepare, show_map, take_event
from planner.ui.opened import Opened
from planner.ui.panels.figures import show_figures
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import watch
from planner.ui.steps import compare as step_compare
from planner.ui.steps import data as step_data
from planner.ui.steps import deliver as step_deliver
from planner.ui.steps import propose as step_propose
from planner.ui.steps import today as step_today
from planner.ui.steps.bench import Bench, sitting_of
from planner.ui.words import Words

_PANELS: dict[str, ModuleType] = {
    "today": step_today,
    "propose": step_propose,
    "compare": step_compare,
    "deliver": step_deliver,
}


@dataclass(frozen=True)
class _DataBench:
    """What the step "Data" works with; it has to do without inputs where they cannot be read."""

    opened: Opened
    workspace: Workspace
    loaded: Loaded

    def read_again(self) -> None:
        loading.read_again()


def show_workbench(opened: Opened, workspace: Workspace, step: str, words: Words) -> None:
    """Show a step of a project."""
    try:
        opened = step_data.with_uploads(opened)
    except PlannerError as fault:
        show_fault(fault, words)
    assert opened.project is not None
    loaded = loading.load_inputs(opened.project)
    if loaded.job is not None:
        watch(loaded.job, words)
        return
    data = _DataBench(opened, workspace, loaded)
    if loaded.shared is None:
        step_data.show(data, None, words)
        return
    shared = loaded.shared
    sitting = sitting_of(shared, shared.key)
    files = step_data.session_files().folder
    bench = Bench(opened, workspace, shared, workers(), sitting, files)
    _body(bench, data, step, words)


@st.fragment
def _body(bench: Bench, data: _DataBench, step: str, words: Words) -> None:
    """Show figures, map, and the step's panel; what is done on the map runs this alone."""
    event = take_event()
    if event is not None:
        _heed(bench, event)
    try:
        _show(bench, data, step, event, words)
    except PlannerError as fault:
        show_fault(fault, words)


def _show(bench: Bench, data: _DataBench, step: str, event: Event | None, words: Words) -> None:
    base = base_map(bench.opened, bench.shared, bench.choice.group)
    strip = st.container()
    left, right = st.columns([1.75, 1], gap="medium")
    with right:
        panel = step_data.show(data, event, words) if step == "data" else _PANELS[step].show(bench, event, words)
    with strip:
        show_figures(_figures(bench, step), words, today=step in ("data", "today"))
    with left:
        show_map(base, panel, words)
    if step == "data":
        step_data.below(data, words)
    else:
        _PANELS[step].below(bench, words)


def _heed(bench: Bench, event: Event) -> None:
    """Remember what was clicked, picked or drawn; carry out a card's button."""
    sitting = bench.sitting
    if event.kind == "click":
        sitting.place, sitting.sought = event.at, None
    elif event.kind == "pick":
        sitting.picked, sitting.place, sitting.sought = event.id, None, None
    elif event.kind == "draw":
        sitting.area = event.ring or None
    elif event.kind in ("act", "move"):
        step_propose.act(bench, event)


def _figures(bench: Bench, step: str) -> Results:
    if step in ("data", "today"):
        return step_today.results_today(bench.shared, bench.choice.group)
    return bench.current()[1]


def base_map(opened: Opened, shared: Shared, group: str) -> BaseMap:
    """Return what stays on the map, the same for a project and a group whatever is planned."""

    def made() -> BaseMap:
        results = step_today.results_today(shared, group)
        zones = results.zones
        if zones is not None:
            zones = zones.assign(covered_after=None, share_after=None, sites=None)
        return prepare(opened, replace(results, zones=zones))

    return shared.kept(("base", group), made)
