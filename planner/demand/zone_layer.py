"""The zones that a table's rows stand for: villages or townships with name, code and township, and their outlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.boundaries import polygons_wgs84, zone_of
from planner.demand.model import ZoneKeys
from planner.errors import InputError
from planner.findings import InputReport
from planner.tables import as_texts, find_columns, nearest_header, read_vector


@dataclass(frozen=True)
class JoinZones:
    """Zones to join to; `shapes` are valid polygons in WGS 84, the lists run beside them."""

    file: str
    names: list[str]
    codes: list[str | None]
    townships: list[str | None]
    shapes: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, zones: gpd.GeoDataFrame) -> "JoinZones":
        """Return a project's zones, as `planner.boundaries.read_zones` gives them."""
        codes = [None if pd.isna(code) else str(code) for code in zones["zone_code"]]
        file = str(zones["source_file"].iat[0]) if "source_file" in zones.columns and len(zones) else "zones"
        names = [str(name) for name in zones["zone"]]
        return cls(file, names, codes, [None] * len(zones), zones.geometry.to_numpy())

    def of_points(self, points: NDArray[np.object_]) -> NDArray[np.int64]:
        """Return the zone each point (WGS 84) lies in, the first of several, -1 where none."""
        found = np.full(len(points), -1, np.int64)
        zone, point = shapely.STRtree(points).query(self.shapes, predicate="intersects")
        order = np.argsort(-zone, kind="stable")
        found[point[order]] = zone[order]
        return found


def read_join_zones(
    path: Path, section: ZoneKeys, *, report: InputReport, townships: gpd.GeoDataFrame | None
) -> JoinZones:
    """Read a layer of zones; a township not named in it is the zone of `townships` that a zone lies in, where there are any.

    Features of one name, code and township are one zone.

    Raises
    ------
    InputError
        The layer cannot be read, or has no such field, or none that can be a name or a code.
    GeometryError, CRSError
        As `planner.boundaries.polygons_wgs84`.
    """
    frame = polygons_wgs84(read_vector(path, report=report), datum=None, report=report)
    frame = frame[~frame.geometry.is_empty].reset_index(drop=True)
    own = [str(name) for name in frame.columns if name not in ("geometry", "source_file", "source_row")]
    name = _field(section.zone_name, ("village", "name", "zone"), own, report)
    code = _field(section.zone_code, ("village_code", "zone_code", "id"), own, report)
    if name is None and code is None:
        raise InputError("demand.zones_without_names", file=report.file, fields=", ".join(own))
    left = [field for field in own if field not in (name, code)]
    township = _field(section.zone_township, ("zone",), left, report)
    columns = {key: header for key, header in (("name", name), ("code", code), ("township", township)) if header}
    report.figures["columns"] = columns
    codes = _texts(frame, code)
    rows = frame["source_row"].tolist()
    names = [text or codes[at] or str(rows[at]) for at, text in enumerate(_texts(frame, name))]
    shapes = frame.geometry.to_numpy()
    within = _texts(frame, township)
    if township is None and townships is not None:
        inner = gpd.GeoSeries(shapely.point_on_surface(shapes), crs=4326)
        within = [None if pd.isna(zone) else str(zone) for zone in zone_of(inner, townships)["zone"]]
    return _one_a_zone(report.file, names, codes, within, shapes, report)


def _one_a_zone(
    file: str,
    names: Sequence[str],
    codes: Sequence[str | None],
    townships: Sequence[str | None],
    shapes: NDArray[np.object_],
    report: InputReport,
) -> JoinZones:
    members: dict[tuple[str, str | None, str | None], list[int]] = {}
    for at, key in enumerate(zip(names, codes, townships, strict=True)):
        members.setdefault(key, []).append(at)
    whole = np.empty(len(members), object)
    whole[:] = [shapes[at[0]] if len(at) == 1 else shapely.union_all(shapes[at]) for at in members.values()]
    report.figures["zones"] = len(members)
    keys = list(members)
    return JoinZones(file, [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys], whole)


def _field(declared: str | None, wanted: tuple[str, ...], own: Sequence[str], report: InputReport) -> str | None:
    if declared is None:
        found = find_columns(own, wanted)
        return next((found[name] for name in wanted if name in found), None)
    if declared not in own:
        near = nearest_header(declared, own)
        raise InputError(
            "boundaries.unknown_field", file=report.file, field=declared, fields=", ".join(own), nearest=near
        )
    return declared


def _texts(frame: pd.DataFrame, field: str | None) -> list[str | None]:
    return [None] * len(frame) if field is None else as_texts(frame[field])
