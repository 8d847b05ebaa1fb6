"""The step Data: what was read and what is wrong with it; upload, place what has no coordinates, check again.

`with_uploads` is asked by the page's frame before anything is read: it puts what the session uses of its uploads in the place of
the project's own files. `show` fills the panel beside the map and says what changes on it, `below` the wide part.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from planner.deliver.data_report import data_report
from planner.errors import PlannerError
from planner.findings import InputReport
from planner.inputs.read import Inputs
from planner.project import Project, load
from planner.register import PLACELESS
from planner.results.data_quality import DataQuality, assess_data_quality
from planner.session.input_check import check_upload
from planner.session.unplaced import Unplaced, move, unplaced_rows
from planner.session.uploads import MOST_MB, SEVERAL, SUFFIXES, SessionFiles, draft_of
from planner.session.workspace import Workspace
from planner.ui.map import layers
from planner.ui.map.events import Event
from planner.ui.map.view import Changing
from planner.ui.opened import Opened
from planner.ui.panels.findings_html import findings_html, findings_list, uploader_style
from planner.ui.panels.findings_tables import (
    SEVERITIES,
    findings_table,
    findings_workbook,
    inputs_table,
    role_name,
    severity_name,
)
from planner.ui.panels.notice import show_fault
from planner.ui.panels.projects import choose_project, offer_saving
from planner.ui.panels.tables import ROW_PX
from planner.ui.words import Words, html

SHOWN = ("candidates", "unplaced")
"""What the map shows in this step."""

_INPUTS_PX = 215
_FILES, _USED, _RECEIVED = "data-files", "data-used", "data-received"


class Loaded(Protocol):
    """The inputs, None where they could not be read, and why not."""

    @property
    def inputs(self) -> Inputs | None:
        """What was read."""

    @property
    def fault(self) -> PlannerError | None:
        """Why nothing was."""


class Bench(Protocol):
    """What this step asks of the page's frame."""

    @property
    def opened(self) -> Opened:
        """The open project, uploads in their places."""

    @property
    def loaded(self) -> Loaded:
        """Its inputs."""

    @property
    def workspace(self) -> Workspace:
        """Where projects are opened and saved."""

    def read_again(self) -> None:
        """Forget the inputs, so that the next run of the page reads them anew."""


@dataclass(frozen=True)
class Used:
    """The uploads in use, by role: instead of the project's files, and beside them."""

    replaced: dict[str, Path] = field(default_factory=dict)
    added: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    def using(self, role: str, file: Path, *, beside: bool) -> "Used":
        """Return these with one more."""
        if beside:
            return replace(self, added={**self.added, role: (*self.added.get(role, ()), file)})
        return replace(self, replaced={**self.replaced, role: file})

    def without(self, role: str, file: Path) -> "Used":
        """Return these without one."""
        added = {name: tuple(each for each in files if each != file) for name, files in self.added.items()}
        replaced = {name: each for name, each in self.replaced.items() if (name, each) != (role, file)}
        return Used(replaced, {name: files for name, files in added.items() if files})

    def files(self) -> list[tuple[str, Path]]:
        """Return role and file of each."""
        return [*self.replaced.items(), *((role, file) for role, files in self.added.items() for file in files)]


@dataclass(frozen=True)
class Received:
    """An upload that was checked: its accounts, or why it cannot be used."""

    file: Path | None
    reports: tuple[InputReport, ...] = ()
    fault: PlannerError | None = None


def with_uploads(opened: Opened) -> Opened:
    """Return what is open with the session's uploads in their places, and then with a folder of its own for results.

    Raises
    ------
    PlannerError
        The uploads do not go together with the project file any more.
    """
    used = _used(opened)
    if opened.project is None or not used.files():
        return opened
    folder = _folder_of(opened.project)
    out = folder / ("out-" + "-".join(file.parent.name for _, file in used.files()))
    return Opened(draft_of(opened.project, used.replaced, folder, added=used.added), out)


def show(bench: Bench, event: Event | None, words: Words) -> Changing:
    """Show the panel and return what the map shows of it."""
    inputs = bench.loaded.inputs
    if event is not None and event.kind == "move" and inputs is not None and event.id and event.at:
        _move(inputs, event.id, event.at, words)
    if bench.loaded.fault is not None:
        show_fault(bench.loaded.fault, words)
    heading, button = st.columns([1.6, 1], vertical_alignment="bottom")
    heading.html(f'<h2 class="planner-heading">{html(words("inputs_title"))}</h2>')
    if button.button(words("check_again"), icon=":material/refresh:", width="stretch", key="data-check-again"):
        bench.read_again()
        st.rerun()
    if inputs is not None:
        _show_inputs(_report(inputs, words), words)
    pins = _show_unplaced(inputs, words) if inputs is not None else []
    if bench.opened.project is not None:
        _show_uploads(bench.opened, words)
    with st.expander(words("projects_title")):
        choose_project(bench.workspace, words, open_now=_name_now(bench))
        offer_saving(bench, words)
    contents: dict[str, Any] = {"unplaced": [_pin(row, words) for row in pins]}
    if inputs is not None:
        contents["candidates"] = _candidates(inputs)
    return Changing(layers=contents, shown=SHOWN, step="data")


