"""Demand points that the same sites decide about, merged: the rows of every exact model."""

from dataclasses import dataclass

import numpy as np

from planner.kernels.cover import CLOSED, FREE, count_open, group_rows, pack_rows
from planner.solvers.array_types import Bools, Int32s, Ints
from planner.solvers.input.constraints import Constraints
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.reduction import ScaledWeights


@dataclass(frozen=True)
class MergedDemand:
    """Rows ``sites[ptr[g]:ptr[g + 1]]``, of which `need` must be open for `whole` weight to count; `zone` -1 for none.

    `base` is the weight that counts whatever is chosen, `base_zone` the same by zone, `group` the pattern of each demand
    point (negative for none).
    """

    ptr: Ints
    sites: Int32s
    whole: Ints
    need: Ints
    zone: Ints
    base: int
    base_zone: Ints
    group: Ints

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def size(self) -> Ints:
        """How many sites each pattern has."""
        return np.diff(self.ptr)

    @property
    def row_of(self) -> Ints:
        """The pattern of each stored pair."""
        return np.repeat(np.arange(len(self)), self.size)

    def met(self, is_open: Bools) -> Bools:
        """Return which rows count when some sites are open."""
        return np.asarray(count_open(self.ptr, self.sites, is_open) >= self.need)

    def weight_met(self, is_open: Bools) -> int:
        """Return the whole weight that counts when some sites are open."""
        return self.base + int(self.whole[self.met(is_open)].sum())

    def zones_met(self, is_open: Bools) -> Ints:
        """Return the whole weight that counts in each zone."""
        by_zone = self.base_zone.copy()
        counts = self.met(is_open) & (self.zone >= 0)
        np.add.at(by_zone, self.zone[counts], self.whole[counts])
        return by_zone


def merge_demand(
    given: CoverInput,
    scaled: ScaledWeights,
    constraints: Constraints,
    *,
    times: int = 1,
    all_sites: bool = False,
    by_zone: bool = False,
) -> MergedDemand:
    """Merge the demand points of a problem under its constraints.

    A point counts when `times` open sites cover it. With `all_sites` existing sites stay in the rows, as those do whose
    capacity is to be shared out. Zones are kept apart where floors bind, or `by_zone`.
    """
    nobody = np.empty(0, np.int64)
    count = given.times_covered(nobody if all_sites else constraints.existing)
    settled = count >= times
    wanted = constraints.zone if by_zone or constraints.floor is not None else None
    zone = np.full(len(count), -1) if wanted is None else wanted
    n_zones = int(zone.max(initial=-1)) + 1
    base_zone = np.zeros(n_zones, np.int64)
    inside = settled & (zone >= 0)
    np.add.at(base_zone, zone[inside], scaled.whole[inside])
    key, kinds = np.unique((times - np.minimum(count, times)) * (n_zones + 1) + zone + 1, return_inverse=True)
    status = np.full(given.n_sites + len(key), FREE, np.int8)
    status[constraints.forbidden] = CLOSED
    if not all_sites:
        status[constraints.existing] = CLOSED
    row_ptr, row_sites = given.row_ptr, given.row_sites
    if len(key) > 1:  # a column of its own for each kind keeps kinds apart
        row_sites = np.insert(row_sites, row_ptr[1:], (given.n_sites + kinds).astype(np.int32))
        row_ptr = row_ptr + np.arange(len(row_ptr))
    group, leader, whole, _ = group_rows(row_ptr, row_sites, np.where(settled, 0, scaled.whole), status)
    number = np.where(status == FREE, np.arange(len(status)), -1).astype(np.int32)
    number[given.n_sites :] = -1
    ptr, sites = pack_rows(row_ptr, row_sites, leader, number)
    need = times - np.minimum(count[leader], times)
    found = MergedDemand(ptr, sites, whole, need, zone[leader], int(scaled.whole[settled].sum()), base_zone, group)
    return _without_hopeless(found)


def _without_hopeless(merged: MergedDemand) -> MergedDemand:
    kept = merged.size >= merged.need
    if kept.all():
        return merged
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    group = np.where(merged.group >= 0, number[merged.group], -1)
    return MergedDemand(
        np.concatenate(([0], np.cumsum(merged.size[kept]))),
        merged.sites[kept[merged.row_of]],
        merged.whole[kept],
        merged.need[kept],
        merged.zone[kept],
        merged.base,
        merged.base_zone,
        group,
    )
