"""The fewest or cheapest sites that cover a wanted share (set covering, whole or in part)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.errors import InfeasibleError
from planner.kernels.cover_search import greedy
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.constrained_coverage import EXACT_PAIRS, cover_most
from planner.solvers.exact.infeasibility import clashing, refuse_clash, said
from planner.solvers.exact.max_coverage import solve
from planner.solvers.exact.requirements import Quest, least_share, meets
from planner.solvers.input.constraints import Terms
from planner.solvers.input.merged_demand import Patterns
from planner.solvers.input.reduction import Scaled
from planner.solvers.input.validation import Given
from planner.solvers.search.constrained_search import cover_of, plain_problem
from planner.solvers.search.local_search import Answer
from planner.solvers.search.opening_order import reopened
from planner.solvers.stopping import Guard

_WORK = 3_000_000_000
_NUMBER_PAIRS = 20_000  # stored pairs of merged rows from which a share in part is first tried number by number
_TIE_WORK = 300_000_000  # counted work on the choice among equals


@dataclass(frozen=True)
class Fewest:
    """The open sites, what the new ones cost (their number where sites count alike), and the bound on that."""

    is_open: NDArray[np.bool_]
    value: float
    bound: float


def wanted_weight(given: Given, scaled: Scaled, terms: Terms, share: float, of: str) -> int:
    """Return the whole weight that a share comes to: of everybody, or of whom any site that may be open could cover."""
    if of == "all":
        return least_share(share, int(scaled.whole.sum()))
    usable = np.union1d(terms.standing, terms.new)
    return least_share(share, int(scaled.whole[given.covered_by(usable)].sum()))


def fewest(
    given: Given,
    scaled: Scaled,
    terms: Terms,
    share: float,
    of: str,
    guard: Guard,
    seed: int,
    told: Callable[[float, float], None] | None = None,
) -> Fewest:
    """Return the fewest (or, by cost, cheapest) sites that cover a share within the terms.

    Among equals one that covers most is returned.

    Raises
    ------
    InfeasibleError
        No choice covers so much; the largest share possible and what clashes are named.
    """
    least = wanted_weight(given, scaled, terms, share, of)
    quest = Quest(given, scaled, terms, "cost", least=least)
    patterns = quest.patterns()
    start, lowest = _greedy(quest, patterns), 0.0
    is_large = len(patterns.sites) > EXACT_PAIRS
    by_number = terms.is_plain and bool((terms.costs[terms.new] == 1).all())
    in_part = least < patterns.base + int(patterns.whole.sum()) and len(patterns.sites) > _NUMBER_PAIRS
    if by_number and (is_large or (in_part and start is not None)):
        work = _WORK if is_large else _WORK // 3
        start, lowest = _by_number(quest, patterns, start, guard, seed, told, work)
    if (by_number and is_large) or (start is not None and _spent(terms, start) <= lowest):
        is_open, bound = start, lowest
    else:
        outcome = solve_choice(quest, guard, start=start, told=told, patterns=patterns)
        if outcome.ended == "infeasible":
            _refuse_share(quest, share, of, seed)
        is_open, bound = outcome.is_open if outcome.is_open is not None else start, max(outcome.bound, lowest)
    if is_open is None:
        refuse_clash(quest)
    assert is_open is not None
    is_open = _most_of(quest, patterns, reopened(given, terms, is_open), guard, seed)
    is_open = _without_spare(quest, patterns, is_open)
    value = _spent(terms, is_open)
    if (terms.costs == np.floor(terms.costs)).all():
        bound = float(np.ceil(bound - 1e-6)) if np.isfinite(bound) else 0.0
    bound = min(max(bound, 0.0), value)
    guard.close(value, bound)
    return Fewest(is_open, value, bound)


def _spent(terms: Terms, is_open: NDArray[np.bool_]) -> float:
    return float(terms.costs[np.setdiff1d(np.flatnonzero(is_open), terms.standing)].sum())


def _greedy(quest: Quest, patterns: Patterns) -> NDArray[np.bool_] | None:
    """Return the sites that cover most for their cost until the share is met; None where that breaks a condition."""
    terms = quest.terms
    low, high = terms.bounds()
    is_open = low > 0.5
    is_open[terms.closable] = True
    cover = cover_of(patterns, terms.n_sites, np.maximum(np.rint(terms.costs * 1000.0), 0).astype(np.int64) + 1)
    cover = cover._replace(weight=np.where(patterns.met(is_open), 0, patterns.whole))
    assert quest.least is not None
    for j in greedy(cover, np.int64(2) ** 61, True).tolist():
        if patterns.weight_met(is_open) >= quest.least and meets(quest, patterns, is_open):
            break
        if high[j] > 0.5:
            is_open[j] = True
    return is_open if meets(quest, patterns, is_open) else None


def _most_of(
    quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_], guard: Guard, seed: int
) -> NDArray[np.bool_]:
    """Return, of the choices that cost no more, one that covers most: nobody wants the fewest sites in worse places."""
    terms, spent = quest.terms, _spent(quest.terms, is_open)
    if guard.is_cancelled() or spent == 0:
        return is_open
    by_number = bool((terms.costs == 1).all())
    limited = terms.limited(sites=round(spent)) if by_number else terms.limited(budget=spent)
    part = guard.share(_TIE_WORK)
    part.threads = guard.threads
    found = cover_most(quest.given, limited, part, seed, scaled=quest.scaled)
    better = found.value > quest.scaled.real(patterns.weight_met(is_open))
    return found.is_open if better and meets(quest, patterns, found.is_open) else is_open


def _without_spare(quest: Quest, patterns: Patterns, is_open: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close new sites that cost nothing and are not needed."""
    is_open = is_open.copy()
    new = np.setdiff1d(np.flatnonzero(is_open), np.union1d(quest.terms.standing, quest.terms.required))
    for j in new[quest.terms.costs[new] == 0][::-1].tolist():
        is_open[j] = False
        is_open[j] = not meets(quest, patterns, is_open)
    return is_open


