"""Streets: which ways are walked, how a file becomes a network, what is kept of it, and what is said of a bad file."""

import bz2
import dataclasses
import gzip
import pickle
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely
from numpy.testing import assert_allclose, assert_array_equal
from pyproj import CRS
from toys import METRES, ORIGIN, OSM_ENDINGS, RESIDENTIAL, draw, in_metres, network_of, osm_text, write_osm

from planner import CRSError, GeometryError, InputError, NetworkError, StreetNetwork, coverage
from planner.crs import WGS84, transformer
from planner.streets import WalkRules, snap
from planner.streets.readers.walkable import CLOSED_CLASSES, NO_STREETS

CENTIMETRE = 0.02  # a file keeps degrees to seven places


def at(x: float, y: float) -> tuple[float, float]:
    """Return the longitude and latitude of a place in metres from the drawings' origin."""
    return transformer(METRES, WGS84).transform(ORIGIN[0] + x, ORIGIN[1] + y)


def streets(tmp_path: Path, nodes: dict, ways: list, **options) -> StreetNetwork:
    """Return the network of nodes in metres and ways that are residential unless they say otherwise."""
    tagged = [way if isinstance(way[1], dict) else (way, RESIDENTIAL) for way in ways]
    file = write_osm(tmp_path / "streets.osm.pbf", {number: at(*place) for number, place in nodes.items()}, tagged)
    return StreetNetwork.from_osm(file, **options)


def lengths(net: StreetNetwork) -> list[float]:
    return sorted(net.edge_length_m.tolist())


# ------------------------------------------------------------------------------------------------ which ways are walked

OPEN, CLOSED = True, False


@pytest.mark.parametrize(
    ("tags", "walked"),
    [
        # not a street
        ("", CLOSED),
        ("building=yes", CLOSED),
        ("railway=rail", CLOSED),
        ("public_transport=station", CLOSED),
        ("foot=yes", CLOSED),
        # ordinary streets
        *((f"highway={kind}", OPEN) for kind in (
            "residential", "living_street", "pedestrian", "footway", "path", "steps", "cycleway", "track", "service",
            "unclassified", "tertiary", "secondary", "primary", "trunk", "trunk_link", "road", "bridleway", "corridor",
            "platform", "crossing",
        )),
        ("highway=service service=driveway", OPEN),
        ("highway=residential oneway=yes", OPEN),
        ("highway=pedestrian area=yes", OPEN),
        # platforms
        ("railway=platform", OPEN),
        ("public_transport=platform", OPEN),
        ("public_transport=platform foot=no", CLOSED),
        # motorways and the like, and who may walk there all the same
        *((f"highway={kind}", CLOSED) for kind in sorted(CLOSED_CLASSES)),
        ("highway=motorway foot=yes", OPEN),
        ("highway=trunk motorroad=yes", CLOSED),
        ("highway=trunk motorroad=yes foot=designated", OPEN),
        ("highway=busway foot=permissive", OPEN),
        # what is not there (yet, or any more) cannot be walked, whatever is said of it
        *((f"highway={kind}", CLOSED) for kind in sorted(NO_STREETS)),
        ("highway=proposed foot=designated", CLOSED),
        ("highway=construction foot=yes", CLOSED),
        # foot
        ("highway=residential foot=no", CLOSED),
        ("highway=cycleway foot=use_sidepath", CLOSED),
        ("highway=footway foot=customers", OPEN),
        ("highway=footway foot=destination", OPEN),
        # access
        ("highway=service access=no", CLOSED),
        ("highway=service access=no foot=yes", OPEN),
        ("highway=service access=no foot=private", OPEN),
        ("highway=service access=no foot=unknown", CLOSED),
        ("highway=service access=customers", OPEN),
        ("highway=service access=private", OPEN),
        ("highway=service access=private foot=no", CLOSED),
        ("highway=service foot=private", OPEN),
    ],
)  # fmt: skip
def test_rules_by_tag(tags: str, walked: bool) -> None:
    assert (WalkRules().street_class(_tags(tags)) is not None) is walked


@pytest.mark.parametrize(
    ("tags", "walked"),
    [
        ("highway=service", OPEN),
        ("highway=service access=private", CLOSED),
        ("highway=service access=residents", CLOSED),
        ("highway=service access=delivery", CLOSED),
        ("highway=service foot=private", CLOSED),
        ("highway=service access=no foot=private", CLOSED),
        ("highway=service access=private foot=yes", OPEN),
        ("highway=service access=private foot=destination", OPEN),
    ],
)
def test_private_lanes_switched_off(tags: str, walked: bool) -> None:
    assert (WalkRules(private_lanes=False).street_class(_tags(tags)) is not None) is walked


