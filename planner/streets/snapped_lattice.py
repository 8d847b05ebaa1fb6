"""Points of a lattice snapped once and kept, so that an isochrone is drawn quickly: the ground's way to its street is known.

Which street is nearest to a place hangs on no facility. The lattice is kept in tiles, snapped when first asked for; the last
two thousand stay.
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.streets.network import Network
from planner.streets.snapping import snap_square

TILE = 64
"""Lattice points along the side of a tile."""

_MOST_TILES = 2048  # 50 kB each


@dataclass(frozen=True)
class Tile:
    """Snapped points, shape (TILE, TILE), southernmost row first: edge (-1: none is near), how far along it, metres to it."""

    edge: NDArray[np.int32]
    at: NDArray[np.float32]
    distance_m: NDArray[np.float32]


class SnappedLattice:
    """The lattice of one spacing and one longest access leg over a network.

    Point ``(row, column)`` lies so many steps north and east of the origin of the network's metres.
    """

    def __init__(self, step_m: float, max_snap_m: float) -> None:
        self.step_m = step_m
        self.max_snap_m = max_snap_m
        self._tiles: dict[tuple[int, int], Tile] = {}
        self._lock = threading.Lock()

    def tile(self, network: Network, row: int, column: int) -> Tile:
        """Return the tile whose first point is ``(row * TILE, column * TILE)``."""
        key = (row, column)
        found = self._tiles.get(key)
        if found is None:
            found = self._snapped(network, row, column)
            with self._lock:
                self._tiles[key] = found
                while len(self._tiles) > _MOST_TILES:
                    del self._tiles[next(iter(self._tiles))]
        return found

    def _snapped(self, network: Network, row: int, column: int) -> Tile:
        snapped = snap_square(network, row * TILE, column * TILE, TILE, self.step_m, self.max_snap_m)
        shape = (TILE, TILE)
        return Tile(
            snapped.edge.reshape(shape).astype(np.int32),
            snapped.at.reshape(shape).astype(np.float32),
            snapped.distance_m.reshape(shape).astype(np.float32),
        )
