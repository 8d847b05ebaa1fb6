"""Who lives in the area that was drawn on the map, by group, before and with the plan."""

import streamlit as st

from planner.session.state import Session
from planner.ui.words import Words, html


def show_area(session: Session, words: Words) -> None:
    """Show the people of the area that was drawn; nothing where there is none."""
    found = session.people_in_area()
    if found is None:
        return
    main = session.proposal.inputs.project.main_group
    text = words(
        "area_people",
        people=words.people(found.people[main]),
        before=words.share(found.share(found.before[main], main)),
        after=words.share(found.share(found.after[main], main)),
        centres=found.centres,
        sites=found.sites,
    )
    more = " · ".join(f"{words.group(group)} {words.people(n)}" for group, n in found.people.items() if group != main)
    st.html(f'<div class="planner-notice note"><p>{html(text)}</p><p>{html(more)}</p></div>')
