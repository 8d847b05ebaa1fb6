"""Tables: the proposed sites in opening order, and coverage by zone."""

import pandas as pd
import streamlit as st

from planner.ui.results import Results
from planner.ui.words import YUAN_SHOWN, Words

ROW_PX = 35
ZONES_PX = 420


def show_sites(results: Results, words: Words, *, height_px: int) -> None:
    """Show the proposed sites in opening order."""
    sites, summary = results.sites, results.summary
    if sites.empty:
        st.caption(words("no_sites"))
        return
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
        name: number(words(f"column_{name}"), format="%,d") for name in ("gain", "loss_if_dropped", "replacement_loss")
    }
    st.dataframe(
        _filled(table.round({"gain": 0, "loss_if_dropped": 0, "replacement_loss": 0})),
        hide_index=True,
        height=min(height_px, ROW_PX * (len(table) + 1) + 3),
        column_config={
            "rank": number(words("column_rank"), width=44),
            "name": st.column_config.TextColumn(words("column_name"), width=170),
            "share": number(words("column_share"), format="%.1f%%"),
            "cost": number(words("column_cost"), format="%,.2f" if words.language == "zh" else "%,d"),
            **{name: words(f"column_{name}") for name in ("zone", "kind", "replacement")},
            **whole,
        },
        key=f"sites-{words.language}",
        alt=words("sites_title"),
    )


def show_groups(results: Results, words: Words) -> None:
    """Show coverage before and after by population group, each by its own walk."""
    summary = results.summary
    people = pd.Series(summary["population"], dtype=float)
    before, after = pd.Series(summary["covered_before"]), pd.Series(summary["covered_after"])
    table = pd.DataFrame(
        {
            "group": [words.group(group) for group in people.index],
            "population": people.round(),
            "share_before": before / people * 100,
            "share_after": after / people * 100,
            "gain": (after - before).round(),
            "uncovered": (people - after).round(),
        }
    )
    _show_coverage(table, words, first="group", key=f"groups-{words.language}", alt=words("groups_title"))


def show_zones(results: Results, words: Words) -> None:
    """Show coverage before and after by zone."""
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
    table = table.sort_values("uncovered", ascending=False, kind="stable")
    _show_coverage(table, words, first="zone", key=f"zones-{words.language}", alt=words("zones_title"))


def _show_coverage(table: pd.DataFrame, words: Words, *, first: str, key: str, alt: str) -> None:
    """Show rows of coverage before and after; the column `first` says whose."""
    number = st.column_config.NumberColumn
    bar = st.column_config.ProgressColumn
    counts = ("population", "gain", "uncovered", "centres", "sites")
    st.dataframe(
        _filled(table),
        hide_index=True,
        height=min(ZONES_PX, ROW_PX * (len(table) + 1) + 3),
        column_config={
            first: st.column_config.TextColumn(words(f"column_{first}")),
            "share_before": bar(words("column_share_before"), format="%.1f%%", min_value=0, max_value=100),
            "share_after": bar(words("column_share_after"), format="%.1f%%", min_value=0, max_value=100),
            **{name: number(words(f"column_{name}"), format="%,d") for name in counts},
        },
        key=key,
        alt=alt,
    )


def _text(column: pd.Series) -> pd.Series:
    return column.map(lambda value: "" if value is None or pd.isna(value) else str(value))


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that hold nothing."""
    empty = [name for name in table.columns if table[name].isna().all() or (table[name].astype(str) == "").all()]
    return table.drop(columns=empty)
