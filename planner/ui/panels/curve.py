"""The frontier: coverage against number of sites or money, and what no choice of so many can exceed; it can be clicked."""

import math
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from planner.results.wording import YUAN_SHOWN
from planner.session.run_results import Results
from planner.ui.words import Words

_FONT = '"Source Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'
_PLAN, _BOUND, _NOW = "#c2410c", "#5b6470", "#0b4f8a"
_PICK = "pick"


def show_curve(
    results: Results, words: Words, *, height_px: int, by_money: bool = False, at: int | None = None, key: str = "curve"
) -> Any:
    """Show the frontier where there is more than one point of it; the point of `at` sites stands out.

    Returns what `clicked_point` reads; None where there is nothing to click.
    """
    curve = results.curve.dropna(subset=["covered"])
    people = results.summary["population"][results.group]
    if len(curve) < 2 or not people:
        return None
    chart = _chart(curve, people, words, height_px, by_money, at)
    if at is None:
        st.altair_chart(chart, key=f"{key}-{words.language}", theme=None)
        return None
    return st.altair_chart(
        chart, key=f"{key}-{words.language}-{by_money}", theme=None, on_select="rerun", selection_mode=[_PICK]
    )


def clicked_point(shown: Any) -> tuple[int, float] | None:
    """Return the number of sites and the yuan of the point that was clicked on a curve."""
    picked = (shown or {}).get("selection", {}).get(_PICK) or []
    if not picked:
        return None
    yuan = picked[0].get("yuan")
    return int(picked[0]["sites"]), math.nan if yuan is None else float(yuan)


def _chart(
    curve: pd.DataFrame, people: float, words: Words, height_px: int, by_money: bool, at: int | None
) -> alt.Chart:
    lines = {"plan": curve["covered"], "bound": curve["upper_bound"]}
    names = [words(f"line_{name}") for name in lines]
    long = pd.concat(
        pd.DataFrame(
            {
                "sites": curve["sites"],
                "yuan": curve["cost_yuan"],
                "cost": curve["cost_yuan"] / YUAN_SHOWN[words.language],
                "share": values / people,
                "people": values.round(),
                "line": name,
            }
        )
        for name, values in zip(names, lines.values(), strict=True)
    ).dropna(subset=["share"])
    now = (alt.datum.sites == (-1 if at is None else at)) & (alt.datum.line == names[0])
    if by_money:
        x = alt.X("cost:Q", title=words("axis_cost"), axis=alt.Axis(grid=False, format=",.0f"))
    else:
        x = alt.X("sites:Q", title=words("axis_sites"), axis=alt.Axis(tickMinStep=1, grid=False))
    legend = alt.Legend(title=None, orient="top", symbolSize=90, labelLimit=400, symbolOpacity=1)
    tips = [
        alt.Tooltip("line:N", title=words("axis_line")),
        alt.Tooltip("sites:Q", title=words("axis_sites")),
        alt.Tooltip("share:Q", title=words("axis_share"), format=".2%"),
        alt.Tooltip("people:Q", title=words("axis_people"), format=",.0f"),
    ]
    chart = (
        alt.Chart(long)
        .mark_point(filled=True, opacity=1, cursor="pointer")
        .encode(
            x=x,
            y=alt.Y(
                "share:Q", title=None, axis=alt.Axis(format=".1%", tickCount=5), scale=alt.Scale(zero=False, nice=True)
            ),
            color=alt.condition(
                now,
                alt.value(_NOW),
                alt.Color("line:N", scale=alt.Scale(domain=names, range=[_PLAN, _BOUND]), legend=legend),
            ),
            shape=alt.Shape("line:N", scale=alt.Scale(domain=names, range=["circle", "stroke"]), legend=legend),
            size=alt.condition(now, alt.value(190), alt.value(42)),
            tooltip=tips,
        )
    )
    if at is not None:
        chart = chart.add_params(alt.selection_point(name=_PICK, fields=["sites", "yuan"], nearest=True))
    return (
        chart.properties(height=height_px)
        .configure(font=_FONT, background="transparent")
        .configure_axis(labelColor="#56606b", titleColor="#56606b", titleFontWeight="normal", gridColor="#e6e9ed")
        .configure_view(stroke=None)
    )
