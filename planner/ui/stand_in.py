"""What the steps hand to the map and hear from it, until the map has it itself: the names and fields that were agreed."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Changing:
    """What changes on the map: layers by kind, the kinds that are on, and the step that shows them."""

    layers: dict[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    drawing: bool = False
    step: str = ""


@dataclass(frozen=True)
class Event:
    """What happened on the map."""

    kind: str
    at: tuple[float, float] | None = None
    id: str | None = None
    what: str | None = None
    ring: tuple[tuple[float, float], ...] | None = None
