"""What the map answers: who would be served from a place that was clicked, and who lives in an area that was drawn."""

from typing import Any

import streamlit as st

from planner.session.shared_plan import Plan
from planner.study.map_questions import people_in, reach_of_place
from planner.ui.map import layers
from planner.ui.steps.bench import Bench
from planner.ui.words import Words, html


def answer_to(bench: Bench, plan: Plan, words: Words) -> dict[str, Any] | None:
    """Return the card and areas for the place clicked last, or the facility sought by name; None where there is neither."""
    place = bench.sitting.place
    if bench.sitting.sought is not None:
        return _found(bench, plan, bench.sitting.sought)
    if place is None:
        return None
    found = reach_of_place(plan.inputs, plan.access, *place, plan.decision.open_after)
    if found.reason is not None:
        metres = plan.inputs.project.settings.walking.max_snap_m
        return layers.here(place, words("here_title"), [(words("here_no_street", metres=f"{metres:,.0f}"), "")])
    main = plan.inputs.project.main_group
    groups = dict.fromkeys([main, *found.people])
    lines = [(words.group(group), words.people(found.people[group])) for group in groups]
    lines.insert(1, (words("here_fresh"), words.people(found.fresh[main])))
    lines.append((words("here_street"), words("count_metres", number=f"{found.snap_m:,.0f}")))
    title = words("here_title_minutes", minutes=f"{found.minutes[-1]:g}")
    return layers.here(place, title, lines, minutes=found.minutes, shapes=list(found.shapes))


def _found(bench: Bench, plan: Plan, id: str) -> dict[str, Any]:
    """Return what opens a facility's card on the map."""
    facilities = plan.inputs.facilities
    shape = facilities.geometry.iloc[int((facilities["id"] == id).to_numpy().argmax())]
    point = shape.representative_point()
    return layers.here((point.x, point.y), bench.name_of(id), [], facility=id)


def show_area(bench: Bench, plan: Plan, words: Words) -> None:
    """Show who lives in the area that was drawn, by group, before and with the plan."""
    if bench.sitting.area is None:
        return
    found = people_in(plan.inputs, plan.access, bench.area_shape(), plan.decision.existing, plan.decision.open_after)
    main = plan.inputs.project.main_group
    people = found.people[main]
    share = {
        when: covered[main] / people if people else None for when, covered in (("b", found.before), ("a", found.after))
    }
    text = words(
        "area_people",
        people=words.people(people),
        before=words.share(share["b"]),
        after=words.share(share["a"]),
        centres=found.centres,
        sites=found.sites,
    )
    more = " · ".join(f"{words.group(group)} {words.people(n)}" for group, n in found.people.items() if group != main)
    st.html(f'<div class="planner-notice note"><p>{html(text)}</p><p>{html(more)}</p></div>')
