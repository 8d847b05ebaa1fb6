"""The field of walking effort over the plane, quickly: nearest streets spread from lattice point to lattice point.

Every point learns of the segments near it from its neighbours (Danielsson 1980, Computer Graphics and Image Processing 14(3),
227-248, with segments in place of points), so that the work is a few tries a point however dense the streets are. A segment
that is nearest to no lattice point is not passed on: now and then a point is given the next nearest one, which
`planner.kernels.field` never does.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def spread_field(
    west, south, step_m, n_columns, n_rows, wanted, block, entry_edge, entry_at, entry_access_m,
    edge_from, edge_to, along_m, against_m, edge_length_m, dist, stamp, version,
    ax, ay, bx, by, segment_edge, segment_start_m, segment_stamp, mark,
    cell_indptr, cell_segment, x0, y0, cell_m, grid_columns, grid_rows, max_snap_m,
):  # fmt: skip
    """Return metres of effort from the facility's entries to each lattice point, shape ``(n_rows, n_columns)``.

    Arguments as `planner.kernels.field.effort_field`; `wanted` says which blocks of `block` points may hold anything reached.
    """
    nearest = np.full((n_rows, n_columns), -1, np.int32)
    square_m2 = np.full((n_rows, n_columns), max_snap_m * max_snap_m * (1.0 + 1e-12))
    c_first = max(0, int(np.floor((west - x0) / cell_m)) - 1)
    c_last = min(grid_columns - 1, int(np.floor((west + n_columns * step_m - x0) / cell_m)) + 1)
    r_first = max(0, int(np.floor((south - y0) / cell_m)) - 1)
    r_last = min(grid_rows - 1, int(np.floor((south + n_rows * step_m - y0) / cell_m)) + 1)
    for cell_row in range(r_first, r_last + 1):
        for cell in range(cell_row * grid_columns + c_first, cell_row * grid_columns + c_last + 1):
            for k in range(cell_indptr[cell], cell_indptr[cell + 1]):
                s = cell_segment[k]
                if segment_stamp[s] == mark:
                    continue
                segment_stamp[s] = mark
                dx, dy = bx[s] - ax[s], by[s] - ay[s]
                square = dx * dx + dy * dy
                pieces = int(max(abs(dx), abs(dy)) / step_m) + 1
                for i in range(pieces):  # the corners of the squares that it runs through
                    column = int(np.floor((ax[s] + dx * (i + 0.5) / pieces - west) / step_m))
                    row = int(np.floor((ay[s] + dy * (i + 0.5) / pieces - south) / step_m))
                    if column < -1 or row < -1 or column > n_columns or row > n_rows:
                        continue
                    for r in range(min(max(row, 0), n_rows - 1), min(max(row + 1, 0), n_rows - 1) + 1):
                        for c in range(min(max(column, 0), n_columns - 1), min(max(column + 1, 0), n_columns - 1) + 1):
                            px, py = west + c * step_m - ax[s], south + r * step_m - ay[s]
                            d = _square_to(px, py, dx, dy, square)
                            if d < square_m2[r, c]:
                                square_m2[r, c] = d
                                nearest[r, c] = s
    low, high = np.full(n_rows, n_columns), np.zeros(n_rows, np.int64)  # the columns of each row that matter
    for r in range(n_rows):
        for c in range(wanted.shape[1]):
            if wanted[r // block, c]:
                low[r] = min(low[r], max(1, c * block - 1))
                high[r] = max(high[r], min(n_columns - 1, (c + 1) * block + 1))
    for back in range(2):
        sign = 1 - 2 * back
        for i in range(1, n_rows - 1):
            r = i if back == 0 else n_rows - 1 - i
            y = south + r * step_m
            for j in range(low[r], high[r]):  # along the row, learning from the row before and from the side
                c = j if back == 0 else low[r] + high[r] - 1 - j
                x = west + c * step_m
                known, best, last = nearest[r, c], square_m2[r, c], -1
                for k in range(4):
                    s = nearest[r, c - sign] if k == 3 else nearest[r - sign, c + k - 1]
                    if s < 0 or s == known or s == last:  # noqa: SIM109  a tuple costs time here
                        continue
                    last = s
                    dx, dy = bx[s] - ax[s], by[s] - ay[s]
                    d = _square_to(x - ax[s], y - ay[s], dx, dy, dx * dx + dy * dy)
                    if d < best:
                        known, best = s, d
                nearest[r, c], square_m2[r, c] = known, best
            for j in range(low[r], high[r]):  # and back
                c = j if back == 1 else low[r] + high[r] - 1 - j
                s = nearest[r, c + sign]
                if s >= 0 and s != nearest[r, c]:
                    dx, dy = bx[s] - ax[s], by[s] - ay[s]
                    d = _square_to(west + c * step_m - ax[s], y - ay[s], dx, dy, dx * dx + dy * dy)
                    if d < square_m2[r, c]:
                        nearest[r, c], square_m2[r, c] = s, d
    field = np.full((n_rows, n_columns), np.inf)
    for r in range(n_rows):
        for c in range(low[r], high[r]):
            s = nearest[r, c]
            if s < 0:
                continue
            e = segment_edge[s]
            from_m = dist[edge_from[e]] if stamp[edge_from[e]] == version else np.inf
            to_m = dist[edge_to[e]] if stamp[edge_to[e]] == version else np.inf
            at = 0.0
            if edge_length_m[e] > 0:
                dx, dy = bx[s] - ax[s], by[s] - ay[s]
                square = dx * dx + dy * dy
                t = 0.0
                if square > 0.0:
                    t = ((west + c * step_m - ax[s]) * dx + (south + r * step_m - ay[s]) * dy) / square
                    t = min(1.0, max(0.0, t))
                at = min(1.0, (segment_start_m[s] + t * np.sqrt(square)) / edge_length_m[e])
            walk = min(from_m + at * along_m[e], to_m + (1.0 - at) * against_m[e])
            for m in range(len(entry_edge)):
                if entry_edge[m] == e:
                    direct = (at - entry_at[m]) * along_m[e] if at >= entry_at[m] else (entry_at[m] - at) * against_m[e]
                    walk = min(walk, entry_access_m[m] + direct)
            field[r, c] = walk + np.sqrt(square_m2[r, c])
    return field


@njit(cache=True, nogil=True)
def _square_to(px, py, dx, dy, square):
    """Return the squared distance from a place to a segment of direction (dx, dy), both seen from its first end."""
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, (px * dx + py * dy) / square))
    px -= t * dx
    py -= t * dy
    return px * px + py * py
