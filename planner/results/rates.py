"""The coverage rates that offices ask for beside the count of people: residential land in circles, and villages with a centre."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.inputs.area import ZoneLevel
from planner.inputs.read import Inputs
from planner.study.access import Access

SHARED_FROM = 0.5
"""A village has a shared centre in reach when at least this share of its people has one within the limit."""

_CIRCLE_QUARTER = 64  # corners in a quarter of a circle: its surface is short by 0.01 %


def residential_share(inputs: Inputs, facilities: NDArray[np.int64]) -> float | None:
    """Return rate A: residential land in circles of T x speed (main rule) round some facilities / all residential land.

    None without a layer of residential land.
    """
    land = inputs.residential
    if land is None:
        return None
    points = inputs.facilities.geometry.iloc[facilities].to_crs(inputs.area.crs).to_numpy()
    reach_m = inputs.project.rule_of(inputs.project.main_group).reach_m
    circles = shapely.union_all(shapely.buffer(points, reach_m, quad_segs=_CIRCLE_QUARTER))
    return float(shapely.intersection(land, circles).area / land.area)


def village_states(
    inputs: Inputs, access: Access, level: ZoneLevel, facilities: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Return what each village has of some facilities: "own" (one stands in it), "shared" (in reach), "none".

    None for a village without a centre in which nobody lives: it can neither be served nor not.
    """
    group = inputs.project.main_group
    weights, count = inputs.demand.weights[group], len(level.zones)
    inside = level.of_demand >= 0
    reached = access.count_open(group, facilities) > 0
    people = np.bincount(level.of_demand[inside], weights[inside], minlength=count)
    served = np.bincount(level.of_demand[inside], (weights * reached)[inside], minlength=count)
    lies_in = level.of_facility[facilities]
    own = np.bincount(lies_in[lies_in >= 0], minlength=count) > 0
    states = np.full(count, None, object)
    states[people > 0] = np.where(served >= SHARED_FROM * people, "shared", "none")[people > 0]
    states[own] = "own"
    return states


def village_coverage(inputs: Inputs, access: Access, facilities: NDArray[np.int64]) -> dict[str, Any] | None:
    """Return rate V and its parts: villages, own, shared, none, without_people, share; None without a level of villages."""
    states = [village_states(inputs, access, level, facilities) for level in inputs.levels if level.is_village]
    if not states:
        return None
    every = np.concatenate(states)
    counts = {name: int((every == name).sum()) for name in ("own", "shared", "none")}
    known = sum(counts.values())
    share = (counts["own"] + counts["shared"]) / known if known else None
    return {"villages": known, **counts, "without_people": int(len(every) - known), "share": share}
