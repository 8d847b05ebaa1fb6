"""The streets of one town: an irregular, slightly warped grid inside its built-up shape, main roads out to its gates, bridges."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planner.demo.kinds import Kind
from planner.demo.lines import Lines, draw
from planner.demo.names import Names
from planner.demo.sites import Town
from planner.demo.terrain import Terrain
from planner.demo.water import Water

WIDE_M = 1_300.0
"""A town of a larger radius has wide blocks, a smaller one the narrow blocks of a market town."""
GATE_M = 210.0
"""How far a main road runs beyond the last crossing before it meets the county's roads."""


@dataclass(frozen=True)
class Gate:
    """Where a main road leaves a town: `start` is its last crossing, `xy` lies a little way out."""

    start: NDArray[np.float64]
    xy: NDArray[np.float64]
    town: int
    kind: int


@dataclass(frozen=True)
class Blocks:
    """The quarters between streets: corners counter-clockwise, which sides have a street, how far out in their town."""

    corners: NDArray[np.float64]  # (blocks, 4, 2)
    has_street: NDArray[np.bool_]  # (blocks, 4): from corner k to the next
    depth: NDArray[np.float64]
    town: NDArray[np.int32]


@dataclass(frozen=True)
class _Grid:
    """Crossings (columns, rows, 2); which stand; which pieces between two of them are streets and which are dry."""

    xy: NDArray[np.float64]
    stands: NDArray[np.bool_]
    dry: tuple[NDArray[np.bool_], NDArray[np.bool_]]  # along u: (columns - 1, rows); along v: (columns, rows - 1)
    street: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    kind: tuple[NDArray[np.int64], NDArray[np.int64]]  # per row (running along u), per column (along v)


def lay_streets(
    town: Town, terrain: Terrain, water: Water, names: Names, rng: np.random.Generator
) -> tuple[Lines, list[Gate], Blocks]:
    """Return the streets of a town, its gates and its blocks."""
    grid = _warp_grid(town, water, rng)
    chains: list[NDArray[np.float64]] = []
    kinds: list[int] = []
    labels: list[int] = []
    bridges: list[bool] = []
    ends: list[tuple[NDArray[np.float64], NDArray[np.float64], int]] = []
    spanned: list[NDArray[np.float64]] = []
    for axis in (0, 1):
        for number in np.argsort(grid.kind[axis], kind="stable").tolist():
            xy = grid.xy[:, number] if axis == 0 else grid.xy[number]
            stands = grid.stands[:, number] if axis == 0 else grid.stands[number]
            street = grid.street[axis][:, number] if axis == 0 else grid.street[axis][number]
            kind = int(grid.kind[axis][number])
            main = kind <= Kind.TERTIARY
            label = names.street(main=main) if main or rng.random() < 0.6 else -1
            may_bridge = main and len(spanned) < (3 if town.is_seat else 1)
            pieces, spans = _runs(xy, stands, street, water, spanned if may_bridge else None)
            chains += pieces
            kinds += [kind] * len(pieces)
            labels += [label] * len(pieces)
            bridges += spans
            at = np.flatnonzero(stands)
            if main and len(at) > 2:
                ends.append((xy[at[0]], xy[at[0]] - xy[at[0] + 1], kind))
                ends.append((xy[at[-1]], xy[at[-1]] - xy[at[-1] - 1], kind))
    gates = [Gate(start, gate, town.number, kind) for start, gate, kind in _choose_gates(town, ends, terrain, water)]
    lines = draw(chains, kinds, name=labels, place=town.number, bridge=bridges)
    return lines, gates, _blocks(town, grid)


def _warp_grid(town: Town, water: Water, rng: np.random.Generator) -> _Grid:
    low, high = (150.0, 330.0) if town.radius_m > WIDE_M else (78.0, 150.0)
    mean = (low + high) / 2
    u = _spacings(town.radius_m * town.stretch**0.5 * 1.3, low, high, rng)
    v = _spacings(town.radius_m / town.stretch**0.5 * 1.3, low, high, rng)
    at_u, at_v = np.meshgrid(u, v, indexing="ij")
    sway, wave = 0.33 * mean, 2 * np.pi / (8.5 * mean)
    phase = rng.uniform(0, 6.3, 4)
    warped_u = at_u + sway * np.sin(wave * at_v + phase[0]) + 0.5 * sway * np.sin(wave * 0.6 * at_u + phase[1])
    warped_v = at_v + sway * np.sin(wave * at_u + phase[2]) + 0.5 * sway * np.sin(wave * 0.6 * at_v + phase[3])
    warped_u += rng.normal(0, 0.045 * mean, warped_u.shape)
    warped_v += rng.normal(0, 0.045 * mean, warped_v.shape)
    c, s = np.cos(town.angle), np.sin(town.angle)
    xy = town.centre + np.stack([warped_u * c - warped_v * s, warped_u * s + warped_v * c], axis=-1)
    stands = town.depth(xy) < 1
    at_water = water.distance(town.centre) < 2.5 * town.radius_m
    if at_water:
        stands &= water.distance(xy) > 32
    shares = np.linspace(0, 1, 9)[1:-1]
    dry, street, kind = [], [], []
    for axis in (0, 1):
        a, b = (xy[:-1], xy[1:]) if axis == 0 else (xy[:, :-1], xy[:, 1:])
        both = stands[:-1] & stands[1:] if axis == 0 else stands[:, :-1] & stands[:, 1:]
        is_dry = both.copy()
        if at_water:
            between = a[both][:, None] + shares[:, None] * (b - a)[both][:, None]
            is_dry[both] = water.distance(between).min(axis=-1) > 12
        along = _classes(xy.shape[1 - axis], town, axis, rng)
        gone = rng.random(is_dry.shape) < (0.13 if town.radius_m > WIDE_M else 0.2)
        minor = along > Kind.TERTIARY
        dry.append(is_dry)
        street.append(is_dry & ~(gone & (minor[None, :] if axis == 0 else minor[:, None])))
        kind.append(along)
    return _Grid(xy, stands, (dry[0], dry[1]), (street[0], street[1]), (kind[0], kind[1]))


