"""How the zones of one level fit each other and the study area: overlaps, gaps, and the slivers that careless drawing leaves."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from planner.errors import InputError
from planner.findings import InputReport

SLIVER_KM2 = 0.01
"""Overlaps and gaps below a hectare are drawing noise: reported together, not one by one."""

_WIDTH_M = 0.5  # what is narrower may come of edges of some kilometres that are straight in degrees in one layer alone
_LISTED = 10


def report_fit(
    names: NDArray[Any], shapes: NDArray[np.object_], area: Polygon | MultiPolygon, area_km2: float, report: InputReport
) -> None:
    """Report zones that do not touch the area, zones that overlap, and what of the area lies in none; all in metres.

    Raises
    ------
    InputError
        No zone touches the area.
    """
    shapely.prepare(area)
    touching = shapely.intersects(area, shapes)
    if not touching.any():
        km = round(float(shapely.distance(area, shapes).min()) / 1000, 1)
        raise InputError("boundaries.zones_elsewhere", file=report.file, distance_km=km)
    if not touching.all():
        report.add("boundaries.zones_outside", "note", count=int((~touching).sum()), of=len(shapes))
    overlaps = _report_overlaps(names, shapes, report)
    gap = shapely.difference(area, shapely.union_all(shapes[touching]))
    parts = shapely.get_parts(gap)
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")]
    gaps = shapely.area(parts) / 1e6
    large = gaps[gaps > SLIVER_KM2]
    report.figures |= {
        "overlap_km2": round(float(shapely.area(overlaps).sum()) / 1e6, 4),
        "area_without_zone_km2": round(float(gaps.sum()), 4),
    }
    if len(large):
        share = round(100 * float(large.sum()) / area_km2, 2)
        report.add("boundaries.gap", "doubtful", km2=round(float(large.sum()), 3), parts=len(large), percent=share)
    _report_slivers(shapely.get_parts(overlaps), parts, report)


def _report_overlaps(names: NDArray[Any], shapes: NDArray[np.object_], report: InputReport) -> NDArray[np.object_]:
    """Report the largest overlaps of two zones; return all of them."""
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    overlaps = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    sizes = shapely.area(overlaps) / 1e6
    order = [at for at in np.argsort(-sizes, kind="stable") if sizes[at] > SLIVER_KM2]
    for at in order[:_LISTED]:
        first, second = (names[number] for number in pairs[at])
        report.add("boundaries.overlap", "doubtful", first=first, second=second, km2=round(float(sizes[at]), 3))
    if len(order) > _LISTED:
        rest = round(float(sizes[order[_LISTED:]].sum()), 3)
        report.add("boundaries.more_overlaps", "doubtful", count=len(order) - _LISTED, km2=rest)
    return overlaps


def _report_slivers(overlaps: NDArray[np.object_], gaps: NDArray[np.object_], report: InputReport) -> None:
    thin = [_sliver_m2(parts) for parts in (overlaps, gaps)]
    report.figures["slivers"] = len(thin[0]) + len(thin[1])
    if report.figures["slivers"]:
        m2 = round(float(thin[0].sum() + thin[1].sum()))
        report.add("boundaries.slivers", "note", overlaps=len(thin[0]), gaps=len(thin[1]), m2=m2)


def _sliver_m2(parts: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the size of those parts that are slivers: small, but wider than what arithmetic leaves."""
    size, length = shapely.area(parts), shapely.length(parts)
    wide = 2 * size > _WIDTH_M * length
    return size[wide & (size <= SLIVER_KM2 * 1e6)]
