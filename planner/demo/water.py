"""The river as a surface with bends and breadth, the tributaries as lines, a few reservoirs; and the distance to water."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from planner.demo.curves import chainage, normals, smooth_course
from planner.demo.layout import Tile
from planner.demo.terrain import Terrain

SOURCE_WIDTH_M = 70.0
MOUTH_WIDTH_M = 150.0
BORDER_WIDTH_M = 110.0
"""Breadth where the river passes from one county into the next."""
SPILL_M = 2_500.0
"""How far river, roads and motorway run on beyond an outer border."""


@dataclass(frozen=True)
class Lake:
    """A reservoir: `radius` at equal steps of angle around `centre`."""

    centre: NDArray[np.float64]
    radius: NDArray[np.float64]

    def outline(self) -> NDArray[np.float64]:
        """Return the closed shore line."""
        angle = np.linspace(0, 2 * np.pi, len(self.radius), endpoint=False)
        ring = self.centre + self.radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        return np.vstack([ring, ring[:1]])

    def distance(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metres to the shore, roughly, negative on the water."""
        off = xy - self.centre
        turn = np.mod(np.arctan2(off[..., 1], off[..., 0]) / (2 * np.pi), 1) * len(self.radius)
        below = turn.astype(int) % len(self.radius)
        share = turn - np.floor(turn)
        shore = self.radius[below] * (1 - share) + self.radius[(below + 1) % len(self.radius)] * share
        return np.hypot(off[..., 0], off[..., 1]) - shore


