"""What leaves the planner: every file of a run, written whole or not at all."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from planner.deliver.folder import MANIFEST, recover, whole_folder
from planner.deliver.geojson import to_geojson, write_geojson
from planner.deliver.geopackage import write_geopackage
from planner.deliver.manifest import manifest
from planner.deliver.reporting import DATA_REPORT, report_layer
from planner.deliver.workbook import group_name, write_workbook
from planner.results.data_quality import Doubts, find_doubts
from planner.study import Study

__all__ = [
    "ATTRIBUTION",
    "DATA_REPORT",
    "MANIFEST",
    "data_report",
    "group_name",
    "recover",
    "report_layer",
    "to_geojson",
    "whole_folder",
    "write",
]

ATTRIBUTION = "© OpenStreetMap contributors, ODbL"

MOST_GEOJSON_POINTS = 200_000
"""With more demand points than this, ``demand.geojson`` is not written; they are in ``plan.gpkg``."""


def write(study: Study, out: Path) -> Path:
    """Write all files of a run into `out`, which takes the place of the last run's folder only when whole.

    Raises
    ------
    InputError
        `out` holds things that no run wrote, or is in use by another program.
    """
    with whole_folder(out) as folder:
        _write_layers(study, folder)
        study.decision.curve.to_csv(folder / "frontier.csv", index=False, encoding="utf-8", lineterminator="\n")
        write_workbook(study, folder / "plan.xlsx")
        _write_json(folder / "summary.json", study.summary)
        language, doubts = study.inputs.project.language, find_doubts(study.inputs)
        _write_json(folder / DATA_REPORT, data_report(language, study.inputs.reports, doubts))
        _write_json(folder / MANIFEST, manifest(study.inputs.project, folder))
    return out


def data_report(language: str, reports: list[Any], doubts: Doubts | None = None) -> dict[str, Any]:
    """Return the account of every input as plain data, and what they leave in doubt as a whole."""
    account = {"schema_version": 1, "language": language, "inputs": [report.to_dict(language) for report in reports]}
    return account if doubts is None else account | doubts.to_dict(language)


def _write_layers(study: Study, folder: Path) -> None:
    tables = study.tables
    layers: dict[str, pd.DataFrame] = {
        "sites": tables.sites,
        "centres": tables.centres,
        "candidates": tables.candidates,
        "isochrones": tables.isochrones,
        "demand": tables.demand,
    }
    if tables.zones is not None:
        layers["zones"] = tables.zones if tables.zone_levels is None else tables.zone_levels
    for name, table in layers.items():
        if name != "demand" or len(table) <= MOST_GEOJSON_POINTS:
            write_geojson(table, folder / f"{name}.geojson", name=name, attribution=ATTRIBUTION)
    write_geopackage({**layers, "allocation": tables.allocation}, folder / "plan.gpkg")


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
