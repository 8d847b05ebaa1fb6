"""A choice carried out: inputs read once for everybody, curves found once for every question, a plan for every setting."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner import siting
from planner.crs import WGS84, transformer
from planner.inputs.overrides import with_siting
from planner.inputs.read import Inputs
from planner.project import Project
from planner.results.demand_points import unreachable_people
from planner.session import tasks
from planner.session.settings import Choice
from planner.session.workers import Job, Workers
from planner.study import plan as study_plan
from planner.study.access import Access, bands_min, measure_access
from planner.study.map_questions import Gap, find_gaps, shapes_of
from planner.study.question import Question, build_question, result_on_frontier, result_today
from planner.ui.map.view import published
from planner.ui.served import renew

_KEPT_SHAPES, _KEPT_PLANS = 4_000, 200
CURVE_SITES = 60
"""A curve goes at least so far, that the slider has room."""

BUDGET_POINTS = 30


@dataclass(frozen=True)
class Plan:
    """A choice carried out. `scored` is there where a given list was, `at` is its place on `curve` (None: on no curve)."""

    choice: Choice
    inputs: Inputs
    access: Access
    problem: Question
    decision: study_plan.Plan
    scored: siting.Evaluation | None = None

    @property
    def ids(self) -> list[str]:
        """Ids of the chosen sites in opening order."""
        return [str(key) for key in self.inputs.facilities["id"].iloc[self.decision.selected]]


class Shared:
    """What all sessions of one project share, read-only: its inputs, and what was found from them."""

    def __init__(self, inputs: Inputs, key: str) -> None:
        """Take the inputs, and the fingerprint of what they were read from."""
        self.inputs, self.key = inputs, key
        self._access: dict[str, Access] = {}
        self._shapes: OrderedDict[int, NDArray[np.object_]] = OrderedDict()
        self._plans: OrderedDict[Hashable, Plan] = OrderedDict()
        self._curves: OrderedDict[Hashable, Job] = OrderedDict()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def project(self) -> Project:
        """The project as its file has it."""
        return self.inputs.project

    @cached_property
    def demand_lonlat(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitudes and latitudes of the demand points."""
        places, crs = self.inputs.demand_places, self.inputs.network.crs
        return transformer(crs, WGS84).transform(places.x, places.y)

    def asked(self, choice: Choice) -> tuple[Inputs, Access, Question]:
        """Return inputs, access and problem with a choice's words; errors as `with_siting` and `build_question`."""

        def made() -> tuple[Inputs, Access, Question]:
            inputs = with_siting(self.inputs, **choice.siting)
            group = inputs.project.main_group
            if group not in self._access:
                self._access[group] = measure_access(inputs)
            return inputs, self._access[group], build_question(inputs, self._access[group])

        return self.kept(("asked", replace(choice, listed=())), made)

    def shapes(self, facilities: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return quick isochrones of facilities (WGS 84), shape (n, n_minutes), each drawn once."""
        with self._lock:
            new = np.array([f for f in facilities.tolist() if f not in self._shapes], np.int64)
            if len(new):
                for facility, drawn in zip(
                    new.tolist(), shapes_of(self.inputs, self.inputs.facility_places[new]), strict=True
                ):
                    self._shapes[facility] = drawn
            rows = [self._shapes[f] for f in facilities.tolist()]
            while len(self._shapes) > max(_KEPT_SHAPES, len(facilities)):
                self._shapes.popitem(last=False)
        return np.array(rows, object).reshape(len(facilities), len(self.minutes))

    def served(self, facilities: NDArray[np.int64]) -> BaseGeometry:
        """Return all that facilities reach within the most minutes (WGS 84), as one shape."""
        return self.kept(("served", facilities.tobytes()), lambda: shapely.union_all(self.shapes(facilities)[:, -1]))

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

    def today(self, group: str) -> Plan:
        """Return the plan that opens nothing."""
        choice = Choice(sites=0, group=group)

        def made() -> Plan:
            inputs, access, problem = self.asked(choice)
            decision = study_plan.Plan(problem, result_today(problem), no_curve())
            return Plan(choice, inputs, access, problem, decision)

        return self.kept(("today", group), made)

    def id_of(self, facility: int) -> str:
        """Return the id of facility number `facility`."""
        return str(self.inputs.facilities["id"].iat[facility])

    def gaps(self, group: str) -> list[Gap]:
        """Return today's largest gaps for a group."""
        today = self.today(group)

        def found() -> list[Gap]:
            return find_gaps(today.inputs, today.access, today.decision.existing, today.decision.candidates)

        return self.kept(("gaps", group), found)

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what `make` gives, made once."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > _KEPT_PLANS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def published(self, key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return contents of the map by kind, laid out as files once."""
        with self._lock:
            if not renew(self._kept.get(("published", key), {}).values()):
                del self._kept["published", key]
            return self.kept(("published", key), lambda: {kind: published(content) for kind, content in make().items()})

    def unreachable(self, plan: Plan) -> float:
        """Return how many people of a plan's group can reach no facility at all, open or not."""
        decision = plan.decision
        key = (plan.inputs.project.main_group, decision.existing.tobytes(), decision.candidates.tobytes())
        return self.kept(("unreachable", *key), lambda: unreachable_people(plan.inputs, decision))

    def search(self, choice: Choice, workers: Workers) -> Job:
        """Return the search that answers a choice, begun or finished: the same one for whoever asks the same.

        One that was cancelled stays so until `forget`. Errors as `asked`.
        """
        _, _, problem = self.asked(choice)
        if choice.mode == "project":
            return self._job(choice, lambda: workers.submit(tasks.solve, problem))
        if choice.mode == "list":
            return self._job(choice, lambda: workers.submit(tasks.score, problem, self._numbers(choice.listed)))
        if choice.mode == "budget":
            amounts = np.unique(np.append(budget_steps(problem), choice.budget_yuan))
            return self._job(
                (choice.question, tuple(amounts)), lambda: workers.submit(tasks.find_curve, problem, None, amounts)
            )
        most = curve_length(problem, choice.sites)
        return self._job((choice.question, most), lambda: workers.submit(tasks.find_curve, problem, most, None))

    def forget(self, job: Job) -> None:
        """Forget a search, so that it is begun anew."""
        with self._lock:
            for key in [key for key, known in self._curves.items() if known is job]:
                del self._curves[key]

    def plan(self, choice: Choice, job: Job) -> Plan:
        """Return the plan of a choice from its finished search; errors are those that the search met."""
        with self._lock:
            if choice in self._plans and job.state == "done":
                return self._plans[choice]
        inputs, access, problem = self.asked(choice)
        found = job.answer()
        scored = None
        if isinstance(found, siting.Frontier):
            at = _place_on(found, choice)
            result: Any = result_on_frontier(problem, found, at)
            curve = study_plan.frontier_table(problem, result, found)
        else:
            scored = found if isinstance(found, siting.Evaluation) else None
            result = found if scored is None else scored.result
            curve = no_curve()
        plan = Plan(choice, inputs, access, problem, study_plan.Plan(problem, result, curve), scored)
        if job.state != "done":  # the best so far; another search may find more
            return plan
        with self._lock:
            self._plans[choice] = plan
            while len(self._plans) > _KEPT_PLANS:
                self._plans.popitem(last=False)
        return plan

    def _numbers(self, ids: tuple[str, ...]) -> NDArray[np.int64]:
        row_of = {str(key): row for row, key in enumerate(self.inputs.facilities["id"])}
        return np.array([row_of[key] for key in ids if key in row_of], np.int64)

    def _job(self, key: Hashable, begin: Callable[[], Job]) -> Job:
        with self._lock:
            job = self._curves.get(key)
            if job is None or job.state == "failed":
                job = self._curves[key] = begin()
            self._curves.move_to_end(key)
            while len(self._curves) > _KEPT_PLANS:
                self._curves.popitem(last=False)
        return job


def no_curve() -> pd.DataFrame:
    """Return the curve of a plan that has none."""
    return pd.DataFrame({"sites": [], "cost_yuan": [], "covered": [], "upper_bound": []}, dtype=float)


def curve_length(problem: Question, sites: int) -> int:
    """Return how far the curve by number is searched: some way beyond what is asked for, in steps, so that sliding finds it."""
    wanted = max(CURVE_SITES, -(-sites // CURVE_SITES) * CURVE_SITES)
    return max(min(wanted, problem.most_sites), len(problem.required), 1)


def budget_steps(problem: Question) -> NDArray[np.float64]:
    """Return the amounts at which the curve by money is searched: from what must open up to all that is worth asking."""
    least = float(np.nansum(problem.costs[problem.required]))
    return np.round(np.linspace(least, max(problem.most_yuan, least), BUDGET_POINTS + 1))


def fingerprint(project: Project) -> str:
    """Return a mark that changes with the project file and with every input it names."""
    digest = hashlib.sha256(project.path.read_bytes() + project.settings.model_dump_json().encode())
    for file in project.files:
        state = file.stat()
        digest.update(f"{file} {state.st_mtime_ns} {state.st_size}\n".encode())
    return digest.hexdigest()


def _place_on(found: siting.Frontier, choice: Choice) -> int:
    """Return the point of a curve that a choice asks for: the last that is within its number or amount."""
    limits = found.sites if found.budget is None else found.budget
    limit = choice.sites if found.budget is None else choice.budget_yuan
    return max(int(np.searchsorted(limits, limit + 1e-6, "right")) - 1, 0)
