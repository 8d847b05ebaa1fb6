"""A project file ``project.toml``, checked whole, with every fault named at once.

Paths in it are relative to the file. Unknown keys are errors that name the nearest known key.
"""

import hashlib
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.errors import ProjectError
from planner.project.facilities import FacilitySection
from planner.project.faults import sentences
from planner.project.files import input_files, matching
from planner.project.people import PopulationSection
from planner.project.schema import ProjectFile
from planner.project.section import Files
from planner.project.siting import SitingSection
from planner.project.streets import one_word
from planner.project.walking import Rule, WalkRuleSection
from planner.tables.parts import parts_of
from planner.units import minutes_to_s, speed_m_s

FILE_NAME = "project.toml"


@dataclass(frozen=True)
class Project:
    """A checked project file. `folder` is where its paths start, `settings` its sections.

    `read_as` is name, size and SHA-256 of the bytes that it was read from; None where it was read from none.
    """

    path: Path
    settings: ProjectFile
    read_as: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def folder(self) -> Path:
        """The folder of the project file."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The project's name."""
        return self.settings.project.name

    @property
    def language(self) -> str:
        """Language of the deliverables: zh or en."""
        return self.settings.project.language

    @property
    def groups(self) -> tuple[str, ...]:
        """Population groups in the order of the file, each once; an unfinished project without people has an empty "total"."""
        return tuple(dict.fromkeys(section.group for section in self.settings.population)) or ("total",)

    @property
    def main_group(self) -> str:
        """The group that sites are chosen for: `siting.weight`, else the first."""
        return self.settings.siting.weight or self.groups[0]

    def with_siting(self, **changes: Any) -> "Project":
        """Return the project with other words in ``[siting]``, checked as the file's own are.

        Raises
        ------
        ProjectError
            The section cannot say that.
        """
        given = self.settings.siting.model_dump(exclude_unset=True) | changes
        try:
            siting = SitingSection.model_validate({key: value for key, value in given.items() if value is not None})
        except ValidationError as faults:
            raise ProjectError(
                "project.faults", file=self.path, faults=sentences(faults, {"siting": given})
            ) from faults
        return replace(self, settings=self.settings.model_copy(update={"siting": siting}))

    def rule_of(self, group: str, zone_class: str | None = None) -> Rule:
        """Return the walk of a population group in a class of zone (None: where no class has a rule of its own).

        A group's own speed and minutes count before those of the class, and those of the class before the project's.
        """
        nobody = PopulationSection(source="", group=group)
        section = next((section for section in self.settings.population if section.group == group), nobody)
        walking = self.settings.walking
        own = next((rule for rule in walking.rules if rule.zone_class == zone_class), WalkRuleSection(zone_class="-"))
        speed = section.speed if section.speed is not None else own.speed
        minutes = section.minutes if section.minutes is not None else own.minutes
        if speed is None and minutes is None:
            return walking.rule
        limit_s = walking.rule.limit_s if minutes is None else minutes_to_s(minutes)
        return Rule(speed_m_s(walking.speed if speed is None else speed), limit_s)

    @property
    def zone_classes(self) -> tuple[str, ...]:
        """The classes of zones that have a walking rule of their own."""
        return tuple(rule.zone_class for rule in self.settings.walking.rules)

    @property
    def private_lanes(self) -> bool:
        """Whether the lanes of compounds are walked."""
        return bool(one_word(self.settings.streets, "private_lanes", True))

    def resolve(self, source: str) -> Path:
        """Return the path of an input named in the file."""
        return self.folder / source

    def paths(self, source: Files) -> list[Path]:
        """Return the paths of the inputs that a key names; see `planner.project.files.matching`."""
        return matching(self.folder, source)

    @property
    def sources(self) -> dict[str, Path]:
        """Every input, by the place in the project file that names it."""
        return input_files(self.settings, self.folder)

    @property
    def files(self) -> list[Path]:
        """Every file that a run reads: the project file, then each input with all that belongs to it."""
        return [self.path, *(part for path in self.sources.values() for part in parts_of(path))]

    def facility_files(self, role: str) -> list[Path]:
        """Return the tables of "centres" or "candidates" in order."""
        section: FacilitySection | None = getattr(self.settings, role)
        return [] if section is None else self.paths(section.source)


def load(path: str | Path, *, unfinished: bool = False) -> Project:
    """Read a project: a ``project.toml``, or the folder that holds one.

    `unfinished` lets one pass that has no people or no facilities yet: it can be checked, not run.

    Raises
    ------
    ProjectError
        There is no such file, it is not TOML, or what it says cannot be; all faults are named together.
    """
    path = Path(path)
    if path.is_dir():
        path = path / FILE_NAME
    if not path.is_file():
        raise ProjectError("project.missing_project", file=path)
    try:
        written = path.read_bytes()
        content = tomllib.loads(written.decode("utf-8-sig").replace("\r\n", "\n"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ProjectError("project.not_toml", file=path, fault=fault) from fault
    read_as = {"file": path.name, "bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    return replace(checked(path, content, unfinished=unfinished), read_as=read_as)


def checked(path: Path, content: dict[str, Any], *, unfinished: bool = False) -> Project:
    """Return the project that lies at `path` and says `content`; `unfinished` as in `load`.

    Raises
    ------
    ProjectError
        What it says cannot be; all faults are named together.
    """
    try:
        return Project(path, ProjectFile.model_validate(content, context={"unfinished": unfinished}))
    except ValidationError as faults:
        raise ProjectError("project.faults", file=path, faults=sentences(faults, content)) from None
