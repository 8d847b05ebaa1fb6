"""Rows without coordinates, which is most of a township's register: placed at their village, else at their township.

The village is known by its code, by its name within the township, by the name without 社区居委会 and the like, or by likeness
(`names`); what likeness found is always reported, and where two villages fit, the row goes to its township and both are named.
Such a place is 待核实: `position_quality` says "village" or "township" instead of "given", and `position_uncertainty_m` how
far off it may be. A row of which not even the township is known stays, without a place.
"""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import WGS84, transformer
from planner.register.names import Match, bare_township, bare_village, folded
from planner.register.row_findings import RowFindings, objects
from planner.register.villages import Gazetteer
from planner.streets import StreetNetwork

BORDER_M = 300.0
"""Points this near to the township that their row names are not said to lie in another one."""


def place_rows(
    points: gpd.GeoDataFrame,
    *,
    villages: Gazetteer | None,
    zones: Gazetteer | None,
    network: StreetNetwork | None,
    max_snap_m: float,
    findings: RowFindings,
) -> gpd.GeoDataFrame:
    """Return the points with `position_quality` and `position_uncertainty_m`, those without a place put where they belong.

    A place that has no street within `max_snap_m` moves to the nearest street inside the same village, if there is one.
    """
    without = points["needs_position"].to_numpy(bool)
    quality = np.full(len(points), "given", dtype=object)
    quality[without] = None
    radius = np.full(len(points), np.nan)
    geometry = points.geometry.to_numpy().copy()
    findings.take_back("tables.no_coordinates", np.flatnonzero(without))  # what is said here says it too
    for at in map(int, np.flatnonzero(without)):
        level, unit, match = _home(points, at, villages, zones, findings)
        name = points["village"].iat[at]
        if match is not None and match.how == "ambiguous" and villages is not None:
            rivals = ", ".join(_full_name(villages, rival) for rival in match.rivals[:5])
            findings.add(at, "register.village_ambiguous", "doubtful", village=name, rivals=rivals)
        elif level == "township" and name is not None and villages is not None:
            findings.add(at, "register.village_unknown", "doubtful", village=name)
        if level is None:
            findings.add(at, "register.no_position", "doubtful")
            continue
        home = villages if level == "village" else zones
        assert home is not None
        geometry[at] = _on_land(home, unit, network, max_snap_m)
        quality[at], radius[at] = level, home.radius_m[unit]
        said = {"place": home.name[unit], "radius_m": None if np.isnan(radius[at]) else round(float(radius[at]))}
        _report_placed(findings, at, level, match, name, said)
    placed = points.set_geometry(gpd.GeoSeries(geometry, index=points.index, crs=WGS84))
    placed["position_quality"] = objects(points, quality)
    placed["position_uncertainty_m"] = np.round(radius)
    if zones is not None:
        _report_other_zone(placed, zones, findings)
    return placed


def find_zone(zones: Gazetteer, name: str | None, code: str | None) -> Match:
    """Return which zone a row means."""
    return zones.names.find(name, code, bare_township(name))


def _home(
    points: gpd.GeoDataFrame, at: int, villages: Gazetteer | None, zones: Gazetteer | None, findings: RowFindings
) -> tuple[str | None, int, Match | None]:
    """Return the level and the number of the unit that a row without coordinates belongs to, and how its village was matched."""
    zone, zone_code = points["zone"].iat[at], points["zone_code"].iat[at]
    village, village_code = points["village"].iat[at], points["village_code"].iat[at]
    match = None
    if villages is not None and (village is not None or village_code is not None):
        within = _in_zone(villages, zone, zone_code, zones)
        match = villages.names.find(village, village_code, bare_village(village, zone), within)
        if match.at >= 0 and not np.isnan(villages.longitude[match.at]):
            return "village", match.at, match
    if zones is not None and (zone is not None or zone_code is not None):
        home = find_zone(zones, zone, zone_code)
        if home.at >= 0:
            if home.how == "fuzzy":
                alike = round(home.likeness, 2)
                findings.add(
                    at, "register.zone_alike", "doubtful", zone=zone, place=zones.name[home.at], likeness=alike
                )
            return "township", home.at, match
    if match is not None and match.at >= 0 and zones is not None and villages is not None:
        home = find_zone(zones, villages.zone[match.at], villages.zone_code[match.at])
        if home.at >= 0:
            return "township", home.at, match
    return None, -1, match


