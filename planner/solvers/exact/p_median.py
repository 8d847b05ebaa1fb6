"""The least person-seconds with so many sites: covering of time levels, and filled up to the number."""

from dataclasses import dataclass

import numpy as np

from planner.counting import total
from planner.solvers.array_types import Bools, Floats, Ints
from planner.solvers.exact.constrained_coverage import solve_coverage
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import scale_weights
from planner.solvers.input.travel_times import TravelTimes, time_levels
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import SearchLimits, StoppingRule


@dataclass(frozen=True)
class SolvedMedian:
    """The new sites in opening order, what stays open, person-seconds, their bound, and the seconds of every point."""

    selected: Ints
    stays: Ints
    value: float
    bound: float
    seconds: Floats


def lacks_time(times: TravelTimes, weights: Floats, constraints: Constraints, sites: int) -> bool:
    """Return whether some choice leaves people without an entry from an open site.

    Nobody is where a site that stays open reaches them, or where more sites do than can stay shut.
    """
    usable = np.zeros(times.shape[1], bool)
    usable[constraints.new] = True
    always = np.isin(times.site, np.union1d(constraints.existing, constraints.required))
    reached = np.zeros(times.shape[0], np.int64)
    np.add.at(reached, times.row[usable[times.site]], 1)
    served = np.zeros(times.shape[0], bool)
    served[times.row[always]] = True
    shut = len(constraints.new) - min(sites, len(constraints.new)) if constraints.is_plain else len(constraints.new)
    return bool(((weights > 0) & ~served & (reached <= shut)).any())


def solve_p_median(
    times: TravelTimes, weights: Floats, constraints: Constraints, unserved_s: float, limits: SearchLimits
) -> tuple[SolvedMedian, StoppingRule]:
    """Return the sites of least person-seconds, and the stopping rule; whom no open site reaches costs `unserved_s`."""
    fixed = np.minimum(times.nearest(constraints.existing), unserved_s)
    usable = np.zeros(times.shape[1], bool)
    usable[np.union1d(constraints.closable, constraints.new)] = True
    saved, _ = time_levels(times.some(usable[times.site]), weights, fixed)
    everything = total(weights * fixed)
    scaled = scale_weights(saved.weights)
    stopping = limits.start(lambda whole: everything - scaled.real(whole))

    def told(value: float, bound: float) -> None:
        if limits.progress is not None:
            limits.progress(everything - value, everything - bound)

    found = solve_coverage(saved, constraints, stopping, limits.seed, scaled=scaled, told=told)
    is_open = filled(saved, constraints, found.is_open)
    stays = constraints.standing[is_open[constraints.standing]]
    selected, _ = in_order(saved, stays, np.setdiff1d(np.flatnonzero(is_open), constraints.standing))
    seconds = times.nearest(np.flatnonzero(is_open))
    value = total(weights * np.minimum(seconds, unserved_s))
    rounding = 4e-16 * everything if scaled.unit == 1 else 0.0
    bound = min(max(everything - found.bound - rounding, 0.0), value)
    stopping.close(value, bound)
    return SolvedMedian(selected, stays, value, bound, seconds), stopping


def filled(given: CoverInput, constraints: Constraints, is_open: Bools) -> Bools:
    """Open further sites, by gain and then by number, until the number is reached or the conditions allow no more."""
    is_open = is_open.copy()
    new = np.zeros(constraints.n_sites, bool)
    new[constraints.new] = True
    covered = given.covered_by(np.flatnonzero(is_open))
    waiting = set(np.flatnonzero(new & ~is_open).tolist())
    while waiting and (constraints.sites is None or np.count_nonzero(is_open & new) < constraints.sites):
        left = np.where(covered, 0.0, given.weights)
        gain = left @ given.by_site if left.any() else np.zeros(constraints.n_sites)
        j = min(waiting, key=lambda k: (-gain[k], k))
        waiting.discard(j)
        is_open[j] = True
        if constraints.broken(is_open):
            is_open[j] = False
        else:
            covered[given.points_of(j)] = True
    return is_open
