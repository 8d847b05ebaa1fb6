"""Own road layers: where lines meet and where they do not, what is said of gaps, several sources made one, gates in walls."""

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely
from conftest import city_of
from drawn_layers import EAST_WEST, LINES, MILLIMETRE, NORTH_SOUTH, codes, layer, lengths, parts, walk_s
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pyproj import CRS
from toys import METRES, ORIGIN, in_metres

from planner import CRSError, GeometryError, InputError, NetworkError, StreetNetwork, coverage
from planner.crs import WGS84, transformer
from planner.datum import from_wgs84
from planner.findings import InputReport
from planner.streets import WalkRules
from planner.streets.islands import dead_ends
from planner.streets.readers.lines import read_lines
from planner.streets.readers.walkable import level_of


def streets(*lines, report: InputReport | None = None, **options) -> StreetNetwork:
    columns = {name: options.pop(name) for name in ("layer", "bridge", "tunnel", "highway") if name in options}
    return StreetNetwork.from_lines(layer(*lines, **columns), report=report, **options)


def new_report() -> InputReport:
    return InputReport("streets", "roads.shp")


# ------------------------------------------------------------------------------------------------------------ crossings


def test_lines_that_cross_at_grade_meet() -> None:
    net = streets(EAST_WEST, NORTH_SOUTH)
    assert (net.n_nodes, net.n_edges) == (5, 4)
    assert_allclose(lengths(net), [50, 80, 100, 100], atol=MILLIMETRE)
    assert net.figures["crossings"] == 1
    assert walk_s(net, (-100, 0), (0, 50)) == 150


@pytest.mark.parametrize(
    "columns",
    [
        {"bridge": ["yes", None]},
        {"bridge": ["T", "F"]},
        {"tunnel": ["no", "是"]},
        {"layer": [1, 0]},
        {"layer": ["1", None], "bridge": ["no", "no"]},
        {"桥梁": ["洪濑大桥", ""]},
        {"是否高架": ["是", "否"]},
        {"层级": [2.0, np.nan]},
        {"隧道": [0, 1]},
        {"fclass": ["primary", "primary"], "bridge": ["T", "F"], "tunnel": ["F", "F"], "layer": [0, 0]},
    ],
    ids=str,
)
def test_lines_that_cross_on_two_levels_do_not_meet(columns) -> None:
    net = StreetNetwork.from_lines(layer(EAST_WEST, NORTH_SOUTH, **columns))
    assert (net.n_nodes, net.n_edges, parts(net)) == (4, 2, 2)
    assert walk_s(net, (-100, 0), (0, 50)) == np.inf


@pytest.mark.parametrize(
    "columns",
    [
        {"bridge": ["yes", "yes"]},
        {"bridge": ["no", None]},
        {"layer": [1, 1]},
        {"layer": ["roads", "paths"]},  # the layer of a drawing, not a height
        {"tunnel": ["building_passage", None]},
        {"桥梁": ["否", "无"]},
        {"oneway": ["yes", "-1"]},
    ],
    ids=str,
)
def test_lines_that_cross_on_one_level_meet(columns) -> None:
    assert StreetNetwork.from_lines(layer(EAST_WEST, NORTH_SOUTH, **columns)).n_edges == 4


def test_three_lines_through_one_place_meet_in_one_node() -> None:
    net = streets(EAST_WEST, NORTH_SOUTH, [(-70, -70), (30, 30)])
    assert (net.n_nodes, net.n_edges) == (7, 6)


def test_a_line_that_crosses_itself_meets_itself() -> None:
    #  a bow: (0,0) east to 100, up, back and down across its own beginning at (50, 0)
    net = streets([(0, 0), (100, 0), (100, 60), (50, 60), (50, -40)])
    assert_allclose(lengths(net), [40, 50, 50 + 60 + 50 + 60], atol=MILLIMETRE)


def test_a_vertex_on_another_line_is_a_meeting() -> None:
    #  the second line only touches the first, with its middle vertex
    net = streets(EAST_WEST, [(-30, 40), (20, 0), (70, 40)], tolerance_m=0)
    assert (net.n_nodes, net.n_edges) == (5, 4)


