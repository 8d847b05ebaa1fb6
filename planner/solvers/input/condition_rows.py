"""Conditions as a caller states them, checked and written as linear rows over open sites."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planner.solvers.array_types import Floats, Ints
from planner.solvers.input.conditions import Conditions, check_capacities, check_share, check_zones, per_zone
from planner.solvers.input.constraints import INF, Constraints, LinearConstraint, limit_rows
from planner.solvers.input.validation import Faults, check_site_numbers, check_whole

_MANY_PAIRS = 50_000  # of sites too near each other, beyond which they are said by site rather than by pair


def check_constraints(
    n_demand: int,
    n_sites: int,
    conditions: Conditions,
    faults: Faults,
    *,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    sites: int | None = None,
    budget: float | None = None,
    costs: Floats | None = None,
) -> Constraints:
    """Check roles and conditions, and return them as constraints; faults are added to `faults`."""
    closable = check_site_numbers(conditions.closable, n_sites, "closable", faults)
    named = {
        name: check_site_numbers(given, n_sites, name, faults)
        for name, given in (("required", required), ("forbidden", forbidden), ("existing", existing))
    }
    for name, group in (*named.items(), ("closable", closable)):
        both = np.intersect1d(group, named["forbidden"])
        if name != "forbidden" and len(both):
            faults.add("both", name=name, sites=", ".join(map(str, both[:10])))
    existing = np.setdiff1d(named["existing"], closable)
    required = np.setdiff1d(named["required"], existing)
    constraints = Constraints(
        n_sites=n_sites,
        existing=existing,
        closable=closable,
        required=required,
        forbidden=named["forbidden"],
        rows=(),
        costs=np.ones(n_sites) if costs is None else costs,
        sites=sites,
        budget=budget,
        zone=None,
        floor=None,
        capacity=None,
    )
    if faults:
        return constraints
    rows = [*limit_rows(constraints), *_condition_rows(constraints, conditions, faults)]
    zone, floor = _floors(conditions, n_demand, faults)
    capacity = None if conditions.capacity is None else check_capacities(conditions.capacity, n_sites, faults)
    return replace(constraints, rows=tuple(rows), zone=zone, floor=floor, capacity=capacity)


def _condition_rows(constraints: Constraints, conditions: Conditions, faults: Faults) -> Iterator[LinearConstraint]:
    n = constraints.n_sites
    if conditions.closures is not None:
        check_whole(conditions.closures, "closures", faults)
        if not faults and len(constraints.closable):
            least = len(constraints.closable) - int(conditions.closures)
            yield LinearConstraint(
                "closures", constraints.closable, np.ones(len(constraints.closable)), float(least), INF
            )
    for group in conditions.exclusive:
        yield from _at_most_one("exclusive", check_site_numbers(group, n, "exclusive", faults), constraints)
    pairs = np.asarray(conditions.conflicts)
    if pairs.size:
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            faults.add("bad_pairs", shape=pairs.shape)
        else:
            check_site_numbers(pairs.ravel(), n, "conflicts", faults)
            if not faults:
                yield from _pair_rows("conflicts", pairs, constraints)
    yield from _spacing_rows(constraints, conditions, faults)
    if conditions.at_least is not None or conditions.at_most is not None:
        yield from _zone_rows(constraints, conditions, faults)


def _at_most_one(family: str, group: Ints, constraints: Constraints) -> Iterator[LinearConstraint]:
    """Of the new sites at most one, and none beside one that stands."""
    stands = np.isin(group, constraints.standing)
    for one in [group[stands][k : k + 1] for k in range(int(stands.sum()))] or [group[:0]]:
        index = np.concatenate((group[~stands], one))
        if len(index) > 1:
            yield LinearConstraint(family, index, np.ones(len(index)), -INF, 1.0)


def _pair_rows(family: str, pairs: NDArray[Any], constraints: Constraints) -> Iterator[LinearConstraint]:
    stands = np.zeros(constraints.n_sites, bool)
    stands[constraints.standing] = True
    ordered = np.unique(np.sort(pairs.astype(np.int64), axis=1), axis=0)
    for a, b in ordered[~(stands[ordered].all(axis=1) | (ordered[:, 0] == ordered[:, 1]))]:
        yield LinearConstraint(family, np.array([a, b]), np.ones(2), -INF, 1.0)


def _spacing_rows(constraints: Constraints, conditions: Conditions, faults: Faults) -> Iterator[LinearConstraint]:
    if conditions.spacing_m is None:
        return
    xy = np.asarray(conditions.site_xy_m if conditions.site_xy_m is not None else np.empty((0, 2)), float)
    if not (np.isfinite(conditions.spacing_m) and conditions.spacing_m >= 0):
        faults.add("bad_spacing", spacing_m=conditions.spacing_m)
    elif xy.shape != (constraints.n_sites, 2) or not np.isfinite(xy).all():
        faults.add("no_xy", n_sites=constraints.n_sites, shape=xy.shape)
    else:
        near = cKDTree(xy).query_pairs(conditions.spacing_m * (1 + 1e-9), output_type="ndarray")
        apart = np.hypot(*(xy[near[:, 0]] - xy[near[:, 1]]).T)
        near = near[apart < conditions.spacing_m]
        yield from (_pair_rows if len(near) <= _MANY_PAIRS else _star_rows)("spacing", near, constraints)


def _star_rows(family: str, pairs: NDArray[Any], constraints: Constraints) -> Iterator[LinearConstraint]:
    """Say the same of very many pairs with one row a site: if it is open, none of its neighbours is.

    Of the new sites in a circle of the spacing around one at most five are open (two of six would be nearer to each other than
    to it), so five is what an open site takes up of its row; standing neighbours come on top, who need not keep apart.
    """
    stands = np.zeros(constraints.n_sites, bool)
    stands[constraints.standing] = True
    pairs = pairs[~stands[pairs].all(axis=1)]
    both = np.concatenate((pairs, pairs[:, ::-1]))
    both = both[np.argsort(both[:, 0], kind="stable")]
    starts = np.searchsorted(both[:, 0], np.arange(constraints.n_sites + 1))
    for j in np.flatnonzero(np.diff(starts)).tolist():
        others = both[starts[j] : starts[j + 1], 1].astype(np.int64)
        most = 5.0 + float(np.count_nonzero(stands[others]))
        yield LinearConstraint(family, np.append(others, j), np.append(np.ones(len(others)), most), -INF, most)


def _zone_rows(constraints: Constraints, conditions: Conditions, faults: Faults) -> Iterator[LinearConstraint]:
    zone = check_zones(conditions.site_zones, constraints.n_sites, "site_zones", faults)
    if zone is None:
        return
    stands = np.zeros(constraints.n_sites, bool)
    stands[constraints.standing] = True
    for k, least in per_zone(conditions.at_least, zone, "at_least", faults, check_whole):
        members = np.flatnonzero(zone == k)
        if least > 0:
            yield LinearConstraint("at_least", members, np.ones(len(members)), float(least), INF)
    for k, most in per_zone(conditions.at_most, zone, "at_most", faults, check_whole):
        members = np.flatnonzero(zone == k)
        high = max(float(most), float(stands[members].sum()))
        if len(members) > high:
            yield LinearConstraint("at_most", members, np.ones(len(members)), -INF, high)


def _floors(conditions: Conditions, n_demand: int, faults: Faults) -> tuple[Ints | None, Floats | None]:
    if conditions.zones is None and conditions.floor is None:
        return None, None
    zone = check_zones(conditions.zones, n_demand, "zones", faults)
    if zone is None or conditions.floor is None:
        return zone, None
    found = dict(per_zone(conditions.floor, zone, "floor", faults, check_share))
    floor = np.zeros(max([int(zone.max(initial=-1)), *found]) + 1)
    for k, share in found.items():
        floor[k] = share
    return zone, floor if floor.any() else None
