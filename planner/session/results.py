"""What the page shows of a plan, whether a run wrote it into files or it was found a moment ago."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

KINDS = ("sites", "centres", "candidates")
"""The tables of facilities."""

_FACTS = [
    "id",
    "name",
    "zone",
    "kind",
    "status",
    "excluded_reason",
    "cost_yuan",
    "open_after",
    "position_uncertainty_m",
]
_SITE_FACTS = ["rank", "loss_if_dropped", "replacement_id", "replacement_loss"]
_ZONE_FIGURES = ("population", "covered_before", "covered_after", "share_before", "share_after")


@dataclass(frozen=True)
class Results:
    """What a plan comes to. Facilities are plain tables with `longitude` and `latitude`; areas are WGS 84.

    Of population groups' columns, `people` and `only_here` are there for each (``people_<group>``) and once more, with `gain` and
    `cumulative`, under plain names for the main group. `uncovered` are the demand points that are or will be out of reach:
    `people`, `covered_before`, `covered_after`, `longitude`, `latitude`.
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
        """The population group that sites are chosen for."""
        return self.summary["group"]

    @property
    def people(self) -> float:
        """People of the main group."""
        return self.summary["population"][self.group]

    @property
    def covered_before(self) -> float:
        """People of the main group who are covered today."""
        return self.summary["covered_before"][self.group]

    @property
    def covered_after(self) -> float:
        """People of the main group who are covered once the plan is carried out."""
        return self.summary["covered_after"][self.group]

    @property
    def gained(self) -> float:
        """People whom the plan newly covers."""
        return self.covered_after - self.covered_before

    @property
    def uncovered_today(self) -> float:
        """People whom no centre covers today."""
        return self.people - self.covered_before

    @property
    def unreachable(self) -> float:
        """People who can reach no facility at all."""
        return self.summary["unreachable"]["population"]

    def share(self, people: float) -> float | None:
        """Return a number of people as a share of all; None where there is nobody."""
        return people / self.people if self.people else None

    def facility(self, id: str) -> pd.Series | None:
        """Return what is known of a facility, None where it is in no table."""
        for kind in KINDS:
            table: pd.DataFrame = getattr(self, kind)
            found = table[table["id"] == id]
            if len(found):
                return found.iloc[0]
        return None


def group_columns(kind: str, group: str) -> dict[str, str]:
    """Return the columns of a table of facilities that are a group's, and their plain names."""
    return {
        f"{fact}_{group}": fact
        for fact in ("people", "only_here", *(("gain", "cumulative") if kind == "sites" else ()))
    }


def facility_columns(kind: str, summary: Mapping[str, Any]) -> list[str]:
    """Return the columns of a run's table of facilities that `results_from` takes, places aside."""
    of_groups = [column for group in summary["population"] for column in group_columns("", group)]
    more = [column for column in group_columns(kind, summary["group"]) if column not in of_groups]
    return [*_FACTS, *of_groups, *more, *(_SITE_FACTS if kind == "sites" else [])]


def zone_columns(group: str) -> dict[str, str]:
    """Return the figures of zones that are a group's, and their plain names."""
    return {f"{figure}_{group}": figure for figure in _ZONE_FIGURES}


def results_from(
    folder: Path,
    summary: dict[str, Any],
    facilities: Mapping[str, pd.DataFrame],
    zones: gpd.GeoDataFrame | None,
    **more: Any,
) -> Results:
    """Return results from tables as a run has them, those of `facilities` by kind and with `longitude` and `latitude`.

    `more` are the fields of `Results` that stay as they are.
    """
    group = summary["group"]
    plain = {}
    for kind, table in facilities.items():
        main = {name: table[column] for column, name in group_columns(kind, group).items()}
        plain[kind] = table[[*facility_columns(kind, summary), "longitude", "latitude"]].assign(**main)
    names = pd.concat([plain["candidates"], plain["centres"]]).drop_duplicates("id").set_index("id")["name"]
    sites = plain["sites"].reset_index(drop=True)
    replacement = [names.get(each) if each else None for each in sites["replacement_id"]]
    others = {
        kind: plain[kind][~plain[kind]["id"].isin(set(sites["id"]))].reset_index(drop=True)
        for kind in ("centres", "candidates")
    }
    if zones is not None:
        columns = zone_columns(group)
        zones = zones[["zone", *columns, "centres", "sites", "geometry"]].rename(columns=columns)
    return Results(folder, summary, sites=sites.assign(replacement=replacement), zones=zones, **others, **more)
