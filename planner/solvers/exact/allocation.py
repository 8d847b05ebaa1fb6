"""Who is served by whom where capacities bind: the most that open sites can serve, and what each of them lets be served more."""

import numpy as np
from scipy import sparse

from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.exact.choice_problem import ChoiceProblem, allocate
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.validation import CoverInput, total


def serve(problem: ChoiceProblem, merged: MergedDemand, is_open: Bools) -> tuple[Floats, sparse.csr_array]:
    """Return the weight served of each demand point, and by whom: people of one pattern are served in equal shares."""
    given = problem.given
    flow = allocate(problem, merged, is_open)
    weight = merged.whole / problem.scaled.scale
    used = np.flatnonzero(flow > 0)
    row, site = merged.row_of[used], merged.sites[used]
    part = sparse.csr_array((flow[used] / weight[row], (row, site)), shape=(len(merged), given.n_sites))
    inside = np.flatnonzero((merged.group >= 0) & (given.weights > 0))
    to_pattern = sparse.csr_array(
        (given.weights[inside], (inside, merged.group[inside])), shape=(len(given.weights), len(merged))
    )
    allocation = sparse.csr_array(to_pattern @ part)
    allocation.sort_indices()
    served = np.minimum(np.asarray(allocation.sum(axis=1)).ravel(), given.weights)
    return served, allocation


def served_by(given: CoverInput, constraints: Constraints, sites: Ints) -> float:
    """Return the weight that some sites can serve within their capacities, floors aside."""
    problem = ChoiceProblem(given, scale_weights(given.weights), constraints.without("floor"), "cover")
    is_open = np.zeros(given.n_sites, bool)
    is_open[sites] = True
    return total(serve(problem, problem.merged(), is_open)[0])


def order_by_service(given: CoverInput, constraints: Constraints, stays: Ints, chosen: Ints) -> tuple[Ints, Floats]:
    """Return chosen sites by what each lets be served more; what is served is submodular, so gains only fall."""
    problem = ChoiceProblem(given, scale_weights(given.weights), constraints.without("floor"), "cover")
    merged = problem.merged()
    is_open = np.zeros(given.n_sites, bool)
    is_open[stays] = True

    def now() -> float:
        return total(serve(problem, merged, is_open)[0])

    ceiling = dict.fromkeys(chosen.tolist(), np.inf)
    order: list[int] = []
    gains: list[float] = []
    served = now()
    while ceiling:
        best, fresh = min(ceiling, key=lambda j: (-ceiling[j], j)), set[int]()
        while best not in fresh:
            is_open[best] = True
            ceiling[best] = max(now() - served, 0.0)
            is_open[best] = False
            fresh.add(best)
            best = min(ceiling, key=lambda j: (-round(ceiling[j], 6), j))
        order.append(best)
        gains.append(ceiling.pop(best))
        is_open[best] = True
        served += gains[-1]
    return np.array(order, np.int64), np.array(gains, float)
