"""What leaves the planner: every file of a run, written whole or not at all."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from planner.deliver.data_report import DATA_REPORT, data_report
from planner.deliver.folder import MANIFEST, whole_folder
from planner.deliver.geojson import write_geojson
from planner.deliver.geopackage import write_geopackage
from planner.deliver.manifest import manifest
from planner.deliver.workbook import write_workbook
from planner.results.data_quality import assess_data_quality
from planner.results.tables import Tables
from planner.run import Run
from planner.tables.formulas import write_csv

MOST_GEOJSON_POINTS = 200_000
"""With more demand points than this, ``demand.geojson`` is not written; they are in ``plan.gpkg``."""


def write(run: Run, out: Path) -> Path:
    """Write all files of a run into `out`, which takes the place of the last run's folder only when whole.

    Raises
    ------
    InputError
        `out` holds things that no run wrote, or is in use by another program.
    """
    project = run.inputs.project
    with whole_folder(out) as folder:
        _write_layers(run.tables, folder)
        write_csv(run.plan.frontier, folder / "frontier.csv")
        write_workbook(run, folder / "plan.xlsx")
        _write_json(folder / "summary.json", run.summary)
        report = data_report(project.language, run.inputs.reports, assess_data_quality(run.inputs))
        _write_json(folder / DATA_REPORT, report)
        _write_json(folder / MANIFEST, manifest(run, folder))
    return out


def _write_layers(tables: Tables, folder: Path) -> None:
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
            write_geojson(table, folder / f"{name}.geojson", name=name)
    write_geopackage({**layers, "allocation": tables.allocation}, folder / "plan.gpkg")


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
