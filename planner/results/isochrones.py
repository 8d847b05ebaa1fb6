"""Isochrones as a layer, drawn by the main rule, and how far drawing and count agree."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner import isochrones
from planner.crs import WGS84
from planner.inputs.read import Inputs
from planner.results.agreement import Agreement, compare
from planner.results.facilities import ORIGIN
from planner.study.access import Access, bands_min
from planner.study.plan import Plan
from planner.study.point_index import PointIndex
from planner.units import minutes_to_s


def tabulate_isochrones(
    inputs: Inputs, access: Access, plan: Plan, threads: int | None
) -> tuple[gpd.GeoDataFrame, dict[str, Agreement]]:
    """Return the isochrones of everything open in the end, and how far drawing and count agree: each, and the union.

    Both go by the main rule, whatever the classes of zones have of their own.
    """
    weights, which = inputs.demand.weights[inputs.project.main_group], plan.shown
    frame = _draw(inputs, which, bands_min(inputs.project), threads)
    metric = frame.geometry.to_crs(inputs.network.crs).to_numpy()
    points = PointIndex(inputs.demand_places.x, inputs.demand_places.y)
    times = access.main_times.tocsc()
    found: list[Agreement] = []
    for shape, i, minutes in zip(metric, frame["point_index"], frame["minutes"], strict=True):
        column = slice(times.indptr[which[i]], times.indptr[which[i] + 1])
        covered = times.indices[column][times.data[column] <= minutes_to_s(minutes)]
        found.append(compare(weights, covered, points.inside(shape)))
    table = _isochrone_table(inputs.facilities, which, frame)
    table.insert(7, "proposed", np.isin(which, plan.selected)[frame["point_index"].to_numpy()])
    table["people_network"] = [agreement.network for agreement in found]
    table["people_polygon"] = [agreement.polygon for agreement in found]
    table["people_wrongly_in"] = [agreement.wrongly_in for agreement in found]
    table["people_wrongly_out"] = [agreement.wrongly_out for agreement in found]
    return table, _union_agreement(weights, access, plan, metric, frame, points)


def _union_agreement(
    weights: NDArray[np.float64],
    access: Access,
    plan: Plan,
    metric: NDArray[np.object_],
    frame: gpd.GeoDataFrame,
    points: PointIndex,
) -> dict[str, Agreement]:
    full = (frame["minutes"] == frame["minutes"].max()).to_numpy()
    index = frame["point_index"].to_numpy()
    unions = {}
    for when, facilities in (("before", plan.existing), ("after", plan.open_after)):
        shape = shapely.union_all(metric[full & np.isin(plan.shown[index], facilities)])
        covered = np.flatnonzero(access.count_drawn(facilities) > 0)
        unions[when] = compare(weights, covered, points.inside(shape))
    return unions


def facility_isochrones(
    inputs: Inputs, *, minutes: list[float], candidates: bool = False, threads: int | None = None
) -> gpd.GeoDataFrame:
    """Return the isochrones of the open centres (of the candidates too, if asked), WGS 84, one row a facility and minutes."""
    facilities = inputs.facilities
    wanted = ("existing", "closable", "candidate", "required") if candidates else ("existing", "closable")
    reason = facilities["excluded_reason"]  # one without a street has an isochrone that says so
    which = np.flatnonzero(facilities["status"].isin(wanted) & (reason.isna() | (reason == "no_street")))
    return _isochrone_table(facilities, which, _draw(inputs, which, minutes, threads))


def _draw(inputs: Inputs, which: NDArray[np.int64], minutes: Sequence[float], threads: int | None) -> gpd.GeoDataFrame:
    """Return the isochrones of the facilities `which` by the main rule, as `isochrones.polygons` gives them."""
    rule = inputs.project.rule_of(inputs.project.main_group)
    network, walk = inputs.walks.at(rule.speed_m_s)
    return isochrones.polygons(network, inputs.facility_places[which], minutes=minutes, walk=walk, threads=threads)


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
