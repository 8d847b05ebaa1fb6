"""Which OpenStreetMap ways a walker may use, by tag.

The rules, in the order in which they are asked (the first that speaks decides):

1. Not a street at all: no ``highway`` tag, unless the way is a platform (``railway=platform`` or
   ``public_transport=platform``), which is walked.
2. Classes of `NO_STREETS` (ways that do not exist yet or any more, sites and stops beside the road): closed, whatever
   ``foot`` says of them.
3. ``foot=no`` or ``foot=use_sidepath``: closed. ``foot`` of `OPEN_FOOT`: open, a motorway included.
4. Classes of `CLOSED_CLASSES` (motorways, busways, races) and ``motorroad=yes``: closed.
5. ``access=no`` without a ``foot`` of `PRIVATE`: closed.
6. ``access=private``, ``foot=private``, ``foot=delivery`` and the like: the lanes of walled compounds (小区), home to most
   people of a Chinese town, are mapped so. They are open unless `private_lanes` is switched off.
7. All others are open: footways, paths, steps, cycleways, tracks, platforms, service lanes, trunk roads.

The outline of an area (``area=yes``, plazas for the most part) is walked as a street. One-way does not bind walkers.
Gates and other barriers on a node do not close a way, whatever their tags. Source: the OSM wiki's access tags for foot
("OSM tags for routing / Access restrictions"), with the exceptions named above.
"""

from dataclasses import dataclass
from typing import Protocol

NO_STREETS = frozenset(
    [
        "proposed",
        "planned",
        "construction",
        "abandoned",
        "disused",
        "razed",
        "demolished",
        "escape",
        "rest_area",
        "services",
        "bus_stop",
        "emergency_bay",
        "emergency_access_point",
        "no",
        "none",
    ]
)
CLOSED_CLASSES = frozenset(["motorway", "motorway_link", "raceway", "bus_guideway", "busway", "via_ferrata"])
OPEN_FOOT = frozenset(["yes", "designated", "permissive", "destination", "customers", "official"])
CLOSED_FOOT = frozenset(("no", "use_sidepath"))
PRIVATE = frozenset(["private", "delivery", "agricultural", "forestry", "permit", "residents", "employees"])
TAG_KEYS = ("highway", "railway", "public_transport")
"""A way without any of these is never walked."""


class Tags(Protocol):
    """The tags of a way: a mapping, or osmium's own list."""

    def get(self, key: str, /) -> str | None:
        """Return the value of `key`, None where there is none."""
        ...


@dataclass(frozen=True)
class WalkRules:
    """The switches of the rules; a kept network is keyed by them.

    `plazas`: areas of OpenStreetMap are crossed straight (`readers.plazas`), not only walked around. `connect_islands_m`:
    small parts are joined to streets so near (`planner.streets.joining.islands`). Both off unless asked for, as both add streets.
    """

    private_lanes: bool = True
    plazas: bool = False
    connect_islands_m: float = 0.0

    def street_class(self, tags: Tags) -> str | None:
        """Return the class of a way that may be walked (its ``highway`` value, or "platform"), None for any other."""
        highway = tags.get("highway")
        if highway is None:
            is_platform = tags.get("railway") == "platform" or tags.get("public_transport") == "platform"
            if not is_platform:
                return None
            highway = "platform"
        if highway in NO_STREETS:
            return None
        foot = tags.get("foot")
        if foot in CLOSED_FOOT:
            return None
        if foot in OPEN_FOOT:
            return highway
        if highway in CLOSED_CLASSES or tags.get("motorroad") == "yes":
            return None
        access = tags.get("access")
        if access == "no" and foot not in PRIVATE:
            return None
        if not self.private_lanes and (access in PRIVATE or foot in PRIVATE):
            return None
        return highway


def level_of(tags: Tags) -> int:
    """Return the level of a way: its ``layer`` where that is a whole number but 0; else 1 on bridges, -1 in tunnels, 0 elsewhere.

    A passage through a building stands on the ground.
    """
    try:
        layer = int(float(tags.get("layer") or 0))
    except (ValueError, OverflowError):  # "ground", "1;2", "inf"
        layer = 0
    if layer:
        return max(-30_000, min(30_000, layer))  # what 16 bits hold
    if tags.get("bridge") not in (None, "no"):
        return 1
    return -1 if tags.get("tunnel") not in (None, "no", "building_passage") else 0
