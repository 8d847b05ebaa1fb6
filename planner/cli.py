"""The command ``planner``: one word a task. Results go to stdout, progress and errors to stderr.

Exit status: 0 done, 1 a `PlannerError` (one clear message, earlier outputs untouched), 2 wrong usage.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from planner.errors import InputError, PlannerError
from planner.texts import LANGUAGES, computer_language, say

if TYPE_CHECKING:
    from planner.project import Project
    from planner.study import Study

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

ProjectArgument = Annotated[Path, typer.Argument(help="A project.toml, or the folder that holds one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print machine-readable results.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, help="Threads; all cores where it is left out.")]

_SHOWN_OF_A_KIND = 10
_APART = 3  # tables of one role, as many as which are accounted for one by one


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):  # a Windows console may be GBK: what it lacks must not stop a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except PlannerError as fault:
        _stderr().print(fault.message(_language), style="red", markup=False, highlight=False)
        sys.exit(1)


_language = computer_language()


def _stderr() -> Console:
    return Console(stderr=True, soft_wrap=True)


def _stdout() -> Console:
    return Console(soft_wrap=True)


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
    loaded = _load(project)
    study, folder = _run(loaded, out, quiet=quiet or as_json, threads=threads)
    if as_json:
        print(json.dumps(study.summary, ensure_ascii=False))
    elif not quiet:
        _print_plan(study, folder)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder for the project; not there yet, or empty.")],
    place: Annotated[
        str | None, typer.Option(help="A place OpenStreetMap knows: what no file gives is fetched.")
    ] = None,
    streets: Annotated[list[Path] | None, typer.Option(help="Streets, once or more, the most trusted first.")] = None,
    boundary: Annotated[Path | None, typer.Option(help="Outline of the area.")] = None,
    bbox: Annotated[str | None, typer.Option(help="Or a box: west,south,east,north in degrees.")] = None,
    zones: Annotated[list[Path] | None, typer.Option(help="Layers of zones, once a level.")] = None,
    population: Annotated[list[Path] | None, typer.Option(help="Where people live, once or more.")] = None,
    centres: Annotated[Path | None, typer.Option(help="Existing centres.")] = None,
    candidates: Annotated[Path | None, typer.Option(help="Candidate sites.")] = None,
    gates: Annotated[Path | None, typer.Option(help="Gates in walls.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the project.")] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Write blank survey workbooks instead, one for each township of --zones.")
    ] = False,
    villages: Annotated[
        Path | None, typer.Option(help="With --register: layer or table of villages, for the drop-downs.")
    ] = None,
    zone_name: Annotated[
        str | None, typer.Option(help="With --register: the townships' field of names, where that is not plain.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="zh or en; the computer's where left out.")] = None,
    overpass: Annotated[str | None, typer.Option(help="Another Overpass server.")] = None,
    nominatim: Annotated[str | None, typer.Option(help="Another Nominatim server.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Start a project from files or from a place's name, and say what was guessed; or write survey workbooks."""
    from planner.new import Given, create
    from planner.streets import Service

    if language not in (None, *LANGUAGES):
        raise InputError("cli.bad_language", given=language)
    spoken = language or _language
    if register:
        _new_register(folder, zones, villages, zone_name, spoken, as_json=as_json, quiet=quiet)
        return
    given = Given(
        place, tuple(streets or ()), boundary, _bbox(bbox), tuple(zones or ()), tuple(population or ()), centres, candidates,
        gates, name, spoken, Service(overpass, nominatim, language=spoken),
    )  # fmt: skip
    with _progress(spoken, quiet or as_json) as progress:
        created = create(folder, given, progress=progress)
    told = [say(note.code, spoken, **note.params) for note in created.notes]
    if as_json:
        print(json.dumps({"project": str(created.path), "guessed": told}, ensure_ascii=False))
    elif not quiet:
        lines = [say("new.wrote", spoken, file=created.path), *(f"  {line}" for line in told)]
        _stdout().print("\n".join([*lines, say("new.next", spoken, folder=folder)]), markup=False, highlight=False)


