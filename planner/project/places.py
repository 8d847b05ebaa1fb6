"""The sections of a project file that say where: the area, its zones on several levels, the streets and the gates.

`planner.project` puts them into the whole file. Nothing here reads what they name.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

BOUNDARY_FILE = "boundary.geojson"
"""What `planner new --place` calls the outline that it fetches."""

TOWNSHIP, VILLAGE_LEVELS = "township", ("village", "community")


class Section(BaseModel):
    """A section of the project file: what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class AreaSection(Section):
    """Section ``[area]``: whose people count, and the zones that figures are given by."""

    boundary: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    place: str | None = Field(default=None, min_length=1)
    zones: str | None = None
    zone_name: str = "name"
    zone_code: str | None = None
    zone_class: str | None = None
    residential: str | None = None
    datum: str | None = None

    @field_validator("bbox")
    @classmethod
    def _a_box_of_degrees(
        cls, box: tuple[float, float, float, float] | None
    ) -> tuple[float, float, float, float] | None:
        if box is None:
            return None
        west, south, east, north = box
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
            turned = -90 <= west <= 90 and -90 <= east <= 90 and -180 <= south <= 180 and -180 <= north <= 180
            raise fault("bbox_turned" if turned else "bbox_no_degrees", bbox=_listed((south, west, north, east)))
        if not (west < east and south < north):
            right = (min(west, east), min(south, north), max(west, east), max(south, north))
            raise fault(
                "bbox_reversed" if right[0] < right[2] and right[1] < right[3] else "bbox_flat", bbox=_listed(right)
            )
        return box

    @model_validator(mode="after")
    def _one_outline(self) -> "AreaSection":
        if self.boundary is not None and self.bbox is not None:
            raise fault("boundary_and_bbox")
        if self.boundary is None and self.bbox is None and self.place is None:
            raise fault("no_outline")
        return self

    @property
    def outline(self) -> str | None:
        """The file of the outline, None where a box is given; a place's is what `planner new` fetched."""
        return None if self.bbox is not None else self.boundary or BOUNDARY_FILE


class ZonesSection(Section):
    """One ``[[zones]]``: the zones of one level."""

    level: str
    source: str
    name: str = "name"
    code: str | None = None
    zone_class: str | None = Field(default=None, alias="class")
    datum: str | None = None

    @field_validator("level")
    @classmethod
    def _plain_level(cls, value: str) -> str:
        if not (value.isascii() and value.isidentifier() and value == value.lower()):
            raise fault("bad_level")
        return value


class StreetsSection(Section):
    """``[streets]``, or one of several ``[[streets]]``, the most trusted first.

    `private_lanes`, `plazas`, `connect_islands_m` and `join_tolerance_m` are of all sources together; the others but `source`
    are for layers of lines.
    """

    source: str
    datum: str | None = None
    tolerance_m: float | None = Field(default=None, ge=0)
    gap_m: float | None = Field(default=None, ge=0)
    noded: bool = False
    private_lanes: bool | None = None
    plazas: bool = False
    connect_islands_m: float = Field(default=0.0, ge=0, le=1000)
    join_tolerance_m: float | None = Field(default=None, ge=0)


class GatesSection(Section):
    """Section ``[gates]``: points at which one passes through a wall."""

    source: str
    tolerance_m: float | None = Field(default=None, ge=0)
    datum: str | None = None


def one_or_several(value: Any) -> Any:
    """Return what TOML gives for ``[section]`` as if it were ``[[section]]``."""
    return (value,) if isinstance(value, dict) else value


def one_word(
    sections: tuple[StreetsSection, ...], key: Literal["private_lanes", "join_tolerance_m"], default: Any
) -> Any:
    """Return what the sources say together about a matter that concerns them all."""
    said = {getattr(section, key) for section in sections} - {None}
    if len(said) > 1:
        raise fault("streets_disagree", option=key)
    return said.pop() if said else default


def fault(kind: str, **params: Any) -> PydanticCustomError:
    """Return a fault whose sentence is entry `kind` of the catalogue ``project``."""
    return PydanticCustomError(kind, kind, params)


def _listed(box: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in box) + "]"
