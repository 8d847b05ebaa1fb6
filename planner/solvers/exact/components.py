"""Problems whose parts share nothing but the number of sites: each part solved for itself, and put together exactly.

Where no demand point is in reach of sites of two parts, the most that a number of sites covers is the best way of dividing the
number among the parts. What k sites cover in a part is found only where it matters: prices of the whole give a ceiling for every
part and number at once; the division that the ceilings make best is looked at, its parts are solved for the numbers it gives
them, their ceilings come down to what is true, and so on until the best division consists of true values. A search of the whole
would have to try the undecided choices of all parts against each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planner.kernels.cover import Cover, count_open, transpose
from planner.kernels.cover_dual import collect
from planner.solvers.array_types import Floats, Int32s, Ints
from planner.solvers.bounds.lagrangian import LagrangianDual
from planner.solvers.input.reduction import CoverProblem
from planner.solvers.search.local_search import Solution, columns_of
from planner.solvers.stopping import StoppingRule, is_proven

Solve = Callable[[CoverProblem, StoppingRule, int], tuple[Solution, int]]

_LARGEST = 0.8  # of the sites: where one part has more, the whole is as easily solved at once
_MOST_DIVISIONS = 20_000_000  # parts times sites to divide
_DUAL_STEPS = 400
_NONE = -(2**62)


@dataclass
class _Part:
    """One part: what k of its sites cover at least (`value`, `_NONE`: not known) and at most (`ceiling`), by which columns."""

    problem: CoverProblem
    column: Ints
    ceiling: Ints
    value: Ints
    chosen: dict[int, Ints]
    tried: set[int] = field(default_factory=set)

    def is_open(self, k: int) -> bool:
        """Whether more can be learned of k sites."""
        return bool(self.value[k] < self.ceiling[k]) and k not in self.tried

    def learn(self, k: int, value: int, bound: int, chosen: Ints) -> None:
        """Take what was found for k sites; fewer cover no more."""
        if value > self.value[k]:
            self.value[k], self.chosen[k] = value, chosen
        self.ceiling[: k + 1] = np.minimum(self.ceiling[: k + 1], max(bound, value))


def solve_parts(
    problem: CoverProblem, best: Solution, bound: int, stopping: StoppingRule, seed: int, solve: Solve
) -> tuple[Solution, int] | None:
    """Return the best solution and its bound where the problem falls into parts; None where it does not, or into one and crumbs.

    `best` and `bound` are known already; every better solution is made of the problem's columns. `solve` solves a part.
    """
    if not problem.counts_sites or not len(problem.site) or not len(problem.cover.weight):
        return None
    label, n_parts = parts_of(problem.cover)
    size = np.bincount(label, minlength=n_parts)
    if size.max() > _LARGEST * len(label) or n_parts * problem.limit > _MOST_DIVISIONS:
        return None
    dual = LagrangianDual(problem, columns_of(problem, best))
    stopping.spend(dual.lower(_DUAL_STEPS, best.value))
    parts = _cut(problem, label, dual.best_price)
    _start_from(parts, problem, best)
    while True:
        best = max(best, _together(problem, parts), key=lambda solution: solution.value)
        most, division = _divide([part.ceiling for part in parts], problem.limit)
        bound = max(min(bound, problem.base + most), best.value)
        if stopping.must_stop(best.value, bound):
            return best, bound
        asked = [(part, k) for part, k in zip(parts, division, strict=True) if part.is_open(k)]
        if not asked:  # the parts' own limits ended their search
            stopping.give_up()
            stopping.must_stop(best.value, bound)
            return best, bound
        rules = [stopping.share(np.inf) for _ in asked]
        stopping.run(
            [partial(_solve_part, part, k, one, seed, solve) for (part, k), one in zip(asked, rules, strict=True)]
        )
        stopping.spend(sum(one.work_done for one in rules))


def parts_of(cover: Cover) -> tuple[Int32s, int]:
    """Return the number of the part that each site belongs to, shape (n_sites,), and how many parts there are."""
    n_rows, n_sites = len(cover.weight), len(cover.cost)
    ones = np.ones(len(cover.row_sites), np.int8)
    rows = sparse.csr_array((ones, cover.row_sites, cover.row_ptr), shape=(n_rows, n_sites))
    both = sparse.block_array([[None, rows], [rows.T, None]], format="csr")
    _, label = connected_components(both, directed=False)
    used, found = np.unique(label[n_rows:], return_inverse=True)
    return found.astype(np.int32), len(used)


def _cut(problem: CoverProblem, label: Int32s, price: Floats) -> list[_Part]:
    """Return the parts, those of a single site together in one, in which whatever covers most is plain."""
    cover, unit = problem.cover, problem.unit
    is_single = (np.bincount(label) == 1)[label]
    number = np.where(is_single, -1, label)
    row_part = number[cover.row_sites[cover.row_ptr[:-1]]] if len(cover.row_sites) else np.empty(0, np.int32)
    columns, rows = _grouped(number), _grouped(row_part)
    parts = []
    for key, column in columns.items():
        own = rows.get(key, np.empty(0, np.int64))
        inner = _piece(cover, own, column)
        piece = CoverProblem(inner, problem.limit, problem.site[column], np.empty(0, np.int64), 0, unit)
        if key == -1:
            sums = np.concatenate(([0], np.cumsum(inner.weight[inner.site_rows])))
            gain = np.diff(sums[inner.site_ptr])
            order = np.argsort(-gain, kind="stable")[: problem.limit]
            value = np.concatenate(([0], np.cumsum(gain[order])))
            part = _Part(piece, column, value, value.copy(), {k: order[:k] for k in range(len(value))})
        else:
            unpriced, collected = collect(inner, price[own])
            best = -np.sort(-collected)[: problem.limit]
            ceiling = int(unpriced) + np.concatenate(([0], np.cumsum(best)))
            ceiling = np.minimum(ceiling, int(inner.weight.sum())) // unit * unit
            ceiling[0] = 0
            value = np.full(len(ceiling), _NONE)
            value[0] = 0
            part = _Part(piece, column, ceiling, value, {0: np.empty(0, np.int64)})
        parts.append(part)
    return parts


def _grouped(number: Int32s) -> dict[int, Ints]:
    """Return the places of each number, rising."""
    order = np.argsort(number, kind="stable")
    keys, first = np.unique(number[order], return_index=True)
    return dict(zip(keys.tolist(), np.split(order, first[1:]), strict=True))


def _piece(cover: Cover, rows: Ints, columns: Ints) -> Cover:
    """Return the rows and columns of a part as a cover of its own."""
    size = np.diff(cover.row_ptr)[rows]
    row_ptr = np.concatenate(([0], np.cumsum(size)))
    at = np.repeat(cover.row_ptr[rows] - row_ptr[:-1], size) + np.arange(row_ptr[-1])
    row_sites = np.searchsorted(columns, cover.row_sites[at]).astype(np.int32)
    site_ptr, site_rows = transpose(row_ptr, row_sites, len(columns))
    return Cover(row_ptr, row_sites, site_ptr, site_rows, cover.weight[rows], cover.cost[columns])


def _start_from(parts: list[_Part], problem: CoverProblem, best: Solution) -> None:
    """Let every part know what the best solution so far does in it."""
    is_open = np.zeros(len(problem.site), bool)
    is_open[columns_of(problem, best)] = True
    for part in parts:
        mine = is_open[part.column]
        k = int(mine.sum())
        if k < len(part.value):
            cover = part.problem.cover
            covered = count_open(cover.row_ptr, cover.row_sites, mine) > 0
            part.learn(k, int(cover.weight[covered].sum()), int(part.ceiling[k]), np.flatnonzero(mine))


def _solve_part(part: _Part, k: int, stopping: StoppingRule, seed: int, solve: Solve) -> None:
    part.tried.add(k)
    piece = CoverProblem(part.problem.cover, k, part.problem.site, part.problem.opened, 0, part.problem.unit)
    solution, bound = solve(piece, stopping, seed)
    if is_proven(solution.value, bound):
        bound = solution.value
    part.learn(k, solution.value, bound, columns_of(piece, solution))


def _together(problem: CoverProblem, parts: list[_Part]) -> Solution:
    """Return the best solution that what is known of the parts makes."""
    value, division = _divide([part.value for part in parts], problem.limit)
    chosen = np.concatenate([part.column[part.chosen[k]] for part, k in zip(parts, division, strict=True)])
    return Solution(problem.lift(np.sort(chosen)), problem.base + value)


def _divide(curves: list[Ints], limit: int) -> tuple[int, list[int]]:
    """Return the most that the curves add up to when at most `limit` is divided among them, and such a division."""
    best = np.zeros(limit + 1, np.int64)
    taken = []
    for curve in curves:
        found = best + curve[0]
        which = np.zeros(limit + 1, np.int32)
        for k in np.flatnonzero(curve > _NONE)[1:].tolist():
            other = best[: limit + 1 - k] + curve[k]
            better = other > found[k:]
            found[k:][better] = other[better]
            which[k:][better] = k
        taken.append(which)
        best = found
    left = int(np.argmax(best))
    division = []
    for which in reversed(taken):
        k = int(which[left])
        division.append(k)
        left -= k
    return int(best.max()), division[::-1]
