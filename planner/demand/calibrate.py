"""Grid totals brought to census totals (七普): the people of each zone scaled by one factor a group, and what that factor was.

A zone that lies partly outside the area has the share of its surface inside of its census people. What cannot be scaled is said:
zones with census people where the grid has none, people of the grid in no zone, factors that no census explains.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area, to_metres
from planner.crs import WGS84
from planner.demand.census_tables import per_zone
from planner.demand.exact_shares import cut_off, share_out
from planner.demand.model import LEFT_OUT_COLUMNS, Demand, Floats, Join, Kind, PeopleTable, ZoneKeys
from planner.demand.point_tables import people_of
from planner.demand.zone_join import join_rows
from planner.demand.zone_layer import JoinZones
from planner.errors import InputError
from planner.findings import InputReport
from planner.tables import read_table

DOUBTFUL = (0.5, 2.0)
"""Factors beyond these are reported as doubtful."""

_WHOLE = 0.99  # of a zone's surface in the area: two drawings of one border differ by so much


class CensusKeys(ZoneKeys, Protocol):
    """What a section says of a census."""

    join: Join


@dataclass(frozen=True)
class Census:
    """A table of census totals by zone; `columns` names the people of each group (None: recognised)."""

    path: Path
    columns: Mapping[str, str | None]
    section: CensusKeys
    folder: Path = Path()


def calibrate(
    demand: Demand,
    census: Census,
    *,
    zones: JoinZones,
    area: Area,
    report: InputReport,
    kinds: Mapping[str, Kind] | None = None,
) -> Demand:
    """Return the demand with the people of each group and zone adding up to the census, exactly; low and high estimates alike.

    `kinds` tells of which groups it is known whether they are resident or registered people.

    Raises
    ------
    InputError
        The table cannot be read or joined, holds negative people, or names a group that there is not.
    """
    unknown = [group for group in census.columns if group not in demand.weights]
    if unknown:
        raise InputError("demand.unknown_group", file=report.file, group=unknown[0], groups=", ".join(demand.weights))
    keys = census.section
    frame = read_table(census.path, report=report, encoding=keys.encoding, sheet=keys.sheet, layer=keys.layer)
    joined = join_rows(frame, zones, how=census.section.join, column=census.section.join_column, report=report)
    report.rows_used = int((joined.zone >= 0).sum())
    rows = frame["source_row"].to_numpy(dtype=np.int64)
    of_point = zones.of_points(demand.points.geometry.to_crs(WGS84).to_numpy())
    share = _share_inside(zones, area)
    everyone = np.arange(len(zones))
    changed: dict[str, dict[str, Floats]] = {"weights": {}, "low": {}, "high": {}}
    left_out: list[dict[str, Any]] = []
    for group, column in census.columns.items():
        own = InputReport(report.role, report.file)
        numbers = people_of(frame, PeopleTable(census.path, group, column, census.section, own))
        _refuse_other_kind(group, own, (kinds or {}).get(group))
        _take_over(report, own)
        target = cut_off(np.nan_to_num(per_zone(numbers, joined, everyone)), share)
        known = ~np.isnan(per_zone(numbers, joined, everyone))
        factor = _factors(demand.weights[group], of_point, target, known)
        for name in ("weights", "low", "high"):
            weights: dict[str, Floats] = getattr(demand, name)
            if group in weights:
                goal = target if name == "weights" else None
                changed[name][group] = _scaled(weights[group], of_point, factor, goal)
        before, after = demand.weights[group], changed["weights"][group]
        report.figures.setdefault("people_without_zone", {})[group] = float(np.nansum(numbers[joined.zone < 0]))
        refused = _report(group, before, after, of_point, target, factor, zones, report)
        left_out += [row | {"source_row": int(rows[joined.zone == row["source_row"]][0])} for row in refused]
    cut = (share > 0) & (share < 1) & (np.bincount(joined.zone[joined.zone >= 0], minlength=len(zones)) > 0)
    if cut.any():
        report.add("demand.calibration_cut", "doubtful", count=int(cut.sum()), names=_names(zones, cut))
    rest = pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS)).astype({"people": np.float64, "source_row": np.int64})
    told = pd.concat([demand.left_out, rest], ignore_index=True) if len(rest) else demand.left_out
    merged = {name: {**getattr(demand, name), **groups} for name, groups in changed.items()}
    return replace(demand, **merged, left_out=told)


def _refuse_other_kind(group: str, own: InputReport, kind: Kind | None) -> None:
    theirs = own.figures.get("kind")
    if kind is not None and theirs is not None and kind != theirs:
        raise InputError("demand.two_kinds", group=group, **{kind: "[[population]]", theirs: own.file})


def _take_over(report: InputReport, own: InputReport) -> None:
    """Take over what reading one column found."""
    columns = report.figures.get("columns", {}) | own.figures.pop("columns", {})
    report.figures |= own.figures | {"columns": columns}
    report.findings += own.findings


def _share_inside(zones: JoinZones, area: Area) -> Floats:
    shapes = shapely.make_valid(np.array([to_metres(shape, area.crs) for shape in zones.shapes], dtype=object))
    total = shapely.area(shapes)
    inside = shapely.area(shapely.intersection(shapes, area.geometry_m))
    share = np.divide(inside, total, out=np.zeros(len(total)), where=total > 0)
    return np.where(share >= _WHOLE, 1.0, share)


def _factors(weights: Floats, of_point: NDArray[np.int64], target: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return what each zone's people are multiplied by, nan where nothing is known or there is nobody to multiply."""
    own = of_point >= 0
    grid = np.bincount(of_point[own], weights[own], minlength=len(target))
    return np.divide(target, grid, out=np.full(len(target), np.nan), where=(grid > 0) & known)


