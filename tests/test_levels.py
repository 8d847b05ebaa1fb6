"""Projects with zones on several levels, rules for their classes, residential land, several streets and gates, on the one street.

The street of `small_project`: people every kilometre from 0 to 4,000 m, Old at 0, A at 1,500, D at 2,500, B at 3,500.
"""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from numpy.testing import assert_allclose
from shapely import LineString, Point, box
from small_project import CRS, EAST, NORTH, write_project

from planner import InputError, PlannerError, coverage, deliver
from planner.deliver.manifest import input_digests
from planner.errors import ProjectError
from planner.project import Rule, load
from planner.run import run_project
from planner.study.access import _stacked

#   villages:  |one: 0, 1,000 and Old|two: 2,000|three: 3,000 and 4,000, B|four: nobody, nothing|
VILLAGES = {"一村": (-200, 1250), "二村": (1250, 2250), "三村": (2250, 4100), "四村": (4100, 4200)}


def edit(file, *changes: tuple[str, str]):
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return file


def write_villages(folder, **columns) -> None:
    shapes = [box(EAST + west, NORTH - 500, EAST + east, NORTH + 600) for west, east in VILLAGES.values()]
    table = gpd.GeoDataFrame({"村名": list(VILLAGES), **columns}, geometry=shapes, crs=CRS)
    table.to_crs(4326).to_file(folder / "villages.geojson", driver="GeoJSON")


LEVEL = '\n[[zones]]\nlevel = "village"\nsource = "villages.geojson"\nname = "村名"\n'


def summary_of(file) -> dict:
    return run_project(load(file)).summary


# -------------------------------------------------------------------------------------------------------------- levels


@pytest.fixture
def with_villages(tmp_path):
    write_villages(tmp_path)
    return edit(write_project(tmp_path), ("\n[streets]", LEVEL + "\n[streets]"))


def test_zones_of_all_levels_are_in_one_layer_and_the_first_level_fills_zone(with_villages):
    run = run_project(load(with_villages))
    levels = run.tables.zone_levels
    assert levels["level"].tolist() == ["township"] * 2 + ["village"] * 4
    assert levels["id"].tolist() == [f"z{number:04d}" for number in range(1, 7)]
    assert levels["zone"].tolist() == ["西镇", "东镇", *VILLAGES]
    # the hamlet a kilometre north and the island stand in no village
    assert levels["population_total"].tolist() == [300 + 350 + 25, 900, 300, 300, 900, 0]
    assert levels["centres"].tolist() == [1, 0, 1, 0, 0, 0]
    assert set(run.tables.demand["zone"]) == {"西镇", "东镇"}
    assert set(run.tables.centres["zone"]) == {"西镇"}
    plain = levels[levels["level"] == "township"][run.tables.zones.columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.DataFrame(plain), pd.DataFrame(run.tables.zones), check_dtype=False)


def test_rate_v_counts_villages_with_their_own_a_shared_and_no_centre(with_villages):
    # before: Old stands in one (100 of 300 people in reach); after: B at 3,500 stands in three; two has nothing within 900 m
    run = run_project(load(with_villages))
    before = {"villages": 3, "own": 1, "shared": 0, "none": 2, "without_people": 1, "share": 1 / 3}
    assert run.summary["villages"]["before"] == before
    assert run.summary["villages"]["after"] == {**before, "own": 2, "none": 1, "share": 2 / 3}
    assert [run.summary["rates"][when]["V"] for when in ("before", "after")] == [1 / 3, 2 / 3]
    villages = run.tables.zone_levels[run.tables.zone_levels["level"] == "village"]
    assert villages["village_centre_before"].fillna("").tolist() == ["own", "none", "none", ""]
    assert villages["village_centre_after"].fillna("").tolist() == ["own", "none", "own", ""]


def test_a_centre_next_door_is_shared_when_half_of_the_people_reach_it(with_villages):
    # D at 2,500 stands in three and reaches everybody in two, who live at 2,000; B follows, for 4,000
    table = with_villages.parent / "candidates.csv"
    text = table.read_text(encoding="gb18030")
    row = next(line for line in text.splitlines() if line.startswith("D,"))
    table.write_text(text.replace(row, row.replace("备选", "必选")), encoding="gb18030")
    edit(with_villages, ("sites = 1", "sites = 2"))
    run = run_project(load(with_villages))
    assert set(run.tables.sites["id"]) == {"B", "D"}
    after = run.summary["villages"]["after"]
    assert (after["own"], after["shared"], after["none"], after["share"]) == (2, 1, 0, 1.0)


