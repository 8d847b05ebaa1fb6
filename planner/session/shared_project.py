"""What all sessions of one project share: its inputs, read once, and every answer found from them, found once for everybody."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.crs import WGS84, transformer
from planner.inputs.overrides import with_siting
from planner.inputs.read import Inputs
from planner.project import Project
from planner.results.demand_points import unreachable_people
from planner.session import tasks
from planner.session.once import Once
from planner.session.plan_results import results_of
from planner.session.proposal import Asked, Proposal, budget_steps, curve_length, propose, propose_nothing
from planner.session.results import Results
from planner.session.settings import PlanSettings
from planner.session.workers import Job, Workers
from planner.study.access import bands_min, measure_access
from planner.study.map_questions import Gap, PlaceReach, find_gaps, reach_of_place, shapes_of
from planner.study.question import build_question

_MOST_SHAPES, _MOST_ANSWERS = 4_000, 400


class SharedProject:
    """A project's inputs with what was found from them, read-only. What one session waits for holds up no other question."""

    def __init__(self, inputs: Inputs, key: str) -> None:
        """Take the inputs, and the fingerprint of what they were read from."""
        self.inputs, self.key = inputs, key
        self._answers, self._shapes, self._access = (
            Once(_MOST_ANSWERS),
            Once(_MOST_SHAPES),
            Once(len(inputs.project.groups)),
        )
        self._searches: OrderedDict[Hashable, Job] = OrderedDict()
        self._lock = threading.Lock()  # of the searches: none is begun twice

    # ---- the project ------------------------------------------------------------------------------------------------------

    @property
    def project(self) -> Project:
        """The project as its file has it."""
        return self.inputs.project

    @property
    def minutes(self) -> tuple[float, ...]:
        """The minutes that isochrones are drawn for."""
        return bands_min(self.project)

    @cached_property
    def names(self) -> dict[str, str]:
        """The facilities' names by id."""
        table = self.inputs.facilities
        return {
            str(key): "" if pd.isna(name) else str(name) for key, name in zip(table["id"], table["name"], strict=True)
        }

    def name_of(self, id: str) -> str:
        """Return a facility's name, its id where it has none."""
        return self.names.get(id) or id

    @cached_property
    def number_of(self) -> dict[str, int]:
        """The facilities' numbers by id."""
        return {str(key): row for row, key in enumerate(self.inputs.facilities["id"])}

    def id_of(self, facility: int) -> str:
        """Return the id of facility number `facility`."""
        return str(self.inputs.facilities["id"].iat[facility])

    @cached_property
    def demand_lonlat(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitudes and latitudes of the demand points."""
        places, crs = self.inputs.demand_places, self.inputs.network.crs
        return transformer(crs, WGS84).transform(places.x, places.y)

    # ---- answers ----------------------------------------------------------------------------------------------------------

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what `make` gives, made once; who asks for another `key` meanwhile does not wait."""
        return self._answers.get(key, make)

    def forget(self, key: Hashable) -> None:
        """Forget what is kept under a key."""
        self._answers.forget(key)

    def asked(self, settings: PlanSettings) -> Asked:
        """Return the question that settings ask; errors as `with_siting` and `build_question`."""

        def made() -> Asked:
            inputs = with_siting(self.inputs, **settings.siting)
            access = self._access.get(inputs.project.main_group, lambda: measure_access(inputs))
            return Asked(settings, inputs, access, build_question(inputs, access))

        found: Asked = self.kept(("asked", replace(settings, listed=())), made)
        return replace(found, settings=settings)

    def today(self, group: str) -> Proposal:
        """Return the plan that opens nothing."""
        return self.kept(("today", group), lambda: propose_nothing(self.asked(PlanSettings(sites=0, group=group))))

    def results_today(self, group: str) -> Results:
        """Return the figures of today for a group."""
        return self.kept(("results today", group), lambda: self._results(self.today(group)))

    def results(self, proposal: Proposal) -> Results:
        """Return everything that the page shows of a proposal."""
        if not proposal.final:
            return self._results(proposal)
        return self.kept(("results", proposal.settings), lambda: self._results(proposal))

    def _results(self, proposal: Proposal) -> Results:
        return results_of(
            proposal,
            unreachable=self.unreachable(proposal),
            demand_lonlat=self.demand_lonlat,
            shapes_today=self.shapes(proposal.plan.existing),
        )

    def unreachable(self, proposal: Proposal) -> float:
        """Return how many people of a proposal's group can reach no facility at all, open or not."""
        plan = proposal.plan
        key = (proposal.inputs.project.main_group, plan.existing.tobytes(), plan.candidates.tobytes())
        return self.kept(("unreachable", *key), lambda: unreachable_people(proposal.inputs, plan))

    def gaps(self, group: str) -> list[Gap]:
        """Return today's largest gaps for a group."""

        def found() -> list[Gap]:
            today = self.today(group)
            return find_gaps(today.inputs, today.access, today.plan.existing, today.plan.candidates)

        return self.kept(("gaps", group), found)

    def reach(self, proposal: Proposal, place: tuple[float, float]) -> PlaceReach:
        """Return who would be served from a place (lon, lat) beside what a proposal opens."""
        opened = proposal.plan.open_after
        key = ("reach", proposal.inputs.project.main_group, opened.tobytes(), place)
        return self.kept(key, lambda: reach_of_place(proposal.inputs, proposal.access, *place, opened))

    def shapes(self, facilities: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return quick isochrones of facilities (WGS 84), shape (n, n_minutes), each drawn once."""
        rows = self._shapes.get_all(
            facilities.tolist(), lambda new: list(shapes_of(self.inputs, self.inputs.facility_places[np.array(new)]))
        )
        return np.array(rows, object).reshape(len(facilities), len(self.minutes))

    def served(self, facilities: NDArray[np.int64]) -> BaseGeometry:
        """Return all that facilities reach within the most minutes (WGS 84), as one shape."""
        return self.kept(("served", facilities.tobytes()), lambda: shapely.union_all(self.shapes(facilities)[:, -1]))

    # ---- searches ---------------------------------------------------------------------------------------------------------

    def search(self, settings: PlanSettings, workers: Workers) -> Job:
        """Return the search that answers settings, begun or finished: the same one for whoever asks the same.

        One that was cancelled stays so until `search_anew`. Errors as `asked`.
        """
        question = self.asked(settings).question
        if settings.mode == "project":
            return self._job(settings, lambda: workers.submit(tasks.solve, question))
        if settings.mode == "list":
            listed = [self.number_of[key] for key in settings.listed if key in self.number_of]
            return self._job(settings, lambda: workers.submit(tasks.score, question, np.array(listed, np.int64)))
        if settings.mode == "budget":
            amounts = np.unique(np.append(budget_steps(question), settings.budget_yuan))
            return self._job(
                (settings.question, tuple(amounts)), lambda: workers.submit(tasks.find_curve, question, None, amounts)
            )
        most = curve_length(question, settings.sites)
        return self._job((settings.question, most), lambda: workers.submit(tasks.find_curve, question, most, None))

    def proposal(self, settings: PlanSettings, job: Job) -> Proposal:
        """Return the proposal of settings from their finished search; errors are those that the search met."""
        if job.state != "done":  # the best so far; another search may find more
            return propose(self.asked(settings), job.answer(), final=False)
        return self.kept(("proposal", settings), lambda: propose(self.asked(settings), job.answer(), final=True))

    def search_anew(self, job: Job) -> None:
        """Forget a search, so that it is begun anew."""
        with self._lock:
            for key in [key for key, known in self._searches.items() if known is job]:
                del self._searches[key]

    def _job(self, key: Hashable, begin: Callable[[], Job]) -> Job:
        with self._lock:
            job = self._searches.get(key)
            if job is None or job.state == "failed":
                job = self._searches[key] = begin()
            self._searches.move_to_end(key)
            while len(self._searches) > _MOST_ANSWERS:
                self._searches.popitem(last=False)
        return job
