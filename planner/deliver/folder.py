"""A folder of results that is always whole: written beside the last one, and put in its place only when complete.

The swap is two renames; a run killed between them leaves the last good folder under a name that `recover` finds. Files that
somebody laid into the folder are carried over; a folder that is not a run's own is never touched.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from planner.errors import InputError

MANIFEST = "manifest.json"

_ABANDONED_S = 24 * 3600


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a fresh folder to write into; on leaving without an error it takes the place of `target`.

    Raises
    ------
    InputError
        `target` is a file, holds things that no run wrote, or is in use by another program.
    """
    target = target.resolve()
    recover(target)
    _refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        _carry_over(target, fresh)
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def recover(target: Path) -> None:
    """Put back the last good folder where a run was killed between the two renames, and clear what dead runs left."""
    target = target.resolve()
    last = _last(target)
    if last.is_dir():
        if target.exists():
            shutil.rmtree(last, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):  # another run puts it back at this moment
                last.rename(target)
    if target.parent.is_dir():
        for leftover in target.parent.glob(f".{target.name}.*.unfinished"):
            with suppress(FileNotFoundError):  # the run that wrote it has just ended
                if time.time() - leftover.stat().st_mtime > _ABANDONED_S:  # a younger one may be another run at work
                    shutil.rmtree(leftover, ignore_errors=True)


def _last(target: Path) -> Path:
    return target.with_name(f".{target.name}.last")


def _written_files(folder: Path) -> set[str] | None:
    """Return the files that the run in `folder` wrote, None where it is no run's folder.

    Of a manifest that is damaged only so much is known: that a run wrote it, where the run's layers lie beside it.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError:
        return {MANIFEST} if (folder / "plan.gpkg").is_file() else None
    try:
        return {MANIFEST, *manifest["outputs"]}
    except (KeyError, TypeError):
        return None


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise InputError("deliver.not_a_folder", folder=target)
    if target.is_dir() and any(target.iterdir()) and _written_files(target) is None:
        raise InputError("deliver.foreign_folder", folder=target)


def _carry_over(target: Path, fresh: Path) -> None:
    """Copy what is not of the last run's making: somebody's notes stay where they were laid."""
    if not target.is_dir():
        return
    written = _written_files(target) or set()
    for item in target.iterdir():
        if item.name in written or (fresh / item.name).exists():
            continue
        if item.is_dir():
            shutil.copytree(item, fresh / item.name)
        else:
            shutil.copy2(item, fresh / item.name)


def _swap(fresh: Path, target: Path) -> None:
    last = _last(target)
    try:
        if target.exists():
            target.rename(last)
        try:
            fresh.rename(target)
        except OSError:
            if last.exists():
                last.rename(target)
            raise
    except OSError as fault:  # on Windows a file that is open elsewhere holds its folder
        raise InputError("deliver.in_use", folder=target, fault=fault) from fault
    shutil.rmtree(last, ignore_errors=True)
