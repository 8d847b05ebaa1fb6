"""Travel times: worked out on paper on drawn networks, then as properties, then against networkx and scipy on real streets.

In the drawings a character is 10 m; at 1 m/s a metre is a second.
"""

import dataclasses
import importlib
import itertools
import tempfile
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from cities import city_of, streets_file
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.sparse import csgraph
from toys import METRES, ORIGIN, RESIDENTIAL, RawStreets, draw, in_metres, network_of, write_osm

from planner import CRSError, GeometryError, InputError, StreetNetwork, coverage
from planner.coverage import Places
from planner.crs import WGS84
from planner.streets import WalkRules
from planner.units import DETOUR_FACTOR


def seconds(net: StreetNetwork, demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, **options) -> np.ndarray:
    """Return travel times as a full array: inf where nothing is stored."""
    times = coverage.travel_times(net, demand, sites, **{"limit_s": 1e5} | options)
    full = np.full(times.shape, np.inf)
    stored = times.tocoo()
    full[stored.row, stored.col] = stored.data
    return full


# --------------------------------------------------------------------------------------------------------------- on paper

TOWN = """
A---p-------B----s----C
            |
     q      |
            r
            |
            D
"""


def test_both_access_legs_and_partial_edges_are_walked() -> None:
    toy = draw(TOWN)
    #   p on the street 40 m from A, q 20 m below it 50 m from A, r 30 m below B, s 50 m right of B
    expected = [[80 + 50], [20 + 70 + 50], [30 + 50], [0]]
    assert_allclose(seconds(toy.net, toy.places("pqrs"), toy.places("s")), expected, atol=5e-4)
    both_off = seconds(toy.net, toy.places("q"), in_metres([(toy.spots["r"][0] + 25, toy.spots["r"][1])]))
    assert_allclose(both_off, [[20 + 70 + 30 + 25]], atol=5e-4)


def test_two_points_on_one_edge_walk_straight_along_it() -> None:
    toy = draw("A--p------q---B")
    assert_allclose(seconds(toy.net, toy.places("pq"), toy.places("pq")), [[0, 70], [70, 0]], atol=5e-4)


def test_two_points_on_one_edge_walk_around_where_that_is_shorter() -> None:
    toy = draw("""
+-----------+
|           |
|           |
|           |
p           q
A-----------B
|           |
C           D
""")
    # around by A and B: 10 + 120 + 10; along their own edge: 40 + 120 + 40
    assert_allclose(seconds(toy.net, toy.places("pq"), toy.places("pq")), [[0, 140], [140, 0]], atol=5e-4)
    toy = draw("""
    +--p--q--+
    |        |
A---B--------C---D
""")
    # along their own edge: 30; around by B and C: 30 + 20 + 90 + 20 + 30
    assert_allclose(seconds(toy.net, toy.places("pq"), toy.places("pq")), [[0, 30], [30, 0]], atol=5e-4)


PARALLEL = """
  +-----p-----+
  |           |
A-B-----q-----C-D
"""


def test_parallel_streets_are_told_apart() -> None:
    toy = draw(PARALLEL)
    between = [(u, v) for u, v in zip(toy.net.edge_from, toy.net.edge_to, strict=True)]
    assert len(between) == 4
    assert len(set(between)) == 3
    #   p is 20 + 60 from B and from C; q 60 from both
    expected = [[0, 140], [140, 0]]
    assert_allclose(seconds(toy.net, toy.places("pq"), toy.places("pq")), expected, atol=5e-4)
    assert_allclose(seconds(toy.net, toy.places("A"), toy.places("D")), [[160]], atol=5e-4)


LOOP = """
          +--p-+
          |    |
A---------B    |
          |    |
          +--q-+
"""


