"""People along the built streets: a point about every 30 m of lane, some along country roads, some far from any street."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from planner.demo.kinds import WALKED, Kind
from planner.demo.land import Land
from planner.demo.meet import Net
from planner.demo.sites import REMOTE_SHARE
from planner.demo.villages import Hamlets

ROADSIDE_SHARE = 0.02
"""Share of the people in houses along country roads; it comes out of what the villages have."""
_STEP_M = 30.0
_PER_METRE: dict[int, float] = {  # how densely people live along a kind of street, relative to a residential one
    Kind.COMPOUND: 2.4,
    Kind.LIVING_STREET: 1.3,
    Kind.RESIDENTIAL: 1.0,
    Kind.FOOTWAY: 0.9,
    Kind.SERVICE: 0.8,
    Kind.PATH: 0.6,
    Kind.TERTIARY: 0.6,
    Kind.SECONDARY: 0.4,
    Kind.PRIMARY: 0.3,
}
REMOTE, ROADSIDE = -2, -1


@dataclass(frozen=True)
class People:
    """Where people live: points, how many at each (in all, aged 60 and over, aged 0 to 14), and the settlement it belongs to."""

    xy: NDArray[np.float64]
    total: NDArray[np.float64]
    sixty: NDArray[np.float64]
    child: NDArray[np.float64]
    place: NDArray[np.int32]


def settle(net: Net, land: Land, hamlets: Hamlets, rng: np.random.Generator) -> People:
    """Return the people of a county; settlements are numbered towns first, then villages."""
    towns, people = land.towns, land.tile.people
    xy, weight, place = _along_streets(net, land, rng)
    quota = np.concatenate(
        [[town.people for town in towns], np.bincount(hamlets.village, hamlets.people, hamlets.n_villages)]
    )
    lived_in = np.bincount(place[place >= 0], weight[place >= 0], len(quota))
    crowding = quota / np.maximum(
        lived_in, 1.0
    )  # a settlement that found too little room for its streets has fewer people
    quota = np.minimum(quota, 2.5 * np.median(crowding[lived_in > 0]) * lived_in)
    quota *= people * (1 - REMOTE_SHARE - ROADSIDE_SHARE) / quota.sum()
    total = weight * (quota / np.maximum(lived_in, 1e-9))[np.maximum(place, 0)]
    road = place == ROADSIDE
    total[road] = people * ROADSIDE_SHARE * weight[road] / max(weight[road].sum(), 1e-9)
    far_xy, far_total = _far_off(net, land, people * REMOTE_SHARE, rng)
    xy, total = np.vstack([xy, far_xy]), np.concatenate([total, far_total])
    place = np.concatenate([place, np.full(len(far_xy), REMOTE, np.int32)])
    sixty, child = _ages(place, len(towns), len(quota), rng)
    return People(xy, total, total * sixty, total * child, place)


def _along_streets(
    net: Net, land: Land, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Return points beside the streets people live in, their weight and place."""
    per_metre = np.array([_PER_METRE.get(kind, 0.0) for kind in range(64)])
    a, b, line = net.pieces()
    place, kind = net.place[line], net.kind[line]
    rural_road = (place == ROADSIDE) & ((kind == Kind.TERTIARY) | (kind == Kind.UNCLASSIFIED))
    rural_road &= land.terrain.to_border[land.terrain.raster.cell_of(net.xy[a])] > 300
    lived = (((place >= 0) & (per_metre[kind] > 0)) | rural_road) & ~net.bridge[line]
    a, b, place, kind = a[lived], b[lived], place[lived], kind[lived]
    start, along = net.xy[a], net.xy[b] - net.xy[a]
    length = np.hypot(*along.T)
    step = np.where(place >= 0, _STEP_M, 6 * _STEP_M)
    houses = np.where(place >= 0, np.maximum(1, np.round(length / step)), rng.poisson(length / step)).astype(int)
    piece = np.repeat(np.arange(len(a)), houses)
    left = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(length, 1e-9)[:, None]
    off = rng.uniform(7, 30, len(piece)) * rng.choice([-1.0, 1.0], len(piece))
    xy = start[piece] + rng.random((len(piece), 1)) * along[piece] + off[:, None] * left[piece]
    weight = (length / np.maximum(houses, 1) * np.where(place >= 0, per_metre[kind], 1.0))[piece]
    weight *= rng.lognormal(0, 0.35, len(piece)) * _patches(xy, rng)
    place = place[piece]
    for town in land.towns:
        here = place == town.number
        weight[here] *= np.exp(-0.55 * town.depth(xy[here]))
    return xy, weight, place.astype(np.int32)


def _patches(xy: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a factor that is the same for neighbours: some quarters are dense, some are not."""
    table = rng.lognormal(0, 0.32, 4_096)
    column, row = np.floor(xy.T / 190).astype(np.int64)
    return table[(column * 73_856_093 ^ row * 19_349_663) % 4_096]


def _far_off(
    net: Net, land: Land, people: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return farmsteads in the hills, 450 m and more from any street that may be walked, a score or two of people each."""
    terrain, raster = land.terrain, land.terrain.raster
    a, b, line = net.pieces()
    walked = np.isin(net.kind[line], [int(kind) for kind in WALKED])
    ends_a, ends_b = net.xy[a[walked]], net.xy[b[walked]]
    street = np.zeros(raster.nx * raster.ny, bool)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        street[raster.cell_of(ends_a + share * (ends_b - ends_a))] = True
    apart = ndimage.distance_transform_edt(~street.reshape(raster.ny, raster.nx)).ravel() * raster.cell
    free = np.flatnonzero((apart > 460) & (apart < 1_500) & (terrain.to_border > 500) & (land.clear > 60))
    if len(free) == 0:
        return np.empty((0, 2)), np.empty(0)
    pull = np.exp(-terrain.slope[free] / 0.12 - apart[free] / 900)
    count = min(len(free), max(1, round(people / 24)))
    cells = rng.choice(free, count, replace=False, p=pull / pull.sum())
    xy = raster.centres[cells] + rng.uniform(-40, 40, (count, 2))
    size = rng.lognormal(0, 0.6, count)
    return xy, people * size / size.sum()


def _ages(
    place: NDArray[np.int32], n_towns: int, n_places: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares aged 60 and over and aged 0 to 14, per point: the farther from town, the older."""
    number = np.arange(n_places)
    old = np.select([number == 0, number < n_towns], [0.135, 0.17], 0.245) * rng.lognormal(0, 0.12, n_places)
    young = np.select([number == 0, number < n_towns], [0.19, 0.185], 0.15) * rng.lognormal(0, 0.09, n_places)
    at = np.maximum(place, 0)
    sixty = np.where(place >= 0, old[at], np.where(place == REMOTE, 0.38, 0.25))
    child = np.where(place >= 0, young[at], np.where(place == REMOTE, 0.08, 0.15))
    sixty = sixty * rng.lognormal(0, 0.1, len(place))
    child = child * rng.lognormal(0, 0.1, len(place))
    return np.clip(sixty, 0.02, 0.6), np.clip(child, 0.02, 0.35)
