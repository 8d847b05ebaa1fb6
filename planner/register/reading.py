"""Many tables to one register: files read one by one, townships filled in, ids made unique, then everything that helps a row.

The order matters and is the same at every run: ids first, since corrections go by them; then corrections, since they may say
where a row lies; then places for rows without one, duplicates, and the rules of eligibility.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.crs import WGS84
from planner.findings import Finding, InputReport
from planner.register.corrections import Correction, apply_corrections
from planner.register.datum_check import check_datum, check_datums_together
from planner.register.duplicates import mark_duplicates
from planner.register.eligibility import Eligibility, apply_rules
from planner.register.exclusions import exclude, nothing_excluded
from planner.register.names import bare_township, folded
from planner.register.placing import place_rows
from planner.register.row_findings import RowFindings
from planner.register.villages import Gazetteer
from planner.streets import StreetNetwork
from planner.streets.snapping import MAX_SNAP_M
from planner.tables import Role, Synonyms, half_width, read_facilities


class RegisterKeys(Protocol):
    """What a section of the project file says of its tables: see `planner.project.FacilitySection`."""

    @property
    def encoding(self) -> str | None:
        """The encoding of their text, where they do not say it."""

    @property
    def sheet(self) -> str | None:
        """The sheet that is meant of a workbook's."""

    @property
    def layer(self) -> str | None:
        """The layer that is meant of a file's."""

    @property
    def headers(self) -> Synonyms:
        """The project's own headers by canonical column."""

    def datum_of(self, file: Path) -> str:
        """Return the datum of one file."""


@dataclass(frozen=True)
class RegisterFile:
    """One table of centres or candidate sites, what the project says of it, and the report that takes its account."""

    path: Path
    role: Role
    section: RegisterKeys
    report: InputReport

    @property
    def datum(self) -> str:
        """The datum of its coordinates."""
        return self.section.datum_of(self.path)


@dataclass(frozen=True)
class Register:
    """All centres and candidate sites.

    `points`: the columns of `planner.tables.Facilities`, ids unique over all files, and `role`, `own_row` (row of
    ``original[role]``), `report_no` (number of the file), `position_quality` ("given", "village", "township", None),
    `position_uncertainty_m` (NaN where given or unknown), `duplicate_of`, and the ledger of exclusions: `excluded_reason`
    ("no_position", "vague_position", "duplicate", a rule's reason, else None) and `excluded_by`. `original`: the county's own
    columns by role.
    """

    points: gpd.GeoDataFrame
    original: dict[str, pd.DataFrame]


def read_register(
    register_files: Sequence[RegisterFile],
    *,
    zones: Gazetteer | None = None,
    villages: Gazetteer | None = None,
    corrections: Sequence[Correction] = (),
    corrections_report: InputReport | None = None,
    rules: Sequence[Eligibility] = (),
    network: StreetNetwork | None = None,
    max_snap_m: float = MAX_SNAP_M,
) -> Register:
    """Read the tables of a register and bring every row as far as what is known allows; no row is dropped.

    `zones` and `villages` are the places that rows may name, `network` the streets that positions are checked against.

    Raises
    ------
    InputError
        A file cannot be read, or says in no way where its rows are.
    CRSError
        A datum is unknown or the coordinates are not in it.
    """
    parts: list[gpd.GeoDataFrame] = []
    original: dict[str, list[pd.DataFrame]] = {}
    for number, file in enumerate(register_files):
        read = read_facilities(
            file.path, role=file.role, datum=file.datum, report=file.report, synonyms=file.section.headers,
            encoding=file.section.encoding, sheet=file.section.sheet, layer=file.section.layer,
            rows_without_position="keep",
        )  # fmt: skip
        before = sum(map(len, original.get(file.role, ())))
        points = read.points.assign(
            role=file.role, report_no=number, own_row=np.arange(before, before + len(read.points))
        )
        if network is not None:
            check_datum(points, declared=file.datum, network=network, report=file.report)
        parts.append(_zone_of_file(points, zones, file.report))
        original.setdefault(file.role, []).append(read.original)
    reports = [file.report for file in register_files]
    if network is not None:
        datums = [file.datum for file in register_files]
        check_datums_together(parts, declared=datums, network=network, reports=reports)
    _make_ids_unique(parts, reports)
    points = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0], crs=WGS84)
    findings = RowFindings(points, reports)
    if corrections_report is not None:
        points = apply_corrections(points, corrections, report=corrections_report)
    points = points.drop(columns="own_id")
    points = place_rows(
        points, villages=villages, zones=zones, network=network, max_snap_m=max_snap_m,
        findings=findings,
    )  # fmt: skip
    quality = points["position_quality"].to_numpy(object)
    points = exclude(nothing_excluded(points), pd.isna(quality), "no_position", by="placing")
    points = exclude(points, quality == "township", "vague_position", by="placing")
    points = mark_duplicates(points, findings)
    points = apply_rules(points, rules, findings)
    _count(points, reports)
    return Register(points, {role: _stacked(frames) for role, frames in original.items()})


