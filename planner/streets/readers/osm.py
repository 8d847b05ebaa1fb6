"""Read the walkable ways of an OpenStreetMap file: ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``, through osmium."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium

from planner.errors import NetworkError
from planner.streets.joining.ways import Ways, hull_of
from planner.streets.readers.osm_file import OSM_FAULTS, OsmFile, open_osm
from planner.streets.readers.plazas import cross, read_areas
from planner.streets.readers.surface_tags import mark_of, surface_of
from planner.streets.readers.walkable import TAG_KEYS, WalkRules, level_of
from planner.streets.readers.xml_guard import check_xml

_DEGREES_PER_UNIT = 1e-7  # OSM keeps coordinates as whole numbers of this
_UNDEFINED = 2**31 - 1  # osmium's mark of a node that the file does not hold
_MOST_X, _MOST_Y = 1_800_000_000, 900_000_000


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
    look = check_xml(path)
    walked = _Walked()
    try:
        with open_osm(path, look) as osm:
            extent = osm.extent
            read = walked.read(osm, rules)
            marks = _marked_nodes(osm)
            crossings, plazas = cross(read_areas(osm, rules), walked.chains()) if rules.plazas else ([], {})
            for crossing in crossings:
                area = crossing.area
                walked.add(crossing.nodes, area.street_class, area.level, area.surface)
            walked.find_missing(osm)
    except OSM_FAULTS as fault:
        raise NetworkError("streets.unreadable", file=path, fault=str(fault)) from fault
    if not walked.way_class:
        raise NetworkError("streets.no_streets", file=path, ways=read)
    xs, ys = np.array(walked.xs, np.int64), np.array(walked.ys, np.int64)
    missing = (np.abs(xs) > _MOST_X) | (np.abs(ys) > _MOST_Y)
    if missing.all():
        raise NetworkError("streets.no_nodes", file=path)
    longitude = np.where(missing, np.nan, xs * _DEGREES_PER_UNIT)
    latitude = np.where(missing, np.nan, ys * _DEGREES_PER_UNIT)
    count = len(walked.way_class) - len(crossings)
    figures = {"ways_read": read, "ways_walked": count, "points_missing": int(missing.sum()), **plazas}
    return Ways(
        point_ref=np.array(walked.refs, np.int64),
        longitude=longitude,
        latitude=latitude,
        indptr=np.array(walked.ends, np.int64),
        way_class=np.array(walked.way_class, np.int16),
        classes=tuple(walked.classes),
        extent=hull_of(longitude, latitude) if extent is None else extent,
        figures=figures,
        way_level=np.array(walked.way_level, np.int16),
        way_surface=np.array(walked.way_surface, np.uint8),
        point_mark=np.array([marks.get(ref, 0) for ref in walked.refs], np.uint8),
    )


@dataclass
class _Walked:
    """The ways that may be walked, as they are read: the nodes of all one after the other, then class, level and surface."""

    refs: list[int] = field(default_factory=list)
    xs: list[int] = field(default_factory=list)
    ys: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])
    classes: dict[str, int] = field(default_factory=dict)
    way_class: list[int] = field(default_factory=list)
    way_level: list[int] = field(default_factory=list)
    way_surface: list[int] = field(default_factory=list)

    def read(self, osm: OsmFile, rules: WalkRules) -> int:
        """Take the ways of a file; return how many tagged ways there are."""
        things = osmium.FileProcessor(osm.file, osmium.osm.NODE | osmium.osm.WAY)
        if not osm.positions_on_ways:
            things = things.with_locations()
        ways = things.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)).with_filter(
            osmium.filter.KeyFilter(*TAG_KEYS)
        )
        read = 0
        for way in ways:
            if not osm.is_there("w", way):
                continue
            read += 1
            street_class = rules.street_class(way.tags)
            if street_class is not None:
                nodes = [(node.ref, node.x, node.y) for node in way.nodes]  # type: ignore[union-attr]
                self.add(nodes, street_class, level_of(way.tags), surface_of(way.tags))
        return read

    def add(self, nodes: Iterable[tuple[int, int, int]], street_class: str, level: int, surface: int) -> None:
        """Take one way."""
        for ref, x, y in nodes:
            self.refs.append(ref)
            self.xs.append(x)
            self.ys.append(y)
        self.ends.append(len(self.refs))
        self.way_class.append(self.classes.setdefault(street_class, len(self.classes)))
        self.way_level.append(level)
        self.way_surface.append(surface)

    def chains(self) -> list[list[int]]:
        """Return the nodes of each way."""
        return [self.refs[start:end] for start, end in itertools.pairwise(self.ends)]

    def find_missing(self, osm: OsmFile) -> None:
        """Give nodes the positions that the file holds after all, and take those of deleted ones away."""
        found = _nodes_elsewhere(osm, {ref for ref, x in zip(self.refs, self.xs, strict=True) if x == _UNDEFINED})
        found |= {number: (_UNDEFINED, _UNDEFINED) for kind, number in osm.deleted if kind == "n"}
        for at, ref in enumerate(self.refs if found else []):
            self.xs[at], self.ys[at] = found.get(ref, (self.xs[at], self.ys[at]))


def _marked_nodes(osm: OsmFile) -> dict[int, int]:
    """Return the marks of the nodes that are crossings or have signals."""
    nodes = osmium.FileProcessor(osm.file, osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("highway", "crossing"))
    return {node.id: mark for node in nodes if osm.is_there("n", node) and (mark := mark_of(node.tags))}


def _nodes_elsewhere(osm: OsmFile, wanted: set[int]) -> dict[int, tuple[int, int]]:
    """Return x and y of those `wanted` nodes that the file holds after all.

    Reading along misses nodes that stand behind the ways (Overpass writes so) or have negative numbers (JOSM does).
    """
    if not wanted:
        return {}
    nodes = osmium.FileProcessor(osm.file, osmium.osm.NODE)
    if min(wanted) >= 0:
        nodes = nodes.with_filter(osmium.filter.IdFilter(wanted))
    places = ((node.id, node.location) for node in nodes if node.id in wanted)  # type: ignore[union-attr]
    return {number: (place.x, place.y) for number, place in places if place.valid()}
