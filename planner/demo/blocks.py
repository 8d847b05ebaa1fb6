"""What lies inside the blocks of a town: walled compounds with one gate, old lanes, parks, plazas, schools, works.

Each filling is drawn once in a unit square and laid into all its blocks at once (bilinear), its side 0 on the street that the
gate opens to.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demo.kinds import Kind
from planner.demo.lines import Lines, draw_equal, stack
from planner.demo.names import Names
from planner.demo.town_streets import Blocks

COMPOUND, OLD, COURT, SCHOOL, PARK, PLAZA, WORKS, EMPTY = range(8)
_MIX = {  # shares of the fillings: core, ordinary and rim of the county town; core and ordinary of a market town
    "seat core": (0.12, 0.68, 0.04, 0.05, 0.04, 0.05, 0.0, 0.02),
    "seat": (0.62, 0.13, 0.06, 0.07, 0.05, 0.015, 0.02, 0.035),
    "seat rim": (0.38, 0.14, 0.1, 0.05, 0.03, 0.0, 0.2, 0.1),
    "market core": (0.04, 0.42, 0.42, 0.03, 0.02, 0.05, 0.0, 0.02),
    "market": (0.14, 0.12, 0.48, 0.05, 0.02, 0.0, 0.05, 0.14),
}


@dataclass(frozen=True)
class Filling:
    """The lines inside all blocks, areas included, and the points at which compounds have their gate."""

    lines: Lines
    gates: NDArray[np.float64]


def fill_blocks(blocks: Blocks, names: Names, rng: np.random.Generator) -> Filling:
    """Return what lies inside the blocks of all towns."""
    use = _choose_uses(blocks, rng)
    side = (rng.random(blocks.has_street.shape) * blocks.has_street).argmax(axis=1)
    turn = (side[:, None] + np.arange(4)) % 4
    row = np.arange(len(use))[:, None]
    corners, has_street = blocks.corners[row, turn], blocks.has_street[row, turn]
    parts: list[Lines] = []
    gates = [np.empty((0, 2))]
    for kind, fill in (
        (OLD, _old),
        (COURT, _court),
        (SCHOOL, _school),
        (PARK, _park),
        (PLAZA, _plaza),
        (WORKS, _works),
    ):
        pick = use == kind
        if pick.any():
            parts += fill(corners[pick], has_street[pick], blocks.town[pick], rng)
    size = np.sqrt(np.abs(_area(corners)))
    rows = np.clip(np.round(size / 62), 1, 5).astype(int)
    for count in range(1, 6):
        pick = (use == COMPOUND) & (rows == count)
        if pick.any():
            lines, gate = _compounds(corners[pick], size[pick], blocks.town[pick], count, names, rng)
            parts += lines
            gates.append(gate)
    return Filling(_stack(parts), np.vstack(gates))


def _stack(parts: list[Lines]) -> Lines:
    return stack([part for part in parts if len(part)] or [draw_equal(np.empty((0, 2, 2)), Kind.SERVICE)])


def _choose_uses(blocks: Blocks, rng: np.random.Generator) -> NDArray[np.int64]:
    seat = blocks.town == 0
    core = blocks.depth < np.where(seat, 0.27, 0.4)
    group = np.select(
        [seat & core, seat & (blocks.depth > 0.82), seat, core],
        ["seat core", "seat rim", "seat", "market core"],
        "market",
    )
    use = np.full(len(group), EMPTY)
    for name, mix in _MIX.items():
        pick = (group == name) & blocks.has_street.any(axis=1)
        use[pick] = rng.choice(8, int(pick.sum()), p=np.array(mix) / sum(mix))
    return use


def _area(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    return (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2


def _lay(corners: NDArray[np.float64], unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of the unit square, (points, 2) or (blocks, points, 2), laid into each block."""
    u, v = unit[..., 0, None], unit[..., 1, None]
    c = [corners[:, k, None, :] for k in range(4)]
    return (1 - u) * (1 - v) * c[0] + u * (1 - v) * c[1] + u * v * c[2] + (1 - u) * v * c[3]


