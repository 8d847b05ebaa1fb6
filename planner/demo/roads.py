"""The roads between settlements: least-cost paths over the land that run together where they can, few bridges."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from planner.demo.curves import chainage, normals
from planner.demo.joining import join
from planner.demo.kinds import Kind
from planner.demo.land import Land
from planner.demo.raster import Raster, graph, spread
from planner.demo.town_streets import Gate
from planner.demo.villages import Hamlets

BRIDGE_EVERY_M = 9_000.0
BANK_M = 100.0
"""Roads keep this far from the banks, except at bridges."""


@dataclass
class RoadPlan:
    """Roads as pieces between neighbouring cells, with their class; `xy` is where the road passes in each cell.

    Entries of `xy` behind the cells are crossings of towns at which roads end, and the ends of bridges. `gates` joins a cell
    to a crossing, `spans` two cells to the two ends of the bridge between them. `fixed` entries keep their place when roads
    are smoothed; every later road may start from the cells in `anchors`. `cost` is that of building, per cell. `links` are
    pairs of cells that are joined for a price without being neighbours: the gates of one town, where no road is drawn
    (`jumps`), and the two banks at a bridge.
    """

    xy: NDArray[np.float64]
    fixed: NDArray[np.bool_]
    cost: NDArray[np.float64]
    links: list[tuple[int, int, float]] = field(default_factory=list)
    jumps: set[tuple[int, int]] = field(default_factory=set)
    gates: dict[int, int] = field(default_factory=dict)
    anchors: list[int] = field(default_factory=list)
    spans: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    pieces: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, path: list[int], kind: int) -> None:
        """Take a path in, but not where it passes from gate to gate; a piece that is there already keeps the higher class."""
        for a, b in pairwise(path):
            key = (a, b) if a < b else (b, a)
            if key not in self.jumps:
                self.pieces[key] = min(kind, self.pieces.get(key, kind))

    def cells(self) -> NDArray[np.int64]:
        """Return the cells on a road, in order."""
        return np.unique(np.array([*self.pieces, *((gate, gate) for gate in self.gates)], np.int64))

    def add_spot(self, xy: NDArray[np.float64]) -> int:
        """Return the number of a new entry that is no cell and keeps its place."""
        self.xy = np.vstack([self.xy, xy])
        self.fixed = np.append(self.fixed, True)
        return len(self.xy) - 1

    def close(self) -> None:
        """Join cells to gates and bridges, by roads of the class that comes to them; a gate without any is being built."""
        best: dict[int, int] = {}
        for key, kind in self.pieces.items():
            for cell in key:
                best[cell] = min(kind, best.get(cell, kind))
        for cell, crossing in self.gates.items():
            self.add([cell, crossing], best.get(cell, Kind.CONSTRUCTION))
        for (a, b), (end_a, end_b) in self.spans.items():
            if self.pieces.pop((a, b), None) is not None:
                self.add([a, end_a, end_b, b], min(best[a], best[b]))


def plan_roads(land: Land, gates: list[Gate], *, seed: int) -> RoadPlan:
    """Return the roads between towns and out of the county."""
    raster = land.terrain.raster
    rng = np.random.default_rng([seed, 53, land.tile.number])
    cost = _building_cost(land, rng)
    xy = raster.centres + rng.uniform(-0.16, 0.16, raster.centres.shape) * raster.cell
    plan = RoadPlan(xy, np.zeros(len(xy), bool), cost)
    terminals = _enter_gates(plan, gates, raster) + _enter_gateways(plan, land)
    plan.links += _choose_bridges(plan, land, rng)
    people = np.array([town.people for town in land.towns], float)
    weights = np.append(people, np.full(len(terminals), np.median(people)))[: len(terminals)]
    for path, rank in join(graph(raster, cost, plan.links), np.array(terminals), weights=weights, extra=0.45):
        plan.add(path, (Kind.TRUNK, Kind.PRIMARY, Kind.SECONDARY, Kind.TERTIARY)[rank])
    return plan


def extend_roads(plan: RoadPlan, land: Land, hamlets: Hamlets, *, seed: int) -> None:
    """Add the roads to all villages and hamlets, then tracks and hill paths, to the plan."""
    rng = np.random.default_rng([seed, 59, land.tile.number])
    raster, cost = land.terrain.raster, plan.cost
    cheap = cost.copy()
    cheap[plan.cells()] *= 0.3
    terminals = np.concatenate([hamlets.cell[: hamlets.n_villages], plan.anchors]).astype(np.int64)
    terminals = np.array(list(dict.fromkeys(terminals[np.isfinite(cost[terminals])].tolist())))
    net = graph(raster, cheap, plan.links)
    for path, rank in join(net, terminals, weights=np.ones(len(terminals)), extra=0.22):
        plan.add(path, Kind.TERTIARY if rank < 2 else Kind.UNCLASSIFIED)
    banks = np.array(list(plan.spans), np.int64).reshape(-1)
    _add_branches(plan, raster, cost, np.concatenate([hamlets.cell, banks]), [Kind.UNCLASSIFIED])
    for span in plan.spans:
        plan.add(list(span), Kind.TERTIARY)
    high = np.isfinite(cost) & (land.terrain.to_stream > 700) & (land.terrain.to_border > 900)
    if high.any():  # field tracks and hill paths, about one for every 7 km2
        count = min(int(high.sum()), max(4, len(cost) // 330))
        tops = np.sort(rng.choice(np.flatnonzero(high), count, replace=False))
        rough = np.where(np.isfinite(cost), 1 + rng.uniform(0, 2.5, len(cost)), np.inf)
        _add_branches(plan, raster, rough, tops, [Kind.TRACK, Kind.PATH, Kind.PATH])
    plan.close()


def _building_cost(land: Land, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the cost of a road per cell: dear on slopes and heights, none in water and towns and along the border."""
    terrain = land.terrain
    cost = 1 + 14 * np.minimum(terrain.slope, 0.6) + terrain.height / 500 + rng.uniform(0, 0.7, terrain.height.size)
    cost[land.to_motorway < 180] *= 3
    cost[terrain.to_stream < 100] *= 1.6  # beside the stream rather than in it
    cost[(land.clear < BANK_M) | (terrain.to_border < 200) | (land.to_town < 80)] = np.inf
    return cost


