"""The step Data on a small page: what was read, uploads checked and used, rows without a place put on the map."""

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from pages import html_of, run
from small_project import degrees, write_project
from streamlit.testing.v1 import AppTest
from test_ui_uploads import bad_sheet

from planner.errors import InputError
from planner.inputs.read import read_inputs
from planner.project import load
from planner.session.input_check import check
from planner.session.unplaced import move, unplaced_rows
from planner.ui.panels.findings_html import MOST_SHOWN, findings_html, findings_list
from planner.ui.panels.findings_tables import findings_table, findings_workbook
from planner.ui.words import Words

CANDIDATES = """编号,名称,乡镇,状态,经度,纬度
A,供销社 A,西镇,备选,{0},{1}
N,<img src=x onerror=alert(1)>,东镇,备选,,
M,=1+1,南镇,备选,,
"""
START_N, START_M = (118.02, 25.0), (118.01, 25.0)


def page_of(folder: str, language: str, event: tuple | None = None) -> None:
    """Run the step alone, its inputs read whenever they changed."""
    from pathlib import Path
    from types import SimpleNamespace

    import streamlit as st

    from planner.errors import PlannerError
    from planner.inputs.read import read_inputs
    from planner.project import load
    from planner.session.map_events import Event
    from planner.session.open_project import Opened
    from planner.session.session_uploads import SessionUploads
    from planner.session.workspace import Workspace
    from planner.ui.steps import data as step_data
    from planner.ui.words import Words

    st.session_state.setdefault("reads", 0)
    project = load(Path(folder).parent / st.query_params.get("project", Path(folder).name))
    uploads = st.session_state.setdefault("uploads", SessionUploads())
    opened = uploads.put_in(Opened(project, project.folder / "out"))
    mark = str(opened.out)
    if st.session_state.get("read", ("",))[0] != mark:
        st.session_state["reads"] += 1
        try:
            inputs, fault = read_inputs(opened.project, progress=lambda step: None), None
        except PlannerError as found:
            inputs, fault = None, found
        st.session_state["read"] = (mark, SimpleNamespace(inputs=inputs, fault=fault))
    read, workspace = st.session_state["read"][1], Workspace(Path(folder).parent)
    step = step_data.DataStep(
        opened.project, workspace, uploads, read.inputs, read.fault, lambda: st.session_state.pop("read")
    )
    happened = None if event is None else Event(kind=event[0], id=event[1], at=event[2])
    st.session_state["changing"] = step_data.show(step, happened, Words(language))
    step_data.below(step, Words(language))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    file = write_project(tmp_path / "space" / "street")
    text = CANDIDATES.format(*degrees(1500))
    (file.parent / "candidates.csv").write_text(text, encoding="gb18030")
    return file.parent


def open_step(project: Path, language: str = "en", event: tuple | None = None) -> AppTest:
    return run(AppTest.from_function(page_of, args=(str(project), language, event)))


# ---- what was read ------------------------------------------------------------------------------------------------------


def findings_of(page: AppTest) -> list[list[str]]:
    """Return the cells of the table of findings, its header first."""
    (table,) = (body for body in html_of(page).split("<table>")[1:])
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in table.split("<tr>")[1:]]


def test_inputs_and_findings_are_listed_and_filtered(project: Path) -> None:
    page = open_step(project)
    (inputs,) = (frame.value for frame in page.dataframe)
    assert list(inputs["role"]) == ["Area", "Zones", "Streets", "People", "People", "Centres", "Candidate sites"]
    assert inputs.iloc[-1][["file", "read", "used"]].tolist() == ["candidates.csv", 3, 1]
    head, *findings = findings_of(page)
    assert head == ["Severity", "Input", "File", "Row", "What was found", "What to do"]
    assert {finding[0] for finding in findings} == {'<b class="doubtful">doubtful</b>'}, "notes are not shown at first"
    assert [finding[2:4] for finding in findings if finding[3]] == [["candidates.csv", "3"], ["candidates.csv", "4"]]
    page.multiselect[0].select("population")
    _, *people = findings_of(run(page))
    assert {finding[1] for finding in people} == {"People"} and 0 < len(people) < len(findings)