def _spacings(reach: float, low: float, high: float, rng: np.random.Generator) -> NDArray[np.float64]:
    steps = rng.uniform(low, high, int(2 * reach / low) + 3)
    at = np.cumsum(steps) - steps.sum() / 2
    at -= at[np.abs(at).argmin()]
    return at[np.abs(at) < reach]


def _classes(count: int, town: Town, axis: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the class of each line of the grid; the middle one is the main road."""
    kind = np.full(count, Kind.RESIDENTIAL, np.int64)
    middle, every = count // 2, 3 if town.radius_m > WIDE_M else 4
    side = [Kind.SECONDARY, Kind.TERTIARY] if town.is_seat else [Kind.TERTIARY, Kind.TERTIARY]
    for rank, offset in enumerate(range(every, count, every)):
        for line in (middle - offset, middle + offset + int(rng.integers(0, 2))):
            if 0 <= line < count:
                kind[line] = side[rank % 2]
    kind[middle] = (Kind.PRIMARY if town.is_seat else Kind.SECONDARY) if axis == 0 or town.is_seat else Kind.TERTIARY
    return kind


def _runs(
    xy: NDArray[np.float64],
    stands: NDArray[np.bool_],
    street: NDArray[np.bool_],
    water: Water,
    spanned: list[NDArray[np.float64]] | None,
) -> tuple[list[NDArray[np.float64]], list[bool]]:
    """Return one line of the grid as runs of unbroken street, with a bridge where it meets the river.

    `spanned` collects the middles of the town's bridges; None where no more are built.
    """
    chains: list[NDArray[np.float64]] = []
    spans: list[bool] = []
    at = np.flatnonzero(stands)
    if len(at) < 2:
        return [], []
    run = [xy[at[0]]]
    for here, there in pairwise(at.tolist()):
        if there == here + 1 and street[here]:
            run.append(xy[there])
            continue
        span = _span(xy[here], xy[there], water) if spanned is not None and there <= here + 3 else None
        if span is not None and spanned is not None and _is_apart(span.mean(axis=0), spanned):
            spanned.append(span.mean(axis=0))
            chains += [np.vstack([*run, span[0]]), span]
            spans += [False, True]
            run, spanned = [span[1], xy[there]], None
            continue
        if len(run) > 1:
            chains.append(np.vstack(run))
            spans.append(False)
        run = [xy[there]]
    if len(run) > 1:
        chains.append(np.vstack(run))
        spans.append(False)
    return chains, spans


def _is_apart(middle: NDArray[np.float64], spanned: list[NDArray[np.float64]]) -> bool:
    return all(np.hypot(*(middle - other)) > 550 for other in spanned)


def _span(a: NDArray[np.float64], b: NDArray[np.float64], water: Water) -> NDArray[np.float64] | None:
    """Return the two ends of a bridge on the way from a to b; None where there is no water, or too much of it."""
    length = float(np.hypot(*(b - a)))
    share = np.linspace(0, 1, max(3, int(length / 4)))
    wet = np.flatnonzero(water.distance(a + share[:, None] * (b - a)) < 14)
    if len(wet) == 0 or len(wet) != wet[-1] - wet[0] + 1 or wet[0] == 0 or wet[-1] == len(share) - 1:
        return None
    middle = a + share[wet].mean() * (b - a)
    width = water.width[water.tree.query(middle)[1]]
    if (share[wet[-1]] - share[wet[0]]) * length > 1.35 * width + 40:  # too much of a slant, or a lake
        return None
    return a + share[[wet[0], wet[-1]]][:, None] * (b - a)


def _choose_gates(
    town: Town,
    ends: list[tuple[NDArray[np.float64], NDArray[np.float64], int]],
    terrain: Terrain,
    water: Water,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64], int]]:
    """Return (last crossing, gate, kind), spread around the town; the higher classes of road come first."""
    possible = []
    for start, outward, kind in ends:
        gate = start + outward / np.hypot(*outward) * GATE_M
        cell = terrain.raster.cell_of(gate)
        if town.depth(gate) > 1 + 100 / town.radius_m and water.distance(gate) > 190 and terrain.to_border[cell] > 350:
            possible.append((start, gate, kind))
    possible.sort(key=lambda end: end[2])
    wanted = 10 if town.is_seat else 5
    chosen: list[tuple[NDArray[np.float64], NDArray[np.float64], int]] = []
    for end in possible:
        apart = min((float(np.hypot(*(end[1] - other[1]))) for other in chosen), default=1e9)
        if apart > max(420.0, 0.55 * town.radius_m) and len(chosen) < wanted:
            chosen.append(end)
    return chosen


def _blocks(town: Town, grid: _Grid) -> Blocks:
    along_u, along_v = grid.dry
    whole = along_u[:, :-1] & along_u[:, 1:] & along_v[:-1] & along_v[1:]
    i, j = np.nonzero(whole)
    corners = np.stack([grid.xy[i, j], grid.xy[i + 1, j], grid.xy[i + 1, j + 1], grid.xy[i, j + 1]], axis=1)
    street_u, street_v = grid.street
    has_street = np.stack([street_u[i, j], street_v[i + 1, j], street_u[i, j + 1], street_v[i, j]], axis=1)
    return Blocks(corners, has_street, town.depth(corners.mean(axis=1)), np.full(len(i), town.number, np.int32))
