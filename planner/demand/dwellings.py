"""Buildings that people live in, from an OpenStreetMap file or a layer of one's own: where they stand, and how much floor.

Floor area is footprint times levels. Which of OpenStreetMap's buildings count stands in `planner.demand.osm_buildings`; of a
layer of one's own all polygons do, or, where a column of uses names some as dwellings, those and the ones it is silent on.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area, polygons_wgs84
from planner.crs import WGS84, transformer
from planner.demand.osm_buildings import (
    DWELLINGS,
    LEAST_M2,
    MOST_LEVELS,
    OTHER_LEVELS,
    Buildings,
    levels_of,
    read_osm_buildings,
)
from planner.errors import InputError
from planner.findings import InputReport
from planner.streets.readers.osm_file import is_osm_file
from planner.tables import as_numbers, as_texts, check_file, find_columns, read_vector
from planner.tables.headers import fold
from planner.tables.rows import own_columns

Floats = NDArray[np.float64]

_USE_HEADERS = frozenset(
    map(
        fold,
        [
            "building",
            "type",
            "fclass",
            "用途",
            "房屋用途",
            "建筑用途",
            "建筑类型",
            "房屋类型",
            "使用性质",
            "建筑性质",
            "use",
        ],
    )
)
_HOME_WORDS = re.compile(
    r"住宅|居住|民房|民居|住房|宿舍|公寓|别墅|自建房|商住|residential|dwelling|apartment|house|home"
)
_NO_HOME_WORDS = re.compile(r"非住宅|非居住|warehouse|greenhouse|storehouse")


@dataclass(frozen=True)
class Spots:
    """Places where people may stand: `x`, `y` in the area's metres, and a weight above 0 that they are shared out by."""

    x: Floats
    y: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.x)


def read_dwellings(path: Path, *, area: Area, datum: str | None, report: InputReport) -> Spots:
    """Return the dwellings in and around an area, each at a point in it, weighted with its floor area in square metres.

    Raises
    ------
    InputError
        The file cannot be read, or holds no dwelling in the area.
    GeometryError, CRSError
        As `planner.boundaries.polygons_wgs84`.
    """
    check_file(path)
    found = read_osm_buildings(path, area, report) if is_osm_file(path) else _read_layer(path, datum, report)
    shapes = shapely.transform(found.shapes, transformer(WGS84, area.crs).transform, interleaved=False)
    west, south, east, north = area.geometry_m.bounds
    inner = shapely.point_on_surface(shapes)
    x, y, m2 = shapely.get_x(inner), shapely.get_y(inner), shapely.area(shapes)
    kept = (x >= west) & (x <= east) & (y >= south) & (y <= north) & (m2 > 0)
    kept &= (m2 >= LEAST_M2) | ~found.unsaid
    levels = np.where(np.isnan(found.levels), found.default_levels, found.levels)
    report.rows_used = int(kept.sum())
    report.figures |= {
        "dwellings": int(kept.sum()),
        "dwellings_without_levels": int((kept & np.isnan(found.levels)).sum()),
        "floor_area_m2": round(float((m2 * levels)[kept].sum())),
    }
    if not kept.any():
        raise InputError("demand.no_dwellings", file=path.name, read=report.rows_read)
    without = int((kept & np.isnan(found.levels)).sum())
    if without:
        report.add("demand.levels_assumed", "note", count=without, of=int(kept.sum()), levels=OTHER_LEVELS)
    return Spots(x[kept], y[kept], (m2 * levels)[kept])


def _read_layer(path: Path, datum: str | None, report: InputReport) -> Buildings:
    frame = polygons_wgs84(read_vector(path, report=report), datum=datum, report=report)
    own = own_columns(frame)
    kept = ~frame.geometry.is_empty.to_numpy() & _used_as_homes(frame, own, report)
    header = find_columns(own, ("floors",)).get("floors") or next(
        (n for n in own if fold(n) == fold("building:levels")), None
    )
    levels = np.full(len(frame), np.nan)
    if header is not None:
        report.figures.setdefault("columns", {})["levels"] = header
        plain = as_numbers(frame[header]).values
        texts = as_texts(frame[header])
        levels = np.array([levels_of(t) if np.isnan(n) else n for n, t in zip(plain, texts, strict=True)], float)
        levels = np.where(levels > 0, np.minimum(levels, MOST_LEVELS), np.nan)
    shapes = frame.geometry.to_numpy()[kept]
    none = np.zeros(len(shapes), bool)
    return Buildings(shapes, levels[kept], np.full(len(shapes), OTHER_LEVELS), none)


def _used_as_homes(frame: pd.DataFrame, own: list[str], report: InputReport) -> NDArray[np.bool_]:
    """Return which rows are dwellings by a column of uses; all of them where no column names any dwelling."""
    found = find_columns(own, ("current_use", "original_use", "land_use", "kind"))
    columns = list(dict.fromkeys([*found.values(), *(name for name in own if fold(name) in _USE_HEADERS)]))
    for name in columns:
        texts = [text.casefold() if text else None for text in as_texts(frame[name])]
        homes = [text is not None and _is_home(text) for text in texts]
        if any(homes):
            report.figures.setdefault("columns", {})["use"] = name
            kept = np.array([home or text in (None, "yes") for home, text in zip(homes, texts, strict=True)], bool)
            report.add("demand.not_dwellings", "note", count=int((~kept).sum()), of=len(kept))
            return kept
    return np.ones(len(frame), bool)


def _is_home(text: str) -> bool:
    return text in DWELLINGS or (_HOME_WORDS.search(text) is not None and _NO_HOME_WORDS.search(text) is None)
