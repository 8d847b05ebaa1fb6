"""`planner new`: a project folder from files or a place's name, its ``project.toml`` saying what was guessed.

The folder is made beside its place and takes it only when whole, checked by the same reading that `planner check` does.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from planner.errors import InputError, PlannerError
from planner.inputs.read import Progress, read_inputs
from planner.new.fetch import fetch_missing
from planner.new.given import Given
from planner.new.guess_sections import guess_sections
from planner.new.toml import project_text
from planner.project import FILE_NAME, load
from planner.texts import Sentence

__all__ = ["Created", "Given", "create"]


@dataclass(frozen=True)
class Created:
    """A new project: its file, and what was guessed or left open, to be said to whoever asked for it."""

    path: Path
    notes: tuple[Sentence, ...]


def create(folder: Path, given: Given, *, progress: Progress = lambda step: None) -> Created:
    """Make a project in `folder` out of what is given; what a place's name can supply and no file does is fetched.

    Raises
    ------
    InputError
        The folder is not empty, or too little is given.
    PlannerError
        An input cannot be fetched, read or used; then no folder is left. What was fetched is kept for the next time.
    """
    folder = Path(folder)
    given = given.expanded()
    given.check()
    with _whole(folder) as fresh:
        inputs = fetch_missing(given.copied(fresh), fresh, progress=progress)
        progress("new.guessing")
        sections = guess_sections(inputs, fresh)
        (fresh / FILE_NAME).write_text(project_text(sections, inputs), encoding="utf-8", newline="\n")
        read_inputs(load(fresh, unfinished=True), progress=progress)
    notes: Sequence[Sentence] = [note for section in sections for note in section.notes]
    return Created(folder / FILE_NAME, tuple(notes))


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Lend a folder beside `folder`, which takes its place at the end if nothing went wrong."""
    target = folder.resolve()
    if target.exists() and not target.is_dir():
        raise InputError("new.not_a_folder", folder=folder)
    if target.is_dir() and any(target.iterdir()):
        raise InputError("new.not_empty", folder=folder)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        yield fresh
        if target.is_dir():
            target.rmdir()  # it is empty, or this fails
        fresh.rename(target)
    except PlannerError as fault:  # whoever reads it knows nothing of the folder that was lent
        fault.params = {key: _said(value, fresh, folder) for key, value in fault.params.items()}
        raise
    except OSError as fault:
        raise InputError("new.cannot_write", folder=folder, fault=fault.strerror or str(fault)) from fault
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _said(value: object, fresh: Path, folder: Path) -> object:
    return str(value).replace(str(fresh), str(folder)) if isinstance(value, str | Path) else value
