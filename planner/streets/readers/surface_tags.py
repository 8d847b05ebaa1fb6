"""What OpenStreetMap's tags say of a street underfoot: steps, surface and level of a way, crossings and signals at a node.

1. A node ``highway=crossing`` (or ``crossing=*`` but ``no``) is a crossing, which is signalled where
   ``crossing=traffic_signals`` or ``crossing:signals=yes``.
2. A node ``highway=traffic_signals`` has signals.
"""

from planner.streets.readers.walkable import Tags, level_of
from planner.streets.surface import CROSSING, LOOSE, NO_MARK, RAISED, SIGNAL_CROSSING, SIGNALS, STEPS, UNPAVED

_UNPAVED = frozenset(
    [
        "unpaved",
        "compacted",
        "fine_gravel",
        "gravel",
        "pebblestone",
        "dirt",
        "earth",
        "ground",
        "grass",
        "clay",
        "woodchips",
        "rock",
        "stone",
        "unhewn_cobblestone",
        "grass_paver",
    ]
)
_LOOSE = frozenset(["sand", "mud", "snow", "shells"])


def surface_of(tags: Tags) -> int:
    """Return the bits of a way: steps, surface and level. A track of which nothing is said is unpaved."""
    bits = STEPS if tags.get("highway") == "steps" else 0
    surface = (tags.get("surface") or "").split(";")[0].strip()
    if surface in _LOOSE:
        bits |= LOOSE
    elif surface in _UNPAVED or (not surface and _is_rough_track(tags)):
        bits |= UNPAVED
    return bits | (RAISED if level_of(tags) else 0)


def _is_rough_track(tags: Tags) -> bool:
    return tags.get("highway") == "track" and tags.get("tracktype") != "grade1"


def mark_of(tags: Tags) -> int:
    """Return the mark of a node."""
    if tags.get("highway") == "traffic_signals":
        return SIGNALS
    crossing = tags.get("crossing")
    if crossing == "no" or (crossing is None and tags.get("highway") != "crossing"):
        return NO_MARK
    signalled = crossing == "traffic_signals" or tags.get("crossing:signals") == "yes"
    return SIGNAL_CROSSING if signalled else CROSSING
