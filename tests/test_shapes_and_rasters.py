"""What real files get wrong about shapes and cells: right all the same, or refused by name; a fuzz of both readers."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import CRS

from planner.boundaries import Area, read_area
from planner.errors import GeometryError, PlannerError
from planner.findings import InputReport
from planner.geometry import holds, valid_polygons, wrapped
from planner.rasters import cells_around, grid_of, read_cells, window_of
from planner.streets import read_heights
from planner.texts import LANGUAGES

SEED, MUTATIONS = 14, 150
METRES = CRS.from_epsg(32650)


def geojson(path: Path, coordinates, kind: str = "Polygon") -> Path:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def codes(report: InputReport) -> list[str]:
    for language in LANGUAGES:
        report.to_dict(language)
    return [finding.code for finding in report.findings]


def elevation(path: Path, cells: np.ndarray, **options) -> Path:
    where = {"crs": "EPSG:32650", "transform": rasterio.Affine(30, 0, 500_000, 0, -30, 2_700_000)} | options
    height, width = cells.shape
    profile = {"driver": "GTiff", "count": 1, "dtype": cells.dtype, "height": height, "width": width}
    with rasterio.open(path, "w", **profile, **where) as file:
        file.write(cells, 1)
    return path


BOUNDS = (500_000, 2_699_400, 500_600, 2_700_000)


def test_parts_that_overlap_are_united_and_holes_take_away():
    box = shapely.box
    assert valid_polygons(shapely.MultiPolygon([box(0, 0, 6, 10), box(4, 0, 10, 10)])).area == 100
    hole = shapely.Polygon(box(0, 0, 10, 10).exterior, [box(5, 5, 15, 15).exterior])
    assert valid_polygons(hole).area == 75


def test_an_open_ring_is_closed_and_a_ring_of_two_points_named(tmp_path):
    report = InputReport("area", "a.geojson")
    read_area(geojson(tmp_path / "a.geojson", [[[118, 24], [118.01, 24], [118.01, 24.01]]]), report=report)
    assert "tables.ring_closed" in codes(report)
    report = InputReport("area", "b.geojson")
    with pytest.raises(PlannerError):
        read_area(geojson(tmp_path / "b.geojson", [[[118, 24], [118.01, 24]]]), report=report)
    assert {"tables.ring_closed", "tables.shape_broken"} & set(codes(report))


def test_longitudes_past_180_are_the_same_ground(tmp_path):
    shape, count = wrapped(np.array([shapely.box(179, -17, 181, -16)], object), in_one_piece=False)
    assert count == 1
    assert shape[0].equals(shapely.MultiPolygon([shapely.box(179, -17, 180, -16), shapely.box(-180, -17, -179, -16)]))
    crossing = shapely.Polygon([(179, 0), (-179, 0), (-179, 1), (179, 1)])  # as a projected shape comes out in degrees
    shape, _ = wrapped(np.array([crossing], object), in_one_piece=True)
    assert shape[0].area == pytest.approx(2)


def test_the_world_is_no_study_area():
    with pytest.raises(GeometryError) as error:
        Area.of(shapely.box(-180, -90, 180, 83), file="countries.geojson")
    for language in LANGUAGES:
        assert "countries.geojson" in error.value.message(language)


def test_a_place_on_a_border_lies_on_one_side():
    corners = np.random.default_rng(SEED).uniform(0, 1, (60, 2))
    cells = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(corners)))
    inner = np.array(
        [xy for xy in corners if shapely.hausdorff_distance(shapely.Point(xy), shapely.Point(0.5, 0.5)) < 0.3]
    )
    assert len(inner)
    assert (np.sum([holds(cell, *inner.T) for cell in cells], axis=0) == 1).all()
    west, east = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    border = np.ones(11), np.linspace(0, 0.99, 11)
    assert not holds(west, *border).any()
    assert holds(east, *border).all()
    assert holds(shapely.box(-180, 0, -179, 1), np.array([180.0]), np.array([0.5])).all()


@pytest.mark.parametrize(
    ("kind", "void"), [("int16", -32768), ("int16", -9999), ("int16", 32767), ("float32", -3.4e38)]
)
def test_voids_of_an_elevation_are_unknown(tmp_path, kind, void):
    cells = np.full((20, 20), 100, kind)
    cells[5:8, 5:8] = void
    heights = read_heights(elevation(tmp_path / "h.tif", cells), crs=METRES, bounds=BOUNDS)
    assert heights.voids == 9
    assert np.nanmin(heights.metres) == np.nanmax(heights.metres) == 100


def test_heights_keep_to_the_scale_of_their_file(tmp_path):
    path = elevation(tmp_path / "h.tif", np.full((20, 20), 1500, "int16"))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.1,), (5.0,)
    assert np.unique(read_heights(path, crs=METRES, bounds=BOUNDS).metres) == [155.0]


@pytest.mark.parametrize("number", [np.nan, np.inf, 0.0])
def test_a_raster_whose_place_is_no_number(tmp_path, number):
    path = elevation(tmp_path / "h.tif", np.ones((3, 3), "float32"), transform=rasterio.Affine(number, 0, 1, 0, -1, 2))
    with pytest.raises(PlannerError):
        grid_of(path)


def test_no_mutated_outline_ends_in_a_traceback(tmp_path):
    chance = random.Random(SEED)
    square = [[118.0, 24.0], [118.01, 24.0], [118.01, 24.01], [118.0, 24.01], [118.0, 24.0]]
    odd = ["NaN", "Infinity", "1e308", "-1e308", "null", '"x"', "[]", "181", "-700", "0"]
    for _ in range(MUTATIONS):
        path = geojson(
            tmp_path / "a.geojson",
            [square, [[118.002 + x / 5, 24.002 + y / 5] for x, y in np.subtract(square, (118, 24))]],
        )
        text = path.read_text(encoding="utf-8")
        numbers = [at for at in range(len(text)) if text.startswith(("118", "24."), at)]
        for _ in range(chance.randint(1, 3)):
            at = chance.choice(numbers)
            end = min(stop for stop in (text.find(",", at), text.find("]", at)) if stop > 0)
            cut = chance.choice(["number", "pair", "byte"])
            if cut == "number":
                text = text[:at] + chance.choice(odd) + text[end:]
            elif cut == "pair":
                text = text.replace(chance.choice(["[118.0, 24.0], ", ", [118.0, 24.01]"]), "", 1)
            else:
                text = text[:at] + chance.choice("[]{},x ") + text[at + 1 :]
            numbers = [at for at in range(len(text)) if text.startswith(("118", "24."), at)] or [0]
        path.write_text(text, encoding="utf-8")
        try:
            read_area(path, report=(report := InputReport("area", path.name)))
            codes(report)
        except PlannerError as error:
            assert error.message("zh")


@pytest.mark.filterwarnings("ignore")
def test_no_mutated_raster_ends_in_a_traceback(tmp_path):
    chance = random.Random(SEED)
    whole = elevation(tmp_path / "h.tif", np.full((20, 20), 100, "int16")).read_bytes()
    for _ in range(MUTATIONS):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        path = tmp_path / "m.tif"
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(8, len(data))])])
        try:
            grid = grid_of(path)
            window = window_of(grid, cells_around(grid, METRES, BOUNDS), file=path.name)
            read_cells(path, window)
            read_heights(path, crs=METRES, bounds=BOUNDS)
        except PlannerError as error:
            assert error.message("zh")