def test_without_such_layers_the_rates_stay_unsaid(tmp_path):
    summary = summary_of(write_project(tmp_path))
    assert summary["villages"] is None
    assert summary["rates"]["before"] == {"A": None, "B": 100 / 1575, "C": None, "V": None}


def test_the_township_level_comes_first_wherever_it_stands(tmp_path):
    write_villages(tmp_path)
    townships = '\n[[zones]]\nlevel = "township"\nsource = "zones.geojson"\n'
    file = edit(write_project(tmp_path), ('zones = "zones.geojson"\n', LEVEL + townships))
    project = load(file)
    assert [section.level for section in project.settings.zone_levels] == ["township", "village"]
    assert set(project.sources) >= {"zones[0].source", "zones[1].source"}
    assert set(run_project(project).tables.demand["zone"]) == {"西镇", "东镇"}


def test_the_levels_are_written_and_read_back_by_the_page(with_villages, tmp_path):
    from planner.session.run_results import read_results

    out = deliver.write(run_project(load(with_villages)), tmp_path / "out")
    assert len(gpd.read_file(out / "zones.geojson")) == 6
    assert read_results(out).zones["zone"].tolist() == ["西镇", "东镇"]


def test_each_level_has_its_own_account(with_villages):
    reports = run_project(load(with_villages)).inputs.reports
    zones = {report.figures["level"]: report for report in reports if report.role == "zones"}
    assert [zones[level].rows_used for level in ("township", "village")] == [2, 4]
    assert [finding.code for finding in zones["village"].findings] == ["boundaries.gap"]


# ------------------------------------------------------------------------------------------------- classes and their rules

RULE = '\n[[walking.rule]]\nzone_class = "乡村"\nminutes = 10\nspeed = 4.0\n'


@pytest.fixture
def mixed(tmp_path):
    """Rural villages two and three: ten minutes at 4 m/s, 2,400 m."""
    write_villages(tmp_path, 城乡=["111", "乡村", "220", "村庄"])
    level = LEVEL + 'class = "城乡"\n'
    return edit(write_project(tmp_path), ("\n[streets]", level + "\n[streets]"), ("\n[centres]", RULE + "\n[centres]"))


def test_each_class_is_counted_by_its_own_rule(mixed):
    # Old at 0: urban 0 in reach, 1,000 not; rural 2,000 in reach (500 s), 3,000 not. B at 3,500: 2,000 (375 s), 3,000, 4,000.
    run = run_project(load(mixed))
    assert run.inputs.demand_class.tolist()[:5] == [None, None, "rural", "rural", "rural"]
    assert run.summary["covered_before"]["total"] == 100 + 300
    assert run.summary["covered_after"]["total"] == 100 + 300 + 900
    demand = run.tables.demand
    assert demand["time_before_s"].tolist()[:5] == pytest.approx([0, 1000, 500, 750, 1000], abs=0.01)
    assert demand["covered_before"].tolist() == [True, False, True, False, False, False, False]


def test_a_mixed_figure_says_so(mixed):
    walking = run_project(load(mixed)).summary["walking"]
    assert (walking["minutes"], walking["metres"]) == (15, 900)
    assert walking["rules"] == [
        {"zone_class": None, "minutes": 15, "speed_m_s": 1, "metres": 900, "population": 375},
        {"zone_class": "rural", "minutes": 10, "speed_m_s": 4, "metres": 2400, "population": 1200},
    ]


def test_coverage_is_that_of_each_rule_on_its_own_points(mixed):
    """The oracle: one whole matrix a rule, and of each the rows of its own class."""
    run = run_project(load(mixed))
    inputs = run.inputs
    for group in inputs.project.groups:
        found = run.access.of(group).toarray()
        for zone_class in (None, "rural"):
            rule = inputs.project.rule_of(group, zone_class)
            limits = {"threshold_s": rule.limit_s, "speed_m_s": rule.speed_m_s}
            whole = coverage.matrix(inputs.network, inputs.demand_places, inputs.facility_places, **limits).toarray()
            mine = inputs.demand_class == zone_class
            assert mine.any()
            assert (found[mine] == whole[mine]).all()


def test_what_people_read_says_that_rules_mix(mixed, tmp_path):
    from openpyxl import load_workbook

    run = run_project(load(mixed))
    book = load_workbook(deliver.write(run, tmp_path / "out") / "plan.xlsx")
    figures = dict(book.worksheets[0].iter_rows(min_col=1, max_col=2, values_only=True))
    rules = next(text for text in figures.values() if isinstance(text, str) and "rural" in text)
    assert "2,400 m" in rules
    assert "900 m" in rules
    assert [value for name, value in figures.items() if name and name.startswith("V:")] == [2 / 3, 1], "two shares Old"


