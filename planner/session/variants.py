"""Saved variants: settings under a name, kept beside the project so that next week's meeting finds them."""

import json
from pathlib import Path
from typing import Any

from planner.project.files import VARIANTS_FILE
from planner.session.settings import Choice
from planner.ui.words import Words

_MOST = 100


def read_variants(folder: Path, base: Choice, groups: tuple[str, ...]) -> dict[str, Choice]:
    """Return the variants kept in a project's folder; none where there is no such file or it says nothing readable."""
    try:
        kept = json.loads((folder / VARIANTS_FILE).read_text(encoding="utf-8"))["variants"]
        links = {str(one["name"]): _as_link(one["settings"]) for one in kept[:_MOST]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {name: Choice.from_link(link, base, groups) for name, link in links.items()}


def write_variants(folder: Path, variants: dict[str, Choice]) -> None:
    """Keep variants in a project's folder, whole or not at all; a folder that cannot be written to is done without."""
    content = {"variants": [{"name": name, "settings": choice.to_link()} for name, choice in variants.items()]}
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    unfinished = folder / f"{VARIANTS_FILE}.part"
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(folder / VARIANTS_FILE)
    except OSError:
        unfinished.unlink(missing_ok=True)


def _as_link(settings: dict[str, Any]) -> dict[str, list[str]]:
    return {
        str(key): [str(v) for v in (value if isinstance(value, list) else [value])] for key, value in settings.items()
    }


def describe(choice: Choice, words: Words) -> str:
    """Return settings in one line."""
    parts = {
        "sites": words("count_sites", number=f"{choice.sites:,}"),
        "budget": words.yuan(choice.budget_yuan),
        "list": words("list_of", number=f"{len(choice.listed):,}"),
        "project": words("mode_project"),
    }
    found = [parts[choice.mode], words.group(choice.group)]
    for wish, ids in (("locked_count", choice.required), ("forbidden_count", choice.forbidden)):
        if ids:
            found.append(words(wish, number=f"{len(ids):,}"))
    if choice.within is not None:
        found.append(words("area_within"))
    return " · ".join(found)
