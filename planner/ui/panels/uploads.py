"""The session's uploads: which are in use, and one more, checked at once and used where the reader says so."""

from typing import Any

import streamlit as st

from planner.deliver.data_report import data_report
from planner.project import Project
from planner.session.session_uploads import Received, SessionUploads, Used
from planner.session.uploads import MOST_MB, SEVERAL, SUFFIXES
from planner.ui.panels.findings_html import findings_list, uploader_style
from planner.ui.panels.findings_tables import findings_table, role_name
from planner.ui.panels.notice import show_fault
from planner.ui.words import Words, html

_NUMBER = "data-upload-number"


def show_uploads(project: Project, uploads: SessionUploads, words: Words) -> None:
    """Show which uploads are in use, take one more, check it at once and ask what to do with it."""
    used = uploads.used(project)
    for role, file in used.files():
        name, button = st.columns([2.2, 1], vertical_alignment="center")
        name.html(f'<div class="planner-upload"><b>{html(_role(role, words))}</b> {html(file.name)}</div>')
        if button.button(words("take_back"), key=f"data-back-{role}-{file.parent.name}", width="stretch"):
            _use(project, uploads, used.without(role, file))
    with st.expander(words("upload_title"), expanded=not used.files()):
        _take(project, uploads, words)


def _take(project: Project, uploads: SessionUploads, words: Words) -> None:
    what, way = st.columns([1.4, 1], vertical_alignment="bottom")
    role = what.selectbox(
        words("upload_role"), list(SUFFIXES), format_func=lambda each: _role(each, words),
        key=f"data-role-{words.language}",
    )  # fmt: skip
    with way:
        beside = role in SEVERAL and bool(getattr(project.settings, role)) and _wants_beside(words)
    st.html(uploader_style(words))
    number = st.session_state.setdefault(_NUMBER, 0)
    given: Any = st.file_uploader(
        words("upload_file", limit_mb=MOST_MB),
        type=list(SUFFIXES[role]),
        max_upload_size=MOST_MB,
        key=f"data-upload-{role}-{number}-{words.language}",
    )
    if given is None:
        return
    with st.spinner(words("loading")):
        received = uploads.receive(project, role, given.name, given.getvalue(), given.file_id, beside=beside)
    _show_received(received, words)
    is_unusable = received.fault is not None
    if st.button(words("use_upload"), type="primary", disabled=is_unusable, width="stretch", key="data-use"):
        assert received.file is not None
        st.session_state[_NUMBER] = number + 1
        _use(project, uploads, uploads.used(project).using(role, received.file, beside=beside))


def _use(project: Project, uploads: SessionUploads, used: Used) -> None:
    """Use these from here on, and run the page anew with them."""
    uploads.use(project, used)
    st.rerun()


def _role(role: str, words: Words) -> str:
    return role_name("area" if role == "boundary" else role, words)


def _wants_beside(words: Words) -> bool:
    ways = ("replace", "add")
    return (
        st.segmented_control(
            words("upload_title"),
            ways,
            default="replace",
            required=True,
            format_func=lambda way: words(f"upload_{way}"),
            key=f"data-way-{words.language}",
            label_visibility="collapsed",
            width="stretch",
        )
        == "add"
    )


FATES = ("read", "used", "repaired", "doubtful", "dropped", "waiting")
"""What an account counts: all rows, and each of them once by what became of it."""


def _show_received(received: Received, words: Words) -> None:
    """Show what was found in an upload: the counts, and each finding with its row and remedy."""
    if received.fault is not None:
        show_fault(received.fault, words)
        return
    report = data_report(words.language, list(received.reports))
    for account in report["inputs"]:
        counts = {name: f"{account[f'rows_{name}']:,}" for name in FATES}
        st.html(f'<p class="planner-upload">{html(words("upload_counts", file=account["file"], **counts))}</p>')
    findings = findings_table(report)
    st.html(findings_list(findings, words))