def test_lines_on_top_of_each_other_are_walked_once() -> None:
    #  0 to 100, and 60 to 150 drawn over it
    net = streets([(0, 0), (100, 0)], [(150, 0), (60, 0)], tolerance_m=0)
    assert_allclose(lengths(net), [150], atol=MILLIMETRE)
    assert net.figures["segments_repeated"] == 1


def test_a_layer_that_is_noded_already_meets_at_shared_vertices_only() -> None:
    lines = (EAST_WEST, NORTH_SOUTH, [(-50, 40), (-50, 0), (-50, -40)])
    net = streets(*lines, noded=True)
    assert (net.n_nodes, net.n_edges, parts(net)) == (6, 3, 3)
    cut = ([(-100, 0), (0, 0)], [(0, 0), (100, 0)], [(0, -80), (0, 0)], [(0, 0), (0, 50)])
    assert streets(*cut, noded=True).n_edges == 4


def test_a_bridge_meets_the_street_it_ends_on_and_no_other() -> None:
    #  A street along y = 0 from -100 to 100; a bridge from (0, 0) over a second street at y = 40 to a third at y = 90.
    street, under, beyond = EAST_WEST, [(-100, 40), (100, 40)], [(-100, 90), (100, 90)]
    bridge = [(0, 0), (0, 90)]
    net = streets(street, under, beyond, bridge, bridge=["", "", "", "yes"])
    assert walk_s(net, (-100, 0), (100, 90)) == 100 + 90 + 100
    assert walk_s(net, (-100, 0), (30, 40)) == np.inf
    assert parts(net) == 2


def test_a_bridge_drawn_in_two_pieces_does_not_land_where_they_meet() -> None:
    #  the pieces meet right above the street y = 40
    net = streets(
        EAST_WEST, [(-100, 40), (100, 40)], [(0, 0), (0, 40)], [(0, 40), (0, 90)], bridge=["", "", "yes", "yes"]
    )
    assert parts(net) == 2
    assert walk_s(net, (0, 0), (0, 90)) == 90


def test_stairs_lead_to_the_footbridge_where_it_is_cut() -> None:
    net = streets(
        EAST_WEST, [(0, -50), (0, 30)], [(0, 30), (0, 60)], [(0, 30), (40, 30)],
        bridge=["", "yes", "yes", ""], highway=["primary", "footway", "footway", "steps"],
    )  # fmt: skip
    assert walk_s(net, (40, 30), (0, 60)) == 40 + 30
    assert parts(net) == 2, "the footbridge passes over the street"


def test_streets_cut_where_a_bridge_passes_do_not_meet_it() -> None:
    #  four pieces meet in (0, 0): two of the street, two of the bridge
    net = streets(
        [(-100, 0), (0, 0)], [(0, 0), (100, 0)], [(0, -80), (0, 0)], [(0, 0), (0, 50)], bridge=["", "", "yes", "yes"]
    )
    assert_allclose(lengths(net), [130, 200], atol=MILLIMETRE)


@pytest.mark.parametrize(
    ("tags", "level"),
    [
        ({}, 0),
        ({"layer": "1"}, 1),
        ({"layer": "-2", "bridge": "yes"}, -2),
        ({"layer": "0", "bridge": "viaduct"}, 1),
        ({"tunnel": "yes"}, -1),
        ({"tunnel": "building_passage"}, 0),
        ({"bridge": "no", "tunnel": "no"}, 0),
        ({"layer": "ground"}, 0),
        ({"layer": "inf"}, 0),
        ({"layer": "1e9"}, 30_000),
    ],
)
def test_levels(tags: dict[str, str], level: int) -> None:
    assert level_of(tags) == level


# ----------------------------------------------------------------------------------------------------- ends, gaps, dangles


def test_a_t_junction_with_a_gap_of_60_cm_is_joined_and_said() -> None:
    report = new_report()
    net = streets(EAST_WEST, [(20, 0.6), (20, 90)], report=report)
    assert walk_s(net, (-100, 0), (20, 90)) == pytest.approx(120 + 0.6 + 89.4, abs=MILLIMETRE)
    assert codes(report) == [("ends_joined", None), ("dead_ends", None)]
    assert report.findings[0].params == {"count": 1, "tolerance_m": 1.0, "longest_m": 0.6}
    assert (report.figures["ends_joined"], report.figures["dead_ends"], report.figures["gaps"]) == (1, 3, 0)


