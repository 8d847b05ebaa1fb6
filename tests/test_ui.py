"""The page's logic: what it opens, what it says in both languages, and what it hands to the map."""

import ast
import io
import json
import sys
import tomllib
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pages import html_of, run
from small_project import degrees, write_project
from streamlit.testing.v1 import AppTest

from planner import StreetNetwork, deliver, ui
from planner.errors import InputError, ProjectError
from planner.project import load
from planner.run import run_project
from planner.session.open_project import Opened, open_given
from planner.session.results import Results
from planner.session.run_results import read_results
from planner.texts import catalogue
from planner.ui.map import layers
from planner.ui.map.leaflet import OfflineMap
from planner.ui.map.streets import encode
from planner.ui.map.view import build_map, prepare
from planner.ui.panels.downloads import pack
from planner.ui.words import Words, html

PAGE = Path(ui.__file__).with_name("page.py")
REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the street of `small_project`, planned with two sites: of 1,575 people, 100 are covered now and 1,500 then."""
    file = write_project(tmp_path_factory.mktemp("ui") / "street", siting="sites = 2")
    deliver.write(run_project(load(file)), file.parent / "out")
    return file.parent


@pytest.fixture(scope="module")
def results(project: Path) -> Results:
    return read_results(project / "out")


def open_page(monkeypatch: pytest.MonkeyPatch, *arguments: object, **link: str) -> AppTest:
    """Open the page with these words of the command line, and these keys in its address."""
    monkeypatch.setattr(sys, "argv", ["page.py", *map(str, arguments)])
    page = AppTest.from_file(str(PAGE))
    for key, value in link.items():
        page.query_params[key] = value
    return run(page)


def map_arguments(page: AppTest) -> dict[str, object]:
    (component,) = page.get("component_instance")
    return json.loads(component.proto.json_args)


# ---- the command --------------------------------------------------------------------------------------------------------


def test_command_serves_the_page_inside_the_package(tmp_path: Path) -> None:
    words = ui.command(tmp_path, port=8765)
    assert words[:4] == [sys.executable, "-P", "-m", "planner.ui.serve"]
    assert Path(words[4]) == PAGE and PAGE.is_file()
    assert words[words.index("--server.port") + 1] == "8765"
    assert words[words.index("--browser.gatherUsageStats") + 1] == "false"
    assert words[-2:] == ["--", str(tmp_path)]
    assert ui.command(None, port=8501)[-3:] == ["--", "--workspace", str(Path.cwd())]
    assert ui.command(Path("county"), port=8501)[-2:] == ["--", str(Path.cwd() / "county")]


def test_the_repository_s_settings_are_those_of_the_command() -> None:
    sections = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    said = {f"{section}.{key}": value for section, keys in sections.items() for key, value in keys.items()}
    assert {key: str(value).lower() if isinstance(value, int) else value for key, value in said.items()} == ui.SETTINGS


# ---- opening ------------------------------------------------------------------------------------------------------------


def test_opens_a_project_its_file_its_results_or_the_demonstration(project: Path, tmp_path: Path) -> None:
    for given in (project, project / "project.toml", project / "out"):
        opened = open_given([str(given)], tmp_path)
        assert opened is not None and opened.project is not None
        assert opened.out.resolve() == (project / "out").resolve() and opened.has_results
    assert open_given([], tmp_path) is None
    write_project(tmp_path / "demo-county")
    opened = open_given([], tmp_path)
    assert opened is not None and opened.out == tmp_path / "demo-county" / "out" and not opened.has_results


def test_results_alone_open_without_a_project(project: Path, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    (alone / "summary.json").write_bytes((project / "out" / "summary.json").read_bytes())
    assert open_given([str(alone)], tmp_path) == Opened(None, alone)


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        open_given([str(tmp_path / "nowhere")], tmp_path)
    with pytest.raises(ProjectError):
        open_given([str(tmp_path)], tmp_path)


# ---- the page -----------------------------------------------------------------------------------------------------------


def test_figures_in_english(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = html_of(open_page(monkeypatch, project))
    for figure in (
        "1,575 people",
        "6.3%",
        "95.2%",
        "1,500 people",
        "1,400 people gained",
        "Proven optimal",
        "75 people",
    ):
        assert figure in text
    assert "One street" in text and "All residents" in text and "15 minutes&#x27; walk (900 m)" in text


def test_language_is_switched_while_running(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, project)
    english = map_arguments(page)
    page.segmented_control(key="language").set_value("zh")
    text = html_of(run(page))
    for figure in ("1,575 人", "已证明最优", "无法到达任何设施", "建议点位（按开放顺序）"):
        assert figure in text
    assert "people" not in "".join(
        element.proto.body for element in page.get("html") if "planner-figures" in element.proto.body
    )
    assert page.query_params["lang"] in ("zh", ["zh"])
    chinese = map_arguments(page)
    assert "图例与图层" in chinese["script"].encode().decode("unicode_escape") or "图例与图层" in chinese["script"]
    assert english["js_links"] == chinese["js_links"]


def test_a_link_says_the_language(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "已证明最优" in html_of(open_page(monkeypatch, project, lang="zh"))


def test_the_map_names_only_files_of_this_server(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = map_arguments(open_page(monkeypatch, project))
    assert told["js_links"] and told["css_links"]
    for link in [*told["js_links"], *told["css_links"]]:
        assert link.startswith("../planner.ui.assets.")
    everything = json.dumps(told)
    assert "http:" not in everything and "https:" not in everything
    assert len(everything) < 40_000, "layers go by URL, not through the page's socket"


def test_no_project_is_explained_in_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = html_of(open_page(monkeypatch))
    assert "planner demo" in text and "No project is open" in text and "尚未打开项目" in text


def test_a_fault_is_shown_with_its_remedy_and_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = html_of(open_page(monkeypatch, tmp_path / "<img src=x onerror=alert(1)>"))
    assert "&lt;img src=x onerror=alert(1)&gt; is not there" in text and "<img" not in text
    assert "Name a project.toml" in text


def test_damaged_results_are_a_fault_not_a_crash(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "summary.json").write_text('{"group": "total"}', encoding="utf-8")
    assert "cannot be read" in html_of(open_page(monkeypatch, tmp_path))


def test_the_files_are_made_by_the_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_project(tmp_path / "new", siting="sites = 2")
    page = open_page(monkeypatch, file, step="deliver")
    assert not page.get("download_button") and not (file.parent / "out").exists()
    page.button(key="make-files").click()
    assert run(page).get("download_button") and (file.parent / "out" / "manifest.json").is_file()
    made = json.loads((file.parent / "out" / "summary.json").read_text(encoding="utf-8"))
    assert [site["id"] for site in made["sites"]] == ["B", "A"]


def test_a_project_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_project(tmp_path / "broken")
    (file.parent / "people.csv").unlink()
    assert "people.csv" in html_of(open_page(monkeypatch, file)) and not (file.parent / "out").exists()


def test_sites_are_in_opening_order(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brief, sites, zones = (frame.value for frame in open_page(monkeypatch, project).dataframe)
    for table in (brief, sites):
        assert list(table["rank"]) == [1, 2] and list(table["name"]) == ["旧小学 B", "供销社 A"]
        assert list(table["gain"]) == [900, 500]
        assert table["share"].tolist() == pytest.approx([100 * 1000 / 1575, 100 * 1500 / 1575])
    assert list(sites["cost"]) == [50_000, 30_000]
    assert zones.set_index("zone")["uncovered"].to_dict() == {"西镇": 75, "东镇": 0}


def test_today_knows_nothing_of_the_plan(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, project, step="today")
    gaps, groups, zones = (frame.value for frame in page.dataframe)
    assert groups["group"].tolist() == ["All residents", "Aged 60 and over"]
    assert groups["share_before"].tolist() == pytest.approx([100 * 100 / 1575, 100 * 10 / 151])
    assert groups["uncovered"].tolist() == [1475, 141]
    assert set(zones["zone"]) == {"西镇", "东镇"} and zones["uncovered"].sum() == 1475
    assert gaps["people"].sum() == 1475 and gaps["could_gain"].max() == 900
    assert not {"share_after", "gain", "sites"} & {*groups.columns, *zones.columns}
    assert "1,475 people" in html_of(page) and "95.2%" not in html_of(page)


def test_downloads_are_the_run_s_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, project, step="deliver")
    keys = {button.key for button in page.get("download_button")}
    files = {path.name for path in (project / "out").iterdir()}
    assert keys == {f"download-{name}" for name in files} | {"download-plan.zip"}
    packed = zipfile.ZipFile(io.BytesIO(pack(sorted((project / "out").iterdir()))))
    assert set(packed.namelist()) == files
    assert packed.read("summary.json") == (project / "out" / "summary.json").read_bytes()


# ---- what the map draws --------------------------------------------------------------------------------------------------


def test_people_out_of_reach_are_neither_lost_nor_moved(results: Results) -> None:
    points = np.array(layers.people(results)["points"])
    assert points[:, 2].sum() == pytest.approx(1475) and points[:, 3].sum() == pytest.approx(75)
    assert points[0].tolist() == pytest.approx([*np.round(degrees(4000), 5), 500, 0])


def test_squares_grow_until_there_are_few_enough_and_keep_the_sums(results: Results) -> None:
    rng = np.random.default_rng(1)
    lon, lat = 118 + rng.random(500) / 10, 25 + rng.random(500) / 10
    people = rng.random(500) * 100
    table = pd.DataFrame(
        {
            "longitude": lon,
            "latitude": lat,
            "people": people,
            "covered_before": False,
            "covered_after": rng.random(500) < 0.5,
        }
    )
    many = Results(**{**vars(results), "uncovered": table})
    points = np.array(layers.people(many, most=60)["points"])
    assert 15 < len(points) <= 60
    assert points[:, 2].sum() == pytest.approx(people.sum(), abs=0.05 * len(points))
    assert points[:, 3].sum() == pytest.approx(people[~table["covered_after"]].sum(), abs=0.05 * len(points))
    assert (np.average(points[:, :2], weights=points[:, 2], axis=0)) == pytest.approx(
        np.average(np.column_stack((lon, lat)), weights=people, axis=0), abs=1e-4
    )
    assert layers.people(Results(**{**vars(results), "uncovered": table[:0]})) == {"points": []}


def test_bands_are_rings_that_do_not_overlap_and_proposals_show_what_they_add(results: Results) -> None:
    squares = {False: (0.0, 0.0), True: (0.025, 0.0)}  # proposed overlaps existing by a quarter of the largest square
    rows = [
        {"minutes": minutes, "proposed": proposed, "geometry": shapely.Point(at).buffer(half, cap_style="square")}
        for proposed, at in squares.items()
        for minutes, half in ((5.0, 0.005), (10.0, 0.01), (15.0, 0.02))
    ]
    rows.append({"minutes": 15.0, "proposed": False, "geometry": None})
    drawn = layers.bands(Results(**{**vars(results), "isochrones": gpd.GeoDataFrame(rows, crs=4326)}))
    existing = [shapely.from_geojson(json.dumps(ring["geometry"])) for ring in drawn["existing"]]
    added = [shapely.from_geojson(json.dumps(ring["geometry"])) for ring in drawn["proposed"]]
    assert [ring["minutes"] for ring in drawn["existing"]] == [5, 10, 15]
    assert [shape.area for shape in existing] == pytest.approx([1e-4, 3e-4, 12e-4], rel=1e-3)
    overlap = 0.015 * 0.04
    assert sum(shape.area for shape in added) == pytest.approx(16e-4 - overlap, rel=1e-3)
    assert shapely.intersection(existing[2], added[2]).area == pytest.approx(0, abs=1e-9)
    assert shapely.from_geojson(json.dumps(drawn["reach"])).area == pytest.approx(16e-4, rel=1e-3)


def test_facilities_stand_once_each_with_what_is_known(results: Results) -> None:
    found = {name: getattr(layers, name)(getattr(results, name)) for name in ("sites", "centres", "candidates")}
    assert [site["rank"] for site in found["sites"]] == [1, 2]
    assert found["sites"][0] == {
        "id": "B", "name": "旧小学 B", "zone": "东镇",
        "status": "candidate", "cost_yuan": 50000, "people": 900, "only_here": 900, "rank": 1,
        "gain": 900, "cumulative": 900, "loss_if_dropped": 900, "replacement": "古大厝 D", "replacement_loss": 500,
        "at": pytest.approx(degrees(3500), abs=1e-6),
    }  # fmt: skip
    assert [each["name"] for each in found["centres"]] == ["Old"]
    assert {each["name"]: each.get("excluded_reason") for each in found["candidates"]} == {
        "古大厝 D": None,
        "危房 E": "forbidden",
    }


def test_a_plan_without_sites_or_zones_is_drawn(results: Results) -> None:
    bare = Results(
        **{**vars(results), "sites": results.sites[:0], "zones": None, "isochrones": results.isochrones[:0]},
    )
    assert layers.bands(bare) == {"existing": [], "proposed": [], "reach": None}
    assert layers.areas(bare, None) == {"outline": None, "zones": []}
    (south, west), (north, east) = layers.bounds(bare, None)
    assert (west, south) == pytest.approx(degrees(0), abs=1e-3) and north >= south and east > west


def test_streets_come_back_from_their_steps(project: Path) -> None:
    network = StreetNetwork.from_osm(project / "streets.osm")
    drawn = json.loads(encode(network))
    (tier,) = [tier for tier in drawn["tiers"] if tier["counts"]]
    assert drawn["tiers"].index(tier) == 2, "a residential street is of the third tier"
    walk = np.array(drawn["origin"]) + drawn["unit"] * np.cumsum(np.column_stack((tier["dx"], tier["dy"])), axis=0)
    ends = {tuple(np.round(point, 4)) for point in walk}
    assert sum(tier["counts"]) == len(walk)
    for place in ((0, 0), (4000, 0), (1900, 3000), (2100, 3000)):
        assert tuple(np.round(degrees(*place), 4)) in ends


def test_the_base_map_is_the_same_every_time(project: Path, results: Results) -> None:
    files = prepare(Opened(load(project), project / "out"), results)
    again = prepare(Opened(load(project), project / "out"), read_results(project / "out"))
    assert files == again
    from streamlit_folium import generate_leaflet_string

    scripts = []
    for _ in range(2):
        made = build_map(files, Words("en"))
        made.get_root().render()
        scripts.append(generate_leaflet_string(made))
    assert scripts[0] == scripts[1]
    assert isinstance(made, OfflineMap)


# ---- words --------------------------------------------------------------------------------------------------------------


def test_numbers_have_units_and_thousands() -> None:
    zh, en = Words("zh"), Words("en")
    assert (zh.people(1234567.4), en.people(1234567.4)) == ("1,234,567 人", "1,234,567 people")
    assert (zh.yuan(100_000), en.yuan(100_000), zh.yuan(1_234_500)) == ("10 万元", "100,000 yuan", "123.45 万元")
    assert (zh.share(0.12345), en.small_share(0.12345), en.share(None)) == ("12.3%", "12.35%", "–")


def test_html_only_shows() -> None:
    assert html("<img src=x onerror=\"a('b')\">") == "&lt;img src=x onerror=&quot;a(&#x27;b&#x27;)&quot;&gt;"


def test_every_sentence_the_pages_ask_for_is_there_and_every_one_is_asked_for() -> None:
    whole, starts = set(), set()
    for file in (*PAGE.parent.rglob("*.py"), *PAGE.parents[1].glob("session/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value.removeprefix("ui."))
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if called != "words":
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant):
                assert f"ui.{first.value}" in catalogue("en"), f"{file.name}: {first.value}"
            elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                starts.add(first.values[0].value)
    entries = {code.removeprefix("ui.") for code in catalogue("en") if code.startswith("ui.")}
    for start in starts:
        assert any(entry.startswith(start) for entry in entries), start
    built = ("status_", "excluded_reason_")  # codes of the contract, put together in `map_view`
    assert [e for e in sorted(entries - whole) if not e.startswith((*starts, *built))] == []
