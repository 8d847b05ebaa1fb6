"""Who said what: findings on the rows of a register that was read from many files, each in its own file's report."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.findings import Action, InputReport
from planner.texts import Sentence


class RowFindings:
    """The reports of a register's files, by the number that its rows carry in `report_no`."""

    def __init__(self, points: gpd.GeoDataFrame, reports: Sequence[InputReport]) -> None:
        self.reports = reports
        self._of = points["report_no"].to_numpy()
        self._rows = points["source_row"].to_numpy()
        self._sheets = points["source_sheet"].to_numpy(object)
        self._files = points["source_file"].to_numpy(object)

    def report_of(self, at: int) -> InputReport:
        """Return the report of the file that the row at `at` stands in."""
        return self.reports[self._of[at]]

    def add(self, at: int, code: str, action: Action, **params: Any) -> None:
        """Note a finding on the row at `at`."""
        sheet = self._sheets[at]
        on_sheet = None if sheet is None or pd.isna(sheet) else str(sheet)
        self.report_of(at).add(code, action, int(self._rows[at]), on_sheet=on_sheet, **params)

    def take_back(self, code: str, rows: NDArray[np.int64]) -> None:
        """Take back what `code` said of some rows, where something else says it better."""
        said = {(int(self._of[at]), int(self._rows[at])) for at in rows}
        for number in {number for number, _ in said}:
            findings = self.reports[number].findings
            findings[:] = [each for each in findings if each.code != code or (number, each.row) not in said]

    def where(self, at: int, seen_from: int) -> Sentence:
        """Return where a row stands: file, sheet and row, without the file where it is that of `seen_from`."""
        sheet = self._sheets[at]
        parts = [] if self._of[at] == self._of[seen_from] else [str(self._files[at])]
        parts += [] if sheet is None or pd.isna(sheet) else [str(sheet)]
        row = {"row": int(self._rows[at])}
        if parts:
            return Sentence("register.where_file_row", {"file": " ".join(parts), **row})
        return Sentence("register.where_row", row)


def in_words(columns: Sequence[Sentence]) -> Sentence:
    """Return sentences as one, a semicolon of the reader's language between them."""
    first, *rest = columns
    return Sentence("register.differences", {"first": first, "rest": in_words(rest)}) if rest else first


def column_name(column: str) -> Sentence:
    """Return a canonical column as the survey's header calls it."""
    return Sentence(f"register.header_{column}", {})


def objects(points: pd.DataFrame, values: Sequence[Any] | NDArray[np.object_]) -> pd.Series:
    """Return values as a column of objects beside the points, in which None stays None."""
    return pd.Series(list(values), index=points.index, dtype=object)
