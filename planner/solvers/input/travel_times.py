"""Travel times as the p-models read them: entries by demand point, and time saved written as weight covered.

A demand point costs ``w min t`` over its open sites. Going from one of its times to the next longer one costs the difference
more, unless a site within the shorter is open: so each point becomes rows "an open site within t", weighted by weight times
difference, and the least person-seconds are all of them less the most that can be covered (the radius formulation of
Cornuejols, Nemhauser & Wolsey 1980; Elloumi 2010). Everything known about covering then holds for medians.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from planner.errors import InputError
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.validation import Faults

MOST_PAIRS = 60_000_000
"""Stored pairs of level rows that are built at most."""


@dataclass(frozen=True)
class TravelTimes:
    """Entries sorted by demand point and time: `row`, `site`, `seconds`, each pair once."""

    shape: tuple[int, int]
    row: Ints
    site: Ints
    seconds: Floats

    @property
    def longest(self) -> float:
        """The longest time stored; 0 where there is none."""
        return float(self.seconds.max(initial=0.0))

    def some(self, which: Bools) -> "TravelTimes":
        """Return some of the entries."""
        return TravelTimes(self.shape, self.row[which], self.site[which], self.seconds[which])

    def nearest(self, sites: Ints) -> Floats:
        """Return the seconds of every demand point to the nearest of some sites; inf where it has no entry."""
        is_open = np.zeros(self.shape[1], bool)
        is_open[sites] = True
        best = np.full(self.shape[0], np.inf)
        used = is_open[self.site]
        np.minimum.at(best, self.row[used], self.seconds[used])
        return best

    def within(self, seconds: float, weights: Floats) -> CoverInput:
        """Return who reaches what within some seconds."""
        matrix = self.matrix_within(seconds)
        return CoverInput(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), self.shape[1], weights)

    def matrix_within(self, seconds: float) -> sparse.csr_array:
        """Return the coverage matrix at a threshold."""
        used = self.seconds <= seconds
        matrix = sparse.csr_array((np.ones(int(used.sum()), np.int8), (self.row[used], self.site[used])), self.shape)
        matrix.sort_indices()
        return matrix


def check_times(t: Any, faults: Faults) -> TravelTimes:
    """Return the entries of a matrix of travel times; a stored 0 is one of them, and of duplicates the least counts."""
    if not sparse.issparse(t):
        faults.add("no_times", kind=type(t).__name__)
        faults.refuse()
    if t.dtype.kind not in "iuf":
        faults.add("bool_times", dtype=str(t.dtype))
    entries = sparse.coo_array(t)
    row, site = (part.astype(np.int64) for part in entries.coords)
    seconds = entries.data.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(seconds) & (seconds >= 0)))
    if len(bad):
        k = bad[0]
        faults.add("bad_times", count=len(bad), row=int(row[k]), site=int(site[k]), value=float(seconds[k]))
        seconds = np.zeros(len(seconds))
    order = np.lexsort((seconds, site, row))
    row, site, seconds = row[order], site[order], seconds[order]
    first = np.ones(len(row), bool)
    first[1:] = (row[1:] != row[:-1]) | (site[1:] != site[:-1])
    row, site, seconds = row[first], site[first], seconds[first]
    order = np.lexsort((site, seconds, row))
    return TravelTimes(entries.shape, row[order], site[order], seconds[order])


def time_levels(times: TravelTimes, weights: Floats, ceiling: Floats) -> tuple[CoverInput, Ints]:
    """Return the rows "an open site within t" of every demand point below its `ceiling` seconds, and whose each row is.

    Raises
    ------
    InputError
        There would be more than `MOST_PAIRS` of them.
    """
    used = times.some((times.seconds < ceiling[times.row]) & (weights[times.row] > 0))
    row, seconds = used.row, used.seconds
    n = len(row)
    is_last = np.ones(n, bool)  # the last entry of each distinct time of a point
    is_last[:-1] = (row[1:] != row[:-1]) | (seconds[1:] != seconds[:-1])
    end = np.flatnonzero(is_last)
    first_of_row = np.searchsorted(row, row[end])
    following = np.append(end[1:], 0)
    same = np.append(row[end[1:]] == row[end[:-1]], False) if len(end) else np.empty(0, bool)
    longer = np.where(same, seconds[following] if n else 0.0, ceiling[row[end]])
    weight = weights[row[end]] * (longer - seconds[end])
    size = end + 1 - first_of_row
    ptr = np.concatenate(([0], np.cumsum(size)))
    if ptr[-1] > MOST_PAIRS:
        raise InputError("siting.too_many_times", pairs=int(ptr[-1]), most=MOST_PAIRS)
    place = np.arange(ptr[-1]) - np.repeat(ptr[:-1] - first_of_row, size)
    matrix = sparse.csr_array(
        (np.ones(ptr[-1], np.int8), used.site[place].astype(np.int32), ptr), shape=(len(end), times.shape[1])
    )
    matrix.sort_indices()
    given = CoverInput(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), times.shape[1], weight)
    return given, row[end]
