"""The sections ``[area]`` and ``[[zones]]``: whose people count, and the zones that figures are given by."""

from pydantic import Field, field_validator, model_validator

from planner.project.section import Section, fault

BOUNDARY_FILE = "boundary.geojson"
"""What `planner new --place` calls the outline that it fetches."""

TOWNSHIP, VILLAGE_LEVELS = "township", ("village", "community")


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


def _listed(box: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in box) + "]"
