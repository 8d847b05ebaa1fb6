"""Facilities with several entrances, and those drawn as areas: on paper, then against every entrance tried by itself."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import GeometryError, coverage, isochrones, reach
from planner.coverage import Places
from planner.streets import group_entrances
from planner.streets.entrances import positions_xy
from tests.toys import METRES, ORIGIN, draw, in_metres, network_of


def shapes(*some: shapely.Geometry) -> gpd.GeoSeries:
    """Return shapes given in metres from the drawings' origin."""
    moved = [None if shape is None else shapely.transform(shape, lambda xy: xy + np.array(ORIGIN)) for shape in some]
    return gpd.GeoSeries(moved, crs=METRES)


TOWN = draw("""
A----p----B----q----C
          |
          r
          |
          D
""")


def at(*letters: str) -> list[tuple[float, float]]:
    return [TOWN.spots[letter] for letter in letters]


def test_two_entrances_are_one_facility() -> None:
    """Entrances at A and C, 200 m apart: from p 50 m to A, from q 50 m to C, from D 40 + 100 m to either."""
    centre = gpd.GeoSeries([shapely.MultiPoint(at("A", "C"))], crs=METRES)
    times = coverage.travel_times(TOWN.net, TOWN.places("pqDB"), centre, limit_s=1000)
    assert times.toarray().tolist() == [[50], [50], [140], [100]]
    seconds, site = coverage.nearest(TOWN.net, TOWN.places("pqDB"), centre)
    assert seconds.tolist() == [50, 50, 140, 100]
    assert site.tolist() == [0, 0, 0, 0]


def test_an_entrance_far_from_any_street_is_none_and_one_is_enough() -> None:
    x, y = TOWN.spots["A"]
    some = [shapely.MultiPoint([(x, y), (x - 5000, y)]), shapely.MultiPoint([(x - 5000, y), (x - 6000, y)])]
    places = Places.of_facilities(TOWN.net, gpd.GeoSeries(some, crs=METRES))
    assert places.snapped.found.tolist() == [True, False]
    assert np.diff(places.entries.indptr).tolist() == [1, 0]
    assert coverage.nearest(TOWN.net, TOWN.places("p"), places)[0].tolist() == [50]


@pytest.mark.parametrize("quality", ["exact", "fast"])
def test_both_entrances_draw_one_isochrone(quality: str) -> None:
    """One minute around A and around C: two islands of one shape, and nothing around B."""
    centre = gpd.GeoSeries([shapely.MultiPoint(at("A", "C"))], crs=METRES)
    shape = isochrones.polygons(TOWN.net, centre, minutes=[1], quality=quality).geometry.to_crs(METRES).iloc[0]
    assert len(shape.geoms) == 2
    near = shapely.covers(shape, shapely.points(at("A", "C", "B", "D")))
    assert near.tolist() == [True, True, False, False]
    streets = reach.reachable_streets(TOWN.net, centre, minutes=[1])
    assert streets["length_m"].iloc[0] == pytest.approx(120, abs=0.1)


def test_an_area_is_reached_at_its_edge() -> None:
    """A house 20 m north of a street, 100 m wide: from 50 m west of its corner 50 + 20 m; in front of it 20 m."""
    net = network_of([(0, 0), (400, 0)], [(0, 1)])
    house = shapes(shapely.box(150, 20, 250, 80))
    people = in_metres([(ORIGIN[0] + x, ORIGIN[1]) for x in (100, 150, 200, 250, 350)])
    times = coverage.travel_times(net, people, house, limit_s=1000).toarray()[:, 0]
    assert times == pytest.approx([70, 20, 20, 20, 120], abs=0.01)


def test_streets_on_all_its_sides_lead_to_an_area() -> None:
    """A block between streets 10 m from its sides: nobody walks around to the nearest side."""
    corners = [(0, 0), (220, 0), (220, 120), (0, 120)]
    net = network_of(corners, [(0, 1), (1, 2), (2, 3), (3, 0)])
    block = shapes(shapely.box(10, 10, 210, 110))
    middles = in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in ((110, 0), (220, 60), (110, 120), (0, 60))])
    assert coverage.travel_times(net, middles, block, limit_s=1000).toarray()[:, 0] == pytest.approx([10] * 4, abs=0.01)


def test_a_street_through_an_area_has_no_access_leg() -> None:
    net = network_of([(0, 0), (400, 0)], [(0, 1)])
    park = shapes(shapely.box(100, -50, 300, 50))
    people = in_metres([(ORIGIN[0] + x, ORIGIN[1]) for x in (0, 100, 195, 300, 400)])
    times = coverage.travel_times(net, people, park, limit_s=1000).toarray()[:, 0]
    assert times[[0, 1, 3, 4]] == pytest.approx([100, 0, 0, 100], abs=0.01)
    assert times[2] <= 5


