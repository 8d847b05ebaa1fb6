"""Every sentence a user reads, by code, in Chinese and English.

A code such as ``tables.negative_people`` names the entry ``negative_people`` of ``<language>/tables.toml``. An entry is a
sentence, or a pair of `what` (is wrong, and where) and `remedy` (what to do). Parameters are filled in by `str.format`.
This module stands at the top of the house: it imports nothing of the planner.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")

Entry = str | dict[str, str]


def say(code: str, language: str = "en", **params: Any) -> str:
    """Return the sentence of `code` in `language`, with its remedy behind it where it has one.

    Raises
    ------
    KeyError
        `code` is in no catalogue of `language`, or its sentence needs a parameter that was not given.
    """
    entry = catalogue(language)[code]
    if isinstance(entry, str):
        return entry.format(**params)
    gap = "" if language == "zh" else " "
    return gap.join((entry["what"].format(**params), entry["remedy"].format(**params)))


def say_parts(code: str, language: str = "en", **params: Any) -> tuple[str, str]:
    """Return `(what, remedy)` of `code`; the remedy is empty where the entry is a single sentence."""
    entry = catalogue(language)[code]
    if isinstance(entry, str):
        return entry.format(**params), ""
    return entry["what"].format(**params), entry["remedy"].format(**params)


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
