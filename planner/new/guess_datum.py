"""Which datum a table's coordinates are in, judged by what is certain already: facilities stand beside streets.

A guess only: it is written into the project file with its figures, and from then on it is what the project declares.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.boundaries import Area
from planner.coverage import Places
from planner.crs import WGS84
from planner.errors import CRSError, PlannerError
from planner.findings import InputReport
from planner.gauss_kruger import meridian_name
from planner.inputs.area import area_of
from planner.inputs.streets import network_of
from planner.new.section_draft import SectionDraft
from planner.new.toml import section_text
from planner.project import FILE_NAME, load
from planner.streets import StreetNetwork
from planner.tables import find_columns, positions
from planner.tables.headers import named_datum
from planner.tables.rows import own_columns

_SHIFTED = ("WGS-84", "GCJ-02", "BD-09")
_FAR_M = 2_000.0  # farther from any street than this is simply far
_GROUND_M = 10.0  # nearer than this all distances are alike: a place has its own size
_CHANCE = 0.01
_LEAST_ROWS = 8
MUCH_NEARER = 0.7
"""A datum that nothing proves is still written where its points lie nearer to streets than this share of the first one's."""


@dataclass(frozen=True)
class Ground:
    """The area and the streets of the new project, by which datums are judged."""

    area: Area
    network: StreetNetwork
    undecided: list["_Undecided"] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """The datums that single tables tell for certain."""


@dataclass(frozen=True)
class _Undecided:
    """A table that does not tell its datum alone: its sections, and its points' distances to streets by datum."""

    sections: Sequence[SectionDraft]
    file: Path
    metres: dict[str, NDArray[np.float64]]


def ground_of(folder: Path, area: SectionDraft, streets: Sequence[SectionDraft]) -> Ground:
    """Read area and streets; a layer without a coordinate system gets the datum by which it can be read, noted.

    Raises
    ------
    PlannerError
        They cannot be read, or do not meet.
    """
    read_area = _area_in(folder, area, streets)
    try:
        return Ground(read_area, _network(folder, area, streets))
    except CRSError as fault:
        if fault.code not in ("tables.no_crs", "streets.lines_no_crs"):
            raise
        west, _, east, _ = read_area.geometry.bounds
        for datum in ("WGS-84", *_meridians((west + east) / 2)):
            changed = [SectionDraft(one.head, one.keys | _datum_key(one, datum), one.several) for one in streets]
            try:
                network = _network(folder, area, changed)
            except PlannerError:
                continue
            for one, other in zip(streets, changed, strict=True):
                if one.keys != other.keys:
                    one.keys |= other.keys
                    one.note("new.lines_datum", file=one.keys["source"], datum=datum)
            return Ground(read_area, network)
        raise


def guess_datum(frame: pd.DataFrame, ground: Ground, sections: Sequence[SectionDraft], *, file: Path) -> None:
    """Give the sections of a table of points their datum, and note why: what a header names, else what brings them to streets.

    What a table does not tell alone waits for `settle_datums`.
    """
    columns = find_columns(own_columns(frame), ("longitude", "latitude", "lonlat", "latlon"))
    named = next((datum for header in columns.values() if (datum := named_datum(header))), None)
    if named is not None and _distances_m(frame, named, ground) is not None:
        sections[0].note("new.datum_named", file=file, datum=named)
        _give(sections, named)
        return
    west, _, east, _ = ground.area.geometry.bounds
    tried = {datum: _distances_m(frame, datum, ground) for datum in _SHIFTED}
    if all(metres is None for metres in tried.values()):
        more = ("CGCS2000", *_meridians((west + east) / 2), *_utm(ground.area))
        tried = {datum: _distances_m(frame, datum, ground) for datum in more}
    known = {datum: metres for datum, metres in tried.items() if metres is not None}
    if not known:
        sections[0].note("new.datum_unknown", file=file)
        _give(sections, "WGS-84")
        return
    best, certain = _nearest(known)
    _give(sections, best)
    if certain:
        ground.told.add(best)
        sections[0].note("new.datum_guessed", file=file, datum=best, figures=_figures(known))
    else:
        ground.undecided.append(_Undecided(sections, file, known))


def settle_datums(ground: Ground) -> None:
    """Judge the tables of a role together that do not tell their datum alone; else write the likeliest, to be asked about."""
    told = {_likeliest(table.metres) for table in ground.undecided} - {"WGS-84"} | ground.told
    for head in dict.fromkeys(table.sections[0].head for table in ground.undecided):
        tables = [table for table in ground.undecided if table.sections[0].head == head]
        tried = [datum for datum in tables[0].metres if all(datum in table.metres for table in tables)]
        pooled = {datum: np.concatenate([table.metres[datum] for table in tables]) for datum in tried}
        together, certain = _nearest(pooled) if len(tables) > 1 and tried else ("", False)
        for table in tables:
            if certain:
                said = {"datum": together, "figures": _figures(pooled), "count": len(tables)}
            else:
                nearest = _nearest_median(table.metres)  # where another table tells it, leaning to the same is enough
                datum = nearest if nearest in told else _likeliest(table.metres)
                said = {"datum": datum, "figures": _figures(table.metres)}
            _give(table.sections, str(said["datum"]))
            table.sections[0].note(f"new.datum_{'together' if certain else 'undecided'}", file=table.file, **said)


