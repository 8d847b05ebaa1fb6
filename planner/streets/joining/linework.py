"""Streets as chains of points in metres: what `noding`, `lines`, `combine` and `gates` cut, join and walk on.

A `Linework` stands between the ways as read (`Ways`, in degrees) and the ways as built. It is never changed: cutting and joining
return a new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph
from shapely import MultiPolygon, Polygon

from planner.crs import WGS84, metric_crs, transformer
from planner.streets.joining.ways import Ways

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Segments(NamedTuple):
    """Segments between neighbours of a chain: `at` is the place of their first point in it, `a` and `b` are points."""

    at: Ints
    a: Ints
    b: Ints
    way: Ints


@dataclass(frozen=True)
class Linework:
    """Ways over shared points: way ``w`` runs over ``point[indptr[w]:indptr[w + 1]]``; points have `x`, `y` in metres of `crs`.

    `ref` names the points, `mark` marks them (`planner.streets.surface`). `way_class` indexes `classes`, `way_level` is 0 on the
    ground, above it on bridges, below it in tunnels, `way_surface` has the bits of the ways, and `way_origin` is what they are
    told apart by: the row of a layer, or the number of a source.
    """

    crs: CRS
    x: Floats
    y: Floats
    ref: Ints
    point: Ints
    indptr: Ints
    way_class: NDArray[np.int16]
    way_level: NDArray[np.int16]
    way_origin: Ints
    classes: tuple[str, ...]
    way_surface: NDArray[np.uint8]
    mark: NDArray[np.uint8]

    @cached_property
    def segments(self) -> Segments:
        """All segments that have two ends, in the order of the chains."""
        way = self.way_of_place
        at = np.flatnonzero((way[1:] == way[:-1]) & (self.point[1:] != self.point[:-1]))
        return Segments(at, self.point[at], self.point[at + 1], way[at])

    @cached_property
    def way_of_place(self) -> Ints:
        """The way of every entry of `point`."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The segments as lines, to be searched."""
        _, a, b, _ = self.segments
        ends = np.stack((self.x[a], self.y[a], self.x[b], self.y[b]), axis=1)
        return shapely.STRtree(shapely.linestrings(ends.reshape(-1, 2, 2)))

    @cached_property
    def segment_m(self) -> Floats:
        """Length of each segment."""
        _, a, b, _ = self.segments
        return np.hypot(self.x[a] - self.x[b], self.y[a] - self.y[b])

    @cached_property
    def way_ends(self) -> tuple[Ints, Ints]:
        """``(point, way)`` of both ends of every way with a segment; the ends of rings are none."""
        way = np.unique(self.segments.way)
        first, last = self.point[self.indptr[way]], self.point[self.indptr[way + 1] - 1]
        open_ended = first != last
        return np.concatenate((first[open_ended], last[open_ended])), np.tile(way[open_ended], 2)

    @cached_property
    def part(self) -> NDArray[np.int32]:
        """Number of the connected part of every point."""
        n = len(self.x)
        _, a, b, _ = self.segments
        return csgraph.connected_components(sparse.coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)[
            1
        ]

    @property
    def dead_ends(self) -> Ints:
        """The points that one segment alone leads to."""
        _, a, b, _ = self.segments
        pairs = np.unique(np.stack((np.minimum(a, b), np.maximum(a, b)), axis=1), axis=0)
        return np.flatnonzero(np.bincount(pairs.ravel(), minlength=len(self.x)) == 1)

    def with_points(self, x: Floats, y: Floats) -> tuple["Linework", Ints]:
        """Return the linework with new points, named by fresh negative numbers, and their numbers."""
        number = len(self.x) + np.arange(len(x))
        lowest = min(0, int(self.ref.min(initial=0)))
        ref = np.concatenate((self.ref, lowest - 1 - np.arange(len(x))))
        place = np.concatenate((self.x, x)), np.concatenate((self.y, y))
        mark = np.append(self.mark, np.zeros(len(x), np.uint8))
        return replace(self, x=place[0], y=place[1], ref=ref, mark=mark), number

    def inserted(self, segment: Ints, along: Floats, point: Ints) -> "Linework":
        """Return the linework with points put into segments, each `along` it (any measure that grows towards its end)."""
        if len(segment) == 0:
            return self
        order = np.lexsort((point, along, segment))
        place = self.segments.at[segment[order]]
        more = np.bincount(self.way_of_place[place], minlength=len(self.way_class))
        return replace(
            self,
            point=np.insert(self.point, place + 1, point[order]),
            indptr=self.indptr + np.concatenate(([0], np.cumsum(more))),
        )

    def with_ways(self, chains: Sequence[Sequence[int]], like: Sequence[int]) -> "Linework":
        """Return the linework with further ways; each has the class, level and origin of the way that `like` names."""
        if not chains:
            return self
        model = np.asarray(like, np.int64)
        ends = self.indptr[-1] + np.cumsum([len(chain) for chain in chains])
        return replace(
            self,
            point=np.concatenate((self.point, *(np.asarray(chain, np.int64) for chain in chains))),
            indptr=np.concatenate((self.indptr, ends)),
            way_class=np.concatenate((self.way_class, self.way_class[model])),
            way_level=np.concatenate((self.way_level, self.way_level[model])),
            way_origin=np.concatenate((self.way_origin, self.way_origin[model])),
            way_surface=np.concatenate((self.way_surface, self.way_surface[model])),
        )

    def without(self, segment: Mask) -> "Linework":
        """Return the linework without some segments; a way cut in two becomes two."""
        at, _, _, way = self.segments
        keep = ~segment
        at, way = at[keep], way[keep]
        first = np.ones(len(at), bool)
        first[1:] = (at[1:] != at[:-1] + 1) | (way[1:] != way[:-1])
        chain = np.cumsum(first) - 1
        place = np.concatenate((at, at[np.append(first[1:], True)] + 1)) if len(at) else at
        chain_of_place = np.concatenate((chain, np.arange(first.sum()))) if len(at) else at
        order = np.lexsort((place, chain_of_place))
        old = way[first]
        return replace(
            self,
            point=self.point[place[order]],
            indptr=np.concatenate(([0], np.cumsum(np.bincount(chain_of_place, minlength=len(old))))),
            way_class=self.way_class[old],
            way_level=self.way_level[old],
            way_origin=self.way_origin[old],
            way_surface=self.way_surface[old],
        )

    def degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return longitude and latitude of places in metres."""
        return transformer(self.crs, WGS84).transform(x, y)

    def to_ways(self, extent: Polygon | MultiPolygon, figures: dict[str, Any]) -> Ways:
        """Return the linework as ways in degrees."""
        lon, lat = self.degrees(self.x, self.y)
        return Ways(
            point_ref=self.ref[self.point],
            longitude=np.asarray(lon)[self.point],
            latitude=np.asarray(lat)[self.point],
            indptr=self.indptr,
            way_class=self.way_class,
            classes=self.classes,
            extent=extent,
            figures=figures,
            way_level=self.way_level,
            way_surface=self.way_surface,
            point_mark=self.mark[self.point],
        )


def linework_of(sources: Sequence[Ways]) -> Linework:
    """Return several sources as one linework, `way_origin` their number; a node of one name in one place is one point."""
    longitude, latitude = (
        np.concatenate([getattr(ways, name) for ways in sources]) for name in ("longitude", "latitude")
    )
    present = np.isfinite(longitude)
    crs = metric_crs(longitude[present], latitude[present])
    point, ref, first = _shared_points(sources, longitude, latitude)
    x, y = transformer(WGS84, crs).transform(longitude[first], latitude[first])
    classes = tuple(dict.fromkeys(name for ways in sources for name in ways.classes))
    renamed = [np.array([classes.index(name) for name in ways.classes], np.int16)[ways.way_class] for ways in sources]
    counts = np.concatenate([np.diff(ways.indptr) for ways in sources])
    linework = Linework(
        crs=crs,
        x=np.asarray(x),
        y=np.asarray(y),
        ref=ref,
        point=point,
        indptr=np.concatenate(([0], np.cumsum(counts))),
        way_class=np.concatenate(renamed),
        way_level=np.concatenate([ways.way_level for ways in sources]),
        way_origin=np.repeat(np.arange(len(sources)), [len(ways.way_class) for ways in sources]),
        classes=classes,
        way_surface=np.concatenate([ways.surfaces for ways in sources]),
        mark=np.concatenate([ways.marks for ways in sources])[first],
    )
    _, a, b, _ = linework.segments
    broken = ~(np.isfinite(linework.x[a]) & np.isfinite(linework.x[b]))
    return linework.without(broken)


def _shared_points(sources: Sequence[Ways], longitude: Floats, latitude: Floats) -> tuple[Ints, Ints, Ints]:
    """Return each entry's point, and each point's name and first entry.

    The same name in two sources is the same point where both have it in the same place (two extracts of OpenStreetMap); else the
    later one gets a name of its own.
    """
    source = np.repeat(np.arange(len(sources)), [len(ways.point_ref) for ways in sources])
    name = np.concatenate([ways.point_ref for ways in sources])
    keys = (
        np.where(name < 0, source, 0),
        name,
        np.round(longitude, 6),
        np.round(latitude, 6),
    )  # below 0: the source's own
    order = np.lexsort((np.arange(len(name)), *keys))
    fresh = np.zeros(len(name), bool)
    for key in keys:
        sorted_key = np.nan_to_num(key[order].astype(float), nan=999.0)
        fresh[1:] |= sorted_key[1:] != sorted_key[:-1]
    fresh[:1] = True
    point = np.empty(len(name), np.int64)
    point[order] = np.cumsum(fresh) - 1
    first = order[fresh]
    ref = name[first]
    again = np.ones(len(ref), bool)
    again[np.unique(ref, return_index=True)[1]] = False
    ref[again] = min(0, int(ref.min(initial=0))) - 1 - np.arange(again.sum())
    return point, ref, first
