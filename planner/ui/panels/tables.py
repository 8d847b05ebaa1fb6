"""Tables: the proposed sites in opening order, and coverage by zone."""

from typing import Any

import pandas as pd
import streamlit as st

from planner.results.wording import YUAN_SHOWN
from planner.session.run_results import Results
from planner.ui.words import Words

ROW_PX = 35
ZONES_PX = 420


_BRIEF = ("rank", "name", "gain", "share", "cost")
"""Columns that fit beside the map."""


def show_sites(results: Results, words: Words, *, height_px: int, brief: bool = False) -> str | None:
    """Show the proposed sites in opening order; a `brief` table can be picked from, and the id picked is returned."""
    sites, summary = results.sites, results.summary
    if sites.empty:
        st.caption(words("no_sites"))
        return None
    people = summary["population"][results.group]
    before = summary["covered_before"][results.group]
    table = pd.DataFrame(
        {
            "rank": sites["rank"],
            "name": _text(sites["name"]),
            "gain": sites["gain"],
            "share": (before + sites["cumulative"]) / people * 100 if people else float("nan"),
            "zone": _text(sites["zone"]),
            "kind": _text(sites["kind"]),
            "cost": pd.to_numeric(sites["cost_yuan"]) / YUAN_SHOWN[words.language],
            "loss_if_dropped": sites["loss_if_dropped"],
            "replacement": _text(sites["replacement"]),
            "replacement_loss": sites["replacement_loss"],
        }
    )
    number = st.column_config.NumberColumn
    whole = {
        name: number(words(f"column_{name}"), format="%,d", width=92 if brief else None)
        for name in ("gain", "loss_if_dropped", "replacement_loss")
    }
    table = table.round({"gain": 0, "loss_if_dropped": 0, "replacement_loss": 0})
    picking: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-row"} if brief else {}
    shown = st.dataframe(
        _filled(table[list(_BRIEF)] if brief else table),
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
    summary = results.summary
    people = pd.Series(summary["population"], dtype=float)
    now, then = pd.Series(summary["covered_before"]), pd.Series(summary["covered_after"])
    table = pd.DataFrame(
        {
            "group": [words.group(group) for group in people.index],
            "population": people.round(),
            "share_before": now / people * 100,
            "share_after": then / people * 100,
            "gain": (then - now).round(),
            "uncovered": (people - then).round(),
        }
    )
    _show_coverage(table if after else _today(table, people - now), words, first="group", alt=words("groups_title"))


def show_zones(results: Results, words: Words, *, after: bool = True) -> None:
    """Show coverage before and (unless told not to) after by zone."""
    zones = results.zones
    if zones is None or zones.empty:
        return
    table = pd.DataFrame(
        {
            "zone": _text(zones["zone"]),
            "population": zones["population"].round(),
            "share_before": zones["share_before"] * 100,
            "share_after": zones["share_after"] * 100,
            "gain": (zones["covered_after"] - zones["covered_before"]).round(),
            "uncovered": (zones["population"] - zones["covered_after"]).round(),
            "centres": zones["centres"],
            "sites": zones["sites"],
        }
    )
    if not after:
        table = _today(table, zones["population"] - zones["covered_before"])
    table = table.sort_values("uncovered", ascending=False, kind="stable")
    _show_coverage(table, words, first="zone", alt=words("zones_title"))


def _today(table: pd.DataFrame, uncovered: pd.Series) -> pd.DataFrame:
    """Leave out what a plan would change."""
    changed = [name for name in ("share_after", "gain", "sites") if name in table]
    return table.drop(columns=changed).assign(uncovered=uncovered.round().to_numpy())


def _show_coverage(table: pd.DataFrame, words: Words, *, first: str, alt: str) -> None:
    """Show rows of coverage before and after; the column `first` says whose."""
    number = st.column_config.NumberColumn
    bar = st.column_config.ProgressColumn
    counts = {name: f"column_{name}" for name in ("population", "gain", "uncovered", "centres", "sites")}
    if "share_after" not in table:
        counts["uncovered"] = "column_uncovered_now"
    st.dataframe(
        _filled(table),
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


def _text(column: pd.Series) -> pd.Series:
    return column.map(lambda value: "" if value is None or pd.isna(value) else str(value))


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that hold nothing."""
    empty = [name for name in table.columns if table[name].isna().all() or (table[name].astype(str) == "").all()]
    return table.drop(columns=empty)
