"""Slopes along streets: how much longer a stretch takes uphill or downhill than on the level, each way its own time.

Tobler's hiking function, W = 6 exp(-3.5 |s + 0.05|) km/h at the slope s (Tobler 1993, Three presentations on geographical
analysis and modeling, NCGIA report 93-1), is taken as a ratio to its own value on the level, 5.036 km/h, so that the speed of
the profile stays what it is on flat ground. Heights are taken every `SAMPLE_M` along a stretch, at its ends among them, and
the ratio is summed up over the pieces. On bridges and in tunnels the way runs straight from one end to the other, whatever
the ground does; where a bridge's streets meet in the air, in between. Where a height is unknown the piece is taken for flat,
and so is what is steeper than any street (`STEEPEST`) cut down to that: a cliff beside the road on a coarse raster.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import linalg

from planner.findings import Action, InputReport
from planner.streets.heights import Floats, Heights
from planner.streets.network import Network
from planner.streets.surface import RAISED, STEPS

SAMPLE_M = 15.0
STEEPEST = 0.5
"""The steepest streets rise by a third; flights of steps by half and more."""

EASIEST = float(np.exp(-3.5 * 0.05))
"""The least ratio there is, 0.84, at 5 % downhill: within T one walks at most 1 / 0.84 times as far as on the level."""

_EDGES_AT_ONCE = 200_000
_PULL = 1e-9  # towards the ground, for streets in the air that land nowhere


@dataclass(frozen=True)
class Slopes:
    """The pieces of all edges: edge ``e`` has ``slope[indptr[e]:indptr[e + 1]]``, rise a metre from its from-end on.

    Pieces of an edge are equally long. `on_steps` marks those on flights of steps.
    """

    indptr: NDArray[np.int64]
    slope: Floats
    on_steps: NDArray[np.bool_]

    @classmethod
    def of(cls, network: Network, heights: Heights, *, report: InputReport | None = None) -> "Slopes":
        """Return the slopes of a network; `report` takes the kilometres about which the raster says nothing or too little."""
        length_m = network.edge_length_m
        pieces = np.maximum(1, np.ceil(length_m / SAMPLE_M)).astype(np.int64)
        node_m = heights.at(network.crs, network.node_x, network.node_y)
        row = _Row.of(network, *_on_bridges(network, heights, node_m))
        blocks = range(0, network.n_edges, _EDGES_AT_ONCE)
        parts = [_sampled(network, heights, row, node_m, pieces, first) for first in blocks]
        slope, on_steps, metres, gaps, ceiling, steep = (np.concatenate(column) for column in zip(*parts, strict=True))
        if report is not None:
            _tell(report, heights, metres, gaps=gaps, ceiling=ceiling, steep=steep)
        return cls(np.concatenate(([0], np.cumsum(pieces))), slope, on_steps)

    def factors(self, on_steps: float | None = None) -> tuple[Floats, Floats]:
        """Return ``(forward, backward)``: the factor of each edge from its from-end on, and back.

        With `on_steps`, that is the factor of flights of steps, up and down alike, in place of their slope.
        """
        first, pieces = self.indptr[:-1], np.diff(self.indptr)

        def mean(ratio: Floats) -> Floats:
            if on_steps is not None:
                ratio = np.where(self.on_steps, on_steps, ratio)
            return np.add.reduceat(ratio, first) / pieces

        return mean(tobler_ratio(self.slope)), mean(tobler_ratio(-self.slope))


def tobler_ratio(slope: Floats) -> Floats:
    """Return the time that a metre takes at some slopes (rise a metre, downhill negative), the level being 1."""
    return np.exp(3.5 * (np.abs(np.asarray(slope) + 0.05) - 0.05))


def _tell(
    report: InputReport,
    heights: Heights,
    metres: Floats,
    *,
    gaps: NDArray[np.bool_],
    ceiling: NDArray[np.bool_],
    steep: NDArray[np.bool_],
) -> None:
    def km(which: NDArray[np.bool_]) -> float:
        return round(float(metres[which].sum()) / 1000, 2)

    whole = np.ones(len(metres), bool)
    report.rows_read = report.rows_used = int(heights.metres.size)
    report.figures |= {"streets_km": km(whole), "without_height_km": km(gaps), "spikes": heights.spikes}
    if gaps.any():
        report.add("streets.elevation_gaps", "doubtful", km=km(gaps), of_km=km(whole))
    if heights.ceiling_m is not None:
        cells = int((heights.metres == heights.ceiling_m).sum())
        report.figures["at_ceiling_km"] = km(ceiling)
        action: Action = "doubtful" if ceiling.any() else "note"
        report.add("streets.elevation_ceiling", action, cells=cells, km=km(ceiling), metres=round(heights.ceiling_m))
    if heights.voids:
        report.figures["voids"] = heights.voids
        report.add("streets.elevation_voids", "doubtful", count=heights.voids, value=heights.void_m)
    if heights.spikes:
        report.add("streets.elevation_spikes", "repaired", count=heights.spikes)
    if steep.any():
        report.add("streets.elevation_steep", "doubtful", km=km(steep), percent=round(100 * STEEPEST))


@dataclass(frozen=True)
class _Row:
    """All edges in a row, a metre apart: where each begins, where the vertices are, their heights, and which are in the air."""

    begin_m: Floats
    vertex_m: Floats
    height_m: Floats
    in_air: NDArray[np.bool_]

    @classmethod
    def of(cls, network: Network, height_m: Floats, in_air: NDArray[np.bool_]) -> "_Row":
        begin_m = np.concatenate(([0.0], np.cumsum(network.edge_length_m + 1.0)))
        vertex_m = network.vertex_m + np.repeat(begin_m[:-1], np.diff(network.vertex_indptr))
        return cls(begin_m, vertex_m, height_m, in_air)

    def bits(self, network: Network, edge: NDArray[np.int64], along: Floats) -> NDArray[np.uint8]:
        """Return the surface bits of the segments at some places."""
        vertex = np.searchsorted(self.vertex_m, self.begin_m[edge] + along, side="left")
        vertex = np.clip(vertex, network.vertex_indptr[edge] + 1, network.vertex_indptr[edge + 1] - 1)
        return network.vertex_surface[vertex]

    def heights(self, edge: NDArray[np.int64], along: Floats) -> Floats:
        """Return heights straight between the vertices on the ground; nan where one of the two has none."""
        landed = ~self.in_air
        return np.interp(self.begin_m[edge] + along, self.vertex_m[landed], self.height_m[landed])


def _sampled(
    network: Network, heights: Heights, row: _Row, node_m: Floats, pieces: NDArray[np.int64], first: int
) -> tuple[Floats, NDArray[np.bool_], Floats, NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of the pieces of some edges from `first` on: slope, whether on steps, metres; of unknown, capped, or cut slope."""
    last = min(first + _EDGES_AT_ONCE, network.n_edges)
    count, length_m = pieces[first:last], network.edge_length_m[first:last]
    starts = np.concatenate(([0], np.cumsum(count + 1)))
    own = np.repeat(np.arange(last - first), count + 1)
    edge = own + first
    along = (np.arange(len(own)) - starts[own]) / count[own] * length_m[own]
    asked = row.begin_m[edge] + along
    x, y = np.interp(asked, row.vertex_m, network.vertex_x), np.interp(asked, row.vertex_m, network.vertex_y)
    metres = heights.at(network.crs, x, y)
    raised = (row.bits(network, edge, along) & RAISED) > 0
    if raised.any():
        metres[raised] = row.heights(edge[raised], along[raised])
    metres[starts[:-1]] = node_m[network.edge_from[first:last]]
    metres[starts[1:] - 1] = node_m[network.edge_to[first:last]]
    inner = np.ones(len(own), bool)
    inner[starts[1:] - 1] = False
    at = np.flatnonzero(inner)
    step_m = (length_m / count)[own[at]]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (metres[at + 1] - metres[at]) / step_m
    unknown = ~np.isfinite(slope)
    slope[unknown] = 0.0
    on_steps = (row.bits(network, edge[at], (along[at] + along[at + 1]) / 2) & STEPS) > 0
    ceiling = heights.is_at_ceiling(network.crs, x[at], y[at])
    steep = np.abs(slope) > STEEPEST
    return np.clip(slope, -STEEPEST, STEEPEST), on_steps, step_m, unknown & (step_m > 0), ceiling, steep


