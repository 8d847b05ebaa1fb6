"""What OSM files say about themselves: deleted and outdated objects, several boxes, positions that are none."""

import networkx as nx
import osmium
import pytest
import shapely

from planner import NetworkError, StreetNetwork
from planner.texts import LANGUAGES

NODES = "".join(f'<node id="{n}" version="1" lat="25" lon="{118 + n / 1000}"/>' for n in (1, 2, 3, 4))
FIRST = '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>'
SECOND = '<way id="2" {mark}><nd ref="2"/><nd ref="3"/><nd ref="4"/><tag k="highway" v="footway"/></way>'
STEP_M = 100.93  # 0.001 degrees of longitude at 25 N


def metres(path, text: str) -> float:
    path.write_text(f'<osm version="0.6">{text}</osm>', encoding="utf-8")
    return float(StreetNetwork.from_osm(path).edge_length_m.sum())


@pytest.mark.parametrize(
    "second",
    [
        SECOND.replace("{mark}", 'action="delete"'),
        SECOND.replace("{mark}", "version='1' action='delete'"),
        SECOND.replace("{mark}", 'version="2" visible="false"'),
        SECOND.replace("{mark}", 'version="1" visible="true"') + '<way id="2" version="2" visible="false"/>',
        SECOND.replace("{mark}", 'version="1"')
        + '<way id="2" version="2" visible="true"><nd ref="2"/><nd ref="3"/></way><way id="9" version="1" visible="false"/>',
    ],
    ids=["josm", "quotes", "invisible", "history", "outdated"],
)
def test_what_is_deleted_or_outdated_is_not_walked(tmp_path, second):
    assert metres(tmp_path / "a.osm", NODES + FIRST + second) == pytest.approx(STEP_M, rel=2e-3)


def test_a_deleted_node_takes_its_stretches_with_it(tmp_path):
    nodes = NODES.replace('<node id="4" version="1"', '<node id="4" action="delete"')
    assert metres(tmp_path / "a.osm", nodes + FIRST + SECOND.replace("{mark}", "")) == pytest.approx(
        2 * STEP_M, rel=2e-3
    )


def test_the_word_delete_elsewhere_deletes_nothing(tmp_path):
    text = NODES + FIRST + SECOND.replace("{mark}", 'action="modify"').replace("footway", "footway' action='delete'")
    assert metres(tmp_path / "a.osm", text) == pytest.approx(3 * STEP_M, rel=2e-3)


def test_all_boxes_of_a_header_count(tmp_path):
    boxes = "".join(f"<bounds minlat='24' minlon='{west}' maxlat='26' maxlon='{west + 1}'/>" for west in (117, 118))
    path = tmp_path / "a.osm"
    metres(path, boxes + NODES + FIRST)
    extent = StreetNetwork.from_osm(path).extent
    assert extent.equals(shapely.box(117, 24, 119, 26))


def test_positions_on_the_ways_are_read(tmp_path):
    plain, path = tmp_path / "a.osm", tmp_path / "a.osm.pbf"
    metres(plain, NODES + FIRST)
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf,locations_on_ways=true")) as writer:
        for way in osmium.FileProcessor(str(plain)).with_locations():
            if way.is_way():
                writer.add_way(way)
    assert StreetNetwork.from_osm(path).edge_length_m.sum() == pytest.approx(STEP_M, rel=2e-3)


@pytest.mark.parametrize("value", ["abc", "", "nan", "inf", "99999999999999999999", "25,1"])
def test_a_position_that_is_no_number_is_one_clear_error(tmp_path, value):
    path = tmp_path / "a.osm"
    path.write_text(f'<osm version="0.6">{NODES}<node id="5" lat="{value}" lon="118"/>{FIRST}</osm>', encoding="utf-8")
    with pytest.raises(NetworkError) as caught:
        StreetNetwork.from_osm(path)
    assert all("a.osm" in caught.value.message(language) for language in LANGUAGES)


# --- graphs of OSMnx --------------------------------------------------------------------------------------------------


def graph() -> nx.MultiDiGraph:
    made = nx.MultiDiGraph(crs="epsg:4326")
    for n in (1, 2, 3):
        made.add_node(n, x=118 + n / 1000, y=25.0)
    for a, b in ((1, 2), (2, 1), (2, 3), (3, 2)):
        made.add_edge(a, b, highway="residential", oneway="yes")
    return made


LINE = shapely.LineString([(118.001, 25), (118.002, 25)])


@pytest.mark.parametrize(
    "geometry",
    [
        LINE.wkt,
        float("nan"),
        "nan",
        None,
        shapely.LineString(),
        shapely.MultiLineString([LINE]),
        shapely.segmentize(LINE, 3e-4),
    ],
)
def test_the_geometry_of_an_edge_as_graphs_hold_it(geometry):
    made = graph()
    made.edges[1, 2, 0]["geometry"] = geometry
    made.edges[2, 1, 0]["geometry"] = geometry
    assert StreetNetwork.from_graph(made).edge_length_m.sum() == pytest.approx(2 * STEP_M, rel=2e-3)


@pytest.mark.parametrize(
    "geometry",
    [
        "LINE",
        7,
        shapely.Point(1, 2),
        shapely.MultiLineString([LINE, [(1, 1), (2, 2)]]),
        "LINESTRING (118 nan, 118.1 25)",
    ],
)
def test_an_edge_that_is_no_line_is_named(geometry):
    made = graph()
    made.edges[2, 3, 0]["geometry"] = geometry
    with pytest.raises(NetworkError, match="2 – 3") as caught:
        StreetNetwork.from_graph(made)
    assert "2 – 3" in caught.value.message("zh")


@pytest.mark.parametrize("name", [2**63 + 5, -(2**70), "12-0", "7", (1, 2)])
def test_nodes_may_be_called_anything(name):
    made = nx.relabel_nodes(graph(), {1: name})
    assert StreetNetwork.from_graph(made).edge_length_m.sum() == pytest.approx(2 * STEP_M, rel=2e-3)


@pytest.mark.parametrize("first", [1, "12-0", 2**70])
def test_graphs_of_files_have_names_and_oneways_of_their_own(tmp_path, first):
    made = nx.relabel_nodes(graph(), {1: first})
    made.edges[2, 3, 0]["highway"] = "['footway', 'steps']"
    nx.write_graphml(made, tmp_path / "a.graphml")
    net = StreetNetwork.from_graphml(tmp_path / "a.graphml")
    assert net.edge_length_m.sum() == pytest.approx(2 * STEP_M, rel=2e-3)
    assert "footway" in net.classes


@pytest.mark.parametrize("x", ["abc", "nan", float("inf"), None])
def test_a_node_without_a_place_is_named(x):
    made = graph()
    made.nodes[2]["x"] = x
    with pytest.raises(NetworkError, match="node 2"):
        StreetNetwork.from_graph(made)
