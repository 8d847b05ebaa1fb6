"""What the map draws, as plain data: walking areas by minutes, people in graded points, zones, and the facilities' facts.

Each function makes one content out of plain tables and arrays, whether a run wrote them or they were computed a moment ago.
Nothing here is in a language, and nothing is HTML: names from files go to the browser as JSON strings, and its script shows
them as text. Places are WGS 84 longitude and latitude.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from planner.session.results import Results

MOST_POINTS = 30_000
"""People go to the browser by squares, at most so many; it sums them further, as its zoom wants."""

_METRES_PER_DEGREE = 111_320.0
_DRAWN_M = 6.0
_FIRST_CELL_M = 100.0
_COMMON = ["id", "name", "zone", "kind", "status", "excluded_reason", "cost_yuan", "people", "only_here"]
_COMMON += ["position_uncertainty_m"]
_OF_SITES = ["rank", "gain", "cumulative", "loss_if_dropped", "replacement", "replacement_loss"]
_MARKS = ["locked", "forbidden"]

Shapes: TypeAlias = BaseGeometry | Sequence[BaseGeometry] | NDArray[np.object_]


# ---- the ground --------------------------------------------------------------------------------------------------------


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


# ---- walking areas -----------------------------------------------------------------------------------------------------


def rings_of(served: BaseGeometry, proposed_shapes: Sequence[Shapes], minutes: Sequence[float]) -> dict[str, Any]:
    """Return what proposed sites add to what existing centres serve within the most minutes, as rings that do not overlap.

    `proposed_shapes` are parallel to `minutes` (ascending): all areas of so many minutes, one shape or several. `proposed`: the
    rings that are added, ``{"minutes", "geometry"}``; `reach`: all that proposed sites reach within the most minutes.
    """
    added = _dissolved(proposed_shapes)
    if not added:
        return {"proposed": [], "reach": None}
    return {"proposed": _rings(minutes, added, _near(served, added[-1])), "reach": _geometry(added[-1])}


def bands(results: Results) -> dict[str, Any]:
    """Return a run's walking areas dissolved by minutes: those of centres that are open as `existing`, and `rings_of`."""
    table = results.isochrones
    table = table[~(table.geometry.isna() | table.geometry.is_empty)]
    shapes = shapely.make_valid(_thin(table.geometry.to_numpy()))
    proposed = table["proposed"].to_numpy(bool)
    minutes = table["minutes"].to_numpy(float)
    limits = np.unique(minutes).tolist()
    existing = _dissolved([shapes[~proposed & (minutes == limit)] for limit in limits])
    added = [shapes[proposed & (minutes == limit)] for limit in limits]
    return {
        "existing": _rings(limits, existing, shapely.Polygon()),
        **rings_of(existing[-1] if existing else shapely.Polygon(), added, limits),
    }


def here(
    at: tuple[float, float],
    title: str,
    lines: Sequence[tuple[str, str]],
    *,
    minutes: Sequence[float] = (),
    shapes: Sequence[Shapes] = (),
    facility: str | None = None,
) -> dict[str, Any]:
    """Return the answer to a click: a card of `title` and `lines` (name, value), and the areas walked in so many minutes."""
    rings = _rings(minutes, _dissolved(shapes), shapely.Polygon())
    return {"at": _lonlat(*at), "rings": rings, "title": title, "lines": [list(line) for line in lines], "id": facility}


# ---- people ------------------------------------------------------------------------------------------------------------


def people(results: Results, most: int = MOST_POINTS) -> dict[str, list[list[float]]]:
    """Return a run's people out of reach; see `people_points`."""
    table = results.uncovered
    return people_points(
        table["longitude"],
        table["latitude"],
        table["people"],
        table["covered_before"],
        table["covered_after"],
        most=most,
    )


def people_points(
    lon: ArrayLike,
    lat: ArrayLike,
    weight: ArrayLike,
    covered_before: ArrayLike,
    covered_after: ArrayLike,
    *,
    most: int = MOST_POINTS,
) -> dict[str, list[list[float]]]:
    """Return who is out of reach, as ``[lon, lat, people today, people once the plan is carried out]``, the most first.

    All arrays are parallel (n,): demand points, their people, whether a centre covers them. People are summed by squares, the
    smallest (100, 200, 400 ... metres) that give at most `most` rows; a row lies at the centre of its people.
    """
    out = [~np.asarray(covered, bool) for covered in (covered_before, covered_after)]
    return {"points": _summed(lon, lat, weight, out, most)}


def difference(
    lon: ArrayLike,
    lat: ArrayLike,
    weight: ArrayLike,
    covered_a: ArrayLike,
    covered_b: ArrayLike,
    sites_a: pd.DataFrame,
    sites_b: pd.DataFrame,
    *,
    most: int = MOST_POINTS,
) -> dict[str, Any]:
    """Return what plan b changes against plan a: people gained and lost as points like `people_points`, and both plans' sites.

    The arrays are parallel (n,); the tables have `id`, `name`, `rank`, `longitude`, `latitude`. A site's `side` is a, b or both.
    """
    a, b = np.asarray(covered_a, bool), np.asarray(covered_b, bool)
    sites: dict[Any, dict[str, Any]] = {}
    for side, table in (("a", sites_a), ("b", sites_b)):
        for row in _placed(table, ["id", "name", "rank"]):
            rank = row.pop("rank", None)
            known = sites.setdefault(row["id"], {**row, "side": side})
            known["side"] = side if known["side"] == side else "both"
            if rank is not None:
                known[f"rank_{side}"] = rank
    return {"points": _summed(lon, lat, weight, [b & ~a, a & ~b], most), "sites": list(sites.values())}


