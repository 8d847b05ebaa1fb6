"""Counting people and coverage, on arrays alone: how many sites cover whom, and what weights come to.

Every count in the house comes from here: the solvers and their worker processes need no more of it than this.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planner.kernels.cover import count_open

_EXACT = 2.0**53  # whole numbers up to here add up to the last digit in any order


def times_covered(cov: sparse.sparray | sparse.spmatrix, sites: ArrayLike) -> NDArray[np.int64]:
    """Return how many of some sites cover each demand point, shape (n_demand,).

    `cov`: sparse array of bool or integers, shape (n_demand, n_sites), nonzero where a site covers a demand point; `sites`:
    their numbers, shape (n,), each counted once.
    """
    is_open = np.zeros(cov.shape[1], bool)
    is_open[np.asarray(sites, np.int64)] = True
    return np.asarray(count_open(*canonical_rows(cov), is_open))


def canonical_rows(cov: Any) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return CSR rows with rising columns, each once, without stored zeros; the caller's matrix stays as it is."""
    rows = sparse.csr_array(cov, copy=False)
    if not (rows.has_canonical_format and rows.data.all()):
        rows = sparse.csr_array(rows, copy=True)
        rows.data = (rows.data != 0).astype(np.int8)
        rows.eliminate_zeros()
        rows.sum_duplicates()
    # read only, so that what fits is taken as it is: copies of 100 million numbers cost more than the proof
    return np.ascontiguousarray(rows.indptr, np.int64), np.ascontiguousarray(rows.indices, np.int32)


def total(weights: ArrayLike, chosen: ArrayLike | None = None) -> float:
    """Return the sum of weights (of those `chosen`, a boolean mask), rounded once, whatever the order of addition."""
    values = np.asarray(weights, float).ravel()
    if chosen is not None:
        values = values[np.asarray(chosen, bool).ravel()]
    simple = float(values.sum())
    if abs(simple) < _EXACT and (values == np.floor(values)).all() and (values >= 0).all():
        return simple
    return math.fsum(values.tolist())
