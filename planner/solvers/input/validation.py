"""What a caller gave, checked once where it enters, all faults named together; and what is read off it directly."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from planner.counting import total
from planner.errors import InputError
from planner.kernels.cover import count_open, transpose
from planner.kernels.cover_parts import take_catchments
from planner.solvers.array_types import Bools, Floats, Int32s, Ints
from planner.solvers.stopping import SearchLimits
from planner.texts import Sentence


class Faults:
    """The faults of an input, gathered to be named together."""

    def __init__(self) -> None:
        self._sentences: list[Sentence] = []

    def add(self, code: str, **params: Any) -> None:
        """Note one fault: entry `code` of the catalogue ``siting``."""
        self._sentences.append(Sentence(f"siting.{code}", params))

    def __bool__(self) -> bool:
        return bool(self._sentences)

    def refuse(self) -> None:
        """Raise all faults noted so far as one `InputError`."""
        if self._sentences:
            raise InputError("siting.faults", faults=self._sentences)


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


def check_cover(cov: Any, faults: Faults) -> tuple[int, int]:
    """Return the shape of a coverage matrix; anything but a sparse array is refused at once."""
    if not sparse.issparse(cov):
        faults.add("not_sparse", kind=type(cov).__name__)
        faults.refuse()
    if cov.dtype.kind not in "biu":
        faults.add("float_cover", dtype=str(cov.dtype))
    return cov.shape


def check_search_limits(limits: SearchLimits, faults: Faults) -> None:
    """Check how hard to look."""
    if not 0 <= limits.gap < 1:
        faults.add("bad_gap", gap=limits.gap)
    if not limits.time_limit_s > 0:
        faults.add("bad_time", time_limit_s=limits.time_limit_s)


def check_whole(number: Any, name: str, faults: Faults) -> None:
    """Check a whole number of 0 or more."""
    is_number = isinstance(number, int | float | np.integer | np.floating) and not isinstance(number, bool)
    if not is_number or not np.isfinite(number) or int(number) != number or number < 0:
        faults.add("bad_count", name=name, number=number)


def check_limit(sites: Any, budget: Any, costs: Any, faults: Faults) -> None:
    """Check that there is exactly one limit, and that it can be one."""
    if (sites is None) == (budget is None):
        faults.add("one_limit")
    elif sites is not None:
        check_whole(sites, "sites", faults)
    elif not (np.isfinite(budget) and budget >= 0):
        faults.add("bad_budget", budget=budget)
    if budget is not None and costs is None:
        faults.add("no_costs")


def check_numbers(given: ArrayLike, length: int, name: str, faults: Faults) -> Floats:
    """Return so many finite numbers of 0 or more."""
    values = np.asarray(given)
    if values.shape != (length,) or values.dtype.kind not in "biuf":
        faults.add("bad_shape", name=name, shape=values.shape, length=length)
        return np.zeros(length)
    values = values.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        faults.add("bad_numbers", name=name, count=len(bad), first=int(bad[0]), value=float(values[bad[0]]))
        return np.zeros(length)
    return values


def check_site_numbers(given: ArrayLike, n_sites: int, name: str, faults: Faults) -> Ints:
    """Return numbers of sites, rising and each once."""
    numbers = np.asarray(given)
    if numbers.size == 0:
        return np.empty(0, np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        faults.add("not_numbers", name=name, kind=str(numbers.dtype))
        return np.empty(0, np.int64)
    if numbers.min() < 0 or numbers.max() >= n_sites:
        outside = numbers[(numbers < 0) | (numbers >= n_sites)]
        faults.add("no_such_site", name=name, site=int(outside[0]), n_sites=n_sites)
        return np.empty(0, np.int64)
    return np.unique(numbers).astype(np.int64)


def as_mask(sites: Ints, n_sites: int) -> Bools:
    """Return which sites are among some numbers."""
    mask = np.zeros(n_sites, bool)
    mask[sites] = True
    return mask
