"""Buildings that people live in, from an OpenStreetMap file or a layer of one's own: where they stand, and how much floor.

Floor area is footprint times levels. Of OpenStreetMap's buildings those count whose class is a dwelling (`DWELLINGS`), and
``building=yes``, which says nothing, unless the building says itself that it is something else (a school, an office), is smaller
than `LEAST_M2`, or stands on land that is not lived on (`NO_HOMES`; the smallest mapped surface around it decides). Of a layer of
one's own all polygons count, or, where a column of uses names some as dwellings, those and the ones it is silent on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.boundaries import Area, polygons_wgs84
from planner.crs import WGS84, transformer
from planner.errors import InputError
from planner.findings import InputReport
from planner.streets.osm import OSM_ENDINGS, is_osm_file
from planner.tables import as_numbers, as_texts, check_file, find_columns, read_vector
from planner.tables.headers import fold
from planner.tables.rows import own_columns

Floats = NDArray[np.float64]

DWELLINGS = frozenset(
    [
        "apartments",
        "house",
        "detached",
        "semidetached_house",
        "semi",
        "terrace",
        "residential",
        "dormitory",
        "bungalow",
        "cabin",
        "farm",
        "ger",
        "houseboat",
        "static_caravan",
        "stilt_house",
        "tree_house",
        "allotment_house",
        "villa",
    ]
)
LEVELS = {"apartments": 4.0, "dormitory": 4.0, "residential": 3.0}
"""Levels of a building that does not say how many it has, by class."""
OTHER_LEVELS = 2.0
"""The same, of all other classes and of layers of one's own."""
MOST_LEVELS = 120.0
LEAST_M2 = 20.0
"""Footprint below which ``building=yes`` is taken for a shed."""

_OTHER_USES = ("amenity", "office", "tourism", "leisure", "man_made", "healthcare", "industrial", "military", "power",
               "railway", "aeroway", "public_transport", "emergency")  # fmt: skip
_LAND_KEYS = ("landuse", "amenity", "leisure", "aeroway", "military", "tourism")
NO_HOMES = frozenset(
    [
        "industrial",
        "commercial",
        "retail",
        "military",
        "railway",
        "cemetery",
        "port",
        "quarry",
        "landfill",
        "depot",
        "garages",
        "religious",
        "education",
        "institutional",
        "greenhouse_horticulture",
        "construction",
        "brownfield",
        "school",
        "university",
        "college",
        "hospital",
        "kindergarten",
        "prison",
        "place_of_worship",
        "marketplace",
        "grave_yard",
        "parking",
        "stadium",
        "sports_centre",
        "aerodrome",
        "barracks",
        "zoo",
        "theme_park",
        "winter_sports",
    ]
)
"""Values of landuse, amenity, leisure, aeroway, military and tourism that mark land without homes."""

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
_NEAR_DEG = 0.005  # a building whose first corner is farther from the area is none of it
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


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
    found = _read_osm(path, area, report) if is_osm_file(path) else _read_layer(path, datum, report)
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


def levels_of(text: str | None) -> float:
    """Return the levels that a tag or cell says (3, 2.5, 3-5: the most), nan where it says none."""
    numbers = [float(number) for number in _NUMBER.findall(text or "")]
    most = max(numbers, default=0.0)
    return min(most, MOST_LEVELS) if most > 0 else float("nan")


@dataclass(frozen=True)
class _Buildings:
    """Dwellings as read: outlines in WGS 84, levels (nan where not said) and what is assumed then; whether the class is yes."""

    shapes: NDArray[np.object_]
    levels: Floats
    default_levels: Floats
    unsaid: NDArray[np.bool_]


# --- OpenStreetMap ----------------------------------------------------------------------------------------------------


