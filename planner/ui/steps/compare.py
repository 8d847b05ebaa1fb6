"""Step "Compare": two variants side by side, which sites they share, and on the map who gains and who loses."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from planner.errors import PlannerError
from planner.session.plan_results import results_of
from planner.session.run_results import Results
from planner.session.settings import Choice
from planner.session.shared_plan import Plan
from planner.session.variants import describe
from planner.ui.map import layers
from planner.ui.map.events import Event
from planner.ui.map.view import Changing
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import run_again, watch
from planner.ui.steps.bench import Bench
from planner.ui.words import Words, html

_NOW, _FILE = "\0now", "\0file"
"""Names that no saved variant has: the settings in force, and those of the project file."""

Side = tuple[Plan, Results]


def show(bench: Bench, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    choices = {_FILE: Choice.of(bench.shared.project), _NOW: bench.choice, **bench.sitting.variants}
    other = next((name for name, choice in choices.items() if choice != choices[_FILE]), _NOW)
    picked = [_pick(letter, first, choices, words) for letter, first in (("a", _FILE), ("b", other))]
    sides = [_side(bench, choices[name], words) for name in picked]
    _forget(bench, words)
    if sides[0] is None or sides[1] is None:
        return Changing(step="compare")
    _figures(sides, words)
    _sites(sides, bench, words)
    a, b = sides[0], sides[1]

    def drawn() -> dict[str, Any]:
        lon, lat = bench.shared.demand_lonlat
        weights = b[0].problem.weights
        content = layers.difference(lon, lat, weights, _covered(a[0]), _covered(b[0]), a[1].sites, b[1].sites)
        return {"difference": content}

    shown = bench.shared.published(("difference", a[0].choice, b[0].choice), drawn)
    return Changing(layers=dict(shown), shown=("difference",), step="compare")


def below(bench: Bench, words: Words) -> None:
    """Show both variants by zone, the whole width."""
    sides = st.session_state.get("compared")
    if not sides or sides[0][1].zones is None or sides[1][1].zones is None:
        return
    a, b = sides[0][1].zones, sides[1][1].zones
    table = pd.DataFrame(
        {
            "zone": a["zone"].astype(str),
            "population": a["population"].round(),
            "a": a["share_after"] * 100,
            "b": b["share_after"] * 100,
            "change": (b["covered_after"] - a["covered_after"]).round(),
            "sites_a": a["sites"],
            "sites_b": b["sites"],
        }
    ).sort_values("change", key=lambda change: -change.abs(), kind="stable")
    number, bar = st.column_config.NumberColumn, st.column_config.ProgressColumn
    st.html(f'<h2 class="planner-heading">{html(words("zones_title"))}</h2>')
    st.dataframe(
        table,
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


def _pick(letter: str, first: str, choices: dict[str, Choice], words: Words) -> str:
    """Let the reader pick a variant for one side."""
    special = {_FILE: words("variant_file"), _NOW: words("variant_now")}
    key, kept = f"side-{letter}-{words.language}", f"side-{letter}"
    names = list(choices)
    if st.session_state.get(kept) not in names:
        st.session_state[kept] = first
    st.session_state[key] = st.session_state[kept]

    def keep() -> None:
        st.session_state[kept] = st.session_state[key]

    name = st.selectbox(
        words("side", side=letter.upper()), names, key=key, on_change=keep,
        format_func=lambda one: f"{special.get(one, one)} — {describe(choices[one], words)}",
    )  # fmt: skip
    return str(name)


def _side(bench: Bench, choice: Choice, words: Words) -> Side | None:
    """Return a variant's plan and figures; where there is none yet, say why."""
    try:
        found = bench.plan_of(choice)
    except PlannerError as fault:
        show_fault(fault, words)
        return None
    if not isinstance(found, Plan):
        watch(found, words)
        return None
    return found, bench.shared.kept(("results", choice), lambda: results_of(bench.shared, found))


def _forget(bench: Bench, words: Words) -> None:
    """Offer to delete the saved variant on side B."""
    name = st.session_state.get("side-b")
    if name in bench.sitting.variants and st.button(words("variant_forget", name=name), key="variant-forget"):
        bench.forget_variant(name)
        run_again()


def _figures(sides: list[Side | None], words: Words) -> None:
    """Show both sides' figures as one table, and keep them for what stands below."""
    both = [side for side in sides if side is not None]
    st.session_state["compared"] = both
    rows: list[tuple[str, list[str]]] = []
    summaries = [results.summary for _, results in both]
    groups = list(dict.fromkeys(group for summary in summaries for group in summary["population"]))
    main = [summary["group"] for summary in summaries]
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
    rows.append((words("weight_for"), [words.group(group) for group in main]))
    head = "<tr><th></th><th>A</th><th>B</th></tr>"
    body = "".join(
        f"<tr><th>{html(name)}</th>" + "".join(f"<td>{html(v)}</td>" for v in values) + "</tr>" for name, values in rows
    )
    st.html(f'<table class="planner-compare">{head}{body}</table>')


def _sites(sides: list[Side | None], bench: Bench, words: Words) -> None:
    """Say which sites only one side opens."""
    ids = [side[0].ids for side in sides if side is not None]
    only_a, only_b = [one for one in ids[0] if one not in ids[1]], [one for one in ids[1] if one not in ids[0]]
    both = sum(one in ids[1] for one in ids[0])
    lines = [words("sites_shared", number=f"{both:,}")]
    for side, some in (("A", only_a), ("B", only_b)):
        if some:
            listed = ", ".join(bench.name_of(one) for one in some[:12]) + (" …" if len(some) > 12 else "")
            lines.append(words("sites_only", side=side, number=f"{len(some):,}", listed=listed))
    st.html('<div class="planner-notice note">' + "".join(f"<p>{html(line)}</p>" for line in lines) + "</div>")


def _covered(plan: Plan) -> np.ndarray:
    return plan.access.count_open(plan.inputs.project.main_group, plan.decision.open_after) > 0
