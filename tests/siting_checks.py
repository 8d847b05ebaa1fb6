"""One small random problem a seed, a model asked, and every choice tried beside it.

``check_<model>(seed)`` fails where they differ.
The tests run some hundreds of seeds of each, ``benchmarks/siting_brute.py`` thousands.
"""

import itertools

import numpy as np
from scipy import sparse
from siting_oracle import Toy, best_cover, choices, counted, draw, floors_hold, keeps, opened, served

from planner import siting
from planner.errors import InfeasibleError, InputError

SITES = ("closable", "exclusive", "conflicts", "spacing", "at_least", "at_most")
ALL = (*SITES, "floor", "capacity")
FAMILIES = {"required", "forbidden", "sites", "budget", "closures", "exclusive", "conflicts", "spacing", "at_least",
            "at_most", "floor", "capacity"}  # fmt: skip


def problem(seed: int, *, families: tuple[str, ...] = ALL) -> tuple[Toy, np.random.Generator]:
    """Draw a problem; every fifth has weights that are no whole numbers, every fourth no side conditions."""
    rng = np.random.default_rng(seed)
    if seed % 4 == 3:
        families = ()
    toy = draw(rng, floats=seed % 5 == 4, families=families)
    if "capacity" in toy.binds:
        toy.weights = np.round(toy.weights)
    return toy, rng


def check_cover(seed: int) -> str:
    """Most weight, under all side conditions; what clashes is a smallest set that does."""
    toy, _ = problem(seed, families=ALL if seed % 3 == 0 else ALL[:-1])
    best = best_cover(toy)
    try:
        found = siting.max_coverage(toy.cov, toy.weights, **toy.limit, **toy.roles, conditions=toy.conditions)
    except InfeasibleError as told:
        assert best is None
        named = set(told.params["families"])
        assert named
        only = toy.without(FAMILIES - named)
        assert best_cover(only) is None, named
        for family in named:
            assert best_cover(only.without({family})) is not None, (named, family)
        return "infeasible"
    assert best is not None
    is_open = opened(toy, found)
    assert keeps(toy, is_open)
    assert floors_hold(toy, is_open)
    assert abs(found.value - best) <= 1e-9 * max(1.0, best)
    assert found.status == "optimal"
    if "capacity" in toy.binds:
        sums = found.allocation.sum(axis=0)
        assert (sums <= toy.binds["capacity"] + 1e-9).all()
        assert (found.allocation.sum(axis=1) <= toy.weights + 1e-9).all()
        assert not (found.allocation.toarray()[~toy.cover] > 0).any()
        assert not (sums[~is_open] > 0).any()
        today = Toy(toy.cover, toy.weights, toy.costs, None, None, toy.roles, toy.binds)
        standing = np.isin(np.arange(toy.n_sites), toy.standing)
        assert abs(found.value_before - served(today, standing)) <= 1e-9
    else:
        assert abs(found.gains.sum() + counted(toy, opened(toy, _nothing(found))).sum() - found.value) <= 1e-9
    return "solved"


def check_fewest(seed: int) -> str:
    """Fewest or cheapest sites for a share; out of reach, the largest share is named."""
    toy, rng = problem(seed, families=ALL[:-1])
    share, of = float(rng.choice([0, 0.3, 0.7, 0.9, 1.0])), str(rng.choice(["all", "coverable"]))
    by_cost = rng.random() < 0.5
    free = Toy(toy.cover, toy.weights, toy.costs, None, None, toy.roles, toy.binds)
    new = ~np.isin(np.arange(toy.n_sites), toy.standing)
    usable = ~np.isin(np.arange(toy.n_sites), toy.roles["forbidden"])
    base = toy.weights.sum() if of == "all" else toy.weights[toy.cover[:, usable].any(axis=1)].sum()
    covers = {tuple(o): counted(free, o).sum() for o in choices(free)}
    price = toy.costs if by_cost else np.ones(toy.n_sites)
    prices = [price[np.array(o) & new].sum() for o, c in covers.items() if c >= share * base - 1e-9]
    try:
        found = siting.min_sites(
            toy.cov, toy.weights, share, of, costs=toy.costs if by_cost else None, **toy.roles,
            conditions=toy.conditions,
        )  # fmt: skip
    except InfeasibleError as told:
        assert not prices
        if covers:
            assert "share" in told.params["families"]
            assert abs(told.params["largest"] - (max(covers.values()) / base if base else 0)) <= 1e-9
        return "infeasible"
    assert abs(found.value - min(prices)) <= 1e-9
    assert found.status == "optimal"
    is_open = opened(toy, found)
    assert covers[tuple(is_open)] >= share * base - 1e-9
    assert abs(found.covered_weight - covers[tuple(is_open)]) <= 1e-9
    return "solved"


