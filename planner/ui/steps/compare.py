"""Step "Compare": two variants side by side, which sites they share, and on the map who gains and who loses."""

from typing import Any

import streamlit as st

from planner.errors import PlannerError
from planner.session.map_events import Event
from planner.session.proposal import Proposal
from planner.session.result_tables import compare_zones
from planner.session.results import Results
from planner.session.settings import PlanSettings
from planner.session.state import Session
from planner.ui.map import layers
from planner.ui.map.publish import published_once
from planner.ui.map.view import Changing
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import run_again, watch
from planner.ui.words import Words, html

_NOW, _FILE = "\0now", "\0file"
"""Names that no saved variant has: the settings in force, and those of the project file."""

Side = tuple[Proposal, Results]


def show(session: Session, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    variants = {_FILE: PlanSettings.of(session.shared.project), _NOW: session.settings, **session.variants}
    other = next((name for name, settings in variants.items() if settings != variants[_FILE]), _NOW)
    picked = [_pick(letter, first, variants, words) for letter, first in (("a", _FILE), ("b", other))]
    a, b = (_side(session, variants[name], words) for name in picked)
    _forget(session, words)
    st.session_state["compared"] = None if a is None or b is None else (a, b)
    if a is None or b is None:
        return Changing(step="compare")
    _figures((a, b), words)
    _sites((a, b), session, words)

    def drawn() -> dict[str, Any]:
        lon, lat = session.shared.demand_lonlat
        covered = (a[0].covered_after, b[0].covered_after)
        return {"difference": layers.difference(lon, lat, b[0].question.weights, *covered, a[1].sites, b[1].sites)}

    key = ("difference", a[0].settings, a[0].final, b[0].settings, b[0].final)
    shown = published_once(session.shared, key, drawn)
    return Changing(layers=dict(shown), shown=("difference",), step="compare")


def below(session: Session, words: Words) -> None:
    """Show both variants by zone, the whole width."""
    sides = st.session_state.get("compared")
    if not sides or sides[0][1].zones is None or sides[1][1].zones is None:
        return
    table = compare_zones(sides[0][1], sides[1][1])
    number, bar = st.column_config.NumberColumn, st.column_config.ProgressColumn
    st.html(f'<h2 class="planner-heading">{html(words("zones_title"))}</h2>')
    st.dataframe(
        table.assign(a=table["a"] * 100, b=table["b"] * 100),
        hide_index=True,
        height=min(420, 35 * (len(table) + 1) + 3),
        column_config={
            "zone": words("column_zone"),
            "population": number(words("column_population"), format="%,d"),
            "a": bar(words("share_of", side="A"), format="%.1f%%", min_value=0, max_value=100),
            "b": bar(words("share_of", side="B"), format="%.1f%%", min_value=0, max_value=100),
            "change": number(words("b_against_a"), format="%+,d"),
            "sites_a": number(words("sites_of", side="A")),
            "sites_b": number(words("sites_of", side="B")),
        },
        key=f"compare-zones-{words.language}",
        alt=words("zones_title"),
    )


def _pick(letter: str, first: str, variants: dict[str, PlanSettings], words: Words) -> str:
    """Let the reader pick a variant for one side."""
    special = {_FILE: words("variant_file"), _NOW: words("variant_now")}
    key, kept = f"side-{letter}-{words.language}", f"side-{letter}"
    names = list(variants)
    if st.session_state.get(kept) not in names:
        st.session_state[kept] = first
    st.session_state[key] = st.session_state[kept]

    def keep() -> None:
        st.session_state[kept] = st.session_state[key]

    name = st.selectbox(
        words("side", side=letter.upper()), names, key=key, on_change=keep,
        format_func=lambda one: f"{special.get(one, one)} — {words.settings(variants[one])}",
    )  # fmt: skip
    return str(name)


def _side(session: Session, settings: PlanSettings, words: Words) -> Side | None:
    """Return a variant's proposal and figures; where there is none yet, say why."""
    try:
        found = session.proposal_of(settings)
    except PlannerError as fault:
        show_fault(fault, words)
        return None
    if isinstance(found, Proposal):
        return found, session.shared.results(found)
    watch(found, words)
    return None


def _forget(session: Session, words: Words) -> None:
    """Offer to delete the saved variant on side B."""
    name = st.session_state.get("side-b")
    if name in session.variants and st.button(words("variant_forget", name=name), key="variant-forget"):
        session.forget_variant(name)
        run_again()


def _figures(sides: tuple[Side, Side], words: Words) -> None:
    """Show both sides' figures as one table."""
    rows: list[tuple[str, list[str]]] = []
    summaries = [results.summary for _, results in sides]
    groups = list(dict.fromkeys(group for summary in summaries for group in summary["population"]))
    rows.append((words("figure_sites"), [words("count_sites", number=f"{len(s['sites']):,}") for s in summaries]))
    rows.append((words("cost_total"), [words.yuan(s["cost_yuan"]) if s["cost_yuan"] else "–" for s in summaries]))
    for group in groups:
        shares = [(s["covered_after"][group], s["population"][group]) for s in summaries]
        rows.append(
            (words.group(group), [f"{words.people(n)} · {words.share(n / p if p else None)}" for n, p in shares])
        )
    bounds = [s["upper_bound"] for s in summaries]
    rows.append((words("figure_bound"), [words.people(b) if b is not None else "–" for b in bounds]))
    rows.append((words("gap_name_short"), [words.small_share(s["gap"]) for s in summaries]))
    rows.append((words("weight_for"), [words.group(results.group) for _, results in sides]))
    head = "<tr><th></th><th>A</th><th>B</th></tr>"
    body = "".join(
        f"<tr><th>{html(name)}</th>" + "".join(f"<td>{html(v)}</td>" for v in values) + "</tr>" for name, values in rows
    )
    st.html(f'<table class="planner-compare">{head}{body}</table>')


def _sites(sides: tuple[Side, Side], session: Session, words: Words) -> None:
    """Say which sites only one side opens."""
    a, b = (proposal.ids for proposal, _ in sides)
    lines = [words("sites_shared", number=f"{len(set(a) & set(b)):,}")]
    for side, own, others in (("A", a, b), ("B", b, a)):
        some = [one for one in own if one not in others]
        if some:
            listed = ", ".join(map(session.shared.name_of, some[:12])) + (" …" if len(some) > 12 else "")
            lines.append(words("sites_only", side=side, number=f"{len(some):,}", listed=listed))
    st.html('<div class="planner-notice note">' + "".join(f"<p>{html(line)}</p>" for line in lines) + "</div>")
