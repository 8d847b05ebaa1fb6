"""The most that each number of sites can cover, all numbers at once: for problems too large to solve number after number.

Prices that are good for one number bound every other: whatever is chosen covers at most the weight left unpriced and what the so
many best sites collect. So prices at a few numbers bound the whole curve, each as the least of them all; likewise a good choice
for one number, put in order and grown, gives one for every number. Where the gap is widest, the next number is searched.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from planner.counting import total
from planner.kernels.cover_dual import collect
from planner.kernels.cover_parts import take_catchments
from planner.kernels.cover_path import grow
from planner.kernels.cover_search import greedy, opening_order, start_choice
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.bounds.lagrangian import LagrangianDual
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import CoverProblem, ScaledWeights
from planner.solvers.results import Frontier, share
from planner.solvers.search.local_search import LocalSearch
from planner.solvers.stopping import StoppingRule

LARGE_WORK = 1_000_000_000
"""Stored pairs times numbers from which on the curve is found as one."""

_SEARCH_WORK, _DUAL_STEPS = 300_000_000, 120
_AT_ONCE = 2  # numbers searched side by side, however many threads there are
_ROUNDS = 16


@dataclass(frozen=True)
class Path:
    """Sites in the order in which they open, and the whole weight covered when 0, 1, 2... of them are open."""

    sites: Ints
    value: Ints


class CoverageCurve:
    """Values and bounds, in wholes, for 0 to `problem.limit` sites; both only get better."""

    def __init__(self, problem: CoverProblem) -> None:
        """Start from the greedy order and from every row priced at all its weight."""
        self.problem = problem
        self.bound = _bounds(problem, problem.cover.weight.astype(float))
        self.paths = [_path(problem, greedy(problem.cover, problem.limit, False))]
        self.value = self.paths[0].value.copy()
        self.path_of = np.zeros(len(self.value), np.int64)

    @property
    def gap(self) -> Floats:
        """Distance to the bound as a share of it, for each number."""
        return np.array([share(b - v, b) for v, b in zip(self.value.tolist(), self.bound.tolist(), strict=True)])

    def improve(self, numbers: list[int], stopping: StoppingRule) -> None:
        """Search at some numbers, and take what that gives for every number."""
        for path, bound in stopping.run([partial(self._search, number) for number in numbers]):
            better = path.value > self.value
            self.path_of[better] = len(self.paths)
            self.paths.append(path)
            self.value = np.maximum(self.value, path.value)
            self.bound = np.minimum(self.bound, bound)
        self.bound = np.maximum(self.bound, self.value)

    def _search(self, number: int) -> tuple[Path, Ints]:
        problem = replace(self.problem, limit=number)
        search = LocalSearch(problem, self.chosen(number))
        search.exchange(work_limit=_SEARCH_WORK)
        dual = LagrangianDual(problem, search.chosen)
        dual.lower(_DUAL_STEPS, search.value)
        return _path(self.problem, search.chosen), _bounds(self.problem, dual.best_price)

    def chosen(self, number: int) -> Ints:
        """Return the columns of the best choice for a number."""
        return self.paths[self.path_of[number]].sites[:number]


def find_curve(problem: CoverProblem, stopping: StoppingRule) -> CoverageCurve:
    """Return the curve, searched until every gap is as wanted or the rule or the counted rounds end it."""
    curve = CoverageCurve(problem)
    tried = np.zeros(len(curve.value), bool)
    tried[0] = True
    for k in range(_ROUNDS):
        if stopping.must_stop(int(curve.value[-1]), int(curve.bound[-1])) and stopping.stopped_by in (
            "time",
            "cancelled",
        ):
            break
        numbers = _next_numbers(curve, tried, stopping.gap, first=k == 0)
        if not numbers:
            break
        tried[numbers] = True
        curve.improve(numbers, stopping)
    return curve


def curve_result(
    given: CoverInput, scaled: ScaledWeights, problem: CoverProblem, standing: Ints, stopping: StoppingRule
) -> Frontier:
    """Return the curve in the caller's numbers and weights, beside the sites that stand."""
    curve = find_curve(problem, stopping)
    selected, values = [], []
    for number in range(len(curve.value)):
        sites = problem.site[_in_order(problem, curve.chosen(number))]
        selected.append(sites)
        values.append(scaled.real(int(curve.value[number])))
    if scaled.error:  # what wholes stand for is not to the last digit what the weights add up to
        values = [total(given.weights[given.covered_by(np.concatenate((standing, some)))]) for some in selected]
    value = np.maximum.accumulate(np.array(values))
    bound = np.maximum(np.array([scaled.ceiling(int(part)) for part in curve.bound]), value)
    return Frontier(np.arange(len(value)), value, bound, tuple(selected))


def _next_numbers(curve: CoverageCurve, tried: Bools, wanted: float, *, first: bool) -> list[int]:
    """Return the untried numbers to search next: at first the last and its quarter, then those where the gap is widest."""
    last = len(curve.value) - 1
    if first:
        return sorted({number for number in (last, last // 4) if number > 0})
    gap = np.where(tried, 0.0, curve.gap)
    numbers: list[int] = []
    while len(numbers) < _AT_ONCE:
        number = int(np.argmax(gap))
        if gap[number] <= wanted:
            break
        numbers.append(number)
        gap[number * 3 // 4 : number * 4 // 3 + 1] = 0.0
    return sorted(numbers)


def _bounds(problem: CoverProblem, price: Floats) -> Ints:
    """Return what prices prove for 0 to `limit` sites, in wholes."""
    unpriced, collected = collect(problem.cover, price)
    best = np.sort(collected)[::-1][: problem.limit]
    bound = np.full(problem.limit + 1, problem.base + int(unpriced))
    bound[1 : len(best) + 1] += np.cumsum(best)
    bound[len(best) + 1 :] = bound[len(best)]
    return bound // problem.unit * problem.unit


def _path(problem: CoverProblem, chosen: Ints) -> Path:
    """Return chosen sites by what each adds, and those that add most after them."""
    cover = problem.cover
    ordered = _in_order(problem, chosen)
    choice = start_choice(cover, ordered)
    added, _ = grow(cover, choice.is_open, choice.count, choice.worth, problem.limit - len(ordered))
    sites = np.concatenate((ordered, added))
    covered = np.zeros(len(cover.weight), bool)
    gains = np.empty(len(sites), np.int64)
    for k, j in enumerate(sites.tolist()):
        rows = cover.site_rows[cover.site_ptr[j] : cover.site_ptr[j + 1]]
        gains[k] = cover.weight[rows[~covered[rows]]].sum()
        covered[rows] = True
    value = np.full(problem.limit + 1, problem.base)
    value[1 : len(sites) + 1] += np.cumsum(gains)
    value[len(sites) + 1 :] = value[len(sites)]
    return Path(sites, value)


def _in_order(problem: CoverProblem, chosen: Ints) -> Ints:
    """Return columns by what each adds to those before it, without those that add nothing."""
    cover, columns = problem.cover, np.sort(chosen)
    ptr, rows = take_catchments(cover.site_ptr, cover.site_rows, columns)
    order, gain = opening_order(ptr, rows, cover.weight, np.zeros(len(cover.weight), bool))
    return columns[order[gain > 0]]
