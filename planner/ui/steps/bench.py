"""What the steps of the workbench work with: the shared project, this session's settings and variants, and the plan they give."""

from dataclasses import dataclass, field
from pathlib import Path

import shapely
import streamlit as st

from planner.errors import PlannerError
from planner.session.plan_results import results_of
from planner.session.run_results import Results
from planner.session.settings import KEYS, Choice
from planner.session.shared_plan import Plan, Shared
from planner.session.variants import read_variants, write_variants
from planner.session.workers import Job, Workers
from planner.session.workspace import Workspace
from planner.ui.opened import Opened

PATIENCE_S = 3.0
"""How long the page waits for a search before it shows that one is going on."""


@dataclass
class Sitting:
    """One session's own things: its settings, saved variants, what was clicked last or sought by name, the area drawn."""

    choice: Choice
    variants: dict[str, Choice] = field(default_factory=dict)
    place: tuple[float, float] | None = None
    picked: str | None = None
    sought: str | None = None
    area: tuple[tuple[float, float], ...] | None = None
    shown: tuple[Plan, Results] | None = None
    search: Job | None = None
    unknown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Bench:
    """The workbench of one session and project. `files` is the session's own folder."""

    opened: Opened
    workspace: Workspace
    shared: Shared
    workers: Workers
    sitting: Sitting
    files: Path

    @property
    def choice(self) -> Choice:
        """The settings in force."""
        return self.sitting.choice

    def choose(self, choice: Choice) -> None:
        """Set other settings; the page's link follows."""
        self.sitting.choice = choice
        link = choice.to_link()
        for key in KEYS:
            if key in link:
                st.query_params[key] = link[key]
            elif key in st.query_params:
                del st.query_params[key]

    def plan_of(self, choice: Choice, patience_s: float = PATIENCE_S) -> Plan | Job:
        """Return the plan of some settings, or the search for it where that takes longer.

        Raises
        ------
        PlannerError
            The settings contradict each other, or the search met a fault.
        """
        return self._plan_by(choice, self.shared.search(choice, self.workers), patience_s)

    def _plan_by(self, choice: Choice, job: Job, patience_s: float) -> Plan | Job:
        return self.shared.plan(choice, job) if job.wait(patience_s) else job

    def current(self) -> tuple[Plan, Results, Job | None, PlannerError | None]:
        """Return the plan of the settings in force with its figures.

        While its search goes on (third), or where there is none (fourth), the plan shown before stands in.
        """
        job, fault = None, None
        self.sitting.search = None
        try:
            self.sitting.search = self.shared.search(self.choice, self.workers)
            found = self._plan_by(self.choice, self.sitting.search, PATIENCE_S)
        except PlannerError as met:
            found, fault = None, met
        if isinstance(found, Plan):
            shown = self.sitting.shown
            if shown is None or shown[0] is not found:
                self.sitting.shown = (found, results_of(self.shared, found))
        else:
            job = found
        if self.sitting.shown is None:
            today = self.shared.today(self.choice.group)
            self.sitting.shown = (today, results_of(self.shared, today))
        return (*self.sitting.shown, job, fault)

    def keep_variant(self, name: str) -> None:
        """Keep the settings in force under a name, beside the project."""
        self._write_variants({**self._variants_there(), name: self.choice})

    def forget_variant(self, name: str) -> None:
        """Delete a saved variant."""
        self._write_variants({key: choice for key, choice in self._variants_there().items() if key != name})

    def _variants_there(self) -> dict[str, Choice]:
        """Return the variants of this session and those that others have saved since."""
        project = self.shared.project
        return self.sitting.variants | read_variants(project.folder, Choice.of(project), project.groups)

    def _write_variants(self, variants: dict[str, Choice]) -> None:
        self.sitting.variants = variants
        write_variants(self.shared.project.folder, variants)

    def area_shape(self) -> shapely.Geometry:
        """Return the area that was drawn; there is one."""
        assert self.sitting.area is not None
        return shapely.make_valid(shapely.Polygon(self.sitting.area))

    def name_of(self, id: str) -> str:
        """Return a facility's name, its id where it has none."""
        return self.shared.names.get(id) or id


def sitting_of(shared: Shared, key: str) -> Sitting:
    """Return this session's things for a project, begun from the page's link."""
    kept: dict[str, Sitting] = st.session_state.setdefault("sittings", {})
    if key not in kept:
        link = {name: st.query_params.get_all(name) for name in KEYS if name in st.query_params}
        choice = Choice.from_link(link, Choice.of(shared.project), shared.project.groups)
        project = shared.project
        kept[key] = Sitting(choice, read_variants(project.folder, Choice.of(project), project.groups))
    return kept[key]
