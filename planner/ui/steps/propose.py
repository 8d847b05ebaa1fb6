"""Step "Propose": how many or how much, what must open and what must not, a list of somebody's own; and each site's reason."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from planner.errors import PlannerError
from planner.session.run_results import Results
from planner.session.settings import Choice, Mode
from planner.session.shared_plan import CURVE_SITES, Plan, Shared, budget_steps, curve_length
from planner.study.map_questions import nearest_facility
from planner.study.site_list import find_listed
from planner.ui.map import layers
from planner.ui.map.answers import answer_to, show_area
from planner.ui.map.events import Event
from planner.ui.map.view import Changing
from planner.ui.panels.curve import clicked_point, show_curve
from planner.ui.panels.notice import show_fault
from planner.ui.panels.progress import run_again, watch
from planner.ui.panels.reasons import show_reason
from planner.ui.panels.tables import show_sites, show_zones
from planner.ui.steps.bench import Bench
from planner.ui.words import Words, html

_TABLE_PX, _CHART_PX, _WIDE_PX = 250, 235, 420
_VIEWS = ("sites", "curve", "conditions", "reason")


def show(bench: Bench, event: Event | None, words: Words) -> Changing:
    """Show the panel beside the map; return what changes on the map."""
    plan, results, job, fault = bench.current()
    _settings(bench, plan, words)
    if fault is not None:
        show_fault(fault, words)
    if job is not None:
        watch(job, words)
    _search_on(bench, words)
    _verdict(bench, plan, words)
    views = {view: words(f"view_{view}") for view in _VIEWS}
    if event is not None and event.kind == "pick":
        st.session_state[f"view-{words.language}"] = "reason"
    view = st.segmented_control(
        words("view"), _VIEWS, default="sites", required=True, format_func=views.__getitem__,
        key=f"view-{words.language}", label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    if view == "sites":
        _sites(bench, results, words)
    elif view == "curve":
        _curve(bench, plan, results, words)
    elif view == "conditions":
        _conditions(bench, plan, words)
    else:
        show_reason(bench, plan, results, words)
    show_area(bench, plan, words)
    _save(bench, words)
    return changing_of(bench, plan, results, words)


def below(bench: Bench, words: Words) -> None:
    """Show coverage by zone, the whole width."""
    _, results, _, _ = bench.current()
    st.html(f'<h2 class="planner-heading">{html(words("sites_title"))}</h2>')
    show_sites(results, words, height_px=_WIDE_PX)
    if results.zones is not None:
        st.html(f'<h2 class="planner-heading">{html(words("zones_title"))}</h2>')
        show_zones(results, words)


def act(bench: Bench, event: Event) -> None:
    """Carry out a card's button (lock, forbid, free, drop, or replace a site), or a site's being dragged elsewhere.

    A dragged site is replaced by the free candidate nearest to where it was let go, for only candidates can open.
    """
    if event.id is None or event.id not in bench.shared.names:
        return
    if event.what in ("lock", "forbid", "free"):
        bench.choose(bench.choice.with_site(event.id, event.what))
        return
    plan, results, _, _ = bench.current()
    ids = list(plan.ids)
    if event.id not in ids:
        return
    at = ids.index(event.id)
    other = results.sites["replacement_id"].iat[at]
    del ids[at]
    if event.what == "replace" and other:
        ids.insert(at, str(other))
    elif event.kind == "move" and event.at is not None:
        decision = plan.decision
        free = np.setdiff1d(decision.candidates, np.delete(decision.selected, at))
        nearest = bench.shared.id_of(nearest_facility(plan.inputs, free, *event.at))
        if nearest == event.id:
            return
        ids.insert(at, nearest)
        bench.sitting.picked = nearest
    bench.choose(replace(bench.choice, mode="list", listed=tuple(ids)))


def changing_of(bench: Bench, plan: Plan, results: Results, words: Words) -> Changing:
    """Return what a plan changes on the map."""
    choice = bench.choice
    shown = published_plan(bench.shared, plan, results, choice)
    area = None if bench.sitting.area is None else layers.area(bench.area_shape())
    return Changing(
        layers={**shown, "here": answer_to(bench, plan, words), "area": area},
        shown=("proposed", "sites", "candidates", "after", "here", "area"),
        actions=("lock", "forbid", "free", "drop", "replace", "move"),
        drawing=True,
        step="propose",
    )


def published_plan(shared: Shared, plan: Plan, results: Results, choice: Choice) -> dict[str, Any]:
    """Serve the contents of the map that a plan changes; return their URLs by kind."""
    key = ("plan", plan.choice, choice.required, choice.forbidden)
    return shared.published(key, lambda: contents_of(shared, plan, results, choice))


def contents_of(shared: Shared, plan: Plan, results: Results, choice: Choice) -> dict[str, Any]:
    """Return the contents of the map that a plan changes, sites marked as `choice` wishes them locked or forbidden."""
    marks = {"locked": set(choice.required), "forbidden": set(choice.forbidden)}
    sites, candidates = (
        table.assign(**{name: table["id"].isin(ids) for name, ids in marks.items()})
        for table in (results.sites, results.candidates)
    )
    proposed = shared.shapes(plan.decision.selected)
    return {
        "proposed": layers.rings_of(shared.served(plan.decision.existing), list(proposed.T), shared.minutes),
        "sites": layers.sites(sites),
        "candidates": layers.candidates(candidates),
        "people": layers.people(results),
    }


# ---- settings ------------------------------------------------------------------------------------------------------------


def _settings(bench: Bench, plan: Plan, words: Words) -> None:
    """Show by what is chosen, how many or how much, and for whom."""
    choice = bench.choice
    modes: list[Mode] = ["sites", "budget", "list"]
    if bench.shared.project.settings.siting.objective != "max_coverage":
        modes.append("project")
    names = {mode: words(f"mode_{mode}") for mode in modes}
    _widget(bench, "mode", words, choice.mode, lambda value: replace(bench.choice, mode=value))
    st.segmented_control(
        words("mode"), modes, format_func=names.__getitem__, key=f"mode-{words.language}", required=True,
        label_visibility="collapsed", width="stretch", on_change=_changed, args=(bench, "mode", words.language),
    )  # fmt: skip
    if choice.mode == "sites":
        _number(bench, plan, words)
    elif choice.mode == "budget":
        _money(bench, plan, words)
    elif choice.mode == "list":
        _list(bench, words)
    groups = bench.shared.project.groups
    if len(groups) > 1:
        _widget(bench, "group", words, choice.group, lambda value: replace(bench.choice, group=value))
        st.selectbox(
            words("weight_for"), groups, format_func=words.group, key=f"group-{words.language}",
            on_change=_changed, args=(bench, "group", words.language),
        )  # fmt: skip


def _number(bench: Bench, plan: Plan, words: Words) -> None:
    most = max(curve_length(plan.problem, bench.choice.sites), 2)
    least = min(max(len(plan.problem.required), 1), most - 1)
    value = min(max(bench.choice.sites, least), most)
    _widget(bench, "sites", words, value, lambda given: replace(bench.choice, sites=int(given)))
    more = plan.problem.most_sites > most
    st.slider(
        words("sites_wanted"), least, most, key=f"sites-{words.language}",
        help=words("sites_more", most=f"{plan.problem.most_sites:,}", step=CURVE_SITES) if more else None,
        on_change=_changed, args=(bench, "sites", words.language),
    )  # fmt: skip


def _money(bench: Bench, plan: Plan, words: Words) -> None:
    steps = [float(step) for step in budget_steps(plan.problem)]
    if steps[-1] <= 0:
        st.caption(words("no_costs"))
        return
    options = sorted({*steps, bench.choice.budget_yuan})
    _widget(
        bench, "budget", words, bench.choice.budget_yuan, lambda given: replace(bench.choice, budget_yuan=float(given))
    )
    st.select_slider(
        words("budget_wanted"), options, format_func=words.yuan, key=f"budget-{words.language}",
        on_change=_changed, args=(bench, "budget", words.language),
    )  # fmt: skip


def _list(bench: Bench, words: Words) -> None:
    """Show the list in force, and take another: ids or names, as they come out of a spreadsheet."""
    key = f"list-{words.language}"
    listed = "\n".join(f"{one}\t{bench.name_of(one)}" for one in bench.choice.listed)

    def take() -> None:
        found = find_listed(bench.shared.inputs.facilities, st.session_state[key])
        bench.sitting.unknown = found.unknown
        bench.choose(replace(bench.choice, mode="list", listed=found.ids))

    if st.session_state.get(f"{key}-of") != bench.choice.listed:
        st.session_state[f"{key}-of"], st.session_state[key] = bench.choice.listed, listed
    st.text_area(words("list_paste"), key=key, height=110, help=words("list_help"), on_change=take)
    for line, near in bench.sitting.unknown[:5]:
        text = words("list_unknown_near", line=line, near=near) if near else words("list_unknown", line=line)
        st.html(f'<div class="planner-notice fault"><p>{html(text)}</p></div>')


def _widget(bench: Bench, name: str, words: Words, value: Any, change: Any) -> None:
    """Give a widget the value in force; what its reader sets instead goes through `change`."""
    st.session_state[f"{name}-{words.language}"] = value
    st.session_state[f"{name}-change"] = change


def _changed(bench: Bench, name: str, language: str) -> None:
    value = st.session_state[f"{name}-{language}"]
    if value is not None:
        bench.choose(st.session_state[f"{name}-change"](value))


# ---- what was found ------------------------------------------------------------------------------------------------------


def _search_on(bench: Bench, words: Words) -> None:
    """Where the search was cancelled, say that what is shown is the best until then, and offer to search again."""
    job = bench.sitting.search
    if job is None or job.state != "cancelled":
        return
    if job.result is not None:
        st.html(f'<div class="planner-notice note"><p>{html(words("search_cancelled"))}</p></div>')
    if st.button(words("search_again"), key="search-again", width="stretch"):
        bench.shared.forget(job)
        run_again()


def _verdict(bench: Bench, plan: Plan, words: Words) -> None:
    """Say of a given list how far it is from the bound, and which conditions it breaks."""
    scored = plan.scored
    if scored is None:
        return
    lost = max(scored.best.value - scored.value, 0.0)
    text = words(
        "list_verdict",
        value=words.people(scored.value),
        best=words.people(scored.best.value),
        lost=words.people(lost),
        bound=words.people(scored.upper_bound),
    )
    lines = [text]
    if scored.broken:
        lines.append(words("list_broken", listed=", ".join(words.condition(name) for name in scored.broken)))
    st.html('<div class="planner-notice note">' + "".join(f"<p>{html(line)}</p>" for line in lines) + "</div>")


def _sites(bench: Bench, results: Results, words: Words) -> None:
    picked = show_sites(results, words, height_px=_TABLE_PX, brief=True)
    if picked is not None and st.session_state.get("site_row") != picked:
        bench.sitting.picked = picked
    st.session_state["site_row"] = picked


def _curve(bench: Bench, plan: Plan, results: Results, words: Words) -> None:
    by_money = bench.choice.mode == "budget"
    shown = show_curve(results, words, height_px=_CHART_PX, by_money=by_money, at=len(plan.ids))
    point = clicked_point(shown)
    if point is None or st.session_state.get("curve_point") == point:
        return
    st.session_state["curve_point"] = point
    sites, yuan = point
    changed = (
        replace(bench.choice, mode="budget", budget_yuan=yuan)
        if by_money
        else replace(bench.choice, mode="sites", sites=sites)
    )
    bench.choose(changed)
    run_again()


def _conditions(bench: Bench, plan: Plan, words: Words) -> None:
    """Show which sites must open and which must not, and the area that new ones keep to."""
    facilities = plan.inputs.as_read
    ids = [str(key) for key in facilities["id"][facilities["status"].isin(["candidate", "required"])]]
    for wish, given in (("required", bench.choice.required), ("forbidden", bench.choice.forbidden)):
        options = [
            one for one in ids if one not in (bench.choice.forbidden if wish == "required" else bench.choice.required)
        ]
        _widget(bench, wish, words, [one for one in given if one in options], _wish(bench, wish))
        st.multiselect(
            words(f"wish_{wish}"), options, format_func=bench.name_of, key=f"{wish}-{words.language}",
            placeholder=words("wish_none"), on_change=_changed, args=(bench, wish, words.language),
        )  # fmt: skip
    inside = bench.choice.within is not None
    if bench.sitting.area is None and not inside:
        st.caption(words("area_hint"))
        return
    area = bench.sitting.area or bench.choice.within
    _widget(bench, "inside", words, inside, lambda on: replace(bench.choice, within=area if on else None))
    st.toggle(
        words("area_only"), key=f"inside-{words.language}", on_change=_changed, args=(bench, "inside", words.language)
    )


def _wish(bench: Bench, wish: str) -> Any:
    if wish == "required":
        return lambda ids: replace(bench.choice, required=tuple(ids))
    return lambda ids: replace(bench.choice, forbidden=tuple(ids))


def _save(bench: Bench, words: Words) -> None:
    """Offer to keep the settings in force as a variant, under a name."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    proposed = words("variant_name", number=len(bench.sitting.variants) + 1)
    name = left.text_input(
        words("variant"), value=proposed, key=f"variant-{words.language}-{len(bench.sitting.variants)}", max_chars=60
    )
    if right.button(words("variant_save"), key="variant-save", width="stretch") and name.strip():
        try:
            bench.keep_variant(name.strip())
        except PlannerError as fault:
            show_fault(fault, words)
            return
        st.toast(words("variant_saved", name=name.strip()))