def _zone_of_file(points: gpd.GeoDataFrame, zones: Gazetteer | None, report: InputReport) -> gpd.GeoDataFrame:
    """Fill the township of rows that name none from their sheet's or file's name, where that holds exactly one known township."""
    blank = (points["zone"].isna() & points["zone_code"].isna()).to_numpy()
    if zones is None or not blank.any():
        return points
    points = points.copy()
    filled: dict[str, int] = {}
    titles = points["source_sheet"].to_numpy(object)
    of_file = _named_in(Path(report.file).stem, zones)
    for at in map(int, np.flatnonzero(blank)):
        title = titles[at]
        named = _named_in(str(title), zones) if title is not None and not pd.isna(title) else None
        zone = named or of_file
        if zone is not None:
            points.iat[at, points.columns.get_loc("zone")] = zone
            filled[zone] = filled.get(zone, 0) + 1
    for zone, count in filled.items():
        report.add("register.zone_of_file", "note", zone=zone, count=count)
    return points


def _named_in(title: str, zones: Gazetteer) -> str | None:
    """Return the one known township that a title names, in full or, where none is, without 镇 and the like."""
    plain = folded(title)
    for names in ([folded(name) for name in zones.name], [bare_township(name) for name in zones.name]):
        found = {at for at, name in enumerate(names) if len(name) >= 2 and name in plain}
        longest = {at for at in found if not any(names[at] != names[b] and names[at] in names[b] for b in found)}
        if len(longest) == 1:
            return zones.name[longest.pop()]
        if longest:
            return None
    return None


def _make_ids_unique(parts: list[gpd.GeoDataFrame], reports: Sequence[InputReport]) -> None:
    """Make ids unique over all files: own ids that clash get their township before them, those of another role the role."""
    for role in dict.fromkeys(part["role"].iat[0] for part in parts if len(part)):
        mine = [number for number, part in enumerate(parts) if len(part) and part["role"].iat[0] == role]
        own = [ids for n in mine for ids in _ids_by_sheet(parts[n])]
        # every township counts from 1, on a sheet, in a file or on one list: all get its name, so that ids stay
        if sum(map(len, own)) > len(set().union(*own)) or any(_restarts(parts[n]) for n in mine):
            for n in mine:
                _put_township_before(parts[n], reports[n])
                reports[n].add("register.ids_of_township", "repaired", example=parts[n]["id"].iat[0])
    taken: set[str] = set()
    for number, part in enumerate(parts):
        clash = part["id"].isin(taken)
        if clash.any():
            other_role = any(other["role"].iat[0] != part["role"].iat[0] for other in parts[:number] if len(other))
            if other_role and not _within_role(parts[:number], part):
                role = part["role"].iat[0]
                reports[number].add("study.ids_clash", "repaired", count=int(clash.sum()), role=role)
                for column in ("id", "own_id"):
                    part.loc[clash, column] = [f"{role}:{name}" for name in part.loc[clash, column]]
            else:
                part["id"] = _numbered(part["id"], taken)
        taken |= set(part["id"])


