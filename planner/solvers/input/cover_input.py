"""A covering problem as the caller gave it, checked: who is covered by which site, either way round, and the weights."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from planner.counting import total
from planner.kernels.cover import count_open, transpose
from planner.kernels.cover_parts import take_catchments
from planner.solvers.array_types import Bools, Floats, Int32s, Ints
from planner.solvers.input.validation import as_mask


@dataclass(frozen=True)
class CoverInput:
    """A checked coverage matrix in canonical CSR rows, and a weight for each of its demand points."""

    row_ptr: Ints
    row_sites: Int32s
    n_sites: int
    weights: Floats
    _by_site: list[Any] = field(default_factory=list, repr=False, compare=False)

    @property
    def total(self) -> float:
        """Weight of all demand points."""
        return total(self.weights)

    def covered_by(self, sites: Ints) -> Bools:
        """Return for every demand point whether one of `sites` covers it."""
        return self.times_covered(sites) > 0

    def times_covered(self, sites: Ints) -> Ints:
        """Return for every demand point how many of `sites` cover it."""
        return np.asarray(count_open(self.row_ptr, self.row_sites, as_mask(sites, self.n_sites)))

    @property
    def by_site(self) -> sparse.csc_array:
        """The matrix by site: `indices` of column j are the demand points that site j covers."""
        site_ptr, site_rows = self._columns()
        if len(self._by_site) == 1:
            ones = np.ones(len(site_rows), np.int8)
            self._by_site.append(sparse.csc_array((ones, site_rows, site_ptr), shape=(len(self.weights), self.n_sites)))
        return self._by_site[1]

    def only(self, sites: Ints) -> "CoverInput":
        """Return the same demand points with some sites alone, under their own numbers."""
        ptr, points = take_catchments(*self._columns(), sites)
        row_ptr, which = transpose(ptr, points, len(self.weights))
        return CoverInput(row_ptr, sites[which].astype(np.int32), self.n_sites, self.weights)

    def with_weights(self, weights: Floats) -> "CoverInput":
        """Return the same matrix with other weights."""
        return CoverInput(self.row_ptr, self.row_sites, self.n_sites, weights, self._by_site)

    def points_of(self, site: int) -> Int32s:
        """Return the demand points that a site covers."""
        site_ptr, site_rows = self._columns()
        return site_rows[site_ptr[site] : site_ptr[site + 1]]

    def _columns(self) -> tuple[Ints, Int32s]:
        if not self._by_site:
            self._by_site.append(transpose(self.row_ptr, self.row_sites, self.n_sites))
        return self._by_site[0]
