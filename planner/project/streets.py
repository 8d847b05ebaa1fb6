"""The sections ``[streets]`` and ``[gates]``: what people walk on, and where they pass through a wall."""

from typing import Any, Literal

from pydantic import Field

from planner.project.section import Section, fault


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


def one_word(
    sections: tuple[StreetsSection, ...], key: Literal["private_lanes", "join_tolerance_m"], default: Any
) -> Any:
    """Return what the sources say together about a matter that concerns them all."""
    said = {getattr(section, key) for section in sections} - {None}
    if len(said) > 1:
        raise fault("streets_disagree", option=key)
    return said.pop() if said else default
