"""A covering problem as arrays: who covers whom both ways round, and what can be merged or left out of it.

Rows are demand points (or patterns of them), columns are sites. Weights and costs are integers, so that no sum hangs on
the order of its terms.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled

OPEN, FREE, CLOSED = 1, 0, -1
"""What is settled about a site: it is open whatever else is chosen, may be chosen, or may not."""

UNCOVERABLE, COVERED = -1, -2
"""In place of a group: no site that may be chosen reaches the row; an open site covers it already."""


class Cover(NamedTuple):
    """A covering problem. `row_sites[row_ptr[i]:row_ptr[i + 1]]` cover row i, rising; `site_rows` is the other way round."""

    row_ptr: NDArray[np.int64]
    row_sites: NDArray[np.int32]
    site_ptr: NDArray[np.int64]
    site_rows: NDArray[np.int32]
    weight: NDArray[np.int64]
    cost: NDArray[np.int64]


@compiled
def transpose(row_ptr, row_sites, n_sites):
    """Return ``(site_ptr, site_rows)``, rows rising within each site."""
    site_ptr = np.zeros(n_sites + 1, np.int64)
    for p in range(len(row_sites)):
        site_ptr[row_sites[p] + 1] += 1
    for j in range(n_sites):
        site_ptr[j + 1] += site_ptr[j]
    fill = site_ptr[:-1].copy()
    site_rows = np.empty(len(row_sites), np.int32)
    for i in range(len(row_ptr) - 1):
        for p in range(row_ptr[i], row_ptr[i + 1]):
            j = row_sites[p]
            site_rows[fill[j]] = i
            fill[j] += 1
    return site_ptr, site_rows


@compiled
def count_open(row_ptr, row_sites, is_open):
    """Return for every row how many open sites cover it."""
    count = np.empty(len(row_ptr) - 1, np.int64)
    for i in range(len(count)):
        n = 0
        for p in range(row_ptr[i], row_ptr[i + 1]):
            n += is_open[row_sites[p]]
        count[i] = n
    return count


@compiled
def helping_sites(row_ptr, row_sites, wanted, n_sites):
    """Return for every site whether it covers a row that is `wanted`."""
    helps = np.zeros(n_sites, np.bool_)
    for i in range(len(row_ptr) - 1):
        if wanted[i]:
            for p in range(row_ptr[i], row_ptr[i + 1]):
                helps[row_sites[p]] = True
    return helps


@compiled
def weight_by_site(row_ptr, row_sites, rows, weight, n_sites):
    """Return for every site the sum of `weight` (by row) over those of some `rows` that it covers."""
    sums = np.zeros(n_sites)
    for i in rows:
        for p in range(row_ptr[i], row_ptr[i + 1]):
            sums[row_sites[p]] += weight[i]
    return sums


@compiled
def group_rows(row_ptr, row_sites, weight, status):
    """Merge the rows that the same free sites cover: return ``(group, leader, group_weight, covered_weight)``.

    `group` of each row (or `UNCOVERABLE`, `COVERED`; weightless rows are left out as uncoverable), the first row and the
    whole weight of each group, and the weight that open sites cover. Rows meet in a hash table and are compared in full.
    """
    n_rows = len(row_ptr) - 1
    size = 1
    while size < 2 * n_rows:
        size *= 2
    table = np.full(size, -1, np.int32)
    group = np.empty(n_rows, np.int32)
    leader = np.empty(n_rows, np.int32)
    hashed = np.empty(n_rows, np.uint64)
    group_weight = np.empty(n_rows, np.int64)
    covered_weight = 0
    n = 0
    for i in range(n_rows):
        key = np.uint64(0)
        met_open = False
        n_free = 0
        for p in range(row_ptr[i], row_ptr[i + 1]):
            j = row_sites[p]
            if status[j] == FREE:
                key += _mixed(j)
                n_free += 1
            elif status[j] == OPEN:
                met_open = True
                break
        if met_open:
            group[i] = COVERED
            covered_weight += weight[i]
            continue
        if n_free == 0 or weight[i] == 0:
            group[i] = UNCOVERABLE
            continue
        place = np.int64(key >> np.uint64(24)) & (size - 1)
        while True:
            g = table[place]
            if g < 0:
                break
            if hashed[g] == key and _same_row(row_ptr, row_sites, status, leader[g], i):
                break
            place = (place + 1) & (size - 1)
        if g >= 0:
            group[i] = g
            group_weight[g] += weight[i]
            continue
        table[place] = n
        group[i], leader[n], hashed[n], group_weight[n] = n, i, key, weight[i]
        n += 1
    return group, leader[:n].copy(), group_weight[:n].copy(), covered_weight


@compiled
def pack_rows(row_ptr, row_sites, rows, new_site):
    """Return ``(row_ptr, row_sites)`` of some rows with sites renumbered; sites whose new number is negative are left out."""
    packed_ptr = np.zeros(len(rows) + 1, np.int64)
    for k in range(len(rows)):
        kept = 0
        for p in range(row_ptr[rows[k]], row_ptr[rows[k] + 1]):
            kept += new_site[row_sites[p]] >= 0
        packed_ptr[k + 1] = packed_ptr[k] + kept
    packed = np.empty(packed_ptr[-1], np.int32)
    at = 0
    for k in range(len(rows)):
        for p in range(row_ptr[rows[k]], row_ptr[rows[k] + 1]):
            j = new_site[row_sites[p]]
            if j >= 0:
                packed[at] = j
                at += 1
    return packed_ptr, packed


@compiled
def dominated_sites(cover, work_limit):
    """Return for every site whether another that costs no more covers all it covers (of twins the first stays).

    A dominator covers the site's least-covered row, so only that row's sites are tried; a 64-bit signature of each site's
    rows turns most of them away. After `work_limit` comparisons the remaining sites count as undominated.
    """
    n_sites = len(cover.cost)
    signature = np.zeros(n_sites, np.uint64)
    for j in range(n_sites):
        for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            signature[j] |= np.uint64(1) << (_mixed(cover.site_rows[p]) >> np.uint64(58))
    dominated = np.zeros(n_sites, np.bool_)
    work = 0
    for j in range(n_sites):
        first, last = cover.site_ptr[j], cover.site_ptr[j + 1]
        if first == last:
            dominated[j] = True
            continue
        if work > work_limit:
            break
        rare, fewest = 0, np.int64(n_sites) + 1
        for p in range(first, last):
            i = cover.site_rows[p]
            if cover.row_ptr[i + 1] - cover.row_ptr[i] < fewest:
                rare, fewest = i, cover.row_ptr[i + 1] - cover.row_ptr[i]
        for q in range(cover.row_ptr[rare], cover.row_ptr[rare + 1]):
            k = cover.row_sites[q]
            work += 1
            size = cover.site_ptr[k + 1] - cover.site_ptr[k]
            if k == j or dominated[k] or size < last - first or cover.cost[k] > cover.cost[j]:
                continue
            if signature[j] & ~signature[k] or (size == last - first and cover.cost[k] == cover.cost[j] and k > j):
                continue
            x, end = cover.site_ptr[k], cover.site_ptr[k + 1]
            inside = True
            for p in range(first, last):
                while x < end and cover.site_rows[x] < cover.site_rows[p]:
                    x += 1
                    work += 1
                work += 1
                if x == end or cover.site_rows[x] != cover.site_rows[p]:
                    inside = False
                    break
            if inside:
                dominated[j] = True
                break
    return dominated


@compiled
def _mixed(number):
    """Return 64 well-mixed bits of a number (the finalizer of splitmix64)."""
    x = np.uint64(number) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def _same_row(row_ptr, row_sites, status, a, b):
    """Return whether the same free sites cover rows a and b."""
    p, q = row_ptr[a], row_ptr[b]
    while True:
        while p < row_ptr[a + 1] and status[row_sites[p]] != FREE:
            p += 1
        while q < row_ptr[b + 1] and status[row_sites[q]] != FREE:
            q += 1
        if p == row_ptr[a + 1] or q == row_ptr[b + 1]:
            return p == row_ptr[a + 1] and q == row_ptr[b + 1]
        if row_sites[p] != row_sites[q]:
            return False
        p += 1
        q += 1
