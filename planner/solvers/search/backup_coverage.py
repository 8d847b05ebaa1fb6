"""Better choices where a point counts only when several open sites cover it: swaps, and repairs after a few sites are taken out.

Greed sees nothing before the last of several sites; so every cover short of what is needed counts a little, which leads swaps
across the flat ground, and what counts in the end is counted in whole numbers.
"""

import numpy as np
from scipy import sparse

from planner.solvers.array_types import Bools, Floats
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.stopping import StoppingRule

_PARTIAL = 0.02  # of a point's weight, for every cover it needs
_WORK = 100_000_000  # stored pairs visited, at most
_IN_VAIN = 30  # repairs one after the other that change nothing for the better
_TAKEN_OUT = (2, 5)
_TRIED = 8  # of the best sites to open, until one keeps to all conditions


def improve(merged: MergedDemand, constraints: Constraints, is_open: Bools, stopping: StoppingRule, seed: int) -> Bools:
    """Return a choice within the constraints (floors aside) that counts at least as much as `is_open`, which is one."""
    search = _Search(merged, constraints)
    rng = np.random.default_rng(seed)
    best = search.climbed(is_open)
    work = in_vain = 0
    while work < _WORK and in_vain < _IN_VAIN and stopping.seconds_left() > 0 and not stopping.is_cancelled():
        movable = np.flatnonzero(best & search.may_move)
        if len(movable) < 2:
            break
        changed = best.copy()
        changed[rng.choice(movable, min(int(rng.integers(*_TAKEN_OUT)), len(movable)), replace=False)] = False
        changed = search.climbed(search.filled(changed, rng))
        work += search.work
        in_vain += 1
        if search.worth(changed) >= search.worth(best) and not constraints.broken(changed):
            in_vain = 0 if search.worth(changed) > search.worth(best) + 1e-12 else in_vain
            best = changed
    stopping.spend(work)
    return best if merged.weight_met(best) > merged.weight_met(is_open) else is_open


class _Search:
    """Choices of one problem, compared by what counts and a little by what nearly does."""

    def __init__(self, merged: MergedDemand, constraints: Constraints) -> None:
        self.constraints = constraints
        shape = (len(merged), constraints.n_sites)
        self.rows = sparse.csr_array((np.ones(len(merged.sites)), merged.sites, merged.ptr), shape=shape)
        self.columns = self.rows.tocsc()
        self.need = merged.need
        self.weight = merged.whole / max(float(merged.whole.sum()), 1.0)
        low, high = constraints.bounds()
        self.may_move = (low < 0.5) & (high > 0.5)
        self.work = 0

    def worth(self, is_open: Bools) -> float:
        """Return what a choice counts, and a little for what nearly does."""
        return float(self._worth_of(self.rows @ is_open.astype(float)) @ self.weight)

    def climbed(self, is_open: Bools) -> Bools:
        """Return the choice after the best swaps and openings, until none helps."""
        is_open, self.work = is_open.copy(), 0
        while True:
            count = self.rows @ is_open.astype(float)
            here = float(self._worth_of(count) @ self.weight)
            best, pick = here + 1e-12, None
            for closed in (-1, *np.flatnonzero(is_open & self.may_move).tolist()):
                left = count if closed < 0 else count - self._column(closed)
                self.work += len(self.rows.data)
                gain = self._gains(left) + float(self._worth_of(left) @ self.weight)
                gain[is_open | ~self.may_move] = -np.inf
                for opened in np.argsort(-gain, kind="stable")[:_TRIED].tolist():
                    if gain[opened] <= best:
                        break
                    changed = self._swapped(is_open, closed, opened)
                    if not self.constraints.broken(changed):
                        best, pick = float(gain[opened]), changed
                        break
            if pick is None:
                return is_open
            is_open = pick

    def filled(self, is_open: Bools, rng: np.random.Generator) -> Bools:
        """Return the choice with sites opened by gain, each gain blurred a little, as long as the conditions allow it."""
        is_open = is_open.copy()
        while True:
            gain = self._gains(self.rows @ is_open.astype(float)) * rng.uniform(0.7, 1.0, self.constraints.n_sites)
            gain[is_open | ~self.may_move] = -np.inf
            for opened in np.argsort(-gain, kind="stable")[:_TRIED].tolist():
                changed = self._swapped(is_open, -1, opened)
                if gain[opened] > 0 and not self.constraints.broken(changed):
                    is_open = changed
                    break
            else:
                return is_open

    def _worth_of(self, count: Floats) -> Floats:
        return (count >= self.need) + _PARTIAL * np.minimum(count, self.need)

    def _gains(self, count: Floats) -> Floats:
        """Return what each site would add where it covers."""
        more = self._worth_of(count + 1) - self._worth_of(count)
        return np.asarray((self.weight * more) @ self.rows)

    def _column(self, site: int) -> Floats:
        first, last = self.columns.indptr[site], self.columns.indptr[site + 1]
        column = np.zeros(len(self.need))
        column[self.columns.indices[first:last]] = 1.0
        return column

    def _swapped(self, is_open: Bools, closed: int, opened: int) -> Bools:
        changed = is_open.copy()
        if closed >= 0:
            changed[closed] = False
        changed[opened] = True
        return changed
