"""One invented county, from the lie of the land to the rows of its tables: the order in which the parts are made."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from planner.demo.blocks import fill_blocks
from planner.demo.curves import resample
from planner.demo.degrees import Degrees
from planner.demo.kinds import WALKED, Kind
from planner.demo.lanes import Clusters, lay_lanes
from planner.demo.layout import Tile
from planner.demo.lines import Lines, bend, draw, stack
from planner.demo.meet import Net, components, meet, weld
from planner.demo.mess import SCRAP, draw_mess
from planner.demo.names import Names, PlaceNames
from planner.demo.people import People, settle
from planner.demo.raster import Raster
from planner.demo.registers import Registers, fill_registers
from planner.demo.road_lines import draw_motorway, draw_roads, smooth_plan
from planner.demo.roads import extend_roads, plan_roads, route_motorway
from planner.demo.sites import Town, found_towns, found_villages, gap_to_towns
from planner.demo.terrain import raise_land
from planner.demo.town_streets import Blocks, Gate, lay_streets
from planner.demo.water import Water, fill_water
from planner.demo.zones import Zones, count_communities, draw_zones, plant


@dataclass(frozen=True)
class County:
    """Everything that is written of one county; `gates` are nodes of `net`, `labels` the names its lines refer to."""

    tile: Tile
    net: Net
    gates: NDArray[np.int64]
    labels: list[str]
    people: People
    zones: Zones
    registers: Registers


def build_county(tile: Tile, names: PlaceNames, to_degrees: Degrees, *, seed: int) -> County:
    """Return one county; the same for the same tile and seed."""
    rng = np.random.default_rng([seed, 73, tile.number])
    labels = Names(rng)
    terrain = raise_land(tile, seed=seed)
    water = fill_water(tile, terrain, seed=seed)
    clear = water.distance_on(terrain)
    towns = found_towns(tile, terrain, water, clear, seed=seed)
    town_names = [names.town() for _ in range(tile.townships)]
    to_town = gap_to_towns(towns, terrain.raster)
    motorway = route_motorway(tile, terrain, clear=clear, to_town=to_town)
    to_motorway = _distance(terrain.raster, motorway)

    streets: list[Lines] = []
    gates: list[Gate] = []
    blocks: list[Blocks] = []
    for town in towns:
        lines, of_town, inside = lay_streets(town, terrain, water, labels, rng)
        streets.append(lines)
        gates += of_town
        blocks.append(inside)
    filling = fill_blocks(_all_blocks(blocks), labels, rng)
    plan, cost, links = plan_roads(
        tile, terrain, water, towns, gates, clear=clear, to_town=to_town, to_motorway=to_motorway, seed=seed
    )
    hamlets = found_villages(
        tile,
        terrain,
        clear=clear,
        to_town=to_town,
        to_motorway=to_motorway,
        count=tile.villages - sum(count_communities(tile)),
        seed=seed,
    )
    extend_roads(plan, terrain, cost, links, hamlets, seed=seed, number=tile.number)
    smooth_plan(plan, tile, water, to_town, seed=seed)
    offices = tile.townships - len(towns) + 1
    roads = draw_roads(plan, tile, towns, [town_names[0], *town_names[offices:]], labels)
    clusters = Clusters(plan.xy[hamlets.cell], hamlets.people, (len(towns) + hamlets.village).astype(np.int32))
    lanes = lay_lanes(clusters, roads, water, towns, cKDTree(resample(motorway, step_m=40)), rng)
    lanes = bend(lanes, share=0.06, over_m=45, rng=rng)
    town_lines = stack(streets)
    drawn = [
        town_lines,
        filling.lines,
        roads,
        draw_motorway(motorway, roads, water, labels),
        lanes,
        draw_mess(terrain, roads, town_lines, clear, labels, rng),
        *_nature(water, labels, towns, clusters, lanes),
    ]
    net = _joined(stack(drawn), water, terrain.raster, clear)
    people = settle(net, terrain, towns, hamlets, clear, rng)
    seeds = plant(tile, towns, hamlets, clusters.xy, people)
    zones = draw_zones(tile, seeds, town_names, names, to_degrees, seed=seed)
    registers = fill_registers(tile, people, towns, hamlets, zones, to_degrees, seed=seed)
    return County(tile, net, _gate_nodes(net, filling.gates), labels.labels, people, zones, registers)


def _distance(raster: Raster, course: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metres to a course, per cell, to the cell."""
    on = np.zeros(raster.nx * raster.ny, bool)
    on[raster.cell_of(resample(course, step_m=60))] = True
    return ndimage.distance_transform_edt(~on.reshape(raster.ny, raster.nx)).ravel() * raster.cell


