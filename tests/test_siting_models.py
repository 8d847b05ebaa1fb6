"""The other models: solutions on paper, every choice of small problems tried, medians and centers with known optima."""

import itertools
import sys

import numpy as np
import pytest
from scipy import sparse
from siting_checks import CHECKS

from planner import siting
from planner.errors import InfeasibleError, InputError

# Five hamlets and four sites; each row says which sites reach the hamlet, and in how many seconds.
#
#              a    b    c    d
#   hamlet 0   0    .    .    .     10 people    (a lies in the hamlet: 0 seconds is a time)
#   hamlet 1  200  100   .    .     20
#   hamlet 2   .   300  400   .     30
#   hamlet 3   .    .   150   .     25
#   hamlet 4   .    .    .    .      7   (nobody can reach these)
#
# Within reach: a covers 30, b 50, c 55, d nobody. All but hamlet 4 need a and c: a alone serves 0, c alone 3, together 85.
ROWS, COLUMNS = [0, 1, 1, 2, 2, 3], [0, 0, 1, 1, 2, 2]
SECONDS = [0.0, 200, 100, 300, 400, 150]
TIMES = sparse.csr_array((SECONDS, (ROWS, COLUMNS)), shape=(5, 4))
COVER = sparse.csr_array((np.ones(6, bool), (ROWS, COLUMNS)), shape=(5, 4))
PEOPLE = np.array([10.0, 20, 30, 25, 7])


@pytest.mark.parametrize("model", sorted(CHECKS))
@pytest.mark.parametrize("block", range(3))
def test_every_choice_of_small_problems_agrees(model, block):
    told = [CHECKS[model](seed) for seed in range(60 * block, 60 * block + 60)]
    assert told.count("solved") > 15
    assert "infeasible" in told


# ------------------------------------------------------------------------------------------------------------- min_sites


def test_the_fewest_sites_for_everybody_who_can_be_covered():
    found = siting.min_sites(COVER, PEOPLE, of="coverable")
    assert found.selected.tolist() == [2, 0]
    assert (found.value, found.lower_bound, found.status, found.share) == (2, 2, "optimal", 1.0)
    assert found.covered.tolist() == [True, True, True, True, False]


def test_the_largest_share_possible_is_named():
    with pytest.raises(InfeasibleError) as caught:
        siting.min_sites(COVER, PEOPLE, share=1.0)
    assert caught.value.params["largest"] == pytest.approx(85 / 92)
    assert "92.39" in str(caught.value)
    assert "92.39" in caught.value.message("zh")


def test_part_of_everybody_needs_fewer():
    # 60 of 92 people: no single site covers them (c: 55); a and b do (60), and so do others
    found = siting.min_sites(COVER, PEOPLE, share=60 / 92)
    assert (found.value, found.lower_bound) == (2, 2)
    assert siting.min_sites(COVER, PEOPLE, share=55 / 92).selected.tolist() == [2]
    assert siting.min_sites(COVER, PEOPLE, share=0).selected.tolist() == []


def test_the_cheapest_sites_for_a_share():
    # 50 people: c alone costs 9, b alone 6
    found = siting.min_sites(COVER, PEOPLE, share=50 / 92, costs=[4, 6, 9, 1])
    assert (found.selected.tolist(), found.value, found.lower_bound) == ([1], 6, 6)


def test_required_sites_count_and_existing_ones_do_not():
    found = siting.min_sites(COVER, PEOPLE, share=85 / 92, required=[3], existing=[2])
    assert found.selected.tolist() == [0, 3]
    assert found.value == 2


# ---------------------------------------------------------------------------------------------------------------- backup


def test_served_twice():
    # hamlet 1 has a and b, hamlet 2 has b and c; b must open in any case
    found = siting.max_backup(COVER, PEOPLE, sites=2)
    assert sorted(found.selected.tolist()) == [1, 2]
    assert (found.value, found.upper_bound) == (30, 30)
    assert found.covered.tolist() == [False, False, True, False, False]
    assert siting.max_backup(COVER, PEOPLE, sites=3).value == 50
    assert siting.max_backup(COVER, PEOPLE, sites=1, existing=[1]).value == 30


