"""What each facility does for people: whom it serves, whom it alone serves, what losing it costs, and what could replace it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


@dataclass(frozen=True)
class SiteFacts:
    """Facts on the chosen sites in opening order, one entry a site.

    `gain`: people newly covered, `cumulative`: the sum of gains so far, by group. `loss_if_dropped`: people of the main group
    nobody else would serve; `replacement`: the facility that would make up most of it (-1: none) and `replacement_loss`, what
    would still be lost with it.
    """

    gain: dict[str, NDArray[np.float64]]
    cumulative: dict[str, NDArray[np.float64]]
    loss_if_dropped: NDArray[np.float64]
    replacement: NDArray[np.int64]
    replacement_loss: NDArray[np.float64]


def gains_in_order(
    cover: sparse.csr_array, weights: NDArray[np.float64], before: NDArray[np.bool_], order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the people that each facility in `order` newly covers, those `before` being covered already."""
    by_site = cover.tocsc()
    covered = before.copy()
    gains = np.zeros(len(order))
    for rank, site in enumerate(order):
        points = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        fresh = points[~covered[points]]
        gains[rank] = weights[fresh].sum()
        covered[fresh] = True
    return gains


def explain_sites(
    cover_of: dict[str, sparse.csr_array],
    weights_of: dict[str, NDArray[np.float64]],
    *,
    main: str,
    existing: NDArray[np.int64],
    selected: NDArray[np.int64],
    free: NDArray[np.int64],
) -> SiteFacts:
    """Explain the chosen sites `selected` (in opening order); `free` are the candidates that could stand in for one."""
    gain, cumulative = {}, {}
    for group, cover in cover_of.items():
        gain[group] = gains_in_order(cover, weights_of[group], _covered(cover, existing), selected)
        cumulative[group] = np.cumsum(gain[group])
    cover, weights = cover_of[main], weights_of[main]
    count = _count(cover, np.concatenate((existing, selected)))
    by_site, matrix = cover.tocsc(), cover.astype(np.float64)
    uncovered_gain = np.asarray((weights * (count == 0)) @ matrix)[free]
    loss = np.zeros(len(selected))
    replacement = np.full(len(selected), -1)
    replacement_loss = np.zeros(len(selected))
    for rank, site in enumerate(selected):
        points = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        alone = np.zeros(len(weights))
        alone[points] = weights[points] * (count[points] == 1)
        loss[rank] = alone.sum()
        replacement_loss[rank] = loss[rank]
        if len(free):
            made_up = uncovered_gain + np.asarray(alone @ matrix)[free]
            best = int(np.argmax(made_up))
            if made_up[best] > 0:
                replacement[rank] = free[best]
                replacement_loss[rank] = loss[rank] - made_up[best]
    return SiteFacts(gain, cumulative, loss, replacement, replacement_loss)


def _count(cover: sparse.csr_array, facilities: NDArray[np.int64]) -> NDArray[np.int64]:
    chosen = np.zeros(cover.shape[1], np.int64)
    chosen[facilities] = 1
    return np.asarray(cover.astype(np.int64) @ chosen)


def _covered(cover: sparse.csr_array, facilities: NDArray[np.int64]) -> NDArray[np.bool_]:
    return _count(cover, facilities) > 0
