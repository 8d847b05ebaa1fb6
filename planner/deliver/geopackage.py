"""One GeoPackage with every layer, byte-equal for equal results."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.tables.gdal import write_features

_FIXED_DATE = "2000-01-01T00:00:00.000Z"
"""GeoPackages note when a layer was last changed; a note of the clock would make equal runs differ."""


def write_geopackage(layers: dict[str, pd.DataFrame], path: Path) -> None:
    """Write each table as a layer of `path`, which must not exist; tables without geometry become attribute tables."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_DATE})
    try:
        for name, table in layers.items():
            write_features(
                _plain(table),
                path,
                layer=name,
                driver="GPKG",
                append=path.exists(),
                geometry_type=_geometry_type(table),
                promote_to_multi=True if _geometry_type(table) == "MultiPolygon" else None,
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _geometry_type(table: pd.DataFrame) -> str | None:
    if not isinstance(table, gpd.GeoDataFrame):
        return None
    kinds = set(table.geometry.geom_type.dropna())
    if not kinds or kinds == {"Point"}:
        return "Point"
    return "MultiPolygon" if kinds <= {"Polygon", "MultiPolygon"} else "Unknown"


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Give columns that hold nothing at all a type of text, which drivers need."""
    empty = [column for column in table.columns if table[column].dtype == object and table[column].isna().all()]
    return (
        table.assign(**{column: pd.Series(None, index=table.index, dtype="str") for column in empty})
        if empty
        else table
    )
