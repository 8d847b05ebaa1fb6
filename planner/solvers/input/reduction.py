"""A siting problem as the solvers see it: merged, shrunk, in whole numbers, with the way back to the caller's sites.

Weights and costs become whole numbers here, so that sums do not hang on their order and a bound can be an exact statement.
"""

from dataclasses import dataclass

import numpy as np

from planner.kernels.cover import CLOSED, FREE, OPEN, Cover, dominated_sites, group_rows, pack_rows, transpose
from planner.solvers.array_types import Bools, Floats, Int8s, Int32s, Ints

_HEADROOM = 61  # bits that the sum of all weights may take
WITHIN = 1e-12
"""What an amount may exceed a limit by, as a share of it: one rounding of a product."""

_MOST_DECIMALS = 16
_LARGEST_AMOUNT = 2.0**52  # up to here sums of whole numbers are exact as floats, too
_DOMINANCE_WORK = 50  # comparisons a stored pair before the search for dominated sites is given up


@dataclass(frozen=True)
class ScaledWeights:
    """Whole numbers that stand for reals: ``real = whole / scale``, each to within `error` wholes, all multiples of `unit`."""

    whole: Ints
    scale: float
    error: float
    unit: int

    def real(self, whole: int) -> float:
        """Return what a whole number stands for."""
        return whole / self.scale

    def ceiling(self, bound: int) -> float:
        """Return what a bound in whole numbers proves, rounded up by whatever scaling may have lost."""
        real = self.real(bound)
        if self.error == 0.0 and int(real * self.scale) == bound:  # the scale is a power of two: the product is exact
            return real
        return float(np.nextafter((bound + self.error * len(self.whole)) / self.scale, np.inf))


@dataclass(frozen=True)
class CoverProblem:
    """What is left to decide: open sites of `cover` for at most `limit`, so that they cover most.

    `site` are the caller's numbers of its columns, `opened` those of the sites opened on the way here (required ones, free
    ones, ones proven to belong to every better solution) and `base` the weight that these and the existing ones cover. All
    weights are multiples of `unit`.
    """

    cover: Cover
    limit: int
    site: Ints
    opened: Ints
    base: int
    unit: int

    @property
    def n_pairs(self) -> int:
        """Stored pairs of a row and a site that covers it."""
        return len(self.cover.row_sites)

    @property
    def counts_sites(self) -> bool:
        """Whether the limit is a number of sites rather than an amount of money."""
        return bool((self.cover.cost == 1).all())

    def lift(self, chosen: Ints) -> Ints:
        """Return the caller's numbers of some columns together with what was opened before."""
        return np.concatenate((self.opened, self.site[chosen]))


def scale_weights(weights: Floats) -> ScaledWeights:
    """Return weights as whole numbers, times a power of two that leaves prices room between one unit and the next."""
    total = float(weights.sum())
    power = min(_HEADROOM - 1 - int(np.frexp(total)[1]), 1000)
    scale = float(np.ldexp(1.0, power))
    shifted = np.ldexp(weights, power)
    whole = np.rint(shifted)
    error = 0.0 if np.array_equal(whole, shifted) else 0.5
    counts_people = scale >= 1.0 and np.array_equal(weights, np.floor(weights))
    return ScaledWeights(whole.astype(np.int64), scale, error, int(scale) if counts_people else 1)


def scale_costs(costs: Floats, budget: float) -> tuple[Ints, int]:
    """Return costs and budget as whole numbers that compare as the decimals do: what is beyond the budget costs one more than it.

    Amounts are read to `WITHIN` of themselves. Where affordable costs have a last decimal in common, they are whole numbers of
    it and their sums are exact; of the budget only as many of those units count as it holds. Where they have none (thirds, say),
    they are counted in parts of the budget, and sums may pass it by `WITHIN` of it.
    """
    affordable = costs <= budget * (1 + WITHIN)
    for decimals in range(_MOST_DECIMALS):
        amounts = costs[affordable] * 10.0**decimals
        if max(amounts.max(initial=0.0), budget * 10.0**decimals) >= _LARGEST_AMOUNT:
            break
        if np.allclose(amounts, np.rint(amounts), rtol=WITHIN, atol=0):
            units = budget * 10.0**decimals
            nearest = np.rint(units)
            return _whole_costs(
                amounts, affordable, int(nearest if np.isclose(units, nearest, rtol=WITHIN, atol=0) else units)
            )
    power = 51 - int(np.frexp(budget)[1])
    limit = int(np.ldexp(budget, power)) + int(_LARGEST_AMOUNT / 4 * WITHIN)
    return _whole_costs(np.ldexp(costs[affordable], power), affordable, limit)


