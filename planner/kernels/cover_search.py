"""Choosing sites of a `planner.kernels.cover.Cover`: greedily, by exchange, and by taking part of a choice down and up again.

All of it keeps what every site is worth up to date: for a site not open the weight it would newly cover, for an open one the
weight that it alone covers. Whatever is equal goes to the lowest index.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.kernels.compiled import compiled


class Choice(NamedTuple):
    """Open sites: how many cover each row, the sum of their numbers (the only one's, where it is one), what each is worth."""

    count: NDArray[np.int32]  # type: ignore[assignment]  # a tuple has a method of that name, which nobody needs here
    owner: NDArray[np.int64]
    is_open: NDArray[np.bool_]
    worth: NDArray[np.int64]


@compiled
def greedy(cover, limit, per_cost):
    """Return sites in the order in which they add most (or most for their cost) while the limit holds and any adds."""
    n_sites = len(cover.cost)
    gain = np.zeros(n_sites, np.int64)
    for j in range(n_sites):
        for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            gain[j] += cover.weight[cover.site_rows[p]]
    covered = np.zeros(len(cover.weight), np.bool_)
    chosen = np.empty(n_sites, np.int64)
    n = 0
    while True:
        best, best_score = -1, 0.0
        for j in range(n_sites):
            if gain[j] > 0 and cover.cost[j] <= limit:
                score = gain[j] / cover.cost[j] if per_cost else float(gain[j])
                if score > best_score or (score == best_score and gain[j] > gain[best]):
                    best, best_score = j, score
        if best < 0:
            return chosen[:n].copy()
        chosen[n] = best
        n += 1
        limit -= cover.cost[best]
        for p in range(cover.site_ptr[best], cover.site_ptr[best + 1]):
            i = cover.site_rows[p]
            if not covered[i]:
                covered[i] = True
                for q in range(cover.row_ptr[i], cover.row_ptr[i + 1]):
                    gain[cover.row_sites[q]] -= cover.weight[i]


@compiled
def opening_order(site_ptr, site_rows, weight, covered):
    """Return ``(order, gain)`` of all sites given, largest marginal gain first; lazily, as gains only ever fall.

    `covered` marks the rows covered before; the rows that the sites cover are marked in it.
    """
    n_sites = len(site_ptr) - 1
    order = np.empty(n_sites, np.int64)
    gain = np.empty(n_sites, np.int64)
    ceiling = np.full(n_sites, np.int64(2) ** 62)
    placed = np.zeros(n_sites, np.bool_)
    for k in range(n_sites):
        fresh = np.zeros(n_sites, np.bool_)
        while True:
            best = -1
            for j in range(n_sites):
                if not placed[j] and (best < 0 or ceiling[j] > ceiling[best]):
                    best = j
            if fresh[best]:
                break
            ceiling[best] = 0
            for p in range(site_ptr[best], site_ptr[best + 1]):
                if not covered[site_rows[p]]:
                    ceiling[best] += weight[site_rows[p]]
            fresh[best] = True
        order[k], gain[k], placed[best] = best, ceiling[best], True
        for p in range(site_ptr[best], site_ptr[best + 1]):
            covered[site_rows[p]] = True
    return order, gain


@compiled
def start_choice(cover, chosen):
    """Return the `Choice` that has the sites `chosen` open."""
    count = np.zeros(len(cover.weight), np.int32)
    owner = np.zeros(len(cover.weight), np.int64)
    is_open = np.zeros(len(cover.cost), np.bool_)
    worth = np.zeros(len(cover.cost), np.int64)
    for j in chosen:
        is_open[j] = True
        for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            count[cover.site_rows[p]] += 1
            owner[cover.site_rows[p]] += j
    for j in range(len(cover.cost)):
        for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            if count[cover.site_rows[p]] == is_open[j]:
                worth[j] += cover.weight[cover.site_rows[p]]
    return Choice(count, owner, is_open, worth)


@compiled
def exchange(cover, choice, candidates, room, work_limit):
    """Open a site where there is room, or in place of another, while that covers more; return ``(gained, room, work)``.

    `candidates` are tried in turn until none helps; `choice` is changed in place. `room` is what is left of the limit.
    """
    slots = np.empty(len(choice.is_open), np.int64)
    n_open = _list_open(choice, slots)
    overlap = np.zeros(len(choice.is_open), np.int64)
    gained, work, quiet, at = 0, 0, 0, 0
    while quiet < len(candidates) and work < work_limit:
        j = candidates[at]
        at = at + 1 if at + 1 < len(candidates) else 0
        quiet += 1
        if choice.is_open[j] or choice.worth[j] <= 0:
            continue
        if cover.cost[j] <= room:
            slots[n_open] = j
            n_open += 1
            room -= cover.cost[j]
            gained += choice.worth[j]
            work += _open(cover, choice, j)
            quiet = 0
            continue
        work += cover.site_ptr[j + 1] - cover.site_ptr[j] + n_open
        k, lost = _best_to_close(cover, choice, j, slots, n_open, cover.cost[j] - room, overlap)
        if k >= 0 and lost < choice.worth[j]:
            b = slots[k]
            gained += choice.worth[j] - lost
            room += cover.cost[b] - cover.cost[j]
            work += _close(cover, choice, b)
            work += _open(cover, choice, j)
            slots[k] = j
            quiet = 0
    return gained, room, work


@compiled
def ruin_and_recreate(cover, choice, allowed, room, seed, largest, work_limit):
    """Close a few neighbouring sites, open others by gain with some noise, exchange; keep what is no worse.

    `allowed` marks the sites that may be opened, `largest` is how many are closed at most. `choice` is changed in place.
    Return ``(gained, room, work)``.
    """
    n_sites = len(choice.is_open)
    opened = np.empty(n_sites, np.int64)
    n_open = _list_open(choice, opened)
    overlap = np.zeros(n_sites, np.int64)
    seen = np.zeros(n_sites, np.int64)
    near = np.empty(n_sites + 1, np.int64)
    closed = np.empty(largest, np.int64)
    fresh = np.empty(n_sites, np.int64)
    state = np.array([seed], np.uint64)
    total, work, turn = 0, 0, 0
    while work < work_limit and n_open > 0:
        turn += 1
        closed[0] = opened[_below(state, n_open)]
        n_closed = _pick_neighbours(cover, choice, opened, n_open, 2 + _below(state, largest - 1), closed, state)
        change, left = 0, room
        n_near = 0
        for k in range(n_closed):
            b = closed[k]
            change -= choice.worth[b]
            left += cover.cost[b]
            work += _close(cover, choice, b)
            for p in range(cover.site_ptr[b], cover.site_ptr[b + 1]):
                i = cover.site_rows[p]
                for q in range(cover.row_ptr[i], cover.row_ptr[i + 1]):
                    j = cover.row_sites[q]
                    if seen[j] != turn and allowed[j]:
                        seen[j] = turn
                        near[n_near] = j
                        n_near += 1
        best = -1
        for j in range(n_sites):
            may_open = allowed[j] and not choice.is_open[j] and cover.cost[j] <= left
            if may_open and (best < 0 or choice.worth[j] > choice.worth[best]):
                best = j
        if best >= 0 and seen[best] != turn:
            near[n_near] = best
            n_near += 1
        work += n_sites + n_near
        noise = 0.25 * _fraction(state)
        per_cost = _below(state, 2) == 1
        n_fresh = 0
        while True:
            best, best_score = -1, 0.0
            for t in range(n_near):
                j = near[t]
                if choice.worth[j] > 0 and cover.cost[j] <= left and not choice.is_open[j]:
                    score = choice.worth[j] * (1.0 - noise * _fraction(state))
                    if per_cost:
                        score /= cover.cost[j]
                    if score > best_score:
                        best, best_score = j, score
            work += n_near
            if best < 0:
                break
            change += choice.worth[best]
            left -= cover.cost[best]
            work += _open(cover, choice, best)
            fresh[n_fresh] = best
            n_fresh += 1
        better = True
        while better and n_fresh > 0:
            better = False
            for t in range(n_near):
                j = near[t]
                if choice.is_open[j] or choice.worth[j] <= 0:
                    continue
                work += cover.site_ptr[j + 1] - cover.site_ptr[j] + n_fresh
                k, lost = _best_to_close(cover, choice, j, fresh, n_fresh, cover.cost[j] - left, overlap)
                if k >= 0 and lost < choice.worth[j]:
                    b = fresh[k]
                    change += choice.worth[j] - lost
                    left += cover.cost[b] - cover.cost[j]
                    work += _close(cover, choice, b)
                    work += _open(cover, choice, j)
                    fresh[k] = j
                    better = True
        if change >= 0:
            total += change
            room = left
            n_open = _list_open(choice, opened)
        else:
            for k in range(n_fresh):
                work += _close(cover, choice, fresh[k])
            for k in range(n_closed):
                work += _open(cover, choice, closed[k])
    return total, room, work


@compiled
def neighbourhood(cover, choice, first, wanted, seed):
    """Return up to `wanted` open sites near the open site `first`, itself among them."""
    opened = np.empty(len(choice.is_open), np.int64)
    n_open = _list_open(choice, opened)
    picked = np.empty(max(wanted, 1), np.int64)
    picked[0] = first
    n = _pick_neighbours(cover, choice, opened, n_open, wanted, picked, np.array([seed], np.uint64))
    return picked[:n].copy()


@compiled
def _list_open(choice, listed):
    """Fill `listed` with the open sites, rising; return how many."""
    n = 0
    for j in range(len(choice.is_open)):
        if choice.is_open[j]:
            listed[n] = j
            n += 1
    return n


@compiled
def _open(cover, choice, j):
    """Open site j and return how many entries were visited."""
    worth, work = 0, 0
    for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        i = cover.site_rows[p]
        if choice.count[i] == 0:
            worth += cover.weight[i]
            for q in range(cover.row_ptr[i], cover.row_ptr[i + 1]):
                choice.worth[cover.row_sites[q]] -= cover.weight[i]
            work += cover.row_ptr[i + 1] - cover.row_ptr[i]
        elif choice.count[i] == 1:
            choice.worth[choice.owner[i]] -= cover.weight[i]
        choice.count[i] += 1
        choice.owner[i] += j
    choice.is_open[j] = True
    choice.worth[j] = worth
    return work + cover.site_ptr[j + 1] - cover.site_ptr[j]


@compiled
def _close(cover, choice, j):
    """Close site j and return how many entries were visited."""
    worth, work = 0, 0
    for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        i = cover.site_rows[p]
        choice.count[i] -= 1
        choice.owner[i] -= j
        if choice.count[i] == 0:
            worth += cover.weight[i]
            for q in range(cover.row_ptr[i], cover.row_ptr[i + 1]):
                choice.worth[cover.row_sites[q]] += cover.weight[i]
            work += cover.row_ptr[i + 1] - cover.row_ptr[i]
        elif choice.count[i] == 1:
            choice.worth[choice.owner[i]] += cover.weight[i]
    choice.is_open[j] = False
    choice.worth[j] = worth
    return work + cover.site_ptr[j + 1] - cover.site_ptr[j]


@compiled
def _best_to_close(cover, choice, j, slots, n_slots, least_cost, overlap):
    """Return ``(slot, lost)`` of the open site whose place j takes with the least loss, -1 where none frees `least_cost`."""
    for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        i = cover.site_rows[p]
        if choice.count[i] == 1:
            overlap[choice.owner[i]] += cover.weight[i]
    slot, lost = -1, np.int64(0)
    for k in range(n_slots):
        b = slots[k]
        if cover.cost[b] >= least_cost and (slot < 0 or choice.worth[b] - overlap[b] < lost):
            slot, lost = k, choice.worth[b] - overlap[b]
    for p in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        i = cover.site_rows[p]
        if choice.count[i] == 1:
            overlap[choice.owner[i]] = 0
    return slot, lost


@compiled
def _pick_neighbours(cover, choice, opened, n_open, wanted, picked, state):
    """Fill `picked` behind its first with open sites that lie near each other; return how many.

    They are found by walking from a site to one of its rows, to a site that covers it, to a row of that, to its only owner.
    """
    n = 1
    tries = 0
    while n < min(wanted, n_open):
        tries += 1
        if tries > 10 * wanted:
            found = opened[_below(state, n_open)]
        else:
            i = _some_row(cover, picked[_below(state, n)], state)
            j = cover.row_sites[cover.row_ptr[i] + _below(state, cover.row_ptr[i + 1] - cover.row_ptr[i])]
            i = _some_row(cover, j, state)
            if choice.count[i] != 1:
                continue
            found = choice.owner[i]
        known = False
        for k in range(n):
            known |= picked[k] == found
        if not known:
            picked[n] = found
            n += 1
        elif tries > 30 * wanted:
            break
    return n


@compiled
def _some_row(cover, j, state):
    return cover.site_rows[cover.site_ptr[j] + _below(state, cover.site_ptr[j + 1] - cover.site_ptr[j])]


@compiled
def _below(state, n):
    """Return a random whole number from 0 to n - 1 (splitmix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    x = state[0]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return np.int64(x >> np.uint64(33)) % max(n, 1)


@compiled
def _fraction(state):
    return _below(state, 1 << 30) / (1 << 30)
