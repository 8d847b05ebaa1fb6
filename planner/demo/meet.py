"""Make drawn lines meet: points in one place become one node, lines that cross share a node, ends that touch a line join it."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planner.demo.lines import Lines

TOUCH_M = 1.5
"""An end this near to another line joins it."""
_ROUNDS = 4


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
    net, at_level = _merge_near(net, at_level)
    again = at_level
    for _ in range(_ROUNDS):
        net, moved = _meet_once(net, again)
        again = _crossing_still(net, at_level, moved)
        if not again.any():
            break
    return net


def components(net: Net, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the connected part each line belongs to, over the `counted` lines; -1 for the others."""
    line = net.line_of_entry()
    start = np.flatnonzero((line[:-1] == line[1:]) & counted[line[:-1]])
    n = len(net.xy)
    ones = np.ones(len(start), bool)
    graph = coo_array((ones, (net.node[start], net.node[start + 1])), shape=(n, n))
    part = connected_components(graph, directed=False)[1]
    return np.where(counted, part[net.node[net.indptr[:-1]]], -1)


def _merge_near(net: Net, at_level: NDArray[np.bool_]) -> tuple[Net, NDArray[np.bool_]]:
    """Return the net with nodes at level that all but coincide made one, and which of its lines are at level."""
    used = np.unique(net.node[np.repeat(at_level, np.diff(net.indptr))])
    near = cKDTree(net.xy[used]).query_pairs(TOUCH_M, output_type="ndarray")
    pairs = coo_array((np.ones(len(near), bool), (near[:, 0], near[:, 1])), shape=(len(used), len(used)))
    part = connected_components(pairs, directed=False)[1]
    first = np.unique(part, return_index=True)[1]
    same = np.arange(len(net.xy))
    same[used] = used[first[part]]
    merged = replace(net, node=same[net.node])
    lasting = np.diff(_without_repeats(merged, drop=False).indptr) > 1
    return _without_repeats(merged), at_level[lasting]


def _meet_once(net: Net, at_level: NDArray[np.bool_]) -> tuple[Net, NDArray[np.int64]]:
    """Return the net with nodes where lines cross and touch, and the nodes that were moved onto a line."""
    line = net.line_of_entry()
    start = np.flatnonzero((line[:-1] == line[1:]) & at_level[line[:-1]])
    a, b = net.xy[net.node[start]], net.xy[net.node[start + 1]]
    tree = shapely.STRtree(shapely.linestrings(np.stack([a, b], axis=1)))
    touch_at, touch_share, touch_node = _touches(net, start, a, b, tree)
    at, share, node, xy = _crossings(net, start, a, b, tree, touch_at * len(net.xy) + touch_node)
    entry = np.concatenate([start[at], start[touch_at]])
    order = np.lexsort((np.concatenate([share, touch_share]), entry))
    merged = np.insert(net.node, entry[order] + 1, np.concatenate([node, touch_node])[order])
    count = np.diff(net.indptr) + np.bincount(line[entry], minlength=len(net))
    shifted = net.xy.copy()  # an end moves onto the line, rather than the line to the end
    shifted[touch_node] = a[touch_at] + touch_share[:, None] * (b[touch_at] - a[touch_at])
    moved = touch_node[np.hypot(*(shifted - net.xy)[touch_node].T) > 0.01]
    indptr = np.concatenate([[0], np.cumsum(count)])
    joined = replace(net, xy=np.vstack([shifted, xy]), node=merged, indptr=indptr)
    return _without_repeats(joined, drop=False), moved


def _crossing_still(net: Net, at_level: NDArray[np.bool_], moved: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the lines that cross another since some nodes were moved."""
    found = np.zeros(len(net), bool)
    a, b, line = net.pieces()
    level = at_level[line]
    a, b, line = a[level], b[level], line[level]
    near = np.flatnonzero(np.isin(a, moved) | np.isin(b, moved))
    if len(near):
        pieces = shapely.linestrings(np.stack([net.xy[a], net.xy[b]], axis=1))
        one, two = shapely.STRtree(pieces).query(pieces[near], predicate="crosses")
        one = near[one]
        apart = (a[one] != a[two]) & (a[one] != b[two]) & (b[one] != a[two]) & (b[one] != b[two])
        found[line[one[apart]]] = found[line[two[apart]]] = True
    return found


def _crossings(
    net: Net,
    start: NDArray[np.int64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    tree: shapely.STRtree,
    touching: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (piece, share along it, node) of every crossing, once for each of the two pieces, and the new nodes.

    `touching` names piece and node (piece * nodes + node) where an end joins a piece already; that is no crossing.
    """
    one, two = tree.query(tree.geometries)
    first = one < two
    one, two = one[first], two[first]
    ends = [net.node[start[one]], net.node[start[one] + 1], net.node[start[two]], net.node[start[two] + 1]]
    apart = (ends[0] != ends[2]) & (ends[0] != ends[3]) & (ends[1] != ends[2]) & (ends[1] != ends[3])
    one, two, ends = one[apart], two[apart], [end[apart] for end in ends]
    r, s, q = b[one] - a[one], b[two] - a[two], a[two] - a[one]
    cross = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (q[:, 0] * s[:, 1] - q[:, 1] * s[:, 0]) / cross
        u = (q[:, 0] * r[:, 1] - q[:, 1] * r[:, 0]) / cross
    real = (t > 0) & (t < 1) & (u > 0) & (u < 1) & (np.abs(cross) > 1e-9)
    one, two, t, u, ends = one[real], two[real], t[real], u[real], [end[real] for end in ends]
    end_one, end_two = np.where(t < 0.5, ends[0], ends[1]), np.where(u < 0.5, ends[2], ends[3])
    known = np.isin(two * len(net.xy) + end_one, touching) | np.isin(one * len(net.xy) + end_two, touching)
    one, two, t, u = one[~known], two[~known], t[~known], u[~known]
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
    on = (off < TOUCH_M) & (share * length > TOUCH_M) & ((1 - share) * length > TOUCH_M)
    return piece[on], share[on], node[on]


def _without_repeats(net: Net, *, drop: bool = True) -> Net:
    """Return the net without nodes that follow themselves, and (`drop`) without lines of a single node."""
    line = net.line_of_entry()
    keep = np.ones(len(net.node), bool)
    keep[1:] = (net.node[1:] != net.node[:-1]) | (line[1:] != line[:-1])
    count = np.bincount(line[keep], minlength=len(net))
    slim = replace(net, node=net.node[keep], indptr=np.concatenate([[0], np.cumsum(count)]))
    return slim.pick(count > 1) if drop and (count < 2).any() else slim
