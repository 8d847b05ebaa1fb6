"""The Lagrangian dual of maximum coverage: prices on rows, and the ceiling that they prove.

Give every row i a price u_i from 0 to its weight w_i, paid once by each open site that covers it. Whatever is chosen within
the limit then covers at most  sum_i (w_i - u_i) + max { sum_j c_j y_j : cost . y <= limit }  with c_j the prices that site j
collects (Galvão & ReVelle 1996, European Journal of Operational Research 88, 114-123). Steps run in float64; what counts as
proof is evaluated again in whole numbers.
"""

import numpy as np
from numba import njit

BEST, STEP, STALE = 0, 1, 2
"""Places in the memory that `lower_dual` keeps from call to call: the best bound, the step size, steps without progress."""


@njit(cache=True, nogil=True)
def lower_dual(cover, limit, target, price, best_price, direction, memory, n_steps, smoothing):
    """Take `n_steps` deflected subgradient steps that lower the bound towards `target`; return how many were taken.

    Steps are scaled row by row with the weight (a row's price moves by a share of what it can) and follow Polyak's rule,
    halved whenever progress stalls. `price`, `best_price`, `direction` and `memory` are changed in place.
    """
    n_rows, n_sites = len(cover.weight), len(cover.cost)
    collected = np.empty(n_sites)
    order = np.empty(n_sites, np.int64)
    served = np.empty(n_rows)
    for step in range(n_steps):
        bound = 0.0
        for i in range(n_rows):
            bound += cover.weight[i] - price[i]
            served[i] = 0.0
        for j in range(n_sites):
            total = 0.0
            for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
                total += price[cover.site_rows[p]]
            collected[j] = total
        n_taken, part = _fill_limit(collected, cover.cost, limit, order)
        for k in range(n_taken + (part > 0)):
            j = order[k]
            share = 1.0 if k < n_taken else part
            bound += share * collected[j]
            for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
                served[cover.site_rows[p]] += share
        if bound < memory[BEST]:
            memory[STALE] = 0.0 if memory[BEST] - bound > 1e-3 * (memory[BEST] - target) else memory[STALE] + 1
            memory[BEST] = bound
            best_price[:] = price
            if bound <= target:
                return step + 1
        else:
            memory[STALE] += 1
        if memory[STALE] >= 15:
            memory[STALE] = 0.0
            memory[STEP] *= 0.6
            price[:] = best_price
            direction[:] = 0.0
            if memory[STEP] < 1e-4:
                return step + 1
            continue
        length = 0.0
        for i in range(n_rows):
            slope = served[i] - 1.0
            if (slope > 0 and price[i] <= 0) or (slope < 0 and price[i] >= cover.weight[i]):
                slope = 0.0
            slope = smoothing * direction[i] + (1.0 - smoothing) * slope
            direction[i] = slope
            if not ((slope > 0 and price[i] <= 0) or (slope < 0 and price[i] >= cover.weight[i])):
                length += cover.weight[i] * slope * slope
        if length <= 0:
            return step + 1
        pace = memory[STEP] * (bound - target) / length
        for i in range(n_rows):
            price[i] = min(max(price[i] - pace * cover.weight[i] * direction[i], 0.0), float(cover.weight[i]))
    return n_steps


@njit(cache=True, nogil=True)
def collect(cover, price):
    """Return ``(unpriced, collected)`` in whole numbers: the weight left unpriced, and the prices each site collects."""
    whole = np.empty(len(price), np.int64)
    unpriced = 0
    for i in range(len(price)):
        whole[i] = min(max(np.int64(np.rint(min(price[i], 4e18))), 0), cover.weight[i])
        unpriced += cover.weight[i] - whole[i]
    collected = np.zeros(len(cover.cost), np.int64)
    for j in range(len(cover.cost)):
        for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            collected[j] += whole[cover.site_rows[p]]
    return unpriced, collected


@njit(cache=True, nogil=True)
def _fill_limit(value, cost, limit, order):
    """Put the sites of most value for their cost first in `order`; return how many fit whole, and what part of the next."""
    for j in range(len(value)):
        order[j] = j
    low, high = 0, len(value)
    left = limit
    while low < high:
        middle = order[(low + high) // 2]
        pivot = value[middle] / cost[middle]
        above, at, spent, spent_equal = low, low, 0, 0
        below = high
        while at < below:
            j = order[at]
            ratio = value[j] / cost[j]
            if ratio > pivot:
                order[at], order[above] = order[above], j
                spent += cost[j]
                above += 1
                at += 1
            elif ratio < pivot:
                below -= 1
                order[at], order[below] = order[below], j
            else:
                spent_equal += cost[j]
                at += 1
        if spent > left:
            high = above
        elif spent + spent_equal > left:
            left -= spent
            for k in range(above, below):
                if cost[order[k]] > left:
                    return k, left / cost[order[k]]
                left -= cost[order[k]]
            return below, 0.0
        else:
            left -= spent + spent_equal
            low = below
    return low, 0.0
