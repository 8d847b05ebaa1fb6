"""Outlines of where a field on a lattice lies at or below a limit: rings traced by marching squares, and simplified.

Rings run with the inside on their left: outlines counter-clockwise, holes clockwise. Where two opposite corners of a square lie
inside and the other two outside, the mean of the four decides whether the inside holds together (Lorensen & Cline 1987, Computer
Graphics 21(4), 163-169, in the plane). No two rings touch.
"""

import numpy as np

from planner.kernels.compiled import compiled

_EDGE_MARGIN = 1e-3  # no crossing is nearer to a lattice point than this part of a step: rings would touch there


@compiled
def trace_rings(field, starts, limit, cut, west, south, step):
    """Return ``(xy, ring_ptr)``: ring ``r`` has the points ``xy[ring_ptr[r]:ring_ptr[r + 1]]``, the last joined to the first.

    `field` has shape ``(n_rows, n_columns)``, its outermost points above `limit`; values count up to `cut` around the limit.
    `starts` are the (flat, rising) points above `limit` with one at or below it in the next row: every ring passes some of them.
    """
    n_rows, n_columns = field.shape
    # edges of squares: 2 * point is the one to the right of a point, 2 * point + 1 the one above it
    done = np.zeros(2 * n_rows * n_columns, np.bool_)
    xy = np.empty((1024, 2))
    ring_ptr = np.zeros(17, np.int64)
    n, n_rings = 0, 0
    for start in starts:
        if done[2 * start + 1]:
            continue
        # the square to enter, and through which of its sides: 0 bottom, 1 right, 2 top, 3 left
        r, c, side = start // n_columns, start % n_columns, 3
        while True:
            base = r * n_columns + c
            if side == 0:
                edge, r0, c0, r1, c1 = 2 * base, r, c, r, c + 1
            elif side == 1:
                edge, r0, c0, r1, c1 = 2 * (base + 1) + 1, r, c + 1, r + 1, c + 1
            elif side == 2:
                edge, r0, c0, r1, c1 = 2 * (base + n_columns), r + 1, c, r + 1, c + 1
            else:
                edge, r0, c0, r1, c1 = 2 * base + 1, r, c, r + 1, c
            if done[edge]:
                break
            done[edge] = True
            first = min(max(field[r0, c0] - limit, -cut), cut)
            last = min(max(field[r1, c1] - limit, -cut), cut)
            part = min(max(first / (first - last), _EDGE_MARGIN), 1.0 - _EDGE_MARGIN)
            if n == len(xy):
                longer = np.empty((2 * n, 2))
                for i in range(n):
                    longer[i, 0], longer[i, 1] = xy[i, 0], xy[i, 1]
                xy = longer
            xy[n, 0] = west + (c0 + part * (c1 - c0)) * step
            xy[n, 1] = south + (r0 + part * (r1 - r0)) * step
            n += 1
            # do the two far corners, to the left and to the right, lie inside? Of the near ones the left does, the right does not
            bottom_left, bottom_right = field[r, c] <= limit, field[r, c + 1] <= limit
            top_left, top_right = field[r + 1, c] <= limit, field[r + 1, c + 1] <= limit
            if side == 0:
                left, right = top_left, top_right
            elif side == 1:
                left, right = bottom_left, top_left
            elif side == 2:
                left, right = bottom_right, bottom_left
            else:
                left, right = top_right, bottom_right
            if not left and right:
                middle = 0.0
                for k in range(4):
                    middle += min(max(field[r + k // 2, c + k % 2] - limit, -cut), cut)
                left = middle <= 0  # the inside holds together across the square
                right = left
            # right round an outside corner, straight on between the two far ones, or left round an inside corner
            out = (side + (1 if right else 2 if left else 3)) % 4
            if out == 0:
                r, side = r - 1, 2
            elif out == 1:
                c, side = c + 1, 3
            elif out == 2:
                r, side = r + 1, 0
            else:
                c, side = c - 1, 1
        n_rings += 1
        if n_rings == len(ring_ptr):
            more = np.zeros(2 * n_rings, np.int64)
            for i in range(n_rings):
                more[i] = ring_ptr[i]
            ring_ptr = more
        ring_ptr[n_rings] = n
    return xy[:n].copy(), ring_ptr[: n_rings + 1].copy()


@compiled
def simplify_rings(xy, ring_ptr, tolerance):
    """Return ``(xy, ring_ptr)`` with the fewest points found that stay within `tolerance` of the rings.

    Source: Douglas & Peucker 1973, Cartographica 10(2), 112-122; a ring is cut at its first point and the one farthest from it.
    """
    keep = np.zeros(len(xy), np.bool_)
    stack = np.empty((64, 2), np.int64)
    for ring in range(len(ring_ptr) - 1):
        first, last = ring_ptr[ring], ring_ptr[ring + 1]
        far, most = first, 0.0
        for i in range(first, last):
            d = (xy[i, 0] - xy[first, 0]) ** 2 + (xy[i, 1] - xy[first, 1]) ** 2
            if d > most:
                far, most = i, d
        keep[first], keep[far] = True, True
        stack[0, 0], stack[0, 1] = first, far
        stack[1, 0], stack[1, 1] = far, last  # `last` stands for the first point again
        depth = 2
        while depth > 0:
            depth -= 1
            a, b = stack[depth, 0], stack[depth, 1]
            end = first if b == last else b
            dx, dy = xy[end, 0] - xy[a, 0], xy[end, 1] - xy[a, 1]
            square = dx * dx + dy * dy
            split, most = -1, tolerance * tolerance
            for i in range(a + 1, b):
                px, py = xy[i, 0] - xy[a, 0], xy[i, 1] - xy[a, 1]
                t = min(1.0, max(0.0, (px * dx + py * dy) / square)) if square > 0 else 0.0
                d = (px - t * dx) ** 2 + (py - t * dy) ** 2
                if d > most:
                    split, most = i, d
            if split < 0:
                continue
            keep[split] = True
            if depth + 2 > len(stack):
                deeper = np.empty((2 * len(stack), 2), np.int64)
                for i in range(depth):
                    deeper[i, 0], deeper[i, 1] = stack[i, 0], stack[i, 1]
                stack = deeper
            stack[depth, 0], stack[depth, 1] = a, split
            stack[depth + 1, 0], stack[depth + 1, 1] = split, b
            depth += 2
    count = 0
    for i in range(len(xy)):
        count += keep[i]
    kept = np.empty((count, 2))
    kept_ptr = np.zeros(len(ring_ptr), np.int64)
    n = 0
    for ring in range(len(ring_ptr) - 1):
        for i in range(ring_ptr[ring], ring_ptr[ring + 1]):
            if keep[i]:
                kept[n, 0], kept[n, 1] = xy[i, 0], xy[i, 1]
                n += 1
        kept_ptr[ring + 1] = n
    return kept, kept_ptr
