"""A plan in memory as the `Results` that figures, tables and the map show, as a run's files would have it."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.crs import WGS84
from planner.results.facilities import tabulate_facilities
from planner.results.summary import figures
from planner.results.zones import tabulate_zones
from planner.session.run_results import FACTS, SITE_FACTS, Results, with_replacement
from planner.session.shared_plan import Plan, Shared
from planner.study import plan as study_plan
from planner.study.access import bands_min


def results_of(shared: Shared, plan: Plan) -> Results:
    """Return everything that the page shows of a plan; isochrones are those of today's centres."""
    inputs, access, decision = plan.inputs, plan.access, plan.decision
    group = inputs.project.main_group
    tables = tabulate_facilities(inputs, access, decision)
    sites = _plain(tables.sites, group, SITE_FACTS)
    centres, candidates = _plain(tables.centres, group, []), _plain(tables.candidates, group, [])
    chosen = set(sites["id"])
    summary: dict[str, Any] = figures(inputs, access, decision)
    summary["sites"] = plan.ids
    summary["unreachable"] = {"population": shared.unreachable(plan)}
    summary["cost_yuan"] = float(sites["cost_yuan"].astype(float).sum()) if sites["cost_yuan"].notna().any() else None
    return Results(
        folder=inputs.project.folder / "out",
        summary=summary,
        sites=with_replacement(sites, candidates, centres),
        centres=centres[~centres["id"].isin(chosen)].reset_index(drop=True),
        candidates=candidates[~candidates["id"].isin(chosen)].reset_index(drop=True),
        isochrones=_drawn_today(shared, decision),
        uncovered=uncovered_of(shared, plan),
        zones=_zones(plan),
        curve=decision.frontier,
    )


def uncovered_of(shared: Shared, plan: Plan) -> pd.DataFrame:
    """Return the demand points that are or will be out of reach, as `Results.uncovered` has them."""
    group = plan.inputs.project.main_group
    before = plan.access.count_open(group, plan.decision.existing) > 0
    after = plan.access.count_open(group, plan.decision.open_after) > 0
    rows = np.flatnonzero(~(before & after))
    lon, lat = shared.demand_lonlat
    columns = {"people": plan.problem.weights, "covered_before": before, "covered_after": after}
    columns |= {"longitude": lon, "latitude": lat}
    return pd.DataFrame({name: values[rows] for name, values in columns.items()})


def _plain(table: gpd.GeoDataFrame, group: str, more: list[str]) -> pd.DataFrame:
    """Return facilities with the main group's columns under plain names, and `longitude` and `latitude`."""
    renamed = {f"{kind}_{group}": kind for kind in ("people", "only_here", "gain", "cumulative")}
    plain = pd.DataFrame(table.drop(columns="geometry")).rename(columns=renamed)
    columns = [*FACTS, "people", "only_here", *(["gain", "cumulative"] if more else []), *more]
    place = {"longitude": table.geometry.x.to_numpy(), "latitude": table.geometry.y.to_numpy()}
    return plain[columns].reset_index(drop=True).assign(**place)


def _drawn_today(shared: Shared, decision: study_plan.Plan) -> gpd.GeoDataFrame:
    minutes = bands_min(shared.project)
    shapes = shared.shapes(decision.existing)
    rows = {"minutes": np.tile(minutes, len(shapes)), "proposed": np.zeros(shapes.size, bool)}
    return gpd.GeoDataFrame(rows, geometry=shapes.ravel(), crs=WGS84)


def _zones(plan: Plan) -> gpd.GeoDataFrame | None:
    if plan.inputs.zones is None:
        return None
    group = plan.inputs.project.main_group
    kinds = ("population", "covered_before", "covered_after", "share_before", "share_after")
    zones = tabulate_zones(plan.inputs, plan.access, plan.decision)
    columns = ["zone", *(f"{kind}_{group}" for kind in kinds), "centres", "sites", "geometry"]
    return zones[columns].rename(columns={f"{kind}_{group}": kind for kind in kinds})
