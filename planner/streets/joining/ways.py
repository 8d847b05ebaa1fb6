"""Ways as read, whatever they were read from: chains of points in degrees that meet where they share one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon


@dataclass(frozen=True)
class Ways:
    """Chains of shared points, as read: way `w` runs over ``point_ref[indptr[w]:indptr[w + 1]]``.

    `point_ref` (int64) names a point, equal where ways meet; `longitude`, `latitude` are WGS 84 degrees, one per entry of
    `point_ref`; `way_class` indexes `classes`; `way_level` is 0 on the ground, above it on bridges, below it in tunnels.
    `way_surface` has the bits of each way and `point_mark` the mark of each entry of `point_ref` (`planner.streets.surface`);
    None where nothing is known of them.
    `figures` tells what was read and left out. `extent` (WGS 84) is what the source covers: the box in the file's header,
    else the convex hull of its streets.
    """

    point_ref: NDArray[np.int64]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    indptr: NDArray[np.int64]
    way_class: NDArray[np.int16]
    classes: tuple[str, ...]
    extent: Polygon | MultiPolygon
    figures: dict[str, Any]
    way_level: NDArray[np.int16]
    way_surface: NDArray[np.uint8] | None = None
    point_mark: NDArray[np.uint8] | None = None

    @property
    def surfaces(self) -> NDArray[np.uint8]:
        """The bits of each way, 0 where nothing is known."""
        return np.zeros(len(self.way_class), np.uint8) if self.way_surface is None else self.way_surface

    @property
    def marks(self) -> NDArray[np.uint8]:
        """The mark of each entry of `point_ref`, 0 where nothing is known."""
        return np.zeros(len(self.point_ref), np.uint8) if self.point_mark is None else self.point_mark


def hull_of(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> Polygon:
    """Return the convex hull of points, nan left out; points in a row have a hull of no area."""
    present = np.isfinite(longitude)
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack((longitude[present], latitude[present]))))
    return hull if isinstance(hull, Polygon) else shapely.Polygon()
