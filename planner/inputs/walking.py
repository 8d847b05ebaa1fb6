"""How a project's people walk: the network as each speed's profile finds it, slowed down by what the project says."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.findings import InputReport
from planner.project import Project
from planner.streets import Slopes, Slowed, StreetNetwork, profile_of, read_heights
from planner.streets.slope import EASIEST
from planner.walk import Walk


@dataclass(frozen=True)
class Walks:
    """The network, what slows people down on it, and how they walk: `walk` is the project's own, at its own speed."""

    network: StreetNetwork
    slowed: Slowed
    slopes: Slopes | None
    walk: Walk
    _known: dict[float, StreetNetwork] = field(default_factory=dict, repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """What a reader must know of how people walked: the direction, and each thing that slowed them down."""
        return {"direction": self.walk.direction, **asdict(self.slowed), "slope": self.slopes is not None}

    def at(self, speed_m_s: float) -> tuple[StreetNetwork, Walk]:
        """Return the network as walkers of this speed find it, and how they walk on it."""
        return self.network_at(speed_m_s), replace(self.walk, speed_m_s=speed_m_s)

    def network_at(self, speed_m_s: float) -> StreetNetwork:
        """Return the network as walkers of this speed find it; their profile is that of the speed (`profile_of`)."""
        if speed_m_s not in self._known:
            profile = profile_of(speed_m_s)
            self._known[speed_m_s] = self.network.with_profile(profile, self.slowed, self.slopes)
        return self._known[speed_m_s]


def walks_of(project: Project, network: StreetNetwork, report: InputReport | None = None) -> Walks:
    """Return how a project's people walk; `report` takes what its elevation raster says too little about.

    Raises
    ------
    InputError, CRSError
        The elevation raster cannot be used.
    """
    walking = project.settings.walking
    slopes = None
    if walking.elevation is not None:
        x, y = network.node_x, network.node_y
        bounds = float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))
        heights = read_heights(project.resolve(walking.elevation), crs=network.crs, bounds=bounds)
        slopes = Slopes.of(network, heights, report=report)
    slowed = Slowed(steps=walking.steps, surface=walking.surface, crossings=walking.crossings)
    return Walks(network, slowed, slopes, walking.walk)


def stretch_of(project: Project) -> float:
    """Return how much farther than speed times time anybody may come: downhill, where the project knows of hills."""
    return 1.0 if project.settings.walking.elevation is None else 1.0 / EASIEST


def reach_m(project: Project) -> float:
    """Return the farthest that anybody walks within a limit of the project, metres."""
    classes = (None, *project.zone_classes)
    farthest_m = max(project.rule_of(group, zone_class).reach_m for group in project.groups for zone_class in classes)
    return farthest_m * stretch_of(project)


def reach_of_classes(project: Project, classes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the farthest that anybody walks from points in zones of these classes, metres."""
    found = np.zeros(len(classes))
    for zone_class in (None, *project.zone_classes):
        found[classes == zone_class] = max(project.rule_of(group, zone_class).reach_m for group in project.groups)
    return found * stretch_of(project)