def test_street_class_is_the_highway_value_or_platform() -> None:
    rules = WalkRules()
    assert rules.street_class({"highway": "steps"}) == "steps"
    assert rules.street_class({"railway": "platform"}) == "platform"


def _tags(text: str) -> dict[str, str]:
    return dict(part.split("=") for part in text.split())


def test_rules_hold_for_a_file_too(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (0, 50), 4: (100, 50), 5: (0, 90), 6: (100, 90)}
    ways = [
        ([1, 2], {"highway": "service", "access": "private"}),
        ([3, 4], {"highway": "footway"}),
        ([5, 6], {"highway": "motorway"}),
    ]
    net = streets(tmp_path, nodes, ways)
    assert sorted(net.classes[c] for c in net.edge_class) == ["footway", "service"]
    assert net.figures["ways_read"] == 3
    assert net.figures["ways_walked"] == 2
    public = streets(tmp_path, nodes, ways, rules=WalkRules(private_lanes=False))
    assert [public.classes[c] for c in public.edge_class] == ["footway"]


# --------------------------------------------------------------------------------------------------- from ways to edges


def test_two_ways_that_share_a_node_are_split_there(tmp_path: Path) -> None:
    #      4
    #  1---2---3      node 2 is inside both ways
    #      5
    nodes = {1: (-100, 0), 2: (0, 0), 3: (100, 0), 4: (0, 50), 5: (0, -50)}
    net = streets(tmp_path, nodes, [[1, 2, 3], [4, 2, 5]])
    assert (net.n_nodes, net.n_edges) == (5, 4)
    assert_allclose(lengths(net), [50, 50, 100, 100], atol=CENTIMETRE)
    assert sorted(net.node_ref) == [1, 2, 3, 4, 5]


def test_ways_that_cross_without_a_node_do_not_meet(tmp_path: Path) -> None:
    nodes = {1: (-100, 0), 3: (100, 0), 4: (0, 50), 5: (0, -50)}
    net = streets(tmp_path, nodes, [[1, 3], [4, 5]])
    assert (net.n_nodes, net.n_edges, len(set(net.component))) == (4, 2, 2)


def test_a_street_runs_on_across_ways_with_true_geometry(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 80), 4: (160, 80)}
    parts = [([1, 2], {"highway": "path"}), ([3, 2], {"highway": "steps"}), ([3, 4], {"highway": "footway"})]
    net = streets(tmp_path, nodes, parts)
    assert (net.n_nodes, net.n_edges) == (2, 1)
    assert net.edge_length_m[0] == pytest.approx(240, abs=CENTIMETRE)
    assert sorted(net.node_ref) == [1, 4]
    assert net.classes[net.edge_class[0]] == "path", "the stretch has the class of its longest part"
    line = shapely.LineString(np.column_stack((net.vertex_x, net.vertex_y)))
    drawn = shapely.LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in nodes.values()])
    assert line.hausdorff_distance(drawn) < CENTIMETRE


def test_parallel_streets_are_both_kept(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (50, 50), 4: (-30, 0), 5: (130, 0)}
    net = streets(tmp_path, nodes, [[4, 1, 2, 5], [1, 3, 2]])
    assert (net.n_nodes, net.n_edges) == (4, 4)
    assert_allclose(lengths(net), [30, 30, 100, 2 * np.hypot(50, 50)], atol=CENTIMETRE)


def test_a_loop_is_one_edge_from_a_node_to_itself(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (140, 30), 4: (100, 60)}
    net = streets(tmp_path, nodes, [[1, 2], [2, 3, 4, 2]])
    assert (net.n_nodes, net.n_edges) == (2, 2)
    loop = int(np.flatnonzero(net.edge_from == net.edge_to)[0])
    assert net.edge_length_m[loop] == pytest.approx(50 + 50 + 60, abs=CENTIMETRE)


def test_an_isolated_ring_is_kept_as_a_loop(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 60), 4: (0, 60), 8: (500, 0), 9: (600, 0)}
    net = streets(tmp_path, nodes, [[1, 2, 3, 4, 1], [8, 9]])
    assert (net.n_nodes, net.n_edges, len(set(net.component))) == (3, 2, 2)
    assert_allclose(lengths(net), [100, 320], atol=CENTIMETRE)


def test_the_outline_of_an_area_is_walked(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 60), 4: (0, 60)}
    net = streets(tmp_path, nodes, [([1, 2, 3, 4, 1], {"highway": "pedestrian", "area": "yes"})])
    assert_allclose(lengths(net), [320], atol=CENTIMETRE)


def test_a_missing_node_breaks_its_way(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 4: (200, 0), 5: (260, 0)}
    net = streets(tmp_path, nodes, [[1, 2, 3, 4, 5]])
    assert_allclose(lengths(net), [60, 100], atol=CENTIMETRE)
    assert len(set(net.component)) == 2
    assert net.figures["points_missing"] == 1