def test_a_gap_wider_than_the_tolerance_is_reported_and_left() -> None:
    report = new_report()
    net = streets(EAST_WEST, [(20, 90), (20, 3.2)], report=report)
    assert parts(net) == 2
    assert codes(report) == [("dead_ends", None), ("gap", 2)]
    gap = report.findings[1].params
    assert (gap["other"], gap["metres"]) == (1, 3.2)
    x, y = transformer(WGS84, METRES).transform(gap["longitude"], gap["latitude"])
    assert np.hypot(x - ORIGIN[0] - 20, y - ORIGIN[1] - 3.2) < 0.2
    assert report.figures["dead_ends"] == 4


@pytest.mark.parametrize(("tolerance_m", "gap_m", "joined", "gaps"), [
    (1.0, 5.0, 0, 1), (3.3, 5.0, 1, 0), (0.0, 5.0, 0, 1), (1.0, 3.0, 0, 0), (0.0, 0.0, 0, 0),
])  # fmt: skip
def test_tolerance_and_gap_are_the_users(tolerance_m: float, gap_m: float, joined: int, gaps: int) -> None:
    net = streets(EAST_WEST, [(20, 90), (20, 3.2)], tolerance_m=tolerance_m, gap_m=gap_m)
    assert (net.figures["ends_joined"], net.figures["gaps"]) == (joined, gaps)


def test_ends_near_each_other_are_joined_without_moving_anything() -> None:
    #  three ends around (0, 0), 0.5 m and 0.7 m from the first
    net = streets([(-100, 0), (0, 0)], [(0.5, 0), (100, 0)], [(0, 0.7), (0, 80)])
    assert parts(net) == 1
    assert walk_s(net, (-100, 0), (100, 0)) == pytest.approx(200, abs=MILLIMETRE)
    assert net.edge_length_m.sum() == pytest.approx(100 + 99.5 + 79.3 + 0.5 + 0.7, abs=MILLIMETRE)


def test_an_end_that_overshoots_is_not_joined_again() -> None:
    net = streets(EAST_WEST, [(20, 90), (20, -0.6)])
    assert (net.figures["crossings"], net.figures["ends_joined"], net.figures["gaps"]) == (1, 0, 0)


def test_a_short_spur_is_no_gap() -> None:
    #  a lane of 4 m off the street ends 4 m from that street
    net = streets(EAST_WEST, [(0, 0), (0, 4)])
    assert net.figures["gaps"] == 0


def test_lines_side_by_side_are_no_gaps_and_not_joined() -> None:
    net = streets(EAST_WEST, [(-100, 3), (100, 3)])
    assert (net.figures["ends_joined"], parts(net)) == (0, 2)
    assert net.figures["gaps"] == 4, "each of the four ends stops 3 m short of the other line"


def test_dead_ends_are_listed() -> None:
    net = streets(EAST_WEST, [(20, 0), (20, 90)], [(200, 0), (230, 0), (230, 40), (200, 0)])
    ends = dead_ends(net).to_crs(METRES)
    found = sorted((round(p.x - ORIGIN[0], 2), round(p.y - ORIGIN[1], 2)) for p in ends)
    assert found == [(-100, 0), (20, 90), (100, 0)], "the ring has none"
    assert net.figures["dead_ends"] == 3


def test_an_end_below_a_bridge_is_not_joined_to_it() -> None:
    net = streets(EAST_WEST, [(0, -60), (0, -0.4)], bridge=["yes", ""])
    assert (parts(net), net.figures["ends_joined"]) == (2, 0)


def test_many_gaps_are_listed_up_to_a_number() -> None:
    report = new_report()
    lanes = [[(10 * n, 3), (10 * n, 50)] for n in range(60)]
    streets([(-100, 0), (700, 0)], *lanes, report=report)
    assert report.figures["gaps"] == 60
    assert [code for code, _ in codes(report)].count("gap") == 50
    assert report.findings[-1].params == {"count": 10}


# --------------------------------------------------------------------------------------------------- what a layer holds


