"""What the project wishes of single candidate sites, beyond what their tables say: must open, stays shut, only in here."""

import difflib
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import ProjectError
from planner.inputs.read import Inputs
from planner.project.siting import SitingSection
from planner.register import exclude


def with_wishes(inputs: Inputs) -> Inputs:
    """Return inputs whose facilities have the statuses and exclusions that the project's ``[siting]`` asks for.

    Raises
    ------
    ProjectError
        A site that is named is not there, is open already, or is wished both open and shut.
    """
    return replace(inputs, facilities=_wished(inputs.as_read, inputs.project.settings.siting))


def with_siting(inputs: Inputs, **changes: Any) -> Inputs:
    """Return inputs of the same project with other words in ``[siting]``; nothing is read again.

    Raises
    ------
    ProjectError
        The section cannot say that, or as `with_wishes`.
    """
    return with_wishes(replace(inputs, project=inputs.project.with_siting(**changes)))


def _wished(facilities: gpd.GeoDataFrame, siting: SitingSection) -> gpd.GeoDataFrame:
    if not (siting.required or siting.forbidden or siting.within):
        return facilities
    both = [key for key in siting.required if key in siting.forbidden]
    if both:
        raise ProjectError("study.required_and_forbidden", id=both[0])
    row_of = {str(key): row for row, key in enumerate(facilities["id"])}
    status = facilities["status"].to_numpy(object).copy()
    must = [_row(key, row_of, status, "required") for key in siting.required]
    shut = [_row(key, row_of, status, "forbidden") for key in siting.forbidden]
    if siting.within is not None:
        inside = shapely.contains(shapely.Polygon(siting.within), facilities.geometry.to_numpy())
        outside = np.setdiff1d(
            np.flatnonzero((status == "candidate") & ~inside), must
        )  # what must open does, wherever it is
        facilities = exclude(facilities, outside, "not_within", by="siting.within")
    status[must] = "required"
    status[shut] = "forbidden"
    facilities = facilities.assign(status=pd.Series(status, facilities.index, facilities["status"].dtype))
    return exclude(facilities, shut, "forbidden", by="siting.forbidden")


def _row(key: str, row_of: dict[str, int], status: np.ndarray, where: str) -> int:
    row = row_of.get(key)
    if row is None:
        near = difflib.get_close_matches(key, list(row_of), n=1, cutoff=0.0)
        raise ProjectError("study.unknown_site", key=where, id=key, near=near[0] if near else "-")
    if status[row] in ("existing", "closable"):
        raise ProjectError("study.open_already", key=where, id=key)
    return row
