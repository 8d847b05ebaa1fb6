"""The results of a run as tables in WGS 84, column by column as the files of the contract have them."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner import isochrones
from planner.crs import WGS84
from planner.inputs.read import Inputs
from planner.results.agreement import Agreement, Drawn
from planner.results.zones import tabulate_levels, tabulate_zones
from planner.study.access import Access, nearest_of
from planner.study.explain import SiteFacts, explain_sites, people_only_here, people_reached
from planner.study.plan import Decision
from planner.units import minutes_to_s

ORIGIN = ["id", "source_file", "source_row", "zone", "zone_code"]
FACILITY = [
    "name",
    "status",
    "stage",
    "kind",
    "area_m2",
    "capacity",
    "cost_yuan",
    "village",
    "village_code",
    "build_mode",
    "upgradable",
    "position_quality",
    "position_uncertainty_m",
    "duplicate_of",
    "outside",
    "excluded_reason",
    "snap_m",
]


@dataclass(frozen=True)
class Tables:
    """One GeoDataFrame (WGS 84) a layer; `allocation` has no geometry.

    `zones` are those of the first level, None without a zone layer; `zone_levels` those of all levels, None where there is one.
    """

    sites: gpd.GeoDataFrame
    centres: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    isochrones: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame | None
    zone_levels: gpd.GeoDataFrame | None
    allocation: pd.DataFrame
    agreement: dict[str, Agreement]


def tabulate(inputs: Inputs, access: Access, decision: Decision, *, threads: int | None = None) -> Tables:
    """Lay out everything that a run found."""
    facilities = tabulate_facilities(inputs, access, decision)
    demand = _demand(inputs, access, decision)
    drawn, agreement = _isochrones(inputs, access, decision, threads)
    return Tables(
        sites=facilities.sites,
        centres=facilities.centres,
        candidates=facilities.candidates,
        isochrones=drawn,
        demand=demand,
        zones=tabulate_zones(inputs, access, decision) if inputs.zones is not None else None,
        zone_levels=tabulate_levels(inputs, access, decision) if inputs.project.settings.zones else None,
        allocation=_allocation(demand, inputs.project.main_group),
        agreement=agreement,
    )


@dataclass(frozen=True)
class FacilityTables:
    """The proposed sites in opening order, the centres, and all candidates; GeoDataFrames in WGS 84."""

    sites: gpd.GeoDataFrame
    centres: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame


def tabulate_facilities(inputs: Inputs, access: Access, decision: Decision) -> FacilityTables:
    """Lay out what each facility does for people, and why each site was chosen."""
    project = inputs.project
    facilities = _facilities(inputs, access, decision)
    facts = explain_sites(
        {group: access.of(group) for group in project.groups},
        inputs.demand.weights,
        main=project.main_group,
        existing=decision.kept,
        selected=decision.selected,
        free=decision.left_over,
    )
    by_role = {role: facilities[facilities["role"] == role] for role in ("centres", "candidates")}
    hidden = ["role", "own_row"]
    return FacilityTables(
        sites=_sites(facilities, facts, decision).drop(columns=hidden),
        centres=by_role["centres"].drop(columns=hidden),
        candidates=by_role["candidates"].drop(columns=hidden),
    )


def _facilities(inputs: Inputs, access: Access, decision: Decision) -> gpd.GeoDataFrame:
    table = inputs.facilities.copy()
    snap_m = inputs.facility_places.snapped.distance_m
    table["snap_m"] = np.where(np.isfinite(snap_m), np.round(snap_m, 2), np.nan)
    is_open = np.zeros(len(table), bool)
    is_open[decision.open_after] = True
    table["open_after"] = is_open
    rank = pd.Series(range(1, len(decision.selected) + 1), index=decision.selected, dtype="Int64")
    table["rank"] = rank.reindex(range(len(table)))
    columns = []
    for group in inputs.project.groups:
        cover, weights = access.of(group), inputs.demand.weights[group]
        count = access.count_open(group, decision.open_after)
        table[f"people_{group}"] = people_reached(cover, weights)
        table[f"only_here_{group}"] = people_only_here(cover, weights, count, is_open)
        columns += [f"people_{group}", f"only_here_{group}"]
    order = [*ORIGIN, *FACILITY, *columns, "open_after", "rank", "role", "own_row", "geometry"]
    return table[order]


def _sites(facilities: gpd.GeoDataFrame, facts: SiteFacts, decision: Decision) -> gpd.GeoDataFrame:
    sites = facilities.iloc[decision.selected].copy()
    ids = facilities["id"].to_numpy(object)
    for group, gain in facts.gain.items():
        sites[f"gain_{group}"] = gain
        sites[f"cumulative_{group}"] = facts.cumulative[group]
    sites["loss_if_dropped"] = facts.loss_if_dropped
    sites["replacement_id"] = [ids[j] if j >= 0 else None for j in facts.replacement]
    sites["replacement_loss"] = facts.replacement_loss
    return sites.reset_index(drop=True)


def _demand(inputs: Inputs, access: Access, decision: Decision) -> gpd.GeoDataFrame:
    project, points = inputs.project, inputs.demand.points
    facility_id = inputs.facilities["id"].to_numpy(object)
    table: dict[str, Any] = {column: points[column].to_numpy() for column in ("id", "source_file", "source_row")}
    table |= {column: inputs.demand_zones[column].to_numpy(object) for column in ("zone", "zone_code")}
    table |= {f"weight_{group}": inputs.demand.weights[group] for group in project.groups}
    for when, facilities in (("before", decision.existing), ("after", decision.open_after)):
        seconds, which = nearest_of(inputs, facilities)
        table[f"time_{when}_s"] = np.where(np.isfinite(seconds), seconds, np.nan)
        table[f"nearest_{when}"] = np.where(which >= 0, facility_id[which], None)
        table[f"covered_{when}"] = access.count_open(project.main_group, facilities) > 0
    snap_m = inputs.demand_places.snapped.distance_m
    table["snap_m"] = np.where(np.isfinite(snap_m), np.round(snap_m, 2), np.nan)
    table["reason"] = _reasons(inputs, decision)
    table["near_edge"] = inputs.near_edge
    columns = ["id", "source_file", "source_row", "zone", "zone_code"]
    columns += [f"weight_{group}" for group in project.groups]
    for column in ("time_{}_s", "nearest_{}", "covered_{}"):
        columns += [column.format("before"), column.format("after")]
    columns += ["snap_m", "reason", "near_edge"]
    return gpd.GeoDataFrame(pd.DataFrame(table)[columns], geometry=points.geometry.to_crs(WGS84).to_numpy(), crs=WGS84)


def _reasons(inputs: Inputs, decision: Decision) -> NDArray[np.object_]:
    """Return why a demand point can reach no facility at all, open or not; None where it can."""
    seconds, _ = nearest_of(inputs, np.sort(np.concatenate((decision.existing, decision.candidates))))
    reasons = np.full(len(seconds), None, object)
    unreachable = ~np.isfinite(seconds)
    reasons[unreachable] = "no_facility_connected"
    reasons[unreachable & ~inputs.demand_places.snapped.found] = "no_street"
    return reasons


def unreachable_people(inputs: Inputs, decision: Decision) -> float:
    """Return how many people of the main group can reach no facility at all, open or not."""
    lost = pd.notna(_reasons(inputs, decision))
    return float(inputs.demand.weights[inputs.project.main_group][lost].sum())


def _allocation(demand: gpd.GeoDataFrame, group: str) -> pd.DataFrame:
    """Return who goes where once the plan is carried out: demand, site, seconds, weight, of the covered people."""
    covered = demand[demand["covered_after"]]
    return pd.DataFrame(
        {
            "demand": covered["id"].to_numpy(),
            "site": covered["nearest_after"].to_numpy(),
            "seconds": covered["time_after_s"].to_numpy(),
            "weight": covered[f"weight_{group}"].to_numpy(),
        }
    )


def _isochrones(
    inputs: Inputs, access: Access, decision: Decision, threads: int | None
) -> tuple[gpd.GeoDataFrame, dict[str, Agreement]]:
    """Return the isochrones of everything open in the end, and how far drawing and count agree: each, and the union.

    Both go by the main rule, whatever the classes of zones have of their own.
    """
    project, group = inputs.project, inputs.project.main_group
    rule, bands = project.rule_of(group), bands_min(inputs)
    which = decision.shown
    network, walk = inputs.walks.at(rule.speed_m_s)
    frame = isochrones.polygons(network, inputs.facility_places[which], minutes=bands, walk=walk, threads=threads)
    metric = frame.geometry.to_crs(inputs.network.crs).to_numpy()
    points = Drawn(inputs.demand_places.x, inputs.demand_places.y, inputs.demand.weights[group])
    times = access.main_times.tocsc()
    found: list[Agreement] = []
    for shape, i, minutes in zip(metric, frame["point_index"], frame["minutes"], strict=True):
        column = slice(times.indptr[which[i]], times.indptr[which[i] + 1])
        covered = times.indices[column][times.data[column] <= minutes_to_s(minutes)]
        found.append(points.agreement(shape, covered))
    table = _isochrone_table(inputs.facilities, which, frame)
    table.insert(7, "proposed", np.isin(which, decision.selected)[frame["point_index"].to_numpy()])
    table["people_network"] = [agreement.network for agreement in found]
    table["people_polygon"] = [agreement.polygon for agreement in found]
    table["people_wrongly_in"] = [agreement.wrongly_in for agreement in found]
    table["people_wrongly_out"] = [agreement.wrongly_out for agreement in found]
    return table, _union_agreement(inputs, access, decision, metric, frame, points)


def _union_agreement(
    inputs: Inputs,
    access: Access,
    decision: Decision,
    metric: NDArray[np.object_],
    frame: gpd.GeoDataFrame,
    points: Drawn,
) -> dict[str, Agreement]:
    full = (frame["minutes"] == frame["minutes"].max()).to_numpy()
    index = frame["point_index"].to_numpy()
    unions = {}
    for when, facilities in (("before", decision.existing), ("after", decision.open_after)):
        shape = shapely.union_all(metric[full & np.isin(decision.shown[index], facilities)])
        covered = np.flatnonzero(access.count_drawn(facilities) > 0)
        unions[when] = points.agreement(shape, covered)
    return unions


def bands_min(inputs: Inputs) -> tuple[float, ...]:
    """Return the minutes to draw: the project's bands up to the main group's own limit, which comes last."""
    limit = inputs.project.rule_of(inputs.project.main_group).limit_s / 60
    return (*(minutes for minutes in inputs.project.settings.walking.bands_min if minutes < limit), limit)


def facility_isochrones(
    inputs: Inputs, *, minutes: list[float], candidates: bool = False, threads: int | None = None
) -> gpd.GeoDataFrame:
    """Return the isochrones of the open centres (of the candidates too, if asked), WGS 84, one row a facility and minutes."""
    facilities = inputs.facilities
    wanted = ("existing", "closable", "candidate", "required") if candidates else ("existing", "closable")
    reason = facilities["excluded_reason"]  # one without a street has an isochrone that says so
    which = np.flatnonzero(facilities["status"].isin(wanted) & (reason.isna() | (reason == "no_street")))
    rule = inputs.project.rule_of(inputs.project.main_group)
    network, walk = inputs.walks.at(rule.speed_m_s)
    frame = isochrones.polygons(network, inputs.facility_places[which], minutes=minutes, walk=walk, threads=threads)
    return _isochrone_table(facilities, which, frame)


def _isochrone_table(
    facilities: gpd.GeoDataFrame, which: NDArray[np.int64], frame: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Say whose isochrones these are: `frame` as `isochrones.polygons` gives it for the facilities `which`."""
    facility = facilities.iloc[which[frame["point_index"].to_numpy()]].reset_index(drop=True)
    label = frame["minutes"].map(lambda value: f"{value:g}")
    columns = {"id": facility["id"] + "@" + label}
    columns |= {column: facility[column] for column in ORIGIN[1:]}
    columns |= {
        "facility_id": facility["id"],
        "name": facility["name"],
        "minutes": frame["minutes"],
        "reason": frame["reason"],
    }
    return gpd.GeoDataFrame(columns, geometry=frame.geometry.to_numpy(), crs=WGS84)
