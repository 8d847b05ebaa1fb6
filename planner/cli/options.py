"""Arguments and options that several tasks share."""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import SPOKEN
from planner.errors import InputError
from planner.texts import LANGUAGES

ProjectArgument = Annotated[Path, typer.Argument(help="A project.toml, or the folder that holds one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print machine-readable results.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, help="Threads; all cores where it is left out.")]


def language_of(given: str | None) -> str:
    """Return the language asked for, the computer's where none is.

    Raises
    ------
    InputError
        There is no such language.
    """
    if given not in (None, *LANGUAGES):
        raise InputError("cli.bad_language", given=given)
    return given or SPOKEN.language