def test_a_loop_is_walked_the_shorter_way_round() -> None:
    toy = draw(LOOP)
    assert (toy.net.n_edges, toy.net.n_nodes) == (2, 2)
    # from B round to B: 20 up, 50 right, 40 down, 50 left, 20 up; p and q are 50 from B
    assert_allclose(seconds(toy.net, toy.places("p"), toy.places("q")), [[20 + 40 + 20]], atol=5e-4)
    assert_allclose(seconds(toy.net, toy.places("Apq"), toy.places("A")), [[0], [150], [150]], atol=5e-4)
    (px, py), (qx, qy) = toy.spots["p"], toy.spots["q"]
    opposite = in_metres([(px + 10, py - 20)])  # 10 m inside the far side, as far from B either way
    assert_allclose(seconds(toy.net, opposite, toy.places("A")), [[10 + 90 + 100]], atol=5e-4)
    above, below = in_metres([(px - 20, py)]), in_metres([(qx - 20, qy)])
    assert_allclose(seconds(toy.net, above, below), [[30 + 30]], atol=5e-4)  # by B, not the far side's 120


def test_a_threshold_met_exactly_is_met() -> None:
    toy = draw("A---p-------------B")
    p = toy.places("p")
    for metres, speed in ((140.0, 1.0), (140.0, 0.7), (40.0, 1.25), (40.0, 0.9)):
        site = toy.places("A" if metres == 40 else "B")
        exact = round(metres / speed, 3)
        assert coverage.matrix(toy.net, p, site, threshold_s=exact, speed_m_s=speed).nnz == 1
        assert coverage.matrix(toy.net, p, site, threshold_s=exact - 0.001, speed_m_s=speed).nnz == 0


def test_times_are_rounded_to_the_millisecond_before_they_are_compared() -> None:
    toy = draw("A-----------------B")
    a = toy.spots["A"]
    near, far = in_metres([(a[0] + 100.0004, a[1])]), in_metres([(a[0] + 100.0006, a[1])])
    sites = toy.places("A")
    assert seconds(toy.net, near, sites)[0, 0] == 100.0
    assert seconds(toy.net, far, sites)[0, 0] == 100.001
    assert coverage.matrix(toy.net, near, sites, threshold_s=100.0).nnz == 1
    assert coverage.matrix(toy.net, far, sites, threshold_s=100.0).nnz == 0


def test_no_time_at_all_is_stored_and_covers() -> None:
    toy = draw("A---B   C---D")
    places = toy.places("AC")
    times = coverage.travel_times(toy.net, places, places, limit_s=0)
    assert isinstance(times, sparse.csr_array)
    assert times.dtype == np.float64
    assert_array_equal(times.data, [0.0, 0.0])
    assert_array_equal(times.indices, [0, 1])
    assert times.indices.dtype == times.indptr.dtype == np.int32, "twice the memory and four times the time"
    covered = coverage.matrix(toy.net, places, places, threshold_s=0)
    assert isinstance(covered, sparse.csr_array)
    assert covered.dtype == bool
    assert_array_equal(covered.toarray(), np.eye(2, dtype=bool))
    later = coverage.covered_within(coverage.travel_times(toy.net, places, places, limit_s=900), 0)
    assert_array_equal(later.toarray(), np.eye(2, dtype=bool))


def test_what_is_covered_within_less_is_what_a_search_for_less_finds() -> None:
    toy = draw(TOWN)
    points = toy.places("pqrsABCD")
    times = coverage.travel_times(toy.net, points, points, limit_s=1000)
    for threshold_s in (0, 60, 80, 139.999, 140, 1000):
        direct = coverage.matrix(toy.net, points, points, threshold_s=threshold_s)
        assert_array_equal(coverage.covered_within(times, threshold_s).toarray(), direct.toarray())


def test_unconnected_parts_do_not_reach_each_other() -> None:
    toy = draw("A--p--B   C--q--D")
    full = seconds(toy.net, toy.places("pq"), toy.places("AD"), limit_s=1e9)
    assert_allclose(full, [[30, np.inf], [np.inf, 30]], atol=5e-4)


