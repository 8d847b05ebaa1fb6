"""One invented county, from the lie of the land to the rows of its tables: the order in which the parts are made."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.demo.blocks import fill_blocks
from planner.demo.degrees import Degrees
from planner.demo.kinds import WALKED, Kind
from planner.demo.land import Land, shape_land
from planner.demo.lanes import Clusters, lay_lanes
from planner.demo.layout import Tile
from planner.demo.lines import Lines, bend, draw, stack
from planner.demo.meet import TOUCH_M, Net, components, meet, weld
from planner.demo.mess import SCRAP, draw_mess
from planner.demo.motorway import draw_motorway
from planner.demo.names import Names, PlaceNames
from planner.demo.people import People, settle
from planner.demo.registers import Registers, fill_registers
from planner.demo.road_lines import draw_roads, smooth_plan
from planner.demo.roads import extend_roads, plan_roads
from planner.demo.sites import seat_offices
from planner.demo.town_streets import Blocks, lay_streets
from planner.demo.villages import Hamlets, found_villages
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
    """Return one county; the same for the same tile, seed and names handed out before."""
    land = shape_land(tile, seed=seed)
    tile = land.tile
    rng = np.random.default_rng([seed, 73, tile.number])
    labels = Names(rng)
    town_names = [names.town() for _ in range(tile.townships)]
    lines, gates, clusters, hamlets = _draw(land, town_names, labels, rng, seed=seed)
    net = _joined(lines, land)
    people = settle(net, land, hamlets, rng)
    seeds = plant(tile, land.towns, hamlets, clusters.xy, people)
    zones = draw_zones(tile, seeds, town_names, names, to_degrees, seed=seed)
    registers = fill_registers(tile, people, land.towns, hamlets, zones, to_degrees, seed=seed)
    return County(tile, net, _gate_nodes(net, gates), labels.labels, people, zones, registers)


def _draw(
    land: Land, town_names: list[str], labels: Names, rng: np.random.Generator, *, seed: int
) -> tuple[Lines, NDArray[np.float64], Clusters, Hamlets]:
    """Return all lines of a county, the gates of its compounds, its clusters of houses and the villages they make up."""
    towns = [lay_streets(town, land.terrain, land.water, labels, rng) for town in land.towns]
    streets = stack([lines for lines, _, _ in towns])
    filling = fill_blocks(_all_blocks([blocks for _, _, blocks in towns]), labels, rng)
    plan = plan_roads(land, [gate for _, gates, _ in towns for gate in gates], seed=seed)
    hamlets = found_villages(land, count=land.tile.villages - sum(count_communities(land.tile)), seed=seed)
    extend_roads(plan, land, hamlets, seed=seed)
    smooth_plan(plan, land, seed=seed)
    roads = draw_roads(plan, land, [town_names[0], *town_names[seat_offices(land.tile) :]], labels)
    place = (len(land.towns) + hamlets.village).astype(np.int32)
    clusters = Clusters(plan.xy[hamlets.cell], hamlets.people, place)
    lanes = bend(lay_lanes(clusters, roads, land, rng), share=0.06, over_m=45, rng=rng)
    drawn = [
        streets,
        filling.lines,
        roads,
        draw_motorway(land, roads, labels),
        lanes,
        draw_mess(land, roads, streets, labels, rng),
        *_nature(land, labels),
        _built_up(clusters, lanes),
    ]
    return stack(drawn), filling.gates, clusters, hamlets


def _all_blocks(blocks: list[Blocks]) -> Blocks:
    return Blocks(
        np.concatenate([part.corners for part in blocks]),
        np.concatenate([part.has_street for part in blocks]),
        np.concatenate([part.depth for part in blocks]),
        np.concatenate([part.town for part in blocks]),
    )


def _nature(land: Land, labels: Names) -> list[Lines]:
    """Return river, tributaries (under ground in towns) and lakes, as lines and surfaces."""
    river = labels.add("泠江")
    surface = [np.asarray(shape.exterior.coords) for shape in land.water.surface()]
    lakes = len(land.water.lakes)
    return [
        draw([land.water.course], Kind.RIVER, name=river),
        draw([part for stream in land.water.streams for part in _in_the_open(stream, land)], Kind.STREAM),
        draw(surface, Kind.WATER, name=[river] * (len(surface) - lakes) + [-1] * lakes),
    ]


def _in_the_open(stream: NDArray[np.float64], land: Land) -> list[NDArray[np.float64]]:
    """Return the stretches of a stream outside the towns."""
    outside = np.ones(len(stream), bool)
    for town in land.towns:
        if np.hypot(*(stream - town.centre).T).min() < 2.2 * town.radius_m:
            outside &= town.depth(stream) > 1.05
    cuts = np.flatnonzero(outside[1:] != outside[:-1]) + 1
    parts = zip(np.split(stream, cuts), np.split(outside, cuts), strict=True)
    return [part for part, is_open in parts if is_open[0] and len(part) > 1]


def _built_up(clusters: Clusters, lanes: Lines) -> Lines:
    """Return the land round the lanes of each cluster of houses, as areas."""
    if len(lanes) == 0:
        return draw([], Kind.HOUSES)
    cluster = cKDTree(clusters.xy).query(lanes.points)[1]
    order = np.argsort(cluster, kind="stable")
    built, rank = np.unique(cluster[order], return_inverse=True)
    spots = shapely.multipoints(shapely.points(lanes.points[order]), indices=rank)
    hulls = shapely.buffer(shapely.convex_hull(spots), 22, quad_segs=2)
    return draw([shapely.get_coordinates(hull) for hull in hulls], Kind.HOUSES, place=clusters.place[built])


def _joined(lines: Lines, land: Land) -> Net:
    """Return the lines over shared nodes, without anything at level in the water or by accident joined to nothing."""
    walked = [int(kind) for kind in WALKED]
    net = weld(lines)
    net = meet(net, np.isin(net.kind, walked) & ~net.bridge & (net.kind != Kind.PLATFORM))
    a, b, line = net.pieces()
    level = np.isin(net.kind[line], walked) & ~net.bridge[line]
    pieces = shapely.linestrings(np.stack([net.xy[a[level]], net.xy[b[level]]], axis=1))
    wet = shapely.STRtree(pieces).query(np.array(land.water.surface()), predicate="intersects")[1]
    drowned = np.zeros(len(net), bool)
    drowned[line[level][wet]] = True
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
    return np.unique(used[near[off < TOUCH_M]])
