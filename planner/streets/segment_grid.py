"""An index of street segments by cells of a square grid: finds the nearest position on any street."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.kernels.nearest_segment import fill_grid, snap_points
from planner.kernels.snap_lattice import snap_square

_CELL_M = 80.0
"""About a block's width: finer cells cost points far from any street, coarser ones those in a dense town."""
_CHUNK = 16_384


@dataclass(frozen=True)
class SegmentGrid:
    """Segments (from (ax, ay) to (bx, by), all edges' in a row) and the lists of those that cross each cell.

    `vertex` is the number of each segment's first vertex in the network.
    """

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    vertex: NDArray[np.int64]
    edge: NDArray[np.int32]
    indptr: NDArray[np.int64]
    segment: NDArray[np.int32]
    x0: float
    y0: float
    cell_m: float
    n_columns: int
    n_rows: int

    @classmethod
    def of(cls, indptr: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> "SegmentGrid":
        """Index the segments of some polylines; polyline ``e`` has the vertices ``indptr[e]:indptr[e + 1]``."""
        edge = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
        start = np.flatnonzero(edge[1:] == edge[:-1])
        ax, ay, bx, by = x[start], y[start], x[start + 1], y[start + 1]
        x0, y0, x1, y1 = float(x.min()), float(y.min()), float(x.max()), float(y.max())
        area = max(x1 - x0, 1.0) * max(y1 - y0, 1.0)
        cell_m = max(_CELL_M, float(np.sqrt(area / (8.0 * len(start) + 4096))))  # a wide empty plain costs no memory
        n_columns, n_rows = int((x1 - x0) / cell_m) + 1, int((y1 - y0) / cell_m) + 1
        lists, segment = fill_grid(ax, ay, bx, by, x0, y0, cell_m, n_columns, n_rows)
        return cls(ax, ay, bx, by, start, edge[start], lists, segment, x0, y0, cell_m, n_columns, n_rows)

    def nearest(
        self, x: NDArray[np.float64], y: NDArray[np.float64], max_snap_m: float, threads: int = 1
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return ``(segment, fraction along it, distance_m)`` of the nearest position to each point; -1, 0, inf where none."""
        chunks = range(0, len(x), _CHUNK)

        def one(start: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
            part = slice(start, start + _CHUNK)
            return snap_points(
                x[part], y[part], self.ax, self.ay, self.bx, self.by, self.indptr, self.segment,
                self.x0, self.y0, self.cell_m, self.n_columns, self.n_rows, max_snap_m,
            )  # fmt: skip

        if len(chunks) <= 1:
            return one(0)
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(one, chunks))
        segment, fraction, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
        return segment, fraction, distance

    def nearest_in_square(
        self, first_row: int, first_column: int, size: int, step_m: float, max_snap_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return what `nearest` does for the ``size`` by ``size`` points of a lattice, row by row; see `snap_square`."""
        return snap_square(
            first_row, first_column, step_m, size, self.ax, self.ay, self.bx, self.by, self.indptr, self.segment,
            self.x0, self.y0, self.cell_m, self.n_columns, self.n_rows, max_snap_m,
        )  # fmt: skip
