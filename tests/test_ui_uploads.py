"""Uploads: kept apart, refused where they are too much, checked at once, and put in the place of a project's own files."""

import gc
import pickle
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box
from small_project import CRS, EAST, NORTH, degrees, write_project, write_table

from planner.errors import InputError, PlannerError
from planner.inputs.read import read_inputs
from planner.project import Project, load
from planner.session import uploads
from planner.session.drafts import draft_of
from planner.session.input_check import check, check_upload
from planner.session.uploads import SessionFiles, safe_name


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return load(write_project(tmp_path / "street"))


@pytest.fixture
def files() -> SessionFiles:
    return SessionFiles()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def bad_sheet() -> bytes:
    """Return candidates as a county sends them, in GBK: of four rows one is well, one far off, one blank, one turned round."""
    lon, lat = degrees(1500)
    rows = [
        "编号,名称,状态,改造费用（元）,经度,纬度",
        f"甲,供销社,备选,30000,{lon},{lat}",
        f"乙,旧小学,待定,三万,{lon + 3},{lat}",
    ]
    return "\r\n".join([*rows, "丙,古大厝,备选,20000,,", f"丁,危房,备选,1000,{lat},{lon}", ""]).encode("gbk")


# ---- keeping ------------------------------------------------------------------------------------------------------------


def test_two_sessions_do_not_see_each_other_s_files(files: SessionFiles) -> None:
    other = SessionFiles()
    mine, theirs = files.keep("centres", "a.csv", b"1"), other.keep("centres", "a.csv", b"2")
    assert (mine.read_bytes(), theirs.read_bytes()) == (b"1", b"2")
    assert not theirs.is_relative_to(files.folder) and not mine.is_relative_to(other.folder)
    assert files.keep("candidates", "a.csv", b"3") != mine and mine.read_bytes() == b"1"
    folder = other.folder
    del other
    gc.collect()
    assert not folder.exists() and mine.exists(), "a session's files go with it, and only its own"


def test_too_much_is_refused(files: SessionFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_MB", 1)
    monkeypatch.setattr(uploads, "_MOST_MB_KEPT", 2)
    with pytest.raises(InputError, match=r"large\.csv is too large: 1 MB, at most 1 MB"):
        files.keep("centres", "large.csv", bytes(2**20 + 1))
    for number in (1, 2):
        files.keep("centres", f"{number}.csv", bytes(2**20))
    with pytest.raises(InputError, match="one too many"):
        files.keep("centres", "3.csv", b"1")
    for name, content in (("program.exe", b"MZ"), ("world.vrt", b"<VRTDataset/>"), ("empty.csv", b"")):
        with pytest.raises(InputError):
            SessionFiles().keep("population", name, content)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.csv", "passwd.csv"), ("C:\\x\\备选.xlsx", "备选.xlsx"), ("a\0b\n.csv", "a_b_.csv"), ("...", "_"),
        ("", "_"), ("CON.csv", "_CON.csv"), ('<img src=x onerror="a">.csv', "_img src=x onerror=_a__.csv"),
        ("*[x]?.csv", "__x__.csv"), ("x" * 100 + ".osm.pbf", "x" * 72 + ".osm.pbf"),
    ],
)  # fmt: skip
def test_names_lead_nowhere(name: str, safe: str) -> None:
    assert safe_name(name) == safe


# ---- checking -----------------------------------------------------------------------------------------------------------


def test_a_gbk_sheet_with_errors_is_read_row_by_row(project: Project, files: SessionFiles) -> None:
    file = files.keep("candidates", "备选.csv", bad_sheet())
    draft = draft_of(project, {"candidates": file}, files.folder)
    (report,) = check_upload(draft, "candidates", file)
    assert (report.file, report.rows_read) == ("备选.csv", 4)
    assert (report.rows_used, report.figures["encoding"]) == (3, "gb18030")
    assert sorted((finding.row, finding.code, finding.action) for finding in report.findings) == [
        (3, "tables.bad_amount", "doubtful"),
        (3, "tables.unknown_status", "doubtful"),
        (4, "register.no_position", "doubtful"),
        (5, "tables.turned", "repaired"),
    ]
    assert any("待定" in finding["message"] and finding["remedy"] for finding in report.to_dict("zh")["findings"])
    (whole,) = (each for each in check(draft)["zh"]["inputs"] if each["role"] == "candidates")
    fates = ("used", "repaired", "doubtful", "dropped", "waiting")
    assert whole["rows_read"] == sum(whole[f"rows_{fate}"] for fate in fates) == 4
    assert whole["rows_dropped"] == 1, "the row far off shows beside the area"