def sum_of_costs(whole: Ints) -> int:
    """Return the sum of costs as `scale_costs` gives them; beyond every budget it is large, if not to the last digit."""
    return int(whole.sum(dtype=np.float64))


def _whole_costs(amounts: Floats, affordable: Bools, limit: int) -> tuple[Ints, int]:
    whole = np.full(len(affordable), limit + 1)
    whole[affordable] = np.minimum(np.rint(amounts), limit + 1)
    return whole.astype(np.int64), limit


def reduce_rows(
    row_ptr: Ints,
    row_sites: Int32s,
    weight: Ints,
    cost: Ints,
    status: Int8s,
    limit: int,
    *,
    unit: int = 1,
    drop_dominated: bool = True,
) -> CoverProblem:
    """Return the problem without settled rows and sites: equal rows merged, dominated sites dropped.

    `status` is `OPEN`, `FREE` or `CLOSED` for each site; `limit` is what may still be spent on the free ones. A free site
    that costs nothing is opened.
    """
    free_of_charge = (status == FREE) & (cost == 0)
    too_dear = (status == FREE) & (cost > limit)
    status = np.select([free_of_charge, too_dear], [OPEN, CLOSED], status).astype(np.int8)
    _, leader, group_weight, base = group_rows(row_ptr, row_sites, weight, status)
    site = np.flatnonzero(status == FREE)
    row_ptr, row_sites = pack_rows(row_ptr, row_sites, leader, _renumbered(site, len(status)))
    cover = _both_ways(row_ptr, row_sites, group_weight, cost[site])
    if drop_dominated:
        kept = np.flatnonzero(~dominated_sites(cover, _DOMINANCE_WORK * len(row_sites) + 10_000_000))
        if len(kept) < len(site):
            inner = np.full(len(site), CLOSED, np.int8)
            inner[kept] = FREE
            _, leader, group_weight, _ = group_rows(cover.row_ptr, cover.row_sites, group_weight, inner)
            row_ptr, row_sites = pack_rows(cover.row_ptr, cover.row_sites, leader, _renumbered(kept, len(site)))
            cover = _both_ways(row_ptr, row_sites, group_weight, cover.cost[kept])
            site = site[kept]
    return CoverProblem(cover, limit, site, np.flatnonzero(free_of_charge), int(base), unit)


def restrict(problem: CoverProblem, opened: Bools, closed: Bools) -> CoverProblem:
    """Return the problem with some of its sites settled, reduced again."""
    status = np.where(opened, OPEN, np.where(closed, CLOSED, FREE)).astype(np.int8)
    cover = problem.cover
    limit = problem.limit - int(cover.cost[opened].sum())
    inner = reduce_rows(cover.row_ptr, cover.row_sites, cover.weight, cover.cost, status, limit, unit=problem.unit)
    opened_now = np.concatenate((problem.opened, problem.site[opened], problem.site[inner.opened]))
    return CoverProblem(
        inner.cover, limit, problem.site[inner.site], opened_now, problem.base + inner.base, problem.unit
    )


def _renumbered(kept: Ints, n: int) -> Int32s:
    number = np.full(n, -1, np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    return number


def _both_ways(row_ptr: Ints, row_sites: Int32s, weight: Ints, cost: Ints) -> Cover:
    site_ptr, site_rows = transpose(row_ptr, row_sites, len(cost))
    return Cover(row_ptr, row_sites, site_ptr, site_rows, weight, cost)
