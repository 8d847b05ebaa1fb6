"""What the inputs leave in doubt as a whole: ways to the street, streets apart from the others, people whom nothing reaches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from planner.crs import WGS84, transformer
from planner.inputs.read import Inputs
from planner.streets import snap_xy
from planner.study.access import nearest_of, threshold_of_points
from planner.study.clusters import group_points, outline_of, spacing_m, split_wide
from planner.texts import say, say_parts

MOST_CLUSTERS = 20
CAUSES = ("no_street", "apart", "beyond", "near_edge")
"""No street within max_snap_m; streets that lead to no facility; farther than the limit from all; at the edge of the file."""

_PARTS_LISTED = 5
_FARTHEST_STREET_M = 10_000.0
_WIDEST_M = 3_000.0
_ASKED = 50  # points of a cluster for which the nearest street is looked for


@dataclass(frozen=True)
class Cluster:
    """People side by side whom no facility, existing or candidate, reaches for one and the same cause.

    `longitude`, `latitude`: the demand point nearest to their middle; `shape` (WGS 84) surrounds them; `street_m` is how far
    the nearest street is (inf: none within 10 km), `part_km` the length of the streets they are on, `seconds` the
    median walk to the nearest facility; NaN where a figure does not belong to the cause.
    """

    cause: str
    people: float
    demand_points: int
    longitude: float
    latitude: float
    zone: str | None
    zone_code: str | None
    street_m: float
    part_km: float
    seconds: float
    shape: Polygon | MultiPolygon


@dataclass(frozen=True)
class DataQuality:
    """`snapping` by role, `network` (parts of the streets), `unreached` (people by cause), and the largest `clusters`."""

    snapping: dict[str, dict[str, Any]]
    network: dict[str, Any]
    unreached: dict[str, dict[str, Any]]
    clusters: tuple[Cluster, ...]
    max_snap_m: float

    def to_dict(self, language: str) -> dict[str, Any]:
        """Return all of it as plain data, with a sentence and a remedy for each cluster."""
        return {
            "snapping": self.snapping,
            "network": self.network,
            "unreached": {
                "people": sum(part["people"] for part in self.unreached.values()),
                "by_cause": self.unreached,
                "clusters": [self.told(number, language) for number in range(len(self.clusters))],
            },
        }

    def told(self, number: int, language: str) -> dict[str, Any]:
        """Return one cluster as plain data, its sentence and remedy in `language`."""
        one = self.clusters[number]
        zone = one.zone or say("data_quality.the_area", language)
        figures = {
            "street_m": _whole(one.street_m, 0),
            "part_km": _whole(one.part_km, 2),
            "minutes": _minutes(one.seconds),
        }
        known = {name: "-" if value is None else value for name, value in figures.items()}
        without = {
            ("no_street", one.street_m): "data_quality.no_street_far",
            ("beyond", one.seconds): "data_quality.beyond_nothing",
        }
        code = without.get((one.cause, np.inf), f"data_quality.{one.cause}")
        what, remedy = say_parts(
            code, language, people=one.people, count=one.demand_points, zone=zone,
            longitude=one.longitude, latitude=one.latitude, max_snap_m=self.max_snap_m, **known,
        )  # fmt: skip
        return {
            "id": f"u{number + 1:02d}",
            "cause": one.cause,
            "people": one.people,
            "demand_points": one.demand_points,
            "longitude": one.longitude,
            "latitude": one.latitude,
            "zone": one.zone,
            "zone_code": one.zone_code,
            **figures,
            "message": what,
            "remedy": remedy,
        }


def assess_data_quality(inputs: Inputs) -> DataQuality:
    """Measure what is in doubt; people are those of the main group."""
    causes, seconds = causes_of(inputs)
    weights = inputs.demand.weights[inputs.project.main_group]
    unreached = {
        cause: {"people": float(weights[causes == cause].sum()), "demand_points": int((causes == cause).sum())}
        for cause in CAUSES
        if (causes == cause).any()
    }
    max_snap_m = inputs.project.settings.walking.max_snap_m
    clusters = _clusters(inputs, causes, seconds)
    return DataQuality(_snapping(inputs), _parts(inputs), unreached, tuple(clusters), max_snap_m)


def causes_of(inputs: Inputs) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return why no facility, existing or candidate, reaches each demand point (None where one does), and the seconds to it."""
    facilities = np.flatnonzero(inputs.facilities["excluded_reason"].isna().to_numpy())
    seconds, _ = nearest_of(inputs, facilities)
    lost = seconds > threshold_of_points(inputs, inputs.project.main_group)
    snapped = inputs.demand_places.snapped
    causes = np.full(len(seconds), None, object)
    causes[lost & snapped.found] = "beyond"
    part = inputs.network.component[inputs.network.edge_from[np.where(snapped.found, snapped.edge, 0)]]
    causes[lost & snapped.found & ~np.isfinite(seconds) & (part != _largest_part(inputs))] = "apart"
    causes[lost & snapped.found & inputs.near_edge] = "near_edge"
    causes[lost & ~snapped.found] = "no_street"
    off = np.flatnonzero(lost & ~snapped.found & inputs.near_edge)
    causes[off[~_in_extent(inputs, off)]] = "near_edge"
    return causes, seconds


