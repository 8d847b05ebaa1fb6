"""Isochrones: areas worked out on paper, then validity, nesting, and agreement with what is counted on real streets.

A point beside a straight street walks its distance to the street and then along it: |x| + |y| <= T around the centre.
"""

import dataclasses
import itertools
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from cities import city_of
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import METRES, ORIGIN, RESIDENTIAL, degrees, draw, in_metres, network_of, write_osm

from planner import CRSError, GeometryError, InputError, StreetNetwork, coverage, isochrones
from planner.coverage import Places
from planner.crs import WGS84


def shapes(net, points, **options) -> list[shapely.Geometry]:
    """Return the isochrones of points in metres, as they come."""
    frame = isochrones.polygons(net, points, **options)
    assert frame.crs == WGS84
    return frame.to_crs(net.crs).geometry.tolist()


def street(half_m: float):
    """Return a straight street from -half_m to half_m and a centre in its middle."""
    return network_of([(-half_m, 0), (half_m, 0)], [(0, 1)]), in_metres([ORIGIN])


# --------------------------------------------------------------------------------------------------------------- on paper


@pytest.mark.parametrize("minutes", [0.05, 0.5, 2, 4])
def test_a_long_straight_street_has_a_square_on_its_point(minutes: float) -> None:
    net, centre = street(1000)
    reach_m = minutes * 60
    (shape,) = shapes(net, centre, minutes=(minutes,))
    assert shape.area == pytest.approx(2 * reach_m**2, rel=0.01)
    west, south, east, north = shape.bounds
    tip_m = max(5.0, reach_m / 40)
    assert (east - west, north - south) == pytest.approx((2 * reach_m, 2 * reach_m), abs=2 * tip_m)
    assert shape.centroid.distance(shapely.Point(ORIGIN)) < tip_m


@pytest.mark.parametrize(("half_m", "reach_m"), [(60, 150), (100, 240), (20, 290)])
def test_a_short_street_has_round_ends(half_m: float, reach_m: float) -> None:
    # beside the street |x| + |y| <= T as far as it goes, and half a disc of what is left of T at either end
    net, centre = street(half_m)
    (shape,) = shapes(net, centre, minutes=(reach_m / 60,))
    left_m = reach_m - half_m
    assert shape.area == pytest.approx(2 * (2 * reach_m * half_m - half_m**2) + math.pi * left_m**2, rel=0.01)
    assert shape.bounds[2] - shape.bounds[0] == pytest.approx(2 * reach_m, abs=10)


def test_the_longest_access_leg_cuts_the_shape_off() -> None:
    net, centre = street(2000)
    (shape,) = shapes(net, centre, minutes=(10,), max_snap_m=100)
    # the square of 600 m, no farther than 100 m from the street
    assert shape.area == pytest.approx(2 * 600**2 - 2 * 500**2, rel=0.01)
    assert shape.bounds[3] - shape.bounds[1] == pytest.approx(200, abs=6)


def test_the_facility_walks_to_its_street_first() -> None:
    net, _ = street(1000)
    off = in_metres([(ORIGIN[0], ORIGIN[1] + 80)])
    (shape,) = shapes(net, off, minutes=(4,))
    assert shape.area == pytest.approx(2 * (240 - 80) ** 2, rel=0.01)


def test_speed_stretches_the_shape() -> None:
    net, centre = street(1000)
    (shape,) = shapes(net, centre, minutes=(3,), speed_m_s=1.25)
    assert shape.area == pytest.approx(2 * (180 * 1.25) ** 2, rel=0.01)
    (named,) = shapes(net, centre, minutes=(3,), speed_m_s="elderly")
    assert named.area == pytest.approx(2 * (180 * 0.8) ** 2, rel=0.01)


