"""Why a site is in the plan, or what another would bring: people by group and zone, overlap, loss, replacement."""

import pandas as pd
import streamlit as st

from planner.session.site_reason import zones_served_alone
from planner.session.state import Session
from planner.ui.panels.progress import run_again
from planner.ui.words import Words, html


def show_reason(session: Session, words: Words) -> None:
    """Show what is known of the site picked on the map, in the table or by name; of the first where none is."""
    ids, picked = session.proposal.ids, session.picked
    if picked not in session.shared.names:
        picked = ids[0] if ids else None
    _seek(session, picked, words)
    if picked is None:
        st.caption(words("reason_hint"))
        return
    facility = session.results.facility(picked)
    assert facility is not None
    subtitle = " · ".join(str(part) for part in (facility["kind"], facility["zone"]) if not pd.isna(part))
    st.html(
        f'<div class="planner-reason"><strong>{html(session.shared.name_of(picked))}</strong><p>{html(subtitle)}</p>'
        f"{_facts(facility, session, words)}</div>"
    )
    zones = zones_served_alone(session.proposal, session.shared.number_of[picked])
    if len(zones):
        listed = "; ".join(f"{zone} {words.people(people)}" for zone, people in zones.head(6).items())
        st.caption(words("reason_zones", listed=listed).replace("$", "\\$"))
    _buttons(session, picked, is_chosen=picked in ids, words=words)


def _seek(session: Session, picked: str | None, words: Words) -> None:
    """Let the reader pick any facility by its name, by the keyboard too; the map opens its card."""
    facilities = session.proposal.inputs.facilities
    ids = facilities["id"].astype(str)[~(facilities.geometry.isna() | facilities.geometry.is_empty)].tolist()
    key = f"seek-{words.language}"

    def take() -> None:
        wanted = st.session_state[key]
        if wanted is not None:
            session.picked, session.sought, session.place = wanted, wanted, None

    st.session_state[key] = picked if picked in ids else None
    st.selectbox(
        words("seek"), ids, index=None, format_func=session.shared.name_of, key=key, on_change=take,
        placeholder=words("seek_hint"), label_visibility="collapsed",
    )  # fmt: skip


def _facts(facility: pd.Series, session: Session, words: Words) -> str:
    """Return the facts as a definition list."""
    facts = []
    is_site = pd.notna(facility.get("rank"))
    if is_site:
        facts.append((words("column_rank"), f"{int(facility['rank'])}"))
        facts.append((words("column_gain"), words.people(facility["gain"])))
    for group in session.shared.project.groups:
        name = words.group(group)
        facts.append((words("reason_reached", group=name), words.people(facility[f"people_{group}"])))
        facts.append((words("reason_only", group=name), words.people(facility[f"only_here_{group}"])))
    if is_site:
        facts.append((words("column_loss_if_dropped"), words.people(facility["loss_if_dropped"])))
        if facility["replacement_id"]:
            facts.append((words("column_replacement"), session.shared.name_of(str(facility["replacement_id"]))))
            facts.append((words("column_replacement_loss"), words.people(facility["replacement_loss"])))
    if pd.notna(facility["cost_yuan"]):
        facts.append((words("column_cost_plain"), words.yuan(float(facility["cost_yuan"]))))
    return "<dl>" + "".join(f"<dt>{html(name)}</dt><dd>{html(value)}</dd>" for name, value in facts) + "</dl>"


def _buttons(session: Session, picked: str, *, is_chosen: bool, words: Words) -> None:
    facilities = session.shared.inputs.as_read
    may_open = facilities["status"].isin(["candidate", "required"]) & (facilities["id"] == picked)
    if not may_open.any():
        return
    settings = session.settings
    offered = ["free"] if picked in (*settings.required, *settings.forbidden) else ["lock", "forbid"]
    offered += ["drop", "replace"] if is_chosen else []
    for cell, what in zip(st.columns(len(offered)), offered, strict=True):
        if cell.button(words(f"act_{what}"), key=f"act-{what}", width="stretch"):
            session.act(picked, what)
            run_again()
