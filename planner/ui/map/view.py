"""The map on the page: a base that stays, layers that change, and what the reader does on it.

`show_map` puts the map on the page: the base (streets, zones, existing centres and their walking areas) is the same for a project
and a language, so that the browser keeps it, its view included; what changes goes to it as URLs of layers. `take_event` says what
the reader did since the last run.
"""

from dataclasses import dataclass, field
from typing import Any

import folium
import streamlit as st
from streamlit_folium import st_folium

from planner.deliver.geojson import ATTRIBUTION
from planner.session.run_results import Results
from planner.ui.map import layers
from planner.ui.map.events import ACTIONS, Event, new_events
from planner.ui.map.leaflet import Legend, LiveLayer, OfflineMap, ServedLayer, Update
from planner.ui.map.streets import ground_of
from planner.ui.map.words import bands_line, line, setting
from planner.ui.opened import Opened
from planner.ui.served import publish, publish_pieces
from planner.ui.words import Words

HEIGHT_PX = 550
CONTENTS = ("proposed", "sites", "candidates", "people", "here", "difference", "gaps", "unplaced", "area")
"""Kinds of content that change."""
SHOWN = ("proposed", "sites", "candidates", "before", "after", "here", "difference", "gaps", "unplaced", "area")
"""Layers that are on or off: the contents, with people as `before` (not covered now) and `after` (with the plan)."""

_KEY, _QUEUE, _SEEN, _MORE = "map", "map_queue", "map_seen", "map_more"


@dataclass(frozen=True)
class BaseMap:
    """What stays on the map, as URLs of layers, and what the legend must know of it."""

    urls: dict[str, str]
    bounds: list[list[float]]
    counts: dict[str, int]
    minutes: list[float]
    is_invented: bool