def test_a_point_too_far_from_any_street_reaches_nothing() -> None:
    toy = draw("A--p--B")
    off = in_metres([(toy.spots["p"][0], toy.spots["p"][1] + 300.01), (toy.spots["p"][0], toy.spots["p"][1] + 299.99)])
    full = seconds(toy.net, off, toy.places("A"))
    assert np.isinf(full[0, 0])
    assert full[1, 0] == pytest.approx(299.99 + 30, abs=5e-4)
    assert_array_equal(np.isinf(seconds(toy.net, toy.places("A"), off)), [[True, False]])
    assert np.isinf(seconds(toy.net, off, toy.places("A"), max_snap_m=0)).all()


def test_nobody_and_nowhere() -> None:
    toy = draw("A--p--B")
    nothing, some = toy.places(""), toy.places("AB")
    for demand, sites, shape in ((nothing, some, (0, 2)), (some, nothing, (2, 0)), (nothing, nothing, (0, 0))):
        for straight_line in (False, True):
            options = {"straight_line": straight_line}
            times = coverage.travel_times(toy.net, demand, sites, limit_s=900, **options)
            assert times.shape == shape
            assert times.nnz == 0
            assert coverage.matrix(toy.net, demand, sites, threshold_s=900, **options).shape == shape
            best, which = coverage.nearest(toy.net, demand, sites, **options)
            assert_array_equal(best, np.full(shape[0], np.inf))
            assert_array_equal(which, np.full(shape[0], -1))


def test_uphill_and_downhill_take_their_own_time() -> None:
    toy = draw("A--p------B")
    eastward = toy.net.node_x[toy.net.edge_to[0]] > toy.net.node_x[toy.net.edge_from[0]]
    up, down = np.array([3.0]), np.array([0.5])  # eastward is uphill
    net = dataclasses.replace(
        toy.net, factor_forward=up if eastward else down, factor_backward=down if eastward else up
    )
    p, ab = toy.places("p"), toy.places("AB")
    # p to A is 30 m downhill, p to B 70 m uphill
    assert_allclose(seconds(net, p, ab), [[30 * 0.5, 70 * 3]], atol=5e-4)
    assert_allclose(seconds(net, p, ab, direction="to"), [[30 * 0.5, 70 * 3]], atol=5e-4)
    assert_allclose(seconds(net, p, ab, direction="from"), [[30 * 3, 70 * 0.5]], atol=5e-4)
    assert_allclose(seconds(net, ab, p), [[30 * 3], [70 * 0.5]], atol=5e-4)
    assert_allclose(seconds(net, ab, ab), [[0, 300], [50, 0]], atol=5e-4)
    best, which = coverage.nearest(net, p, ab, direction="from")
    assert_allclose(best, [35], atol=5e-4)
    assert_array_equal(which, [1])


def test_access_legs_are_walked_at_the_plain_speed() -> None:
    toy = draw("A--p------B")
    slow = dataclasses.replace(toy.net, factor_forward=np.array([2.0]), factor_backward=np.array([2.0]))
    off = in_metres([(toy.spots["p"][0], toy.spots["p"][1] + 40)])
    assert_allclose(seconds(slow, off, toy.places("B"), speed_m_s=0.5), [[(40 + 2 * 70) / 0.5]], atol=1e-3)


def test_speeds_have_names() -> None:
    toy = draw("A--p------B")
    for name, speed in (("standard", 1.0), ("adult", 1.25), ("elderly", 0.8), ("child", 0.9), ("ebike", 4.2)):
        found = seconds(toy.net, toy.places("p"), toy.places("B"), speed_m_s=name)
        assert_allclose(found, [[70 / speed]], atol=5e-4)


