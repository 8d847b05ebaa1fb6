"""Streets: files, OSMnx graphs, road layers and places by name become a `StreetNetwork`, and points are snapped to it."""

from planner.streets.entrances import group_entrances
from planner.streets.heights import Heights, read_heights
from planner.streets.joining.combine import COMBINE_TOLERANCE_M
from planner.streets.joining.gates import GATE_TOLERANCE_M
from planner.streets.network import AnyDirection, Direction
from planner.streets.profiles import Profile, Slowed, profile_of
from planner.streets.readers.lines import GAP_M, TOLERANCE_M
from planner.streets.readers.online import fetch_boundary, fetch_facilities, fetch_streets
from planner.streets.readers.overpass import Service
from planner.streets.readers.sources import Gates, Source, StreetSources
from planner.streets.readers.walkable import WalkRules
from planner.streets.slope import Slopes
from planner.streets.snapped_lattice import TILE, SnappedLattice
from planner.streets.snapping import MAX_SNAP_M, Snapped, metric_xy, snap, snap_xy
from planner.streets.street_network import StreetNetwork

__all__ = [
    "COMBINE_TOLERANCE_M",
    "GAP_M",
    "GATE_TOLERANCE_M",
    "MAX_SNAP_M",
    "TILE",
    "TOLERANCE_M",
    "AnyDirection",
    "Direction",
    "Gates",
    "Heights",
    "Profile",
    "Service",
    "Slopes",
    "Slowed",
    "Snapped",
    "SnappedLattice",
    "Source",
    "StreetNetwork",
    "StreetSources",
    "WalkRules",
    "fetch_boundary",
    "fetch_facilities",
    "fetch_streets",
    "group_entrances",
    "metric_xy",
    "profile_of",
    "read_heights",
    "snap",
    "snap_xy",
]
