"""The results of a run, read back from the files that it wrote."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.errors import InputError
from planner.session.open_project import SUMMARY
from planner.session.results import KINDS, Results, facility_columns, results_from, zone_columns
from planner.tables.gdal import read_features


def version(folder: Path) -> str:
    """Return a mark that changes whenever a run puts new results into `folder`."""
    state = (folder / SUMMARY).stat()
    return f"{state.st_mtime_ns}-{state.st_size}"


def read_results(folder: Path) -> Results:
    """Read the files of a run.

    Raises
    ------
    InputError
        A file is missing or is not what a run writes.
    """
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        return results_from(
            folder,
            summary,
            {kind: _facilities(folder, kind, summary) for kind in KINDS},
            _zones(folder, summary["group"]),
            isochrones=_areas(folder, "isochrones", ["minutes", "proposed"]),
            uncovered=_uncovered(folder, summary["group"]),
            curve=pd.read_csv(folder / "frontier.csv", encoding="utf-8"),
        )
    except (OSError, ValueError, KeyError, TypeError, pyogrio.errors.DataSourceError) as fault:
        raise InputError("ui.unreadable_results", folder=folder, fault=fault) from fault


def _facilities(folder: Path, kind: str, summary: dict[str, Any]) -> pd.DataFrame:
    features = json.loads((folder / f"{kind}.geojson").read_text(encoding="utf-8"))["features"]
    table = pd.DataFrame([feature["properties"] for feature in features], columns=facility_columns(kind, summary))
    points = [(feature["geometry"] or {}).get("coordinates", (None, None)) for feature in features]
    return pd.concat([table, pd.DataFrame(points, columns=["longitude", "latitude"], dtype=float)], axis=1)


def _areas(folder: Path, name: str, columns: list[str]) -> gpd.GeoDataFrame:
    table = read_features(folder / f"{name}.geojson", columns=columns)
    return table if len(table) else gpd.GeoDataFrame({c: [] for c in columns}, geometry=[], crs=4326)


def _zones(folder: Path, group: str) -> gpd.GeoDataFrame | None:
    if not (folder / "zones.geojson").is_file():
        return None
    zones = _areas(folder, "zones", ["level", "zone", "centres", "sites", *zone_columns(group)])
    if "level" in zones and len(zones):  # the first level is what the page is about
        zones = zones[(zones["level"] == zones["level"].iat[0]).to_numpy()].reset_index(drop=True)
    return zones


def _uncovered(folder: Path, group: str) -> pd.DataFrame:
    """Read from the GeoPackage, which always holds the demand points, and quickly."""
    weight = f"weight_{group}"
    table = read_features(
        folder / "plan.gpkg",
        layer="demand",
        columns=[weight, "covered_before", "covered_after"],
        where="covered_before = 0 OR covered_after = 0",
    )
    place = {"longitude": table.geometry.x.to_numpy(), "latitude": table.geometry.y.to_numpy()}
    return pd.DataFrame(table.drop(columns="geometry")).rename(columns={weight: "people"}).assign(**place)
