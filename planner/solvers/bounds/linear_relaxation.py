"""The linear relaxation of maximum coverage, solved by HiGHS and kept warm from one question to the next.

::

    maximise   sum_i w_i min(1, sum of y_j over the sites j that cover row i)
    subject to sum_j cost_j y_j <= limit,  0 <= y_j <= 1.

Near the optimum most rows lie well on one side of the kink: for them one piece, the constant w_i or the linear w_i sum y_j,
stands in, which can only raise the optimum. Only rows near the kink get a variable z_i <= 1, z_i <= sum y_j; rows that turn
out to be overstated join them. So a model of hundreds of rows does the work of thousands. The duals are prices in the sense
of `planner.solvers.bounds.lagrangian`, where the bound they prove is evaluated again; nothing rests on the solver's own figures.
"""

import highspy
import numpy as np

from planner.kernels.cover import CLOSED, OPEN
from planner.kernels.cover_dual import CONSTANT, EXACT, LINEAR, overstated
from planner.solvers.array_types import Floats, Int8s, Ints
from planner.solvers.bounds.lagrangian import NEAR_KINK
from planner.solvers.input.reduction import CoverProblem

_MEAN_WEIGHT = 1000.0  # of a row, in the solver's numbers: its tolerances are absolute


class LinearRelaxation:
    """The relaxation of one problem; `solve` solves it with some sites settled."""

    def __init__(self, problem: CoverProblem, price: Floats) -> None:
        """Set up; `price` (near the best, if the model is to stay small) tells the rows near the kink."""
        self.problem = problem
        cover = problem.cover
        self._n_sites = len(cover.cost)
        self._unit = max(float(cover.weight.mean()) / _MEAN_WEIGHT, 1e-300)
        self._size = np.diff(cover.row_ptr)
        part = price / cover.weight.astype(float)
        linear = (self._size == 1) | (part > 1 - NEAR_KINK)
        self._role = np.select([linear, part < NEAR_KINK], [LINEAR, CONSTANT], EXACT).astype(np.int8)
        self._exact_rows = np.empty(0, np.int64)
        self._gain = np.zeros(self._n_sites)
        self._site_index = np.arange(self._n_sites, dtype=np.int32)
        self._highs = self._model()
        self._add_to_gain(np.flatnonzero(self._role == LINEAR), 1.0)
        self._add_exact(np.flatnonzero(self._role == EXACT))

    def solve(self, status: Int8s, max_steps: int, seconds: float) -> tuple[Floats, Floats, int] | None:
        """Return ``(price, share, work)``: prices of all rows, and how far each site is open; None where nothing came.

        `status` settles sites; at most `max_steps` simplex steps are taken, in `seconds`.
        """
        lower = (status == OPEN).astype(float)
        upper = (status != CLOSED).astype(float)
        self._highs.changeColsBounds(self._n_sites, self._site_index, lower, upper)
        self._highs.setOptionValue("simplex_iteration_limit", max_steps)
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + min(seconds, 1e7))
        self._highs.run()
        solution = self._highs.getSolution()
        if not solution.dual_valid:
            return None
        weight = self.problem.cover.weight
        price = np.where(self._role == LINEAR, weight, 0).astype(float)
        duals = np.abs(np.asarray(solution.row_dual)[1:])
        price[self._exact_rows] = np.minimum(duals * self._unit, weight[self._exact_rows])
        share = np.clip(np.asarray(solution.col_value)[: self._n_sites], lower, upper)
        steps = max(self._highs.getInfo().simplex_iteration_count, 1)
        return price, share, steps * (len(self._exact_rows) + self._n_sites) + self.problem.n_pairs

    def tighten(self, share: Floats, worth: float) -> bool:
        """Give rows that `share` shows overstated their exact form; return whether any such overstate by `worth` in all."""
        excess = overstated(self.problem.cover, share, self._role)
        total = float(excess.sum())
        if total <= worth:
            return False
        rows = np.flatnonzero(excess > 1e-3 * total / max(int(np.count_nonzero(excess)), 1))
        self._add_to_gain(rows[self._role[rows] == LINEAR], -1.0)
        self._role[rows] = EXACT
        self._add_exact(rows)
        return True

    def _model(self) -> highspy.Highs:
        highs = _QuietHighs()
        highs.setOptionValue("parallel", "off")
        highs.setOptionValue("solver", "simplex")
        highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        n, none = self._n_sites, np.empty(0, np.int32)
        highs.addCols(n, np.zeros(n), np.zeros(n), np.ones(n), 0, np.zeros(n, np.int32), none, np.empty(0))
        cost = self.problem.cover.cost.astype(float)
        highs.addRow(-highspy.kHighsInf, float(self.problem.limit), n, self._site_index, cost)
        return highs

    def _add_to_gain(self, rows: Ints, sign: float) -> None:
        """Let rows count linearly in the objective (or, with sign -1, no longer)."""
        entries, sizes = self._entries(rows)
        weight = np.repeat(self.problem.cover.weight[rows] / self._unit, sizes)
        self._gain += sign * np.bincount(self.problem.cover.row_sites[entries], weight, self._n_sites)
        self._highs.changeColsCost(self._n_sites, self._site_index, self._gain)

    def _add_exact(self, rows: Ints) -> None:
        """Give rows a variable z with  z <= 1  and  z - sum of y <= 0."""
        k = len(rows)
        if not k:
            return
        first = self._highs.getNumCol()
        weight = self.problem.cover.weight[rows] / self._unit
        none = np.empty(0, np.int32)
        self._highs.addCols(k, weight, np.zeros(k), np.ones(k), 0, np.zeros(k, np.int32), none, np.empty(0))
        entries, sizes = self._entries(rows)
        start = np.concatenate(([0], np.cumsum(sizes + 1)))
        index = np.empty(start[-1], np.int32)
        value = np.full(start[-1], -1.0)
        is_z = np.zeros(start[-1], bool)
        is_z[start[1:] - 1] = True
        index[~is_z] = self.problem.cover.row_sites[entries]
        index[is_z] = np.arange(first, first + k)
        value[is_z] = 1.0
        below = np.full(k, -highspy.kHighsInf)
        self._highs.addRows(k, below, np.zeros(k), len(index), start[:-1].astype(np.int32), index, value)
        self._exact_rows = np.concatenate((self._exact_rows, rows))

    def _entries(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return the places of the rows' entries in the cover, and how many each has."""
        sizes = self._size[rows]
        ends = np.cumsum(sizes)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes)
        return np.repeat(self.problem.cover.row_ptr[rows], sizes) + within, sizes


class _QuietHighs(highspy.Highs):
    def enableCallbacks(self) -> None:  # noqa: N802  # HiGHS announces itself when callbacks are set, and none are needed here
        self.setOptionValue("output_flag", False)
