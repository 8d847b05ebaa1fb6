"""The kinds of lines that are drawn, and the OpenStreetMap tags each is written with."""

from enum import IntEnum


class Kind(IntEnum):
    """What a drawn line is; the higher classes of road come first."""

    TRUNK = 0
    PRIMARY = 1
    SECONDARY = 2
    TERTIARY = 3
    UNCLASSIFIED = 4
    RESIDENTIAL = 5
    LIVING_STREET = 6
    SERVICE = 7
    COMPOUND = 8
    FOOTWAY = 9
    PATH = 10
    STEPS = 11
    TRACK = 12
    PLAZA = 13
    PLATFORM = 14
    MOTORWAY = 20
    MOTORWAY_LINK = 21
    CONSTRUCTION = 22
    NO_FOOT = 23
    RIVER = 30
    STREAM = 31
    WATER = 32
    HOUSES = 33
    PARK = 34


TAGS: dict[Kind, dict[str, str]] = {
    Kind.TRUNK: {"highway": "trunk"},
    Kind.PRIMARY: {"highway": "primary"},
    Kind.SECONDARY: {"highway": "secondary"},
    Kind.TERTIARY: {"highway": "tertiary"},
    Kind.UNCLASSIFIED: {"highway": "unclassified"},
    Kind.RESIDENTIAL: {"highway": "residential"},
    Kind.LIVING_STREET: {"highway": "living_street"},
    Kind.SERVICE: {"highway": "service"},
    Kind.COMPOUND: {"highway": "service", "access": "private"},
    Kind.FOOTWAY: {"highway": "footway"},
    Kind.PATH: {"highway": "path"},
    Kind.STEPS: {"highway": "steps"},
    Kind.TRACK: {"highway": "track"},
    Kind.PLAZA: {"highway": "pedestrian", "area": "yes"},
    Kind.PLATFORM: {"public_transport": "platform", "bus": "yes"},
    Kind.MOTORWAY: {"highway": "motorway", "oneway": "yes", "foot": "no"},
    Kind.MOTORWAY_LINK: {"highway": "motorway_link", "oneway": "yes"},
    Kind.CONSTRUCTION: {"highway": "construction", "construction": "secondary"},
    Kind.NO_FOOT: {"highway": "tertiary", "foot": "no"},
    Kind.RIVER: {"waterway": "river"},
    Kind.STREAM: {"waterway": "stream"},
    Kind.WATER: {"natural": "water"},
    Kind.HOUSES: {"landuse": "residential"},
    Kind.PARK: {"leisure": "park"},
}

WALKED = frozenset(kind for kind in Kind if kind <= Kind.PLATFORM)
"""The kinds a walker uses; all of them meet at level."""
