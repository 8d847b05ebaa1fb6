"""Read the walkable ways of an OpenStreetMap file: ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``, through osmium."""

import itertools
from pathlib import Path

import numpy as np
import osmium
import shapely

from planner.errors import NetworkError
from planner.streets.joining.ways import Ways, hull_of
from planner.streets.readers.plazas import Crossing, cross, read_areas
from planner.streets.readers.surface_tags import mark_of, surface_of
from planner.streets.readers.walkable import TAG_KEYS, WalkRules, level_of
from planner.streets.readers.xml_guard import check_xml

OSM_ENDINGS = (".osm.pbf", ".osm", ".osm.gz", ".osm.bz2", ".pbf")
_DEGREES_PER_UNIT = 1e-7  # OSM keeps coordinates as whole numbers of this
_UNDEFINED = 2**31 - 1  # osmium's mark of a node that the file does not hold


def is_osm_file(path: Path) -> bool:
    """Return whether the name is that of an OSM file."""
    return path.name.lower().endswith(OSM_ENDINGS)


def read_ways(path: Path, rules: WalkRules) -> Ways:
    """Read the ways of `path` that `rules` lets a walker use.

    Raises
    ------
    NetworkError
        The file is missing, is not an OSM file, ends too early, is swollen beyond any map, or holds no street.
    """
    if not path.is_file():
        raise NetworkError("streets.missing", file=path)
    if path.stat().st_size == 0:
        raise NetworkError("streets.empty_file", file=path)
    check_xml(path)
    refs: list[int] = []
    xs: list[int] = []
    ys: list[int] = []
    ends = [0]
    classes: dict[str, int] = {}
    way_class: list[int] = []
    way_level: list[int] = []
    way_surface: list[int] = []
    read = 0
    lookup: dict[int, tuple[int, int]] = {}
    marks: dict[int, int] = {}
    crossings: list[Crossing] = []
    plazas: dict[str, int] = {}
    try:
        ending = next((ending for ending in OSM_ENDINGS if path.name.lower().endswith(ending)), "")
        file = osmium.io.File(str(path), ending[1:])  # said, because osmium reads no format out of "CITY.OSM"
        with osmium.io.Reader(file, osmium.osm.NOTHING) as reader:
            box = reader.header().box()
        ways = (
            osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.WAY)
            .with_locations()
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.KeyFilter(*TAG_KEYS))
        )
        for way in ways:
            read += 1
            street_class = rules.street_class(way.tags)
            if street_class is None:
                continue
            for node in way.nodes:  # type: ignore[union-attr]
                refs.append(node.ref)
                xs.append(node.x)
                ys.append(node.y)
            ends.append(len(refs))
            way_class.append(classes.setdefault(street_class, len(classes)))
            way_level.append(level_of(way.tags))
            way_surface.append(surface_of(way.tags))
        marks = _marked_nodes(file)
        crossings, plazas = cross(read_areas(file, rules), _chains(refs, ends)) if rules.plazas else ([], {})
        for crossing in crossings:
            for ref, x, y in crossing.nodes:
                refs.append(ref)
                xs.append(x)
                ys.append(y)
            ends.append(len(refs))
            way_class.append(classes.setdefault(crossing.area.street_class, len(classes)))
            way_level.append(crossing.area.level)
            way_surface.append(crossing.area.surface)
        lookup = _nodes_elsewhere(file, {ref for ref, x in zip(refs, xs, strict=True) if x == _UNDEFINED})
    except (RuntimeError, ValueError, OSError) as fault:
        raise NetworkError("streets.unreadable", file=path, fault=str(fault)) from fault
    if not way_class:
        raise NetworkError("streets.no_streets", file=path, ways=read)
    if lookup:
        xs, ys = map(list, zip(*(lookup.get(r, (x, y)) for r, x, y in zip(refs, xs, ys, strict=True)), strict=True))
    longitude = np.array(xs, np.float64) * _DEGREES_PER_UNIT
    latitude = np.array(ys, np.float64) * _DEGREES_PER_UNIT
    missing = np.array(xs, np.int64) == _UNDEFINED
    if missing.all():
        raise NetworkError("streets.no_nodes", file=path)
    longitude[missing] = np.nan
    latitude[missing] = np.nan
    if box.valid():
        low, high = box.bottom_left, box.top_right
        extent = shapely.box(low.lon, low.lat, high.lon, high.lat)
    else:
        extent = hull_of(longitude, latitude)
    walked = len(way_class) - len(crossings)
    figures = {"ways_read": read, "ways_walked": walked, "points_missing": int(missing.sum()), **plazas}
    return Ways(
        point_ref=np.array(refs, np.int64),
        longitude=longitude,
        latitude=latitude,
        indptr=np.array(ends, np.int64),
        way_class=np.array(way_class, np.int16),
        classes=tuple(classes),
        extent=extent,
        figures=figures,
        way_level=np.array(way_level, np.int16),
        way_surface=np.array(way_surface, np.uint8),
        point_mark=np.array([marks.get(ref, 0) for ref in refs], np.uint8),
    )


def _chains(refs: list[int], ends: list[int]) -> list[list[int]]:
    return [refs[start:end] for start, end in itertools.pairwise(ends)]


def _marked_nodes(file: osmium.io.File) -> dict[int, int]:
    """Return the marks of the nodes that are crossings or have signals."""
    nodes = osmium.FileProcessor(file, osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("highway", "crossing"))
    return {node.id: mark for node in nodes if (mark := mark_of(node.tags))}


def _nodes_elsewhere(file: osmium.io.File, wanted: set[int]) -> dict[int, tuple[int, int]]:
    """Return x and y of those `wanted` nodes that the file holds after all.

    Reading along misses nodes that stand behind the ways (Overpass writes so) or have negative numbers (JOSM does).
    """
    if not wanted:
        return {}
    nodes = osmium.FileProcessor(file, osmium.osm.NODE)
    if min(wanted) >= 0:
        nodes = nodes.with_filter(osmium.filter.IdFilter(wanted))
    places = ((node.id, node.location) for node in nodes if node.id in wanted)  # type: ignore[union-attr]
    return {number: (place.x, place.y) for number, place in places if place.valid()}
