"""The documentation says what the program does: its links lead somewhere, and every block of code on it runs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
import typer
from doc_pages import PAGES, READMES, ROOT, blocks, commands, fenced, page_id, read
from small_project import CRS, EAST, NORTH, PEOPLE, degrees, write_project, write_streets
from typer.testing import CliRunner

from planner import StreetNetwork
from planner.cli import app
from planner.places import Places
from planner.project import checked

LANGUAGES = {"sh", "text", "toml", "python"}
NOT_RUN = (
    "planner app",
    "planner new county --place",
)  # the one serves until it is stopped, the other asks the internet


def with_blocks(language: str) -> list[Any]:
    return [pytest.param(page, id=page_id(page)) for page in PAGES if blocks(page, language)]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    in_site = {"index.md", "contributing.md", "benchmarks.md"}  # see docs/site_pages.py
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(page)):
        if not target.startswith("http"):
            assert (page.parent / target).exists() or Path(target).name in in_site, target


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_of_code_says_its_language(page: Path) -> None:
    assert {language for language, _ in fenced(page)} <= LANGUAGES
    assert read(page).count("\n```") == 2 * len(fenced(page))


@pytest.mark.parametrize("page", with_blocks("sh"))
def test_every_command_is_one_with_such_options(page: Path) -> None:
    makefile, windows = read(ROOT / "Makefile"), read(ROOT / "make.bat")
    group = typer.main.get_command(app)
    assert commands(page)
    for line in commands(page):
        program, word, *arguments = shlex.split(line)
        if program == "make":
            assert re.search(rf"^{word}:", makefile, flags=re.MULTILINE), line
            assert f'"{word}"' in windows, line
        else:
            assert program == "planner", line
            group.commands[word].make_context(word, arguments)  # a wrong option is an error


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, in which lie all files that the pages' commands name, of one small county."""
    monkeypatch.chdir(tmp_path)
    for name in ("east", "west", "north"):
        write_project(tmp_path / name)
    east = tmp_path / "east"
    for stem in ("city", "county"):
        write_pbf(tmp_path / f"{stem}.osm.pbf")
    shutil.copy(east / "area.geojson", tmp_path)
    gpd.read_file(east / "area.geojson").to_file(tmp_path / "boundary.shp")
    zones = gpd.read_file(east / "zones.geojson")
    zones.to_file(tmp_path / "townships.geojson")
    zones.to_file(tmp_path / "townships.shp", encoding="utf-8")
    zones.to_file(tmp_path / "villages.gpkg")
    for table, names in (("centres", ["centres"]), ("candidates", ["assets"])):
        for name in names:
            pd.read_csv(east / f"{table}.csv", encoding="gb18030").to_excel(tmp_path / f"{name}.xlsx", index=False)
    write_raster(tmp_path / "population.tif")
    return tmp_path


@pytest.mark.parametrize("page", [READMES[0], ROOT / "docs" / "new-project.md"], ids=page_id)
def test_the_commands_run_one_after_another(page: Path, inputs: Path) -> None:
    lines = [line for line in commands(page) if line.startswith("planner") and not line.startswith(NOT_RUN)]
    assert len(lines) >= 3
    for line in lines:
        ended = CliRunner().invoke(app, shlex.split(line)[1:])
        assert ended.exit_code == 0, f"{line}\n{ended.output}\n{ended.exception!r}"


@pytest.mark.parametrize("page", with_blocks("toml"))
def test_every_piece_of_a_project_file_is_understood(page: Path, tmp_path: Path) -> None:
    file = write_project(tmp_path)
    for content in blocks(page, "toml"):
        base = tomllib.loads(read(file))
        piece = tomllib.loads(content)
        for group in piece.get("calibrate", {}).get("columns", ()):
            base["population"].append({"source": "people.csv", "group": group})
        whole = base | piece
        assert checked(file, whole).settings.model_dump(by_alias=True, exclude_unset=True).keys() == whole.keys()


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Return what the pages' Python takes as given, in a folder where the files lie that it reads."""
    monkeypatch.chdir(tmp_path)
    write_pbf(tmp_path / "city.osm.pbf")
    network = StreetNetwork.from_osm("city.osm.pbf")
    along = np.arange(0, 4000, 200.0)
    points = gpd.GeoDataFrame(
        {"population": np.arange(1.0, 21.0)}, geometry=gpd.points_from_xy(EAST + along, [NORTH] * 20), crs=CRS
    )
    yield {
        "net": network,
        "network": network,
        "centres": points.iloc[:3],
        "shapes": points.iloc[:4].buffer(30),
        "people": points,
        "demand": points,
        "buildings": points,
        "sites": points.iloc[:5],
        "cells": points,
        "nodes": Places.of(network, points),
        "weights": points["population"].to_numpy(),
    }


@pytest.mark.parametrize("page", with_blocks("python"))
def test_the_python_runs(page: Path, names: dict[str, Any]) -> None:
    for content in blocks(page, "python"):
        exec(compile(content, page_id(page), "exec"), names)


def parted(printed: str) -> tuple[list[str], list[float]]:
    """Return the words with figures blanked, and the figures.

    Processors with wider vectors round the county's sines and logarithms differently in the last bit, and some of its people
    then stand elsewhere by a hair: 3 of 666,533 were seen.
    """
    figure = r"\d[\d,]*(?:\.\d+)?"
    return re.sub(figure, "0", printed).split(), [float(each.replace(",", "")) for each in re.findall(figure, printed)]


@pytest.mark.parametrize(("page", "language"), [(READMES[0], "en"), (READMES[1], "zh")], ids=["en", "zh"])
def test_the_output_in_the_readme_is_what_the_command_prints(page: Path, language: str, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "utf8", "-m", "planner", "demo", "demo-county", "--language", language]
    environment = {**os.environ, "COLUMNS": "100"}
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=tmp_path, env=environment)
    (shown,) = blocks(page, "text")
    words, figures = parted(ended.stdout)
    words_shown, figures_shown = parted(shown)
    assert words == words_shown
    assert figures == pytest.approx(figures_shown, rel=2e-5)


def write_pbf(path: Path) -> None:
    """Write the small project's streets as a raw extract."""
    drawn = path.with_name(f"{path.name}.osm")
    write_streets(drawn)
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in osmium.FileProcessor(str(drawn)):
            writer.add(thing)
    drawn.unlink()


def write_raster(path: Path) -> None:
    """Write the small project's people as a grid of degrees."""
    west, south = degrees(-200, -500)
    step = 0.001
    cells = np.zeros((40, 50), np.float32)
    for x, people in PEOPLE.items():
        longitude, latitude = degrees(x)
        cells[39 - int((latitude - south) / step), int((longitude - west) / step)] = people
    frame = rasterio.Affine(step, 0, west, 0, -step, south + 40 * step)
    shape = {"height": 40, "width": 50, "count": 1}
    with rasterio.open(path, "w", driver="GTiff", dtype="float32", crs="EPSG:4326", transform=frame, **shape) as grid:
        grid.write(cells, 1)
