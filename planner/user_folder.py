"""Where this user's programs keep what they can make or fetch again: never in a folder that travels with a project."""

import os
from pathlib import Path

from platformdirs import user_cache_path

VARIABLE = "PLANNER_CACHE"
"""The environment variable that names another folder."""


def user_folder() -> Path:
    """Return the folder: our name in ``~/.cache`` (Linux), ``~/Library/Caches`` (macOS) or ``%LOCALAPPDATA%`` (Windows)."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else user_cache_path("quarter-hour-planner", appauthor=False)
