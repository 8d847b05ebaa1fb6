"""Streets and places that break programs: edges without length, edges that touch themselves, the antimeridian, the pole."""

import math
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import InputError, StreetNetwork, coverage, isochrones, reach
from planner.streets import Slopes, Slowed, profile_of
from planner.streets.heights import Heights
from tests.test_coverage import places, spots, towns
from tests.toys import METRES, ORIGIN, RESIDENTIAL, degrees, in_metres, network_of, write_osm

ALL = Slowed(steps=True, surface=True, crossings=True)


def at(*some: tuple[float, float]) -> gpd.GeoDataFrame:
    return in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in some])


def flat(metres: float = 10.0) -> Heights:
    transform = (50.0, 0.0, ORIGIN[0] - 500.0, 0.0, -50.0, ORIGIN[1] + 1000.0)
    return Heights("flat", METRES, transform, np.full((40, 40), metres))


def crossroads() -> StreetNetwork:
    """Return two crossings in one place, joined by an edge without length; streets of 100 m lead away from each."""
    points = [(0, 0), (100, 0), (100, 0), (200, 0), (100, 100), (100, -100)]
    return network_of(points, [(0, 1), (1, 2), (2, 3), (1, 4), (2, 5)])


def test_an_edge_without_length_is_walked_in_no_time() -> None:
    net = crossroads()
    assert (net.edge_length_m == 0).sum() == 1
    people = at((0, 0), (200, 0), (100, 100), (100, -100), (100, 0))
    times = coverage.travel_times(net, people, people, limit_s=1000).toarray()
    apart = np.full((5, 5), 200.0)
    apart[4, :] = apart[:, 4] = 100.0
    np.fill_diagonal(apart, 0.0)
    assert times.tolist() == apart.tolist()


def test_nothing_about_an_edge_without_length_is_endless() -> None:
    net = crossroads()
    slow = net.with_profile(profile_of("elderly"), ALL, Slopes.of(net, flat()))
    assert np.isfinite(slow.factor_forward).all()
    assert np.isfinite(slow.factor_backward).all()
    frame = isochrones.polygons(slow, at((100, 0)), minutes=[1, 2, 10])
    assert frame.is_valid.all()
    assert not frame.is_empty.any()
    streets = reach.reachable_streets(slow, at((100, 0)), minutes=[10])
    assert streets["length_m"].tolist() == pytest.approx([400], abs=1e-6)
    assert np.isfinite(coverage.nearest_k(slow, at((0, 0)), at((200, 0), (100, 100)), k=2)[0]).all()


