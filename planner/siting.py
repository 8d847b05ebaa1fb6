"""Where to open: the models of facility location, stated, solved, and answered with a bound.

Arrays in, arrays out: a coverage matrix ``(n_demand, n_sites)``, weights, costs; no coordinates, no identifiers, no files.
Inputs are never changed. How a model is solved is the matter of `planner.solvers`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planner.errors import InfeasibleError, InputError
from planner.kernels.cover import CLOSED, FREE, OPEN, covered_rows
from planner.solvers.coverage import quick, solve
from planner.solvers.guard import PROVEN_SHARE, Guard, StopReason
from planner.solvers.problem import Problem, Scaled, reduce_rows, scale_costs, scale_weights
from planner.solvers.search import Answer
from planner.texts import Sentence

Method = Literal["auto", "greedy", "exact"]

_FRONTIER_WORK = 300_000_000
"""Counted work after which a point of the frontier is taken as it is, with its gap."""


@dataclass(frozen=True)
class MaxCoverage:
    """A choice of sites that covers much, and the proof that no other covers much more.

    selected : the chosen sites in opening order, largest marginal gain first; existing ones are not in it.
    gains : what each of them adds to those before it, same order.
    value, value_before : covered weight with the chosen sites, and with the existing ones alone.
    upper_bound : no choice under the same conditions covers more.
    status : "optimal" if value and bound differ by at most 1e-9 of the bound, else "feasible".
    stopped_by : why the search ended: "proven", "gap", "work", "time" or "cancelled".
    covered : for each demand point, whether it is covered.
    """

    selected: NDArray[np.int64]
    gains: NDArray[np.float64]
    value: float
    value_before: float
    upper_bound: float
    stopped_by: StopReason | None
    covered: NDArray[np.bool_]
    parameters: dict[str, Any]

    @property
    def status(self) -> Literal["optimal", "feasible"]:
        """Whether the value is proven to be the best possible."""
        return "optimal" if self.upper_bound - self.value <= PROVEN_SHARE * max(1.0, self.upper_bound) else "feasible"

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of it: (bound - value) / bound."""
        return _share(self.upper_bound - self.value, self.upper_bound)

    @property
    def gain_gap(self) -> float:
        """Distance to the bound as a share of what could be gained: (bound - value) / (bound - value before)."""
        return _share(self.upper_bound - self.value, self.upper_bound - self.value_before)


@dataclass(frozen=True)
class Frontier:
    """The most that each number of new sites can cover: one entry for each number in `sites`.

    `value` is the best found, `upper_bound` what no choice of that number exceeds, `selected` the sites that reach `value`.
    """

    sites: NDArray[np.int64]
    value: NDArray[np.float64]
    upper_bound: NDArray[np.float64]
    selected: tuple[NDArray[np.int64], ...]


