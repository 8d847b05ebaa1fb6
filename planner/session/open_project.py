"""What the page was opened with: a workspace, and of it a project or the folder that a run wrote into."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from planner.errors import InputError
from planner.project import FILE_NAME, Project, load
from planner.project.files import INVENTED_MARK
from planner.session.workspace import Workspace

DEMO_FOLDER = "demo-county"
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Opened:
    """A project and the folder of its results; a folder of results alone has no project."""

    project: Project | None
    out: Path

    @property
    def has_results(self) -> bool:
        """Whether a run has finished here."""
        return (self.out / SUMMARY).is_file()

    @property
    def is_invented(self) -> bool:
        """Whether this is the demonstration county, which no map of the world shows."""
        return self.project is not None and (self.project.folder / INVENTED_MARK).is_file()


def workspace_of(arguments: list[str], here: Path) -> Workspace:
    """Return the workspace of the page: what ``--workspace`` names, else the folder that holds the project, else `here`."""
    given, root = _arguments(arguments)
    if root is not None:
        return Workspace(root)
    if given is None:
        return Workspace(here)
    folder = given if given.is_dir() else given.parent
    if not (folder / FILE_NAME).is_file() and (folder.resolve().parent / FILE_NAME).is_file():
        folder = folder.resolve().parent  # the results of a run
    return Workspace(folder.resolve().parent)


def open_given(arguments: list[str], here: Path, asked: str | None = None) -> Opened | None:
    """Open what a link `asked` for by its name in the workspace, else what the command line names, else the demonstration.

    The demonstration county is looked for in the workspace, which is `here` where nothing is named; None where there is none.

    Raises
    ------
    PlannerError
        What is named is not there, does not lie in the workspace, or is neither a project nor the results of a run.
    """
    given, root = _arguments(arguments)
    workspace = workspace_of(arguments, here)
    if asked:
        return _open(workspace.resolve(asked))
    if given is not None:
        if root is not None:
            workspace.name_of(given)
        return _open(given)
    demo = workspace.root / DEMO_FOLDER
    return _open(demo) if (demo / FILE_NAME).is_file() else None


def _arguments(arguments: list[str]) -> tuple[Path | None, Path | None]:
    """Return the project and the workspace that the command line names."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("project", nargs="?", type=Path)
    parser.add_argument("--workspace", type=Path)
    found, _ = parser.parse_known_args(arguments)
    return found.project, found.workspace


def _recovered(out: Path) -> Path:
    """Return a folder of results, put back where a run was killed while it exchanged it; what can do so is imported only then."""
    if not out.exists() and out.parent.is_dir() and any(out.parent.glob(".*.last")):
        from planner.deliver.folder import recover

        recover(out)
    return out


def _open(path: Path) -> Opened:
    path = _recovered(path)
    if (path / SUMMARY).is_file() and not (path / FILE_NAME).is_file():
        beside = path.resolve().parent / FILE_NAME
        return Opened(load(beside) if beside.is_file() else None, path)
    if not path.exists():
        raise InputError("ui.nothing_there", path=path)
    project = load(path)
    return Opened(project, _recovered(project.folder / "out"))
