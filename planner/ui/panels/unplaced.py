"""Rows of the register without a place: a list, and pins on the map that are dragged to where they belong."""

from typing import Any

import streamlit as st

from planner.errors import PlannerError
from planner.inputs.read import Inputs
from planner.session.unplaced import Unplaced, move, unplaced_rows
from planner.ui.panels.notice import show_fault
from planner.ui.words import Words, html


def show_unplaced(inputs: Inputs, words: Words) -> list[dict[str, Any]]:
    """List the rows without a place; return pins for the one selected, and for those that were moved and not checked yet."""
    rows = unplaced_rows(inputs)
    if not rows:
        return []
    by_id = {row.id: row for row in rows}
    st.html(f'<h2 class="planner-heading">{html(words("unplaced_title", count=len(rows)))}</h2>')
    moved = [row for row in rows if row.is_moved]
    if moved:
        st.info(words("moved_not_checked", count=len(moved)), icon=":material/push_pin:")
    chosen = st.selectbox(
        words("unplaced_choose"),
        list(by_id),
        index=None,
        placeholder=words("choose"),
        format_func=lambda name: _label(by_id[name], words) if name in by_id else name,
        key=f"data-unplaced-{words.language}",
    )
    who, why = st.columns(2)
    who.text_input(words("moved_by"), key="data-who", max_chars=60)
    why.text_input(words("moved_why"), key="data-why", max_chars=120, placeholder=words("moved_why_default"))
    if chosen not in by_id:
        return [_pin(row, words) for row in moved]
    st.caption(words("drag_the_pin"))
    return [_pin(row, words) for row in (by_id[chosen], *(row for row in moved if row.id != chosen))]


def move_pin(inputs: Inputs, id: str, at: tuple[float, float], words: Words) -> None:
    """Write down where a pin was let go, and who says so and why."""
    who, why = (str(st.session_state.get(key) or "").strip() for key in ("data-who", "data-why"))
    try:
        move(inputs, id, at, who=who, why=why or words("moved_why_default"))
    except PlannerError as fault:
        show_fault(fault, words)


def _label(row: Unplaced, words: Words) -> str:
    where = words("row_of_file", file=row.file, row=row.row)
    mark = "✓ " if row.is_moved else ""
    return mark + " · ".join(part for part in (row.name or row.id, row.zone, where) if part)


def _pin(row: Unplaced, words: Words) -> dict[str, Any]:
    note = words("pin_moved") if row.is_moved else words(f"pin_{row.reason}")
    return {"id": row.id, "name": row.name or row.id, "at": list(row.at), "note": note}
