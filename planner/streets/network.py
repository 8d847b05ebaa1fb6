"""The walkable street network as data: what all travel times are measured on, and what follows from it alone.

`planner.streets.street_network` reads and makes it; snapping, slopes, entrances, islands and graphs are built on it.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph
from shapely import MultiPolygon, Polygon

from planner.errors import InputError
from planner.kernels.trace import running_lengths
from planner.streets.segment_grid import SegmentGrid
from planner.streets.surface import EdgeSurface, edge_surface
from planner.streets.workspace import Workspace, Workspaces

Direction = Literal["to", "from"]
"""Whether people walk to the facility (the default everywhere) or from it."""

AnyDirection = Literal["to", "from", "slower"]
"""A direction, or the slower of both: of each pair's two times the greater one."""

OF_THE_SHAPE = ("vertex_m", "edge_length_m", "segment_start_m", "component", "adjacency", "grid")
"""What follows from where the streets run: computed when first asked for, the same whoever walks, kept with the network."""

_Arrays = TypeVar("_Arrays")


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


@dataclass(frozen=True, eq=False)
class Network:
    """Walkable streets: one node per junction or dead end, one edge per stretch between them, in metres of `crs`.

    Edge ``e`` runs from node ``edge_from[e]`` to ``edge_to[e]`` through the vertices ``vertex_indptr[e]:vertex_indptr[e + 1]``
    (both ends included). Parallel edges, loops and unconnected parts are kept. ``factor_forward[e]`` and
    ``factor_backward[e]`` multiply the edge's length into effort, from its ``from`` end on and back; 1 is plain walking.
    ``vertex_surface`` says what the segment behind each vertex is like (`planner.streets.surface`; 0 at an edge's first).
    `node_ref` names the OSM nodes; ``classes[edge_class[e]]`` is the ``highway`` value of the stretch; `extent` (WGS 84) is
    what the source covers; `figures` tells what its reading met. All arrays are read-only: networks are shared between
    threads, users and processes, and kernels are compiled for the one kind.
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
    vertex_surface: NDArray[np.uint8]
    classes: tuple[str, ...]
    extent: Polygon | MultiPolygon
    figures: dict[str, Any]

    def __post_init__(self) -> None:
        read_only(self)

    def __getstate__(self) -> dict[str, Any]:  # what is derived, and the threads' memory, stay behind
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        read_only(self)

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
        return read_only(running_lengths(self.vertex_indptr, self.vertex_x, self.vertex_y))

    @cached_property
    def edge_length_m(self) -> NDArray[np.float64]:
        """Length of each stretch along its geometry, shape (n_edges,)."""
        return read_only(self.vertex_m[self.vertex_indptr[1:] - 1])

    @cached_property
    def segment_start_m(self) -> NDArray[np.float64]:
        """Metres from the edge's from-end to the start of each segment of `grid`, shape (n_segments,)."""
        return read_only(self.vertex_m[self.grid.vertex])

    @cached_property
    def component(self) -> NDArray[np.int32]:
        """Number of the connected part each node belongs to, shape (n_nodes,)."""
        shape = (self.n_nodes, self.n_nodes)
        links = sparse.coo_array((np.ones(self.n_edges, np.int8), (self.edge_from, self.edge_to)), shape=shape)
        return read_only(csgraph.connected_components(links.tocsr(), directed=False)[1])

    @cached_property
    def adjacency(self) -> Adjacency:
        """The half-edges of every node."""
        tail = np.concatenate((self.edge_from, self.edge_to))
        head = np.concatenate((self.edge_to, self.edge_from))
        edge = np.tile(np.arange(self.n_edges, dtype=np.int32), 2)
        order = np.lexsort((edge, head, tail))
        counts = np.bincount(tail, minlength=self.n_nodes)
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)  # narrow: more of it fits a cache
        return read_only(Adjacency(indptr, head[order], edge[order], order < self.n_edges))

    @cached_property
    def grid(self) -> SegmentGrid:
        """The index that finds the nearest position on a street."""
        return read_only(SegmentGrid.of(self.vertex_indptr, self.vertex_x, self.vertex_y))

    @cached_property
    def surface(self) -> EdgeSurface:
        """What each stretch is like underfoot."""
        return edge_surface(self.vertex_indptr, self.vertex_m, self.vertex_surface)

    def efforts(self, direction: Direction = "to") -> Efforts:
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
            forward, backward = self.edge_length_m * self.factor_forward, self.edge_length_m * self.factor_backward
            along, against = (backward, forward) if direction == "to" else (forward, backward)
            half = self.adjacency
            each = np.where(half.forward, along[half.edge], against[half.edge])
            stretch = 1.0 / min(1.0, self.factor_forward.min(), self.factor_backward.min())
            known[direction] = read_only(Efforts(along, against, each, float(stretch)))
        return known[direction]

    @cached_property
    def _efforts(self) -> dict[str, Efforts]:
        return {}

    def with_factors(self, forward: NDArray[np.float64], backward: NDArray[np.float64]) -> Self:
        """Return the same streets with other factors, each of shape (n_edges,); what follows from the shape is shared."""
        other = replace(self, factor_forward=forward, factor_backward=backward)
        other.__dict__.update((name, getattr(self, name)) for name in (*OF_THE_SHAPE, "surface", "_workspaces"))
        return other

    def workspace(self) -> AbstractContextManager[Workspace]:
        """Lend the working memory of one search thread; it is handed back for the next one."""
        return self._workspaces.lend()

    @cached_property
    def _workspaces(self) -> Workspaces:
        return Workspaces(self.n_nodes, self.n_edges, len(self.vertex_x))


def read_only(arrays: _Arrays) -> _Arrays:
    """Forbid writing to an array, or to those that an object holds, and return it.

    Kernels are compiled once for arrays that may be written to and once for those that may not: mapped files may not, so
    no array of a network may.
    """
    for each in [arrays] if isinstance(arrays, np.ndarray) else vars(arrays).values():
        if isinstance(each, np.ndarray):
            each.flags.writeable = False
    return arrays
