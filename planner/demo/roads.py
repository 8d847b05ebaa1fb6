"""The roads between settlements: least-cost paths over the land that run together where they can, few bridges."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from planner.demo.curves import chainage, normals
from planner.demo.kinds import Kind
from planner.demo.land import Land
from planner.demo.raster import Raster, graph, spread
from planner.demo.sites import Town
from planner.demo.terrain import Terrain
from planner.demo.town_streets import Gate
from planner.demo.villages import Hamlets

BRIDGE_EVERY_M = 9_000.0
BANK_M = 100.0
"""Roads keep this far from the banks, except at bridges."""


@dataclass
class RoadPlan:
    """Roads as pieces between neighbouring cells, with their class; `xy` is where the road passes in each cell.

    Entries from `n_cells` on are no cells: crossings of towns at which roads end, and the ends of bridges. `gates` joins a
    cell to a crossing, `spans` two cells to the two ends of the bridge between them. `fixed` entries keep their place when
    roads are smoothed; every later road may start from the cells in `anchors`.
    """

    xy: NDArray[np.float64]
    fixed: NDArray[np.bool_]
    n_cells: int
    gates: dict[int, int] = field(default_factory=dict)
    anchors: list[int] = field(default_factory=list)
    spans: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    pieces: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, path: list[int], kind: int) -> None:
        """Take a path in; a piece that is already there keeps the higher class."""
        for a, b in pairwise(path):
            key = (a, b) if a < b else (b, a)
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


def plan_roads(
    land: Land, gates: list[Gate], *, seed: int
) -> tuple[RoadPlan, NDArray[np.float64], list[tuple[int, int, float]]]:
    """Return the roads between towns and out of the county, the cost of building in each cell, and the links that cost extra."""
    tile, terrain = land.tile, land.terrain
    rng = np.random.default_rng([seed, 53, tile.number])
    raster = terrain.raster
    cost = 1 + 14 * np.minimum(terrain.slope, 0.6) + terrain.height / 500 + rng.uniform(0, 0.7, terrain.height.size)
    cost[land.to_motorway < 180] *= 3
    cost[terrain.to_stream < 100] *= 1.6  # beside the stream rather than in it
    cost[(land.clear < BANK_M) | (terrain.to_border < 200) | (land.to_town < 80)] = np.inf
    xy = raster.centres + rng.uniform(-0.16, 0.16, raster.centres.shape) * raster.cell
    plan = RoadPlan(xy, np.zeros(len(xy), bool), len(xy))
    links: list[tuple[int, int, float]] = []
    label = np.full(len(cost), -1, np.int64)
    terminals = []
    first_of_town: dict[int, int] = {}
    for gate in gates:
        cell = int(raster.cell_of(gate.xy))
        if cell in plan.gates:
            continue
        cost[cell] = 1.0
        plan.xy[cell] = gate.xy
        plan.gates[cell] = plan.add_spot(gate.start)
        plan.anchors.append(cell)
        if gate.town in first_of_town:
            links.append((first_of_town[gate.town], cell, 1e-3))
        else:
            first_of_town[gate.town] = cell
            terminals.append(cell)
            label[cell] = len(terminals) - 1
    for gateway in tile.gateways:
        if gateway.use == "road":
            cell = int(raster.cell_of(np.array(gateway.xy)))
            _open_way(cost, raster, cell, terrain)
            plan.fixed[cell], plan.xy[cell] = True, gateway.xy
            plan.anchors.append(cell)
            terminals.append(cell)
            label[cell] = len(terminals) - 1
    links += _bridge_sites(plan, land, cost, rng)
    weights = _importance(land.towns, len(terminals))
    for path, rank in _link(graph(raster, cost, links), np.array(terminals), label, weights, extra=0.45):
        kind = (Kind.TRUNK, Kind.PRIMARY, Kind.SECONDARY, Kind.TERTIARY)[rank]
        for piece in _without_links(path, links, plan.spans):
            plan.add(piece, kind)
    return plan, cost, links


def extend_roads(
    plan: RoadPlan,
    land: Land,
    cost: NDArray[np.float64],
    links: list[tuple[int, int, float]],
    hamlets: Hamlets,
    *,
    seed: int,
) -> None:
    """Add the roads to all villages and hamlets, then tracks and hill paths, to the plan."""
    rng = np.random.default_rng([seed, 59, land.tile.number])
    raster = land.terrain.raster
    on_road = plan.cells()
    cheap = cost.copy()
    cheap[on_road] *= 0.3
    label = np.full(len(cost), -1, np.int64)
    main = hamlets.cell[: hamlets.n_villages]
    terminals = np.concatenate([main, plan.anchors]).astype(np.int64)
    terminals = terminals[np.isfinite(cost[terminals])]
    terminals = np.array(list(dict.fromkeys(terminals.tolist())))
    label[terminals] = np.arange(len(terminals))
    net = graph(raster, cheap, links)
    for path, rank in _link(net, terminals, label, None, extra=0.22):
        kind = Kind.TERTIARY if rank == 0 else Kind.UNCLASSIFIED
        for piece in _without_links(path, links, plan.spans):
            plan.add(piece, kind)
    ends = np.concatenate([hamlets.cell, np.array(list(plan.spans), np.int64).reshape(-1)])
    plan_branches(plan, raster, cost, ends, [Kind.UNCLASSIFIED])
    for span in plan.spans:
        plan.add(list(span), Kind.TERTIARY)
    _add_paths(plan, land.terrain, cost, rng)
    plan.close()


def plan_branches(
    plan: RoadPlan, raster: Raster, cost: NDArray[np.float64], ends: NDArray[np.int64], kinds: list[Kind]
) -> None:
    """Join each of `ends` to the nearest road there is, by least cost."""
    found = spread(graph(raster, cost), plan.cells())  # no links: a branch never crosses the river
    for number, cell in enumerate(ends.tolist()):
        if np.isfinite(found.cost[cell]):
            plan.add(found.path(cell), kinds[number % len(kinds)])


def _open_way(cost: NDArray[np.float64], raster: Raster, cell: int, terrain: Terrain) -> None:
    """Let roads reach a border crossing: open the cells on the straight way in."""
    row, column = divmod(cell, raster.nx)
    block = [
        r * raster.nx + c
        for r in range(max(0, row - 2), min(raster.ny, row + 3))
        for c in range(max(0, column - 2), min(raster.nx, column + 3))
    ]
    near = np.array(block)
    near = near[(terrain.to_border[near] > 0) | (near == cell)]
    cost[near] = np.where(np.isfinite(cost[near]), cost[near], 6.0)


def _bridge_sites(
    plan: RoadPlan, land: Land, cost: NDArray[np.float64], rng: np.random.Generator
) -> list[tuple[int, int, float]]:
    """Choose where the river may be crossed; return the links between the cells on both banks."""
    water, raster = land.water, land.terrain.raster
    course, left = water.course, normals(water.course)
    along = chainage(course)
    count = max(1, round(along[-1] / BRIDGE_EVERY_M))
    links = []
    turn = np.abs(ndimage.uniform_filter1d(np.gradient(np.unwrap(np.arctan2(left[:, 1], left[:, 0]))), 9))
    open_cells = np.isfinite(cost)
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


def _importance(towns: list[Town], terminals: int) -> NDArray[np.float64]:
    """Return people per terminal; the border crossings count as a small town each."""
    people = np.array([town.people for town in towns], float)
    typical = float(np.median(people))
    return np.concatenate([people, np.full(max(0, terminals - len(people)), typical)])[:terminals]


def _link(
    net: csr_array,
    terminals: NDArray[np.int64],
    label: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    *,
    extra: float,
) -> list[tuple[list[int], int]]:
    """Return paths that join all terminals, and their rank: the shortest tree, and the shortcuts that save most.

    One search from all terminals at once gives the cheapest path between any two whose basins touch (Mehlhorn 1988).
    """
    found = spread(net, terminals)
    both = net.tocoo()
    a, b = both.coords
    reach = (a < b) & np.isfinite(found.cost[a]) & np.isfinite(found.cost[b])
    a, b, step = a[reach].astype(np.int64), b[reach].astype(np.int64), both.data[reach]
    la, lb = label[found.source[a]], label[found.source[b]]
    apart = la != lb
    a, b, la, lb = a[apart], b[apart], la[apart], lb[apart]
    total = found.cost[a] + step[apart] + found.cost[b]
    low, high = np.minimum(la, lb), np.maximum(la, lb)
    order = np.lexsort((total, high, low))
    first = np.unique(low[order] * len(terminals) + high[order], return_index=True)[1]
    order = order[first]
    a, b, low, high, total = a[order], b[order], low[order], high[order], total[order]
    n = len(terminals)
    tree = minimum_spanning_tree(coo_array((total, (low, high)), shape=(n, n)).tocsr()).tocoo()
    in_tree = np.isin(low * n + high, tree.coords[0].astype(np.int64) * n + tree.coords[1])
    way = dijkstra(coo_array((tree.data, tree.coords), shape=(n, n)).tocsr(), directed=False)
    saving = np.where(in_tree, np.inf, way[low, high] / total)
    chosen = np.argsort(-saving, kind="stable")[: int(in_tree.sum() * (1 + extra))]
    chosen = chosen[saving[chosen] > 1.5]
    traffic = _traffic(n, low[chosen], high[chosen], total[chosen], weights)
    ranks = np.digitize(traffic, np.quantile(traffic, (0.45, 0.75, 0.9)) if len(traffic) else [0, 0, 0])
    paths = []
    for pick, rank in zip(chosen.tolist(), ranks.tolist(), strict=True):
        path = found.path(int(a[pick]))[::-1] + found.path(int(b[pick]))
        paths.append((path, 3 - rank if weights is not None else int(rank < 2)))
    return paths


def _traffic(
    n: int,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    total: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return how much passes each link when everyone goes to the first terminal (or, without weights, to all)."""
    net = coo_array((total, (low, high)), shape=(n, n)).tocsr()
    people = np.ones(n) if weights is None else weights
    cost, before = dijkstra(net, directed=False, indices=0, return_predecessors=True)
    passing = people.copy()
    for node in np.argsort(-np.where(np.isfinite(cost), cost, -1), kind="stable").tolist():
        if before[node] >= 0:
            passing[before[node]] += passing[node]
    return np.where(before[low] == high, passing[low], np.where(before[high] == low, passing[high], people.min()))


def _without_links(
    path: list[int], links: list[tuple[int, int, float]], spans: dict[tuple[int, int], tuple[int, int]]
) -> list[list[int]]:
    """Return the path cut where it passes from gate to gate through a town; bridges stay in."""
    jumps = {(min(a, b), max(a, b)) for a, b, _ in links} - set(spans)
    parts, part = [], [path[0]]
    for a, b in pairwise(path):
        if (min(a, b), max(a, b)) in jumps:
            parts.append(part)
            part = []
        part.append(b)
    parts.append(part)
    return [part for part in parts if len(part) > 1]


def _add_paths(plan: RoadPlan, terrain: Terrain, cost: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Add field tracks and hill paths that climb from the roads, one for about every 5 km2."""
    high = np.isfinite(cost) & (terrain.to_stream > 700) & (terrain.to_border > 900)
    cells = np.flatnonzero(high)
    if len(cells) == 0:
        return
    ends = rng.choice(cells, min(len(cells), max(4, len(cost) // 330)), replace=False)
    steep = np.where(np.isfinite(cost), 1 + rng.uniform(0, 2.5, len(cost)), np.inf)
    plan_branches(plan, terrain.raster, steep, np.sort(ends), [Kind.TRACK, Kind.PATH, Kind.PATH])