def san_francisco(shared, monkeypatch, threshold):
    """Return coverage, distances as a csr matrix and people of the 205 tracts and 16 stores."""
    monkeypatch.syspath_prepend(str(shared / "siting"))
    from load import coverage, problem  # type: ignore[import-not-found]

    cover, people, _ = coverage("SF_205x16_network", threshold=threshold)
    distance = problem("SF_205x16_network")["distance"].astype(float)
    n, m = distance.shape
    sys.modules.pop("load", None)
    return (
        cover,
        sparse.csr_array((distance.ravel(), np.tile(np.arange(m), n), np.arange(0, n * m + 1, m)), (n, m)),
        people,
    )


def test_every_four_stores_of_san_francisco_tried_for_backup(shared, monkeypatch):
    cover, _, people = san_francisco(shared, monkeypatch, 5000)
    count = cover.toarray().astype(int)
    best = max(people[count[:, list(four)].sum(axis=1) >= 2].sum() for four in itertools.combinations(range(16), 4))
    found = siting.max_backup(cover, people, sites=4)
    assert (found.value, found.status) == (best, "optimal")


def test_san_francisco_as_spopt_solves_it(shared, monkeypatch):
    """Values of spopt 0.7.0 with HiGHS on the same matrix."""
    cover, t, people = san_francisco(shared, monkeypatch, 5000)
    assert siting.min_sites(cover, people).value == 8
    assert siting.min_sites(san_francisco(shared, monkeypatch, 8000)[0], people).value == 3
    for sites, median, center in ((4, 2848268129.7145, 7403.06381), (6, 2347055166.6774, 5903.66715)):
        found, worst = siting.p_median(t, people, sites), siting.p_center(t, sites)
        assert found.value == pytest.approx(median, rel=1e-12)
        assert worst.value == pytest.approx(center, abs=1e-4)
        assert (found.status, worst.status) == ("optimal", "optimal")


# ----------------------------------------------------------------------------------------------------------------- zones


def test_the_worst_zone_is_served_best():
    # zone 0: hamlets 0 and 1 (30 people), zone 1: hamlets 2 and 3 (55). One site: b covers 20/30 and 30/55; c nothing of zone 0
    zones = np.array([0, 0, 1, 1, -1])
    found = siting.max_worst_zone(COVER, PEOPLE, sites=1, zones=zones)
    assert found.selected.tolist() == [1]
    assert found.value == pytest.approx(30 / 55)
    assert found.zone_shares.tolist() == pytest.approx([20 / 30, 30 / 55])
    assert found.status == "optimal"
    assert siting.max_worst_zone(COVER, PEOPLE, sites=2, zones=zones).value == 1


# -------------------------------------------------------------------------------------------------------------- p-median


def test_the_least_person_seconds():
    # 1000 s for whoever has nobody: b leaves 20 x 100 + 30 x 300 = 11,000 and 42 people without; c 30 x 400 + 25 x 150 = 15,750
    # and 37 without; a 4,000 and 62 without
    found = siting.p_median(TIMES, PEOPLE, 1, unserved_s=1000)
    assert found.selected.tolist() == [2]
    assert (found.value, found.lower_bound, found.status) == (15_750 + 37_000, 15_750 + 37_000, "optimal")
    assert found.mean_s == pytest.approx(52_750 / 92)
    assert found.unserved == 37


def test_exactly_so_many_sites_and_a_time_of_nothing_is_a_time():
    found = siting.p_median(TIMES, PEOPLE, 4, unserved_s=1000)
    assert sorted(found.selected.tolist()) == [0, 1, 2, 3]
    assert found.value == 20 * 100 + 30 * 300 + 25 * 150 + 7 * 1000
    assert len(siting.p_median(TIMES, PEOPLE, 9, unserved_s=1000).selected) == 4


def test_whoever_may_be_without_must_be_priced():
    with pytest.raises(InputError, match="unserved_s"):
        siting.p_median(TIMES, PEOPLE, 1)
    with pytest.raises(InputError, match="400"):
        siting.p_median(TIMES, PEOPLE, 1, unserved_s=399)
    everybody = sparse.csr_array(np.array([[5.0, 1], [2, 9]]))
    assert siting.p_median(everybody, [1, 1], 1).value == 7


