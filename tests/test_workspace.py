"""Stamps mark what a search has been to; when they run out they begin again, and no mark that is still read is lost."""

import numpy as np
import pytest
from toys import ORIGIN, in_metres, network_of

from planner import coverage, isochrones
from planner.streets.workspace import LAST_STAMP, Stamps, Workspace


def test_stamps_begin_again_before_they_run_out() -> None:
    stamps = Stamps(3, 2)
    assert (stamps.reserve(5), stamps.reserve(1)) == (1, 6)
    stamps.next = LAST_STAMP - 4
    for marks in stamps.marks:
        marks[:] = LAST_STAMP - 5
    assert stamps.reserve(4) == LAST_STAMP - 4, "the last ones that are left"
    assert stamps.marks[0].tolist() == [LAST_STAMP - 5] * 3
    assert stamps.reserve(1) == 1
    assert [marks.tolist() for marks in stamps.marks] == [[0, 0, 0], [0, 0]]
    with pytest.raises(ValueError, match="at once"):
        stamps.reserve(LAST_STAMP)


def test_marks_of_segments_clear_none_of_nodes() -> None:
    space = Workspace.of(2, 1, 4)
    version = space.versions(1)
    space.stamp[0] = version
    space.looks.next = LAST_STAMP - 1
    assert space.marks(100) == 1
    assert space.stamp[0] == version


@pytest.mark.parametrize("left", [1, 2, 3, 50])
def test_an_isochrone_is_the_same_where_stamps_run_out_half_way(left: int) -> None:
    net = network_of([(-100, 0), (200, 0), (0, 500), (-300, -100)], [(0, 1), (0, 2), (0, 3)])
    point = in_metres([ORIGIN])
    (expected,) = isochrones.polygons(net, point, minutes=(10,)).geometry
    with net.workspace() as space:
        space.searches.next = space.looks.next = LAST_STAMP - left
    (shape,) = isochrones.polygons(net, point, minutes=(10,), threads=1).geometry
    assert not shape.is_empty
    assert shape.equals(expected)


def test_times_are_the_same_where_stamps_run_out() -> None:
    net = network_of([(-100, 0), (200, 0), (0, 500), (-300, -100)], [(0, 1), (0, 2), (0, 3)])
    points = in_metres([(ORIGIN[0] + x, ORIGIN[1] + 3) for x in range(-200, 200, 25)])
    expected = coverage.travel_times(net, points, points, limit_s=900).toarray()
    for left in (1, 20, 70):
        with net.workspace() as space:
            space.searches.next = LAST_STAMP - left
        found = coverage.travel_times(net, points, points, limit_s=900, threads=1).toarray()
        assert np.array_equal(found, expected)