def test_the_language_is_another_one_throughout(project: Path) -> None:
    page = open_step(project, "zh")
    assert list(page.dataframe[0].value["role"])[:3] == ["规划范围", "分区", "路网"]
    assert findings_of(page)[0] == ["程度", "数据", "文件", "行", "问题", "处理办法"]
    assert page.button(key="data-check-again").label == "重新核查"


def test_findings_show_what_files_say_and_do_nothing_else() -> None:
    hostile = "</td><script>alert(`${1}`)</script>"
    said = {"severity": "dropped", "role": "centres", "file": hostile, "sheet": hostile, "row": 7, "message": hostile}
    table = pd.DataFrame([{**said, "remedy": hostile}] * (MOST_SHOWN + 5))
    for text in (findings_html(table, Words("zh")), findings_list(table, Words("en"))):
        assert "script>" not in text.replace("&lt;script&gt;", "").replace("&lt;/script&gt;", "")
        assert "alert" in text
    assert "另有 5 条" in findings_html(table, Words("zh"))


def test_findings_leave_as_a_workbook_without_formulas(project: Path) -> None:
    table = findings_table(check(load(project))["en"])
    table.loc[0, "message"] = "=cmd|' /C calc'!A0"
    sheet = openpyxl.load_workbook(io.BytesIO(findings_workbook(table, Words("en")))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Severity", "Input", "File", "Row", "What was found", "What to do"]
    assert sheet.max_row == len(table) + 1 and sheet["E2"].value == "=cmd|' /C calc'!A0"
    assert "f" not in {cell.data_type for row in sheet for cell in row}


def test_inputs_that_cannot_be_read_are_said_and_can_be_read_again(project: Path) -> None:
    well = (project / "candidates.csv").read_bytes()
    (project / "candidates.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    page = open_step(project)
    assert "candidates.csv" in html_of(page) and not page.dataframe
    (project / "candidates.csv").write_bytes(well)
    run(page)
    assert not page.dataframe, "not before somebody asks"
    page.button(key="data-check-again").click()
    assert run(page).dataframe[0].value.iloc[-1]["read"] == 3


# ---- rows without a place -----------------------------------------------------------------------------------------------


def test_a_row_without_a_place_becomes_a_pin_is_moved_and_counts_from_then_on(project: Path) -> None:
    page = open_step(project)
    assert page.session_state["changing"].layers["unplaced"] == []
    assert [each["id"] for each in page.session_state["changing"].layers["candidates"]] == ["A"]
    rows = page.selectbox(key="data-unplaced-en")
    assert rows.options == [
        "<img src=x onerror=alert(1)> · 东镇 · candidates.csv, row 3",
        "=1+1 · 南镇 · candidates.csv, row 4",
    ]
    rows.select("N")
    page.text_input(key="data-who").input("王工")
    (pin,) = run(page).session_state["changing"].layers["unplaced"]
    assert pin["id"] == "N" and pin["name"] == "<img src=x onerror=alert(1)>"
    assert degrees(2250)[0] < pin["at"][0] < degrees(4200)[0], "it starts inside its township"

    inputs = page.session_state["read"][1].inputs
    move(inputs, "N", degrees(3000), who="王工", why="")
    move(inputs, "N", degrees(3500), who="王工", why="再移")
    page.selectbox(key="data-unplaced-en").select(None)
    (pin,) = run(page).session_state["changing"].layers["unplaced"]
    assert pin["at"] == pytest.approx(degrees(3500), abs=1e-6) and page.info
    page.button(key="data-check-again").click()
    assert run(page).session_state["reads"] == 2
    assert page.session_state["changing"].layers["unplaced"] == []
    assert [each["id"] for each in page.session_state["changing"].layers["candidates"]] == ["A", "N"]
    again = read_inputs(load(project), progress=lambda step: None)
    (placed,) = again.facilities[(again.facilities["id"] == "N").to_numpy()].geometry
    assert (placed.x, placed.y) == pytest.approx(degrees(3500), abs=1e-6)
    assert [row.id for row in unplaced_rows(again)] == ["M"]
    assert not [report for report in again.reports if report.role == "corrections" and report.count("doubtful")]


def test_a_pin_dropped_on_the_map_is_written_down_with_who_and_why(project: Path) -> None:
    place = degrees(2500)
    page = open_step(project, "zh", ("move", "M", place))
    lines = list(csv.DictReader(io.StringIO((project / "corrections.csv").read_text(encoding="utf-8-sig"))))
    assert [(line["id"], line["field"], line["old"], line["why"]) for line in lines] == [
        ("M", "longitude", "", "地图上移动"),
        ("M", "latitude", "", "地图上移动"),
    ]
    assert [float(line["new"]) for line in lines] == pytest.approx(place, abs=1e-6)
    assert page.session_state["changing"].layers["unplaced"][0]["id"] == "M"


def test_a_row_of_no_known_township_starts_in_the_area_and_odd_moves_are_refused(project: Path) -> None:
    inputs = read_inputs(load(project), progress=lambda step: None)
    (start,) = (row.at for row in unplaced_rows(inputs) if row.id == "M")
    assert degrees(-200)[0] < start[0] < degrees(4200)[0]
    for id, at in (("gone", degrees(0)), ("M", (float("nan"), 0.0)), ("M", (118.0, 91.0))):
        with pytest.raises(InputError):
            move(inputs, id, at, who="", why="")
    assert not (project / "corrections.csv").exists()


# ---- uploads ------------------------------------------------------------------------------------------------------------


def test_a_gbk_sheet_with_errors_is_checked_used_and_taken_back(project: Path) -> None:
    page, before = open_step(project, "zh"), (project / "candidates.csv").read_bytes()
    page.file_uploader[0].set_value(("备选<b>.csv", bad_sheet(), "text/csv"))
    text = html_of(run(page))
    assert (
        "备选_b_.csv：读取 4 行，其中直接采用 0，修正后采用 1，存疑 2，剔除 1，待定位 0" in text
        and "第 5 行：" in text
        and "待定" in text
    )
    page.button(key="data-use").click()
    inputs = run(page).dataframe[0].value
    assert inputs.iloc[-1][["file", "read", "used", "dropped"]].tolist() == ["备选_b_.csv", 4, 1, 1]
    assert [each["id"] for each in page.session_state["changing"].layers["candidates"]] == ["甲", "乙", "丁"]
    assert page.selectbox(key="data-unplaced-zh").options == ["古大厝 · 备选_b_.csv 第 4 行"]
    (back,) = [button for button in page.button if button.label == "撤回"]
    back.click()
    assert run(page).dataframe[0].value.iloc[-1]["file"] == "candidates.csv"
    assert (project / "candidates.csv").read_bytes() == before


def test_an_upload_that_cannot_be_read_cannot_be_used(project: Path) -> None:
    page = open_step(project)
    page.file_uploader[0].set_value(("x.csv", "名称,地址\n旧小学,某处\n".encode("gbk"), "text/csv"))
    assert "planner-notice fault" in html_of(run(page)) and "x.csv" in html_of(page)
    assert page.button(key="data-use").disabled


def test_two_sessions_use_uploads_of_their_own(project: Path) -> None:
    first, second = open_step(project), open_step(project)
    first.file_uploader[0].set_value(("mine.csv", bad_sheet(), "text/csv"))
    run(first).button(key="data-use").click()
    assert run(first).dataframe[0].value.iloc[-1]["file"] == "mine.csv"
    assert run(second).dataframe[0].value.iloc[-1]["file"] == "candidates.csv"
    assert "mine.csv" not in html_of(second)


def test_a_draft_is_saved_as_a_project_and_opened(project: Path) -> None:
    page = open_step(project)
    page.segmented_control(key="data-way-en").set_value("add")
    run(page).file_uploader[0].set_value(("more.csv", bad_sheet(), "text/csv"))
    run(page).button(key="data-use").click()
    run(page).text_input(key="data-save-name-en").input("../x")
    page.button[-1].click()
    assert "cannot be the name" in html_of(run(page))
    page.text_input(key="data-save-name-en").input("saved")
    next(button for button in page.button if button.label == "Save").click()
    assert "more.csv" in list(run(page).dataframe[0].value["file"]) and page.query_params["project"] == "saved"
    saved = load(project.parent / "saved")
    assert [path.name for path in saved.facility_files("candidates")] == ["candidates.csv", "more.csv"]
    json.dumps(check(saved))