def _all_blocks(blocks: list[Blocks]) -> Blocks:
    return Blocks(
        np.concatenate([part.corners for part in blocks]),
        np.concatenate([part.has_street for part in blocks]),
        np.concatenate([part.depth for part in blocks]),
        np.concatenate([part.town for part in blocks]),
    )


def _nature(water: Water, labels: Names, towns: list[Town], clusters: Clusters, lanes: Lines) -> list[Lines]:
    """Return river, tributaries and lakes, and the built-up land of villages, all of which is drawn but not walked."""
    river = labels.add("泠江")
    surface = [np.asarray(shape.exterior.coords) for shape in water.surface()]
    rivers = len(surface) - len(water.lakes)
    names = [river] * rivers + [-1] * len(water.lakes)
    return [
        draw([water.course], Kind.RIVER, name=river),
        draw(water.streams, Kind.STREAM),
        draw(surface, Kind.WATER, name=names),
        _built_up(clusters, lanes),
    ]


def _built_up(clusters: Clusters, lanes: Lines) -> Lines:
    """Return the land round the lanes of each cluster of houses, as areas."""
    if len(lanes) == 0:
        return draw([], Kind.HOUSES)
    cluster = cKDTree(clusters.xy).query(lanes.points)[1]
    order = np.argsort(cluster, kind="stable")
    spots = shapely.multipoints(shapely.points(lanes.points[order]), indices=_ranked(cluster[order]))
    hulls = shapely.buffer(shapely.convex_hull(spots), 22, quad_segs=2)
    place = clusters.place[np.unique(cluster)]
    return draw([shapely.get_coordinates(hull) for hull in hulls], Kind.HOUSES, place=place)


def _ranked(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1]


def _joined(lines: Lines, water: Water, raster: Raster, clear: NDArray[np.float64]) -> Net:
    """Return the lines over shared nodes, without anything at level in the water or by accident joined to nothing."""
    walked = [int(kind) for kind in WALKED]
    net = weld(lines)
    net = meet(net, np.isin(net.kind, walked) & ~net.bridge)
    a, b, line = net.pieces()
    near = np.isin(net.kind[line], walked) & ~net.bridge[line]
    near &= clear[raster.cell_of(net.xy[a])] < 400
    a, b, line = a[near], b[near], line[near]
    wet = water.distance(np.stack([net.xy[a], (net.xy[a] + net.xy[b]) / 2, net.xy[b]])).min(axis=0) < 1
    drowned = np.zeros(len(net), bool)
    drowned[line[wet]] = True
    net = net.pick(~drowned)
    counted = np.isin(net.kind, walked)
    part = components(net, counted)
    main = np.bincount(part[counted]).argmax()
    return net.pick(~counted | (part == main) | (net.place == SCRAP))


def _gate_nodes(net: Net, gates: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nodes of the compounds' gates that are still there."""
    used = np.unique(net.node[np.repeat(net.kind == Kind.COMPOUND, np.diff(net.indptr))])
    if len(gates) == 0 or len(used) == 0:
        return np.empty(0, np.int64)
    off, near = cKDTree(net.xy[used]).query(gates)
    return np.unique(used[near[off < 0.02]])
