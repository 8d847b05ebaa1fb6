"""A square grid over one county, least-cost paths on it, and cells picked well apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

CELL_M = 150.0


@dataclass(frozen=True)
class Raster:
    """`ny` rows (from the south) by `nx` columns of square cells; `x0`, `y0` is the south-west corner in metres."""

    x0: float
    y0: float
    nx: int
    ny: int
    cell: float = CELL_M

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """The middle of every cell, row by row, shape (ny * nx, 2)."""
        x = self.x0 + (np.arange(self.nx) + 0.5) * self.cell
        y = self.y0 + (np.arange(self.ny) + 0.5) * self.cell
        return np.column_stack([np.tile(x, self.ny), np.repeat(y, self.nx)])

    def cell_of(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cell each point lies in; the nearest one where a point is outside."""
        column = np.clip(((xy[..., 0] - self.x0) // self.cell).astype(np.int64), 0, self.nx - 1)
        row = np.clip(((xy[..., 1] - self.y0) // self.cell).astype(np.int64), 0, self.ny - 1)
        return row * self.nx + column

    @cached_property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Each two neighbouring cells once, diagonal ones too, and the distance between them."""
        number = np.arange(self.nx * self.ny).reshape(self.ny, self.nx)
        steps = [
            (number[:, :-1], number[:, 1:], 1.0),
            (number[:-1], number[1:], 1.0),
            (number[:-1, :-1], number[1:, 1:], 2**0.5),
            (number[:-1, 1:], number[1:, :-1], 2**0.5),
        ]
        a = np.concatenate([first.ravel() for first, _, _ in steps])
        b = np.concatenate([second.ravel() for _, second, _ in steps])
        length = np.concatenate([np.full(first.size, step * self.cell) for first, _, step in steps])
        return a, b, length


def graph(
    raster: Raster,
    cost: NDArray[np.float64],
    extra: list[tuple[int, int, float]] | None = None,
) -> csr_array:
    """Return the symmetric graph over the cells: distance times mean cost; cells of infinite cost are left out."""
    a, b, length = raster.pairs
    open_cell = np.isfinite(cost)
    ok = open_cell[a] & open_cell[b]
    a, b = a[ok], b[ok]
    weight = length[ok] * (cost[a] + cost[b]) / 2
    if extra:
        a = np.concatenate([a, [one for one, _, _ in extra]])
        b = np.concatenate([b, [two for _, two, _ in extra]])
        weight = np.concatenate([weight, [price for _, _, price in extra]])
    n = raster.nx * raster.ny
    both = coo_array((np.tile(weight, 2), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(n, n))
    return csr_array(both)


@dataclass(frozen=True)
class Spread:
    """What a search from several cells found: cost from the nearest of them, the cell before, and which one it was."""

    cost: NDArray[np.float64]
    before: NDArray[np.int32]
    source: NDArray[np.int32]

    def path(self, cell: int) -> list[int]:
        """Return the cells from `cell` back to its source."""
        found = [cell]
        while (cell := int(self.before[cell])) >= 0:
            found.append(cell)
        return found


def spread(net: csr_array, sources: NDArray[np.int64]) -> Spread:
    """Return least-cost paths from the nearest of `sources` to every cell."""
    cost, before, source = dijkstra(net, indices=sources, min_only=True, return_predecessors=True)
    return Spread(cost, before, source)


def pick_spaced(
    raster: Raster, score: NDArray[np.float64], *, count: int, spacing_m: float, taken: NDArray[np.bool_] | None = None
) -> list[int]:
    """Return up to `count` cells of the highest scores, none nearer to another than `spacing_m`; scores <= 0 are left out.

    Where there is not room for all, the spacing shrinks by a tenth until there is.
    """
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0].tolist()
    while True:
        closed = np.zeros((raster.ny, raster.nx), bool)
        reach = int(spacing_m / raster.cell)
        near = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) * raster.cell < spacing_m
        found: list[int] = []
        for cell in order:
            row, column = divmod(cell, raster.nx)
            if closed[row, column]:
                continue
            found.append(cell)
            if len(found) == count:
                return found
            south, west = max(0, row - reach), max(0, column - reach)
            part = closed[south : row + reach + 1, west : column + reach + 1]
            corner = near[south - row + reach :, west - column + reach :]
            part |= corner[: part.shape[0], : part.shape[1]]
        if spacing_m < 2 * raster.cell:
            return found
        spacing_m *= 0.9
