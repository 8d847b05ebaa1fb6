"""People on grids, tables and polygons small enough to count by hand; then the shared cities, to the last person."""

import math
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from cities import SHARED, needs_shared
from drawn_people import fresh, population
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.boundaries import Area, read_area
from planner.datum import from_wgs84
from planner.demand import Demand, PopulationSource, build
from planner.demand.polygons import spread
from planner.errors import CRSError, InputError, PlannerError
from planner.findings import InputReport
from planner.texts import LANGUAGES

UTM = 32650
X0, Y0 = 500_000, 2_700_000  # on the central meridian, 24.4 N
NODATA = -99999.0


def area_box(west: float, south: float, east: float, north: float) -> Area:
    """Return an area of UTM metres counted from (X0, Y0)."""
    box = shapely.box(X0 + west, Y0 + south, X0 + east, Y0 + north)
    return Area.of(gpd.GeoSeries([box], crs=UTM).to_crs(4326).iloc[0])


AREA = area_box(0, 0, 300, 200)


def raster(
    path: Path, cells: Any, *, crs: Any = UTM, west: float = 0, north: float = 200, size: float = 100, **options: Any
) -> Path:
    """Write cells (rows from the north), the top left corner at (west, north) metres from (X0, Y0)."""
    cells = np.asarray(cells, dtype=options.pop("dtype", "float32"))
    cells = cells[None] if cells.ndim == 2 else cells
    profile = {
        "driver": "GTiff", "count": cells.shape[0], "height": cells.shape[1], "width": cells.shape[2], "dtype": cells.dtype,
        "crs": crs, "transform": Affine(size, 0, X0 + west, 0, -size, Y0 + north), "nodata": NODATA,
    }  # fmt: skip
    with rasterio.open(path, "w", **(profile | options)) as file:
        file.write(cells)
    return path


def run(sources: list[PopulationSource], area: Area = AREA) -> tuple[Demand, list[InputReport]]:
    sources = fresh(sources)
    reports = [source.report for source in sources]
    demand = build(sources, area=area)
    assert demand.points["id"].is_unique
    for weight in demand.weights.values():
        assert weight.dtype == np.float64
        assert weight.shape == (len(demand.points),)
    for report in reports:
        figures = report.figures
        assert figures["people_read"] == pytest.approx(figures["people_in_area"] + figures["people_outside"], rel=1e-9)
        for language in LANGUAGES:
            report.to_dict(language)
    for group in demand.groups:
        reported = math.fsum(
            r.figures["people_in_area"] for r, s in zip(reports, sources, strict=True) if s.group == group
        )
        left = demand.left_out.loc[demand.left_out["group"] == group, "people"]
        assert math.fsum(demand.weights[group]) + math.fsum(left) == pytest.approx(reported, rel=1e-9)
    return demand, reports


def refusal(sources: list[PopulationSource], kind: type[PlannerError] = InputError, area: Area = AREA) -> PlannerError:
    with pytest.raises(kind) as error:
        run(sources, area)
    for language in LANGUAGES:
        assert sources[0].path.name in error.value.message(language)
    return error.value


def findings(report: InputReport) -> list[tuple[str, str, int | None]]:
    return [(finding.code.split(".")[1], finding.action, finding.row) for finding in report.findings]


# --- rasters ----------------------------------------------------------------------------------------------------------


def test_a_grid_of_six_cells(tmp_path: Path) -> None:
    #   area 300 x 200 m          cells (no data -, not a number ?)
    #   +---+---+---+             | 5 | - | 2 |
    #   +---+---+---+             | 0 | ? | 7 |
    path = raster(tmp_path / "p.tif", [[5, NODATA, 2], [0, np.nan, 7]])
    demand, (report,) = run([population(path, "total")])
    assert demand.weights["total"].tolist() == [5, 2, 7]
    assert demand.points["id"].tolist() == ["d0000001", "d0000002", "d0000003"]
    assert demand.points["source_row"].tolist() == [1, 3, 6]
    assert demand.points["source_file"].unique().tolist() == ["p.tif"]
    assert demand.points.crs.to_epsg() == UTM
    at = shapely.get_coordinates(demand.points.geometry) - (X0, Y0)
    assert at == pytest.approx(np.array([[50, 150], [250, 150], [250, 50]]), abs=1e-4)
    assert (report.rows_read, report.rows_used) == (3, 3)
    assert report.figures["cells_without_data"] == 1
    assert findings(report) == [("cells_not_a_number", "doubtful", None)]


