"""A page with nothing but the map, for the tests of what changes on it: it answers every event in the simplest way.

Sites B and A, candidates D and E, a pin without a place. Every name is an attack.
"""

import pandas as pd
import shapely
import streamlit as st
from browsing import HOSTILE
from small_project import degrees

from planner.ui.map import layers
from planner.ui.map.publish import published
from planner.ui.map.view import BaseMap, Changing, show_map, take_event
from planner.ui.words import Words

OUTLINE = shapely.box(*degrees(-200, -500), *degrees(4200, 3500))
ACTIONS = ("lock", "forbid", "free", "drop", "replace", "move")


def table(**at: float) -> pd.DataFrame:
    names = dict(zip("ABDE", (HOSTILE["script"], HOSTILE["img"], HOSTILE["literal"], HOSTILE["quotes"]), strict=True))
    rows = [
        {
            "id": key,
            "name": names[key],
            "status": "candidate",
            "longitude": degrees(x)[0],
            "latitude": degrees(x)[1],
            "locked": key in st.session_state.locked,
            "forbidden": key in st.session_state.forbidden,
        }
        for key, x in at.items()
    ]
    return pd.DataFrame(rows).assign(rank=range(1, len(rows) + 1))


@st.cache_resource
def base_map() -> BaseMap:
    west, south, east, north = OUTLINE.bounds
    area = {"type": "Polygon", "coordinates": [list(map(list, OUTLINE.exterior.coords))]}
    contents = {
        "areas": {"outline": area, "zones": []},
        "bands": {"existing": []},
        "centres": {"centres": layers.centres(pd.DataFrame(columns=["longitude", "latitude"]))},
    }
    urls = {name: published(content) for name, content in contents.items()}
    return BaseMap(urls, [[south, west], [north, east]], {"centres": 0, "zones": 0}, [5.0, 15.0], True)


def circle(lon: float, lat: float, metres: float) -> shapely.Polygon:
    return shapely.Point(lon, lat).buffer(metres / 1e5)


@st.fragment
def bench() -> None:
    state = st.session_state
    event = take_event()
    if event is not None:
        state.told = f"{event.kind} {event.id} {event.what} {event.at is not None} {event.ring and len(event.ring)}"
        state.count += 1
    if event is not None and event.kind in ("click", "pick"):
        lon, lat = event.at or degrees(0)
        state.here = layers.here(
            (lon, lat),
            HOSTILE["markdown"],
            [(HOSTILE["formula"], "1,234 people")],
            minutes=(5, 15),
            shapes=(circle(lon, lat, 300), circle(lon, lat, 900)),
            facility=event.id,
        )
    elif event is not None and event.kind == "act":
        for marks, mark in ((state.locked, "lock"), (state.forbidden, "forbid")):
            marks.discard(event.id)
            if event.what == mark:
                marks.add(event.id)
    elif event is not None and event.kind == "draw":
        state.area = layers.area(shapely.Polygon(event.ring) if event.ring else None)
    sites = st.slider("Sites", 1, 2, 2)
    comparing = st.checkbox("Compare")
    proposed = table(B=3500, A=1500)[:sites]
    lon, lat = zip(*(degrees(x) for x in (0, 1000, 2000, 3000, 4000)), strict=True)
    before, after = [True, False, False, False, False], [True, True, True, False, True]
    contents = {
        "sites": layers.sites(proposed),
        "candidates": layers.candidates(table(D=2500, E=500)),
        "proposed": layers.rings_of(
            circle(*degrees(0), 900),
            [
                [circle(*place, metres) for place in zip(proposed["longitude"], proposed["latitude"], strict=True)]
                for metres in (300, 900)
            ],
            (5, 15),
        ),
        "people": layers.people_points(lon, lat, [100, 200, 300, 400, 500], before, after),
        "unplaced": [{"id": "P", "name": HOSTILE["script"], "note": HOSTILE["img"], "at": None}],
        "here": state.here,
        "area": state.area,
    }
    if comparing:
        both = layers.difference(
            lon, lat, [100, 200, 300, 400, 500], before, after[::-1], table(B=3500, A=1500), table(B=3500, D=2500)
        )
        hole = {"number": 1, "people": 200, "geometry": layers.area(circle(*degrees(1000), 400)), "at": degrees(1000)}
        contents = {"difference": both, "gaps": [hole]}
    shown = ("sites", "candidates", "proposed", "after", "unplaced", "here", "area", "difference", "gaps")
    step = "compare" if comparing else "propose"
    show_map(base_map(), Changing(contents, shown, ACTIONS, drawing=True, step=step), Words(state.language))
    st.text(f"{state.count} events, the last: {state.told}")


st.set_page_config(layout="wide")
for name, first in {"told": "", "count": 0, "here": None, "area": None}.items():
    st.session_state.setdefault(name, first)
st.session_state.setdefault("locked", set())
st.session_state.setdefault("forbidden", set())
st.session_state.setdefault("language", "en")
st.html('<div class="planner-title"><h1>Map</h1></div>')
if st.button("中文"):
    st.session_state.language = "zh"
if st.button("Address"):
    st.query_params["lang"] = "en"
bench()
