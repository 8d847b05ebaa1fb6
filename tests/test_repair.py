"""Islands joined and listed, plazas crossed: on paper."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely

from planner import InputError, StreetNetwork, coverage
from planner.findings import InputReport
from planner.streets import Source, WalkRules, snap
from planner.streets.islands import list_islands, report_repairs
from tests.conftest import streets_file
from tests.toys import METRES, ORIGIN, in_metres, write_osm

ROAD = {"highway": "residential"}


def node(x: float, y: float) -> tuple[float, float]:
    point = gpd.GeoSeries([shapely.Point(ORIGIN[0] + x, ORIGIN[1] + y)], crs=METRES).to_crs(4326).iloc[0]
    return point.x, point.y


def places(*some: tuple[float, float]) -> gpd.GeoDataFrame:
    return in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in some])


def walk_s(net: StreetNetwork, start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return seconds from one place to another, nan where there is no way."""
    found = coverage.nearest(net, places(start), places(end))[0][0]
    return float(found)


# ------------------------------------------------------------------------------------------------------------------ islands


def drawn_islands(folder: Path) -> Path:
    """Write a road of 3 km, and beside it lanes 10 and 40 m off, one on a bridge, and a second road of 3 km 8 m off."""
    spots = {
        1: (0, 0), 2: (3000, 0),
        3: (500, 10), 4: (500, 200),
        5: (1000, 40), 6: (1000, 200),
        7: (1500, 5), 8: (1500, 200),
        9: (0, -8), 10: (3000, -8),
        11: (2000, -4), 12: (2000, 60),
    }  # fmt: skip
    ways = [
        ((1, 2), ROAD),
        ((3, 4), ROAD),
        ((5, 6), ROAD),
        ((7, 8), {**ROAD, "bridge": "yes"}),
        ((9, 10), ROAD),
        ((11, 12), ROAD),
    ]
    return write_osm(folder / "islands.osm", {n: node(*spot) for n, spot in spots.items()}, ways)


def test_islands_are_joined_on_request_within_the_tolerance_on_their_level(tmp_path: Path) -> None:
    """The lane 10 m off is joined (190 + 10 m to the road); 40 m is too far; the bridge is another level."""
    path = drawn_islands(tmp_path)
    plain = StreetNetwork.from_osm(path)
    assert np.isinf(walk_s(plain, (500, 200), (500, 0)))
    assert "joints" not in plain.figures
    net = StreetNetwork.from_osm(path, rules=WalkRules(connect_islands_m=15))
    assert walk_s(net, (500, 200), (500, 0)) == pytest.approx(200, abs=0.01)
    assert np.isinf(walk_s(net, (1000, 200), (500, 0)))
    assert np.isinf(walk_s(net, (1500, 200), (500, 0)))
    assert "joint" in net.classes


def test_an_island_that_crosses_two_roads_joins_one_and_lets_them_meet(tmp_path: Path) -> None:
    """The last lane crosses the first road without a node and ends 4 m from the second: both gaps are closed, and reported."""
    net = StreetNetwork.from_osm(drawn_islands(tmp_path), rules=WalkRules(connect_islands_m=15))
    assert walk_s(net, (2000, 60), (1990, 0)) == pytest.approx(70, abs=0.01)
    assert walk_s(net, (2000, 60), (1990, -8)) == pytest.approx(78, abs=0.01)
    joints = sorted((gap, metres) for _, _, gap, metres in net.figures["joints"])
    assert joints == [(0.0, 64), (4.0, 64), (10.0, 190)]


def test_every_joint_is_reported_from_the_cache_too(tmp_path: Path) -> None:
    path, rules = drawn_islands(tmp_path), WalkRules(connect_islands_m=15)
    for _ in range(2):
        net = StreetNetwork.from_osm(path, rules=rules, cache=tmp_path / "cache")
        report = InputReport("streets", path.name)
        report_repairs(net, report)
        assert [found.code for found in report.findings] == ["streets.island_joined"] * 3
        assert "10.0 m" in " ".join(found["message"] for found in report.to_dict("en")["findings"])
    joined = StreetNetwork.from_sources([Source(path)], rules=rules)
    assert (
        joined.figures["joints"] == [list(joint) for joint in net.figures["joints"]]
        or len(joined.figures["joints"]) == 3
    )


