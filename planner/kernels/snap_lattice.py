"""Nearest positions on polylines for a square of lattice points: quarters inherit the segments that may be nearest in them."""

import numpy as np

from planner.kernels.compiled import compiled

SMALLEST = 4
"""Lattice points along the side of the squares that are no further divided."""


@compiled
def snap_square(
    first_row, first_column, step_m, size, ax, ay, bx, by, indptr, segment, x0, y0, cell_m, n_columns, n_rows, max_snap_m
):  # fmt: skip
    """Return what `planner.kernels.nearest_segment.snap_points` does for ``size`` by ``size`` points, southernmost row first.

    Point ``(row, column)`` lies `step_m` times so many metres north and east of the origin; `size` is `SMALLEST` times a power
    of two. A segment nearest to some point of a square is at most the square's diameter farther from its middle than the one
    nearest to that.
    """
    found = np.full(size * size, -1, np.int64)
    fraction = np.zeros(size * size)
    distance_m = np.full(size * size, np.inf)
    depth = 2
    while SMALLEST << (depth - 2) < size:
        depth += 1
    # depth first: a square's own list stands behind the one it inherits, and the next square of its size writes over it
    listed, count = _crossing(
        step_m * first_column - max_snap_m, step_m * first_row - max_snap_m,
        step_m * (first_column + size) + max_snap_m, step_m * (first_row + size) + max_snap_m,
        indptr, segment, x0, y0, cell_m, n_columns, n_rows, depth,
    )  # fmt: skip
    away_m = np.empty(len(listed))
    waiting = np.empty((4 * depth, 5), np.int64)
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3], waiting[0, 4] = first_row, first_column, size, 0, count
    n_waiting = 1
    while n_waiting > 0:
        n_waiting -= 1
        row, column, side = waiting[n_waiting, 0], waiting[n_waiting, 1], waiting[n_waiting, 2]
        first, last = waiting[n_waiting, 3], waiting[n_waiting, 4]
        radius_m = np.sqrt(0.5) * (side - 1) * step_m
        x, y = step_m * (column + 0.5 * (side - 1)), step_m * (row + 0.5 * (side - 1))
        nearest_m = max_snap_m
        for k in range(first, last):
            s = listed[k]
            fx, fy, _ = _foot(x, y, ax[s], ay[s], bx[s], by[s])
            away_m[k] = np.sqrt((fx - x) ** 2 + (fy - y) ** 2)
            nearest_m = min(nearest_m, away_m[k])
        reach_m = min(nearest_m + 2.0 * radius_m, max_snap_m + radius_m) * (1.0 + 1e-9) + 1e-6
        end = last
        for k in range(first, last):
            if away_m[k] <= reach_m:
                listed[end] = listed[k]
                end += 1
        if end == last:
            continue
        if side > SMALLEST:
            half = side // 2
            for quarter in range(4):
                waiting[n_waiting, 0] = row + (quarter // 2) * half
                waiting[n_waiting, 1] = column + (quarter % 2) * half
                waiting[n_waiting, 2], waiting[n_waiting, 3], waiting[n_waiting, 4] = half, last, end
                n_waiting += 1
            continue
        for r in range(row, row + side):
            y = step_m * r
            for c in range(column, column + side):
                x = step_m * c
                best = max_snap_m * max_snap_m
                best_x, best_y, nearest, best_t = np.inf, np.inf, -1, 0.0
                for k in range(last, end):
                    s = listed[k]
                    fx, fy, t = _foot(x, y, ax[s], ay[s], bx[s], by[s])
                    d = (x - fx) * (x - fx) + (y - fy) * (y - fy)
                    if d < best or (
                        d == best
                        and (fx < best_x or (fx == best_x and (fy < best_y or (fy == best_y and s < nearest))))
                    ):
                        best, best_x, best_y, nearest, best_t = d, fx, fy, s, t
                if nearest >= 0:
                    point = (r - first_row) * size + c - first_column
                    found[point], fraction[point], distance_m[point] = nearest, best_t, np.sqrt(best)
    return found, fraction, distance_m


@compiled
def _foot(x, y, ax, ay, bx, by):
    """Return the place on a segment that is nearest to (x, y), and how far along it that lies (0 to 1)."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / square))
    if t == 1.0:
        return bx, by, t
    return ax + t * dx, ay + t * dy, t


@compiled
def _crossing(west, south, east, north, indptr, segment, x0, y0, cell_m, n_columns, n_rows, times):
    """Return ``(listed, n)``: the segments of the cells that a rectangle touches, each once; there is room for them `times`."""
    left, right = int(np.floor((west - x0) / cell_m)), int(np.floor((east - x0) / cell_m))
    low, high = int(np.floor((south - y0) / cell_m)), int(np.floor((north - y0) / cell_m))
    left, right, low, high = max(left, 0), min(right, n_columns - 1), max(low, 0), min(high, n_rows - 1)
    most = 0
    for row in range(low, high + 1):
        for column in range(left, right + 1):
            most += indptr[row * n_columns + column + 1] - indptr[row * n_columns + column]
    every = np.empty(most, np.int64)
    n = 0
    for row in range(low, high + 1):
        for column in range(left, right + 1):
            for k in range(indptr[row * n_columns + column], indptr[row * n_columns + column + 1]):
                every[n] = segment[k]
                n += 1
    every.sort()
    listed = np.empty(most * times, np.int64)
    n = 0
    for k in range(most):
        if n == 0 or every[k] != listed[n - 1]:
            listed[n] = every[k]
            n += 1
    return listed, n
