"""Rows of the register that nobody knows the place of: where their pins start, and how a pin's new place becomes a correction.

A correction made once is never made again: it goes into the project's table of corrections, which every run replays. What stands
there already but was not read yet is known from the table itself, so that a pin dragged twice is corrected twice in order.
"""

import math
import threading
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from planner.errors import InputError, PlannerError
from planner.findings import InputReport
from planner.inputs.read import Inputs
from planner.project import Project
from planner.register import PLACELESS, corrections, read_corrections

Place = tuple[float, float]
"""Longitude and latitude, WGS 84 degrees."""

_writing = threading.Lock()  # two sessions may correct one project


@dataclass(frozen=True)
class Unplaced:
    """A row without a place: `reason` is "no_position" or "vague_position", `at` where its pin starts or was moved to."""

    id: str
    name: str
    role: str
    zone: str
    file: str
    row: int
    reason: str
    at: Place
    is_moved: bool


def corrections_file(project: Project) -> Path:
    """Return the table that a project's corrections are added to."""
    return project.resolve(project.settings.register_.corrections)


def moves_of(project: Project) -> dict[str, Place]:
    """Return where the table of corrections puts facilities by now, by id; empty where it cannot be read."""
    path = corrections_file(project)
    if not path.is_file():
        return {}
    try:
        lines = read_corrections(path, report=InputReport("corrections", path.name))
    except PlannerError:  # reading the inputs says so
        return {}
    found: dict[str, dict[str, float]] = {}
    for line in lines:
        if line.field in corrections.PLACE:
            try:
                found.setdefault(line.id, {})[line.field] = float(line.new or "")
            except ValueError:
                found.pop(line.id, None)
    return {name: (at["longitude"], at["latitude"]) for name, at in found.items() if len(at) == 2}


def unplaced_rows(inputs: Inputs) -> list[Unplaced]:
    """Return the rows without a place in the register's order, those among them that were moved since the inputs were read."""
    rows = inputs.facilities[inputs.facilities["excluded_reason"].isin(PLACELESS).to_numpy()]
    if rows.empty:
        return []
    moves, centres = moves_of(inputs.project), _centres(inputs.zones)
    middle = _lonlat(inputs.area.geometry.representative_point())
    found = []
    for row in rows.itertuples():
        zone = _text(row.zone)
        known = row.geometry is not None and not row.geometry.is_empty
        start = _lonlat(row.geometry) if known else centres.get(zone, middle)
        found.append(
            Unplaced(
                id=str(row.id), name=_text(row.name), role=str(row.role), zone=zone, file=_text(row.source_file),
                row=int(row.source_row), reason=str(row.excluded_reason), at=moves.get(str(row.id), start),
                is_moved=str(row.id) in moves,
            )
        )  # fmt: skip
    return found


def move(inputs: Inputs, id: str, at: Place, *, who: str, why: str) -> None:
    """Write down that a facility is at a place.

    Raises
    ------
    InputError
        No facility has this id, the place is none on earth, or the table cannot be written.
    """
    row = inputs.facilities[(inputs.facilities["id"] == id).to_numpy()]
    if len(row) != 1:
        raise InputError("ui.no_such_facility", id=id)
    if not (all(map(math.isfinite, at)) and abs(at[0]) <= 180 and abs(at[1]) <= 90):
        raise InputError("ui.no_place", longitude=at[0], latitude=at[1])
    path = corrections_file(inputs.project)
    with _writing:
        before = moves_of(inputs.project).get(id)
        if before is None and row["position_quality"].iat[0] == "given":
            before = _lonlat(row.geometry.iat[0])
        try:
            corrections.append_move(path, id=id, old=before, new=at, who=who, why=why)
        except OSError as fault:
            raise InputError("ui.cannot_write", file=path.name, fault=fault) from fault


def _centres(zones: gpd.GeoDataFrame | None) -> dict[str, Place]:
    """Return a point inside each township, by name."""
    if zones is None:
        return {}
    points = zones.geometry.representative_point()
    return {str(name): _lonlat(point) for name, point in zip(zones["zone"], points, strict=True)}


def _lonlat(point: shapely.Point) -> Place:
    return float(point.x), float(point.y)


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)