def _within_role(others: Sequence[gpd.GeoDataFrame], part: gpd.GeoDataFrame) -> bool:
    role = part["role"].iat[0]
    same = [other for other in others if len(other) and other["role"].iat[0] == role]
    return any(part["id"].isin(other["id"]).any() for other in same)


def _ids_by_sheet(part: gpd.GeoDataFrame) -> list[set[str]]:
    """Return the ids that a table gives itself, sheet by sheet."""
    own = part[part["id_from"] == "table"]
    return [set(ids) for _, ids in own.groupby("source_sheet", dropna=False, sort=False)["own_id"]]


def _restarts(part: gpd.GeoDataFrame) -> bool:
    """Return whether the numbers of one list start again with its townships: as many are there again as half its townships."""
    own = part[(part["id_from"] == "table") & part["zone"].notna()].drop_duplicates(["own_id", "zone"])
    again = int(own.duplicated("own_id").sum())
    return again > 0 and 2 * again >= own["zone"].nunique()


def _put_township_before(part: gpd.GeoDataFrame, report: InputReport) -> None:
    """Put the township before a table's own ids; where a row names none, its sheet, or the file where there is but one."""
    stem = Path(str(part["source_file"].iat[0])).stem
    titles = [stem if pd.isna(title) else str(title) for title in part["source_sheet"]]
    zones = [title if pd.isna(zone) else str(zone) for zone, title in zip(part["zone"], titles, strict=True)]
    rows = zip(part["own_id"], zones, part["id_from"] == "table", strict=True)
    part["own_id"] = [f"{half_width(zone)}:{name}" if own else name for name, zone, own in rows]
    unique = part["id_from"].ne("table").to_numpy()
    part["id"] = _numbered(np.where(unique, part["id"], part["own_id"]).tolist(), set())
    alone = {(row, sheet) for row, sheet, told in zip(part["source_row"], part["source_sheet"],
             (part["id"] == part["own_id"]), strict=True) if told}  # fmt: skip
    report.findings[:] = [each for each in report.findings if not _is_told_apart(each, alone)]


def _is_told_apart(finding: Finding, rows: set[tuple[int, str | None]]) -> bool:
    """Return whether a finding says that an id is there twice which its township has told apart meanwhile."""
    sheets = {finding.sheet} if finding.sheet is not None else {sheet for row, sheet in rows if row == finding.row}
    return finding.code == "tables.repeated_id" and any((finding.row, sheet) in rows for sheet in sheets)


def _numbered(ids: Sequence[str], taken: set[str]) -> list[str]:
    """Return ids with a number behind those that are taken."""
    found: list[str] = []
    used = set(taken)
    for name in ids:
        new, number = name, 2
        while new in used:
            new, number = f"{name}-{number}", number + 1
        used.add(new)
        found.append(new)
    return found


def _count(points: gpd.GeoDataFrame, reports: Sequence[InputReport]) -> None:
    """Put into each file's report how its rows were placed and how many are duplicates, and drop what was counted before."""
    for number, report in enumerate(reports):
        own = points[points["report_no"] == number]
        quality = own["position_quality"]
        report.figures.pop("rows_without_position", None)
        report.figures["positions"] = {
            "given": int((quality == "given").sum()),
            "village": int((quality == "village").sum()),
            "township": int((quality == "township").sum()),
            "none": int(quality.isna().sum()),
        }
        report.figures["duplicates"] = int(own["duplicate_of"].notna().sum())


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return frames[0] if len(frames) == 1 else pd.concat([frame.astype(object) for frame in frames], ignore_index=True)
