"""One building in the register twice, within a workbook or between two: listed with both rows and where they differ.

Two rows are one building when their names are the same, bare, within one village (one township, where neither names a village),
or when their given positions are within `NEAR_M` and their names alike, in all marks by which neighbours are told apart the same
(`planner.name_marks`). Rows of the same name whose given positions are farther
apart than `APART_M` are two buildings, and only said to share a name. The first row stays (one with a position of its own before
one without); the others are kept in the tables with `excluded_reason` "duplicate" and `duplicate_of`, so that no building is
chosen twice. Where the rows say the same, what only the later one says is taken over; where they contradict each other, both are
named as doubtful, and the first row's word counts.
"""

from collections import defaultdict
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.crs import WGS84, metric_crs, transformer
from planner.name_marks import as_written, may_be_one, numbers
from planner.register.exclusions import exclude
from planner.register.names import bare_township, bare_village, folded, likeness
from planner.register.row_findings import RowFindings, column_name, in_words, objects
from planner.tables import AMOUNT_COLUMNS, REGISTER_COLUMNS
from planner.texts import Sentence

NEAR_M = 30.0
APART_M = 100.0
ALIKE = 0.75
"""Least likeness of the names of two buildings within `NEAR_M`; one name inside the other is enough too."""

_COMPARED = (
    "status", "kind", "stage", *AMOUNT_COLUMNS, "village", "address", *REGISTER_COLUMNS, "built_year", "floors",
)  # fmt: skip


def mark_duplicates(points: gpd.GeoDataFrame, findings: RowFindings) -> gpd.GeoDataFrame:
    """Return the points with `duplicate_of` (an id or None), and those that are duplicates excluded; all reported."""
    points = points.copy()
    x, y = _metres(points)
    bare = _bare_names(points)
    first_of = np.arange(len(points))
    for a, b in _pairs(points, bare, x, y, findings):
        low, high = sorted((_root(first_of, a), _root(first_of, b)))
        first_of[high] = low
    groups = defaultdict(list)
    for at in range(len(points)):
        groups[_root(first_of, at)].append(at)
    duplicate_of = np.full(len(points), None, dtype=object)
    for members in groups.values():
        if len(members) == 1:
            continue
        first = min(members, key=lambda at: (bool(points["needs_position"].iat[at]), at))
        for at in members:
            if at == first:
                continue
            duplicate_of[at] = points["id"].iat[first]
            _compare(points, first, at, x, y, findings)
    _report_in_both(points, bare, x, y, findings)
    points["duplicate_of"] = objects(points, duplicate_of)
    return exclude(points, points["duplicate_of"].notna().to_numpy(), "duplicate", by="duplicates")


def _pairs(
    points: gpd.GeoDataFrame, bare: list[str], x: NDArray[np.float64], y: NDArray[np.float64], findings: RowFindings
) -> list[tuple[int, int]]:
    """Return pairs of rows that are one building, each of one role."""
    role = points["role"].to_numpy(object)
    found = []
    written = [as_written(_text(name) or "", part, folded) for name, part in zip(points["name"], bare, strict=True)]
    seen: dict[tuple[object, ...], int] = {}
    for at, (name, (village, zone)) in enumerate(zip(bare, _places_in_words(points), strict=True)):
        if not name or not (village or zone):
            continue
        start = (role[at], name, numbers(written[at]), village)
        keys = [(*start, zone), (*start, "")] if zone else [start]
        earlier = next((seen[key] for key in keys if key in seen), None)
        for key in (start, (*start, zone)) if village else ((*start, zone),):
            seen.setdefault(key, at)
        if earlier is None:
            continue
        away_m = float(np.hypot(x[at] - x[earlier], y[at] - y[earlier]))
        if away_m > APART_M:
            said = {"name": points["name"].iat[at], "other": findings.where(earlier, at)}
            findings.add(at, "register.same_name", "note", **said, distance_km=round(away_m / 1000, 2))
        else:  # near, or one of them has no place of its own
            found.append((earlier, at))
    known = np.flatnonzero(~np.isnan(x))
    if len(known) > 1:
        near = cKDTree(np.column_stack((x[known], y[known]))).query_pairs(NEAR_M, output_type="ndarray")
        for a, b in np.sort(known[near], axis=1)[np.lexsort(known[near].T)].tolist():
            if role[a] == role[b] and _alike(bare[a], bare[b]) and may_be_one(written[a], written[b]):
                found.append((a, b))
    return found


