"""Maximum coverage: answers on paper, every small problem by brute force, and published problems with proven optima."""

import csv
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planner import siting
from planner.errors import InfeasibleError, InputError

# Five hamlets and four sites; each row says which sites reach the hamlet.
#
#              a  b  c  d
#   hamlet 0   x  .  .  .     10 people
#   hamlet 1   x  x  .  .     20
#   hamlet 2   .  x  x  .     30
#   hamlet 3   .  .  x  .     25
#   hamlet 4   .  .  .  .      7   (nobody can reach these)
#
# a covers 30, b 50, c 55, d nobody. Best of one: c, 55. Best of two: a and c, 85. A greedy choice of two: c, then a (30).
COVER = sparse.csr_array(np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], bool))
PEOPLE = np.array([10.0, 20, 30, 25, 7])


def test_one_site():
    found = siting.max_coverage(COVER, PEOPLE, sites=1)
    assert found.selected.tolist() == [2]
    assert (found.value, found.upper_bound, found.gap, found.status) == (55, 55, 0, "optimal")
    assert found.covered.tolist() == [False, False, True, True, False]


def test_two_sites_in_opening_order():
    found = siting.max_coverage(COVER, PEOPLE, sites=2)
    assert found.selected.tolist() == [2, 0]
    assert found.gains.tolist() == [55, 30]
    assert found.value == 85


def test_no_more_sites_than_add_something():
    found = siting.max_coverage(COVER, PEOPLE, sites=4)
    assert found.selected.tolist() == [2, 0]
    assert found.status == "optimal"


def test_existing_sites_count_in_the_value_and_are_not_selected():
    found = siting.max_coverage(COVER, PEOPLE, sites=1, existing=[2])
    assert found.selected.tolist() == [0]
    assert (found.value, found.value_before) == (85, 55)
    # nothing more can be gained: the bound is the value
    assert found.gain_gap == 0


def test_required_sites_count_towards_the_number_even_if_they_add_nothing():
    found = siting.max_coverage(COVER, PEOPLE, sites=2, required=[3])
    assert found.selected.tolist() == [2, 3]
    assert found.gains.tolist() == [55, 0]
    assert found.value == 55


def test_forbidden_sites_stay_shut():
    found = siting.max_coverage(COVER, PEOPLE, sites=1, forbidden=[2])
    assert found.selected.tolist() == [1]
    assert found.upper_bound == 50


def test_a_budget_by_gain_per_yuan_and_by_gain():
    # within 10 yuan: c alone (55), or a and b (10 + 20 + 30 = 60)
    found = siting.max_coverage(COVER, PEOPLE, budget=10, costs=[4, 6, 9, 0])
    assert found.selected.tolist() == [1, 0]
    assert (found.value, found.upper_bound) == (60, 60)


def test_a_budget_below_the_cheapest_site_buys_nothing():
    found = siting.max_coverage(COVER, PEOPLE, budget=3, costs=[4, 6, 9, 5])
    assert found.selected.tolist() == []
    assert (found.value, found.upper_bound, found.gap, found.status) == (0, 0, 0, "optimal")


def test_sites_that_cost_nothing_are_opened_where_they_help():
    found = siting.max_coverage(COVER, PEOPLE, budget=0, costs=[0, 6, 0, 0])
    assert found.selected.tolist() == [2, 0]


def test_ties_go_to_the_lowest_number():
    twins = sparse.csr_array(np.array([[0, 1, 1], [0, 1, 1]], bool))
    assert siting.max_coverage(twins, [1.0, 2.0], sites=1).selected.tolist() == [1]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_cover_or_nothing_to_open(shape):
    found = siting.max_coverage(sparse.csr_array(shape, dtype=bool), np.ones(shape[0]), sites=2)
    assert found.selected.tolist() == []
    assert (found.value, found.upper_bound, found.status) == (0, 0, "optimal")


