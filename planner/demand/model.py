"""What goes in (`PopulationSource`), what comes out (`Demand`), and the parts that the readers of this package hand over."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.findings import InputReport

Floats = NDArray[np.float64]
Bound = Literal["low", "high"]
Join = Literal["code", "name"]
Kind = Literal["resident", "registered"]
Place = Literal["auto", "buildings", "streets", "area", "centre"]

LEFT_OUT_COLUMNS = ("group", "people", "reason", "source_file", "source_row")


@dataclass(frozen=True)
class ZoneFields:
    """The zones that a table is joined to: a layer of their own (None: the project's), and its fields (None: recognised)."""

    path: Path | None = None
    name: str | None = None
    code: str | None = None
    township: str | None = None
    datum: str | None = None


@dataclass(frozen=True)
class PopulationSource:
    """One file of people of one group. `column` names the people in a table or layer; a raster has none.

    `datum` is the one of a table's coordinates, or of a layer whose label is not to be believed; None takes a table for WGS-84
    and a layer at its word. `join` says that the rows of a table are zones, found by code or name in `join_column` (None:
    recognised). `place` is where the people of a polygon or cell stand (None: polygons "auto", rasters "centre" unless there are
    buildings), `buildings` an OpenStreetMap file or a layer of polygons. `kind` tells resident people from registered ones. With
    a `bound` the file is the low or the high estimate of its group.
    """

    path: Path
    group: str
    column: str | None = None
    datum: str | None = None
    place: Place | None = None
    buildings: Path | None = None
    buildings_datum: str | None = None
    join: Join | None = None
    join_column: str | None = None
    zones: ZoneFields = ZoneFields()
    kind: Kind | None = None
    bound: Bound | None = None

    @property
    def of_the_file(self) -> "PopulationSource":
        """The source without what is a column's own: equal for all columns that share points."""
        return replace(self, group="", column=None, kind=None, bound=None)


@dataclass(frozen=True)
class Demand:
    """Demand points, and people per group and point.

    `points`: id, source_file, source_row and geometry, in the area's metric CRS; `source_row` is the row of a table as
    its reader counts, the feature of a layer from 1, or the cell of a raster, counted from 1 along the rows from the top left.
    `weights`: group -> float64, shape `(len(points),)`, same order. `left_out`: people of the area who could not be
    placed, one row each of group, people, reason, source_file and source_row. `low` and `high`: the same as `weights`, of the
    groups whose sources give a range.
    """

    points: gpd.GeoDataFrame
    weights: dict[str, Floats]
    left_out: pd.DataFrame
    low: dict[str, Floats] = field(default_factory=dict)
    high: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups, the main one first."""
        return tuple(self.weights)


@dataclass(frozen=True)
class Job:
    """One source with its report."""

    source: PopulationSource
    report: InputReport

    @property
    def key(self) -> tuple[str, Bound | None]:
        """Whose weights these are."""
        return self.source.group, self.source.bound


Weights = dict[tuple[str, Bound | None], Floats]


@dataclass(frozen=True)
class Part:
    """Points of one grid or file, which all its groups share: metric `x` and `y`, one weight per group and bound."""

    file: str
    rows: NDArray[np.int64]
    x: Floats
    y: Floats
    weights: Weights
    left_out: list[dict[str, Any]] = field(default_factory=list)


def add_up(weights: Weights, job: Job, people: Floats) -> None:
    """Add `people` to a job's group; two columns or rasters of one group make one weight."""
    weights[job.key] = weights[job.key] + people if job.key in weights else people


def account(report: InputReport, *, placed: float, outside: float, left_out: float = 0.0) -> None:
    """State where a source's people went: read = in the area + outside, in the area = placed + left out."""
    report.figures |= {
        "people_read": placed + left_out + outside,
        "people_in_area": placed + left_out,
        "people_outside": outside,
        "people_left_out": left_out,
    }


def report_outside(report: InputReport, count: int, people: float, *, of: Literal["cells", "rows", "shapes"]) -> None:
    """Note what lies outside the study area, if anything does."""
    if count:
        report.add(f"demand.{of}_outside", "note", count=count, people=round(people, 1))
