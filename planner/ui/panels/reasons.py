"""Why a site is in the plan, or what another would bring: people by group and zone, overlap, loss, replacement."""

import numpy as np
import pandas as pd
import streamlit as st

from planner.counting import times_covered
from planner.session.run_results import Results
from planner.session.shared_plan import Plan
from planner.ui.steps.bench import Bench
from planner.ui.words import Words, html


def show_reason(bench: Bench, plan: Plan, results: Results, words: Words) -> None:
    """Show what is known of the site picked on the map, in the table or by name; of the first where none is."""
    picked = bench.sitting.picked
    if picked not in bench.shared.names:
        picked = plan.ids[0] if plan.ids else None
    _seek(bench, plan, picked, words)
    if picked is None:
        st.caption(words("reason_hint"))
        return
    facilities = plan.inputs.facilities
    number = int(np.flatnonzero((facilities["id"] == picked).to_numpy())[0])
    row = facilities.iloc[number]
    site = results.sites[results.sites["id"] == picked]
    subtitle = " · ".join(str(part) for part in (row["kind"], row["zone"]) if part is not None and not pd.isna(part))
    st.html(
        f'<div class="planner-reason"><strong>{html(bench.name_of(picked))}</strong><p>{html(subtitle)}</p>'
        f"{_sentences(plan, number, site, bench, words)}</div>"
    )
    _by_zone(plan, number, words)
    _buttons(bench, picked, chosen=len(site) > 0, words=words)


def _seek(bench: Bench, plan: Plan, picked: str | None, words: Words) -> None:
    """Let the reader pick any facility by its name, by the keyboard too; the map opens its card."""
    facilities = plan.inputs.facilities
    ids = facilities["id"].astype(str)[~(facilities.geometry.isna() | facilities.geometry.is_empty)].tolist()
    key = f"seek-{words.language}"

    def take() -> None:
        sitting, wanted = bench.sitting, st.session_state[key]
        if wanted is not None:
            sitting.picked, sitting.sought, sitting.place = wanted, wanted, None

    st.session_state[key] = picked if picked in ids else None
    st.selectbox(
        words("seek"), ids, index=None, format_func=bench.name_of, key=key, on_change=take,
        placeholder=words("seek_hint"), label_visibility="collapsed",
    )  # fmt: skip


def _sentences(plan: Plan, number: int, site: pd.DataFrame, bench: Bench, words: Words) -> str:
    """Return the facts as a definition list."""
    others = np.setdiff1d(plan.decision.open_after, [number])
    facts = []
    for group in plan.inputs.project.groups:
        cover, weights = plan.access.of(group), plan.inputs.demand.weights[group]
        reached = times_covered(cover, [number]) > 0
        gain = weights[reached & (times_covered(cover, others) == 0)].sum()
        facts.append((words("reason_reached", group=words.group(group)), words.people(float(weights[reached].sum()))))
        facts.append((words("reason_only", group=words.group(group)), words.people(float(gain))))
    if len(site):
        one = site.iloc[0]
        facts.insert(0, (words("column_rank"), f"{int(one['rank'])}"))
        facts.insert(1, (words("column_gain"), words.people(one["gain"])))
        facts.append((words("column_loss_if_dropped"), words.people(one["loss_if_dropped"])))
        if one["replacement_id"]:
            facts.append((words("column_replacement"), bench.name_of(str(one["replacement_id"]))))
            facts.append((words("column_replacement_loss"), words.people(one["replacement_loss"])))
    cost = plan.problem.costs[number]
    if not np.isnan(cost):
        facts.append((words("column_cost_plain"), words.yuan(float(cost))))
    return "<dl>" + "".join(f"<dt>{html(name)}</dt><dd>{html(value)}</dd>" for name, value in facts) + "</dl>"


def _by_zone(plan: Plan, number: int, words: Words) -> None:
    """Say in which zones the people live whom it alone would serve."""
    others = np.setdiff1d(plan.decision.open_after, [number])
    cover = plan.problem.cover
    fresh = (times_covered(cover, [number]) > 0) & (times_covered(cover, others) == 0)
    zones = pd.Series(plan.problem.weights[fresh]).groupby(plan.inputs.demand_zones["zone"].to_numpy()[fresh]).sum()
    zones = zones[zones >= 0.5].sort_values(ascending=False)
    if len(zones):
        listed = "; ".join(f"{zone} {words.people(people)}" for zone, people in zones.head(6).items())
        st.caption(words("reason_zones", listed=listed).replace("$", "\\$"))


def _buttons(bench: Bench, picked: str, *, chosen: bool, words: Words) -> None:
    from planner.ui.map.events import Event
    from planner.ui.steps.propose import act

    facilities = bench.shared.inputs.as_read
    may_open = facilities["status"].isin(["candidate", "required"]) & (facilities["id"] == picked)
    if not may_open.any():
        return
    choice = bench.choice
    offered = ["free"] if picked in (*choice.required, *choice.forbidden) else ["lock", "forbid"]
    offered += ["drop", "replace"] if chosen else []
    for cell, what in zip(st.columns(len(offered)), offered, strict=True):
        if cell.button(words(f"act_{what}"), key=f"act-{what}", width="stretch"):
            act(bench, Event("act", None, picked, what, None))
            st.rerun(scope="fragment")
