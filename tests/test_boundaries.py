"""Study areas and zones on squares whose sizes are known, then on the shared outlines."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from cities import SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon

from planner.boundaries import Area, read_area, read_zones, zone_class_of, zone_numbers, zone_of
from planner.crs import transformer
from planner.errors import CRSError, GeometryError, InputError, PlannerError
from planner.findings import InputReport
from planner.texts import LANGUAGES

UTM = 32650  # its central meridian is 117 E


def square(east_km: float, north_km: float, side_km: float = 1.0, high_km: float | None = None) -> Polygon:
    """Return a rectangle in UTM metres, measured in kilometres from a point near the central meridian."""
    x, y = 500_000 + 1000 * east_km, 2_700_000 + 1000 * north_km
    return shapely.box(x, y, x + 1000 * side_km, y + 1000 * (high_km or side_km))


def layer(path: Path, shapes: list[Any], crs: Any = UTM, **columns: list[Any]) -> Path:
    gpd.GeoDataFrame({"n": range(len(shapes)), **columns}, geometry=shapes, crs=UTM).to_crs(crs).to_file(path)
    return path


def area_of(shape: Polygon) -> Area:
    return Area.of(gpd.GeoSeries([shape], crs=UTM).to_crs(4326).iloc[0])


def report_of(path: Path) -> InputReport:
    return InputReport("area", path.name)


def findings(report: InputReport) -> list[tuple[str, str, int | None]]:
    for language in LANGUAGES:
        report.to_dict(language)
    return [(finding.code.removeprefix("boundaries."), finding.action, finding.row) for finding in report.findings]


def refusal(path: Path, kind: type[PlannerError], **options: Any) -> PlannerError:
    with pytest.raises(kind) as error:
        read_area(path, report=report_of(path), **options)
    for language in LANGUAGES:
        assert path.name in error.value.message(language)
    return error.value


# --- areas ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", [UTM, 4326, 4490, 4509, 3857])
def test_a_square_of_four_square_kilometres_in_any_crs(tmp_path: Path, crs: int) -> None:
    path = layer(tmp_path / "a.gpkg", [square(0, 0, 2)], crs)
    report = report_of(path)
    area = read_area(path, report=report)
    assert area.crs.to_epsg() == UTM
    assert area.geometry_m.area == pytest.approx(4e6, rel=1e-6)
    assert area.area_km2 == pytest.approx(4 / 0.9996**2, rel=1e-5)  # the ellipsoid's: UTM's scale here is 0.9996
    assert shapely.hausdorff_distance(area.geometry_m.boundary, square(0, 0, 2).boundary) < 0.05
    assert (report.rows_read, report.rows_used, report.findings) == (1, 1, [])


def test_several_polygons_are_one_area(tmp_path: Path) -> None:
    path = layer(tmp_path / "a.geojson", [square(0, 0), square(0.5, 0), square(5, 0)], 4326)
    area = read_area(path, report=report_of(path))
    assert isinstance(area.geometry, MultiPolygon)
    assert area.geometry_m.area == pytest.approx(2.5e6, rel=1e-6)


def test_a_bow_tie_is_repaired_and_reported(tmp_path: Path) -> None:
    x, y = 500_000, 2_700_000
    bow_tie = Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])
    path = layer(tmp_path / "a.gpkg", [bow_tie])
    report = report_of(path)
    area = read_area(path, report=report)
    assert area.geometry.is_valid
    assert area.geometry_m.area == pytest.approx(0.5e6, rel=1e-4)
    assert findings(report) == [("repaired", "repaired", 1)]
    assert report.findings[0].params["fault"] == "Self-intersection"


def test_rows_without_a_shape_are_dropped_and_reported(tmp_path: Path) -> None:
    flat = Polygon([(500_000, 2_700_000), (501_000, 2_700_000), (500_500, 2_700_000)])
    path = layer(tmp_path / "a.gpkg", [square(0, 0), None, flat])
    report = report_of(path)
    read_area(path, report=report)
    assert (report.rows_read, report.rows_used) == (3, 1)
    assert findings(report) == [("empty_shape", "dropped", 2), ("empty_shape", "dropped", 3)]


@pytest.mark.parametrize("shape", [shapely.Point(500_000, 2_700_000), square(0, 0).exterior])
def test_points_and_lines_are_refused(tmp_path: Path, shape: Any) -> None:
    error = refusal(layer(tmp_path / "a.gpkg", [square(0, 0), shape]), GeometryError)
    assert (error.code, error.params["row"], error.params["count"]) == ("boundaries.not_polygons", 2, 1)


def test_nothing_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    assert refusal(path, InputError).code in ("boundaries.no_features", "tables.no_geometry")
    assert refusal(layer(tmp_path / "b.gpkg", [None]), InputError).code == "boundaries.no_features"


def test_metres_that_call_themselves_degrees(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame(geometry=[square(0, 0)], crs=4326).to_file(path)
    assert refusal(path, CRSError).code == "boundaries.not_degrees"


def test_a_shapefile_without_a_crs(tmp_path: Path) -> None:
    path = layer(tmp_path / "a.shp", [square(0, 0)])
    path.with_suffix(".prj").unlink()
    assert refusal(path, CRSError).code == "tables.no_crs"
    assert read_area(path, report=report_of(path), datum=f"EPSG:{UTM}").geometry_m.area == pytest.approx(1e6, rel=1e-6)


def test_heights_are_left_off(tmp_path: Path) -> None:
    path = layer(tmp_path / "a.gpkg", [shapely.force_3d(square(0, 0), 12.0)])
    assert not read_area(path, report=report_of(path)).geometry.has_z


def test_a_long_edge_keeps_its_place() -> None:
    # An edge 80 km along a parallel: a straight line between its ends in UTM would pass some 90 m from it.
    west, east, south = 118.0, 118.8, 30.0
    area = Area.of(shapely.box(west, south, east, 30.4))
    x, y = transformer(area.crs.geodetic_crs, area.crs).transform((west + east) / 2, south)
    assert shapely.distance(area.geometry_m.boundary, shapely.Point(x, y)) < 0.05


# --- zones ------------------------------------------------------------------------------------------------------------


def zones_of(path: Path, area: Area, **options: Any) -> tuple[gpd.GeoDataFrame, InputReport]:
    report = report_of(path)
    zones = read_zones(path, area=area, report=report, **{"name_field": "name", **options})
    return zones, report


def test_zones_that_fit(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", [square(0, 0), square(1, 0)], name=["溪美", "柳城"], code=[350583001, 350583002])
    zones, report = zones_of(path, area_of(square(0, 0, 2, 1)), code_field="code")
    assert zones[["zone", "zone_code"]].to_numpy().tolist() == [["溪美", "350583001"], ["柳城", "350583002"]]
    assert zones.crs == "EPSG:4326"
    assert findings(report) == []


def test_without_a_code_field_there_is_none(tmp_path: Path) -> None:
    zones, _ = zones_of(layer(tmp_path / "z.gpkg", [square(0, 0)], name=["a"]), area_of(square(0, 0)))
    assert zones["zone_code"].tolist() == [None]


def test_overlaps_and_gaps_are_measured(tmp_path: Path) -> None:
    # a |0..1|, b |0.8..1.8|: they share 0.2 km2; the area is |0..3|, so 1.2 km2 of it are in none.
    path = layer(tmp_path / "z.gpkg", [square(0, 0), square(0.8, 0)], name=["a", "b"])
    _, report = zones_of(path, area_of(square(0, 0, 3, 1)))
    assert findings(report) == [("overlap", "doubtful", None), ("gap", "doubtful", None)]
    overlap, gap = (finding.params for finding in report.findings)
    assert (overlap["first"], overlap["second"], overlap["km2"]) == ("a", "b", pytest.approx(0.2, abs=1e-3))
    assert (gap["km2"], gap["percent"]) == (pytest.approx(1.2, abs=1e-3), pytest.approx(40, abs=0.1))
    assert report.figures["area_without_zone_km2"] == pytest.approx(1.2, abs=1e-3)


def test_an_unknown_field_names_the_fields_and_the_nearest(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", [square(0, 0)], name=["a"], adcode=[1])
    with pytest.raises(InputError) as error:
        zones_of(path, area_of(square(0, 0)), name_field="nmae")
    assert error.value.params["nearest"] == "name"
    assert "n, name, adcode" in error.value.message("zh")
    with pytest.raises(InputError) as error:
        zones_of(path, area_of(square(0, 0)), code_field="code")
    assert error.value.params["nearest"] == "adcode"


def test_parts_of_one_zone_are_joined_and_namesakes_with_codes_are_not(tmp_path: Path) -> None:
    shapes = [square(0, 0), square(2, 0), square(1, 0), square(3, 0)]
    names, codes = ["a", "b", "a", "b"], ["1", "2", "1", "3"]
    path = layer(tmp_path / "z.gpkg", shapes, name=names, code=codes)
    area = area_of(square(0, 0, 4, 1))
    zones, report = zones_of(path, area, code_field="code")
    assert zones[["zone", "zone_code"]].to_numpy().tolist() == [["a", "1"], ["b", "2"], ["b", "3"]]
    assert findings(report) == [("joined", "note", None)]
    zones, report = zones_of(path, area)
    assert zones["zone"].tolist() == ["a", "b"]
    assert findings(report) == [("joined", "doubtful", None), ("joined", "doubtful", None)]


def test_a_zone_without_a_name_gets_its_code_or_row(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", [square(0, 0), square(1, 0)], name=["a", None], code=["1", "2"])
    area = area_of(square(0, 0, 2, 1))
    assert zones_of(path, area, code_field="code")[0]["zone"].tolist() == ["a", "2"]
    zones, report = zones_of(path, area)
    assert zones["zone"].tolist() == ["a", "2"]
    assert findings(report) == [("zone_without_name", "repaired", 2)]


def test_zones_of_another_place(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", [square(0, 0), square(50, 0)], name=["a", "b"])
    zones, report = zones_of(path, area_of(square(0, 0)))
    assert len(zones) == 2
    assert findings(report) == [("zones_outside", "note", None)]
    with pytest.raises(InputError) as error:
        zones_of(path, area_of(square(100, 0)))
    assert error.value.params["distance_km"] == pytest.approx(49, abs=0.1)


# --- which zone -------------------------------------------------------------------------------------------------------

GRID = gpd.GeoDataFrame(
    {"zone": ["w", "e", "n"], "zone_code": ["1", "2", None]},
    geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(0, 0.5, 2, 2)],
    crs=4326,
)


def test_each_point_has_the_first_zone_that_holds_it() -> None:
    points = gpd.GeoSeries(gpd.points_from_xy([0.2, 1.5, 1.0, 0.2, 0.2, 3.0], [0.2, 0.2, 0.2, 0.7, 1.5, 3.0]), crs=4326)
    points.index = [10, 11, 12, 13, 14, 15]
    found = zone_of(points, GRID)
    assert found["zone"].tolist() == ["w", "e", "w", "w", "n", None]
    assert found["zone_code"].tolist() == ["1", "2", "1", "1", None, None]
    assert found.index.tolist() == points.index.tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-0.5, 2.5), st.floats(-0.5, 2.5)), max_size=20))
def test_which_zone_by_trying_each(points: list[tuple[float, float]]) -> None:
    shapes = [shapely.Point(point) for point in points]
    expected = [
        next((zone for zone, shape in zip(GRID["zone"], GRID.geometry, strict=True) if shape.intersects(point)), None)
        for point in shapes
    ]
    assert zone_of(gpd.GeoSeries(shapes, crs=4326), GRID)["zone"].tolist() == expected


# --- shared outlines --------------------------------------------------------------------------------------------------


@needs_shared
def test_nanan_in_gcj02_is_nanan_in_wgs84() -> None:
    folder = SHARED / "data" / "nanan"
    shifted, right = folder / "boundary_gcj02.geojson", folder / "boundary_wgs84.geojson"
    converted = read_area(shifted, report=report_of(shifted), datum="GCJ-02").geometry_m
    as_labelled = read_area(shifted, report=report_of(shifted)).geometry_m
    true = read_area(right, report=report_of(right))
    assert converted.intersection(true.geometry_m).area / converted.union(true.geometry_m).area >= 0.997
    assert as_labelled.intersection(true.geometry_m).area / as_labelled.union(true.geometry_m).area < 0.98
    assert true.area_km2 == pytest.approx(
        abs(Geod(ellps="WGS84").geometry_area_perimeter(true.geometry)[0]) / 1e6, rel=1e-6
    )


@needs_shared
def test_wuhan_prefecture_from_a_shapefile() -> None:
    path = SHARED / "data" / "wuhan" / "boundary.shp"
    area = read_area(path, report=report_of(path))
    assert area.geometry_m.area / 1e6 == pytest.approx(8604, abs=1)


@needs_shared
def test_malformed_geojson_says_where() -> None:
    error = refusal(SHARED / "data" / "wuhan" / "boundary_malformed.geojson", InputError)
    assert error.code == "tables.bad_json"
    assert error.params["line"] == 5
    assert 'm"name"' in error.params["came"]


@needs_shared
def test_a_geojson_that_is_not_in_degrees_is_read_by_its_own_crs() -> None:
    path = SHARED / "data" / "las_palmas" / "school_catchments_epsg5635.geojson"
    area = read_area(path, report=report_of(path))
    assert np.allclose(shapely.centroid(area.geometry).coords[0], (-15.44, 28.11), atol=0.05)


@needs_shared
def test_wuhan_districts_cover_its_area() -> None:
    area = read_area(SHARED / "data" / "wuhan" / "area.geojson", report=report_of(Path("area.geojson")))
    zones, report = zones_of(SHARED / "data" / "wuhan" / "districts_wgs84.geojson", area, code_field="adcode")
    assert len(zones) == 13
    assert zones["zone_code"][0] == "420102"
    assert report.figures["area_without_zone_km2"] < 0.01
    assert findings(report) == [("zones_outside", "note", None)]


def test_empty_points_lie_in_no_zone() -> None:
    zones = gpd.GeoDataFrame({"zone": ["a"], "zone_code": ["1"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    points = [shapely.Point(0.5, 0.5), shapely.Point(), None, shapely.Point(2, 2)]
    assert zone_numbers(points, zones).tolist() == [0, -1, -1, -1]
    assert zone_of(points, zones)["zone"].tolist() == ["a", None, None, None]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("城镇", "urban"),
        (" 乡村 ", "rural"),
        ("111", "urban"),
        ("220", "rural"),
        ("Industrial", "industrial"),
        ("", None),
        (None, None),
    ],
)
def test_classes_of_zones_by_what_offices_call_them(word: str | None, meant: str | None) -> None:
    assert zone_class_of(word) == meant


def test_slivers_are_counted_together(tmp_path: Path) -> None:
    """A gap and an overlap of 3 m by 1 km between kilometre squares: 3,000 m2 each, far below a hectare."""
    shapes = [square(0, 0), square(0.997, 0, 1.003, 1), square(2.003, 0, 0.997, 1)]
    path = layer(tmp_path / "z.gpkg", shapes, name=["a", "b", "c"])
    _, report = zones_of(path, area_of(square(0, 0, 3, 1)))
    assert findings(report) == [("slivers", "note", None)]
    assert report.findings[0].params["overlaps"] == report.findings[0].params["gaps"] == 1
    assert report.findings[0].params["m2"] == pytest.approx(6000, rel=0.1)
    assert report.figures["slivers"] == 2
