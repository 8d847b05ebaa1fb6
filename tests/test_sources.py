"""Several sources of streets made one, gates in walls, and networks from files of any kind."""

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely
from drawn_layers import EAST_WEST, LINES, MILLIMETRE, codes, layer, lengths, parts, walk_s
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from test_streets import same_network
from toys import METRES, ORIGIN, RESIDENTIAL, in_metres, write_osm

from planner import CRSError, GeometryError, InputError, NetworkError, PlannerError, StreetNetwork, coverage
from planner.crs import WGS84, transformer
from planner.findings import InputReport
from planner.streets import Gates, Source, WalkRules
from planner.streets.joining.combine import combine
from planner.streets.joining.gates import open_gates
from planner.streets.readers.graphs import ways_of_graph
from planner.streets.readers.lines import ways_of_lines
from planner.streets.readers.osm import read_ways

# ------------------------------------------------------------------------------------------------------- several sources


def osm_ways(tmp_path: Path, nodes: dict, ways: list):
    """Return the ways of an OSM file whose nodes are given in metres from the origin."""
    to_degrees = transformer(METRES, WGS84).transform
    moved = {number: to_degrees(ORIGIN[0] + x, ORIGIN[1] + y) for number, (x, y) in nodes.items()}
    tagged = [way if isinstance(way[1], dict) else (way, RESIDENTIAL) for way in ways]
    return read_ways(write_osm(tmp_path / "streets.osm.pbf", moved, tagged), WalkRules())


def combined(*sources, tolerance_m: float = 5.0) -> tuple[StreetNetwork, list[InputReport]]:
    reports = [InputReport("streets", f"source {n}") for n in range(1, len(sources) + 1)]
    return StreetNetwork.from_ways(combine(sources, tolerance_m, reports=reports)), reports


MAIN_STREET = ({1: (-200, 0), 2: (0, 0), 3: (200, 0)}, [[1, 2, 3]])


def test_village_lanes_are_added_to_openstreetmap(tmp_path: Path) -> None:
    #  The street runs along y = 0; a village 300 m north has two lanes of the planner's own, one of which ends 2 m off it.
    osm = osm_ways(tmp_path, *MAIN_STREET)
    lanes = ways_of_lines(layer([(50, 2), (50, 300)], [(50, 300), (150, 300)]))
    alone = StreetNetwork.from_ways(osm)
    assert walk_s(alone, (150, 299), (-200, 0)) == pytest.approx(649, abs=0.02), (
        "without the lanes: a point 299 m from the street"
    )
    net, reports = combined(osm, lanes)
    assert walk_s(net, (150, 300), (-200, 0)) == pytest.approx(100 + 298 + 2 + 250, abs=0.05)
    assert parts(net) == 1
    assert codes(reports[1]) == [("combined", None)]
    assert reports[1].findings[0].params == {"number": 2, "joined": 1, "crossings": 0}
    assert net.figures["sources"] == 2
    assert {net.classes[c] for c in net.edge_class} <= {"residential", "road"}
    assert 1 in net.node_ref, "nodes of OpenStreetMap keep their names"


def test_lanes_of_two_sources_that_cross_meet_but_not_below_a_bridge(tmp_path: Path) -> None:
    nodes = {1: (-200, 0), 2: (200, 0), 3: (-200, 100), 4: (200, 100)}
    ways = [[1, 2], ([3, 4], {"highway": "primary", "bridge": "yes"})]
    osm = osm_ways(tmp_path, nodes, ways)
    net, _ = combined(osm, ways_of_lines(layer([(0, -50), (0, 150)])))
    assert net.figures["crossings"] == 1
    assert walk_s(net, (0, 150), (-200, 0)) == pytest.approx(350, abs=0.05)
    assert parts(net) == 2


