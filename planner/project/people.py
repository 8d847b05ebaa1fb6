"""The sections ``[[population]]`` and ``[calibrate]``: who lives where."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from planner.demand import RASTER_SUFFIXES
from planner.project.section import Encoding, Files, Section, fault
from planner.project.walking import Speed, known_speed


class PopulationSection(Section):
    """One ``[[population]]``: where some group of people lives; docs/people.md says what each key does."""

    source: Files
    group: str = "total"
    column: str | None = None
    datum: str | None = None
    encoding: Encoding | None = None
    sheet: str | None = None
    layer: str | None = None
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
            raise fault("bad_group")
        return value

    @field_validator("speed")
    @classmethod
    def _known_speed(cls, value: Speed | None) -> Speed | None:
        return None if value is None else known_speed(value)

    @model_validator(mode="after")
    def _keys_that_go_together(self) -> "PopulationSection":
        if self.place == "buildings" and self.buildings is None:
            raise fault("place_without_buildings")
        if self.join is None and any(
            (self.zones, self.zone_name, self.zone_code, self.zone_township, self.join_column)
        ):
            raise fault("zones_without_join")
        if not self.is_raster and any(isinstance(bound, tuple) for bound in (self.low, self.high)):
            raise fault("several_columns")
        return self

    @property
    def is_raster(self) -> bool:
        """Whether `low` and `high` are files of their own; those of a table are columns."""
        return is_raster(self.source)


class CalibrateSection(Section):
    """Section ``[calibrate]``: a census whose totals by zone the people of a group are brought to."""

    source: str
    encoding: Encoding | None = None
    sheet: str | None = None
    layer: str | None = None
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
            raise fault("column_and_columns")
        return self


def _some_files(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if not value or not all(isinstance(name, str) for name in value):
            raise fault("bad_files")
        return tuple(value)
    if value is not None and not isinstance(value, str):
        raise fault("bad_files")
    return value


def check_groups(sections: tuple[PopulationSection, ...]) -> None:
    """Refuse a group that mixes kinds of people, or that only some of its sections give a range of."""
    for group in dict.fromkeys(section.group for section in sections):
        own = [section for section in sections if section.group == group]
        if len({section.kind for section in own} - {None}) > 1:
            raise fault("two_kinds", group=group)
        for bound in ("low", "high"):
            if len({getattr(section, bound) is None for section in own}) > 1:
                raise fault("range_in_part", group=group, bound=bound)


def is_raster(source: Files) -> bool:
    """Return whether a source of people is a raster, or several."""
    first = source if isinstance(source, str) else source[0]
    return Path(first).suffix.lower() in RASTER_SUFFIXES
