"""One project's results on one page: figures, map, sites in order, the frontier, zones, downloads."""

import streamlit as st

from planner.session.run_results import Results, read_results, version
from planner.ui.map.layers import of_run
from planner.ui.map.view import HEIGHT_PX, BaseMap, Changing, prepare, published, show_map
from planner.ui.opened import Opened
from planner.ui.panels.curve import show_curve
from planner.ui.panels.downloads import show_downloads
from planner.ui.panels.figures import show_figures
from planner.ui.panels.tables import show_groups, show_sites, show_zones
from planner.ui.words import Words, html

_CHART_PX = 215


def show_overview(opened: Opened, words: Words) -> None:
    """Show the results of a run.

    Raises
    ------
    InputError
        The results cannot be read.
    """
    mark = version(opened.out)
    with st.spinner(words("loading")):
        results = _results(opened, mark)
    show_figures(results, words)
    left, right = st.columns([1.85, 1], gap="medium")
    with right:
        _heading(words("sites_title"))
        show_sites(results, words, height_px=HEIGHT_PX - _CHART_PX - 66)
        _heading(words("curve_title"))
        show_curve(results, words, height_px=_CHART_PX, by_money="budget_yuan" in results.curve)
    with left:
        with st.spinner(words("drawing")):
            base, changing = _drawn(opened, mark)
        show_map(base, changing, words)
    if results.zones is not None:
        _heading(words("zones_title"))
        show_zones(results, words)
    if len(results.summary["population"]) > 1:
        _heading(words("groups_title"))
        show_groups(results, words)
    _heading(words("downloads_title"))
    show_downloads(results.folder, words)
    st.html(f'<p class="planner-foot">{html(words("foot"))}</p>')


def _heading(text: str) -> None:
    st.html(f'<h2 class="planner-heading">{html(text)}</h2>')


@st.cache_resource(max_entries=4, show_spinner=False)
def _results(opened: Opened, mark: str) -> Results:
    """Read the results once for all sessions; `mark` changes when there are new ones."""
    return read_results(opened.out)


@st.cache_resource(max_entries=4, show_spinner=False)
def _drawn(opened: Opened, mark: str) -> tuple[BaseMap, Changing]:
    results = _results(opened, mark)
    shown = {kind: published(content) for kind, content in of_run(results).items()}
    return prepare(opened, results), Changing(shown, ("proposed", "after", "candidates", "sites"))
