"""`planner new`: from files and from a place's name, whole or not at all, saying what it guessed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from overpass_server import Server
from small_project import CRS, EAST, NORTH, PEOPLE, degrees, write_project
from test_online import TOWN, at, naps, server, service, town  # noqa: F401  fixtures
from waiting import PATIENCE_S

from planner import InputError, NetworkError, PlannerError
from planner.datum import from_wgs84
from planner.inputs.read import read_inputs
from planner.new import Given, create
from planner.new.guess_sections import _group_in
from planner.project import load
from planner.run import run_project
from planner.streets.readers.overpass import Service
from planner.texts import LANGUAGES, say


def codes(created) -> list[str]:
    return [note.code.removeprefix("new.") for note in created.notes]


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write the files of the one street, without its project."""
    folder = tmp_path / "files"
    write_project(folder).unlink()
    return folder


def given_of(files: Path, **changes) -> Given:
    single = {"boundary": files / "area.geojson"}
    lists = {
        "centres": "centres.csv",
        "candidates": "candidates.csv",
        "streets": "streets.osm",
        "zones": "zones.geojson",
        "population": "people.csv",
    }
    return Given(**{**single, **{role: (files / name,) for role, name in lists.items()}, **changes})


# ---------------------------------------------------------------------------------------------------------- from files


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_project_from_files_runs_as_it_is(files, tmp_path, language):
    created = create(tmp_path / "new", given_of(files, language=language, name='The "one" street'))
    project = load(created.path)
    assert (project.name, project.language) == ('The "one" street', language)
    summary = run_project(project).summary
    assert summary["population"]["total"] == 1575
    assert summary["covered_before"]["total"] == 100
    assert {site["name"] for site in summary["sites"]} == {"旧小学 B", "供销社 A"}, "古大厝 D would add nobody"
    text = created.path.read_text(encoding="utf-8")
    assert all(ord(letter) >= 32 or letter == "\n" for letter in text)
    told = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    for note in created.notes:
        first = say(note.code, language, **note.params)[:40]
        assert any(line.startswith(first) for line in told), first


def test_what_was_guessed_is_said(files, tmp_path):
    created = create(tmp_path / "new", given_of(files, language="en"))
    assert codes(created) == ["zones", "people", "datum_undecided"] + 2 * ["columns", "encoding", "datum_undecided"], (
        "too few points to tell"
    )
    said = [note for note in created.notes if note.code == "new.encoding"]
    assert [note.params["encoding"] for note in said] == ["GB18030", "GB18030"]
    zones = next(note for note in created.notes if note.code == "new.zones")
    assert (zones.params["level"], zones.params["name"]) == ("township", "name")


def test_columns_groups_and_levels_by_their_names(files, tmp_path):
    rows = [(*degrees(x), n, n // 10) for x, n in PEOPLE.items()]
    table = pd.DataFrame(rows, columns=["经度", "纬度", "常住人口", "60岁以上人口"])
    table.to_csv(files / "人口.csv", index=False, encoding="gb18030")
    shapes = [shapely.box(EAST - 200, NORTH - 500, EAST + 4200, NORTH + 600)]
    villages = gpd.GeoDataFrame(
        {"村名": ["一村"], "村代码": ["350583101201"], "城乡分类代码": ["220"]}, geometry=shapes, crs=CRS
    )
    villages.to_file(files / "layer.gpkg", driver="GPKG")
    given = given_of(files, population=(files / "人口.csv",), zones=(files / "zones.geojson", files / "layer.gpkg"))
    project = load(create(tmp_path / "new", given).path)
    assert [(one.group, one.column) for one in project.settings.population] == [
        ("total", "常住人口"), ("age_60_plus", "60岁以上人口"),
    ]  # fmt: skip
    levels = project.settings.zone_levels
    assert [(one.level, one.name, one.code, one.zone_class) for one in levels] == [
        ("township", "name", None, None),
        ("village", "村名", "村代码", "城乡分类代码"),
    ]
    assert run_project(project).summary["villages"]["before"]["own"] == 1


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("60岁以上", "age_60_plus"), ("６５周岁及以上人口", "age_65_plus"), ("population_age_80_plus", "age_80_plus"),
        ("60+", "age_60_plus"),
        ("0-14岁", "age_0_14"), ("0至3岁人数", "age_0_3"), ("population_age_0_14", "age_0_14"), ("15岁-59岁", "age_15_59"),
        ("常住人口", None), ("chn_ppp_2020", None), ("2010-2020", None), ("14-0岁", None),
    ],
)  # fmt: skip
def test_groups_by_what_headers_and_files_are_called(text, group):
    assert _group_in(text) == group


