"""What a reader asks of the map: who would be served from here, who lives in this area, where are the largest gaps."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner import isochrones
from planner.coverage import Places
from planner.crs import WGS84, transformer
from planner.inputs.read import Inputs
from planner.study.access import Access, bands_min, nearest_of, rules_of, walk_to
from planner.study.clusters import group_points, outline_of, spacing_m, split_wide
from planner.study.point_index import PointIndex

Ints = NDArray[np.int64]

_WIDEST_M = 3_000.0


@dataclass(frozen=True)
class PlaceReach:
    """What a facility at some place would reach, each group by its own walk.

    `people` are within the limit, `fresh` those of them whom nothing open serves. `shapes` are the isochrones in WGS 84, one a
    number of `minutes`, by the main rule. `reason` is "no_street" where there is none near enough, else None.
    """

    longitude: float
    latitude: float
    people: dict[str, float]
    fresh: dict[str, float]
    minutes: tuple[float, ...]
    shapes: NDArray[np.object_]
    snap_m: float
    reason: str | None


@dataclass(frozen=True)
class AreaPeople:
    """People in an area by group: all of them, and those covered before and after."""

    people: dict[str, float]
    before: dict[str, float]
    after: dict[str, float]
    centres: int
    sites: int


@dataclass(frozen=True)
class Gap:
    """People side by side whom nothing open serves.

    `longitude`, `latitude`: the demand point nearest to their middle; `shape` (WGS 84) surrounds them. `seconds` is the median
    walk to the nearest open facility (inf: none). `candidate` is the facility that would serve most of them (-1: none would),
    `gain` how many.
    """

    people: float
    longitude: float
    latitude: float
    zone: str | None
    seconds: float
    candidate: int
    gain: float
    shape: shapely.Geometry


def reach_of_place(inputs: Inputs, access: Access, longitude: float, latitude: float, opened: Ints) -> PlaceReach:
    """Return what a facility at a place would reach, beside what the `opened` facilities serve.

    The place is snapped to the streets as every facility is; where there is no street near, nobody is reached.
    """
    walking = inputs.project.settings.walking
    point = gpd.GeoSeries([shapely.Point(longitude, latitude)], crs=WGS84)
    places = Places.of(inputs.network, point, max_snap_m=walking.max_snap_m)
    snapped = bool(places.snapped.found[0])
    people, fresh, known = {}, {}, {}
    for group in inputs.project.groups:
        rules = rules_of(inputs.project, group)
        if rules not in known:
            known[rules] = walk_to(inputs, places, rules)[1].tocsc().indices
        weights = inputs.demand.weights[group][known[rules]]
        people[group] = float(weights.sum())
        fresh[group] = float(weights[access.count_open(group, opened)[known[rules]] == 0].sum())
    return PlaceReach(
        longitude=longitude,
        latitude=latitude,
        people=people,
        fresh=fresh,
        minutes=bands_min(inputs.project),
        shapes=shapes_of(inputs, places)[0],
        snap_m=float(places.snapped.distance_m[0]),
        reason=None if snapped or walking.straight_line else "no_street",
    )


def nearest_facility(inputs: Inputs, among: Ints, longitude: float, latitude: float) -> int:
    """Return the facility of `among` (at least one) that is nearest to a place as the crow flies."""
    x, y = transformer(WGS84, inputs.network.crs).transform(longitude, latitude)
    places = inputs.facility_places[among]
    return int(among[np.argmin(np.hypot(places.x - x, places.y - y))])


def shapes_of(inputs: Inputs, places: Places) -> NDArray[np.object_]:
    """Return quick isochrones of places by the main rule, WGS 84, shape (n_places, n_minutes)."""
    rule = inputs.project.rule_of(inputs.project.main_group)
    network, walk = inputs.walks.at(rule.speed_m_s)
    drawn = isochrones.shapes(network, places, minutes=bands_min(inputs.project), walk=walk, quality="fast")
    to_degrees = transformer(network.crs, WGS84).transform
    return np.asarray(shapely.transform(drawn, to_degrees, interleaved=False), object)


def people_in(inputs: Inputs, access: Access, area: shapely.Geometry, before: Ints, after: Ints) -> AreaPeople:
    """Return who lives in an area (WGS 84, boundary included), and who of them the facilities `before` and `after` serve."""
    outline = shapely.transform(area, transformer(WGS84, inputs.network.crs).transform, interleaved=False)
    places, weights = inputs.demand_places, inputs.demand.weights
    rows = PointIndex(places.x, places.y).inside(outline)
    inside = shapely.intersects(area, inputs.facilities.geometry.to_numpy())
    found: dict[str, dict[str, Any]] = {"people": {}, "before": {}, "after": {}}
    for group in inputs.project.groups:
        people = weights[group][rows]
        found["people"][group] = float(people.sum())
        for when, facilities in (("before", before), ("after", after)):
            found[when][group] = float(people[access.count_open(group, facilities)[rows] > 0].sum())
    new = np.setdiff1d(after, before)
    return AreaPeople(**found, centres=int(inside[before].sum()), sites=int(inside[new].sum()))


def find_gaps(inputs: Inputs, access: Access, opened: Ints, candidates: Ints, *, most: int = 40) -> list[Gap]:
    """Return the largest groups of people whom the `opened` facilities do not serve, the most people first."""
    group, places, network = inputs.project.main_group, inputs.demand_places, inputs.network
    weights, cover = inputs.demand.weights[group], access.of(group)
    rows = np.flatnonzero((access.count_open(group, opened) == 0) & (weights > 0))
    x, y = places.x[rows], places.y[rows]
    link_m = spacing_m(places.x, places.y)
    members = [rows[part] for one in group_points(x, y, link_m) for part in split_wide(x, y, one, _WIDEST_M)]
    members.sort(key=lambda some: (-float(weights[some].sum()), int(some[0])))
    seconds, _ = nearest_of(inputs, opened)
    to_degrees = transformer(network.crs, WGS84).transform
    found = []
    for some in members[:most]:
        people = weights[some]
        x, y = places.x[some], places.y[some]
        middle = some[np.hypot(x - np.average(x, weights=people), y - np.average(y, weights=people)).argmin()]
        served = np.asarray(people @ cover[some].astype(np.float64))[candidates]
        best = int(served.argmax()) if len(served) else -1
        (lon,), (lat,) = to_degrees(places.x[[middle]], places.y[[middle]])
        zone = inputs.demand_zones["zone"].iat[int(middle)]
        gap = Gap(
            people=float(people.sum()),
            longitude=round(float(lon), 6),
            latitude=round(float(lat), 6),
            zone=None if zone is None or zone != zone else str(zone),
            seconds=float(np.median(seconds[some])),
            candidate=int(candidates[best]) if best >= 0 and served[best] > 0 else -1,
            gain=float(served[best]) if best >= 0 else 0.0,
            shape=outline_of(x, y, link_m, network.crs),
        )
        found.append(gap)
    return found
