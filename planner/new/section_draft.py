"""A section of the project file that is being written: its keys, and the notes that say what was guessed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.texts import Sentence


@dataclass
class SectionDraft:
    """``[head]`` or, where `several`, ``[[head]]``; with `off` it is written as a comment, for somebody to complete."""

    head: str
    keys: dict[str, Any]
    several: bool = False
    off: bool = False
    notes: list[Sentence] = field(default_factory=list)

    def note(self, code: str, **params: Any) -> None:
        """Say something about the section, in the file and on the screen."""
        self.notes.append(Sentence(code, {key: _one_line(value) for key, value in params.items()}))


def _one_line(value: Any) -> Any:
    """Return text as it may stand in a comment: on one line, without what steers a terminal."""
    if isinstance(value, Path):
        value = value.name
    if not isinstance(value, str):
        return value
    return "".join(letter if letter.isprintable() else "?" for letter in value)
