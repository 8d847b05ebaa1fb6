"""What is wrong with a project file, in sentences: where, what came, what was expected, the nearest known key."""

import difflib
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from planner.project.schema import ProjectFile
from planner.project.section import Section
from planner.texts import Sentence, catalogue

_BRANCHES = ("str", "float", "tuple[str, ...]", "[key]")
"""How pydantic names, within a fault's place, which of several types it tried; no part of the project file."""


def sentences(faults: ValidationError, content: dict[str, Any]) -> list[Sentence]:
    """Return one sentence a fault: where, what came, what was expected, and for an unknown key the nearest known one.

    That a list is too short once its faulty members are taken off is not worth a word.
    """
    found = faults.errors(include_url=False)
    within = {fault["loc"][:length] for fault in found for length in range(len(fault["loc"]))}
    return [_sentence(fault, content) for fault in found if fault["type"] != "too_short" or fault["loc"] not in within]


def _sentence(fault: ErrorDetails, content: dict[str, Any]) -> Sentence:
    parts = [part for part in fault["loc"] if part not in _BRANCHES]
    if len(parts) > 1 and isinstance(content.get(str(parts[0])), dict) and isinstance(parts[1], int):
        del parts[1]  # the section was given once
    where = ".".join(map(str, parts)) or "project.toml"
    given = fault["input"] if isinstance(fault["input"], str | int | float | bool) else "..."
    params = {**fault.get("ctx", {}), "key": where, "given": given}
    kind = fault["type"]
    if kind == "extra_forbidden":
        known = _known_keys(fault["loc"][:-1])
        near = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1, cutoff=0.0)
        params |= {"near": near[0] if near else "-", "known": ", ".join(known)}
    code = f"project.{kind}"
    return Sentence(code if code in catalogue("en") else "project.bad_value", {**params, "message": fault["msg"]})


def _known_keys(loc: tuple[Any, ...]) -> list[str]:
    """Return the keys that the section at `loc` knows."""
    model: Any = ProjectFile
    for part in loc:
        if isinstance(part, int):
            continue
        annotation = next(field for name, field in model.model_fields.items() if part in (name, field.alias)).annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        sections = (inner for option in options for inner in (option, *getattr(option, "__args__", ())))
        model = next(option for option in sections if isinstance(option, type) and issubclass(option, Section))
    return [field.alias or name for name, field in model.model_fields.items()]