def knot() -> StreetNetwork:
    """Return one edge from (0, 0) that comes back and ends on its own middle, without a node there: 100 + 100 + 50 + 100 m."""
    graph = nx.MultiDiGraph(crs=METRES)
    line = [(0, 0), (100, 0), (100, 100), (50, 100), (50, 0)]
    moved = [(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in line]
    for number, place in ((0, moved[0]), (1, moved[-1])):
        graph.add_node(number, x=place[0], y=place[1])
    graph.add_edge(0, 1, highway="residential", geometry=shapely.LineString(moved))
    return StreetNetwork.from_graph(graph)


def test_an_edge_that_touches_itself_is_walked_along_its_line() -> None:
    """The place where it touches is reached first after 50 m; half-way up its last leg after 300 m."""
    net = knot()
    assert net.n_edges == 1
    assert net.edge_length_m.tolist() == pytest.approx([350])
    times = coverage.travel_times(net, at((0, 0)), at((50, 0), (50, 50), (100, 50)), limit_s=1000).toarray()
    assert times.tolist() == [[50, 300, 150]]
    frame = isochrones.polygons(net, at((0, 0)), minutes=[1, 3, 5])
    assert frame.is_valid.all()
    assert frame.geometry.iloc[2].covers(frame.geometry.iloc[1])


def test_a_walk_over_the_antimeridian_and_at_the_pole(tmp_path: Path) -> None:
    """The middle of three nodes is 1,000 m or so from both others, on either side of the date line, and at 89 N."""
    for name, nodes in (
        ("fiji.osm", {1: (179.99, -16.8), 2: (180.0, -16.8), 3: (-179.99, -16.8)}),
        ("pole.osm", {1: (10.0, 89.0), 2: (10.0, 89.01), 3: (10.0, 89.02)}),
    ):
        net = StreetNetwork.from_osm(write_osm(tmp_path / name, nodes, [([1, 2, 3], RESIDENTIAL)]))
        ends, middle = degrees(nodes[1], nodes[3]), degrees(nodes[2])
        to_middle = coverage.travel_times(net, ends, middle, limit_s=5000).toarray()[:, 0]
        across = coverage.travel_times(net, ends[:1], ends[1:], limit_s=5000).toarray()[0, 0]
        assert to_middle[0] == pytest.approx(to_middle[1], rel=1e-3)
        assert across == pytest.approx(to_middle.sum(), abs=0.1)
        assert 900 < to_middle[0] < 1250
        seconds, site = coverage.nearest_k(net, middle, ends, k=2)
        assert sorted(site[0].tolist()) == [0, 1]
        assert seconds[0] == pytest.approx(to_middle, abs=0.01) or seconds[0] == pytest.approx(
            to_middle[::-1], abs=0.01
        )


@pytest.mark.parametrize("minutes", [0, -1, 10_000, math.nan])
def test_minutes_out_of_range_are_refused(minutes: float) -> None:
    for answer in (
        lambda: isochrones.polygons(crossroads(), at((0, 0)), minutes=[minutes], direction="slower"),
        lambda: reach.reachable_streets(crossroads(), at((0, 0)), minutes=[minutes]),
    ):
        with pytest.raises(InputError) as fault:
            answer()
        assert fault.value.message("zh")


@pytest.mark.parametrize("speed", [0, -1.2, math.inf, math.nan, "run"])
def test_speeds_out_of_range_are_refused(speed: float | str) -> None:
    for ask in (coverage.nearest_k, coverage.nearest):
        with pytest.raises(InputError):
            ask(crossroads(), at((0, 0)), at((200, 0)), speed_m_s=speed)


# ------------------------------------------------------------------------------------------------------------- properties


@settings(max_examples=25, deadline=None)
@given(towns(), places, places, st.floats(0.7, 1.3), st.floats(0.01, 1.0), st.floats(-0.2, 0.2))
def test_whoever_walks_faster_is_never_later_however_slowed_down(town, demand, sites, speed, faster, grade) -> None:
    net = network_of(*town)
    x = 25.0 + 50.0 * np.arange(40)
    heights = Heights("plane", METRES, flat().transform, np.broadcast_to(500 + grade * x, (40, 40)).astype(float))
    slopes = Slopes.of(net, heights)
    before, after = (
        coverage.nearest(
            net.with_profile(profile_of(metres), ALL, slopes), spots(demand), spots(sites), speed_m_s=metres
        )[0]
        for metres in (speed, speed + faster)
    )
    assert (after[np.isfinite(before)] <= before[np.isfinite(before)] + 0.0011).all()


@settings(max_examples=15, deadline=None)
@given(towns(), places, st.floats(0.05, 0.2))
def test_isochrones_on_a_slope_are_valid_and_nest(town, centres, grade) -> None:
    net = network_of(*town)
    x = 25.0 + 50.0 * np.arange(40)
    heights = Heights("plane", METRES, flat().transform, np.broadcast_to(500 + grade * x, (40, 40)).astype(float))
    hill = net.with_profile(profile_of("standard"), slopes=Slopes.of(net, heights))
    frame = isochrones.polygons(hill, spots(centres[:1]), minutes=[2, 5], direction="slower", resolution_m=10)
    assert frame.is_valid.all()
    small, large = frame.geometry.to_crs(METRES)
    assert small.difference(large).area < 1e-3