def test_z_multilines_collections_and_any_crs() -> None:
    flat = [shapely.LineString(EAST_WEST), shapely.LineString(NORTH_SOUTH)]
    high = [shapely.force_3d(line, 37.0) for line in flat]
    mixed = shapely.GeometryCollection([shapely.MultiLineString(flat[:1]), flat[1]])
    ring = shapely.LinearRing([(0, 0), (30, 0), (30, 30)])
    expected = [50, 80, 100, 100]
    for shapes in (high, [shapely.MultiLineString(high)], [mixed]):
        for crs in (METRES, WGS84, CRS.from_epsg(4547), CRS.from_epsg(3857)):
            net = StreetNetwork.from_lines(layer(*shapes, crs=crs))
            assert_allclose(lengths(net), expected, atol=MILLIMETRE)
    assert_allclose(lengths(streets(ring)), [60 + np.hypot(30, 30)], atol=MILLIMETRE)


def test_a_series_of_lines_will_do() -> None:
    assert StreetNetwork.from_lines(layer(EAST_WEST, NORTH_SOUTH).geometry).n_edges == 4


def test_repeated_and_pointless_lines_are_left_out_with_their_rows() -> None:
    report = new_report()
    net = streets(
        EAST_WEST, EAST_WEST[::-1], [(5, 5), (5, 5.004)], shapely.LineString(), shapely.Point(1, 1), NORTH_SOUTH,
        EAST_WEST, report=report,
    )  # fmt: skip
    assert net.n_edges == 4
    assert sorted(codes(report)[:-1], key=lambda item: item[1]) == [
        ("line_repeated", 2), ("line_without_length", 3), ("line_empty", 4), ("not_a_line", 5), ("line_repeated", 7),
    ]  # fmt: skip
    assert (report.rows_read, report.rows_used) == (7, 2)
    for finding in report.findings:
        for language in ("zh", "en"):
            assert finding.to_dict(language)["message"]


def test_rows_of_a_read_layer_are_its_own() -> None:
    report = new_report()
    frame = layer(EAST_WEST, EAST_WEST).assign(source_row=[12, 40])
    StreetNetwork.from_lines(frame, report=report)
    assert codes(report)[0] == ("line_repeated", 40)


@pytest.mark.parametrize(
    ("columns", "walked", "classes"),
    [
        ({"highway": ["motorway", "residential"]}, 1, ["residential"]),
        ({"道路等级": ["高速公路", "县道"]}, 1, ["secondary"]),
        ({"道路类型": ["规划", "村道"]}, 1, ["unclassified"]),
        ({"fclass": ["footway", "steps"]}, 2, ["footway", "steps"]),
        ({"highway": ["['residential', 'service']", "[primary, secondary]"]}, 2, ["primary", "residential"]),
        ({"highway": [None, "path"], "foot": ["yes", "no"]}, 1, ["road"]),
        ({"类型": ["水泥路", "柏油路"], "access": ["禁止", "允许"]}, 1, ["柏油路"]),
        ({"备注": ["x", "y"]}, 2, ["road"]),
    ],
    ids=str,
)
def test_columns_say_what_may_be_walked(columns, walked: int, classes: list[str]) -> None:
    report = new_report()
    net = StreetNetwork.from_lines(layer(EAST_WEST, [(-100, 40), (100, 40)], **columns), report=report)
    assert net.n_edges == walked
    assert sorted({net.classes[number] for number in net.edge_class}) == classes
    assert ("not_walked", None) in codes(report) or walked == 2


def test_the_figures_name_the_columns_that_were_understood() -> None:
    net = StreetNetwork.from_lines(layer(EAST_WEST, **{"道路等级": ["县道"], "是否桥梁": ["否"], "名称": ["滨江路"]}))
    assert net.figures["columns"] == {"highway": "道路等级", "bridge": "是否桥梁"}


def test_a_column_of_grades_taken_for_levels_is_noticed() -> None:
    report = new_report()
    StreetNetwork.from_lines(layer(EAST_WEST, NORTH_SOUTH, [(-50, -50), (50, 50)], level=[1, 2, 0]), report=report)
    doubt = next(finding for finding in report.findings if finding.code == "streets.most_off_the_ground")
    assert doubt.params == {"count": 2, "of": 3}
    assert report.figures["columns"] == {"layer": "level"}


def test_private_lanes_may_be_switched_off() -> None:
    lanes = layer(EAST_WEST, NORTH_SOUTH, highway=["residential", "service"], access=[None, "private"])
    assert StreetNetwork.from_lines(lanes).n_edges == 4
    assert StreetNetwork.from_lines(lanes, rules=WalkRules(private_lanes=False)).n_edges == 1


