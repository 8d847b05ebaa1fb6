"""The walkable street network: what all travel times are measured on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal, get_args

import geopandas as gpd
import networkx as nx
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph
from shapely import Geometry, MultiPolygon, Polygon

from planner.crs import WGS84
from planner.errors import CRSError, InputError, NetworkError
from planner.findings import InputReport
from planner.kernels.paths import Queue, new_queue
from planner.kernels.trace import running_lengths
from planner.streets.cache import cached_arrays
from planner.streets.graph import graph_of, load_graphml, ways_of_graph
from planner.streets.islands import connect_islands
from planner.streets.profiles import PLAIN, Profile, Slowed, fixed_s, surface_factor
from planner.streets.readers.build import build_arrays
from planner.streets.readers.combine import COMBINE_TOLERANCE_M
from planner.streets.readers.lines import GAP_M, TOLERANCE_M, ways_of_lines
from planner.streets.readers.online import Service, fetch_boundary, fetch_streets, user_folder
from planner.streets.readers.osm import RawWays, is_osm_file, read_ways
from planner.streets.readers.sources import Gates, Source, network_arrays
from planner.streets.readers.walkable import WalkRules
from planner.streets.segment_grid import SegmentGrid
from planner.streets.slope import Slopes
from planner.streets.snapped_lattice import SnappedLattice
from planner.streets.surface import Ground, edge_ground

Direction = Literal["to", "from"]
"""Whether people walk to the facility (the default everywhere) or from it."""

AnyDirection = Literal["to", "from", "slower"]
"""A direction, or the slower of both: of each pair's two times the greater one."""


