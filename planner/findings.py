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
    """The account of one input file. `role` is what the project uses it for: area, streets, population, centres ...

    `rows_used` counts all rows in use, those repaired or doubted among them; `waiting` are the rows, by sheet and number,
    that are kept until somebody says where they lie.
    """

    role: str
    file: str
    rows_read: int = 0
    rows_used: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    waiting: set[tuple[str | None, int]] = field(default_factory=set)

    def add(
        self, code: str, action: Action, row: int | None = None, *, on_sheet: str | None = None, **params: Any
    ) -> None:
        """Note a finding; `code` and `params` pick its sentence in the catalogue."""
        self.findings.append(Finding(code, action, row, params, on_sheet))

    def count(self, action: Action) -> int:
        """Return how many distinct rows have a finding of this kind."""
        return len(self._rows_of(action))

    def fates(self) -> dict[str, int]:
        """Return how many rows met which fate, each row one: read = used + repaired + doubtful + dropped + waiting.

        Used are those in use of which nothing is to be said; dropped are all that are in no use and do not wait, what lies
        outside the area among them.
        """
        read, in_use = max(self.rows_read, self.rows_used), self.rows_used
        rows = {action: self._rows_of(action) for action in ("dropped", "doubtful", "repaired")}
        gone = rows["dropped"] | self.waiting
        waiting = min(len(self.waiting), read - in_use)
        doubtful = min(len(rows["doubtful"] - gone), in_use)
        repaired = min(len(rows["repaired"] - rows["doubtful"] - gone), in_use - doubtful)
        used, dropped = in_use - doubtful - repaired, read - in_use - waiting
        assert read == used + repaired + doubtful + dropped + waiting and min(used, dropped) >= 0, (
            self.role,
            self.file,
        )
        return {
            "read": read,
            "used": used,
            "repaired": repaired,
            "doubtful": doubtful,
            "dropped": dropped,
            "waiting": waiting,
        }

    def _rows_of(self, action: str) -> set[tuple[str | None, int]]:
        return {(each.sheet, each.row) for each in self.findings if each.action == action and each.row is not None}

    def to_dict(self, language: str) -> dict[str, Any]:
        """Return the account as plain data, sentences in `language`."""
        return {
            "role": self.role,
            "file": self.file,
            **{f"rows_{fate}": count for fate, count in self.fates().items()},
            "figures": self.figures,
            "findings": [finding.to_dict(language) for finding in self.findings],
        }
