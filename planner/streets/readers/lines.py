"""The planner's own road layer: drawn lines, of any CRS and from any drawing program, become streets that meet.

`read_lines` reads a file, `ways_of_lines` makes a layer into ways: it drops what is no line, closes what may not be walked, lets
lines meet (`joining.noding` has the rules) and says what it met. Columns it understands, in English or Chinese, stand in
`COLUMNS`; one-way does not bind walkers.
"""

import itertools
import warnings
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.crs import WGS84, metric_crs, transformer
from planner.datum import to_wgs84
from planner.errors import CRSError, GeometryError, InputError, NetworkError
from planner.findings import InputReport
from planner.streets.joining.linework import Linework
from planner.streets.joining.noding import (
    SAME_PLACE_M,
    Join,
    cut_at_crossings,
    cut_at_points,
    join_ends,
    near_misses,
    same_points,
)
from planner.streets.joining.ways import Ways, hull_of
from planner.streets.readers.line_tags import tags_of
from planner.streets.readers.surface_tags import surface_of
from planner.streets.readers.walkable import WalkRules, level_of
from planner.tables import check_file, read_vector
from planner.tables.positions import effective_crs
from planner.tables.vectors import REFUSALS, read_sound

TOLERANCE_M = 1.0
"""An end this near to a line, or to another end, is joined to it."""

GAP_M = 5.0
"""A dead end that stops this short of a line is reported."""

_LISTED = 50
_LINES = (1, 2)


def read_lines(path: Path | str, *, report: InputReport, datum: str | None = None) -> gpd.GeoDataFrame:
    """Return a layer of lines (shp, gpkg, GeoJSON, gdb, kml, fgb, dxf) in EPSG:4326 with `source_file` and `source_row`.

    `datum` is for layers in GCJ-02 or BD-09 that every reader takes for WGS 84, and for files without a CRS, as drawings are.

    Raises
    ------
    InputError
        The file cannot be read, or holds no layer with geometry.
    CRSError
        Its coordinates have no system, or are not in it.
    """
    path = Path(path)
    frame = _read_drawing(path, report) if path.suffix.lower() == ".dxf" else read_vector(path, report=report)
    crs, shift = effective_crs(frame.crs, datum, report.file)
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    _check_degrees(shapes, crs)
    if crs != WGS84:
        shapes = shapely.transform(shapes, transformer(crs, WGS84).transform, interleaved=False)
    if shift not in ("WGS-84", "CGCS2000"):
        shapes = shapely.transform(shapes, lambda x, y: to_wgs84(x, y, shift), interleaved=False)
    return gpd.GeoDataFrame(frame.drop(columns=frame.geometry.name), geometry=shapes, crs="EPSG:4326")


def ways_of_lines(
    gdf: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    tolerance_m: float = TOLERANCE_M,
    gap_m: float = GAP_M,
    noded: bool = False,
    rules: WalkRules | None = None,
    report: InputReport | None = None,
) -> Ways:
    """Return the ways of a layer of lines in any CRS.

    Lines of a level meet where they touch or cross; where the layer is `noded` already they meet only at vertices they share.
    Ends within `tolerance_m` of a line or another end are joined to it by a short way; dead ends that stop short of a line by
    more, up to `gap_m`, are only reported. `report` takes the findings, each with its row; the figures are the ways'.

    Raises
    ------
    CRSError
        The layer has no CRS, or its coordinates are not in it.
    GeometryError
        It holds no line.
    NetworkError
        It is empty, or none of its lines may be walked.
    InputError
        `tolerance_m` or `gap_m` is not a distance.
    """
    report = report or InputReport("streets", "lines")
    for name, value in (("tolerance_m", tolerance_m), ("gap_m", gap_m)):
        if not 0 <= value < np.inf:
            raise InputError("streets.bad_distance", name=name, value=value)
    parts = _parts(gdf, report)
    parts = _walked(parts, gdf, rules or WalkRules(), report)
    linework, rows, longitude, latitude = _drawn(parts, gdf, report)
    crossings = 0
    if not noded:
        linework, ways = cut_at_crossings(cut_at_points(linework))
        crossings = len(ways)
    linework, joins = join_ends(linework, tolerance_m)
    gaps = near_misses(linework, tolerance_m, gap_m)
    report.figures |= {
        "crossings": crossings,
        "ends_joined": len(joins),
        "dead_ends": len(linework.dead_ends),
        "gaps": len(gaps),
    }
    if joins:
        longest = round(max(join.metres for join in joins), 2)
        report.add("streets.ends_joined", "repaired", count=len(joins), tolerance_m=tolerance_m, longest_m=longest)
    if len(linework.dead_ends):
        report.add("streets.dead_ends", "note", count=len(linework.dead_ends))
    _report_gaps(linework, rows, gaps, report)
    figures = {"ways_read": report.rows_read, "ways_walked": report.rows_used, "points_missing": 0, **report.figures}
    return linework.to_ways(hull_of(longitude, latitude), figures)


