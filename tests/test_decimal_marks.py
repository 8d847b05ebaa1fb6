"""The decimal mark is a column's or a file's matter; amounts that no building has, or nobody knows yet, are doubted by row."""

import numpy as np
import pytest

from planner.findings import InputReport
from planner.tables import read_facilities, read_table
from planner.tables.decimal_marks import report_marks
from planner.tables.values import as_numbers


def read(tmp_path, text, header="people"):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    report = InputReport("population", path.name)
    frame = read_table(path, report=report)
    mark = report_marks(frame, header, report=report)
    return as_numbers(frame[header], mark=mark).values.tolist(), [(f.code, f.action) for f in report.findings]


COMMA = ("tables.decimal_comma", "note")
UNCLEAR = ("tables.decimal_mark_unclear", "doubtful")
MIXED = ("tables.decimal_marks_mixed", "doubtful")


@pytest.mark.parametrize(
    ("cells", "values", "found"),
    [
        (["123,456", "87,5", "1234,25"], [123.456, 87.5, 1234.25], [COMMA]),
        (["1.234.567", "12.345", "987"], [1234567, 12345, 987], [COMMA]),
        (["1.234,5", "12.345"], [1234.5, 12345], [COMMA]),
        (["0,250", "1,500"], [0.25, 1.5], [COMMA]),
        (["1 234", "12 345", "2 500"], [1234, 12345, 2500], []),
        (["1\u00a0234,5", "12\u202f345"], [1234.5, 12345], [COMMA]),
        (["1'234.5", "12'345"], [1234.5, 12345], []),
        (["1,234.5", "12,345"], [1234.5, 12345], []),
        (["1,234,567", "12,345"], [1234567, 12345], []),
        (["123,456", "98,125"], [123456, 98125], [UNCLEAR]),
        (["1.234", "12.345", "987"], [1.234, 12.345, 987], [UNCLEAR]),
        (["87.5", "12.25"], [87.5, 12.25], []),
        (["87,5", "12.25", "3"], [np.nan, 12.25, 3], [MIXED]),
    ],
)
def test_one_mark_for_a_column(tmp_path, cells, values, found):
    came, findings = read(tmp_path, "name;people\n" + "".join(f"n;{cell}\n" for cell in cells))
    np.testing.assert_allclose(came, values)
    assert findings == found


def test_another_column_of_the_file_settles_it(tmp_path):
    rows = [("12.345", "118,386512"), ("1.500", "118,4")]
    values, findings = read(tmp_path, "people;longitude\n" + "".join(f"{p};{x}\n" for p, x in rows))
    assert values == [12345, 1500] and findings == [COMMA]
    rows = [("12.345", "118.386512"), ("1.500", "118.4")]
    values, findings = read(tmp_path, "people;longitude\n" + "".join(f"{p};{x}\n" for p, x in rows))
    assert values == [12.345, 1.5] and findings == []


def test_thousands_between_commas_are_thousands(tmp_path):
    values, findings = read(tmp_path, 'name,people\nn,"1,200"\nm,"12,345"\n')
    assert values == [1200, 12345] and findings == []


def test_coordinates_with_a_decimal_comma(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("name;longitude;latitude\na;118,386512;24,961234\nb;118,4;24,9\n", encoding="utf-8")
    read = read_facilities(path, role="centres", datum="WGS-84", report=InputReport("centres", path.name))
    assert [(p.x, p.y) for p in read.points.geometry] == [(118.386512, 24.961234), (118.4, 24.9)]


def test_amounts_that_no_building_has_are_doubted_by_row(tmp_path):
    path = tmp_path / "sites.csv"
    rows = ["a,620,359000", "b,1e9,20", "c,300,待定", "d,300,0.0001", "e,300,35", "f,,5", "g,0,0"]
    path.write_text(
        "名称,建筑面积,改造费用（万元）,经度,纬度\n"
        + "".join(f"{row},118.386512,24.96123{at}\n" for at, row in enumerate(rows)),
        encoding="utf-8",
    )
    report = InputReport("candidates", path.name)
    read_facilities(path, role="candidates", datum="WGS-84", report=report)
    found = [(f.code, f.action, f.row) for f in report.findings if "unlikely" in f.code or "pending" in f.code]
    assert sorted(found, key=lambda each: each[2]) == [
        ("tables.cost_unlikely", "doubtful", 2),
        ("tables.area_unlikely", "doubtful", 3),
        ("tables.amount_pending", "doubtful", 4),
        ("tables.cost_unlikely", "doubtful", 5),
    ]
    for finding in report.findings:
        assert all(finding.to_dict(language)["remedy"] for language in ("zh", "en"))
