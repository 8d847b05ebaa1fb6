"""How far the opening order hangs on the other sites and on the weights."""

from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Floats, Ints, Matrix
from planner.solvers.input.conditions import check_share
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.keywords import Limited, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import Faults, check_site_numbers, check_whole
from planner.solvers.search.opening_order import in_order


@dataclass(frozen=True)
class RankRanges:
    """The place of each chosen site in the opening order; one entry a site, in that order.

    Attributes
    ----------
    selected
        The sites.
    rank
        1 is first.
    rank_low, rank_high, rank_mean
        The lowest, highest and mean place when any other site is dropped and when weights are
        perturbed.
    """

    selected: Ints
    rank: Ints
    rank_low: Ints
    rank_high: Ints
    rank_mean: Floats


@takes(Limited)
def rank_ranges(
    cov: Matrix,
    weights: ArrayLike,
    chosen: ArrayLike,
    *,
    draws: int = 100,
    spread: float = 0.1,
    seed: int = 1,
    **binding: Unpack[Limited],
) -> RankRanges:
    """Return how the opening order of chosen sites moves when any of them is dropped and when weights vary.

    Weights are perturbed `draws` times, each by a factor drawn evenly from 1 - spread to 1 + spread. The rest is as in `explain`.

    Raises
    ------
    InputError
        As `explain`.
    """
    listed = np.empty(0, np.int64)

    def check(faults: Faults) -> None:
        nonlocal listed
        listed = check_site_numbers(chosen, cov.shape[1], "chosen", faults)
        check_whole(draws, "draws", faults)
        check_share(spread, "spread", faults)

    given, constraints, _ = check_problem(cov, weights, limited=False, check=check, **binding)
    order, _ = in_order(given, constraints.standing, np.setdiff1d(listed, constraints.standing))
    rank = np.arange(1, len(order) + 1)
    if not len(order):
        return RankRanges(order, rank, rank, rank, np.empty(0))
    ranks = _ranks(given, constraints, order, int(draws), spread, seed)
    low, high = (extreme(ranks, axis=0).astype(np.int64) for extreme in (np.nanmin, np.nanmax))
    return RankRanges(order, rank, low, high, np.nanmean(ranks, axis=0))


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
