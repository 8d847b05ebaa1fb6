"""Problems that fall into parts: the whole is what its parts make, found by brute force, by curves of the parts, and twice."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planner import siting
from planner.solvers.exact import components


def town(
    n_parts: int, n_sites: int, n_rows: int, radius: float, seed: int
) -> tuple[list[sparse.csr_array], list[np.ndarray]]:
    """Return parts with sites and people strewn over a square each, far from one another."""
    rng = np.random.default_rng(seed)
    covers, weights = [], []
    for _ in range(n_parts):
        people, sites = rng.uniform(0, 1, (n_rows, 2)), rng.uniform(0, 1, (n_sites, 2))
        distance = np.sqrt(((people[:, None] - sites[None]) ** 2).sum(axis=2))
        covers.append(sparse.csr_array(distance <= radius))
        weights.append(rng.integers(1, 100, n_rows).astype(float))
    return covers, weights


def whole(covers: list[sparse.csr_array]) -> sparse.csr_array:
    return sparse.csr_array(sparse.block_diag(covers)).astype(bool)


def divided(curves: list[np.ndarray], limit: int) -> float:
    """Return the most that curves add up to, at most `limit` divided among them: every division of two, one after the other."""
    best = np.zeros(limit + 1)
    for curve in curves:
        best = np.array(
            [max(best[t - k] + curve[k] for k in range(min(t, len(curve) - 1) + 1)) for t in range(limit + 1)]
        )
    return float(best[limit])


def curve_of(cover: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what 0, 1, 2... sites of a part cover at most, by trying all."""
    n = cover.shape[1]
    return np.array(
        [
            max(weights[cover[:, list(some)].any(axis=1)].sum() for some in itertools.combinations(range(n), k))
            for k in range(n + 1)
        ]
    )


@st.composite
def parts(draw: st.DrawFn) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    shapes = [(int(rng.integers(1, 8)), int(rng.integers(1, 7))) for _ in range(draw(st.integers(2, 5)))]
    covers = [rng.random(shape) < 0.4 for shape in shapes]
    weights = [rng.integers(0, 12, shape[0]).astype(float) for shape in shapes]
    return covers, weights, draw(st.integers(0, sum(shape[1] for shape in shapes)))


@settings(max_examples=300, deadline=None)
@given(parts())
def test_parts_together_are_the_best_of_all_choices(given_: tuple[list[np.ndarray], list[np.ndarray], int]) -> None:
    covers, weights, limit = given_
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "_LARGEST", 1.0)
        found = siting.max_coverage(whole([sparse.csr_array(c) for c in covers]), np.concatenate(weights), sites=limit)
    assert found.value == divided([curve_of(c, w) for c, w in zip(covers, weights, strict=True)], limit)
    assert found.status == "optimal" and len(found.selected) <= limit


def test_what_a_search_of_the_whole_cannot_prove_its_parts_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    covers, weights = town(24, 60, 100, 0.16, 1)
    asked: list[int] = []
    solve_part = components._solve_part
    monkeypatch.setattr(
        components, "_solve_part", lambda part, k, *more: (asked.append(k), solve_part(part, k, *more))[1]
    )
    found = siting.max_coverage(whole(covers), np.concatenate(weights), sites=240)
    assert asked and found.status == "optimal"
    curves = [siting.frontier(cover, some, sites=20) for cover, some in zip(covers, weights, strict=True)]
    assert all((curve.upper_bound == curve.value).all() for curve in curves)
    assert found.value == divided([curve.value for curve in curves], 240)
    again = siting.max_coverage(whole(covers), np.concatenate(weights), sites=240, threads=1)
    assert np.array_equal(again.selected, found.selected)


def test_a_search_that_is_cut_short_says_how_far_it_may_be_off() -> None:
    covers, weights = town(24, 60, 100, 0.16, 1)
    best = siting.max_coverage(whole(covers), np.concatenate(weights), sites=240).value
    for limit_s in (1e-9, 0.05, 0.1):
        found = siting.max_coverage(whole(covers), np.concatenate(weights), sites=240, time_limit_s=limit_s)
        assert found.value <= best <= found.upper_bound


def test_everybody_of_many_parts_is_covered_with_the_sum_of_the_fewest() -> None:
    covers, weights = town(30, 60, 100, 0.16, 1)
    found = siting.min_sites(whole(covers), np.concatenate(weights), share=1.0, of="coverable")
    each = [
        siting.min_sites(cover, some, share=1.0, of="coverable").value
        for cover, some in zip(covers, weights, strict=True)
    ]
    assert found.status == "optimal" and found.value == sum(each) and found.share == 1.0


def test_sites_without_anybody_and_parts_of_one_site() -> None:
    cover = sparse.csr_array(np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 0]], bool))
    found = siting.max_coverage(cover, np.array([5.0, 3.0, 2.0, 2.0]), sites=2)
    assert found.value == 9.0 and sorted(found.selected.tolist()) == [0, 3]
