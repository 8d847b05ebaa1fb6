"""The sections of a project file: what each key may say, and the walk that it comes to. `planner.project` reads the file."""

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from planner.boundaries import zone_class_of
from planner.demand import RASTER_SUFFIXES
from planner.project.places import (
    TOWNSHIP,
    AreaSection,
    GatesSection,
    StreetsSection,
    ZonesSection,
    one_or_several,
    one_word,
)
from planner.project.places import Section as _Section
from planner.project.places import fault as _fault
from planner.register import FIELDS, Eligibility
from planner.tables import CANONICAL, Synonyms
from planner.units import SPEEDS_M_S, minutes_to_s, speed_m_s, whole_milliseconds_s
from planner.walk import Walk

Speed = str | float


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
    def walk(self) -> Walk:
        """How people walk, at the project's speed."""
        return Walk(speed_m_s(self.speed), self.direction, self.max_snap_m, self.straight_line)

    @property
    def rule(self) -> "Rule":
        """The walk that decides whether somebody is covered."""
        speed = speed_m_s(self.speed)
        if self.bands_m is not None:
            return Rule.of_metres(speed, max(self.bands_m))
        return Rule(speed, minutes_to_s(15.0 if self.minutes is None else self.minutes))

    @property
    def bands_min(self) -> tuple[float, ...]:
        """Minutes at which isochrones are drawn, the rule's own last."""
        if self.bands_m is not None:
            return tuple(sorted({Rule.of_metres(self.rule.speed_m_s, metres).limit_s / 60 for metres in self.bands_m}))
        limit = self.rule.limit_s / 60
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


CORRECTIONS_FILE = "corrections.csv"
"""Where corrections are kept, beside the project file, when it says nothing else; drags on the map go there."""


class RegisterSection(_Section):
    """Section ``[register]``: what helps to read the registers of centres and candidate sites.

    `villages` places the rows without coordinates; `corrections` are replayed at every run as soon as their file is there;
    `standard_rules` are those that law and standards give (`planner.register.standard_rules`). With `upgrades` = "candidates" an
    existing centre that may be upgraded (改造提升) counts only once it is chosen for that.
    """

    villages: str | None = None
    village_name: str | None = None
    village_code: str | None = None
    corrections: str = CORRECTIONS_FILE
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
    and what somebody counts whom no open site reaches within. `required` and `forbidden` are ids of candidate sites, over and
    above what their own status says; `within` is a ring of (longitude, latitude) outside which nothing new opens. The
    conditions are those of `planner.siting.Conditions`.
    """

    objective: Objective = "max_coverage"
    sites: int | None = Field(default=None, ge=0)
    budget_yuan: float | None = Field(default=None, ge=0)
    weight: str | None = None
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    within: tuple[tuple[float, float], ...] | None = Field(default=None, min_length=3)
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


class ProjectFile(_Section):
    """All sections, and what they must agree on."""

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
    def _known_weight(self, info: ValidationInfo) -> "ProjectFile":
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
    """A walk: its speed, and the inclusive limit in seconds; `limit_m` where that was said in metres."""

    speed_m_s: float
    limit_s: float
    limit_m: float | None = field(default=None, compare=False)

    @classmethod
    def of_metres(cls, speed_m_s: float, limit_m: float) -> "Rule":
        """Return the walk within so many metres: whoever walks exactly these keeps the limit."""
        return cls(speed_m_s, whole_milliseconds_s(limit_m / speed_m_s), limit_m)

    @property
    def reach_m(self) -> float:
        """How far one walks within the limit, metres."""
        return self.speed_m_s * self.limit_s if self.limit_m is None else self.limit_m


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


def _check_groups(sections: tuple[PopulationSection, ...]) -> None:
    """Refuse a group that mixes kinds of people, or that only some of its sections give a range of."""
    for group in dict.fromkeys(section.group for section in sections):
        own = [section for section in sections if section.group == group]
        if len({section.kind for section in own} - {None}) > 1:
            raise _fault("two_kinds", group=group)
        for bound in ("low", "high"):
            if len({getattr(section, bound) is None for section in own}) > 1:
                raise _fault("range_in_part", group=group, bound=bound)
