"""The linear relaxation of maximum coverage, solved by HiGHS and kept warm from one question to the next.

::

    maximise   sum_i w_i z_i
    subject to z_i <= sum of y_j over the sites j that cover row i,   0 <= z_i <= 1,
               sum_j cost_j y_j <= limit,                             0 <= y_j <= 1.

Rows that one site covers need no z: their weight goes to the site. The duals of the rows are prices in the sense of
`planner.solvers.dual`, where the bound they prove is evaluated again; nothing rests on the solver's own figures.
"""

import highspy
import numpy as np
from numpy.typing import NDArray

from planner.kernels.cover import OPEN
from planner.solvers.problem import Problem

_MEAN_WEIGHT = 1000.0  # of a row, in the solver's numbers: its tolerances are absolute


class Relaxation:
    """The relaxation of one problem; `solve` answers it with some sites settled."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        cover = problem.cover
        size = np.diff(cover.row_ptr)
        self._several = np.flatnonzero(size > 1)
        self._n_sites = len(cover.cost)
        self._unit = max(float(cover.weight.mean()) / _MEAN_WEIGHT, 1e-300) if len(cover.weight) else 1.0
        self._site_index = np.arange(self._n_sites, dtype=np.int32)
        self._highs = _QuietHighs()
        self._highs.setOptionValue("parallel", "off")
        self._highs.setOptionValue("solver", "simplex")
        self._highs.passModel(self._model(size))

    def solve(
        self, status: NDArray[np.int8], limit: int, max_steps: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], int] | None:
        """Return ``(price, share, work)``: prices of all rows, and how far each site is open; None where nothing came.

        `status` settles sites, `limit` counts the open ones too; at most `max_steps` simplex steps are taken.
        """
        lower = (status == OPEN).astype(float)
        upper = (status >= 0).astype(float)
        self._highs.changeColsBounds(self._n_sites, self._site_index, lower, upper)
        self._highs.changeRowBounds(len(self._several), -highspy.kHighsInf, float(limit))
        self._highs.setOptionValue("simplex_iteration_limit", max_steps)
        self._highs.run()
        solution = self._highs.getSolution()
        if not solution.dual_valid:
            return None
        price = self.problem.cover.weight.astype(float)
        duals = np.abs(np.asarray(solution.row_dual[: len(self._several)]))
        price[self._several] = np.minimum(duals * self._unit, price[self._several])
        share = np.clip(np.asarray(solution.col_value[: self._n_sites]), lower, upper)
        steps = self._highs.getInfo().simplex_iteration_count
        return price, share, max(steps, 1) * (len(self._several) + self._n_sites)

    def _model(self, size: NDArray[np.int64]) -> highspy.HighsLp:
        cover = self.problem.cover
        alone = np.flatnonzero(size == 1)
        gain = np.zeros(self._n_sites)
        np.add.at(gain, cover.row_sites[cover.row_ptr[alone]], cover.weight[alone] / self._unit)
        n_several = len(self._several)
        n_columns = self._n_sites + n_several
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = n_columns, n_several + 1
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = np.concatenate((gain, cover.weight[self._several] / self._unit))
        model.col_lower_, model.col_upper_ = np.zeros(n_columns), np.ones(n_columns)
        model.row_lower_ = np.full(n_several + 1, -highspy.kHighsInf)
        model.row_upper_ = np.append(np.zeros(n_several), float(self.problem.limit))
        # each row i: z_i - sum of its y_j <= 0; the last: cost . y <= limit
        lengths = np.append(size[self._several] + 1, self._n_sites)
        start = np.concatenate(([0], np.cumsum(lengths)))
        index = np.empty(start[-1], np.int32)
        value = np.full(start[-1], -1.0)
        is_z = np.zeros(start[-1], bool)
        is_z[start[1:-1] - 1] = True
        is_y = ~is_z
        is_y[start[-2] :] = False
        index[is_z] = self._n_sites + np.arange(n_several)
        value[is_z] = 1.0
        in_several = np.repeat(size > 1, size)
        index[is_y] = cover.row_sites[in_several]
        index[start[-2] :] = self._site_index
        value[start[-2] :] = cover.cost
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = start, index, value
        return model


class _QuietHighs(highspy.Highs):
    def enableCallbacks(self) -> None:  # noqa: N802  # HiGHS announces itself when callbacks are set, and none are needed here
        self.setOptionValue("output_flag", False)