def test_a_second_raster_of_nobody_knows_whom_is_a_group_of_its_own(files, tmp_path):
    import rasterio

    lon, lat = degrees(0, -200)
    place = rasterio.Affine(0.001, 0, lon, 0, -0.001, lat + 0.005)
    for name in ("people.tif", "visitors 2020.tif", "游客.tif"):
        with rasterio.open(files / name, "w", "GTiff", 40, 5, 1, "EPSG:4326", place, "float32") as raster:
            raster.write(np.ones((1, 5, 40), np.float32))
    rasters = tuple(files / name for name in ("people.tif", "visitors 2020.tif", "游客.tif"))
    project = load(create(tmp_path / "new", given_of(files, population=rasters)).path)
    assert project.groups == ("total", "visitors_2020", "group_3")


def test_a_box_two_sources_of_streets_and_gates(files, tmp_path):
    west, south, east, north = gpd.read_file(files / "area.geojson").total_bounds
    lane = gpd.GeoSeries([shapely.LineString([(EAST + 2000, NORTH + 20), (EAST + 2000, NORTH + 1000)])], crs=CRS)
    lane.to_file(files / "lanes.gpkg", driver="GPKG")
    lon, lat = degrees(2000, 10)
    (files / "gates.csv").write_text(f"lon,lat\n{lon},{lat}\n", encoding="utf-8")
    streets = (files / "streets.osm", files / "lanes.gpkg")
    given = given_of(files, boundary=None, bbox=(west, south, east, north), streets=streets, gates=files / "gates.csv")
    run = run_project(load(create(tmp_path / "new", given).path))
    assert run.summary["population"]["total"] == 1575
    assert run.summary["unreachable"]["population"] == 25, "the hamlet is on the lane, and the lane through the gate"


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "WGS-84"])
def test_a_datum_is_told_by_the_streets_beside_the_points(files, tmp_path, datum):
    places = np.array([degrees(x, 15) for x in np.linspace(100, 3900, 40)])
    x, y = from_wgs84(places[:, 0], places[:, 1], datum)
    table = pd.DataFrame({"名称": [f"p{i}" for i in range(40)], "经度": np.round(x, 7), "纬度": np.round(y, 7)})
    table.to_csv(files / "candidates.csv", index=False)
    created = create(tmp_path / "new", given_of(files))
    assert load(created.path).settings.candidates.datum == datum
    assert "datum_guessed" in codes(created)


def test_a_header_names_the_datum(files, tmp_path):
    lon, lat = from_wgs84(*degrees(1500), "BD-09")
    (files / "candidates.csv").write_text(f"名称,百度经度,百度纬度\nA,{lon},{lat}\n", encoding="utf-8")
    created = create(tmp_path / "new", given_of(files))
    assert load(created.path).settings.candidates.datum == "BD-09"
    assert "datum_named" in codes(created)


def test_metres_of_the_land_survey(files, tmp_path):
    points = gpd.GeoSeries([shapely.Point(EAST + x, NORTH) for x in (1500, 2500, 3500)], crs=CRS).to_crs(
        4508
    )  # 3 degrees, 111 E
    points = points.to_crs(4548)  # CGCS2000 / 3-degree Gauss-Kruger CM 117E
    table = pd.DataFrame({"名称": list("ADB"), "X坐标": points.x.round(3), "Y坐标": points.y.round(3)})
    table.to_csv(files / "candidates.csv", index=False)
    project = load(create(tmp_path / "new", given_of(files)).path)
    assert project.settings.candidates.datum == "EPSG:4548"
    facilities = run_project(project).inputs.facilities
    lon = facilities.loc[facilities["role"] == "candidates", "geometry"].x.to_numpy()
    assert lon == pytest.approx([degrees(x)[0] for x in (1500, 2500, 3500)], abs=1e-6)


