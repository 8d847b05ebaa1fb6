"""The documentation says what the program does: commands exist, outputs are real, links lead somewhere."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from planner.project import load

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def parted(printed: str) -> tuple[list[str], list[float]]:
    """Return the words with figures blanked, and the figures.

    Processors with wider vectors round the county's sines and logarithms differently in the last bit, and some of its people
    then stand elsewhere by a hair: 3 of 666,533 were seen.
    """
    figure = r"\d[\d,]*(?:\.\d+)?"
    return re.sub(figure, "0", printed).split(), [float(each.replace(",", "")) for each in re.findall(figure, printed)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_every_command_of_the_readme_exists(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    windows = (ROOT / "make.bat").read_text(encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "planner", "--help"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    assert len(lines) >= 6
    for line in lines:
        program, word = line.split()[:2]
        if program == "make":
            assert re.search(rf"^{word}:", makefile, flags=re.MULTILINE)
            assert f'"{word}"' in windows
        else:
            assert program == "planner"
            assert re.search(rf"^\s*{word}\s", told, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_the_project_file_of_the_readme_is_one(page, tmp_path):
    (content,) = blocks(page, "toml")
    tomllib.loads(content)
    (tmp_path / "project.toml").write_text(content, encoding="utf-8")
    assert load(tmp_path).settings.siting.sites == 10


@pytest.mark.parametrize(("page", "language"), [(PAGES[0], "en"), (PAGES[1], "zh")], ids=["en", "zh"])
def test_the_output_in_the_readme_is_what_the_command_prints(page, language, tmp_path):
    command = [sys.executable, "-X", "utf8", "-m", "planner", "demo", "demo-county", "--language", language]
    environment = {**os.environ, "COLUMNS": "100"}
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=tmp_path, env=environment)
    (shown,) = blocks(page, "text")
    words, figures = parted(ended.stdout)
    words_shown, figures_shown = parted(shown)
    assert words == words_shown
    assert figures == pytest.approx(figures_shown, rel=2e-5)
