"""What the reader did on the map, as the browser tells it: nothing of it is taken on trust.

The script ``static/live.js`` tells ``{"events": [{"serial", "kind", "at", "id", "what", "ring"}]}``: all events that were not yet
answered, each with a serial number that grows. Whatever does not read as an event is no event.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["click", "act", "move", "draw", "pick"]
Place = tuple[float, float]

ACTIONS = ("lock", "forbid", "free", "drop", "replace")
"""Buttons of a facility's card."""

MOST_CORNERS = 2_000
_LONGEST_ID = 200
_MOST_EVENTS = 8
_NEEDED = {"click": {"at"}, "act": {"id", "what"}, "move": {"id", "at"}, "draw": set(), "pick": {"id"}}


@dataclass(frozen=True)
class Event:
    """One thing that the reader did.

    click: the bare map `at` a place (lon, lat); pick: the facility `id`, its card is open; act: the button `what` in the card of
    `id`; move: `id` was dragged to `at`; draw: an area with the outline `ring` of (lon, lat), open (its last point is not the
    first), or None where it was removed.
    """

    kind: Kind
    at: Place | None = None
    id: str | None = None
    what: str | None = None
    ring: tuple[Place, ...] | None = None


class EventQueue:
    """One session's events, each taken once and in order, however often the browser tells of it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Event]] = []
        self.seen = 0

    def put(self, told: Any) -> None:
        """Take up what is new in what the browser told."""
        after = self._waiting[-1][0] if self._waiting else self.seen
        self._waiting = self._waiting + new_events(told, after)

    def take(self) -> Event | None:
        """Return the event that waits longest, None where none does."""
        if not self._waiting:
            return None
        (self.seen, event), *self._waiting = self._waiting
        return event

    def __len__(self) -> int:
        return len(self._waiting)


def new_events(told: Any, after: int) -> list[tuple[int, Event]]:
    """Return the events in what the browser told whose serial number is above `after`, with that number, in their order."""
    events = told.get("events") if isinstance(told, dict) else None
    if not isinstance(events, list) or len(events) > _MOST_EVENTS:
        return []
    found = []
    for each in events:
        serial = each.get("serial") if isinstance(each, dict) else None
        event = read_event(each)
        if isinstance(serial, int) and not isinstance(serial, bool) and after < serial < 2**53 and event is not None:
            found.append((serial, event))
            after = serial
    return found


def read_event(told: Any) -> Event | None:
    """Return the event that `told` is; None where anything of it is not as it must be."""
    if not isinstance(told, dict) or not isinstance(told.get("kind"), str) or told["kind"] not in get_args(Kind):
        return None
    needed = _NEEDED[told["kind"]]
    event = Event(
        kind=told["kind"],
        at=_place(told.get("at")) if "at" in needed else None,
        id=_name(told.get("id")) if "id" in needed else None,
        what=told.get("what") if "what" in needed and told.get("what") in ACTIONS else None,
        ring=_ring(told.get("ring")) if told["kind"] == "draw" else None,
    )
    if event.ring is None and told["kind"] == "draw" and told.get("ring", ()) is not None:
        return None
    return event if all(getattr(event, name) is not None for name in needed) else None


def _place(told: Any) -> Place | None:
    if not isinstance(told, list) or len(told) != 2:
        return None
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in told):
        return None
    lon, lat = told
    if not (abs(lon) <= 180 and abs(lat) <= 90 and math.isfinite(lon) and math.isfinite(lat)):
        return None
    return float(lon), float(lat)


def _name(told: Any) -> str | None:
    return told if isinstance(told, str) and 0 < len(told) <= _LONGEST_ID else None


def _ring(told: Any) -> tuple[Place, ...] | None:
    if not isinstance(told, list) or not 3 <= len(told) <= MOST_CORNERS + 1:
        return None
    places = [_place(each) for each in told]
    ring = tuple(place for place in places if place is not None)
    if len(ring) < len(places):
        return None
    ring = ring[:-1] if ring[0] == ring[-1] else ring
    return ring if len(set(ring)) >= 3 and len(ring) <= MOST_CORNERS else None