def test_nobody_anywhere():
    found = siting.max_coverage(COVER, np.zeros(5), sites=2)
    assert (found.value, found.gap, found.status) == (0, 0, "optimal")


def test_stored_zeros_and_duplicates_do_not_count_and_the_caller_s_matrix_is_left_alone():
    data, rows, columns = [0, 1, 1, 2], [0, 1, 1, 2], [0, 1, 1, 0]
    messy = sparse.coo_array((data, (rows, columns)), shape=(3, 2), dtype=np.int8)
    found = siting.max_coverage(messy, [100.0, 5, 3], sites=1)
    assert (found.selected.tolist(), found.value) == ([1], 5)
    assert messy.nnz == 4
    unsorted = sparse.csr_array((np.array([1, 0, 1]), np.array([1, 0, 0]), np.array([0, 3])), shape=(1, 2))
    before = unsorted.indices.copy()
    siting.max_coverage(unsorted, [1.0], sites=1)
    assert (unsorted.indices == before).all()


@pytest.mark.parametrize(
    "kind", [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix, sparse.lil_array]
)
def test_any_sparse_format_will_do(kind):
    assert siting.max_coverage(kind(COVER), PEOPLE, sites=2).value == 85


def test_travel_times_passed_by_mistake_are_refused():
    with pytest.raises(InputError) as caught:
        siting.max_coverage(COVER.astype(float), PEOPLE, sites=1)
    assert "coverage.matrix" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sites": 1, "budget": 3, "costs": [1, 1, 1, 1]}, "exactly one"),
        ({}, "exactly one"),
        ({"sites": -1}, "whole number"),
        ({"sites": 1.5}, "whole number"),
        ({"budget": 3}, "cost of every site"),
        ({"budget": float("nan"), "costs": [1, 1, 1, 1]}, "amount"),
        ({"budget": 3, "costs": [1, -1, 1, 1]}, "costs"),
        ({"budget": 3, "costs": [1, 1]}, "costs"),
        ({"sites": 1, "required": [9]}, "no site 9"),
        ({"sites": 1, "forbidden": [-1]}, "no site -1"),
        ({"sites": 1, "existing": [True]}, "site numbers"),
        ({"sites": 1, "required": [1], "forbidden": [1]}, "in both"),
        ({"sites": 1, "method": "magic"}, "greedy"),
        ({"sites": 1, "gap": 1.0}, "gap"),
        ({"sites": 1, "time_limit_s": 0}, "time_limit_s"),
    ],
)
def test_what_cannot_be_is_refused(wrong, told):
    with pytest.raises(InputError) as caught:
        siting.max_coverage(COVER, PEOPLE, **wrong)
    assert told in str(caught.value)
    assert caught.value.message("zh") != str(caught.value)


@pytest.mark.parametrize("weights", [[1, 2], [1, 2, 3, 4, -5], [1, 2, 3, 4, np.nan], [1, 2, 3, 4, np.inf], ["a"] * 5])
def test_weights_must_be_numbers_of_people(weights):
    with pytest.raises(InputError, match="weights"):
        siting.max_coverage(COVER, weights, sites=1)


def test_all_faults_come_together():
    with pytest.raises(InputError) as caught:
        siting.max_coverage(COVER.astype(float), [-1.0] * 5, sites=-1, required=[7])
    for told in ("cov", "weights", "sites", "no site 7"):
        assert told in str(caught.value)


def test_required_sites_beyond_the_number_or_the_budget_are_infeasible():
    with pytest.raises(InfeasibleError, match="2 sites"):
        siting.max_coverage(COVER, PEOPLE, sites=1, required=[0, 1])
    with pytest.raises(InfeasibleError, match="budget"):
        siting.max_coverage(COVER, PEOPLE, budget=9, costs=[4, 6, 9, 5], required=[0, 1])


