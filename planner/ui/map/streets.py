"""The streets as the map's background: light, thinned, and as few bytes as lines can be.

A town's are sent at once (`encode`); those of a big city as tiles (`planner.ui.map.tiles`), where the browser can draw them.
"""

import json
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.crs import WGS84, transformer
from planner.errors import PlannerError
from planner.findings import InputReport
from planner.inputs.area import area_of
from planner.inputs.streets import network_of
from planner.project import Project
from planner.streets import StreetNetwork
from planner.ui.map import tiles
from planner.ui.map.plugins import tile_scripts
from planner.user_folder import user_folder

TIERS: tuple[frozenset[str], ...] = (
    frozenset(["motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"]),
    frozenset(["secondary", "tertiary", "secondary_link", "tertiary_link"]),
    frozenset(["residential", "unclassified", "living_street", "road", "pedestrian"]),
)
"""Classes of streets from broad to narrow; everything else (lanes, tracks, paths, steps) is a tier of its own, the last."""

MOST_AT_ONCE = 20_000
"""Streets between two junctions; with more of them the map has tiles."""

THIN_M = 2.5
UNIT_DEG = 1e-5


@dataclass(frozen=True)
class Ground:
    """What lies under the map: the study area's outline (WGS 84) and the streets; None: not to be had.

    The streets are as `encode` writes them, or a PMTiles archive where they are tiled.
    """

    outline: BaseGeometry | None
    streets: bytes | None
    is_tiled: bool = False


def ground_of(project: Project, *, most_at_once: int = MOST_AT_ONCE) -> Ground:
    """Return the ground of a project, its network from the cache that the run left."""
    try:
        area = area_of(project, InputReport("area", project.settings.area.outline or project.path.name))
    except (PlannerError, OSError):
        return Ground(None, None)
    try:
        network = network_of(project, area)
        if network.n_edges > most_at_once and tile_scripts():
            archive = tiles.archive(network, tier_of_edge(network), user_folder() / "tiles")
            return Ground(area.geometry, archive, is_tiled=True)
        return Ground(area.geometry, encode(network))
    except (PlannerError, OSError):
        return Ground(area.geometry, None)


def encode(network: StreetNetwork) -> bytes:
    """Return a network's lines as JSON.

    ``{"origin": [lon, lat], "unit": degrees, "tiers": [{"counts", "dx", "dy"}]}``: a tier is one long walk through all its
    vertices in steps of `unit`, cut into lines of `counts` vertices.
    """
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.vertex_indptr))
    lines = shapely.linestrings(np.column_stack((network.vertex_x, network.vertex_y)), indices=edge)
    xy, edge = shapely.get_coordinates(shapely.simplify(lines, THIN_M, preserve_topology=False), return_index=True)
    lonlat = np.column_stack(transformer(network.crs, WGS84).transform(xy[:, 0], xy[:, 1]))
    origin = np.round(lonlat.min(axis=0), 3)
    grid = np.round((lonlat - origin) / UNIT_DEG).astype(np.int64)
    tier = tier_of_edge(network)[edge]
    tiers = []
    for number in range(len(TIERS) + 1):
        mine = tier == number
        steps = np.diff(grid[mine], axis=0, prepend=[[0, 0]])
        counts = np.bincount(edge[mine])
        tiers.append({"counts": counts[counts > 0].tolist(), "dx": steps[:, 0].tolist(), "dy": steps[:, 1].tolist()})
    content = {"origin": origin.tolist(), "unit": UNIT_DEG, "tiers": tiers}
    return json.dumps(content, separators=(",", ":")).encode()


def tier_of_edge(network: StreetNetwork) -> NDArray[np.int64]:
    """Return each edge's place in `TIERS`, shape ``(n_edges,)``."""
    return np.array([_tier(name) for name in network.classes], np.int64)[network.edge_class]


def _tier(name: str) -> int:
    return next((number for number, names in enumerate(TIERS) if name in names), len(TIERS))
