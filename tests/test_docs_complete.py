"""Everything a user meets has its line: commands and options, project keys, columns and keys of what is written, parameters."""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import typer
from doc_pages import ROOT, headings, named, rows, section
from pydantic import BaseModel
from small_project import write_project
from typer.testing import CliRunner

import planner
from planner import siting
from planner.batch import Outcome
from planner.cli import app
from planner.project import Project

COMMANDS, PROJECT_FILE, FORMATS = (ROOT / "docs" / f"{name}.md" for name in ("commands", "project-file", "formats"))
GROUPS = ("total", "age_60_plus")
COMMAND = typer.main.get_command(app).commands
FACILITIES = "centres, candidates, sites"


def options(command: Any) -> list[str]:
    """Return what may be written after a command, as its help names it."""
    found = [flag for param in command.params if param.param_type_name == "option" for flag in param.opts]
    return [flag for flag in found if flag.startswith("--") and flag != "--help"]


def test_every_command_has_a_section_and_no_other_has() -> None:
    assert [words for level, words in headings(COMMANDS) if level == 2] == [
        f"planner {name}" for name in ("demo", "new", "check", "run", "isochrones", "batch", "app")
    ]
    assert {f"planner {name}" for name in COMMAND} == {words for level, words in headings(COMMANDS) if level == 2}


@pytest.mark.parametrize("command", sorted(COMMAND))
def test_every_option_has_a_line_and_no_other_has(command: str) -> None:
    told = [name.split()[0] for name in named(section(COMMANDS, f"planner {command}"))]
    assert sorted(told) == sorted(options(COMMAND[command]))


@pytest.mark.parametrize("command", sorted(COMMAND))
def test_every_argument_is_in_the_usage(command: str) -> None:
    usage = section(COMMANDS, f"planner {command}")
    arguments = [param for param in COMMAND[command].params if param.param_type_name == "argument"]
    for argument in arguments:
        word = argument.name.upper().removesuffix("S")  # PROJECTS is written PROJECT...
        assert f"[{word}]" in usage if not argument.required else word in usage


def models() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the sections of a project file, each under the heading it has on the page."""

    def inner(annotation: Any) -> list[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return [annotation]
        return [model for part in getattr(annotation, "__args__", ()) for model in inner(part)]

    def walk(model: type[BaseModel], before: str) -> Iterator[tuple[str, type[BaseModel]]]:
        for name, field in model.model_fields.items():
            key = f"{before}{field.alias or name}"
            for part in inner(field.annotation):
                yield key, part
                yield from walk(part, f"{key}.")

    yield from walk(get_type_hints(Project)["settings"], "")


def heading_of(key: str) -> str:
    (found,) = [words for _, words in headings(PROJECT_FILE) if words.strip("[]") == key]
    return found


def test_every_section_of_the_project_file_is_there_and_no_other() -> None:
    told = [words.strip("[]") for _, words in headings(PROJECT_FILE) if words.startswith("[")]
    assert sorted(told) == sorted(key for key, _ in models())


@pytest.mark.parametrize(("key", "model"), list(models()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_key_has_a_line_with_its_default(key: str, model: type[BaseModel]) -> None:
    told = named(section(PROJECT_FILE, heading_of(key)))
    assert list(told) == [field.alias or name for name, field in model.model_fields.items()]
    for name, field in model.model_fields.items():
        left_out = told[field.alias or name][0]
        assert (left_out == "required") == field.is_required(), name
        if not field.is_required() and field.default not in (None, ()) and field.default_factory is None:
            assert left_out == json.dumps(field.default).replace(".0", ""), name


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a small project with a level of villages, and the report of `planner check` among them."""
    folder = tmp_path_factory.mktemp("small")
    file = write_project(folder)
    zones = '\n[[zones]]\nlevel = "village"\nsource = "zones.geojson"\n'
    file.write_text(file.read_text(encoding="utf-8") + zones, encoding="utf-8")
    for arguments in (
        ["run", str(folder), "--quiet"],
        ["check", str(folder), "--quiet", "--out", str(folder / "report")],
    ):
        ended = CliRunner().invoke(app, arguments)
        assert ended.exit_code == 0, ended.output
    return folder


def columns(*sections: str) -> set[str]:
    """Return the columns that the page gives some sections, one of each group."""
    told = [name for heading in sections for name in named(section(FORMATS, heading)) if "." not in name]
    return {name.replace("<group>", group) for name in told for group in (GROUPS if "<group>" in name else ("",))}


def facility_columns() -> set[str]:
    """Return the columns of facilities: the first table of its section, the second has reasons."""
    first = section(FORMATS, FACILITIES).partition("| `excluded_reason` | means |")[0]
    told = list(named(first))
    return {name.replace("<group>", group) for name in told for group in (GROUPS if "<group>" in name else ("",))}