def max_coverage(
    cov: sparse.sparray | sparse.spmatrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    method: Method = "auto",
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[float, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> MaxCoverage:
    """Open the sites that, with the existing ones, cover the most weight (maximal covering location problem).

    ::

        maximise   sum_i w_i z_i
        subject to z_i <= sum of x_j over the sites j that cover i
                   sum_j x_j <= sites            (or sum_j cost_j x_j <= budget)
                   x_j = 1 for required j, 0 for forbidden j; existing sites are open and cost nothing
                   x, z in {0, 1}

    Parameters
    ----------
    cov : sparse array of bool or integers, shape (n_demand, n_sites); nonzero where a site covers a demand point.
    weights : shape (n_demand,), not negative.
    sites, budget : exactly one: how many may be opened, or for how much by `costs` (shape (n_sites,)). Required sites count.
    required, forbidden, existing : numbers of sites.
    method : "auto" and "exact" search until proven; "greedy" is the greedy choice with a bound beside it.
    gap : stop when the gap is proven to be at most this.
    time_limit_s, cancelled : guards; `progress` is told value and bound as they move.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    InfeasibleError
        The required sites alone exceed the number or the budget.

    Source: Church & ReVelle (1974), Papers of the Regional Science Association 32, 101-118.
    """
    given = _Given.checked(cov, weights, sites, budget, costs, required, forbidden, existing, method, gap, time_limit_s)
    scaled = scale_weights(given.weights)
    problem = given.problem(scaled)

    def told(value: int, bound: int) -> None:
        if progress is not None:
            progress(scaled.real(value), scaled.real(bound))

    guard = Guard(gap=gap, time_limit_s=time_limit_s, progress=told, cancelled=cancelled, threads=threads)
    answer, bound = quick(problem, guard) if method == "greedy" else solve(problem, guard, seed)
    selected, gains, covered = given.opened_in_order(answer)
    value, before = _total(given.weights[covered]), _total(given.weights[given.covered_by(given.existing)])
    return MaxCoverage(
        selected=selected,
        gains=gains,
        value=value,
        value_before=before,
        upper_bound=max(scaled.ceiling(bound), value),
        stopped_by=guard.stopped_by,
        covered=covered,
        parameters={"sites": sites, "budget": budget, "method": method, "gap": gap, "seed": seed},
    )


def frontier(
    cov: sparse.sparray | sparse.spmatrix,
    weights: ArrayLike,
    sites: int,
    *,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    seed: int = 1,
    threads: int | None = None,
) -> Frontier:
    """Return the most that each number of new sites can cover, from the required ones' number up to `sites`.

    Parameters and errors as `max_coverage`. Each point has a bound of its own; searches stop on counted work.
    """
    given = _Given.checked(cov, weights, sites, None, None, required, forbidden, existing, "auto", 0.0, 60.0)
    scaled = scale_weights(given.weights)
    whole = given.problem(scaled)
    numbers, values, bounds, selections = [], [], [], []
    for number in range(len(given.required), sites + 1):
        problem = replace(whole, limit=number - len(given.required))
        guard = Guard(work_limit=_FRONTIER_WORK, threads=threads)
        answer, bound = solve(problem, guard, seed)
        selected, _, covered = given.opened_in_order(answer)
        value = _total(given.weights[covered])
        numbers.append(number)
        values.append(value)
        bounds.append(max(scaled.ceiling(bound), value))
        selections.append(selected)
    return Frontier(np.array(numbers), np.array(values), np.array(bounds), tuple(selections))


@dataclass(frozen=True)
class _Given:
    """Checked inputs: canonical CSR rows, float weights, and site numbers."""

    row_ptr: NDArray[np.int64]
    row_sites: NDArray[np.int32]
    n_sites: int
    weights: NDArray[np.float64]
    costs: NDArray[np.float64] | None
    limit: float
    required: NDArray[np.int64]
    forbidden: NDArray[np.int64]
    existing: NDArray[np.int64]

    @classmethod
    def checked(
        cls,
        cov: Any,
        weights: ArrayLike,
        sites: int | None,
        budget: float | None,
        costs: ArrayLike | None,
        required: ArrayLike,
        forbidden: ArrayLike,
        existing: ArrayLike,
        method: str,
        gap: float,
        time_limit_s: float,
    ) -> "_Given":
        """Check everything, and name all faults together."""
        faults: list[Sentence] = []

        def fault(code: str, **params: Any) -> None:
            faults.append(Sentence(f"siting.{code}", params))

        if not sparse.issparse(cov):
            raise InputError("siting.faults", faults=[Sentence("siting.not_sparse", {"kind": type(cov).__name__})])
        if cov.dtype.kind not in "biu":
            fault("float_cover", dtype=str(cov.dtype))
        n_demand, n_sites = cov.shape
        w = _numbers(weights, n_demand, "weights", fault)
        c = None if costs is None else _numbers(costs, n_sites, "costs", fault)
        if (sites is None) == (budget is None):
            fault("one_limit")
        elif sites is not None and (isinstance(sites, bool) or int(sites) != sites or sites < 0):
            fault("bad_sites", sites=sites)
        elif budget is not None and not (np.isfinite(budget) and budget >= 0):
            fault("bad_budget", budget=budget)
        if budget is not None and costs is None:
            fault("no_costs")
        if method not in ("auto", "greedy", "exact"):
            fault("bad_method", method=method)
        if not 0 <= gap < 1:
            fault("bad_gap", gap=gap)
        if not time_limit_s > 0:
            fault("bad_time", time_limit_s=time_limit_s)
        groups = {
            name: _site_numbers(numbers, n_sites, name, fault)
            for name, numbers in (("required", required), ("forbidden", forbidden), ("existing", existing))
        }
        for name in ("required", "existing"):
            both = np.intersect1d(groups[name], groups["forbidden"])
            if len(both):
                fault("both", name=name, sites=", ".join(map(str, both[:10])))
        if faults:
            raise InputError("siting.faults", faults=faults)
        assert w is not None
        must = np.setdiff1d(groups["required"], groups["existing"])
        limit = float(sites if sites is not None else budget or 0.0)
        needed = float(len(must)) if sites is not None or c is None else float(c[must].sum())
        if needed > limit:
            raise InfeasibleError(
                f"siting.required_over_{'sites' if sites is not None else 'budget'}", needed=needed, limit=limit
            )
        rows = _canonical_rows(cov)
        use_costs = None if sites is not None else c
        return cls(*rows, n_sites, w, use_costs, limit, must, groups["forbidden"], groups["existing"])

    def problem(self, scaled: Scaled) -> Problem:
        """Return what is left to decide once existing, required and forbidden sites are settled."""
        status = np.full(self.n_sites, FREE, np.int8)
        status[self.forbidden] = CLOSED
        status[self.existing] = OPEN
        status[self.required] = OPEN
        if self.costs is None:
            cost, limit = np.ones(self.n_sites, np.int64), int(self.limit)
        else:
            cost, limit = scale_costs(self.costs, self.limit)
        left = limit - int(cost[self.required].sum())
        return reduce_rows(self.row_ptr, self.row_sites, scaled.whole, cost, status, max(left, 0), unit=scaled.unit)

    def covered_by(self, sites: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return for every demand point whether one of `sites` covers it."""
        is_open = np.zeros(self.n_sites, bool)
        is_open[sites] = True
        return covered_rows(self.row_ptr, self.row_sites, is_open)

    def opened_in_order(self, answer: Answer) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return the sites of an answer by largest marginal gain, their gains, and who is covered in the end.

        A site that adds nothing to the others is left closed unless it is required.
        """
        chosen = np.unique(np.concatenate((self.required, answer.sites)))
        shape = (len(self.weights), self.n_sites)
        ones = np.ones(len(self.row_sites), np.int8)
        by_site = sparse.csr_array((ones, self.row_sites, self.row_ptr), shape=shape)[:, chosen].tocsc()
        points = [by_site.indices[by_site.indptr[k] : by_site.indptr[k + 1]] for k in range(len(chosen))]
        covered = self.covered_by(self.existing)
        left = list(range(len(chosen)))
        order, gains = [], []
        while left:
            added = [_total(self.weights[points[k][~covered[points[k]]]]) for k in left]
            best = int(np.argmax(added))
            k = left.pop(best)
            if added[best] <= 0 and chosen[k] not in self.required:
                continue
            order.append(chosen[k])
            gains.append(added[best])
            covered[points[k]] = True
        return np.array(order, np.int64), np.array(gains, float), covered


def _numbers(given: ArrayLike, length: int, name: str, fault: Callable[..., None]) -> NDArray[np.float64] | None:
    values = np.asarray(given)
    if values.shape != (length,) or values.dtype.kind not in "biuf":
        fault("bad_shape", name=name, shape=values.shape, length=length)
        return None
    values = values.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        fault("bad_numbers", name=name, count=len(bad), first=int(bad[0]), value=float(values[bad[0]]))
        return None
    return values


def _site_numbers(given: ArrayLike, n_sites: int, name: str, fault: Callable[..., None]) -> NDArray[np.int64]:
    numbers = np.asarray(given)
    if numbers.size == 0:
        return np.empty(0, np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        fault("not_numbers", name=name, kind=str(numbers.dtype))
        return np.empty(0, np.int64)
    if numbers.min() < 0 or numbers.max() >= n_sites:
        outside = numbers[(numbers < 0) | (numbers >= n_sites)]
        fault("no_such_site", name=name, site=int(outside[0]), n_sites=n_sites)
        return np.empty(0, np.int64)
    return np.unique(numbers).astype(np.int64)


def _canonical_rows(cov: Any) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return CSR rows with rising columns, each once, without stored zeros; the caller's matrix stays as it is."""
    rows = sparse.csr_array(cov, copy=False)
    if not (rows.has_canonical_format and rows.data.all()):
        rows = sparse.csr_array(rows, copy=True)
        rows.data = (rows.data != 0).astype(np.int8)
        rows.eliminate_zeros()
        rows.sum_duplicates()
    return rows.indptr.astype(np.int64), rows.indices.astype(np.int32)


def _total(weights: NDArray[np.float64]) -> float:
    return float(np.sum(weights, dtype=np.longdouble))


def _share(part: float, whole: float) -> float:
    return max(part, 0.0) / whole if whole > 0 else 0.0
