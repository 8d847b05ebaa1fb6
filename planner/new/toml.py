"""The text of a new ``project.toml``, with comments in the reader's language."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from planner.deliver.geojson import ATTRIBUTION
from planner.new.given import Given
from planner.new.section_draft import SectionDraft
from planner.texts import say

_WIDEST = 110


def project_text(sections: Sequence[SectionDraft], given: Given) -> str:
    """Return the whole file: what is known as sections, what was guessed as comments above them, what is open as comments."""
    language = given.language
    name = given.name or given.place or (given.boundary.stem if given.boundary else "project")
    parts = [_comment(say("new.head", language))]
    if given.fetched:
        parts[0] += "\n" + _comment(ATTRIBUTION)
    parts.append(section_text(SectionDraft("project", {"name": name, "language": language}), language))
    heads = [section.head for section in sections]
    for number, section in enumerate(sections):
        first = heads.index(section.head) == number
        comment = _comment(say(f"new.about_{section.head}", language)) + "\n" if first else ""
        parts.append(comment + section_text(section, language))
        if section.head == "streets" and "streets" not in heads[number + 1 :]:
            parts.append(_walking(language))
    parts.append(_siting(language, proposed="candidates" in [section.head for section in sections if not section.off]))
    return "\n".join(parts)


def toml_text(content: Mapping[str, Any]) -> str:
    """Return the sections of a project file (plain data, as TOML gives it) as TOML, without comments."""
    parts = []
    for head, given in content.items():
        several = isinstance(given, list)
        for section in given if several else [given]:
            title = f"[[{head}]]" if several else f"[{head}]"
            parts.append(
                "\n".join([title, *(f"{_key(key)} = {_value(value)}" for key, value in section.items())]) + "\n"
            )
    return "\n".join(parts)


def section_text(section: SectionDraft, language: str) -> str:
    """Return one section with its notes above it."""
    lines = [_comment(say(note.code, language, **note.params)) for note in section.notes]
    body = [f"[[{section.head}]]" if section.several else f"[{section.head}]"]
    body += [f"{key} = {_value(value)}" for key, value in section.keys.items()]
    lines += [f"# {line}" for line in body] if section.off else body
    return "\n".join(lines) + "\n"


def _walking(language: str) -> str:
    keys = {"minutes": 15, "speed": "standard", "max_snap_m": 300}
    comments = {key: say(f"new.walking_{key}", language) for key in keys}
    lines = [f"{key} = {_value(value)}  # {comments[key]}" for key, value in keys.items()]
    return "\n".join([_comment(say("new.about_walking", language)), "[walking]", *lines]) + "\n"


def _siting(language: str, *, proposed: bool) -> str:
    body = ["[siting]", 'objective = "max_coverage"', "sites = 10"]
    lines = body if proposed else [f"# {line}" for line in body]
    return "\n".join([_comment(say("new.about_siting", language)), *lines]) + "\n"


def _comment(text: str) -> str:
    """Return text as comment lines; nothing in it can end the comment."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    lines, line = [], "#"
    for word in plain.split(" "):
        if len(line) + 1 + len(word) > _WIDEST and line != "#":
            lines.append(line)
            line = "#"
        line += f" {word}"
    return "\n".join([*lines, line])


def _value(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(float(value)) if isinstance(value, float) else repr(value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)