def test_an_area_too_far_from_any_street_is_not_reached() -> None:
    net = network_of([(0, 0), (400, 0)], [(0, 1)])
    far = shapes(shapely.box(0, 301, 100, 400), None, shapely.Polygon())
    places = Places.of_facilities(net, far)
    assert places.snapped.found.tolist() == [False, False, False]
    near = Places.of_facilities(net, shapes(shapely.box(0, 300, 100, 400)))
    assert near.snapped.distance_m.tolist() == [300]


def test_facilities_come_in_any_crs_and_mixed() -> None:
    some = [shapely.Point(TOWN.spots["A"]), shapely.MultiPoint(at("A", "C")), shapely.Point(TOWN.spots["D"]).buffer(5)]
    centres = gpd.GeoSeries(some, crs=METRES)
    here = coverage.travel_times(TOWN.net, TOWN.places("pq"), centres, limit_s=1000).toarray()
    there = coverage.travel_times(TOWN.net, TOWN.places("pq"), centres.to_crs(4326), limit_s=1000).toarray()
    assert here == pytest.approx(there, abs=0.01)
    assert here[:, :2].tolist() == [[50, 50], [150, 50]]
    assert here[:, 2] == pytest.approx([85, 85], abs=0.1)
    kept = Places.of_facilities(TOWN.net, centres)[np.array([1, 0])]
    assert coverage.travel_times(TOWN.net, TOWN.places("q"), kept, limit_s=1000).toarray().tolist() == [[50, 150]]


def test_lines_are_no_facilities() -> None:
    with pytest.raises(GeometryError) as fault:
        coverage.nearest(TOWN.net, TOWN.places("p"), shapes(shapely.LineString([(0, 0), (1, 1)])))
    assert "LineString" in fault.value.message("zh")


def test_rows_of_one_facility_are_grouped() -> None:
    table = gpd.GeoDataFrame(
        {"name": ["East gate", "Hall", "West gate"], "entrance_of": ["Park", None, "Park"]},
        geometry=[shapely.Point(1, 1), shapely.Point(2, 2), shapely.Point(3, 3)],
        crs=METRES,
    )
    before = table.copy()
    grouped = group_entrances(table, "entrance_of")
    assert grouped["name"].tolist() == ["East gate", "Hall"]
    assert [shape.wkt for shape in grouped.geometry] == ["MULTIPOINT ((1 1), (3 3))", "POINT (2 2)"]
    assert table.equals(before)


spots = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(spots, spots, spots)
def test_several_entrances_are_the_least_of_each(people, one, other) -> None:
    """The oracle: every entrance as a facility of its own, and the least of its facility's times."""
    net = network_of([(0, 0), (300, 0), (300, 300), (0, 300), (150, 150)], [(0, 1), (1, 2), (2, 3), (0, 4), (4, 2)])

    def points(some):
        return in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in some])

    together = shapes(shapely.MultiPoint(one), shapely.MultiPoint(other))
    found = coverage.travel_times(net, points(people), together, limit_s=1e5).toarray()
    alone = coverage.travel_times(net, points(people), points(one + other), limit_s=1e5).toarray()
    assert found[:, 0].tolist() == alone[:, : len(one)].min(axis=1).tolist()
    assert found[:, 1].tolist() == alone[:, len(one) :].min(axis=1).tolist()
    seconds, site = coverage.nearest(net, points(people), together)
    assert seconds.tolist() == found.min(axis=1).tolist()
    assert found[np.arange(len(people)), site].tolist() == seconds.tolist()


@settings(max_examples=15, deadline=None)
@given(spots, st.integers(5, 100), st.integers(5, 100))
def test_an_area_is_within_half_a_step_of_all_points_of_its_edge(people, width, height) -> None:
    """The oracle: points a metre apart all along the outline, each a facility."""
    net = network_of([(0, 0), (300, 0), (300, 300), (0, 300), (150, 150)], [(0, 1), (1, 2), (2, 3), (0, 4), (4, 2)])
    where = in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in people])
    area = shapes(shapely.box(120, 40, 120 + width, 40 + height))
    edge = shapely.get_coordinates(shapely.segmentize(shapely.boundary(area.iloc[0]), 1.0))
    each = coverage.travel_times(net, where, in_metres(edge.tolist()), limit_s=1e5).toarray().min(axis=1)
    found = coverage.travel_times(net, where, area, limit_s=1e5).toarray()[:, 0]
    assert (found <= each + 10).all()
    snapped = Places.of(net, where).snapped
    outside = ~shapely.intersects(area.iloc[0], shapely.points(*positions_xy(net, snapped.edge, snapped.at)))
    assert (found >= each - 10)[outside].all()  # whoever stands within it is there