def test_lines_without_a_system_of_coordinates(files, tmp_path):
    lines = gpd.GeoSeries([shapely.LineString([(EAST, NORTH), (EAST + 4000, NORTH)])], crs=CRS).to_crs(4548)
    lines.to_file(files / "roads.shp")
    (files / "roads.prj").unlink()
    created = create(tmp_path / "new", given_of(files, streets=(files / "roads.shp",)))
    assert "lines_datum" in codes(created)
    assert load(created.path).settings.streets[0].datum == "EPSG:4548", "CGCS2000, 3-degree Gauss-Kruger CM 117E"
    assert run_project(load(created.path)).summary["covered_before"]["total"] == 100


def test_without_people_or_facilities_it_can_be_checked(files, tmp_path):
    given = Given(streets=(files / "streets.osm",), boundary=files / "area.geojson", language="en")
    created = create(tmp_path / "new", given)
    assert codes(created) == ["no_people", "no_centres", "no_candidates"]
    assert load(created.path, unfinished=True).settings.population == ()
    text = created.path.read_text(encoding="utf-8")
    assert "# [[population]]" in text
    done = subprocess.run([sys.executable, "-m", "planner", "check", str(created.path), "--quiet"], check=False)
    assert done.returncode == 0


def test_a_census_table_is_joined_to_the_zones_that_it_names(files, tmp_path):
    names = [feature["properties"] for feature in json.loads((files / "zones.geojson").read_text("utf-8"))["features"]]
    name = next(iter(value for key, value in names[0].items() if key in ("name", "名称", "乡镇")))
    (files / "census.csv").write_text(f"乡镇,常住人口\n{name},300\n", encoding="utf-8")
    created = create(
        tmp_path / "new", given_of(files, zones=(files / "zones.geojson",), population=(files / "census.csv",))
    )
    assert "people_joined" in codes(created)
    (section,) = load(created.path).settings.population
    assert (section.join, section.zones, section.join_column) == ("name", "zones.geojson", "乡镇")


def test_a_census_table_that_fits_no_zones_is_left_for_somebody_to_complete(files, tmp_path):
    (files / "census.csv").write_text("村名,常住人口\n一村,300\n", encoding="utf-8")
    created = create(tmp_path / "new", given_of(files, population=(files / "census.csv",)))
    assert "people_without_place" in codes(created)
    assert (tmp_path / "new" / "census.csv").is_file()


def test_two_files_of_one_name_are_both_kept(files, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy2(files / "zones.geojson", other / "area.geojson")
    created = create(tmp_path / "new", given_of(files, zones=(other / "area.geojson",)))
    assert load(created.path).settings.zones[0].source == "area-2.geojson"


def test_what_lies_beside_an_input_comes_along(files, tmp_path):
    """Without its sidecar a raster's NoData became 655,350 people, and a masked one had all its cells."""
    shutil.copytree(files, tmp_path / "given")
    population = tmp_path / "given" / "p.asc"
    population.write_text("ncols 1\nnrows 1\nxllcorner 600000\nyllcorner 2765000\ncellsize 100\n7\n", encoding="utf-8")
    population.with_suffix(".prj").write_text(pyproj.CRS(CRS).to_wkt("WKT1_ESRI"), encoding="utf-8")
    Path(f"{population}.aux.xml").write_text("<PAMDataset></PAMDataset>", encoding="utf-8")
    create(tmp_path / "new", given_of(tmp_path / "given", population=(population,)))
    copied = {path.name for path in (tmp_path / "new").iterdir()}
    assert {"p.asc", "p.prj", "p.asc.aux.xml"} <= copied


# ----------------------------------------------------------------------------------------------------- whole or not at all


def test_a_folder_with_something_in_it_is_left_alone(files, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    created = create(folder, given_of(files))
    before = created.path.read_bytes()
    with pytest.raises(InputError, match="not empty"):
        create(folder, given_of(files, name="another"))
    assert created.path.read_bytes() == before
    with pytest.raises(InputError, match="is a file"):
        create(created.path, given_of(files))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", b"lon,lat,people\n1,1,5\n"),
        ("streets.osm", b"<osm version='0.6'><node id='1'"),
        ("candidates.csv", b"\xd0\xcf\x11\xe0"),
        ("zones.geojson", b"{}"),
    ],
)
def test_a_bad_input_leaves_nothing_behind(files, tmp_path, name, content):
    (files / name).write_bytes(content)
    with pytest.raises(PlannerError) as caught:
        create(tmp_path / "new", given_of(files))
    assert caught.value.message("zh") != str(caught.value)
    assert left_in(tmp_path) == ["files"]


