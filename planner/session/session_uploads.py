"""What one session has uploaded: which files it uses of its own, and what was found in the one that came last."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path

from planner.errors import PlannerError
from planner.findings import InputReport
from planner.project import Project, load
from planner.session.drafts import draft_of
from planner.session.input_check import check_upload
from planner.session.open_project import Opened
from planner.session.uploads import SessionFiles


@dataclass(frozen=True)
class Used:
    """The uploads in use, by role: instead of the project's files, and beside them."""

    replaced: dict[str, Path] = field(default_factory=dict)
    added: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    def using(self, role: str, file: Path, *, beside: bool) -> "Used":
        """Return these with one more."""
        if beside:
            return replace(self, added={**self.added, role: (*self.added.get(role, ()), file)})
        return replace(self, replaced={**self.replaced, role: file})

    def without(self, role: str, file: Path) -> "Used":
        """Return these without one."""
        added = {name: tuple(each for each in files if each != file) for name, files in self.added.items()}
        replaced = {name: each for name, each in self.replaced.items() if (name, each) != (role, file)}
        return Used(replaced, {name: files for name, files in added.items() if files})

    def files(self) -> list[tuple[str, Path]]:
        """Return role and file of each."""
        return [*self.replaced.items(), *((role, file) for role, files in self.added.items() for file in files)]


@dataclass(frozen=True)
class Received:
    """An upload that was checked: its accounts, or why it cannot be used."""

    file: Path | None
    reports: tuple[InputReport, ...] = ()
    fault: PlannerError | None = None


class SessionUploads:
    """The uploads of one session, in a folder of its own that goes with this object."""

    def __init__(self) -> None:
        self._files = SessionFiles()
        self._used: dict[Path, Used] = {}
        self._received: tuple[Hashable, Received] | None = None

    @property
    def folder(self) -> Path:
        """The session's own folder."""
        return self._files.folder

    def used(self, project: Project) -> Used:
        """Return the uploads in use for a project."""
        return self._used.get(project.path, Used())

    def use(self, project: Project, used: Used) -> None:
        """Use these from here on."""
        self._used[project.path] = used
        self._received = None

    def put_in(self, opened: Opened) -> Opened:
        """Return what is open with the uploads in their places, and then with a folder of its own for results.

        Raises
        ------
        PlannerError
            The uploads do not go together with the project file any more.
        """
        if opened.project is None:
            return opened
        used = self.used(opened.project)
        if not used.files():
            return opened
        out = "out-" + "-".join(file.parent.name for _, file in used.files())
        return Opened(self._draft(opened.project, used), self._files.folder_for(opened.project.path) / out)

    def receive(self, project: Project, role: str, name: str, content: bytes, mark: str, *, beside: bool) -> Received:
        """Keep an upload and check it, once; the answer for its `mark` is remembered until another comes."""
        key = (project.path, role, beside, mark)
        if self._received is None or self._received[0] != key:
            file: Path | None = None
            try:
                file = self._files.keep(role, name, content)
                draft = self._draft(load(project.path), self.used(project).using(role, file, beside=beside))
                received = Received(file, tuple(check_upload(draft, role, file)))
            except PlannerError as fault:
                received = Received(file, fault=fault)
            self._received = (key, received)
        return self._received[1]

    def _draft(self, project: Project, used: Used) -> Project:
        return draft_of(project, used.replaced, self._files.folder_for(project.path), added=used.added)
