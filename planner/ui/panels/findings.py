"""The data report on the page: one row an input, and every finding, filtered as the reader wants."""

from typing import Any

import streamlit as st

from planner.ui.panels.findings_html import findings_html
from planner.ui.panels.findings_tables import (
    SEVERITIES,
    findings_table,
    findings_workbook,
    inputs_table,
    role_name,
    severity_name,
)
from planner.ui.panels.tables import ROW_PX
from planner.ui.words import Words

_INPUTS_PX = 215


def show_inputs(report: dict[str, Any], words: Words) -> None:
    """Show what was read of every input."""
    table = inputs_table(report, words)
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        height=min(_INPUTS_PX, ROW_PX * (len(table) + 1) + 3),
        column_config={
            "role": st.column_config.TextColumn(words("finding_role"), width=80),
            "file": st.column_config.TextColumn(words("finding_file"), width=110),
            **{
                name: number(words(f"rows_{name}"), format="%,d", width=56)
                for name in ("read", "used", "dropped", "doubtful")
            },
        },
        key=f"data-inputs-{words.language}",
        alt=words("inputs_title"),
    )


def show_findings(report: dict[str, Any], words: Words) -> None:
    """Show findings with filters by severity and role, and a download of those that are left."""
    findings, key = findings_table(report), "data-findings"
    if findings.empty:
        st.caption(words("no_findings"))
        return
    counts, roles = findings["severity"].value_counts(), list(dict.fromkeys(findings["role"]))
    left, middle, right = st.columns([1.4, 1.4, 1], vertical_alignment="bottom")
    severities = left.pills(
        words("finding_severity"),
        [each for each in SEVERITIES if each in counts],
        selection_mode="multi",
        default=[each for each in SEVERITIES[:2] if each in counts] or [each for each in SEVERITIES if each in counts],
        format_func=lambda each: f"{severity_name(each, words)} {counts[each]:,}",
        key=f"{key}-severity-{words.language}",
    )
    wanted = middle.multiselect(
        words("finding_role"),
        roles,
        format_func=lambda role: role_name(role, words),
        placeholder=words("all"),
        key=f"{key}-role-{words.language}",
    )
    left_over = findings[findings["severity"].isin(severities) & findings["role"].isin(wanted or roles)]
    right.download_button(
        words("findings_download", count=f"{len(left_over):,}"),
        lambda: findings_workbook(left_over, words),
        file_name="findings.xlsx",
        mime="application/octet-stream",
        on_click="ignore",
        width="stretch",
        key=f"{key}-download",
    )
    st.html(findings_html(left_over, words))
