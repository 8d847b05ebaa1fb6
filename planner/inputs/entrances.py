"""Facilities of several rows or of an area: rows that are entrances of another are folded into it, polygons keep their outline.

A table says so in a column ``entrance_of`` (`COLUMNS`): the id or the name of the facility that the row is an entrance of, or a
word that several rows share. A vector file may give a MultiPoint (its entrances) or a polygon (reached at its edge,
`planner.streets.entrances`).
"""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.crs import WGS84, transformer
from planner.datum import to_wgs84
from planner.findings import InputReport
from planner.tables import VECTOR_SUFFIXES, as_texts, read_vector
from planner.tables.headers import fold
from planner.tables.positions import effective_crs

COLUMNS = ("entrance_of", "gate_of", "入口所属", "出入口所属", "入口所属设施", "出入口所属设施", "大门所属")
"""The headers of the column that says whose entrance a row is."""

_SHAPES = (3, 4, 6)
_NOBODY = frozenset({"-", "—", "–", "--", "——", "/", "\\", "0", "无", "否", "不是", "no", "none"})
_HERE_DEG = 1e-6


def fold_entrances(
    facilities: gpd.GeoDataFrame, original: dict[str, pd.DataFrame], reports: Sequence[InputReport]
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Return facilities without the rows that are entrances of another, and the places (WGS 84) at which each is entered.

    `original` goes by role, `reports` by ``report_no``; every row folded away is noted in its table's report.
    """
    owner = np.arange(len(facilities))
    for role, own in original.items():
        header = next((name for name in own.columns if fold(str(name)) in map(fold, COLUMNS)), None)
        if header is None:
            continue
        rows = np.flatnonzero((facilities["role"] == role).to_numpy())
        said = [None if text is None or text.casefold() in _NOBODY else text for text in as_texts(own[header])]
        values = [said[at] for at in facilities["own_row"].to_numpy()[rows]]
        home: dict[str, int] = {}
        for column in ("name", "id"):  # an id counts before a name
            texts = facilities[column].to_numpy(object)[rows]
            home |= {
                text: row
                for text, row, value in zip(texts, rows.tolist(), values, strict=True)
                if text and value is None
            }
        for row, value in zip(rows.tolist(), values, strict=True):
            if value is not None:
                owner[row] = home.setdefault(value, row)
        _tell(facilities, rows[owner[rows] != rows], owner, reports)
    points = facilities.geometry.to_numpy()
    kept = np.flatnonzero(owner == np.arange(len(facilities)))
    several = np.bincount(owner, minlength=len(owner)) > 1
    shapes = points.copy()
    for row in np.flatnonzero(several).tolist():
        own_points = [point for point in points[owner == row] if point is not None and not point.is_empty]
        shapes[row] = shapely.MultiPoint(own_points)
    return facilities.iloc[kept].reset_index(drop=True), shapes[kept]


def with_outlines(
    facilities: gpd.GeoDataFrame, shapes: NDArray[np.object_], path: Path, *, role: str, datum: str | None
) -> NDArray[np.object_]:
    """Return the places at which facilities are entered, those of one vector file at their own outlines or several points."""
    if path.suffix.lower() not in VECTOR_SUFFIXES:
        return shapes
    frame = read_vector(path, report=InputReport(role, path.name))
    crs, shift = effective_crs(frame.crs, datum, path.name)
    own = shapely.force_2d(frame.geometry.to_numpy())
    wanted = np.isin(shapely.get_type_id(own), _SHAPES) & ~shapely.is_empty(own)
    if not wanted.any():
        return shapes
    if crs != WGS84:
        own = shapely.transform(own, transformer(crs, WGS84).transform, interleaved=False)
    if shift not in ("WGS-84", "CGCS2000"):
        own = shapely.transform(own, lambda x, y: to_wgs84(x, y, shift), interleaved=False)
    outline = dict(zip(frame["source_row"].to_numpy()[wanted].tolist(), own[wanted], strict=True))
    shapes = shapes.copy()
    mine = (facilities["role"] == role) & (facilities["source_file"] == path.name)
    for at in np.flatnonzero(mine.to_numpy()).tolist():
        shape = outline.get(int(facilities["source_row"].iloc[at]))
        is_here = shapely.get_type_id(shapes[at]) == 0 and shapely.dwithin(shape, shapes[at], _HERE_DEG)
        if is_here:  # and not somewhere else, where the row's easting names another zone than the file
            shapes[at] = shape
    return shapes


def _tell(
    facilities: gpd.GeoDataFrame, folded: NDArray[np.int64], owner: NDArray[np.int64], reports: Sequence[InputReport]
) -> None:
    for row in folded.tolist():
        home, report = facilities.iloc[int(owner[row])], reports[int(facilities["report_no"].iloc[row])]
        report.add(
            "study.entrance", "note", int(facilities["source_row"].iloc[row]),
            name=facilities["name"].iloc[row], of=home["name"] or home["id"], id=home["id"],
        )  # fmt: skip
        report.figures["entrances"] = report.figures.get("entrances", 0) + 1