def test_too_little_and_missing_files(files, tmp_path):
    with pytest.raises(InputError, match="--place"):
        create(tmp_path / "new", Given(streets=(files / "streets.osm",)))
    with pytest.raises(InputError, match=r"none\.csv.*nothing\.tif"):
        create(tmp_path / "new", given_of(files, centres=(files / "none.csv",), population=(files / "nothing.tif",)))
    with pytest.raises(InputError, match="exclude each other"):
        create(tmp_path / "new", given_of(files, bbox=(0.0, 0.0, 1.0, 1.0)))
    assert left_in(tmp_path) == ["files"]


def test_several_tables_a_pattern_and_a_folder_are_one_register(files, tmp_path):
    table = (files / "candidates.csv").read_bytes()
    (files / "registers").mkdir()
    for name in ("b.csv", "a.csv", "~$a.csv", "notes.txt~"):
        (files / "registers" / name).write_bytes(table)
    a, b = files / "registers" / "a.csv", files / "registers" / "b.csv"
    for number, given in enumerate([(a, b), (files / "registers" / "*.csv",), (files / "registers",)]):
        created = create(tmp_path / f"new{number}", given_of(files, candidates=given))
        assert load(created.path).settings.candidates.source == ("a.csv", "b.csv")
    for nothing in (files / "registers" / "*.xlsx", files / "none"):
        with pytest.raises(InputError, match=r"xlsx|none") as raised:
            create(tmp_path / "bad", given_of(files, candidates=(nothing,)))
        assert "unfinished" not in str(raised.value)
    broken = files / "broken.csv"
    broken.write_bytes(b"")
    with pytest.raises(PlannerError) as raised:
        create(tmp_path / "bad", given_of(files, candidates=(broken,)))
    assert "unfinished" not in str(raised.value)


def test_tables_of_several_datums_are_each_named(files, tmp_path):
    for datum in ("GCJ-02", "BD-09"):
        headers = f"名称,经度({datum}),纬度({datum})"
        (files / f"{datum}.csv").write_text(f"{headers}\n甲,117.0001,25.0\n", encoding="utf-8")
    created = create(tmp_path / "new", given_of(files, candidates=(files / "GCJ-02.csv", files / "BD-09.csv")))
    section = load(created.path).settings.candidates
    assert [section.datum_of(Path(name)) for name in section.source] == ["GCJ-02", "BD-09"]


def test_a_layer_of_villages_places_rows_that_name_their_village(files, tmp_path):
    layer = gpd.read_file(files / "zones.geojson").iloc[:1].assign(村名="山坪村", 村代码="350583001201")
    layer[["村名", "村代码", "geometry"]].to_file(files / "villages.geojson")
    (files / "r.csv").write_text("名称,村（社区）,经度,纬度\n旧小学,山坪村委会,,\n", encoding="utf-8")
    given = given_of(files, candidates=(files / "r.csv",), zones=(files / "villages.geojson",))
    project = load(create(tmp_path / "new", given).path)
    assert project.settings.register_.villages == "villages.geojson"
    facilities = read_inputs(project, progress=lambda step: None).facilities
    assert facilities.loc[facilities["role"] == "candidates", "position_quality"].tolist() == ["village"]


@pytest.mark.parametrize("datum", ["GCJ-02", "WGS-84"])
def test_tables_too_small_to_tell_their_datum_are_judged_together(files, tmp_path, datum):
    places = np.array([degrees(x, 15) for x in np.linspace(100, 3400, 24)])
    x, y = from_wgs84(places[:, 0], places[:, 1], datum)
    paths = []
    for number in range(6):
        rows = [f"{i},楼{number}{i},{x[i]:.7f},{y[i]:.7f}" for i in range(4 * number, 4 * number + 4)]
        paths.append(files / f"r{number}.csv")
        paths[-1].write_text("\n".join(["编号,名称,经度,纬度", *rows]), encoding="utf-8")
    created = create(tmp_path / "new", given_of(files, candidates=tuple(paths)))
    assert load(created.path).settings.candidates.datum == datum
    assert codes(created).count("datum_together") == 6


