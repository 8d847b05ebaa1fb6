"""What is to be said of each chosen site: what it adds, what losing it costs, who could stand in for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.counting import canonical_rows, total
from planner.solvers.array_types import Bools, Floats, Ints, Matrix
from planner.solvers.exact.allocation import Service, gains_by_service, order_by_service
from planner.solvers.input.conditions import check_zones
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.keywords import Limited, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import Faults, as_mask, check_cover, check_numbers, check_site_numbers
from planner.solvers.questions.replacement import replacements, replacements_by_service
from planner.solvers.results import Result
from planner.solvers.search.opening_order import in_order

Group = ArrayLike | tuple[Matrix, ArrayLike]
"""Weights of a group of people, by themselves or with a coverage matrix of their own."""


@dataclass(frozen=True)
class Explanation:
    """What is to be said of each chosen site; one entry a site, in opening order. Where capacities bind, covered means served.

    Attributes
    ----------
    selected
        The sites.
    gain
        Weight newly covered when it opens, beside those before it.
    gain_by_group
        People of each group newly in reach, shape (n,) each.
    gain_by_zone
        Weight newly in reach by zone, shape (n, n_zones).
    reached, overlap
        Weight within its reach, and the part of it that another open site reaches too.
    loss_if_dropped
        Weight covered no longer without it.
    replacement
        The candidate that makes up most of that in its place and keeps every condition; -1 for none.
    replacement_loss
        What is lost still with the replacement; below 0 where more is covered.
    """

    selected: Ints
    gain: Floats
    gain_by_group: dict[str, Floats]
    gain_by_zone: Floats
    reached: Floats
    overlap: Floats
    loss_if_dropped: Floats
    replacement: Ints
    replacement_loss: Floats


@takes(Limited)
def explain(
    cov: Matrix,
    weights: ArrayLike,
    chosen: Result | ArrayLike,
    *,
    groups: Mapping[str, Group] | None = None,
    zones: ArrayLike | None = None,
    **binding: Unpack[Limited],
) -> Explanation:
    """Explain chosen sites.

    Parameters
    ----------
    cov, weights, and whatever binds : as given to the model. What the sites break already may stay as broken as it is.
    chosen
        A result, whose order and closures are kept, or numbers of sites (existing ones among them are passed over).
    groups
        People by group: weights of shape (n_demand,), or a pair of a coverage matrix of their own and weights.
    zones
        The zone of each demand point, -1 for none; one zone for everybody where left out.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    """
    n_demand = cov.shape[0] if hasattr(cov, "shape") else 0
    place = np.zeros(n_demand, np.int64)
    is_result = isinstance(chosen, Result)
    listed = shut = np.empty(0, np.int64)
    people: dict[str, Floats | CoverInput] = {}

    def check(faults: Faults) -> None:
        nonlocal place, listed, shut
        for name, group in (groups or {}).items():
            people[name] = _check_group(group, cov, name, faults)
        if zones is not None:
            checked = check_zones(zones, n_demand, "zones", faults)
            place = place if checked is None else checked
        if isinstance(chosen, Result):
            listed, shut = chosen.selected, check_site_numbers(chosen.closed, cov.shape[1], "closed", faults)
            check_site_numbers(listed, cov.shape[1], "chosen", faults)
        else:
            listed = check_site_numbers(chosen, cov.shape[1], "chosen", faults)

    given, constraints, _ = check_problem(cov, weights, limited=False, check=check, **binding)
    new = listed[~np.isin(listed, constraints.standing)]
    stays = as_mask(np.setdiff1d(constraints.standing, shut), given.n_sites)
    if constraints.capacity is None:
        order = new if is_result else in_order(given, np.flatnonzero(stays), new)[0]
        gain = _gains(given, stays, order)
        loss, replacement, lost_still = replacements(given, constraints, stays, order)
    else:
        service = Service(given, constraints, np.union1d(np.flatnonzero(stays), new))
        order = new if is_result else order_by_service(service, stays, new)[0]
        gain = gains_by_service(service, stays, order)
        loss, replacement, lost_still = replacements_by_service(service, given, constraints, stays, order)
    reached, overlap = _reach(given, stays, order)
    return Explanation(
        selected=order,
        gain=gain,
        gain_by_group={
            name: _gains(group if isinstance(group, CoverInput) else given.with_weights(group), stays, order)
            for name, group in people.items()
        },
        gain_by_zone=_gains_by_zone(given, stays, order, place),
        reached=reached,
        overlap=overlap,
        loss_if_dropped=loss,
        replacement=replacement,
        replacement_loss=lost_still,
    )


def _check_group(group: Group, cov: Matrix, name: str, faults: Faults) -> Floats | CoverInput:
    """Return a group's weights, with its own matrix where it has one."""
    said = f"groups[{name}]"
    if not isinstance(group, tuple):
        return check_numbers(group, cov.shape[0], said, faults)
    own, weights = group
    n_demand, n_sites = check_cover(own, faults)
    if n_sites != cov.shape[1]:
        faults.add("bad_shape", name=said, shape=own.shape, length=cov.shape[1])
    return CoverInput(*canonical_rows(own), n_sites, check_numbers(weights, n_demand, said, faults))


def _gains(given: CoverInput, stays: Bools, order: Ints) -> Floats:
    """Return what each site newly covers beside those that stay and those before it."""
    return np.array([total(given.weights[fresh]) for fresh in _newly_covered(given, stays, order)])


def _gains_by_zone(given: CoverInput, stays: Bools, order: Ints, place: Ints) -> Floats:
    n_zones = int(place.max(initial=-1)) + 1
    by_zone = np.zeros((len(order), n_zones))
    for k, fresh in enumerate(_newly_covered(given, stays, order)):
        inside = fresh[place[fresh] >= 0]
        by_zone[k] = np.bincount(place[inside], given.weights[inside], n_zones)
    return by_zone


def _newly_covered(given: CoverInput, stays: Bools, order: Ints) -> list[Ints]:
    covered = given.covered_by(np.flatnonzero(stays))
    parts = []
    for j in order:
        points = given.points_of(j)
        fresh = points[~covered[points]]
        covered[fresh] = True
        parts.append(fresh.astype(np.int64))
    return parts


def _reach(given: CoverInput, stays: Bools, order: Ints) -> tuple[Floats, Floats]:
    """Return the weight that each site reaches, and the part of it that another open site reaches too."""
    count = given.times_covered(np.concatenate((np.flatnonzero(stays), order)))
    reached, overlap = np.zeros(len(order)), np.zeros(len(order))
    for k, j in enumerate(order):
        points = given.points_of(j)
        weights = given.weights[points]
        reached[k], overlap[k] = total(weights), total(weights[count[points] > 1])
    return reached, overlap
