"""The fewest or cheapest sites that cover a wanted share (set covering, whole or in part)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.errors import InfeasibleError
from planner.kernels.cover_search import greedy
from planner.solvers.array_types import Bools
from planner.solvers.exact.choice_model import solve_choice
from planner.solvers.exact.choice_problem import ChoiceProblem, least_share, meets
from planner.solvers.exact.constrained_coverage import EXACT_PAIRS, solve_coverage
from planner.solvers.exact.infeasibility import clashing, refuse_clash, said
from planner.solvers.exact.max_coverage import solve_max_coverage
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.input.reduction import ScaledWeights
from planner.solvers.search.constrained_search import cover_of, plain_problem
from planner.solvers.search.local_search import Solution
from planner.solvers.search.opening_order import reopened
from planner.solvers.stopping import StoppingRule

_WORK = 3_000_000_000
_NUMBER_PAIRS = 20_000  # stored pairs of merged rows from which a share in part is first tried number by number
_TIE_WORK = 300_000_000  # counted work on the choice among equals


@dataclass(frozen=True)
class SolvedMinSites:
    """The open sites, what the new ones cost (their number where sites count alike), and the bound on that."""

    is_open: Bools
    value: float
    bound: float


def wanted_weight(given: CoverInput, scaled: ScaledWeights, constraints: Constraints, share: float, of: str) -> int:
    """Return the whole weight that a share comes to: of everybody, or of whom any site that may be open could cover."""
    if of == "all":
        return least_share(share, int(scaled.whole.sum()))
    usable = np.union1d(constraints.standing, constraints.new)
    return least_share(share, int(scaled.whole[given.covered_by(usable)].sum()))


def solve_min_sites(
    given: CoverInput,
    scaled: ScaledWeights,
    constraints: Constraints,
    share: float,
    of: str,
    stopping: StoppingRule,
    seed: int,
    told: Callable[[float, float], None] | None = None,
) -> SolvedMinSites:
    """Return the fewest (or, by cost, cheapest) sites that cover a share within the constraints.

    Among equals one that covers most is returned.

    Raises
    ------
    InfeasibleError
        No choice covers so much; the largest share possible and what clashes are named.
    """
    least = wanted_weight(given, scaled, constraints, share, of)
    problem = ChoiceProblem(given, scaled, constraints, "cost", least=least)
    merged = problem.merged()
    start, lowest = _greedy(problem, merged), 0.0
    is_large = len(merged.sites) > EXACT_PAIRS
    by_number = constraints.is_plain and bool((constraints.costs[constraints.new] == 1).all())
    in_part = least < merged.base + int(merged.whole.sum()) and len(merged.sites) > _NUMBER_PAIRS
    if by_number and (is_large or (in_part and start is not None)):
        work = _WORK if is_large else _WORK // 3
        start, lowest = _by_number(problem, merged, start, stopping, seed, told, work)
    if (by_number and is_large) or (start is not None and _spent(constraints, start) <= lowest):
        is_open, bound = start, lowest
    else:
        outcome = solve_choice(problem, stopping, start=start, told=told, merged=merged)
        if outcome.ended == "infeasible":
            _refuse_share(problem, share, of, seed)
        is_open, bound = outcome.is_open if outcome.is_open is not None else start, max(outcome.bound, lowest)
    if is_open is None:
        refuse_clash(problem)
    assert is_open is not None
    is_open = _most_of(problem, merged, reopened(given, constraints, is_open), stopping, seed)
    is_open = _without_spare(problem, merged, is_open)
    value = _spent(constraints, is_open)
    if (constraints.costs == np.floor(constraints.costs)).all():
        bound = float(np.ceil(bound - 1e-6)) if np.isfinite(bound) else 0.0
    bound = min(max(bound, 0.0), value)
    stopping.close(value, bound)
    return SolvedMinSites(is_open, value, bound)


def _spent(constraints: Constraints, is_open: Bools) -> float:
    return float(constraints.costs[np.setdiff1d(np.flatnonzero(is_open), constraints.standing)].sum())


def _greedy(problem: ChoiceProblem, merged: MergedDemand) -> Bools | None:
    """Return the sites that cover most for their cost until the share is met; None where that breaks a condition."""
    constraints = problem.constraints
    low, high = constraints.bounds()
    is_open = low > 0.5
    is_open[constraints.closable] = True
    cover = cover_of(
        merged, constraints.n_sites, np.rint(np.minimum(constraints.costs * 1000.0, 2.0**52)).astype(np.int64) + 1
    )
    cover = cover._replace(weight=np.where(merged.met(is_open), 0, merged.whole))
    assert problem.least is not None
    for j in greedy(cover, np.int64(2) ** 61, True).tolist():
        if merged.weight_met(is_open) >= problem.least and meets(problem, merged, is_open):
            break
        if high[j] > 0.5:
            is_open[j] = True
    return is_open if meets(problem, merged, is_open) else None


def _most_of(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools, stopping: StoppingRule, seed: int) -> Bools:
    """Return, of the choices that cost no more, one that covers most: nobody wants the fewest sites in worse places."""
    constraints, spent = problem.constraints, _spent(problem.constraints, is_open)
    if stopping.is_cancelled() or spent == 0:
        return is_open
    by_number = bool((constraints.costs == 1).all())
    limited = constraints.limited(sites=round(spent)) if by_number else constraints.limited(budget=spent)
    part = stopping.share(_TIE_WORK)
    part.threads = stopping.threads
    found = solve_coverage(problem.given, limited, part, seed, scaled=problem.scaled)
    better = found.value > problem.scaled.real(merged.weight_met(is_open))
    return found.is_open if better and meets(problem, merged, found.is_open) else is_open


def _without_spare(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> Bools:
    """Close new sites that cost nothing and are not needed."""
    is_open = is_open.copy()
    new = np.setdiff1d(np.flatnonzero(is_open), np.union1d(problem.constraints.standing, problem.constraints.required))
    for j in new[problem.constraints.costs[new] == 0][::-1].tolist():
        is_open[j] = False
        is_open[j] = not meets(problem, merged, is_open)
    return is_open


def _by_number(
    problem: ChoiceProblem,
    merged: MergedDemand,
    start: Bools | None,
    stopping: StoppingRule,
    seed: int,
    told: Callable[[float, float], None] | None,
    work: int,
) -> tuple[Bools | None, float]:
    """Halve the numbers between one proven too few and one that is enough, by what so many sites cover at most."""
    given, scaled, constraints, least = problem.given, problem.scaled, problem.constraints, problem.least
    assert least is not None
    must = len(constraints.forced)
    enough = len(constraints.new) if start is None else int(_spent(constraints, start))
    best, too_few = start, must - 1  # `too_few` is proven; what lies between `low` and `enough` is open
    low = too_few
    while low + 1 < enough:
        number = (low + enough) // 2
        solution, bound = _reach(given, scaled, replace(constraints, sites=number), least, stopping, seed, work)
        if solution is not None and solution.value >= least:
            best = np.zeros(constraints.n_sites, bool)
            for group in (constraints.standing, constraints.required, solution.sites):
                best[group] = True
            enough = number
        else:
            low = number
            too_few = max(too_few, number) if bound < least else too_few
        if told is not None:
            told(float(enough), float(too_few + 1))
        if stopping.seconds_left() <= 0 or stopping.is_cancelled():
            break
    return best, float(too_few + 1)


def _reach(
    given: CoverInput,
    scaled: ScaledWeights,
    constraints: Constraints,
    least: int,
    stopping: StoppingRule,
    seed: int,
    work: int,
) -> tuple[Solution | None, int]:
    """Cover most with a number of sites, or until it is known whether they cover so much."""
    problem = plain_problem(given, scaled, constraints)
    if problem is None:
        return None, -1
    known = [0, 0]

    def heard(value: int, bound: int) -> None:
        known[:] = [value, bound]

    def decided() -> bool:
        return known[0] >= least or known[1] < least or stopping.is_cancelled()

    part = StoppingRule(
        time_limit_s=stopping.seconds_left(),
        work_limit=work,
        progress=heard,
        cancelled=decided,
        threads=stopping.threads,
    )
    return solve_max_coverage(problem, part, seed)


def _refuse_share(problem: ChoiceProblem, share: float, of: str, seed: int) -> None:
    found = clashing(problem)
    if not found or "share" not in found:
        refuse_clash(problem)
    given, constraints = problem.given, problem.constraints
    best = solve_coverage(given, constraints, StoppingRule(time_limit_s=60.0), seed, scaled=problem.scaled)
    whole = problem.scaled.whole
    if of != "all":
        whole = whole[given.covered_by(np.union1d(constraints.standing, constraints.new))]
    everybody = problem.scaled.real(int(whole.sum()))
    largest = best.value / everybody if everybody > 0 else 0.0
    others = [family for family in found if family != "share"]
    raise InfeasibleError(
        "siting.share_too_high",
        share=share,
        largest=largest,
        conditions=said(found),
        families=["share", *others],
    )
