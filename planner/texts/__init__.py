"""Every sentence a user reads, by code, in Chinese and English.

A code such as ``tables.negative_people`` names the entry ``negative_people`` of ``<language>/tables.toml``. An entry is a
sentence, or a pair of `what` (is wrong, and where) and `remedy` (what to do). Parameters are filled in by `str.format`.
This module stands at the top of the house: it imports nothing of the planner.
"""

import locale
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")

Entry = str | dict[str, str]

_NAMES = frozenset({"name", "of"})  # parameters that hold what a row is called
_CODES = frozenset({"status", "quantity"})  # parameters that hold a word of the program's own


@dataclass(frozen=True)
class Sentence:
    """A sentence to be said later, in a language known then; a parameter of another sentence may be a list of these."""

    code: str
    params: dict[str, Any]


def say(code: str, language: str = "en", **params: Any) -> str:
    """Return the sentence of `code` in `language`, with its remedy behind it where it has one.

    Raises
    ------
    KeyError
        `code` is in no catalogue of `language`, or its sentence needs a parameter that was not given.
    """
    what, remedy = say_parts(code, language, **params)
    gap = "" if language == "zh" or not remedy else " "
    return what + gap + remedy


def say_parts(code: str, language: str = "en", **params: Any) -> tuple[str, str]:
    """Return `(what, remedy)` of `code`; the remedy is empty where the entry is a single sentence."""
    entry = catalogue(language)[code]
    shown = {key: _shown(key, value, language) for key, value in params.items()}
    if isinstance(entry, str):
        return entry.format(**shown), ""
    return entry["what"].format(**shown), entry["remedy"].format(**shown)


def computer_language() -> str:
    """Return the language to speak where nobody has said one: ``PLANNER_LANGUAGE``, else the computer's."""
    spoken = os.environ.get("PLANNER_LANGUAGE") or locale.getlocale()[0] or ""
    return "zh" if spoken.startswith(("zh", "Chinese")) else "en"


@cache
def catalogue(language: str) -> dict[str, Entry]:
    """Return all entries of `language`, keyed by code."""
    if language not in LANGUAGES:
        raise KeyError(f"no texts in language {language!r}; there are {', '.join(LANGUAGES)}")
    entries: dict[str, Entry] = {}
    folder = files(__name__) / language
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            section = file.name.removesuffix(".toml")
            for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
                entries[f"{section}.{key}"] = entry
    return entries


def _shown(key: str, value: Any, language: str) -> Any:
    """Return a parameter as it is read: a name that is missing, a status and a column of ours in the reader's words."""
    if isinstance(value, Sentence):
        return say(value.code, language, **value.params)
    if isinstance(value, list) and value and isinstance(value[0], Sentence):
        return "\n".join(_shown(key, item, language) for item in value)
    if key in _NAMES and (value is None or value != value):
        return catalogue(language)["words.unnamed"]
    if key in _CODES:
        return catalogue(language).get(f"words.{value}", value)
    return value
