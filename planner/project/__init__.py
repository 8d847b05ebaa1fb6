"""The project file ``project.toml``: what it may say, checked whole, with every fault named at once.

Paths in it are relative to the file. Unknown keys are errors that name the nearest known key.
"""

import difflib
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from planner.errors import ProjectError
from planner.project.places import Section as _Section
from planner.project.places import one_word
from planner.project.sections import (
    FacilitySection,
    Files,
    PopulationSection,
    ProjectFile,
    Rule,
    SitingSection,
    WalkRuleSection,
)
from planner.texts import Sentence, catalogue
from planner.units import minutes_to_s, speed_m_s

FILE_NAME = "project.toml"

_BRANCHES = ("str", "float", "tuple[str, ...]", "[key]")
"""How pydantic names, within a fault's place, which of several types it tried; no part of the project file."""


@dataclass(frozen=True)
class Project:
    """A checked project file. `folder` is where its paths start, `settings` its sections."""

    path: Path
    settings: ProjectFile

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
                "project.faults", file=self.path, faults=_sentences(faults, {"siting": given})
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

    def files(self, source: Files) -> list[str]:
        """Return the names of the files that a key names, patterns filled in, each once; a pattern that fits none stays."""
        found: list[str] = []
        for name in (source,) if isinstance(source, str) else source:
            is_pattern = ("*" in name or "?" in name) and not self.resolve(name).exists()
            found += _matching(self.folder, name) or [name] if is_pattern else [name]
        return list(dict.fromkeys(found))

    def _population_files(self, key: str, section: PopulationSection) -> dict[str, str]:
        """Return every file of a population section, by the place that names it."""
        named: dict[str, str] = {}
        for word in ("source", *(("low", "high") if section.is_raster else ())):
            files = [] if (given := getattr(section, word)) is None else self.files(given)
            for at, file in enumerate(files):
                named[f"{key}.{word}" if len(files) == 1 else f"{key}.{word}[{at}]"] = file
        return named | {f"{key}.{w}": getattr(section, w) for w in ("buildings", "zones") if getattr(section, w)}

    @property
    def sources(self) -> dict[str, Path]:
        """Every input file, by the place in the project file that names it."""
        settings = self.settings
        named = {} if settings.area.outline is None else {"area.boundary": settings.area.outline}
        several = len(settings.streets) > 1
        for i, streets in enumerate(settings.streets):
            named[f"streets[{i}].source" if several else "streets.source"] = streets.source
        given = {"gates.source": settings.gates and settings.gates.source, "area.zones": settings.area.zones}
        given["walking.elevation"] = settings.walking.elevation
        given |= {f"zones[{i}].source": level.source for i, level in enumerate(settings.zones)}
        named |= {
            key: source for key, source in (given | {"area.residential": settings.area.residential}).items() if source
        }
        for i, section in enumerate(self.settings.population):
            named |= self._population_files(f"population[{i}]", section)
        if self.settings.calibrate is not None:
            named["calibrate.source"] = self.settings.calibrate.source
            if self.settings.calibrate.zones is not None:
                named["calibrate.zones"] = self.settings.calibrate.zones
        for name in ("villages", "corrections"):
            source = getattr(self.settings.register_, name)
            if source is not None and (name != "corrections" or self.resolve(source).exists()):
                named[f"register.{name}"] = source
        found = {key: self.resolve(source) for key, source in named.items()}
        for role in ("centres", "candidates"):
            files = self.facility_files(role)
            single = len(files) == 1
            found |= {f"{role}.source" if single else f"{role}.source[{i}]": path for i, path in enumerate(files)}
        return found

    def facility_files(self, role: str) -> list[Path]:
        """Return the tables of "centres" or "candidates" in order, a pattern's by name; one that finds nothing stays as it is.

        What a spreadsheet program lays beside an open workbook (``~$x.xlsx``, ``.~lock``) is none.
        """
        section: FacilitySection | None = getattr(self.settings, role)
        if section is None:
            return []
        listed = (section.source,) if isinstance(section.source, str) else section.source
        return list(dict.fromkeys(path for source in listed for path in self._matching(source)))

    def _matching(self, source: str) -> list[Path]:
        if not any(mark in source for mark in "*?[") or self.resolve(source).exists():
            return [self.resolve(source)]
        start = Path(source).anchor
        found = Path(start).glob(source.removeprefix(start)) if start else self.folder.glob(source)
        files = [path for path in found if not path.name.startswith(("~$", ".")) and path.name not in ("Thumbs.db",)]
        return sorted(files, key=lambda path: path.as_posix()) or [self.resolve(source)]


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
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ProjectError("project.not_toml", file=path, fault=fault) from fault
    return checked(path, content, unfinished=unfinished)


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
        raise ProjectError("project.faults", file=path, faults=_sentences(faults, content)) from None


def _matching(folder: Path, pattern: str) -> list[str]:
    """Return the files that a pattern fits, relative to the folder, by name."""
    path = Path(pattern)
    if path.is_absolute():
        return sorted(found.as_posix() for found in Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    base = folder
    while path.parts and path.parts[0] == "..":
        base, path = base / "..", Path(*path.parts[1:])
    found = sorted(found.relative_to(base).as_posix() for found in base.glob(path.as_posix()))
    front = base.relative_to(folder).as_posix() if base != folder else ""
    return [f"{front}/{name}" if front else name for name in found]


def _sentences(faults: ValidationError, content: dict[str, Any]) -> list[Sentence]:
    """Return one sentence a fault: where, what came, what was expected, and for an unknown key the nearest known one.

    That a list is too short once its faulty members are taken off is not worth a word.
    """
    found = faults.errors(include_url=False)
    within = {fault["loc"][:length] for fault in found for length in range(len(fault["loc"]))}
    return [_sentence(fault, content) for fault in found if fault["type"] != "too_short" or fault["loc"] not in within]


def _sentence(fault: ErrorDetails, content: dict[str, Any]) -> Sentence:
    parts = [part for part in fault["loc"] if part not in _BRANCHES]
    if len(parts) > 1 and isinstance(content.get(str(parts[0])), dict) and isinstance(parts[1], int):
        del parts[1]  # the section was given once
    where = ".".join(map(str, parts)) or FILE_NAME
    given = fault["input"] if isinstance(fault["input"], str | int | float | bool) else "..."
    params = {**fault.get("ctx", {}), "key": where, "given": given}
    kind = fault["type"]
    if kind == "extra_forbidden":
        known = _known_keys(fault["loc"][:-1])
        near = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1, cutoff=0.0)
        params |= {"near": near[0] if near else "-", "known": ", ".join(known)}
    code = f"project.{kind}"
    return Sentence(code if code in catalogue("en") else "project.bad_value", {**params, "message": fault["msg"]})


def _known_keys(loc: tuple[Any, ...]) -> list[str]:
    """Return the keys that the section at `loc` knows."""
    model: Any = ProjectFile
    for part in loc:
        if isinstance(part, int):
            continue
        annotation = next(field for name, field in model.model_fields.items() if part in (name, field.alias)).annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        sections = (inner for option in options for inner in (option, *getattr(option, "__args__", ())))
        model = next(option for option in sections if isinstance(option, type) and issubclass(option, _Section))
    return [field.alias or name for name, field in model.model_fields.items()]
