"""The project file ``project.toml``: what it may say, checked whole, with every fault named at once.

Paths in it are relative to the file. Unknown keys are errors that name the nearest known key.
"""

import difflib
import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from planner.boundaries import zone_class_of
from planner.demand import RASTER_SUFFIXES
from planner.errors import ProjectError
from planner.geography import (
    TOWNSHIP,
    AreaSection,
    GatesSection,
    StreetsSection,
    ZonesSection,
    one_or_several,
    one_word,
)
from planner.geography import Section as _Section
from planner.geography import fault as _fault
from planner.register import FIELDS, Eligibility
from planner.tables import CANONICAL, Synonyms
from planner.texts import Sentence, catalogue
from planner.units import SPEEDS_M_S, minutes_to_s, speed_m_s

FILE_NAME = "project.toml"

Speed = str | float

_BRANCHES = ("str", "float", "tuple[str, ...]", "[key]")
"""How pydantic names, within a fault's place, which of several types it tried; no part of the project file."""


class About(_Section):
    """Section ``[project]``."""

    name: str = Field(min_length=1)
    language: Literal["zh", "en"] = "zh"


class WalkRuleSection(_Section):
    """One ``[[walking.rule]]``: how people of one class of zone walk, where it is not as everybody does."""

    zone_class: str = Field(min_length=1)
    minutes: float | None = Field(default=None, gt=0, le=1440)
    speed: Speed | None = None

    @field_validator("zone_class")
    @classmethod
    def _plain_class(cls, value: str) -> str:
        return zone_class_of(value) or value

    @field_validator("speed")
    @classmethod
    def _known_speed(cls, value: Speed | None) -> Speed | None:
        return None if value is None else _known_speed(value)


class WalkingSection(_Section):
    """Section ``[walking]``: how far people walk."""

    minutes: float | None = Field(default=None, gt=0, le=1440)
    bands_m: tuple[float, ...] | None = None
    speed: Speed = "standard"
    max_snap_m: float = Field(default=300.0, ge=0)
    straight_line: bool = False
    rules: tuple[WalkRuleSection, ...] = Field(default=(), alias="rule")
    steps: bool = False
    surface: bool = False
    crossings: bool = False
    elevation: str | None = None
    direction: Literal["to", "from", "slower"] = "to"

    @field_validator("speed")
    @classmethod
    def _known_speed(cls, value: Speed) -> Speed:
        return _known_speed(value)

    @model_validator(mode="after")
    def _one_way_of_saying(self) -> "WalkingSection":
        if self.minutes is not None and self.bands_m is not None:
            raise _fault("minutes_and_bands")
        if self.bands_m is not None and (not self.bands_m or min(self.bands_m) <= 0):
            raise _fault("bad_bands")
        classes = [section.zone_class for section in self.rules]
        if len(set(classes)) < len(classes):
            raise _fault("class_twice", zone_class=next(name for name in classes if classes.count(name) > 1))
        return self

    @property
    def rule(self) -> "Rule":
        """The walk that decides whether somebody is covered."""
        speed = speed_m_s(self.speed)
        if self.bands_m is not None:
            return Rule(speed, max(self.bands_m) / speed)
        return Rule(speed, minutes_to_s(15.0 if self.minutes is None else self.minutes))

    @property
    def bands_min(self) -> tuple[float, ...]:
        """Minutes at which isochrones are drawn, the rule's own last."""
        if self.bands_m is not None:
            return tuple(sorted({metres / self.rule.speed_m_s / 60 for metres in self.bands_m}))
        limit = self.rule.threshold_s / 60
        return (*(minutes for minutes in (5.0, 10.0) if minutes < limit), limit)


Files = str | tuple[str, ...]
"""One file, several, or a pattern with * or ?."""


