"""Dwellings of an OpenStreetMap file: which buildings people live in, by their tags and by the land they stand on.

Those count whose class is a dwelling (`DWELLINGS`), and ``building=yes``, which says nothing, unless the building says itself
that it is something else (a school, an office), is smaller than `LEAST_M2`, or stands on land that is not lived on (`NO_HOMES`;
the smallest mapped surface around it decides).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area
from planner.errors import InputError
from planner.findings import InputReport
from planner.streets.readers.osm_file import OSM_FAULTS, open_osm
from planner.streets.readers.xml_guard import check_xml

Floats = NDArray[np.float64]

DWELLINGS = frozenset(
    [
        "apartments",
        "house",
        "detached",
        "semidetached_house",
        "semi",
        "terrace",
        "residential",
        "dormitory",
        "bungalow",
        "cabin",
        "farm",
        "ger",
        "houseboat",
        "static_caravan",
        "stilt_house",
        "tree_house",
        "allotment_house",
        "villa",
    ]
)
LEVELS = {"apartments": 4.0, "dormitory": 4.0, "residential": 3.0}
"""Levels of a building that does not say how many it has, by class."""
OTHER_LEVELS = 2.0
"""The same, of all other classes and of layers of one's own."""
MOST_LEVELS = 120.0
LEAST_M2 = 20.0
"""Footprint below which ``building=yes`` is taken for a shed."""

_OTHER_USES = ("amenity", "office", "tourism", "leisure", "man_made", "healthcare", "industrial", "military", "power",
               "railway", "aeroway", "public_transport", "emergency")  # fmt: skip
_LAND_KEYS = ("landuse", "amenity", "leisure", "aeroway", "military", "tourism")
NO_HOMES = frozenset(
    [
        "industrial",
        "commercial",
        "retail",
        "military",
        "railway",
        "cemetery",
        "port",
        "quarry",
        "landfill",
        "depot",
        "garages",
        "religious",
        "education",
        "institutional",
        "greenhouse_horticulture",
        "construction",
        "brownfield",
        "school",
        "university",
        "college",
        "hospital",
        "kindergarten",
        "prison",
        "place_of_worship",
        "marketplace",
        "grave_yard",
        "parking",
        "stadium",
        "sports_centre",
        "aerodrome",
        "barracks",
        "zoo",
        "theme_park",
        "winter_sports",
    ]
)
"""Values of landuse, amenity, leisure, aeroway, military and tourism that mark land without homes."""

_NEAR_DEG = 0.005  # a building whose first corner is farther from the area is none of it
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Buildings:
    """Dwellings as read: outlines in WGS 84, levels (nan where not said) and what is assumed then; whether the class is yes."""

    shapes: NDArray[np.object_]
    levels: Floats
    default_levels: Floats
    unsaid: NDArray[np.bool_]


def levels_of(text: str | None) -> float:
    """Return the levels that a tag or cell says (3, 2.5, 3-5: the most), nan where it says none."""
    numbers = [float(number) for number in _NUMBER.findall(text or "")]
    most = max(numbers, default=0.0)
    return min(most, MOST_LEVELS) if most > 0 else float("nan")