def test_the_straight_line_where_no_street_is_near() -> None:
    toy = draw("A--p--B")
    x, y = toy.spots["p"]
    demand = in_metres([(x, y + 400), (x, y + 10), (x, y + 401)])
    sites = in_metres([(x + 300, y + 800), (x, y), (x + 3000, y)])
    plain = seconds(toy.net, demand, sites)
    assert_array_equal(np.isfinite(plain), [[False, False, False], [False, True, False], [False, False, False]])
    full = seconds(toy.net, demand, sites, straight_line=True)
    expected = [
        [500 * DETOUR_FACTOR, 400 * DETOUR_FACTOR, np.hypot(3000, 400) * DETOUR_FACTOR],
        [np.hypot(300, 790) * DETOUR_FACTOR, 10, np.hypot(3000, 10) * DETOUR_FACTOR],
        [np.hypot(300, 399) * DETOUR_FACTOR, 401 * DETOUR_FACTOR, np.hypot(3000, 401) * DETOUR_FACTOR],
    ]
    assert DETOUR_FACTOR == 1.324
    assert_allclose(full, expected, atol=5e-4)
    within = seconds(toy.net, demand, sites, straight_line=True, limit_s=529.6)  # 400 m x 1.324, met exactly
    assert_array_equal(np.isfinite(within), [[False, True, False], [False, True, False], [False, False, False]])
    best, which = coverage.nearest(toy.net, demand, sites, straight_line=True)
    assert_allclose(best, np.min(expected, axis=1), atol=5e-4)
    assert_array_equal(which, np.argmin(expected, axis=1))


def test_streets_are_walked_where_there_are_some_even_if_the_straight_line_is_shorter() -> None:
    toy = draw("""
A-------+
        |
        |
        |
C-------+
""")
    found = seconds(toy.net, toy.places("C"), toy.places("A"), straight_line=True)
    assert_allclose(found, [[80 + 40 + 80]], atol=5e-4)


def test_points_without_coordinates_are_nowhere() -> None:
    toy = draw("A--p--B")
    shapes = [None, shapely.Point(), shapely.Point(np.nan, np.nan), shapely.Point(toy.spots["A"])]
    odd = gpd.GeoSeries(shapes, crs=METRES)
    for straight_line in (False, True):
        reached = np.isfinite(seconds(toy.net, odd, odd, straight_line=straight_line))
        assert_array_equal(reached, np.diag([False, False, False, True]))
        best, which = coverage.nearest(toy.net, odd, odd, straight_line=straight_line)
        assert_array_equal(which, [-1, -1, -1, 3])
        assert_array_equal(best, [np.inf, np.inf, np.inf, 0])


def test_points_come_in_any_crs() -> None:
    toy = draw(TOWN)
    points, sites = toy.places("pqr"), toy.places("s")
    assert_allclose(
        seconds(toy.net, points.to_crs(WGS84), sites.to_crs(4547)), seconds(toy.net, points, sites), atol=2e-3
    )


def test_inputs_are_not_changed() -> None:
    toy = draw(TOWN)
    points, sites = toy.places("pqr"), toy.places("s")
    before = points.copy(), sites.copy(), {f.name: getattr(toy.net, f.name) for f in dataclasses.fields(toy.net)}
    arrays = {name: value.copy() for name, value in before[2].items() if isinstance(value, np.ndarray)}
    coverage.travel_times(toy.net, points, sites, limit_s=900, straight_line=True)
    coverage.nearest(toy.net, points, sites)
    assert_geodataframe_equal(points, before[0])
    assert_geodataframe_equal(sites, before[1])
    for name, value in arrays.items():
        assert_array_equal(getattr(toy.net, name), value)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"limit_s": -1}, InputError),
        ({"limit_s": float("nan")}, InputError),
        ({"speed_m_s": 0}, InputError),
        ({"speed_m_s": -1.0}, InputError),
        ({"speed_m_s": float("inf")}, InputError),
        ({"speed_m_s": "run"}, InputError),
        ({"max_snap_m": -1}, InputError),
        ({"direction": "both"}, InputError),
        ({"sites": gpd.GeoSeries([shapely.Point(0, 0)])}, CRSError),
        ({"demand": gpd.GeoSeries([shapely.Point(0, 0)])}, CRSError),
        ({"sites": gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])], crs=METRES)}, GeometryError),
        ({"demand": gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=METRES)}, GeometryError),
    ],
)
def test_bad_input_is_refused(options: dict, error: type[Exception]) -> None:
    toy = draw("A--p--B")
    given_ = {"demand": toy.places("p"), "sites": toy.places("A"), "limit_s": 900} | options
    with pytest.raises(error) as raised:
        coverage.travel_times(toy.net, **given_)
    assert raised.value.message("zh")
    if "limit_s" not in options:
        given_.pop("limit_s")
        with pytest.raises(error):
            coverage.nearest(toy.net, **given_)


