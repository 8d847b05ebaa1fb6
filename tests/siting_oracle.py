"""Every choice of sites of a small problem, tried one by one: what each siting model must agree with.

Nothing here knows how the models are solved; conditions are checked the way they are stated.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from planner.siting import Conditions


@dataclass
class Toy:
    """A small problem: who is covered by what, how many people, what may be chosen and what binds."""

    cover: np.ndarray
    weights: np.ndarray
    costs: np.ndarray
    sites: int | None
    budget: float | None
    roles: dict[str, list[int]]
    binds: dict[str, Any] = field(default_factory=dict)

    @property
    def n_sites(self) -> int:
        return self.cover.shape[1]

    @property
    def cov(self) -> sparse.csr_array:
        return sparse.csr_array(self.cover)

    @property
    def limit(self) -> dict[str, Any]:
        return {"sites": self.sites} if self.sites is not None else {"budget": self.budget, "costs": self.costs}

    @property
    def conditions(self) -> Conditions:
        return Conditions(**self.binds)

    @property
    def closable(self) -> list[int]:
        return self.binds.get("closable", [])

    @property
    def standing(self) -> list[int]:
        return sorted({*self.roles["existing"], *self.closable})

    def without(self, families: set[str]) -> "Toy":
        """Return the problem with some families of conditions left out."""
        keys = {"closures": "closures", "exclusive": "exclusive", "conflicts": "conflicts", "spacing": "spacing_m",
                "at_least": "at_least", "at_most": "at_most", "floor": "floor", "capacity": "capacity"}  # fmt: skip
        binds = {k: v for k, v in self.binds.items() if k not in {keys.get(name) for name in families}}
        roles = {k: [] if k in families else v for k, v in self.roles.items()}
        sites = None if "sites" in families else self.sites
        budget = None if "budget" in families else self.budget
        return Toy(self.cover, self.weights, self.costs, sites, budget, roles, binds)


def draw(rng: np.random.Generator, *, floats: bool = False, families: tuple[str, ...] = ()) -> Toy:
    """Draw a problem; of `families` (of conditions) each is there every other time."""
    n_demand, n_sites = int(rng.integers(1, 9)), int(rng.integers(1, 7))
    cover = rng.random((n_demand, n_sites)) < rng.choice([0.2, 0.4, 0.7])
    weights = rng.integers(0, 10, n_demand).astype(float)
    if floats:
        weights = np.round(rng.random(n_demand) * 9, 3)
    costs = rng.integers(0, 6, n_sites).astype(float)
    cents = int(rng.choice([1, 1, 10, 100, 1000]))  # money in whole numbers, or with decimals
    if cents > 1:
        costs = rng.integers(0, 6 * cents, n_sites) / cents
    by_money = rng.random() < 0.4
    roles: dict[str, list[int]] = {"required": [], "forbidden": [], "existing": []}
    for j in range(n_sites):
        role = rng.choice(["free", "free", "free", "free", *roles])
        if role != "free":
            roles[role].append(j)
    toy = Toy(
        cover,
        weights,
        costs,
        None if by_money else int(rng.integers(0, n_sites + 1)),
        float(rng.integers(0, 13 * cents) / cents if rng.random() < 0.5 else rng.integers(0, 13)) if by_money else None,
        roles,
    )
    for family in families:
        if rng.random() < 0.5:
            toy.binds |= _condition(rng, family, toy)
    return toy


def _condition(rng: np.random.Generator, family: str, toy: Toy) -> dict[str, Any]:
    n_demand, n_sites = toy.cover.shape
    if family == "closable":
        free = [j for j in range(n_sites) if j not in toy.roles["forbidden"]]
        closable = sorted(set(rng.choice(free, 2).tolist())) if free else []
        return {"closable": closable, "closures": int(rng.integers(0, 3))}
    if family == "exclusive":
        size = min(n_sites, 3)
        return {"exclusive": [sorted(rng.choice(n_sites, size, replace=False).tolist())]}
    if family == "conflicts":
        return {"conflicts": rng.integers(0, n_sites, (2, 2))}
    if family == "spacing":
        return {"site_xy_m": rng.integers(0, 4, (n_sites, 2)).astype(float), "spacing_m": float(rng.integers(1, 4))}
    if family in ("at_least", "at_most"):
        zones = toy.binds.get("site_zones", rng.integers(-1, 2, n_sites))
        number = int(rng.integers(0, 3)) if rng.random() < 0.5 else {0: int(rng.integers(0, 3))}
        return {"site_zones": zones, family: number}
    if family == "floor":
        zones = rng.integers(-1, 2, n_demand)
        share = float(rng.choice([0.1, 0.5, 0.8])) if rng.random() < 0.5 else {1: float(rng.choice([0.3, 1.0]))}
        return {"zones": zones, "floor": share}
    assert family == "capacity"
    capacity = rng.integers(0, 15, n_sites).astype(float)
    capacity[rng.random(n_sites) < 0.2] = np.inf
    return {"capacity": capacity}


def choices(toy: Toy, *, floors: bool = True, times: int = 1) -> Iterator[np.ndarray]:
    """Yield every set of open sites (bool) that keeps to all conditions."""
    for bits in itertools.product([False, True], repeat=toy.n_sites):
        is_open = np.array(bits)
        if keeps(toy, is_open) and (not floors or floors_hold(toy, is_open, times)):
            yield is_open


def keeps(toy: Toy, is_open: np.ndarray) -> bool:
    roles, binds = toy.roles, toy.binds
    stands = np.zeros(toy.n_sites, bool)
    stands[toy.standing] = True
    for j in range(toy.n_sites):
        if is_open[j] and j in roles["forbidden"]:
            return False
        must = j in roles["required"] or (j in roles["existing"] and j not in toy.closable)
        if must and not is_open[j]:
            return False
    new = is_open & ~stands
    if toy.sites is not None and new.sum() > toy.sites:
        return False
    if toy.budget is not None and not affords(toy.costs[new], toy.budget):
        return False
    closed = sum(not is_open[j] for j in toy.closable)
    if binds.get("closures") is not None and closed > binds["closures"]:
        return False
    groups = [list(group) for group in binds.get("exclusive", ())]
    groups += [list(pair) for pair in binds.get("conflicts", ()) if pair[0] != pair[1]]
    if binds.get("spacing_m") is not None:
        xy = binds["site_xy_m"]
        pairs = itertools.combinations(range(toy.n_sites), 2)
        groups += [[a, b] for a, b in pairs if np.hypot(*(xy[a] - xy[b])) < binds["spacing_m"]]
    for group in groups:
        opened = [j for j in group if new[j]]
        if len(opened) > 1 or (opened and any(is_open[j] and stands[j] for j in group)):
            return False
    for name in ("at_least", "at_most"):
        wanted = binds.get(name)
        if wanted is None:
            continue
        zones = binds["site_zones"]
        by_zone = wanted if isinstance(wanted, dict) else {int(k): wanted for k in set(zones[zones >= 0].tolist())}
        for zone, number in by_zone.items():
            members = zones == zone
            count = int(is_open[members].sum())
            if name == "at_least" and count < number:
                return False
            if name == "at_most" and count > max(number, int(stands[members].sum())):
                return False
    return True


def affords(costs: np.ndarray, budget: float) -> bool:
    """Return whether costs as they are written out come to no more than the budget, one rounding of that aside."""
    return sum(Fraction(repr(float(cost))) for cost in costs) <= Fraction(budget) * (1 + Fraction(1, 10**12))


def counted(toy: Toy, is_open: np.ndarray, times: int = 1) -> np.ndarray:
    return np.where(toy.cover[:, is_open].sum(axis=1) >= times, toy.weights, 0.0)


def floors_hold(toy: Toy, is_open: np.ndarray, times: int = 1) -> bool:
    floor = toy.binds.get("floor")
    if floor is None:
        return True
    zones = toy.binds["zones"]
    by_zone = floor if isinstance(floor, dict) else {int(k): floor for k in set(zones[zones >= 0].tolist())}
    if "capacity" in toy.binds:
        return served_with_floors(toy, is_open, by_zone) is not None
    served = counted(toy, is_open, times)
    return all(
        served[zones == zone].sum() >= share * toy.weights[zones == zone].sum() - 1e-9
        for zone, share in by_zone.items()
    )


def served(toy: Toy, is_open: np.ndarray) -> float:
    """Return the most that the open sites can serve within their capacities (whole numbers), by maximum flow."""
    n, m = toy.cover.shape
    big = int(toy.weights.sum()) + 1
    graph = np.zeros((n + m + 2, n + m + 2), np.int32)
    graph[0, 1 : n + 1] = toy.weights
    graph[1 : n + 1, n + 1 : n + m + 1] = (toy.cover & is_open) * big
    graph[n + 1 : n + m + 1, -1] = np.minimum(toy.binds["capacity"], big)
    return float(maximum_flow(sparse.csr_array(graph), 0, n + m + 1).flow_value)


def served_with_floors(toy: Toy, is_open: np.ndarray, floors: dict[int, float]) -> float | None:
    """Return the most that can be served when each zone gets its share; None where it cannot (a small linear problem)."""
    from scipy.optimize import linprog

    pairs = np.argwhere(toy.cover & is_open)
    zones, totals = toy.binds["zones"], toy.weights
    rows, limits = [], []
    for i in range(len(totals)):
        rows.append(pairs[:, 0] == i)
        limits.append(totals[i])
    for j in np.flatnonzero(np.isfinite(toy.binds["capacity"])):
        rows.append(pairs[:, 1] == j)
        limits.append(toy.binds["capacity"][j])
    for zone, share in floors.items():
        need = share * totals[zones == zone].sum() - 1e-9
        if not len(pairs) and need > 0:
            return None
        rows.append(-(zones[pairs[:, 0]] == zone).astype(float))
        limits.append(-need)
    if not len(pairs):
        return 0.0
    found = linprog(-np.ones(len(pairs)), np.array(rows, float), np.array(limits), bounds=(0, None))
    return -found.fun if found.status == 0 else None


def best_cover(toy: Toy, times: int = 1) -> float | None:
    """Return the most that any choice covers (or serves); None where no choice keeps to the conditions."""
    best = None
    for is_open in choices(toy, times=times):
        if "capacity" in toy.binds:
            zones, floor = toy.binds.get("zones"), toy.binds.get("floor")
            if floor is None:
                value = served(toy, is_open)
            else:
                by_zone = floor if isinstance(floor, dict) else {int(k): floor for k in set(zones[zones >= 0].tolist())}
                value = served_with_floors(toy, is_open, by_zone) or 0.0
        else:
            value = float(counted(toy, is_open, times).sum())
        best = value if best is None or value > best else best
    return best


def opened(toy: Toy, found: Any) -> np.ndarray:
    """Return the open sites of an answer."""
    is_open = np.zeros(toy.n_sites, bool)
    is_open[toy.standing] = True
    is_open[found.closed] = False
    is_open[found.selected] = True
    return is_open
