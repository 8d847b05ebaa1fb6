"""The people of a project: its sections ``[[population]]`` and ``[calibrate]`` as `planner.demand` reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.boundaries import Area
from planner.demand import Census, Demand, PopulationSource, build
from planner.demand.model import LEFT_OUT_COLUMNS, Bound
from planner.inputs.area import ReportFor
from planner.project import Project
from planner.project.people import PopulationSection
from planner.streets import StreetNetwork

BOUNDS: tuple[Bound, ...] = get_args(Bound)


def people_of(
    project: Project, area: Area, zones: gpd.GeoDataFrame | None, network: StreetNetwork | None, report_for: ReportFor
) -> Demand:
    """Return the people of a project's area; none where it names no source of them yet. Errors as `planner.demand.build`."""
    sources = population_sources(project, report_for)
    if not sources:
        return _nobody(project, area)
    return build(
        sources,
        area=area,
        zones=zones,
        network=network,
        max_snap_m=project.settings.walking.max_snap_m,
        census=census_of(project),
        report_for=lambda role, path: report_for(role, path.name),
    )


def population_sources(project: Project, report_for: ReportFor) -> list[PopulationSource]:
    """Return one source a file or column: several files of a section are one group; its estimates follow it."""
    sources: list[PopulationSource] = []

    def add(section: PopulationSection, path: Path, column: str | None, bound: Bound | None = None) -> None:
        report = report_for("population", path.name)
        sources.append(PopulationSource(path, section.group, column, section, report, bound, project.folder))

    for section in project.settings.population:
        bounds = [(bound, named) for bound in BOUNDS if (named := getattr(section, bound)) is not None]
        for path in project.paths(section.source):
            add(section, path, section.column)
            for bound, column in () if section.is_raster else bounds:
                add(section, path, column, bound)
        for bound, files in bounds if section.is_raster else ():
            for path in project.paths(files):
                add(section, path, None, bound)
    return sources


def census_of(project: Project) -> Census | None:
    """Return the census that the people are calibrated to, None where the project has none."""
    section = project.settings.calibrate
    if section is None:
        return None
    columns: Mapping[str, str | None] = section.columns or {project.groups[0]: section.column}
    return Census(project.resolve(section.source), columns, section, project.folder)


def _nobody(project: Project, area: Area) -> Demand:
    """Return the people of a project that names no source of them yet."""
    columns: dict[str, list[Any]] = {"id": [], "source_file": [], "source_row": []}
    points = gpd.GeoDataFrame(columns, geometry=[], crs=area.crs)
    return Demand(
        points, {group: np.zeros(0) for group in project.groups}, pd.DataFrame(columns=list(LEFT_OUT_COLUMNS))
    )