@pytest.mark.parametrize("value", [1e9, float("inf")])
def test_a_limit_without_end_reaches_all_that_hangs_together(value: float) -> None:
    toy = draw("A--p--B   C--q--D")
    points = toy.places("ABCDpq")
    part = [0, 0, 1, 1, 0, 1]
    reached = coverage.matrix(toy.net, points, points, threshold_s=value).toarray()
    assert_array_equal(reached, np.equal.outer(part, part))


def test_totals_do_not_hang_on_the_order_of_addition() -> None:
    weights = np.array([1e16, 1.0, -1e16, 1.0, 0.1, 0.2, 0.3] * 3)
    assert coverage.total(weights) == coverage.total(weights[::-1]) == pytest.approx(7.8, abs=1e-12)
    assert coverage.total([1, 2, 4], [True, False, True]) == 5
    assert coverage.total([]) == 0


# ------------------------------------------------------------------------------------------------------------- properties

GRID = 12  # networks on a lattice of 12 x 12 places, 50 m apart, a little out of true


@st.composite
def towns(draw_: st.DrawFn) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    """Draw points and the straight streets between some of them: crossings, parallels, dead ends, separate parts."""
    cells = draw_(st.lists(st.integers(0, GRID * GRID - 1), min_size=3, max_size=14, unique=True))
    points = [(50.0 * (c % GRID) + (c * 7) % 11, 50.0 * (c // GRID) + (c * 5) % 13) for c in cells]
    pairs = list(itertools.combinations(range(len(points)), 2))
    lines = draw_(st.lists(st.sampled_from(pairs), min_size=1, max_size=18, unique=True))
    return points, lines


places = st.lists(st.tuples(st.integers(-50, 650), st.integers(-50, 650)), min_size=1, max_size=6)


def spots(found: list[tuple[int, int]]) -> gpd.GeoDataFrame:
    return in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in found])


FEW = settings(max_examples=40, deadline=None)


@FEW
@given(towns(), places, places, st.floats(0, 900), st.floats(1, 2), st.floats(0, 400))
def test_more_time_or_speed_never_covers_less(town, demand, sites, limit_s, faster, more_s) -> None:
    net = network_of(*town)
    demand, sites = spots(demand), spots(sites)
    base = coverage.matrix(net, demand, sites, threshold_s=limit_s).toarray()
    longer = coverage.matrix(net, demand, sites, threshold_s=limit_s + more_s).toarray()
    quicker = coverage.matrix(net, demand, sites, threshold_s=limit_s, speed_m_s=faster).toarray()
    assert not (base & ~longer).any()
    assert not (base & ~quicker).any()


@FEW
@given(towns(), places, places, st.tuples(st.integers(-50, 650), st.integers(-50, 650)))
def test_a_site_more_never_lengthens_the_nearest_walk(town, demand, sites, one_more) -> None:
    net = network_of(*town)
    before, _ = coverage.nearest(net, spots(demand), spots(sites))
    after, _ = coverage.nearest(net, spots(demand), spots([*sites, one_more]))
    assert (after <= before).all()


@FEW
@given(towns(), places, places, st.booleans(), st.sampled_from(["to", "from"]))
def test_the_nearest_is_the_least_of_all_times(town, demand, sites, straight_line, direction) -> None:
    net = network_of(*town)
    rng = np.random.default_rng(net.n_edges)
    net = dataclasses.replace(
        net, factor_forward=rng.uniform(0.5, 3, net.n_edges), factor_backward=rng.uniform(0.5, 3, net.n_edges)
    )
    demand, sites = spots(demand), spots(sites)
    options = {"straight_line": straight_line, "direction": direction, "max_snap_m": 120}
    full = seconds(net, demand, sites, limit_s=1e9, **options)
    best, which = coverage.nearest(net, demand, sites, **options)
    assert_array_equal(best, full.min(axis=1))
    assert_array_equal(which < 0, np.isinf(best))
    reached = which >= 0
    assert_array_equal(full[reached, which[reached]], best[reached])


@FEW
@given(towns(), places)
def test_a_walk_there_is_a_walk_back(town, points) -> None:
    net = network_of(*town)
    points = spots(points)
    full = seconds(net, points, points)
    assert_allclose(full, full.T, atol=1.001e-3)  # added up the other way round, a last digit may round over
    assert_array_equal(seconds(net, points, points, direction="from"), full)


@FEW
@given(towns(), places, places, st.randoms(use_true_random=False))
def test_renumbering_and_shuffling_the_file_changes_no_time(town, demand, sites, random) -> None:
    points, lines = town
    to_degrees = in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in points]).to_crs(WGS84).geometry
    at = list(zip(to_degrees.x, to_degrees.y, strict=True))
    numbers = random.sample(range(1, 10_000), len(points))
    turned = [line if random.random() < 0.5 else line[::-1] for line in random.sample(lines, len(lines))]
    with tempfile.TemporaryDirectory() as folder:
        plain = write_osm(
            Path(folder) / "a.osm", dict(enumerate(at, 1)), [([a + 1, b + 1], RESIDENTIAL) for a, b in lines]
        )
        other = write_osm(
            Path(folder) / "b.osm",
            dict(sorted(zip(numbers, at, strict=True))),
            [([numbers[a], numbers[b]], RESIDENTIAL) for a, b in turned],
        )
        one, two = StreetNetwork.from_osm(plain), StreetNetwork.from_osm(other)
    demand, sites = spots(demand), spots(sites)
    assert_array_equal(seconds(one, demand, sites), seconds(two, demand, sites))