def _read_osm(path: Path, area: Area, report: InputReport) -> _Buildings:
    ending = next(ending for ending in OSM_ENDINGS if path.name.lower().endswith(ending))
    keys = osmium.filter.KeyFilter("building", *_LAND_KEYS)
    factory = osmium.geom.WKBFactory()
    buildings: list[tuple[str, str, float]] = []  # outline, class, levels
    land: list[tuple[str, bool]] = []
    read = broken = elsewhere = 0
    west, south, east, north = shapely.buffer(shapely.box(*area.geometry.bounds), _NEAR_DEG).bounds
    try:
        areas = (
            osmium.FileProcessor(osmium.io.File(str(path), ending[1:]))
            .with_areas(keys)
            .with_filter(osmium.filter.EntityFilter(osmium.osm.AREA))
            .with_filter(keys)
        )
        for shape in areas:
            tags = shape.tags
            is_building = tags.get("building", "no") != "no"
            read += is_building
            if is_building:
                corner = next(iter(shape.outer_rings()))[0]  # type: ignore[union-attr]
                if not (west <= corner.lon <= east and south <= corner.lat <= north):
                    elsewhere += 1
                    continue
            kind = _dwelling(tags) if is_building else None
            homes = None if is_building else _homes(tags)
            if kind is None and homes is None:
                continue
            try:
                outline = factory.create_multipolygon(shape)  # type: ignore[arg-type]
            except (RuntimeError, osmium.InvalidLocationError):  # a relation whose ways the file does not hold
                broken += is_building
                continue
            if kind is not None:
                buildings.append((outline, kind, levels_of(tags.get("building:levels"))))
            else:
                land.append((outline, bool(homes)))
    except (RuntimeError, ValueError, OSError) as fault:
        raise InputError("demand.buildings_unreadable", file=path.name, fault=str(fault)) from fault
    report.rows_read = read
    if not buildings:
        raise InputError("demand.no_dwellings", file=path.name, read=read)
    if broken:
        report.add("demand.buildings_broken", "doubtful", count=broken)
    shapes = shapely.from_wkb([outline for outline, _, _ in buildings])
    kinds = np.array([kind for _, kind, _ in buildings], object)
    unsaid = kinds == "yes"
    homeless = np.zeros(len(shapes), bool)
    homeless[unsaid] = _on_other_land(shapes[unsaid], land)
    report.figures |= {
        "buildings": read,
        "buildings_elsewhere": elsewhere,
        "not_dwellings": read - elsewhere - broken - len(buildings),
        "on_other_land": int(homeless.sum()),
    }
    count = report.figures["not_dwellings"] + int(homeless.sum())
    report.add("demand.not_dwellings", "note", count=count, of=read - elsewhere)
    levels = np.array([number for _, _, number in buildings])
    assumed = np.array([LEVELS.get(kind, OTHER_LEVELS) for kind in kinds])
    kept = ~homeless
    return _Buildings(shapes[kept], levels[kept], assumed[kept], unsaid[kept])


def _dwelling(tags: Any) -> str | None:
    """Return the class of a building that people live in, None for any other."""
    kinds = [kind.strip() for kind in tags["building"].split(";")]
    lived_in = tags.get("building:use") == "residential" or tags.get("building:flats", "0").strip() not in (
        "0",
        "no",
        "",
    )
    found = next((kind for kind in kinds if kind in DWELLINGS), None)
    if found is not None or lived_in:
        return found or "residential"
    if "yes" not in kinds:
        return None
    return None if any(key in tags for key in _OTHER_USES) else "yes"


def _homes(tags: Any) -> bool | None:
    """Return whether people live on a piece of land, None where its tags do not say."""
    values = {tags.get(key) for key in _LAND_KEYS}
    if values & NO_HOMES:
        return False
    return True if values & {"residential", "farmyard", "village_green"} else None


def _on_other_land(shapes: NDArray[np.object_], land: Iterable[tuple[str, bool]]) -> NDArray[np.bool_]:
    """Return which buildings stand on land without homes; of several surfaces around one the smallest decides."""
    pieces = list(land)
    outlines = shapely.from_wkb([outline for outline, _ in pieces])
    homes = np.array([lived_on for _, lived_on in pieces], bool)
    sizes = shapely.area(outlines)
    points = shapely.point_on_surface(shapes)
    piece, point = shapely.STRtree(points).query(outlines, predicate="intersects")
    order = np.argsort(-sizes[piece], kind="stable")  # the smallest is written last, and stays
    lived_on = np.ones(len(shapes), bool)
    lived_on[point[order]] = homes[piece[order]]
    return ~lived_on


# --- a layer of one's own ---------------------------------------------------------------------------------------------


def _read_layer(path: Path, datum: str | None, report: InputReport) -> _Buildings:
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
    return _Buildings(shapes, levels[kept], np.full(len(shapes), OTHER_LEVELS), none)


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
