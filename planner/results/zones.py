"""The zones of each level with their people, covered before and after, and the facilities in them."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.crs import WGS84
from planner.inputs.area import ZoneLevel
from planner.inputs.read import Inputs
from planner.results.rates import village_states
from planner.study.access import Access
from planner.study.plan import Plan, allocation_of


def tabulate_zones(inputs: Inputs, access: Access, plan: Plan) -> gpd.GeoDataFrame:
    """Return the zones of the first level, by which `zone` is filled everywhere."""
    level = inputs.levels[0]
    lies_in = _by_name(level, inputs.facilities["zone"].to_numpy(object))
    return _table(inputs, access, plan, level, lies_in, first=1)


def tabulate_levels(inputs: Inputs, access: Access, plan: Plan) -> gpd.GeoDataFrame:
    """Return the zones of all levels, the first level first, with `level`, `zone_class` and what villages have of centres."""
    parts: list[gpd.GeoDataFrame] = []
    for level in inputs.levels:
        first = 1 + sum(map(len, parts))
        if first == 1:
            table = tabulate_zones(inputs, access, plan)
        else:
            table = _table(inputs, access, plan, level, level.of_facility, first=first)
        none = np.full(len(table), None, object)
        table.insert(3, "level", level.level)
        table.insert(
            6, "zone_class", level.zones["zone_class"].to_numpy(object) if "zone_class" in level.zones else none
        )
        for when, facilities in (("before", plan.existing), ("after", plan.open_after)):
            states = village_states(inputs, access, level, facilities) if level.is_village else none
            table.insert(len(table.columns) - 1, f"village_centre_{when}", states)
        parts.append(table)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=WGS84)


def _by_name(level: ZoneLevel, names: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return in which zone facilities lie; one outside all zones is where its own table says, if that is one zone's name."""
    numbers = level.of_facility.copy()
    zones = level.zones["zone"]
    single = zones[~zones.duplicated(keep=False)]
    row_of = {str(name): int(row) for row, name in single.items()}
    for at in np.flatnonzero(numbers < 0):
        numbers[at] = row_of.get(str(names[at]), -1)
    return numbers


def _table(
    inputs: Inputs, access: Access, plan: Plan, level: ZoneLevel, lies_in: NDArray[np.int64], *, first: int
) -> gpd.GeoDataFrame:
    zones = level.zones
    table: dict[str, Any] = {
        "id": [f"z{i:04d}" for i in range(first, first + len(zones))],
        "source_file": zones["source_file"].to_numpy(),
        "source_row": np.arange(1, len(zones) + 1),
        "zone": zones["zone"].to_numpy(),
        "zone_code": zones["zone_code"].to_numpy(),
    }

    def per_zone(values: NDArray[np.float64], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        sums = pd.Series(values, dtype=float).groupby(numbers).sum()  # which loses no digit over many small numbers
        return sums.reindex(range(len(zones))).fillna(0.0).to_numpy()

    for group in inputs.project.groups:
        weights = inputs.demand.weights[group]
        before = access.count_open(group, plan.existing) > 0
        after = access.count_open(group, plan.open_after) > 0
        people = per_zone(weights, level.of_demand)
        served = {
            "before": per_zone(weights * before, level.of_demand),
            "after": per_zone(weights * after, level.of_demand),
        }
        table[f"population_{group}"] = people
        for when, sums in served.items():
            table[f"covered_{when}_{group}"] = sums
        for when, sums in served.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                table[f"share_{when}_{group}"] = np.where(people > 0, sums / people, np.nan)
    if (allocation := allocation_of(plan)) is not None:
        table["served_after"] = per_zone(np.asarray(allocation.sum(axis=1)).ravel(), level.of_demand)
    table["centres"] = per_zone(np.ones(len(plan.existing)), lies_in[plan.existing]).astype(int)
    table["sites"] = per_zone(np.ones(len(plan.selected)), lies_in[plan.selected]).astype(int)
    return gpd.GeoDataFrame(table, geometry=zones.geometry.to_numpy(), crs=WGS84)