@FEW
@given(towns(), places, places)
def test_toys_agree_with_networkx(town, demand, sites) -> None:
    net = network_of(*town)
    demand, sites = spots(demand), spots(sites)
    expected = _walked_on_the_graph(net, _xy(demand), _xy(sites), limit_s=1e5, speed_m_s=1.0, max_snap_m=300)
    assert_allclose(seconds(net, demand, sites), expected, atol=2e-3)


def _xy(points: gpd.GeoDataFrame) -> np.ndarray:
    return shapely.get_coordinates(points.geometry)


def _walked_on_the_graph(
    net: StreetNetwork, demand: np.ndarray, sites: np.ndarray, *, limit_s: float, speed_m_s: float, max_snap_m: float
) -> np.ndarray:
    """Return times by networkx on `to_graph()`, split at the places where points meet its lines: what a reader might do."""
    graph = net.to_graph()
    edges = list(graph.edges(keys=True, data=True))
    lines = np.array([data["geometry"] for *_, data in edges], object)
    places_ = shapely.points(np.concatenate((demand, sites)))
    (_, line), away = shapely.STRtree(lines).query_nearest(places_, return_distance=True, all_matches=False)
    along = shapely.line_locate_point(lines[line], places_)
    by_edge: dict[int, list[tuple[float, int]]] = {}
    for point, (edge, metres) in enumerate(zip(line.tolist(), along.tolist(), strict=True)):
        by_edge.setdefault(edge, []).append((metres, point))
    for edge, stops in by_edge.items():
        u, v, key, data = edges[edge]
        start, end = (u, v) if data["from_node"] == u else (v, u)
        graph.remove_edge(u, v, key)
        chain = [
            (0.0, start),
            *((metres, f"point {point}") for metres, point in sorted(stops)),
            (data["length_m"], end),
        ]
        for (from_m, a), (to_m, b) in itertools.pairwise(chain):
            graph.add_edge(
                a, b, length_m=max(to_m - from_m, 0.0)
            )  # a place at the very end may lie a rounding beyond it
    times = np.full((len(demand), len(sites)), np.inf)
    for j in range(len(sites)):
        site = len(demand) + j
        if away[site] > max_snap_m:
            continue
        reach = limit_s * speed_m_s
        walked = nx.single_source_dijkstra_path_length(graph, f"point {site}", cutoff=reach, weight="length_m")
        for i in range(len(demand)):
            if away[i] <= max_snap_m and f"point {i}" in walked:
                times[i, j] = (away[i] + walked[f"point {i}"] + away[site]) / speed_m_s
    return np.where(times <= limit_s, times, np.inf)


