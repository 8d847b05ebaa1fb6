"""A mixed integer problem put to HiGHS: built in parts, solved to the end with both gaps 0, one thread and a fixed seed.

What comes back is a point and a bound. The point is evaluated again by whoever asked; the bound is rounded outward here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Bools, Floats, Int32s, Ints
from planner.solvers.stopping import StoppingRule

INF = float("inf")
_FEASIBLE = 1e-7  # by what a whole variable or a row may miss; the default 1e-6 is as much as a person in a million
_OUTWARD = 1e-11  # share of the bound by which it is moved outward: several roundings of a float64 sum

Ended = Literal["optimal", "infeasible", "stopped"]


@dataclass(frozen=True)
class SolvedMilp:
    """How it ended, the best point if any was found, and a bound on the objective that no point passes."""

    ended: Ended
    point: Floats | None
    bound: float


class Milp:
    """Columns and rows, added block by block."""

    def __init__(self, *, maximise: bool) -> None:
        self.maximise = maximise
        self._cost: list[Floats] = []
        self._low: list[Floats] = []
        self._high: list[Floats] = []
        self._whole: list[Bools] = []
        self._row_low: list[Floats] = []
        self._row_high: list[Floats] = []
        self._size: list[Ints] = []
        self._index: list[Int32s] = []
        self._value: list[Floats] = []
        self.n_columns = 0

    def columns(self, cost: ArrayLike, low: ArrayLike, high: ArrayLike, *, whole: bool) -> int:
        """Add columns, and return the number of the first."""
        first, costs = self.n_columns, np.asarray(cost, float)
        self._cost.append(costs)
        self._low.append(np.broadcast_to(np.asarray(low, float), costs.shape))
        self._high.append(np.broadcast_to(np.asarray(high, float), costs.shape))
        self._whole.append(np.full(len(costs), whole))
        self.n_columns += len(costs)
        return first

    def rows(self, size: Ints, index: ArrayLike, value: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
        """Add rows: `size` entries each, one behind the other in `index` and `value`."""
        self._size.append(np.asarray(size, np.int64))
        self._index.append(np.asarray(index, np.int32))
        self._value.append(np.asarray(value, float))
        self._row_low.append(np.broadcast_to(np.asarray(low, float), len(size)))
        self._row_high.append(np.broadcast_to(np.asarray(high, float), len(size)))

    def row(self, index: ArrayLike, value: ArrayLike, low: float = -INF, high: float = INF) -> None:
        """Add one row."""
        index = np.asarray(index, np.int32)
        self.rows(np.array([len(index)]), index, np.broadcast_to(np.asarray(value, float), index.shape), low, high)

    def solve(
        self, stopping: StoppingRule, start: Floats | None = None, told: Callable[[float, float], None] | None = None
    ) -> SolvedMilp:
        """Solve until proven, or until the rule's time, wanted gap or caller ends it; `told` hears value and bound."""
        worst = -INF if self.maximise else INF
        if not self.n_columns:
            return self._empty()
        highs = _QuietHighs()
        for option, value in _OPTIONS.items():
            highs.setOptionValue(option, value)
        highs.setOptionValue("mip_rel_gap", float(stopping.gap))
        highs.setOptionValue("time_limit", float(min(stopping.seconds_left(), 1e7)))
        highs.passModel(self._model())
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = list(start)
            highs.setSolution(solution)

        def looked(event: Any) -> None:
            value, bound = event.data_out.mip_primal_bound, event.data_out.mip_dual_bound
            if told is not None and abs(value) < 1e30 and abs(bound) < 1e30:
                told(value, bound)
            if stopping.is_cancelled():
                event.interrupt()

        if stopping.watches:
            highs.cbMipInterrupt += looked
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return SolvedMilp("infeasible", None, worst)
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        point = np.asarray(highs.getSolution().col_value) if found else None
        is_whole = any(part.any() for part in self._whole)
        done = status == highspy.HighsModelStatus.kOptimal
        if point is not None:
            value = float(np.concatenate(self._cost) @ point)
            if start is not None and abs(value - info.objective_function_value) > 1e-6 * max(1.0, abs(value)):
                return self.solve(stopping, None, told)  # HiGHS 1.16 can mistake what a given point is worth
        if done and (
            stopping.gap == 0.0 or not is_whole
        ):  # its own bound is left behind where presolve cuts the rest off
            bound = value if point is not None else info.objective_function_value
        else:
            bound = info.mip_dual_bound if is_whole else -worst
        return SolvedMilp("optimal" if done else "stopped", point, self._outward(bound))

    def _outward(self, bound: float) -> float:
        margin = _OUTWARD * max(1.0, abs(bound)) if abs(bound) < 1e30 else 0.0
        return bound + margin if self.maximise else bound - margin

    def _empty(self) -> SolvedMilp:
        low = np.concatenate([*self._row_low, np.empty(0)])
        high = np.concatenate([*self._row_high, np.empty(0)])
        if (low > 0).any() or (high < 0).any():
            return SolvedMilp("infeasible", None, -INF if self.maximise else INF)
        return SolvedMilp("optimal", np.empty(0), 0.0)

    def _model(self) -> highspy.HighsLp:
        model = highspy.HighsLp()
        model.sense_ = highspy.ObjSense.kMaximize if self.maximise else highspy.ObjSense.kMinimize
        size = np.concatenate([*self._size, np.empty(0, np.int64)])
        model.num_col_, model.num_row_ = self.n_columns, len(size)
        model.col_cost_ = np.concatenate(self._cost)
        model.col_lower_, model.col_upper_ = np.concatenate(self._low), np.concatenate(self._high)
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(whole)] for whole in np.concatenate(self._whole)]
        model.row_lower_ = np.concatenate([*self._row_low, np.empty(0)])
        model.row_upper_ = np.concatenate([*self._row_high, np.empty(0)])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.concatenate(([0], np.cumsum(size))).astype(np.int32)
        model.a_matrix_.index_ = np.concatenate([*self._index, np.empty(0, np.int32)])
        model.a_matrix_.value_ = np.concatenate([*self._value, np.empty(0)])
        return model


_OPTIONS: dict[str, Any] = {
    "output_flag": False,
    "parallel": "off",
    "random_seed": 1,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": _FEASIBLE,
    "primal_feasibility_tolerance": _FEASIBLE,
}


class _QuietHighs(highspy.Highs):
    def enableCallbacks(self) -> None:  # noqa: N802  # HiGHS announces itself when callbacks are set
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()
        self.setOptionValue("output_flag", False)
