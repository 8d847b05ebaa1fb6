"""Drawn toy networks, small OSM files, and an oracle that walks raw segments: what the tests of the walking part share.

A drawing has one character every `STEP_M` metres, in both directions::

    A--p--B     upper-case letters and + are points of a street, - and | join them,
          |     lower-case letters are places: on a street where it runs on through them,
       q  C     beside it where it does not
"""

import bz2
import gzip
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner import StreetNetwork
from planner.crs import WGS84, transformer

STEP_M = 10.0
METRES = CRS.from_epsg(32650)
ORIGIN = (500_000.0, 2_765_000.0)  # on the zone's central meridian, near 25 N

RESIDENTIAL = {"highway": "residential"}
OSM_ENDINGS = (".osm", ".osm.pbf", ".osm.gz", ".osm.bz2")

XY = tuple[float, float]
Way = tuple[Sequence[int], Mapping[str, str]]


@dataclass(frozen=True)
class Toy:
    """A drawn network and its drawn places, by letter, in metres."""

    net: StreetNetwork
    spots: dict[str, XY]

    def places(self, letters: str) -> gpd.GeoDataFrame:
        """Return the points drawn as `letters`, in that order."""
        return in_metres([self.spots[letter] for letter in letters])

    def node(self, letter: str) -> int:
        """Return the number of the node drawn as `letter`."""
        x, y = self.spots[letter]
        away = np.hypot(self.net.node_x - x, self.net.node_y - y)
        assert away.min() < 1e-6, f"{letter} is no node"
        return int(away.argmin())


def in_metres(places: Iterable[XY]) -> gpd.GeoDataFrame:
    """Return points given in the metres of the drawings."""
    return gpd.GeoDataFrame(geometry=[shapely.Point(place) for place in places], crs=METRES)


def degrees(*places: XY) -> gpd.GeoDataFrame:
    """Return points given as longitude and latitude."""
    return gpd.GeoDataFrame(geometry=[shapely.Point(place) for place in places], crs=WGS84)


def draw(drawing: str) -> Toy:
    """Return the network and the places of a drawing."""
    rows = drawing.strip("\n").split("\n")
    marks = {(c, r): mark for r, row in enumerate(rows) for c, mark in enumerate(row) if mark != " "}
    where = {at: (ORIGIN[0] + at[0] * STEP_M, ORIGIN[1] - at[1] * STEP_M) for at in marks}
    graph = nx.MultiDiGraph(crs=METRES)
    number = {at: n for n, (at, mark) in enumerate(marks.items()) if _is_street(mark)}
    for at, n in number.items():
        graph.add_node(n, x=where[at][0], y=where[at][1])
    for (column, row), n in number.items():
        for right, down, line in ((1, 0, "-"), (0, 1, "|")):
            c, r, met_line = column + right, row + down, False
            while marks.get((c, r), " ") == line or marks.get((c, r), " ").islower():
                met_line |= marks[c, r] == line
                c, r = c + right, r + down
            if met_line and (c, r) in number:
                graph.add_edge(n, number[c, r], highway="residential")
    spots = {mark: where[at] for at, mark in marks.items() if mark.isalpha()}
    return Toy(StreetNetwork.from_graph(graph), spots)


def _is_street(mark: str) -> bool:
    return mark.isupper() or mark == "+"


def network_of(points: Sequence[XY], lines: Iterable[tuple[int, int]]) -> StreetNetwork:
    """Return the network of straight lines between points given in metres from the drawings' origin."""
    graph = nx.MultiDiGraph(crs=METRES)
    for number, (x, y) in enumerate(points):
        graph.add_node(number, x=ORIGIN[0] + x, y=ORIGIN[1] + y)
    graph.add_edges_from((a, b, {"highway": "residential"}) for a, b in lines)
    return StreetNetwork.from_graph(graph)


