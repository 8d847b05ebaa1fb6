"""An OpenStreetMap file as it wants to be read: what area it says it covers, and which of its objects are there no more.

JOSM marks what is to be deleted (``action="delete"``) and writes one box for each download, a file of the whole history holds
every version of an object, and some extracts keep positions on the ways alone. osmium passes all that on as it stands, or not at
all.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

import osmium
import shapely

from planner.streets.readers.xml_guard import XmlLook, opened_xml
from planner.tables.gdal import readable

OSM_ENDINGS = (".osm.pbf", ".osm", ".osm.gz", ".osm.bz2", ".pbf")
OSM_FAULTS = (RuntimeError, ValueError, TypeError, OSError, KeyError, osmium.InvalidLocationError)
"""What osmium raises at a damaged file."""

_BOUNDS = re.compile(rb"<bounds\b([^>]*)>")
_SIDE = re.compile(rb"""\b(minlon|minlat|maxlon|maxlat)\s*=\s*["']\s*([-+.\deE]+)\s*["']""")
_LETTERS = {"node": "n", "way": "w", "relation": "r"}


def is_osm_file(path: Path) -> bool:
    """Return whether the name is that of an OSM file."""
    return path.name.lower().endswith(OSM_ENDINGS)


@dataclass
class OsmFile:
    """A file at hand: for osmium, its extent (None where it says none), whether ways hold positions, and what is gone."""

    file: osmium.io.File
    extent: shapely.Geometry | None
    positions_on_ways: bool
    deleted: set[tuple[str, int]] = field(default_factory=set)
    newest: dict[tuple[str, int], int] = field(default_factory=dict)

    def is_there(self, kind: str, thing: Any) -> bool:
        """Return whether a node "n", way "w" or relation "r" is the newest of its versions, and not deleted."""
        if not thing.visible or (kind, thing.id) in self.deleted:
            return False
        return not self.newest or thing.version >= self.newest.get((kind, thing.id), 0)

    def area_is_there(self, area: Any) -> bool:
        """Return the same for the way or the relation that an area is made of."""
        key = ("w" if area.from_way() else "r", area.orig_id())
        return bool(area.visible) and key not in self.deleted and area.version >= self.newest.get(key, 0)


@contextmanager
def open_osm(path: Path, look: XmlLook) -> Iterator[OsmFile]:
    """Yield a file for osmium, given what a look at its XML found.

    Raises
    ------
    RuntimeError, ValueError, OSError, osmium.InvalidLocationError
        It is damaged (`OSM_FAULTS`).
    """
    ending = next((ending for ending in OSM_ENDINGS if path.name.lower().endswith(ending)), "")
    with readable(path) as place:
        file = osmium.io.File(str(place), ending[1:])  # said, because osmium reads no format out of "CITY.OSM"
        with osmium.io.Reader(file, osmium.osm.NOTHING) as reader:
            header = reader.header()
            box, versions = header.box(), header.has_multiple_object_versions
        features = [header.get(f"pbf_optional_feature_{number}") for number in range(8)]
        boxes = _boxes(look.head)
        if not boxes and box.valid():
            boxes = [shapely.box(box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)]
        osm = OsmFile(file, shapely.union_all(boxes) if boxes else None, "LocationsOnWays" in features)
        if look.deletes:
            osm.deleted |= _marked_deleted(path)
        if look.invisible or versions:
            _tell_versions(osm)
        yield osm


def _boxes(head: bytes) -> list[shapely.Geometry]:
    """Return the boxes at the head of an XML file, those left out whose sides are no degrees."""
    boxes = []
    for bounds in _BOUNDS.finditer(head):
        sides = {name.decode(): float(value) for name, value in _SIDE.findall(bounds[1]) if _is_number(value)}
        if len(sides) == 4 and sides["minlon"] < sides["maxlon"] and sides["minlat"] < sides["maxlat"]:
            if abs(sides["minlon"]) <= 180 >= abs(sides["maxlon"]) and abs(sides["minlat"]) <= 90 >= abs(
                sides["maxlat"]
            ):
                boxes.append(shapely.box(sides["minlon"], sides["minlat"], sides["maxlon"], sides["maxlat"]))
    return boxes


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _marked_deleted(path: Path) -> set[tuple[str, int]]:
    """Return the objects that an editor marked as deleted; osmium leaves the mark out."""
    found = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        if name in _LETTERS and attributes.get("action") == "delete":
            found.add((_LETTERS[name], int(attributes["id"])))

    def refuse(*_: Any) -> None:
        raise ValueError("entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EntityDeclHandler = start, refuse
    try:
        with opened_xml(path) as stream:
            while piece := stream.read(1 << 20):
                parser.Parse(piece, False)
    except (expat.ExpatError, KeyError) as fault:
        raise ValueError(str(fault)) from fault
    return found


def _tell_versions(osm: OsmFile) -> None:
    """Note the newest version of each object, and which of these are deleted."""
    gone: dict[tuple[str, int], bool] = {}
    for thing in osmium.FileProcessor(osm.file):
        key = (thing.type_str(), thing.id)
        if thing.version >= osm.newest.get(key, -1):
            osm.newest[key], gone[key] = thing.version, thing.deleted
    osm.deleted |= {key for key, is_gone in gone.items() if is_gone}