def test_the_frontier_is_the_best_of_each_number():
    curve = siting.frontier(COVER, PEOPLE, 3)
    assert curve.sites.tolist() == [0, 1, 2, 3]
    assert curve.value.tolist() == [0, 55, 85, 85]
    assert curve.upper_bound.tolist() == [0, 55, 85, 85]


# ---------------------------------------------------------------------------------------------------------------- oracle


def brute_force(cover, weights, limit, costs, required, forbidden, existing) -> float | None:
    """Try every choice; None where the required sites alone exceed the limit."""
    n_sites = cover.shape[1]
    free = [j for j in range(n_sites) if j not in required and j not in forbidden and j not in existing]
    must = [j for j in required if j not in existing]
    if sum(costs[j] for j in must) > limit:
        return None
    best = 0.0
    for size in range(len(free) + 1):
        for some in itertools.combinations(free, size):
            if sum(costs[j] for j in (*must, *some)) <= limit:
                best = max(best, float(weights[cover[:, [*existing, *must, *some]].any(axis=1)].sum()))
    return best


@st.composite
def problems(draw):
    n_demand, n_sites = draw(st.integers(1, 9)), draw(st.integers(1, 6))
    cells = draw(st.lists(st.booleans(), min_size=n_demand * n_sites, max_size=n_demand * n_sites))
    cover = np.array(cells).reshape(n_demand, n_sites)
    whole = draw(st.booleans())
    number = st.integers(0, 9) if whole else st.floats(0, 9, allow_subnormal=False)
    weights = np.array(draw(st.lists(number, min_size=n_demand, max_size=n_demand)), float)
    roles = draw(st.lists(st.sampled_from(["free", "free", "free", "required", "forbidden", "existing"]),
                          min_size=n_sites, max_size=n_sites))  # fmt: skip
    costs = np.array(draw(st.lists(st.integers(0, 5), min_size=n_sites, max_size=n_sites)), float)
    by_money = draw(st.booleans())
    limit = draw(st.integers(0, 12 if by_money else n_sites))
    groups = {
        name: [j for j, role in enumerate(roles) if role == name] for name in ("required", "forbidden", "existing")
    }
    return cover, weights, limit, costs if by_money else None, groups


@settings(max_examples=800, deadline=None)
@given(problems(), st.sampled_from(["auto", "exact", "greedy"]))
def test_brute_force_agrees(problem, method):
    cover, weights, limit, costs, groups = problem
    unit = np.ones(cover.shape[1]) if costs is None else costs
    best = brute_force(cover, weights, limit, unit, **groups)
    asked = {"sites": limit} if costs is None else {"budget": limit, "costs": costs}
    if best is None:
        with pytest.raises(InfeasibleError):
            siting.max_coverage(sparse.csr_array(cover), weights, **asked, **groups)
        return
    found = siting.max_coverage(sparse.csr_array(cover), weights, method=method, **asked, **groups)
    opened = [*groups["existing"], *found.selected]
    assert weights[cover[:, opened].any(axis=1)].sum() == pytest.approx(found.value, abs=1e-9)
    assert set(groups["required"]) - set(groups["existing"]) <= set(found.selected)
    assert not set(groups["forbidden"]) & set(found.selected)
    assert not set(groups["existing"]) & set(found.selected)
    assert sum(unit[j] for j in found.selected) <= limit
    assert found.upper_bound >= best - 1e-9 * max(1, best)
    assert found.value <= best + 1e-9
    if method != "greedy":
        assert found.value == pytest.approx(best, abs=1e-9)
        assert found.status == "optimal"
    assert found.value_before == pytest.approx(weights[cover[:, groups["existing"]].any(axis=1)].sum())
    assert found.gains.sum() + found.value_before == pytest.approx(found.value, abs=1e-9)
    first = len(found.gains) and found.gains[0] == found.gains.max()
    assert first or not len(found.gains)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_the_frontier_agrees_with_brute_force(problem):
    cover, weights, _, _, groups = problem
    n_sites = cover.shape[1]
    curve = siting.frontier(sparse.csr_array(cover), weights, n_sites, **groups)
    unit = np.ones(n_sites)
    for number, value, bound in zip(curve.sites, curve.value, curve.upper_bound, strict=True):
        best = brute_force(cover, weights, number, unit, **groups)
        assert value == pytest.approx(best, abs=1e-9)
        assert bound == pytest.approx(best, abs=1e-6)


