"""Catchments of some sites, one after another: ``rows[ptr[k]:ptr[k + 1]]`` are the rows that the k-th covers."""

import numpy as np

from planner.kernels.compiled import compiled


@compiled
def sums_of(ptr, rows, number):
    """Return the sum of a whole number by row over each catchment."""
    sums = np.zeros(len(ptr) - 1, np.int64)
    for k in range(len(sums)):
        for p in range(ptr[k], ptr[k + 1]):
            sums[k] += number[rows[p]]
    return sums


@compiled
def take_catchments(ptr, rows, which):
    """Return ``(ptr, rows)`` of the catchments numbered in `which`, in that order."""
    taken_ptr = np.zeros(len(which) + 1, np.int64)
    for k in range(len(which)):
        taken_ptr[k + 1] = taken_ptr[k] + ptr[which[k] + 1] - ptr[which[k]]
    taken = np.empty(taken_ptr[-1], rows.dtype)
    for k in range(len(which)):
        taken[taken_ptr[k] : taken_ptr[k + 1]] = rows[ptr[which[k]] : ptr[which[k] + 1]]
    return taken_ptr, taken


@compiled
def are_catchments(ptr, rows, n_rows, last_seen, stamp):
    """Return whether offsets and rows are in range and no catchment names a row twice.

    `last_seen` (one a row) holds stamps below `stamp` and is changed: catchment k leaves ``stamp + k``.
    """
    if ptr[0] != 0 or ptr[-1] != len(rows):
        return False
    for k in range(len(ptr) - 1):
        if ptr[k + 1] < ptr[k]:
            return False
        for p in range(ptr[k], ptr[k + 1]):
            i = rows[p]
            if i < 0 or i >= n_rows or last_seen[i] == stamp + k:
                return False
            last_seen[i] = stamp + k
    return True
