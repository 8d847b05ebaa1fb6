"""Sources of people to one `Demand`: each file is read once, its groups share its points, and ids follow the order given."""

from collections.abc import Hashable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.boundaries import Area
from planner.demand.model import LEFT_OUT_COLUMNS, Demand, Floats, Job, Part, PopulationSource
from planner.demand.point_tables import read_points
from planner.demand.polygons import read_polygons
from planner.demand.rasters import RASTER_SUFFIXES, Grid, grid_of, read_rasters
from planner.errors import InputError
from planner.findings import InputReport
from planner.tables import VECTOR_SUFFIXES, read_table, read_vector


def build(sources: Sequence[PopulationSource], *, area: Area, reports: Sequence[InputReport]) -> Demand:
    """Return the people of all sources in the area as demand points; `reports` holds one report per source, to be filled.

    Points stand in the order of the sources, in a source by row or cell. Rasters on one grid, and columns of one file, share
    points. Points with nobody in any group are left off.

    Raises
    ------
    InputError
        A file cannot be read, holds negative people, does not overlap the area, or has nobody in it.
    CRSError, GeometryError
        Its coordinates or shapes cannot be used.
    """
    jobs = [Job(source, report) for source, report in zip(sources, reports, strict=True)]
    bundles: dict[Hashable, list[Job]] = {}
    for job in jobs:
        bundles.setdefault(_place_of(job.source), []).append(job)
    parts = [_read(key, bundle, area) for key, bundle in bundles.items()]
    for job in jobs:
        if not job.report.figures["people_in_area"] > 0:
            outside = round(job.report.figures["people_outside"], 1)
            raise InputError("demand.nobody_in_area", file=job.report.file, group=job.source.group, outside=outside)
    return _joined(parts, [job.source.group for job in jobs], area)


def _place_of(source: PopulationSource) -> Hashable:
    """Return what sources that share their points have in common."""
    if source.path.suffix.lower() in RASTER_SUFFIXES:
        return grid_of(source.path)
    return source.path, source.datum


def _read(key: Hashable, jobs: list[Job], area: Area) -> Part:
    if isinstance(key, Grid):
        part = read_rasters(jobs, key, area)
    else:
        part = _read_table(jobs, area)
    people = np.sum([weight > 0 for weight in part.weights.values()], axis=0)
    for job in jobs:
        job.report.figures["points"] = int((people > 0).sum())
    return part


def _read_table(jobs: list[Job], area: Area) -> Part:
    path, report = jobs[0].source.path, jobs[0].report
    if path.suffix.lower() in VECTOR_SUFFIXES:
        frame = read_vector(path, report=report)
        kinds = shapely.get_type_id(frame.geometry.to_numpy())
        if np.isin(kinds, (3, 6)).any():
            return read_polygons(jobs, frame, area)
        return read_points(jobs, frame, area)
    return read_points(jobs, read_table(path, report=report), area)


def _joined(parts: list[Part], groups: list[str], area: Area) -> Demand:
    """Return all parts one behind the other, without the points that nobody stands on."""
    sizes = [len(part.rows) for part in parts]
    weights: dict[str, Floats] = {
        group: np.concatenate(
            [part.weights.get(group, np.zeros(size)) for part, size in zip(parts, sizes, strict=True)]
        )
        for group in dict.fromkeys(groups)
    }
    peopled = np.logical_or.reduce([weight > 0 for weight in weights.values()])
    files = np.repeat(np.array([part.file for part in parts], dtype=object), sizes)[peopled]
    rows, x, y = (np.concatenate([getattr(part, name) for part in parts])[peopled] for name in ("rows", "x", "y"))
    ids = np.array([f"d{number:07d}" for number in range(1, len(rows) + 1)], dtype=object)
    points = gpd.GeoDataFrame(
        {"id": ids, "source_file": files, "source_row": rows}, geometry=shapely.points(x, y), crs=area.crs
    )
    left_out = pd.DataFrame([row for part in parts for row in part.left_out], columns=list(LEFT_OUT_COLUMNS))
    left_out = left_out.astype({"people": np.float64, "source_row": np.int64})
    return Demand(points, {group: weight[peopled] for group, weight in weights.items()}, left_out)
