"""Whole runs with everything that slows people down, facilities of several rows, and streets that stop short."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from planner import ProjectError
from planner.datum import from_wgs84
from planner.inputs.read import read_inputs
from planner.project import load
from planner.run import Run, run_project
from planner.study.access import nearest_of
from tests.small_project import CRS, EAST, NORTH, degrees, street_line, write_project, write_table


def run(project: Path) -> Run:
    return run_project(load(project))


def with_keys(project: Path, section: str, *lines: str) -> Path:
    """Add lines to a section of a project file."""
    text = project.read_text(encoding="utf-8")
    assert f"[{section}]\n" in text
    project.write_text(text.replace(f"[{section}]\n", "\n".join((f"[{section}]", *lines, ""))), encoding="utf-8")
    return project


def with_exact_street(project: Path) -> Path:
    """Read the street from a layer in metres: OSM files are rounded to a centimetre."""
    gpd.GeoSeries([street_line()], crs=CRS).to_file(project.parent / "streets.gpkg")
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("streets.osm", "streets.gpkg"), encoding="utf-8")
    return project


def codes(found: Run, role: str) -> list[str]:
    return [finding.code for report in found.inputs.reports if report.role == role for finding in report.findings]


def write_slope(path: Path, grade: float) -> None:
    """Write a plane that rises by `grade` to the east, 30 m a cell, around the street."""
    x = (np.arange(600) + 0.5) * 30 - 7000
    values = np.broadcast_to(500 + grade * x, (300, 600)).astype(np.float32)
    transform = rasterio.Affine(30, 0, EAST - 7000, 0, -30, NORTH + 4500)
    options = {"height": 300, "width": 600, "count": 1, "dtype": "float32", "crs": CRS, "transform": transform}
    with rasterio.open(path, "w", driver="GTiff", **options) as raster:
        raster.write(values[None])


@pytest.mark.parametrize("speed", ['"child"', '"ebike"', "1.25"])
def test_who_lives_at_exactly_the_last_band_is_covered(tmp_path: Path, speed: str) -> None:
    """The centre is 500 m from the 100 people at the street's end, and from the 200 on the other side."""
    project = write_project(tmp_path)
    text = with_exact_street(project).read_text(encoding="utf-8")
    bands = text.replace("minutes = 15\nspeed = 1.0\n", f"bands_m = [300, 500]\nspeed = {speed}\n")
    project.write_text(bands, encoding="utf-8")
    write_table(tmp_path / "centres.csv", {"名称": ["Old"], "at": [500]})
    found = run(project)
    assert found.summary["covered_before"]["total"] == 300
    assert found.summary["walking"]["metres"] == 500
    drawn = found.tables.isochrones
    own = drawn[drawn["name"] == "Old"]
    assert own["people_network"].tolist() == [0, 300]


def test_of_equally_near_facilities_the_first_of_the_table_counts_whichever_opens_first(tmp_path: Path) -> None:
    """A and D stand 500 m to either side of the 300 people at 2,000 m."""
    project = with_exact_street(write_project(tmp_path))
    inputs = read_inputs(load(project), progress=lambda *_: None)
    known = inputs.facilities["name"].tolist()
    a, d = (next(i for i, name in enumerate(known) if name.endswith(letter)) for letter in "AD")
    for opened in ([a, d], [d, a]):
        seconds, which = nearest_of(inputs, np.array(opened))
        assert (seconds[2], which[2]) == (500.0, a)


@pytest.mark.parametrize(
    ("direction", "east", "west"), [("to", 600.0, 567.63), ("from", 851.44, 400.0), ("slower", 851.44, 567.63)]
)
def test_a_project_on_a_slope(tmp_path: Path, direction: str, east: float, west: float) -> None:
    """The street rises 10 % to the east: up exp(0.35) times the level's time, down the level's. The centre is at 2,400 m."""
    project = write_project(tmp_path)
    write_slope(tmp_path / "dem.tif", 0.1)
    write_table(tmp_path / "centres.csv", {"名称": ["Hill"], "at": [2400]})
    found = run(with_keys(project, "walking", 'elevation = "dem.tif"', f'direction = "{direction}"'))
    demand = found.tables.demand
    assert demand["time_before_s"].iloc[3] == pytest.approx(east, rel=1e-3)
    assert demand["time_before_s"].iloc[2] == pytest.approx(west, rel=1e-3)
    assert found.summary["walking_options"]["direction"] == direction
    assert found.summary["walking_options"]["slope"] is True
    agreement = found.tables.isochrones
    assert (agreement["people_wrongly_in"] + agreement["people_wrongly_out"]).sum() == 0