def _on_bridges(network: Network, heights: Heights, node_m: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Put nodes in the air at their heights (in `node_m`); return those of the vertices, and which of these are in the air."""
    raised = (network.vertex_surface & RAISED) > 0
    first, last = network.vertex_indptr[:-1], network.vertex_indptr[1:] - 1
    metres = heights.at(network.crs, network.vertex_x, network.vertex_y)
    in_air = raised.copy()
    in_air[:-1] &= raised[1:]  # a raised segment on either side
    in_air[first] = in_air[last] = False
    if raised.any():
        _settle_nodes(network, raised, _raised_links(network, raised, metres, node_m), node_m)
    metres[first], metres[last] = node_m[network.edge_from], node_m[network.edge_to]
    return metres, in_air


def _raised_links(
    network: Network, raised: NDArray[np.bool_], metres: Floats, node_m: Floats
) -> list[tuple[int, int, float, float]]:
    """Return the raised stretches at nodes: ``(node, other node or -1, height where it lands on the way, length)``."""
    links = []
    for e in np.unique(np.searchsorted(network.vertex_indptr, np.flatnonzero(raised), side="right") - 1).tolist():
        v0, v1 = int(network.vertex_indptr[e]), int(network.vertex_indptr[e + 1]) - 1
        flat = np.flatnonzero(~raised[v0 + 1 : v1 + 1])
        along = network.vertex_m[v0 : v1 + 1]
        u, v = int(network.edge_from[e]), int(network.edge_to[e])
        if len(flat) == 0:
            links += [(u, v, np.nan, float(along[-1])), (v, u, np.nan, float(along[-1]))]
            continue
        if flat[0] > 0:
            links.append((u, -1, float(metres[v0 + flat[0]]), float(along[flat[0]])))
        if flat[-1] < v1 - v0 - 1:
            landing = flat[-1] + 1
            links.append((v, -1, float(metres[v0 + landing]), float(along[-1] - along[landing])))
    return links


def _settle_nodes(
    network: Network, raised: NDArray[np.bool_], links: list[tuple[int, int, float, float]], node_m: Floats
) -> None:
    """Give nodes that touch the ground nowhere the height between those that do, straight along each stretch."""
    on_ground = np.zeros(network.n_nodes, bool)
    on_ground[network.edge_from[~raised[network.vertex_indptr[:-1] + 1]]] = True
    on_ground[network.edge_to[~raised[network.vertex_indptr[1:] - 1]]] = True
    ends = np.bincount(np.concatenate((network.edge_from, network.edge_to)), minlength=network.n_nodes)
    on_ground |= ends < 2  # where a bridge ends on its own, it lands
    floating = sorted({u for u, _, _, _ in links if not on_ground[u]})
    if not floating:
        return
    number = {node: i for i, node in enumerate(floating)}
    matrix = sparse.lil_array((len(floating), len(floating)))
    right = np.zeros(len(floating))
    for node, i in number.items():
        if np.isfinite(node_m[node]):
            matrix[i, i], right[i] = _PULL, _PULL * node_m[node]
        else:
            matrix[i, i] = _PULL
    for u, v, height, length in links:
        if u not in number or u == v:
            continue
        weight, i = 1.0 / max(length, 0.01), number[u]
        if v in number:
            matrix[i, i] += weight
            matrix[i, number[v]] -= weight
        else:
            known = height if v < 0 else node_m[v]
            if np.isfinite(known):
                matrix[i, i] += weight
                right[i] += weight * known
    node_m[floating] = linalg.spsolve(matrix.tocsc(), right)
