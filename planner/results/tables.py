"""The results of a run as tables in WGS 84, column by column as the files of the contract have them."""

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from planner.inputs.read import Inputs
from planner.results.agreement import Agreement
from planner.results.demand_points import tabulate_allocation, tabulate_demand
from planner.results.facilities import tabulate_facilities
from planner.results.isochrones import tabulate_isochrones
from planner.results.zones import tabulate_levels, tabulate_zones
from planner.study.access import Access
from planner.study.plan import Plan


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


def tabulate(inputs: Inputs, access: Access, plan: Plan, *, threads: int | None = None) -> Tables:
    """Lay out everything that a run found."""
    facilities = tabulate_facilities(inputs, access, plan)
    demand = tabulate_demand(inputs, access, plan)
    drawn, agreement = tabulate_isochrones(inputs, access, plan, threads)
    return Tables(
        sites=facilities.sites,
        centres=facilities.centres,
        candidates=facilities.candidates,
        isochrones=drawn,
        demand=demand,
        zones=tabulate_zones(inputs, access, plan) if inputs.zones is not None else None,
        zone_levels=tabulate_levels(inputs, access, plan) if inputs.project.settings.zones else None,
        allocation=tabulate_allocation(inputs, access, plan, demand),
        agreement=agreement,
    )
