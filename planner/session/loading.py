"""A project's inputs, read once for all sessions; where streets were never read before, another process goes first."""

import gc
import hashlib
from dataclasses import dataclass
from pathlib import Path

from planner.errors import PlannerError
from planner.findings import InputReport
from planner.inputs.area import area_of
from planner.inputs.read import Inputs, read_inputs
from planner.inputs.streets import is_network_kept
from planner.project import Project
from planner.session import tasks
from planner.session.once import Once
from planner.session.shared_project import SharedProject
from planner.session.workers import Job, workers

_PATIENCE_S = 0.5
_projects = Once(4)


@dataclass(frozen=True)
class Loaded:
    """A project's inputs with what sessions share of them; None while they are read (`job`), or for a `fault`."""

    shared: SharedProject | None = None
    fault: PlannerError | None = None
    job: Job | None = None

    @property
    def inputs(self) -> Inputs | None:
        """What was read."""
        return None if self.shared is None else self.shared.inputs


class Loader:
    """Reads projects for one session, and remembers what could not be read until somebody asks for it again."""

    def __init__(self) -> None:
        self._faults: dict[str, PlannerError] = {}
        self._jobs: dict[str, Job] = {}
        self._prepared: set[str] = set()

    def load(self, project: Project) -> Loaded:
        """Return a project's inputs, read by whoever comes first."""
        key = fingerprint(project)
        if key in self._faults:
            return Loaded(fault=self._faults[key])
        try:
            if key not in self._prepared and not is_prepared(project):
                if key not in self._jobs:
                    self._jobs[key] = workers().submit(tasks.prepare, project)
                if not self._jobs[key].wait(_PATIENCE_S):
                    return Loaded(job=self._jobs[key])
                self._jobs[key].answer()
            self._prepared.add(key)
            return Loaded(_projects.get(key, lambda: _read(key, project)))
        except PlannerError as fault:
            self._faults[key] = fault
            return Loaded(fault=fault)

    def read_again(self) -> None:
        """Forget what could not be read, so that it is tried anew."""
        self._faults.clear()
        self._jobs.clear()


def is_prepared(project: Project) -> bool:
    """Whether the streets of a project were read before, so that reading its inputs is quick; errors as `area_of`."""
    return is_network_kept(project, area_of(project, InputReport("area", project.path.name)))


def fingerprint(project: Project) -> str:
    """Return a mark that changes with the project file and with every input it names."""
    digest = hashlib.sha256(project.path.read_bytes() + project.settings.model_dump_json().encode())
    for file in filter(Path.exists, project.files):
        state = file.stat()
        digest.update(f"{file} {state.st_mtime_ns} {state.st_size}\n".encode())
    return digest.hexdigest()


def _read(key: str, project: Project) -> SharedProject:
    shared = SharedProject(read_inputs(project, progress=lambda step: None), key)
    gc.collect()
    gc.freeze()  # they stay; looking through them again at every collection is half of the time that a change takes
    return shared
