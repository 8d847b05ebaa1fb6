"""The pages of the documentation, and what stands on them: blocks of code, tables under headings."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
PAGES = [*READMES, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def page_id(page: Path) -> str:
    """Return how a test names a page."""
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    """Return a page's text."""
    return page.read_text(encoding="utf-8")


def fenced(page: Path) -> list[tuple[str, str]]:
    """Return language and content of each block of code, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", read(page), flags=re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of one language."""
    return [content for spoken, content in fenced(page) if spoken == language]


def commands(page: Path) -> list[str]:
    """Return the command lines of a page's sh blocks: continued lines joined, remarks taken off."""
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```\w+\n.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE)


def headings(page: Path) -> list[tuple[int, str]]:
    """Return level and words of each heading."""
    return [(len(marks), words) for marks, words in re.findall(r"^(#+) (.+)$", prose(page), flags=re.MULTILINE)]


def section(page: Path, heading: str) -> str:
    """Return what stands under a heading, up to the next one."""
    _, found, rest = (prose(page) + "\n").partition(f"\n## {heading}\n")
    assert found, f"{page_id(page)} has no section '{heading}'"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of all rows of all tables, their heads left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {i for i, line in enumerate(lines) if re.fullmatch(r"[|\-: ]+", line)}
    body = [line for i, line in enumerate(lines) if i not in rules and i + 1 not in rules]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in body]


def named(text: str) -> dict[str, list[str]]:
    """Return the rows of tables by what their first cells name in code."""
    return {name: row[1:] for row in rows(text) for name in re.findall(r"`([^`]+)`", row[0])}
