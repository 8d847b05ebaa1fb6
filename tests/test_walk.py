"""How people walk: one value, one limit, and ties that hang on no addition.

Times and limits are whole milliseconds. Of equally near sites the lowest counts: along streets, over straight lines, at nodes.
"""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner import InputError, Places, StreetNetwork, Walk, coverage, isochrones, nearest_k, reach
from planner.project import Rule
from planner.searches import nearest_at_nodes
from planner.units import SPEEDS_M_S, whole_milliseconds_s
from tests.toys import METRES, ORIGIN, draw, in_metres

SPEEDS = st.one_of(
    st.sampled_from(sorted(SPEEDS_M_S.values())), st.floats(0.3, 6.0), st.sampled_from([1.6, 3.2, 1.1, 4 / 3])
)


def grid(width: int, height: int, step_m: float) -> StreetNetwork:
    """Return `width` by `height` crossings, `step_m` apart."""
    graph = nx.MultiDiGraph(crs=METRES.to_string())
    for i in range(width * height):
        graph.add_node(i, x=ORIGIN[0] + step_m * (i % width), y=ORIGIN[1] + step_m * (i // width))
    graph.add_edges_from((i, i + 1) for i in range(width * height) if i % width + 1 < width)
    graph.add_edges_from((i, i + width) for i in range(width * (height - 1)))
    return StreetNetwork.from_graph(graph)


def first_of_the_least(times: np.ndarray) -> np.ndarray:
    """Return the sites of each demand point by seconds, equal ones by their number: the oracle."""
    return np.lexsort((np.broadcast_to(np.arange(times.shape[1]), times.shape), times), axis=1)


# ------------------------------------------------------------------------------------------------------------------- ties


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2, 5),
    st.integers(2, 5),
    st.sampled_from([10 / 3, 7.7, 33.1, 0.0003]),
    st.integers(0, 2**32 - 1),
    SPEEDS,
)
@example(5, 5, 10 / 3, 0, 0.9)
def test_on_symmetric_streets_the_lowest_of_equally_near_sites_counts(width, height, step_m, seed, speed) -> None:
    net, rng = grid(width, height, step_m), np.random.default_rng(seed)
    chosen = rng.permutation(net.n_nodes)[: max(2, net.n_nodes // 2)]
    sites = Places.at(net, net.node_x[chosen], net.node_y[chosen])
    x, y = (at + step_m / 2 * rng.integers(0, 2 * most, 12) for at, most in zip(ORIGIN, (width, height), strict=True))
    demand = Places.at(net, x, y)
    times = coverage.travel_times(net, demand, sites, limit_s=1e6, speed_m_s=speed).toarray()
    order = first_of_the_least(times)
    seconds, site = coverage.nearest(net, demand, sites, speed_m_s=speed)
    assert site.tolist() == order[:, 0].tolist() and (seconds == times.min(axis=1)).all()
    most = min(3, times.shape[1])
    assert nearest_k(net, demand, sites, k=most, speed_m_s=speed)[1].tolist() == order[:, :most].tolist()
    nodes = coverage.travel_times(net, Places.at(net, net.node_x, net.node_y), sites, limit_s=1e6, speed_m_s=speed)
    assert nearest_at_nodes(net, sites, Walk(speed))[1].tolist() == first_of_the_least(nodes.toarray())[:, 0].tolist()


def test_many_sites_within_a_millimetre_are_one_place() -> None:
    """More than a node has room for at first, each a hair nearer than the one before it."""
    toy = draw("A--p--x--B")
    x, y = toy.spots["p"]
    sites = in_metres([(x + 1e-6 * i, y) for i in range(40)])
    for letter in "xB":
        assert coverage.nearest(toy.net, toy.places(letter), sites)[1].tolist() == [0]
        assert nearest_k(toy.net, toy.places(letter), sites, k=3)[1].tolist() == [[0, 1, 2]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), SPEEDS)
def test_over_straight_lines_the_lowest_of_equally_near_sites_counts(seed, speed) -> None:
    """Sites and people off the streets, on a circle round each other and on a lattice: many are equally near."""
    net, rng = draw("A---B").net, np.random.default_rng(seed)
    turn = rng.permutation(8) * np.pi / 4
    round_ = [(ORIGIN[0] + 2000 + 100 * np.cos(t), ORIGIN[1] + 100 * np.sin(t)) for t in turn]
    lattice = [(ORIGIN[0] + 2000 + 50 * a, ORIGIN[1] + 50 * b) for a, b in rng.integers(-3, 4, (6, 2))]
    on_street = [(ORIGIN[0] + 10, ORIGIN[1]), (ORIGIN[0] + 30, ORIGIN[1])]
    sites = in_metres([*round_, *lattice, *on_street])
    demand = in_metres([(ORIGIN[0] + 2000, ORIGIN[1]), *lattice, (ORIGIN[0] + 20, ORIGIN[1])])
    walk = Walk(speed, straight_line=True)
    found = coverage.travel_times(net, demand, sites, limit_s=1e6, walk=walk).tocoo()
    times = np.full(found.shape, np.inf)
    times[found.row, found.col] = found.data
    seconds, site = coverage.nearest(net, demand, sites, walk=walk)
    assert site.tolist() == first_of_the_least(times)[:, 0].tolist()
    assert (seconds == times.min(axis=1)).all()


# ----------------------------------------------------------------------------------------------------------------- limits


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.integers(1, 3000), st.floats(0.5, 3000)), SPEEDS, st.floats(-1e-9, 1e-9))
@example(500, 0.9, 0.0)
@example(301, 3.2, 1e-10)
def test_whoever_walks_exactly_the_metres_of_a_band_is_covered(metres: float, speed: float, noise_m: float) -> None:
    rule = Rule.of_metres(speed, metres)
    net = LONG_STREET
    site, there = in_metres([ORIGIN]), in_metres([(ORIGIN[0] + metres + noise_m, ORIGIN[1])])
    assert coverage.matrix(net, there, site, threshold_s=rule.limit_s, speed_m_s=speed).nnz == 1
    assert rule.reach_m == metres
    beyond = in_metres([(ORIGIN[0] + metres + 0.002 * speed, ORIGIN[1])])
    assert coverage.matrix(net, beyond, site, threshold_s=rule.limit_s, speed_m_s=speed).nnz == 0


