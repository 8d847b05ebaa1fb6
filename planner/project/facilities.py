"""The sections ``[centres]``, ``[candidates]``, ``[register]``, ``[[eligibility]]``: tables of buildings, how they are read."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from planner.project.section import Encoding, Files, Section, fault, refuse_unknown
from planner.register import FIELDS, Eligibility
from planner.tables import CANONICAL, Synonyms


class FacilitySection(Section):
    """Sections ``[centres]`` and ``[candidates]``: one table, several, or those that a pattern such as ``27/*.xlsx`` finds.

    `datums` gives single files, by name or pattern, a datum of their own; `synonyms` are headers that the planner does not know.
    """

    source: Files
    datum: str = "WGS-84"
    datums: dict[str, str] = Field(default_factory=dict)
    encoding: Encoding | None = None
    sheet: str | None = None
    layer: str | None = None
    synonyms: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("source")
    @classmethod
    def _something(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not value:
            raise fault("no_source")
        return value

    @field_validator("synonyms")
    @classmethod
    def _known_columns(cls, value: dict[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
        refuse_unknown(value, CANONICAL, kind="unknown_column")
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


class RegisterSection(Section):
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


class EligibilitySection(Section):
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
        refuse_unknown([value], FIELDS, kind="unknown_field")
        return value

    @model_validator(mode="after")
    def _says_what(self) -> "EligibilitySection":
        if bool(self.words) == (self.below is not None or self.above is not None):
            raise fault("words_or_numbers")
        return self

    @property
    def rule(self) -> Eligibility:
        """The rule as `planner.register` applies it."""
        return Eligibility(self.field, self.reason, self.words, (), self.unless, self.below, self.above)
