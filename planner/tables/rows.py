"""Which file, sheet and row a row of a frame stood in, for whoever has something to say of it."""

from typing import Any

import pandas as pd

from planner.findings import Action, InputReport

_PROVENANCE = ("source_file", "source_sheet", "source_row", "geometry")


def own_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that are the file's own."""
    return [str(name) for name in frame.columns if name not in _PROVENANCE]


class Remarks:
    """Findings on the rows of a frame from `read_table`, by their place in it."""

    def __init__(self, frame: pd.DataFrame, report: InputReport) -> None:
        self.report = report
        self._rows = frame["source_row"].to_numpy()
        self._sheets = frame["source_sheet"].to_numpy(object) if "source_sheet" in frame.columns else None

    def row(self, at: int) -> int:
        """Return the row's number as its reader counts."""
        return int(self._rows[at])

    def add(self, code: str, action: Action, at: int, **params: Any) -> None:
        """Note a finding on the row at `at`."""
        sheet = None if self._sheets is None else self._sheets[at]
        self.report.add(code, action, self.row(at), on_sheet=sheet, **params)