@dataclass(frozen=True, eq=False)
class StreetNetwork:
    """Walkable streets: one node per junction or dead end, one edge per stretch between them, in metres of `crs`.

    Edge ``e`` runs from node ``edge_from[e]`` to ``edge_to[e]`` through the vertices ``vertex_indptr[e]:vertex_indptr[e + 1]``
    (both ends included). Parallel edges, loops and unconnected parts are kept. ``factor_forward[e]`` and
    ``factor_backward[e]`` multiply the edge's length into effort, from its ``from`` end on and back; 1 is plain walking.
    ``vertex_ground`` says what the segment behind each vertex is like (`planner.streets.surface`; 0 at an edge's first).
    `node_ref` names the OSM nodes; ``classes[edge_class[e]]`` is the ``highway`` value of the stretch; `extent` (WGS 84) is
    what the source covers; `figures` tells what its reading met. The arrays must not be changed: networks are shared between
    threads and users.
    """

    crs: CRS
    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    node_ref: NDArray[np.int64]
    edge_from: NDArray[np.int32]
    edge_to: NDArray[np.int32]
    edge_class: NDArray[np.int16]
    factor_forward: NDArray[np.float64]
    factor_backward: NDArray[np.float64]
    vertex_indptr: NDArray[np.int64]
    vertex_x: NDArray[np.float64]
    vertex_y: NDArray[np.float64]
    vertex_ground: NDArray[np.uint8]
    classes: tuple[str, ...]
    extent: Polygon | MultiPolygon
    figures: dict[str, Any]

    @classmethod
    def from_osm(
        cls,
        path: str | Path,
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        rules: WalkRules | None = None,
        cache: Path | None = None,
    ) -> "StreetNetwork":
        """Read the walkable streets of an OpenStreetMap file (.osm.pbf, .osm, .osm.gz, .osm.bz2).

        Parameters
        ----------
        boundary
            Keep only what touches this area, widened by `buffer_m` metres. A bare geometry is WGS 84.
        rules
            Which ways may be walked (`WalkRules`, documented in `planner.streets.readers.walkable`).
        cache
            Folder that keeps the built network, keyed by the file's content, the boundary and the rules.

        Raises
        ------
        NetworkError
            The file cannot be read, holds no street, or none within the boundary.
        CRSError
            The boundary has no CRS, or is a bare geometry that is not in degrees.
        InputError
            `buffer_m` is not a distance.
        """
        path = Path(path)
        rules = rules or WalkRules()
        area = _in_wgs84(boundary)
        if not is_osm_file(path):
            raise NetworkError("streets.unknown_format", file=path)
        if not 0 <= buffer_m < np.inf:
            raise InputError("streets.bad_buffer", value=buffer_m)

        def build() -> dict[str, Any]:
            ways = connect_islands(read_ways(path, rules), rules.connect_islands_m)
            return build_arrays(ways, boundary=area, buffer_m=buffer_m, source=str(path))

        if cache is None or not path.is_file():
            return cls(**build())
        names = [field.name for field in fields(cls)]
        key = f"{names} {rules} {float(buffer_m)!r} ".encode() + (b"" if area is None else area.wkb)
        return cls(**cached_arrays(cache, [path], key, build))

    @classmethod
    def from_sources(
        cls,
        sources: Sequence[Source],
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        tolerance_m: float = COMBINE_TOLERANCE_M,
        gates: Gates | None = None,
        rules: WalkRules | None = None,
        cache: Path | None = None,
        reports: Sequence[InputReport] | None = None,
        gates_report: InputReport | None = None,
    ) -> "StreetNetwork":
        """Read one or several files of streets, the most trusted first, and join them within `tolerance_m` metres.

        `gates` open walls between streets. `cache` keeps the built network, keyed by the files' content and all options.
        `reports` (one a source) and `gates_report` take what was read and found, from the cache as well. `boundary` and
        `buffer_m` as in `from_osm`.

        Raises
        ------
        PlannerError
            A file cannot be read, holds no street, or lies elsewhere; no street is within the boundary; a distance is none.
        """
        if not 0 <= buffer_m < np.inf:
            raise InputError("streets.bad_buffer", value=buffer_m)
        return cls(
            **network_arrays(
                sources,
                boundary=_in_wgs84(boundary),
                buffer_m=buffer_m,
                tolerance_m=tolerance_m,
                gates=gates,
                rules=rules,
                cache=cache,
                reports=reports,
                gates_report=gates_report,
            )
        )

    @classmethod
    def from_ways(
        cls,
        ways: RawWays,
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        source: str = "streets",
    ) -> "StreetNetwork":
        """Build the network of ways as read, cut or combined; `boundary`, `buffer_m` and errors as `from_osm`."""
        if not 0 <= buffer_m < np.inf:
            raise InputError("streets.bad_buffer", value=buffer_m)
        return cls(**build_arrays(ways, boundary=_in_wgs84(boundary), buffer_m=buffer_m, source=source))

    @classmethod
    def from_lines(
        cls,
        gdf: gpd.GeoDataFrame | gpd.GeoSeries,
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        tolerance_m: float = TOLERANCE_M,
        gap_m: float = GAP_M,
        noded: bool = False,
        rules: WalkRules | None = None,
        report: InputReport | None = None,
    ) -> "StreetNetwork":
        """Build the network of a layer of lines in any CRS, such as a planner's own roads.

        `boundary` and `buffer_m` as in `from_osm`; the other parameters, and which columns are understood, as
        `planner.streets.readers.lines.ways_of_lines`.

        Raises
        ------
        CRSError
            The layer has no CRS, or its coordinates are not in it.
        GeometryError
            It holds no line.
        NetworkError
            It is empty, none of its lines may be walked, or none is within the boundary.
        InputError
            A distance is none.
        """
        ways = ways_of_lines(gdf, tolerance_m=tolerance_m, gap_m=gap_m, noded=noded, rules=rules, report=report)
        ways = connect_islands(ways, rules.connect_islands_m if rules else 0.0)
        return cls.from_ways(ways, boundary, buffer_m, source=report.file if report else "lines")

    @classmethod
    def from_place(
        cls,
        place: str,
        folder: Path | None = None,
        buffer_m: float = 0,
        *,
        rules: WalkRules | None = None,
        service: Service | None = None,
    ) -> "StreetNetwork":
        """Fetch the streets within a place's outline, widened by `buffer_m` metres, from OpenStreetMap.

        What is fetched is kept in `folder` (by default the user's own) and not asked for again.

        Raises
        ------
        NetworkError
            There is no network, the service fails, or it knows no such place, outline or streets.
        InputError
            The name is blank, the place too large, or the folder cannot be written to.
        """
        folder = folder or user_folder()
        outline = fetch_boundary(place, folder, service=service)
        streets = fetch_streets(outline, folder, buffer_m=buffer_m, service=service)
        return cls.from_osm(streets, outline, buffer_m, rules=rules)

    @classmethod
    def from_graph(cls, graph: nx.MultiDiGraph) -> "StreetNetwork":
        """Convert an OSMnx graph; every edge is taken to be walkable in both directions.

        Raises
        ------
        NetworkError
            The graph has no CRS, no edges, or nodes without x and y.
        """
        return cls(**build_arrays(ways_of_graph(graph), boundary=None, buffer_m=0, source="graph"))

    @classmethod
    def from_graphml(cls, path: str | Path) -> "StreetNetwork":
        """Read a graph as OSMnx saves it (``.graphml``); errors as `from_graph`, and for a file that cannot be read."""
        return cls.from_graph(load_graphml(Path(path)))

    def to_graph(self) -> nx.MultiGraph:
        """Return the network as a networkx MultiGraph in metres of `crs`.

        Nodes have x, y and ref (the OSM node); edges have length_m, geometry, highway, factor_forward, factor_backward and
        from_node, the end at which geometry and forward begin.
        """
        return graph_of(self)

    @property
    def n_nodes(self) -> int:
        """Number of junctions and dead ends."""
        return len(self.node_x)

    @property
    def n_edges(self) -> int:
        """Number of stretches."""
        return len(self.edge_from)

    @cached_property
    def vertex_m(self) -> NDArray[np.float64]:
        """Metres from the edge's from-end to each vertex, shape (n_vertices,)."""
        return running_lengths(self.vertex_indptr, self.vertex_x, self.vertex_y)

    @cached_property
    def edge_length_m(self) -> NDArray[np.float64]:
        """Length of each stretch along its geometry, shape (n_edges,)."""
        return self.vertex_m[self.vertex_indptr[1:] - 1]

    @cached_property
    def ground(self) -> Ground:
        """What each stretch is like underfoot."""
        return edge_ground(self.vertex_indptr, self.vertex_m, self.vertex_ground)

    def with_profile(self, profile: Profile, slowed: Slowed = PLAIN, slopes: Slopes | None = None) -> "StreetNetwork":
        """Return this network with the efforts of a profile, slowed down by what `slowed` says and by `slopes`.

        Whatever has been snapped to this network is snapped to that one too. Times are then to be asked for at the profile's
        speed: seconds that are lost became metres at it. Where steps slow down, their factor stands in for the slope.
        """
        if not slowed and (slopes is None or not profile.slope):
            return self
        ground, length_m = self.ground, self.edge_length_m
        on_steps = profile.steps if slowed.steps else None
        if slopes is not None and profile.slope:
            forward, backward = slopes.factors(on_steps)
        else:
            forward = backward = 1.0 + ground.steps * ((on_steps or 1.0) - 1.0)
        rough = surface_factor(ground, profile) if slowed.surface else 1.0
        lost_m = fixed_s(ground, profile, slowed) * profile.speed_m_s
        more = np.divide(lost_m, length_m, out=np.zeros(self.n_edges), where=length_m > 0)
        other = replace(
            self,
            factor_forward=self.factor_forward * forward * rough + more,
            factor_backward=self.factor_backward * backward * rough + more,
        )
        for name in (
            "grid",
            "_lattices",
            "adjacency",
            "component",
            "segment_start_m",
            "ground",
        ):  # of the shape alone: shared
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def component(self) -> NDArray[np.int32]:
        """Number of the connected part each node belongs to, shape (n_nodes,)."""
        shape = (self.n_nodes, self.n_nodes)
        links = sparse.coo_array((np.ones(self.n_edges, np.int8), (self.edge_from, self.edge_to)), shape=shape)
        return csgraph.connected_components(links.tocsr(), directed=False)[1]

    @cached_property
    def grid(self) -> SegmentGrid:
        """The index that finds the nearest position on a street."""
        return SegmentGrid.of(self.vertex_indptr, self.vertex_x, self.vertex_y)

    def snapped_lattice(self, step_m: float, max_snap_m: float) -> SnappedLattice:
        """Return the lattice of this spacing, whose points are snapped when first asked for and kept."""
        return self._lattices.setdefault((step_m, max_snap_m), SnappedLattice(step_m, max_snap_m))

    @cached_property
    def _lattices(self) -> dict[tuple[float, float], SnappedLattice]:
        return {}

    @cached_property
    def segment_start_m(self) -> NDArray[np.float64]:
        """Metres from the edge's from-end to the start of each segment of `grid`."""
        return self.vertex_m[self.grid.vertex]

    @cached_property
    def adjacency(self) -> "Adjacency":
        """The half-edges of every node."""
        tail = np.concatenate((self.edge_from, self.edge_to))
        head = np.concatenate((self.edge_to, self.edge_from))
        edge = np.tile(np.arange(self.n_edges, dtype=np.int32), 2)
        order = np.lexsort((edge, head, tail))
        counts = np.bincount(tail, minlength=self.n_nodes)
        return Adjacency(
            indptr=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),  # narrow: more of it fits a cache
            head=head[order],
            edge=edge[order],
            forward=order < self.n_edges,
        )

    def efforts(self, direction: Direction = "to") -> "Efforts":
        """Return what a search outward from a facility pays on each edge, metres; computed once a direction.

        Raises
        ------
        InputError
            The direction is neither "to" nor "from".
        """
        if direction not in get_args(Direction):
            raise InputError("streets.bad_direction", value=direction)
        known = self._efforts
        if direction not in known:
            forward, backward = (
                self.edge_length_m * self.factor_forward,
                self.edge_length_m * self.factor_backward,
            )
            along, against = (backward, forward) if direction == "to" else (forward, backward)
            half = self.adjacency
            each = np.where(half.forward, along[half.edge], against[half.edge])
            stretch = 1.0 / min(1.0, self.factor_forward.min(), self.factor_backward.min())
            known[direction] = Efforts(along, against, each, float(stretch))
        return known[direction]

    @cached_property
    def _efforts(self) -> dict[str, "Efforts"]:
        return {}

    def __getstate__(self) -> dict[str, Any]:  # what is derived, and the threads' memory, stay behind
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @contextmanager
    def workspace(self) -> Iterator["Workspace"]:
        """Lend the working memory of one search thread; it is handed back for the next one."""
        try:
            space = self._workspaces.get_nowait()
        except Empty:
            space = Workspace.of(self.n_nodes, self.n_edges, len(self.vertex_x))
        try:
            yield space
        finally:
            self._workspaces.put(space)

    @cached_property
    def _workspaces(self) -> SimpleQueue["Workspace"]:
        return SimpleQueue()


