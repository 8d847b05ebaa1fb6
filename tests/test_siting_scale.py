"""The largest sizes, on small problems: catchments in parts, the curve found as one, all beside the ordinary path."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planner import siting
from planner.errors import InputError
from planner.kernels.cover import count_open, helping_sites
from planner.kernels.cover_parts import are_catchments, sums_of, take_catchments
from planner.solvers.questions import frontier
from planner.solvers.search import coverage_curve as curve
from planner.solvers.search import streamed_coverage as streamed

# Five hamlets and four sites; each row says which sites reach the hamlet.
#
#              a  b  c  d
#   hamlet 0   x  .  .  .     10 people
#   hamlet 1   x  x  .  .     20
#   hamlet 2   .  x  x  .     30
#   hamlet 3   .  .  x  .     25
#   hamlet 4   .  .  .  .      7   (nobody can reach these)
#
# a covers 30, b 50, c 55, d nobody. Best of one: c, 55. Best of two: a and c, 85. All there is: 85.
COVER = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], bool)
PEOPLE = np.array([10.0, 20, 30, 25, 7])


class Catchments:
    """The catchments of a matrix, some at a time; `asked` tells the sites of each call."""

    def __init__(self, cover, at_once=2):
        self.cover, self.at_once, self.asked = sparse.csc_array(cover), at_once, []

    def __call__(self, sites):
        self.asked.append(sites.tolist())
        for start in range(0, len(sites), self.at_once):
            part = self.cover[:, sites[start : start + self.at_once]]
            yield part.indptr, part.indices


def test_streamed_on_paper():
    found = siting.max_coverage_streamed(Catchments(COVER), PEOPLE, 2, n_sites=4)
    assert found.selected.tolist() == [2, 0]
    assert found.gains.tolist() == [55, 30]
    assert (found.value, found.upper_bound, found.status, found.stopped_by) == (85, 85, "optimal", "proven")
    assert found.covered.tolist() == [True, True, True, True, False]
    assert found.served.tolist() == [10, 20, 30, 25, 0]


def test_streamed_beside_sites_that_stand_or_stay_shut():
    found = siting.max_coverage_streamed(Catchments(COVER), PEOPLE, 1, n_sites=4, existing=[2], forbidden=[0])
    # c stands and covers 55; without a only b adds anything, hamlet 1
    assert found.selected.tolist() == [1]
    assert (found.value_before, found.value, found.upper_bound) == (55, 75, 75)


def test_streamed_asks_only_for_sites_that_can_matter(monkeypatch):
    # one site is sampled at first; ceilings say what the others cannot do
    monkeypatch.setattr(streamed, "_SAMPLE_SITES", 1)
    monkeypatch.setattr(streamed, "_SAMPLE_EACH", 1)
    of = Catchments(COVER)
    found = siting.max_coverage_streamed(of, PEOPLE, 1, n_sites=4, ceilings=[30, 50, 55, 0])
    assert found.selected.tolist() == [2]
    assert (found.value, found.upper_bound) == (55, 55)
    # after the sample nobody asks for d, which adds nothing
    assert all(3 not in later for later in of.asked[1:])
    assert any(2 in some for some in of.asked)


def test_streamed_without_anything_to_do():
    nothing = siting.max_coverage_streamed(Catchments(COVER), PEOPLE, 0, n_sites=4)
    assert (nothing.selected.tolist(), nothing.value, nothing.upper_bound) == ([], 0, 0)
    no_sites = siting.max_coverage_streamed(Catchments(COVER[:, :0]), PEOPLE, 3, n_sites=0)
    assert (no_sites.value, no_sites.upper_bound) == (0, 0)
    nobody = siting.max_coverage_streamed(Catchments(COVER), np.zeros(5), 2, n_sites=4)
    assert (nobody.selected.tolist(), nobody.upper_bound) == ([], 0)


def random_problem(rng, n_demand, n_sites):
    cover = rng.random((n_demand, n_sites)) < rng.uniform(0.02, 0.4)
    scale = rng.choice([1.0, 0.37])  # people, or shares that no binary fraction holds
    return cover, rng.integers(0, 20, n_demand) * scale


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_streamed_is_bounded_beside_every_choice(seed):
    rng = np.random.default_rng(seed)
    cover, weights = random_problem(rng, int(rng.integers(1, 30)), int(rng.integers(1, 9)))
    n_sites, number = cover.shape[1], int(rng.integers(0, 5))
    before = streamed._SAMPLE_SITES, streamed._SAMPLE_EACH
    streamed._SAMPLE_SITES, streamed._SAMPLE_EACH = 2, 1
    try:
        found = siting.max_coverage_streamed(
            Catchments(cover), weights, number, n_sites=n_sites, pairs_kept=int(rng.integers(1, 60))
        )
    finally:
        streamed._SAMPLE_SITES, streamed._SAMPLE_EACH = before
    best = max(
        weights[cover[:, list(some)].any(axis=1)].sum()
        for some in itertools.combinations(range(n_sites), min(number, n_sites))
    )
    assert found.value <= best * (1 + 1e-12)
    assert found.upper_bound >= best * (1 - 1e-12)
    assert len(found.selected) <= number
    assert found.value == pytest.approx(weights[cover[:, found.selected].any(axis=1)].sum(), rel=1e-12)
    assert found.gains.sum() == pytest.approx(found.value, rel=1e-12)
    assert (np.diff(found.gains) <= 0).all()


def towns(seed, n=400):
    """Return who is near whom among places in some towns, and people at each."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 10, (12, 2))[rng.integers(0, 12, n)] + rng.normal(0, 0.5, (n, 2))
    near = ((xy[:, None] - xy[None]) ** 2).sum(axis=2) <= 0.3**2
    return near, rng.integers(1, 100, n).astype(float)


