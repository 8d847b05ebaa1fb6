"""No cell that the planner writes is a formula, in a csv or a workbook; what it reads back is what was meant."""

import csv

import openpyxl
import pandas as pd
import pytest

from planner.batch import Outcome, _write_table
from planner.findings import InputReport
from planner.register.corrections import append, read_corrections
from planner.tables.formulas import csv_cell, from_csv_cell, is_formula, write_cell, write_csv

FORMULAS = ["=1+1", "+SUM(A1)", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", " =1", "＝1+1", "＠SUM(A1)", "=cmd|'/c calc'!A0"]
PLAIN = ["-1.5", "+3", "1e-3", "-1E5", "name", "a=b", "'quoted'", "", "118.3"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe_and_comes_back(text):
    assert is_formula(text)
    assert csv_cell(text) == "'" + text
    assert from_csv_cell(csv_cell(text)) == text
    assert from_csv_cell(csv_cell("'" + text)) == "'" + text


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_formula_stays(text):
    assert csv_cell(text) == text == from_csv_cell(text)


def test_the_table_of_a_batch_holds_no_formula(tmp_path):
    _write_table([Outcome("=HYPERLINK(1)", "+f", "failed", share_before=-0.5, message="@x")], tmp_path / "batch.csv")
    with (tmp_path / "batch.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["project"], row["folder"], row["message"], row["share_before"]) == (
        "'=HYPERLINK(1)", "'+f", "'@x", "-0.5",
    )  # fmt: skip


def test_a_table_of_text_and_numbers(tmp_path):
    write_csv(pd.DataFrame({"=h": ["=1", None], "n": [-1.5, 2]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text("utf-8") == "'=h,n\n'=1,-1.5\n,2.0\n"


def test_corrections_hold_no_formula_and_mean_what_they_were_given(tmp_path):
    path = tmp_path / "corrections.csv"
    append(path, id="=s1", field="name", old="-甲", new="=1+1", who="@me", why="+")
    append(path, id="s2", field="cost_yuan", old=None, new="-5")
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(map(is_formula, cells))
    first, second = read_corrections(path, report=InputReport("corrections", path.name))
    assert (first.id, first.old, first.new, second.new) == ("=s1", "-甲", "=1+1", "-5")


def test_a_workbook_s_text_is_text(tmp_path):
    book = openpyxl.Workbook()
    write_cell(book.active["A1"], "=1+1\x00")
    write_cell(book.active["A2"], -1.5)
    book.save(tmp_path / "b.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    assert (sheet["A1"].value, sheet["A1"].data_type, sheet["A2"].value) == ("=1+1", "s", -1.5)
    assert sheet["A1"].quotePrefix
