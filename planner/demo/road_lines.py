"""The planned roads as drawn lines: smoothed, with bridges, with ends beyond the border."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.demo.curves import round_corners
from planner.demo.kinds import Kind
from planner.demo.land import Land
from planner.demo.lines import Lines, draw, draw_flat, stack
from planner.demo.names import Names
from planner.demo.roads import RoadPlan
from planner.demo.water import SPILL_M, wind

_WEIGHT = np.array([8.0, 6.0, 5.0, 4.0, 2.0] + [1.0] * 30)
_ROUNDS = 6


def smooth_plan(plan: RoadPlan, land: Land, *, seed: int) -> None:
    """Move the roads' points towards the mean of their neighbours, junctions too, then let them wind; keep off the banks."""
    keys, kinds = _pieces(plan)
    a, b, weight = keys[:, 0], keys[:, 1], _WEIGHT[kinds]
    n = len(plan.xy)
    degree = np.bincount(a, minlength=n) + np.bincount(b, minlength=n)
    total = np.bincount(a, weight, n) + np.bincount(b, weight, n)
    moving = np.flatnonzero((degree > 1) & ~plan.fixed)
    for _ in range(_ROUNDS):
        mean = np.stack(
            [np.bincount(a, weight * plan.xy[b, k], n) + np.bincount(b, weight * plan.xy[a, k], n) for k in (0, 1)],
            axis=-1,
        )
        target = mean[moving] / total[moving, None]
        plan.xy[moving] = land.water.push_out(0.4 * plan.xy[moving] + 0.6 * target, clear_m=48)
    free = np.flatnonzero((degree > 0) & ~plan.fixed)
    to_fixed = cKDTree(plan.xy[plan.fixed]).query(plan.xy[free])[0]
    fade = np.clip(np.minimum(to_fixed - 150, land.to_town[free] - 80) / 500, 0, 1)[:, None]
    wound = plan.xy[free] + fade * (wind(plan.xy[free], land.tile, seed=seed) - plan.xy[free])
    plan.xy[free] = land.water.push_out(wound, clear_m=48)


def draw_roads(plan: RoadPlan, land: Land, town_names: list[str], names: Names) -> Lines:
    """Return all roads of the plan, one line from junction to junction."""
    chains, kinds = _chains(plan)
    indptr = np.concatenate([[0], np.cumsum([len(chain) for chain in chains])])
    points, indptr = round_corners((plan.xy[np.concatenate(chains)], indptr))
    lines = _simplify(draw_flat(points, indptr, np.array(kinds, np.int16)), metres=1.6)
    ends = {frozenset(span) for span in plan.spans.values()}
    lines.bridge[:] = [len(chain) == 2 and frozenset(chain) in ends for chain in chains]
    centre = np.array([town.centre for town in land.towns])
    middle = lines.points[(lines.indptr[:-1] + lines.indptr[1:]) // 2]
    order = np.argsort(np.hypot(*(middle[:, None] - centre[None]).transpose(2, 0, 1)), axis=1)
    known: dict[str, int] = {}
    for line in np.flatnonzero(lines.kind <= Kind.TERTIARY).tolist():
        near = sorted(order[line, :2].tolist())
        label = "".join(town_names[town][0] for town in near) + ("大道" if lines.kind[line] == Kind.TRUNK else "线")
        lines.name[line] = known[label] if label in known else known.setdefault(label, names.add(label))
    return stack([lines, *_beyond(plan, land)])


def _pieces(plan: RoadPlan) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    items = sorted(plan.pieces.items())
    return np.array([key for key, _ in items], np.int64).reshape(-1, 2), np.array([kind for _, kind in items], np.int64)


def _chains(plan: RoadPlan) -> tuple[list[list[int]], list[int]]:
    """Return runs of pieces of one class between junctions, dead ends and cells that keep their place."""
    keys, kinds = _pieces(plan)
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for (a, b), kind in zip(keys.tolist(), kinds.tolist(), strict=True):
        neighbours.setdefault(a, []).append((b, kind))
        neighbours.setdefault(b, []).append((a, kind))
    stops = {
        cell for cell, near in neighbours.items() if len(near) != 2 or near[0][1] != near[1][1] or plan.fixed[cell]
    }
    chains: list[list[int]] = []
    of_kind: list[int] = []
    used: set[tuple[int, int]] = set()
    for start in [*sorted(stops), *sorted(neighbours.keys() - stops)]:  # what is left after the stops are rings
        for step, kind in neighbours[start]:
            if (start, step) in used:
                continue
            chain = [start, step]
            used |= {(start, step), (step, start)}
            while chain[-1] not in stops and chain[-1] != start:
                onward = next(cell for cell, _ in neighbours[chain[-1]] if (chain[-1], cell) not in used)
                used |= {(chain[-1], onward), (onward, chain[-1])}
                chain.append(onward)
            chains.append(chain)
            of_kind.append(kind)
    return chains, of_kind


def _simplify(lines: Lines, *, metres: float) -> Lines:
    shapes = shapely.linestrings(lines.points, indices=lines.line_of_point())
    points, line = shapely.get_coordinates(shapely.simplify(shapes, metres), return_index=True)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=len(lines)))])
    return Lines(points, indptr, lines.kind, lines.name, lines.place, lines.bridge)


def _beyond(plan: RoadPlan, land: Land) -> list[Lines]:
    """Return the roads' ends beyond the outer border, as far as they come on dry land."""
    parts = []
    gateways = [gate for gate in land.tile.gateways if gate.use == "road" and gate.outer]
    reach = {tuple(plan.xy[cell].tolist()): cell for cell in plan.anchors}
    for gate in gateways:
        kinds = [kind for key, kind in plan.pieces.items() if reach.get(gate.xy) in key]
        if kinds:
            at = np.linspace(0, 1, 101)[:, None]
            outward = np.array(gate.outward)
            sway = 130 * at * np.sin(at * 9 + gate.xy[0] % 6)
            way = np.array(gate.xy) + SPILL_M * at * outward + sway * [-outward[1], outward[0]]
            dry = np.logical_and.accumulate(land.water.distance(way) > 30)
            if dry.sum() > 10:
                parts.append(draw([way[dry][::4]], Kind(min(kinds))))
    return parts