def test_what_cannot_be_read_is_refused_by_its_reader(project: Project, files: SessionFiles, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(600):
            member.write(bytes(2**20))
    for name, content in (
        ("bomb.zip", bomb.read_bytes()),
        ("x.xlsx", b"PK\x03\x04 not"),
        ("x.csv", b"\x89PNG\r\n\x1a\n"),
    ):
        file = files.keep("candidates", name, content)
        with pytest.raises(InputError, match=name):
            check_upload(draft_of(project, {"candidates": file}, files.folder), "candidates", file)


def test_every_role_is_checked_as_a_run_reads_it(project: Project, files: SessionFiles) -> None:
    folder = project.folder
    (folder / "corrections.csv").write_text("id,field,old,new\nA,shape,a,b\nB,name,旧小学 B,乙\n", encoding="utf-8")
    named = {
        "candidates": "candidates.csv",
        "centres": "centres.csv",
        "population": "people.csv",
        "zones": "zones.geojson",
    }
    named |= {
        "boundary": "area.geojson",
        "streets": "streets.osm",
        "corrections": "corrections.csv",
        "villages": "zones.geojson",
    }
    assert named.keys() == uploads.SUFFIXES.keys()
    for role, name in named.items():
        file = files.keep(role, name, (folder / name).read_bytes())
        reports = check_upload(draft_of(project, {role: file}, files.folder), role, file)
        assert reports and {report.file for report in reports} == {name}, role
        assert role == "boundary" or reports[0].rows_read > 0, role
    (wrong,) = (files.keep("zones", "people.geojson", (folder / "area.geojson").read_bytes()),)
    with pytest.raises(PlannerError, match=r"people\.geojson"):
        check_upload(draft_of(project, {"zones": wrong}, files.folder), "zones", wrong)


# ---- drafts -------------------------------------------------------------------------------------------------------------


def test_a_draft_changes_nothing_of_the_original_and_builds_no_network(project: Project, files: SessionFiles) -> None:
    read_inputs(project, progress=lambda step: None)
    before = contents(project.folder)
    sheet = files.folder / "more.csv"
    write_table(sheet, {"编号": ["N"], "名称": ["新"], "at": [3000]})
    draft = draft_of(project, {}, files.folder, added={"candidates": [sheet]})
    found = read_inputs(pickle.loads(pickle.dumps(draft)), progress=lambda step: None)
    assert list(found.facilities["id"])[-5:] == ["A", "B", "D", "E", "N"]
    assert contents(project.folder) == before
    assert load(project.path) == project
    only = draft_of(project, {"candidates": sheet}, files.folder)
    assert [path.name for path in only.facility_files("candidates")] == ["more.csv"]
    assert [only.sources[key] for key in ("area.boundary", "centres.source")] == [
        project.folder / "area.geojson",
        project.folder / "centres.csv",
    ]


def test_corrections_of_a_draft_are_its_own(project: Project, files: SessionFiles) -> None:
    (project.folder / "corrections.csv").write_text("id,field,old,new\n", encoding="utf-8")
    draft = draft_of(project, {}, files.folder)
    own = draft.resolve(draft.settings.register_.corrections)
    assert own.parent == files.folder and own.read_text(encoding="utf-8") == "id,field,old,new\n"
    own.write_text("id,field,old,new\nA,name,供销社 A,甲\n", encoding="utf-8")
    assert draft_of(project, {}, files.folder) == draft and "甲" in own.read_text(encoding="utf-8")


def test_people_take_the_place_of_the_file_that_the_groups_share(project: Project, files: SessionFiles) -> None:
    people = files.keep("population", "people.csv", (project.folder / "people.csv").read_bytes())
    raster = files.keep("population", "people.tif", b"II*\0")
    same = draft_of(project, {"population": people}, files.folder).settings.population
    assert [(each.source, each.column, each.group) for each in same] == [
        (str(people), "people", "total"),
        (str(people), "old", "age_60_plus"),
    ]
    other = draft_of(project, {"population": raster}, files.folder).settings.population
    assert [(each.source, each.column, each.group) for each in other] == [(str(raster), None, "total")]
    more = draft_of(project, {}, files.folder, added={"population": [raster]}).settings.population
    assert [each.source for each in more] == ["people.csv", "people.csv", str(raster)]


def test_zones_boundary_and_streets_take_the_place_of_what_there_was(project: Project, files: SessionFiles) -> None:
    west = gpd.GeoDataFrame(
        {"name": ["西半"]}, geometry=[box(EAST - 200, NORTH - 500, EAST + 2250, NORTH + 3500)], crs=CRS
    )
    layer = files.keep("zones", "west.geojson", west.to_crs(4326).to_json().encode())
    streets = files.keep("streets", "streets.osm", (project.folder / "streets.osm").read_bytes())
    draft = draft_of(project, {"zones": layer, "boundary": layer, "streets": streets}, files.folder)
    inputs = read_inputs(draft, progress=lambda step: None)
    assert inputs.zones is not None and list(inputs.zones["zone"]) == ["西半"]
    assert inputs.demand.weights["total"].sum() == 100 + 200 + 300 + 50 + 25
    assert {report.role: report.file for report in inputs.reports}["area"] == "west.geojson"


def test_reports_come_back_from_a_worker_in_both_languages(project: Project) -> None:
    found = pickle.loads(pickle.dumps(check(project)))
    assert {role["role"] for role in found["en"]["inputs"]} >= {
        "area",
        "streets",
        "population",
        "centres",
        "candidates",
    }
    assert found["zh"]["inputs"][0]["file"] == "area.geojson" and found["zh"]["unreached"]["people"] == 50 + 25
