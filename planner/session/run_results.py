"""The results of a run, read back from the files that it wrote."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.errors import InputError
from planner.ui.opened import SUMMARY

FACTS = ["id", "name", "zone", "kind", "status", "excluded_reason", "cost_yuan", "open_after"]
FACTS += ["position_uncertainty_m"]
SITE_FACTS = ["rank", "loss_if_dropped", "replacement_id", "replacement_loss"]


@dataclass(frozen=True)
class Results:
    """What a run found. Facilities are plain tables with `longitude` and `latitude`; areas are WGS 84.

    The columns of population groups are reduced to the main group's: `people`, `only_here`, `gain`, `cumulative`.
    `uncovered` are the demand points that were or are out of reach: `people`, `covered_before`, `covered_after`, `longitude`,
    `latitude`.
    """

    folder: Path
    summary: dict[str, Any]
    sites: pd.DataFrame
    centres: pd.DataFrame
    candidates: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    uncovered: pd.DataFrame
    zones: gpd.GeoDataFrame | None
    curve: pd.DataFrame

    @property
    def group(self) -> str:
        """The population group that sites were chosen for."""
        return self.summary["group"]


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
        group = summary["group"]
        sites = _facilities(folder, "sites", group)
        candidates = _facilities(folder, "candidates", group)
        centres = _facilities(folder, "centres", group)
        chosen = set(sites["id"])
        return Results(
            folder=folder,
            summary=summary,
            sites=with_replacement(sites, candidates, centres),
            centres=centres[~centres["id"].isin(chosen)].reset_index(drop=True),
            candidates=candidates[~candidates["id"].isin(chosen)].reset_index(drop=True),
            isochrones=_areas(folder, "isochrones", ["minutes", "proposed"]),
            uncovered=_uncovered(folder, group),
            zones=_zones(folder, group),
            curve=pd.read_csv(folder / "frontier.csv", encoding="utf-8"),
        )
    except (OSError, ValueError, KeyError, TypeError, pyogrio.errors.DataSourceError) as fault:
        raise InputError("ui.unreadable_results", folder=folder, fault=fault) from fault


def _facilities(folder: Path, name: str, group: str) -> pd.DataFrame:
    features = json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))["features"]
    found = ["people", "only_here"] + (["gain", "cumulative"] if name == "sites" else [])
    columns = {f"{kind}_{group}": kind for kind in found}
    more = SITE_FACTS if name == "sites" else []
    table = pd.DataFrame([feature["properties"] for feature in features], columns=[*FACTS, *columns, *more])
    points = [(feature["geometry"] or {}).get("coordinates", (None, None)) for feature in features]
    place = pd.DataFrame(points, columns=["longitude", "latitude"], dtype=float)
    return pd.concat([table.rename(columns=columns), place], axis=1)


def with_replacement(sites: pd.DataFrame, *others: pd.DataFrame) -> pd.DataFrame:
    """Say the replacement's name, not only its id."""
    names = pd.concat([table.set_index("id")["name"] for table in others])
    names = names[~names.index.duplicated()]
    return sites.assign(replacement=[names.get(each) if each else None for each in sites["replacement_id"]])


def _areas(folder: Path, name: str, columns: list[str]) -> gpd.GeoDataFrame:
    table = pyogrio.read_dataframe(folder / f"{name}.geojson", columns=columns)
    return table if len(table) else gpd.GeoDataFrame({c: [] for c in columns}, geometry=[], crs=4326)


def _zones(folder: Path, group: str) -> gpd.GeoDataFrame | None:
    if not (folder / "zones.geojson").is_file():
        return None
    kinds = ("population", "covered_before", "covered_after", "share_before", "share_after")
    columns = {f"{kind}_{group}": kind for kind in kinds}
    zones = _areas(folder, "zones", ["level", "zone", "centres", "sites", *columns]).rename(columns=columns)
    if "level" in zones and len(zones):  # the first level is what the page is about
        zones = zones[(zones["level"] == zones["level"].iat[0]).to_numpy()].reset_index(drop=True)
    return zones.drop(columns="level", errors="ignore")


def _uncovered(folder: Path, group: str) -> pd.DataFrame:
    """Read from the GeoPackage, which always holds the demand points, and quickly."""
    weight = f"weight_{group}"
    table = pyogrio.read_dataframe(
        folder / "plan.gpkg",
        layer="demand",
        columns=[weight, "covered_before", "covered_after"],
        where="covered_before = 0 OR covered_after = 0",
    )
    place = {"longitude": table.geometry.x.to_numpy(), "latitude": table.geometry.y.to_numpy()}
    return pd.DataFrame(table.drop(columns="geometry")).rename(columns={weight: "people"}).assign(**place)
