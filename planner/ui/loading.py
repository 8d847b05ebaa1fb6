"""A project's inputs, read once for all sessions; where streets were never read before, another process goes first."""

import gc
from dataclasses import dataclass

import streamlit as st

from planner.errors import PlannerError
from planner.findings import InputReport
from planner.inputs.area import area_of
from planner.inputs.read import Inputs, read_inputs
from planner.inputs.streets import is_network_kept
from planner.project import Project
from planner.session import tasks
from planner.session.shared_plan import Shared, fingerprint
from planner.session.workers import Job, workers

_PREPARING, _PREPARED, _FAULTS = "preparing", "prepared", "load_faults"


@dataclass(frozen=True)
class Loaded:
    """A project's inputs with what sessions share of them; None while they are read (`job`), or for a `fault`."""

    shared: Shared | None = None
    fault: PlannerError | None = None
    job: Job | None = None

    @property
    def inputs(self) -> Inputs | None:
        """What was read."""
        return None if self.shared is None else self.shared.inputs


def load_inputs(project: Project) -> Loaded:
    """Return a project's inputs, read by whoever comes first."""
    key = fingerprint(project)
    faults: dict[str, PlannerError] = st.session_state.setdefault(_FAULTS, {})
    if key in faults:
        return Loaded(fault=faults[key])
    try:
        prepared: set[str] = st.session_state.setdefault(_PREPARED, set())
        if key not in prepared and not is_prepared(project):
            jobs: dict[str, Job] = st.session_state.setdefault(_PREPARING, {})
            if key not in jobs:
                jobs[key] = workers().submit(tasks.prepare, project)
            if not jobs[key].wait(0.5):
                return Loaded(job=jobs[key])
            jobs[key].answer()
        prepared.add(key)
        return Loaded(shared_of(key, project))
    except PlannerError as fault:
        faults[key] = fault
        return Loaded(fault=fault)


def read_again() -> None:
    """Forget what could not be read, so that it is tried anew."""
    st.session_state[_FAULTS] = {}
    st.session_state[_PREPARING] = {}


def is_prepared(project: Project) -> bool:
    """Whether the streets of a project were read before, so that reading its inputs is quick; errors as `area_of`."""
    return is_network_kept(project, area_of(project, InputReport("area", project.path.name)))


@st.cache_resource(max_entries=4, show_spinner=False)
def shared_of(key: str, _project: Project) -> Shared:
    """Return a project's inputs, read once for each `key` that it has (see `plans.fingerprint`); errors as `read_inputs`."""
    shared = Shared(read_inputs(_project, progress=lambda step: None), key)
    gc.collect()
    gc.freeze()  # they stay; looking through them again at every collection is half of the time that a change takes
    return shared
