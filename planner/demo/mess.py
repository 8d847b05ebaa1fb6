"""What real map data also hold: scraps joined to nothing, flyovers closed to walkers, platforms beside the road."""

import numpy as np
from scipy import ndimage

from planner.demo.curves import normals, resample
from planner.demo.kinds import Kind
from planner.demo.land import Land
from planner.demo.lines import Lines, draw, stack
from planner.demo.names import Names

SCRAP = -2
"""The `place` of lines that are meant to be joined to nothing."""


def draw_mess(land: Land, roads: Lines, streets: Lines, names: Names, rng: np.random.Generator) -> Lines:
    """Return scraps of path on hilltops, flyovers over main streets, and bus platforms."""
    parts = [_scraps(land, roads, streets, rng)]
    along = np.diff(streets.indptr)
    main = np.flatnonzero((streets.kind <= Kind.TERTIARY) & (along >= 5) & ~streets.bridge)
    for line in rng.permutation(main)[: max(1, len(main) // 25)].tolist():
        course = streets.points[streets.indptr[line] : streets.indptr[line + 1]]
        middle = course[1:-1] + 11 * normals(course)[1:-1]
        parts.append(draw([np.vstack([course[:1], middle, course[-1:]])], Kind.NO_FOOT))
    for line in rng.permutation(main)[: max(1, len(main) // 6)].tolist():
        course = resample(streets.points[streets.indptr[line] : streets.indptr[line + 1]], step_m=24.0)
        at = int(rng.integers(1, len(course) - 1))
        off = course + 7 * normals(course)
        label = names.add(names.labels[streets.name[line]] + "站") if streets.name[line] >= 0 else -1
        parts.append(draw([off[at : at + 2]], Kind.PLATFORM, name=label, place=SCRAP))
    return stack(parts)


def _scraps(land: Land, roads: Lines, streets: Lines, rng: np.random.Generator) -> Lines:
    raster = land.terrain.raster
    used = np.zeros(raster.nx * raster.ny, bool)
    used[raster.cell_of(np.vstack([roads.points, streets.points]))] = True
    apart = ndimage.distance_transform_edt(~used.reshape(raster.ny, raster.nx)).ravel() * raster.cell
    free = np.flatnonzero((apart > 600) & (land.terrain.to_border > 1_200) & (land.clear > 300))
    chains, kinds = [], []
    if len(free):
        for cell in rng.choice(free, min(len(free), max(2, len(used) // 14_000)), replace=False).tolist():
            turn = np.cumsum(rng.uniform(0.5, 1.1, 7))
            loop = raster.centres[cell] + np.column_stack([np.cos(turn), np.sin(turn)]) * rng.uniform(25, 90, (7, 1))
            chains += [np.vstack([loop, loop[:1]]), np.vstack([loop[2], loop[2] + rng.uniform(-80, 80, 2)])]
            kinds += [Kind.PATH, Kind.STEPS if rng.random() < 0.5 else Kind.FOOTWAY]
    return draw(chains, kinds, place=SCRAP)
