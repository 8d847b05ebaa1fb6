"""What the names of WorldPop's rasters say: country, sex, age and year; whether the files of a group make up that group.

``chn_f_60_2020.tif``, ``chn_m_0_2020_constrained_UNadj.tif`` and ``chn_t_60_2025_CN_100m_R2025A_v1.tif`` are people of one age
class (the years up to the next class); ``chn_ppp_2020.tif`` and ``chn_pop_2025_CN_100m_R2025A_v1.tif`` are everybody.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from planner.demand.model import PopulationSource

_AGES = (0, 1, *range(5, 95, 5))
"""First years of WorldPop's age classes; the last is open at the end: 80 until 2023, 90 in the releases from R2024 on."""

_BY_AGE = re.compile(r"(?P<country>[a-z]{3})_(?P<sex>[fmt])_(?P<age>\d{1,2})_(?P<year>\d{4})(?P<rest>\D.*)?")
_ALL = re.compile(r"(?P<country>[a-z]{3})_(?:ppp|pop)_(?P<year>\d{4})(?P<rest>\D.*)?")
_RELEASE = re.compile(r"_r(\d{4})")
_PLUS = re.compile(r"age_(\d{1,3})_plus")
_RANGE = re.compile(r"age_(\d{1,3})_(\d{1,3})")
_LISTED = 12


@dataclass(frozen=True)
class Named:
    """What a file's name says; `sex` is f, m or t (both), `age` the first year of its class, None for everybody."""

    country: str
    year: int
    sex: str
    age: int | None
    newer: bool

    @property
    def last_class(self) -> int:
        """First year of the open class of this release."""
        return 90 if self.newer else 80


def parse(file: str) -> Named | None:
    """Return what the name of a WorldPop raster says, None for any other name."""
    stem = file.casefold().rsplit(".", 1)[0]
    match = _BY_AGE.fullmatch(stem) or _ALL.fullmatch(stem)
    if match is None:
        return None
    said = match.groupdict()
    release = _RELEASE.search(said["rest"] or "")
    age = int(said["age"]) if "age" in said else None
    if age is not None and age not in _AGES:
        return None
    newer = (release is not None and int(release[1]) >= 2024) or (age or 0) > 80
    return Named(said["country"], int(said["year"]), said.get("sex", "t"), age, newer)


def check_names(sources: Sequence[PopulationSource]) -> None:
    """Report where the names of a group's rasters do not make up the group: other ages, missing or double ones, other years."""
    groups: dict[str, list[tuple[PopulationSource, Named]]] = {}
    for source in sources:
        named = parse(source.path.name)
        if named is not None and source.bound is None:
            source.report.figures["worldpop"] = {"country": named.country, "year": named.year, "sex": named.sex}
            if named.age is not None:
                source.report.figures["worldpop"]["age"] = named.age
            groups.setdefault(source.group, []).append((source, named))
    for group, files in groups.items():
        _check_alike(files)
        _check_double(group, files)
        if any(named.age is not None for _, named in files) or group != "total":
            _check_ages(group, files)


def ages_of(group: str) -> tuple[int, int | None] | None:
    """Return the first and last year of a group as its name says (None: no end), None where it says nothing of ages."""
    if group == "total":
        return 0, None
    if match := _PLUS.fullmatch(group):
        return int(match[1]), None
    if match := _RANGE.fullmatch(group):
        return int(match[1]), int(match[2])
    return None


def _check_alike(files: Sequence[tuple[PopulationSource, Named]]) -> None:
    first = files[0][1]
    for source, named in files[1:]:
        if (named.country, named.year) != (first.country, first.year):
            other = files[0][0].report.file
            source.report.add("demand.worldpop_differs", "doubtful", file=source.report.file, other=other)


def _check_double(group: str, files: Sequence[tuple[PopulationSource, Named]]) -> None:
    """Report people counted twice: a class given by sex and for both, or an age beside everybody."""
    for at, (source, named) in enumerate(files):
        for other, theirs in files[:at]:
            ages = named.age == theirs.age or None in (named.age, theirs.age)
            sexes = named.sex == theirs.sex or "t" in (named.sex, theirs.sex)
            if ages and sexes:
                source.report.add("demand.worldpop_twice", "doubtful", group=group, other=other.report.file)
                break


def _check_ages(group: str, files: Sequence[tuple[PopulationSource, Named]]) -> None:
    wanted = ages_of(group)
    if wanted is None:
        return
    first, last = wanted
    newer = any(named.newer for _, named in files)
    classes = [age for age in _AGES if age <= (90 if newer else 80)]
    ends = [*(age - 1 for age in classes[1:]), None]
    inside = [
        age
        for age, end in zip(classes, ends, strict=True)
        if age >= first and (last is None or (end is not None and end <= last))
    ]
    for source, named in files:
        if named.age is None:
            source.report.add("demand.worldpop_everybody", "doubtful", group=group)
        elif named.age not in inside:
            source.report.add("demand.worldpop_other_age", "doubtful", group=group, age=named.age)
    if any(named.age is None for _, named in files):
        return
    report = files[0][0].report
    splits = [first not in classes, last is not None and last not in ends]
    if any(splits):
        report.add("demand.worldpop_splits_class", "doubtful", group=group)
    sexes = {named.sex for _, named in files}
    given = {(named.sex, named.age) for _, named in files}
    for sex in ("t",) if sexes == {"t"} else ("f", "m"):
        missing = [age for age in inside if (sex, age) not in given and ("t", age) not in given]
        if missing:
            listed = ", ".join(f"{sex}_{age}" for age in missing[:_LISTED]) + (" …" if len(missing) > _LISTED else "")
            report.add("demand.worldpop_missing", "doubtful", group=group, count=len(missing), listed=listed)