def _in_extent(inputs: Inputs, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    lon, lat = _degrees(inputs, rows)
    return shapely.contains_xy(inputs.network.extent, lon, lat)


def _degrees(inputs: Inputs, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    places = inputs.demand_places
    return transformer(inputs.network.crs, WGS84).transform(places.x[rows], places.y[rows])


def _part_m(inputs: Inputs) -> NDArray[np.float64]:
    net = inputs.network
    return np.bincount(net.component[net.edge_from], weights=net.edge_length_m).astype(np.float64)


def _largest_part(inputs: Inputs) -> int:
    return int(_part_m(inputs).argmax())


def _clusters(inputs: Inputs, causes: NDArray[np.object_], seconds: NDArray[np.float64]) -> list[Cluster]:
    places, weights = inputs.demand_places, inputs.demand.weights[inputs.project.main_group]
    link_m = spacing_m(places.x, places.y)
    found: list[tuple[float, int, str, NDArray[np.int64]]] = []
    for cause in CAUSES:
        rows = np.flatnonzero((causes == cause) & (weights > 0))
        x, y = places.x[rows], places.y[rows]
        for group in group_points(x, y, link_m):
            for part in split_wide(x, y, group, _WIDEST_M):
                members = rows[part]
                found.append((-float(weights[members].sum()), int(members[0]), cause, members))
    found.sort(key=lambda one: one[:2])
    return [_cluster(inputs, cause, members, seconds, link_m) for _, _, cause, members in found[:MOST_CLUSTERS]]


def _cluster(
    inputs: Inputs, cause: str, members: NDArray[np.int64], seconds: NDArray[np.float64], link_m: float
) -> Cluster:
    places, net = inputs.demand_places, inputs.network
    weights = inputs.demand.weights[inputs.project.main_group][members]
    x, y = places.x[members], places.y[members]
    away = np.hypot(x - np.average(x, weights=weights), y - np.average(y, weights=weights))
    middle = members[int(away.argmin())]
    (lon,), (lat,) = _degrees(inputs, np.array([middle]))
    zone, zone_code = _main_zone(inputs, members, weights)
    street_m, part_km = np.nan, np.nan
    if cause == "no_street":
        asked = members[np.argsort(away, kind="stable")[:_ASKED]]
        wide = snap_xy(net, places.x[asked], places.y[asked], max_snap_m=_FARTHEST_STREET_M)
        street_m = float(wide.distance_m.min())
    if cause == "apart":
        parts = np.unique(net.component[net.edge_from[places.snapped.edge[members]]])
        part_km = float(_part_m(inputs)[parts].sum()) / 1000
    return Cluster(
        cause=cause,
        people=float(weights.sum()),
        demand_points=len(members),
        longitude=round(float(lon), 6),
        latitude=round(float(lat), 6),
        zone=zone,
        zone_code=zone_code,
        street_m=street_m,
        part_km=part_km,
        seconds=float(np.median(seconds[members])) if cause in ("beyond", "near_edge") else np.nan,
        shape=outline_of(x, y, link_m, net.crs),
    )


def _main_zone(
    inputs: Inputs, members: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[str | None, str | None]:
    """Return name and code of the zone in which most of these people live."""
    if not inputs.levels:
        return None, None
    numbers = inputs.levels[0].of_demand[members]
    most = int(np.bincount(numbers + 1, weights).argmax()) - 1
    first = int(members[np.flatnonzero(numbers == most)[0]])
    return inputs.demand_zones["zone"].iat[first], inputs.demand_zones["zone_code"].iat[first]


def _snapping(inputs: Inputs) -> dict[str, dict[str, Any]]:
    """Return quantiles of the distances to the nearest street in metres, and who is beyond max_snap_m."""
    weights = inputs.demand.weights[inputs.project.main_group]
    demand = inputs.demand_places.snapped
    people = float(weights.sum())
    beyond = float(weights[~demand.found].sum())
    return {
        "demand": _distances(demand.distance_m, demand.found)
        | {"people_beyond": beyond, "share_of_people_beyond": beyond / people if people > 0 else None},
        "facilities": _distances(inputs.facility_places.snapped.distance_m, inputs.facility_places.snapped.found),
    }


def _distances(distance_m: NDArray[np.float64], found: NDArray[np.bool_]) -> dict[str, Any]:
    marks = {"median_m": 0.5, "p90_m": 0.9, "p99_m": 0.99, "largest_m": 1.0}
    known = distance_m[found]
    quantiles = np.quantile(known, list(marks.values())).round(1).tolist() if len(known) else [None] * len(marks)
    share = float((~found).mean()) if len(found) else None
    return {
        "points": len(found),
        **dict(zip(marks, quantiles, strict=True)),
        "beyond": int((~found).sum()),
        "share_beyond": share,
    }


def _parts(inputs: Inputs) -> dict[str, Any]:
    """Return how the streets hang together: the number of parts, the largest one's share, the next ones with people on them."""
    net, snapped = inputs.network, inputs.demand_places.snapped
    weights = inputs.demand.weights[inputs.project.main_group]
    metres, rows = _part_m(inputs), np.flatnonzero(snapped.found)
    part = net.component[net.edge_from[snapped.edge[rows]]]
    people = np.bincount(part, weights[rows], minlength=len(metres))
    largest = int(metres.argmax())
    places = inputs.facility_places.snapped
    with_facility = np.unique(net.component[net.edge_from[places.edge[places.found]]])
    order = [number for number in np.lexsort((-metres, -people)) if number != largest and people[number] > 0]
    others = []
    for number in order[:_PARTS_LISTED]:
        mine = rows[part == number]
        (lon,), (lat,) = _degrees(inputs, mine[[int(weights[mine].argmax())]])
        others.append(
            {
                "people": float(people[number]),
                "length_km": round(float(metres[number]) / 1000, 3),
                "longitude": round(float(lon), 6),
                "latitude": round(float(lat), 6),
                "has_facility": bool(number in with_facility),
            }
        )
    return {
        "components": len(metres),
        "largest_share": round(float(metres[largest] / metres.sum()), 6) if metres.sum() > 0 else None,
        "people_off_largest": float(people.sum() - people[largest]),
        "components_with_people": int((people > 0).sum()),
        "next_largest": others,
    }


def _whole(value: float, digits: int) -> float | None:
    return round(value, digits) if np.isfinite(value) else None


def _minutes(seconds: float) -> float | None:
    return _whole(seconds / 60, 1)
