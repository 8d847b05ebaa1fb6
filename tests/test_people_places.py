"""Where people stand: two houses on paper, streets without houses, cells of a grid; then every total, and real cities."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from cities import SHARED, needs_shared
from drawn_people import (
    AREA,
    X0,
    Y0,
    Way,
    area_box,
    grid,
    house,
    layer,
    network,
    places,
    population,
    run,
    said,
    street,
    write_osm,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from planner import StreetNetwork
from planner.boundaries import read_area
from planner.demand import Demand
from planner.demand.dasymetric import RESIDENTIAL, merge, points_along
from planner.demand.dwellings import read_dwellings
from planner.demand.exact_shares import cut_off, share_out
from planner.demand.osm_buildings import levels_of
from planner.errors import InputError
from planner.findings import InputReport

ZONE = shapely.box(0, 0, 900, 600)
LANE = street((-100, 300), (1000, 300))
H1 = house(100, 280, building="house", building__levels="1")
H3 = house(700, 280, building="house", building__levels="3")
CENTIMETRES = 2e-3  # what OpenStreetMap's whole seventh decimals leave of the surface of a house
SCHOOL = house(400, 500, wide=60, deep=40, building="yes", amenity="school")


def village(folder: Path, *ways: Way, people: float = 40, **options: Any) -> tuple[Demand, list[InputReport]]:
    """Spread the people of the drawn zone over what is drawn in it."""
    folder.mkdir(exist_ok=True)
    path = layer(folder / "v.gpkg", [ZONE], people=[people])
    osm = write_osm(folder / "all.osm", [LANE, *ways])
    net = StreetNetwork.from_osm(osm)
    return run(population(path, "total", "people", **{"buildings": osm, **options}), net=net)


# --- on paper ---------------------------------------------------------------------------------------------------------


def test_two_houses_of_one_and_three_floors(tmp_path: Path) -> None:
    # 100 m2 x 1 and 100 m2 x 3: a quarter and three quarters of the 40 people, at the middle of each house.
    demand, (report, buildings) = village(tmp_path, H1, H3, SCHOOL)
    assert demand.weights["total"] == pytest.approx([10, 30], rel=CENTIMETRES)
    assert math.fsum(demand.weights["total"]) == 40
    assert places(demand.points) == [(105, 285), (705, 285)]
    assert (buildings.role, buildings.rows_read, buildings.rows_used) == ("buildings", 3, 2)
    assert buildings.figures["floor_area_m2"] == pytest.approx(400, rel=CENTIMETRES)
    assert said(buildings)["not_dwellings"] == {"count": 1, "of": 3}
    assert report.figures["people_at_buildings"] == 40
    assert (report.figures["polygons_at_buildings"], report.figures["polygons_at_streets"]) == (1, 0)
    assert report.findings == []


@pytest.mark.parametrize(
    ("tags", "lived_in"),
    [
        ({"building": "yes"}, True),
        ({"building": "apartments"}, True),
        ({"building": "house;yes"}, True),
        ({"building": "yes", "shop": "convenience"}, True),  # people live above shops
        ({"building": "commercial", "building__use": "residential"}, True),
        ({"building": "yes", "amenity": "hospital"}, False),
        ({"building": "yes", "office": "government"}, False),
        ({"building": "school"}, False),
        ({"building": "industrial"}, False),
        ({"building": "no"}, False),
    ],
)
def test_which_buildings_are_dwellings(tmp_path: Path, tags: dict[str, str], lived_in: bool) -> None:
    demand, _ = village(tmp_path, H1, house(700, 280, **tags, building__levels="1"), people=10)
    assert len(demand) == (2 if lived_in else 1)


def test_land_decides_for_a_building_that_says_nothing(tmp_path: Path) -> None:
    # A works with a workers' hostel, a block of flats mapped as homes within it, and an unnamed shed of 16 m2 outside.
    works = house(600, 200, wide=300, deep=200, landuse="industrial")
    homes = house(800, 200, wide=50, deep=200, landuse="residential")
    inside = [
        house(700, 320, building="yes", building__levels="1"),  # a hall: nobody
        house(650, 320, building="dormitory", building__levels="1"),
        house(820, 320, building="yes", building__levels="1"),  # in the homes within the works
        house(300, 280, wide=4, deep=4, building="yes"),  # a shed
    ]
    demand, (_, buildings) = village(tmp_path, H1, works, homes, *inside)
    assert places(demand.points) == [(105, 285), (655, 325), (825, 325)]
    assert buildings.figures["on_other_land"] == 1


def test_levels_that_are_not_said(tmp_path: Path) -> None:
    # 100 m2 each: apartments 4 levels, an unnamed building 2, h1 says 1.
    flats, unnamed = house(400, 280, building="apartments"), house(700, 280, building="yes")
    demand, (_, buildings) = village(tmp_path, H1, flats, unnamed, people=70)
    assert demand.weights["total"] == pytest.approx([10, 40, 20], rel=CENTIMETRES)
    assert said(buildings)["levels_assumed"]["count"] == 2
    assert [levels_of(text) for text in ("3", "3-5", "2.5", "500")] == [3, 5, 2.5, 120]
    assert all(math.isnan(levels_of(text)) for text in (None, "", "many", "0"))


def test_houses_on_one_piece_of_street_are_one_point(tmp_path: Path) -> None:
    # Three houses within 50 m of the lane: 10, 30 and 20 m off it. The mean way is 20 m, and there they stand.
    near = [house(x, 300 + y - 5, building="house", building__levels="1") for x, y in ((110, 10), (120, 30), (130, 20))]
    demand, _ = village(tmp_path, *near)
    assert demand.weights["total"].tolist() == [40]
    assert places(demand.points) == [(135, 320)]


def test_a_village_without_houses_stands_along_its_lane(tmp_path: Path) -> None:
    # 1,100 m of lane from x -100 in 44 pieces of 25 m, of which 36 lie in the zone; three in a row, counted from the lane's
    # end, make a point in their middle: of the first three two lie inside, of the last three one.
    demand, (report, _) = village(tmp_path, house(950, 500, building="house"), people=3600)
    middles = [12.5, *(-100 + 75 * n + 37.5 for n in range(2, 13)), 887.5]
    assert np.array(places(demand.points)) == pytest.approx(np.array([(x, 300) for x in middles]), abs=1)
    assert demand.weights["total"] == pytest.approx([200, *[300] * 11, 100], rel=1e-3)
    assert said(report)["polygons_along_streets"] == {"count": 1, "of": 1, "people": 3600}


def test_one_house_for_a_thousand_people_is_not_all_of_them(tmp_path: Path) -> None:
    # 100 m2 of floor for 1,000 people: the village's other houses are not mapped, and its people stand along the lane.
    demand, (report, _) = village(tmp_path, H1, people=1000)
    assert len(demand) > 10
    assert said(report)["polygons_along_streets"]["people"] == 1000
    demand, _ = village(tmp_path / "asked", H1, people=1000, place="buildings")
    assert demand.weights["total"].tolist() == [1000]


def test_wide_roads_come_after_lanes_and_the_surface_last(tmp_path: Path) -> None:
    # Three zones of 100 m: a lane and a main road, a main road alone, a trunk road alone.
    shapes = [shapely.box(x, 0, x + 100, 100) for x in (0, 200, 400)]
    ways = [
        street((0, 20), (100, 20)),
        street((0, 80), (100, 80), highway="primary"),
        street((200, 80), (300, 80), highway="primary"),
        street((400, 80), (500, 80), highway="trunk"),
    ]
    net = network(tmp_path / "s.osm", *ways)
    path = layer(tmp_path / "v.gpkg", shapes, people=[8, 4, 2])
    demand, (report,) = run(population(path, "total", "people"), net=net)
    expected = [(37.5, 20), (87.5, 20), (237.5, 80), (287.5, 80), (450, 50)]
    assert np.array(places(demand.points)) == pytest.approx(np.array(expected), abs=1)
    assert demand.weights["total"] == pytest.approx([6, 2, 3, 1, 2], rel=1e-3)  # 75 and 25 of 100 m
    assert [report.figures[f"people_at_{word}"] for word in ("streets", "wider_roads", "surface")] == [8, 4, 2]
    assert said(report)["polygons_nowhere_better"] == {"count": 1, "of": 3, "people": 2}


def test_area_is_as_before_and_needs_nothing(tmp_path: Path) -> None:
    demand, (report,) = village(tmp_path, H1, place="area")
    assert len(demand) == 54
    assert report.findings == []


def test_a_layer_of_buildings_of_ones_own(tmp_path: Path) -> None:
    boxes = [shapely.box(x, 280, x + 10, 290) for x in (100, 400, 700)]
    uses = {"房屋用途": ["住宅", "仓库", "住宅"], "层数": ["1", "2", "三层以上3层"]}
    own = layer(tmp_path / "b.gpkg", boxes, **uses)
    demand, (_, buildings) = village(tmp_path, buildings=own)
    assert places(demand.points) == [(105, 285), (705, 285)]
    assert demand.weights["total"] == pytest.approx([10, 30], rel=1e-6)
    assert buildings.figures["columns"] == {"use": "房屋用途", "levels": "层数"}


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    codes = []
    for options in ({"place": "centre"}, {"place": "buildings", "buildings": None}, {"buildings": tmp_path / "no.osm"}):
        with pytest.raises(InputError) as error:
            village(tmp_path, H1, **options)
        codes.append(error.value.code)
    points = tmp_path / "points.csv"
    points.write_text("lon,lat,people\n117,24.4,1\n", encoding="utf-8")
    for options in ({"place": "auto"}, {"buildings": points}):
        with pytest.raises(InputError) as error:
            run(population(points, "total", "people", **options))
        codes.append(error.value.code)
    assert codes[3:] == ["demand.place_not_for_it"] * 2
    assert codes[:3] == ["demand.place_not_for_it", "demand.no_buildings_given", "tables.missing"]
    with pytest.raises(InputError, match="no dwelling"):
        village(tmp_path, SCHOOL)
    broken = tmp_path / "broken.osm"
    broken.write_text("<osm><way", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        village(tmp_path, H1, buildings=broken)


# --- cells ------------------------------------------------------------------------------------------------------------


def test_cells_on_houses_lanes_and_centres(tmp_path: Path) -> None:
    # 300 m cells: | 10 |  0 | 20 |   no street in the upper row; the lane runs at y 290, in the lower one;
    #              | 30 | 40 |  0 |   h1 stands in the first cell of it.
    path = grid(tmp_path / "p.tif", [[10, 0, 20], [30, 40, 0]])
    osm = write_osm(tmp_path / "all.osm", [street((0, 290), (900, 290)), house(100, 270, building="house")])
    source = population(path, "total", place="auto", buildings=osm)
    demand, (report, _) = run(source, net=StreetNetwork.from_osm(osm))
    # one lane of 900 m in 36 pieces of 25 m; twelve of them in a cell, the middle one (the lower of two) stands for all
    assert places(demand.points) == [(150, 450), (750, 450), (105, 275), (438, 290)]
    assert demand.weights["total"].tolist() == [10, 20, 30, 40]
    assert demand.points["source_row"].tolist() == [1, 3, 4, 5]
    assert [report.figures[f"cells_at_{word}"] for word in ("buildings", "streets", "centres")] == [1, 1, 2]
    assert said(report)["cells_nowhere_better"] == {"count": 2, "of": 4, "people": 30}
    before, _ = run(population(path, "total"), net=StreetNetwork.from_osm(osm))
    assert places(before.points) == [(150, 450), (750, 450), (150, 150), (450, 150)]


def test_a_cell_has_a_bounded_number_of_points(tmp_path: Path) -> None:
    # Twelve lanes cross one cell of a hectare; its people stand on the four longest.
    lanes = [street((10, 505 + 7 * number), (20 + 5 * number, 505 + 7 * number)) for number in range(12)]
    net = network(tmp_path / "s.osm", *lanes)
    demand, _ = run(population(grid(tmp_path / "p.tif", [[90]], size=100), "total", place="streets"), net=net)
    assert sorted(y for _, y in places(demand.points)) == [505 + 7 * number for number in (8, 9, 10, 11)]
    assert math.fsum(demand.weights["total"]) == 90


def test_cells_stay_in_the_area(tmp_path: Path) -> None:
    # The area ends at x 160, the cell at 300; its lane east of that is none of the area's.
    path = grid(tmp_path / "p.tif", [[0], [30]])
    net = network(tmp_path / "s.osm", street((170, 150), (290, 150)))
    demand, _ = run(population(path, "total", place="streets"), net=net, area=area_box(0, 0, 160, 600))
    assert places(demand.points) == [(150, 150)]


@pytest.mark.parametrize("crs", ["ESRI:54009", "EPSG:4326", "EPSG:3857"])
def test_people_stay_in_their_cell_whatever_grid_it_is(tmp_path: Path, crs: str) -> None:
    system = CRS.from_user_input(crs)
    there = Transformer.from_crs(4326, system, always_xy=True)
    west, south, east, north = there.transform_bounds(*AREA.geometry.bounds)
    transform = Affine((east - west) / 9, 0, west, 0, (south - north) / 7, north)
    cells = np.arange(1.0, 64.0).reshape(7, 9)
    path = tmp_path / "p.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 7, "width": 9, "dtype": "float64"}
    with rasterio.open(path, "w", crs=system, transform=transform, **profile) as file:
        file.write(cells, 1)
    ways = [street((0, y), (900, y + 50)) for y in range(0, 600, 100)]
    demand, (report,) = run(population(path, "total", place="streets"), net=network(tmp_path / "s.osm", *ways))
    points = demand.points.geometry.to_crs(4326)
    column, row = ~transform @ np.array(there.transform(points.x, points.y))
    number = np.floor(row) * 9 + np.floor(column) + 1
    assert number.tolist() == demand.points["source_row"].tolist()
    assert report.figures["cells_at_streets"] > 30
    inside = math.fsum(demand.weights["total"])
    assert inside == report.figures["people_in_area"] == math.fsum(set(demand.points["source_row"]))


# --- properties -------------------------------------------------------------------------------------------------------

WHOLES = st.floats(0, 1e6, allow_subnormal=False).filter(lambda value: value == 0 or value > 1e-30)


@given(st.lists(st.tuples(WHOLES, st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=12)), min_size=1, max_size=8))
def test_parts_add_up_to_the_last_bit(owners: list[tuple[float, list[float]]]) -> None:
    people = np.array([number for number, _ in owners])
    owner = np.repeat(np.arange(len(owners)), [len(weights) for _, weights in owners])
    weight = np.concatenate([weights for _, weights in owners])
    parts = share_out(people, owner, weight)
    assert (parts >= 0).all()
    for at, number in enumerate(people):
        assert math.fsum(parts[owner == at]) == number
    assert math.fsum(parts) == math.fsum(people)
    total = np.bincount(owner, weight)[owner]
    assert parts == pytest.approx(people[owner] * weight / total, rel=1e-9, abs=1e-9 * people.max())


@given(WHOLES, st.floats(0, 1))
def test_what_is_cut_off_and_what_remains_are_the_whole(people: float, share: float) -> None:
    part = cut_off(np.array([people]), np.array([share]))[0]
    assert 0 <= part <= people
    assert math.fsum([part, people - part, -people]) == 0
    assert part == pytest.approx(people * share, rel=1e-9, abs=1e-12 * people)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(0, 1e4), min_size=6, max_size=6).filter(any),
    st.sampled_from(["auto", "buildings", "streets", "area", "centre"]),
    st.lists(st.tuples(st.integers(0, 880), st.integers(0, 580), st.integers(1, 9)), min_size=1, max_size=12),
)
def test_no_place_loses_anybody(cells: list[float], place: str, drawn: list[tuple[int, int, int]]) -> None:
    houses = [house(x, y, building="house", building__levels=str(floors)) for x, y, floors in drawn]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        osm = write_osm(folder / "all.osm", [LANE, *houses])
        if place == "area":
            squares = [shapely.box(x, y, x + 300, y + 300) for y in (300, 0) for x in (0, 300, 600)]
            path = layer(folder / "p.gpkg", squares, people=cells)
        else:
            path = grid(folder / "p.tif", np.reshape(cells, (2, 3)))
        column = "people" if place == "area" else None
        source = population(path, "total", column, place=place, buildings=osm)  # type: ignore[arg-type]
        demand, (report, *_) = run(source, net=StreetNetwork.from_osm(osm))
    assert math.fsum(demand.weights["total"]) == math.fsum(cells) == report.figures["people_in_area"]
    for row, number in enumerate(cells, start=1):
        assert math.fsum(demand.weights["total"][demand.points["source_row"] == row]) == number


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 50), st.integers(1, 9)), min_size=1))
def test_merging_keeps_weights_and_stands_on_members(rows: list[tuple[int, int, int, int]]) -> None:
    owner, edge, leg, weight = (np.array(column) for column in zip(*rows, strict=True))
    x = np.arange(len(rows)) * 1.0
    piece = np.zeros(len(rows), np.int64)
    to, at, _, whole = merge(owner, edge, piece, leg.astype(float), x, -x, weight.astype(float))
    assert whole.sum() == weight.sum()
    assert len(to) == len({(a, b) for a, b, *_ in rows})
    assert (owner[at.astype(int)] == to).all()


def test_pieces_of_street_have_its_length(tmp_path: Path) -> None:
    ways = [
        street((0, 0), (400, 0), (400, 90)),
        street((400, 90), (400, 97)),
        street((0, 200), (0, 700), highway="trunk"),
    ]
    net = network(tmp_path / "s.osm", *ways)
    edge, _, x, y, length = points_along(net, RESIDENTIAL)
    assert math.fsum(length) == pytest.approx(497, rel=1e-3)
    assert set(edge.tolist()).isdisjoint(np.flatnonzero(net.edge_class == net.classes.index("trunk")).tolist())
    distance = shapely.distance(shapely.points(x - X0, y - Y0), shapely.LineString([(0, 0), (400, 0), (400, 97)]))
    assert distance.max() < 0.5
    assert length.max() <= 37.5


# --- real cities ------------------------------------------------------------------------------------------------------


@needs_shared
def test_las_palmas_on_its_buildings() -> None:
    osm = SHARED / "data" / "las_palmas" / "las_palmas_20230221.osm.pbf"
    outline = SHARED / "data" / "las_palmas" / "ghs_urban_centre.gpkg"
    area = read_area(outline, report=InputReport("area", outline.name))
    net = StreetNetwork.from_osm(osm, area.geometry, 300)
    demand, (report, buildings) = run(population(outline, "total", "P15", buildings=osm), net=net, area=area)
    assert math.fsum(demand.weights["total"]) == pytest.approx(443_141, abs=1)
    assert report.figures["people_at_buildings"] == report.figures["people_in_area"]
    assert buildings.rows_read == 20_679 + 1_916  # closed ways, and relations
    assert 15_000 < buildings.rows_used < 20_500
    assert 4_000 < len(demand) < 8_000
    spots = read_dwellings(osm, area=area, datum=None, report=InputReport("buildings", osm.name))
    at = shapely.STRtree(shapely.points(spots.x, spots.y))
    _, distance_m = at.query_nearest(demand.points.geometry.to_numpy(), return_distance=True)
    assert distance_m.max() < 1e-6  # everybody stands at a dwelling


@needs_shared
def test_wuhan_on_its_streets() -> None:
    streets = SHARED / "data" / "wuhan" / "streets.osm.pbf"
    outline, path = SHARED / "data" / "wuhan" / "area.geojson", SHARED / "data" / "wuhan" / "population_age_60_plus.tif"
    area = read_area(outline, report=InputReport("area", outline.name))
    net = StreetNetwork.from_osm(streets, area.geometry, 300)
    centre, _ = run(population(path, "old"), net=net, area=area)
    demand, (report,) = run(population(path, "old", place="streets"), net=net, area=area)
    assert math.fsum(demand.weights["old"]) == math.fsum(centre.weights["old"])
    assert len(centre) < len(demand) < 1.3 * len(centre)
    people = [report.figures[f"people_at_{word}"] for word in ("streets", "wider_roads", "centres")]
    assert math.fsum(people) == pytest.approx(report.figures["people_in_area"], rel=1e-12)
    cells = centre.points["source_row"].to_numpy()
    assert np.array_equal(np.unique(demand.points["source_row"]), cells)
    for cell in cells[:: len(cells) // 50]:
        own = (demand.points["source_row"] == cell).to_numpy()
        assert math.fsum(demand.weights["old"][own]) == centre.weights["old"][cells == cell][0]
