"""One reader's work on a project: the settings in force, saved variants, what was clicked or drawn, the proposal shown."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from planner.errors import PlannerError
from planner.project import Project
from planner.session.map_events import Event
from planner.session.open_project import Opened
from planner.session.proposal import Proposal
from planner.session.results import Results
from planner.session.settings import PlanSettings
from planner.session.shared_project import SharedProject
from planner.session.variants import change_variants, read_variants
from planner.session.workers import Job, Workers
from planner.session.workspace import Workspace
from planner.study.map_questions import AreaPeople, nearest_facility, people_in
from planner.study.site_list import find_listed

PATIENCE_S = 3.0
"""How long the page waits for a search before it shows that one is going on."""


@dataclass
class Session:
    """One session's work on one project. `files` is the session's own folder.

    `place` was clicked last, `picked` is the facility whose reason is shown, `sought` the one that was picked by its name, `area`
    the ring drawn; `unknown` are lines of a pasted list. `proposal` and its `results` are those shown: while `search` goes on
    (`is_waiting`), or where a `fault` leaves nothing to show, the ones shown before.
    """

    opened: Opened
    workspace: Workspace
    shared: SharedProject
    workers: Workers
    files: Path
    settings: PlanSettings
    variants: dict[str, PlanSettings]
    proposal: Proposal
    results: Results
    place: tuple[float, float] | None = None
    picked: str | None = None
    sought: str | None = None
    area: tuple[tuple[float, float], ...] | None = None
    unknown: tuple[tuple[str, str], ...] = field(default=())
    search: Job | None = None
    is_waiting: bool = False
    fault: PlannerError | None = None

    @classmethod
    def begin(
        cls,
        opened: Opened,
        workspace: Workspace,
        shared: SharedProject,
        workers: Workers,
        files: Path,
        link: Mapping[str, list[str]],
    ) -> "Session":
        """Begin with the settings of a link, those of the project where it says nothing, and with today's figures."""
        project = shared.project
        own = PlanSettings.of(project)
        settings = PlanSettings.from_link(link, own, project.groups)
        variants = read_variants(project.folder, own, project.groups)
        today = shared.today(settings.group)
        results = shared.results_today(settings.group)
        return cls(opened, workspace, shared, workers, files, settings, variants, today, results)

    # ---- the plan ---------------------------------------------------------------------------------------------------------

    def proposal_of(self, settings: PlanSettings, patience_s: float = PATIENCE_S) -> Proposal | Job:
        """Return the proposal of some settings, or the search for it where that takes longer.

        Raises
        ------
        PlannerError
            The settings contradict each other, or the search met a fault.
        """
        job = self.shared.search(settings, self.workers)
        return self.shared.proposal(settings, job) if job.wait(patience_s) else job

    def update(self) -> None:
        """Bring proposal and results to the settings in force, or begin the search for them."""
        self.search, self.is_waiting, self.fault = None, False, None
        try:
            self.search = self.shared.search(self.settings, self.workers)
            self.is_waiting = not self.search.wait(PATIENCE_S)
            if not self.is_waiting:
                found = self.shared.proposal(self.settings, self.search)
                if found is not self.proposal:
                    self.proposal, self.results = found, self.shared.results(found)
        except PlannerError as fault:
            self.fault = fault

    def search_anew(self) -> None:
        """Forget a search that was cancelled, so that it is begun anew."""
        if self.search is not None:
            self.shared.search_anew(self.search)

    def take_list(self, text: str) -> None:
        """Put a pasted list of sites in force; lines that name none are `unknown`."""
        found = find_listed(self.shared.inputs.facilities, text)
        self.unknown = found.unknown
        self.settings = replace(self.settings, mode="list", listed=found.ids)

    def project_to_run(self) -> Project:
        """Return the project that says the settings in force; a given list becomes the sites that must open.

        Raises
        ------
        PlannerError
            The project file cannot say that.
        """
        project, settings = self.shared.project, self.settings
        if settings == PlanSettings.of(project):
            return project
        if settings.mode == "list":
            listed = settings.listed
            settings = replace(settings, mode="sites", sites=len(listed), required=listed, forbidden=(), within=None)
        return project.with_siting(**settings.siting)

    @property
    def out(self) -> Path:
        """The folder of the plan's files: the project's own for what its file says, the session's for anything else."""
        if self.settings == PlanSettings.of(self.shared.project):
            return self.opened.out
        mark = hashlib.sha256(repr((self.shared.key, self.settings)).encode()).hexdigest()[:12]
        return self.files / f"plan-{mark}"

    # ---- the map ----------------------------------------------------------------------------------------------------------

    def heed(self, event: Event) -> None:
        """Remember what was clicked, picked or drawn; carry out a card's button."""
        if event.kind == "click":
            self.place, self.sought = event.at, None
        elif event.kind == "pick":
            self.picked, self.place, self.sought = event.id, None, None
        elif event.kind == "draw":
            self.area = event.ring or None
        elif event.kind == "act" and event.id is not None and event.what is not None:
            self.act(event.id, event.what)
        elif event.kind == "move" and event.id is not None and event.at is not None:
            self.move(event.id, event.at)

    def act(self, id: str, what: str) -> None:
        """Lock, forbid, free, drop or replace a site."""
        if what in ("lock", "forbid", "free"):
            if id in self.shared.names:
                self.settings = self.settings.with_site(id, what)
            return
        other = self._replacement(id) if what == "replace" else None
        self._put_in_place(id, other)

    def move(self, id: str, at: tuple[float, float]) -> None:
        """Replace a site by the free candidate nearest to where it was let go, for only candidates can open."""
        plan, ids = self.proposal.plan, self.proposal.ids
        if id not in ids:
            return
        free = np.setdiff1d(plan.candidates, np.delete(plan.selected, ids.index(id)))
        nearest = self.shared.id_of(nearest_facility(self.shared.inputs, free, *at))
        if nearest != id:
            self._put_in_place(id, nearest)
            self.picked = nearest

    def _replacement(self, id: str) -> str | None:
        sites = self.results.sites
        found = sites["replacement_id"][sites["id"] == id]
        return str(found.iat[0]) if len(found) and found.iat[0] else None

    def _put_in_place(self, id: str, other: str | None) -> None:
        """Make the sites that are shown a list of the reader's own, with another in the place of one, or without it."""
        ids = self.proposal.ids
        if id in ids:
            at = ids.index(id)
            ids[at : at + 1] = [] if other is None else [other]
            self.settings = replace(self.settings, mode="list", listed=tuple(ids))

    @property
    def area_shape(self) -> shapely.Geometry | None:
        """The area that was drawn."""
        return None if self.area is None else shapely.make_valid(shapely.Polygon(self.area), method="structure")

    def people_in_area(self) -> AreaPeople | None:
        """Return who lives in the area that was drawn, and who of them is served before and with the proposal."""
        area, plan = self.area_shape, self.proposal.plan
        if area is None:
            return None
        return people_in(self.proposal.inputs, self.proposal.access, area, plan.existing, plan.open_after)

    # ---- saved variants ---------------------------------------------------------------------------------------------------

    def keep_variant(self, name: str) -> None:
        """Keep the settings in force under a name, beside the project."""
        self._change_variants(lambda variants: variants.update({name: self.settings}))

    def forget_variant(self, name: str) -> None:
        """Delete a saved variant."""
        self._change_variants(lambda variants: variants.pop(name, None))

    def _change_variants(self, change: Callable[[dict[str, PlanSettings]], Any]) -> None:
        """Change the variants of this session and those that others have saved since."""

        def changed(there: dict[str, PlanSettings]) -> None:
            there |= {name: one for name, one in self.variants.items() if name not in there}
            change(there)

        project = self.shared.project
        self.variants = change_variants(project.folder, PlanSettings.of(project), project.groups, changed)