def test_an_elevation_raster_that_stops_short_is_reported(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    write_slope(tmp_path / "dem.tif", 0.0)
    with rasterio.open(tmp_path / "dem.tif", "r+") as raster:
        values = raster.read(1)
        values[:, 300:] = np.nan
        raster.write(values[None])
    found = run(with_keys(project, "walking", 'elevation = "dem.tif"'))
    assert codes(found, "elevation") == ["streets.elevation_gaps"]
    plain = run(write_project(tmp_path / "plain"))
    assert found.summary["covered_after"] == plain.summary["covered_after"]


def test_without_a_word_nothing_slows_down(tmp_path: Path) -> None:
    found = run(write_project(tmp_path))
    options = {"direction": "to", "steps": False, "surface": False, "crossings": False, "slope": False}
    assert found.summary["walking_options"] == options
    assert found.inputs.walks.network_at(0.8) is found.inputs.network


def test_each_group_is_slowed_down_at_its_own_speed(tmp_path: Path) -> None:
    """Steps for the first 500 m of the street: 2.06 times as long for all; the elderly stop 5 s before them."""
    project = write_project(tmp_path)
    streets = tmp_path / "streets.osm"
    extra = f'<node id="9" version="1" lon="{degrees(500)[0]:.7f}" lat="{degrees(500)[1]:.7f}"/>'
    text = streets.read_text(encoding="utf-8").replace('<node id="1"', extra + '<node id="1"')
    steps = '<way id="7" version="1"><nd ref="1"/><nd ref="9"/><tag k="highway" v="steps"/></way>'
    text = text.replace('<way id="1" version="1"><nd ref="1"/>', steps + '<way id="1" version="1"><nd ref="9"/>')
    streets.write_text(text, encoding="utf-8")
    text = project.read_text(encoding="utf-8").replace(
        'group = "age_60_plus"', 'group = "age_60_plus"\nspeed = "elderly"'
    )
    project.write_text(text, encoding="utf-8")
    inputs = read_inputs(load(with_keys(project, "walking", "steps = true")), progress=lambda code: None)
    length = inputs.network.edge_length_m.max()  # 4,000 m, the steps an eighth of it
    quick, slow = (inputs.walks.network_at(speed).factor_forward.max() for speed in (1.0, 0.8))
    assert quick * length == pytest.approx(4000 + 1.06 * 500, abs=1)
    assert slow * length == pytest.approx(4000 + 1.06 * 500 + 5 * 0.8, abs=1)


def test_rows_that_are_entrances_are_one_centre(tmp_path: Path) -> None:
    """The centre at 0 m has a second entrance at 2,000 m, where 300 people live."""
    project = write_project(tmp_path)
    table = {"编号": ["O", "G"], "名称": ["Old", "East gate"], "出入口所属": ["", "Old"], "at": [0, 2000]}
    write_table(tmp_path / "centres.csv", table)
    found = run(project)
    centres = found.tables.centres
    assert centres["id"].tolist() == ["O"]
    assert centres["people_total"].tolist() == [400]
    assert codes(found, "centres").count("study.entrance") == 1
    report = next(report for report in found.inputs.reports if report.role == "centres")
    assert (report.rows_read, report.rows_used) == (2, 2)
    shape = found.tables.isochrones[found.tables.isochrones["facility_id"] == "O"].geometry.iloc[-1]
    assert len(shape.geoms) == 2


def test_rows_that_share_a_word_are_one_centre(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    table = {"名称": ["North gate", "South gate", "Hall"], "entrance_of": ["Park", "Park", ""], "at": [0, 1000, 4000]}
    write_table(tmp_path / "centres.csv", table)
    centres = run(project).tables.centres
    assert centres["name"].tolist() == ["North gate", "Hall"]
    assert centres["people_total"].tolist() == [300, 500]


def test_a_dash_names_no_facility(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    table = {"名称": ["One", "Two", "Three"], "入口所属": ["—", "—", "无"], "at": [0, 1000, 4000]}
    write_table(tmp_path / "centres.csv", table)
    found = run(project)
    assert found.tables.centres["name"].tolist() == ["One", "Two", "Three"]
    assert "study.entrance" not in codes(found, "centres")


@pytest.mark.parametrize("datum", ["WGS-84", "GCJ-02"])
def test_a_centre_drawn_as_an_area_is_reached_at_its_edge(tmp_path: Path, datum: str) -> None:
    """A park along the street from 950 to 1,150 m: its edge is 850 m from the people at 2,000 m; its middle 950 m."""
    project = write_project(tmp_path)
    park = gpd.GeoSeries([shapely.box(EAST + 950, NORTH - 5, EAST + 1150, NORTH + 5)], crs=CRS).to_crs(4326)
    if datum == "GCJ-02":
        park = gpd.GeoSeries(
            shapely.transform(park.to_numpy(), lambda x, y: from_wgs84(x, y, datum), interleaved=False), crs=4326
        )
    gpd.GeoDataFrame({"name": ["Park"]}, geometry=park).to_file(tmp_path / "centres.gpkg")
    text = project.read_text(encoding="utf-8").replace('"centres.csv"', f'"centres.gpkg"\ndatum = "{datum}"')
    project.write_text(text, encoding="utf-8")
    demand = run(project).tables.demand
    assert demand["time_before_s"].iloc[2] == pytest.approx(850, abs=2)
    assert demand["time_before_s"].iloc[1] == pytest.approx(0, abs=6)


def test_a_centre_of_several_points_is_reached_at_each(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    gates = shapely.MultiPoint([degrees(0), degrees(2000)])
    gpd.GeoDataFrame({"name": ["Gates"]}, geometry=[gates], crs=4326).to_file(tmp_path / "centres.gpkg")
    text = project.read_text(encoding="utf-8").replace('"centres.csv"', '"centres.gpkg"')
    project.write_text(text, encoding="utf-8")
    found = run(project)
    assert found.tables.centres["people_total"].tolist() == [400]
    assert "tables.points_as_one" in codes(found, "centres")


# ------------------------------------------------------------------------------------------------------------ border effect


def test_people_outside_do_not_count_and_centres_outside_serve_inside(tmp_path: Path) -> None:
    """The area ends at 2,200 m; 100 m beyond it a centre serves the 300 people at 2,000 m; those at 3,000 m are nobody's."""
    project = write_project(tmp_path)
    area = gpd.GeoSeries([shapely.box(EAST - 200, NORTH - 500, EAST + 2200, NORTH + 3500)], crs=CRS)
    area.to_crs(4326).to_file(tmp_path / "area.geojson", driver="GeoJSON")
    write_table(tmp_path / "centres.csv", {"名称": ["Beyond"], "at": [2300]})
    found = run(project)
    assert found.summary["population"]["total"] == 100 + 200 + 300 + 50 + 25
    assert found.summary["covered_before"]["total"] == 300
    assert found.tables.centres["outside"].tolist() == [True]
    assert "study.outside" in codes(found, "centres")


def test_a_walk_may_leave_the_area_and_come_back(tmp_path: Path) -> None:
    """Two lanes of the area meet only outside of it, 300 m beyond its edge: 400 + 400 m from one to the other."""
    project = write_project(tmp_path)
    spots = {1: (0, 0), 2: (400, 0), 3: (0, 50)}
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{degrees(*s)[0]:.7f}" lat="{degrees(*s)[1]:.7f}"/>' for n, s in spots.items()
    )
    ways = '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>'
    text = (tmp_path / "streets.osm").read_text(encoding="utf-8")
    bounds = text[text.index("<bounds") : text.index("/>") + 2]
    (tmp_path / "streets.osm").write_text(f'<osm version="0.6">{bounds}{nodes}{ways}</osm>', encoding="utf-8")
    area = gpd.GeoSeries([shapely.box(EAST - 50, NORTH - 50, EAST + 100, NORTH + 100)], crs=CRS)
    area.to_crs(4326).to_file(tmp_path / "area.geojson", driver="GeoJSON")
    people = pd.DataFrame([(*degrees(0, 50), 10, 1)], columns=["lon", "lat", "people", "old"])
    people.to_csv(tmp_path / "people.csv", index=False)
    text = project.read_text(encoding="utf-8").replace('zones = "zones.geojson"\n', "")
    text = text.replace('[candidates]\nsource = "candidates.csv"\n', "")
    project.write_text(text, encoding="utf-8")
    demand = run(project).tables.demand
    assert demand["time_before_s"].tolist() == pytest.approx([400 + np.hypot(400, 50)], abs=0.1)
    assert demand["near_edge"].tolist() == [False]


def test_keys_that_are_none_are_named(tmp_path: Path) -> None:
    project = with_keys(write_project(tmp_path), "walking", 'direction = "both"', "stairs = true")
    with pytest.raises(ProjectError) as fault:
        load(project)
    assert "walking.direction" in str(fault.value)
    assert '"steps"' in str(fault.value) or "steps" in str(fault.value)
