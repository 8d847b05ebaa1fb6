"""Gates: points at which one passes through a wall between a compound's lanes and the street.

A gate joins the nearest street to the nearest one on its other side that could only be walked to by a long way round, or not at
all. It opens nothing where the streets near it are joined already.
"""

from dataclasses import replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from planner.errors import CRSError, GeometryError, InputError
from planner.findings import InputReport
from planner.streets.joining.linework import Linework, linework_of
from planner.streets.joining.short_paths import ShortPaths
from planner.streets.joining.ways import Ways

GATE_TOLERANCE_M = 30.0
"""How far from a gate the streets on either side may lie."""

GATE_CLASS = "gate"

_DETOUR = 3.0  # a way round is long when it is this many times as long as the way through the gate ...
_MORE_M = 20.0  # ... and at least so many metres longer
_ASKED_M = 2_000.0  # how far a way round is looked for, to be told
_ON_LINE_M = 1.0


def open_gates(
    ways: Ways,
    gates: gpd.GeoDataFrame | gpd.GeoSeries,
    tolerance_m: float = GATE_TOLERANCE_M,
    *,
    report: InputReport | None = None,
) -> Ways:
    """Return the ways with those through the gates (points in any CRS), each at most `tolerance_m` metres to either side.

    `report` takes what each gate opened, or why it opened nothing, by its row.

    Raises
    ------
    CRSError
        The gates have no CRS.
    GeometryError
        Some are not points.
    InputError
        `tolerance_m` is not a distance.
    """
    report = report or InputReport("gates", "gates")
    if not 0 <= tolerance_m < np.inf:
        raise InputError("streets.bad_distance", name="tolerance_m", value=tolerance_m)
    if gates.crs is None:
        raise CRSError("streets.gates_no_crs", file=report.file)
    shapes = np.asarray(gates.geometry)
    rows = gates["source_row"].tolist() if "source_row" in gates else list(range(1, len(gates) + 1))
    kind = shapely.get_type_id(shapes)
    wrong = np.flatnonzero((kind != 0) & (kind != -1))
    if len(wrong):
        first = int(wrong[0])
        raise GeometryError(
            "streets.gates_not_points",
            file=report.file, count=len(wrong), row=rows[first], kind=shapes[first].geom_type,
        )  # fmt: skip
    linework = linework_of([ways])
    report.rows_read = len(gates)
    places = gates.geometry.to_crs(linework.crs)
    opened = _OpenedGates(linework)
    for row, place in zip(rows, places, strict=True):
        if place is None or place.is_empty:
            report.add("streets.line_empty", "dropped", int(row))
        else:
            report.rows_used += opened.open(place.x, place.y, tolerance_m, int(row), report)
    report.figures["gates_opened"] = report.rows_used
    return opened.linework().to_ways(ways.extent, {**ways.figures, "gates_opened": report.rows_used})


class _Side(NamedTuple):
    """A place on a street beside a gate."""

    segment: int
    along: float
    metres: float
    x: float
    y: float