def test_streamed_comes_near_the_ordinary_path_with_a_small_sample(monkeypatch):
    monkeypatch.setattr(streamed, "_SAMPLE_SITES", 60)
    monkeypatch.setattr(streamed, "_SAMPLE_EACH", 1)
    near, weights = towns(1)
    exact = siting.max_coverage(sparse.csr_array(near), weights, sites=8)
    assert exact.status == "optimal"
    parts = [siting.max_coverage_streamed(Catchments(near, k), weights, 8, n_sites=400) for k in (1, 7, 400)]
    for found in parts:
        assert found.value <= exact.value <= found.upper_bound
        assert found.gap < 0.02
        # however the parts are cut, the solution is the same
        assert found.selected.tolist() == parts[0].selected.tolist()
        assert found.upper_bound == parts[0].upper_bound


def test_streamed_keeps_few_pairs_and_stays_bounded(monkeypatch):
    monkeypatch.setattr(streamed, "_SAMPLE_SITES", 60)
    monkeypatch.setattr(streamed, "_SAMPLE_EACH", 1)
    near, weights = towns(2)
    exact = siting.max_coverage(sparse.csr_array(near), weights, sites=8)
    found = siting.max_coverage_streamed(Catchments(near), weights, 8, n_sites=400, pairs_kept=300)
    assert found.value <= exact.value <= found.upper_bound


def test_streamed_stops_when_told_and_the_bound_still_holds(monkeypatch):
    monkeypatch.setattr(streamed, "_SAMPLE_SITES", 60)
    monkeypatch.setattr(streamed, "_SAMPLE_EACH", 1)
    near, weights = towns(3)
    exact = siting.max_coverage(sparse.csr_array(near), weights, sites=8)
    told = []
    found = siting.max_coverage_streamed(
        Catchments(near), weights, 8, n_sites=400, progress=lambda *state: told.append(state), cancelled=lambda: True
    )
    assert found.stopped_by == "cancelled"
    assert 0 < found.value <= exact.value <= found.upper_bound
    assert told[-1] == (found.value, found.upper_bound)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([([0, 1], [9])], "a demand point that is not there"),
        ([([0, 2], [1, 1])], "one twice"),
        ([([0, 1], [1])], "1 catchments came for 4 sites"),
        ([([0, 0, 0, 0, 0, 0], [])], "more catchments than were asked for"),
    ],
)
def test_streamed_refuses_catchments_that_cannot_be(parts, message):
    arrays = [(np.array(ptr), np.array(rows, np.int32)) for ptr, rows in parts]
    with pytest.raises(InputError, match=message):
        siting.max_coverage_streamed(lambda sites: arrays, PEOPLE, 2, n_sites=4)


def test_streamed_names_all_faults_together():
    with pytest.raises(InputError) as fault:
        siting.max_coverage_streamed(Catchments(COVER), [-1.0], -2, n_sites=4)
    assert "weights" in str(fault.value)
    assert "sites" in str(fault.value)


