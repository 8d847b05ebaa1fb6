"""Why these sites: what each gains and for whom, what losing it costs, who could stand in, how firm its rank is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Floats, Ints, Matrix
from planner.solvers.input.conditions import NOTHING_MORE, Conditions, check_share, check_zones
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import CoverInput, Faults, check_numbers, check_site_numbers, check_whole, total
from planner.solvers.search.opening_order import in_order
from planner.solvers.stopping import SearchLimits


@dataclass(frozen=True)
class Explanation:
    """What is to be said of each chosen site; one entry a site, in opening order.

    selected : the sites.
    gain, gain_by_zone : by group, the people newly covered when it opens, shape (n,), and the same by zone, (n, n_zones).
    reached, overlap : weight within its reach, and the part of it that another open site reaches too.
    loss_if_dropped : weight that nobody else covers.
    replacement, replacement_loss : the site that would make up most of that (-1 for none), and what would be lost still
        (below 0 where it covers more).
    rank, rank_low, rank_high, rank_mean : its place in the opening order (1 is first), and the lowest, highest and mean place
        when any other site is dropped and when weights are perturbed.
    """

    selected: Ints
    gain: dict[str, Floats]
    gain_by_zone: dict[str, Floats]
    reached: Floats
    overlap: Floats
    loss_if_dropped: Floats
    replacement: Ints
    replacement_loss: Floats
    rank: Ints
    rank_low: Ints
    rank_high: Ints
    rank_mean: Floats


def explain(
    cov: Matrix,
    weights: ArrayLike,
    chosen: ArrayLike,
    *,
    groups: Mapping[str, ArrayLike] | None = None,
    zones: ArrayLike | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    required: ArrayLike = (),
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    conditions: Conditions = NOTHING_MORE,
    draws: int = 100,
    spread: float = 0.1,
    seed: int = 1,
) -> Explanation:
    """Explain chosen sites.

    Parameters
    ----------
    cov, weights, budget, costs, required, forbidden, existing, conditions : as in `max_coverage`. A replacement keeps to them.
    chosen : numbers of the chosen sites; existing ones among them are passed over.
    groups : weights of population groups, each of shape (n_demand,); `weights` alone, named "total", where left out.
    zones : the zone of each demand point, -1 for none; one zone for everybody where left out.
    draws, spread : how often weights are perturbed, each by a factor drawn evenly from 1 - spread to 1 + spread.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    """
    n_demand = cov.shape[0] if hasattr(cov, "shape") else 0
    by_group: dict[str, Floats] = {}
    place = np.zeros(n_demand, np.int64)
    listed = np.empty(0, np.int64)

    def check(faults: Faults) -> None:
        nonlocal place, listed
        for name, given_weights in (groups or {}).items():
            by_group[name] = check_numbers(given_weights, n_demand, f"groups[{name}]", faults)
        if zones is not None:
            checked = check_zones(zones, n_demand, "zones", faults)
            place = place if checked is None else checked
        listed = check_site_numbers(chosen, cov.shape[1], "chosen", faults)
        check_whole(draws, "draws", faults)
        check_share(spread, "spread", faults)

    given, constraints = check_problem(
        cov,
        weights,
        conditions,
        SearchLimits(),
        budget=budget,
        costs=costs,
        limited=False,
        required=(),
        forbidden=forbidden,
        existing=existing,
        check=check,
    )
    sites = np.setdiff1d(listed, constraints.standing)
    order, _ = in_order(given, constraints.standing, sites)
    by_group = by_group or {"total": given.weights}
    gain, by_zone = _gains(given, constraints, order, by_group, place)
    reached, overlap, loss = _reach(given, constraints, order)
    replacement, still_lost = _replacements(given, constraints, order, loss, np.asarray(required, np.int64).ravel())
    ranks = _ranks(given, constraints, order, draws, spread, seed)
    return Explanation(
        selected=order,
        gain=gain,
        gain_by_zone=by_zone,
        reached=reached,
        overlap=overlap,
        loss_if_dropped=loss,
        replacement=replacement,
        replacement_loss=still_lost,
        rank=np.arange(1, len(order) + 1),
        rank_low=np.nanmin(ranks, axis=0).astype(np.int64) if len(order) else np.empty(0, np.int64),
        rank_high=np.nanmax(ranks, axis=0).astype(np.int64) if len(order) else np.empty(0, np.int64),
        rank_mean=np.nanmean(ranks, axis=0) if len(order) else np.empty(0),
    )


def _gains(
    given: CoverInput,
    constraints: Constraints,
    order: Ints,
    by_group: dict[str, Floats],
    place: Ints,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    covered = given.covered_by(constraints.standing)
    n_zones = int(place.max(initial=-1)) + 1
    gain = {group: np.zeros(len(order)) for group in by_group}
    by_zone = {group: np.zeros((len(order), n_zones)) for group in by_group}
    for k, j in enumerate(order):
        points = given.points_of(j)
        fresh = points[~covered[points]]
        for group, weights in by_group.items():
            gain[group][k] = total(weights[fresh])
            inside = fresh[place[fresh] >= 0]
            by_zone[group][k] = np.bincount(place[inside], weights[inside], n_zones)
        covered[fresh] = True
    return gain, by_zone


def _reach(given: CoverInput, constraints: Constraints, order: Ints) -> tuple[Floats, ...]:
    count = given.times_covered(np.concatenate((constraints.standing, order)))
    reached, overlap, loss = np.zeros(len(order)), np.zeros(len(order)), np.zeros(len(order))
    for k, j in enumerate(order):
        points = given.points_of(j)
        weights = given.weights[points]
        reached[k], overlap[k] = total(weights), total(weights[count[points] > 1])
        loss[k] = total(weights[count[points] == 1])
    return reached, overlap, loss


def _replacements(
    given: CoverInput, constraints: Constraints, order: Ints, loss: Floats, required: Ints
) -> tuple[Ints, Floats]:
    """Return who would make up most for each site: of alike ones the lowest number, conditions kept where they are now."""
    is_open = np.zeros(given.n_sites, bool)
    is_open[constraints.standing] = is_open[order] = True
    count = given.times_covered(np.flatnonzero(is_open))
    already = set(constraints.broken(is_open))
    free = np.setdiff1d(constraints.new, order)
    uncovered = np.where(count == 0, given.weights, 0.0) @ given.by_site
    best, still = np.full(len(order), -1), loss.copy()
    for k, j in enumerate(order):
        points = given.points_of(j)
        alone = np.zeros(len(given.weights))
        alone[points] = np.where(count[points] == 1, given.weights[points], 0.0)
        made_up = (uncovered + alone @ given.by_site)[free]
        for place in np.argsort(-made_up, kind="stable"):
            if made_up[place] <= 0:
                break
            swapped = is_open.copy()
            swapped[j], swapped[free[place]] = False, True
            if set(constraints.broken(swapped)) <= already and j not in required:
                best[k], still[k] = free[place], loss[k] - made_up[place]
                break
    return best, still


def _ranks(given: CoverInput, constraints: Constraints, order: Ints, draws: int, spread: float, seed: int) -> Floats:
    """Return the rank of each site: as it stands, with each other site dropped, and with weights perturbed."""
    rng = np.random.default_rng(seed)
    column = {int(j): k for k, j in enumerate(order)}
    ranks = np.full((1 + len(order) + draws, len(order)), np.nan)
    ranks[0] = np.arange(1, len(order) + 1)
    for k in range(len(order)):
        for rank, j in enumerate(in_order(given, constraints.standing, np.delete(order, k))[0], start=1):
            ranks[1 + k, column[int(j)]] = rank
    for draw in range(draws):
        weights = given.weights * rng.uniform(1 - spread, 1 + spread, len(given.weights))
        varied = given.with_weights(weights)
        for rank, j in enumerate(in_order(varied, constraints.standing, order)[0], start=1):
            ranks[1 + len(order) + draw, column[int(j)]] = rank
    return ranks
