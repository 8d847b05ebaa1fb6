"""The least person-seconds with so many sites: covering of time levels, and filled up to the number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.solvers.exact.constrained_coverage import cover_most
from planner.solvers.input.constraints import Terms
from planner.solvers.input.effort import Effort
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.times import Times, levels
from planner.solvers.input.validation import Given, total
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import Guard


@dataclass(frozen=True)
class Median:
    """The new sites in opening order, what stays open, person-seconds, their bound, and the seconds of every point."""

    selected: NDArray[np.int64]
    stays: NDArray[np.int64]
    value: float
    bound: float
    seconds: NDArray[np.float64]


def lacks_time(times: Times, weights: NDArray[np.float64], terms: Terms, sites: int) -> bool:
    """Return whether some choice leaves people without an entry from an open site.

    Nobody is where a site that stays open reaches them, or where more sites do than can stay shut.
    """
    usable = np.zeros(times.shape[1], bool)
    usable[terms.new] = True
    always = np.isin(times.site, np.union1d(terms.existing, terms.required))
    reached = np.zeros(times.shape[0], np.int64)
    np.add.at(reached, times.row[usable[times.site]], 1)
    served = np.zeros(times.shape[0], bool)
    served[times.row[always]] = True
    shut = len(terms.new) - min(sites, len(terms.new)) if terms.is_plain else len(terms.new)
    return bool(((weights > 0) & ~served & (reached <= shut)).any())


def least_time(
    times: Times, weights: NDArray[np.float64], terms: Terms, unserved_s: float, effort: Effort
) -> tuple[Median, Guard]:
    """Return the sites that leave the least person-seconds, and the guard; whom no open site reaches costs `unserved_s`."""
    fixed = np.minimum(times.nearest(terms.existing), unserved_s)
    usable = np.zeros(times.shape[1], bool)
    usable[np.union1d(terms.closable, terms.new)] = True
    saved, _ = levels(times.some(usable[times.site]), weights, fixed)
    everything = total(weights * fixed)
    scaled = scale_weights(saved.weights)
    guard = effort.guard(lambda whole: everything - scaled.real(whole))

    def told(value: float, bound: float) -> None:
        if effort.progress is not None:
            effort.progress(everything - value, everything - bound)

    found = cover_most(saved, terms, guard, effort.seed, scaled=scaled, told=told)
    is_open = filled(saved, terms, found.is_open)
    stays = terms.standing[is_open[terms.standing]]
    selected, _ = in_order(saved, stays, np.setdiff1d(np.flatnonzero(is_open), terms.standing))
    seconds = times.nearest(np.flatnonzero(is_open))
    value = total(weights * np.minimum(seconds, unserved_s))
    rounding = 4e-16 * everything if scaled.unit == 1 else 0.0
    bound = min(max(everything - found.bound - rounding, 0.0), value)
    guard.close(value, bound)
    return Median(selected, stays, value, bound, seconds), guard


def filled(given: Given, terms: Terms, is_open: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Open further sites, by gain and then by number, until the number is reached or the conditions allow no more."""
    is_open = is_open.copy()
    new = np.zeros(terms.n_sites, bool)
    new[terms.new] = True
    covered = given.covered_by(np.flatnonzero(is_open))
    waiting = set(np.flatnonzero(new & ~is_open).tolist())
    while waiting and (terms.sites is None or np.count_nonzero(is_open & new) < terms.sites):
        left = np.where(covered, 0.0, given.weights)
        gain = left @ given.by_site if left.any() else np.zeros(terms.n_sites)
        j = min(waiting, key=lambda k: (-gain[k], k))
        waiting.discard(j)
        is_open[j] = True
        if terms.broken(is_open):
            is_open[j] = False
        else:
            covered[given.points_of(j)] = True
    return is_open
