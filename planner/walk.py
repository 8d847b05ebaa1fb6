"""How people walk: speed, direction, the longest access leg, the straight line where no street is near.

Times and limits are whole milliseconds (`planner.units.whole_milliseconds_s`); metres of effort are what a search counts in.
"""

from dataclasses import dataclass
from typing import TypedDict, TypeVar, Unpack, get_args

import numpy as np
from numpy.typing import NDArray

from planner.errors import InputError
from planner.streets import MAX_SNAP_M, AnyDirection, Direction
from planner.units import MILLISECOND_S, speed_m_s, whole_milliseconds_s

_Limit = TypeVar("_Limit", float, NDArray[np.float64])


@dataclass(frozen=True)
class Walk:
    """How people walk, checked when it is made.

    Parameters
    ----------
    speed_m_s
        Metres per second on level ground.
    direction
        "to" the facility, "from" it, or the "slower" of both: of a pair's two times the greater one.
    max_snap_m
        The longest access leg between a place and a street, metres.
    straight_line
        Whether a pair of which one end has no street within `max_snap_m` is walked at `planner.units.DETOUR_FACTOR` times the
        straight distance; otherwise it is unreachable.

    Raises
    ------
    InputError
        The speed is not above zero and finite, the direction unknown, or `max_snap_m` no distance.
    """

    speed_m_s: float = 1.0
    direction: AnyDirection = "to"
    max_snap_m: float = MAX_SNAP_M
    straight_line: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "speed_m_s", speed_m_s(self.speed_m_s))
        if self.direction not in get_args(AnyDirection):
            raise InputError("streets.bad_direction", value=self.direction)
        if not self.max_snap_m >= 0:
            raise InputError("streets.bad_snap", value=self.max_snap_m)

    def limit_m(self, limit_s: _Limit) -> _Limit:
        """Return the metres of effort within which times round to at most `limit_s` (whole milliseconds)."""
        return (limit_s + MILLISECOND_S / 2) * self.speed_m_s

    @property
    def tie_m(self) -> float:
        """Metres of effort within which two times may round to the same millisecond."""
        return 2 * MILLISECOND_S * self.speed_m_s

    @property
    def one_way(self) -> Direction:
        """The direction of one search.

        Raises
        ------
        InputError
            It is "slower", which takes two.
        """
        if self.direction == "slower":
            raise InputError("streets.bad_direction", value=self.direction)
        return self.direction


class WalkFields(TypedDict, total=False):
    """The fields of `Walk` beside its speed, as keywords."""

    direction: AnyDirection
    max_snap_m: float
    straight_line: bool


class WalkOptions(WalkFields, total=False):
    """What may be said beside `speed_m_s` of how people walk: the fields of `Walk` one by one, or a whole `walk` instead."""

    walk: Walk


def walk_of(speed_m_s: float, *, walk: Walk | None = None, **fields: Unpack[WalkFields]) -> Walk:
    """Return the walk that a caller's keywords say.

    Raises
    ------
    InputError
        As `Walk`; or a whole walk is given and said again in other keywords.
    """
    if walk is None:
        return Walk(speed_m_s, **fields)
    if fields or speed_m_s not in (Walk.speed_m_s, walk.speed_m_s):
        raise InputError("coverage.said_twice")
    return walk


def checked_limit_s(limit_s: float) -> float:
    """Return a limit in whole milliseconds.

    Raises
    ------
    InputError
        It is negative or not a number.
    """
    if not limit_s >= 0:
        raise InputError("coverage.bad_limit", limit_s=limit_s)
    return whole_milliseconds_s(float(limit_s))