LONG_STREET = StreetNetwork.from_lines(
    gpd.GeoSeries([shapely.LineString([ORIGIN, (ORIGIN[0] + 4000, ORIGIN[1])])], crs=METRES)
)


@given(st.integers(0, 10**8))
def test_whole_milliseconds_stay_as_they_are(milliseconds: int) -> None:
    assert whole_milliseconds_s(milliseconds / 1000) == milliseconds / 1000


def test_a_limit_is_rounded_as_times_are() -> None:
    assert whole_milliseconds_s(555.5555555) == 555.556 == Rule.of_metres(0.9, 500).limit_s
    assert whole_milliseconds_s(1.0004) == 1.0 and whole_milliseconds_s(1.0005) == 1.001
    assert whole_milliseconds_s(float("inf")) == float("inf")
    toy = draw("A--p--B")  # 30 m at 0.7 m/s take 42.857 s, and 30 / 0.7 is less
    times = coverage.travel_times(toy.net, toy.places("A"), toy.places("p"), limit_s=30 / 0.7, speed_m_s=0.7)
    assert times.data.tolist() == [42.857] and coverage.covered_within(times, 30 / 0.7).nnz == 1


# ------------------------------------------------------------------------------------------------------------- one value


def test_a_walk_says_what_the_keywords_say() -> None:
    toy = draw("A--p--x--q--B")
    words = {"speed_m_s": 0.8, "direction": "from", "max_snap_m": 50.0, "straight_line": True}
    walk = Walk(**words)
    some = toy.net, toy.places("x"), toy.places("pq")
    by_word = coverage.travel_times(*some, limit_s=900, **words)
    assert (coverage.travel_times(*some, limit_s=900, walk=walk) != by_word).nnz == 0
    assert coverage.nearest(*some, walk=walk)[0].tolist() == coverage.nearest(*some, **words)[0].tolist()
    drawn = [isochrones.polygons(toy.net, toy.places("p"), minutes=[1], **how) for how in ({"walk": walk}, words)]
    assert drawn[0].geometry[0].equals(drawn[1].geometry[0])
    streets = [reach.reachable_streets(toy.net, toy.places("p"), minutes=[1], **how) for how in ({"walk": walk}, words)]
    assert streets[0]["length_m"].tolist() == streets[1]["length_m"].tolist()


