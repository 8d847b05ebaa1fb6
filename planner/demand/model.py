"""What goes in (`PopulationSource`), what comes out (`Demand`), and the parts that the readers of this package hand over."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.findings import InputReport

Floats = NDArray[np.float64]
Bound = Literal["low", "high"]
Join = Literal["code", "name"]
Kind = Literal["resident", "registered"]
Place = Literal["auto", "buildings", "streets", "area", "centre"]

LEFT_OUT_COLUMNS = ("group", "people", "reason", "source_file", "source_row")


class ZoneKeys(Protocol):
    """What a section says of the zones that the rows of its table are: see `CalibrateSection` and `PopulationSection`.

    `zones` is a layer of their own (None: the project's), the others are its fields and the table's column (None: recognised).
    """

    encoding: str | None
    sheet: str | None
    layer: str | None
    join_column: str | None
    zones: str | None
    zone_name: str | None
    zone_code: str | None
    zone_township: str | None
    kind: Kind | None


class PopulationKeys(ZoneKeys, Protocol):
    """What a section says of its files; docs/people.md says what each key means."""

    datum: str | None
    place: Place | None
    buildings: str | None
    buildings_datum: str | None
    join: Join | None


@dataclass(frozen=True)
class PeopleTable:
    """People of one group in a file: the `column` that holds them (a raster has none), and the report of what it says.

    `section` is what the project says of the file.
    """

    path: Path
    group: str
    column: str | None
    section: ZoneKeys
    report: InputReport
    bound: Bound | None = None

    @property
    def key(self) -> tuple[str, Bound | None]:
        """Whose weights these are."""
        return self.group, self.bound


@dataclass(frozen=True)
class PopulationSource(PeopleTable):
    """One file of people of one group, or with a `bound` their low or high estimate; the section's names start in `folder`."""

    section: PopulationKeys
    folder: Path = Path()

    @property
    def buildings(self) -> Path | None:
        """The dwellings at which its people stand."""
        return None if self.section.buildings is None else self.folder / self.section.buildings

    @property
    def shared(self) -> Hashable:
        """What is no column's own: equal for all columns that share points."""
        own = self.section
        where = own.encoding, own.sheet, own.layer, own.datum, own.place, self.buildings, own.buildings_datum
        return self.path, where, own.join, own.join_column, own.zones, own.zone_name, own.zone_code, own.zone_township


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

    def unplaced(self, group: str) -> float:
        """Return the people of a group who live in the area and could not be placed."""
        return float(self.left_out.loc[self.left_out["group"] == group, "people"].sum())

    def people(self, group: str) -> float:
        """Return all people of a group in the area, the unplaced among them: whoever is not placed is not covered either."""
        return float(self.weights[group].sum()) + self.unplaced(group)


Weights = dict[tuple[str, Bound | None], Floats]


@dataclass(frozen=True)
class Part:
    """Points of one grid or file, which all its groups share: metric `x` and `y`, one weight per group and bound.

    `covers` is where a raster has cells (metres), None of a table, of which nobody can say that.
    """

    file: str
    rows: NDArray[np.int64]
    x: Floats
    y: Floats
    weights: Weights
    left_out: list[dict[str, Any]] = field(default_factory=list)
    covers: BaseGeometry | None = None


def add_up(weights: Weights, source: PeopleTable, people: Floats) -> None:
    """Add `people` to a source's group; two columns or rasters of one group make one weight."""
    weights[source.key] = weights[source.key] + people if source.key in weights else people


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
