"""Choices for every number at once: a choice grown site by site, each that adds most."""

import numpy as np

from planner.kernels.compiled import compiled


@compiled
def grow(cover, is_open, count, worth, most):
    """Open up to `most` further sites, each that adds most to those open; return ``(sites, gains)`` in this order.

    Takes `is_open`, `count` and `worth` of a `planner.kernels.cover_search.Choice` and changes them (of `worth` only what sites
    not open would add stays true). Equal ones by the lowest number; ends where none adds anything.
    """
    sites = np.empty(max(most, 0), np.int64)
    gains = np.empty(max(most, 0), np.int64)
    n = 0
    while n < most:
        best = -1
        for j in range(len(worth)):
            if not is_open[j] and worth[j] > 0 and (best < 0 or worth[j] > worth[best]):
                best = j
        if best < 0:
            break
        sites[n], gains[n] = best, worth[best]
        n += 1
        is_open[best] = True
        for p in range(cover.site_ptr[best], cover.site_ptr[best + 1]):
            i = cover.site_rows[p]
            if count[i] == 0:
                for q in range(cover.row_ptr[i], cover.row_ptr[i + 1]):
                    worth[cover.row_sites[q]] -= cover.weight[i]
            count[i] += 1
    return sites[:n].copy(), gains[:n].copy()