def test_isochrones_are_drawn_and_compared_by_the_main_rule(mixed):
    run = run_project(load(mixed))
    old = run.tables.isochrones[
        (run.tables.isochrones["facility_id"] == "c0001") | (run.tables.isochrones["name"] == "Old")
    ]
    assert old.loc[old["minutes"] == 15, "people_network"].tolist() == [100]
    assert run.tables.agreement["before"].network == 100
    assert run.tables.agreement["before"].share == 0


def test_a_group_s_own_walk_counts_before_its_class_s(mixed):
    edit(mixed, ('group = "age_60_plus"', 'group = "age_60_plus"\nminutes = 5'))
    project = load(mixed)
    assert project.rule_of("age_60_plus", "rural") == Rule(4.0, 300.0)
    assert project.rule_of("age_60_plus") == Rule(1.0, 300.0)
    assert project.rule_of("total", "rural") == Rule(4.0, 600.0)
    assert project.rule_of("total", "urban") == project.rule_of("total") == Rule(1.0, 900.0)
    assert run_project(project).summary["covered_before"]["age_60_plus"] == 10


def test_rules_that_are_all_alike_change_nothing(tmp_path):
    plain = run_project(load(write_project(tmp_path / "plain")))
    file = write_project(tmp_path / "ruled")
    write_villages(file.parent, 城乡=["rural"] * 4)
    rule = RULE.replace("minutes = 10\nspeed = 4.0\n", "minutes = 15\n")
    level = LEVEL + 'class = "城乡"\n'
    edit(file, ("\n[streets]", level + "\n[streets]"), ("\n[centres]", rule + "\n[centres]"))
    ruled = run_project(load(file))
    pd.testing.assert_frame_equal(ruled.tables.demand, plain.tables.demand)
    pd.testing.assert_frame_equal(ruled.tables.sites, plain.tables.sites)


def test_one_class_for_a_whole_level(tmp_path):
    zones = 'zones = "zones.geojson"'
    file = edit(
        write_project(tmp_path), (zones, zones + '\nzone_class = "rural"'), ("\n[centres]", RULE + "\n[centres]")
    )
    run = run_project(load(file))
    assert set(run.inputs.demand_class) == {"rural"}
    # Old reaches 0, 1,000 and 2,000 within 2,400 m, and no longer the hamlet without a street
    assert run.summary["covered_before"]["total"] == 600


def test_a_rule_for_a_class_that_is_not_there_is_doubted(tmp_path):
    write_villages(tmp_path, 城乡=["urban"] * 3 + [None])
    level = LEVEL + 'class = "城乡"\n'
    file = edit(write_project(tmp_path), ("\n[streets]", level + "\n[streets]"), ("\n[centres]", RULE + "\n[centres]"))
    codes = [finding.code for report in run_project(load(file)).inputs.reports for finding in report.findings]
    assert "study.no_such_class" in codes
    assert "boundaries.zones_without_class" in codes


def test_a_class_that_is_no_field_and_no_class_names_the_nearest_field(tmp_path):
    write_villages(tmp_path, 城乡类别=["urban"] * 4)
    file = edit(write_project(tmp_path), ("\n[streets]", LEVEL + 'class = "城乡类"\n' + "\n[streets]"))
    with pytest.raises(InputError, match="城乡类别"):
        run_project(load(file))


def test_stacked_rows_come_back_in_their_order():
    from scipy import sparse

    rng = np.random.default_rng(4)
    dense = np.where(rng.random((7, 5)) < 0.5, rng.random((7, 5)), 0)
    rows = [np.array([1, 4, 6]), np.array([0, 2]), np.array([3, 5])]
    back = np.argsort(np.concatenate(rows))
    whole = _stacked([sparse.csr_array(dense[some]) for some in rows], back)
    assert_allclose(whole.toarray(), dense)


# ------------------------------------------------------------------------------------------------------- residential land


