"""The data report, as plain data and as a map layer: people out of reach as surfaces, rows in doubt or dropped as points."""

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from planner.crs import WGS84
from planner.findings import Finding, InputReport
from planner.inputs.read import Inputs
from planner.results.data_quality import DataQuality

DATA_REPORT = "data_report.json"

_COLUMNS = [
    "id",
    "kind",
    "source_file",
    "source_row",
    "zone",
    "zone_code",
    "cause",
    "people",
    "demand_points",
    "role",
    "code",
    "action",
    "message",
    "remedy",
]


def data_report(language: str, reports: list[Any], quality: DataQuality | None = None) -> dict[str, Any]:
    """Return the account of every input as plain data, and what they leave in doubt as a whole."""
    account = {"schema_version": 1, "language": language, "inputs": [report.to_dict(language) for report in reports]}
    return account if quality is None else account | quality.to_dict(language)


def report_layer(inputs: Inputs, quality: DataQuality, language: str) -> gpd.GeoDataFrame:
    """Return the clusters of unreached people (`kind` "cluster"), then the rows in doubt that have a place (`kind` "row").

    Rows without a place, most of them dropped for that very reason, are in ``data_report.json`` alone.
    """
    rows: list[dict[str, Any]] = []
    shapes: list[shapely.Geometry] = []
    for number, cluster in enumerate(quality.clusters):
        rows.append({"kind": "cluster", **quality.told(number, language)})
        shapes.append(cluster.shape)
    places = _places(inputs)
    count = 0
    for report, finding in _in_doubt(inputs.reports):
        point = _place_of(report, finding, places)
        if point is not None:
            count += 1
            told = finding.to_dict(language)
            rows.append(
                {"id": f"r{count:05d}", "kind": "row", "source_file": report.file, "source_row": finding.row,
                 "role": report.role, **{name: told[name] for name in ("code", "action", "message", "remedy")}}
            )  # fmt: skip
            shapes.append(point)
    table = pd.DataFrame(rows, columns=_COLUMNS).astype(
        {"source_row": "Int64", "demand_points": "Int64", "people": float}
    )
    return gpd.GeoDataFrame(table, geometry=shapes, crs=WGS84)


def _in_doubt(reports: list[InputReport]) -> Iterator[tuple[InputReport, Finding]]:
    for report in reports:
        for finding in report.findings:
            if finding.action in ("doubtful", "dropped"):
                yield report, finding


def _places(inputs: Inputs) -> dict[tuple[str, int, str | None], shapely.Point]:
    """Return where the rows of facilities and people lie, by file, row and sheet."""
    found: dict[tuple[str, int, str | None], shapely.Point] = {}
    facilities = inputs.facilities
    sheets = facilities["source_sheet"] if "source_sheet" in facilities else [None] * len(facilities)
    rows = zip(facilities["source_file"], facilities["source_row"], sheets, facilities.geometry, strict=True)
    for file, row, sheet, point in rows:
        if point is not None and not point.is_empty:
            found.setdefault((file, int(row), None if pd.isna(sheet) else sheet), point)
    people = inputs.demand.points
    in_degrees = people.geometry.to_crs(WGS84)
    for file, row, point in zip(people["source_file"], people["source_row"], in_degrees, strict=True):
        found.setdefault((file, int(row), None), point)
    return found


def _place_of(
    report: InputReport, finding: Finding, places: dict[tuple[str, int, str | None], shapely.Point]
) -> shapely.Point | None:
    if {"longitude", "latitude"} <= finding.params.keys():
        lon, lat = finding.params["longitude"], finding.params["latitude"]
        if isinstance(lon, int | float) and isinstance(lat, int | float):
            return shapely.Point(lon, lat)
    if finding.row is None or report.role not in ("centres", "candidates", "population"):
        return None
    return places.get((report.file, finding.row, finding.sheet))