def _enter_gates(plan: RoadPlan, gates: list[Gate], raster: Raster) -> list[int]:
    """Open the cells of the towns' gates and link those of one town; return one cell for each town."""
    first: dict[int, int] = {}
    for gate in gates:
        cell = int(raster.cell_of(gate.xy))
        if cell not in plan.gates:
            plan.cost[cell] = 1.0
            plan.xy[cell] = gate.xy
            plan.gates[cell] = plan.add_spot(gate.start)
            plan.anchors.append(cell)
            if gate.town in first:
                plan.links.append((first[gate.town], cell, 1e-3))
                plan.jumps.add((min(first[gate.town], cell), max(first[gate.town], cell)))
            else:
                first[gate.town] = cell
    return list(first.values())


def _enter_gateways(plan: RoadPlan, land: Land) -> list[int]:
    """Open the cells where roads leave the county, and those around them; return them."""
    raster, cells = land.terrain.raster, []
    for gateway in land.tile.gateways:
        if gateway.use == "road":
            cell = int(raster.cell_of(np.array(gateway.xy)))
            row, column = divmod(cell, raster.nx)
            around = np.zeros((raster.ny, raster.nx), bool)
            around[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = True
            around = around.ravel() & (land.terrain.to_border > 0) & np.isinf(plan.cost)
            around[cell] = True
            plan.cost[around] = 6.0
            plan.fixed[cell], plan.xy[cell] = True, gateway.xy
            plan.anchors.append(cell)
            cells.append(cell)
    return cells


def _add_branches(
    plan: RoadPlan, raster: Raster, cost: NDArray[np.float64], ends: NDArray[np.int64], kinds: list[Kind]
) -> None:
    """Join each of `ends` to the nearest road there is, by least cost and never across the river."""
    found = spread(graph(raster, cost), plan.cells())
    for number, cell in enumerate(ends.tolist()):
        if np.isfinite(found.cost[cell]):
            plan.add(found.path(cell), kinds[number % len(kinds)])


def _choose_bridges(plan: RoadPlan, land: Land, rng: np.random.Generator) -> list[tuple[int, int, float]]:
    """Choose where the river may be crossed; return the links between the cells on both banks."""
    water, raster = land.water, land.terrain.raster
    course, left = water.course, normals(water.course)
    along = chainage(course)
    count = max(1, round(along[-1] / BRIDGE_EVERY_M))
    links = []
    turn = np.abs(ndimage.uniform_filter1d(np.gradient(np.unwrap(np.arctan2(left[:, 1], left[:, 0]))), 9))
    open_cells = np.isfinite(plan.cost)
    for at in (np.arange(count) + 0.5 + rng.uniform(-0.15, 0.15, count)) / count * along[-1]:
        near = np.flatnonzero(np.abs(along - at) < 0.3 * along[-1] / count)
        ok = land.terrain.to_border[raster.cell_of(course[near])] > 700
        ok &= land.towns[0].depth(course[near]) > 1.15
        near = near[ok]
        if len(near) == 0:
            continue
        spot = near[np.argmin(turn[near])]
        across = left[spot] * np.array([[1.0], [-1.0]])
        banks = course[spot] + across * (water.width[spot] / 2 + 18)
        far = course[spot] + across * (water.width[spot] / 2 + 190)
        cells = raster.cell_of(far)
        if not open_cells[cells].all() or cells[0] == cells[1] or set(plan.anchors) & set(cells.tolist()):
            continue
        plan.xy[cells] = far
        plan.anchors += cells.tolist()
        a, b = int(cells[0]), int(cells[1])
        ends = plan.add_spot(banks[0]), plan.add_spot(banks[1])
        plan.spans[min(a, b), max(a, b)] = ends if a < b else ends[::-1]
        links.append((a, b, 1_800.0))
    return links
