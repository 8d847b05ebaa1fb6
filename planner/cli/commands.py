"""The tasks of the command line. What computes is imported only when a task needs it: help and version come at once."""

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import new
from planner.cli.console import SPOKEN, progress_shown, stderr, tell
from planner.cli.options import JsonOption, ProjectArgument, QuietOption, ThreadsOption, language_of
from planner.errors import InputError
from planner.texts import say

if TYPE_CHECKING:
    from planner.project import Project

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"planner {version('quarter-hour-planner')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Who can walk to a neighbourhood centre in a quarter of an hour, and which idle buildings to open next."""


@app.command()
def run(
    project: ProjectArgument,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; <project>/out where left out.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Run the main job: coverage today, the best sites with their proof, and every file of the plan."""
    _run(_load(project), out, as_json=as_json, quiet=quiet, threads=threads)


app.command(name="new")(new.new)


@app.command()
def check(
    project: ProjectArgument,
    out: Annotated[Path | None, typer.Option(help="Folder for data_report.json and data_report.geojson.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print the data report: every input, every dropped or doubtful row, with the reason and the remedy."""
    from planner.cli.report import print_report
    from planner.deliver.data_report import DATA_REPORT, data_report, report_layer
    from planner.deliver.geojson import to_geojson
    from planner.inputs.read import read_inputs
    from planner.results.data_quality import assess_data_quality

    loaded = _load(project, unfinished=True)
    with progress_shown(loaded.language, quiet or as_json) as progress:
        inputs = read_inputs(loaded, progress=progress)
        progress("study.walking")
        quality = assess_data_quality(inputs)
    report = data_report(loaded.language, inputs.reports, quality)
    if out is not None:
        layer = to_geojson(report_layer(inputs, quality, loaded.language), name="data_report")
        layer_file = (out / DATA_REPORT).with_suffix(".geojson")
        _replace_text(layer_file, layer)
        _replace_text(out / DATA_REPORT, json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    elif not quiet:
        print_report(loaded, report)
        if out is not None:
            tell("data_quality.wrote", report=out / DATA_REPORT, layer=layer_file)


@app.command()
def isochrones(
    project: ProjectArgument,
    minutes: Annotated[str, typer.Option(help="Minutes, separated by commas.")] = "5,10,15",
    out: Annotated[Path | None, typer.Option(help="GeoJSON file; <project>/isochrones.geojson where left out.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Candidate sites too.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Write the isochrones of the centres as GeoJSON."""
    from planner.deliver.geojson import to_geojson
    from planner.inputs.read import read_inputs
    from planner.results.isochrones import facility_isochrones

    loaded = _load(project)
    bands = _minutes(minutes)
    with progress_shown(loaded.language, quiet or as_json) as progress:
        inputs = read_inputs(loaded, progress=progress, threads=threads)
        progress("study.drawing")
        table = facility_isochrones(inputs, minutes=bands, candidates=everything, threads=threads)
    text = to_geojson(table, name="isochrones")
    if as_json:
        print(text, end="")
    if out is not None or not as_json:
        file = out or loaded.folder / "isochrones.geojson"
        _replace_text(file, text)
        if not (quiet or as_json):
            count, facilities = len(table), table["facility_id"].nunique()
            tell("cli.isochrones_wrote", count=count, facilities=facilities, file=file)
            if loaded.zone_classes:
                tell("cli.isochrones_main_rule", classes=", ".join(loaded.zone_classes))


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder for the demonstration county.")] = Path("demo-county"),
    seed: Annotated[int, typer.Option(help="Another seed makes another county.")] = 1,
    scale: Annotated[float, typer.Option(help="Size: 1 is a county of 1.5 million people.")] = 1.0,
    language: Annotated[str | None, typer.Option(help="Of the plan: zh or en; the computer's where left out.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Write the demonstration county, which is invented, and run it."""
    from planner.demo import write_county

    file = write_county(folder, seed=seed, scale=scale, language=language_of(language))
    loaded = _load(file)
    silent = quiet or as_json
    if not silent:
        tell("cli.demo_wrote", folder=folder)
    _run(loaded, None, as_json=as_json, quiet=quiet, threads=threads)
    if not silent:
        tell("cli.demo_map", folder=folder)


@app.command()
def batch(
    projects: Annotated[list[Path], typer.Argument(help="Projects: project.toml files or their folders.")],
    out: Annotated[Path, typer.Option(help="Folder that gets a sub-folder for each project, and batch.csv.")],
    workers: Annotated[int | None, typer.Option(help="Projects at the same time; all cores where left out.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run many projects; one that fails does not sink the rest. A batch that was stopped goes on where it stood."""
    from dataclasses import asdict

    from planner.batch import TABLE, Outcome, run_batch
    from planner.cli.plan import print_batch

    def told(outcome: Outcome) -> None:
        if not (quiet or as_json):
            state = say(f"cli.state_{outcome.state}", language)
            line = say("cli.batch_line", language, state=state, project=outcome.project, message=outcome.message)
            stderr().print(line, markup=False, highlight=False)

    language = SPOKEN.language
    outcomes = run_batch(projects, out, workers=workers, language=language, told=told)
    if as_json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False))
    elif not quiet:
        print_batch(outcomes, out / TABLE)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(1)


@app.command(name="app")
def open_app(
    project: Annotated[Path | None, typer.Argument(help="A project.toml, or the folder that holds one.")] = None,
    port: Annotated[int, typer.Option(help="Port of the page.")] = 8501,
    workspace: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder that projects are opened from and saved to; the one that holds PROJECT where left out.",
        ),
    ] = None,
) -> None:
    """Open the map in the browser; it works without the internet."""
    from planner.ui.launch import launch

    raise typer.Exit(launch(project, port, workspace, lambda code, url: tell(f"cli.app_{code}", url=url)))


def _load(path: Path, *, unfinished: bool = False) -> "Project":
    """Read the project, and speak its language from here on."""
    from planner.deliver.folder import recover
    from planner.project import load

    project = load(path, unfinished=unfinished)
    SPOKEN.language = project.language
    recover(project.folder / "out")
    return project


def _run(project: "Project", out: Path | None, *, as_json: bool, quiet: bool, threads: int | None) -> None:
    """Run a project, write its files and print its plan."""
    from planner.cli.plan import print_plan
    from planner.deliver import write
    from planner.deliver.folder import check_folder
    from planner.run import run_project

    folder = out or project.folder / "out"
    check_folder(folder)
    with progress_shown(project.language, quiet or as_json) as progress:
        found = run_project(project, progress=progress, threads=threads)
        progress("study.writing")
        write(found, folder)
    if as_json:
        print(json.dumps(found.summary, ensure_ascii=False))
    elif not quiet:
        print_plan(found, folder)


def _minutes(given: str) -> list[float]:
    try:
        return [float(part) for part in given.replace("，", ",").split(",")]
    except ValueError:
        raise InputError("cli.bad_minutes", given=given) from None


def _replace_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