@dataclass(frozen=True)
class Adjacency:
    """CSR adjacency: node ``u`` has the half-edges ``indptr[u]:indptr[u + 1]`` to ``head`` over ``edge``.

    `forward` tells whether the half-edge leaves its edge's from-end.
    """

    indptr: NDArray[np.int32]
    head: NDArray[np.int32]
    edge: NDArray[np.int32]
    forward: NDArray[np.bool_]


@dataclass(frozen=True)
class Efforts:
    """Metres of effort searched from each edge's ``from`` to its ``to`` end, the other way, and over each half-edge.

    `stretch` is the most metres of ground that a metre of effort covers, at least 1; `bucket_m` is how wide the buckets are
    in which a search sorts the nodes that wait (`planner.kernels.paths`).
    """

    along_m: NDArray[np.float64]
    against_m: NDArray[np.float64]
    half_edge_m: NDArray[np.float64]
    stretch: float

    @cached_property
    def bucket_m(self) -> float:
        """An eighth of the mean edge: a bucket holds few nodes, and few of these wait for one of their own."""
        mean_m = float(self.half_edge_m.mean()) if len(self.half_edge_m) else 0.0
        return max(mean_m / 8, 1e-3)


@dataclass
class Workspace:
    """Working memory of one search thread; see `planner.kernels.paths`."""

    dist: NDArray[np.float64]
    stamp: NDArray[np.int32]
    edge_stamp: NDArray[np.int32]
    segment_stamp: NDArray[np.int32]
    queue: Queue = field(default_factory=lambda: new_queue(1 << 14))
    version: int = 1

    @classmethod
    def of(cls, n_nodes: int, n_edges: int, n_segments: int) -> "Workspace":
        """Return fresh memory for a network of this size."""
        return cls(
            np.empty(n_nodes),
            np.zeros(n_nodes, np.int32),
            np.zeros(n_edges, np.int32),
            np.zeros(n_segments, np.int32),
        )

    def versions(self, count: int) -> int:
        """Return the first of `count` versions that no search has used."""
        if self.version + count >= 2**31 - 1:
            self.stamp[:] = 0
            self.edge_stamp[:] = 0
            self.segment_stamp[:] = 0
            self.version = 1
        first = self.version
        self.version += count
        return first


def _in_wgs84(boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None) -> Geometry | None:
    if boundary is None or isinstance(boundary, Geometry):
        return boundary
    if boundary.crs is None:
        raise CRSError("streets.area_no_crs")
    return boundary.geometry.to_crs(WGS84).union_all()
