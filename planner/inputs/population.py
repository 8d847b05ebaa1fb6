"""The sections ``[[population]]`` and ``[calibrate]`` of a project as what `planner.demand` reads."""

from typing import get_args

from planner.demand import Census, PopulationSource, ZoneFields
from planner.demand.model import Bound
from planner.project import Project
from planner.project.sections import CalibrateSection, Files, PopulationSection

BOUNDS: tuple[Bound, ...] = get_args(Bound)


def population_sources(project: Project) -> list[PopulationSource]:
    """Return one source a file or column: several files of a section are one group; its estimates follow it."""
    sources: list[PopulationSource] = []
    for section in project.settings.population:
        for file in project.files(section.source):
            sources.append(_source(project, section, file, section.column, None))
            if not section.is_raster:
                for bound in BOUNDS:
                    column = getattr(section, bound)
                    if column is not None:
                        sources.append(_source(project, section, file, column, bound))
        if section.is_raster:
            for bound in BOUNDS:
                files: Files | None = getattr(section, bound)
                named = [] if files is None else project.files(files)
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
    project: Project, section: PopulationSection, file: str, column: str | None, bound: Bound | None
) -> PopulationSource:
    return PopulationSource(
        path=project.resolve(file),
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
