"""Sheets, layers, encodings and what a workbook hides: nothing is added up, dropped or passed over in silence."""

import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment

from planner.errors import InputError, ProjectError
from planner.findings import InputReport
from planner.project import load
from planner.tables import read_table, read_vector

HEAD = ["name", "population"]


def found(report):
    return [(f.code.removeprefix("tables."), f.action, f.row) for f in report.findings]


def opened(path, **options):
    report = InputReport("population", path.name)
    return read_table(path, report=report, **options), report


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_the_same_places_on_two_sheets_are_doubted_and_a_key_chooses(tmp_path):
    years = {
        f"y{year}": [HEAD, *([f"Z{at}", base * at] for at in (1, 2, 3))] for year, base in ((2010, 100), (2020, 120))
    }
    path = workbook(tmp_path / "p.xlsx", **years)
    frame, report = opened(path)
    assert len(frame) == 6 and ("same_on_sheets", "doubtful", None) in found(report)
    frame, report = opened(path, sheet="y2020")
    assert frame["population"].tolist() == [120, 240, 360] and found(report) == []
    with pytest.raises(InputError) as caught:
        opened(path, sheet="y2030")
    assert caught.value.code == "tables.unknown_sheet"


def test_sheets_of_different_places_are_one_table(tmp_path):
    path = workbook(tmp_path / "p.xlsx", a=[HEAD, ["A", 1], ["B", 2]], b=[HEAD, ["C", 3], ["D", 4]])
    frame, report = opened(path)
    assert len(frame) == 4 and found(report) == [("sheets_joined", "note", None)]


def test_another_table_of_the_workbook_is_doubted(tmp_path):
    path = workbook(tmp_path / "p.xlsx", a=[["name", "lon", "lat"], ["A", 118, 25]], b=[["name", "cost"], ["B", 5]])
    assert ("other_sheets", "doubtful", None) in found(opened(path)[1])


def test_hidden_rows_sheets_and_comments_are_said(tmp_path):
    path = workbook(tmp_path / "p.xlsx", a=[HEAD, ["A", 1], ["B", 2]], lists=[["x"], ["y"]])
    book = openpyxl.load_workbook(path)
    book["lists"].sheet_state = "hidden"
    book["a"].row_dimensions[3].hidden = True
    book["a"]["A2"].comment = Comment("已拆除", "me")
    book.save(path)
    frame, report = opened(path)
    assert len(frame) == 2
    assert found(report) == [
        ("hidden_sheets", "note", None), ("hidden_rows", "doubtful", None), ("cell_comment", "doubtful", 2),
    ]  # fmt: skip
    assert "已拆除" in report.findings[2].to_dict("zh")["message"]


def kml(path, *folders):
    place = "<Placemark><name>{}</name><Point><coordinates>{},{}</coordinates></Point></Placemark>"
    inside = "".join(
        f"<Folder><name>{title}</name>{''.join(place.format(*point) for point in points)}</Folder>"
        for title, points in folders
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>d</name>'
        f"{inside}</Document></kml>",
        encoding="utf-8",
    )
    return path


def test_the_folders_of_a_kml_are_one_layer_and_a_key_chooses(tmp_path):
    path = kml(tmp_path / "c.kml", ("Schools", [("A", 118, 25), ("B", 118.1, 25)]), ("Clinics", [("C", 118.2, 25)]))
    report = InputReport("centres", path.name)
    assert len(read_vector(path, report=report)) == 3 and found(report) == [("layers_joined", "note", None)]
    report = InputReport("centres", path.name)
    assert read_vector(path, report=report, layer="Clinics")["Name"].tolist() == ["C"] and found(report) == []
    with pytest.raises(InputError) as caught:
        read_vector(path, report=report, layer="Clinic")
    assert caught.value.code == "tables.unknown_layer" and caught.value.params["near"] == "Clinics"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("big5", "臺北市衛生所"),
        ("shift_jis", "東京図書館センター"),
        ("cp1251", "Школа №1"),
        ("koi8-r", "Школа"),
    ],
)
def test_text_in_an_encoding_that_is_not_guessed_is_doubted_and_read_where_declared(tmp_path, encoding, name):
    path = tmp_path / "t.csv"
    path.write_bytes(f"id,name\n1,{name}\n".encode(encoding))
    frame, report = opened(path)
    assert frame["name"].tolist() == [name] or found(report) == [("encoding_doubtful", "doubtful", None)]
    frame, report = opened(path, encoding=encoding)
    assert frame["name"].tolist() == [name] and found(report) == []


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "名称,备注\n栎峒闲置厂房,■可用 α楼\n麂岔供销社,二层\n"),
        ("cp1252", "name,note\nÉcole Forêt,São João\n"),
        ("utf-8", "name,x\nｾﾝﾀｰ,Школа\n"),
    ],
)
def test_honest_text_is_not_doubted(tmp_path, encoding, text):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    _, report = opened(path)
    assert found(report) == [] and report.figures["encoding"] == encoding


def test_lost_letters_are_doubted(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,x\n东\ue5e5小学,1\n", encoding="utf-8")
    (finding,) = opened(path)[1].findings
    assert finding.code == "tables.encoding_doubtful"


def test_an_unknown_encoding_in_the_project_file_is_named(tmp_path):
    (tmp_path / "project.toml").write_text(
        '[project]\nname = "x"\n[area]\nboundary = "a"\n[streets]\nsource = "s"\n[[population]]\nsource = "p.csv"\n'
        'encoding = "big55"\n[centres]\nsource = "c.csv"\nsheet = "1"\nlayer = "2"\nencoding = "big5"\n',
        encoding="utf-8",
    )
    with pytest.raises(ProjectError) as caught:
        load(tmp_path)
    assert "big55" in str(caught.value.params["faults"]) or "big55" in str(caught.value)


@pytest.mark.parametrize("name", ["root", "backslash"])
def test_workbooks_of_unusual_make_are_read(tmp_path, name):
    def renamed(member):
        if name == "backslash":
            return member.replace("/", "\\")
        return member.replace("xl/worksheets/", "").replace("xl/_rels", "_rels").replace("xl/", "")

    plain = workbook(tmp_path / "plain.xlsx", a=[HEAD, ["A", 1], ["B", 2]])
    path = tmp_path / f"{name}.xlsx"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if name == "root":
                data = data.replace(b"xl/worksheets/", b"").replace(b"/xl/", b"/").replace(b"xl/workbook", b"workbook")
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = renamed(item.filename), zipfile.ZIP_DEFLATED
            target.writestr(info, data)
    frame, _ = opened(path)
    assert frame["population"].tolist() == [1, 2]