def test_large_curve_on_paper(monkeypatch):
    monkeypatch.setattr(curve, "LARGE_WORK", 1)
    monkeypatch.setattr(frontier, "LARGE_WORK", 1)
    found = siting.frontier(sparse.csr_array(COVER), PEOPLE, 3)
    assert found.sites.tolist() == [0, 1, 2, 3]
    assert found.value.tolist() == [0, 55, 85, 85]
    assert found.upper_bound.tolist() == [0, 55, 85, 85]
    assert [some.tolist() for some in found.selected] == [[], [2], [2, 0], [2, 0]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_large_curve_beside_the_ordinary_one(seed):
    rng = np.random.default_rng(seed)
    cover, weights = random_problem(rng, int(rng.integers(1, 40)), int(rng.integers(1, 12)))
    existing = rng.permutation(cover.shape[1])[: int(rng.integers(0, 2))]
    matrix, number = sparse.csr_array(cover), int(rng.integers(1, 7))
    ordinary = siting.frontier(matrix, weights, number, existing=existing)
    before = frontier.LARGE_WORK
    frontier.LARGE_WORK = 0
    try:
        found = siting.frontier(matrix, weights, number, existing=existing)
    finally:
        frontier.LARGE_WORK = before
    # where fewer sites are left than asked for, the curve ends where nothing more can be added
    assert found.sites.tolist() == ordinary.sites.tolist()
    assert (found.value <= ordinary.upper_bound * (1 + 1e-12)).all()
    assert (found.upper_bound >= ordinary.value * (1 - 1e-12)).all()
    assert (np.diff(found.value) >= 0).all()
    assert (np.diff(found.upper_bound) >= -1e-9).all()
    for value, some, n in zip(found.value, found.selected, found.sites, strict=True):
        assert len(some) <= n
        opened = np.concatenate((existing, some)).astype(int)
        assert value == pytest.approx(weights[cover[:, opened].any(axis=1)].sum(), rel=1e-12)


def test_large_curve_is_the_same_with_one_thread_and_two_and_twice(monkeypatch):
    monkeypatch.setattr(frontier, "LARGE_WORK", 1)
    near, weights = towns(4)
    found = [siting.frontier(sparse.csr_array(near), weights, 30, gap=0.005, threads=k) for k in (1, 2, 2)]
    for other in found[1:]:
        assert other.value.tolist() == found[0].value.tolist()
        assert other.upper_bound.tolist() == found[0].upper_bound.tolist()
        assert [some.tolist() for some in other.selected] == [some.tolist() for some in found[0].selected]
    assert found[0].gap.max() < 0.02


def test_large_curve_cancelled_has_all_numbers_and_true_bounds(monkeypatch):
    near, weights = towns(5)
    ordinary = siting.frontier(sparse.csr_array(near), weights, 5)
    monkeypatch.setattr(frontier, "LARGE_WORK", 1)
    found = siting.frontier(sparse.csr_array(near), weights, 5, cancelled=lambda: True)
    assert found.sites.tolist() == ordinary.sites.tolist()
    assert (found.upper_bound >= ordinary.value).all()


def test_ordinary_frontier_cancelled_keeps_the_points_it_has():
    found = siting.frontier(sparse.csr_array(COVER), PEOPLE, 3, cancelled=lambda: True)
    assert found.sites.tolist() == [0]


def test_kernels_on_paper():
    # rows 0: sites 0 2, 1: none, 2: site 1
    ptr, sites = np.array([0, 2, 2, 3]), np.array([0, 2, 1], np.int32)
    assert count_open(ptr, sites, np.array([True, False, True])).tolist() == [2, 0, 0]
    assert helping_sites(ptr, sites, np.array([True, True, False]), 3).tolist() == [True, False, True]
    assert sums_of(ptr, sites, np.array([5, 7, 9])).tolist() == [14, 0, 7]
    taken_ptr, taken = take_catchments(ptr, sites, np.array([2, 0]))
    assert (taken_ptr.tolist(), taken.tolist()) == ([0, 1, 3], [1, 0, 2])
    assert are_catchments(ptr, sites, 3, np.full(3, -1), 0)
    assert not are_catchments(ptr, sites, 2, np.full(3, -1), 0)
