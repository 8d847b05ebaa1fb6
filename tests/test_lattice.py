"""Points of a lattice snapped a square at a time: the same as each for itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.streets.segment_grid import SegmentGrid


def polylines(seed: int, n: int, width_m: float, whole: bool) -> SegmentGrid:
    """Draw short streets; with `whole` metres many are equally near to a lattice point."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-width_m, width_m, (2, n, 3))
    x[:, 1:], y[:, 1:] = x[:, :1] + rng.normal(0, 90, (n, 2)), y[:, :1] + rng.normal(0, 90, (n, 2))
    if whole:
        x, y = np.round(x, -1), np.round(y, -1)
    return SegmentGrid.of(np.arange(0, 3 * n + 1, 3), x.ravel(), y.ravel())


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 10**6),
    n=st.sampled_from([1, 2, 5, 40, 300]),
    size=st.sampled_from([4, 8, 64]),
    step_m=st.sampled_from([2.5, 10.0, 15.0, 37.0]),
    max_snap_m=st.sampled_from([0.0, 25.0, 300.0, 5000.0]),
    place=st.tuples(st.integers(-60, 40), st.integers(-60, 40)),
    whole=st.booleans(),
)
def test_a_square_of_points_is_snapped_as_each_for_itself(seed, n, size, step_m, max_snap_m, place, whole):
    grid = polylines(seed, n, 800.0, whole)
    row, column = place
    y, x = np.divmod(np.arange(size * size), size)
    alone = grid.nearest(step_m * (column + x), step_m * (row + y), max_snap_m)
    for ours, theirs in zip(grid.nearest_in_square(row, column, size, step_m, max_snap_m), alone, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_square_beside_all_streets_finds_them_or_nothing():
    grid = SegmentGrid.of(np.array([0, 2]), np.array([0.0, 100.0]), np.array([0.0, 0.0]))
    segment, fraction, distance_m = grid.nearest_in_square(1, 0, 4, 50.0, 100.0)
    assert segment.tolist() == [0] * 4 + [0, 0, 0, -1] + [-1] * 8
    assert fraction[:4].tolist() == [0.0, 0.5, 1.0, 1.0]
    assert distance_m[:4].tolist() == [50.0, 50.0, 50.0, pytest.approx(np.hypot(50, 50))]
    assert np.isinf(distance_m[7]) and distance_m[4:7].tolist() == [100.0] * 3