def _by_number(
    quest: Quest,
    patterns: Patterns,
    start: NDArray[np.bool_] | None,
    guard: Guard,
    seed: int,
    told: Callable[[float, float], None] | None,
    work: int,
) -> tuple[NDArray[np.bool_] | None, float]:
    """Halve the numbers between one proven too few and one that is enough, by what so many sites cover at most."""
    given, scaled, terms, least = quest.given, quest.scaled, quest.terms, quest.least
    assert least is not None
    must = len(np.setdiff1d(terms.required, terms.closable))
    enough = len(terms.new) if start is None else int(_spent(terms, start))
    best, too_few = start, must - 1  # `too_few` is proven; what lies between `low` and `enough` is open
    low = too_few
    while low + 1 < enough:
        number = (low + enough) // 2
        answer, bound = _reach(given, scaled, replace(terms, sites=number), least, guard, seed, work)
        if answer is not None and answer.value >= least:
            best = np.zeros(terms.n_sites, bool)
            for group in (terms.standing, terms.required, answer.sites):
                best[group] = True
            enough = number
        else:
            low = number
            too_few = max(too_few, number) if bound < least else too_few
        if told is not None:
            told(float(enough), float(too_few + 1))
        if guard.seconds_left() <= 0 or guard.is_cancelled():
            break
    return best, float(too_few + 1)


def _reach(
    given: Given, scaled: Scaled, terms: Terms, least: int, guard: Guard, seed: int, work: int
) -> tuple[Answer | None, int]:
    """Cover most with a number of sites, or until it is known whether they cover so much."""
    problem = plain_problem(given, scaled, terms)
    if problem is None:
        return None, -1
    known = [0, 0]

    def heard(value: int, bound: int) -> None:
        known[:] = [value, bound]

    def decided() -> bool:
        return known[0] >= least or known[1] < least or guard.is_cancelled()

    part = Guard(
        time_limit_s=guard.seconds_left(), work_limit=work, progress=heard, cancelled=decided, threads=guard.threads
    )
    return solve(problem, part, seed)


def _refuse_share(quest: Quest, share: float, of: str, seed: int) -> None:
    found = clashing(quest)
    if not found or "share" not in found:
        refuse_clash(quest)
    given, terms = quest.given, quest.terms
    best = cover_most(given, terms, Guard(time_limit_s=60.0), seed, scaled=quest.scaled)
    whole = quest.scaled.whole
    if of != "all":
        whole = whole[given.covered_by(np.union1d(terms.standing, terms.new))]
    everybody = quest.scaled.real(int(whole.sum()))
    largest = best.value / everybody if everybody > 0 else 0.0
    others = [family for family in found if family != "share"]
    raise InfeasibleError(
        "siting.share_too_high",
        share=share,
        largest=largest,
        conditions=said(found),
        families=["share", *others],
    )
