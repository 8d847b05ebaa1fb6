"""Who is served by whom where capacities bind: the most that open sites can serve, and what each of them lets be served more."""

import numpy as np
from scipy import sparse

from planner.counting import total
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.exact.choice_problem import ChoiceProblem, allocate, flows_meet
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.merged_demand import MergedDemand
from planner.solvers.input.reduction import ScaledWeights, scale_weights

_NOBODY = 1e-9  # share of everybody, below which unserved weight is a solver's rounding


class Service:
    """What sets of sites can serve within their capacities: asked of sets among `sites` alone, so that rows merge far.

    The most that a set serves does not hang on floors: whoever must be served can be among as many as are served at most
    (what can be served is a polymatroid).
    """

    def __init__(
        self, given: CoverInput, constraints: Constraints, sites: Ints, scaled: ScaledWeights | None = None
    ) -> None:
        """Merge the demand points that the same ones of `sites` reach."""
        self._all, self._constraints, self._sites = given, constraints.without("forbidden"), sites
        self._given, self._scaled = given.only(sites), scale_weights(given.weights) if scaled is None else scaled
        self._with_floors = ChoiceProblem(self._given, self._scaled, self._constraints, "cover")
        self._problem = ChoiceProblem(self._given, self._scaled, self._constraints.without("floor"), "cover")
        self._merged = self._problem.merged()

    def beside(self, site: int) -> "Service":
        """Return the same with one site more."""
        return Service(self._all, self._constraints, np.append(self._sites, site), self._scaled)

    def served(self, is_open: Bools) -> float:
        """Return the weight that the open sites can serve."""
        value = total(allocate(self._problem, self._merged, is_open))
        return near_whole(value) if counts_people(self._scaled, self._constraints) else value

    def allocation(self, is_open: Bools) -> tuple[Floats, sparse.csr_array]:
        """Return the weight served of each demand point, and by which site, when most is served."""
        return serve(self._problem, self._merged, is_open)

    def allocation_with_floors(self, is_open: Bools) -> tuple[Floats, sparse.csr_array]:
        """Return the same with every zone given its floor; as `allocation` where that cannot be."""
        if self._with_floors.constraints.floor is None:
            return self.allocation(is_open)
        merged = self._with_floors.merged()
        can = flows_meet(self._with_floors, merged, is_open)
        return serve(self._with_floors, merged, is_open) if can else self.allocation(is_open)

    def floors_hold(self, is_open: Bools) -> bool:
        """Return whether every zone can be given its floor."""
        floors = self._with_floors
        return floors.constraints.floor is None or flows_meet(floors, floors.merged(), is_open)

    def could_take(self, is_open: Bools) -> tuple[Bools, float]:
        """Return which demand points a further site would have to reach to serve anybody more, and who is not served in all.

        Those are the points where somebody is not served, and those served by a site that such a point shares: the side of the
        least cut, which bounds what a site adds by the weight of these points that it reaches.
        """
        flow, merged = allocate(self._problem, self._merged, is_open), self._merged
        weight = merged.whole / self._scaled.scale
        unserved = weight - np.bincount(merged.row_of, flow, len(merged))
        alone = self._given.weights > 0
        alone[merged.group >= 0] = False  # reached by none of the sites
        missing = float(np.maximum(unserved, 0.0).sum()) + total(self._given.weights[alone])
        tolerance = _NOBODY * max(total(self._given.weights), 1.0)
        row, site = merged.row_of, merged.sites
        pair = is_open[site]
        could = unserved > tolerance
        while True:
            full = np.zeros(self._given.n_sites, bool)
            full[site[pair & could[row]]] = True
            more = could.copy()
            more[row[full[site] & (flow > tolerance)]] = True
            if (more == could).all():
                break
            could = more
        points = alone.copy()
        inside = merged.group >= 0
        points[inside] = could[merged.group[inside]]
        return points, missing


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


def served_total(scaled: ScaledWeights, constraints: Constraints, served: Floats) -> float:
    """Return the sum of served weight; whole where people and capacities are."""
    value = total(served)
    return near_whole(value) if counts_people(scaled, constraints) else value


def counts_people(scaled: ScaledWeights, constraints: Constraints) -> bool:
    """Return whether weights and capacities are whole numbers, so that the most that is served is one."""
    assert constraints.capacity is not None
    limits = constraints.capacity[np.isfinite(constraints.capacity)]
    return scaled.unit > 1 and bool((limits == np.floor(limits)).all())


def near_whole(value: float) -> float:
    """Return the whole number that a solver's value misses by its tolerance alone."""
    return float(np.rint(value)) if abs(value - np.rint(value)) <= 1e-6 * max(1.0, value * 1e-6) else value


def order_by_service(service: Service, stays: Bools, chosen: Ints) -> tuple[Ints, Floats]:
    """Return chosen sites by what each lets be served more; what is served is submodular, so gains only fall."""
    is_open = stays.copy()
    ceiling = dict.fromkeys(chosen.tolist(), np.inf)
    order: list[int] = []
    gains: list[float] = []
    served = service.served(is_open)
    while ceiling:
        best, fresh = min(ceiling, key=lambda j: (-ceiling[j], j)), set[int]()
        while best not in fresh:
            is_open[best] = True
            ceiling[best] = max(service.served(is_open) - served, 0.0)
            is_open[best] = False
            fresh.add(best)
            best = min(ceiling, key=lambda j: (-round(ceiling[j], 6), j))
        order.append(best)
        gains.append(ceiling.pop(best))
        is_open[best] = True
        served += gains[-1]
    return np.array(order, np.int64), np.array(gains, float)


def gains_by_service(service: Service, stays: Bools, order: Ints) -> Floats:
    """Return what each site of a given order lets be served more."""
    is_open = stays.copy()
    served = [service.served(is_open)]
    for j in order:
        is_open[j] = True
        served.append(service.served(is_open))
    return np.maximum(np.diff(served), 0.0)