@dataclass(frozen=True)
class Water:
    """River, tributaries and lakes of one county."""

    course: NDArray[np.float64]  # middle of the river, from source to mouth
    width: NDArray[np.float64]  # per point of `course`
    streams: list[NDArray[np.float64]]
    lakes: list[Lake]
    tree: cKDTree

    def distance(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metres to the nearest bank or shore, negative on the water."""
        off, near = self.tree.query(xy)
        clear = off - self.width[near] / 2
        for lake in self.lakes:
            clear = np.minimum(clear, lake.distance(xy))
        return clear

    def distance_on(self, terrain: Terrain) -> NDArray[np.float64]:
        """Return the distance per cell of the raster; exact within a kilometre of water, at least that elsewhere."""
        raster = terrain.raster
        wet = np.zeros(raster.nx * raster.ny, bool)
        wet[raster.cell_of(np.vstack([self.course, *(lake.outline() for lake in self.lakes)]))] = True
        rough = ndimage.distance_transform_edt(~wet.reshape(raster.ny, raster.nx)).ravel() * raster.cell
        near = rough < 1_300
        rough[near] = self.distance(raster.centres[near])
        return rough

    def push_out(self, xy: NDArray[np.float64], *, clear_m: float) -> NDArray[np.float64]:
        """Return the points, those nearer than `clear_m` to the river moved straight away from it."""
        off, near = self.tree.query(xy)
        need = self.width[near] / 2 + clear_m
        close = off < need
        moved = xy.copy()
        away = xy[close] - self.course[near[close]]
        moved[close] += away * ((need[close] - off[close]) / np.maximum(off[close], 1.0))[:, None]
        return moved

    def surface(self) -> list[shapely.Polygon]:
        """Return the river in stretches that end where the next begins, then the lakes."""
        half = self.width[:, None] / 2 * normals(self.course)
        left, right = self.course + half, self.course - half
        pieces = []
        for start in range(0, len(self.course) - 1, 60):
            stop = min(start + 60, len(self.course) - 1)
            ring = np.vstack([left[start : stop + 1], right[start : stop + 1][::-1]])
            pieces.append(shapely.Polygon(ring))
        return pieces + [shapely.Polygon(lake.outline()) for lake in self.lakes]

    def length_m(self) -> float:
        """Return the length of the river."""
        return float(chainage(self.course)[-1])


def fill_water(tile: Tile, terrain: Terrain, *, seed: int) -> Water:
    """Return the water of one county."""
    rng = np.random.default_rng([seed, 29, tile.number])
    gates = {gate.side: gate for gate in tile.gateways if gate.use == "river"}
    cells = terrain.raster.centres[terrain.river]
    west, east = np.array(gates["west"].xy), np.array(gates["east"].xy)
    inner = cells[3:-3]
    lead_in = _straight(west, inner[0])
    lead_out = _straight(inner[-1], east)
    course = smooth_course(np.vstack([lead_in, inner, lead_out]), sigma=3.2, step_m=50.0)
    if gates["west"].outer:
        course = np.vstack([_straight(west - [SPILL_M, 300.0], west), course[1:]])
    if gates["east"].outer:
        course = np.vstack([course[:-1], _straight(east, east + [SPILL_M, -300.0])])
    course = smooth_course(_meander(course, rng), sigma=2.0, step_m=50.0)
    share = np.clip(chainage(course) / chainage(course)[-1], 0, 1)
    wave = 1 + 0.12 * np.sin(share * 37 + rng.uniform(0, 6)) + 0.08 * np.sin(share * 101 + rng.uniform(0, 6))
    first = SOURCE_WIDTH_M if gates["west"].outer else BORDER_WIDTH_M
    last = MOUTH_WIDTH_M if gates["east"].outer else BORDER_WIDTH_M
    calm = np.clip(np.minimum(share, 1 - share) * 20 - 0.5, 0, 1)
    width = (1 + (wave - 1) * calm) * (first + (last - first) * share)
    centres = terrain.raster.centres
    streams = [
        smooth_course(wind(centres[stream], tile, seed=seed), sigma=1.3, step_m=70.0) for stream in terrain.streams
    ]
    lakes = _dam(terrain, course, rng, count=round(len(streams) ** 0.5 * 0.8))
    return Water(course, width, streams, lakes, cKDTree(course))


def wind(xy: NDArray[np.float64], tile: Tile, *, seed: int) -> NDArray[np.float64]:
    """Return points moved to and fro by slow waves, so that what runs through the raster's cells winds as valleys do."""
    rng = np.random.default_rng([seed, 61, tile.number])
    moved = xy.copy()
    for wavelength_m, metres in ((2_600, 75), (1_250, 48), (620, 24)):
        for axis in (0, 1):
            for _ in range(2):
                turn, phase = rng.uniform(0, 2 * np.pi, 2)
                wave = xy @ [np.cos(turn), np.sin(turn)] * (2 * np.pi / wavelength_m)
                moved[:, axis] += metres * np.sin(wave + phase)
    return moved


def _meander(course: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the course swung to and fro by some 150 m, less and less towards its ends."""
    along = chainage(course)
    swing = sum(
        metres * np.sin(2 * np.pi * along / wavelength_m * (1 + 0.1 * np.sin(along / 4_100)) + rng.uniform(0, 6.3))
        for wavelength_m, metres in ((1_500, 60), (2_900, 130), (6_300, 160))
    )
    fade = np.clip(np.minimum(along, along[-1] - along) / 3_500 - 0.8, 0, 1)
    return course + normals(course) * (swing * fade)[:, None]


def _straight(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    count = max(2, round(float(np.hypot(*(b - a))) / 150))
    return a + np.linspace(0, 1, count)[:, None] * (b - a)


def _dam(terrain: Terrain, course: NDArray[np.float64], rng: np.random.Generator, *, count: int) -> list[Lake]:
    """Return reservoirs on the middle reaches of tributaries, away from the river and from each other."""
    spots = [stream[len(stream) // 3] for stream in terrain.streams if len(stream) > 18]
    centres = terrain.raster.centres
    lakes: list[Lake] = []
    for spot in rng.permutation(np.array(spots, np.int64)).tolist():
        middle = centres[spot]
        near = min((float(np.hypot(*(middle - lake.centre))) for lake in lakes), default=1e9)
        off_river = float(np.hypot(*(course - middle).T).min())
        if len(lakes) < count and terrain.to_border[spot] > 2_500 and near > 5_000 and off_river > 2_500:
            angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
            reach = rng.uniform(180, 420)
            shape = np.ones_like(angle)
            for waves in (2, 3, 4, 6):
                shape += rng.uniform(0.2, 0.6) / waves * np.sin(waves * angle + rng.uniform(0, 6.3))
            lakes.append(Lake(middle, reach * np.maximum(shape, 0.3)))
    return lakes
