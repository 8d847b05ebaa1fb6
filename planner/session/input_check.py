"""Reads a project's inputs, or one file that was uploaded, for what is wrong with them; nothing here knows the page.

`check` is what ``planner check`` prints, as plain data in every language, so that it may come back from a worker process and
the language be switched afterwards.
"""

from pathlib import Path
from typing import Any, cast

from planner.boundaries import Area, read_area, read_zones
from planner.deliver.data_report import data_report
from planner.demand import build as build_demand
from planner.errors import PlannerError
from planner.findings import InputReport
from planner.inputs.area import area_of, zones_of
from planner.inputs.people import population_sources
from planner.inputs.read import Inputs, Progress, read_inputs
from planner.inputs.streets import network_of
from planner.project import FacilitySection, Project
from planner.register import PLACELESS, RegisterFile, read_corrections, read_register, read_villages, townships
from planner.results.data_quality import DataQuality, assess_data_quality
from planner.streets import StreetNetwork
from planner.tables import Role
from planner.texts import LANGUAGES


def check(project: Project, *, progress: Progress = lambda step: None) -> dict[str, dict[str, Any]]:
    """Read all inputs of a project and return its data report by language.

    Raises
    ------
    PlannerError
        An input cannot be used.
    """
    inputs = read_inputs(project, progress=progress)
    progress("study.walking")
    return reports_of(inputs, assess_data_quality(inputs))


def reports_of(inputs: Inputs, doubts: DataQuality | None) -> dict[str, dict[str, Any]]:
    """Return the data report of inputs that were read, by language."""
    return {language: data_report(language, inputs.reports, doubts) for language in LANGUAGES}


def check_upload(draft: Project, role: str, file: Path) -> list[InputReport]:
    """Read one file of a draft as its role demands and return the accounts of it.

    What only shows among all inputs together, such as ids that two tables share, is for `check`.

    Raises
    ------
    PlannerError
        The file cannot be used.
    """
    report = InputReport(role, file.name)
    if role in ("centres", "candidates"):
        _check_facilities(draft, role, file, report)
    elif role == "boundary":
        read_area(file, report=report, datum=draft.settings.area.datum)
    elif role == "corrections":
        report.rows_used = len(read_corrections(file, report=report))
    elif role == "villages":
        _check_villages(draft, file, report)
    elif role == "zones":
        return _check_zones(draft, file, report)
    elif role == "population":
        return _check_people(draft, file)
    elif role == "streets":
        reports = [InputReport("streets", Path(section.source).name) for section in draft.settings.streets]
        network_of(draft, _area(draft), reports=reports)
        return [each for each in reports if each.file == file.name]
    return [report]


def _area(project: Project) -> Area:
    return area_of(project, InputReport("area", ""))


def _check_facilities(draft: Project, role: str, file: Path, report: InputReport) -> None:
    """Read a table as the register does, its coordinates compared with the streets where those can be had."""
    section: FacilitySection = getattr(draft.settings, role)
    area = _area(draft)
    zones = zones_of(draft, area, InputReport)
    found = read_register(
        [RegisterFile(file, cast(Role, role), section, report)],
        zones=townships(zones[0][1]) if zones else None,
        rules=[each.rule for each in draft.settings.eligibility],
        network=_streets(draft, area),
        max_snap_m=draft.settings.walking.max_snap_m,
    ).points
    report.rows_used = int((~found["excluded_reason"].isin([*PLACELESS, "duplicate"])).sum())


def _check_villages(draft: Project, file: Path, report: InputReport) -> None:
    section = draft.settings.register_
    known = read_villages(
        file, report=report, name_field=section.village_name, code_field=section.village_code,
        datum=draft.settings.area.datum,
    )  # fmt: skip
    report.rows_used = len(known.name)


def _check_zones(draft: Project, file: Path, report: InputReport) -> list[InputReport]:
    level = next(level for level in draft.settings.zone_levels if Path(level.source) == file)
    read_zones(
        file, name_field=level.name, code_field=level.code, zone_class=level.zone_class, classes=draft.zone_classes,
        area=_area(draft), report=report, datum=level.datum,
    )  # fmt: skip
    return [report]


def _check_people(draft: Project, file: Path) -> list[InputReport]:
    """Place the people of one file as a run does, and what it needs for that."""
    sources = [source for source in population_sources(draft, InputReport) if source.path == file]
    area = _area(draft)
    zones = zones_of(draft, area, InputReport)
    build_demand(
        sources, area=area, zones=zones[0][1] if zones else None, network=_streets(draft, area),
        max_snap_m=draft.settings.walking.max_snap_m, report_for=lambda role, path: InputReport(role, path.name),
    )  # fmt: skip
    return [source.report for source in sources]


def _streets(project: Project, area: Area) -> StreetNetwork | None:
    try:
        return network_of(project, area)
    except PlannerError:  # the streets are no fault of this file
        return None
