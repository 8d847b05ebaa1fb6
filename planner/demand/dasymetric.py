"""Where the people of a polygon or of a grid cell stand: at its dwellings, else along its streets, else as before.

Each owner (polygon or cell) takes the first of these that it has any of; dwellings that cannot be all of its own, for so many
people, are passed over unless they are asked for by name. What is merged, and how, is in `merge`: so the number of demand points
stays bounded by the length of the streets, and no access leg is shortened by it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area
from planner.crs import transformer
from planner.demand.dwellings import Spots, read_dwellings
from planner.demand.model import Floats, Place, PopulationSource
from planner.errors import InputError
from planner.findings import InputReport
from planner.streets import StreetNetwork
from planner.streets.snapping import snap_xy

Ints = NDArray[np.int64]

RESIDENTIAL = frozenset(
    [
        "residential",
        "living_street",
        "service",
        "unclassified",
        "road",
        "footway",
        "path",
        "pedestrian",
        "steps",
        "cycleway",
        "track",
    ]
)
"""Classes of street that people live along; where there are such, nobody stands on a wider road beside them."""

WIDER = frozenset(["tertiary", "secondary", "primary", "tertiary_link", "secondary_link", "primary_link"])
"""Classes that people stand along where a polygon or cell has no other: not trunk roads, platforms and the like."""

STEP_M = 25.0  # a stretch is cut into pieces about this long, each with a place in its middle
TOGETHER = 3  # so many pieces in a row, where they lie in one polygon, make one point; in a cell the whole stretch does
MERGE_M = 50.0
LEAST_FLOOR_M2 = 5.0  # a person: where the dwellings mapped have less, most are not mapped
POINT_M2 = 2500.0  # a cell has at most one point for so much of it, and four in any case
FEWEST = 4

NEITHER, BUILDINGS, STREETS, ROADS = range(4)
_WORDS = {BUILDINGS: "buildings", STREETS: "streets", ROADS: "wider_roads"}
_CLASSES = {STREETS: RESIDENTIAL, ROADS: WIDER}


@dataclass(frozen=True)
class Pieces:
    """Who stands where: the owner of each piece, its place in metres of the area and its weight; `how` has one entry an owner."""

    owner: Ints
    x: Floats
    y: Floats
    weight: Floats
    how: NDArray[np.int8]


class Settlement:
    """The dwellings and streets of an area, read when first asked for.

    `network` None: people stand at buildings or where they stand without either. `report_for` opens the account of a file.
    """

    def __init__(
        self,
        area: Area,
        network: StreetNetwork | None,
        *,
        max_snap_m: float,
        report_for: Callable[[str, Path], InputReport],
    ) -> None:
        self.area = area
        self.network = network
        self._max_snap_m = max_snap_m
        self._report_for = report_for
        self._dwellings: dict[tuple[Path, str | None], Spots] = {}
        self._streets: dict[int, tuple[Spots, Ints, Ints]] = {}

    def dwellings(self, source: PopulationSource) -> Spots:
        """Return the dwellings that a source names; errors as `read_dwellings`."""
        assert source.buildings is not None
        key = source.buildings, source.section.buildings_datum
        if key not in self._dwellings:
            report = self._report_for("buildings", source.buildings)
            self._dwellings[key] = read_dwellings(key[0], area=self.area, datum=key[1], report=report)
        return self._dwellings[key]

    def streets(self, method: int) -> tuple[Spots, Ints, Ints]:
        """Return places along streets, in order, weighted with their metres of street; their edges and numbers along them."""
        if method not in self._streets:
            assert self.network is not None
            edge, number, x, y, length_m = points_along(self.network, _CLASSES[method])
            if self.network.crs != self.area.crs:
                x, y = transformer(self.network.crs, self.area.crs).transform(x, y)
            self._streets[method] = Spots(x, y, length_m), edge, number
        return self._streets[method]

    def methods(self, source: PopulationSource, default: Place) -> tuple[int, ...]:
        """Return in which order a source's people look for a place, before they stand as they would without.

        Raises
        ------
        InputError
            The source asks for buildings or streets that there are none of.
        """
        place = source.section.place or ("auto" if source.buildings is not None else default)
        if place in ("area", "centre"):
            return ()
        if place == "buildings" and source.buildings is None:
            raise InputError("demand.no_buildings_given", file=source.path.name)
        if place == "streets" and self.network is None:
            raise InputError("demand.no_streets_given", file=source.path.name)
        first = (BUILDINGS,) if place != "streets" and source.buildings is not None else ()
        return first + ((STREETS, ROADS) if self.network is not None else ())

    def snapped(self, x: Floats, y: Floats) -> tuple[Ints, Ints, Floats]:
        """Return edge (-1 where none is near), number of the `MERGE_M` piece of it, and metres to it, for points of the area."""
        assert self.network is not None
        if self.network.crs != self.area.crs:
            x, y = transformer(self.area.crs, self.network.crs).transform(x, y)
        found = snap_xy(self.network, x, y, max_snap_m=self._max_snap_m)
        along = found.at * self.network.edge_length_m[found.edge]
        return found.edge, np.where(found.found, along // MERGE_M, 0).astype(np.int64), found.distance_m


def points_along(network: StreetNetwork, classes: frozenset[str]) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Return edge, number along it, x, y (metres of the network) and length of the pieces of some streets, by their middles."""
    lived_on = np.array([name in classes for name in network.classes], bool)[network.edge_class]
    edges = np.flatnonzero(lived_on & (network.edge_length_m > 0))
    length = network.edge_length_m[edges]
    count = np.maximum(1, np.round(length / STEP_M)).astype(np.int64)
    which = np.repeat(np.arange(len(edges)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    along = (number + 0.5) / count[which] * length[which]
    # all edges laid end to end, with a gap between them, so that one interpolation serves all
    start = np.concatenate(([0.0], np.cumsum(network.edge_length_m + 1.0)))[:-1]
    vertices = network.vertex_m + np.repeat(start, np.diff(network.vertex_indptr))
    at = start[edges][which] + along
    x, y = (np.interp(at, vertices, values) for values in (network.vertex_x, network.vertex_y))
    return edges[which], number, x, y, (length / count)[which]


def stand_in_shapes(
    shapes: NDArray[np.object_],
    people: Floats,
    methods: tuple[int, ...],
    source: PopulationSource,
    settlement: Settlement,
) -> Pieces:
    """Return the pieces of polygons (metres of the area) with so many people, none for one without dwellings and streets."""
    filled = ~shapely.is_empty(shapes)

    def owners(spots: Spots, which: Ints) -> tuple[Ints, Ints]:
        owner, spot = shapely.STRtree(shapely.points(spots.x, spots.y)).query(shapes[which], predicate="intersects")
        return which[owner], spot

    return _first_found(filled, people, methods, source, settlement, owners, together=TOGETHER)


def stand_in_cells(
    people: Floats,
    cell_of: Callable[[Floats, Floats], Ints],
    methods: tuple[int, ...],
    source: PopulationSource,
    settlement: Settlement,
    *,
    cell_m2: float,
) -> Pieces:
    """Return the pieces of grid cells with so many people; `cell_of` tells in which of them places lie, -1 in none."""
    cells = len(people)

    def owners(spots: Spots, which: Ints) -> tuple[Ints, Ints]:
        cell = cell_of(spots.x, spots.y)
        wanted = np.zeros(cells + 1, bool)
        wanted[which] = True
        spot = np.flatnonzero(wanted[cell])  # -1 is the last entry, which is False
        return cell[spot], spot

    pieces = _first_found(np.ones(cells, bool), people, methods, source, settlement, owners, together=None)
    most = max(FEWEST, round(cell_m2 / POINT_M2))
    order = np.lexsort((np.arange(len(pieces.owner)), -pieces.weight, pieces.owner))
    owner = pieces.owner[order]
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    rank = np.arange(len(owner)) - np.repeat(first, np.diff(np.append(first, len(owner))))
    kept = np.sort(order[rank < most])
    return Pieces(pieces.owner[kept], pieces.x[kept], pieces.y[kept], pieces.weight[kept], pieces.how)


def _first_found(
    open_to: NDArray[np.bool_],
    people: Floats,
    methods: tuple[int, ...],
    source: PopulationSource,
    settlement: Settlement,
    owners: Callable[[Spots, Ints], tuple[Ints, Ints]],
    *,
    together: int | None,
) -> Pieces:
    """Return the pieces of all owners, each by the first method that finds it any."""
    how = np.zeros(len(open_to), np.int8)
    parts: list[tuple[NDArray[Any], ...]] = []
    for method in methods:
        left = np.flatnonzero(open_to & (how == NEITHER))
        if not len(left):
            break
        spots = settlement.dwellings(source) if method == BUILDINGS else settlement.streets(method)[0]
        whose, spot = owners(spots, left)
        if method == BUILDINGS and source.section.place != "buildings":
            floor_m2 = np.bincount(whose, spots.weight[spot], minlength=len(people))
            enough = (floor_m2 >= LEAST_FLOOR_M2 * people)[whose]
            whose, spot = whose[enough], spot[enough]
        how[whose] = method
        order = np.lexsort((spot, whose))
        whose, spot = whose[order], spot[order]
        x, y, weight = spots.x[spot], spots.y[spot], spots.weight[spot]
        if method != BUILDINGS:
            _, edge, number = settlement.streets(method)
            piece = np.zeros(len(spot), np.int64) if together is None else number[spot] // together
            parts.append(merge(whose, edge[spot], piece, spot.astype(np.float64), x, y, weight))
        elif settlement.network is not None:
            near, piece, leg_m = settlement.snapped(x, y)
            alone = near < 0
            near[alone] = -1 - np.arange(alone.sum())  # what no street is near to stays by itself
            parts.append(merge(whose, near, piece, leg_m, x, y, weight))
        else:
            parts.append((whose, x, y, weight))
    columns: list[NDArray[Any]] = (
        [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.empty(0)] * 4
    )
    order = np.argsort(columns[0], kind="stable")
    owner, x, y, weight = (column[order] for column in columns)
    return Pieces(owner.astype(np.int64), x, y, weight, how)


def merge(
    owner: Ints, edge: Ints, piece: Ints, middle_by: Floats, x: Floats, y: Floats, weight: Floats
) -> tuple[Ints, Floats, Floats, Floats]:
    """Return owner, x, y and weight with the places of an owner on one piece of a street made one.

    It stands where that of them stands whose `middle_by` is nearest to their mean: of dwellings the metres to the street, so that
    access legs keep their length on the whole; of places along a street their number, so that it is the middle one.
    """
    if not len(owner):
        return owner, x, y, weight
    _, group = np.unique(np.column_stack((owner, edge, piece)), axis=0, return_inverse=True)
    group = group.ravel()
    whole = np.bincount(group, weight).astype(np.float64)
    known = np.where(np.isfinite(middle_by), middle_by, 0.0)
    mean = np.bincount(group, weight * known) / whole
    order = np.lexsort((np.arange(len(group)), np.round(np.abs(known - mean[group]), 6), group))
    chosen = order[np.flatnonzero(np.diff(group[order], prepend=-1))]
    return owner[chosen], x[chosen], y[chosen], whole


def report_standing(
    source: PopulationSource, people: Floats, how: NDArray[np.int8], *, preferred: tuple[int, ...], of: str
) -> None:
    """State how many people of a source stand where, and how many polygons or cells had to do without what was asked for."""
    if not preferred:
        return
    lived_in = people > 0
    for method, word in (*_WORDS.items(), (NEITHER, "surface" if of == "polygons" else "centres")):
        mine = lived_in & (how == method)
        source.report.figures |= {f"people_at_{word}": math.fsum(people[mine]), f"{of}_at_{word}": int(mine.sum())}
    for methods, code in (((STREETS, ROADS), "along_streets"), ((NEITHER,), "nowhere_better")):
        mine = lived_in & np.isin(how, methods)
        if preferred[0] not in methods and mine.any():
            count, left = int(mine.sum()), round(float(people[mine].sum()), 1)
            source.report.add(f"demand.{of}_{code}", "note", count=count, of=int(lived_in.sum()), people=left)
