"""The whole project file: all its sections, and what they must agree on."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from planner.project.area import TOWNSHIP, AreaSection, ZonesSection
from planner.project.facilities import EligibilitySection, FacilitySection, RegisterSection
from planner.project.people import CalibrateSection, PopulationSection, check_groups
from planner.project.section import Section, fault, one_or_several
from planner.project.siting import SitingSection
from planner.project.streets import GatesSection, StreetsSection, one_word
from planner.project.walking import Speed, WalkingSection


class About(Section):
    """Section ``[project]``."""

    name: str = Field(min_length=1)
    language: Literal["zh", "en"] = "zh"


class ProjectFile(Section):
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
            raise fault("no_people")
        return value

    @model_validator(mode="after")
    def _known_weight(self, info: ValidationInfo) -> "ProjectFile":
        groups = [section.group for section in self.population]
        if groups and self.siting.weight is not None and self.siting.weight not in groups:
            raise fault("unknown_weight", weight=self.siting.weight, groups=", ".join(groups))
        one_word(self.streets, "private_lanes", True)
        one_word(self.streets, "join_tolerance_m", None)
        levels = [level.level for level in self.zone_levels]
        if len(set(levels)) < len(levels):
            raise fault("level_twice", level=next(level for level in levels if levels.count(level) > 1))
        if self.walking.rules and not any(level.zone_class for level in self.zone_levels):
            raise fault("no_zone_class")
        rules: dict[str, tuple[Speed | None, float | None]] = {}
        for section in self.population:
            rule = (section.speed, section.minutes)
            if rules.setdefault(section.group, rule) != rule:
                raise fault("two_rules", group=section.group)
        check_groups(self.population)
        for group in (self.calibrate and self.calibrate.columns) or ():
            if group not in groups:
                raise fault("unknown_calibrated", group=group, groups=", ".join(dict.fromkeys(groups)))
        if self.centres is None and self.candidates is None and not (info.context or {}).get("unfinished"):
            raise fault("no_facilities")
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
