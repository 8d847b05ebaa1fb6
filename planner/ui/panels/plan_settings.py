"""What is asked of a plan: by number, money or a list, for whom, which sites must open or stay shut, and within which area."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from planner.session.proposal import CURVE_SITES, budget_steps, curve_length
from planner.session.settings import Mode, PlanSettings
from planner.session.state import Session
from planner.ui.words import Words, html


def show_settings(session: Session, words: Words) -> None:
    """Show by what is chosen, how many or how much, and for whom."""
    modes: list[Mode] = ["sites", "budget", "list"]
    if session.shared.project.settings.siting.objective != "max_coverage":
        modes.append("project")
    names = {mode: words(f"mode_{mode}") for mode in modes}
    st.segmented_control(
        words("mode"), modes, format_func=names.__getitem__, required=True, label_visibility="collapsed", width="stretch",
        **_bound(session, "mode", words, session.settings.mode, lambda now, mode: replace(now, mode=mode)),
    )  # fmt: skip
    if session.settings.mode == "sites":
        _number(session, words)
    elif session.settings.mode == "budget":
        _money(session, words)
    elif session.settings.mode == "list":
        _list(session, words)
    groups = session.shared.project.groups
    if len(groups) > 1:
        st.selectbox(
            words("weight_for"), groups, format_func=words.group,
            **_bound(session, "group", words, session.settings.group, lambda now, group: replace(now, group=group)),
        )  # fmt: skip


def show_conditions(session: Session, words: Words) -> None:
    """Show which sites must open and which must not, and the area that new ones keep to."""
    facilities, settings = session.proposal.inputs.as_read, session.settings
    ids = [str(key) for key in facilities["id"][facilities["status"].isin(["candidate", "required"])]]
    wishes = (("required", settings.required, settings.forbidden), ("forbidden", settings.forbidden, settings.required))
    for wish, given, other in wishes:
        options = [one for one in ids if one not in other]
        change = partial(_with_wish, wish)
        st.multiselect(
            words(f"wish_{wish}"), options, format_func=session.shared.name_of, placeholder=words("wish_none"),
            **_bound(session, wish, words, [one for one in given if one in options], change),
        )  # fmt: skip
    area = session.area or settings.within
    if area is None:
        st.caption(words("area_hint"))
        return
    is_inside = settings.within is not None
    st.toggle(
        words("area_only"),
        **_bound(session, "inside", words, is_inside, lambda now, on: replace(now, within=area if on else None)),
    )


def _with_wish(wish: str, now: PlanSettings, ids: list[str]) -> PlanSettings:
    return replace(now, required=tuple(ids)) if wish == "required" else replace(now, forbidden=tuple(ids))


def _number(session: Session, words: Words) -> None:
    question, wanted = session.proposal.question, session.settings.sites
    most = max(curve_length(question, wanted), 2)
    least = min(max(len(question.required), 1), most - 1)
    more = (
        words("sites_more", most=f"{question.most_sites:,}", step=CURVE_SITES) if question.most_sites > most else None
    )
    st.slider(
        words("sites_wanted"), least, most, help=more,
        **_bound(
            session, "sites", words, min(max(wanted, least), most), lambda now, sites: replace(now, sites=int(sites))
        ),
    )  # fmt: skip


def _money(session: Session, words: Words) -> None:
    steps = [float(step) for step in budget_steps(session.proposal.question)]
    if steps[-1] <= 0:
        st.caption(words("no_costs"))
        return
    value = session.settings.budget_yuan
    st.select_slider(
        words("budget_wanted"), sorted({*steps, value}), format_func=words.yuan,
        **_bound(session, "budget", words, value, lambda now, yuan: replace(now, budget_yuan=float(yuan))),
    )  # fmt: skip


def _list(session: Session, words: Words) -> None:
    """Show the list in force, and take another: ids or names, as they come out of a spreadsheet."""
    key, listed = f"list-{words.language}", session.settings.listed
    if st.session_state.get(f"{key}-of") != listed:
        text = "\n".join(f"{one}\t{session.shared.name_of(one)}" for one in listed)
        st.session_state[f"{key}-of"], st.session_state[key] = listed, text
    st.text_area(
        words("list_paste"), key=key, height=110, help=words("list_help"),
        on_change=lambda: session.take_list(st.session_state[key]),
    )  # fmt: skip
    for line, near in session.unknown[:5]:
        text = words("list_unknown_near", line=line, near=near) if near else words("list_unknown", line=line)
        st.html(f'<div class="planner-notice fault"><p>{html(text)}</p></div>')


def _bound(
    session: Session, name: str, words: Words, value: Any, change: Callable[[PlanSettings, Any], PlanSettings]
) -> dict[str, Any]:
    """Return what binds a widget to the settings: it shows the `value` in force, and what is set goes through `change`."""
    key = f"{name}-{words.language}"
    st.session_state[key] = value

    def take() -> None:
        if st.session_state[key] is not None:
            session.settings = change(session.settings, st.session_state[key])

    return {"key": key, "on_change": take}
