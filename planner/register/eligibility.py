"""Which candidate sites are out of the question: rules as data, by what a column of the register says.

The standard rules are in ``standard_rules.toml`` beside this, each with the law or standard that it follows; a project switches
them off or adds its own. A rule is applied only where the register has its column, and only to what may be opened (status
candidate or required); each exclusion is reported with the words that led to it.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.register.corrections import NUMBERS
from planner.register.exclusions import PLACELESS, REASON, exclude
from planner.register.row_findings import RowFindings, column_name
from planner.tables import PLACE_COLUMNS, REGISTER_COLUMNS, half_width
from planner.texts import Sentence

FIELDS = ("name", "kind", "stage", *PLACE_COLUMNS, *REGISTER_COLUMNS, *NUMBERS)
"""The columns that a rule may look at."""


@dataclass(frozen=True)
class Eligibility:
    """A rule: a cell of `field` that holds one of `words`, or is one of `exact`, or a number below or above, is excluded.

    A cell that holds one of `unless` (无争议), or begins with one of `no` (否，距隐患点 500 米), is not. `reason` becomes
    the site's `excluded_reason`: a standard rule's code, which the catalogues know, or a project's own words.
    """

    field: str
    reason: str
    words: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    below: float | None = None
    above: float | None = None
    no: tuple[str, ...] = ()
    is_standard: bool = False

    def excludes(self, cell: object) -> bool:
        """Return whether what a cell says excludes its row; a blank cell does not."""
        if cell is None or pd.isna(cell):
            return False
        if self.below is not None or self.above is not None:
            number = float(cell) if isinstance(cell, int | float | np.number) else np.nan
            under = self.below is not None and number < self.below
            return under or (self.above is not None and number > self.above)
        plain = _plain(str(cell))
        if any(_plain(word) in plain for word in self.unless) or plain.startswith(tuple(map(_plain, self.no))):
            return False
        return plain in map(_plain, self.exact) or any(_plain(word) in plain for word in self.words)


@cache
def standard_rules() -> tuple[Eligibility, ...]:
    """Return the rules that law and standards give."""
    text = (files(__package__) / "standard_rules.toml").read_text(encoding="utf-8")
    return tuple(
        Eligibility(
            rule["field"],
            rule["code"],
            tuple(rule.get("words", ())),
            tuple(rule.get("exact", ())),
            tuple(rule.get("unless", ())),
            no=tuple(rule.get("no", ())),
            is_standard=True,
        )
        for rule in tomllib.loads(text)["rule"]
    )


def reasons() -> tuple[str, ...]:
    """Return why the register leaves rows out, by code; a project's own rules give their reason in words."""
    return (*PLACELESS, "duplicate", *(rule.reason for rule in standard_rules()))


def apply_rules(points: gpd.GeoDataFrame, rules: Sequence[Eligibility], findings: RowFindings) -> gpd.GeoDataFrame:
    """Return the points with those excluded that a rule excludes; the first rule that does counts."""
    open_to = points["status"].isin(["candidate", "required"]).to_numpy() & points[REASON].isna().to_numpy()
    for rule in rules:
        cells = points[rule.field].to_numpy(object)
        barred = {cell: rule.excludes(cell) for cell in pd.unique(cells)}
        rows = [at for at in map(int, np.flatnonzero(open_to)) if barred.get(cells[at], False)]
        open_to[rows] = False
        points = exclude(points, rows, rule.reason, by="eligibility")
        for at in rows:
            said = {"name": points["name"].iat[at], "field": column_name(rule.field), "value": cells[at]}
            if rule.is_standard:
                why = Sentence(f"register.excluded_{rule.reason}", {})
                law = Sentence(f"register.law_{rule.reason}", {})
                findings.add(at, "register.ineligible_by_law", "note", reason=why, law=law, **said)
            else:
                findings.add(at, "register.ineligible", "note", reason=rule.reason, **said)
    return points


def _plain(text: str) -> str:
    return "".join(half_width(text).casefold().split())