def test_a_segment_mapped_twice_is_walked_once(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (160, 0)}
    net = streets(tmp_path, nodes, [[1, 2, 3], [2, 1]])
    assert_allclose(lengths(net), [160], atol=CENTIMETRE)
    assert net.figures["segments_repeated"] == 1


def test_a_node_named_twice_in_a_row_changes_nothing(tmp_path: Path) -> None:
    assert_allclose(lengths(streets(tmp_path, {1: (0, 0), 2: (100, 0)}, [[1, 1, 2, 2]])), [100], atol=CENTIMETRE)


def test_two_nodes_in_one_place_join_nothing_but_their_ways(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 0), 4: (200, 0)}
    apart = streets(tmp_path, nodes, [[1, 2], [3, 4]])
    assert len(set(apart.component)) == 2
    joined = streets(tmp_path, nodes, [[1, 2], [2, 3], [3, 4], [2, 4], [1, 3]])
    assert min(lengths(joined)) == 0, "a stretch of no length between the two"
    assert len(set(joined.component)) == 1


def test_a_single_street_makes_a_network(tmp_path: Path) -> None:
    for far in ((300, 0), (0, 300), (200, 200)):  # a box without height, without width, and a plain one
        net = streets(tmp_path, {1: (0, 0), 2: far}, [[1, 2]])
        assert (net.n_nodes, net.n_edges) == (2, 1)
        assert net.edge_length_m[0] == pytest.approx(np.hypot(*far), abs=CENTIMETRE)


def test_the_metric_system_is_the_zone_of_the_middle(tmp_path: Path) -> None:
    assert streets(tmp_path, {1: (0, 0), 2: (100, 0)}, [[1, 2]]).crs == METRES
    south = write_osm(tmp_path / "south.osm", {1: (-51.2, -30.0), 2: (-51.2, -30.001)}, [([1, 2], RESIDENTIAL)])
    assert StreetNetwork.from_osm(south).crs == CRS.from_epsg(32722)


def test_streets_across_the_antimeridian_are_joined(tmp_path: Path) -> None:
    ends = {1: (179.999, -16.8), 2: (-179.999, -16.8)}
    net = StreetNetwork.from_osm(write_osm(tmp_path / "fiji.osm", ends, [([1, 2], RESIDENTIAL)]))
    assert net.edge_length_m[0] == pytest.approx(213, rel=0.01)  # 0.002 degrees at 16.8 S


def test_streets_near_the_pole(tmp_path: Path) -> None:
    ends = {1: (10.0, 89.0), 2: (10.0, 89.001)}
    net = StreetNetwork.from_osm(write_osm(tmp_path / "pole.osm", ends, [([1, 2], RESIDENTIAL)]))
    assert net.edge_length_m[0] == pytest.approx(111.7, rel=0.01)


# ------------------------------------------------------------------------------------------------------ study area, cache


def test_a_boundary_keeps_whole_segments_that_touch_it(tmp_path: Path) -> None:
    #  1 --- 2 --- 3 --- 4 --- 5, 100 m each; the area runs from 50 to 150
    nodes = {n: (100 * (n - 1), 0) for n in range(1, 6)}
    way = [[1, 2, 3, 4, 5]]
    area = _box(50, -10, 150, 10)
    assert_allclose(lengths(streets(tmp_path, nodes, way, boundary=area)), [200], atol=CENTIMETRE)
    assert_allclose(lengths(streets(tmp_path, nodes, way, boundary=area, buffer_m=100)), [300], atol=CENTIMETRE)
    whole = streets(tmp_path, nodes, way, boundary=area, buffer_m=300)
    assert_allclose(lengths(whole), [400], atol=CENTIMETRE)


def test_a_segment_that_only_crosses_the_area_is_kept(tmp_path: Path) -> None:
    net = streets(tmp_path, {1: (-500, 0), 2: (500, 0), 3: (500, 90)}, [[1, 2, 3]], boundary=_box(-10, -10, 10, 10))
    assert_allclose(lengths(net), [1000], atol=CENTIMETRE)


def test_a_boundary_comes_in_any_crs(tmp_path: Path) -> None:
    nodes = {n: (100 * (n - 1), 0) for n in range(1, 6)}
    bare = _box(50, -10, 150, 10)
    for given in (gpd.GeoSeries([bare], crs=WGS84), gpd.GeoDataFrame(geometry=[bare], crs=WGS84).to_crs(METRES)):
        assert_allclose(lengths(streets(tmp_path, nodes, [[1, 2, 3, 4, 5]], boundary=given)), [200], atol=CENTIMETRE)


