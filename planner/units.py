"""Conversions between the edge (minutes, 万元) and the inside (seconds, metres, yuan), and walking speeds with sources."""

import math

from planner.errors import InputError

SPEEDS_M_S = {
    # Near GB 50180-2018, whose 5, 10 and 15 minute circles are 300, 500 and 800-1,000 m.
    "standard": 1.0,
    # Free walking speed of adults: Bohannon & Williams Andrews (2011), Physiotherapy 97(3), 182-189 (1.2-1.4 m/s).
    "adult": 1.25,
    # Design speed for older pedestrians at crossings: Asher et al. (2012), Age and Ageing 41(5), 690-694 (0.8-0.9 m/s).
    "elderly": 0.8,
    # Children walking to school in company; between the elderly and the adult figure.
    "child": 0.9,
    # 15 km/h: the top speed that counts as a non-motor vehicle's in built-up Chinese practice.
    "ebike": 4.2,
}

DETOUR_FACTOR = 1.324
"""Mean ratio of walked to straight distance over 25 Chinese cities; used where no streets are mapped, on request only."""

MILLISECOND_S = 0.001
"""Travel times are rounded to this before they are stored or compared, so that no tie hangs on the order of additions."""

_HAIR = 1e-6
"""Part of a millisecond: a limit that close below a half is one, and rounds up as the times of who walks exactly that far do."""


def whole_milliseconds_s(seconds: float) -> float:
    """Return seconds in whole milliseconds, halves up, as travel times are rounded: limits and times then compare as on paper."""
    return seconds if math.isinf(seconds) else math.floor(seconds * 1000.0 + 0.5 + _HAIR) / 1000.0


def speed_m_s(speed: str | float) -> float:
    """Return a walking speed in metres per second from a profile's name or a number.

    Raises
    ------
    InputError
        The name is unknown, or the number is not above zero and finite.
    """
    if isinstance(speed, str):
        if speed not in SPEEDS_M_S:
            raise InputError("units.unknown_speed", speed=speed, known=", ".join(SPEEDS_M_S))
        return SPEEDS_M_S[speed]
    if not (math.isfinite(speed) and speed > 0):
        raise InputError("units.bad_speed", speed=speed)
    return float(speed)


def minutes_to_s(minutes: float) -> float:
    """Return seconds in whole milliseconds; minutes must lie above 0 and at most at 1,440 (a day).

    Raises
    ------
    InputError
        The minutes are not a number in that range.
    """
    if not (math.isfinite(minutes) and 0 < minutes <= 24 * 60):
        raise InputError("units.bad_minutes", minutes=minutes)
    return whole_milliseconds_s(float(minutes) * 60.0)