# -------------------------------------------------------------------------------------------------------------- p-center


def test_the_least_worst_time():
    found = siting.p_center(TIMES, 2)
    assert sorted(found.selected.tolist()) == [0, 2]
    assert (found.value, found.lower_bound, found.status, found.left_out) == (400, 400, "optimal", 1)
    assert siting.p_center(TIMES, 3).value == 300


def test_too_few_sites_to_reach_everybody():
    with pytest.raises(InfeasibleError) as caught:
        siting.p_center(TIMES, 1)
    assert caught.value.params["families"] == ["sites", "share"]


@pytest.mark.parametrize(
    ("name", "sites", "median", "center"),
    [("pmed1", 5, 5819, 127), ("pmed2", 10, 4093, 98), ("pmed6", 5, 7824, 84), ("pmed8", 20, 4445, 55)],
)
def test_medians_and_centers_of_the_or_library(shared, monkeypatch, name, sites, median, center):
    monkeypatch.syspath_prepend(str(shared / "siting"))
    from load import problem  # type: ignore[import-not-found]

    distance = problem(f"{name}_w37")["distance"].astype(float)
    n = len(distance)
    t = sparse.csr_array((distance.ravel(), np.tile(np.arange(n), n), np.arange(0, n * n + 1, n)), shape=(n, n))
    found = siting.p_median(t, np.ones(n), sites)
    assert (found.value, found.status) == (median, "optimal")
    assert len(found.selected) == sites
    worst = siting.p_center(t, sites)
    assert (worst.value, worst.status) == (center, "optimal")
    sys.modules.pop("load", None)


# -------------------------------------------------------------------------------------------------------------- frontier


def test_the_frontier_by_money():
    curve = siting.frontier(COVER, PEOPLE, budget=[4, 9, 13, 30], costs=[4, 6, 9, 1])
    assert curve.budget is not None
    assert curve.budget.tolist() == [4, 9, 13, 30]
    assert curve.value.tolist() == [30, 55, 85, 85]
    assert curve.upper_bound.tolist() == [30, 55, 85, 85]
    assert [sites.tolist() for sites in curve.selected] == [[0], [2], [2, 0], [2, 0]]
    assert siting.frontier(COVER, PEOPLE, budget=12, costs=[4, 6, 9, 1], points=3).value.tolist() == [0, 50, 60]


# ------------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: siting.min_sites(COVER, PEOPLE, share=1.1), "share"),
        (lambda: siting.min_sites(COVER, PEOPLE, share=float("nan")), "share"),
        (lambda: siting.min_sites(COVER, PEOPLE, of="some"), "coverable"),
        (lambda: siting.min_sites(COVER, -PEOPLE), "weights"),
        (lambda: siting.max_backup(COVER, PEOPLE, sites=1, times=0), "times"),
        (lambda: siting.max_backup(COVER, PEOPLE, sites=1, conditions=siting.Conditions(capacity=np.ones(4))), "capac"),
        (lambda: siting.max_worst_zone(COVER, PEOPLE, sites=1, zones=[0.5] * 5), "zones"),
        (lambda: siting.max_worst_zone(COVER, PEOPLE, sites=1, zones=[0]), "zones"),
        (lambda: siting.p_median(TIMES.toarray(), PEOPLE, 1), "sparse"),
        (lambda: siting.p_median(COVER, PEOPLE, 1, unserved_s=9), "coverage.travel_times"),
        (lambda: siting.p_median(-TIMES, PEOPLE, 1, unserved_s=9), "negative"),
        (lambda: siting.p_median(TIMES, [np.nan] * 5, 1, unserved_s=999), "weights"),
        (lambda: siting.p_median(TIMES, PEOPLE, -1, unserved_s=999), "sites"),
        (lambda: siting.p_center(TIMES, 1.5), "sites"),
        (lambda: siting.p_center(TIMES, "2"), "sites"),
        (lambda: siting.frontier(COVER, PEOPLE), "exactly one"),
        (lambda: siting.frontier(COVER, PEOPLE, budget=[1, -2]), "cost of every site"),
        (lambda: siting.frontier(COVER, PEOPLE, budget=3, costs=[1, 1, 1, 1], points=0.5), "points"),
    ],
)
def test_what_cannot_be_is_refused(ask, told):
    with pytest.raises(InputError) as caught:
        ask()
    assert told in str(caught.value)
    assert caught.value.message("zh") != str(caught.value)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_reach_or_nothing_to_open(shape):
    t, people = sparse.csr_array(shape, dtype=float), np.ones(shape[0])
    assert siting.p_center(t, 2).value == 0
    found = siting.p_median(t, people, 2, unserved_s=60)
    assert found.value == 60 * shape[0]
    cover = sparse.csr_array(shape, dtype=bool)
    assert siting.min_sites(cover, people, of="coverable").value == 0
    assert siting.max_backup(cover, people, sites=2).value == 0
    assert siting.max_worst_zone(cover, people, sites=2, zones=np.zeros(shape[0], int)).value == float(shape[0] == 0)