def _box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box in metres from the drawings' origin, as WGS 84."""
    return shapely.Polygon([at(west, south), at(east, south), at(east, north), at(west, north)])


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Write a file with a crossing, a loop, a parallel street and a private lane."""
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 80), 5: (150, 40), 6: (260, 0), 7: (260, 60), 8: (200, -70)}
    ways = [
        ([1, 2, 3], RESIDENTIAL),
        ([2, 4], {"highway": "footway"}),
        ([2, 5, 3], {"highway": "path"}),
        ([3, 6, 7, 3], {"highway": "service"}),
        ([3, 8], {"highway": "service", "access": "private"}),
    ]
    return write_osm(tmp_path / "town.osm.pbf", {number: at(*place) for number, place in nodes.items()}, ways)


def same_network(a: StreetNetwork, b: StreetNetwork) -> bool:
    for field in dataclasses.fields(StreetNetwork):
        one, other = getattr(a, field.name), getattr(b, field.name)
        equal = np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
        if not equal or type(one) is not type(other) or (isinstance(one, np.ndarray) and one.dtype != other.dtype):
            return False
    return True


def test_all_four_formats_give_the_same_network(tmp_path: Path) -> None:
    nodes = {1: at(0, 0), 2: at(100, 0), 3: at(160, 70), 4: at(100, -50)}
    ways = [([1, 2, 3], RESIDENTIAL), ([2, 4], {"highway": "steps", "name": "上坡路"})]
    nets = [StreetNetwork.from_osm(write_osm(tmp_path / f"town{ending}", nodes, ways)) for ending in OSM_ENDINGS]
    assert (nets[0].n_nodes, nets[0].n_edges) == (4, 3)
    for net in nets[1:]:
        assert same_network(net, nets[0])


def test_the_ending_may_be_in_capitals_and_the_name_have_dots(tmp_path: Path, town: Path) -> None:
    for name in ("TOWN.OSM.PBF", "town.2025.v2.osm.pbf", "南安市 town.osm.pbf", "town.pbf"):
        (tmp_path / name).write_bytes(town.read_bytes())
        assert same_network(StreetNetwork.from_osm(tmp_path / name), StreetNetwork.from_osm(town))


def test_nodes_may_stand_behind_their_ways(tmp_path: Path) -> None:
    nodes, ways = {1: at(0, 0), 2: at(100, 0)}, [([1, 2], RESIDENTIAL)]
    first, last = (
        StreetNetwork.from_osm(write_osm(tmp_path / f"{flag}.osm", nodes, ways, ways_first=flag))
        for flag in (False, True)
    )
    assert osm_text(tmp_path / "True.osm").index("<way") < osm_text(tmp_path / "True.osm").index("<node")
    assert same_network(first, last)


def test_nodes_may_have_negative_and_huge_numbers(tmp_path: Path) -> None:
    for numbers in ((-1, -2, -3), (-1, 5, 2**40), (2**33, 2**34, 2**40)):
        nodes = dict(zip(numbers, (at(0, 0), at(100, 0), at(160, 0)), strict=True))
        net = StreetNetwork.from_osm(write_osm(tmp_path / "n.osm", nodes, [(numbers, RESIDENTIAL)]))
        assert_allclose(lengths(net), [160], atol=CENTIMETRE)
        assert sorted(net.node_ref) == sorted((numbers[0], numbers[2]))


def test_the_cache_gives_the_same_network(tmp_path: Path, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "deep" / "cache"
    fresh = StreetNetwork.from_osm(town, cache=folder)
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr("planner.streets.readers.sources.read_ways", _not_to_be_called)
    kept = StreetNetwork.from_osm(town, cache=folder)
    assert same_network(fresh, kept)
    points = in_metres([(ORIGIN[0] + 40, ORIGIN[1] + 5), (ORIGIN[0] + 240, ORIGIN[1] + 9)])
    assert_array_equal(
        coverage.travel_times(fresh, points, points, limit_s=900).toarray(),
        coverage.travel_times(kept, points, points, limit_s=900).toarray(),
    )


def _not_to_be_called(*args, **kwargs):
    raise AssertionError("the file was read again")


def test_other_rules_area_or_content_are_another_network(tmp_path: Path, town: Path) -> None:
    folder = tmp_path / "cache"
    plain = StreetNetwork.from_osm(town, cache=folder)
    public = StreetNetwork.from_osm(town, cache=folder, rules=WalkRules(private_lanes=False))
    assert public.n_edges == plain.n_edges - 1
    near = StreetNetwork.from_osm(town, boundary=_box(-10, -10, 10, 10), cache=folder)
    wider = StreetNetwork.from_osm(town, boundary=_box(-10, -10, 10, 10), buffer_m=150, cache=folder)
    assert near.edge_length_m.sum() < wider.edge_length_m.sum()
    assert len(list(folder.iterdir())) == 4
    write_osm(town, {1: at(0, 0), 2: at(50, 0)}, [([1, 2], RESIDENTIAL)])
    assert_allclose(lengths(StreetNetwork.from_osm(town, cache=folder)), [50], atol=CENTIMETRE)


def test_the_cache_is_keyed_by_content_not_by_name(tmp_path: Path, town: Path) -> None:
    StreetNetwork.from_osm(town, cache=tmp_path / "cache")
    moved = town.rename(tmp_path / "elsewhere.osm.pbf")
    StreetNetwork.from_osm(moved, cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, town: Path) -> None:
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file where the folder should be", encoding="utf-8")
    assert same_network(StreetNetwork.from_osm(town, cache=in_the_way), StreetNetwork.from_osm(town))


def test_a_network_travels_to_another_process_after_use(town: Path) -> None:
    net = StreetNetwork.from_osm(town)
    points = in_metres([(ORIGIN[0] + 40, ORIGIN[1] + 5)])
    coverage.travel_times(net, points, points, limit_s=900)
    assert same_network(pickle.loads(pickle.dumps(net)), net)


def test_real_streets_lose_nothing(city) -> None:
    net = city.net
    assert_allclose(net.edge_length_m, _line_lengths(net), rtol=1e-12)
    assert np.all(net.edge_from < net.n_nodes)
    assert np.all(net.edge_to < net.n_nodes)
    ends = net.vertex_indptr[:-1], net.vertex_indptr[1:] - 1
    for end, node in zip(ends, (net.edge_from, net.edge_to), strict=True):
        assert_array_equal(net.vertex_x[end], net.node_x[node])
        assert_array_equal(net.vertex_y[end], net.node_y[node])
    degree = np.bincount(net.edge_from, minlength=net.n_nodes) + np.bincount(net.edge_to, minlength=net.n_nodes)
    loops = np.unique(net.edge_from[net.edge_from == net.edge_to])
    assert np.all(degree > 0)
    assert np.isin(np.flatnonzero(degree == 2), loops).all(), "a node that is neither junction nor dead end"


def _line_lengths(net: StreetNetwork) -> np.ndarray:
    edge = np.repeat(np.arange(net.n_edges), np.diff(net.vertex_indptr))
    return shapely.length(shapely.linestrings(np.column_stack((net.vertex_x, net.vertex_y)), indices=edge))


# ------------------------------------------------------------------------------------------------------------- bad files


def _bad_files(folder: Path, town: Path) -> dict[str, tuple[Path, str]]:
    pbf = town.read_bytes()
    xml = write_osm(folder / "good.osm", {1: at(0, 0), 2: at(9, 0)}, [([1, 2], RESIDENTIAL)]).read_bytes()
    contents = {
        "empty.osm.pbf": (b"", "streets.empty_file"),
        "prose.osm.pbf": ("这不是地图。\n" * 99).encode(), "page.osm": b"<html><body>404 Not Found</body></html>",
        "prose.osm": b"not a map\n" * 99,
        "cut.osm.pbf": pbf[:-5], "half.osm.pbf": pbf[: len(pbf) // 2], "one.osm.pbf": pbf[:1],
        "cut.osm": xml[:-15], "cut.osm.gz": gzip.compress(xml)[:-12], "cut.osm.bz2": bz2.compress(xml)[:-12],
        "prose.osm.gz": b"not a map\n" * 99, "prose.osm.bz2": b"not a map\n" * 99,
        "streets.shp": (b"x", "streets.unknown_format"),
    }  # fmt: skip
    found: dict[str, tuple[Path, str]] = {}
    for name, content in contents.items():
        text, code = content if isinstance(content, tuple) else (content, "streets.unreadable")
        (folder / name).write_bytes(text)
        found[name] = folder / name, code
    found["missing"] = folder / "nowhere.osm.pbf", "streets.missing"
    (folder / "folder.osm.pbf").mkdir()
    found["a folder"] = folder / "folder.osm.pbf", "streets.missing"
    nodes, line = {1: at(0, 0), 2: at(100, 0)}, [1, 2]
    found["no street"] = write_osm(folder / "a.osm.pbf", nodes, [(line, {"building": "yes"})]), "streets.no_streets"
    found["nothing"] = write_osm(folder / "b.osm.pbf", {}, []), "streets.no_streets"
    found["closed"] = write_osm(folder / "c.osm.pbf", nodes, [(line, {"highway": "motorway"})]), "streets.no_streets"
    found["no nodes"] = write_osm(folder / "d.osm.pbf", {}, [(line, RESIDENTIAL)]), "streets.no_nodes"
    found["short way"] = write_osm(folder / "e.osm.pbf", nodes, [([1], RESIDENTIAL)]), "streets.no_segments"
    found["spot"] = write_osm(folder / "f.osm.pbf", nodes, [([1, 1], RESIDENTIAL)]), "streets.no_segments"
    return found


def test_bad_files_are_named_with_the_remedy_in_both_languages(tmp_path: Path, town: Path) -> None:
    for what, (file, code) in _bad_files(tmp_path, town).items():
        for options in ({}, {"cache": tmp_path / "cache"}, {"boundary": _box(0, 0, 100, 100)}):
            with pytest.raises(NetworkError) as raised:
                StreetNetwork.from_osm(file, **options)
            assert raised.value.code == code, what
            for language in ("en", "zh"):
                said = raised.value.message(language)
                assert str(file) in said, what
                assert "nan" not in said, what
                assert said.rstrip().endswith((".", "。", "）", ")")), what
    assert not (tmp_path / "cache").exists(), "something was kept of a bad file"


def test_streets_elsewhere_are_told_from_the_area_with_the_distance(town: Path) -> None:
    with pytest.raises(NetworkError) as raised:
        StreetNetwork.from_osm(town, boundary=_box(50_300, 0, 51_000, 500))
    assert raised.value.code == "streets.no_overlap"
    assert "50.0 km" in raised.value.message("en")
    assert "50.0 公里" in raised.value.message("zh")
    assert str(town) in str(raised.value)


def test_bad_boundaries_and_buffers_are_refused(town: Path) -> None:
    with pytest.raises(CRSError, match="study area has no coordinate system"):
        StreetNetwork.from_osm(town, boundary=gpd.GeoSeries([_box(0, 0, 9, 9)]))
    with pytest.raises(CRSError, match="degrees"):
        StreetNetwork.from_osm(town, boundary=shapely.box(500_000, 2_765_000, 501_000, 2_766_000))
    with pytest.raises(CRSError):
        StreetNetwork.from_osm(town, boundary=shapely.Polygon())
    for buffer_m in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="buffer_m"):
            StreetNetwork.from_osm(town, boundary=_box(0, 0, 9, 9), buffer_m=buffer_m)


# ----------------------------------------------------------------------------------------------------- graphs in and out


def test_to_graph_keeps_the_contract(town: Path) -> None:
    net = StreetNetwork.from_osm(town)
    graph = net.to_graph()
    assert type(graph) is nx.MultiGraph
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (net.n_nodes, net.n_edges)
    assert graph.graph["crs"] == net.crs
    for _, data in graph.nodes(data=True):
        assert {"x", "y"} <= data.keys()
    for u, v, data in graph.edges(data=True):
        assert {"length_m", "geometry", "from_node", "factor_forward", "factor_backward"} <= data.keys()
        assert data["from_node"] in (u, v)
        assert (data["factor_forward"], data["factor_backward"]) == (1.0, 1.0)
        assert data["length_m"] == pytest.approx(data["geometry"].length, rel=1e-12)
        start, end = data["from_node"], v if data["from_node"] == u else u
        assert data["geometry"].coords[0] == (graph.nodes[start]["x"], graph.nodes[start]["y"])
        assert data["geometry"].coords[-1] == (graph.nodes[end]["x"], graph.nodes[end]["y"])
    assert sorted(nx.number_connected_components(g) for g in [graph]) == [1]
    assert sum(u == v for u, v in graph.edges()) == 1, "the loop"


def test_a_graph_of_ours_comes_back_the_same(town: Path) -> None:
    net = StreetNetwork.from_osm(town)
    back = StreetNetwork.from_graph(net.to_graph())
    assert (back.n_nodes, back.n_edges, back.crs) == (net.n_nodes, net.n_edges, net.crs)
    assert_allclose(back.edge_length_m, net.edge_length_m, atol=1e-6)


def test_a_real_graph_of_ours_comes_back_but_for_lines_drawn_twice(helsinki) -> None:
    graph = helsinki.net.to_graph()
    lines = {shapely.normalize(data["geometry"]) for *_, data in graph.edges(data=True)}
    back = StreetNetwork.from_graph(graph)
    assert back.edge_length_m.sum() == pytest.approx(sum(line.length for line in lines), abs=1e-6)
    assert abs(back.n_edges - helsinki.net.n_edges) <= 3 * (helsinki.net.n_edges - len(lines))


def _osmnx_like() -> nx.MultiDiGraph:
    """Return a graph as OSMnx makes it: degrees, reversed twins, a geometry only where an edge bends."""
    graph = nx.MultiDiGraph(crs="epsg:4326")
    for number, (x, y) in {11: (0, 0), 12: (100, 0), 13: (100, 90), 14: (200, 0)}.items():
        lon, lat = at(x, y)
        graph.add_node(number, x=lon, y=lat, street_count=3)
    bend = shapely.LineString([at(0, 0), at(0, 50), at(100, 90)])
    around = shapely.LineString([at(100, 0), at(150, 40), at(200, 0)])
    loop = shapely.LineString([at(200, 0), at(250, 0), at(250, 50), at(200, 50), at(200, 0)])
    for u, v, line in (
        (11, 12, None),
        (12, 13, None),
        (11, 13, bend),
        (12, 14, None),
        (12, 14, around),
        (14, 14, loop),
    ):
        for start, end, way in ((u, v, line), (v, u, None if line is None else shapely.reverse(line))):
            shape = {} if way is None else {"geometry": way}
            graph.add_edge(start, end, osmid=1, highway=["residential", "service"], length=1.0, oneway=False, **shape)
    return graph


def test_from_graph_takes_each_pair_of_opposite_edges_once() -> None:
    net = StreetNetwork.from_graph(_osmnx_like())
    # 12 and 14 are junctions; 11 and 13 are passed through, so the triangle 11-12-13 is a loop at 12
    expected = [100.0, 2 * np.hypot(50, 40), 100 + 90 + 50 + np.hypot(100, 40), 200.0]
    assert_allclose(lengths(net), sorted(expected), atol=1e-3)
    assert net.n_nodes == 2
    assert sorted(net.node_ref) == [12, 14]
    assert net.classes == ("residential",)


def test_from_graph_takes_projected_and_one_way_graphs() -> None:
    both = _osmnx_like()
    projected = osmnx.project_graph(both)
    oneway = both.copy()
    oneway.remove_edges_from([(u, v, k) for u, v, k in both.edges(keys=True) if u > v])
    for graph in (projected, oneway):
        assert_allclose(lengths(StreetNetwork.from_graph(graph)), lengths(StreetNetwork.from_graph(both)), atol=1e-6)


def test_from_graph_turns_a_geometry_that_runs_against_its_edge() -> None:
    undirected = osmnx.convert.to_undirected(_osmnx_like())
    for u, v, _, data in undirected.edges(keys=True, data=True):
        if "geometry" in data and u != v:
            data["geometry"] = shapely.reverse(data["geometry"])
    assert_allclose(
        lengths(StreetNetwork.from_graph(undirected)), lengths(StreetNetwork.from_graph(_osmnx_like())), atol=1e-6
    )


def test_osmnx_and_we_read_the_same_streets_from_one_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    numbers = np.arange(1, 37).reshape(6, 6)
    nodes = {
        int(numbers[r, c]): at(120 * c + rng.uniform(-30, 30), 120 * r + rng.uniform(-30, 30))
        for r in range(6)
        for c in range(6)
    }
    lines = [*numbers.tolist(), *numbers.T[::2].tolist(), [1, 8, 15]]
    file = write_osm(tmp_path / "blocks.osm", nodes, [(line, RESIDENTIAL) for line in lines])
    graph = osmnx.graph_from_xml(file, retain_all=True, simplify=True)
    ours, theirs = StreetNetwork.from_osm(file), StreetNetwork.from_graph(graph)
    assert ours.n_edges == theirs.n_edges
    assert_allclose(lengths(ours), lengths(theirs), atol=1e-6)
    assert set(ours.node_ref) == set(theirs.node_ref) == set(graph.nodes)
    by_osmnx = sum(data["length"] for *_, data in graph.edges(data=True)) / 2
    assert ours.edge_length_m.sum() == pytest.approx(by_osmnx, rel=2e-3)  # theirs on a sphere, ours on the zone's plane


def test_from_graph_keeps_lines_apart_that_touch_without_a_node() -> None:
    # two lines from 1 to 2 that bend through the same point: no junction there
    graph = nx.MultiDiGraph(crs=METRES)
    for number, (x, y) in {1: (0, 0), 2: (200, 0), 3: (-50, 0), 4: (250, 0)}.items():
        graph.add_node(number, x=ORIGIN[0] + x, y=ORIGIN[1] + y)
    for bends in ([(100, 50)], [(50, 90), (100, 50), (150, 90)]):
        line = shapely.LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in [(0, 0), *bends, (200, 0)]])
        graph.add_edge(1, 2, geometry=line)
    graph.add_edges_from([(3, 1), (2, 4)])
    net = StreetNetwork.from_graph(graph)
    short, long = 2 * np.hypot(100, 50), 2 * (np.hypot(50, 90) + np.hypot(50, 40))
    assert_allclose(lengths(net), sorted([50, 50, short, long]), atol=1e-6)


@pytest.mark.parametrize("fault", ["no edges", "no crs", "strange crs", "no x", "x is text"])
def test_bad_graphs_are_refused(fault: str) -> None:
    graph = _osmnx_like()
    if fault == "no edges":
        graph.remove_edges_from(list(graph.edges(keys=True)))
    elif fault == "no crs":
        del graph.graph["crs"]
    elif fault == "strange crs":
        graph.graph["crs"] = "epsg:999999"
    elif fault == "no x":
        del graph.nodes[11]["x"]
    else:
        graph.nodes[11]["x"] = "east"
    with pytest.raises(NetworkError) as raised:
        StreetNetwork.from_graph(graph)
    placeless = fault in ("no x", "x is text")
    assert raised.value.code == ("streets.node_without_place" if placeless else "streets.bad_graph")
    assert raised.value.message("zh")


# ------------------------------------------------------------------------------------------------------------- snapping


def test_points_snap_to_the_nearest_place_on_an_edge() -> None:
    toy = draw("""
