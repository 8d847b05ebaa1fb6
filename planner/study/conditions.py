"""The project's side conditions as `planner.siting` takes them: names of zones and groups become numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import siting
from planner.errors import ProjectError
from planner.inputs.read import Inputs


def conditions_of(inputs: Inputs, usable: NDArray[np.bool_]) -> siting.Conditions:
    """Return what binds a project's choice besides number, budget and statuses; `usable` marks the facilities in question.

    Raises
    ------
    ProjectError
        A zone or a column that the project names is not there.
    """
    settings, facilities = inputs.project.settings.siting, inputs.facilities
    zones = _zones(inputs)
    site_zones = _numbers(facilities["zone"], zones)
    demand_zones = _numbers(inputs.demand_zones["zone"], zones)
    closable = np.flatnonzero(usable & (facilities["status"] == "closable").to_numpy())
    capacity = facilities["capacity"].to_numpy(float)
    return siting.Conditions(
        closable=closable if settings.closures is not None else (),
        closures=settings.closures,
        exclusive=_groups(inputs, usable),
        site_xy_m=_far_apart_where_unknown(np.column_stack((inputs.facility_places.x, inputs.facility_places.y))),
        spacing_m=settings.spacing_m,
        site_zones=site_zones,
        at_least=_by_zone("min_per_zone", settings.min_per_zone, zones),
        at_most=_by_zone("max_per_zone", settings.max_per_zone, zones),
        zones=demand_zones,
        floor=_by_zone("floors", settings.floors, zones),
        capacity=np.where(np.isnan(capacity), np.inf, capacity) if settings.capacity else None,
    )


def _far_apart_where_unknown(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return coordinates in which a facility without a place (it cannot be chosen) is near nobody."""
    far = 1e9 * np.arange(1, len(xy) + 1)[:, None]
    return np.where(np.isfinite(xy), xy, far)


def _zones(inputs: Inputs) -> list[str]:
    named = inputs.zones["zone"] if inputs.zones is not None else inputs.facilities["zone"]
    return list(dict.fromkeys(str(name) for name in named if pd.notna(name)))


def _numbers(names: pd.Series, zones: list[str]) -> NDArray[np.int64]:
    found = np.full(len(names), -1)
    known = names.notna().to_numpy()
    found[known] = pd.Index(zones, dtype=object).get_indexer(names[known].astype(str))
    return found


def _by_zone(key: str, given: Any, zones: list[str]) -> Any:
    """Return a number for all zones as it is (for every zone of the project), a table by the zones' numbers."""
    if given is None:
        return None
    if not zones:
        raise ProjectError("study.no_zones", key=f"siting.{key}")
    if not isinstance(given, Mapping):
        return dict.fromkeys(range(len(zones)), given)
    unknown = [name for name in given if name not in zones]
    if unknown:
        raise ProjectError("study.unknown_zone", key=f"siting.{key}", zone=unknown[0], known=", ".join(zones[:20]))
    return {zones.index(name): value for name, value in given.items()}


def _groups(inputs: Inputs, usable: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the facilities of each group named in the project's column, as it stands in the county's own tables."""
    column = inputs.project.settings.siting.exclusive
    if column is None:
        return []
    if not any(column in table for table in inputs.original.values()):
        known = ", ".join(dict.fromkeys(str(name) for table in inputs.original.values() for name in table))
        raise ProjectError("study.no_group_column", column=column, known=known)
    facilities = inputs.facilities
    label = np.full(len(facilities), None, object)
    for role, table in inputs.original.items():
        if column in table:
            own = np.flatnonzero((facilities["role"] == role).to_numpy())
            label[own] = table[column].to_numpy(object)[facilities["own_row"].to_numpy()[own]]
    groups: dict[str, list[int]] = {}
    for k in np.flatnonzero(usable).tolist():
        if pd.notna(label[k]) and str(label[k]).strip():
            groups.setdefault(str(label[k]).strip(), []).append(k)
    return [np.array(members, np.int64) for members in groups.values() if len(members) > 1]