@pytest.mark.parametrize(
    "words", [{"speed_m_s": 0}, {"speed_m_s": float("nan")}, {"direction": "both"}, {"max_snap_m": -1.0}]
)
def test_a_walk_is_checked_when_it_is_made(words) -> None:
    with pytest.raises(InputError):
        Walk(**words)


@pytest.mark.parametrize("words", [{"speed_m_s": 1.25}, {"direction": "from"}, {"max_snap_m": 300.0}])
def test_a_walk_is_said_once(words) -> None:
    toy = draw("A--p--x--B")
    with pytest.raises(InputError, match="said twice"):
        coverage.travel_times(toy.net, toy.places("x"), toy.places("p"), limit_s=60, walk=Walk(0.8), **words)


def test_the_k_nearest_and_catchments_know_no_straight_line() -> None:
    toy, walk = draw("A--p--x--B"), Walk(straight_line=True)
    with pytest.raises(InputError, match="straight_line"):
        nearest_k(toy.net, toy.places("x"), toy.places("p"), walk=walk)
    with pytest.raises(InputError, match="straight_line"):
        next(coverage.catchments(toy.net, toy.places("x"), toy.places("p"), limit_s=60, walk=walk))


# ----------------------------------------------------------------------------------------------------------------- tables


def test_results_keep_the_ids_of_those_who_ask() -> None:
    toy = draw("A--p--x--q--B")
    demand = toy.places("xA").assign(code=["d7", "d9"])
    sites = toy.places("qp").assign(name=["Q", "P"])
    table = coverage.travel_times(toy.net, demand, sites, limit_s=60, labels=("code", "name"))
    expected = {"demand": ["d7", "d7", "d9"], "site": ["Q", "P", "P"], "seconds": [30.0, 30.0, 30.0]}
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected), check_dtype=False)
    covered = coverage.matrix(toy.net, demand.set_index("code"), sites, threshold_s=60, labels=("index", "name"))
    assert covered.to_dict("list") == {"demand": ["d7", "d7", "d9"], "site": ["Q", "P", "P"], "covered": [True] * 3}


def test_a_table_names_the_columns_that_there_are() -> None:
    toy = draw("A--p--x--B")
    demand = toy.places("x").assign(code=["d7"])
    with pytest.raises(InputError, match="geometry, code"):
        coverage.travel_times(toy.net, demand, toy.places("p"), limit_s=60, labels=("id", "index"))
    placed = Places.of(toy.net, demand)
    with pytest.raises(InputError):
        coverage.matrix(toy.net, placed, toy.places("p"), threshold_s=60, labels=("index", "index"))


# ----------------------------------------------------------------------------------------------------------------- places


def test_what_lies_on_each_edge_is_found_out_once() -> None:
    toy = draw("A--p--x--q--B")
    places = Places.of(toy.net, toy.places("xp"))
    coverage.travel_times(toy.net, places, places, limit_s=60)
    assert places.points_on_edges is places.points_on_edges and places.entries is places.entries
    assert places.points_on_edges.number.tolist() == [0, 1] and places.points_on_edges.indptr.tolist() == [0, 2]
    other = places[np.array([1])]
    assert other.points_on_edges.number.tolist() == [0] and other.points_on_edges.at.tolist() == pytest.approx(
        [0.25], abs=0.01
    )
