"""Step "Propose": by number, money or a list of somebody's own; what comes of it as sites, curve, and each site's reason."""

from dataclasses import replace
from typing import Any

import streamlit as st

from planner.errors import PlannerError
from planner.session.map_events import Event
from planner.session.state import Session
from planner.ui.map import layers
from planner.ui.map.place_card import place_card
from planner.ui.map.publish import published_once
from planner.ui.map.view import Changing
from planner.ui.panels.curve import clicked_point, show_curve
from planner.ui.panels.drawn_area import show_area
from planner.ui.panels.notice import show_fault
from planner.ui.panels.plan_settings import show_conditions, show_settings
from planner.ui.panels.progress import run_again, watch
from planner.ui.panels.reasons import show_reason
from planner.ui.panels.tables import show_sites, show_zones
from planner.ui.words import Words, html

_TABLE_PX, _CHART_PX, _WIDE_PX = 250, 235, 420
_VIEWS = ("sites", "curve", "conditions", "reason")


def show(session: Session, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    show_settings(session, words)
    if session.fault is not None:
        show_fault(session.fault, words)
    _search(session, words)
    _verdict(session, words)
    views = {view: words(f"view_{view}") for view in _VIEWS}
    if event is not None and event.kind == "pick":
        st.session_state[f"view-{words.language}"] = "reason"
    view = st.segmented_control(
        words("view"), _VIEWS, default="sites", required=True, format_func=views.__getitem__,
        key=f"view-{words.language}", label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    if view == "sites":
        _sites(session, words)
    elif view == "curve":
        _curve(session, words)
    elif view == "conditions":
        show_conditions(session, words)
    else:
        show_reason(session, words)
    show_area(session, words)
    _save(session, words)
    return changing_of(session, words)


def below(session: Session, words: Words) -> None:
    """Show the sites with all their columns, and coverage by zone, the whole width."""
    st.html(f'<h2 class="planner-heading">{html(words("sites_title"))}</h2>')
    show_sites(session.results, words, height_px=_WIDE_PX)
    if session.results.zones is not None:
        st.html(f'<h2 class="planner-heading">{html(words("zones_title"))}</h2>')
        show_zones(session.results, words)


# ---- the map -------------------------------------------------------------------------------------------------------------


def changing_of(session: Session, words: Words) -> Changing:
    """Return what the proposal changes on the map."""
    settings, area = session.settings, session.area_shape
    key = ("plan", session.proposal.settings, session.proposal.final, settings.required, settings.forbidden)
    shown: dict[str, Any] = dict(published_once(session.shared, key, lambda: contents_of(session)))
    shown["here"] = place_card(session, session.proposal, words)
    shown["area"] = None if area is None else layers.area(area)
    return Changing(
        layers=shown,
        shown=("proposed", "sites", "candidates", "after", "here", "area"),
        actions=("lock", "forbid", "free", "drop", "replace", "move"),
        drawing=True,
        step="propose",
    )


def contents_of(session: Session) -> dict[str, Any]:
    """Return the contents of the map that a proposal changes, sites marked as the reader wishes them locked or forbidden."""
    shared, plan, results = session.shared, session.proposal.plan, session.results
    marks = {"locked": session.settings.required, "forbidden": session.settings.forbidden}
    sites, candidates = (
        table.assign(**{name: table["id"].isin(ids) for name, ids in marks.items()})
        for table in (results.sites, results.candidates)
    )
    proposed = list(shared.shapes(plan.selected).T)
    return {
        "proposed": layers.rings_of(shared.served(plan.existing), proposed, shared.minutes),
        "sites": layers.sites(sites),
        "candidates": layers.candidates(candidates),
        "people": layers.people(results),
    }


# ---- what was found ------------------------------------------------------------------------------------------------------


def _search(session: Session, words: Words) -> None:
    """Show a search that goes on; where one was cancelled, say that its best until then is shown, and offer to search again."""
    job = session.search
    if job is None:
        return
    if session.is_waiting:
        watch(job, words)
    if job.state != "cancelled":
        return
    if job.result is not None:
        st.html(f'<div class="planner-notice note"><p>{html(words("search_cancelled"))}</p></div>')
    if st.button(words("search_again"), key="search-again", width="stretch"):
        session.search_anew()
        run_again()


def _verdict(session: Session, words: Words) -> None:
    """Say of a given list how far it is from the bound, and which conditions it breaks."""
    scored = session.proposal.scored
    if scored is None:
        return
    text = words(
        "list_verdict",
        value=words.people(scored.value),
        best=words.people(scored.best.value),
        lost=words.people(max(scored.best.value - scored.value, 0.0)),
        bound=words.people(scored.upper_bound),
    )
    lines = [text]
    if scored.broken:
        lines.append(words("list_broken", listed=", ".join(words.condition(name) for name in scored.broken)))
    st.html('<div class="planner-notice note">' + "".join(f"<p>{html(line)}</p>" for line in lines) + "</div>")


def _sites(session: Session, words: Words) -> None:
    picked = show_sites(session.results, words, height_px=_TABLE_PX, brief=True)
    if picked is not None and st.session_state.get("site_row") != picked:
        session.picked = picked
    st.session_state["site_row"] = picked


def _curve(session: Session, words: Words) -> None:
    by_money = session.settings.mode == "budget"
    at = len(session.proposal.ids)
    point = clicked_point(show_curve(session.results, words, height_px=_CHART_PX, by_money=by_money, at=at))
    if point is None or st.session_state.get("curve_point") == point:
        return
    st.session_state["curve_point"] = point
    sites, yuan = point
    wanted = {"mode": "budget", "budget_yuan": yuan} if by_money else {"mode": "sites", "sites": sites}
    session.settings = replace(session.settings, **wanted)  # type: ignore[arg-type]
    run_again()


def _save(session: Session, words: Words) -> None:
    """Offer to keep the settings in force as a variant, under a name."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    proposed = words("variant_name", number=len(session.variants) + 1)
    name = left.text_input(
        words("variant"), value=proposed, key=f"variant-{words.language}-{len(session.variants)}", max_chars=60
    )
    if right.button(words("variant_save"), key="variant-save", width="stretch") and name.strip():
        try:
            session.keep_variant(name.strip())
        except PlannerError as fault:
            show_fault(fault, words)
            return
        st.toast(words("variant_saved", name=name.strip()))