def test_lines_have_islands_too() -> None:
    lines = [[(0, 0), (500, 0)], [(250, 12), (250, 80)]]
    layer = gpd.GeoSeries([shapely.LineString(np.array(line) + ORIGIN) for line in lines], crs=METRES)
    net = StreetNetwork.from_lines(layer, rules=WalkRules(connect_islands_m=15))
    assert walk_s(net, (250, 80), (250, 0)) == pytest.approx(80, abs=0.01)


@pytest.mark.parametrize("tolerance_m", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_is_a_distance(tmp_path: Path, tolerance_m: float) -> None:
    with pytest.raises(InputError):
        StreetNetwork.from_osm(drawn_islands(tmp_path), rules=WalkRules(connect_islands_m=tolerance_m))


def test_islands_are_listed_with_the_people_on_them(tmp_path: Path) -> None:
    net = StreetNetwork.from_osm(drawn_islands(tmp_path))
    people = snap(net, places((1000, 190), (1000, 180), (500, 190), (0, 0)))
    centres = snap(net, places((500, 100)))
    listed = list_islands(net, people, np.array([30.0, 4.0, 5.0, 1000.0]), facilities=centres)
    assert listed["people"].tolist() == [34, 5, 0, 0, 0]
    assert listed["points"].tolist()[:2] == [2, 1]
    assert listed["facilities"].tolist()[:2] == [0, 1]
    assert listed["length_m"].to_numpy() == pytest.approx([160, 190, 3000, 195, 64], abs=0.5)
    assert listed.crs == 4326
    assert listed.geometry.to_crs(METRES).length.to_numpy() == pytest.approx(listed["length_m"].to_numpy(), abs=0.5)


# ------------------------------------------------------------------------------------------------------------------- plazas


SQUARE = {1: (0, 0), 2: (100, 0), 3: (100, 100), 4: (0, 100), 5: (-50, 0), 6: (150, 100), 7: (150, 0)}
PLAZA = {"highway": "pedestrian", "area": "yes"}


def square(
    folder: Path, *, corners: tuple[int, ...] = (1, 2, 3, 4), spots: dict | None = None, tags: dict | None = None
) -> Path:
    """Write a plaza of 100 m with a street at its south-west and its north-east corner."""
    ways = [((*corners, corners[0]), tags or PLAZA), ((5, 1), ROAD), ((3, 6), ROAD)]
    return write_osm(folder / "plaza.osm", {n: node(*spot) for n, spot in (SQUARE | (spots or {})).items()}, ways)


def test_a_plaza_is_crossed_straight_on_request(tmp_path: Path) -> None:
    """From corner to corner: 200 m around it, 141.42 m across."""
    path = square(tmp_path)
    assert walk_s(StreetNetwork.from_osm(path), (0, 0), (100, 100)) == pytest.approx(200, abs=0.01)
    net = StreetNetwork.from_osm(path, rules=WalkRules(plazas=True))
    assert walk_s(net, (0, 0), (100, 100)) == pytest.approx(np.hypot(100, 100), abs=0.01)
    report = InputReport("streets", path.name)
    report_repairs(net, report)
    assert [found.params for found in report.findings] == [{"plazas": 1, "plaza_links": 1, "plazas_left": 0}]


def test_what_is_no_area_is_walked_around(tmp_path: Path) -> None:
    path = square(tmp_path, tags={"highway": "pedestrian"})
    net = StreetNetwork.from_osm(path, rules=WalkRules(plazas=True))
    assert walk_s(net, (0, 0), (100, 100)) == pytest.approx(200, abs=0.01)


def test_a_bay_is_walked_around_and_not_through(tmp_path: Path) -> None:
    """An L: the corner between its arms, at (50, 50), is passed on the way: 2 x hypot(50, 50) from (0, 100) to (100, 0)."""
    spots = {4: (0, 100), 8: (50, 100), 9: (50, 50), 10: (100, 50), 2: (100, 0), 5: (0, 150), 6: (150, 0)}
    places_ = {n: node(*spot) for n, spot in (SQUARE | spots).items()}
    ways = [((1, 2, 10, 9, 8, 4, 1), PLAZA), ((5, 8), ROAD), ((10, 6), ROAD)]
    net = StreetNetwork.from_osm(write_osm(tmp_path / "l.osm", places_, ways), rules=WalkRules(plazas=True))
    assert walk_s(net, (50, 100), (100, 50)) == pytest.approx(100, abs=0.01)
    west = {n: node(*spot) for n, spot in (SQUARE | spots | {5: (-50, 100)}).items()}
    ways = [((1, 2, 10, 9, 8, 4, 1), PLAZA), ((5, 4), ROAD), ((2, 6), ROAD)]
    net = StreetNetwork.from_osm(write_osm(tmp_path / "l2.osm", west, ways), rules=WalkRules(plazas=True))
    assert walk_s(net, (0, 100), (100, 0)) == pytest.approx(np.hypot(100, 100), abs=0.01)


def with_relation(
    folder: Path, ways: list, members: dict[int, tuple[tuple[int, ...], str]], more: dict | None = None
) -> Path:
    """Write a town with a pedestrian multipolygon of ways without tags: their nodes and roles by way."""
    spots = SQUARE | {11: (40, 40), 12: (60, 40), 13: (60, 60), 14: (40, 60)} | (more or {})
    path = write_osm(folder / "ways.osm", {n: node(*spot) for n, spot in spots.items()}, ways)
    whole = folder / "whole.osm"
    with osmium.SimpleWriter(str(whole), overwrite=True) as writer:
        for thing in osmium.FileProcessor(str(path)):
            writer.add(thing)
        for number, (refs, _) in members.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=list(refs), tags={}))
        roles = [("w", number, role) for number, (_, role) in members.items()]
        tags = {"type": "multipolygon", "highway": "pedestrian"}
        writer.add_relation(osmium.osm.mutable.Relation(id=31, members=roles, tags=tags))
    return whole


