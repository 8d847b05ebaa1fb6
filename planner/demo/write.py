"""Write the county into a folder: whole or not at all, and never over what someone else put there."""

import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

from planner.demo.area import FILES, write_area
from planner.errors import InputError
from planner.project.files import INVENTED_MARK

PART = ".demo-county.part"
"""Where a county lies until it is whole."""
MIN_SCALE, MAX_SCALE = 0.05, 100.0


def write_county(folder: Path, *, seed: int = 1, scale: float = 1.0, language: str = "zh") -> Path:
    """Write an invented county into `folder` as the inputs of a project; return the path of its `project.toml`.

    The same seed, scale and language give the same bytes; the tables are Chinese, `language` (zh or en) is that of the project
    file and so of what a run says and writes. `scale` 1 is about 2,000 km2, 27 townships, 430 villages, 1.5 million people
    and 35,000 street junctions; other scales are multiples of that. The folder is made where there is none. A county written
    there before is replaced; results, caches and files of one's own stay, and a file of the county that was changed since is
    kept beside the new one with ``.bak`` behind its name. The project file goes away first and comes back last, so that a
    run that is killed leaves no half county that could be taken for a whole one.

    Raises
    ------
    InputError
        The folder holds files but no demonstration county, cannot be written to, or seed or scale cannot be used.
    """
    folder = Path(folder)
    if not (math.isfinite(scale) and MIN_SCALE <= scale <= MAX_SCALE):
        raise InputError("demo.bad_scale", scale=scale, least=MIN_SCALE, most=f"{MAX_SCALE:g}")
    if seed < 0:
        raise InputError("demo.bad_seed", seed=seed)
    part = folder / PART
    try:
        before = _read_mark(folder)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        write_area(part, seed=seed, scale=scale, language=language)
        _keep_changed(folder, before)
        sums = {name: [_sum(part / name)] for name in FILES}
        mark = {"invented": True, "seed": seed, "scale": scale}
        both = {name: sums[name] + before.get(name, []) for name in FILES}
        _write_mark(folder, part, mark | {"sha256": both})  # for a run that is killed between the files
        _swap(folder, part)
        _write_mark(folder, part, mark | {"sha256": sums})
    except OSError as fault:
        raise InputError("demo.cannot_write", folder=folder, fault=fault.strerror or str(fault)) from fault
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder / "project.toml"


def _read_mark(folder: Path) -> dict[str, list[str]]:
    """Return the sums that the county's files in the folder had when they were written, empty for a new one.

    Raises
    ------
    InputError
        The folder is a file, or holds something else than a demonstration county.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("demo.not_a_folder", folder=folder)
    others = sorted(path.name for path in folder.iterdir() if path.name != PART) if folder.exists() else []
    if not others:
        return {}
    try:
        mark = json.loads((folder / INVENTED_MARK).read_text(encoding="utf-8"))
        sums = mark["sha256"]
        if mark["invented"] is True and isinstance(sums, dict):
            return {str(name): [str(value) for value in known] for name, known in sums.items()}
    except (OSError, ValueError, LookupError, TypeError):
        pass
    raise InputError("demo.foreign_folder", folder=folder, found=", ".join(others[:5]))


def _keep_changed(folder: Path, before: dict[str, list[str]]) -> None:
    """Keep a copy of the county's files that were changed since they were written."""
    for name, known in before.items():
        path = folder / name
        if name in FILES and path.is_file() and _sum(path) not in known:
            copy = path.with_name(name + ".bak")
            number = 1
            while copy.exists():
                number += 1
                copy = path.with_name(f"{name}.bak{number}")
            shutil.copy2(path, copy)


def _write_mark(folder: Path, part: Path, mark: dict[str, Any]) -> None:
    new = part / INVENTED_MARK
    new.write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8", newline="\n")
    new.replace(folder / INVENTED_MARK)


def _swap(folder: Path, part: Path) -> None:
    """Put the new files in the place of the old ones; without its project file a county cannot be run."""
    (folder / FILES[-1]).unlink(missing_ok=True)
    for name in FILES:
        (part / name).replace(folder / name)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
