"""What the page and the map tell one another: events that are read strictly, contents made of plain tables."""

import json
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.session.map_events import MOST_CORNERS, Event, EventQueue, new_events, read_event
from planner.ui.map import layers
from planner.ui.map.view import Changing

SQUARE = [[118.0, 25.0], [118.1, 25.0], [118.1, 25.1], [118.0, 25.1]]


def test_events_are_read() -> None:
    ring = tuple(map(tuple, SQUARE))
    assert read_event({"kind": "click", "at": [118, 25.5]}) == Event("click", at=(118.0, 25.5))
    assert read_event({"kind": "act", "id": "A", "what": "lock"}) == Event("act", id="A", what="lock")
    assert read_event({"kind": "move", "id": "A", "at": [118, 25]}) == Event("move", id="A", at=(118.0, 25.0))
    assert read_event({"kind": "pick", "id": "A", "at": "ignored"}) == Event("pick", id="A")
    assert read_event({"kind": "draw", "ring": [*SQUARE, SQUARE[0]]}) == Event("draw", ring=ring)
    assert read_event({"kind": "draw", "ring": None}) == Event("draw")


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"kind": ["click"]},
        {"kind": "leave"},
        {"kind": "click"},
        {"kind": "click", "at": [float("nan"), 25]},
        {"kind": "click", "at": [10**400, 25]},
        {"kind": "click", "at": [True, 25]},
        {"kind": "click", "at": [181, 25]},
        {"kind": "click", "at": {"lon": 118, "lat": 25}},
        {"kind": "act", "id": "A", "what": "delete"},
        {"kind": "act", "id": "A", "what": ["lock"]},
        {"kind": "act", "id": "A" * 201, "what": "lock"},
        {"kind": "pick", "id": 7},
        {"kind": "draw"},
        {"kind": "draw", "ring": SQUARE[:2]},
        {"kind": "draw", "ring": [SQUARE[0]] * 5},
        {"kind": "draw", "ring": [*SQUARE, ["x", 25]]},
        {"kind": "draw", "ring": [[118 + i / 1e5, 25] for i in range(MOST_CORNERS + 2)]},
    ],
)
def test_whatever_is_no_event_is_none(told: Any) -> None:
    assert read_event(told) is None


def test_each_event_is_new_once_and_in_order() -> None:
    told = {"events": [{"serial": n, "kind": "pick", "id": str(n)} for n in (3, 4, 4, 2, 5)]}
    assert [(serial, event.id) for serial, event in new_events(told, 3)] == [(4, "4"), (5, "5")]
    assert new_events(told, 5) == []
    for odd in (
        None,
        {},
        {"events": "x"},
        {"events": [{"serial": True, "kind": "pick", "id": "a"}]},
        {"events": [None]},
    ):
        assert new_events(odd, 0) == []
    assert new_events({"events": [{"serial": n, "kind": "pick", "id": "a"} for n in range(1, 10)]}, 0) == []


def test_a_queue_gives_each_event_once_however_often_it_is_told() -> None:
    queue = EventQueue()
    told = {"events": [{"serial": 3, "kind": "click", "at": [1, 2]}, {"serial": 4, "kind": "pick", "id": "A"}]}
    queue.put(told)
    queue.put(told)
    assert queue.take() == Event("click", at=(1.0, 2.0)) and queue.seen == 3
    queue.put(told)
    assert queue.take() == Event("pick", id="A") and queue.seen == 4
    queue.put(told)
    assert queue.take() is None


def test_a_change_names_only_what_the_map_knows() -> None:
    assert Changing({"sites": []}, ("sites", "before"), ("lock", "move")).step == ""
    for wrong in ({"layers": {"site": []}}, {"shown": ("people",)}, {"actions": ("delete",)}):
        with pytest.raises(ValueError, match="does not know"):
            Changing(**wrong)


def test_the_difference_of_two_plans_counts_who_gains_and_who_loses() -> None:
    a = pd.DataFrame({"id": ["X", "Y"], "name": ["x", "y"], "rank": [1, 2], "longitude": 118.0, "latitude": 25.0})
    b = pd.DataFrame({"id": ["Y", "Z"], "name": ["y", "z"], "rank": [1, 2], "longitude": 118.0, "latitude": 25.0})
    found = layers.difference(
        [118.0, 118.1, 118.2, 118.3], [25.0] * 4, [10, 20, 30, 40], [1, 1, 0, 0], [1, 0, 1, 0], a, b
    )
    assert found["points"] == [[118.2, 25, 30, 0], [118.1, 25, 0, 20]]
    sites = {site["id"]: (site["side"], site.get("rank_a"), site.get("rank_b")) for site in found["sites"]}
    assert sites == {"X": ("a", 1, None), "Y": ("both", 2, 1), "Z": ("b", None, 2)}


def test_contents_of_plain_tables() -> None:
    table = pd.DataFrame(
        {
            "id": [1, 2],
            "name": ["<b>", None],
            "locked": [True, False],
            "longitude": [118.0, None],
            "latitude": [25.0, 25.0],
        }
    )
    assert layers.candidates(table) == [{"id": "1", "name": "<b>", "locked": True, "at": [118.0, 25.0]}]
    assert [row["at"] for row in layers.unplaced(table)] == [[118.0, 25.0], None]
    holes = gpd.GeoDataFrame({"number": [1], "people": [200.0]}, geometry=[shapely.Polygon(SQUARE)], crs=4326)
    (gap,) = layers.gaps(holes)
    assert gap["number"] == 1 and shapely.from_geojson(json.dumps(gap["geometry"])).contains(shapely.Point(gap["at"]))
    small, large = (shapely.Point(118, 25).buffer(size, cap_style="square") for size in (0.01, 0.02))
    answer = layers.here((118, 25), "Here", [("People", "9")], minutes=(5, 15), shapes=(small, [small, large]))
    areas = [shapely.from_geojson(json.dumps(ring["geometry"])).area for ring in answer["rings"]]
    assert areas == pytest.approx([4e-4, 12e-4]) and answer["id"] is None