def _points(*pairs: tuple[NDArray[np.float64] | float, NDArray[np.float64] | float], n: int) -> NDArray[np.float64]:
    """Return (n, points, 2) from pairs of coordinates, each a number or one for each block."""
    return np.stack([np.column_stack([np.broadcast_to(u, n), np.broadcast_to(v, n)]) for u, v in pairs], axis=1).astype(
        float
    )


def _compounds(
    corners: NDArray[np.float64],
    size: NDArray[np.float64],
    town: NDArray[np.int32],
    rows: int,
    names: Names,
    rng: np.random.Generator,
) -> tuple[list[Lines], NDArray[np.float64]]:
    """Return ring lane, rows between the houses, the way in, and the gate on it."""
    n = len(corners)
    m = np.clip(24 / size, 0.08, 0.24)
    gate_u = rng.uniform(0.36, 0.64, n)
    ring = _points((m, m), (gate_u, m), (1 - m, m), (1 - m, 1 - m), (m, 1 - m), (m, m), n=n)
    way_in = _points((gate_u, 0.0), (gate_u, 0.35 * m), (gate_u, m), n=n)
    lanes = [draw_equal(_lay(corners, ring), Kind.COMPOUND, place=town)]
    entry = _lay(corners, way_in)
    lanes.append(draw_equal(entry, Kind.COMPOUND, place=town))
    for row in range(1, rows):
        v = m + (1 - 2 * m) * row / rows + rng.uniform(-0.1, 0.1, n) / rows
        lane = _lay(corners, _points((m, v), (0.5, v), (1 - m, v), n=n))
        lanes.append(draw_equal(lane, Kind.COMPOUND, place=town))
    outline = _points((0.03, 0.03), (0.97, 0.03), (0.97, 0.97), (0.03, 0.97), (0.03, 0.03), n=n)
    labels = np.array([names.compound() for _ in range(n)], np.int32)
    lanes.append(draw_equal(_lay(corners, outline), Kind.HOUSES, name=labels, place=town))
    return lanes, entry[:, 1]


def _old(
    corners: NDArray[np.float64], has_street: NDArray[np.bool_], town: NDArray[np.int32], rng: np.random.Generator
) -> list[Lines]:
    """Return narrow lanes on an uneven grid, some pieces missing."""
    n, k = len(corners), 5
    at = np.linspace(0, 1, k)
    unit = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1)[None] + np.zeros((n, 1, 1, 1))
    unit[:, 1:-1, 1:-1] += rng.uniform(-0.06, 0.06, (n, k - 2, k - 2, 2))
    along_u, along_v = unit[..., 0], unit[..., 1]
    along_u[:, 1:-1, [0, -1]] += rng.uniform(-0.06, 0.06, (n, k - 2, 2))
    along_v[:, [0, -1], 1:-1] += rng.uniform(-0.06, 0.06, (n, 2, k - 2))
    xy = _lay(corners, unit.reshape(n, -1, 2)).reshape(n, k, k, 2)
    found = []
    for axis, (low, high) in ((0, (3, 1)), (1, (0, 2))):
        grid = xy if axis == 0 else xy.transpose(0, 2, 1, 3)
        for line in range(1, k - 1):
            lane_kind = rng.choice([Kind.LIVING_STREET, Kind.RESIDENTIAL, Kind.FOOTWAY], n, p=[0.4, 0.3, 0.3])
            for piece in range(k - 1):
                keep = rng.random(n) < 0.74
                if piece == 0:
                    keep &= has_street[:, low]
                if piece == k - 2:
                    keep &= has_street[:, high]
                ends = grid[keep][:, piece : piece + 2, line]
                found.append(draw_equal(ends, lane_kind[keep].astype(np.int16), place=town[keep]))
    return found


