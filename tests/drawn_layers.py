"""Layers of lines drawn in metres, and short questions to the networks made of them: what the tests of own road layers share."""

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import strategies as st
from toys import METRES, ORIGIN, in_metres

from planner import StreetNetwork, coverage
from planner.findings import InputReport

MILLIMETRE = 1e-3

EAST_WEST = [(-100, 0), (100, 0)]
NORTH_SOUTH = [(0, -80), (0, 50)]

_WHOLE = st.integers(0, 12)
LINES = st.lists(st.lists(st.tuples(_WHOLE, _WHOLE), min_size=2, max_size=4, unique=True), min_size=1, max_size=8)
"""Some lines on a lattice, to be drawn ten metres a step."""


def layer(*lines, crs=METRES, **columns) -> gpd.GeoDataFrame:
    """Return lines given as places in metres from the drawings' origin."""
    shapes = [line if isinstance(line, shapely.Geometry) else shapely.LineString(line) for line in lines]
    moved = [shapely.transform(shape, lambda xy: xy + ORIGIN) for shape in shapes]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=METRES).to_crs(crs)


def lengths(net: StreetNetwork) -> list[float]:
    return sorted(net.edge_length_m.tolist())


def parts(net: StreetNetwork) -> int:
    return len(set(net.component.tolist()))


def place(x: float, y: float) -> gpd.GeoDataFrame:
    return in_metres([(ORIGIN[0] + x, ORIGIN[1] + y)])


def walk_s(net: StreetNetwork, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the seconds from a to b at 1 m/s, inf where there is no way of 5 km."""
    times = coverage.travel_times(net, place(*a), place(*b), limit_s=5000, speed_m_s=1.0)
    return float(times.data[0]) if times.nnz else np.inf


def codes(report: InputReport) -> list[tuple[str, int | None]]:
    return [(finding.code.removeprefix("streets."), finding.row) for finding in report.findings]