def written(file: Path) -> set[str]:
    return set(json.loads(file.read_text(encoding="utf-8"))["features"][0]["properties"])


LAYERS = {
    "sites": lambda: columns("Every feature", "sites") | facility_columns(),
    "centres": lambda: columns("Every feature") | facility_columns(),
    "candidates": lambda: columns("Every feature") | facility_columns(),
    "isochrones": lambda: columns("Every feature", "isochrones"),
    "demand": lambda: columns("Every feature", "demand"),
    "zones": lambda: columns("Every feature", "zones"),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_every_column_of_a_layer_has_a_line(layer: str, run: Path) -> None:
    told = LAYERS[layer]()
    assert written(run / "out" / f"{layer}.geojson") == told
    frame = pyogrio.read_dataframe(run / "out" / "plan.gpkg", layer=layer)
    assert set(frame.columns) - {"geometry"} == told


def test_the_files_and_layers_are_those_of_the_page(run: Path) -> None:
    first = prose_before_features()
    assert sorted(named(first)) == sorted(path.name for path in (run / "out").iterdir())
    assert {str(name) for name, _ in pyogrio.list_layers(run / "out" / "plan.gpkg")} == {*LAYERS, "allocation"}


def prose_before_features() -> str:
    return FORMATS.read_text(encoding="utf-8").partition("\n## ")[0]


def test_tables_without_geometry(run: Path) -> None:
    allocation = pyogrio.read_dataframe(run / "out" / "plan.gpkg", layer="allocation", read_geometry=False)
    assert list(allocation.columns) == list(named(section(FORMATS, "allocation")))
    assert list(pd.read_csv(run / "out" / "frontier.csv").columns) == list(named(section(FORMATS, "frontier.csv")))
    assert [field.name for field in fields(Outcome)] == list(named(section(FORMATS, "batch.csv")))


def test_the_map_layer_of_the_data_report(run: Path) -> None:
    file = run / "report" / "data_report.geojson"
    assert set(gpd.read_file(file).columns) - {"geometry"} == columns("Every feature", "data_report.geojson")


def test_the_sheets_of_the_workbook(run: Path) -> None:
    sheets = openpyxl.load_workbook(run / "out" / "plan.xlsx", read_only=True).sheetnames
    assert [row[0] for row in rows(section(FORMATS, "plan.xlsx"))] == sheets


@pytest.mark.parametrize("file", ["summary.json", "data_report.json", "manifest.json"])
def test_every_key_of_a_json_file_has_a_line(file: str, run: Path) -> None:
    told = named(section(FORMATS, file).partition("| rate |")[0])
    content = json.loads((run / "out" / file).read_text(encoding="utf-8"))
    assert list(content) == [name for name in told if "." not in name]
    for path in paths(content):
        free = file == "manifest.json" or path.startswith("inputs.figures.")  # named by inputs and libraries
        assert free or is_told(path, told), path


def paths(content: Any, before: str = "") -> Iterator[str]:
    """Yield the dotted path of every key; of a list's members once."""
    if isinstance(content, list):
        content = content[0] if content and isinstance(content[0], dict) else {}
    if isinstance(content, dict):
        for key, value in content.items():
            yield before + key
            yield from paths(value, f"{before}{key}.")


def is_told(path: str, told: dict[str, list[str]]) -> bool:
    """Say whether a key has its own line, is named in that of the object it lies in, or is a group, a reason or a rate."""
    if path in told:
        return True
    path = path.replace(".after.", ".before.")  # of which the page says that it holds the same
    above, _, key = path.rpartition(".")
    while above and above not in told:
        above = above.rpartition(".")[0]
    words = {word.strip(":;,()") for cell in told.get(above, ()) for word in cell.replace("`", "").split()}
    is_kind = key in {*GROUPS, "A", "B", "C", "V"} or above.endswith((".by_reason", ".by_cause"))
    return bool(above) and (key in words or is_kind)


API = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "api").glob("*.md")))
DIRECTIVES = re.findall(r"^::: (\S+)$", API, flags=re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in planner.__all__ if not name.startswith("__")])
def test_every_public_name_is_in_the_reference(name: str) -> None:
    thing = getattr(planner, name)
    if inspect.ismodule(thing):
        assert thing.__name__ in DIRECTIVES
    else:
        assert thing.__module__ in DIRECTIVES or any(place.endswith(f".{name}") for place in DIRECTIVES)


SITING = [name for name in siting.__all__ if inspect.isfunction(getattr(siting, name))]


@pytest.mark.parametrize("name", SITING)
def test_every_parameter_of_a_model_is_told(name: str) -> None:
    function = getattr(siting, name)
    shared = named(section(ROOT / "docs" / "siting.md", "What all of them take"))
    own = set(re.findall(r"\w+", inspect.getdoc(function) or ""))
    assert set(inspect.signature(function).parameters) <= set(shared) | own