@dataclass(frozen=True)
class Changing:
    """What changes on the map.

    `layers`: contents by kind (see `CONTENTS`) as the functions of `layers` make them, or the URL that `published` gave for one;
    what is absent or None is empty. `shown`: layers (see `SHOWN`) that are on; the reader's own ticks win until `step` changes.
    `actions`: the buttons of a facility's card, and "move" where sites may be dragged. `drawing`: the tool for areas is at hand.
    `step`: the step of the work; a map without one only shows, and nothing done on it is told.
    """

    layers: dict[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    drawing: bool = False
    step: str = ""

    def __post_init__(self) -> None:
        for given, known in ((self.layers, CONTENTS), (self.shown, SHOWN), (self.actions, (*ACTIONS, "move"))):
            unknown = set(given) - set(known)
            if unknown:
                raise ValueError(f"the map does not know {sorted(unknown)}; it knows {sorted(known)}")


def prepare(opened: Opened, results: Results) -> BaseMap:
    """Lay the base map's layers out as files and serve them."""
    ground = ground_of(opened.project) if opened.project is not None else None
    outline = ground.outline if ground else None
    existing = {"existing": layers.bands(results)["existing"]}
    drawn = {
        "areas": layers.areas(results, outline),
        "bands": existing,
        "centres": {"centres": layers.centres(results.centres)},
    }
    urls = {name: publish(layers.as_json(content), lasting=True) for name, content in drawn.items()}
    if ground and ground.streets:
        urls["streets"] = publish_pieces(ground.streets) if ground.is_tiled else publish(ground.streets, lasting=True)
    return BaseMap(
        urls=urls,
        bounds=layers.bounds(results, outline),
        counts={"centres": len(drawn["centres"]["centres"]), "zones": len(drawn["areas"]["zones"])},
        minutes=[ring["minutes"] for ring in existing["existing"]],
        is_invented=opened.is_invented,
    )


def published(content: Any) -> str:
    """Serve a content and return its URL, which stands for it in `Changing.layers`; worth keeping for large ones."""
    return publish(layers.as_json(content))


def show_map(base: BaseMap, changing: Changing, words: Words) -> None:
    """Show the map with its legend. What `take_event` has left is the next run's, which follows at once."""
    st_folium(
        build_map(base, words),
        key=_KEY,
        height=HEIGHT_PX,
        use_container_width=True,
        returned_objects=[],
        render=False,  # as a page of its own, which nobody needs
        feature_group_to_add=Update(_change(changing)),
        on_change=_receive,
    )
    if st.session_state.pop(_MORE, False):
        st.rerun()


def take_event() -> Event | None:
    """Return what the reader did on the map, each event once and in order; None where nothing was done since."""
    queue: list[tuple[int, Event]] = st.session_state.get(_QUEUE, [])
    if not queue:
        return None
    (serial, event), *rest = queue
    st.session_state[_QUEUE], st.session_state[_MORE] = rest, bool(rest)
    st.session_state[_SEEN] = serial
    return event


def _receive() -> None:
    """Put what the browser tells into the queue."""
    queue = st.session_state.get(_QUEUE, [])
    after = queue[-1][0] if queue else st.session_state.get(_SEEN, 0)
    st.session_state[_QUEUE] = queue + new_events(st.session_state.get(_KEY), after)


def _change(changing: Changing) -> dict[str, Any]:
    urls = {
        kind: content if isinstance(content, str) else published(content)
        for kind, content in changing.layers.items()
        if content is not None
    }
    return {
        "urls": urls,
        "shown": list(changing.shown),
        "actions": list(changing.actions),
        "drawing": changing.drawing,
        "step": changing.step,
        "seen": st.session_state.get(_SEEN, 0),
    }


def build_map(base: BaseMap, words: Words) -> folium.Map:
    """Return the folium map: layers from the ground up, the legend listing them from the top down."""
    attribution = words("invented") if base.is_invented else ATTRIBUTION if "streets" in base.urls else ""
    the_map = OfflineMap(setting(base.bounds, attribution, words))
    for layer in _layers(base, words):
        the_map.add_child(layer)
    control = _TopDownControl(position="topright", collapsed=False, autoZIndex=False)
    the_map.add_child(control)
    minutes = " / ".join(f"{each:.3g}" for each in base.minutes)
    texts = {name: words(f"legend_{name}") for name in ("heading", "dots", "change", "reach")}
    texts["bands"] = words("legend_bands", minutes=minutes) if base.minutes else ""
    the_map.add_child(Legend(control, texts))
    return the_map


def _layers(base: BaseMap, words: Words) -> list[ServedLayer | LiveLayer]:
    counts, urls = base.counts, base.urls

    def stays(kind: str, file: str, name: str) -> ServedLayer:
        return ServedLayer(kind, urls[file], name=name)

    def changes(kind: str, count: int | None = None, *, symbols: tuple[str, ...], text: str = "") -> LiveLayer:
        return LiveLayer(kind, name=line(kind, words(f"layer_{kind}"), count, symbols=symbols, text=text))

    found: list[ServedLayer | LiveLayer] = [
        stays("ground", "areas", ""),
        LiveLayer("proposed", name=bands_line("proposed", "p", base.minutes, words)),
        stays("existing", "bands", bands_line("existing", "e", base.minutes, words)),
    ]
    if "streets" in urls:
        found.append(stays("streets", "streets", line("streets", words("layer_streets"), symbols=("street",))))
    if counts["zones"]:
        zones = line("zones", words("layer_zones"), counts["zones"], symbols=("zone",))
        found.append(stays("zones", "areas", zones))
    return [
        *found,
        changes("here", symbols=("here",)),
        changes("area", symbols=("area",)),
        changes("gaps", 0, symbols=("gap",)),
        changes("before", symbols=("people",)),
        changes("after", symbols=("people",)),
        changes("difference", symbols=("gained", "lost")),
        changes("candidates", 0, symbols=("candidate",)),
        stays("centres", "centres", line("centres", words("layer_centres"), counts["centres"], symbols=("centre",))),
        changes("unplaced", 0, symbols=("pin",)),
        changes("sites", 0, symbols=("site",), text="1"),
    ]


class _TopDownControl(folium.LayerControl):
    """Lists what lies on top first."""

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        super().render(**kwargs)
        self.overlays = type(self.overlays)(reversed(self.overlays.items()))