def test_vertices_drawn_on_nodes_of_the_other_source_meet(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    to_degrees = transformer(METRES, WGS84).transform
    node = np.array(transformer(WGS84, METRES).transform(*np.round(to_degrees(*ORIGIN), 7))) - ORIGIN
    net, _ = combined(osm, ways_of_lines(layer([(-60, 80), node, (60, -80)])))
    assert (net.n_nodes, net.n_edges) == (5, 4)


def test_the_same_street_in_both_sources_is_kept_once(tmp_path: Path) -> None:
    #  OpenStreetMap has the street along y = 0; the survey has it along y = 3, with a lane that leaves it northwards.
    osm = osm_ways(tmp_path, *MAIN_STREET)
    survey = ways_of_lines(layer([(-200, 3), (40, 3), (200, 3)], [(40, 3), (40, 120)]))
    net, reports = combined(osm, survey)
    assert net.edge_length_m.sum() == pytest.approx(400 + 117 + 3, abs=0.1)
    assert walk_s(net, (40, 120), (-200, 0)) == pytest.approx(117 + 3 + 240, abs=0.1)
    assert ("repeated_roads", None) in codes(reports[1])
    assert net.figures["repeated_m"] == 400
    told_apart, _ = combined(osm, survey, tolerance_m=2.0)
    assert told_apart.edge_length_m.sum() == pytest.approx(800 + 117, abs=0.1)
    assert parts(told_apart) == 2


def test_a_street_that_leaves_the_one_it_ran_beside_goes_on_from_there(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    survey = ways_of_lines(layer([(-200, 2), (0, 2), (60, 2), (100, 40), (100, 140)]))
    net, _ = combined(osm, survey)
    assert parts(net) == 1
    there = 2 + np.hypot(40, 38) + 100
    assert walk_s(net, (100, 140), (60, 0)) == pytest.approx(there, abs=0.1)


def test_a_short_lane_that_starts_beside_a_street_stays(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    net, _ = combined(osm, ways_of_lines(layer([(0, 1), (12, 3), (30, 60)])))
    assert net.figures["repeated_m"] == 0
    assert parts(net) == 1


def test_lanes_that_reach_nothing_are_reported_with_their_place(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    net, reports = combined(osm, ways_of_lines(layer([(0, 40), (0, 300)], [(100, 2), (100, 80)])))
    assert parts(net) == 2
    (code, _), found = codes(reports[1])[-1], reports[1].findings[-1].params
    assert code == "part_apart"
    assert (found["number"], found["metres"], found["distance_m"]) == (2, 260, 40.0)
    assert net.figures["parts_apart"] == 1


def test_two_extracts_of_openstreetmap_share_their_nodes(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    nodes = {1: (-200, 0), 2: (0, 0), 3: (200, 0)}
    west, east = osm_ways(tmp_path, nodes, [[1, 2]]), osm_ways(tmp_path / "b", nodes, [[2, 3], [1, 2]])
    net, _ = combined(west, east, tolerance_m=0)
    assert_allclose(lengths(net), [400], atol=0.02)
    assert sorted(net.node_ref) == [1, 3]


def test_graph_numbers_are_not_taken_for_openstreetmap_nodes(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    graph = nx.MultiDiGraph(crs=METRES)
    for number, (x, y) in {1: (0, 500), 2: (90, 500)}.items():
        graph.add_node(number, x=ORIGIN[0] + x, y=ORIGIN[1] + y)
    graph.add_edge(1, 2, highway="path")
    net, _ = combined(osm, ways_of_graph(graph))
    assert (parts(net), net.n_edges) == (2, 2)
    assert len(set(net.node_ref)) == 4


def test_three_sources_and_one(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    first = ways_of_lines(layer([(50, 2), (50, 100)]))
    second = ways_of_lines(layer([(53, 100), (150, 100)]))
    net, reports = combined(osm, first, second)
    assert walk_s(net, (150, 100), (50, 0)) == pytest.approx(97 + 3 + 98 + 2, abs=0.05)
    assert [report.findings[0].params["joined"] for report in reports[1:]] == [1, 1]
    assert combine([osm]) is osm


def test_combining_what_cannot_be(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, *MAIN_STREET)
    far = ways_of_lines(layer([(0, 40_000), (100, 40_000)]))
    with pytest.raises(NetworkError, match="40"):
        combine([osm, far])
    with pytest.raises(InputError, match="tolerance_m"):
        combine([osm, far], -1)
    with pytest.raises(InputError, match="no source"):
        combine([])


def test_the_extent_is_that_of_all_sources(tmp_path: Path) -> None:
    osm = osm_ways(tmp_path, {1: (0, 0), 2: (100, 0), 3: (100, 100)}, [[1, 2, 3]])
    own = ways_of_lines(layer([(300, 0), (400, 0), (400, 100)]))
    both = combine([osm, own])
    assert both.extent.area == pytest.approx(osm.extent.area + own.extent.area)


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, st.sampled_from([0.0, 3.0, 12.0]))
def test_combining_loses_no_place(first, second, tolerance_m: float) -> None:
    """Every vertex of every source lies within the tolerance of a street of the result."""
    layers = [layer(*(np.array(line, float) * 10 for line in lines)) for lines in (first, second)]
    net = StreetNetwork.from_ways(combine([ways_of_lines(frame) for frame in layers], tolerance_m))
    edge = np.repeat(np.arange(net.n_edges), np.diff(net.vertex_indptr))
    drawn = shapely.multilinestrings(shapely.linestrings(np.column_stack((net.vertex_x, net.vertex_y)), indices=edge))
    for frame in layers:
        assert shapely.distance(shapely.points(frame.geometry.get_coordinates()), drawn).max() <= tolerance_m + 0.03


# ----------------------------------------------------------------------------------------------------------------- gates

#  A compound whose lane runs along y = 20, walled off from the street along y = 0; the lane leads out only in the far east.
WALLED = ([(-200, 0), (600, 0)], [(-100, 20), (500, 20)], [(500, 20), (500, 300)])


def gate(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    return in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in places])


def opened(lines, gates, **options) -> tuple[StreetNetwork, InputReport]:
    report = InputReport("gates", "gates.csv")
    return StreetNetwork.from_ways(open_gates(ways_of_lines(layer(*lines)), gates, report=report, **options)), report


def test_a_gate_opens_a_walled_compound() -> None:
    shut = StreetNetwork.from_lines(layer(*WALLED))
    assert walk_s(shut, (-50, 20), (-200, 0)) == np.inf
    net, report = opened(WALLED, gate((0, 8)))
    #  50 m along the lane, 12 m to the gate, 8 m to the street, 200 m along it
    assert walk_s(net, (-50, 20), (-200, 0)) == pytest.approx(50 + 12 + 8 + 200, abs=MILLIMETRE)
    assert codes(report) == [("gate_opened_apart", 1)]
    assert report.findings[0].params == {"metres": 20.0, "asked_m": 2000}
    assert net.figures["gates_opened"] == 1
    assert "gate" in {net.classes[c] for c in net.edge_class}


def test_a_gate_shortens_a_long_way_round_and_says_how_long_it_was() -> None:
    lines = (*WALLED[:2], [(500, 20), (500, 0)])
    net, report = opened(lines, gate((0, 8)))
    assert walk_s(net, (-50, 20), (-200, 0)) == pytest.approx(270, abs=MILLIMETRE)
    assert report.findings[0].params == {"metres": 20.0, "before": 500 + 20 + 500}


def test_a_gate_where_one_can_walk_already_opens_nothing() -> None:
    lines = (*WALLED[:2], [(10, 20), (10, 0)])
    net, report = opened(lines, gate((0, 8)))
    assert codes(report) == [("gate_one_street", 1)]
    assert report.rows_used == 0
    assert net.edge_length_m.sum() == pytest.approx(800 + 600 + 20)


def test_a_second_gate_beside_the_first_opens_nothing_and_one_far_off_does() -> None:
    net, report = opened(WALLED, gate((0, 8), (3, 8), (300, 8)))
    assert [code for code, _ in codes(report)] == ["gate_opened_apart", "gate_one_street", "gate_opened"]
    assert report.findings[2].params["before"] == 300 + 20 + 300
    assert walk_s(net, (300, 20), (300, 0)) == pytest.approx(20, abs=MILLIMETRE)


def test_a_gate_looks_to_its_other_side() -> None:
    #  two carriageways south of the gate, 8 m and 16 m away; the lane lies 18 m north of it
    lines = ([(-200, 0), (600, 0)], [(-200, -8), (600, -8)], [(-100, 26), (500, 26)])
    net, _ = opened(lines, gate((0, 8)))
    assert walk_s(net, (-50, 26), (-200, 0)) == pytest.approx(50 + 18 + 8 + 200, abs=MILLIMETRE)
    assert parts(net) == 2


def test_a_gate_drawn_on_the_lane_or_beyond_reach() -> None:
    net, report = opened(WALLED, gate((0, 20)))
    assert walk_s(net, (0, 20), (0, 0)) == pytest.approx(20, abs=MILLIMETRE)
    _, report = opened(WALLED, gate((0, 8), (0, 90), (0, -25)), tolerance_m=10)
    assert codes(report) == [("gate_one_street", 1), ("gate_no_street", 2), ("gate_no_street", 3)]


def test_bridges_have_no_gates() -> None:
    ways = ways_of_lines(layer(*WALLED[:2], bridge=["yes", ""]))
    assert open_gates(ways, gate((0, 8))).figures["gates_opened"] == 0


def test_gates_in_any_crs_with_blank_ones() -> None:
    gates = gate((0, 8)).to_crs(WGS84)
    gates = gpd.GeoDataFrame(geometry=[shapely.Point(), *gates.geometry, None], crs=WGS84)
    net, report = opened(WALLED, gates)
    assert parts(net) == 1
    assert codes(report) == [("line_empty", 1), ("gate_opened_apart", 2), ("line_empty", 3)]


@pytest.mark.parametrize(
    ("gates", "options", "error"),
    [
        (gate((0, 8)).set_crs(None, allow_override=True), {}, CRSError),
        (layer(EAST_WEST), {}, GeometryError),
        (gate((0, 8)), {"tolerance_m": -1}, InputError),
    ],
)
def test_gates_that_are_none(gates, options, error: type[PlannerError]) -> None:
    with pytest.raises(error):
        opened(WALLED, gates, **options)


# ---------------------------------------------------------------------------------------------------- files of any kind


@pytest.fixture
def village(tmp_path: Path) -> list[Source]:
    """Write a street in an OSM file, a lane as a shapefile, and a path as OSMnx saves a graph."""
    osm_ways(tmp_path, *MAIN_STREET)
    layer([(50, 2), (50, 300)], [(50, 300), (50, 300)]).to_file(tmp_path / "lanes.shp")
    graph = nx.MultiDiGraph(crs=METRES)
    for number, (x, y) in enumerate([(50, 303), (150, 303)]):
        graph.add_node(number, x=ORIGIN[0] + x, y=ORIGIN[1] + y)
    graph.add_edge(0, 1, osmid=1, highway="path", length=100.0)
    osmnx.save_graphml(graph, tmp_path / "paths.graphml")
    return [Source(tmp_path / name) for name in ("streets.osm.pbf", "lanes.shp", "paths.graphml")]


def reports_of(sources: list[Source]) -> list[InputReport]:
    return [InputReport("streets", source.path.name) for source in sources]


def test_a_network_from_three_kinds_of_files(village: list[Source]) -> None:
    reports = reports_of(village)
    net = StreetNetwork.from_sources(village, reports=reports)
    assert walk_s(net, (150, 303), (-200, 0)) == pytest.approx(100 + 3 + 298 + 2 + 250, abs=0.05)
    assert [(report.rows_read, report.rows_used) for report in reports] == [(1, 1), (2, 1), (1, 1)]
    assert [codes(report)[0] for report in reports[1:]] == [("line_without_length", 2), ("combined", None)]


def test_one_source_is_as_it_ever_was(village: list[Source]) -> None:
    assert same_network(StreetNetwork.from_sources(village[:1]), StreetNetwork.from_osm(village[0].path))


def test_what_is_kept_is_as_built_with_all_that_was_said(village: list[Source], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    gates = Gates(gate((0, 150)), tolerance_m=10)
    told = []
    nets = []
    for _ in range(2):
        reports, at_gates = reports_of(village), InputReport("gates", "gates.csv")
        nets.append(
            StreetNetwork.from_sources(village, cache=cache, gates=gates, reports=reports, gates_report=at_gates)
        )
        told.append([report.to_dict("zh") for report in (*reports, at_gates)])
    assert same_network(*nets)
    assert told[0] == told[1]
    assert told[0][3]["findings"][0]["code"] == "streets.gate_no_street"
    assert len(list(cache.iterdir())) == 1


def test_the_cache_notices_every_change(village: list[Source], tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def kept(sources=village, **options) -> int:
        StreetNetwork.from_sources(sources, cache=cache, **options)
        return len(list(cache.iterdir()))

    assert kept() == kept() == 1
    assert kept(tolerance_m=4.0) == 2
    assert kept(rules=WalkRules(private_lanes=False)) == 3
    assert kept(gates=Gates(gate((0, 150)))) == 4
    assert kept(gates=Gates(gate((0, 151)))) == 5
    assert kept(gates=Gates(gate((0, 151)), tolerance_m=9)) == 6
    assert kept([village[0], Source(village[1].path, noded=True), village[2]]) == 7
    assert kept(village[:2]) == 8
    assert kept([village[1], village[0], village[2]]) == 9
    layer([(50, 2), (50, 200)]).to_file(village[1].path)
    assert kept() == 10
    assert kept(boundary=layer([(0, 0), (60, 10)]).to_crs(WGS84).union_all().envelope, buffer_m=20) == 11


def test_sources_that_cannot_be_read(village: list[Source], tmp_path: Path) -> None:
    (tmp_path / "empty.osm.pbf").write_bytes(b"")
    for path, error in (("none.osm.pbf", NetworkError), ("empty.osm.pbf", NetworkError), ("none.shp", InputError),
                        ("none.graphml", NetworkError), ("streets.docx", InputError)):  # fmt: skip
        for cache in (None, tmp_path / "cache"):
            with pytest.raises(error):
                StreetNetwork.from_sources([village[0], Source(tmp_path / path)], cache=cache)
    with pytest.raises(InputError, match="no source"):
        StreetNetwork.from_sources([])
    with pytest.raises(InputError, match="buffer_m"):
        StreetNetwork.from_sources(village, buffer_m=-1)
    assert not (tmp_path / "cache").exists()


# ------------------------------------------------------------------------------------------------------------ real data


def test_own_lines_of_the_same_city_hurt_nothing(porto_alegre) -> None:
    """A quarter of the streets drawn again, two metres off: the same network, give or take the joints."""
    osm = read_ways(porto_alegre.path, WalkRules())
    net = porto_alegre.net
    edge = np.repeat(np.arange(net.n_edges), np.diff(net.vertex_indptr))
    lines = shapely.linestrings(np.column_stack((net.vertex_x + 1.5, net.vertex_y + 1.3)), indices=edge)
    own = gpd.GeoSeries(lines[: net.n_edges // 4], crs=net.crs)
    both = StreetNetwork.from_ways(combine([osm, ways_of_lines(own, noded=True)]))
    assert both.edge_length_m.sum() == pytest.approx(net.edge_length_m.sum(), rel=0.02)
    rng = np.random.default_rng(2)
    at = rng.choice(net.n_nodes, 200, replace=False)
    points = gpd.GeoDataFrame(geometry=shapely.points(net.node_x[at], net.node_y[at]), crs=net.crs)
    one, other = (
        coverage.travel_times(n, points, points.iloc[:30], limit_s=2400, speed_m_s=1.0).toarray() for n in (net, both)
    )
    reached = one > 0
    assert reached.sum() > 300
    assert (other[reached] > 0).mean() > 0.995, "nobody becomes unreachable"
    assert np.median(np.abs(one - other)[reached]) < 0.01
