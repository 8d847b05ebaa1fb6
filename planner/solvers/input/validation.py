"""What a caller gave, checked once where it enters, all faults named together; and what is read off it directly."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from planner.errors import InputError
from planner.solvers.array_types import Bools, Floats, Ints
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