def _give(sections: Sequence[SectionDraft], datum: str) -> None:
    for section in sections:
        section.keys["datum"] = datum


def _figures(metres: dict[str, NDArray[np.float64]]) -> str:
    return ", ".join(f"{datum} {np.median(each):,.0f} m" for datum, each in metres.items())


def _likeliest(metres: dict[str, NDArray[np.float64]]) -> str:
    """Return the datum whose median distance is much less than the first one's, else the first one."""
    first, best = next(iter(metres)), _nearest_median(metres)
    return best if np.median(metres[best]) <= MUCH_NEARER * np.median(metres[first]) - _GROUND_M else first


def _nearest_median(metres: dict[str, NDArray[np.float64]]) -> str:
    return min(metres, key=lambda datum: float(np.median(metres[datum])))


def _nearest(known: dict[str, NDArray[np.float64]]) -> tuple[str, bool]:
    """Return the datum whose points lie nearest to streets, and whether it is so beyond chance; else the first one."""
    near = np.min(list(known.values()), axis=0) < _FAR_M  # what is far from streets in all of them says nothing
    logs = {datum: np.log(metres[near] + _GROUND_M) for datum, metres in known.items()}
    first = next(iter(known))
    if len(known) == 1:
        return first, bool(near.any())
    if near.sum() < _LEAST_ROWS:
        return first, False
    best = min(logs, key=lambda datum: float(logs[datum].mean()))
    certain = all(_differ(logs[best], logs[other]) for other in logs if other != best)
    return (best, True) if certain else (first, False)


def _differ(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return whether one set of distances is another than the other by Wilcoxon's signed ranks (Biometrics 1945)."""
    from scipy.stats import wilcoxon  # slow to import

    return bool((one != other).any()) and float(wilcoxon(one, other).pvalue) < _CHANCE


def _distances_m(frame: pd.DataFrame, datum: str, ground: Ground) -> NDArray[np.float64] | None:
    """Return the distances of a table's points to a street, read in `datum`, far ones cut off; None where they cannot be."""
    try:
        located = positions(frame, datum=datum, report=InputReport("guess", ""))
        points = gpd.GeoSeries(gpd.points_from_xy(located.longitude, located.latitude), crs=WGS84)
        metres = Places.of(ground.network, points, max_snap_m=_FAR_M).snapped.distance_m
    except PlannerError:
        return None
    return np.minimum(np.nan_to_num(metres, nan=_FAR_M), _FAR_M) if np.isfinite(located.longitude).any() else None


def _area_in(folder: Path, area: SectionDraft, streets: Sequence[SectionDraft]) -> Area:
    try:
        return area_of(_project(folder, [area, *streets]), InputReport("area", ""))
    except CRSError as fault:
        if fault.code != "tables.no_crs":
            raise
        found = area_of(
            _project(folder, [SectionDraft("area", area.keys | {"datum": "WGS-84"}), *streets]), InputReport("area", "")
        )
        area.keys["datum"] = "WGS-84"
        area.note("new.area_datum", file=area.keys["boundary"])
        return found


def _network(folder: Path, area: SectionDraft, streets: Sequence[SectionDraft]) -> StreetNetwork:
    project = _project(folder, [area, *streets])
    return network_of(project, area_of(project, InputReport("area", "")))


def _project(folder: Path, sections: Sequence[SectionDraft]):  # type: ignore[no-untyped-def]
    """Return the unfinished project of some sections."""
    parts = [SectionDraft("project", {"name": "new"}), *sections]
    (folder / FILE_NAME).write_text(
        "\n".join(section_text(part, "en") for part in parts), encoding="utf-8", newline="\n"
    )
    return load(folder, unfinished=True)


def _datum_key(section: SectionDraft, datum: str) -> dict[str, str]:
    """Return the datum for a layer of lines; OpenStreetMap says itself what its numbers are."""
    name = str(section.keys["source"]).lower()
    return {} if name.endswith((".osm", ".pbf", ".gz", ".bz2", ".graphml")) else {"datum": datum}


def _meridians(longitude: float) -> list[str]:
    """Return the 3-degree Gauss-Kruger systems of CGCS2000 around a longitude, the nearest first."""
    nearest = 3 * round(longitude / 3)
    return [meridian_name(float(nearest + step)) for step in (0, -3, 3)]


def _utm(area: Area) -> list[str]:
    code = area.crs.to_epsg()
    return [] if code is None else [f"EPSG:{code}"]