A----p-----B
           |
     q     |
           C
""")
    snapped = snap(toy.net, toy.places("pqA"))
    assert_allclose(snapped.distance_m, [0, 20, 0], atol=1e-6)
    along = snapped.at * toy.net.edge_length_m[snapped.edge]
    from_a = along if toy.net.edge_from[0] == toy.node("A") else toy.net.edge_length_m[snapped.edge] - along
    assert_allclose(from_a, [50, 50, 0], atol=1e-6)


def test_the_longest_access_leg_is_inclusive() -> None:
    net = network_of([(0, 0), (100, 0)], [(0, 1)])
    x, y = net.node_x.mean(), net.node_y.mean()
    points = in_metres([(x, y + 300.0), (x, y + 300.001)])
    assert snap(net, points, max_snap_m=300.0005).found.tolist() == [True, False]
    assert snap(net, in_metres([(net.node_x[0], net.node_y[0])]), max_snap_m=0).found.tolist() == [True]


def test_a_huge_access_leg_reaches_from_anywhere() -> None:
    net = network_of([(0, 0), (100, 0), (100, 4000)], [(0, 1), (1, 2)])
    far = in_metres([(ORIGIN[0] - 1e6, ORIGIN[1]), (ORIGIN[0], ORIGIN[1] + 3e6)])
    snapped = snap(net, far, max_snap_m=1e9)
    assert_allclose(snapped.distance_m, [1e6, np.hypot(100, 3e6 - 4000)], rtol=1e-9)


def test_points_without_coordinates_find_no_street() -> None:
    net = network_of([(0, 0), (100, 0)], [(0, 1)])
    shapes = [None, shapely.Point(), shapely.Point(np.nan, 0), shapely.Point(ORIGIN[0], np.inf), shapely.Point(ORIGIN)]
    snapped = snap(net, gpd.GeoSeries(shapes, crs=METRES), max_snap_m=1e9)
    assert snapped.found.tolist() == [False, False, False, False, True]
    assert np.isinf(snapped.distance_m[:4]).all()


def test_points_off_the_earth_or_at_the_poles_find_no_street() -> None:
    net = network_of([(0, 0), (100, 0)], [(0, 1)])
    odd = [(117, 89), (117, 90), (0, -90), (180, 25), (-180, 25), (500, 25), (117, 95)]
    points = gpd.GeoSeries([shapely.Point(place) for place in odd], crs=WGS84)
    assert not snap(net, points).found.any()


def test_bad_points_are_refused() -> None:
    net = network_of([(0, 0), (100, 0)], [(0, 1)])
    with pytest.raises(CRSError):
        snap(net, gpd.GeoSeries([shapely.Point(0, 0)]))
    with pytest.raises(GeometryError, match="Polygon"):
        snap(net, gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=METRES))
    for value in (-1.0, float("nan")):
        with pytest.raises(InputError, match="max_snap_m"):
            snap(net, in_metres([ORIGIN]), max_snap_m=value)


@pytest.mark.parametrize("max_snap_m", [40.0, 300.0, 1e9])
def test_snapping_agrees_with_trying_every_street(city, max_snap_m: float) -> None:
    net = city.net
    rng = np.random.default_rng(8)
    west, south, east, north = net.node_x.min(), net.node_y.min(), net.node_x.max(), net.node_y.max()
    points = np.column_stack((rng.uniform(west - 900, east + 900, 500), rng.uniform(south - 900, north + 900, 500)))
    edge = np.repeat(np.arange(net.n_edges), np.diff(net.vertex_indptr))
    lines = shapely.linestrings(np.column_stack((net.vertex_x, net.vertex_y)), indices=edge)
    nearest, away = shapely.STRtree(lines).query_nearest(
        shapely.points(points), return_distance=True, all_matches=False
    )
    snapped = snap(net, gpd.GeoSeries(shapely.points(points), crs=net.crs), max_snap_m=max_snap_m)
    expected = np.where(away <= max_snap_m, away, np.inf)
    assert_allclose(snapped.distance_m, expected, atol=1e-6)
    ours, on = snapped.edge[snapped.found], snapped.at[snapped.found]
    places = shapely.line_interpolate_point(lines[ours], on, normalized=True)
    assert_allclose(shapely.distance(places, shapely.points(points[snapped.found])), away[snapped.found], atol=1e-5)
    assert nearest.shape == (2, 500)
