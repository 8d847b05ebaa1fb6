"""The one folder that projects are opened from and saved to; nothing outside it is ever reached by a name.

A name is a folder's path below the workspace with ``/`` between its parts, ``.`` being the workspace itself. It may come from a
link or a text field, so it is refused before the disk is asked: what leads up or elsewhere, and what Windows cannot hold.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from planner.errors import InputError
from planner.project import FILE_NAME, Project

DEEPEST = 3
_MOST_FOLDERS = 5_000  # looked at when projects are listed: a workspace may be somebody's whole disk
_LONGEST_NAME = 80
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"]
)


@dataclass(frozen=True)
class Workspace:
    """A folder of projects, up to three folders deep."""

    root: Path

    def projects(self) -> list[str]:
        """Return the names of the folders that hold a ``project.toml``, sorted; hidden folders and links are passed over."""
        return sorted(self._found(), key=lambda name: (name.count("/"), name.casefold(), name))

    def resolve(self, name: str) -> Path:
        """Return the folder of a project.

        Raises
        ------
        InputError
            The name is none that a project may have, leads out of the workspace, or leads to no project.
        """
        parts = [] if name == "." else name.split("/")
        for part in parts:
            check_name(part, whole=name)
        folder = self.root.joinpath(*parts)
        if not (self._holds(folder) and self._holds(folder / FILE_NAME)):
            raise InputError("ui.outside_workspace", name=name, workspace=self.root)
        if not (folder / FILE_NAME).is_file():
            raise InputError("ui.no_such_project", name=name, workspace=self.root)
        return folder

    def name_of(self, path: Path) -> str:
        """Return the name of a project's folder.

        Raises
        ------
        InputError
            It does not lie in the workspace.
        """
        if not self._holds(path):
            raise InputError("ui.outside_workspace", name=path, workspace=self.root)
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def save_as(self, name: str, project: Project) -> Path:
        """Save a project with all its input files as a new one and return its folder; it is made whole or not at all.

        Raises
        ------
        InputError
            The name is none that a project may have, is taken, or the files cannot be written.
        """
        from planner.session.project_copy import copy_project  # brings the whole planner: opening must not wait for it

        check_name(name, whole=name)
        folder = self.root / name
        unfinished = self.root / f".{name}.{secrets.token_hex(8)}.unfinished"
        try:
            if os.path.lexists(folder):
                raise FileExistsError(folder)
            unfinished.mkdir()
            try:
                copy_project(project, unfinished)
                unfinished.rename(folder)  # fails where another session's project came to lie there meanwhile
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        except OSError as fault:
            if os.path.lexists(folder):
                raise InputError("ui.project_exists", name=name, workspace=self.root) from fault
            raise InputError("ui.cannot_save", name=name, workspace=self.root, fault=fault) from fault
        return folder

    def _holds(self, path: Path) -> bool:
        """Return whether a path lies in the workspace, wherever links on the way lead."""
        return path.resolve().is_relative_to(self.root.resolve())

    def _found(self) -> Iterator[str]:
        left = _MOST_FOLDERS
        waiting = [(self.root, "", 0)]
        while waiting and left > 0:
            folder, name, depth = waiting.pop()
            left -= 1
            if (folder / FILE_NAME).is_file():
                if self._holds(folder / FILE_NAME):
                    yield name or "."
                if depth:  # what lies in a project is the project's
                    continue
            if depth < DEEPEST:
                waiting += [(folder / inside, f"{name}/{inside}".lstrip("/"), depth + 1) for inside in _folders(folder)]


def check_name(part: str, *, whole: str) -> None:
    """Refuse what cannot be a folder's name here or on Windows.

    Raises
    ------
    InputError
        With the `whole` name that the part stands in.
    """
    if part in ("", ".", "..") or part.startswith(("~", ".")) or not _FORBIDDEN.isdisjoint(part):
        raise InputError("ui.forbidden_name", name=whole)
    stem = part.split(".")[0].rstrip(" ").casefold()
    if not part.isprintable() or part[-1] in ". " or part[0] == " " or stem in _DEVICES or len(part) > _LONGEST_NAME:
        raise InputError("ui.forbidden_name", name="".join(c if c.isprintable() else "?" for c in whole[:200]))


def _folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder that can be opened by name."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if _can_be_opened(entry)]
    except OSError:
        return []


def _can_be_opened(entry: "os.DirEntry[str]") -> bool:
    try:
        check_name(entry.name, whole=entry.name)
        return entry.is_dir(follow_symlinks=False)
    except (InputError, OSError):
        return False
