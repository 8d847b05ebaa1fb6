"""One building in the register twice, within a workbook or between two: listed with both rows and where they differ.

Two rows are one building when their names are the same, bare, within one village (or one township, where a row names no village),
or when their given positions are within `NEAR_M` and their names alike. Rows of the same name whose given positions are farther
apart than `APART_M` are two buildings, and only said to share a name. The first row stays (one with a position of its own before
one without); the others are kept in the tables with `excluded_reason` "duplicate" and `duplicate_of`, so that no building is
chosen twice. Where the rows say the same, what only the later one says is taken over; where they contradict each other, both are
named as doubtful, and the first row's word counts.
"""

import re
from collections import defaultdict
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.crs import WGS84, metric_crs, transformer
from planner.register.accounts import Accounts
from planner.register.names import bare_township, bare_village, folded, likeness
from planner.tables import AMOUNT_COLUMNS, REGISTER_COLUMNS

NEAR_M = 30.0
APART_M = 100.0
ALIKE = 0.75
"""Least likeness of the names of two buildings within `NEAR_M`; one name inside the other is enough too."""

_COMPARED = (
    "status", "kind", "stage", *AMOUNT_COLUMNS, "village", "address", *REGISTER_COLUMNS, "built_year", "floors",
)  # fmt: skip
_NUMBER = re.compile(r"\d+|[一二三四五六七八九十甲乙丙丁]+(?=[号栋幢座期])")


def mark_duplicates(points: gpd.GeoDataFrame, accounts: Accounts) -> gpd.GeoDataFrame:
    """Return the points with `duplicate_of` (an id or None) and `excluded_reason` "duplicate" where it is one; all reported."""
    points = points.copy()
    x, y = _metres(points)
    bare = [_bare_name(points, at) for at in range(len(points))]
    first_of = np.arange(len(points))
    for a, b in _pairs(points, bare, x, y, accounts):
        low, high = sorted((_root(first_of, a), _root(first_of, b)))
        first_of[high] = low
    groups = defaultdict(list)
    for at in range(len(points)):
        groups[_root(first_of, at)].append(at)
    duplicate_of = np.full(len(points), None, dtype=object)
    reason = points["excluded_reason"].to_numpy(object).copy()
    for members in groups.values():
        if len(members) == 1:
            continue
        first = min(members, key=lambda at: (bool(points["needs_position"].iat[at]), at))
        for at in members:
            if at == first:
                continue
            duplicate_of[at], reason[at] = points["id"].iat[first], "duplicate"
            _compare(points, first, at, x, y, accounts)
    points["duplicate_of"], points["excluded_reason"] = duplicate_of, reason
    return points


def _pairs(
    points: gpd.GeoDataFrame, bare: list[str], x: NDArray[np.float64], y: NDArray[np.float64], accounts: Accounts
) -> list[tuple[int, int]]:
    """Return pairs of rows that are one building, each of one role."""
    role = points["role"].to_numpy(object)
    by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, name in enumerate(bare):
        if name:
            by_name[role[at], name].append(at)
    found = []
    for members in by_name.values():
        for number, at in enumerate(members):
            earlier = next((other for other in members[:number] if _same_place_in_words(points, other, at)), None)
            if earlier is None:
                continue
            if not np.hypot(x[at] - x[earlier], y[at] - y[earlier]) > APART_M:  # an unknown place is not far away
                found.append((earlier, at))
            else:
                km = round(float(np.hypot(x[at] - x[earlier], y[at] - y[earlier])) / 1000, 2)
                said = {"name": points["name"].iat[at], "other": accounts.where(earlier, at), "distance_km": km}
                accounts.add(at, "register.same_name", "note", **said)
    known = np.flatnonzero(~np.isnan(x))
    if len(known) > 1:
        near = cKDTree(np.column_stack((x[known], y[known]))).query_pairs(NEAR_M, output_type="ndarray")
        for a, b in np.sort(known[near], axis=1)[np.lexsort(known[near].T)].tolist():
            if (role[a] == role[b] and bare[a] != bare[b] and _alike(bare[a], bare[b])) or (
                role[a] == role[b] and bare[a] == bare[b] and bare[a]
            ):
                found.append((a, b))
    return found


def _same_place_in_words(points: gpd.GeoDataFrame, a: int, b: int) -> bool:
    """Return whether two rows name one village, or one township where a row names no village; not where neither is named."""
    zone = [bare_township(_text(points["zone"].iat[at])) for at in (a, b)]
    village = [bare_village(_text(points["village"].iat[at]), _text(points["zone"].iat[at])) for at in (a, b)]
    if all(village):
        return village[0] == village[1] and (zone[0] == zone[1] or not all(zone))
    return zone[0] == zone[1] != ""


def _alike(a: str, b: str) -> bool:
    """Return whether two names are alike; numbers in them must be the same, or they are two houses of one yard."""
    if not a or not b or _NUMBER.findall(a) != _NUMBER.findall(b):
        return False
    return a in b or b in a or likeness(a, b) >= ALIKE


def _compare(
    points: gpd.GeoDataFrame,
    first: int,
    at: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    accounts: Accounts,
) -> None:
    """Report the duplicate `at`, and take over what the first row does not say where the two do not contradict each other."""
    differ, more = [], []
    for column in _COMPARED:
        a, b = points[column].iat[first], points[column].iat[at]
        if _says(a) and _says(b) and not _equal(a, b):
            differ.append(f"{column}: {_shown(a)} | {_shown(b)}")
        elif _says(b) and not _says(a):
            more.append(column)
    away_m = float(np.hypot(x[first] - x[at], y[first] - y[at]))
    if away_m > NEAR_M:
        differ.append(f"position: {away_m:.0f} m")
    said: dict[str, Any] = {"name": points["name"].iat[at], "other": accounts.where(first, at)}
    if differ:
        accounts.add(at, "register.duplicate_differs", "doubtful", **said, differences="; ".join(differ))
        accounts.add(first, "register.duplicate_contradicts", "doubtful", name=points["name"].iat[first],
                     other=accounts.where(at, first))  # fmt: skip
        return
    for column in more:
        points.iat[first, points.columns.get_loc(column)] = points[column].iat[at]
    accounts.add(at, "register.duplicate_merged", "repaired", **said)


def _metres(points: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return given positions in metres, NaN for rows without one."""
    known = ~points["needs_position"].to_numpy(bool)
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    if known.any():
        geometry = points.geometry.to_numpy()[known]
        lon, lat = shapely.get_x(geometry), shapely.get_y(geometry)
        x[known], y[known] = transformer(WGS84, metric_crs(lon, lat)).transform(lon, lat)
    return x, y


def _bare_name(points: gpd.GeoDataFrame, at: int) -> str:
    """Return a building's name without the township and village that some write before it."""
    name = folded(_text(points["name"].iat[at]))
    for column in ("zone", "village"):
        start = folded(_text(points[column].iat[at]))
        if start and name.startswith(start) and len(name) > len(start) + 1:
            name = name[len(start) :]
    return name


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