def _new_register(
    folder: Path,
    zones: list[Path] | None,
    villages: Path | None,
    zone_name: str | None,
    language: str,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    from planner.register import new_register

    if not zones:
        raise InputError("cli.new_needs_zones")
    written = new_register(folder, zones=zones[0], villages=villages, zone_name=zone_name, language=language)
    if as_json:
        print(json.dumps([path.as_posix() for path in written], ensure_ascii=False))
    elif not quiet:
        line = say("cli.new_register_wrote", language, count=len(written), folder=written[0].parent)
        _stdout().print(line, highlight=False, markup=False)


@app.command()
def check(
    project: ProjectArgument,
    out: Annotated[Path | None, typer.Option(help="Folder for data_report.json and data_report.geojson.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print the data report: every input, every dropped or doubtful row, with the reason and the remedy."""
    from planner.deliver import ATTRIBUTION, DATA_REPORT, data_report, report_layer, to_geojson
    from planner.results.data_quality import find_doubts
    from planner.study import read_inputs

    loaded = _load(project, unfinished=True)
    with _progress(loaded.language, quiet or as_json) as progress:
        inputs = read_inputs(loaded, progress=progress)
        progress("study.walking")
        doubts = find_doubts(inputs)
    report = data_report(loaded.language, inputs.reports, doubts)
    if out is not None:
        layer = to_geojson(report_layer(inputs, doubts, loaded.language), name="data_report", attribution=ATTRIBUTION)
        layer_file = (out / DATA_REPORT).with_suffix(".geojson")
        _replace_text(layer_file, layer)
        _replace_text(out / DATA_REPORT, json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    elif not quiet:
        _print_report(loaded, report)
        if out is not None:
            _stdout().print(
                say("doubts.wrote", loaded.language, report=out / DATA_REPORT, layer=layer_file), markup=False
            )


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
    from planner.deliver import ATTRIBUTION, to_geojson
    from planner.study import facility_isochrones, read_inputs

    loaded = _load(project)
    bands = _minutes(minutes)
    with _progress(loaded.language, quiet or as_json) as progress:
        inputs = read_inputs(loaded, progress=progress, threads=threads)
        progress("study.drawing")
        table = facility_isochrones(inputs, minutes=bands, candidates=everything, threads=threads)
    text = to_geojson(table, name="isochrones", attribution=ATTRIBUTION)
    if as_json:
        print(text, end="")
    if out is not None or not as_json:
        file = out or loaded.folder / "isochrones.geojson"
        _replace_text(file, text)
        if not (quiet or as_json):
            count, facilities = len(table), table["facility_id"].nunique()
            _stdout().print(say("cli.isochrones_wrote", loaded.language, count=count, facilities=facilities, file=file))
            if loaded.zone_classes:
                _stdout().print(
                    say("cli.isochrones_main_rule", loaded.language, classes=", ".join(loaded.zone_classes))
                )


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

    if language not in (None, *LANGUAGES):
        raise InputError("cli.bad_language", given=language)
    file = write_county(folder, seed=seed, scale=scale, language=language or _language)
    loaded = _load(file)
    if not (quiet or as_json):
        _stdout().print(say("cli.demo_wrote", loaded.language, folder=folder), style="bold")
    study, results = _run(loaded, None, quiet=quiet or as_json, threads=threads)
    if as_json:
        print(json.dumps(study.summary, ensure_ascii=False))
    elif not quiet:
        _print_plan(study, results)
        _stdout().print(say("cli.demo_map", loaded.language, folder=folder))


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

    def told(outcome: Outcome) -> None:
        if not (quiet or as_json):
            state = say(f"cli.state_{outcome.state}", _language)
            line = say("cli.batch_line", _language, state=state, project=outcome.project, message=outcome.message)
            _stderr().print(line, markup=False, highlight=False)

    outcomes = run_batch(projects, out, workers=workers, language=_language, told=told)
    if as_json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False))
    elif not quiet:
        _print_batch([asdict(outcome) for outcome in outcomes], out / TABLE)
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

    def tell(code: str, url: str) -> None:
        _stdout().print(say(f"cli.app_{code}", _language, url=url), highlight=False, markup=False)

    raise typer.Exit(launch(project, port, workspace, tell))


def _load(path: Path, *, unfinished: bool = False) -> "Project":
    """Read the project, and speak its language from here on."""
    from planner.project import load

    global _language
    project = load(path, unfinished=unfinished)
    _language = project.language
    return project


def _run(project: "Project", out: Path | None, *, quiet: bool, threads: int | None) -> tuple["Study", Path]:
    from planner import deliver, study

    folder = out or project.folder / "out"
    with _progress(project.language, quiet) as progress:
        result = study.run(project, progress=progress, threads=threads)
        progress("study.writing")
        deliver.write(result, folder)
    return result, folder


@contextmanager
def _progress(language: str, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show each step as it begins, and what it took, on stderr."""
    if quiet:
        yield lambda step: None
        return
    console = _stderr()
    began: list[tuple[str, float]] = []

    def end_last() -> None:
        if began:
            step, since = began[-1]
            took = say("cli.took", language, seconds=time.perf_counter() - since)
            console.print(f"  {say(step, language)} … {took}", style="dim", highlight=False)

    with console.status("") as status:

        def progress(step: str) -> None:
            end_last()
            began.append((step, time.perf_counter()))
            status.update(say(step, language))

        yield progress
        end_last()


def _print_plan(study: "Study", folder: Path) -> None:
    from planner.deliver import group_name
    from planner.results.summary import rules_text

    summary, language, console = study.summary, study.inputs.project.language, _stdout()
    main = summary["group"]
    people, before, after = summary["population"][main], summary["covered_before"][main], summary["covered_after"][main]

    def line(code: str, **params: Any) -> None:
        console.print(say(f"cli.{code}", language, **params), highlight=False, markup=False)

    line("people", people=people, group=group_name(main, language), **summary["walking"])
    if summary["walking"]["rules"]:
        line("rules", rules=rules_text(summary["walking"]["rules"], language))
    line("before", centres=summary["counts"]["centres"], covered=before, share=summary["share_before"] or 0.0)
    line("after", sites=len(summary["sites"]), covered=after, share=summary["share_after"] or 0.0, gain=after - before)
    for code, params in proof_lines(summary):
        line(code, **params)
    table = Table(
        *(say(f"cli.column_{name}", language) for name in ("rank", "name", "zone", "gain", "cumulative", "loss"))
    )
    for column in (0, 3, 4, 5):
        table.columns[column].justify = "right"
    for _, site in study.tables.sites.iterrows():
        numbers = [f"{site[name]:,.0f}" for name in (f"gain_{main}", f"cumulative_{main}", "loss_if_dropped")]
        table.add_row(str(site["rank"]), _cell(site["name"]), _cell(site["zone"]), *numbers)
    if len(study.tables.sites):
        console.print(table)
    lost = summary["unreachable"]
    if lost["demand_points"]:
        reasons = [
            say(f"cli.reason_{reason}", language, people=part["population"])
            for reason, part in lost["by_reason"].items()
        ]
        line("unreachable", people=lost["population"], reasons="; ".join(reasons))
    if summary["agreement"]["after"]["share"] is not None:
        line("agreement", share=summary["agreement"]["after"]["share"])
    line("wrote", folder=folder)


def proof_lines(summary: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return what is said of a plan's objective and its proof: codes of the catalogue ``cli`` and their parameters."""
    candidates, gap, status = summary["counts"]["candidates"], summary["gap"], summary["status"]
    value, bound = summary["value"], summary["lower_bound"]
    closed = [("closed", {"number": len(summary["closed"]), "ids": ", ".join(summary["closed"])})]
    said = closed if summary["closed"] else []
    if summary["objective"] == "max_coverage":
        if (share := summary["rates"]["after"]["C"]) is not None:
            said.append(("served", {"value": value, "share": share}))
        return [*said, (f"proof_{status}", {"candidates": candidates, "bound": summary["upper_bound"], "gap": gap})]
    given = {"candidates": candidates, "gap": gap, "value": value, "bound": bound}
    if summary["unit"] == "person_seconds":
        mean_min = summary["mean_s"] / 60
        given |= {"value": mean_min, "bound": mean_min * (1 - gap), "unserved": summary["unserved"]}
    elif summary["unit"] == "seconds":
        given |= {"value": value / 60, "bound": bound / 60, "left_out": summary["left_out_points"]}
    return [*said, (f"proof_{summary['unit']}_{status}", given)]


def _cell(value: Any) -> str:
    from rich.markup import escape

    return "" if value is None or value != value else escape(str(value))


def _print_report(project: "Project", report: dict[str, Any]) -> None:
    """Print the account of every input; that of many tables of one role together, so that it stays on one page."""
    language, console = project.language, _stdout()
    console.print(say("cli.report_title", language, name=project.name), style="bold", markup=False)
    by_role: dict[str, list[dict[str, Any]]] = {}
    for account in report["inputs"]:
        by_role.setdefault(account["role"], []).append(account)
    for role, accounts in by_role.items():
        groups = [accounts] if len(accounts) > _APART else [[account] for account in accounts]
        for group in groups:
            names = ("read", "used", "repaired", "doubtful", "dropped")
            counts = {name: sum(account[f"rows_{name}"] for account in group) for name in names}
            said = {"role": say(f"cli.role_{role}", language), **counts}
            if len(group) > 1:
                line = say("cli.report_inputs", language, files=len(group), **said)
            else:
                line = say("cli.report_input", language, file=group[0]["file"], **said)
            console.print(f"\n{line}", markup=False, highlight=False)
            _print_findings(console, group, language)
    _print_doubts(project, report)


def _print_findings(console: Console, group: list[dict[str, Any]], language: str) -> None:
    """Print what was found in some inputs, by kind, and of each kind only the first."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for account in group:
        for finding in account["findings"]:
            found.setdefault(finding["code"], []).append((account["file"], finding))
    for of_a_kind in found.values():
        for file, finding in of_a_kind[: _shown_of(of_a_kind[0][1], group)]:
            where = (
                say("cli.report_file", language)
                if finding["row"] is None
                else say("cli.report_row", language, row=finding["row"])
            )
            if "sheet" in finding:
                where = say("cli.report_file_row", language, file=finding["sheet"], row=where)
            if len(group) > 1:
                where = say("cli.report_file_row", language, file=file, row=where)
            action = say(f"cli.action_{finding['action']}", language)
            style = {"dropped": "red", "doubtful": "yellow"}.get(finding["action"])
            text = f"  [{action}] {where}: {finding['message']} {finding['remedy']}"
            console.print(text, style=style, markup=False, highlight=False)
    more = sum(max(0, len(of_a_kind) - _shown_of(of_a_kind[0][1], group)) for of_a_kind in found.values())
    if more:
        console.print("  " + say("cli.report_more", language, count=more), markup=False)


def _shown_of(finding: dict[str, Any], group: list[dict[str, Any]]) -> int:
    """Return how many findings of a kind are shown; of notes that many tables have alike, one is enough."""
    return 1 if len(group) > 1 and finding["action"] == "note" else _SHOWN_OF_A_KIND


def _print_doubts(project: "Project", report: dict[str, Any]) -> None:
    language, console = project.language, _stdout()
    demand, parts, lost = report["snapping"]["demand"], report["network"], report["unreached"]
    share, max_snap_m = demand["share_of_people_beyond"] or 0.0, project.settings.walking.max_snap_m
    lines = [say("doubts.snapping", language, share=share, max_snap_m=max_snap_m, **demand)]
    lines.append(say("doubts.network", language, **{**parts, "largest_share": parts["largest_share"] or 0.0}))
    lines.append(
        say("doubts.unreached" if lost["clusters"] else "doubts.none_unreached", language, people=lost["people"])
    )
    lines += [f"  {cluster['message']} {cluster['remedy']}" for cluster in lost["clusters"][:_SHOWN_OF_A_KIND]]
    if len(lost["clusters"]) > _SHOWN_OF_A_KIND:
        lines.append("  " + say("cli.report_more", language, count=len(lost["clusters"]) - _SHOWN_OF_A_KIND))
    console.print("\n" + "\n".join(lines), markup=False, highlight=False)


def _print_batch(rows: list[dict[str, Any]], file: Path) -> None:
    console = _stdout()
    columns = ("folder", "state", "people", "covered_before", "covered_after", "sites", "gap")
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_number(row[column]) for column in columns))
    console.print(table)
    counts = {state: sum(row["state"] == state for row in rows) for state in ("done", "kept", "failed")}
    console.print(say("cli.batch_end", _language, file=file, **counts), highlight=False, markup=False)


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1 or value == 0 else f"{value:.2%}"
    return str(value)


def _minutes(given: str) -> list[float]:
    try:
        return [float(part) for part in given.replace("，", ",").split(",")]
    except ValueError:
        raise InputError("cli.bad_minutes", given=given) from None


def _bbox(given: str | None) -> tuple[float, float, float, float] | None:
    if given is None:
        return None
    try:
        west, south, east, north = (float(part) for part in given.replace("，", ",").split(","))
    except ValueError:
        raise InputError("new.bad_bbox", given=given) from None
    return west, south, east, north


def _replace_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
