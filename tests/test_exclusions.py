"""The ledger of exclusions: one writer, the first reason stays, and it says who said so."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_project import write_project

from planner.inputs.overrides import with_wishes
from planner.inputs.read import read_inputs
from planner.project import load
from planner.register import exclude, nothing_excluded

PLANNER = Path(__file__).parents[1] / "planner"


def excluded(*said: tuple[str, str]) -> tuple[str | None, str | None]:
    table = nothing_excluded(pd.DataFrame({"id": ["a", "b"]}))
    for reason, by in said:
        table = exclude(table, [1], reason, by=by)
    assert table["excluded_reason"].iat[0] is None and table["excluded_by"].iat[0] is None
    return table["excluded_reason"].iat[1], table["excluded_by"].iat[1]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([], (None, None)),
        ([("heritage", "eligibility"), ("forbidden", "status")], ("heritage", "eligibility")),
        ([("no_position", "placing"), ("duplicate", "duplicates")], ("duplicate", "duplicates")),
        ([("no_position", "placing"), ("too_far", "area"), ("forbidden", "status")], ("no_position", "placing")),
        ([("duplicate", "duplicates"), ("too_far", "area")], ("too_far", "area")),
        ([("forbidden", "status"), ("no_street", "streets")], ("forbidden", "status")),
    ],
)
def test_the_first_reason_stays_but_for_two(said, kept):
    assert excluded(*said) == kept


def test_rows_are_a_mask_or_positions_and_the_table_given_stays_as_it_is():
    table = nothing_excluded(pd.DataFrame({"id": list("abc")}, index=[7, 8, 9]))
    by_mask = exclude(table, np.array([True, False, True]), "too_far", by="area")
    pd.testing.assert_frame_equal(by_mask, exclude(table, np.array([0, 2]), "too_far", by="area"))
    assert by_mask["excluded_reason"].tolist() == ["too_far", None, "too_far"]
    assert table["excluded_reason"].isna().all() and exclude(table, [], "x", by="y").equals(table)


def test_a_project_says_who_excluded_what(tmp_path):
    project = load(write_project(tmp_path, siting='sites = 1\nforbidden = ["B"]'))
    facilities = with_wishes(read_inputs(project, progress=lambda step: None)).facilities
    said = facilities.set_index("id").loc[["A", "B", "E"], ["excluded_reason", "excluded_by"]].to_numpy().tolist()
    assert said == [[None, None], ["forbidden", "siting.forbidden"], ["forbidden", "status"]]


def test_nobody_else_writes_the_ledger():
    """Seven places wrote `excluded_reason`, each by a rule of its own of what it may overwrite."""
    writes = re.compile(
        r'\[[^\]\n]*["\']excluded_(?:reason|by)["\'][^\]\n]*\]\s*(?:=(?!=)|,[^=\n]*[^=!<>]=(?!=))'
        r'|["\']excluded_(?:reason|by)["\']\s*:|\bexcluded_(?:reason|by)\s*=(?!=)'
    )
    found = [
        f"{path.relative_to(PLANNER).as_posix()}: {match[0]}"
        for path in PLANNER.rglob("*.py")
        for match in writes.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    one = [path.name for path in PLANNER.rglob("*.py") if 'REASON, BY = "excluded_' in path.read_text(encoding="utf-8")]
    assert one == ["exclusions.py"]