def test_rate_a_is_residential_land_in_circles(tmp_path):
    # 200 m of land either side of x = 900 on the circle's edge, and as much at 3,300; a strip of a metre along the street
    land = [box(EAST + 700, NORTH, EAST + 1100, NORTH + 1), box(EAST + 3300, NORTH, EAST + 3700, NORTH + 1)]
    gpd.GeoSeries(land, crs=CRS).to_crs(4326).to_file(tmp_path / "land.geojson", driver="GeoJSON")
    file = edit(
        write_project(tmp_path), ('zones = "zones.geojson"', 'zones = "zones.geojson"\nresidential = "land.geojson"')
    )
    rates = summary_of(file)["rates"]
    assert rates["before"]["A"] == pytest.approx(200 / 800, abs=1e-3)
    assert rates["after"]["A"] == pytest.approx(600 / 800, abs=1e-3), "B stands at 3,500"


def test_residential_land_elsewhere_is_refused(tmp_path):
    land = [box(EAST + 70_000, NORTH, EAST + 71_000, NORTH + 1000)]
    gpd.GeoSeries(land, crs=CRS).to_crs(4326).to_file(tmp_path / "land.geojson", driver="GeoJSON")
    file = edit(
        write_project(tmp_path), ('zones = "zones.geojson"', 'zones = "zones.geojson"\nresidential = "land.geojson"')
    )
    with pytest.raises(PlannerError, match=r"land\.geojson"):
        run_project(load(file))


# ---------------------------------------------------------------------------------------------------------------- the area


def test_a_box_is_an_area(tmp_path):
    file = write_project(tmp_path)
    west, south, east, north = gpd.read_file(tmp_path / "area.geojson").total_bounds
    edit(file, ('boundary = "area.geojson"', f"bbox = [{west}, {south}, {east}, {north}]"))
    run = run_project(load(file))
    assert run.summary["population"]["total"] == 1575
    assert deliver.write(run, tmp_path / "out").is_dir()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("bbox = [118.5, 25.0, 118.0, 24.5]", "[118, 24.5, 118.5, 25]"),
        ("bbox = [24.5, 118.0, 25.0, 118.5]", "[118, 24.5, 118.5, 25]"),
        ("bbox = [118.0, 24.5, 118.0, 25.0]", "no surface"),
        ("bbox = [600000, 2765000, 604000, 2769000]", "degrees"),
        ("bbox = [118.0, 24.5, 118.5]", "bbox"),
        ("bbox = [nan, 24.5, 118.5, 25.0]", "degrees"),
        ('bbox = [118.0, 24.5, 118.5, 25.0]\nboundary = "area.geojson"', "exclude each other"),
        ("", "planner new"),
    ],
)
def test_boxes_that_are_none(tmp_path, line, told):
    file = edit(write_project(tmp_path), ('boundary = "area.geojson"', line))
    with pytest.raises(ProjectError) as caught:
        load(file)
    assert told in str(caught.value)
    assert caught.value.message("zh") != str(caught.value)


def test_a_place_is_never_fetched_by_a_run(tmp_path):
    file = edit(write_project(tmp_path), ('boundary = "area.geojson"', 'place = "Somewhere"'))
    with pytest.raises(ProjectError, match=r"boundary\.geojson"):
        run_project(load(file))
    (tmp_path / "area.geojson").rename(tmp_path / "boundary.geojson")
    assert run_project(load(file)).summary["population"]["total"] == 1575


def test_a_boundary_that_is_a_line_is_refused(tmp_path):
    file = write_project(tmp_path)
    line = gpd.GeoSeries(
        [LineString([(EAST, NORTH), (EAST + 4000, NORTH), (EAST, NORTH + 500), (EAST, NORTH)])], crs=CRS
    )
    line.to_crs(4326).to_file(tmp_path / "area.geojson", driver="GeoJSON")
    with pytest.raises(PlannerError, match=r"area\.geojson.*LineString"):
        run_project(load(file))


# -------------------------------------------------------------------------------------------------------- streets and gates


