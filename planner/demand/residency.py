"""Resident (常住) and registered (户籍) people are two counts of one place: told apart by header or by word, never added up."""

import re
from collections.abc import Sequence

from planner.demand.model import Kind, PeopleTable, PopulationSource
from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.headers import fold

_KIND_WORDS: dict[Kind, re.Pattern[str]] = {
    "resident": re.compile(r"常住|resident(?!ial)|usualpopulation"),
    "registered": re.compile(r"户籍|registered|hukou"),
}
_PEOPLE = re.compile(r"(?:七普|普查)?(?:常住|户籍)?(?:总人口|人口)(?:数量|总数|数)?|(?:常住|户籍)人数|人数")
_PEOPLE_ENGLISH = frozenset(
    ["population", "pop", "people", "totalpopulation", "residents", "residentpopulation", "registeredpopulation"]
)


def kind_of(header: str) -> Kind | None:
    """Return which people a header says it counts, None where it does not say, or says both."""
    name = fold(header)
    found = [kind for kind, words in _KIND_WORDS.items() if words.search(name)]
    return found[0] if len(found) == 1 else None


def people_column(headers: Sequence[str], kind: Kind | None, *, report: InputReport) -> str | None:
    """Return the one column that can hold the people, where the project names none; None where none or several could.

    Raises
    ------
    InputError
        There are resident and registered people, and nothing says which are meant.
    """
    found = [header for header in headers if _is_people(fold(header))]
    kinds = {kind_of(header) for header in found}
    if kind is not None:
        found = [header for header in found if kind_of(header) == kind] or [h for h in found if kind_of(h) is None]
    elif {"resident", "registered"} <= kinds:
        raise InputError("demand.two_kinds_of_column", file=report.file, columns=", ".join(found))
    if len(found) != 1:
        return None
    report.add("demand.column_recognised", "note", column=found[0])
    return found[0]


def note_kind(source: PeopleTable, column: str | None) -> None:
    """State in a source's report which people its column counts; where header and project disagree, the project's word counts."""
    said, declared = None if column is None else kind_of(column), source.section.kind
    if said is not None and declared is not None and said != declared:
        source.report.add("demand.kind_contradicts", "doubtful", column=column, kind=declared)
    if said == "registered" and declared is None and source.group == "total":
        source.report.add("demand.registered_as_total", "doubtful", column=column)
    if declared or said:
        source.report.figures["kind"] = declared or said


def refuse_two_kinds(sources: Sequence[PopulationSource]) -> None:
    """Refuse a group of which some people are counted where they live and others where they are registered.

    Raises
    ------
    InputError
        With the group and its sources.
    """
    found: dict[str, dict[str, str]] = {}
    for source in sources:
        if kind := source.report.figures.get("kind"):
            column = source.report.figures.get("columns", {}).get("people") or source.column
            place = f"{source.report.file}" + (f" ({column})" if column else "")
            found.setdefault(source.group, {}).setdefault(kind, place)
    for group, kinds in found.items():
        if len(kinds) > 1:
            raise InputError("demand.two_kinds", group=group, **kinds)


def _is_people(name: str) -> bool:
    return _PEOPLE.fullmatch(name) is not None or name in _PEOPLE_ENGLISH
