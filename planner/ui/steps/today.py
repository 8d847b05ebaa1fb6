"""Step "Today": who is covered now, by group and zone, and where the largest gaps are."""

from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from planner.crs import WGS84
from planner.session.map_events import Event
from planner.session.results import Results
from planner.session.state import Session
from planner.study.map_questions import Gap
from planner.ui.map import layers
from planner.ui.map.place_card import place_card
from planner.ui.map.publish import published_once
from planner.ui.map.view import Changing
from planner.ui.panels.tables import show_groups, show_zones
from planner.ui.words import Words, html

_LIST_PX = 300


def show(session: Session, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    shared, group = session.shared, session.settings.group
    results, gaps = shared.results_today(group), shared.gaps(group)
    st.html(f'<h2 class="planner-heading">{html(words("gaps_title"))}</h2>')
    st.caption(words("gaps_note"))
    picked = _list(gaps, session, words)
    if len(results.summary["population"]) > 1:
        st.html(f'<h2 class="planner-heading">{html(words("groups_title"))}</h2>')
        show_groups(results, words, after=False)
    here = place_card(session, shared.today(group), words)
    if event is None and picked is not None and st.session_state.get("gap_shown") != picked:
        gap = gaps[picked]
        here = layers.here((gap.longitude, gap.latitude), _name(picked, gap, words), _lines(gap, session, words))
    st.session_state["gap_shown"] = picked
    shown = published_once(shared, ("today", group), lambda: _drawn(results, gaps))
    return Changing(layers={**shown, "here": here}, shown=("before", "gaps", "candidates", "here"), step="today")


def below(session: Session, words: Words) -> None:
    """Show coverage by zone, the whole width."""
    results = session.shared.results_today(session.settings.group)
    if results.zones is not None:
        st.html(f'<h2 class="planner-heading">{html(words("zones_title"))}</h2>')
        show_zones(results, words, after=False)


def _drawn(results: Results, gaps: list[Gap]) -> dict[str, Any]:
    table = gpd.GeoDataFrame(
        {"number": range(1, len(gaps) + 1), "people": [gap.people for gap in gaps]},
        geometry=[gap.shape for gap in gaps],
        crs=WGS84,
    )
    return {
        "people": layers.people(results),
        "gaps": layers.gaps(table),
        "candidates": layers.candidates(results.candidates),
    }


def _list(gaps: list[Gap], session: Session, words: Words) -> int | None:
    """Show the gaps as a table; return the one that the reader has picked."""
    if not gaps:
        st.caption(words("no_gaps"))
        return None
    table = pd.DataFrame(
        {
            "number": range(1, len(gaps) + 1),
            "people": [round(gap.people) for gap in gaps],
            "zone": [gap.zone or "" for gap in gaps],
            "minutes": [gap.seconds / 60 if gap.seconds < float("inf") else None for gap in gaps],
            "candidate": [
                session.shared.name_of(session.shared.id_of(gap.candidate)) if gap.candidate >= 0 else ""
                for gap in gaps
            ],
            "could_gain": [round(gap.gain) for gap in gaps],
        }
    )
    number = st.column_config.NumberColumn
    shown = st.dataframe(
        table,
        hide_index=True,
        height=_LIST_PX,
        column_config={
            "number": number(words("column_gap"), width=44),
            "people": number(words("column_uncovered_now"), format="%,d"),
            "zone": words("column_zone"),
            "minutes": number(words("column_minutes"), format="%.0f"),
            "candidate": words("column_could"),
            "could_gain": number(words("column_could_gain"), format="%,d"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"gaps-{words.language}",
        alt=words("gaps_title"),
    )
    rows = shown["selection"]["rows"]
    return int(rows[0]) if rows else None


def _name(number: int, gap: Gap, words: Words) -> str:
    return words("gap_name", number=number + 1, zone=gap.zone or "–")


def _lines(gap: Gap, session: Session, words: Words) -> list[tuple[str, str]]:
    lines = [(words("column_uncovered_now"), words.people(gap.people))]
    if gap.seconds < float("inf"):
        lines.append((words("nearest_now"), words("count_minutes", number=f"{gap.seconds / 60:.0f}")))
    if gap.candidate >= 0:
        lines.append((words("column_could"), session.shared.name_of(session.shared.id_of(gap.candidate))))
        lines.append((words("column_could_gain"), words.people(gap.gain)))
    return lines
