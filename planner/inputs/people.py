"""The people of a project: its sections ``[[population]]`` and ``[calibrate]`` as `planner.demand` reads them."""

from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.boundaries import Area
from planner.demand import Census, Demand, PopulationSource, ZoneFields, build
from planner.demand.model import LEFT_OUT_COLUMNS, Bound
from planner.inputs.area import ReportFor
from planner.project import Project
from planner.project.people import CalibrateSection, PopulationSection
from planner.project.section import Files
from planner.streets import StreetNetwork

BOUNDS: tuple[Bound, ...] = get_args(Bound)


def people_of(
    project: Project, area: Area, zones: gpd.GeoDataFrame | None, network: StreetNetwork | None, report_for: ReportFor
) -> Demand:
    """Return the people of a project's area; none where it names no source of them yet. Errors as `planner.demand.build`."""
    sources = population_sources(project)
    if not sources:
        return _nobody(project, area)
    return build(
        sources,
        area=area,
        reports=[report_for("population", source.path.name) for source in sources],
        zones=zones,
        network=network,
        max_snap_m=project.settings.walking.max_snap_m,
        census=census_of(project),
        report_for=lambda role, path: report_for(role, path.name),
    )


def population_sources(project: Project) -> list[PopulationSource]:
    """Return one source a file or column: several files of a section are one group; its estimates follow it."""
    sources: list[PopulationSource] = []
    for section in project.settings.population:
        for file in project.paths(section.source):
            sources.append(_source(project, section, file, section.column, None))
            if not section.is_raster:
                for bound in BOUNDS:
                    column = getattr(section, bound)
                    if column is not None:
                        sources.append(_source(project, section, file, column, bound))
        if section.is_raster:
            for bound in BOUNDS:
                files: Files | None = getattr(section, bound)
                named = [] if files is None else project.paths(files)
                sources += [_source(project, section, file, None, bound) for file in named]
    return sources


def census_of(project: Project) -> Census | None:
    """Return the census that the people are calibrated to, None where the project has none."""
    section = project.settings.calibrate
    if section is None:
        return None
    return Census(
        path=project.resolve(section.source),
        columns=section.columns or {project.groups[0]: section.column},
        join=section.join,
        join_column=section.join_column,
        kind=section.kind,
        zones=_zones(project, section),
    )


def _source(
    project: Project, section: PopulationSection, file: Path, column: str | None, bound: Bound | None
) -> PopulationSource:
    return PopulationSource(
        path=file,
        group=section.group,
        column=column,
        datum=section.datum,
        place=section.place,
        buildings=None if section.buildings is None else project.resolve(section.buildings),
        buildings_datum=section.buildings_datum,
        join=section.join,
        join_column=section.join_column,
        zones=_zones(project, section),
        kind=section.kind,
        bound=bound,
    )


def _zones(project: Project, section: PopulationSection | CalibrateSection) -> ZoneFields:
    path = None if section.zones is None else project.resolve(section.zones)
    return ZoneFields(path, section.zone_name, section.zone_code, section.zone_township)


def _nobody(project: Project, area: Area) -> Demand:
    """Return the people of a project that names no source of them yet."""
    columns: dict[str, list[Any]] = {"id": [], "source_file": [], "source_row": []}
    points = gpd.GeoDataFrame(columns, geometry=[], crs=area.crs)
    return Demand(
        points, {group: np.zeros(0) for group in project.groups}, pd.DataFrame(columns=list(LEFT_OUT_COLUMNS))
    )