def _court(
    corners: NDArray[np.float64], has_street: NDArray[np.bool_], town: NDArray[np.int32], rng: np.random.Generator
) -> list[Lines]:
    """Return an alley through the block, or a blind one where there is no street behind it, and a branch of it."""
    n = len(corners)
    u = rng.uniform(0.3, 0.7, (3, n))
    end = np.where(has_street[:, 2], 1.0, rng.uniform(0.6, 0.8, n))
    alley = _points((u[0], 0.0), (u[1], 0.45), (u[2], end), n=n)
    side = np.where(rng.random(n) < 0.5, 0.14, 0.86)
    branch = _points((u[1], 0.45), (side, rng.uniform(0.38, 0.52, n)), n=n)
    kind = rng.choice([Kind.RESIDENTIAL, Kind.LIVING_STREET, Kind.FOOTWAY, Kind.SERVICE], n).astype(np.int16)
    return [
        draw_equal(_lay(corners, alley), kind, place=town),
        draw_equal(_lay(corners, branch), Kind.FOOTWAY, place=town),
    ]


def _school(
    corners: NDArray[np.float64], has_street: NDArray[np.bool_], town: NDArray[np.int32], rng: np.random.Generator
) -> list[Lines]:
    n = len(corners)
    u = rng.uniform(0.4, 0.6, n)
    way_in = _points((u, 0.0), (u, 0.3), n=n)
    loop = _points((0.25, 0.3), (u, 0.3), (0.75, 0.3), (0.75, 0.75), (0.25, 0.75), (0.25, 0.3), n=n)
    return [draw_equal(_lay(corners, line), Kind.SERVICE, place=-1) for line in (way_in, loop)]


def _park(
    corners: NDArray[np.float64], has_street: NDArray[np.bool_], town: NDArray[np.int32], rng: np.random.Generator
) -> list[Lines]:
    """Return a round walk, the paths to it from the streets, and the park as an area."""
    n = len(corners)
    angle = np.linspace(0, 2 * np.pi, 13)
    reach = rng.uniform(0.2, 0.38, (n, 13))
    reach[:, -1] = reach[:, 0]
    circle = 0.5 + reach[..., None] * np.column_stack([np.cos(angle), np.sin(angle)])
    walk = _lay(corners, circle)
    found = [draw_equal(walk, Kind.FOOTWAY)]
    for side, (way, node) in enumerate((((0.5, 0.0), 9), ((1.0, 0.5), 0), ((0.5, 1.0), 3), ((0.0, 0.5), 6))):
        pick = has_street[:, side]
        ends = np.broadcast_to(way, (int(pick.sum()), 2))
        path = _lay(corners[pick], np.stack([ends, circle[pick, node]], axis=1))
        found.append(draw_equal(path, Kind.FOOTWAY))
    edge = np.array([(0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95), (0.05, 0.05)])
    found.append(draw_equal(_lay(corners, np.broadcast_to(edge, (n, 5, 2))), Kind.PARK))
    return found


def _plaza(
    corners: NDArray[np.float64], has_street: NDArray[np.bool_], town: NDArray[np.int32], rng: np.random.Generator
) -> list[Lines]:
    """Return the outline of a paved square, a walker's area, and the steps up to it."""
    n = len(corners)
    edge = np.array([(0.3, 0.25), (0.5, 0.25), (0.7, 0.25), (0.7, 0.7), (0.3, 0.7), (0.3, 0.25)])
    way_in = np.array([(0.5, 0.0), (0.5, 0.15)])
    steps = np.array([(0.5, 0.15), (0.5, 0.25)])
    return [
        draw_equal(_lay(corners, np.broadcast_to(shape, (n, *shape.shape))), kind)
        for shape, kind in ((edge, Kind.PLAZA), (way_in, Kind.FOOTWAY), (steps, Kind.STEPS))
    ]


def _works(
    corners: NDArray[np.float64], has_street: NDArray[np.bool_], town: NDArray[np.int32], rng: np.random.Generator
) -> list[Lines]:
    n = len(corners)
    u = rng.uniform(0.35, 0.65, n)
    way_in = _points((u, 0.0), (u, 0.5), (u, 0.82), n=n)
    cross = _points((0.15, 0.5), (u, 0.5), (0.85, 0.5), n=n)
    return [draw_equal(_lay(corners, line), Kind.SERVICE, place=-1) for line in (way_in, cross)]
