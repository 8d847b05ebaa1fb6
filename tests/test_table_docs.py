"""docs/tables.md lists the headers that the program knows: those, and no others."""

import re
from pathlib import Path

from planner.tables import CANONICAL
from planner.tables.synonyms import SYNONYMS

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"


def listed() -> dict[str, tuple[str, ...]]:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_0-9]+)` \| (.+) \|$", text, flags=re.MULTILINE)
    return {column: tuple(names.split()) for column, names in rows}


def test_the_page_lists_every_header_in_its_order() -> None:
    assert listed() == SYNONYMS


def test_a_project_may_extend_exactly_these_columns() -> None:
    assert tuple(listed()) == CANONICAL