def test_a_boundary_keeps_what_touches_it() -> None:
    lines = layer([(0, 0), (100, 0)], [(100, 0), (200, 0)], [(200, 0), (300, 0)])
    area = gpd.GeoSeries([shapely.box(*(np.array((10, -5, 90, 5)) + np.tile(ORIGIN, 2)))], crs=METRES)
    assert_allclose(lengths(StreetNetwork.from_lines(lines, area)), [100], atol=MILLIMETRE)
    assert_allclose(lengths(StreetNetwork.from_lines(lines, area, buffer_m=50)), [200], atol=MILLIMETRE)
    with pytest.raises(NetworkError, match="no street touches"):
        StreetNetwork.from_lines(lines, area.translate(5000))
    with pytest.raises(InputError, match="buffer_m"):
        StreetNetwork.from_lines(lines, area, buffer_m=-1)


BAD = {
    "no crs": (layer(EAST_WEST).set_crs(None, allow_override=True), {}, CRSError, "no coordinate system"),
    "points": (in_metres([ORIGIN, ORIGIN]), {}, GeometryError, "Point"),
    "polygons": (layer(shapely.box(0, 0, 9, 9)), {}, GeometryError, "Polygon"),
    "empty": (layer(EAST_WEST).iloc[:0], {}, NetworkError, "empty"),
    "no shapes": (layer(shapely.LineString()), {}, NetworkError, "empty"),
    "no length": (layer([(0, 0), (0, 0.001)]), {}, NetworkError, "no stretch"),
    "all closed": (layer(EAST_WEST, highway=["motorway"]), {}, NetworkError, "may be walked"),
    "metres said to be degrees": (
        layer(EAST_WEST).set_crs(WGS84, allow_override=True), {}, CRSError, "degrees",
    ),
    "tolerance": (layer(EAST_WEST), {"tolerance_m": -1.0}, InputError, "tolerance_m"),
    "gap": (layer(EAST_WEST), {"gap_m": float("nan")}, InputError, "gap_m"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_layers_are_refused(case: str) -> None:
    frame, options, error, match = BAD[case]
    with pytest.raises(error, match=match) as caught:
        StreetNetwork.from_lines(frame, **options)
    assert caught.value.message("zh") != caught.value.message("en")


def test_coordinates_that_are_no_numbers_are_left_out() -> None:
    report = new_report()
    frame = layer(EAST_WEST, NORTH_SOUTH)
    with np.errstate(invalid="ignore"):
        frame.loc[1, "geometry"] = shapely.LineString([ORIGIN, (np.nan, ORIGIN[1])])
    assert StreetNetwork.from_lines(frame, report=report).n_edges == 1
    assert ("line_not_finite", 2) in codes(report)


def test_inputs_are_not_changed() -> None:
    frame = layer(EAST_WEST, NORTH_SOUTH, highway=["residential", "path"])
    before = frame.copy(deep=True)
    StreetNetwork.from_lines(frame)
    assert before.equals(frame)


# ------------------------------------------------------------------------------------------------------------ properties


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_noding_agrees_with_geos(lines) -> None:
    """Oracle: GEOS nodes the union of all lines; the walked metres and the connected parts are the same."""
    shapes = [shapely.LineString(np.array(line, float) * 10) for line in lines]
    net = StreetNetwork.from_lines(layer(*shapes), tolerance_m=0)
    union = shapely.union_all(shapes)
    assert net.edge_length_m.sum() == pytest.approx(union.length, abs=0.05)
    pieces = shapely.get_parts(shapely.line_merge(shapely.node(union)))
    graph = nx.Graph()
    for piece in pieces:
        xy = [tuple(round(c, 4) for c in at) for at in piece.coords]
        nx.add_path(graph, xy)
    assert parts(net) == nx.number_connected_components(graph)


@settings(max_examples=60, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_the_order_and_direction_of_lines_do_not_matter(lines, random) -> None:
    shapes = [shapely.LineString(np.array(line, float) * 10 + 0.3) for line in lines]
    net = StreetNetwork.from_lines(layer(*shapes))
    mixed = [shape.reverse() if random.random() < 0.5 else shape for shape in shapes]
    random.shuffle(mixed)
    other = StreetNetwork.from_lines(layer(*mixed))
    assert_allclose(lengths(net), lengths(other), atol=1e-6)
    assert parts(net) == parts(other)


@settings(max_examples=60, deadline=None)
@given(LINES, st.floats(0, 15))
def test_a_wider_tolerance_never_parts_streets(lines, tolerance_m: float) -> None:
    shapes = [shapely.LineString(np.array(line, float) * 10) for line in lines]
    assert parts(streets(*shapes, tolerance_m=tolerance_m)) <= parts(streets(*shapes, tolerance_m=0))


# ----------------------------------------------------------------------------------------------------------------- files


def test_layers_are_read_from_files(tmp_path: Path) -> None:
    frame = layer(EAST_WEST, NORTH_SOUTH, **{"桥梁": ["是", "否"]})
    for name in ("roads.shp", "roads.gpkg", "roads.geojson"):
        (frame.to_crs(WGS84) if name.endswith("json") else frame).to_file(tmp_path / name)
        report = InputReport("streets", name)
        read = read_lines(tmp_path / name, report=report)
        assert read.crs == WGS84
        assert list(read["source_row"]) == [1, 2]
        net = StreetNetwork.from_lines(read, report=report)
        assert_allclose(lengths(net), [130, 200], atol=0.02)
        assert (report.rows_read, report.rows_used) == (2, 2)


def test_a_layer_drawn_over_a_web_map_is_put_back(tmp_path: Path) -> None:
    true = layer(EAST_WEST, crs=WGS84)

    shifted = true.copy()
    shifted.geometry = [
        shapely.transform(line, lambda x, y: from_wgs84(x, y, "GCJ-02"), interleaved=False) for line in true.geometry
    ]
    shifted.to_file(tmp_path / "amap.geojson", COORDINATE_PRECISION=9)
    read = read_lines(tmp_path / "amap.geojson", report=new_report(), datum="GCJ-02")
    moved = read.to_crs(METRES).geometry[0].hausdorff_distance(true.to_crs(METRES).geometry[0])
    assert moved < 0.01
    as_it_stands = read_lines(tmp_path / "amap.geojson", report=new_report())
    assert as_it_stands.to_crs(METRES).geometry[0].distance(true.to_crs(METRES).geometry[0]) > 100


def test_a_layer_without_a_crs_needs_one(tmp_path: Path) -> None:
    layer(EAST_WEST, NORTH_SOUTH).to_file(tmp_path / "roads.shp")
    (tmp_path / "roads.prj").unlink()
    with pytest.raises(CRSError):
        read_lines(tmp_path / "roads.shp", report=new_report())
    read = read_lines(tmp_path / "roads.shp", report=new_report(), datum="EPSG:32650")
    assert StreetNetwork.from_lines(read).n_edges == 4


DXF = """0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"""


def test_a_drawing_is_read(tmp_path: Path) -> None:
    def line(x1, y1, x2, y2) -> str:
        return f"0\nLINE\n8\nROAD\n10\n{x1}\n20\n{y1}\n30\n0\n11\n{x2}\n21\n{y2}\n31\n0\n"

    x, y = ORIGIN
    text = f"0\nTEXT\n8\nNAMES\n10\n{x}\n20\n{y}\n30\n0\n40\n2.5\n1\nA street\n"
    drawn = line(x - 100, y, x + 100, y) + text + line(x, y - 80, x, y + 50)
    (tmp_path / "roads.dxf").write_text(DXF.format(entities=drawn), encoding="ascii")
    report = new_report()
    with pytest.raises(CRSError):
        read_lines(tmp_path / "roads.dxf", report=report)
    report = new_report()
    read = read_lines(tmp_path / "roads.dxf", report=report, datum="EPSG:32650")
    assert codes(report) == [("drawing_other_things", None)]
    assert list(read["source_row"]) == [1, 3]
    assert_allclose(lengths(StreetNetwork.from_lines(read)), [50, 80, 100, 100], atol=MILLIMETRE)


@pytest.mark.parametrize("name", ["none.shp", "none.dxf", "roads.docx"])
def test_files_that_are_no_layers_are_refused(tmp_path: Path, name: str) -> None:
    if name.endswith("docx"):
        (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError):
        read_lines(tmp_path / name, report=new_report())


def test_a_damaged_drawing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roads.dxf").write_bytes(b"\x00\x01 no drawing")
    with pytest.raises(InputError):
        read_lines(tmp_path / "roads.dxf", report=new_report(), datum="EPSG:32650")


def test_graphml_as_osmnx_saves_it(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph(crs=METRES)
    for number, (x, y) in enumerate([(0, 0), (100, 0), (100, 80)]):
        graph.add_node(number, x=ORIGIN[0] + x, y=ORIGIN[1] + y)
    bend = shapely.LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in [(100, 0), (130, 40), (100, 80)]])
    graph.add_edge(0, 1, osmid=1, highway="residential", length=100.0, oneway=True)
    graph.add_edge(1, 2, osmid=2, highway="path", length=100.0, oneway=False, geometry=bend)
    osmnx.save_graphml(graph, tmp_path / "town.graphml")
    net = StreetNetwork.from_graphml(tmp_path / "town.graphml")
    assert_allclose(lengths(net), [200], atol=MILLIMETRE)
    assert StreetNetwork.from_graph(graph).edge_length_m.sum() == pytest.approx(200)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "<graphml",
        "<html></html>",
        '<!DOCTYPE g [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><graphml>&b;</graphml>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"/></graphml>',
    ],
)
def test_bad_graphml_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "town.graphml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(NetworkError, match=r"town\.graphml|graph"):
        StreetNetwork.from_graphml(path)