class PopulationSection(_Section):
    """One ``[[population]]``: where some group of people lives; docs/people.md says what each key does."""

    source: Files
    group: str = "total"
    column: str | None = None
    datum: str | None = None
    speed: Speed | None = None
    minutes: float | None = Field(default=None, gt=0, le=1440)
    place: Literal["auto", "buildings", "streets", "area", "centre"] | None = None
    buildings: str | None = None
    buildings_datum: str | None = None
    join: Literal["code", "name"] | None = None
    join_column: str | None = None
    zones: str | None = None
    zone_name: str | None = None
    zone_code: str | None = None
    zone_township: str | None = None
    kind: Literal["resident", "registered"] | None = None
    low: Files | None = None
    high: Files | None = None

    @field_validator("source", "low", "high", mode="before")
    @classmethod
    def _some_files(cls, value: Any) -> Any:
        return _some_files(value)

    @field_validator("group")
    @classmethod
    def _plain_group(cls, value: str) -> str:
        if not (value.isascii() and value.isidentifier() and value == value.lower()):
            raise _fault("bad_group")
        return value

    @field_validator("speed")
    @classmethod
    def _known_speed(cls, value: Speed | None) -> Speed | None:
        return None if value is None else _known_speed(value)

    @model_validator(mode="after")
    def _keys_that_go_together(self) -> "PopulationSection":
        if self.place == "buildings" and self.buildings is None:
            raise _fault("place_without_buildings")
        if self.join is None and any(
            (self.zones, self.zone_name, self.zone_code, self.zone_township, self.join_column)
        ):
            raise _fault("zones_without_join")
        if not self.is_raster and any(isinstance(bound, tuple) for bound in (self.low, self.high)):
            raise _fault("several_columns")
        return self

    @property
    def is_raster(self) -> bool:
        """Whether `low` and `high` are files of their own; those of a table are columns."""
        first = self.source if isinstance(self.source, str) else self.source[0]
        return Path(first).suffix.lower() in RASTER_SUFFIXES


class CalibrateSection(_Section):
    """Section ``[calibrate]``: a census whose totals by zone the people of a group are brought to."""

    source: str
    column: str | None = None
    columns: dict[str, str] | None = None
    join: Literal["code", "name"] = "name"
    join_column: str | None = None
    zones: str | None = None
    zone_name: str | None = None
    zone_code: str | None = None
    zone_township: str | None = None
    kind: Literal["resident", "registered"] | None = None

    @model_validator(mode="after")
    def _one_way_of_saying(self) -> "CalibrateSection":
        if self.column is not None and self.columns is not None:
            raise _fault("column_and_columns")
        return self


