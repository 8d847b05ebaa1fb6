"""Street networks to and from networkx graphs."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError as UnknownCRS

from planner.crs import WGS84, transformer
from planner.errors import NetworkError
from planner.streets.readers.osm import RawWays, hull_of
from planner.streets.readers.walkable import level_of
from planner.streets.surface import ground_of, mark_of

if TYPE_CHECKING:
    from planner.streets.network import StreetNetwork


_NODE_KEYS = ("highway", "crossing", "crossing:signals")


def graph_of(network: "StreetNetwork") -> nx.MultiGraph:
    """Return `network` as a MultiGraph; see `StreetNetwork.to_graph`."""
    graph = nx.MultiGraph(crs=network.crs)
    nodes = zip(network.node_x.tolist(), network.node_y.tolist(), network.node_ref.tolist(), strict=True)
    graph.add_nodes_from((i, {"x": x, "y": y, "ref": ref}) for i, (x, y, ref) in enumerate(nodes))
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.vertex_indptr))
    lines = shapely.linestrings(np.column_stack((network.vertex_x, network.vertex_y)), indices=edge)
    highway = np.array(network.classes, object)[network.edge_class]
    columns = zip(
        network.edge_from.tolist(),
        network.edge_to.tolist(),
        network.edge_length_m.tolist(),
        lines,
        highway,
        network.factor_forward.tolist(),
        network.factor_backward.tolist(),
        strict=True,
    )
    graph.add_edges_from(
        (u, v, {"length_m": length, "geometry": line, "highway": street_class, "from_node": u,
                "factor_forward": forward, "factor_backward": backward})
        for u, v, length, line, street_class, forward, backward in columns
    )  # fmt: skip
    return graph


def load_graphml(path: Path) -> nx.MultiDiGraph:
    """Read a graph that OSMnx saved.

    Raises
    ------
    NetworkError
        The file is missing, empty, or not such a graph.
    """
    if not path.is_file():
        raise NetworkError("streets.missing", file=path)
    if path.stat().st_size == 0:
        raise NetworkError("streets.empty_file", file=path)
    import osmnx  # takes a second, and few need it

    try:
        return osmnx.load_graphml(path)
    except Exception as fault:  # whatever is wrong with it: XML, types, missing attributes
        text = str(fault) or type(fault).__name__
        raise NetworkError("streets.unreadable_graph", file=path, fault=text) from fault


def ways_of_graph(graph: nx.MultiDiGraph) -> RawWays:
    """Return the edges of an OSMnx graph as chains of points, each pair of opposite edges once.

    Raises
    ------
    NetworkError
        The graph has no CRS, no edges, or nodes without x and y.
    """
    if graph.number_of_edges() == 0:
        raise NetworkError("streets.bad_graph", fault="it has no edges")
    try:
        crs = CRS.from_user_input(graph.graph["crs"])
    except (KeyError, UnknownCRS) as fault:
        raise NetworkError("streets.bad_graph", fault="its crs is missing or unknown") from fault
    number = {node: i for i, node in enumerate(graph.nodes)}
    try:
        where = [(float(data["x"]), float(data["y"])) for _, data in graph.nodes(data=True)]
    except (KeyError, TypeError, ValueError) as fault:
        raise NetworkError("streets.bad_graph", fault="a node has no x and y") from fault

    classes: dict[str, int] = {}
    seen: set[tuple[Any, ...]] = set()
    n_points = len(number)
    refs: list[int] = []
    coordinates: list[tuple[float, float]] = []
    ends, way_class, way_level, way_ground = [0], [], [], []
    for u, v, data in graph.edges(data=True):
        line = data.get("geometry")
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
        highway = data.get("highway", "road")
        street_class = str(_only(highway))
        way_class.append(classes.setdefault(street_class, len(classes)))
        tags = {key: _only(data.get(key)) for key in ("layer", "bridge", "tunnel", "surface", "tracktype")}
        way_level.append(level_of(tags))
        way_ground.append(ground_of({**tags, "highway": street_class}))
    x, y = np.array(coordinates, float).T
    lon, lat = transformer(crs, WGS84).transform(x, y)
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
    return RawWays(
        point_ref=names[np.array(refs)],
        longitude=np.asarray(lon),
        latitude=np.asarray(lat),
        indptr=np.array(ends, np.int64),
        way_class=np.array(way_class, np.int16),
        classes=tuple(classes),
        extent=hull_of(np.asarray(lon), np.asarray(lat)),
        figures=figures,
        way_level=np.array(way_level, np.int16),
        way_ground=np.array(way_ground, np.uint8),
        point_mark=marks[np.array(refs)],
    )


def _only(value: Any) -> Any:
    """Return a tag, None where there is none; of a stretch that OSMnx joined from ways with different ones, the first."""
    value = value[0] if isinstance(value, list) and value else value
    return None if isinstance(value, float) and math.isnan(value) else value


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
    if all(isinstance(node, int | np.integer) and node >= 0 for node in nodes):
        names[: len(nodes)] = nodes
    return names
