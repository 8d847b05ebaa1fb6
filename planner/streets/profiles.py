"""Who walks, and what slows them down: profiles with the factors and seconds of ``standards/walking.toml``.

The plain profile is slowed by nothing: metres are metres. Steps, surface and crossings are switched on one by one. A factor
multiplies the length of the part of a stretch that it is about. Seconds (crossings, flights of steps) are turned into metres
at the profile's own speed and spread evenly over the stretch, as are its factors: the effort to a place part-way along is
that part of the stretch's, so that a partial edge is as exact as a whole one and the effort never jumps along a street. A
stretch without length carries no seconds.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.streets.network import Network
from planner.streets.slope import Slopes
from planner.streets.surface import EdgeSurface
from planner.units import SPEEDS_M_S, speed_m_s

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """A kind of walker: speed on the level, factors of time on steps and rough ground, seconds lost each time.

    `slope` tells whether slopes count for it.
    """

    name: str
    speed_m_s: float
    steps: float
    unpaved: float
    loose: float
    flight_s: float
    crossing_s: float
    signal_s: float
    slope: bool = True


@dataclass(frozen=True)
class Slowed:
    """By what walkers are slowed down; by nothing unless said so."""

    steps: bool = False
    surface: bool = False
    crossings: bool = False

    def __bool__(self) -> bool:
        return self.steps or self.surface or self.crossings


PLAIN = Slowed()


def profile_of(speed: str | float) -> Profile:
    """Return the profile of a speed's name, or of a number of metres per second.

    A number that is a profile's own speed stands for that profile; any other walks as the standard one does, at its own speed.

    Raises
    ------
    InputError
        The name is unknown, or the number is not above zero and finite.
    """
    metres = speed_m_s(speed)
    name = speed if isinstance(speed, str) else next((n for n, own in SPEEDS_M_S.items() if own == metres), "standard")
    table = standards()
    own = table["profile"].get(name, {})

    def value(section: str, key: str) -> Any:
        return own.get(section, table.get(section, {})).get(key)

    return Profile(
        name,
        metres,
        steps=value("steps", "factor"),
        unpaved=value("unpaved", "factor"),
        loose=value("loose", "factor"),
        flight_s=value("flight", "seconds"),
        crossing_s=value("crossing", "seconds"),
        signal_s=value("signal", "seconds"),
        slope=value("slope", "applies") is not False,
    )


@cache
def standards() -> dict[str, Any]:
    """Return what ``standards/walking.toml`` says, sources included; not to be changed."""
    return tomllib.loads((files("planner.standards") / "walking.toml").read_text(encoding="utf-8"))


def slowed_factors(network: Network, profile: Profile, slowed: Slowed, slopes: Slopes | None) -> tuple[Floats, Floats]:
    """Return ``(forward, backward)``, the factors of a network's edges for a profile, each of shape (n_edges,).

    See `StreetNetwork.with_profile`.
    """
    surface, length_m = network.surface, network.edge_length_m
    on_steps = profile.steps if slowed.steps else None
    forward: Floats
    backward: Floats
    if slopes is not None and profile.slope:
        forward, backward = slopes.factors(on_steps)
    else:
        forward = backward = 1.0 + surface.steps * ((on_steps or 1.0) - 1.0)
    rough: Floats | float = 1.0
    if slowed.surface:
        rough = 1.0 + surface.unpaved * (profile.unpaved - 1.0) + surface.loose * (profile.loose - 1.0)
    lost_m = _fixed_s(surface, profile, slowed) * profile.speed_m_s
    more = np.divide(lost_m, length_m, out=np.zeros(network.n_edges), where=length_m > 0)
    return network.factor_forward * forward * rough + more, network.factor_backward * backward * rough + more


def _fixed_s(surface: EdgeSurface, profile: Profile, slowed: Slowed) -> Floats:
    """Return the seconds that each edge costs besides its length, shape (n_edges,)."""
    seconds = np.zeros(len(surface.steps))
    if slowed.steps:
        seconds += surface.flights * profile.flight_s
    if slowed.crossings:
        seconds += surface.crossings * profile.crossing_s + surface.signals * profile.signal_s
    return seconds