def check_backup(seed: int) -> str:
    """Most weight served twice or three times."""
    toy, rng = problem(seed, families=ALL[:-1])
    times = int(rng.choice([2, 2, 3]))
    best = best_cover(toy, times)
    try:
        found = siting.max_backup(
            toy.cov, toy.weights, **toy.limit, times=times, **toy.roles, conditions=toy.conditions
        )
    except InfeasibleError:
        assert best is None
        return "infeasible"
    assert best is not None
    assert abs(found.value - best) <= 1e-9
    assert found.status == "optimal"
    is_open = opened(toy, found)
    assert keeps(toy, is_open)
    assert floors_hold(toy, is_open, times)
    assert abs(found.gains.sum() + counted(toy, opened(toy, _nothing(found)), times).sum() - found.value) <= 1e-9
    return "solved"


def check_worst_zone(seed: int) -> str:
    """Serve the worst zone best."""
    toy, rng = problem(seed, families=SITES)
    zones = rng.integers(-1, 2, len(toy.weights))

    def worst(is_open: np.ndarray) -> float:
        served = counted(toy, is_open)
        people = {k: toy.weights[zones == k].sum() for k in (0, 1)}
        return min((served[zones == k].sum() / people[k] for k in people if people[k] > 0), default=1.0)

    values = [worst(is_open) for is_open in choices(toy)]
    try:
        found = siting.max_worst_zone(
            toy.cov, toy.weights, **toy.limit, zones=zones, **toy.roles, conditions=toy.conditions
        )
    except InfeasibleError:
        assert not values
        return "infeasible"
    assert abs(found.value - max(values)) <= 1e-12
    assert found.status == "optimal"
    is_open = opened(toy, found)
    assert keeps(toy, is_open)
    assert abs(worst(is_open) - found.value) <= 1e-12
    return "solved"


def _times(toy: Toy, rng: np.random.Generator, seed: int) -> tuple[Toy, np.ndarray, sparse.csr_array, int]:
    n, m = toy.cover.shape
    seconds = np.round(rng.integers(0, 8, (n, m)) + (rng.random((n, m)) if seed % 3 == 0 else 0), 3)
    sites = int(rng.integers(0, m + 1))
    row, column = np.nonzero(toy.cover)
    t = sparse.coo_array((seconds[row, column], (row, column)), shape=(n, m)).tocsr()
    timed = Toy(toy.cover, toy.weights, toy.costs, sites, None, toy.roles, toy.binds)
    return timed, np.where(toy.cover, seconds, np.inf), t, sites


def check_median(seed: int) -> str:
    """Least person-seconds; `unserved_s` is asked for where, and only where, somebody may be without."""
    toy, rng = problem(seed, families=SITES)
    toy, seconds, t, sites = _times(toy, rng, seed)
    unserved_s = float(rng.choice([9, 30])) if rng.random() < 0.7 else None
    has_people = toy.weights > 0

    def cost(is_open: np.ndarray, unserved: float) -> float:
        nearest = seconds[:, is_open].min(axis=1, initial=np.inf)
        return float((toy.weights[has_people] * np.minimum(nearest, unserved)[has_people]).sum())

    able = list(choices(toy))
    new = ~np.isin(np.arange(toy.n_sites), toy.standing)
    available = sum(new[j] and j not in toy.roles["forbidden"] for j in range(toy.n_sites))
    full = [is_open for is_open in able if (is_open & new).sum() == min(sites, available)]
    somebody_without = any(np.isinf(cost(is_open, np.inf)) for is_open in full)
    try:
        found = siting.p_median(t, toy.weights, sites, unserved_s=unserved_s, **toy.roles, conditions=toy.conditions)
    except InfeasibleError:
        assert not able
        return "infeasible"
    except InputError as told:
        assert unserved_s is None
        assert "unserved_s" in str(told)
        assert somebody_without or toy.binds or not full
        return "refused"
    limit = 1e6 if unserved_s is None else unserved_s
    is_open = opened(toy, found)
    assert keeps(toy, is_open)
    assert unserved_s is not None or np.isfinite(cost(is_open, np.inf))
    best = min(cost(one, limit) for one in able)
    assert abs(found.value - best) <= 1e-9 * max(1.0, best)
    assert abs(cost(is_open, limit) - found.value) <= 1e-9 * max(1.0, best)
    assert found.status == "optimal"
    if not toy.binds:
        assert len(found.selected) == min(sites, available)
    return "solved"