def test_more_times_than_can_be_held_are_refused_and_a_whole_float_is_a_number(monkeypatch):
    assert siting.p_median(TIMES, PEOPLE, 2.0, unserved_s=1000).value == siting.p_median(
        TIMES, PEOPLE, 2, unserved_s=1000
    ).value  # fmt: skip
    assert siting.frontier(COVER, PEOPLE, 1.0).value.tolist() == [0, 55]
    monkeypatch.setattr("planner.solvers.input.travel_times.MOST_PAIRS", 3)
    with pytest.raises(InputError, match="fewer sites"):
        siting.p_median(TIMES, PEOPLE, 1, unserved_s=1000)


def test_duplicates_are_one_and_the_caller_s_times_stay_as_they_are():
    twice = sparse.coo_array(([9.0, 4, 0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    found = siting.p_median(twice, [1, 1], 2, unserved_s=100)
    assert found.value == 4
    assert twice.nnz == 3


# ----------------------------------------------------------------------------------------------------- the same each time


def town(seed: int, n_demand: int = 300, n_sites: int = 30) -> tuple[sparse.csr_array, np.ndarray]:
    """Return seconds within 900 and people of a made-up town."""
    rng = np.random.default_rng(seed)
    people, sites = rng.uniform(0, 6_000, (n_demand, 2)), rng.uniform(0, 6_000, (n_sites, 2))
    seconds = np.round(np.sqrt(((people[:, None] - sites[None]) ** 2).sum(axis=2)), 3)
    row, column = np.nonzero(seconds <= 900)
    t = sparse.csr_array((seconds[row, column], (row, column)), shape=seconds.shape)
    return t, np.round(rng.lognormal(3, 1, n_demand))


def test_the_same_answer_twice_and_with_any_number_of_threads():
    t, people = town(1)
    cover = sparse.csr_array((np.ones(t.nnz, bool), t.indices, t.indptr), shape=t.shape)
    zones = np.arange(len(people)) % 5
    for ask in (
        lambda threads: siting.min_sites(cover, people, 0.7, threads=threads),
        lambda threads: siting.max_backup(cover, people, sites=5, threads=threads),
        lambda threads: siting.max_worst_zone(cover, people, sites=8, zones=zones, threads=threads),
        lambda threads: siting.p_median(t, people, 8, unserved_s=1800, threads=threads),
        lambda threads: siting.p_center(t, 28, threads=threads),
    ):
        results = [ask(threads) for threads in (1, 2, 2)]
        for other in results[1:]:
            assert other.selected.tolist() == results[0].selected.tolist()
            assert (other.value, other.gap, other.status) == (results[0].value, results[0].gap, results[0].status)


def test_cancelling_ends_a_search_with_a_true_bound():
    t, people = town(2)
    best = siting.p_median(t, people, 8, unserved_s=1800)
    told = []
    stopped = siting.p_median(
        t, people, 8, unserved_s=1800, cancelled=lambda: True, progress=lambda value, bound: told.append((value, bound))
    )
    assert stopped.lower_bound <= best.value <= stopped.value
    assert all(bound <= value + 1e-6 for value, bound in told)
