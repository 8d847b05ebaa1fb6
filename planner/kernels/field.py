"""The field of walking effort over the plane: every point of a lattice snapped and walked as a demand point would be.

A lattice point is snapped to the nearest street, whether that is reached or not, so the field jumps where the nearest street
changes; the lines where it meets a limit bound the isochrone. Blocks of lattice points share one list of the segments that
can be nearest to any of them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled
from planner.kernels.paths import longer

BLOCK, SMALLEST_BLOCK = 16, 4
"""Lattice points along the side of the blocks that the field is settled by."""


class Lattice(NamedTuple):
    """Points ``step_m`` apart: row r, column c lies at ``west + c * step_m``, ``south + r * step_m``."""

    west: float
    south: float
    step_m: float
    n_columns: int
    n_rows: int


class Segments(NamedTuple):
    """Straight segments of streets from (ax, ay) to (bx, by): their edge, and metres from its from-end to where they begin."""

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    edge: NDArray[np.int32]
    start_m: NDArray[np.float64]


class Cells(NamedTuple):
    """A grid of square cells, row by row: cell ``i`` is crossed by the segments ``segment[indptr[i]:indptr[i + 1]]``."""

    indptr: NDArray[np.int64]
    segment: NDArray[np.int32]
    x0: float
    y0: float
    cell_m: float
    n_columns: int
    n_rows: int


@compiled
def effort_field(
    lattice, limits_m, cut_m, entries, streets, edge_length_m, marks, version,
    segments, cells, max_snap_m, segment_stamp, first_mark,
):  # fmt: skip
    """Return metres of effort from a facility's entries to each point of a `Lattice`, shape ``(n_rows, n_columns)``.

    `entries`, `streets`, `marks` and `version` as in `planner.kernels.paths.search_bounded`, which has been there. A point whose
    nearest street is not reached, or that has none within `max_snap_m`, has inf. Exact within `cut_m` of each of the rising
    `limits_m`; elsewhere some value on the same side of all of them, at least `cut_m` away. `segment_stamp` marks segments from
    `first_mark` on, one mark a block.
    """
    west, south, step_m, n_columns, n_rows = lattice
    _, entry_edge, entry_at, entry_access_m = entries
    _, _, _, _, edge_from, edge_to, along_m, against_m, _ = streets
    dist, stamp, _ = marks
    ax, ay, bx, by, segment_edge, segment_start_m = segments
    field = np.full((n_rows, n_columns), np.inf)
    candidate = np.empty(256, np.int32)
    size = BLOCK
    n_high, n_wide = (n_rows + size - 1) // size, (n_columns + size - 1) // size
    block = np.empty((n_wide * n_high, 2), np.int32)
    ends = np.empty(n_wide * n_high, np.int64)
    listed = np.empty(4096, np.int32)
    half_m = 0.5 * (size - 1) * step_m
    n, filled, most_listed = np.int64(0), 0, 0
    n_blocks = 0
    for number in range(n_wide * n_high):
        row, column = number // n_wide * size, number % n_wide * size
        cx, cy = west + column * step_m + half_m, south + row * step_m + half_m
        n, candidate = _candidates(
            cx, cy, np.sqrt(2.0) * half_m, n, candidate, segment_stamp, first_mark + number, segments, cells, max_snap_m,
        )  # fmt: skip
        if filled + n > len(listed):
            listed = longer(listed, 2 * (filled + n))
        for k in range(n):
            listed[filled + k] = candidate[k]
        filled += n
        most_listed = max(most_listed, n)
        block[n_blocks, 0], block[n_blocks, 1] = row, column
        ends[n_blocks] = filled
        n_blocks += 1
    part, distance_m, holds_entry = np.empty(most_listed), np.empty(most_listed), np.empty(most_listed, np.bool_)
    # of each segment kept: efforts at the edge's ends, along and against it, where it begins and ends on it
    street = np.empty((most_listed, 6))
    # breadth first: what a block leaves open is handed on to its four quarters, with the segments that may be nearest there
    while size >= SMALLEST_BLOCK and n_blocks > 0:
        half_m = 0.5 * (size - 1) * step_m
        radius_m = np.sqrt(2.0) * half_m
        quarters = np.empty((4 * n_blocks, 2), np.int32)
        quarter_ends = np.empty(4 * n_blocks, np.int64)
        handed = np.empty(2 * filled + 64, np.int32)
        n_quarters, n_handed = 0, 0
        for number in range(n_blocks):
            first = ends[number - 1] if number > 0 else 0
            last = ends[number]
            row, column = block[number, 0], block[number, 1]
            cx, cy = west + column * step_m + half_m, south + row * step_m + half_m
            nearest_m = np.inf
            for k in range(first, last):
                s = listed[k]
                d, t = _nearest_on(cx, cy, ax[s], ay[s], bx[s], by[s])
                distance_m[k - first], part[k - first] = d, t
                nearest_m = min(nearest_m, d)
            if nearest_m - radius_m > max_snap_m:
                continue
            least, most = np.inf, (np.inf if nearest_m + radius_m > max_snap_m else 0.0)
            kept = first
            for k in range(first, last):
                if distance_m[k - first] > nearest_m + 2.0 * radius_m:
                    continue
                s, n_kept = listed[k], kept - first
                listed[kept] = s
                kept += 1
                e = segment_edge[s]
                length_m = edge_length_m[e]
                along, against = along_m[e], against_m[e]
                from_m = dist[edge_from[e]] if stamp[edge_from[e]] == version else np.inf
                to_m = dist[edge_to[e]] if stamp[edge_to[e]] == version else np.inf
                start, end, steepest = 0.0, 0.0, 1.0
                if length_m > 0:
                    start = segment_start_m[s] / length_m
                    end = min(1.0, start + np.sqrt((bx[s] - ax[s]) ** 2 + (by[s] - ay[s]) ** 2) / length_m)
                    steepest = max(along, against) / length_m
                at = start + part[k - first] * (end - start)
                walk = _walk_m(at, from_m, to_m, along, against)
                holds_entry[n_kept] = False
                for m in range(len(entry_edge)):
                    if entry_edge[m] == e:
                        holds_entry[n_kept] = True
                        walk = min(walk, _direct_m(at, entry_at[m], entry_access_m[m], along, against))
                street[n_kept, 0], street[n_kept, 1], street[n_kept, 2] = from_m, to_m, along
                street[n_kept, 3], street[n_kept, 4], street[n_kept, 5] = against, start, end
                slack_m = radius_m * (1.0 + steepest)
                least = min(least, walk + distance_m[k - first] - slack_m)
                most = max(most, walk + distance_m[k - first] + slack_m)
            settled = True
            for m in range(len(limits_m)):
                if least < limits_m[m] + cut_m and most > limits_m[m] - cut_m:
                    settled = False
            if settled:
                if least < limits_m[-1]:
                    for r in range(row, min(row + size, n_rows)):
                        for c in range(column, min(column + size, n_columns)):
                            field[r, c] = max(least, 0.0)
                continue
            if size > SMALLEST_BLOCK:
                if n_handed + 4 * (kept - first) > len(handed):
                    handed = longer(handed, 2 * (n_handed + 4 * (kept - first)))
                for quarter in range(4):
                    r, c = row + (quarter // 2) * (size // 2), column + (quarter % 2) * (size // 2)
                    if r >= n_rows or c >= n_columns:
                        continue
                    for k in range(first, kept):
                        handed[n_handed] = listed[k]
                        n_handed += 1
                    quarters[n_quarters, 0], quarters[n_quarters, 1] = r, c
                    quarter_ends[n_quarters] = n_handed
                    n_quarters += 1
                continue
            for r in range(row, min(row + size, n_rows)):
                y = south + r * step_m
                for c in range(column, min(column + size, n_columns)):
                    x = west + c * step_m
                    best, nearest, best_t = np.inf, -1, 0.0
                    for k in range(first, kept):
                        s = listed[k]
                        dx, dy = bx[s] - ax[s], by[s] - ay[s]
                        square = dx * dx + dy * dy
                        t = 0.0
                        if square > 0.0:
                            t = min(1.0, max(0.0, ((x - ax[s]) * dx + (y - ay[s]) * dy) / square))
                        fx, fy = ax[s] + t * dx - x, ay[s] + t * dy - y
                        d = fx * fx + fy * fy
                        if d < best:
                            best, nearest, best_t = d, k - first, t
                    if nearest < 0 or best > max_snap_m * max_snap_m:
                        continue
                    along, against, start = street[nearest, 2], street[nearest, 3], street[nearest, 4]
                    at = start + best_t * (street[nearest, 5] - start)
                    walk = _walk_m(at, street[nearest, 0], street[nearest, 1], along, against)
                    if holds_entry[nearest]:
                        e = segment_edge[listed[first + nearest]]
                        for m in range(len(entry_edge)):
                            if entry_edge[m] == e:
                                walk = min(walk, _direct_m(at, entry_at[m], entry_access_m[m], along, against))
                    field[r, c] = walk + np.sqrt(best)
        block, ends, listed = quarters, quarter_ends, handed
        n_blocks, filled = n_quarters, n_handed
        size //= 2
    return field


@compiled
def add_tile(
    field, first_row, first_column, tile_edge, tile_at, tile_distance_m, row, column, entries, streets, marks, version
):  # fmt: skip
    """Fill in the part of a field that a tile of snapped points covers (`planner.streets.snapped_lattice.Tile`).

    Field and tile begin at the lattice points ``(first_row, first_column)`` and ``(row, column)``; the rest as `effort_field`.
    """
    _, entry_edge, entry_at, entry_access_m = entries
    _, _, _, _, edge_from, edge_to, along_m, against_m, _ = streets
    dist, stamp, _ = marks
    size = len(tile_edge)
    for r in range(max(row, first_row), min(row + size, first_row + field.shape[0])):
        for c in range(max(column, first_column), min(column + size, first_column + field.shape[1])):
            e = tile_edge[r - row, c - column]
            if e < 0:
                continue
            at = tile_at[r - row, c - column]
            from_m = dist[edge_from[e]] if stamp[edge_from[e]] == version else np.inf
            to_m = dist[edge_to[e]] if stamp[edge_to[e]] == version else np.inf
            walk = _walk_m(at, from_m, to_m, along_m[e], against_m[e])
            for m in range(len(entry_edge)):
                if entry_edge[m] == e:
                    walk = min(walk, _direct_m(at, entry_at[m], entry_access_m[m], along_m[e], against_m[e]))
            field[r - first_row, c - first_column] = walk + tile_distance_m[r - row, c - column]


@compiled
def _walk_m(at, from_m, to_m, along_m, against_m):
    """Return the effort to a place `at` (0 to 1) along an edge whose ends are `from_m` and `to_m` away."""
    return min(from_m + at * along_m, to_m + (1.0 - at) * against_m)


@compiled
def _direct_m(at, entry_at, entry_access_m, along_m, against_m):
    """Return the effort from an entry to a place on the same edge, without leaving it."""
    return entry_access_m + ((at - entry_at) * along_m if at >= entry_at else (entry_at - at) * against_m)


@compiled
def _nearest_on(x, y, ax, ay, bx, by):
    """Return the distance from (x, y) to a segment, and how far along it the nearest place is (0 to 1)."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / square))
    fx, fy = ax + t * dx - x, ay + t * dy - y
    return np.sqrt(fx * fx + fy * fy), t