def test_only_cells_whose_centre_is_inside_count(tmp_path: Path) -> None:
    # Cells of 100 m from (-100, 300): the area's own six, and a ring around them.
    cells = np.arange(1, 21).reshape(4, 5)
    path = raster(tmp_path / "p.tif", cells, west=-100, north=300)
    demand, (report,) = run([population(path, "total")], area_box(-40, -40, 340, 240))
    assert demand.weights["total"].tolist() == [7, 8, 9, 12, 13, 14]
    assert demand.points["source_row"].tolist() == [7, 8, 9, 12, 13, 14]
    assert report.figures["people_in_area"] == 63
    assert report.figures["people_outside"] == 210 - 63
    assert report.figures["cells_outside"] == 14
    assert findings(report) == [("cells_outside", "note", None)]
    demand, _ = run([population(path, "total")], area_box(-60, -60, 360, 260))
    assert demand.weights["total"].sum() == 210


def test_a_part_of_a_large_grid_is_read_and_cells_keep_their_numbers(tmp_path: Path) -> None:
    cells = np.ones((50, 60))
    path = raster(tmp_path / "p.tif", cells, west=-3000, north=2700)
    demand, (report,) = run([population(path, "total")])
    assert report.figures["cells_read"] < 40
    assert demand.weights["total"].sum() == 6
    assert demand.points["source_row"].tolist() == [
        25 * 60 + 31,
        25 * 60 + 32,
        25 * 60 + 33,
        26 * 60 + 31,
        26 * 60 + 32,
        26 * 60 + 33,
    ]


def test_rasters_on_one_grid_share_points_and_others_do_not(tmp_path: Path) -> None:
    total = raster(tmp_path / "total.tif", [[5, 0, 2], [0, 0, 7]])
    old = raster(tmp_path / "old.tif", [[1, 0, 0], [3, 0, 0]])
    coarse = raster(tmp_path / "coarse.tif", [[4]], size=200, dtype="int16", nodata=-1)
    demand, reports = run([population(total, "total"), population(old, "old"), population(coarse, "jobs")])
    assert demand.groups == ("total", "old", "jobs")
    assert demand.weights["total"].tolist() == [5, 2, 0, 7, 0]
    assert demand.weights["old"].tolist() == [1, 0, 3, 0, 0]
    assert demand.weights["jobs"].tolist() == [0, 0, 0, 0, 4]
    assert [report.figures["points"] for report in reports] == [4, 4, 1]


def test_two_rasters_of_one_group_add_up(tmp_path: Path) -> None:
    women = raster(tmp_path / "f.tif", [[1, 0, 2], [0, 0, 3]])
    men = raster(tmp_path / "m.tif", [[1, 0, 0], [4, 0, 3]])
    demand, _ = run([population(women, "total"), population(men, "total")])
    assert demand.weights["total"].tolist() == [2, 2, 4, 6]


def test_a_grid_in_degrees(tmp_path: Path) -> None:
    lon, lat = AREA.geometry.centroid.coords[0]
    path = raster(
        tmp_path / "p.tif", [[8, 9]], crs=4326, transform=Affine(0.001, 0, lon - 0.0005, 0, -0.001, lat + 0.0005)
    )
    demand, _ = run([population(path, "total")])
    assert demand.weights["total"].tolist() == [8, 9]
    centre = gpd.GeoSeries(demand.points.geometry.iloc[:1]).to_crs(4326).iloc[0]
    assert (centre.x, centre.y) == pytest.approx((lon, lat), abs=1e-9)


