"""Who walks and what slows them down: steps, surface and crossings on drawn streets, with the answers beside them."""

import dataclasses
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import InputError, StreetNetwork, coverage, isochrones
from planner.streets import Gates, Slowed, Source, profile_of
from planner.streets.profiles import standards
from planner.streets.readers.surface_tags import mark_of
from planner.streets.surface import CROSSING, NO_MARK, SIGNAL_CROSSING, SIGNALS
from planner.units import SPEEDS_M_S
from tests.toys import METRES, ORIGIN, in_metres, write_osm

STANDARD, ELDERLY, EBIKE = profile_of("standard"), profile_of("elderly"), profile_of("ebike")


def street(
    *pieces: dict[str, str], metres: float = 100.0, marks: dict[int, dict[str, str]] | None = None
) -> StreetNetwork:
    """Return a straight street eastwards: one edge of a graph for each of its pieces' tags, `marks` the tags of its nodes."""
    graph = nx.MultiDiGraph(crs=METRES)
    for number in range(len(pieces) + 1):
        graph.add_node(number, x=ORIGIN[0] + number * metres, y=ORIGIN[1], **(marks or {}).get(number, {}))
    for number, tags in enumerate(pieces):
        graph.add_edge(number, number + 1, **tags)
    return StreetNetwork.from_graph(graph)


def walk_s(net: StreetNetwork, start_m: float, end_m: float, speed: float = 1.0) -> float:
    places = in_metres([(ORIGIN[0] + start_m, ORIGIN[1]), (ORIGIN[0] + end_m, ORIGIN[1])])
    return float(coverage.travel_times(net, places[:1], places[1:], limit_s=1e6, speed_m_s=speed).toarray()[0, 0])


FOOTWAY, STEPS = {"highway": "footway"}, {"highway": "steps"}
RESIDENTIAL, DIRT = {"highway": "residential"}, {"highway": "path", "surface": "dirt"}


def test_the_plain_profile_is_slowed_by_nothing() -> None:
    net = street(FOOTWAY, STEPS, DIRT, marks={1: {"highway": "crossing"}})
    assert net.with_profile(STANDARD) is net
    assert walk_s(net, 0, 300) == 300


def test_steps_take_their_factor_on_their_own_length() -> None:
    """100 m of footway and 100 m of steps are one stretch: 100 + 2.06 x 100 m, spread evenly."""
    net = street(FOOTWAY, STEPS).with_profile(STANDARD, Slowed(steps=True))
    assert net.n_edges == 1
    assert walk_s(net, 0, 200) == 306
    assert walk_s(net, 200, 0) == 306
    assert walk_s(net, 0, 50) == 76.5


def test_a_flight_of_steps_takes_the_elderly_a_stop_besides() -> None:
    """Two flights: 2 x 100 x 2.06 + 100 m at 0.8 m/s, and 5 s each."""
    net = street(STEPS, FOOTWAY, STEPS).with_profile(ELDERLY, Slowed(steps=True))
    assert walk_s(net, 0, 300, 0.8) == pytest.approx(512 / 0.8 + 10, abs=0.001)


def test_two_ways_of_steps_in_a_row_are_one_flight() -> None:
    net = street(STEPS, STEPS)
    assert net.surface.flights.tolist() == [1]


def test_rough_ground_takes_its_factor() -> None:
    sand = {"highway": "path", "surface": "sand"}
    net = street(FOOTWAY, DIRT, sand).with_profile(STANDARD, Slowed(surface=True))
    assert walk_s(net, 0, 300) == pytest.approx(100 + 110 + 180, abs=0.001)


@pytest.mark.parametrize(
    ("tags", "metres"),
    [
        ("highway=track", 110),
        ("highway=track tracktype=grade1", 100),
        ("highway=track surface=asphalt", 100),
        ("highway=residential", 100),
        ("highway=residential surface=gravel;asphalt", 110),
        ("highway=path surface=mud", 180),
        ("highway=path surface=unheard_of", 100),
    ],
)
def test_surfaces_by_tag(tags: str, metres: float) -> None:
    net = street(dict(tag.split("=") for tag in tags.split()))
    assert walk_s(net.with_profile(STANDARD, Slowed(surface=True)), 0, 100) == pytest.approx(metres, abs=0.001)


def test_a_crossing_delays_who_crosses_and_not_who_walks_along_the_road() -> None:
    crossing = {1: {"highway": "crossing"}}
    slowed = Slowed(crossings=True)
    assert walk_s(street(FOOTWAY, FOOTWAY, marks=crossing).with_profile(STANDARD, slowed), 0, 200) == 205
    assert walk_s(street(RESIDENTIAL, RESIDENTIAL, marks=crossing).with_profile(STANDARD, slowed), 0, 200) == 200


def test_half_of_a_crossing_belongs_to_either_side() -> None:
    """The footway ends at the crossing, where the road begins: half of the 5 s."""
    net = street(FOOTWAY, RESIDENTIAL, marks={1: {"highway": "crossing"}})
    assert walk_s(net.with_profile(STANDARD, Slowed(crossings=True)), 0, 200) == 202.5


def test_signals_are_waited_for_on_every_way_and_cost_seconds_at_any_speed() -> None:
    net = street(RESIDENTIAL, RESIDENTIAL, marks={1: {"highway": "traffic_signals"}})
    assert walk_s(net.with_profile(STANDARD, Slowed(crossings=True)), 0, 200) == 220
    assert walk_s(net.with_profile(ELDERLY, Slowed(crossings=True)), 0, 200, 0.8) == 270
    assert walk_s(net.with_profile(EBIKE, Slowed(crossings=True)), 0, 200, 4.2) == pytest.approx(
        200 / 4.2 + 20, abs=0.001
    )


