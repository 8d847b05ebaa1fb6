"""Where the command line speaks: results on stdout, progress and errors on stderr, in the project's language once known."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from planner.texts import computer_language, say


@dataclass
class Spoken:
    """The language that this process speaks: the computer's, until a project is read."""

    language: str


SPOKEN = Spoken(computer_language())


def stderr() -> Console:
    """Return the console of progress and errors."""
    return Console(stderr=True, soft_wrap=True)


def stdout() -> Console:
    """Return the console of results."""
    return Console(soft_wrap=True)


def tell(code: str, **params: Any) -> None:
    """Print the sentence of a code."""
    stdout().print(say(code, SPOKEN.language, **params), markup=False, highlight=False)


@contextmanager
def progress_shown(language: str, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show each step as it begins, and what it took, on stderr."""
    if quiet:
        yield lambda step: None
        return
    console = stderr()
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
