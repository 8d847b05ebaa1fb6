"""The project file ``project.toml``: what it may say, checked whole, with every fault named at once.

Paths in it are relative to the file. Unknown keys are errors that name the nearest known key.
"""

import difflib
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from planner.errors import ProjectError
from planner.texts import Sentence, catalogue
from planner.units import SPEEDS_M_S, minutes_to_s, speed_m_s

FILE_NAME = "project.toml"

Speed = str | float


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class About(_Section):
    """Section ``[project]``."""

    name: str = Field(min_length=1)
    language: Literal["zh", "en"] = "zh"


class AreaSection(_Section):
    """Section ``[area]``: whose people count, and the zones that figures are given by."""

    boundary: str
    zones: str | None = None
    zone_name: str = "name"
    zone_code: str | None = None
    datum: str | None = None


class StreetsSection(_Section):
    """Section ``[streets]``."""

    source: str
    private_lanes: bool = True


class WalkingSection(_Section):
    """Section ``[walking]``: how far people walk."""

    minutes: float | None = Field(default=None, gt=0, le=1440)
    bands_m: tuple[float, ...] | None = None
    speed: Speed = "standard"
    max_snap_m: float = Field(default=300.0, ge=0)
    straight_line: bool = False

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


class PopulationSection(_Section):
    """One ``[[population]]``: where some group of people lives."""

    source: str
    group: str = "total"
    column: str | None = None
    datum: str | None = None
    speed: Speed | None = None
    minutes: float | None = Field(default=None, gt=0, le=1440)

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


class FacilitySection(_Section):
    """Sections ``[centres]`` and ``[candidates]``."""

    source: str
    datum: str = "WGS-84"


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
    streets: StreetsSection
    walking: WalkingSection = WalkingSection()
    population: tuple[PopulationSection, ...] = Field(min_length=1)
    centres: FacilitySection | None = None
    candidates: FacilitySection | None = None
    siting: SitingSection = SitingSection()

    @model_validator(mode="after")
    def _known_weight(self) -> "_File":
        groups = [section.group for section in self.population]
        if self.siting.weight is not None and self.siting.weight not in groups:
            raise _fault("unknown_weight", weight=self.siting.weight, groups=", ".join(groups))
        rules: dict[str, tuple[Speed | None, float | None]] = {}
        for section in self.population:
            rule = (section.speed, section.minutes)
            if rules.setdefault(section.group, rule) != rule:
                raise _fault("two_rules", group=section.group)
        if self.centres is None and self.candidates is None:
            raise _fault("no_facilities")
        return self


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
        """Population groups in the order of the file, each once."""
        return tuple(dict.fromkeys(section.group for section in self.settings.population))

    @property
    def main_group(self) -> str:
        """The group that sites are chosen for: `siting.weight`, else the first."""
        return self.settings.siting.weight or self.groups[0]

    def rule_of(self, group: str) -> Rule:
        """Return the walk of a population group: the project's, or the group's own speed and minutes."""
        section = next(section for section in self.settings.population if section.group == group)
        walking = self.settings.walking
        if section.speed is None and section.minutes is None:
            return walking.rule
        speed = speed_m_s(walking.speed if section.speed is None else section.speed)
        threshold_s = walking.rule.threshold_s if section.minutes is None else minutes_to_s(section.minutes)
        return Rule(speed, threshold_s)

    def resolve(self, source: str) -> Path:
        """Return the path of an input named in the file."""
        return self.folder / source

    @property
    def sources(self) -> dict[str, Path]:
        """Every input file, by the place in the project file that names it."""
        named = {"area.boundary": self.settings.area.boundary, "streets.source": self.settings.streets.source}
        if self.settings.area.zones is not None:
            named["area.zones"] = self.settings.area.zones
        for i, section in enumerate(self.settings.population):
            named[f"population[{i}].source"] = section.source
        for key in ("centres", "candidates"):
            facilities = getattr(self.settings, key)
            if facilities is not None:
                named[f"{key}.source"] = facilities.source
        return {key: self.resolve(source) for key, source in named.items()}


def load(path: str | Path) -> Project:
    """Read a project: a ``project.toml``, or the folder that holds one.

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
        return Project(path, _File.model_validate(content))
    except ValidationError as faults:
        raise ProjectError("project.faults", file=path, faults=_sentences(faults)) from None


def _known_speed(value: Speed) -> Speed:
    if isinstance(value, str) and value not in SPEEDS_M_S:
        raise _fault("bad_speed", known=", ".join(SPEEDS_M_S))
    if not isinstance(value, str) and not (math.isfinite(value) and value > 0):
        raise _fault("bad_speed", known=", ".join(SPEEDS_M_S))
    return value


def _fault(kind: str, **params: Any) -> PydanticCustomError:
    """Return a fault whose sentence is entry `kind` of the catalogue ``project``."""
    return PydanticCustomError(kind, kind, params)


def _sentences(faults: ValidationError) -> list[Sentence]:
    """Return one sentence a fault: where, what came, what was expected, and for an unknown key the nearest known one."""
    return [_sentence(fault) for fault in faults.errors(include_url=False)]


def _sentence(fault: ErrorDetails) -> Sentence:
    where = ".".join(str(part) for part in fault["loc"] if part not in ("str", "float")) or FILE_NAME
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
        annotation = model.model_fields[part].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next(option for option in options if isinstance(option, type) and issubclass(option, _Section))
    return list(model.model_fields)
