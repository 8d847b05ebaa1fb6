"""The Lagrangian dual of maximum coverage: prices on rows, and the ceiling that they prove.

Give every row i a price u_i from 0 to its weight w_i, paid once by each open site that covers it. Whatever is chosen within
the limit then covers at most  sum_i (w_i - u_i) + max { sum_j c_j y_j : cost . y <= limit }  with c_j the prices that site j
collects (Galvão & ReVelle 1996, European Journal of Operational Research 88, 114-123). Steps run in float64; what counts as
proof is evaluated again in whole numbers.

The least ceiling is found by accelerated gradient steps on a smoothed one (Nesterov 2005, Mathematical Programming 103,
127-152): the inner maximum gets an entropy term, which opens sites in parts, and that term fades. Near the optimum this needs
some hundred steps where subgradient steps need thousands.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled

BEST, TEMPERATURE, PACE, MOMENTUM, UNIT_PRICE, LAST, RISES = range(7)
"""Places in the memory of `lower_dual`: the best bound, the weight of the entropy, the step, the momentum, the price of a
unit of the limit, the last smoothed bound, and how often running it rose."""

_FADED = 40.0  # in units of the temperature: beyond it a site is as good as open or closed
_RISES_ALLOWED = 3

CONSTANT, LINEAR, EXACT = 0, 1, 2
"""What stands for  w min(1, sum of y)  in a relaxation: w itself, w times the sum, or both."""


class Descent(NamedTuple):
    """Where the search for prices stands: prices by row, those that momentum leads to, the best; how far each site is open.

    `memory` has the places `BEST` to `RISES`.
    """

    price: NDArray[np.float64]
    ahead: NDArray[np.float64]
    best_price: NDArray[np.float64]
    share: NDArray[np.float64]
    memory: NDArray[np.float64]


@compiled
def lower_dual(cover, limit, target, descent, n_steps, cooling):
    """Take `n_steps` steps that lower the bound; return how many were taken (fewer where it fell to `target`).

    `descent` is changed in place. A row's step is scaled with its weight. The temperature is multiplied by `cooling` after each
    step.
    """
    price, ahead, best_price, share, memory = descent
    n_rows, n_sites = len(cover.weight), len(cover.cost)
    collected = np.empty(n_sites)
    order = np.empty(n_sites, np.int64)
    served = np.empty(n_rows)
    for step in range(n_steps):
        bound = _collect_into(cover, limit, ahead, collected, order)
        if bound < memory[BEST]:
            memory[BEST] = bound
            for i in range(n_rows):
                best_price[i] = ahead[i]
            if bound <= target:
                return step + 1
        memory[UNIT_PRICE] = _unit_price(collected, cover.cost, limit, memory[TEMPERATURE], memory[UNIT_PRICE])
        smoothed = _share_out(cover, ahead, collected, limit, memory[UNIT_PRICE], memory[TEMPERATURE], share, served)
        memory[RISES] = memory[RISES] + 1 if smoothed > memory[LAST] else 0
        memory[LAST] = smoothed
        if memory[RISES] >= _RISES_ALLOWED:
            memory[PACE] *= 0.7
            memory[MOMENTUM], memory[RISES], memory[LAST] = 1.0, 0.0, np.inf
            for i in range(n_rows):
                price[i] = best_price[i]
                ahead[i] = best_price[i]
            continue
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * memory[MOMENTUM] ** 2))
        carried = (memory[MOMENTUM] - 1.0) / following
        pace = memory[PACE] * memory[TEMPERATURE]
        uphill = 0.0
        for i in range(n_rows):
            weight = float(cover.weight[i])
            moved = min(max(ahead[i] - pace * weight * (served[i] - 1.0), 0.0), weight)
            uphill += (ahead[i] - moved) * (moved - price[i]) / weight
            ahead[i] = min(max(moved + carried * (moved - price[i]), 0.0), weight)
            price[i] = moved
        memory[MOMENTUM] = following
        if uphill > 0:
            memory[MOMENTUM] = 1.0
            for i in range(n_rows):
                ahead[i] = price[i]
        memory[TEMPERATURE] *= cooling
    return n_steps


@compiled
def start_unit_price(cover, limit, price):
    """Return the price of a unit of the limit that these prices suggest: what the last site within it collects for each."""
    collected = np.empty(len(cover.cost))
    order = np.empty(len(cover.cost), np.int64)
    _collect_into(cover, limit, price, collected, order)
    n_taken, _ = _fill_limit(collected, cover.cost, limit, order)
    last = order[min(n_taken, len(order) - 1)]
    return collected[last] / cover.cost[last]


@compiled
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


@compiled
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


@compiled
def overstated(cover, share, role):
    """Return for every row by how much the piece that stands for it (see `bounds.linear_relaxation`) overstates it."""
    excess = np.zeros(len(cover.weight))
    for i in range(len(cover.weight)):
        if role[i] == EXACT:
            continue
        served = 0.0
        for p in range(cover.row_ptr[i], cover.row_ptr[i + 1]):
            served += share[cover.row_sites[p]]
        if role[i] == LINEAR and served > 1.0:
            excess[i] = cover.weight[i] * (served - 1.0)
        elif role[i] == CONSTANT and served < 1.0:
            excess[i] = cover.weight[i] * (1.0 - served)
    return excess


@compiled
def _collect_into(cover, limit, price, collected, order):
    """Fill in what each site collects, and return the bound that the prices give."""
    bound = 0.0
    for i in range(len(price)):
        bound += cover.weight[i] - price[i]
    for j in range(len(collected)):
        total = 0.0
        for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            total += price[cover.site_rows[p]]
        collected[j] = total
    n_taken, part = _fill_limit(collected, cover.cost, limit, order)
    for k in range(n_taken):
        bound += collected[order[k]]
    if part > 0:
        bound += part * collected[order[n_taken]]
    return bound


@compiled
def _unit_price(collected, cost, limit, temperature, guess):
    """Return the price of a unit of the limit at which the parts of all sites together just meet it (Newton, bracketed)."""
    low, high = 0.0, 0.0
    for j in range(len(cost)):
        high = max(high, collected[j] / cost[j])
    high += 2 * _FADED * temperature
    unit = min(max(guess, low), high)
    for _ in range(60):
        excess, slope = -float(limit), 0.0
        for j in range(len(cost)):
            surplus = (collected[j] - unit * cost[j]) / temperature
            if surplus > _FADED:
                excess += cost[j]
            elif surplus > -_FADED:
                part = 1.0 / (1.0 + np.exp(-surplus))
                excess += cost[j] * part
                slope += cost[j] * cost[j] * part * (1.0 - part) / temperature
        if excess > 0:
            low = unit
        else:
            high = unit
        if abs(excess) < 1e-6 * limit or high - low < 1e-12 * high:
            break
        unit = unit + excess / slope if slope > 0 else -1.0
        if not low < unit < high:
            unit = 0.5 * (low + high)
    return unit


@compiled
def _share_out(cover, price, collected, limit, unit, temperature, share, served):
    """Fill in how far each site is open and how often each row is served at this unit price; return the smoothed bound."""
    smoothed = unit * limit
    for i in range(len(served)):
        smoothed += cover.weight[i] - price[i]
        served[i] = 0.0
    for j in range(len(collected)):
        surplus = (collected[j] - unit * cover.cost[j]) / temperature
        share[j] = 1.0 / (1.0 + np.exp(-surplus)) if surplus > -_FADED else 0.0
        if surplus > 0:
            smoothed += temperature * (surplus + np.log1p(np.exp(-surplus)))
        elif surplus > -_FADED:
            smoothed += temperature * np.log1p(np.exp(surplus))
        if share[j] > 1e-9:
            for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
                served[cover.site_rows[p]] += share[j]
    return smoothed
