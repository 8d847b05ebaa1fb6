"""A project's centres and candidate sites: the register's tables and what helps to read them, entrances, places, exclusions."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.boundaries import Area, zone_of
from planner.coverage import Places
from planner.crs import WGS84
from planner.findings import InputReport
from planner.inputs.area import ReportFor
from planner.inputs.entrances import fold_entrances, with_outlines
from planner.inputs.walking import reach_m
from planner.project import FacilitySection, Project
from planner.register import (
    PLACELESS,
    Gazetteer,
    Register,
    RegisterFile,
    exclude,
    nothing_excluded,
    read_corrections,
    read_register,
    read_villages,
    standard_rules,
    townships,
)
from planner.streets import StreetNetwork
from planner.tables import Role

_ROLES: tuple[Role, ...] = ("centres", "candidates")


def facilities_of(
    project: Project,
    area: Area,
    zones: gpd.GeoDataFrame | None,
    network: StreetNetwork,
    report_for: ReportFor,
    *,
    threads: int | None = None,
) -> tuple[gpd.GeoDataFrame, Places, dict[str, pd.DataFrame]]:
    """Return the facilities, where they meet the streets, and the county's own columns by role; see `planner.inputs.read.Inputs`.

    Raises
    ------
    PlannerError
        A table, or what helps to read it, cannot be used.
    """
    settings = project.settings
    register, reports = _read_register(project, zones, network, report_for)
    facilities, entered_at = fold_entrances(register.points, register.original, reports)
    for role in register.original:
        section: FacilitySection = getattr(settings, role)
        for path in project.facility_files(role):
            entered_at = with_outlines(facilities, entered_at, path, role=role, datum=section.datum_of(path))
    if settings.register_.upgrades == "candidates":
        waiting = facilities["upgradable"].to_numpy(bool) & (facilities["status"] == "existing").to_numpy()
        facilities.loc[waiting, "status"] = "candidate"
    shapes = gpd.GeoSeries(entered_at, crs=WGS84)
    places = Places.of_facilities(network, shapes, max_snap_m=settings.walking.max_snap_m, threads=threads)
    away_m = shapely.distance(area.geometry_m, facilities.geometry.to_crs(area.crs).to_numpy())
    facilities["outside"] = ~area.holds(facilities.geometry.x.to_numpy(), facilities.geometry.y.to_numpy())
    facilities = exclude(facilities, away_m > reach_m(project), "too_far", by="area")
    facilities = exclude(facilities, (facilities["status"] == "forbidden").to_numpy(), "forbidden", by="status")
    if not settings.walking.straight_line:
        facilities = exclude(facilities, ~places.snapped.found, "no_street", by="streets")
    _fill_zones(facilities, zones)
    _report(project, facilities, places, away_m, reports)
    return facilities, places, register.original


def _read_register(
    project: Project,
    zones: gpd.GeoDataFrame | None,
    network: StreetNetwork,
    report_for: ReportFor,
) -> tuple[Register, list[InputReport]]:
    """Return centres and candidates of all the project's tables, and the report of each table."""
    section, sources = project.settings.register_, project.sources
    known = None if zones is None else townships(zones)
    villages: Gazetteer | None = None
    if section.villages is not None:
        villages = read_villages(
            sources["register.villages"],
            report=report_for("villages", section.villages),
            zones=zones,
            name_field=section.village_name,
            code_field=section.village_code,
            datum=project.settings.area.datum,
        )
    tables: list[RegisterFile] = []
    for role in _ROLES:
        facilities: FacilitySection | None = getattr(project.settings, role)
        for path in project.facility_files(role):
            assert facilities is not None
            report = report_for(role, str(path))
            tables.append(RegisterFile(path, role, facilities, report))
    if not tables:
        return Register(_no_facilities(), {}), []
    corrections_report, corrections = None, []
    if "register.corrections" in sources:
        corrections_report = report_for("corrections", str(section.corrections))
        corrections = read_corrections(sources["register.corrections"], report=corrections_report)
    rules = [section_rule.rule for section_rule in project.settings.eligibility]
    register = read_register(
        tables,
        zones=known,
        villages=villages,
        corrections=corrections,
        corrections_report=corrections_report,
        rules=(*rules, *(standard_rules() if section.standard_rules else ())),
        network=network,
        max_snap_m=project.settings.walking.max_snap_m,
    )
    return register, [table.report for table in tables]


def _no_facilities() -> gpd.GeoDataFrame:
    """Return the facilities of a project that names no table of them yet."""
    columns = ["id", "name", "status", "zone", "zone_code", "source_file", "source_row", "role", "own_row"]
    columns += ["position_quality", "position_uncertainty_m", "duplicate_of"]
    table = nothing_excluded(pd.DataFrame(columns=columns, dtype=object))
    return gpd.GeoDataFrame(table, geometry=[], crs=WGS84)


def _fill_zones(facilities: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None) -> None:
    """Say which zone a facility lies in; where there is a zone layer, its word counts before the table's."""
    if zones is None:
        return
    found = zone_of(facilities.geometry, zones)
    for column in ("zone", "zone_code"):
        values = found[column].to_numpy(object)
        facilities[column] = np.where(pd.notna(values), values, facilities[column].to_numpy(object))


def _report(
    project: Project, facilities: gpd.GeoDataFrame, places: Places, away_m: np.ndarray, reports: list[InputReport]
) -> None:
    """Say of each facility why it is left out, or that it lies outside the area, and of each table how many count."""
    walk_m, max_snap_m = reach_m(project), project.settings.walking.max_snap_m
    for i, row in enumerate(facilities.itertuples()):
        report = reports[int(row.report_no)]
        at = {"name": row.name, "id": row.id, "on_sheet": None if pd.isna(row.source_sheet) else row.source_sheet}
        if row.excluded_reason == "too_far":
            km = round(float(away_m[i]) / 1000, 2)
            report.add("study.too_far", "dropped", row.source_row, **at, distance_km=km, reach_m=round(walk_m))
        elif row.excluded_reason == "no_street":
            report.add("study.facility_off_street", "dropped", row.source_row, **at, max_snap_m=round(max_snap_m))
        elif row.excluded_reason == "forbidden":
            report.add("study.forbidden", "note", row.source_row, **at)
        elif row.outside and row.excluded_reason is None:
            report.add("study.outside", "note", row.source_row, **at, distance_m=round(float(away_m[i])))
    for number, report in enumerate(reports):
        own = (facilities["report_no"] == number).to_numpy()
        left_out = facilities.loc[own, "excluded_reason"].isin(["too_far", "no_street", "duplicate", *PLACELESS])
        placeless = facilities.loc[own & facilities["excluded_reason"].isin(PLACELESS).to_numpy()]
        sheets = (None if pd.isna(sheet) else str(sheet) for sheet in placeless["source_sheet"])
        report.waiting = set(zip(sheets, placeless["source_row"].astype(int).tolist(), strict=True))
        report.rows_used = int(own.sum() - left_out.sum()) + report.figures.get("entrances", 0)
        snap_m = places.snapped.distance_m[own & places.snapped.found]
        if len(snap_m):
            report.figures["snap_m_median"] = round(float(np.median(snap_m)), 1)
            report.figures["snap_m_largest"] = round(float(snap_m.max()), 1)
