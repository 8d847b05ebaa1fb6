"""What the page was opened with: a project, or the folder that a run wrote into."""

from dataclasses import dataclass
from pathlib import Path

from planner.demo.write import MARK
from planner.errors import InputError
from planner.project import FILE_NAME, Project, load

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
        return self.project is not None and (self.project.folder / MARK).is_file()


def open_given(arguments: list[str], here: Path) -> Opened | None:
    """Open what the command line names, else the demonstration county in the folder `here`; None where there is neither.

    Raises
    ------
    PlannerError
        What is named is not there, or is neither a project nor the results of a run.
    """
    if arguments:
        return _open(Path(arguments[0]))
    demo = here / DEMO_FOLDER
    return _open(demo) if (demo / FILE_NAME).is_file() else None


def _open(path: Path) -> Opened:
    if (path / SUMMARY).is_file() and not (path / FILE_NAME).is_file():
        beside = path.resolve().parent / FILE_NAME
        return Opened(load(beside) if beside.is_file() else None, path)
    if not path.exists():
        raise InputError("ui.nothing_there", path=path)
    project = load(path)
    return Opened(project, project.folder / "out")
