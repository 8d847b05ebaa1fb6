"""Choosing sites of a `planner.kernels.cover.Cover` greedily and by exchange within linear rows over the open sites.

Site j adds ``coef[p]`` to row ``row[p]`` for p in ``ptr[j]:ptr[j + 1]`` of the `SideRows`; the level of every row is to stay
between its `low` and `high`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled

_SLACK = 1e-9


class SideRows(NamedTuple):
    """Linear rows over the open sites, by site."""

    ptr: NDArray[np.int64]
    row: NDArray[np.int64]
    coef: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@compiled
def greedy_within(cover, rows, may, is_open):
    """Open sites that add most, those first that a row still lacks; return whether all rows are met.

    `is_open` is changed. No coefficient is negative.
    """
    level = _levels(rows, is_open)
    count = _counts(cover, is_open)
    with_low = np.flatnonzero(rows.low > -1e300)
    ceiling = np.empty(len(may), np.int64)  # gains only fall, levels only rise: what is known of a site stays a limit
    for j in range(len(may)):
        ceiling[j] = _gain(cover, count, j)
    shut = is_open | ~may
    while True:
        lacking = False
        for r in with_low:
            lacking |= level[r] < rows.low[r] - _SLACK
        best, best_gain = -1, np.int64(-1)
        for j in range(len(may)):
            if shut[j] or ceiling[j] <= best_gain:
                continue
            if lacking and not _helps(rows, level, j):
                continue
            if not _fits(rows, level, j):
                shut[j] = True
                continue
            gain = _gain(cover, count, j)
            ceiling[j] = gain
            if gain > best_gain and (gain > 0 or lacking):
                best, best_gain = j, gain
        if best < 0:
            return not lacking
        is_open[best] = shut[best] = True
        for p in range(rows.ptr[best], rows.ptr[best + 1]):
            level[rows.row[p]] += rows.coef[p]
        for p in range(cover.site_ptr[best], cover.site_ptr[best + 1]):
            count[cover.site_rows[p]] += 1


@compiled
def exchange_within(cover, rows, may, may_close, is_open, work_limit):
    """Open a site, or one in place of another, while that covers more and keeps to the rows; return ``(gained, work)``."""
    level = _levels(rows, is_open)
    count = _counts(cover, is_open)
    gained, work, quiet, j = np.int64(0), 0, 0, -1
    while quiet < len(may) and work < work_limit:
        j = j + 1 if j + 1 < len(may) else 0
        quiet += 1
        if is_open[j] or not may[j]:
            continue
        gain = _gain(cover, count, j)
        work += cover.site_ptr[j + 1] - cover.site_ptr[j] + rows.ptr[j + 1] - rows.ptr[j]
        if gain <= 0:
            continue
        if _fits(rows, level, j):
            _turn(cover, rows, count, is_open, level, j, 1)
            gained += gain
            quiet = 0
            continue
        _turn(cover, rows, count, is_open, level, j, 1)
        best, least = -1, gain
        work += len(may)
        for k in range(len(may)):
            if k == j or not is_open[k] or not may_close[k]:
                continue
            work += rows.ptr[j + 1] - rows.ptr[j] + rows.ptr[k + 1] - rows.ptr[k]
            if not _swaps(rows, level, j, k):
                continue
            loss = np.int64(0)
            for p in range(cover.site_ptr[k], cover.site_ptr[k + 1]):
                if count[cover.site_rows[p]] == 1:
                    loss += cover.weight[cover.site_rows[p]]
            work += cover.site_ptr[k + 1] - cover.site_ptr[k]
            if loss < least:
                best, least = k, loss
        if best >= 0:
            _turn(cover, rows, count, is_open, level, best, -1)
            gained += gain - least
            quiet = 0
        else:
            _turn(cover, rows, count, is_open, level, j, -1)
    return gained, work


@compiled
def _levels(rows, is_open):
    level = np.zeros(len(rows.low))
    for j in range(len(is_open)):
        if is_open[j]:
            for p in range(rows.ptr[j], rows.ptr[j + 1]):
                level[rows.row[p]] += rows.coef[p]
    return level


@compiled
def _counts(cover, is_open):
    count = np.zeros(len(cover.weight), np.int32)
    for j in range(len(is_open)):
        if is_open[j]:
            for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
                count[cover.site_rows[p]] += 1
    return count


@compiled
def _gain(cover, count, j):
    gain = np.int64(0)
    for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        if count[cover.site_rows[p]] == 0:
            gain += cover.weight[cover.site_rows[p]]
    return gain


@compiled
def _fits(rows, level, j):
    for p in range(rows.ptr[j], rows.ptr[j + 1]):  # noqa: SIM110  # numba compiles loops
        if level[rows.row[p]] + rows.coef[p] > rows.high[rows.row[p]] + _SLACK:
            return False
    return True


@compiled
def _helps(rows, level, j):
    for p in range(rows.ptr[j], rows.ptr[j + 1]):
        if level[rows.row[p]] < rows.low[rows.row[p]] - _SLACK and rows.coef[p] > 0:
            return True
    return False


@compiled
def _swaps(rows, level, j, k):
    """Return whether all rows hold once k is closed; j has just opened, so only rows of these two can fail."""
    for p in range(rows.ptr[k], rows.ptr[k + 1]):
        level[rows.row[p]] -= rows.coef[p]
    holds = True
    for p in range(rows.ptr[j], rows.ptr[j + 1]):
        holds &= level[rows.row[p]] <= rows.high[rows.row[p]] + _SLACK
    for p in range(rows.ptr[k], rows.ptr[k + 1]):
        holds &= rows.low[rows.row[p]] - _SLACK <= level[rows.row[p]] <= rows.high[rows.row[p]] + _SLACK
    for p in range(rows.ptr[k], rows.ptr[k + 1]):
        level[rows.row[p]] += rows.coef[p]
    return holds


@compiled
def _turn(cover, rows, count, is_open, level, j, sign):
    is_open[j] = sign > 0
    for p in range(rows.ptr[j], rows.ptr[j + 1]):
        level[rows.row[p]] += sign * rows.coef[p]
    for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        count[cover.site_rows[p]] += sign