def _scaled(weights: Floats, of_point: NDArray[np.int64], factor: Floats, target: Floats | None) -> Floats:
    """Return weights times their zone's factor; with a `target` their sums are exact."""
    own = np.flatnonzero((of_point >= 0) & (weights > 0))
    own = own[~np.isnan(factor[of_point[own]])]
    scaled = weights.copy()
    zone = of_point[own]
    scaled[own] = weights[own] * factor[zone] if target is None else share_out(target, zone, weights[own])
    return scaled


def _report(
    group: str,
    before: Floats,
    after: Floats,
    of_point: NDArray[np.int64],
    target: Floats,
    factor: Floats,
    zones: JoinZones,
    report: InputReport,
) -> list[dict[str, Any]]:
    """State the factors; return the census people of zones in which the grid has nobody to scale, by zone."""
    own = of_point >= 0
    grid = np.bincount(of_point[own], before[own], minlength=len(target))
    done = ~np.isnan(factor)
    figures: dict[str, Any] = {
        "people_before": fsum(before),
        "people_after": fsum(after),
        "people_in_no_zone": fsum(before[~own]),
        "zones": [
            {
                "zone": _name(zones, int(at)),
                "zone_code": zones.codes[at],
                "before": round(float(grid[at]), 3),
                "census": float(target[at]),
                "factor": round(float(factor[at]), 6),
            }
            for at in np.flatnonzero(done)
        ],
    }
    report.figures.setdefault("calibration", {})[group] = figures
    totals = {"before": round(figures["people_before"]), "after": round(figures["people_after"])}
    report.add("demand.calibrated", "note", group=group, count=int(done.sum()), **totals)
    doubtful = done & (grid > 0) & ((factor < DOUBTFUL[0]) | (factor > DOUBTFUL[1]))
    for at in np.flatnonzero(doubtful):
        report.add(
            "demand.calibration_doubtful", "doubtful", group=group, name=_name(zones, int(at)),
            factor=round(float(factor[at]), 3), before=round(float(grid[at])), census=round(float(target[at])),
        )  # fmt: skip
    untouched = ~done & (grid > 0)
    if untouched.any():
        people = round(float(grid[untouched].sum()))
        names = _names(zones, untouched)
        report.add(
            "demand.not_calibrated", "doubtful", group=group, count=int(untouched.sum()), names=names, people=people
        )
    if figures["people_in_no_zone"] > 0:
        report.add("demand.calibration_no_zone", "doubtful", group=group, people=round(figures["people_in_no_zone"], 1))
    refused = np.flatnonzero((target > 0) & (grid == 0))
    for at in refused:
        name, lost = _name(zones, int(at)), round(float(target[at]), 1)
        report.add("demand.nobody_to_calibrate", "doubtful", group=group, name=name, people=lost)
    return [
        {
            "group": group,
            "people": float(target[at]),
            "reason": "nobody_to_calibrate",
            "source_file": report.file,
            "source_row": int(at),
        }
        for at in refused
    ]


def _name(zones: JoinZones, at: int) -> str:
    return f"{zones.townships[at] or ''}{zones.names[at]}"


def _names(zones: JoinZones, which: NDArray[np.bool_]) -> str:
    found = np.flatnonzero(which)
    return ", ".join(_name(zones, int(at)) for at in found[:12]) + (" …" if len(found) > 12 else "")
