"""The data report as tables for the page: one row an input, one row a finding; and the findings as a workbook."""

from typing import Any

import pandas as pd

from planner.deliver.workbook import table_workbook
from planner.texts import say
from planner.ui.words import Words

SEVERITIES = ("dropped", "doubtful", "repaired", "note")
"""What may be said of a row, the gravest first."""


def inputs_table(report: dict[str, Any], words: Words) -> pd.DataFrame:
    """Return role, file and numbers of rows (read, used, doubtful, dropped) of every input, in the order of reading."""
    rows = [
        {
            "role": role_name(account["role"], words),
            "file": account["file"],
            **{count: account[f"rows_{count}"] for count in ("read", "used", "dropped", "doubtful")},
        }
        for account in report["inputs"]
    ]
    return pd.DataFrame(rows, columns=["role", "file", "read", "used", "dropped", "doubtful"])


def findings_table(report: dict[str, Any]) -> pd.DataFrame:
    """Return every finding, the gravest first: `severity` and `role` as codes, file, row as its reader counts, message, remedy.

    Groups of people whom nothing reaches stand among them as doubts about the population.
    """
    rows = [
        {
            "severity": finding["action"],
            "role": account["role"],
            "file": account["file"],
            "sheet": finding.get("sheet", ""),
            "row": finding["row"],
            "message": finding["message"],
            "remedy": finding["remedy"],
        }
        for account in report["inputs"]
        for finding in account["findings"]
    ]
    for cluster in report.get("unreached", {}).get("clusters", []):
        told = {name: cluster[name] for name in ("message", "remedy")}
        rows.append({"severity": "doubtful", "role": "population", "file": "", "sheet": "", "row": None, **told})
    table = pd.DataFrame(rows, columns=["severity", "role", "file", "sheet", "row", "message", "remedy"])
    table["row"] = table["row"].astype("Int64")
    order = table["severity"].map(SEVERITIES.index)
    return table.iloc[order.argsort(kind="stable")].reset_index(drop=True) if len(table) else table


def worded(findings: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return findings with severity and role in words and the headers of the page, columns that say nothing left out."""
    table = findings.assign(
        severity=[severity_name(severity, words) for severity in findings["severity"]],
        role=[role_name(role, words) for role in findings["role"]],
    )
    if not (table["sheet"] != "").any():
        table = table.drop(columns="sheet")
    return table.rename(columns={name: words(f"finding_{name}") for name in table.columns})


def findings_workbook(findings: pd.DataFrame, words: Words) -> bytes:
    """Return findings as an Excel workbook in which no cell is a formula."""
    return table_workbook(words("findings_title"), worded(findings, words), words.language)


def role_name(role: str, words: Words) -> str:
    """Return what an input is used for, in words."""
    return say(f"cli.role_{role}", words.language)


def severity_name(severity: str, words: Words) -> str:
    """Return what was done with a row, in words."""
    return say(f"cli.action_{severity}", words.language)
