"""Streets: an OpenStreetMap file or an OSMnx graph becomes a `StreetNetwork`, and points are snapped to it."""

from planner.streets.network import Direction, StreetNetwork
from planner.streets.snap import MAX_SNAP_M, Snapped, metric_xy, snap, snap_xy
from planner.streets.walkable import WalkRules

__all__ = ["MAX_SNAP_M", "Direction", "Snapped", "StreetNetwork", "WalkRules", "metric_xy", "snap", "snap_xy"]