LAKE = {21: ((1, 2, 3, 4, 1), "outer"), 22: ((11, 12, 13, 14, 11), "inner")}


def test_a_lake_in_a_plaza_is_walked_around(tmp_path: Path) -> None:
    """A multipolygon of 100 m with a hole from 40 to 60 m: from corner to corner past the hole's corner at (60, 40)."""
    whole = with_relation(tmp_path, [((5, 1), ROAD), ((3, 6), ROAD)], LAKE)
    assert np.isinf(walk_s(StreetNetwork.from_osm(whole), (-20, 0), (120, 100)))
    net = StreetNetwork.from_osm(whole, rules=WalkRules(plazas=True))
    assert walk_s(net, (0, 0), (100, 100)) == pytest.approx(2 * np.hypot(60, 40), abs=0.01)


def test_along_the_lake_one_walks_its_shore(tmp_path: Path) -> None:
    """From (50, 0) to (50, 100) the lake is in the way: past its two western or eastern corners, 20 m apart."""
    plaza = {21: ((1, 8, 2, 3, 9, 4, 1), "outer"), 22: LAKE[22]}
    spots = {8: (50, 0), 9: (50, 100), 15: (50, -50), 16: (50, 150)}
    whole = with_relation(tmp_path, [((15, 8), ROAD), ((9, 16), ROAD)], plaza, spots)
    net = StreetNetwork.from_osm(whole, rules=WalkRules(plazas=True))
    assert walk_s(net, (50, 0), (50, 100)) == pytest.approx(2 * np.hypot(10, 40) + 20, abs=0.01)


def test_a_plaza_that_no_street_touches_makes_no_island(tmp_path: Path) -> None:
    whole = with_relation(tmp_path, [((5, 7), ROAD)], LAKE)
    net = StreetNetwork.from_osm(whole, rules=WalkRules(plazas=True))
    assert net.n_edges == 1
    assert net.figures["plazas"] == 0


def test_crossing_real_plazas_never_lengthens_a_walk() -> None:
    """Las Palmas: with its plazas crossed no walk between two nodes grows longer, and some grow shorter."""
    path = streets_file("las_palmas")
    around, across = StreetNetwork.from_osm(path), StreetNetwork.from_osm(path, rules=WalkRules(plazas=True))
    assert across.figures["plazas"] > 20
    rng = np.random.default_rng(3)
    some = rng.choice(around.n_nodes, 300, replace=False)
    points = gpd.GeoDataFrame(geometry=shapely.points(around.node_x[some], around.node_y[some]), crs=around.crs)
    before = coverage.nearest(around, points[:280], points[280:])[0]
    after = coverage.nearest(across, points[:280], points[280:])[0]
    assert (after <= before + 0.01).all()
    assert (after < before - 1).any()
