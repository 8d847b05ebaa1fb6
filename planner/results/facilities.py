"""What each facility does for people, and why each site was chosen: the layers of sites, centres and candidates, in WGS 84."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.inputs.read import Inputs
from planner.study.access import Access
from planner.study.plan import Plan, allocation_of, explain_plan

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
class FacilityTables:
    """The proposed sites in opening order, the centres, and all candidates; GeoDataFrames in WGS 84."""

    sites: gpd.GeoDataFrame
    centres: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame


def tabulate_facilities(inputs: Inputs, access: Access, plan: Plan) -> FacilityTables:
    """Lay out what each facility does for people, and why each site was chosen."""
    facilities = _facilities(inputs, access, plan)
    by_role = {role: facilities[facilities["role"] == role] for role in ("centres", "candidates")}
    hidden = ["role", "own_row"]
    return FacilityTables(
        sites=_sites(facilities, inputs, access, plan).drop(columns=hidden),
        centres=by_role["centres"].drop(columns=hidden),
        candidates=by_role["candidates"].drop(columns=hidden),
    )


def _facilities(inputs: Inputs, access: Access, plan: Plan) -> gpd.GeoDataFrame:
    table = inputs.facilities.copy()
    snap_m = inputs.facility_places.snapped.distance_m
    table["snap_m"] = np.where(np.isfinite(snap_m), np.round(snap_m, 2), np.nan)
    is_open = np.zeros(len(table), bool)
    is_open[plan.open_after] = True
    table["open_after"] = is_open
    rank = pd.Series(range(1, len(plan.selected) + 1), index=plan.selected, dtype="Int64")
    table["rank"] = rank.reindex(range(len(table)))
    columns = []
    for group in inputs.project.groups:
        cover, weights = access.of(group), inputs.demand.weights[group]
        count = access.count_open(group, plan.open_after)
        table[f"people_{group}"] = people_reached(cover, weights)
        table[f"only_here_{group}"] = people_only_here(cover, weights, count, is_open)
        columns += [f"people_{group}", f"only_here_{group}"]
    if (allocation := allocation_of(plan)) is not None:
        table["served"] = np.asarray(allocation.sum(axis=0)).ravel()
        columns.append("served")
    order = [*ORIGIN, *FACILITY, *columns, "open_after", "rank", "role", "own_row", "geometry"]
    return table[order]


def _sites(facilities: gpd.GeoDataFrame, inputs: Inputs, access: Access, plan: Plan) -> gpd.GeoDataFrame:
    """Say of each chosen site what it gains by group (of the main one with capacities: newly served), and who could stand in."""
    told = explain_plan(inputs, access, plan)
    sites = facilities.iloc[plan.selected].copy()
    ids = facilities["id"].to_numpy(object)
    for group, reached in told.gain_by_group.items():
        gain = told.gain if group == inputs.project.main_group else reached
        sites[f"gain_{group}"] = gain
        sites[f"cumulative_{group}"] = np.cumsum(gain)
    sites["loss_if_dropped"] = told.loss_if_dropped
    sites["replacement_id"] = [ids[j] if j >= 0 else None for j in told.replacement]
    sites["replacement_loss"] = told.replacement_loss
    return sites.reset_index(drop=True)


def people_reached(cover: sparse.csr_array, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many people each facility has within the limit, shape (n_facilities,)."""
    return np.asarray(weights @ cover.astype(np.float64))


def people_only_here(
    cover: sparse.csr_array, weights: NDArray[np.float64], open_count: NDArray[np.int64], is_open: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how many people have no other open facility within the limit: what an open one alone serves, a closed one would."""
    matrix = cover.astype(np.float64)
    alone = np.asarray((weights * (open_count == 1)) @ matrix)
    nobody = np.asarray((weights * (open_count == 0)) @ matrix)
    return np.where(is_open, alone, nobody)
