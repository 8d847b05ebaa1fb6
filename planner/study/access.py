"""Who reaches which facility, group by group: each population group may walk at its own speed and within its own minutes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.coverage import covered_within, nearest, travel_times
from planner.project import Project, Rule
from planner.study.inputs import Inputs


@dataclass(frozen=True)
class Access:
    """Travel times and coverage between demand points and all facilities (csr, shape (n_demand, n_facilities)).

    `times` are the main group's; `cover` holds one coverage matrix a rule; facilities that are out of the question have
    empty columns.
    """

    project: Project
    times: sparse.csr_array
    cover: dict[Rule, sparse.csr_array]

    def of(self, group: str) -> sparse.csr_array:
        """Return the coverage matrix by which `group` is counted."""
        return self.cover[self.project.rule_of(group)]

    def count_open(self, group: str, facilities: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some facilities serve each demand point, for `group`."""
        chosen = np.zeros(self.times.shape[1], np.int64)
        chosen[facilities] = 1
        return np.asarray(self.of(group).astype(np.int64) @ chosen)


def measure(inputs: Inputs, *, threads: int | None = None) -> Access:
    """Walk from every demand point to every facility that may be used, for every rule of the project."""
    project = inputs.project
    excluded = inputs.facilities["excluded_reason"].isin(["too_far", "no_street"]).to_numpy()
    columns = np.flatnonzero(~excluded)
    main = project.rule_of(project.main_group)
    cover: dict[Rule, sparse.csr_array] = {}
    times = None
    for rule in dict.fromkeys([main, *(project.rule_of(group) for group in project.groups)]):
        some = travel_times(
            inputs.network,
            inputs.demand_places,
            inputs.facility_places[columns],
            limit_s=rule.threshold_s,
            speed_m_s=rule.speed_m_s,
            straight_line=project.settings.walking.straight_line,
            threads=threads,
        )
        by_facility = sparse.csr_array(
            (some.data, columns[some.indices], some.indptr), shape=(some.shape[0], len(inputs.facilities))
        )
        times = by_facility if times is None else times
        cover[rule] = covered_within(by_facility, rule.threshold_s)
    assert times is not None
    return Access(project, times, cover)


def times_within(inputs: Inputs, usable: NDArray[np.int64], limit_s: float) -> sparse.csr_array:
    """Return travel times up to a limit of the main group to some facilities, csr, shape (n_demand, n_facilities)."""
    some = travel_times(
        inputs.network,
        inputs.demand_places,
        inputs.facility_places[usable],
        limit_s=limit_s,
        speed_m_s=inputs.project.rule_of(inputs.project.main_group).speed_m_s,
        straight_line=inputs.project.settings.walking.straight_line,
    )
    shape = (some.shape[0], len(inputs.facilities))
    return sparse.csr_array((some.data, usable[some.indices], some.indptr), shape=shape)


def nearest_of(inputs: Inputs, facilities: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, facility)`` of the nearest of some facilities to every demand point, at the main group's speed."""
    if len(facilities) == 0:
        return np.full(len(inputs.demand_places), np.inf), np.full(len(inputs.demand_places), -1)
    seconds, which = nearest(
        inputs.network,
        inputs.demand_places,
        inputs.facility_places[facilities],
        speed_m_s=inputs.project.rule_of(inputs.project.main_group).speed_m_s,
        straight_line=inputs.project.settings.walking.straight_line,
    )
    return seconds, np.where(which >= 0, facilities[which], -1)