class _Parts(NamedTuple):
    """The single lines of a layer: their shapes, the feature each is of, its row, class, level and surface."""

    shape: NDArray[np.object_]
    feature: NDArray[np.int64]
    row: NDArray[np.int64]
    street_class: NDArray[np.object_]
    level: NDArray[np.int16]
    surface: NDArray[np.uint8]

    def only(self, keep: NDArray[np.bool_]) -> "_Parts":
        return _Parts(
            self.shape[keep],
            self.feature[keep],
            self.row[keep],
            self.street_class[keep],
            self.level[keep],
            self.surface[keep],
        )


def _parts(gdf: gpd.GeoDataFrame | gpd.GeoSeries, report: InputReport) -> _Parts:
    """Return the lines of a layer, without Z; what is no line is reported."""
    if gdf.crs is None:
        raise CRSError("streets.lines_no_crs", file=report.file)
    report.rows_read = len(gdf)
    if len(gdf) == 0:
        raise NetworkError("streets.no_lines", file=report.file)
    rows = gdf["source_row"].to_numpy(np.int64) if "source_row" in gdf else np.arange(1, len(gdf) + 1)
    shapes = shapely.force_2d(gdf.geometry.to_numpy())
    blank = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shape, feature = shapely.get_parts(np.where(blank, None, shapes), return_index=True)
    while (shapely.get_type_id(shape) > 3).any():  # collections hold multiple lines
        shape, inner = shapely.get_parts(shape, return_index=True)
        feature = feature[inner]
    is_line = np.isin(shapely.get_type_id(shape), _LINES)
    if not is_line.any():
        kinds = sorted({shape.geom_type for shape in shapes[~blank]})
        if not kinds:
            raise NetworkError("streets.no_lines", file=report.file)
        raise GeometryError("streets.not_lines", file=report.file, count=len(gdf), kind=", ".join(kinds))
    xy, line = shapely.get_coordinates(shape, return_index=True)
    finite = np.bincount(line[~np.isfinite(xy).all(axis=1)], minlength=len(shape)) == 0
    for at in np.flatnonzero(blank):
        report.add("streets.line_empty", "dropped", int(rows[at]))
    for at in np.unique(feature[~is_line]):
        report.add("streets.not_a_line", "dropped", int(rows[at]), kind=shapes[at].geom_type)
    for at in np.unique(feature[is_line & ~finite]):
        report.add("streets.line_not_finite", "dropped", int(rows[at]))
    keep = is_line & finite
    none = np.full(int(keep.sum()), None, object)
    level, surface = np.zeros(len(none), np.int16), np.zeros(len(none), np.uint8)
    return _Parts(shape[keep], feature[keep], rows[feature[keep]], none, level, surface)


def _walked(parts: _Parts, gdf: gpd.GeoDataFrame | gpd.GeoSeries, rules: WalkRules, report: InputReport) -> _Parts:
    """Return the lines that may be walked, with their classes and levels."""
    tags = tags_of(gdf, report)
    known: dict[tuple[tuple[str, str], ...], tuple[str | None, int, int]] = {}
    for tagged in tags:
        key = tuple(tagged.items())
        if key not in known:
            known[key] = (rules.street_class(tagged), level_of(tagged), surface_of(tagged))
    classes = np.array([known[tuple(tagged.items())][0] for tagged in tags], object)
    levels = np.array([known[tuple(tagged.items())][1] for tagged in tags], np.int16)
    surfaces = np.array([known[tuple(tagged.items())][2] for tagged in tags], np.uint8)
    closed = classes == None  # noqa: E711  elementwise
    if closed[parts.feature].all():
        raise NetworkError("streets.no_streets", file=report.file, ways=len(gdf))
    if closed.any():
        report.add("streets.not_walked", "note", count=int(closed.sum()), of=len(gdf))
    above = report.figures["lines_off_the_ground"] = int((levels[~closed] != 0).sum())
    if 2 * above > int((~closed).sum()):  # a column of road grades, more likely than a town on stilts
        report.add("streets.most_off_the_ground", "doubtful", count=above, of=int((~closed).sum()))
    of = parts.feature
    parts = parts._replace(street_class=classes[of], level=levels[of], surface=surfaces[of])
    return parts.only(~closed[parts.feature])