def _report_in_both(
    points: gpd.GeoDataFrame, bare: list[str], x: NDArray[np.float64], y: NDArray[np.float64], findings: RowFindings
) -> None:
    """Report candidate sites that seem to be a centre: both count, for a centre may be meant to be built anew."""
    known, role = ~np.isnan(x), points["role"].to_numpy(object)
    centres, candidates = (np.flatnonzero(known & (role == name)) for name in ("centres", "candidates"))
    if not len(centres) or not len(candidates):
        return
    tree = cKDTree(np.column_stack((x[centres], y[centres])))
    near = tree.query_ball_point(np.column_stack((x[candidates], y[candidates])), APART_M)
    for at, others in zip(candidates.tolist(), near, strict=True):
        for other in sorted(map(int, centres[others])):
            same = bool(bare[at]) and bare[at] == bare[other]
            away_m = float(np.hypot(x[at] - x[other], y[at] - y[other]))
            if not same and (away_m > NEAR_M or not _alike(bare[at], bare[other])):
                continue
            name = _text(points["name"].iat[at])
            if may_be_one(*(as_written(_text(points["name"].iat[n]) or "", bare[n], folded) for n in (at, other))):
                findings.add(at, "register.in_both", "doubtful", name=name, other=findings.where(other, at))
                break


def _places_in_words(points: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return the village and the township that each row names, bare; "" where it names none."""
    zones = [_text(zone) for zone in points["zone"]]
    townships = {zone: bare_township(zone) for zone in set(zones)}
    rows = [(_text(village), zone) for village, zone in zip(points["village"], zones, strict=True)]
    villages = {row: bare_village(*row) for row in set(rows)}
    return [(villages[row], townships[row[1]]) for row in rows]


def _alike(a: str, b: str) -> bool:
    """Return whether two bare names are alike."""
    return bool(a and b) and (a in b or b in a or likeness(a, b) >= ALIKE)


def _compare(
    points: gpd.GeoDataFrame,
    first: int,
    at: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    findings: RowFindings,
) -> None:
    """Report the duplicate `at`, and take over what the first row does not say where the two do not contradict each other."""
    differ, more = [], []
    for column in _COMPARED:
        a, b = points[column].iat[first], points[column].iat[at]
        if _says(a) and _says(b) and not _equal(a, b):
            said = {"field": column_name(column), "first": _shown(a), "second": _shown(b)}
            differ.append(Sentence("register.difference", said))
        elif _says(b) and not _says(a):
            more.append(column)
    away_m = float(np.hypot(x[first] - x[at], y[first] - y[at]))
    if away_m > NEAR_M:
        differ.append(Sentence("register.difference_position", {"metres": round(away_m)}))
    said = {"name": points["name"].iat[at], "other": findings.where(first, at)}
    if differ:
        findings.add(at, "register.duplicate_differs", "doubtful", **said, differences=in_words(differ))
        findings.add(first, "register.duplicate_contradicts", "doubtful", name=points["name"].iat[first],
                     other=findings.where(at, first))  # fmt: skip
        return
    for column in more:
        points.iat[first, points.columns.get_loc(column)] = points[column].iat[at]
    findings.add(at, "register.duplicate_merged", "repaired", **said)


def _metres(points: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return given positions in metres, NaN for rows without one."""
    known = ~points["needs_position"].to_numpy(bool)
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    if known.any():
        geometry = points.geometry.to_numpy()[known]
        lon, lat = shapely.get_x(geometry), shapely.get_y(geometry)
        x[known], y[known] = transformer(WGS84, metric_crs(lon, lat)).transform(lon, lat)
    return x, y


def _bare_names(points: gpd.GeoDataFrame) -> list[str]:
    """Return the buildings' names without the township and village that some write before them."""
    found = []
    for name, *starts in zip(
        *([folded(_text(v)) for v in points[c]] for c in ("name", "zone", "village")), strict=True
    ):
        for start in starts:
            if start and name.startswith(start) and len(name) > len(start) + 1:
                name = name[len(start) :]
        found.append(name)
    return found


def _root(first_of: NDArray[np.int64], at: int) -> int:
    while first_of[at] != at:
        at = int(first_of[at])
    return at


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def _says(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _equal(a: Any, b: Any) -> bool:
    return folded(a) == folded(b) if isinstance(a, str) and isinstance(b, str) else bool(a == b)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
