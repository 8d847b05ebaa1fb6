"""What the map draws, as plain data: dissolved walking areas, people in graded points, zones, and the facilities' facts.

Nothing here is in a language, and nothing is HTML: names from files go to the browser as JSON strings, and its script shows
them as text.
"""

import json
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.ui.results import Results

MOST_POINTS = 30_000
"""People out of reach go to the browser by squares, at most so many; it sums them further, as its zoom wants."""

_METRES_PER_DEGREE = 111_320.0
_DRAWN_M = 6.0
_FIRST_CELL_M = 100.0
_FACTS = {
    "sites": ["rank", "gain", "cumulative", "loss_if_dropped", "replacement", "replacement_loss"],
    "centres": [],
    "candidates": [],
}
_COMMON = ["name", "zone", "kind", "status", "excluded_reason", "cost_yuan", "people", "only_here"]
_COMMON += ["position_uncertainty_m"]


def areas(results: Results, outline: BaseGeometry | None) -> dict[str, Any]:
    """Return the study area's outline, and the zones with their figures and a place for the name."""
    zones = results.zones
    if zones is None:
        return {"outline": _geometry(_thin(outline)), "zones": []}
    if outline is None:
        outline = shapely.union_all(zones.geometry.to_numpy())
    shapes = _thin(zones.geometry.to_numpy())
    labels = shapely.point_on_surface(shapes)
    facts = ["zone", "population", "covered_before", "covered_after", "share_before", "share_after", "centres", "sites"]
    rows = _records(zones, facts)
    for row, shape, label in zip(rows, shapes, labels, strict=True):
        row |= {"geometry": _geometry(shape), "label": _lonlat(label.x, label.y) if not label.is_empty else None}
    return {"outline": _geometry(_thin(outline)), "zones": rows}


def bands(results: Results) -> dict[str, Any]:
    """Return the walking areas dissolved by minutes, as rings that do not overlap.

    `existing`: what centres that are open reach; `proposed`: what proposed sites add to that; `reach`: all that proposed
    sites reach.
    """
    table = results.isochrones
    table = table[~(table.geometry.isna() | table.geometry.is_empty)]
    shapes = shapely.make_valid(_thin(table.geometry.to_numpy()))
    proposed = table["proposed"].to_numpy(bool)
    minutes = table["minutes"].to_numpy(float)
    limits = np.unique(minutes)

    def dissolved(chosen: NDArray[np.bool_]) -> list[BaseGeometry]:
        return [shapely.union_all(shapes[chosen & (minutes == limit)]) for limit in limits]

    existing, added = dissolved(~proposed), dissolved(proposed)
    served = existing[-1] if existing else shapely.Polygon()
    return {
        "existing": _rings(limits, existing, shapely.Polygon()),
        "proposed": _rings(limits, added, served),
        "reach": _geometry(added[-1]) if added else None,
    }


def people(results: Results, most: int = MOST_POINTS) -> dict[str, list[list[float]]]:
    """Return who is out of reach, as ``[lon, lat, people today, people once the plan is carried out]``, the most first.

    They are summed by squares, the smallest (100, 200, 400 ... metres) that give at most `most` rows; a row lies at the centre
    of its people.
    """
    table = results.uncovered[results.uncovered["people"] > 0]
    if table.empty:
        return {"points": []}
    xy = shapely.get_coordinates(table.geometry.to_numpy())
    weight = table["people"].to_numpy(float)
    scale = _METRES_PER_DEGREE * np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0])
    cell_m = _FIRST_CELL_M
    while True:
        column, row = np.floor(xy * scale / cell_m).astype(np.int64).T
        cells, cell = np.unique(column * 2**32 + row, return_inverse=True)
        if len(cells) <= most:
            break
        cell_m *= 2
    lon, lat = (np.bincount(cell, weight * xy[:, axis]) / np.bincount(cell, weight) for axis in (0, 1))
    before, after = (
        np.bincount(cell, weight * ~table[f"covered_{when}"].to_numpy(bool)) for when in ("before", "after")
    )
    order = np.argsort(-before, kind="stable")
    columns = (lon.round(5), lat.round(5), before.round(1), after.round(1))
    return {"points": np.column_stack(columns)[order].tolist()}


def facilities(results: Results) -> dict[str, list[dict[str, Any]]]:
    """Return the facts of every site, centre and candidate that has a place; what is unknown is left out."""
    found = {}
    for name, facts in _FACTS.items():
        table: pd.DataFrame = getattr(results, name)
        table = table[table["longitude"].notna() & table["latitude"].notna()]
        rows = _records(table, [*_COMMON, *facts])
        for row, lon, lat in zip(rows, table["longitude"], table["latitude"], strict=True):
            row["at"] = _lonlat(lon, lat)
        found[name] = rows
    return found


def bounds(results: Results, outline: BaseGeometry | None) -> list[list[float]]:
    """Return the map's first view, ``[[south, west], [north, east]]``: the study area, else whatever there is."""
    if outline is not None:
        west, south, east, north = outline.bounds
    elif results.zones is not None and len(results.zones):
        west, south, east, north = results.zones.total_bounds
    else:
        points = pd.concat([results.sites, results.centres, results.candidates])[["longitude", "latitude"]].dropna()
        if points.empty:
            return [[-60.0, -180.0], [75.0, 180.0]]
        (west, south), (east, north) = points.min(), points.max()
    return [[float(south), float(west)], [float(north), float(east)]]


def as_json(content: dict[str, Any]) -> bytes:
    """Return `content` as compact JSON."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _rings(limits: NDArray[np.float64], shapes: list[BaseGeometry], without: BaseGeometry) -> list[dict[str, Any]]:
    rings, inner = [], without
    for limit, shape in zip(limits, shapes, strict=True):
        rings.append({"minutes": float(limit), "geometry": _geometry(shapely.difference(shape, inner))})
        inner = shapely.union(inner, shape)
    return rings


def _thin(shapes: Any) -> Any:
    return shapely.simplify(shapes, _DRAWN_M / _METRES_PER_DEGREE)


def _geometry(shape: BaseGeometry | None) -> dict[str, Any] | None:
    """Return the areas of `shape` as GeoJSON with five decimals, about a metre."""
    if shape is None or shape.is_empty:
        return None
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")]
    polygons = [polygon for part in parts for polygon in shapely.get_parts(part)]
    rounded = [
        [np.round(shapely.get_coordinates(ring), 5).tolist() for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in polygons
    ]
    return {"type": "MultiPolygon", "coordinates": rounded}


def _lonlat(longitude: float, latitude: float) -> list[float]:
    return [round(float(longitude), 6), round(float(latitude), 6)]


def _records(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{} for _ in range(len(table))]
    for column in columns:
        for row, value in zip(rows, table[column].tolist(), strict=True):
            if value is not None and not pd.isna(value):
                row[column] = round(value, 4) if isinstance(value, float) else value
    return rows