def below(bench: Bench, words: Words) -> None:
    """Show every finding, filtered as the reader wants, and offer them as a workbook."""
    inputs = bench.loaded.inputs
    if inputs is None:
        return
    st.html(f'<h2 class="planner-heading">{html(words("findings_title"))}</h2>')
    show_findings(findings_table(_report(inputs, words)), words, key="data-findings")


def show_findings(findings: pd.DataFrame, words: Words, *, key: str) -> None:
    """Show findings with filters by severity and role, and a download of those that are left."""
    if findings.empty:
        st.caption(words("no_findings"))
        return
    counts, roles = findings["severity"].value_counts(), list(dict.fromkeys(findings["role"]))
    left, middle, right = st.columns([1.4, 1.4, 1], vertical_alignment="bottom")
    severities = left.pills(
        words("finding_severity"),
        [each for each in SEVERITIES if each in counts],
        selection_mode="multi",
        default=[each for each in SEVERITIES[:2] if each in counts] or [each for each in SEVERITIES if each in counts],
        format_func=lambda each: f"{severity_name(each, words)} {counts[each]:,}",
        key=f"{key}-severity-{words.language}",
    )
    wanted = middle.multiselect(
        words("finding_role"),
        roles,
        format_func=lambda role: role_name(role, words),
        placeholder=words("all"),
        key=f"{key}-role-{words.language}",
    )
    left_over = findings[findings["severity"].isin(severities) & findings["role"].isin(wanted or roles)]
    right.download_button(
        words("findings_download", count=f"{len(left_over):,}"),
        lambda: findings_workbook(left_over, words),
        file_name="findings.xlsx",
        mime="application/octet-stream",
        on_click="ignore",
        width="stretch",
        key=f"{key}-download",
    )
    st.html(findings_html(left_over, words))


# ---- inputs -------------------------------------------------------------------------------------------------------------


def _report(inputs: Inputs, words: Words) -> dict[str, Any]:
    return data_report(words.language, inputs.reports, _doubts(inputs)[1])


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Inputs: id})
def _doubts(inputs: Inputs) -> tuple[Inputs, DataQuality]:
    """Return what the inputs leave in doubt, and the inputs, which keep their identity as long as they are remembered here."""
    return inputs, assess_data_quality(inputs)


def _show_inputs(report: dict[str, Any], words: Words) -> None:
    table = inputs_table(report, words)
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        height=min(_INPUTS_PX, ROW_PX * (len(table) + 1) + 3),
        column_config={
            "role": st.column_config.TextColumn(words("finding_role"), width=80),
            "file": st.column_config.TextColumn(words("finding_file"), width=110),
            **{
                name: number(words(f"rows_{name}"), format="%,d", width=56)
                for name in ("read", "used", "dropped", "doubtful")
            },
        },
        key=f"data-inputs-{words.language}",
        alt=words("inputs_title"),
    )


def _candidates(inputs: Inputs) -> list[dict[str, Any]]:
    """Return the facts of the candidate sites that have a place."""
    table = inputs.facilities
    rows = table[((table["role"] == "candidates") & ~table["excluded_reason"].isin(PLACELESS)).to_numpy()]
    return layers.candidates(pd.DataFrame(rows).assign(longitude=rows.geometry.x, latitude=rows.geometry.y))


# ---- rows without a place -----------------------------------------------------------------------------------------------


def _show_unplaced(inputs: Inputs, words: Words) -> list[Unplaced]:
    """List the rows without a place; return the one that is selected, and those that were moved and not checked yet."""
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
        return moved
    st.caption(words("drag_the_pin"))
    return [by_id[chosen], *(row for row in moved if row.id != chosen)]


def _label(row: Unplaced, words: Words) -> str:
    where = words("row_of_file", file=row.file, row=row.row)
    mark = "✓ " if row.is_moved else ""
    return mark + " · ".join(part for part in (row.name or row.id, row.zone, where) if part)


def _pin(row: Unplaced, words: Words) -> dict[str, Any]:
    note = words("pin_moved") if row.is_moved else words(f"pin_{row.reason}")
    return {"id": row.id, "name": row.name or row.id, "at": list(row.at), "note": note}


