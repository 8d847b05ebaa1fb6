"""Streets from networkx graphs, as OSMnx makes and saves them."""

import ast
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError as UnknownCRS

from planner.crs import WGS84, transformer
from planner.errors import NetworkError
from planner.streets.joining.ways import Ways, hull_of
from planner.streets.readers.surface_tags import mark_of, surface_of
from planner.streets.readers.walkable import level_of
from planner.tables.gdal import readable

_MOST_REF = 2**63 - 1  # what 64 bits hold
_NODE_KEYS = ("highway", "crossing", "crossing:signals")


def load_graphml(path: Path) -> nx.MultiDiGraph:
    """Read a graph that OSMnx saved; attributes stay the text that they are in the file.

    Raises
    ------
    NetworkError
        The file is missing, empty, or not such a graph.
    """
    if not path.is_file():
        raise NetworkError("streets.missing", file=path)
    if path.stat().st_size == 0:
        raise NetworkError("streets.empty_file", file=path)
    try:
        with readable(path) as place:
            try:
                return nx.read_graphml(place, node_type=int, force_multigraph=True)
            except ValueError:  # nodes that OSMnx made of several are called "12-0"
                return nx.read_graphml(place, force_multigraph=True)
    except Exception as fault:  # whatever is wrong with it: XML, types, missing attributes
        text = str(fault) or type(fault).__name__
        raise NetworkError("streets.unreadable_graph", file=path, fault=text) from fault


def ways_of_graph(graph: nx.MultiDiGraph) -> Ways:
    """Return the edges of an OSMnx graph as chains of points, each pair of opposite edges once.

    Raises
    ------
    NetworkError
        The graph has no CRS, no edges, nodes without x and y, or an edge whose geometry is no line.
    """
    if graph.number_of_edges() == 0:
        raise NetworkError("streets.bad_graph", fault="it has no edges")
    try:
        crs = CRS.from_user_input(graph.graph["crs"])
    except (KeyError, TypeError, UnknownCRS) as fault:
        raise NetworkError("streets.bad_graph", fault="its crs is missing or unknown") from fault
    _check_ends(graph)
    number = {node: i for i, node in enumerate(graph.nodes)}
    where = [(float(data["x"]), float(data["y"])) for _, data in graph.nodes(data=True)]

    classes: dict[str, int] = {}
    seen: set[tuple[Any, ...]] = set()
    n_points = len(number)
    refs: list[int] = []
    edges: list[str] = []
    coordinates: list[tuple[float, float]] = []
    ends, way_class, way_level, way_surface = [0], [], [], []
    for u, v, data in graph.edges(data=True):
        line = _line(data.get("geometry"), (u, v))
        between = _between(line, where[number[u]], where[number[v]]) if line is not None else []
        line_there = (number[u], *between, number[v])
        if line_there in seen or line_there[::-1] in seen:
            continue
        seen.add(line_there)
        # a point inside an edge is this edge's alone: edges that touch there without a node do not meet
        refs.extend((number[u], *range(n_points, n_points + len(between)), number[v]))
        n_points += len(between)
        coordinates.extend([where[number[u]], *between, where[number[v]]])
        ends.append(len(refs))
        edges.append(f"{u} – {v}")
        street_class = str(_only(data.get("highway", "road")) or "road")
        way_class.append(classes.setdefault(street_class, len(classes)))
        tags = {key: _only(data.get(key)) for key in ("layer", "bridge", "tunnel", "surface", "tracktype")}
        way_level.append(level_of(tags))
        way_surface.append(surface_of({**tags, "highway": street_class}))
    x, y = np.array(coordinates, float).T
    lon, lat = transformer(crs, WGS84).transform(x, y)
    off = ~(np.isfinite(lon) & np.isfinite(lat))
    if off.any():
        at = int(np.searchsorted(ends, np.flatnonzero(off)[0], side="right")) - 1
        raise NetworkError("streets.edge_not_in_crs", edge=edges[at], crs=crs.name)
    names = _node_refs(graph, n_points)
    marks = np.zeros(n_points, np.uint8)
    marks[: len(number)] = [
        mark_of({key: _only(data.get(key)) for key in _NODE_KEYS}) for _, data in graph.nodes(data=True)
    ]
    figures: dict[str, Any] = {
        "ways_read": graph.number_of_edges(),
        "ways_walked": len(way_class),
        "points_missing": 0,
    }
    return Ways(
        point_ref=names[np.array(refs)],
        longitude=np.asarray(lon),
        latitude=np.asarray(lat),
        indptr=np.array(ends, np.int64),
        way_class=np.array(way_class, np.int16),
        classes=tuple(classes),
        extent=hull_of(np.asarray(lon), np.asarray(lat)),
        figures=figures,
        way_level=np.array(way_level, np.int16),
        way_surface=np.array(way_surface, np.uint8),
        point_mark=marks[np.array(refs)],
    )


def _only(value: Any) -> Any:
    """Return a tag, None where there is none; of a stretch that OSMnx joined from ways with different ones, the first."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            value = ast.literal_eval(value)
    value = value[0] if isinstance(value, list) and value else value
    return None if isinstance(value, float) and math.isnan(value) else value


def _check_ends(graph: nx.MultiDiGraph) -> None:
    """Refuse nodes whose x and y are no numbers, by name."""
    for node, data in graph.nodes(data=True):
        try:
            is_place = math.isfinite(float(data["x"])) and math.isfinite(float(data["y"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            is_place = False
        if not is_place:
            raise NetworkError("streets.node_without_place", node=str(node)[:60])


def _line(value: Any, edge: tuple[Any, Any]) -> shapely.LineString | None:
    """Return an edge's geometry as one line, from text too; None where it has none, and is straight."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    line = value
    if isinstance(value, str):
        if value.strip().lower() in ("", "nan", "none"):
            return None
        try:
            with np.errstate(invalid="ignore"):  # a nan in the text
                line = shapely.from_wkt(value)
        except shapely.errors.GEOSException:
            line = None
    if isinstance(line, shapely.MultiLineString):
        line = shapely.line_merge(line)
    if isinstance(line, shapely.Geometry) and line.is_empty:
        return None
    if not isinstance(line, shapely.LineString) or not np.isfinite(shapely.get_coordinates(line)).all():
        kind = line.geom_type if isinstance(line, shapely.Geometry) else type(value).__name__
        raise NetworkError("streets.edge_geometry", edge=f"{edge[0]} – {edge[1]}"[:80], kind=kind)
    return line


def _between(
    line: shapely.LineString, start: tuple[float, float], end: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return the inner vertices of an edge's geometry from `start` to `end`; undirected graphs may hold it the other way."""
    first, *inner, last = [(x, y) for x, y, *_ in line.coords]
    as_given = math.dist(first, start) + math.dist(last, end)
    return inner if as_given <= math.dist(first, end) + math.dist(last, start) else inner[::-1]


def _node_refs(graph: nx.MultiDiGraph, count: int) -> np.ndarray:
    """Return a number for every point: the graph's own where its nodes are numbered, and fresh negative ones inside edges."""
    names = -1 - np.arange(count, dtype=np.int64)
    nodes = list(graph.nodes)
    if all(isinstance(node, int | np.integer) and 0 <= node <= _MOST_REF for node in nodes):
        names[: len(nodes)] = nodes
    return names
