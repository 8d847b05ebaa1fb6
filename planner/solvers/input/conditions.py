"""Side conditions as a caller states them, and the checks of their parts.

What stands already breaks nothing: a condition binds what is newly opened, so two existing centres may lie as near each
other as they do, and a zone that has more than it may gets no more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Floats, Ints
from planner.solvers.input.validation import Faults, check_numbers

PerZone = float | Mapping[int, float] | ArrayLike


@dataclass(frozen=True)
class Conditions:
    """What a choice of sites must keep to besides its number or budget; what is left out does not bind.

    closable, closures : numbers of existing sites that may close, and how many of them at most (any number if left out).
    exclusive : groups of site numbers; of each at most one is open. Existing ones may stay.
    conflicts : shape (n, 2), pairs of sites that are not both opened.
    site_xy_m, spacing_m : coordinates of the sites, shape (n_sites, 2), and how far apart they lie at least: nearer pairs
        conflict.
    site_zones, at_least, at_most : the zone of each site (whole numbers; -1 for none), and how many are open in each zone,
        those that stand counted: one number for all zones, a mapping from zone to number, or an array by zone.
    zones, floor : the zone of each demand point, and the share of its weight that is covered at least, given likewise.
    capacity : shape (n_sites,), the weight that each site can serve; inf for any.
    """

    closable: ArrayLike = ()
    closures: int | None = None
    exclusive: Sequence[ArrayLike] = ()
    conflicts: ArrayLike = ()
    site_xy_m: ArrayLike | None = None
    spacing_m: float | None = None
    site_zones: ArrayLike | None = None
    at_least: PerZone | None = None
    at_most: PerZone | None = None
    zones: ArrayLike | None = None
    floor: PerZone | None = None
    capacity: ArrayLike | None = None

    def without(self, family: str) -> "Conditions":
        """Return the conditions with one family left out."""
        return replace(self, **_LEFT_OUT[family])


_LEFT_OUT: dict[str, dict[str, Any]] = {
    "closures": {"closures": None},
    "exclusive": {"exclusive": ()},
    "conflicts": {"conflicts": ()},
    "spacing": {"spacing_m": None},
    "at_least": {"at_least": None},
    "at_most": {"at_most": None},
    "floor": {"floor": None},
    "capacity": {"capacity": None},
}


NOTHING_MORE = Conditions()
"""No side conditions."""


def check_zones(given: ArrayLike | None, length: int, name: str, faults: Faults) -> Ints | None:
    """Return the zone of each point or site; -1 for none."""
    zone = np.asarray(given) if given is not None else np.empty(0, float)
    if zone.shape != (length,) or (zone.dtype.kind not in "iu" and length):
        faults.add("bad_zones", name=name, length=length, shape=zone.shape, kind=str(zone.dtype))
        return None
    return np.maximum(zone.astype(np.int64), -1)


def per_zone(
    given: PerZone | None, zone: Ints, name: str, faults: Faults, check: Callable[[Any, str, Faults], None]
) -> list[tuple[int, float]]:
    """Return ``(zone, number)`` of what was given for all zones at once, as a mapping, or as an array by zone."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        items: list[tuple[int, Any]] = [(int(k), v) for k, v in given.items()]
    elif np.ndim(given) == 0:
        items = [(k, given) for k in np.unique(zone[zone >= 0]).tolist()]
    else:
        items = list(enumerate(np.asarray(given).tolist()))
        items = [(k, v) for k, v in items if not (isinstance(v, float) and np.isnan(v))]
    for k, value in items:
        check(value, name, faults)
        if k < 0:
            faults.add("bad_zone_number", name=name, zone=k)
        if faults:
            return []
    return sorted((k, float(v)) for k, v in items)


def check_share(value: Any, name: str, faults: Faults) -> None:
    """Check a share from 0 to 1."""
    if not isinstance(value, int | float | np.integer | np.floating) or not 0 <= value <= 1:
        faults.add("bad_share", name=name, share=value)


def check_capacities(given: ArrayLike, n_sites: int, faults: Faults) -> Floats:
    """Return the weight that each site can serve; inf is allowed."""
    capacity = np.asarray(given, float)
    if capacity.shape != (n_sites,):
        return check_numbers(given, n_sites, "capacity", faults)
    check_numbers(np.where(np.isposinf(capacity), 0.0, capacity), n_sites, "capacity", faults)
    return capacity
