"""The section ``[walking]``: how people walk and how far, and the walk that it comes to."""

import math
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, field_validator, model_validator

from planner.boundaries import zone_class_of
from planner.project.section import Section, fault
from planner.units import SPEEDS_M_S, minutes_to_s, speed_m_s, whole_milliseconds_s
from planner.walk import Walk

Speed = str | float


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


class WalkRuleSection(Section):
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
        return None if value is None else known_speed(value)


class WalkingSection(Section):
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
        return known_speed(value)

    @model_validator(mode="after")
    def _one_way_of_saying(self) -> "WalkingSection":
        if self.minutes is not None and self.bands_m is not None:
            raise fault("minutes_and_bands")
        if self.bands_m is not None and (not self.bands_m or min(self.bands_m) <= 0):
            raise fault("bad_bands")
        classes = [section.zone_class for section in self.rules]
        if len(set(classes)) < len(classes):
            raise fault("class_twice", zone_class=next(name for name in classes if classes.count(name) > 1))
        return self

    @property
    def walk(self) -> Walk:
        """How people walk, at the project's speed."""
        return Walk(speed_m_s(self.speed), self.direction, self.max_snap_m, self.straight_line)

    @property
    def rule(self) -> Rule:
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


def known_speed(value: Speed) -> Speed:
    """Return a speed; one that is no number above 0 and has no such name is a fault."""
    if isinstance(value, str) and value not in SPEEDS_M_S:
        raise fault("bad_speed", known=", ".join(SPEEDS_M_S))
    if not isinstance(value, str) and not (math.isfinite(value) and value > 0):
        raise fault("bad_speed", known=", ".join(SPEEDS_M_S))
    return value
