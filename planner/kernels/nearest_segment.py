"""Nearest positions on polylines, through a grid of cells that lists the segments crossing each cell."""

import numpy as np

from planner.kernels.compiled import compiled


@compiled
def fill_grid(ax, ay, bx, by, x0, y0, cell_m, n_columns, n_rows):
    """Return the CSR lists ``(indptr, segment)`` of the segments that cross each cell of a grid, cells row by row.

    Segments run from (ax, ay) to (bx, by), metres; the grid's lower left corner is (x0, y0). A segment is listed in every
    cell that it touches (and at times in a neighbour that it all but touches), in rising order of segments.
    """
    indptr = np.zeros(n_columns * n_rows + 1, np.int64)
    segment = np.empty(0, np.int32)
    for filling in range(2):
        if filling:
            total = 0
            for cell in range(n_columns * n_rows):
                count = indptr[cell + 1]
                indptr[cell + 1] = total  # becomes the end of the cell's list while it fills
                total += count
            segment = np.empty(total, np.int32)
        for s in range(len(ax)):
            low, high = (ay[s], by[s]) if ay[s] < by[s] else (by[s], ay[s])
            first_row = min(max(int((low - y0) / cell_m), 0), n_rows - 1)
            last_row = min(max(int((high - y0) / cell_m), 0), n_rows - 1)
            for row in range(first_row, last_row + 1):
                left, right = _span(ax[s], ay[s], bx[s], by[s], y0 + row * cell_m, y0 + (row + 1) * cell_m)
                first_column = min(max(int((left - x0) / cell_m - 1e-9), 0), n_columns - 1)
                last_column = min(max(int((right - x0) / cell_m + 1e-9), 0), n_columns - 1)
                for column in range(first_column, last_column + 1):
                    cell = row * n_columns + column
                    if filling:
                        segment[indptr[cell + 1]] = s
                    indptr[cell + 1] += 1
    return indptr, segment


@compiled
def _span(ax, ay, bx, by, low, high):
    """Return the least and greatest x of a segment within the horizontal band from low to high."""
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    left_end, right_end = ax, bx
    if by > ay:
        if low > ay:
            left_end = ax + (bx - ax) * min(1.0, (low - ay) / (by - ay))
        if high < by:
            right_end = ax + (bx - ax) * max(0.0, (high - ay) / (by - ay))
    return min(left_end, right_end), max(left_end, right_end)


@compiled
def snap_points(px, py, ax, ay, bx, by, indptr, segment, x0, y0, cell_m, n_columns, n_rows, max_snap_m):
    """Return for each point the nearest position on any segment within `max_snap_m` (inclusive).

    Returns ``(segment, fraction, distance_m)``, each of the points' length: -1, 0 and inf where none is near enough. Of
    equally near positions the one with the lowest x, then y, then segment is taken, whatever the order of the cells.
    """
    n_points = len(px)
    found = np.full(n_points, -1, np.int64)
    fraction = np.zeros(n_points)
    distance_m = np.full(n_points, np.inf)
    for i in range(n_points):
        x, y = px[i], py[i]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        column, row = int(np.floor((x - x0) / cell_m)), int(np.floor((y - y0) / cell_m))
        # rings of cells around the point's own: nothing in ring r is nearer than r - 1 cells plus the way to its own edge
        edge_m = min(x - (x0 + column * cell_m), x0 + (column + 1) * cell_m - x)
        edge_m = min(edge_m, y - (y0 + row * cell_m), y0 + (row + 1) * cell_m - y)
        best = max_snap_m * max_snap_m
        best_x, best_y, best_segment, best_fraction = np.inf, np.inf, -1, 0.0
        outside = max(-column, column - n_columns + 1, -row, row - n_rows + 1)
        ring = max(0, outside)
        while True:
            reach_m = (ring - 1) * cell_m + edge_m if ring > 0 else 0.0
            if reach_m * reach_m > best or reach_m > max_snap_m:
                break
            if column - ring < 0 and row - ring < 0 and column + ring >= n_columns and row + ring >= n_rows:
                break  # the whole grid lies inside the ring
            for r in range(max(row - ring, 0), min(row + ring, n_rows - 1) + 1):
                first, last, step = max(column - ring, 0), min(column + ring, n_columns - 1), 1
                if row - ring < r < row + ring:  # between the ring's two flat sides only its ends
                    first, last, step = column - ring, column + ring, 2 * ring
                for c in range(first, last + 1, step):
                    if 0 <= c < n_columns:
                        cell = r * n_columns + c
                        for k in range(indptr[cell], indptr[cell + 1]):
                            s = segment[k]
                            dx, dy = bx[s] - ax[s], by[s] - ay[s]
                            square = dx * dx + dy * dy
                            t = 0.0
                            if square > 0.0:
                                t = ((x - ax[s]) * dx + (y - ay[s]) * dy) / square
                                t = min(1.0, max(0.0, t))
                            fx, fy = ax[s] + t * dx, ay[s] + t * dy
                            if t == 1.0:
                                fx, fy = bx[s], by[s]
                            d = (x - fx) * (x - fx) + (y - fy) * (y - fy)
                            if d < best or (
                                d == best
                                and (
                                    fx < best_x
                                    or (fx == best_x and (fy < best_y or (fy == best_y and s < best_segment)))
                                )
                            ):
                                best, best_x, best_y, best_segment, best_fraction = d, fx, fy, s, t
            ring += 1
        if best_segment >= 0:
            found[i] = best_segment
            fraction[i] = best_fraction
            distance_m[i] = np.sqrt(best)
    return found, fraction, distance_m
