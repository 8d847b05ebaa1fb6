"""Make drawn lines meet: points in one place become one node, lines that cross share a node, ends that touch a line join it."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.demo.lines import Lines

TOUCH_M = 1.5
"""An end this near to another line joins it."""


@dataclass(frozen=True)
class Net:
    """Lines over shared nodes: line c runs over nodes node[indptr[c]:indptr[c + 1]]; `xy` is where the nodes lie."""

    xy: NDArray[np.float64]
    node: NDArray[np.int64]
    indptr: NDArray[np.int64]
    kind: NDArray[np.int16]
    name: NDArray[np.int32]
    place: NDArray[np.int32]
    bridge: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kind)

    def line_of_entry(self) -> NDArray[np.int64]:
        """Return the line of each entry of `node`."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def pieces(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return all straight pieces: first node, last node, line."""
        line = self.line_of_entry()
        start = np.flatnonzero(line[:-1] == line[1:])
        return self.node[start], self.node[start + 1], line[start]

    def pick(self, keep: NDArray[np.bool_]) -> "Net":
        """Return the lines where `keep` is true, over the same nodes."""
        count = np.diff(self.indptr)
        indptr = np.concatenate([[0], np.cumsum(count[keep])])
        node = self.node[np.repeat(keep, count)]
        return Net(self.xy, node, indptr, self.kind[keep], self.name[keep], self.place[keep], self.bridge[keep])


def weld(lines: Lines) -> Net:
    """Return the lines over nodes: points equal to the centimetre become one."""
    grid = np.round(lines.points * 100).astype(np.int64)
    key = (grid[:, 0] << 32) + grid[:, 1]
    _, first, node = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # nodes are numbered as they first appear
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    net = Net(grid[first[order]] / 100, rank[node], lines.indptr, lines.kind, lines.name, lines.place, lines.bridge)
    return _without_repeats(net)


def meet(net: Net, at_level: NDArray[np.bool_]) -> Net:
    """Return the net with a shared node wherever two lines at level cross, or one ends on the other."""
    line = net.line_of_entry()
    start = np.flatnonzero((line[:-1] == line[1:]) & at_level[line[:-1]])
    a, b = net.xy[net.node[start]], net.xy[net.node[start + 1]]
    tree = shapely.STRtree(shapely.linestrings(np.stack([a, b], axis=1)))
    at, share, node, xy = _crossings(net, start, a, b, tree)
    touch_at, touch_share, touch_node = _touches(net, start, a, b, tree)
    entry = np.concatenate([start[at], start[touch_at]])
    place = np.concatenate([share, touch_share])
    added = np.concatenate([node, touch_node])
    order = np.lexsort((place, entry))
    merged = np.insert(net.node, entry[order] + 1, added[order])
    count = np.diff(net.indptr) + np.bincount(line[entry], minlength=len(net))
    joined = Net(
        np.vstack([net.xy, xy]),
        merged,
        np.concatenate([[0], np.cumsum(count)]),
        net.kind,
        net.name,
        net.place,
        net.bridge,
    )
    return _without_repeats(joined)


def components(net: Net, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the connected part each line belongs to, over the `counted` lines; -1 for the others."""
    line = net.line_of_entry()
    start = np.flatnonzero((line[:-1] == line[1:]) & counted[line[:-1]])
    n = len(net.xy)
    ones = np.ones(len(start), bool)
    graph = coo_array((ones, (net.node[start], net.node[start + 1])), shape=(n, n))
    part = connected_components(graph, directed=False)[1]
    return np.where(counted, part[net.node[net.indptr[:-1]]], -1)


def _crossings(
    net: Net,
    start: NDArray[np.int64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    tree: shapely.STRtree,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (piece, share along it, node) of every crossing, once for each of the two pieces, and the new nodes."""
    one, two = tree.query(tree.geometries)
    first = one < two
    one, two = one[first], two[first]
    ends = [net.node[start[one]], net.node[start[one] + 1], net.node[start[two]], net.node[start[two] + 1]]
    apart = (ends[0] != ends[2]) & (ends[0] != ends[3]) & (ends[1] != ends[2]) & (ends[1] != ends[3])
    one, two = one[apart], two[apart]
    r, s, q = b[one] - a[one], b[two] - a[two], a[two] - a[one]
    cross = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (q[:, 0] * s[:, 1] - q[:, 1] * s[:, 0]) / cross
        u = (q[:, 0] * r[:, 1] - q[:, 1] * r[:, 0]) / cross
    edge_t, edge_u = TOUCH_M / np.hypot(*r.T), TOUCH_M / np.hypot(*s.T)
    real = (t > edge_t) & (t < 1 - edge_t) & (u > edge_u) & (u < 1 - edge_u) & (np.abs(cross) > 1e-9)
    one, two, t, u = one[real], two[real], t[real], u[real]
    xy = np.round((a[one] + t[:, None] * (b[one] - a[one])) * 100) / 100
    node = len(net.xy) + np.arange(len(one))
    return np.concatenate([one, two]), np.concatenate([t, u]), np.tile(node, 2), xy


def _touches(
    net: Net,
    start: NDArray[np.int64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    tree: shapely.STRtree,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return (piece, share along it, node) of every node of a piece that lies on another piece."""
    node = np.unique(np.concatenate([net.node[start], net.node[start + 1]]))
    which, piece = tree.query(shapely.points(net.xy[node]), predicate="dwithin", distance=TOUCH_M)
    node = node[which]
    other = (net.node[start[piece]] != node) & (net.node[start[piece] + 1] != node)
    node, piece = node[other], piece[other]
    along = b[piece] - a[piece]
    length = np.hypot(*along.T)
    share = ((net.xy[node] - a[piece]) * along).sum(axis=1) / np.maximum(length**2, 1e-9)
    off = np.hypot(*(a[piece] + share[:, None] * along - net.xy[node]).T)
    on = (off < TOUCH_M) & (share * length > 0.02) & ((1 - share) * length > 0.02)
    return piece[on], share[on], node[on]


def _without_repeats(net: Net) -> Net:
    """Return the net without nodes that follow themselves, and without lines of a single node."""
    line = net.line_of_entry()
    keep = np.ones(len(net.node), bool)
    keep[1:] = (net.node[1:] != net.node[:-1]) | (line[1:] != line[:-1])
    count = np.bincount(line[keep], minlength=len(net))
    slim = Net(
        net.xy,
        net.node[keep],
        np.concatenate([[0], np.cumsum(count)]),
        net.kind,
        net.name,
        net.place,
        net.bridge,
    )
    return slim.pick(count > 1) if (count < 2).any() else slim