def _drawn(
    parts: _Parts, gdf: gpd.GeoDataFrame | gpd.GeoSeries, report: InputReport
) -> tuple[Linework, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return lines as a linework in metres, each way's row, and the coordinates; repeated and pointless lines are dropped."""
    crs = CRS.from_user_input(gdf.crs)
    _check_degrees(parts.shape, crs)
    xy, line = shapely.get_coordinates(parts.shape, return_index=True)
    longitude, latitude = transformer(crs, WGS84).transform(xy[:, 0], xy[:, 1])
    if not (np.isfinite(longitude) & np.isfinite(latitude)).all():
        raise CRSError("streets.lines_not_in_crs", file=report.file, crs=crs.name)
    metres = metric_crs(longitude, latitude)
    place = np.stack(transformer(WGS84, metres).transform(longitude, latitude), axis=1)
    starts = np.searchsorted(line, np.arange(len(parts.shape) + 1))
    keep = _distinct(place, starts, parts.row, report)
    report.rows_used = len(np.unique(parts.feature[keep]))
    if not keep.any():
        raise NetworkError("streets.no_segments", file=report.file)
    parts, of_kept = parts.only(keep), keep[line]
    place, longitude, latitude = place[of_kept], longitude[of_kept], latitude[of_kept]
    indptr = np.concatenate(([0], np.cumsum(np.diff(starts)[keep])))
    first, last = indptr[:-1], indptr[1:] - 1
    is_end = np.zeros(len(place), bool)
    ring = np.hypot(*(place[first] - place[last]).T) <= SAME_PLACE_M
    is_end[first[~ring]] = is_end[last[~ring]] = True
    point = same_points(place, np.repeat(parts.level, np.diff(indptr)), is_end)
    _, at, point = np.unique(point, return_index=True, return_inverse=True)
    classes, way_class = np.unique(parts.street_class.astype(str), return_inverse=True)
    linework = Linework(
        crs=metres,
        x=place[at, 0],
        y=place[at, 1],
        ref=-1 - np.arange(len(at)),
        point=point.reshape(-1),
        indptr=indptr,
        way_class=way_class.astype(np.int16),
        way_level=parts.level,
        way_origin=parts.row,
        classes=tuple(classes.tolist()),
        way_surface=parts.surface,
        mark=np.zeros(len(at), np.uint8),
    )
    return linework, parts.row, longitude, latitude


def _distinct(
    place: NDArray[np.float64], starts: NDArray[np.int64], rows: NDArray[np.int64], report: InputReport
) -> NDArray[np.bool_]:
    """Return which lines have a length and are drawn for the first time, in either direction."""
    keep = np.ones(len(rows), bool)
    rounded = np.round(place / SAME_PLACE_M).astype(np.int64)
    seen: dict[bytes, int] = {}
    for at, (start, end) in enumerate(itertools.pairwise(starts.tolist())):
        low, high = place[start:end].min(axis=0), place[start:end].max(axis=0)
        if np.hypot(*(high - low)) <= SAME_PLACE_M:
            report.add("streets.line_without_length", "dropped", int(rows[at]))
            keep[at] = False
            continue
        drawn = rounded[start:end]
        key = min(drawn.tobytes(), drawn[::-1].tobytes())
        if key in seen:
            report.add("streets.line_repeated", "dropped", int(rows[at]), other=seen[key])
            keep[at] = False
        else:
            seen[key] = int(rows[at])
    return keep


def _report_gaps(linework: Linework, rows: NDArray[np.int64], gaps: list[Join], report: InputReport) -> None:
    lon, lat = linework.degrees(linework.x[[gap.point for gap in gaps]], linework.y[[gap.point for gap in gaps]])
    for gap, x, y in list(zip(gaps, lon, lat, strict=True))[:_LISTED]:
        report.add(
            "streets.gap",
            "doubtful",
            int(linework.way_origin[gap.way]),
            other=int(linework.way_origin[gap.other_way]),
            metres=round(gap.metres, 2),
            longitude=round(float(x), 6),
            latitude=round(float(y), 6),
        )
    if len(gaps) > _LISTED:
        report.add("streets.more_gaps", "doubtful", count=len(gaps) - _LISTED)


def _check_degrees(shapes: NDArray[np.object_], crs: CRS) -> None:
    """Refuse coordinates in metres that are said to be degrees; errors as `metric_crs`."""
    if crs.is_geographic and len(xy := shapely.get_coordinates(shapes)):
        xy = xy[np.isfinite(xy).all(axis=1)]
        if len(xy):
            metric_crs(xy[:, 0], xy[:, 1])


def _read_drawing(path: Path, report: InputReport) -> gpd.GeoDataFrame:
    """Return the lines of a DXF drawing: no CRS, no columns but the CAD layer; texts, points and hatches are left out."""
    check_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # blocks and styles that GDAL does not draw
        try:
            frame = read_sound(path, report=report)
        except REFUSALS as fault:
            raise InputError("tables.unreadable", file=path.name, fault=str(fault)) from fault
    report.rows_read = len(frame)
    shapes = frame.geometry.to_numpy()
    is_line = np.isin(shapely.get_type_id(shapes), (1, 2, 5))
    if not is_line.all():
        report.add("streets.drawing_other_things", "note", count=int((~is_line).sum()))
    frame = gpd.GeoDataFrame({"cad_layer": frame["Layer"]}, geometry=shapes, crs=None)
    frame = frame.assign(source_file=path.name, source_row=range(1, len(frame) + 1))
    return frame[is_line].reset_index(drop=True)