def write_osm(path: Path, nodes: Mapping[int, XY], ways: Iterable[Way], *, ways_first: bool = False) -> Path:
    """Write an OSM file of nodes (longitude, latitude) and ways (nodes, tags), in the format of its name."""
    ways = list(enumerate(ways, start=1))
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for part in ("ways", "nodes") if ways_first else ("nodes", "ways"):
            if part == "nodes":
                for number, place in nodes.items():
                    writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
            else:
                for number, (refs, tags) in ways:
                    writer.add_way(osmium.osm.mutable.Way(id=number, nodes=list(refs), tags=dict(tags)))
    return path


def osm_text(path: Path) -> str:
    """Return the text of an .osm, .osm.gz or .osm.bz2 file."""
    opener = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as stream:
        return stream.read()


@dataclass(frozen=True)
class RawStreets:
    """The oracle: streets as the file has them, one link a segment, nothing simplified, walked by networkx.

    It shares only the choice of ways (`rules`) and the metric system with the planner; it finds the nearest position by
    trying every segment.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    xy: dict[int, XY]
    graph: nx.Graph
    ends: NDArray[np.float64]  # (n_segments, 4): ax, ay, bx, by

    @classmethod
    def of(cls, path: Path, rules, crs: CRS) -> "RawStreets":
        location: dict[int, tuple[float, float]] = {}
        chains: list[list[int]] = []
        for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
            if thing.is_node():
                location[thing.id] = (thing.location.lon, thing.location.lat)
            elif rules.street_class(dict(thing.tags)) is not None:
                chains.append([node.ref for node in thing.nodes])
        used = sorted({ref for chain in chains for ref in chain} & location.keys())
        x, y = transformer(WGS84, crs).transform(*np.array([location[ref] for ref in used]).T)
        xy = dict(zip(used, zip(x.tolist(), y.tolist(), strict=True), strict=True))
        graph = nx.Graph()
        for chain in chains:
            for a, b in itertools.pairwise(chain):
                if a != b and a in xy and b in xy:
                    graph.add_edge(a, b, metres=float(np.hypot(xy[a][0] - xy[b][0], xy[a][1] - xy[b][1])))
        a, b = np.array(graph.edges, np.int64).T
        ends = np.array([(*xy[i], *xy[j]) for i, j in zip(a.tolist(), b.tolist(), strict=True)])
        return cls(a, b, xy, graph, ends)

    def snap(self, x: float, y: float) -> tuple[int, float, float]:
        """Return the segment nearest to a point, how far along it (0 to 1), and the metres to there."""
        ax, ay, bx, by = self.ends.T
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / np.where(square > 0, square, 1.0), 0.0, 1.0)
        away = np.hypot(ax + t * dx - x, ay + t * dy - y)
        s = int(away.argmin())
        return s, float(t[s]), float(away[s])

    def times_s(
        self, places: Sequence[XY], sites: Sequence[XY], *, limit_s: float, speed_m_s: float, max_snap_m: float
    ) -> NDArray[np.float64]:
        """Return seconds from each place to each site, inf above the limit, without rounding."""
        found = [self.snap(*place) for place in places]
        times = np.full((len(places), len(sites)), np.inf)
        for j, site in enumerate(sites):
            s, t, access = self.snap(*site)
            if access > max_snap_m:
                continue
            a, b, metres = int(self.a[s]), int(self.b[s]), float(np.hypot(*(self.ends[s, :2] - self.ends[s, 2:])))
            self.graph.add_edge("site", a, metres=t * metres)
            self.graph.add_edge("site", b, metres=(1 - t) * metres)
            reach = limit_s * speed_m_s + metres + 1.0
            walked = nx.single_source_dijkstra_path_length(self.graph, "site", cutoff=reach, weight="metres")
            self.graph.remove_node("site")
            for i, (s_i, t_i, access_i) in enumerate(found):
                if access_i > max_snap_m:
                    continue
                length = float(np.hypot(*(self.ends[s_i, :2] - self.ends[s_i, 2:])))
                a_i, b_i = int(self.a[s_i]), int(self.b[s_i])
                ways = [walked.get(a_i, np.inf) + t_i * length, walked.get(b_i, np.inf) + (1 - t_i) * length]
                if s_i == s:
                    ways.append(abs(t - t_i) * length)
                times[i, j] = (access + min(ways) + access_i) / speed_m_s
        return np.where(times <= limit_s, times, np.inf)