class FacilitySection(_Section):
    """Sections ``[centres]`` and ``[candidates]``: one table, several, or those that a pattern such as ``27/*.xlsx`` finds.

    `datums` gives single files, by name or pattern, a datum of their own; `synonyms` are headers that the planner does not know.
    """

    source: str | tuple[str, ...]
    datum: str = "WGS-84"
    datums: dict[str, str] = Field(default_factory=dict)
    synonyms: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("source")
    @classmethod
    def _something(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not value:
            raise _fault("no_source")
        return value

    @field_validator("synonyms")
    @classmethod
    def _known_columns(cls, value: dict[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
        _refuse_unknown(value, CANONICAL, kind="unknown_column")
        return value

    @property
    def headers(self) -> Synonyms:
        """The project's own headers by canonical column."""
        return {column: (names,) if isinstance(names, str) else names for column, names in self.synonyms.items()}

    def datum_of(self, file: Path) -> str:
        """Return the datum of one file: its own where `datums` names it, else the section's."""
        own = (datum for name, datum in self.datums.items() if file.name == name or fnmatchcase(file.name, name))
        return next(own, self.datum)


class RegisterSection(_Section):
    """Section ``[register]``: what helps to read the registers of centres and candidate sites.

    `villages` places the rows without coordinates; `corrections` are replayed at every run; `standard_rules` are those that law
    and standards give (`planner.register.standard_rules`). With `upgrades` = "candidates" an existing centre that may be upgraded
    (改造提升) counts only once it is chosen for that.
    """

    villages: str | None = None
    village_name: str | None = None
    village_code: str | None = None
    corrections: str | None = None
    standard_rules: bool = True
    upgrades: Literal["open", "candidates"] = "open"


class EligibilitySection(_Section):
    """One ``[[eligibility]]``: candidate sites that are out of the question, by what a column says."""

    field: str
    words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    below: float | None = None
    above: float | None = None
    reason: str = Field(min_length=1)

    @field_validator("field")
    @classmethod
    def _known_field(cls, value: str) -> str:
        _refuse_unknown([value], FIELDS, kind="unknown_field")
        return value

    @model_validator(mode="after")
    def _says_what(self) -> "EligibilitySection":
        if bool(self.words) == (self.below is not None or self.above is not None):
            raise _fault("words_or_numbers")
        return self

    @property
    def rule(self) -> Eligibility:
        """The rule as `planner.register` applies it."""
        return Eligibility(self.field, self.reason, self.words, (), self.unless, self.below, self.above)


Objective = Literal["max_coverage", "min_sites", "p_median", "p_center"]

_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]

_ONLY_FOR = {
    "sites": ("max_coverage", "p_median", "p_center"),
    "budget_yuan": ("max_coverage",),
    "share": ("min_sites",),
    "least_cost": ("min_sites",),
    "unserved_min": ("p_median", "p_center"),
    "floors": ("max_coverage", "min_sites"),
    "capacity": ("max_coverage",),
}


class SitingSection(_Section):
    """Section ``[siting]``: by what sites are chosen and how many, what binds the choice, and how hard to look.

    `share`, `of` and `least_cost` are for min_sites; `unserved_min` is for p_median and p_center: how far times are taken,
    and what somebody counts whom no open site reaches within. The conditions are those of `planner.siting.Conditions`.
    """

    objective: Objective = "max_coverage"
    sites: int | None = Field(default=None, ge=0)
    budget_yuan: float | None = Field(default=None, ge=0)
    weight: str | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    of: Literal["all", "coverable"] = "all"
    least_cost: bool = False
    unserved_min: float | None = Field(default=None, gt=0, le=1440)
    floors: _Share | dict[str, _Share] | None = None
    spacing_m: float | None = Field(default=None, ge=0)
    min_per_zone: _Count | dict[str, _Count] | None = None
    max_per_zone: _Count | dict[str, _Count] | None = None
    exclusive: str | None = None
    closures: int | None = Field(default=None, ge=0)
    capacity: bool = False
    gap: float = Field(default=0.0, ge=0, lt=1)
    time_limit_s: float = Field(default=60.0, gt=0)
    seed: int = 1

    @model_validator(mode="after")
    def _number_or_money(self) -> "SitingSection":
        if self.sites is not None and self.budget_yuan is not None:
            raise _fault("sites_and_budget")
        for key, objectives in _ONLY_FOR.items():
            given = getattr(self, key)
            if given not in (None, False) and self.objective not in objectives:
                raise _fault("not_for_objective", name=key, objective=self.objective, objectives=", ".join(objectives))
        return self

    @property
    def sites_wanted(self) -> int | None:
        """How many sites to open: ten where the project says nothing, None where it gives a budget or wants a share."""
        if self.objective == "min_sites":
            return None
        return 10 if self.sites is None and self.budget_yuan is None else self.sites


class _File(_Section):
    project: About
    area: AreaSection
    zones: tuple[ZonesSection, ...] = ()
    streets: Annotated[tuple[StreetsSection, ...], BeforeValidator(one_or_several)] = Field(min_length=1)
    gates: GatesSection | None = None
    walking: WalkingSection = WalkingSection()
    population: tuple[PopulationSection, ...] = Field(default=(), validate_default=True)
    calibrate: CalibrateSection | None = None
    centres: FacilitySection | None = None
    candidates: FacilitySection | None = None
    register_: RegisterSection = Field(default=RegisterSection(), alias="register")  # a model has a method `register`
    eligibility: tuple[EligibilitySection, ...] = ()
    siting: SitingSection = SitingSection()

    @field_validator("population")
    @classmethod
    def _somebody(cls, value: tuple[PopulationSection, ...], info: ValidationInfo) -> tuple[PopulationSection, ...]:
        if not value and not (info.context or {}).get("unfinished"):
            raise _fault("no_people")
        return value

    @model_validator(mode="after")
    def _known_weight(self, info: ValidationInfo) -> "_File":
        groups = [section.group for section in self.population]
        if groups and self.siting.weight is not None and self.siting.weight not in groups:
            raise _fault("unknown_weight", weight=self.siting.weight, groups=", ".join(groups))
        one_word(self.streets, "private_lanes", True)
        one_word(self.streets, "join_tolerance_m", None)
        levels = [level.level for level in self.zone_levels]
        if len(set(levels)) < len(levels):
            raise _fault("level_twice", level=next(level for level in levels if levels.count(level) > 1))
        if self.walking.rules and not any(level.zone_class for level in self.zone_levels):
            raise _fault("no_zone_class")
        rules: dict[str, tuple[Speed | None, float | None]] = {}
        for section in self.population:
            rule = (section.speed, section.minutes)
            if rules.setdefault(section.group, rule) != rule:
                raise _fault("two_rules", group=section.group)
        _check_groups(self.population)
        for group in (self.calibrate and self.calibrate.columns) or ():
            if group not in groups:
                raise _fault("unknown_calibrated", group=group, groups=", ".join(dict.fromkeys(groups)))
        if self.centres is None and self.candidates is None and not (info.context or {}).get("unfinished"):
            raise _fault("no_facilities")
        return self

    @property
    def zone_levels(self) -> tuple[ZonesSection, ...]:
        """The layers of zones, the one that fills `zone` everywhere first: the townships, else the first of the file."""
        area, levels = self.area, list(self.zones)
        if area.zones is not None:
            own: dict[str, Any] = {
                "source": area.zones,
                "name": area.zone_name,
                "code": area.zone_code,
                "class": area.zone_class,
            }
            levels.insert(0, ZonesSection(level=TOWNSHIP, datum=area.datum, **own))
        return tuple(sorted(levels, key=lambda section: section.level != TOWNSHIP))


@dataclass(frozen=True)
class Rule:
    """A walk: its speed in metres per second, and the inclusive limit in seconds."""

    speed_m_s: float
    threshold_s: float

    @property
    def reach_m(self) -> float:
        """How far one walks within the limit, metres."""
        return self.speed_m_s * self.threshold_s


@dataclass(frozen=True)
class Project:
    """A checked project file. `folder` is where its paths start, `settings` its sections."""

    path: Path
    settings: _File

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
        threshold_s = walking.rule.threshold_s if minutes is None else minutes_to_s(minutes)
        return Rule(speed_m_s(walking.speed if speed is None else speed), threshold_s)

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
    try:
        return Project(path, _File.model_validate(content, context={"unfinished": unfinished}))
    except ValidationError as faults:
        raise ProjectError("project.faults", file=path, faults=_sentences(faults, content)) from None


def _known_speed(value: Speed) -> Speed:
    if isinstance(value, str) and value not in SPEEDS_M_S:
        raise _fault("bad_speed", known=", ".join(SPEEDS_M_S))
    if not isinstance(value, str) and not (math.isfinite(value) and value > 0):
        raise _fault("bad_speed", known=", ".join(SPEEDS_M_S))
    return value


def _refuse_unknown(given: Iterable[str], known: Iterable[str], *, kind: str) -> None:
    """Refuse names that are not known; the fault names the nearest known one."""
    known = list(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise _fault(kind, name=name, near=near, known=", ".join(known))


def _some_files(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if not value or not all(isinstance(name, str) for name in value):
            raise _fault("bad_files")
        return tuple(value)
    if value is not None and not isinstance(value, str):
        raise _fault("bad_files")
    return value


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


def _check_groups(sections: tuple[PopulationSection, ...]) -> None:
    """Refuse a group that mixes kinds of people, or that only some of its sections give a range of."""
    for group in dict.fromkeys(section.group for section in sections):
        own = [section for section in sections if section.group == group]
        if len({section.kind for section in own} - {None}) > 1:
            raise _fault("two_kinds", group=group)
        for bound in ("low", "high"):
            if len({getattr(section, bound) is None for section in own}) > 1:
                raise _fault("range_in_part", group=group, bound=bound)


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
    model: Any = _File
    for part in loc:
        if isinstance(part, int):
            continue
        annotation = next(field for name, field in model.model_fields.items() if part in (name, field.alias)).annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        sections = (inner for option in options for inner in (option, *getattr(option, "__args__", ())))
        model = next(option for option in sections if isinstance(option, type) and issubclass(option, _Section))
    return [field.alias or name for name, field in model.model_fields.items()]
