"""Drawn lines in flat arrays: every part of a county draws its own, then they are stacked and made to meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demo.kinds import Kind


@dataclass(frozen=True)
class Lines:
    """Line c runs over points[indptr[c]:indptr[c + 1]]; per line its kind, name (-1: none), place (-1: open land), bridge or not.

    `place` is the number of the settlement the line belongs to. Points that are to be one are equal to the centimetre.
    """

    points: NDArray[np.float64]
    indptr: NDArray[np.int64]
    kind: NDArray[np.int16]
    name: NDArray[np.int32]
    place: NDArray[np.int32]
    bridge: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kind)

    def line_of_point(self) -> NDArray[np.int64]:
        """Return the line each point belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def pick(self, keep: NDArray[np.bool_]) -> "Lines":
        """Return the lines where `keep` is true."""
        count = np.diff(self.indptr)
        return Lines(
            self.points[np.repeat(keep, count)],
            np.concatenate([[0], np.cumsum(count[keep])]),
            self.kind[keep],
            self.name[keep],
            self.place[keep],
            self.bridge[keep],
        )


def draw(
    chains: Sequence[NDArray[np.float64]],
    kind: Kind | Sequence[int],
    *,
    name: int | Sequence[int] = -1,
    place: int | Sequence[int] = -1,
    bridge: bool | Sequence[bool] = False,
) -> Lines:
    """Return lines from a list of point arrays; kind, name, place and bridge are one for all or one for each."""
    indptr = np.concatenate([[0], np.cumsum([len(chain) for chain in chains], dtype=np.int64)]).astype(np.int64)
    points = np.vstack(chains) if len(chains) else np.empty((0, 2))
    return _lines(points, indptr, kind, name, place, bridge)


def draw_equal(
    chains: NDArray[np.float64],
    kind: Kind | NDArray[np.int16],
    *,
    name: int | NDArray[np.int32] = -1,
    place: int | NDArray[np.int32] = -1,
) -> Lines:
    """Return lines that all have the same number of points: array (lines, points, 2)."""
    n, m = chains.shape[:2]
    return _lines(chains.reshape(-1, 2), np.arange(n + 1) * m, kind, name, place, False)


def draw_flat(
    points: NDArray[np.float64],
    indptr: NDArray[np.int64],
    kind: Kind | NDArray[np.int16],
    *,
    place: int | NDArray[np.int32] = -1,
) -> Lines:
    """Return lines from flat arrays."""
    return _lines(points, indptr, kind, -1, place, False)


def stack(parts: Sequence[Lines]) -> Lines:
    """Return all lines of `parts`, in order."""
    sizes = np.cumsum([0] + [len(part.points) for part in parts])
    return Lines(
        np.vstack([part.points for part in parts]),
        np.concatenate([[0]] + [part.indptr[1:] + size for part, size in zip(parts, sizes, strict=False)]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.name for part in parts]),
        np.concatenate([part.place for part in parts]),
        np.concatenate([part.bridge for part in parts]),
    )


def bend(lines: Lines, *, share: float, over_m: float, rng: np.random.Generator) -> Lines:
    """Return the lines with a point put in the middle of each piece longer than `over_m`, off by up to `share` of it."""
    line = lines.line_of_point()
    start = np.flatnonzero(line[:-1] == line[1:]) if len(line) else np.empty(0, np.int64)
    along = lines.points[start + 1] - lines.points[start]
    length = np.hypot(along[:, 0], along[:, 1])
    sway = rng.uniform(-share, share, len(start))
    long = length > over_m
    start, along, sway = start[long], along[long], sway[long]
    middle = lines.points[start] + along / 2 + np.column_stack([-along[:, 1], along[:, 0]]) * sway[:, None]
    points = np.insert(lines.points, start + 1, middle, axis=0)
    added = np.bincount(line[start], minlength=len(lines))
    indptr = np.concatenate([[0], np.cumsum(np.diff(lines.indptr) + added)])
    return Lines(points, indptr, lines.kind, lines.name, lines.place, lines.bridge)


def _lines(
    points: NDArray[np.float64],
    indptr: NDArray[np.int64],
    kind: int | Sequence[int] | NDArray[np.int16],
    name: int | Sequence[int] | NDArray[np.int32],
    place: int | Sequence[int] | NDArray[np.int32],
    bridge: bool | Sequence[bool],
) -> Lines:
    n = len(indptr) - 1
    return Lines(
        np.asarray(points, np.float64),
        np.asarray(indptr, np.int64),
        np.broadcast_to(np.asarray(kind, np.int16), n).copy(),
        np.broadcast_to(np.asarray(name, np.int32), n).copy(),
        np.broadcast_to(np.asarray(place, np.int32), n).copy(),
        np.broadcast_to(np.asarray(bridge, bool), n).copy(),
    )
