"""What was found in the inputs: every row read, used, repaired, doubted or dropped, each with its reason and remedy.

A reader fills one `InputReport` a file; `planner check` and ``data_report.json`` show them. Nothing here reads a file.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from planner.texts import say_parts

Action = Literal["dropped", "doubtful", "repaired", "note"]


@dataclass(frozen=True)
class Finding:
    """One remark on one row (`row` counts as the user sees it, a table's header being row 1) or, with None, on the file.

    `sheet` is the sheet that the row stands on, where a workbook has several that are read.
    """

    code: str
    action: Action
    row: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    sheet: str | None = None

    def to_dict(self, language: str) -> dict[str, Any]:
        """Return the finding with its sentence and remedy in `language`."""
        what, remedy = say_parts(self.code, language, **self.params)
        return {
            "code": self.code,
            "action": self.action,
            "row": self.row,
            **({} if self.sheet is None else {"sheet": self.sheet}),
            "message": what,
            "remedy": remedy,
        }


@dataclass
class InputReport:
    """The account of one input file. `role` is what the project uses it for: area, streets, population, centres ..."""

    role: str
    file: str
    rows_read: int = 0
    rows_used: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(
        self, code: str, action: Action, row: int | None = None, *, on_sheet: str | None = None, **params: Any
    ) -> None:
        """Note a finding; `code` and `params` pick its sentence in the catalogue."""
        self.findings.append(Finding(code, action, row, params, on_sheet))

    def count(self, action: Action) -> int:
        """Return how many distinct rows have a finding of this kind."""
        found = (finding for finding in self.findings if finding.action == action and finding.row is not None)
        return len({(finding.sheet, finding.row) for finding in found})

    def to_dict(self, language: str) -> dict[str, Any]:
        """Return the account as plain data, sentences in `language`."""
        return {
            "role": self.role,
            "file": self.file,
            "rows_read": self.rows_read,
            "rows_used": self.rows_used,
            "rows_repaired": self.count("repaired"),
            "rows_doubtful": self.count("doubtful"),
            "rows_dropped": self.count("dropped"),
            "figures": self.figures,
            "findings": [finding.to_dict(language) for finding in self.findings],
        }