# ------------------------------------------------------------------------------------------------------------ real streets


def _around_streets(net: StreetNetwork, count: int, seed: int) -> np.ndarray:
    """Return places near random vertices of a network, most within reach of a street and some not."""
    rng = np.random.default_rng(seed)
    vertex = rng.integers(0, len(net.vertex_x), count)
    offset = rng.normal(0, 1, (count, 2)) * rng.choice([2.0, 40.0, 400.0], (count, 1), p=[0.3, 0.6, 0.1])
    return np.column_stack((net.vertex_x[vertex], net.vertex_y[vertex])) + offset


def _same_times(ours: np.ndarray, expected: np.ndarray, limit_s: float) -> int:
    """Check that times agree to 0.01 s or a millionth; returns how many pairs are within the limit in both."""
    close = np.isfinite(ours) & np.isfinite(expected)
    assert_allclose(ours[close], expected[close], rtol=1e-6, atol=0.01)
    one_sided = np.isfinite(ours) ^ np.isfinite(expected)
    on_the_edge = np.minimum(ours, expected)[one_sided]
    assert (on_the_edge > limit_s - 0.01).all(), "a pair is reached by one and not by the other"
    return int(close.sum())


@pytest.mark.parametrize(("limit_s", "speed_m_s", "max_snap_m"), [(900, 1.0, 300), (600, 1.25, 50)])
def test_real_streets_agree_with_a_walk_over_the_raw_segments(city, limit_s, speed_m_s, max_snap_m) -> None:
    net = city.net
    if city.name not in _raw:
        _raw[city.name] = RawStreets.of(city.path, WalkRules(), net.crs)
    demand = _around_streets(net, 250, seed=3)
    sites = np.concatenate((_around_streets(net, 12, seed=4), demand[:8] + 15.0, demand[8:10]))
    # places around the first sites, so that many pairs are within the limit
    near = sites[np.arange(500) % len(sites)] + np.random.default_rng(5).normal(0, 150, (500, 2))
    demand = np.concatenate((demand, near))
    options = {"limit_s": limit_s, "speed_m_s": speed_m_s, "max_snap_m": max_snap_m}
    expected = _raw[city.name].times_s(demand.tolist(), sites.tolist(), **options)
    points = [gpd.GeoSeries(shapely.points(xy), crs=net.crs) for xy in (demand, sites)]
    agreed = _same_times(seconds(net, *points, **options), expected, limit_s)
    assert agreed > 200


_raw: dict[str, RawStreets] = {}


@pytest.mark.parametrize("name", ["porto_alegre", "helsinki"])
def test_real_streets_agree_with_networkx_on_our_own_graph(name: str) -> None:
    net = city_of(name).net
    sites = _around_streets(net, 15, seed=6)
    demand = sites[np.arange(300) % 15] + np.random.default_rng(7).normal(0, 250, (300, 2))
    options = {"limit_s": 900, "speed_m_s": 1.0, "max_snap_m": 300}
    points = [gpd.GeoSeries(shapely.points(xy), crs=net.crs) for xy in (demand, sites)]
    expected = _walked_on_the_graph(net, demand, sites, **options)
    assert _same_times(seconds(net, *points, **options), expected, 900) > 300