def test_uphill_and_downhill_have_their_own_reach() -> None:
    net, centre = street(1000)
    eastward = net.node_x[net.edge_to[0]] > net.node_x[net.edge_from[0]]
    up, down = np.array([2.0]), np.array([1.0])  # eastward is uphill
    hill = dataclasses.replace(net, factor_forward=up if eastward else down, factor_backward=down if eastward else up)
    (to,) = shapes(hill, centre, minutes=(3,))
    (from_,) = shapes(hill, centre, minutes=(3,), direction="from")
    x = ORIGIN[0]
    # people west of the centre walk uphill to it, and downhill away from it
    assert (x - to.bounds[0], to.bounds[2] - x) == pytest.approx((90, 180), abs=6)
    assert (x - from_.bounds[0], from_.bounds[2] - x) == pytest.approx((180, 90), abs=6)


def test_an_easy_street_is_reached_to_its_end() -> None:
    net, centre = street(1000)
    easy = dataclasses.replace(net, factor_forward=np.array([0.25]), factor_backward=np.array([0.25]))
    (shape,) = shapes(easy, centre, minutes=(3,))
    assert shape.bounds[2] - shape.bounds[0] == pytest.approx(2 * 720, abs=10)


def test_what_lies_nearer_to_a_street_out_of_reach_is_outside() -> None:
    toy = draw("""
A---------p---------B


C-------------------D
""")  # no way across: the strip nearer to C-D is out
    (shape,) = shapes(toy.net, toy.places("p"), minutes=(5,))
    x, y = toy.spots["p"]
    assert not shape.contains(shapely.Point(x, y - 19))
    assert shape.contains(shapely.Point(x, y - 12))
    assert shape.contains(shapely.Point(x, y + 19))
    assert shape.bounds[1] == pytest.approx(y - 15, abs=4), "the line between lies half way, to a step"


def test_a_courtyard_too_far_inside_is_a_hole() -> None:
    net = network_of([(0, 0), (400, 0), (400, 400), (0, 400)], [(0, 1), (1, 2), (2, 3), (3, 0)])
    (shape,) = shapes(net, in_metres([ORIGIN]), minutes=(900 / 60,))
    assert sum(len(part.interiors) for part in shape.geoms) == 0
    (shape,) = shapes(net, in_metres([ORIGIN]), minutes=(900 / 60,), max_snap_m=50)
    assert sum(len(part.interiors) for part in shape.geoms) == 1
    assert sum(shapely.Polygon(ring).area for part in shape.geoms for ring in part.interiors) == pytest.approx(
        300 * 300, rel=0.03
    )  # the line lies between two points of the lattice, here 2.5 m off on each side at most


# ------------------------------------------------------------------------------------------------------- what comes back


def test_the_table_keeps_the_contract() -> None:
    toy = draw("A---p----------B")
    x, y = toy.spots["p"]
    points = gpd.GeoDataFrame({"name": ["far", "near"]}, geometry=shapely.points([[x, y + 900], [x, y]]), crs=METRES)
    points.index = [70, 71]
    frame = isochrones.polygons(toy.net, points, minutes=(3, 1))
    assert list(frame.columns) == ["point_index", "minutes", "geometry", "reason"]
    assert frame["point_index"].tolist() == [0, 0, 1, 1]
    assert frame["minutes"].tolist() == [1, 3, 1, 3]
    assert frame["reason"].tolist() == ["no_street", "no_street", None, None]
    assert frame.geometry.is_empty.tolist() == [True, True, False, False]
    assert set(frame.geometry.geom_type) == {"MultiPolygon"}
    assert frame.crs == WGS84
    assert abs(frame.total_bounds[0] - 117) < 0.1


def test_no_points_give_an_empty_table() -> None:
    toy = draw("A---p----------B")
    frame = isochrones.polygons(toy.net, toy.places(""))
    assert list(frame.columns) == ["point_index", "minutes", "geometry", "reason"]
    assert len(frame) == 0


def test_points_without_coordinates_have_no_isochrone() -> None:
    toy = draw("A---p----------B")
    odd = gpd.GeoSeries([None, shapely.Point(), shapely.Point(toy.spots["p"])], crs=METRES)
    frame = isochrones.polygons(toy.net, odd, minutes=(5,))
    assert frame["reason"].tolist() == ["no_street", "no_street", None]


