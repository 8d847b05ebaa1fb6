"""The demand points one by one: how far they walk before and after, who serves them, why nothing does."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.crs import WGS84
from planner.inputs.read import Inputs
from planner.study.access import Access, nearest_of
from planner.study.plan import Plan, allocation_of


def tabulate_demand(inputs: Inputs, access: Access, plan: Plan) -> gpd.GeoDataFrame:
    """Lay out who lives where, the nearest open facility before and after, and whether it is within the limit."""
    project, points = inputs.project, inputs.demand.points
    facility_id = inputs.facilities["id"].to_numpy(object)
    table: dict[str, Any] = {column: points[column].to_numpy() for column in ("id", "source_file", "source_row")}
    table |= {column: inputs.demand_zones[column].to_numpy(object) for column in ("zone", "zone_code")}
    table |= {f"weight_{group}": inputs.demand.weights[group] for group in project.groups}
    for when, facilities in (("before", plan.existing), ("after", plan.open_after)):
        seconds, which = nearest_of(inputs, facilities)
        table[f"time_{when}_s"] = np.where(np.isfinite(seconds), seconds, np.nan)
        table[f"nearest_{when}"] = np.where(which >= 0, facility_id[which], None)
        table[f"covered_{when}"] = access.count_open(project.main_group, facilities) > 0
    snap_m = inputs.demand_places.snapped.distance_m
    if (allocation := allocation_of(plan)) is not None:
        table["served_after"] = np.asarray(allocation.sum(axis=1)).ravel()
    table["snap_m"] = np.where(np.isfinite(snap_m), np.round(snap_m, 2), np.nan)
    table["reason"] = _reasons(inputs, plan)
    table["near_edge"] = inputs.near_edge
    columns = ["id", "source_file", "source_row", "zone", "zone_code"]
    columns += [f"weight_{group}" for group in project.groups]
    for column in ("time_{}_s", "nearest_{}", "covered_{}"):
        columns += [column.format("before"), column.format("after")]
    columns += [*(["served_after"] if "served_after" in table else []), "snap_m", "reason", "near_edge"]
    return gpd.GeoDataFrame(pd.DataFrame(table)[columns], geometry=points.geometry.to_crs(WGS84).to_numpy(), crs=WGS84)


def _reasons(inputs: Inputs, plan: Plan) -> NDArray[np.object_]:
    """Return why a demand point can reach no facility at all, open or not; None where it can."""
    seconds, _ = nearest_of(inputs, np.sort(np.concatenate((plan.existing, plan.candidates))))
    reasons = np.full(len(seconds), None, object)
    unreachable = ~np.isfinite(seconds)
    reasons[unreachable] = "no_facility_connected"
    reasons[unreachable & ~inputs.demand_places.snapped.found] = "no_street"
    return reasons


def unreachable_people(inputs: Inputs, plan: Plan) -> float:
    """Return how many people of the main group can reach no facility at all, open or not, the unplaced among them."""
    lost = pd.notna(_reasons(inputs, plan))
    group = inputs.project.main_group
    return float(inputs.demand.weights[group][lost].sum()) + inputs.demand.unplaced(group)


def tabulate_allocation(inputs: Inputs, access: Access, plan: Plan, demand: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return who goes where once the plan is carried out: demand, site, seconds, weight of the main group.

    With capacities it is the allocation that the choice was made by: who finds no room goes nowhere, and people of one demand
    point may go to several sites. Without, whoever is covered goes to the nearest open facility.
    """
    allocation = allocation_of(plan)
    if allocation is None:
        covered = demand[demand["covered_after"]]
        rows = {"demand": "id", "site": "nearest_after", "seconds": "time_after_s"}
        rows["weight"] = f"weight_{inputs.project.main_group}"
        return pd.DataFrame({name: covered[column].to_numpy() for name, column in rows.items()})
    found = allocation.tocoo()
    found.eliminate_zeros()
    point, site = found.coords
    return pd.DataFrame(
        {
            "demand": demand["id"].to_numpy()[point],
            "site": inputs.facilities["id"].to_numpy(object)[site],
            "seconds": np.asarray(access.times[point, site]).ravel(),
            "weight": found.data,
        }
    )
