"""Covering under conditions: the fast machinery where it can say all there is to say, the exact model where it cannot.

Whatever binds besides number, budget and roles only takes choices away: the plain problem's bound holds, and its answer is the
answer where it happens to keep to everything. Otherwise a choice made by greed and exchange within the conditions starts the
exact model; where that is too large, prices and the sites' own conditions give the bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.infeasibility import refuse_clash
from planner.solvers.exact.max_coverage import quick, solve
from planner.solvers.exact.requirements import Quest, allocate, meets, worst_share
from planner.solvers.input.constraints import Terms
from planner.solvers.input.merged_demand import Patterns
from planner.solvers.input.reduction import Scaled, scale_weights
from planner.solvers.input.validation import Given, total
from planner.solvers.search.backup_coverage import improve
from planner.solvers.search.constrained_search import guess, plain_problem, priced_bound
from planner.solvers.search.opening_order import pruned, reopened
from planner.solvers.stopping import Guard

EXACT_PAIRS = 2_000_000
"""Stored pairs of merged rows up to which the exact model is put to the solver."""

_NEAR_SHARE = 1e-6  # shares this near each other are told apart by counting people
_PLAIN_WORK = 1_000_000_000  # counted work spent on the plain problem before conditions are looked at


@dataclass(frozen=True)
class Covering:
    """The open sites of the best choice, the weight of each point that counts, and a bound on their sum."""

    is_open: NDArray[np.bool_]
    served: NDArray[np.float64]
    value: float
    bound: float
    allocation: sparse.csr_array | None


def cover_most(
    given: Given,
    terms: Terms,
    guard: Guard,
    seed: int,
    *,
    scaled: Scaled | None = None,
    times: int = 1,
    greedy: bool = False,
    told: Callable[[float, float], None] | None = None,
) -> Covering:
    """Cover most weight `times` times within the terms.

    Raises
    ------
    InfeasibleError
        No choice meets the terms; the conditions that clash are named.
    """
    scaled = scale_weights(given.weights) if scaled is None else scaled
    quest = Quest(given, scaled, terms, "cover", times)
    plain = plain_problem(given, scaled, terms)
    if plain is None:
        refuse_clash(quest)
    assert plain is not None
    is_plain = terms.is_plain and times == 1
    if is_plain:
        answer, whole = quick(plain, guard) if greedy else solve(plain, guard, seed)
        return _finish(quest, None, _opened(terms, answer.sites), scaled.ceiling(whole))
    patterns = quest.patterns()
    is_large = len(patterns.sites) > EXACT_PAIRS
    part = _first_part(guard, float("inf") if is_large else _PLAIN_WORK)
    answer, whole = quick(plain, part) if greedy else solve(plain, part, seed)
    bound = scaled.ceiling(whole)
    best = _opened(terms, answer.sites)
    if not (times == 1 and terms.capacity is None and meets(quest, patterns, best)):
        found = guess(patterns, terms, guard)
        if found is not None and times > 1 and terms.capacity is None and not greedy:
            better = improve(patterns, terms, found, guard, seed)
            found = better if meets(quest, patterns, better) else found
        best = found if found is not None and meets(quest, patterns, found) else None  # type: ignore[assignment]
    elif part.stopped_by == "proven" or greedy or is_large:
        guard.stopped_by = part.stopped_by
        return _finish(quest, patterns, best, bound)
    if greedy and best is not None:
        pass
    elif not is_large:
        outcome = solve_choice(quest, guard, start=best, told=told, patterns=patterns)
        if outcome.ended == "infeasible":
            refuse_clash(quest)
        bound = min(bound, outcome.bound)
        if outcome.is_open is not None:
            best = outcome.is_open
    elif times == 1:
        bound = min(bound, scaled.ceiling(priced_bound(patterns, terms, plain, guard, whole)))
    if best is None:
        best = _any(quest, patterns)
    made = _finish(quest, patterns, reopened(given, terms, best), bound)
    guard.close(made.value, made.bound)
    return made


def _any(quest: Quest, patterns: Patterns) -> NDArray[np.bool_]:
    """Return any choice within the terms, in a minute more."""
    outcome = solve_choice(replace(quest, goal="any"), Guard(time_limit_s=60.0), patterns=patterns)
    if outcome.is_open is None:
        refuse_clash(quest)
    assert outcome.is_open is not None
    return outcome.is_open


def _first_part(guard: Guard, work: float) -> Guard:
    """Return a guard for the plain problem: the same end and gap, half the time, its work counted."""
    part = guard.share(work)
    part.threads, part.gap = guard.threads, guard.gap
    part.deadline = part.started + guard.seconds_left() / 2
    return part


def _opened(terms: Terms, sites: NDArray[np.int64]) -> NDArray[np.bool_]:
    is_open = np.zeros(terms.n_sites, bool)
    for group in (terms.standing, terms.required, sites):
        is_open[group] = True
    return is_open


def _finish(quest: Quest, patterns: Patterns | None, is_open: NDArray[np.bool_], bound: float) -> Covering:
    given, terms, scaled = quest.given, quest.terms, quest.scaled
    if terms.capacity is not None and patterns is not None:
        served, allocation = serve(quest, patterns, is_open)
        empty = np.asarray(allocation.sum(axis=0)).ravel() <= 0
        for j in np.setdiff1d(np.flatnonzero(is_open & empty), np.union1d(terms.standing, terms.required))[::-1]:
            is_open = is_open.copy()
            is_open[j] = False
            is_open[j] = bool(terms.broken(is_open))
        value = total(served)
        if _counts_people(scaled, terms):
            value, bound = _near_whole(value), float(np.floor(bound + 1e-6))
        return Covering(is_open, served, value, max(bound, value), allocation)
    is_open = pruned(given, terms, is_open, quest.times)
    counts = given.times_covered(np.flatnonzero(is_open)) >= quest.times
    served = np.where(counts, given.weights, 0.0)
    value = total(served)
    if scaled.unit > 1 and np.isfinite(bound):
        bound = float(np.floor(bound + 1e-6))
    return Covering(is_open, served, value, max(bound, value), None)


def serve(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> tuple[NDArray[np.float64], sparse.csr_array]:
    """Return the weight served of each demand point, and by whom: people of one pattern are served in equal shares."""
    given = quest.given
    flow = allocate(quest, patterns, is_open)
    weight = patterns.whole / quest.scaled.scale
    used = np.flatnonzero(flow > 0)
    row, site = patterns.row_of[used], patterns.sites[used]
    part = sparse.csr_array((flow[used] / weight[row], (row, site)), shape=(len(patterns), given.n_sites))
    inside = np.flatnonzero((patterns.group >= 0) & (given.weights > 0))
    to_pattern = sparse.csr_array(
        (given.weights[inside], (inside, patterns.group[inside])), shape=(len(given.weights), len(patterns))
    )
    allocation = sparse.csr_array(to_pattern @ part)
    allocation.sort_indices()
    served = np.minimum(np.asarray(allocation.sum(axis=1)).ravel(), given.weights)
    return served, allocation


def worst_zone(
    quest: Quest, guard: Guard, told: Callable[[float, float], None] | None = None
) -> tuple[NDArray[np.bool_], float]:
    """Return the choice that serves the worst zone best, and the bound on its share.

    A solver's tolerance is wider than a person in a large zone: whether every zone can be served by one person more than the
    worst share is asked again, in whole people, until it cannot.
    """
    patterns = quest.patterns()
    start = guess(patterns, quest.terms, guard)
    if start is not None and not meets(quest, patterns, start):
        start = None
    outcome = solve_choice(quest, guard, start=start, told=told, patterns=patterns)
    if outcome.ended == "infeasible":
        refuse_clash(quest)
    best = outcome.is_open if outcome.is_open is not None else start
    best = _any(quest, patterns) if best is None else best
    value, bound = worst_share(quest, patterns, best), min(outcome.bound, 1.0)
    while 0 < bound - value <= _NEAR_SHARE and quest.scaled.unit > 1:
        better = solve_choice(_better_everywhere(quest, patterns, value), guard)
        if better.is_open is None:
            bound = value if better.ended == "infeasible" else bound
            break
        best, value = better.is_open, worst_share(quest, patterns, better.is_open)
    return best, max(bound, value)


def _better_everywhere(quest: Quest, patterns: Patterns, value: float) -> Quest:
    """Return the quest for any choice whose worst share is above `value`, by a person at least."""
    totals = quest.zone_totals(len(patterns.base_zone))
    unit = quest.scaled.unit
    worst = np.floor(value * (totals / unit) * (1 + 1e-12)) + 1
    floor = np.where(totals > 0, worst / np.maximum(totals / unit, 1), 0.0)
    if quest.terms.floor is not None:
        least = np.zeros(len(floor))
        least[: len(quest.terms.floor)] = quest.terms.floor[: len(floor)]
        floor = np.maximum(floor, least)
    return replace(quest, goal="any", terms=replace(quest.terms, floor=floor))


def _counts_people(scaled: Scaled, terms: Terms) -> bool:
    assert terms.capacity is not None
    limits = terms.capacity[np.isfinite(terms.capacity)]
    return scaled.unit > 1 and bool((limits == np.floor(limits)).all())


def _near_whole(value: float) -> float:
    return float(np.rint(value)) if abs(value - np.rint(value)) <= 1e-6 * max(1.0, value * 1e-6) else value
