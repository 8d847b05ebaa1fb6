"""Money to the last digit: what is dearer than the budget never opens, and sums compare as the decimals do."""

import numpy as np
import pytest
from scipy import sparse

from planner import siting
from planner.errors import InfeasibleError
from planner.solvers.input.reduction import scale_costs

THREE = sparse.csr_array(np.eye(3, dtype=bool))
PEOPLE = [1.0, 1, 50]
COSTS = [1, 2, 3.4]  # the third is dearer than the budget of 3


def test_a_site_dearer_than_the_budget_never_opens():
    found = siting.max_coverage(THREE, PEOPLE, budget=3, costs=COSTS)
    assert (found.selected.tolist(), found.value, found.upper_bound) == ([0, 1], 2, 2)
    assert siting.max_coverage(THREE, PEOPLE, budget=3.4, costs=COSTS).selected.tolist() == [2]
    quick = siting.max_coverage(THREE, PEOPLE, budget=3, costs=COSTS, method="greedy")
    assert quick.selected.tolist() == [0, 1]


def test_nor_on_the_curve():
    curve = siting.frontier(THREE, PEOPLE, budget=3, costs=COSTS, points=4)
    assert curve.budget.tolist() == [0, 1, 2, 3]
    assert curve.value.tolist() == [0, 1, 1, 2]
    curve = siting.frontier(THREE, PEOPLE, budget=[3.3, 3.4], costs=COSTS)
    assert curve.value.tolist() == [2, 50]


def test_nor_in_a_list_or_an_alternative():
    assert siting.evaluate(THREE, PEOPLE, [2], budget=3, costs=COSTS).broken == ("budget",)
    assert siting.evaluate(THREE, PEOPLE, [2], budget=3.4, costs=COSTS).broken == ()
    others = siting.alternatives(THREE, PEOPLE, budget=3, costs=COSTS)
    assert [one.selected.tolist() for one in others] == [[0, 1], [0], [1]][: len(others)]
    with pytest.raises(InfeasibleError):
        siting.max_coverage(THREE, PEOPLE, budget=3, costs=COSTS, required=[2])


def test_least_cost_with_decimals():
    cover = sparse.csr_array(np.array([[1, 0, 1], [0, 1, 1]], bool))
    assert siting.min_sites(cover, [1, 1], costs=[0.1, 0.2, 0.3]).value == pytest.approx(0.3)
    found = siting.min_sites(cover, [1, 1], costs=[1.1, 2.2, 3.29])
    assert (found.selected.tolist(), found.value, found.status) == ([2], 3.29, "optimal")
    found = siting.min_sites(cover, [1, 1], costs=[1.1, 2.2, 3.31])
    assert (sorted(found.selected.tolist()), found.value) == ([0, 1], pytest.approx(3.3))


@pytest.mark.parametrize(
    ("costs", "budget", "fits"),
    [
        ([0.1, 0.2], 0.3, True),  # 0.30000000000000004 in floats
        ([0.1, 0.2], 0.29999, False),
        ([0.7, 0.1], 0.8, True),  # 0.7999999999999999 in floats
        ([1 / 3, 1 / 3, 1 / 3], 1.0, True),
        ([1 / 3, 1 / 3, 1 / 3, 1e-9], 1.0, False),
        ([123456.789012, 0.000001], 123456.789013, True),
        ([123456.789012, 0.000002], 123456.789013, False),
        ([1e15, 1.0], 1e15, False),
        ([3.4], 3, False),
        ([3.0, 3.4], 3, False),
        ([0.0, 0.0], 0.0, True),
        ([5e-324], 0.0, False),
        ([1e300], 1.0, False),
        ([2.5] * 40_000, 100_000.0, True),
        ([2.5] * 40_000 + [0.1], 100_000.0, False),
    ],
)
def test_sums_compare_as_the_decimals_do(costs, budget, fits):
    whole, limit = scale_costs(np.array(costs, float), budget)
    assert (sum(whole.tolist()) <= limit) == fits
    assert whole.min() >= 0
    assert limit < 2**53


def test_many_dear_sites_do_not_come_round_to_nothing():
    """Whole costs near the largest that a number holds, ten thousand of them."""
    n = 10_000
    cover = sparse.csr_array(np.ones((1, n), bool))
    costs = np.full(n, np.pi * 1e9)
    found = siting.evaluate(cover, [1.0], np.arange(n), budget=np.e * 1e9, costs=costs)
    assert found.broken == ("budget",)