def read_osm_buildings(path: Path, area: Area, report: InputReport) -> Buildings:
    """Return the dwellings of a file around an area; errors as `planner.demand.dwellings.read_dwellings`."""
    look = check_xml(path)
    keys = osmium.filter.KeyFilter("building", *_LAND_KEYS)
    factory = osmium.geom.WKBFactory()
    buildings: list[tuple[str, str, float]] = []  # outline, class, levels
    land: list[tuple[str, bool]] = []
    read = broken = elsewhere = 0
    west, south, east, north = shapely.buffer(shapely.box(*area.geometry.bounds), _NEAR_DEG).bounds
    try:
        with open_osm(path, look) as osm:
            areas = (
                osmium.FileProcessor(osm.file)
                .with_areas(keys)
                .with_filter(osmium.filter.EntityFilter(osmium.osm.AREA))
                .with_filter(keys)
            )
            for shape in areas:
                if not osm.area_is_there(shape):
                    continue
                tags = shape.tags
                is_building = tags.get("building", "no") != "no"
                read += is_building
                if is_building:
                    corner = next(iter(shape.outer_rings()))[0]  # type: ignore[union-attr]
                    if not (west <= corner.lon <= east and south <= corner.lat <= north):
                        elsewhere += 1
                        continue
                kind = _dwelling(tags) if is_building else None
                homes = None if is_building else _homes(tags)
                if kind is None and homes is None:
                    continue
                try:
                    outline = factory.create_multipolygon(shape)  # type: ignore[arg-type]
                except (RuntimeError, osmium.InvalidLocationError):  # a relation whose ways the file does not hold
                    broken += is_building
                    continue
                if kind is not None:
                    buildings.append((outline, kind, levels_of(tags.get("building:levels"))))
                else:
                    land.append((outline, bool(homes)))
    except OSM_FAULTS as fault:
        raise InputError("demand.buildings_unreadable", file=path.name, fault=str(fault)) from fault
    report.rows_read = read
    if not buildings:
        raise InputError("demand.no_dwellings", file=path.name, read=read)
    if broken:
        report.add("demand.buildings_broken", "doubtful", count=broken)
    shapes = shapely.from_wkb([outline for outline, _, _ in buildings])
    kinds = np.array([kind for _, kind, _ in buildings], object)
    unsaid = kinds == "yes"
    homeless = np.zeros(len(shapes), bool)
    homeless[unsaid] = _on_other_land(shapes[unsaid], land)
    report.figures |= {
        "buildings": read,
        "buildings_elsewhere": elsewhere,
        "not_dwellings": read - elsewhere - broken - len(buildings),
        "on_other_land": int(homeless.sum()),
    }
    count = report.figures["not_dwellings"] + int(homeless.sum())
    report.add("demand.not_dwellings", "note", count=count, of=read - elsewhere)
    levels = np.array([number for _, _, number in buildings])
    assumed = np.array([LEVELS.get(kind, OTHER_LEVELS) for kind in kinds])
    kept = ~homeless
    return Buildings(shapes[kept], levels[kept], assumed[kept], unsaid[kept])


def _dwelling(tags: Any) -> str | None:
    """Return the class of a building that people live in, None for any other."""
    kinds = [kind.strip() for kind in tags["building"].split(";")]
    lived_in = tags.get("building:use") == "residential" or tags.get("building:flats", "0").strip() not in (
        "0",
        "no",
        "",
    )
    found = next((kind for kind in kinds if kind in DWELLINGS), None)
    if found is not None or lived_in:
        return found or "residential"
    if "yes" not in kinds:
        return None
    return None if any(key in tags for key in _OTHER_USES) else "yes"


def _homes(tags: Any) -> bool | None:
    """Return whether people live on a piece of land, None where its tags do not say."""
    values = {tags.get(key) for key in _LAND_KEYS}
    if values & NO_HOMES:
        return False
    return True if values & {"residential", "farmyard", "village_green"} else None


def _on_other_land(shapes: NDArray[np.object_], land: Iterable[tuple[str, bool]]) -> NDArray[np.bool_]:
    """Return which buildings stand on land without homes; of several surfaces around one the smallest decides."""
    pieces = list(land)
    outlines = shapely.from_wkb([outline for outline, _ in pieces])
    homes = np.array([lived_on for _, lived_on in pieces], bool)
    sizes = shapely.area(outlines)
    points = shapely.point_on_surface(shapes)
    piece, point = shapely.STRtree(points).query(outlines, predicate="intersects")
    order = np.argsort(-sizes[piece], kind="stable")  # the smallest is written last, and stays
    lived_on = np.ones(len(shapes), bool)
    lived_on[point[order]] = homes[piece[order]]
    return ~lived_on
