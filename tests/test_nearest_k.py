"""The k nearest in one search, and the slower of both ways: against all travel times."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import InputError, coverage, isochrones
from planner.coverage import Places
from tests.test_coverage import places, spots, towns
from tests.toys import METRES, draw, in_metres, network_of


def of_all_times(times: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k least of each row and whose they are, equal ones by their number: the oracle."""
    seconds, site = np.full((len(times), k), np.inf), np.full((len(times), k), -1)
    for i, row in enumerate(times):
        order = sorted((s, j) for j, s in enumerate(row) if np.isfinite(s))[:k]
        for rank, (s, j) in enumerate(order):
            seconds[i, rank], site[i, rank] = s, j
    return seconds, site


def all_times(net, demand, sites, **options) -> np.ndarray:
    found = coverage.travel_times(net, demand, sites, limit_s=1e6, **options).tocoo()
    times = np.full(found.shape, np.inf)
    times[found.row, found.col] = found.data
    return times


def test_the_three_nearest_on_a_street() -> None:
    toy = draw("A--p-----q--x----r---B")
    seconds, site = coverage.nearest_k(toy.net, toy.places("x"), toy.places("pqr"), k=3)
    assert seconds.tolist() == [[30, 50, 90]]
    assert site.tolist() == [[1, 2, 0]]


def test_fewer_than_k_and_none_at_all() -> None:
    toy = draw("""
    A--p--x--B

    C----y---D
    """)
    seconds, site = coverage.nearest_k(toy.net, toy.places("xy"), toy.places("p"), k=2)
    assert seconds.tolist() == [[30, np.inf], [np.inf, np.inf]]
    assert site.tolist() == [[0, -1], [-1, -1]]
    nobody = coverage.nearest_k(toy.net, toy.places("xy"), in_metres([]), k=2)
    assert nobody[1].tolist() == [[-1, -1], [-1, -1]]


def test_equally_near_ones_come_by_their_number() -> None:
    toy = draw("A--p--x--q--B")
    places_ = toy.places("qpqp")
    assert coverage.nearest_k(toy.net, toy.places("x"), places_, k=3)[1].tolist() == [[0, 1, 2]]


def test_k_is_a_number_of_sites() -> None:
    toy = draw("A--p--x--B")
    with pytest.raises(InputError) as fault:
        coverage.nearest_k(toy.net, toy.places("x"), toy.places("p"), k=0)
    assert fault.value.message("zh")


@settings(max_examples=40, deadline=None)
@given(towns(), places, places, st.integers(1, 5), st.sampled_from(["to", "from"]))
def test_the_k_nearest_are_the_k_least_of_all_times(town, demand, sites, k, direction) -> None:
    net, demand, sites = sloped(town), spots(demand), spots(sites)
    times = all_times(net, demand, sites, direction=direction)
    expected_s, expected = of_all_times(times, k)
    seconds, site = coverage.nearest_k(net, demand, sites, k=k, direction=direction)
    assert seconds.tolist() == expected_s.tolist()
    assert site.tolist() == expected.tolist()


@settings(max_examples=25, deadline=None)
@given(towns(), places, places, st.floats(0, 900))
def test_the_slower_way_is_the_greater_of_the_two_times_of_each_pair(town, demand, sites, limit_s) -> None:
    net, demand, sites = sloped(town), spots(demand), spots(sites)
    slower = np.maximum(*(all_times(net, demand, sites, direction=way) for way in ("to", "from")))
    assert all_times(net, demand, sites, direction="slower").tolist() == slower.tolist()
    within = coverage.matrix(net, demand, sites, threshold_s=limit_s, direction="slower").toarray()
    assert within.tolist() == (slower <= limit_s).tolist()
    seconds, site = coverage.nearest(net, demand, sites, direction="slower")
    expected_s, expected = of_all_times(slower, 1)
    assert seconds.tolist() == expected_s[:, 0].tolist()
    assert site.tolist() == expected[:, 0].tolist()


def sloped(town):
    """Return the network of a town in which every street is harder one way than the other."""
    net = network_of(*town)
    factor = 1.0 + (np.arange(net.n_edges) % 3) / 4
    return dataclasses.replace(net, factor_forward=factor, factor_backward=2.0 - factor / 2)


def test_the_slower_isochrone_is_what_both_have_in_common() -> None:
    """One street twice as hard eastwards: 300 s reach 300 m one way and 150 m the other; both ways 150 m on either side."""
    toy = draw("A" + "-" * 39 + "p" + "-" * 39 + "B")
    net = dataclasses.replace(toy.net, factor_forward=np.full(1, 2.0))
    x = toy.spots["p"][0]
    frame = isochrones.polygons(net, toy.places("p"), minutes=[3, 5], direction="slower")
    assert frame["reason"].tolist() == [None, None]
    shapes = frame.geometry.to_crs(METRES)
    assert shapes.iloc[1].bounds[0] == pytest.approx(x - 150, abs=2)
    assert shapes.iloc[1].bounds[2] == pytest.approx(x + 150, abs=2)
    assert shapes.iloc[1].covers(shapes.iloc[0])
    assert shapes.is_valid.all()


def test_the_k_nearest_of_many_on_real_streets(porto_alegre) -> None:
    net, rng = porto_alegre.net, np.random.default_rng(5)
    node = rng.choice(net.n_nodes, 460, replace=False)
    x, y = net.node_x[node] + rng.normal(0, 30, 460), net.node_y[node] + rng.normal(0, 30, 460)
    all_places = Places.at(net, x, y)
    demand, sites = all_places[np.arange(400)], all_places[np.arange(400, 460)]
    expected_s, expected = of_all_times(all_times(net, demand, sites), 4)
    seconds, site = coverage.nearest_k(net, demand, sites, k=4)
    assert seconds == pytest.approx(expected_s, abs=0.0011)
    assert (site == expected).mean() > 0.999
