"""A look at OpenStreetMap XML before it is parsed: elements of megabytes and archives of terabytes are refused.

The parser keeps an element whole, and begins it anew with every piece that it gets: a name of 300 MB, packed into 300 kB, costs
hours, and a node with ten million tags gigabytes.
"""

import bz2
import gzip
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from planner.errors import NetworkError

MOST_BYTES = 4 << 30
"""What an ``.osm`` file may unpack to; a larger one is better kept as ``.osm.pbf``, which has limits of its own."""

_ELEMENT = 1 << 20  # bytes in which some element must end
_OBJECT = 32 << 20  # bytes in which some node, way or relation must begin; the longest relations have 2 MB
_BEGINNINGS = (b"<node", b"<way", b"<relation")
_DELETES = re.compile(rb"""action\s*=\s*["']delete["']""")
_INVISIBLE = re.compile(rb"""visible\s*=\s*["']false["']""")
_TAIL = 32  # bytes that may belong to a word of the next piece


@dataclass
class XmlLook:
    """What a look at a file showed: its first bytes, and whether it may hold objects that are marked deleted or invisible."""

    head: bytes = b""
    deletes: bool = False
    invisible: bool = False


def check_xml(path: Path) -> XmlLook:
    """Return what a look at an OSM file shows; refuse a swollen ``.osm``, ``.osm.gz`` or ``.osm.bz2``; other files, and damaged ones, are left to their reader.

    Raises
    ------
    NetworkError
        An element or an object is longer than any map's, or the file unpacks to more than `MOST_BYTES`.
    """
    look = XmlLook()
    if path.name.lower().endswith((".osm", ".osm.gz", ".osm.bz2")):
        with suppress(OSError, EOFError, zlib.error), opened_xml(path) as stream:
            _look(stream, path, look)
    return look


def opened_xml(path: Path) -> BinaryIO | gzip.GzipFile | bz2.BZ2File:
    """Open an XML file, unpacked."""
    name = path.name.lower()
    if name.endswith(".gz"):
        return gzip.open(path, "rb")
    return bz2.open(path, "rb") if name.endswith(".bz2") else path.open("rb")


def _look(stream: BinaryIO | gzip.GzipFile | bz2.BZ2File, path: Path, look: XmlLook) -> None:
    read, without_object, tail = 0, 0, b""
    while piece := stream.read(_ELEMENT):
        read += len(piece)
        if len(piece) == _ELEMENT and b">" not in piece:
            raise NetworkError("streets.xml_element", file=path, position_mb=read >> 20)
        whole = tail + piece
        look.head = look.head or piece
        look.deletes = look.deletes or _DELETES.search(whole) is not None
        look.invisible = look.invisible or _INVISIBLE.search(whole) is not None
        without_object = 0 if any(word in whole for word in _BEGINNINGS) else without_object + len(piece)
        if without_object > _OBJECT:
            raise NetworkError("streets.xml_element", file=path, position_mb=read >> 20)
        if read > MOST_BYTES:
            raise NetworkError("streets.xml_too_large", file=path, limit_gb=MOST_BYTES >> 30)
        tail = piece[-_TAIL:]
