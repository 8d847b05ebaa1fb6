"""The page of tables lists, in both languages, the headers that the program knows: those, and no others."""

import re
from pathlib import Path

import pytest
from doc_pages import ROOT, page_id, read

from planner.tables import CANONICAL
from planner.tables.synonyms import SYNONYMS

PAGES = [ROOT / "docs" / "tables.md", ROOT / "docs" / "zh" / "tables.md"]
pages = pytest.mark.parametrize("page", PAGES, ids=page_id)


def listed(page: Path) -> dict[str, tuple[str, ...]]:
    rows = re.findall(r"^\| `([a-z_0-9]+)` \| (.+) \|$", read(page), flags=re.MULTILINE)
    return {column: tuple(names.split()) for column, names in rows}


@pages
def test_the_page_lists_every_header_in_its_order(page: Path) -> None:
    assert listed(page) == SYNONYMS


@pages
def test_a_project_may_extend_exactly_these_columns(page: Path) -> None:
    assert tuple(listed(page)) == CANONICAL
