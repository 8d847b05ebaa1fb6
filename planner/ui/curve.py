"""The frontier: coverage against the number of new sites, and what no choice of so many can exceed."""

import altair as alt
import pandas as pd
import streamlit as st

from planner.ui.results import Results
from planner.ui.words import Words

_FONT = '"Source Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'
_PLAN, _BOUND = "#c2410c", "#5b6470"


def show_curve(results: Results, words: Words, *, height_px: int) -> None:
    """Show the frontier where there is more than one point of it."""
    curve = results.curve.dropna(subset=["covered"])
    people = results.summary["population"][results.group]
    if len(curve) < 2 or not people:
        return
    st.altair_chart(_chart(curve, people, words, height_px), key=f"curve-{words.language}", theme=None)


def _chart(curve: pd.DataFrame, people: float, words: Words, height_px: int) -> alt.LayerChart:
    lines = {"plan": curve["covered"], "bound": curve["upper_bound"]}
    long = pd.concat(
        pd.DataFrame(
            {"sites": curve["sites"], "share": values / people, "people": values.round(), "line": words(f"line_{name}")}
        )
        for name, values in lines.items()
    ).dropna()
    names = [words(f"line_{name}") for name in lines]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=400, labelLimit=400)
    base = alt.Chart(long).encode(
        x=alt.X("sites:Q", title=words("axis_sites"), axis=alt.Axis(tickMinStep=1, grid=False)),
        y=alt.Y(
            "share:Q", title=None, axis=alt.Axis(format=".1%", tickCount=5), scale=alt.Scale(zero=False, nice=True)
        ),
        color=alt.Color("line:N", scale=alt.Scale(domain=names, range=[_PLAN, _BOUND]), legend=legend),
        tooltip=[
            alt.Tooltip("line:N", title=words("axis_line")),
            alt.Tooltip("sites:Q", title=words("axis_sites")),
            alt.Tooltip("share:Q", title=words("axis_share"), format=".2%"),
            alt.Tooltip("people:Q", title=words("axis_people"), format=",.0f"),
        ],
    )
    dash = alt.StrokeDash("line:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 4]]), legend=legend)
    plan = base.transform_filter(alt.datum.line == names[0])
    chart = base.mark_line(strokeWidth=2).encode(strokeDash=dash) + plan.mark_point(size=28, filled=True, opacity=1)
    return (
        chart.properties(height=height_px)
        .configure(font=_FONT, background="transparent")
        .configure_axis(labelColor="#56606b", titleColor="#56606b", titleFontWeight="normal", gridColor="#e6e9ed")
        .configure_view(stroke=None)
    )