# ------------------------------------------------------------------------------------------------------------- real data


def test_wuhan_as_lines_is_wuhan_as_openstreetmap(shared: Path) -> None:
    """The same streets twice: the OSM file, and its segments as lines in a UTM 50N that has no code.

    Closed are the same 4,959 segments (motorways). Eleven places hold two nodes of OpenStreetMap each, which are one place on
    paper; so the lines' network may join what the file's does not, and no walk is longer.
    """
    city = city_of("wuhan")
    lines = gpd.read_parquet(shared / "data" / "wuhan" / "streets.parquet")
    assert lines.crs.to_authority(min_confidence=100) is None
    report = new_report()
    net = StreetNetwork.from_lines(lines, noded=True, tolerance_m=0, report=report)
    assert net.crs == city.net.crs
    closed = lines["highway"].isin(["motorway", "motorway_link"]).sum()
    assert next(f.params for f in report.findings if f.code == "streets.not_walked") == {"count": closed, "of": 92667}
    assert net.edge_length_m.sum() == pytest.approx(city.net.edge_length_m.sum(), rel=2e-5)
    assert 0 < net.n_nodes - city.net.n_nodes < 20
    rng = np.random.default_rng(1)
    at = rng.choice(city.net.n_nodes, 1000, replace=False)
    points = gpd.GeoDataFrame(geometry=shapely.points(city.net.node_x[at], city.net.node_y[at]), crs=city.net.crs)
    osm, drawn = (
        coverage.travel_times(one, points, points.iloc[:100], limit_s=3600, speed_m_s=1.0).toarray()
        for one in (city.net, net)
    )
    reached = osm > 0
    assert reached.sum() > 3000
    assert (drawn[reached] > 0).all()
    assert (drawn[reached] <= osm[reached] + 0.002).all()
    assert (np.abs(osm - drawn)[reached] <= 0.002).mean() > 0.99


def test_wuhan_noded_anew_takes_flyovers_for_crossings_where_no_column_tells(shared: Path) -> None:
    lines = gpd.read_parquet(shared / "data" / "wuhan" / "streets.parquet")
    box = lines.total_bounds
    some = lines.cx[box[0] + 20_000 : box[0] + 30_000, box[1] + 15_000 : box[1] + 25_000]
    cut, drawn = (StreetNetwork.from_lines(some, noded=noded) for noded in (True, False))
    assert drawn.figures["crossings"] > 50
    assert drawn.n_edges > cut.n_edges
    assert drawn.edge_length_m.sum() == pytest.approx(cut.edge_length_m.sum(), rel=1e-3)
    told = some.assign(layer=np.arange(len(some)))  # every line on a level of its own
    assert StreetNetwork.from_lines(told, tolerance_m=0).figures["crossings"] == 0