def gaps(table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return groups of uncovered people: columns `number`, `people` and areas (or points) as geometry."""
    rows = _records(table, ["number", "people"])
    shapes = table.geometry.to_crs(4326).to_numpy() if table.crs is not None else table.geometry.to_numpy()
    for row, shape, place in zip(rows, _thin(shapes), shapely.point_on_surface(shapes), strict=True):
        row |= {"geometry": _geometry(shape), "at": _lonlat(place.x, place.y)}
    return rows


# ---- facilities --------------------------------------------------------------------------------------------------------


def sites(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the facts of proposed sites, one a row; rows without `longitude` and `latitude` are left out.

    What is known of these is said: `id`, `name`, `zone`, `kind`, `status`, `cost_yuan`, `people`, `only_here`, `rank`, `gain`,
    `cumulative`, `loss_if_dropped`, `replacement`, `replacement_loss`, `position_uncertainty_m`, and `locked` (bool).
    """
    return _facilities(table, [*_COMMON, *_OF_SITES])


def candidates(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the facts of candidates that are not proposed, like `sites`; `locked` and `forbidden` (bool) mark them."""
    return _facilities(table, _COMMON)


def centres(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the facts of existing centres, like `sites`."""
    return _facilities(table, _COMMON)


def unplaced(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows that wait for a place: `id`, `name`, `note`; with `longitude` and `latitude` where there is a guess."""
    rows = _records(table, ["id", "name", "note", "longitude", "latitude"])
    for row in rows:
        lon, lat = row.pop("longitude", None), row.pop("latitude", None)
        row["at"] = None if lon is None or lat is None else _lonlat(lon, lat)
    return rows


def area(shape: BaseGeometry | None) -> dict[str, Any] | None:
    """Return an area that the reader drew, as GeoJSON."""
    return _geometry(shape)


def of_run(results: Results) -> dict[str, Any]:
    """Return a run's own contents by kind: what its plan proposes."""
    found = bands(results)
    return {
        "proposed": {name: found[name] for name in ("proposed", "reach")},
        "people": people(results),
        "candidates": candidates(results.candidates),
        "sites": sites(results.sites),
    }


# ---- within ------------------------------------------------------------------------------------------------------------


def _summed(
    lon: ArrayLike, lat: ArrayLike, weight: ArrayLike, chosen: Sequence[NDArray[np.bool_]], most: int
) -> list[list[float]]:
    """Return ``[lon, lat, weight of the first choice, of the second]`` by squares, those with most of the first choice first."""
    people = np.asarray(weight, float)
    kept = (people > 0) & (chosen[0] | chosen[1])
    if not kept.any():
        return []
    people = people[kept]
    xy = np.column_stack((np.asarray(lon, float)[kept], np.asarray(lat, float)[kept]))
    scale = _METRES_PER_DEGREE * np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0])
    cell_m = _FIRST_CELL_M
    while True:
        column, row = np.floor(xy * scale / cell_m).astype(np.int64).T
        cells, cell = np.unique(column * 2**32 + row, return_inverse=True)
        if len(cells) <= most:
            break
        cell_m *= 2
    centre = [np.bincount(cell, people * xy[:, axis]) / np.bincount(cell, people) for axis in (0, 1)]
    first, second = (np.bincount(cell, people * which[kept]) for which in chosen)
    order = np.argsort(-first, kind="stable")
    columns = (centre[0].round(5), centre[1].round(5), first.round(1), second.round(1))
    return np.column_stack(columns)[order].tolist()


def _dissolved(shapes: Sequence[Shapes]) -> list[BaseGeometry]:
    return [each if isinstance(each, BaseGeometry) else shapely.union_all(each) for each in shapes]


def _near(shape: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """Return the parts of `shape` that meet `other`: cutting with these is the same, and takes less."""
    parts = shapely.get_parts(shape)
    return shapely.MultiPolygon(list(parts[shapely.STRtree(parts).query(other, predicate="intersects")]))


def _rings(limits: Sequence[float], shapes: Sequence[BaseGeometry], without: BaseGeometry) -> list[dict[str, Any]]:
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


def _facilities(table: pd.DataFrame, facts: list[str]) -> list[dict[str, Any]]:
    """Return what is known of each row that has a place; marks are said only where they hold."""
    rows = _placed(table, [*facts, *_MARKS])
    return [{key: value for key, value in row.items() if key not in _MARKS or value} for row in rows]


def _placed(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    table = table[table["longitude"].notna() & table["latitude"].notna()]
    rows = _records(table, columns)
    for row, lon, lat in zip(rows, table["longitude"], table["latitude"], strict=True):
        row["at"] = _lonlat(lon, lat)
    return rows


def _records(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """Return rows as plain values; columns that are not there and values that are not known are left out."""
    rows: list[dict[str, Any]] = [{} for _ in range(len(table))]
    for column in columns:
        if column not in table:
            continue
        for row, value in zip(rows, table[column].tolist(), strict=True):
            if value is not None and not pd.isna(value):
                row[column] = str(value) if column == "id" else round(value, 4) if isinstance(value, float) else value
    return rows
