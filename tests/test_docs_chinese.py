"""The Chinese pages say what the English ones say: the same sections, blocks of code, options and keys."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from doc_pages import READMES, ROOT, blocks, commands, fenced, headings, page_id, prose, read, rows

CHINESE = sorted((ROOT / "docs" / "zh").glob("*.md"))
PAIRS = [(READMES[0], READMES[1]), *((ROOT / "docs" / page.name, page) for page in CHINESE)]
pairs = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=[page_id(chinese) for _, chinese in PAIRS])


def test_what_planners_read_is_there_in_chinese() -> None:
    assert [page.stem for page in CHINESE] == ["new-project", "register", "tables", "workbench"]


@pairs
def test_the_same_sections_in_the_same_order(english: Path, chinese: Path) -> None:
    assert [level for level, _ in headings(chinese)] == [level for level, _ in headings(english)]
    assert not {words for _, words in headings(chinese)} & {words for _, words in headings(english)}


@pairs
def test_the_same_commands(english: Path, chinese: Path) -> None:
    assert [shlex.split(line) for line in commands(chinese)] == [shlex.split(line) for line in commands(english)]


@pairs
def test_the_same_code(english: Path, chinese: Path) -> None:
    assert [language for language, _ in fenced(chinese)] == [language for language, _ in fenced(english)]
    assert without_remarks(blocks(chinese, "python")) == without_remarks(blocks(english, "python"))


def without_remarks(code: list[str]) -> list[str]:
    return [re.sub(r"  # .*", "", content) for content in code]


@pairs
def test_the_same_keys_of_the_project_file(english: Path, chinese: Path) -> None:
    for ours, theirs in zip(blocks(chinese, "toml"), blocks(english, "toml"), strict=True):
        assert keys(tomllib.loads(ours)) == keys(tomllib.loads(theirs))


def keys(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: keys(value) for key, value in content.items()}
    return [keys(value) for value in content] if isinstance(content, list) else None


@pairs
def test_tables_have_the_same_rows(english: Path, chinese: Path) -> None:
    assert [in_code(row[0]) for row in rows(read(chinese))] == [in_code(row[0]) for row in rows(read(english))]


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pairs
def test_the_same_options_keys_and_columns_are_named(english: Path, chinese: Path) -> None:
    def named(page: Path) -> set[str]:
        return {name for name in in_code(prose(page)) if name.isascii()}

    assert named(chinese) == named(english)


@pairs
def test_the_same_pictures_in_the_pages_own_language(english: Path, chinese: Path) -> None:
    def pictures(page: Path, suffix: str) -> list[str]:
        return re.findall(rf"!\[[^\]]+\]\([^)]*?([a-z-]+)-{suffix}\.png\)", read(page))

    assert pictures(chinese, "zh") == pictures(english, "en")
