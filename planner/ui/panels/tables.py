"""Tables: the proposed sites in opening order, and coverage by zone."""

from typing import Any

import pandas as pd
import streamlit as st

from planner.results.wording import YUAN_SHOWN
from planner.session.result_tables import coverage_by_group, coverage_by_zone, sites_in_order
from planner.session.results import Results
from planner.ui.words import Words

ROW_PX = 35
ZONES_PX = 420

_BRIEF = ("rank", "name", "gain", "share", "cost")
"""Columns that fit beside the map."""
_WHOLE = (
    "rank", "name", "gain", "share", "zone", "kind", "cost", "loss_if_dropped", "replacement", "replacement_loss",
)  # fmt: skip


def show_sites(results: Results, words: Words, *, height_px: int, brief: bool = False) -> str | None:
    """Show the proposed sites in opening order; a `brief` table can be picked from, and the id picked is returned."""
    if results.sites.empty:
        st.caption(words("no_sites"))
        return None
    sites = sites_in_order(results)
    table = _worded(sites).assign(share=sites["share"] * 100, cost=sites["cost"] / YUAN_SHOWN[words.language])
    table = table[list(_BRIEF if brief else _WHOLE)]
    number = st.column_config.NumberColumn
    whole = {
        name: number(words(f"column_{name}"), format="%,d", width=92 if brief else None)
        for name in ("gain", "loss_if_dropped", "replacement_loss")
    }
    picking: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-row"} if brief else {}
    shown = st.dataframe(
        _filled(table),
        hide_index=True,
        height=min(height_px, ROW_PX * (len(table) + 1) + 3),
        column_config={
            "rank": number(words("column_rank"), width=40),
            "name": st.column_config.TextColumn(words("column_name"), width=122 if brief else 170),
            "share": number(words("column_share"), format="%.1f%%", width=76 if brief else None),
            "cost": number(
                words("column_cost"), width=96 if brief else None, format="%,.2f" if words.language == "zh" else "%,d"
            ),
            **{name: words(f"column_{name}") for name in ("zone", "kind", "replacement")},
            **whole,
        },
        key=f"sites-table-{brief}-{words.language}",
        alt=words("sites_title"),
        **picking,
    )
    rows = shown["selection"]["rows"] if brief else []
    return str(sites["id"].iat[rows[0]]) if rows and rows[0] < len(sites) else None


def show_groups(results: Results, words: Words, *, after: bool = True) -> None:
    """Show coverage before and (unless told not to) after by population group, each by its own walk."""
    table = coverage_by_group(results, after=after)
    table["group"] = [words.group(group) for group in table["group"]]
    _show_coverage(table, words, first="group", alt=words("groups_title"))


def show_zones(results: Results, words: Words, *, after: bool = True) -> None:
    """Show coverage before and (unless told not to) after by zone."""
    if results.zones is not None and len(results.zones):
        _show_coverage(coverage_by_zone(results, after=after), words, first="zone", alt=words("zones_title"))


def _show_coverage(table: pd.DataFrame, words: Words, *, first: str, alt: str) -> None:
    """Show rows of coverage before and after; the column `first` says whose."""
    number = st.column_config.NumberColumn
    bar = st.column_config.ProgressColumn
    counts = {name: f"column_{name}" for name in ("population", "gain", "uncovered", "centres", "sites")}
    if "share_after" not in table:
        counts["uncovered"] = "column_uncovered_now"
    st.dataframe(
        _filled(_worded(table.assign(**{name: table[name] * 100 for name in table if name.startswith("share_")}))),
        hide_index=True,
        height=min(ZONES_PX, ROW_PX * (len(table) + 1) + 3),
        column_config={
            first: st.column_config.TextColumn(words(f"column_{first}")),
            "share_before": bar(words("column_share_before"), format="%.1f%%", min_value=0, max_value=100),
            "share_after": bar(words("column_share_after"), format="%.1f%%", min_value=0, max_value=100),
            **{name: number(words(text), format="%,d") for name, text in counts.items()},
        },
        key=f"{first}-{len(table.columns)}-{words.language}",
        alt=alt,
    )


def _worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts are plain, empty where nothing is known."""
    texts = {name: table[name] for name in ("name", "zone", "kind", "replacement") if name in table}
    return table.assign(
        **{name: column.map(lambda one: "" if pd.isna(one) else str(one)) for name, column in texts.items()}
    )


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that hold nothing."""
    empty = [name for name in table.columns if table[name].isna().all() or (table[name].astype(str) == "").all()]
    return table.drop(columns=empty)
