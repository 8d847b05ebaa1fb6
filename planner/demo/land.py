"""The land before any road is built: terrain, water, the towns' sites and the motorway, and how far each cell is from them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from planner.demo.curves import resample, smooth_course
from planner.demo.layout import Tile
from planner.demo.raster import Raster, graph, spread
from planner.demo.sites import Town, found_towns, gap_to_towns, seat_offices
from planner.demo.terrain import Terrain, raise_land
from planner.demo.water import SPILL_M, Water, fill_water


@dataclass(frozen=True)
class Land:
    """One county's land; `clear`, `to_town`, `to_motorway`: metres to water, towns' edges and the motorway, per cell."""

    tile: Tile
    terrain: Terrain
    water: Water
    towns: list[Town]
    motorway: NDArray[np.float64]
    clear: NDArray[np.float64]
    to_town: NDArray[np.float64]
    to_motorway: NDArray[np.float64]


def shape_land(tile: Tile, *, seed: int) -> Land:
    """Return the land of one county; its tile has as many townships as towns found room."""
    terrain = raise_land(tile, seed=seed)
    water = fill_water(tile, terrain, seed=seed)
    clear = water.distance_on(terrain)
    towns = found_towns(tile, terrain, water, clear, seed=seed)
    tile = replace(tile, townships=seat_offices(tile) + len(towns) - 1)
    to_town = gap_to_towns(towns, terrain.raster)
    motorway = _route_motorway(tile, terrain, clear=clear, to_town=to_town)
    return Land(tile, terrain, water, towns, motorway, clear, to_town, _distance(terrain.raster, motorway))


def _route_motorway(
    tile: Tile, terrain: Terrain, *, clear: NDArray[np.float64], to_town: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the middle of the motorway, from the western border to the eastern, around the towns."""
    gates = {gate.side: gate for gate in tile.gateways if gate.use == "motorway"}
    centres = terrain.raster.centres
    cost = 1 + 25 * terrain.slope + 12 * (clear < 400) + 8 * (terrain.to_border < 1_500) + 60 * (to_town < 550)
    west, east = (np.array(gates[side].xy) for side in ("west", "east"))
    ends = terrain.raster.cell_of(np.vstack([west, east]))
    found = spread(graph(terrain.raster, cost), ends[:1])
    cells = centres[found.path(int(ends[1]))[::-1]]
    course = smooth_course(np.vstack([west, cells[4:-4], east]), sigma=5.0, step_m=120.0)
    if gates["west"].outer:
        course = np.vstack([west - [SPILL_M, -200.0], west - [SPILL_M / 2, -100.0], course])
    if gates["east"].outer:
        course = np.vstack([course, east + [SPILL_M / 2, 100.0], east + [SPILL_M, 200.0]])
    return course


def _distance(raster: Raster, course: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metres to a course, per cell, to the cell."""
    on = np.zeros(raster.nx * raster.ny, bool)
    on[raster.cell_of(resample(course, step_m=60))] = True
    return ndimage.distance_transform_edt(~on.reshape(raster.ny, raster.nx)).ravel() * raster.cell
