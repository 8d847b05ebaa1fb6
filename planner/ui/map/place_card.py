"""The card of a place on the map: who would be served from where the reader clicked, or the facility that was picked by name."""

from typing import Any

from planner.session.proposal import Proposal
from planner.session.state import Session
from planner.ui.map import layers
from planner.ui.words import Words


def place_card(session: Session, proposal: Proposal, words: Words) -> dict[str, Any] | None:
    """Return the card and areas for the place clicked last, or the facility sought by name; None where there is neither."""
    if session.sought is not None:
        return _facility_card(session, session.sought)
    if session.place is None:
        return None
    place, found = session.place, session.shared.reach(proposal, session.place)
    if found.reason is not None:
        metres = proposal.inputs.project.settings.walking.max_snap_m
        return layers.here(place, words("here_title"), [(words("here_no_street", metres=f"{metres:,.0f}"), "")])
    main = proposal.inputs.project.main_group
    groups = dict.fromkeys([main, *found.people])
    lines = [(words.group(group), words.people(found.people[group])) for group in groups]
    lines.insert(1, (words("here_fresh"), words.people(found.fresh[main])))
    lines.append((words("here_street"), words("count_metres", number=f"{found.snap_m:,.0f}")))
    title = words("here_title_minutes", minutes=f"{found.minutes[-1]:g}")
    return layers.here(place, title, lines, minutes=found.minutes, shapes=list(found.shapes))


def _facility_card(session: Session, id: str) -> dict[str, Any]:
    """Return what opens a facility's card on the map."""
    shared = session.shared
    point = shared.inputs.facilities.geometry.iloc[shared.number_of[id]].representative_point()
    return layers.here((point.x, point.y), shared.name_of(id), [], facility=id)
