"""A folder of results that is always whole: written beside the last one, and put in its place only when complete.

The swap is two renames; a run killed between them leaves the last good folder under a name that `recover` finds. What somebody
laid into the folder is moved over after the swap, by renames too: links, pipes and sockets stay what they are, nothing is copied
or followed, and what is written meanwhile is not lost. A folder that is not a run's own is never touched.
"""

import errno
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from planner.errors import InputError

MANIFEST = "manifest.json"

_ABANDONED_S = 24 * 3600
_LEAST_BYTES = 8 << 20
_LONGEST_NAME = 150
_ATTEMPTS = 10
_NOT_TO_BE_WRITTEN = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO")}


def check_folder(target: Path) -> None:
    """Check before the work that its results can be written into `target`, and recover what a killed run left there.

    Raises
    ------
    InputError
        `target` is a file, holds things that no run wrote, or cannot be written (name, rights, room).
    """
    target = _resolved(target)
    recover(target)
    _refuse_foreign(target)
    made: list[Path] = []
    with _said(target):
        try:
            for folder in [*reversed(target.parents), _fresh(target)]:
                if not folder.is_dir():
                    folder.mkdir()
                    made.append(folder)
            if shutil.disk_usage(target.parent).free < _LEAST_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if not target.is_dir():
                target.mkdir()
                made.append(target)
        finally:
            for folder in reversed(made):
                with suppress(OSError):
                    folder.rmdir()


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a fresh folder to write into; on leaving without an error it takes the place of `target`.

    Raises
    ------
    InputError
        `target` is a file, holds things that no run wrote, cannot be written, or is in use by another program.
    """
    target = _resolved(target)
    recover(target)
    _refuse_foreign(target)
    fresh = _fresh(target)
    try:
        with _said(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            yield fresh
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def recover(target: Path) -> None:
    """Put back the last good folder where a run was killed between the two renames, and clear what dead runs left."""
    target = _resolved(target)
    last = _last(target)
    if last.is_dir() and not last.is_symlink():
        with suppress(OSError):  # another run does it at this moment
            if target.is_dir() and _written_files(target) is None:  # laid there while the folder was gone
                _move_into(target, last)
            if os.path.lexists(target):
                _give_back(last, target)
            else:
                last.rename(target)
    if target.parent.is_dir():
        for leftover in target.parent.glob(f".{_stem(target)}.*.unfinished"):
            with suppress(FileNotFoundError):  # the run that wrote it has just ended
                if _is_abandoned(leftover):
                    shutil.rmtree(leftover, ignore_errors=True)


def _resolved(target: Path) -> Path:
    try:
        target = target.resolve()
    except (OSError, RuntimeError, ValueError) as fault:  # a link to itself, a name with a zero byte
        raise InputError("deliver.not_to_be_written", folder=target, fault=fault) from fault
    if target == Path(target.anchor):
        raise InputError("deliver.foreign_folder", folder=target)
    return target


def _stem(target: Path) -> str:
    """Return what the names beside `target` begin with: its own, shortened where nothing could be put to it."""
    name = os.fsencode(target.name)
    return target.name if len(name) <= _LONGEST_NAME else hashlib.sha256(name).hexdigest()[:32]


def _last(target: Path) -> Path:
    return target.with_name(f".{_stem(target)}.last")


def _fresh(target: Path) -> Path:
    return target.with_name(f".{_stem(target)}.{_computer()}-{os.getpid()}.unfinished")


def _computer() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def _is_abandoned(leftover: Path) -> bool:
    """Whether the run that wrote into a folder is gone: known of this computer's, taken for granted of others' after a day."""
    computer, _, process = leftover.name.split(".")[-2].partition("-")
    if computer == _computer() and process.isdecimal() and os.name == "posix":
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):
            pass
    return time.time() - leftover.stat().st_mtime > _ABANDONED_S


@contextmanager
def _said(target: Path) -> Iterator[None]:
    """Say in one sentence that a folder cannot be written."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, FileNotFoundError) as fault:
        raise InputError("deliver.not_to_be_written", folder=target, fault=fault.strerror or fault) from fault
    except OSError as fault:
        if fault.errno in _NOT_TO_BE_WRITTEN | {errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP}:
            raise InputError("deliver.not_to_be_written", folder=target, fault=fault.strerror or fault) from fault
        raise


def _written_files(folder: Path) -> set[str] | None:
    """Return the files that the run in `folder` wrote, None where it is no run's folder.

    Of a manifest that is damaged only so much is known: that a run wrote it, where the run's layers lie beside it.
    """
    if not (folder / MANIFEST).is_file():
        return None
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        return None
    except (ValueError, RecursionError):
        return {MANIFEST} if (folder / "plan.gpkg").is_file() else None
    try:
        return {MANIFEST, *manifest["outputs"]}
    except (KeyError, TypeError):
        return None


def _refuse_foreign(target: Path) -> None:
    with _said(target):
        if os.path.lexists(target) and not target.is_dir():
            raise InputError("deliver.not_a_folder", folder=target)
        if target.is_dir() and any(target.iterdir()) and _written_files(target) is None:
            raise InputError("deliver.foreign_folder", folder=target)


def _swap(fresh: Path, target: Path) -> None:
    last = _last(target)
    try:
        for _ in range(_ATTEMPTS):
            if os.path.lexists(target):
                if not last.is_dir():
                    target.rename(last)
                elif _written_files(target) is None:  # somebody laid something there between the two renames
                    _move_into(target, last)
            try:
                fresh.rename(target)
                break
            except OSError:
                if not os.path.lexists(target):
                    raise
        else:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    except OSError as fault:  # on Windows a file that is open elsewhere holds its folder
        if last.is_dir() and not os.path.lexists(target):
            last.rename(target)
        raise InputError("deliver.in_use", folder=target, fault=fault) from fault
    if last.is_dir():
        _give_back(last, target)


def _give_back(last: Path, target: Path) -> None:
    """Move what is not of the last run's making from its folder into the new one, and remove the rest."""
    written = _written_files(last) or set()
    if written == {MANIFEST}:  # it is damaged: what the new run wrote too was of the last one's making
        written |= {item.name for item in target.iterdir()}
    with suppress(
        OSError
    ):  # what cannot be moved stays where it is, for the next run to move; so does the manifest till then
        for name in written - {MANIFEST}:
            file = last / name
            if file.name == name and (file.is_symlink() or not file.is_dir()):
                file.unlink(missing_ok=True)
        _move_into(target=target, source=last, leaving=MANIFEST)
        (last / MANIFEST).unlink(missing_ok=True)
        last.rmdir()


def _move_into(source: Path, target: Path, leaving: str | None = None) -> None:
    """Move all that lies in a folder into another, where it gets another name if its own is taken."""
    for item in list(source.iterdir()):
        if item.name == leaving:
            continue
        place, number = target / item.name, 2
        while os.path.lexists(place):
            place, number = target / f"{item.stem}-{number}{item.suffix}", number + 1
        item.rename(place)
    if leaving is None:
        source.rmdir()