def test_a_centre_farther_from_its_street_than_the_time_allows_has_an_empty_shape() -> None:
    toy = draw("A---p----------B")
    off = in_metres([(toy.spots["p"][0], toy.spots["p"][1] + 100)])
    (shape,) = shapes(toy.net, off, minutes=(1,))
    assert shape.is_empty


def test_a_place_may_be_snapped_before() -> None:
    toy = draw("A---p----------B")
    points = toy.places("pA")
    direct = isochrones.polygons(toy.net, points, minutes=(2,))
    placed = isochrones.polygons(toy.net, Places.of(toy.net, points), minutes=(2,))
    assert direct.geometry.tolist() == placed.geometry.tolist()


def test_an_isochrone_across_the_antimeridian_has_a_part_on_either_side(tmp_path: Path) -> None:
    nodes = {1: (179.99, -16.8), 2: (180.0, -16.8), 3: (-179.99, -16.8)}
    net = StreetNetwork.from_osm(write_osm(tmp_path / "fiji.osm", nodes, [([1, 2, 3], RESIDENTIAL)]))
    frame = isochrones.polygons(net, degrees((179.9995, -16.8)), minutes=(2, 5))
    _valid_and_nested(frame)
    for minutes, shape in zip(frame["minutes"], frame.geometry, strict=True):
        assert [part.bounds[0] > 0 for part in shape.geoms] == [True, False]
        assert all(part.bounds[2] - part.bounds[0] < 0.01 for part in shape.geoms)
        in_metres_ = gpd.GeoSeries(shape.geoms, crs=WGS84).to_crs(net.crs)
        assert in_metres_.area.sum() == pytest.approx(2 * (60 * minutes) ** 2, rel=0.01)


def test_an_isochrone_near_the_pole(tmp_path: Path) -> None:
    nodes = {1: (10.0, 89.0), 2: (10.0, 89.02)}
    net = StreetNetwork.from_osm(write_osm(tmp_path / "pole.osm", nodes, [([1, 2], RESIDENTIAL)]))
    (shape,) = shapes(net, degrees((10.0, 89.01)), minutes=(4,))
    assert shape.area == pytest.approx(2 * 240**2, rel=0.01)


def test_tiny_and_huge_minutes_side_by_side() -> None:
    net, centre = street(500)
    tiny, day = shapes(net, centre, minutes=(0.01, 1440))
    assert tiny.area == pytest.approx(2 * 0.6**2, rel=0.02)
    # a day reaches all that has a street within 300 m
    assert day.area == pytest.approx(1000 * 600 + math.pi * 300**2, rel=0.01)
    assert day.covers(tiny)


@pytest.mark.parametrize(
    "options",
    [
        {"minutes": (0,)},
        {"minutes": (5, -1)},
        {"minutes": (10_000,)},
        {"minutes": (float("nan"),)},
        {"minutes": ()},
        {"speed_m_s": 0},
        {"speed_m_s": -1},
        {"speed_m_s": float("nan")},
        {"speed_m_s": "fast"},
        {"resolution_m": 0},
        {"resolution_m": float("nan")},
        {"max_snap_m": -1},
        {"direction": "both"},
    ],
)
def test_bad_input_is_refused(options: dict) -> None:
    toy = draw("A---p----------B")
    with pytest.raises(InputError) as raised:
        isochrones.polygons(toy.net, toy.places("p"), **options)
    assert raised.value.message("zh")


def test_bad_points_are_refused() -> None:
    toy = draw("A---p----------B")
    with pytest.raises(CRSError):
        isochrones.polygons(toy.net, gpd.GeoSeries([shapely.Point(0, 0)]))
    with pytest.raises(GeometryError):
        isochrones.polygons(toy.net, gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])], crs=METRES))