def check_center(seed: int) -> str:
    """Least worst time."""
    toy, rng = problem(seed, families=SITES)
    toy, seconds, t, sites = _times(toy, rng, seed)
    reached = toy.cover.any(axis=1)

    def worst(is_open: np.ndarray) -> float:
        return float(seconds[reached][:, is_open].min(axis=1, initial=np.inf).max(initial=0.0))

    best = min((worst(is_open) for is_open in choices(toy)), default=np.inf)
    try:
        found = siting.p_center(t, sites, **toy.roles, conditions=toy.conditions)
    except InfeasibleError:
        assert np.isinf(best)
        return "infeasible"
    is_open = opened(toy, found)
    assert keeps(toy, is_open)
    assert found.value == best == worst(is_open)
    assert found.status == "optimal"
    assert found.left_out == (~reached).sum()
    return "solved"


def check_frontier(seed: int) -> str:
    """Follow the whole curve, by number and by money."""
    toy, _ = problem(seed)
    asked = {"sites": toy.sites} if toy.sites is not None else {"budget": toy.budget, "costs": toy.costs, "points": 4}
    try:
        curve = siting.frontier(toy.cov, toy.weights, **asked, **toy.roles, conditions=toy.conditions)
    except InfeasibleError:
        return "infeasible"
    if toy.sites is not None:  # left out is what cannot be
        for number in set(range(len(set(toy.roles["required"]) - set(toy.standing)), toy.sites + 1)) - set(curve.sites):
            assert best_cover(Toy(toy.cover, toy.weights, toy.costs, number, None, toy.roles, toy.binds)) is None
    for k in range(len(curve.value)):
        number, money = (int(curve.sites[k]), None) if curve.budget is None else (None, float(curve.budget[k]))
        best = best_cover(Toy(toy.cover, toy.weights, toy.costs, number, money, toy.roles, toy.binds))
        assert abs(curve.value[k] - best) <= 1e-9 * max(1.0, best)
        assert abs(curve.upper_bound[k] - best) <= 1e-6
    assert (np.diff(curve.value) >= 0).all()
    assert (np.diff(curve.upper_bound) >= 0).all()
    return "solved"


def check_meeting(seed: int) -> str:
    """Score a given list, change it least, price the conditions; find alternatives that differ."""
    toy, rng = problem(seed, families=ALL[:-1])
    asked = {**toy.limit, **toy.roles, "conditions": toy.conditions}
    able = {tuple(o): counted(toy, o).sum() for o in choices(toy)}
    listed = np.flatnonzero(rng.random(toy.n_sites) < 0.4)
    if not able:
        for model in (siting.evaluate, siting.fewest_changes):
            try:
                model(toy.cov, toy.weights, listed, **asked)
            except InfeasibleError:
                continue
            raise AssertionError(model.__name__)
        return "infeasible"
    best = max(able.values())
    judged = siting.evaluate(toy.cov, toy.weights, listed, **asked)
    is_open = np.isin(np.arange(toy.n_sites), [*toy.standing, *listed])
    assert abs(judged.value - counted(toy, is_open).sum()) <= 1e-9
    assert abs(judged.upper_bound - best) <= 1e-6
    assert (not judged.broken) == (keeps(toy, is_open) and floors_hold(toy, is_open)), judged.broken

    within = float(rng.choice([0.0, 0.1, 0.5]))
    changed = siting.fewest_changes(toy.cov, toy.weights, listed, within=within, **asked)
    wanted = np.isin(np.arange(toy.n_sites), np.setdiff1d(listed, toy.standing))
    good = {o: c for o, c in able.items() if c >= (1 - within) * best - 1e-9}
    most = max((np.array(o) & wanted).sum() for o in good)
    assert len(changed.kept) == most == changed.kept_bound
    value = max(c for o, c in good.items() if (np.array(o) & wanted).sum() == most)
    assert abs(changed.plan.value - value) <= 1e-9

    base, prices = siting.price_of_conditions(toy.cov, toy.weights, **asked)
    assert abs(base.value - best) <= 1e-9
    for price in prices:
        free = best_cover(toy.without({price.condition}))
        assert abs(price.price - (free - best)) <= 1e-6
        assert price.low - 1e-6 <= free - best <= price.high + 1e-6

    differ = int(rng.integers(1, 3))
    found = siting.alternatives(toy.cov, toy.weights, number=3, differ=differ, **asked)
    before: list[set[int]] = []
    for one in found:
        others = [c for o, c in able.items() if all(len(b - set(np.flatnonzero(o).tolist())) >= differ for b in before)]
        assert abs(one.value - max(others)) <= 1e-9
        assert one.status == "optimal"
        assert all(len(b - set(one.selected.tolist())) >= differ for b in before)
        before.append(set(one.selected.tolist()))
    return "solved"


