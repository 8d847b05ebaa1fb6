"""Streets from files of any kind, one or several, with gates: read, combined, built, and kept beside the project.

Which reader a file gets is told by its ending: OpenStreetMap (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``), a graph that
OSMnx saved (``.graphml``), or a layer of lines (everything else).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import Geometry

from planner.findings import Finding, InputReport
from planner.streets.cache import cached_arrays
from planner.streets.graph import load_graphml, ways_of_graph
from planner.streets.islands import connect_islands
from planner.streets.readers.build import build_arrays
from planner.streets.readers.combine import COMBINE_TOLERANCE_M, combine
from planner.streets.readers.gates import GATE_TOLERANCE_M, open_gates
from planner.streets.readers.lines import GAP_M, TOLERANCE_M, read_lines, ways_of_lines
from planner.streets.readers.osm import RawWays, is_osm_file, read_ways
from planner.streets.readers.walkable import WalkRules
from planner.tables.parts import parts_of

_VERSION = 2  # moves when lines, combining or gates come to mean something else


@dataclass(frozen=True)
class Source:
    """One file of streets. All but the path are for layers of lines; see `planner.streets.readers.lines.ways_of_lines`."""

    path: Path
    datum: str | None = None
    tolerance_m: float = TOLERANCE_M
    gap_m: float = GAP_M
    noded: bool = False


@dataclass(frozen=True)
class Gates:
    """A layer of gates (points in any CRS), and how far from each the streets on either side may lie."""

    points: gpd.GeoDataFrame | gpd.GeoSeries
    tolerance_m: float = GATE_TOLERANCE_M


def read_source(source: Source, *, rules: WalkRules, report: InputReport) -> RawWays:
    """Return the ways of one file; `report` takes what was read, used and found.

    Raises
    ------
    PlannerError
        As the reader of the file's kind: `read_ways`, `load_graphml` and `ways_of_graph`, `read_lines` and `ways_of_lines`.
    """
    path = Path(source.path)
    if not is_osm_file(path) and path.suffix.lower() != ".graphml":
        frame = read_lines(path, report=report, datum=source.datum)
        options = {"tolerance_m": source.tolerance_m, "gap_m": source.gap_m, "noded": source.noded}
        return ways_of_lines(frame, rules=rules, report=report, **options)  # type: ignore[arg-type]
    ways = read_ways(path, rules) if is_osm_file(path) else ways_of_graph(load_graphml(path))
    report.rows_read, report.rows_used = ways.figures["ways_read"], ways.figures["ways_walked"]
    report.figures |= ways.figures
    if is_osm_file(path) and report.rows_used < report.rows_read:
        report.add("streets.not_walked", "note", count=report.rows_read - report.rows_used, of=report.rows_read)
    if ways.figures["points_missing"]:
        report.add("streets.points_missing", "doubtful", count=ways.figures["points_missing"])
    return ways


def network_arrays(
    sources: Sequence[Source],
    *,
    boundary: Geometry | None,
    buffer_m: float,
    tolerance_m: float = COMBINE_TOLERANCE_M,
    gates: Gates | None = None,
    rules: WalkRules | None = None,
    cache: Path | None = None,
    reports: Sequence[InputReport] | None = None,
    gates_report: InputReport | None = None,
) -> dict[str, Any]:
    """Return the arrays of `StreetNetwork` for some sources; see `StreetNetwork.from_sources`."""
    rules = rules or WalkRules()
    files = [file for source in sources for file in parts_of(Path(source.path))]
    own_reports = [InputReport("streets", Path(source.path).name) for source in sources]
    own_gates = InputReport("gates", gates_report.file if gates_report else "gates")

    def build() -> dict[str, Any]:
        ways = [
            read_source(source, rules=rules, report=report) for source, report in zip(sources, own_reports, strict=True)
        ]
        whole = combine(ways, tolerance_m, reports=own_reports)
        if gates is not None:
            whole = open_gates(whole, gates.points, gates.tolerance_m, report=own_gates)
        whole = connect_islands(whole, rules.connect_islands_m)
        names = ", ".join(report.file for report in own_reports)
        arrays = build_arrays(whole, boundary=boundary, buffer_m=buffer_m, source=names)
        return arrays | {"reports": [_plain(report) for report in (*own_reports, own_gates)]}

    if cache is None or not files:
        arrays = build()
    else:
        names = [replace(source, path=Path(Path(source.path).name)) for source in sources]
        key = f"{_VERSION} {names} {rules} {float(buffer_m)!r} {float(tolerance_m)!r} ".encode()
        key += b"" if boundary is None else boundary.wkb
        arrays = cached_arrays(cache, files, key + _gates_key(gates), build)
    *told, told_gates = arrays.pop("reports")
    for report, plain in zip([*(reports or []), gates_report], [*(told if reports else []), told_gates], strict=True):
        if report is not None:
            _tell(report, plain)
    return arrays


def _gates_key(gates: Gates | None) -> bytes:
    if gates is None:
        return b""
    rows = gates.points["source_row"].tolist() if "source_row" in gates.points else []
    shapes = shapely.to_wkb(np.asarray(gates.points.geometry))
    crs = "" if gates.points.crs is None else gates.points.crs.to_wkt()
    return f"gates {gates.tolerance_m!r} {crs} {rows}".encode() + b"".join(shape or b"-" for shape in shapes)


def _plain(report: InputReport) -> dict[str, Any]:
    return {
        "rows_read": report.rows_read,
        "rows_used": report.rows_used,
        "figures": report.figures,
        "findings": [[found.code, found.action, found.row, found.params] for found in report.findings],
    }


def _tell(report: InputReport, plain: dict[str, Any]) -> None:
    """Put into a report what was told when the network was built, today or on an earlier day."""
    report.rows_read, report.rows_used = plain["rows_read"], plain["rows_used"]
    report.figures |= plain["figures"]
    report.findings += [Finding(code, action, row, params) for code, action, row, params in plain["findings"]]
