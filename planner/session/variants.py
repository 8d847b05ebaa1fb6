"""Saved variants: settings under a name, kept beside the project so that next week's meeting finds them."""

import json
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner.project.files import VARIANTS_FILE
from planner.session.settings import PlanSettings

_MOST = 100
_writing = threading.Lock()


def read_variants(folder: Path, base: PlanSettings, groups: tuple[str, ...]) -> dict[str, PlanSettings]:
    """Return the variants kept in a project's folder; none where there is no such file or it says nothing readable."""
    try:
        kept = json.loads((folder / VARIANTS_FILE).read_text(encoding="utf-8"))["variants"]
        links = {str(one["name"]): _as_link(one["settings"]) for one in kept[:_MOST]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {name: PlanSettings.from_link(link, base, groups) for name, link in links.items()}


def change_variants(
    folder: Path, base: PlanSettings, groups: tuple[str, ...], change: Callable[[dict[str, PlanSettings]], None]
) -> dict[str, PlanSettings]:
    """Change the variants kept in a project's folder, and return them; one session after another, so that none is lost.

    They are written whole or not at all; a folder that cannot be written to is done without.
    """
    with _writing:
        variants = read_variants(folder, base, groups)
        change(variants)
        content = {"variants": [{"name": name, "settings": one.to_link()} for name, one in variants.items()]}
        unfinished = folder / f"{VARIANTS_FILE}.{secrets.token_hex(4)}.part"
        try:
            unfinished.write_text(
                json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n"
            )
            unfinished.replace(folder / VARIANTS_FILE)
        except OSError:
            unfinished.unlink(missing_ok=True)
    return variants


def _as_link(settings: dict[str, Any]) -> dict[str, list[str]]:
    return {
        str(key): [str(v) for v in (value if isinstance(value, list) else [value])] for key, value in settings.items()
    }