@compiled
def _candidates(x, y, radius_m, n_last, candidate, segment_stamp, mark, segments, cells, max_snap_m):
    """Return ``(n, candidate)``: the segments that may be nearest to any point within `radius_m` of (x, y), each listed once.

    ``segment_stamp[s] == mark`` tells those looked at; `mark` is new for every call. On entry ``candidate[:n_last]`` are those
    of the block before: the nearest of them bounds how far to look. Where there are none, everything within the longest access
    leg is looked at.
    """
    ax, ay, bx, by, _, _ = segments
    cell_indptr, cell_segment, x0, y0, cell_m, grid_columns, grid_rows = cells
    nearest_m = max_snap_m + radius_m
    for k in range(n_last):
        s = candidate[k]
        nearest_m = min(nearest_m, _nearest_on(x, y, ax[s], ay[s], bx[s], by[s])[0])
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
                if segment_stamp[s] == mark:
                    continue
                segment_stamp[s] = mark
                d = _nearest_on(x, y, ax[s], ay[s], bx[s], by[s])[0]
                if d <= reach_m:
                    nearest_m = min(nearest_m, d)
                    reach_m = nearest_m + 2.0 * radius_m
                    if n == len(candidate):
                        candidate = longer(candidate, 2 * n)
                    candidate[n] = s
                    n += 1
    kept = 0
    for k in range(n):  # the list began with a wider reach than it ended with
        s = candidate[k]
        if _nearest_on(x, y, ax[s], ay[s], bx[s], by[s])[0] <= reach_m:
            candidate[kept] = s
            kept += 1
    return kept, candidate