@pytest.mark.parametrize(
    ("tags", "mark"),
    [
        ("highway=crossing", CROSSING),
        ("highway=crossing crossing=zebra", CROSSING),
        ("crossing=unmarked", CROSSING),
        ("highway=crossing crossing=traffic_signals", SIGNAL_CROSSING),
        ("highway=crossing crossing:signals=yes", SIGNAL_CROSSING),
        ("highway=traffic_signals crossing=zebra", SIGNALS),
        ("highway=crossing crossing=no", NO_MARK),
        ("highway=stop", NO_MARK),
    ],
)
def test_marks_of_nodes(tags: str, mark: int) -> None:
    assert mark_of(dict(tag.split("=") for tag in tags.split())) == mark


def test_a_delay_is_spread_over_its_stretch() -> None:
    """20 s on 200 m: a place half-way along has half of them, and so has the drawing of the isochrone."""
    net = street(RESIDENTIAL, RESIDENTIAL, marks={1: {"highway": "traffic_signals"}})
    net = net.with_profile(STANDARD, Slowed(crossings=True))
    assert walk_s(net, 0, 100) == 110
    start = in_metres([ORIGIN])
    shape = isochrones.polygons(net, start, minutes=[110 / 60]).geometry.to_crs(METRES).iloc[0]
    assert shape.bounds[2] - ORIGIN[0] == pytest.approx(100, abs=2)


def test_every_number_has_its_source() -> None:
    def sections(table: dict) -> list[dict]:
        inner = [value for value in table.values() if isinstance(value, dict)]
        return [found for value in inner for found in sections(value)] or [table]

    for section in sections(standards()):
        assert section["source"].strip(), section
    assert set(standards()["profile"]) <= set(SPEEDS_M_S)


def test_a_number_that_is_a_profiles_own_speed_stands_for_it() -> None:
    assert profile_of(0.8) == profile_of("elderly")
    assert profile_of(1.1) == dataclasses.replace(STANDARD, speed_m_s=1.1)
    for bad in (0, -1, float("nan"), float("inf"), "fast"):
        with pytest.raises(InputError):
            profile_of(bad)


def test_what_is_snapped_once_may_be_walked_by_all() -> None:
    net = street(FOOTWAY, STEPS)
    slow = net.with_profile(STANDARD, Slowed(steps=True))
    assert slow.grid is net.grid
    assert slow.adjacency is net.adjacency
    places = coverage.Places.of(net, in_metres([ORIGIN, (ORIGIN[0] + 200, ORIGIN[1])]))
    assert coverage.travel_times(slow, places, places, limit_s=1e4).toarray().max() == 306
    assert net.factor_forward.tolist() == [1.0]


def write_tagged(path: Path) -> Path:
    """Write the street of the other tests as a file: footway, crossing, steps, road."""
    nodes = {n: (117.0 + n * 0.001, 25.0) for n in range(4)}
    write_osm(path, nodes, [((0, 1), FOOTWAY), ((1, 2), STEPS), ((2, 3), {"highway": "track", "bridge": "yes"})])
    text = path.read_text(encoding="utf-8").replace('<node id="1"', '<node id="1" lon_="" ', 1)
    head, tail = text.split('lon_=""', 1)
    inner, rest = tail.split("/>", 1)
    path.write_text(f'{head}{inner}><tag k="highway" v="crossing"/></node>{rest}', encoding="utf-8")
    return path


def test_a_file_says_it_all_and_the_cache_keeps_it(tmp_path: Path) -> None:
    path = write_tagged(tmp_path / "streets.osm")
    for _ in range(2):
        net = StreetNetwork.from_osm(path, cache=tmp_path / "cache")
        assert net.surface.crossings.tolist() == [1]
        assert net.surface.flights.tolist() == [1]
        for share in (net.surface.steps, net.surface.unpaved, net.surface.raised):
            assert share[0] == pytest.approx(1 / 3, abs=1e-4)


def test_sources_joined_and_gates_keep_what_is_known(tmp_path: Path) -> None:
    path = write_tagged(tmp_path / "streets.osm")
    plain = StreetNetwork.from_osm(path)
    side = gpd.GeoSeries([shapely.LineString([(117.0005, 25.0), (117.0005, 25.001)])], crs=4326)
    lines = gpd.GeoDataFrame({"路面": ["土路"]}, geometry=side.to_numpy(), crs=4326)
    lines.to_file(tmp_path / "lanes.gpkg")
    gates = Gates(gpd.GeoSeries([shapely.Point(117.01, 25.0)], crs=4326))
    net = StreetNetwork.from_sources([Source(path), Source(tmp_path / "lanes.gpkg")], gates=gates)
    assert net.n_edges == 3
    length = net.edge_length_m
    assert (net.surface.steps * length).sum() == pytest.approx(
        (plain.surface.steps * plain.edge_length_m).sum(), rel=1e-6
    )
    assert net.surface.crossings.sum() == 1
    assert (net.surface.unpaved * length).sum() == pytest.approx(plain.edge_length_m[0] / 3 + 110.8, abs=0.5)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([FOOTWAY, STEPS, DIRT, RESIDENTIAL]), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_whatever_slows_down_never_quickens(pieces, steps, surface, crossings, a, b) -> None:
    net = street(*pieces, marks={1: {"highway": "traffic_signals"}})
    slow = net.with_profile(STANDARD, Slowed(steps, surface, crossings))
    whole = 100.0 * len(pieces)
    assert walk_s(slow, a * whole, b * whole) >= walk_s(net, a * whole, b * whole) - 0.001
    assert np.isfinite(slow.factor_forward).all()
