"""Findings as HTML, since their sentences must wrap: a table for the page, a short list for the panel.

Whatever comes from a file goes through `html`.
"""

import json

import pandas as pd

from planner.ui.panels.findings_tables import role_name, severity_name
from planner.ui.words import Words, html

MOST_SHOWN = 300
"""Rows of the table; the workbook has them all."""

_FIRST = 6


def findings_html(findings: pd.DataFrame, words: Words) -> str:
    """Return findings (`planner.ui.panels.findings_tables.findings_table`) as a table that scrolls within itself."""
    names = ("severity", "role", "file", "row", "message", "remedy")
    head = "".join(f"<th>{html(words(f'finding_{name}'))}</th>" for name in names)
    rows = []
    for each in findings.head(MOST_SHOWN).to_dict("records"):
        cells = [html(role_name(each["role"], words)), html(each["file"]), html(_row(each)), html(each["message"])]
        cells = [_severity(each["severity"], words), *cells, html(each["remedy"])]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    if len(findings) > MOST_SHOWN:
        more = html(words("findings_in_workbook", count=len(findings) - MOST_SHOWN))
        rows.append(f'<tr><td colspan="{len(names)}">{more}</td></tr>')
    body = "".join(rows)
    return f'<div class="planner-findings" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def findings_list(findings: pd.DataFrame, words: Words) -> str:
    """Return the first findings of one file as a list."""
    if findings.empty:
        return f'<p class="planner-upload">{html(words("no_findings"))}</p>'
    lines = []
    for each in findings.head(_FIRST).to_dict("records"):
        where = words("row_of_sheet", sheet=each["sheet"], row=each["row"]).strip() if pd.notna(each["row"]) else ""
        said = f"{html(each['message'])} <em>{html(each['remedy'])}</em>"
        lines.append(f"<li>{_severity(each['severity'], words)} {html(where)} {said}</li>")
    if len(findings) > _FIRST:
        lines.append(f"<li>{html(words('findings_more', count=len(findings) - _FIRST))}</li>")
    return f'<ul class="planner-findings">{"".join(lines)}</ul>'


def uploader_style(words: Words) -> str:
    """Return a style that puts the words of Streamlit's file uploader, which are English, into the page's language."""
    button = json.dumps(words("upload_button"), ensure_ascii=False)
    return f'<style>[data-testid="stFileUploader"] {{ --planner-upload: {button}; }}</style>'


def _severity(severity: str, words: Words) -> str:
    return f'<b class="{html(severity)}">{html(severity_name(severity, words))}</b>'


def _row(finding: dict[str, object]) -> str:
    row = "" if pd.isna(finding["row"]) else str(finding["row"])
    return f"{finding['sheet']} {row}".strip()