def test_lanes_and_a_gate_beside_openstreetmap(tmp_path):
    """A lane from the hamlet 1 km north of 2,000 to 20 m short of the street: a gate opens the wall between them."""
    file = write_project(tmp_path)
    x, y = EAST + 2000, NORTH
    lane = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[LineString([(x, y + 20), (x, y + 1000)])], crs=CRS)
    lane.to_file(tmp_path / "lanes.gpkg", driver="GPKG")
    several = '[[streets]]\nsource = "streets.osm"\n\n[[streets]]\nsource = "lanes.gpkg"\ntolerance_m = 0.5\n'
    edit(file, ('[streets]\nsource = "streets.osm"\n', several))
    apart = run_project(load(file))
    assert apart.summary["unreachable"]["population"] == 75
    reports = [report for report in apart.inputs.reports if report.role == "streets"]
    assert [(report.file, report.rows_used) for report in reports] == [("streets.osm", 2), ("lanes.gpkg", 1)]
    assert "streets.part_apart" in [finding.code for finding in reports[1].findings]
    lon, lat = gpd.GeoSeries([Point(x, y + 10)], crs=CRS).to_crs(4326).get_coordinates().iloc[0]
    pd.DataFrame({"经度": [lon], "纬度": [lat]}).to_csv(tmp_path / "gates.csv", index=False)
    edit(file, ("[walking]", '[gates]\nsource = "gates.csv"\ntolerance_m = 15\n\n[walking]'))
    joined = run_project(load(file))
    assert joined.summary["unreachable"]["population"] == 25
    gates = next(report for report in joined.inputs.reports if report.role == "gates")
    assert (gates.rows_read, gates.rows_used) == (1, 1)
    again = run_project(load(file))
    gates_again = next(report for report in again.inputs.reports if report.role == "gates")
    assert gates_again.to_dict("en") == gates.to_dict("en"), "from the cache as when it was built"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'source = "streets.osm"',
            'sorce = "streets.osm"',
            'streets.sorce: this key is not known; did you mean "source"',
        ),
        ("[walking]", "[gates]\nradius = 3\n[walking]", "gates.radius"),
        ('source = "streets.osm"', 'source = "streets.osm"\ntolerance_m = -1', "streets.tolerance_m"),
        ("\n[streets]", LEVEL.replace("village", "村") + "\n[streets]", "lower-case"),
        ("\n[streets]", LEVEL + LEVEL + "\n[streets]", "given twice"),
        ("\n[streets]", LEVEL.replace("village", "township") + "\n[streets]", "given twice"),
        (
            '[[population]]\nsource = "people.csv"\ncolumn = "old"',
            RULE + '[[population]]\nsource = "people.csv"\ncolumn = "old"',
            "class",
        ),
        ("speed = 1.0", "speed = 1.0\nrul = 1", "walking.rul"),
        ("speed = 1.0\n", "speed = 1.0\n" + RULE.replace("zone_class", "zoneclass"), "walking.rule.0.zoneclass"),
    ],
)
def test_keys_that_cannot_be(tmp_path, old, new, told):
    file = edit(write_project(tmp_path), (old, new))
    with pytest.raises(ProjectError) as caught:
        load(file)
    assert told in str(caught.value)


def test_sources_must_agree_on_what_concerns_all(tmp_path):
    several = "".join(f'[[streets]]\nsource = "streets.osm"\nprivate_lanes = {word}\n' for word in ("true", "false"))
    file = edit(write_project(tmp_path), ('[streets]\nsource = "streets.osm"\n', several))
    with pytest.raises(ProjectError, match="private_lanes"):
        load(file)


def test_a_geodatabase_and_a_shapefile_are_inputs_like_any_other(tmp_path):
    """Both are several files: the manifest notices a change in any of them."""
    file = write_project(tmp_path)
    lane = [LineString([(EAST + 2000, NORTH), (EAST + 2000, NORTH + 1000)])]
    lanes = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=lane, crs=CRS)
    pyogrio.write_dataframe(lanes, tmp_path / "lanes.gdb", layer="lanes", driver="OpenFileGDB")
    gpd.read_file(tmp_path / "area.geojson")[["geometry"]].to_file(tmp_path / "area.shp")
    several = '[[streets]]\nsource = "streets.osm"\n\n[[streets]]\nsource = "lanes.gdb"\n'
    edit(file, ('[streets]\nsource = "streets.osm"\n', several), ("area.geojson", "area.shp"))
    run = run_project(load(file))
    assert run.summary["unreachable"]["population"] == 25
    before = json.loads((deliver.write(run, tmp_path / "out") / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert before["streets[1].source"]["file"] == "lanes.gdb"
    with (tmp_path / "area.dbf").open("ab") as table:
        table.write(b"\x1a")
    after = input_digests(load(file))
    assert [key for key in before if before[key] != after[key]] == ["area.boundary"]


# ------------------------------------------------------------------------------------------------- nobody to be counted


def test_rules_by_class_run_where_nobody_lives(mixed):
    text = mixed.read_text(encoding="utf-8")
    sections = [part for part in text.split("\n[") if not part.startswith("[population]]")]
    mixed.write_text("\n[".join(sections), encoding="utf-8")
    run = run_project(load(mixed, unfinished=True))
    assert (run.summary["population"], run.summary["covered_after"]) == ({"total": 0}, {"total": 0})