def check_explain(seed: int) -> str:
    """Explain a choice: gains add up, and each replacement is the best of all that keep to everything."""
    toy, rng = problem(seed)
    listed = [j for j in np.flatnonzero(rng.random(toy.n_sites) < 0.5).tolist() if j not in toy.roles["forbidden"]]
    chosen = sorted({*listed, *toy.roles["required"]} - set(toy.standing))
    has_room = "capacity" in toy.binds

    def worth(sites: object) -> float:
        is_open = np.isin(np.arange(toy.n_sites), np.asarray(sites, int))
        return served(toy, is_open) if has_room else float(counted(toy, is_open).sum())

    def able(sites: object) -> bool:
        is_open = np.isin(np.arange(toy.n_sites), np.asarray(sites, int))
        return keeps(toy, is_open) and floors_hold(toy, is_open)

    open_now = [*toy.standing, *chosen]
    told = siting.explain(toy.cov, toy.weights, chosen, **toy.limit, **toy.roles, conditions=toy.conditions)
    assert sorted(told.selected.tolist()) == chosen
    assert abs(told.gain.sum() + worth(toy.standing) - worth(open_now)) <= 1e-6
    others = [j for j in range(toy.n_sites) if j not in open_now and j not in toy.roles["forbidden"]]
    for k, j in enumerate(told.selected.tolist()):
        rest = [one for one in open_now if one != j]
        loss = worth(open_now) - worth(rest)
        assert abs(told.loss_if_dropped[k] - loss) <= 1e-6
        if not able(open_now):
            continue  # what is broken now may stay so: every case of that is tried on paper
        free = [c for c in others if j not in toy.roles["required"] and able([*rest, c])]
        best = max((worth([*rest, c]) - worth(rest) for c in free), default=0.0)
        assert abs(told.replacement_loss[k] - (loss - best)) <= 1e-6
        assert (told.replacement[k] < 0) == (best <= 1e-9)
        assert told.replacement[k] < 0 or told.replacement[k] in free
    result = siting.result_of(toy.cov, toy.weights, chosen, **toy.limit, **toy.roles, conditions=toy.conditions)
    assert abs(result.value - worth(open_now)) <= 1e-6
    assert abs(result.gains.sum() + result.value_before - result.value) <= 1e-6
    assert result.value == result.upper_bound
    return "solved" if able(open_now) else "infeasible"


def check_closing(seed: int) -> str:
    """Closures and mergers of what stands."""
    toy, rng = problem(seed, families=())
    existing = np.flatnonzero(rng.random(toy.n_sites) < 0.7)
    others = np.setdiff1d(np.arange(toy.n_sites), existing)

    def covered(sites: object) -> float:
        return float(toy.weights[toy.cover[:, np.asarray(sites, int)].any(axis=1)].sum())

    today = covered(existing)
    losses = siting.closure_losses(toy.cov, toy.weights, existing)
    assert np.allclose(losses, [today - covered(np.setdiff1d(existing, [j])) for j in existing])
    found = siting.mergers(toy.cov, toy.weights, existing, others)
    assert found.pair.tolist() == [list(pair) for pair in itertools.combinations(existing.tolist(), 2)]
    for (a, b), kept, third, lost in zip(found.pair, found.loss_keeping, found.third, found.loss_third, strict=True):
        rest = np.setdiff1d(existing, [a, b])
        assert np.allclose(kept, [today - covered([*rest, a]), today - covered([*rest, b])])
        best = min((today - covered([*rest, c]) for c in others), default=today - covered(rest))
        assert abs(lost - best) <= 1e-9
        assert third == -1 or abs(today - covered([*rest, third]) - best) <= 1e-9
    stays = existing[: int(rng.integers(0, 2))]
    number = int(rng.integers(0, len(existing) + 1))
    may_close = [j for j in existing if j not in stays]
    try:
        closing = siting.least_loss_closures(toy.cov, toy.weights, existing, number, required=stays)
    except InfeasibleError:
        assert number > len(may_close)
        return "infeasible"
    sets = itertools.combinations(may_close, number)
    best = min(today - covered(np.setdiff1d(existing, some)) for some in sets)
    assert len(closing.closed) == number
    assert not set(closing.closed) & set(stays)
    assert abs(closing.loss - best) <= 1e-9
    assert abs(today - covered(np.setdiff1d(existing, closing.closed)) - best) <= 1e-9
    assert closing.status == "optimal"
    return "solved"


def _nothing(found: object) -> object:
    """Return an answer that only closes what `found` closes."""
    return type("Closed", (), {"closed": found.closed, "selected": []})  # type: ignore[attr-defined]


CHECKS = {name.removeprefix("check_"): check for name, check in sorted(globals().items()) if name.startswith("check_")}
