"""Which people are counted: resident or registered, low and high, by age in files; and totals brought to a census."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from drawn_people import area_box, grid, layer, population, run, said, workbook
from hypothesis import given, settings
from hypothesis import strategies as st
from small_project import CRS, EAST, NORTH, write_project
from typer.testing import CliRunner

from planner.cli import app
from planner.demand import Census, Demand, PopulationSource, build
from planner.demand.calibrate import calibrate
from planner.demand.model import LEFT_OUT_COLUMNS
from planner.demand.residency import kind_of
from planner.demand.worldpop import ages_of, parse
from planner.demand.zone_layer import JoinZones
from planner.errors import InputError, ProjectError
from planner.findings import InputReport
from planner.project import load
from planner.project.people import CalibrateSection
from planner.run import run_project
from planner.texts import LANGUAGES

AREA = area_box(-10, -10, 910, 610)
POINTS = area_box(-1000, -1000, 2000, 2000)
CENSUS = CalibrateSection(source="c.xlsx")


def table(path: Path, **columns: list[Any]) -> Path:
    """Write a table of points along the diagonal of the drawing, in metres of UTM."""
    rows = len(next(iter(columns.values())))
    columns |= {"x": [500_000 + 10 * n for n in range(rows)], "y": [2_700_000 + 10 * n for n in range(rows)]}
    return workbook(path, [list(columns), *map(list, zip(*columns.values(), strict=True))])


def source(path: Path, column: str | None = None, group: str = "total", **options: Any) -> PopulationSource:
    return population(path, group, column, **({"datum": "EPSG:32650"} | options))


def refusal(*sources: PopulationSource, area: Any = POINTS) -> InputError:
    with pytest.raises(InputError) as error:
        run(*sources, area=area)
    for language in LANGUAGES:
        error.value.message(language)
    return error.value


# --- resident and registered ------------------------------------------------------------------------------------------


def test_headers_say_which_people_they_count() -> None:
    assert [kind_of(header) for header in ("常住人口（人）", "2020年户籍 人口", "人口", "Registered population")] == [
        "resident",
        "registered",
        None,
        "registered",
    ]
    assert kind_of("户籍及常住人口") is None
    assert kind_of("residential units") is None


def test_a_table_with_both_is_asked_about(tmp_path: Path) -> None:
    path = table(tmp_path / "p.xlsx", 常住人口=[10, 20], 户籍人口=[1, 2])
    error = refusal(source(path))
    assert (error.code, error.params["columns"]) == ("demand.two_kinds_of_column", "常住人口, 户籍人口")
    for kind, people in (("resident", 30), ("registered", 3)):
        demand, (report,) = run(source(path, kind=kind), area=POINTS)
        assert (math.fsum(demand.weights["total"]), report.figures["kind"]) == (people, kind)
        assert "column_recognised" in said(report)


def test_registered_people_as_the_total_are_reported(tmp_path: Path) -> None:
    path = table(tmp_path / "p.xlsx", 户籍人口=[1, 2])
    _, (report,) = run(source(path, "户籍人口"), area=POINTS)
    assert said(report)["registered_as_total"] == {"column": "户籍人口"}
    _, (report,) = run(source(path, "户籍人口", kind="registered"), area=POINTS)
    assert said(report) == {}
    _, (report,) = run(source(path, "户籍人口", kind="resident"), area=POINTS)
    assert said(report) == {"kind_contradicts": {"column": "户籍人口", "kind": "resident"}}
    assert report.figures["kind"] == "resident"


def test_two_kinds_are_never_one_group(tmp_path: Path) -> None:
    path = table(tmp_path / "p.xlsx", 常住人口=[10, 20], 户籍人口=[1, 2])
    error = refusal(source(path, "常住人口"), source(path, "户籍人口"))
    assert (error.code, error.params["registered"]) == ("demand.two_kinds", "p.xlsx (户籍人口)")
    demand, _ = run(source(path, "常住人口"), source(path, "户籍人口", "registered"), area=POINTS)
    assert [math.fsum(weights) for weights in demand.weights.values()] == [30, 3]


def test_people_in_ten_thousands(tmp_path: Path) -> None:
    demand, _ = run(source(table(tmp_path / "p.xlsx", **{"常住人口（万人）": [1.5, 2]}), "常住人口"), area=POINTS)
    assert math.fsum(demand.weights["total"]) == 35_000


# --- low and high -----------------------------------------------------------------------------------------------------


def test_estimates_in_columns(tmp_path: Path) -> None:
    # The second row gives no low estimate, and the third a high one below its number.
    path = table(tmp_path / "p.xlsx", people=[10, 20, 30], low=[5, None, 25], high=[12, 24, 29])
    sources = [source(path, "people"), source(path, "low", bound="low"), source(path, "high", bound="high")]
    demand, (total, low, high) = run(*sources, area=POINTS)
    assert demand.weights["total"].tolist() == [10, 20, 30]
    assert demand.low["total"].tolist() == [5, 20, 25]
    assert demand.high["total"].tolist() == [12, 24, 29]
    assert demand.groups == ("total",)
    assert said(low)["blank_bound"] == {"column": "low", "count": 1}
    assert said(high)["range_crossed"] == {"bound": "high", "group": "total", "count": 1}
    assert (total.findings, low.figures["bound"], low.figures["people_in_area"]) == ([], "low", 50)
    assert demand.left_out.empty


def test_estimates_in_rasters(tmp_path: Path) -> None:
    files = {None: [[10, 0, 20], [0, 0, 30]], "low": [[8, 0, 0], [0, 0, 30]], "high": [[12, 1, 20], [0, 0, 40]]}
    sources = [source(grid(tmp_path / f"{bound}.tif", cells), bound=bound) for bound, cells in files.items()]
    demand, _ = run(*sources, area=AREA)
    assert demand.weights["total"].tolist() == [10, 0, 20, 30]
    assert demand.low["total"].tolist() == [8, 0, 0, 30]
    assert demand.high["total"].tolist() == [12, 1, 20, 40]


def test_a_run_says_how_uncertain_its_people_are(tmp_path: Path) -> None:
    # Old reaches the 100 people at the start of the street; with one site, B reaches 900 more.
    path = write_project(tmp_path / "p")
    people = path.parent / "people.csv"
    lines = people.read_text(encoding="utf-8").splitlines()
    rows = [lines[0] + ",low", *(f"{line},{float(line.split(',')[2]) / 2}" for line in lines[1:])]
    people.write_text("\n".join(rows), encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace('group = "total"', 'group = "total"\nlow = "low"')
    path.write_text(text, encoding="utf-8")
    found = run_project(load(path))
    assert found.summary["covered_after"]["total"] == 1000
    assert found.summary["uncertainty"] == {
        "total": {"low": {"population": 787.5, "covered_before": 50.0, "covered_after": 500.0}, "high": None}
    }
    assert [report.figures.get("bound") for report in found.inputs.reports if report.role == "population"] == [
        None,
        "low",
        None,
    ]
    json.dumps([report.to_dict("zh") for report in found.inputs.reports])


# --- ages in names ----------------------------------------------------------------------------------------------------


def test_names_of_worldpop() -> None:
    old, new = parse("chn_f_60_2020_constrained_UNadj.tif"), parse("CHN_t_00_2025_CN_100m_R2025A_v1.tif")
    assert old is not None and new is not None
    assert (old.country, old.sex, old.age, old.year, old.last_class) == ("chn", "f", 60, 2020, 80)
    assert (new.country, new.sex, new.age, new.year, new.last_class) == ("chn", "t", 0, 2025, 90)
    everybody = parse("chn_ppp_2020_UNadj_constrained.tif")
    assert everybody is not None and (everybody.sex, everybody.age) == ("t", None)
    for name in ("population.tif", "chn_f_61_2020.tif", "chn_x_60_2020.tif", "population_age_60_plus.tif"):
        assert parse(name) is None
    assert [ages_of(group) for group in ("total", "age_60_plus", "age_0_14", "jobs")] == [
        (0, None),
        (60, None),
        (0, 14),
        None,
    ]


def rasters(folder: Path, names: list[str], group: str) -> list[InputReport]:
    sources = [source(grid(folder / f"{name}.tif", [[1]]), group=group) for name in names]
    demand, reports = run(*sources, area=AREA)
    assert demand.weights[group].tolist() == [len(names)]
    for report in reports:  # one cell stands for a whole area here
        report.findings[:] = [finding for finding in report.findings if finding.code != "demand.raster_covers_part"]
    return reports


def test_files_that_make_up_a_group_are_no_matter(tmp_path: Path) -> None:
    ages = (60, 65, 70, 75, 80)
    whole = [f"chn_{sex}_{age}_2020" for sex in "fm" for age in ages]
    assert all(report.findings == [] for report in rasters(tmp_path, whole, "age_60_plus"))
    newer = [f"chn_t_{age}_2025_CN_100m_R2025A_v1" for age in (*ages, 85, 90)]
    assert all(report.findings == [] for report in rasters(tmp_path, newer, "age_60_plus"))
    young = [f"chn_t_{age:02d}_2025_CN_100m_R2025A_v1" for age in (0, 1, 5, 10)]
    assert all(report.findings == [] for report in rasters(tmp_path, young, "age_0_14"))


@pytest.mark.parametrize(
    ("names", "group", "code", "params"),
    [
        (["chn_t_60_2020", "chn_t_65_2020", "chn_t_75_2020", "chn_t_80_2020"], "age_60_plus", "worldpop_missing",
         {"count": 1, "listed": "t_70"}),
        (["chn_f_80_2020"], "age_80_plus", "worldpop_missing", {"count": 1, "listed": "m_80"}),
        (["chn_t_80_2025_CN_100m_R2025A_v1"], "age_80_plus", "worldpop_missing", {"count": 2, "listed": "t_85, t_90"}),
        (["chn_t_80_2020", "chn_t_75_2020"], "age_80_plus", "worldpop_other_age", {"age": 75}),
        (["chn_t_80_2020", "chn_f_80_2020"], "age_80_plus", "worldpop_twice", {"other": "chn_t_80_2020.tif"}),
        (["chn_f_80_2020", "chn_m_80_2019"], "age_80_plus", "worldpop_differs", {"other": "chn_f_80_2020.tif"}),
        (["chn_ppp_2020"], "age_60_plus", "worldpop_everybody", {"group": "age_60_plus"}),
        (["chn_t_80_2020"], "age_78_plus", "worldpop_splits_class", {"group": "age_78_plus"}),
    ],
)  # fmt: skip
def test_files_that_do_not(tmp_path: Path, names: list[str], group: str, code: str, params: dict[str, Any]) -> None:
    told = [said(report)[code] for report in rasters(tmp_path, names, group) if code in said(report)]
    assert len(told) == 1
    assert told[0].items() >= params.items()


# --- calibration ------------------------------------------------------------------------------------------------------

PEOPLE = st.integers(0, 10**9).map(lambda thousandths: thousandths / 1000)  # as many digits as a workbook keeps
TOWNS = ["甲镇", "乙镇", "丙镇", "丁镇"]


def calibrated(
    folder: Path, cells: Any, rows: list[list[Any]], columns: dict[str, str | None] | None = None, area: Any = AREA
) -> tuple[Demand, InputReport]:
    """Calibrate cells of 300 m: two columns are 甲 and 乙, the cells of the third are 丙 and 丁."""
    corners = [(0, 0, 300, 600), (300, 0, 600, 600), (600, 300, 900, 600), (600, 0, 900, 300)]
    shapes = [shapely.box(*box) for box in corners]
    towns = layer(folder / "towns.gpkg", shapes, name=TOWNS)
    reports: list[InputReport] = []
    census = Census(
        workbook(folder / "七普.xlsx", [["乡镇", "常住人口"], *rows]),
        columns or {"total": "常住人口"},
        CalibrateSection(source="七普.xlsx", zones=str(towns)),
    )
    demand = build(
        [source(grid(folder / "p.tif", cells))],
        area=area,
        census=census,
        report_for=lambda role, path: reports.append(InputReport(role, path.name)) or reports[-1],
    )
    for report in reports:
        for language in LANGUAGES:
            report.to_dict(language)
    return demand, next(report for report in reports if report.role == "calibrate")


def test_each_township_to_its_census(tmp_path: Path) -> None:
    #   cells | 10 | 20 | 30 |    甲 has 40 of the grid and 50 in the census: factor 1.25
    #         | 30 |  0 |  0 |    乙 20 and 70: 3.5, doubtful; 丙 30 and no row; 丁 nobody and 9
    rows = [["甲镇", 50], ["乙", 70], ["丁镇", 9], ["合计", 129]]
    demand, report = calibrated(tmp_path, [[10, 20, 30], [30, 0, 0]], rows)
    assert demand.weights["total"].tolist() == [12.5, 70, 30, 37.5]
    figures = report.figures["calibration"]["total"]
    assert (figures["people_before"], figures["people_after"]) == (90, 150)
    assert [(zone["zone"], zone["factor"]) for zone in figures["zones"]] == [("甲镇", 1.25), ("乙镇", 3.5)]
    told = said(report)
    assert told["calibration_doubtful"] == {"group": "total", "name": "乙镇", "factor": 3.5, "before": 20, "census": 70}
    assert told["not_calibrated"] == {"group": "total", "count": 1, "names": "丙镇", "people": 30}
    assert told["nobody_to_calibrate"] == {"group": "total", "name": "丁镇", "people": 9}
    assert demand.left_out.to_numpy().tolist() == [["total", 9, "nobody_to_calibrate", "七普.xlsx", 4]]
    assert (report.rows_read, report.rows_used) == (3, 3)


def test_a_township_cut_by_the_area_has_its_share_of_the_census(tmp_path: Path) -> None:
    # The area ends at x 450: half of 乙, whose one cell with its centre inside is at its western edge.
    rows = [["甲镇", 40], ["乙镇", 100]]
    demand, report = calibrated(tmp_path, [[10, 20, 0], [30, 5, 0]], rows, area=area_box(-10, -10, 455, 610))
    assert math.fsum(demand.weights["total"]) == pytest.approx(40 + 100 * 155 / 300, rel=1e-4)
    assert said(report)["calibration_cut"] == {"count": 1, "names": "乙镇"}


def test_estimates_are_scaled_with_their_group(tmp_path: Path) -> None:
    zones = JoinZones("z", ["甲镇"], [None], [None], shapely.from_wkb([AREA.geometry.wkb]))
    point = gpd.GeoDataFrame(geometry=[AREA.geometry_m.centroid] * 2, crs=AREA.crs)
    nobody = pd.DataFrame(columns=list(LEFT_OUT_COLUMNS))
    arrays = [{"total": np.array(numbers)} for numbers in ([10.0, 30.0], [5.0, 20.0], [20.0, 30.0])]
    census = Census(workbook(tmp_path / "c.xlsx", [["镇街", "人口"], ["甲镇", 60]]), {"total": None}, CENSUS)
    report = InputReport("calibrate", "c.xlsx")
    demand = Demand(point, arrays[0], nobody, arrays[1], arrays[2])
    found = calibrate(demand, census, zones=zones, area=AREA, report=report)
    assert [part["total"].tolist() for part in (found.weights, found.low, found.high)] == [
        [15, 45],
        [7.5, 30],
        [30, 45],
    ]
    assert demand.weights["total"].tolist() == [10, 30]
    with pytest.raises(InputError, match="registered"):
        kinds = {"total": "registered"}
        census = Census(workbook(tmp_path / "c.xlsx", [["镇街", "常住人口"], ["甲镇", 60]]), {"total": None}, CENSUS)
        calibrate(demand, census, zones=zones, area=AREA, report=report, kinds=kinds)  # type: ignore[arg-type]


def test_calibrations_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        calibrated(tmp_path, [[1]], [["甲镇", 1]], {"old": "常住人口"})
    assert (error.value.code, error.value.params["group"]) == ("demand.unknown_group", "old")
    with pytest.raises(InputError, match="no column"):
        calibrated(tmp_path, [[1]], [["甲镇", 1]], {"total": "七普"})


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(0.01, 1e4), min_size=6, max_size=6), st.lists(PEOPLE, min_size=4, max_size=4))
def test_calibrated_totals_are_the_census_to_the_last_bit(cells: list[float], census: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [[town, number] for town, number in zip(TOWNS, census, strict=True)]
        demand, _ = calibrated(Path(folder), np.reshape(cells, (2, 3)), rows)
    assert math.fsum(demand.weights["total"]) == math.fsum(census)
    x = demand.points.geometry.x - 500_000
    assert math.fsum(demand.weights["total"][x < 300]) == census[0]


# --- the project ------------------------------------------------------------------------------------------------------


ONE = '[[population]]\nsource = "a.csv"'
CALIBRATE = '[calibrate]\nsource = "c.xlsx"'


def changed(folder: Path, **sections: str) -> Path:
    """Write the small project with its first [[population]] replaced, and what else is given behind it."""
    path = write_project(folder)
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[[population]]"), text.index("[centres]")
    text = text[:start] + sections["population"] + "\n" + text[end:] + "\n" + sections.get("more", "")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("population", "code"),
    [
        ('[[population]]\nsource = ""\nplace = "buildings"', "place_without_buildings"),
        ('[[population]]\nsource = "a.csv"\nzones = "z.gpkg"', "zones_without_join"),
        ("[[population]]\nsource = []", "bad_files"),
        ("[[population]]\nsource = 3", "bad_files"),
        ('[[population]]\nsource = "a.csv"\nlow = ["a", "b"]', "several_columns"),
        ('[[population]]\nsource = "a.csv"\nplace = "roof"', "literal_error"),
        (f'{ONE}\nkind = "resident"\n{ONE}\nkind = "registered"', "two_kinds"),
        (f'{ONE}\nlow = "l"\n{ONE}', "range_in_part"),
        (f'{ONE}\n{CALIBRATE}\ncolumn = "a"\ncolumns = {{ total = "b" }}', "column_and_columns"),
        (f'{ONE}\n{CALIBRATE}\ncolumns = {{ old = "b" }}', "unknown_calibrated"),
    ],
)  # fmt: skip
def test_faults_of_the_sections(tmp_path: Path, population: str, code: str) -> None:
    with pytest.raises(ProjectError) as error:
        load(changed(tmp_path / "p", population=population))
    faults = error.value.params["faults"]
    assert [fault.code for fault in faults] == [f"project.{code}"]
    for language in LANGUAGES:
        assert str(tmp_path) in error.value.message(language)


def test_every_file_of_the_sections_is_an_input(tmp_path: Path) -> None:
    population = (
        '[[population]]\nsource = "chn_t_6*.tif"\nhigh = "high.tif"\nbuildings = "b.gpkg"\n'
        '[[population]]\nsource = ["a.csv", "none_*.csv"]\ngroup = "jobs"\njoin = "code"\nzones = "z.gpkg"\n'
        '[calibrate]\nsource = "c.xlsx"\nzones = "t.gpkg"\n'
    )
    path = changed(tmp_path / "p", population=population)
    for age in (65, 60):
        (tmp_path / "p" / f"chn_t_{age}_2020.tif").touch()
    named = {key: found.name for key, found in load(path).sources.items() if key.startswith(("pop", "cal"))}
    assert named == {
        "population[0].source[0]": "chn_t_60_2020.tif",
        "population[0].source[1]": "chn_t_65_2020.tif",
        "population[0].high": "high.tif",
        "population[0].buildings": "b.gpkg",
        "population[1].source[0]": "a.csv",
        "population[1].source[1]": "none_*.csv",
        "population[1].zones": "z.gpkg",
        "calibrate.source": "c.xlsx",
        "calibrate.zones": "t.gpkg",
    }


def test_a_project_of_a_census_on_its_zones(tmp_path: Path) -> None:
    # Two townships, 西镇 with 300 people and 东镇 with 500; the street runs through both, people stand along it.
    folder = tmp_path / "p"
    path = changed(
        folder,
        population='[[population]]\nsource = "census.xlsx"\njoin = "name"\nkind = "resident"',
        more='[calibrate]\nsource = "七普.xlsx"\n',
    )
    workbook(folder / "census.xlsx", [["镇街", "常住人口", "户籍人口"], ["西镇", 300, 1], ["东", 500, 2]])
    workbook(folder / "七普.xlsx", [["镇街", "常住人口"], ["西镇", 600], ["东镇", 250]])
    found = run_project(load(path))
    assert found.summary["population"] == {"total": pytest.approx(850, abs=0.01)}
    zones = found.tables.zones
    assert zones is not None
    assert zones["population_total"].tolist() == pytest.approx([600, 250], abs=0.01)
    reports = {report.role: report for report in found.inputs.reports}
    assert reports["population"].figures["people_at_streets"] == pytest.approx(800, abs=0.1)
    assert reports["calibrate"].figures["calibration"]["total"]["zones"][0]["factor"] == pytest.approx(2, abs=1e-4)
    assert found.tables.demand["snap_m"].max() < 0.01


@pytest.mark.parametrize("language", LANGUAGES)
def test_check_tells_of_every_file(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "p"
    population = '[[population]]\nsource = "census.xlsx"\njoin = "name"\nzones = "zones.geojson"\nbuildings = "b.gpkg"'
    path = changed(folder, population=population, more='[calibrate]\nsource = "census.xlsx"\n')
    path.write_text(path.read_text(encoding="utf-8").replace('"en"', f'"{language}"'), encoding="utf-8")
    workbook(folder / "census.xlsx", [["镇街", "常住人口"], ["西镇", 300], ["东", 500]])
    houses = [shapely.box(EAST + x, NORTH, EAST + x + 10, NORTH + 10) for x in (100, 3900)]
    gpd.GeoDataFrame({"层数": [1, 6]}, geometry=houses, crs=CRS).to_file(folder / "b.gpkg")
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 0, result.output
    for file in ("census.xlsx", "zones.geojson", "b.gpkg"):
        assert file in result.output
