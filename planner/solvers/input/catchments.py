"""Catchments of some sites: asked for in parts, checked as they come, kept where they may matter."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from planner.kernels.cover_parts import are_catchments, take_catchments
from planner.solvers.array_types import AnyInts, Bools, Int32s, Ints
from planner.solvers.input.validation import Faults

Catchments = Callable[[Ints], Iterable[tuple[AnyInts, AnyInts]]]
"""From numbers of sites to parts ``(ptr, rows)`` that hold their catchments in the same order."""

CatchmentPool = tuple[Ints, Ints, Int32s]
"""Sites, rising, and their catchments: ``(sites, ptr, rows)``."""

_CROWDED = 1.3  # times the pairs that may be kept, before those that collect least are let go


class KeptCatchments:
    """Sites whose catchments are kept, with what each collects; `least` is what a site must collect to be kept."""

    def __init__(self, most_pairs: int, least: int) -> None:
        self.least = least
        self._most_pairs = most_pairs
        self._parts: list[tuple[Ints, Ints, Ints, Int32s]] = []

    @property
    def sites(self) -> Ints:
        """The sites that are kept."""
        return np.concatenate([np.empty(0, np.int64), *(part[0] for part in self._parts)])

    def add(self, sites: Ints, collected: Ints, ptr: Ints, rows: Int32s) -> None:
        """Keep those of a part that collect enough."""
        which = np.flatnonzero(collected >= self.least)
        if len(which):
            self._parts.append((sites[which], collected[which], *take_catchments(ptr, rows, which)))
        if sum(len(part[3]) for part in self._parts) > _CROWDED * self._most_pairs:
            self.thin()

    def thin(self, always: Ints | None = None) -> None:
        """Let those go that collect least, until no more pairs are kept than may be; `always` stay."""
        if not self._parts:
            return
        sites, collected = (np.concatenate([part[k] for part in self._parts]) for k in (0, 1))
        size = np.concatenate([np.diff(part[2]) for part in self._parts])
        if int(size.sum()) <= self._most_pairs:
            return
        stays = np.zeros(len(sites), bool) if always is None else np.isin(sites, always)
        order = np.lexsort((sites, -collected, ~stays))
        within = np.cumsum(size[order]) <= self._most_pairs
        keep = np.zeros(len(sites), bool)
        keep[order[within]] = True
        keep |= stays
        if not within.all():
            self.least = max(self.least, int(collected[order[int(np.argmin(within))]]) + 1)
        at, parts = 0, []
        for name, value, ptr, rows in self._parts:
            which = np.flatnonzero(keep[at : at + len(name)])
            at += len(name)
            if len(which):
                parts.append((name[which], value[which], *take_catchments(ptr, rows, which)))
        self._parts = parts

    def pool(self) -> CatchmentPool:
        """Return ``(sites, ptr, rows)`` of all that are kept, by number of site; nothing is kept here any more."""
        parts, self._parts = self._parts, []
        if not parts:
            return np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.int32)
        sites = np.concatenate([part[0] for part in parts])
        ptr = np.concatenate(([0], np.cumsum(np.concatenate([np.diff(part[2]) for part in parts]))))
        rows = np.concatenate([part[3] for part in parts])
        order = np.argsort(sites, kind="stable")
        if (order[1:] > order[:-1]).all():
            return sites, ptr, rows
        return sites[order], *take_catchments(ptr, rows, order)


def checked_parts(catchments_of: Catchments, sites: Ints, last_seen: Ints) -> Iterator[CatchmentPool]:
    """Yield ``(sites, ptr, rows)`` of the parts that hold some sites' catchments, each checked.

    `last_seen`, one number a row, is changed.

    Raises
    ------
    InputError
        A part names a row that is not there or a row twice, or there are too few or too many catchments.
    """
    at, stamp = 0, int(last_seen.max(initial=-1)) + 1
    for given_ptr, given_rows in catchments_of(sites) if len(sites) else ():
        ptr, rows = np.ascontiguousarray(given_ptr, np.int64), np.ascontiguousarray(given_rows, np.int32)
        n = len(ptr) - 1
        if n < 0 or at + n > len(sites) or not are_catchments(ptr, rows, len(last_seen), last_seen, stamp):
            _refuse("bad_catchments", at=at)
        yield sites[at : at + n], ptr, rows
        at, stamp = at + n, stamp + n
    if at != len(sites):
        _refuse("few_catchments", came=at, wanted=len(sites))


def covered_by(catchments_of: Catchments, sites: Ints, n_rows: int) -> Bools:
    """Return which rows some sites cover."""
    covered = np.zeros(n_rows, bool)
    for _, _, rows in checked_parts(catchments_of, sites, np.full(n_rows, -1, np.int64)):
        covered[rows] = True
    return covered


def _refuse(code: str, **params: int) -> None:
    faults = Faults()
    faults.add(code, **params)
    faults.refuse()
