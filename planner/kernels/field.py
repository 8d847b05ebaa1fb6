"""The field of walking effort over the plane: every point of a lattice snapped and walked as a demand point would be.

A lattice point is snapped to the nearest street, whether that is reached or not, so the field jumps where the nearest street
changes; the lines where it meets a limit bound the isochrone. Blocks of lattice points share one list of the segments that
can be nearest to any of them.
"""

import numpy as np
from numba import njit

BLOCK = 8


@njit(cache=True, nogil=True)
def reached_box(order, reached, dist, node_x, node_y, limit_m, entry_x, entry_y, entry_access_m, stretch):
    """Return ``(west, south, east, north)`` that holds every place within `limit_m`: what is left of it at each node reached.

    `stretch` is the largest number of metres that a metre of effort can cover.
    """
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for i in range(reached + len(entry_x)):
        if i < reached:
            x, y, left_m = node_x[order[i]], node_y[order[i]], limit_m - dist[order[i]]
        else:
            k = i - reached
            x, y, left_m = entry_x[k], entry_y[k], limit_m - entry_access_m[k]
        if left_m >= 0:
            left_m *= stretch
            west, east = min(west, x - left_m), max(east, x + left_m)
            south, north = min(south, y - left_m), max(north, y + left_m)
    return west, south, east, north


@njit(cache=True, nogil=True)
def effort_field(
    west, south, step_m, n_columns, n_rows, entry_edge, entry_at, entry_access_m,
    edge_from, edge_to, along_m, against_m, edge_length_m, dist, stamp, version,
    ax, ay, bx, by, segment_edge, segment_start_m,
    cell_indptr, cell_segment, x0, y0, cell_m, grid_columns, grid_rows, max_snap_m,
):  # fmt: skip
    """Return metres of effort from the facility's entries to each lattice point, shape ``(n_rows, n_columns)``.

    ``dist[node]`` holds where ``stamp[node] == version`` (`planner.kernels.paths.search_bounded`). A point whose nearest
    street is not reached, or that has none within `max_snap_m`, has inf.
    """
    field = np.full((n_rows, n_columns), np.inf)
    candidate = np.empty(256, np.int32)
    half_m = 0.5 * (BLOCK - 1) * step_m
    half_diagonal_m = np.sqrt(2.0) * half_m
    n = np.int64(0)  # a bare 0 would be a type of its own, and compile the callee twice
    for block_row in range(0, n_rows, BLOCK):
        for block_column in range(0, n_columns, BLOCK):
            cx, cy = west + block_column * step_m + half_m, south + block_row * step_m + half_m
            n, candidate = _candidates(
                cx, cy, half_diagonal_m, n, candidate, ax, ay, bx, by,
                cell_indptr, cell_segment, x0, y0, cell_m, grid_columns, grid_rows, max_snap_m,
            )  # fmt: skip
            any_reached = False
            for k in range(n):
                e = segment_edge[candidate[k]]
                if stamp[edge_from[e]] == version or stamp[edge_to[e]] == version:
                    any_reached = True
                    break
                for m in range(len(entry_edge)):
                    if entry_edge[m] == e:
                        any_reached = True
            if not any_reached:
                continue
            for row in range(block_row, min(block_row + BLOCK, n_rows)):
                y = south + row * step_m
                for column in range(block_column, min(block_column + BLOCK, n_columns)):
                    x = west + column * step_m
                    best, best_segment, best_t = np.inf, -1, 0.0
                    for k in range(n):
                        s = candidate[k]
                        dx, dy = bx[s] - ax[s], by[s] - ay[s]
                        square = dx * dx + dy * dy
                        t = 0.0
                        if square > 0.0:
                            t = min(1.0, max(0.0, ((x - ax[s]) * dx + (y - ay[s]) * dy) / square))
                        fx, fy = ax[s] + t * dx - x, ay[s] + t * dy - y
                        d = fx * fx + fy * fy
                        if d < best:
                            best, best_segment, best_t = d, s, t
                    if best_segment < 0 or best > max_snap_m * max_snap_m:
                        continue
                    e = segment_edge[best_segment]
                    at = 0.0
                    if edge_length_m[e] > 0:
                        s = best_segment
                        metres = segment_start_m[s] + best_t * np.hypot(bx[s] - ax[s], by[s] - ay[s])
                        at = min(1.0, metres / edge_length_m[e])
                    walk = np.inf
                    if stamp[edge_from[e]] == version:
                        walk = dist[edge_from[e]] + at * along_m[e]
                    if stamp[edge_to[e]] == version:
                        walk = min(walk, dist[edge_to[e]] + (1.0 - at) * against_m[e])
                    for m in range(len(entry_edge)):
                        if entry_edge[m] == e:
                            if at >= entry_at[m]:
                                direct = (at - entry_at[m]) * along_m[e]
                            else:
                                direct = (entry_at[m] - at) * against_m[e]
                            walk = min(walk, entry_access_m[m] + direct)
                    field[row, column] = walk + np.sqrt(best)
    return field


@njit(cache=True, nogil=True)
def _candidates(
    x, y, radius_m, n_last, candidate, ax, ay, bx, by,
    cell_indptr, cell_segment, x0, y0, cell_m, grid_columns, grid_rows, max_snap_m,
):  # fmt: skip
    """Return ``(n, candidate)``: the segments that may be nearest to any point within `radius_m` of (x, y), each listed once.

    On entry ``candidate[:n_last]`` are those of the block before: the nearest of them bounds how far to look. Where there are
    none, everything within the longest access leg is looked at.
    """
    nearest_m = max_snap_m + radius_m
    for k in range(n_last):
        s = candidate[k]
        nearest_m = min(nearest_m, _distance_m(x, y, ax[s], ay[s], bx[s], by[s]))
    # a segment nearest to some point of the block is at most the block's diameter farther than the one nearest to its centre
    reach_m = nearest_m + 2.0 * radius_m
    n = 0
    c_first = max(0, int(np.floor((x - reach_m - x0) / cell_m)))
    c_last = min(grid_columns - 1, int(np.floor((x + reach_m - x0) / cell_m)))
    r_first = max(0, int(np.floor((y - reach_m - y0) / cell_m)))
    r_last = min(grid_rows - 1, int(np.floor((y + reach_m - y0) / cell_m)))
    for r in range(r_first, r_last + 1):
        for c in range(c_first, c_last + 1):
            for k in range(cell_indptr[r * grid_columns + c], cell_indptr[r * grid_columns + c + 1]):
                s = cell_segment[k]
                d = _distance_m(x, y, ax[s], ay[s], bx[s], by[s])
                if d <= reach_m:
                    nearest_m = min(nearest_m, d)
                    reach_m = nearest_m + 2.0 * radius_m
                    listed = False
                    for m in range(n):
                        if candidate[m] == s:
                            listed = True
                            break
                    if not listed:
                        if n == len(candidate):
                            longer = np.empty(2 * n, candidate.dtype)
                            for m in range(n):  # assigning a slice would compile its error message
                                longer[m] = candidate[m]
                            candidate = longer
                        candidate[n] = s
                        n += 1
    kept = 0
    for k in range(n):  # the list began with a wider reach than it ended with
        s = candidate[k]
        if _distance_m(x, y, ax[s], ay[s], bx[s], by[s]) <= reach_m:
            candidate[kept] = s
            kept += 1
    return kept, candidate


@njit(cache=True, nogil=True)
def _distance_m(x, y, ax, ay, bx, by):
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / square))
    return np.hypot(ax + t * dx - x, ay + t * dy - y)
