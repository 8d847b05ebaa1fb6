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

ATTRIBUTION = "© OpenStreetMap contributors, ODbL"
DECIMALS = 7

_NOT_JSON = frozenset(("nan", "inf", "-inf"))


def write_geojson(table: gpd.GeoDataFrame, path: Path, *, name: str) -> None:
    """Write a table with an `id` column (WGS 84); missing values become null, an empty geometry null as well."""
    path.write_text(to_geojson(table, name=name), encoding="utf-8", newline="\n")


def to_geojson(table: gpd.GeoDataFrame, *, name: str) -> str:
    """Return a FeatureCollection, one feature a line, the attribution of the streets as a foreign member."""
    columns = [column for column in table.columns if column != table.geometry.name]
    ids = _encoded(table["id"])
    # column by column: most of a table repeats itself, and encoding feature by feature costs three times as much
    members = [[f'"{column}":{value}' for value in _encoded(table[column])] for column in columns]
    lines = [
        f'{{"type":"Feature","id":{feature_id},"properties":{{{",".join(properties)}}},"geometry":{geometry}}}'
        for feature_id, geometry, *properties in zip(ids, _geometries(table.geometry.to_numpy()), *members, strict=True)
    ]
    head = json.dumps({"name": name, "attribution": ATTRIBUTION}, ensure_ascii=False)[1:-1]
    body = ",\n".join(lines)
    return f'{{"type":"FeatureCollection",{head},"features":[\n{body}\n]}}\n'


def _encoded(column: pd.Series) -> list[str]:
    """Return a column's values as JSON."""
    if pd.api.types.is_float_dtype(column.dtype):
        return ["null" if text in _NOT_JSON else text for text in map(repr, column.to_numpy(float).tolist())]
    code, unique = pd.factorize(column)
    texts = [json.dumps(value, ensure_ascii=False) for value in plain_values(pd.Series(unique))]
    return [texts[c] if c >= 0 else "null" for c in code.tolist()]


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