class _OpenedGates:
    """The ways through the gates opened so far; later gates know of earlier ones."""

    def __init__(self, linework: Linework) -> None:
        self._before = linework
        self._paths = ShortPaths(linework)
        self._ground = linework.way_level[linework.segments.way] == 0
        self._new_x: list[float] = []
        self._new_y: list[float] = []
        self._cuts: list[tuple[int, float, int]] = []
        self._chains: list[tuple[int, int, int]] = []

    def open(self, x: float, y: float, tolerance_m: float, row: int, report: InputReport) -> bool:
        """Open a gate, or report why it cannot be."""
        sides = self._sides(x, y, tolerance_m)
        if not sides:
            report.add("streets.gate_no_street", "doubtful", row, tolerance_m=tolerance_m)
            return False
        here = sides[0]
        for there in sides[1:]:
            facing_away = (here.x - x) * (there.x - x) + (here.y - y) * (there.y - y) <= 0
            if not facing_away and here.metres > _ON_LINE_M:
                continue
            through_m = here.metres + there.metres
            if self._walk_m(here, there, max(_DETOUR * through_m, through_m + _MORE_M)) < np.inf:
                continue
            before_m = self._walk_m(here, there, _ASKED_M)
            self._join(here, there, x, y)
            if before_m < np.inf:
                report.add("streets.gate_opened", "note", row, metres=round(through_m, 1), before=round(before_m))
            else:
                report.add(
                    "streets.gate_opened_apart", "note", row, metres=round(through_m, 1), asked_m=round(_ASKED_M)
                )
            return True
        report.add("streets.gate_one_street", "doubtful", row, tolerance_m=tolerance_m)
        return False

    def linework(self) -> Linework:
        """Return the linework with the ways through the gates."""
        linework = self._before
        if not self._chains:
            return linework
        linework, _ = linework.with_points(np.array(self._new_x), np.array(self._new_y))
        segment, along, point = (np.array(column) for column in zip(*self._cuts, strict=True))
        linework = linework.inserted(segment, along, point).with_ways(self._chains, [0] * len(self._chains))
        number = linework.classes.index(GATE_CLASS) if GATE_CLASS in linework.classes else len(linework.classes)
        way_class, way_level, way_surface = (
            linework.way_class.copy(),
            linework.way_level.copy(),
            linework.way_surface.copy(),
        )
        way_class[-len(self._chains) :] = number
        way_level[-len(self._chains) :] = 0
        way_surface[-len(self._chains) :] = 0
        classes = linework.classes if GATE_CLASS in linework.classes else (*linework.classes, GATE_CLASS)
        return replace(linework, way_class=way_class, way_level=way_level, way_surface=way_surface, classes=classes)

    def _sides(self, x: float, y: float, tolerance_m: float) -> list[_Side]:
        """Return the nearest places on the segments near a gate, nearest first; bridges and tunnels pass it by."""
        linework = self._before
        point = shapely.Point(x, y)
        near = linework.tree.query(point, predicate="dwithin", distance=tolerance_m)
        near = near[self._ground[near]]
        lines = linework.tree.geometries[near]
        along = shapely.line_locate_point(lines, point)
        feet = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
        metres = np.hypot(feet[:, 0] - x, feet[:, 1] - y)
        order = np.lexsort((near, metres))
        return [_Side(int(near[i]), float(along[i]), float(metres[i]), *feet[i].tolist()) for i in order]

    def _ends(self, side: _Side) -> dict[int, float]:
        """Return the points on a side's segment, gates' feet among them, with the metres to each."""
        _, a, b, _ = self._before.segments
        length = float(self._before.segment_m[side.segment])
        on_it = [(0.0, int(a[side.segment])), (length, int(b[side.segment]))]
        on_it += [(along, point) for segment, along, point in self._cuts if segment == side.segment]
        return {point: abs(along - side.along) for along, point in on_it}

    def _walk_m(self, here: _Side, there: _Side, limit_m: float) -> float:
        """Return the metres between two sides along the streets, inf above the limit."""
        if here.segment == there.segment:
            return 0.0
        walked = self._paths.within(self._ends(here), limit_m)
        ways = (walked[point] + metres for point, metres in self._ends(there).items() if point in walked)
        metres = min(ways, default=np.inf)
        return metres if metres <= limit_m else np.inf

    def _join(self, here: _Side, there: _Side, x: float, y: float) -> None:
        gate = len(self._before.x) + len(self._new_x)
        self._new_x.append(x)
        self._new_y.append(y)
        feet = []
        for side in (here, there):
            foot = len(self._before.x) + len(self._new_x)
            self._new_x.append(side.x)
            self._new_y.append(side.y)
            for point, metres in self._ends(side).items():
                self._paths.link(foot, point, metres)
            self._paths.link(foot, gate, side.metres)
            self._cuts.append((side.segment, side.along, foot))
            feet.append(foot)
        self._chains.append((feet[0], gate, feet[1]))
