"""The task ``planner new``: a project begun from files or from a place's name, or blank survey workbooks."""

import json
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import progress_shown, stdout
from planner.cli.options import JsonOption, QuietOption, language_of
from planner.errors import InputError
from planner.texts import say


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
    centres: Annotated[list[Path] | None, typer.Option(help="Existing centres, once or more.")] = None,
    candidates: Annotated[list[Path] | None, typer.Option(help="Candidate sites, once or more.")] = None,
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

    spoken = language_of(language)
    if register:
        _new_register(folder, zones, villages, zone_name, spoken, as_json=as_json, quiet=quiet)
        return
    given = Given(
        place, tuple(streets or ()), boundary, _bbox(bbox), tuple(zones or ()), tuple(population or ()),
        tuple(centres or ()), tuple(candidates or ()), gates, name, spoken, Service(overpass, nominatim, language=spoken),
    )  # fmt: skip
    with progress_shown(spoken, quiet or as_json) as progress:
        created = create(folder, given, progress=progress)
    told = [say(note.code, spoken, **note.params) for note in created.notes]
    if as_json:
        print(json.dumps({"project": str(created.path), "guessed": told}, ensure_ascii=False))
    elif not quiet:
        lines = [say("new.wrote", spoken, file=created.path), *(f"  {line}" for line in told)]
        stdout().print("\n".join([*lines, say("new.next", spoken, folder=folder)]), markup=False, highlight=False)


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
        stdout().print(line, highlight=False, markup=False)


def _bbox(given: str | None) -> tuple[float, float, float, float] | None:
    if given is None:
        return None
    try:
        west, south, east, north = (float(part) for part in given.replace("，", ",").split(","))
    except ValueError:
        raise InputError("new.bad_bbox", given=given) from None
    return west, south, east, north
