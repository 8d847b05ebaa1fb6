"""Maximum coverage where the matrix is not stored: catchments come in parts, are priced as they pass, and few are kept.

A sample of the sites is kept first and gives a choice and prices on rows (see `planner.kernels.cover_dual`); where few of all
fit, it is drawn a second time among those that can add as much as the last site of a first choice. One pass over all
catchments then adds up the prices that each site collects: the weight left unpriced and the most that so many sites collect are
a bound on every choice, whatever the prices. The sites that collect most are those worth choosing from; they are kept, as many
as memory allows, and give the next choice and the prices of the next pass (column generation: Gilmore & Gomory 1961, Operations
Research 9, 849-859). A site that cannot collect as much as the last one within the number is not looked at again.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.kernels.cover import FREE, Cover, group_rows, pack_rows, transpose
from planner.kernels.cover_parts import sums_of, take_catchments
from planner.kernels.cover_search import opening_order
from planner.solvers.array_types import Bools, Int32s, Ints
from planner.solvers.bounds.lagrangian import LagrangianDual
from planner.solvers.input.catchments import CatchmentPool, Catchments, KeptCatchments, checked_parts
from planner.solvers.input.reduction import CoverProblem, ScaledWeights
from planner.solvers.search.local_search import LocalSearch, columns_of, start
from planner.solvers.stopping import StoppingRule

_SAMPLE_SITES, _SAMPLE_EACH = 20_000, 40  # kept at first: so many, and so many for each that is to open
_DUAL_WORK, _DUAL_STEPS = 25_000_000_000, (40, 400)
_SEARCH_WORK = 2_000_000_000
_IN_USE = 0.01  # a site opened by this part at least is one that prices lean on


@dataclass
class StreamedCoverage:
    """What was found: chosen sites in opening order, what each gains in wholes, who is covered, and the bound in wholes."""

    selected: Ints
    gains: Ints
    covered: Bools
    bound: int


class StreamedSearch:
    """One search over catchments that come in parts."""

    def __init__(
        self,
        catchments_of: Catchments,
        scaled: ScaledWeights,
        whole: Ints,
        candidates: Ints,
        ceilings: Ints,
        number: int,
        *,
        pairs_kept: int,
        stopping: StoppingRule,
        seed: int,
    ) -> None:
        """Search among `candidates`, each of which covers at most its ceiling of `whole` weight."""
        self._catchments_of, self._unit = catchments_of, scaled.unit
        self._whole, self._candidates, self._ceiling = whole, candidates, ceilings
        self._number, self._pairs_kept, self._guard, self._seed = number, pairs_kept, stopping, seed
        self._chosen = np.empty(0, np.int64)
        self._in_use = self._chosen  # sites that the choice or the prices lean on; they are kept
        self._value = self._last_gain = 0
        self._seen = np.full(len(whole), -1, np.int64)
        self.bound = min(int(whole.sum()), most_of(ceilings[candidates], number)) // self._unit * self._unit

    def run(self, passes: int) -> StreamedCoverage:
        """Sample, then price all and choose anew among those that collect most, `passes` times or until the rule stops."""
        pool = self._sample()
        price = self._solve(pool)
        for k in range(passes):
            if self._guard.must_stop(self._value, self.bound):
                break
            pool, finished = self._price_all(pool, price)
            if not finished:
                break
            if k + 1 < passes and not self._guard.must_stop(self._value, self.bound):
                price = self._solve(pool)
            elif not self._guard.must_stop(self._value, self.bound):
                self._solve(pool, priced=False)
        if not self._guard.must_stop(self._value, self.bound):
            self._guard.give_up()
            self._guard.must_stop(self._value, self.bound)
        return self._in_order(pool)

    def _parts(self, sites: Ints) -> Iterator[CatchmentPool]:
        yield from checked_parts(self._catchments_of, sites, self._seen)

    def _sample(self) -> CatchmentPool:
        """Return a sample of the sites, and where not all fit a second, of those only that can collect enough."""
        n = max(_SAMPLE_SITES, _SAMPLE_EACH * self._number)
        first = self._some(self._candidates, n)
        pool = self._keep(first)
        if len(first) == len(self._candidates) or not len(pool[2]):
            return pool
        self._solve(pool, priced=False)
        able = self._candidates[self._ceiling[self._candidates] > self._last_gain]
        size = np.diff(pool[1])[self._ceiling[pool[0]] > self._last_gain]
        n = int(self._pairs_kept / max(float(size.mean()) if len(size) else 1.0, 1.0))
        return self._keep(np.union1d(self._some(able, n), self._chosen))

    def _some(self, sites: Ints, n: int) -> Ints:
        if len(sites) <= n:
            return sites
        return np.sort(np.random.default_rng(self._seed).choice(sites, n, replace=False))

    def _keep(self, sites: Ints) -> CatchmentPool:
        kept = KeptCatchments(self._pairs_kept, 1)
        for some, ptr, rows in self._parts(sites):
            self._ceiling[some] = sums_of(ptr, rows, self._whole)
            kept.add(some, self._ceiling[some], ptr, rows)
        kept.thin(self._chosen)
        return kept.pool()

    def _solve(self, pool: CatchmentPool, *, priced: bool = True) -> Ints:
        """Choose among the pool, better than before where that can be, and return whole prices of all rows."""
        sites, ptr, rows = pool
        row_ptr, row_sites = transpose(ptr, rows, len(self._whole))
        group, leader, weight, _ = group_rows(row_ptr, row_sites, self._whole, np.full(len(sites), FREE, np.int8))
        row_ptr, row_sites = pack_rows(row_ptr, row_sites, leader, np.arange(len(sites), dtype=np.int32))
        site_ptr, site_rows = transpose(row_ptr, row_sites, len(sites))
        cover = Cover(row_ptr, row_sites, site_ptr, site_rows, weight, np.ones(len(sites), np.int64))
        problem = CoverProblem(cover, self._number, sites, np.empty(0, np.int64), 0, self._unit)
        best = start(problem)
        self._last_gain = _last_gain(problem, best.sites)
        before = LocalSearch(problem, np.flatnonzero(np.isin(sites, self._chosen)))
        search = before if before.value > best.value else LocalSearch(problem, columns_of(problem, best))
        self._guard.spend(search.exchange(work_limit=_SEARCH_WORK))
        if len(sites) > self._number and len(search.chosen):
            work = min(_SEARCH_WORK, 20 * problem.n_pairs)
            self._guard.spend(search.repair(np.ones(len(sites), bool), self._seed, work))
        if search.value > self._value:
            self._chosen, self._value = search.solution.sites, search.value
        price = self._whole.copy()
        self._in_use = self._chosen
        if not priced:
            return price
        dual = LagrangianDual(problem, search.chosen)
        steps = int(np.clip(_DUAL_WORK // (2 * problem.n_pairs + 1), *_DUAL_STEPS))
        self._guard.spend(dual.lower(steps, search.value))
        self._in_use = np.union1d(self._chosen, sites[dual.share > _IN_USE])
        known = np.flatnonzero(group >= 0)
        part = (dual.best_price / np.maximum(weight, 1))[group[known]]
        price[known] = np.clip(np.rint(part * self._whole[known]), 0, self._whole[known]).astype(np.int64)
        return np.minimum(price, self._whole)

    def _price_all(self, pool: CatchmentPool, price: Ints) -> tuple[CatchmentPool, bool]:
        """Add up what every site collects, lower the bound by it, and keep those that collect most."""
        sites, ptr, rows = pool
        collected = np.minimum(self._ceiling, int(self._whole.sum()))
        collected[sites] = sums_of(ptr, rows, price)
        last = _last_within(collected[sites], self._number)
        kept = KeptCatchments(self._pairs_kept, 9 * (last // 10))
        kept.add(sites, collected[sites], ptr, rows)
        in_pool = np.zeros(len(collected), bool)
        in_pool[sites] = True
        others = self._candidates[~in_pool[self._candidates] & (self._ceiling[self._candidates] > last)]
        finished = True
        for some, part_ptr, part_rows in self._parts(others):
            self._ceiling[some] = np.minimum(self._ceiling[some], sums_of(part_ptr, part_rows, self._whole))
            collected[some] = sums_of(part_ptr, part_rows, price)
            kept.add(some, collected[some], part_ptr, part_rows)
            if self._guard.is_cancelled() or time.monotonic() >= self._guard.deadline:
                finished = False
                break
        found = int(self._whole.sum() - price.sum()) + most_of(collected[self._candidates], self._number)
        self.bound = max(min(self.bound, found // self._unit * self._unit), self._value)
        kept.add(*self._used_of(pool, kept))
        kept.thin(self._in_use)
        return (kept.pool() if finished else pool), finished

    def _used_of(self, pool: CatchmentPool, kept: KeptCatchments) -> tuple[Ints, Ints, Ints, Int32s]:
        """Return the sites that choice or prices lean on and that are not kept for what they collect, as a part that is."""
        sites, ptr, rows = pool
        which = np.flatnonzero(np.isin(sites, np.setdiff1d(self._in_use, kept.sites)))
        return sites[which], np.full(len(which), kept.least), *take_catchments(ptr, rows, which)

    def _in_order(self, pool: CatchmentPool) -> StreamedCoverage:
        """Return the chosen sites by what each gains, without those that gain nothing."""
        sites, ptr, rows = pool
        which = np.flatnonzero(np.isin(sites, self._chosen))
        chosen_ptr, chosen_rows = take_catchments(ptr, rows, which)
        covered = np.zeros(len(self._whole), bool)
        order, gain = opening_order(chosen_ptr, chosen_rows, self._whole, covered)
        adds = gain > 0
        return StreamedCoverage(sites[which][order[adds]], gain[adds], covered, self.bound)


def _last_gain(problem: CoverProblem, sites: Ints) -> int:
    """Return what the last of a choice adds, in opening order; 0 where fewer sites than may open add anything."""
    columns = np.flatnonzero(np.isin(problem.site, sites))
    if len(columns) < problem.limit or not len(columns):
        return 0
    cover = problem.cover
    ptr, rows = take_catchments(cover.site_ptr, cover.site_rows, columns)
    return int(opening_order(ptr, rows, cover.weight, np.zeros(len(cover.weight), bool))[1][-1])


def most_of(collected: Ints, number: int) -> int:
    """Return the most that so many sites collect, each whole, without running over."""
    if number <= 0 or not len(collected):
        return 0
    largest = np.partition(collected, len(collected) - number)[-number:] if number < len(collected) else collected
    return sum(largest.tolist())


def _last_within(collected: Ints, number: int) -> int:
    """Return what the last of the `number` best collects; 0 where there are not so many."""
    if number <= 0 or len(collected) < number:
        return 0
    return int(np.partition(collected, len(collected) - number)[len(collected) - number])
