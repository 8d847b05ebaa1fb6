"""Reachable streets, and who is nearest: worked out on drawn streets, then against the walking times themselves."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import METRES, ORIGIN, draw, in_metres, network_of

from planner import coverage, isochrones, reach
from planner.errors import InputError


def lengths(frame) -> dict[int, float]:
    return {index: round(float(part["length_m"].sum()), 3) for index, part in frame.groupby("point_index")}


def test_a_street_is_reached_as_far_as_the_time_lasts() -> None:
    toy = draw("A---------p---------B")  # 200 m, p in the middle
    frame = reach.reachable_streets(toy.net, toy.places("p"), minutes=(2, 1))
    assert frame["minutes"].tolist() == [1, 2]
    assert frame["length_m"].tolist() == pytest.approx([120, 200], abs=0.01)
    assert frame.crs == "EPSG:4326"
    (line,) = frame.geometry.iloc[:1].to_crs(METRES)
    x, _ = toy.spots["p"]
    assert line.bounds[0] == pytest.approx(x - 60, abs=0.01)
    assert line.bounds[2] == pytest.approx(x + 60, abs=0.01)


def test_the_way_to_the_street_takes_its_share() -> None:
    toy = draw("""
A-------------------B

          p
""")  # p 20 m off the street
    frame = reach.reachable_streets(toy.net, toy.places("p"), minutes=(1,))
    assert frame["length_m"].tolist() == pytest.approx([2 * (60 - 20)], abs=0.01)


def test_streets_are_reached_round_a_corner_and_from_both_ends() -> None:
    # a square of 100 m; from one corner 150 m reach the far corner's two streets half way
    net = network_of([(0, 0), (100, 0), (100, 100), (0, 100)], [(0, 1), (1, 2), (2, 3), (3, 0)])
    frame = reach.reachable_streets(net, in_metres([ORIGIN]), minutes=(150 / 60,))
    assert frame["length_m"].tolist() == pytest.approx([300], abs=0.01)


def test_a_point_without_a_street_reaches_none() -> None:
    toy = draw("A----B")
    x, y = toy.spots["A"]
    frame = reach.reachable_streets(toy.net, in_metres([(x, y + 900)]), minutes=(5,))
    assert frame["length_m"].tolist() == [0]
    assert frame.geometry.is_empty.all()


def test_two_centres_share_a_street_half_way() -> None:
    toy = draw("A--p-------q-B")  # p at 30 m, q at 110 m of 130 m: the border at 70 m
    frame = reach.nearest_streets(toy.net, toy.places("pq"))
    assert lengths(frame) == {0: 70, 1: 60}


def test_the_border_moves_towards_whoever_is_off_the_street() -> None:
    toy = draw("""
A--p-------q-B

""")
    x, y = toy.spots["p"]
    points = in_metres([(x, y + 20), toy.spots["q"]])  # p pays 20 m first: the border moves 10 m towards it
    assert lengths(reach.nearest_streets(toy.net, points)) == {0: 60, 1: 70}


def test_a_dead_end_belongs_to_whoever_is_nearest_to_its_mouth() -> None:
    toy = draw("""
A--p---+-----q-B
       |
       |
       C
""")  # the mouth is 40 m from p and 60 m from q: p has it, the lane behind it, and 10 m beyond
    assert lengths(reach.nearest_streets(toy.net, toy.places("pq"))) == {0: 80 + 30, 1: 70}


def test_who_is_nearest_within_some_minutes_only() -> None:
    toy = draw("A--p-------q-B")
    frame = reach.nearest_streets(toy.net, toy.places("pq"), minutes=0.5)
    assert lengths(frame) == pytest.approx({0: 60, 1: 50}, abs=0.01)  # 30 m either side; q has only 20 m to B


def test_streets_that_lead_nowhere_are_left_out() -> None:
    toy = draw("""
A--p--B

C-----D
""")
    assert lengths(reach.nearest_streets(toy.net, toy.places("p"))) == {0: 60}


def test_areas_divide_the_ground_where_the_streets_do() -> None:
    toy = draw("A--p-------q-B")
    x, y = toy.spots["A"]
    area = shapely.box(x, y - 50, x + 130, y + 50)
    frame = reach.nearest_areas(toy.net, toy.places("pq"), area, step_m=5)
    assert frame["point_index"].tolist() == [0, 1]
    sizes = frame.geometry.to_crs(METRES).area.tolist()
    assert sizes == pytest.approx([70 * 100, 60 * 100], rel=0.05)
    assert sum(sizes) == pytest.approx(area.area, rel=1e-3)


def test_ground_without_a_street_belongs_to_nobody() -> None:
    toy = draw("A--p-------q-B")
    x, y = toy.spots["A"]
    area = shapely.box(x, y - 1000, x + 130, y + 50)
    frame = reach.nearest_areas(toy.net, toy.places("pq"), area, step_m=5, max_snap_m=100)
    assert frame.geometry.to_crs(METRES).area.sum() == pytest.approx(130 * 150, rel=0.03)


@pytest.mark.parametrize("step_m", [0, -1, float("nan"), 1e-4])
def test_a_lattice_that_cannot_be_is_refused(step_m) -> None:
    toy = draw("A--p--B")
    x, y = toy.spots["A"]
    with pytest.raises(InputError):
        reach.nearest_areas(toy.net, toy.places("p"), shapely.box(x, y, x + 60, y + 60), step_m=step_m)


def test_isochrones_are_united_by_minutes() -> None:
    toy = draw("A--p-------q-B")
    bands = reach.dissolve(isochrones.polygons(toy.net, toy.places("pq"), minutes=(1, 0.5)))
    assert bands["minutes"].tolist() == [0.5, 1]
    small, large = bands.geometry
    assert large.covers(small)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_every_place_on_a_street_belongs_to_its_nearest(seed) -> None:
    rng = np.random.default_rng(seed)
    spots = rng.uniform(0, 600, (12, 2))
    links = [(a, b) for a in range(12) for b in range(a + 1, 12) if rng.random() < 0.25]
    if not links:
        return
    net = network_of([tuple(spot) for spot in spots.tolist()], links)
    centres = in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in rng.uniform(0, 600, (4, 2))])
    frame = reach.nearest_streets(net, centres)
    lines = frame.geometry.to_crs(net.crs)
    middles = gpd.GeoDataFrame(geometry=lines.interpolate(0.5, normalized=True), crs=net.crs)
    seconds, owner = coverage.nearest(net, middles, centres)
    own = coverage.travel_times(net, middles, centres, limit_s=1e5).toarray()
    # where two streets cross without meeting, a middle may be snapped to the other one; there the piece's owner is no nearer
    chosen = own[np.arange(len(own)), frame["point_index"]]
    assert np.isclose(chosen, seconds, atol=0.01).mean() > 0.8
    assert (owner >= 0).all()
    whole = net.edge_length_m[np.unique(frame["edge"])].sum()
    assert frame["length_m"].sum() == pytest.approx(whole, rel=1e-9)