def town(seed: int, n_demand: int = 4000, n_sites: int = 200) -> tuple[sparse.csr_array, np.ndarray]:
    rng = np.random.default_rng(seed)
    people, sites = rng.uniform(0, 10_000, (n_demand, 2)), rng.uniform(0, 10_000, (n_sites, 2))
    near = ((people[:, None] - sites[None]) ** 2).sum(axis=2) <= 900**2
    return sparse.csr_array(near), rng.lognormal(3, 1, n_demand)


def test_the_same_answer_twice_and_with_any_number_of_threads():
    cover, weights = town(1)
    results = [siting.max_coverage(cover, weights, sites=15, threads=threads) for threads in (1, 2, 2)]
    for other in results[1:]:
        assert other.selected.tolist() == results[0].selected.tolist()
        assert (other.value, other.upper_bound) == (results[0].value, results[0].upper_bound)


def test_a_greedy_answer_has_a_bound_that_is_no_triviality():
    cover, weights = town(2)
    found = siting.max_coverage(cover, weights, sites=15, method="greedy")
    exact = siting.max_coverage(cover, weights, sites=15)
    assert exact.status == "optimal"
    reached = np.sort(np.asarray(weights @ cover.astype(float)))[::-1]
    assert exact.value <= found.upper_bound + 1e-6
    assert found.upper_bound < min(reached[:15].sum(), weights.sum())
    assert found.gap < 0.1


def test_a_wanted_gap_and_cancelling_stop_the_search_with_a_true_gap():
    cover, weights = town(3)
    optimum = siting.max_coverage(cover, weights, sites=15).value
    rough = siting.max_coverage(cover, weights, sites=15, gap=0.2)
    assert rough.gap <= 0.2
    assert rough.upper_bound >= optimum - 1e-6
    told = []
    stopped = siting.max_coverage(
        cover, weights, sites=15, cancelled=lambda: True, progress=lambda value, bound: told.append((value, bound))
    )
    assert stopped.stopped_by in ("cancelled", "proven")
    assert stopped.upper_bound >= optimum - 1e-6
    assert told


# ------------------------------------------------------------------------------------------------------ published problems

QUICK_S = 0.35
"""Cases that a general solver closed within this time are proven here; the others are in `benchmarks/siting.py`."""


def published(shared: Path) -> list[dict[str, str]]:
    with (shared / "siting" / "optima.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["proved"] == "True" and float(row["seconds"]) <= QUICK_S]
    return [row for row in rows if int(row["n_demand"]) <= 20_000]


def test_published_problems_are_solved_to_their_proven_optimum(shared, monkeypatch):
    monkeypatch.syspath_prepend(str(shared / "siting"))
    from load import coverage  # type: ignore[import-not-found]

    known: dict[tuple[str, str], tuple] = {}
    rows = published(shared)
    assert len(rows) > 150
    for row in rows:
        key = (row["instance"], row["threshold"])
        if key not in known:
            known = {key: coverage(row["instance"], threshold=float(row["threshold"]))}
        cover, weights, costs = known[key]
        asked = (
            {"budget": float(row["p"][2:]), "costs": costs} if row["p"].startswith("B=") else {"sites": int(row["p"])}
        )
        found = siting.max_coverage(cover, weights, **asked)
        assert found.value == pytest.approx(float(row["optimal"]), rel=1e-9), row
        assert found.status == "optimal", row
    sys.modules.pop("load", None)
