"""The time field and its contour against walks measured one by one, and against shapes whose outline is known."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import ORIGIN, in_metres, network_of

from planner import Walk, coverage, isochrones, outlines
from planner.coverage import Places
from planner.errors import InputError
from planner.kernels.contour import simplify_rings, trace_rings
from planner.outlines import _sort_rings as sort_rings

OUT, IN = 10.0, -10.0


def rings_of(picture: str, cut: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Trace a picture in which # lies inside; the first line is the northernmost."""
    rows = picture.strip("\n").split("\n")[::-1]
    width = max(map(len, rows)) + 2
    field = np.full((len(rows) + 2, width), OUT)
    for r, row in enumerate(rows):
        for c, mark in enumerate(row):
            if mark == "#":
                field[r + 1, c + 1] = IN
    return trace(field, 0.0, cut)


def trace(field: np.ndarray, limit: float, cut: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    inside = field <= limit
    return trace_rings(field, np.flatnonzero(inside[1:] & ~inside[:-1]), limit, cut, 0.0, 0.0, 1.0)


def areas(rings) -> list[float]:
    return sorted(np.round(sort_rings(*rings, 0.0)[0], 3).tolist())


def test_one_point_inside_is_a_diamond_half_way_to_its_neighbours() -> None:
    xy, ring_ptr = rings_of("#")
    assert ring_ptr.tolist() == [0, 4]
    assert sorted(map(tuple, xy.tolist())) == [(0.5, 1.0), (1.0, 0.5), (1.0, 1.5), (1.5, 1.0)]
    assert areas((xy, ring_ptr)) == [0.5]  # counter-clockwise: positive


def test_a_hole_runs_clockwise() -> None:
    rings = rings_of("""
###
# #
###
""")
    assert areas(rings) == [-0.5, 8.5]  # a square of 3 with its corners cut off, and a diamond
    area, home = sort_rings(*rings, 0.0)
    outer = int(np.argmax(area))
    assert home.tolist() == [outer, outer]


def test_opposite_corners_part_where_the_middle_lies_outside_and_hold_together_where_it_lies_inside() -> None:
    field = np.full((4, 4), 1.0)
    field[1, 1] = field[2, 2] = -0.5
    assert len(trace(field, 0.0)[1]) - 1 == 2
    field[1, 1] = field[2, 2] = -1.5
    assert len(trace(field, 0.0, cut=2.0)[1]) - 1 == 1


def test_an_island_in_a_lake_is_an_outline_of_its_own() -> None:
    area, home = sort_rings(
        *rings_of("""
#######
#     #
#  #  #
#     #
#######
"""),
        0.0,
    )
    assert sorted(np.sign(area)) == [-1, 1, 1]
    assert (home == np.arange(3))[area > 0].all()
    assert home[area < 0] == np.argmax(area)


def test_what_is_smaller_than_asked_for_has_no_home() -> None:
    _, home = sort_rings(*rings_of("## #"), 1.0)
    assert sorted(home.tolist()) == [-1, 0] or sorted(home.tolist()) == [-1, 1]


def test_simplified_rings_stay_within_the_tolerance() -> None:
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = np.column_stack((np.cos(turn), np.sin(turn))) * 100
    xy, ring_ptr = simplify_rings(circle, np.array([0, 400]), 0.5)
    assert ring_ptr.tolist() == [0, len(xy)]
    assert 20 < len(xy) < 60
    assert shapely.hausdorff_distance(shapely.LinearRing(xy), shapely.LinearRing(circle), densify=0.05) <= 0.51


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_outlines_part_the_points_inside_from_those_outside(seed) -> None:
    rng = np.random.default_rng(seed)
    field = np.full((14, 17), OUT)
    field[1:-1, 1:-1] = rng.normal(0, 1, (12, 15))
    xy, ring_ptr = trace(field, 0.0)
    shape = outlines._polygons_of(xy, ring_ptr, 0.0)
    assert shape.is_valid
    columns, rows = np.meshgrid(np.arange(17.0), np.arange(14.0))
    assert np.array_equal(shapely.contains_xy(shape, columns, rows), field <= 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([30.0, 120.0, 400.0]), st.sampled_from([20.0, 300.0]))
def test_the_field_is_on_the_right_side_of_every_limit(seed, limit_m, max_snap_m) -> None:
    rng = np.random.default_rng(seed)
    spots = [tuple(spot) for spot in rng.uniform(0, 500, (14, 2)).tolist()]
    links = [(a, b) for a in range(14) for b in range(a + 1, 14) if rng.random() < 0.15] or [(0, 1)]
    net = network_of(spots, links)
    centre = in_metres([(ORIGIN[0] + spots[0][0], ORIGIN[1] + spots[0][1])])
    places = Places.of(net, centre)
    limits = [limit_m / 2, limit_m]
    for quality, share, few in (("exact", 0.0, 0), ("fast", 0.05, 6)):
        drawing = isochrones._Drawing(net, Walk(max_snap_m=max_snap_m), quality, 7.0)
        field, (west, south, step_m, _, _) = isochrones._field(drawing, places, 0, limits, 7.0)
        x, y = (
            axis.ravel()
            for axis in np.meshgrid(
                west + step_m * np.arange(field.shape[1]), south + step_m * np.arange(field.shape[0])
            )
        )
        lattice = Places.at(net, x, y, max_snap_m=max_snap_m)
        walked = coverage.travel_times(net, lattice, places, limit_s=1e4).tocoo()
        metres = np.full(len(x), np.inf)
        metres[walked.row] = walked.data
        for limit in limits:
            near = np.isfinite(metres) & (np.abs(metres - limit) < 0.01)  # rounded to milliseconds there
            differs = (field.ravel() <= limit) != (metres <= limit)
            assert (differs & ~near).sum() <= share * (metres <= limit).sum() + few, quality


def test_the_two_qualities_draw_nearly_the_same() -> None:
    net = network_of([(0, 0), (300, 0), (300, 300), (0, 300), (150, 150)], [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4)])
    exact, fast = (
        isochrones.polygons(net, in_metres([ORIGIN]), minutes=(6,), quality=quality).geometry.to_crs(net.crs).iloc[0]
        for quality in ("exact", "fast")
    )
    assert exact.symmetric_difference(fast).area < 0.03 * exact.area
    assert shapely.get_num_coordinates(fast) <= shapely.get_num_coordinates(exact)


def test_an_unknown_quality_is_refused() -> None:
    net = network_of([(0, 0), (100, 0)], [(0, 1)])
    with pytest.raises(InputError, match="fast"):
        isochrones.polygons(net, in_metres([ORIGIN]), quality="best")
