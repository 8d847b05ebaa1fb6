"""A look at OpenStreetMap XML before it is parsed: elements of megabytes and archives of terabytes are refused.

The parser keeps an element whole, and begins it anew with every piece that it gets: a name of 300 MB, packed into 300 kB, costs
hours, and a node with ten million tags gigabytes.
"""

import bz2
import gzip
import zlib
from pathlib import Path
from typing import BinaryIO

from planner.errors import NetworkError

MOST_BYTES = 4 << 30
"""What an ``.osm`` file may unpack to; a larger one is better kept as ``.osm.pbf``, which has limits of its own."""

_ELEMENT = 1 << 20  # bytes in which some element must end
_OBJECT = 32 << 20  # bytes in which some node, way or relation must begin; the longest relations have 2 MB
_BEGINNINGS = (b"<node", b"<way", b"<relation")


def check_xml(path: Path) -> None:
    """Refuse a swollen ``.osm``, ``.osm.gz`` or ``.osm.bz2``; other files, and damaged ones, are left to their reader.

    Raises
    ------
    NetworkError
        An element or an object is longer than any map's, or the file unpacks to more than `MOST_BYTES`.
    """
    name = path.name.lower()
    if not name.endswith((".osm", ".osm.gz", ".osm.bz2")):
        return
    try:
        with _opened(path, name) as stream:
            _look(stream, path)
    except (OSError, EOFError, zlib.error):
        return


def _opened(path: Path, name: str) -> BinaryIO | gzip.GzipFile | bz2.BZ2File:
    if name.endswith(".gz"):
        return gzip.open(path, "rb")
    return bz2.open(path, "rb") if name.endswith(".bz2") else path.open("rb")


def _look(stream: BinaryIO | gzip.GzipFile | bz2.BZ2File, path: Path) -> None:
    read, without_object, tail = 0, 0, b""
    while piece := stream.read(_ELEMENT):
        read += len(piece)
        if len(piece) == _ELEMENT and b">" not in piece:
            raise NetworkError("streets.xml_element", file=path, position_mb=read >> 20)
        whole = tail + piece
        without_object = 0 if any(word in whole for word in _BEGINNINGS) else without_object + len(piece)
        if without_object > _OBJECT:
            raise NetworkError("streets.xml_element", file=path, position_mb=read >> 20)
        if read > MOST_BYTES:
            raise NetworkError("streets.xml_too_large", file=path, limit_gb=MOST_BYTES >> 30)
        tail = piece[-len(b"<relation") :]