# ------------------------------------------------------------------------------------------------------------- properties


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=3, max_size=8, unique=True),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=2, max_size=10),
    st.tuples(st.integers(-40, 440), st.integers(-40, 440)),
    st.lists(st.floats(0.2, 12), min_size=2, max_size=4, unique=True),
)
def test_isochrones_are_valid_and_nested(points, lines, centre, minutes) -> None:
    pairs = sorted({(min(a, b) % len(points), max(a, b) % len(points)) for a, b in lines})
    pairs = [(a, b) for a, b in pairs if a != b] or [(0, 1)]
    net = network_of(points, pairs)
    frame = isochrones.polygons(net, in_metres([(ORIGIN[0] + centre[0], ORIGIN[1] + centre[1])]), minutes=minutes)
    _valid_and_nested(frame)


def _valid_and_nested(frame: gpd.GeoDataFrame) -> None:
    assert frame.geometry.is_valid.all()
    for _, of_one in frame.to_crs(METRES).groupby("point_index"):
        bands = of_one.sort_values("minutes").geometry.tolist()
        for inner, outer in itertools.pairwise(bands):
            assert inner.difference(outer).area < 1e-3, "square metres of a shorter walk outside a longer one"


# ------------------------------------------------------------------------------------------------------------ real streets


def _scattered(net, count: int, seed: int, away_m: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    vertex = rng.integers(0, len(net.vertex_x), count)
    return np.column_stack((net.vertex_x[vertex], net.vertex_y[vertex])) + rng.normal(0, away_m, (count, 2))


@pytest.mark.parametrize(
    ("name", "minutes"),
    [("porto_alegre", 15), ("porto_alegre", 5), ("helsinki", 15), ("wuhan", 15), ("las_palmas", 15)],
)
def test_drawing_and_count_agree(name: str, minutes: float) -> None:
    net = city_of(name).net
    centres = _scattered(net, 20, seed=22, away_m=15)
    around = minutes * 60 * 1.1
    rng = np.random.default_rng(23)
    angle, radius = rng.uniform(0, 2 * np.pi, (20, 1500)), around * np.sqrt(rng.uniform(0, 1, (20, 1500)))
    wrong = covered = 0
    for i, shape in enumerate(shapes(net, gpd.GeoSeries(shapely.points(centres), crs=net.crs), minutes=(minutes,))):
        people = centres[i] + np.column_stack((radius[i] * np.cos(angle[i]), radius[i] * np.sin(angle[i])))
        counted = coverage.matrix(
            net,
            gpd.GeoSeries(shapely.points(people), crs=net.crs),
            gpd.GeoSeries(shapely.points(centres[i : i + 1]), crs=net.crs),
            threshold_s=minutes * 60,
        ).toarray()[:, 0]
        drawn = shapely.contains_xy(shape, people[:, 0], people[:, 1])
        wrong += int((counted ^ drawn).sum())
        covered += int(counted.sum())
    assert covered > 2000
    assert wrong / covered < 0.01


def test_real_isochrones_are_valid_and_nested(porto_alegre) -> None:
    net = porto_alegre.net
    centres = gpd.GeoSeries(shapely.points(_scattered(net, 25, seed=24, away_m=40)), crs=net.crs)
    frame = isochrones.polygons(net, centres, minutes=(5, 10, 15))
    assert len(frame) == 75
    _valid_and_nested(frame.set_crs(WGS84, allow_override=True))
    longest = frame[frame["minutes"] == 15].to_crs(net.crs)
    assert (longest.area < math.pi * 901**2).all(), "farther than the crow flies"


def test_isochrones_are_the_same_with_any_number_of_threads(helsinki) -> None:
    net = helsinki.net
    centres = gpd.GeoSeries(shapely.points(_scattered(net, 12, seed=25, away_m=20)), crs=net.crs)
    one, two = (isochrones.polygons(net, centres, minutes=(5, 10), threads=n) for n in (1, 2))
    assert [shape.wkb for shape in one.geometry] == [shape.wkb for shape in two.geometry]