def test_scale_is_applied(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", [[50, 0, 0], [0, 0, 25]], dtype="int16", nodata=-1)
    with rasterio.open(path, "r+") as file:
        file.scales = (0.1,)
    assert run([population(path, "total")])[0].weights["total"].tolist() == pytest.approx([5, 2.5])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1e4, width=32), min_size=6, max_size=6).filter(any))
def test_totals_are_exact(cells: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = raster(Path(folder) / "p.tif", np.array(cells).reshape(2, 3))
        demand, _ = run([population(path, "total")])
    assert math.fsum(demand.weights["total"]) == math.fsum(cells)


@pytest.mark.parametrize("value", [-3.0, np.inf])
def test_negative_and_infinite_people_name_their_cell(tmp_path: Path, value: float) -> None:
    error = refusal([population(raster(tmp_path / "p.tif", [[5, 1, 2], [0, value, 7]]), "total")])
    assert error.code == "demand.bad_cell"
    assert (error.params["row"], error.params["column"], error.params["value"]) == (2, 2, value)


def test_no_data_that_is_not_declared_is_negative_people(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", [[5, NODATA, 2]], nodata=None)
    assert "a_nodata -99999" in refusal([population(path, "total")]).message("en")


def test_a_raster_without_crs(tmp_path: Path) -> None:
    assert refusal([population(raster(tmp_path / "p.tif", [[1]], crs=None), "t")], CRSError).code == "rasters.no_crs"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # said while the test writes it
def test_a_raster_without_a_place(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", [[1]], transform=rasterio.Affine.identity())
    assert refusal([population(path, "t")], CRSError).code == "rasters.no_position"


def test_a_raster_in_beijing_1954(tmp_path: Path) -> None:
    assert (
        refusal([population(raster(tmp_path / "p.tif", [[1]], crs=21420), "t")], CRSError).code == "datum.no_parameters"
    )


def test_a_raster_of_another_place(tmp_path: Path) -> None:
    assert refusal([population(raster(tmp_path / "p.tif", [[1]], west=9000), "t")]).code == "rasters.elsewhere"


def test_a_raster_with_nobody_in_the_area(tmp_path: Path) -> None:
    assert refusal([population(raster(tmp_path / "p.tif", [[0, 0, 0]]), "t")]).code == "demand.nobody_in_area"


def test_a_picture_and_a_text_are_no_population(tmp_path: Path) -> None:
    assert refusal([population(raster(tmp_path / "p.tif", np.ones((3, 2, 3))), "t")]).params["bands"] == 3
    text = tmp_path / "t.tif"
    text.write_text("id,people\n1,2\n", encoding="utf-8")
    error = refusal([population(text, "t")])
    assert (error.code, error.params["found"]) == ("rasters.unreadable", ".csv")


def test_a_raster_cut_short(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", np.random.default_rng(0).random((200, 300)), size=1)
    path.write_bytes(path.read_bytes()[:90_000])
    assert refusal([population(path, "t")]).code in ("rasters.damaged", "rasters.unreadable")


def test_a_missing_raster(tmp_path: Path) -> None:
    assert refusal([population(tmp_path / "none.tif", "t")]).code == "tables.missing"


# --- tables of points -------------------------------------------------------------------------------------------------


def table(path: Path, rows: list[tuple[float, float, str, str]], *, datum: str = "WGS-84") -> Path:
    """Write a CSV of points at metres from (X0, Y0), with two columns of people."""
    points = gpd.GeoSeries(
        gpd.points_from_xy([X0 + row[0] for row in rows], [Y0 + row[1] for row in rows]), crs=UTM
    ).to_crs(4326)
    x, y = from_wgs84(points.x, points.y, datum)
    lines = [
        f"p{n},{a!r},{b!r},{row[2]},{row[3]}"
        for n, (a, b, row) in enumerate(zip(x.tolist(), y.tolist(), rows, strict=True))
    ]
    path.write_text("\n".join(["id,lon,lat,people,老年 人口", *lines]) + "\n", encoding="utf-8")
    return path


def both(path: Path, **options: Any) -> list[PopulationSource]:
    return [population(path, "total", "people", **options), population(path, "old", "老年人口", **options)]


def test_a_table_with_two_groups(tmp_path: Path) -> None:
    rows = [
        (50, 50, "10", "3"),  # row 2
        (150, 50, "20", ""),  # row 3: the old are not known
        (250, 50, "0", "0"),  # row 4: nobody
        (900, 50, "40", "5"),  # row 5: outside
        (50, 150, "5", "两"),  # row 6: no number
        (150, 150, "１，０００", "7"),  # row 7
    ]
    path = table(tmp_path / "p.csv", rows)
    path.write_text(path.read_text(encoding="utf-8") + "p9,,,60,6\n", encoding="utf-8")  # row 8: nowhere
    demand, (total, old) = run(both(path))
    assert demand.points["source_row"].tolist() == [2, 3, 6, 7]
    assert demand.weights["total"].tolist() == [10, 20, 5, 1000]
    assert demand.weights["old"].tolist() == [3, 0, 0, 7]
    assert demand.left_out[["group", "people", "reason", "source_row"]].to_numpy().tolist() == [
        ["total", 60, "no_coordinates", 8],
        ["old", 6, "no_coordinates", 8],
    ]
    assert (total.figures["people_read"], total.figures["people_in_area"], total.figures["people_outside"]) == (
        1135,
        1095,
        40,
    )
    assert (total.rows_read, total.rows_used, total.count("dropped"), total.figures["rows_outside"]) == (7, 5, 1, 1)
    assert (old.rows_read, old.rows_used, old.count("dropped"), old.figures["rows_outside"]) == (7, 3, 3, 1)
    assert findings(old) == [
        ("no_coordinates", "dropped", 8),
        ("blank_people", "dropped", 3),
        ("bad_people", "dropped", 6),
        ("rows_outside", "note", None),
    ]


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "EPSG:32650"])
def test_a_table_in_a_datum_of_its_own(tmp_path: Path, datum: str) -> None:
    path = table(tmp_path / "p.csv", [(1, 1, "10", "1"), (299, 199, "20", "2"), (-1, 1, "40", "4")], datum=datum)
    demand, _ = run(both(path, datum=datum))
    assert demand.weights["total"].tolist() == [10, 20]
    assert shapely.get_coordinates(demand.points.geometry) - (X0, Y0) == pytest.approx(
        np.array([[1, 1], [299, 199]]), abs=1e-4
    )


def test_negative_people_name_their_rows(tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", [(50, 50, str(-number % 3 - 1), "1") for number in range(40)])
    error = refusal(both(path))
    expected = [number + 2 for number in range(40) if -number % 3 - 1 < 0]
    assert (error.code, error.params["count"], error.params["all_rows"]) == (
        "demand.negative_people",
        len(expected),
        expected,
    )
    assert "2, 5, 8, 11, 14, 17, 20, 23, 26, 29 ..." in error.message("en")


def test_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", [(50, 50, "1", "1")])
    error = refusal([population(path, "total", "peopel")])
    assert (error.code, error.params["nearest"]) == ("demand.unknown_column", "people")
    assert refusal([population(path, "old")]).code == "demand.no_column_given"


def test_a_table_of_another_place(tmp_path: Path) -> None:
    error = refusal(both(table(tmp_path / "p.csv", [(9000, 50, "10", "1")])))
    assert (error.code, error.params["outside"]) == ("demand.nobody_in_area", 10)


def test_a_layer_of_points(tmp_path: Path) -> None:
    points = gpd.points_from_xy([X0 + 50, X0 + 900], [Y0 + 50, Y0 + 50])
    gpd.GeoDataFrame({"人口": [12, 30]}, geometry=points, crs=UTM).to_file(tmp_path / "p.gpkg")
    demand, (report,) = run([population(tmp_path / "p.gpkg", "total", "人口")])
    assert demand.weights["total"].tolist() == [12]
    assert report.figures["people_outside"] == 30


# --- polygons ---------------------------------------------------------------------------------------------------------


def villages(path: Path, shapes: list[Any], **columns: list[Any]) -> Path:
    moved = [None if shape is None else shapely.transform(shape, lambda at: at + (X0, Y0)) for shape in shapes]
    gpd.GeoDataFrame(columns, geometry=moved, crs=UTM).to_file(path)
    return path


def test_people_of_polygons_by_area(tmp_path: Path) -> None:
    # The area is |0..300| x |0..200|. The first village lies inside it, a third of the second, nothing of the third.
    shapes = [shapely.box(0, 0, 200, 100), shapely.box(200, 100, 500, 200), shapely.box(600, 0, 700, 100), None]
    path = villages(tmp_path / "v.gpkg", shapes, people=[80, 30, 7, 9], old=[8, 6, 1, 0])
    sources = [population(path, "total", "people"), population(path, "old", "old")]
    demand, (total, _) = run(sources)
    assert demand.points["source_row"].tolist() == [1, 1, 2]
    assert demand.weights["total"] == pytest.approx([40, 40, 10], rel=1e-4)
    assert demand.weights["old"] == pytest.approx([4, 4, 2], rel=1e-4)
    at = shapely.get_coordinates(demand.points.geometry) - (X0, Y0)
    assert at == pytest.approx(np.array([[50, 50], [150, 50], [250, 150]]), abs=0.01)
    assert total.figures["people_read"] == 126
    assert total.figures["people_in_area"] == pytest.approx(99, abs=0.01)  # 80 + 30 / 3, and 9 with nowhere to stand
    assert demand.left_out.to_numpy().tolist() == [["total", 9, "no_surface", "v.gpkg", 4]]
    assert (total.rows_read, total.rows_used, total.count("dropped"), total.figures["shapes_outside"]) == (4, 2, 1, 1)


def test_a_village_smaller_than_a_cell_is_one_point_in_it(tmp_path: Path) -> None:
    hook = shapely.Polygon([(10, 10), (90, 10), (90, 20), (20, 20), (20, 90), (10, 90)])
    demand, _ = run([population(villages(tmp_path / "v.gpkg", [hook], people=[50]), "total", "people")])
    assert demand.weights["total"].tolist() == [50]
    assert shapely.transform(hook, lambda at: at + (X0, Y0)).buffer(0.01).contains(demand.points.geometry.iloc[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(-400, 400)), min_size=3, max_size=8))
def test_cells_tile_any_polygon(corners: list[tuple[int, int]]) -> None:
    shape = shapely.convex_hull(shapely.MultiPoint(corners))
    if shape.area == 0:
        return
    x, y, surface = spread(shape)
    assert 0 < math.fsum(surface) <= shape.area * (1 + 1e-9)
    assert shape.area - math.fsum(surface) <= 100 * (shape.length / 100 * 3 + 10)  # slivers, along the outline alone
    assert shapely.intersects_xy(shape.buffer(1e-6), x, y).all()
    assert surface.max() <= 100 * 100 + 1e-6
    cells = {(math.floor(a / 100), math.floor(b / 100)) for a, b in zip(x, y, strict=True)}
    assert len(cells) == len(x)  # one point a cell


def test_the_centre_of_gravity_of_people_stays_put() -> None:
    shape = shapely.Polygon([(0, 0), (730, 40), (610, 480), (90, 350)])
    x, y, surface = spread(shape)
    centroid = shape.centroid
    assert (np.average(x, weights=surface), np.average(y, weights=surface)) == pytest.approx(
        (centroid.x, centroid.y), abs=0.1
    )


# --- together, and real cities ----------------------------------------------------------------------------------------


def test_sources_of_all_kinds_stand_one_behind_the_other(tmp_path: Path) -> None:
    grid = raster(tmp_path / "p.tif", [[5, 0, 2]])
    points = table(tmp_path / "p.csv", [(50, 50, "10", "3")])
    shapes = villages(tmp_path / "v.gpkg", [shapely.box(0, 0, 100, 100)], jobs=[4])
    sources = [
        population(points, "total", "people"),
        population(shapes, "jobs", "jobs"),
        population(grid, "total"),
    ]
    demand, _ = run(sources)
    assert demand.points["source_file"].tolist() == ["p.csv", "v.gpkg", "p.tif", "p.tif"]
    assert demand.weights["total"].tolist() == [10, 0, 5, 2]
    assert demand.weights["jobs"].tolist() == [0, 4, 0, 0]


def shared_area(*parts: str) -> Area:
    return read_area(SHARED.joinpath("data", *parts), report=InputReport("area", parts[-1]))


@needs_shared
def test_wuhan_to_the_last_person() -> None:
    sources = [
        population(SHARED / "data" / "wuhan" / f"population_age_{age}_plus.tif", f"age_{age}_plus")
        for age in (20, 60, 80)
    ]
    demand, reports = run(sources, shared_area("wuhan", "boundary.shp"))
    # The prefecture holds the whole box of the rasters.
    for source in sources:
        with rasterio.open(source.path) as file:
            cells = file.read(1, masked=True).filled(0).astype(np.float64)
        assert math.fsum(demand.weights[source.group]) == pytest.approx(math.fsum(cells.ravel()), rel=1e-12)
    assert [round(weight.sum(), -3) for weight in demand.weights.values()] == [7_827_000, 1_551_000, 155_000]
    assert len(demand) == 240_345
    assert all(report.figures["people_outside"] == 0 for report in reports)


@needs_shared
def test_wuhan_cells_inside_its_hull_one_by_one() -> None:
    area = shared_area("wuhan", "area.geojson")
    path = SHARED / "data" / "wuhan" / "population_age_80_plus.tif"
    demand, (report,) = run([population(path, "old")], area)
    with rasterio.open(path) as file:
        cells = file.read(1, masked=True).filled(0).astype(np.float64)
        rows, columns = np.nonzero(cells > 0)
        x, y = file.xy(rows, columns)
    inside = shapely.intersects(area.geometry, shapely.points(x, y))
    assert len(demand) == inside.sum()
    assert math.fsum(demand.weights["old"]) == pytest.approx(math.fsum(cells[rows, columns][inside]), rel=1e-12)
    assert demand.points["source_row"].tolist() == (rows * cells.shape[1] + columns + 1)[inside].tolist()
    assert report.figures["people_outside"] > 0


@needs_shared
def test_porto_alegre_to_the_last_person() -> None:
    path = SHARED / "data" / "porto_alegre" / "poa_hexgrid.csv"
    demand, (total, _) = run(
        [population(path, "total", "population"), population(path, "jobs", "jobs")],
        shared_area("porto_alegre", "area.geojson"),
    )
    assert demand.weights["total"].sum() == 812_935
    assert demand.weights["jobs"].sum() == 337_921
    assert (total.rows_read, total.rows_used, total.findings) == (1227, 1227, [])


@needs_shared
def test_las_palmas_from_one_polygon() -> None:
    path = SHARED / "data" / "las_palmas" / "ghs_urban_centre.gpkg"
    demand, _ = run([population(path, "total", "P15")], shared_area("las_palmas", "ghs_urban_centre.gpkg"))
    assert demand.weights["total"].sum() == pytest.approx(443_141, abs=1)
    assert 11_000 < len(demand) < 12_500  # 111.5 km2 in cells of a hectare, and those that the outline cuts