def test_the_answer_is_the_same_with_any_number_of_threads(porto_alegre) -> None:
    net = porto_alegre.net
    points = gpd.GeoSeries(shapely.points(_around_streets(net, 3000, seed=9)), crs=net.crs)
    demand, sites = points, points[:1500]
    one, two, five = (
        coverage.travel_times(net, demand, sites, limit_s=900, straight_line=True, threads=n) for n in (1, 2, 5)
    )
    assert one.nnz > 10_000
    for other in (two, five, coverage.travel_times(net, demand, sites, limit_s=900, straight_line=True, threads=2)):
        for part in ("data", "indices", "indptr"):
            assert getattr(one, part).tobytes() == getattr(other, part).tobytes()


def test_places_can_be_snapped_once_and_used_again(porto_alegre) -> None:
    net = porto_alegre.net
    points = gpd.GeoSeries(shapely.points(_around_streets(net, 200, seed=10)), crs=net.crs)
    placed = Places.of(net, points)
    assert_array_equal(
        seconds(net, placed, placed[np.arange(20)], limit_s=900), seconds(net, points, points[:20], limit_s=900)
    )


def test_the_nearest_of_many_on_real_streets(porto_alegre) -> None:
    net = porto_alegre.net
    demand = gpd.GeoSeries(shapely.points(_around_streets(net, 1000, seed=11)), crs=net.crs)
    sites = gpd.GeoSeries(shapely.points(_around_streets(net, 60, seed=12)), crs=net.crs)
    full = seconds(net, demand, sites, limit_s=1e9)
    best, which = coverage.nearest(net, demand, sites)
    assert_array_equal(best, full.min(axis=1))
    reached = which >= 0
    assert_array_equal(full[reached, which[reached]], best[reached])


def test_catchments_are_the_travel_times_part_by_part() -> None:
    toy = draw("""
A--p---+-----q-B
       |
       |
       C
""")
    points, sites = toy.places("ABCpq"), toy.places("pqA")
    whole = coverage.travel_times(toy.net, points, sites, limit_s=70).toarray()
    for at_once, threads in ((1, 1), (2, 2), (5, 2)):
        parts = list(coverage.catchments(toy.net, points, sites, limit_s=70, at_once=at_once, threads=threads))
        assert [part.shape[1] for part in parts] == [min(at_once, 3 - k) for k in range(0, 3, at_once)]
        assert np.array_equal(np.hstack([part.toarray() for part in parts]), whole)


@pytest.mark.parametrize("name", ["porto_alegre", "wuhan"])
def test_real_streets_agree_with_scipy_on_the_raw_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle knows nothing of our network: every segment of the file, and every node where it lies.

    Only nodes on no walked street differ (the planner walks to the nearest one), and nodes that lie exactly on each other.
    """
    path = streets_file(name)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    raw = importlib.import_module("streets").Raw.of(path)
    net = StreetNetwork.from_osm(path)
    places = Places.of(net, gpd.GeoSeries.from_xy(raw.x, raw.y, crs=net.crs))
    sources = np.sort(np.random.default_rng(9).choice(len(raw.x), 60, replace=False))
    exact = csgraph.dijkstra(raw.matrix(), directed=False, indices=sources, limit=1200.01)
    times = coverage.travel_times(net, places, places[sources], limit_s=1200.0).tocsc()
    plain = ~(raw.is_off_street() | raw.shares_place())
    compared = 0
    for k in np.flatnonzero(plain[sources]).tolist():
        near = np.flatnonzero(np.isfinite(exact[k]) & plain & (exact[k] < 1199.99))
        ours = times[:, [k]].toarray().ravel()
        assert ours[near] == pytest.approx(exact[k][near], abs=0.0011)
        beyond = plain & ~np.isfinite(exact[k])  # farther than 1,200.01 m
        assert not ours[beyond].any(), "nobody is reached who is not"
        compared += len(near)
    assert compared > 5_000