def _in_zone(villages: Gazetteer, zone: str | None, zone_code: str | None, zones: Gazetteer | None) -> list[int] | None:
    """Return the villages of a row's township; None, which is all of them, where the row names none or it is not known."""
    if zone is None and zone_code is None:
        return None
    names, codes = {bare_township(zone)}, {folded(zone_code)}
    if zones is not None:
        home = find_zone(zones, zone, zone_code)
        if home.at >= 0:
            names.add(bare_township(zones.name[home.at]))
            codes.add(folded(zones.code[home.at]))
    known = [
        at
        for at in range(len(villages))
        if bare_township(villages.zone[at]) in names - {""} or folded(villages.zone_code[at]) in codes - {""}
    ]
    return known or None


def _on_land(home: Gazetteer, unit: int, network: StreetNetwork | None, max_snap_m: float) -> shapely.Point:
    """Return the unit's point, or the nearest street position inside its shape where the point has no street near it."""
    point = shapely.Point(home.longitude[unit], home.latitude[unit])
    shape, reach = home.shape[unit], home.radius_m[unit]
    if network is None or shape is None or not reach > max_snap_m:
        return point
    x, y = transformer(WGS84, network.crs).transform(point.x, point.y)
    grid = network.grid
    segment, fraction, away = grid.nearest(np.array([x]), np.array([y]), float(reach))
    if segment[0] < 0 or away[0] <= max_snap_m:
        return point
    s, t = int(segment[0]), float(fraction[0])
    street_x = grid.ax[s] + t * (grid.bx[s] - grid.ax[s])
    street_y = grid.ay[s] + t * (grid.by[s] - grid.ay[s])
    moved = shapely.Point(transformer(network.crs, WGS84).transform(street_x, street_y))
    return moved if shapely.intersects(shape, moved) else point


def _report_placed(
    findings: RowFindings, at: int, level: str, match: Match | None, name: str | None, said: dict[str, Any]
) -> None:
    known = "" if said["radius_m"] is not None else "_unknown_size"
    if level == "village" and match is not None and match.how == "fuzzy":
        findings.add(at, "register.placed_alike", "doubtful", village=name, likeness=round(match.likeness, 2), **said)
    elif level == "village":
        findings.add(at, f"register.placed_village{known}", "doubtful", **said)
    else:
        findings.add(at, "register.placed_township", "doubtful", **said)


def _full_name(villages: Gazetteer, at: int) -> str:
    return f"{villages.zone[at] or ''}{villages.name[at]}"


def _report_other_zone(points: gpd.GeoDataFrame, zones: Gazetteer, findings: RowFindings) -> None:
    """Report points that lie well outside the township that their row names: one of the two is wrong."""
    given = np.flatnonzero((points["position_quality"] == "given") & points["zone"].notna())
    geometry = points.geometry.to_numpy()
    rows: dict[tuple[str, str | None], list[int]] = {}
    for at, name, code in zip(given.tolist(), points["zone"].iloc[given], points["zone_code"].iloc[given], strict=True):
        rows.setdefault((name, code), []).append(at)
    far: dict[int, tuple[str | None, float]] = {}
    for (name, code), members in rows.items():
        home = find_zone(zones, name, code)
        if home.at < 0 or home.how == "fuzzy":
            continue
        away_m = _metres(geometry[members], zones.shape[home.at])
        far |= {at: (zones.name[home.at], m) for at, m in zip(members, away_m.tolist(), strict=True) if m > BORDER_M}
    for at, (zone, away) in sorted(far.items()):
        findings.add(at, "register.other_zone", "doubtful", zone=zone, distance_km=round(away / 1000, 2))


def _metres(points: NDArray[np.object_], shape: shapely.Geometry) -> NDArray[np.float64]:
    """Return the metres from points to a shape, all in degrees and near each other."""
    scale = 111_320.0 * np.array([np.cos(np.radians(shape.centroid.y)), 1.0])
    shape = shapely.transform(shape, lambda xy: xy * scale)
    shapely.prepare(shape)
    return shapely.distance(shape, shapely.transform(points, lambda xy: xy * scale))
