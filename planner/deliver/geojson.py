"""GeoJSON as RFC 7946 wants it: longitude/latitude, right-hand winding, no ``crs`` member, seven decimals, stable ids."""

import json
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

DECIMALS = 7


def write_geojson(table: gpd.GeoDataFrame, path: Path, *, name: str, attribution: str) -> None:
    """Write a table with an `id` column (WGS 84); missing values become null, an empty geometry null as well."""
    path.write_text(to_geojson(table, name=name, attribution=attribution), encoding="utf-8", newline="\n")


def to_geojson(table: gpd.GeoDataFrame, *, name: str, attribution: str) -> str:
    """Return a FeatureCollection, one feature a line; `attribution` is a foreign member of the collection."""
    columns = [column for column in table.columns if column != table.geometry.name]
    values = [plain_values(table[column]) for column in columns]
    ids = plain_values(table["id"])
    lines = []
    for i, geometry in enumerate(_geometries(table.geometry.to_numpy())):
        properties = json.dumps({c: v[i] for c, v in zip(columns, values, strict=True)}, ensure_ascii=False)
        feature_id = json.dumps(ids[i], ensure_ascii=False)
        lines.append(f'{{"type":"Feature","id":{feature_id},"properties":{properties},"geometry":{geometry}}}')
    head = json.dumps({"name": name, "attribution": attribution}, ensure_ascii=False)[1:-1]
    body = ",\n".join(lines)
    return f'{{"type":"FeatureCollection",{head},"features":[\n{body}\n]}}\n'


def plain_values(column: pd.Series) -> list[Any]:
    """Return a column as values that JSON has: missing and infinite ones are None, whole numbers stay whole."""
    if pd.api.types.is_bool_dtype(column.dtype) and not column.isna().any():
        return [bool(value) for value in column]
    return [_plain(value) for value in column.tolist()]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, str | int | bool):
        return value
    return str(value)


def _geometries(geometry: NDArray[np.object_]) -> list[str]:
    """Return GeoJSON geometries, rounded; an area that rounding broke is mended."""
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS))
    broken = ~shapely.is_valid(rounded) & ~shapely.is_missing(rounded)
    if broken.any():
        rounded[broken] = shapely.transform(shapely.make_valid(rounded[broken]), lambda xy: np.round(xy, DECIMALS))
    rounded = shapely.orient_polygons(rounded)
    empty = shapely.is_empty(rounded) | shapely.is_missing(rounded)
    texts = shapely.to_geojson(rounded)
    return ["null" if nothing else text for text, nothing in zip(texts, empty, strict=True)]
