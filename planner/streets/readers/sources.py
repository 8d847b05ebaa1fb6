"""Streets from files of any kind, one or several, with gates: read, combined, built, and kept for next time.

Which reader a file gets is told by its ending: OpenStreetMap (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``), a graph that
OSMnx saved (``.graphml``), or a layer of lines (everything else).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from shapely import Geometry

from planner.findings import Finding, InputReport
from planner.streets.cache import Told, kept_network
from planner.streets.joining.build import build_network
from planner.streets.joining.combine import COMBINE_TOLERANCE_M, combine
from planner.streets.joining.gates import GATE_TOLERANCE_M, open_gates
from planner.streets.joining.islands import connect_islands
from planner.streets.joining.ways import Ways
from planner.streets.network import Network
from planner.streets.readers.graphs import load_graphml, ways_of_graph
from planner.streets.readers.lines import GAP_M, TOLERANCE_M, read_lines, ways_of_lines
from planner.streets.readers.osm import read_ways
from planner.streets.readers.osm_file import is_osm_file
from planner.streets.readers.walkable import WalkRules
from planner.tables.parts import parts_of


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
    """A layer of gates (points in any CRS), how far from each the streets on either side may lie, and the name of its file."""

    points: gpd.GeoDataFrame | gpd.GeoSeries
    tolerance_m: float = GATE_TOLERANCE_M
    file: str = "gates"


@dataclass(frozen=True, eq=False)
class StreetSources:
    """All that decides what a network is: its files, the most trusted first, and how they are read and joined.

    `boundary` (WGS 84) limits it to the streets that touch it, widened by `buffer_m` metres; sources are joined within
    `tolerance_m` metres.
    """

    sources: Sequence[Source]
    boundary: Geometry | None = None
    buffer_m: float = 0.0
    tolerance_m: float = COMBINE_TOLERANCE_M
    gates: Gates | None = None
    rules: WalkRules = field(default_factory=WalkRules)

    def key(self) -> str:
        """Return a digest of everything that goes in: the files' content, the options, and the program that reads them.

        OpenStreetMap files go by their content alone; what is said of others may name them.
        """
        digest = hashlib.sha256(_program())
        for source in self.sources:
            name = "" if is_osm_file(source.path) else source.path.name
            digest.update(repr(replace(source, path=Path(name))).encode())
            for file in parts_of(source.path):
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
        digest.update(f"{self.rules} {float(self.buffer_m)!r} {float(self.tolerance_m)!r}".encode())
        digest.update(b"" if self.boundary is None else self.boundary.wkb)
        digest.update(_gates_key(self.gates))
        return digest.hexdigest()[:32]

    def build(self) -> tuple[Network, Told]:
        """Read the files and build the network; return it with what is to be told of each source, and of the gates.

        Raises
        ------
        PlannerError
            A file cannot be read, holds no street, or lies elsewhere; no street is within the boundary; a distance is none.
        """
        reports = [InputReport("streets", source.path.name) for source in self.sources]
        at_gates = InputReport("gates", self.gates.file if self.gates else "gates")
        pairs = zip(self.sources, reports, strict=True)
        ways = combine(
            [read_source(source, rules=self.rules, report=report) for source, report in pairs],
            self.tolerance_m,
            reports=reports,
        )
        if self.gates is not None:
            ways = open_gates(ways, self.gates.points, self.gates.tolerance_m, report=at_gates)
        ways = connect_islands(ways, self.rules.connect_islands_m)
        names = str(self.sources[0].path) if len(reports) == 1 else ", ".join(report.file for report in reports)
        network = build_network(ways, boundary=self.boundary, buffer_m=self.buffer_m, source=names)
        return network, [_plain(report) for report in (*reports, at_gates)]

    def network(
        self,
        cache: Path | None = None,
        *,
        reports: Sequence[InputReport] | None = None,
        gates_report: InputReport | None = None,
    ) -> Network:
        """Return the network, from the folder `cache` where it is kept already, else built and kept there.

        `reports` (one a source) and `gates_report` take what was read and found, today or when it was built. Errors as `build`.
        """
        network, told = self.build() if cache is None else kept_network(cache, self.key(), self.build)
        *told, told_gates = told
        for report, plain in zip(reports or [], told if reports else [], strict=True):
            _tell(report, plain)
        if gates_report is not None:
            _tell(gates_report, told_gates)
        return network


def read_source(source: Source, *, rules: WalkRules, report: InputReport) -> Ways:
    """Return the ways of one file; `report` takes what was read, used and found.

    Raises
    ------
    PlannerError
        As the reader of the file's kind: `read_ways`, `load_graphml` and `ways_of_graph`, `read_lines` and `ways_of_lines`.
    """
    path = source.path
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


@cache
def _program() -> bytes:
    """Return a digest of what builds: the versions of the program and of what it projects with, and its own text."""
    try:
        own = version("quarter-hour-planner")
    except PackageNotFoundError:  # the folder is used without being installed
        own = ""
    digest = hashlib.sha256(f"{own} {pyproj.proj_version_str} {shapely.geos_version_string}".encode())
    house = Path(__file__).parents[2]
    rooms = (*house.glob("streets/**/*.py"), *house.glob("tables/*.py"), *house.glob("kernels/trace.py"))
    for file in sorted((*rooms, *house.glob("crs.py"), *house.glob("datum.py"))):
        digest.update(file.read_bytes())
    return digest.digest()


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
