"""What a network's reader may want to look at on the ground: islands with the people on them, dead ends, what was mended."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import WGS84
from planner.findings import InputReport
from planner.streets.network import Network
from planner.streets.snapping import Snapped


def report_repairs(network: Network, report: InputReport) -> None:
    """Tell what was mended in a network's streets, joint by joint, and how its plazas are crossed."""
    for longitude, latitude, gap_m, island_m in network.figures.get("joints", []):
        report.add(
            "streets.island_joined", "repaired",
            longitude=longitude, latitude=latitude, gap_m=gap_m, metres=island_m,
        )  # fmt: skip
    if "plazas" in network.figures:
        names = ("plazas", "plaza_links", "plazas_left")
        report.add("streets.plazas_crossed", "note", **{name: network.figures[name] for name in names})


def list_islands(
    network: Network,
    places: Snapped,
    weights: NDArray[np.float64],
    *,
    facilities: Snapped | None = None,
) -> gpd.GeoDataFrame:
    """Return the parts of a network apart from its largest, those with the most people first.

    A GeoDataFrame in WGS 84: `length_m`, `points` and `people` (`weights` of the `places` snapped to it), `facilities`, and
    `geometry`, all its streets.
    """
    part = network.component[network.edge_from]
    n_parts = int(part.max()) + 1
    length_m = np.bincount(part, network.edge_length_m, minlength=n_parts)
    found = places.found
    lives_in = part[places.edge[found]]
    people = np.bincount(lives_in, np.asarray(weights, float)[found], minlength=n_parts)
    points = np.bincount(lives_in, minlength=n_parts)
    stands_in = part[facilities.edge[facilities.found]] if facilities is not None else np.zeros(0, np.int64)
    centres = np.bincount(stands_in, minlength=n_parts)
    others = np.flatnonzero(np.arange(n_parts) != length_m.argmax())
    others = others[np.lexsort((others, -length_m[others], -people[others]))]
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.vertex_indptr))
    on_island = np.isin(part[edge], others)
    _, renumbered = np.unique(edge[on_island], return_inverse=True)
    xy = np.column_stack((network.vertex_x[on_island], network.vertex_y[on_island]))
    lines = shapely.linestrings(xy, indices=renumbered) if len(xy) else np.empty(0, object)
    of_line = part[np.unique(edge[on_island])]
    shapes = [shapely.multilinestrings(lines[of_line == number]) for number in others]
    columns = {
        "length_m": length_m[others],
        "points": points[others],
        "people": people[others],
        "facilities": centres[others],
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=network.crs).to_crs(WGS84), crs=WGS84)


def dead_ends(network: Network) -> gpd.GeoSeries:
    """Return the places (WGS 84) where one stretch of street ends and no other goes on."""
    ends = np.bincount(np.concatenate((network.edge_from, network.edge_to)), minlength=network.n_nodes)
    points = shapely.points(network.node_x[ends == 1], network.node_y[ends == 1])
    return gpd.GeoSeries(points, crs=network.crs).to_crs(WGS84)
