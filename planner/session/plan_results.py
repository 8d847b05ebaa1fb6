"""A proposal in memory as the `Results` that figures, tables and the map show, as a run's files would have it."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.crs import WGS84
from planner.results.facilities import tabulate_facilities
from planner.results.summary import figures
from planner.results.zones import tabulate_zones
from planner.session.proposal import Proposal
from planner.session.results import KINDS, Results, results_from
from planner.study.access import bands_min

Floats = NDArray[np.float64]


def results_of(
    proposal: Proposal, *, unreachable: float, demand_lonlat: tuple[Floats, Floats], shapes_today: NDArray[np.object_]
) -> Results:
    """Return everything that the page shows of a proposal.

    `unreachable` people reach no facility; `demand_lonlat` are the places of all demand points; `shapes_today` the isochrones of
    today's centres (WGS 84), shape (n_existing, n_minutes).
    """
    inputs, access, plan = proposal.inputs, proposal.access, proposal.plan
    tables = tabulate_facilities(inputs, access, plan)
    facilities = {kind: _placed(getattr(tables, kind)) for kind in KINDS}
    costs = facilities["sites"]["cost_yuan"].astype(float)
    summary: dict[str, Any] = figures(inputs, access, plan)
    summary["sites"] = proposal.ids
    summary["unreachable"] = {"population": unreachable}
    summary["cost_yuan"] = float(costs.sum()) if costs.notna().any() else None
    minutes = np.tile(bands_min(inputs.project), len(shapes_today))
    return results_from(
        inputs.project.folder / "out",
        summary,
        facilities,
        tabulate_zones(inputs, access, plan) if inputs.zones is not None else None,
        isochrones=gpd.GeoDataFrame(
            {"minutes": minutes, "proposed": np.zeros(len(minutes), bool)}, geometry=shapes_today.ravel(), crs=WGS84
        ),
        uncovered=_uncovered(proposal, *demand_lonlat),
        curve=plan.frontier,
    )


def _uncovered(proposal: Proposal, lon: Floats, lat: Floats) -> pd.DataFrame:
    before, after = proposal.covered_before, proposal.covered_after
    columns = {"people": proposal.question.weights, "covered_before": before, "covered_after": after}
    columns |= {"longitude": lon, "latitude": lat}
    return pd.DataFrame(columns)[~(before & after)].reset_index(drop=True)


def _placed(table: gpd.GeoDataFrame) -> pd.DataFrame:
    place = {"longitude": table.geometry.x.to_numpy(), "latitude": table.geometry.y.to_numpy()}
    return pd.DataFrame(table.drop(columns="geometry")).assign(**place)
