"""Who reaches which facility, group by group: each population group may walk at its own speed and within its own minutes.

So may the people of each class of zone: a demand point is then counted by the rule of its own zone's class.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.counting import times_covered
from planner.coverage import Places, covered_within, nearest, travel_times
from planner.inputs.read import Inputs
from planner.project import Project, Rule
from planner.register import PLACELESS

Rules = tuple[Rule, ...]
"""The walks of a group: where no class of zone has a rule of its own, then class by class."""


@dataclass(frozen=True)
class Access:
    """Travel times and coverage between demand points and all facilities (csr, shape (n_demand, n_facilities)).

    `times` are the main group's, each demand point's by its own rule, and `main_times` all by the project's main rule, by
    which isochrones are drawn; `cover` holds one coverage matrix for each set of rules. Facilities that are out of the question
    have empty columns.
    """

    project: Project
    times: sparse.csr_array
    main_times: sparse.csr_array
    cover: dict[Rules, sparse.csr_array]

    def of(self, group: str) -> sparse.csr_array:
        """Return the coverage matrix by which `group` is counted."""
        return self.cover[rules_of(self.project, group)]

    def count_open(self, group: str, facilities: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some facilities serve each demand point, for `group`."""
        return times_covered(self.of(group), facilities)

    def count_drawn(self, facilities: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some facilities have each demand point within the main rule's limit."""
        rule = self.project.rule_of(self.project.main_group)
        return times_covered(covered_within(self.main_times, rule.limit_s), facilities)


def rules_of(project: Project, group: str) -> Rules:
    """Return the walks of a group: the one where no class of zone has its own, then those of `project.zone_classes`."""
    return tuple(project.rule_of(group, zone_class) for zone_class in (None, *project.zone_classes))


def bands_min(project: Project) -> tuple[float, ...]:
    """Return the minutes to draw: the project's bands up to the main group's own limit, which comes last."""
    limit = project.rule_of(project.main_group).limit_s / 60
    return (*(minutes for minutes in project.settings.walking.bands_min if minutes < limit), limit)


def measure_access(inputs: Inputs, *, threads: int | None = None) -> Access:
    """Walk from every demand point to every facility that may be used, for every rule of the project."""
    project = inputs.project
    sets = dict.fromkeys(rules_of(project, group) for group in (project.main_group, *project.groups))
    main, main_rule = next(iter(sets)), project.rule_of(project.main_group)
    excluded = inputs.facilities["excluded_reason"].isin(["too_far", "no_street", *PLACELESS]).to_numpy()
    columns = np.flatnonzero(~excluded)
    places = inputs.facility_places[columns]

    def walked(rules: Rules) -> tuple[sparse.csr_array, sparse.csr_array]:
        return tuple(_spread(part, columns, len(excluded)) for part in walk_to(inputs, places, rules, threads=threads))

    cover: dict[Rules, sparse.csr_array] = {}
    times = None
    for rules in sets:
        some, cover[rules] = walked(rules)
        times = some if times is None else times
    assert times is not None
    mixed = any(rule != main_rule for rule in main)
    return Access(project, times, walked((main_rule,))[0] if mixed else times, cover)


def walk_to(
    inputs: Inputs, places: Places, rules: Rules, *, threads: int | None = None
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return travel times from demand points to places within each point's own limit, and the coverage by it (csr)."""
    parts, covers, order = [], [], []
    for rule, rows in _rows_of(inputs, rules):
        network, walk = inputs.walks.at(rule.speed_m_s)
        demand = inputs.demand_places if rows is None else inputs.demand_places[rows]
        times = travel_times(network, demand, places, limit_s=rule.limit_s, walk=walk, threads=threads)
        covered = covered_within(times, rule.limit_s)
        if rows is None:
            return times, covered
        parts.append(times)
        covers.append(covered)
        order.append(rows)
    back = np.argsort(np.concatenate(order), kind="stable")
    return _stacked(parts, back), _stacked(covers, back)


def _spread(matrix: sparse.csr_array, columns: NDArray[np.int64], n_columns: int) -> sparse.csr_array:
    """Return a matrix whose columns stand at `columns` of a wider one."""
    return sparse.csr_array((matrix.data, columns[matrix.indices], matrix.indptr), shape=(matrix.shape[0], n_columns))


def _stacked(parts: list[sparse.csr_array], back: NDArray[np.int64]) -> sparse.csr_array:
    """Return matrices below one another, row `back[i]` of the stack in place i; entries keep their order, stored zeros stay."""
    indptr = np.concatenate([[0], *(np.diff(part.indptr) for part in parts)]).cumsum()
    counts = np.diff(indptr)[back]
    starts = np.concatenate(([0], np.cumsum(counts)))
    entry = np.repeat(indptr[:-1][back] - starts[:-1], counts) + np.arange(starts[-1])
    data = np.concatenate([part.data for part in parts])[entry]
    indices = np.concatenate([part.indices for part in parts])[entry]
    return sparse.csr_array((data, indices, starts), shape=(len(back), parts[0].shape[1]))


def _rows_of(inputs: Inputs, rules: Rules) -> Iterator[tuple[Rule, NDArray[np.int64] | None]]:
    """Yield each walk with the demand points that are counted by it; None stands for all of them, be they none."""
    if len(set(rules)) == 1 or len(inputs.demand_class) == 0:
        yield rules[0], None
        return
    of_class: dict[str | None, Rule] = dict(zip((None, *inputs.project.zone_classes), rules, strict=True))
    for rule in dict.fromkeys(rules):
        mine = np.zeros(len(inputs.demand_class), bool)
        for zone_class, walked in of_class.items():
            if walked == rule:
                mine |= inputs.demand_class == zone_class
        if mine.any():
            yield rule, np.flatnonzero(mine)


def threshold_of_points(inputs: Inputs, group: str) -> NDArray[np.float64]:
    """Return the seconds within which each demand point's people of a group must arrive, shape (n_demand,)."""
    limits = np.empty(len(inputs.demand_class))
    for rule, rows in _rows_of(inputs, rules_of(inputs.project, group)):
        limits[slice(None) if rows is None else rows] = rule.limit_s
    return limits


def times_within(inputs: Inputs, usable: NDArray[np.int64], limit_s: float) -> sparse.csr_array:
    """Return travel times of the main group to some facilities up to a limit, csr, shape (n_demand, n_facilities).

    Each demand point walks at the speed of its own rule.
    """
    parts, order = [], []
    for rule, rows in _rows_of(inputs, rules_of(inputs.project, inputs.project.main_group)):
        network, walk = inputs.walks.at(rule.speed_m_s)
        demand = inputs.demand_places if rows is None else inputs.demand_places[rows]
        parts.append(travel_times(network, demand, inputs.facility_places[usable], limit_s=limit_s, walk=walk))
        order.append(np.arange(len(inputs.demand_places)) if rows is None else rows)
    some = _stacked(parts, np.argsort(np.concatenate(order), kind="stable")) if len(parts) > 1 else parts[0]
    shape = (some.shape[0], len(inputs.facilities))
    return sparse.csr_array((some.data, usable[some.indices], some.indptr), shape=shape)


def nearest_of(inputs: Inputs, facilities: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return ``(seconds, facility)`` of the nearest of some facilities to every demand point, at its own main-group speed.

    Of equally near facilities the lowest counts, in whatever order they are given.
    """
    facilities = np.sort(facilities)
    found_s, found = np.full(len(inputs.demand_places), np.inf), np.full(len(inputs.demand_places), -1)
    if len(facilities) == 0:
        return found_s, found
    for rule, rows in _rows_of(inputs, rules_of(inputs.project, inputs.project.main_group)):
        network, walk = inputs.walks.at(rule.speed_m_s)
        demand = inputs.demand_places if rows is None else inputs.demand_places[rows]
        seconds, which = nearest(network, demand, inputs.facility_places[facilities], walk=walk)
        own = slice(None) if rows is None else rows
        found_s[own], found[own] = seconds, np.where(which >= 0, facilities[which], -1)
    return found_s, found
