"""Which candidates may take the place of an open site."""

import numpy as np

from planner.solvers.array_types import Bools, Floats
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.validation import as_mask


class Swaps:
    """Which sites may take the place of an open one: every row stays met, or as broken as it is."""

    def __init__(self, constraints: Constraints, is_open: Bools) -> None:
        rows = constraints.rows
        self._n_rows = len(rows)
        size = np.array([len(row.index) for row in rows], np.int64)
        self._row = np.repeat(np.arange(len(rows)), size)
        self._site = np.concatenate([np.empty(0, np.int64), *(row.index for row in rows)])
        self._coef = np.concatenate([np.empty(0), *(row.coef if row.exact is None else row.exact[0] for row in rows)])
        self._level = self._sums(is_open[self._site])
        high = np.array([row.high if row.exact is None else row.exact[1] for row in rows], float)
        low = np.array([row.low for row in rows], float)
        self._high = np.maximum(high, self._level) + 1e-9
        self._low = np.minimum(low, self._level) - 1e-9
        self._required = constraints.required
        self._candidates = as_mask(constraints.new, constraints.n_sites) & ~is_open

    def allowed(self, site: int) -> Bools:
        """Return which candidates may open when `site` closes; none where it must stay open."""
        if site in self._required:
            return np.zeros_like(self._candidates)
        level = self._level - self._sums(self._site == site)
        after = level[self._row] + self._coef
        allowed = self._candidates.copy()
        allowed[self._site[after > self._high[self._row]]] = False
        lacking = level < self._low
        if lacking.any():
            mends = lacking[self._row] & (after >= self._low[self._row])
            allowed &= np.bincount(self._site[mends], minlength=len(allowed)) == np.count_nonzero(lacking)
        return allowed

    def _sums(self, which: Bools) -> Floats:
        return np.bincount(self._row[which], self._coef[which], self._n_rows).astype(np.float64)