def test_hostile_headers_stay_in_their_comment(files, tmp_path):
    text = (files / "candidates.csv").read_text(encoding="gb18030")
    evil = '"名称\r\n[siting]\r\nsites = 99"'
    (files / "candidates.csv").write_text(text.replace("名称", evil, 1), encoding="gb18030", newline="")
    created = create(tmp_path / "new", given_of(files))
    assert load(created.path).settings.siting.sites == 10


# ------------------------------------------------------------------------------------------------------- by a place's name


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Path:
    """Return a user's folder of fetched things that is empty."""
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_project_by_the_name_of_its_place(server: Server, service: Service, kept, tmp_path):  # noqa: F811
    created = create(tmp_path / "new", Given(place=TOWN, service=service, language="en"))
    assert codes(created) == ["fetched", "fetched", "no_people", "fetched_centres", "no_candidates"]
    assert {"boundary.geojson", "streets.osm.pbf", "centres.csv", "project.toml"} <= set(left_in(created.path.parent))
    assert "ODbL" in created.path.read_text(encoding="utf-8")
    assert "ODbL" in (created.path.parent / "boundary.geojson").read_text(encoding="utf-8")
    inputs = read_inputs(load(created.path, unfinished=True), progress=lambda step: None)
    assert inputs.facilities["name"].tolist() == ["图书馆"]
    assert inputs.network.edge_length_m.sum() == pytest.approx(1030 + 3500, abs=1), "1,200 m more are asked for"
    assert load(created.path, unfinished=True).settings.area.place == TOWN


def test_with_people_it_runs(server: Server, service: Service, kept, tmp_path):  # noqa: F811
    rows = [(*at(x, 0), 10) for x in (-250, -100, 0, 100, 250)]
    people = tmp_path / "people.csv"
    pd.DataFrame(rows, columns=["lon", "lat", "people"]).to_csv(people, index=False)
    created = create(tmp_path / "new", Given(place=TOWN, population=(people,), service=service))
    assert run_project(load(created.path)).summary["covered_before"]["total"] == 50
    asked = len(server.asked)
    again = create(tmp_path / "again", Given(place=TOWN, population=(people,), service=service))
    assert len(server.asked) == asked, "a second project of the place asks for nothing"
    assert again.path.read_bytes() == created.path.read_bytes()


@pytest.mark.parametrize("fault", [429, 504, "cut", "unsaid"])
@pytest.mark.parametrize("at_answer", [0, 1, 2])
def test_a_server_that_fails_leaves_no_folder_and_is_resumed(server, service, kept, tmp_path, fault, at_answer):  # noqa: F811
    server.faults.extend([None] * at_answer + [fault] * 3)
    with pytest.raises(NetworkError) as caught:
        create(tmp_path / "new", Given(place=TOWN, service=service))
    assert "127.0.0.1" in str(caught.value)
    assert not (tmp_path / "new").exists()
    assert not [name for name in left_in(tmp_path) if "unfinished" in name]
    asked = server.count("search")
    created = create(tmp_path / "new", Given(place=TOWN, service=service))
    assert created.path.is_file()
    assert server.count("search") == asked + (at_answer == 0), "the outline that had come was kept"


def test_the_command_from_a_place_to_its_report(server: Server, kept, tmp_path):  # noqa: F811
    command = [sys.executable, "-X", "utf8", "-m", "planner"]
    folder = tmp_path / "town"
    options = ["--place", TOWN, "--overpass", server.overpass, "--nominatim", server.url, "--language", "en"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        whole, env = [*command, *arguments], dict(os.environ)
        return subprocess.run(whole, capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE_S, env=env)

    done = run("new", str(folder), *options)
    assert done.returncode == 0, done.stderr
    assert "community centres" in done.stdout
    report = run("check", str(folder), "--json")
    assert report.returncode == 0, report.stderr
    assert [one["role"] for one in json.loads(report.stdout)["inputs"]] == ["area", "streets", "centres"]
    again = run("new", str(folder), *options)
    assert again.returncode == 1
    assert "not empty" in again.stderr
    assert "Traceback" not in again.stderr


def test_the_command_with_a_bad_box(tmp_path):
    command = [
        sys.executable,
        "-X",
        "utf8",
        "-m",
        "planner",
        "new",
        str(tmp_path / "new"),
        "--bbox",
        "a,b",
        "--place",
        "x",
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE_S)
    assert (done.returncode, left_in(tmp_path)) == (1, [])
    assert "--bbox" in done.stderr