def _move(inputs: Inputs, id: str, at: tuple[float, float], words: Words) -> None:
    who, why = (str(st.session_state.get(key) or "").strip() for key in ("data-who", "data-why"))
    try:
        move(inputs, id, at, who=who, why=why or words("moved_why_default"))
    except PlannerError as fault:
        show_fault(fault, words)


# ---- uploads ------------------------------------------------------------------------------------------------------------


def _show_uploads(opened: Opened, words: Words) -> None:
    """Show which uploads are in use, take one more, check it at once and ask what to do with it."""
    project = opened.project
    assert project is not None
    used = _used(opened)
    for role, file in used.files():
        name, button = st.columns([2.2, 1], vertical_alignment="center")
        name.html(
            f'<div class="planner-upload"><b>{html(role_name(_ROLE_NAMES[role], words))}</b> {html(file.name)}</div>'
        )
        if button.button(words("take_back"), key=f"data-back-{role}-{file.parent.name}", width="stretch"):
            _use(project, used.without(role, file))
    with st.expander(words("upload_title"), expanded=not used.files()):
        what, way = st.columns([1.4, 1], vertical_alignment="bottom")
        role = what.selectbox(
            words("upload_role"),
            list(SUFFIXES),
            format_func=lambda each: role_name(_ROLE_NAMES[each], words),
            key=f"data-role-{words.language}",
        )
        with way:
            beside = role in SEVERAL and _has(project, role) and _wants_beside(words)
        st.html(uploader_style(words))
        number = st.session_state.setdefault("data-upload-number", 0)
        given = st.file_uploader(
            words("upload_file", limit_mb=MOST_MB),
            type=list(SUFFIXES[role]),
            max_upload_size=MOST_MB,
            key=f"data-upload-{role}-{number}-{words.language}",
        )
        if given is None:
            return
        received = _receive(project, used, role, given, beside=beside, words=words)
        _show_received(received, words)
        if st.button(
            words("use_upload"), type="primary", disabled=received.fault is not None, width="stretch", key="data-use"
        ):
            assert received.file is not None
            st.session_state["data-upload-number"] = number + 1
            _use(project, used.using(role, received.file, beside=beside))


_ROLE_NAMES = {role: {"boundary": "area"}.get(role, role) for role in SUFFIXES}


def _has(project: Project, role: str) -> bool:
    return bool(getattr(project.settings, role))


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


def _receive(project: Project, used: Used, role: str, given: Any, *, beside: bool, words: Words) -> Received:
    """Keep an upload and check it, once; the answer is remembered until another comes."""
    mark = (str(project.path), role, beside, given.file_id)
    known = st.session_state.get(_RECEIVED)
    if known is not None and known[0] == mark:
        return known[1]
    file: Path | None = None
    try:
        with st.spinner(words("loading")):
            file = session_files().keep(role, given.name, given.getvalue())
            new = used.using(role, file, beside=beside)
            draft = draft_of(load(project.path), new.replaced, _folder_of(project), added=new.added)
            received = Received(file, tuple(check_upload(draft, role, file)))
    except PlannerError as fault:
        received = Received(file, fault=fault)
    st.session_state[_RECEIVED] = (mark, received)
    return received


def _show_received(received: Received, words: Words) -> None:
    """Show what was found in an upload: the counts, and each finding with its row and remedy."""
    if received.fault is not None:
        show_fault(received.fault, words)
        return
    report = data_report(words.language, list(received.reports))
    for account in report["inputs"]:
        counts = {name: f"{account[f'rows_{name}']:,}" for name in ("read", "used", "dropped", "doubtful")}
        st.html(f'<p class="planner-upload">{html(words("upload_counts", file=account["file"], **counts))}</p>')
    findings = findings_table(report)
    st.html(findings_list(findings, words))


# ---- the session --------------------------------------------------------------------------------------------------------


def session_files() -> SessionFiles:
    """Return the files of this session, a folder of their own."""
    if _FILES not in st.session_state:
        st.session_state[_FILES] = SessionFiles()
    return st.session_state[_FILES]


def _folder_of(project: Project) -> Path:
    """Return the session's folder for the drafts of one project."""
    return session_files().folder_for(project.path)


def _used(opened: Opened) -> Used:
    if opened.project is None:
        return Used()
    return st.session_state.get(_USED, {}).get(str(opened.project.path), Used())


def _use(project: Project, used: Used) -> None:
    """Remember what the session uses from here on, and run the page anew with it."""
    st.session_state[_USED] = {**st.session_state.get(_USED, {}), str(project.path): used}
    st.session_state.pop(_RECEIVED, None)
    st.rerun()


def _name_now(bench: Bench) -> str | None:
    """Return the open project's name in the workspace, None where it has none."""
    project = bench.opened.project
    try:
        return None if project is None else bench.workspace.name_of(project.folder)
    except PlannerError:
        return None
