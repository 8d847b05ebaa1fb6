"""The map on the page: layers from the run's results, fetched by URL; legend and popups in the reader's language."""

from dataclasses import dataclass
from typing import Any

import folium
from streamlit_folium import st_folium

from planner.deliver import ATTRIBUTION
from planner.register import reasons
from planner.texts import say
from planner.ui import layers
from planner.ui.leaflet import Legend, OfflineMap, ServedLayer
from planner.ui.opened import Opened
from planner.ui.plugins import drawing_texts
from planner.ui.results import Results
from planner.ui.served import publish, publish_pieces
from planner.ui.streets import ground_of
from planner.ui.words import YUAN_SHOWN, Words, html

HEIGHT_PX = 560

_FIELDS = {
    "sites": {
        "gain": "people",
        "cumulative": "people",
        "people": "people",
        "cost_yuan": "yuan",
        "loss_if_dropped": "people",
        "replacement": "text",
        "replacement_loss": "people",
        "position_uncertainty_m": "metres",
    },
    "centres": {"people": "people", "only_here": "people", "position_uncertainty_m": "metres"},
    "candidates": {"people": "people", "unserved": "people", "cost_yuan": "yuan", "position_uncertainty_m": "metres"},
    "zones": {
        "population": "people",
        "covered_before": "people",
        "share_before": "share",
        "covered_after": "people",
        "share_after": "share",
        "centres": "number",
        "sites": "number",
    },
}
"""What a popup tells, in this order, and in which form (``map.js``)."""


@dataclass(frozen=True)
class MapFiles:
    """The map's layers as URLs, and what the legend must know of them."""

    urls: dict[str, str]
    bounds: list[list[float]]
    counts: dict[str, int]
    minutes: list[float]
    is_invented: bool


def prepare(opened: Opened, results: Results) -> MapFiles:
    """Lay the layers out as files and serve them."""
    ground = ground_of(opened.project) if opened.project is not None else None
    outline = ground.outline if ground else None
    drawn = {
        "areas": layers.areas(results, outline),
        "bands": layers.bands(results),
        "people": layers.people(results),
        "facilities": layers.facilities(results),
    }
    urls = {name: publish(layers.as_json(content)) for name, content in drawn.items()}
    if ground and ground.streets:
        urls["streets"] = publish_pieces(ground.streets) if ground.is_tiled else publish(ground.streets)
    return MapFiles(
        urls=urls,
        bounds=layers.bounds(results, outline),
        counts={name: len(rows) for name, rows in drawn["facilities"].items()}
        | {"zones": len(drawn["areas"]["zones"])},
        minutes=[ring["minutes"] for ring in drawn["bands"]["existing"]],
        is_invented=opened.is_invented,
    )


def show_map(files: MapFiles, words: Words) -> None:
    """Show the map with its legend."""
    st_folium(
        build_map(files, words),
        key="map",
        height=HEIGHT_PX,
        use_container_width=True,
        returned_objects=[],
    )


def build_map(files: MapFiles, words: Words) -> folium.Map:
    """Return the folium map: layers from the ground up, the legend listing them from the top down."""
    the_map = OfflineMap(_setting(files, words))
    shown = [
        ("ground", "areas", "", True),
        ("proposed", "bands", _bands_line("proposed", "p", files, words), True),
        ("existing", "bands", _bands_line("existing", "e", files, words), True),
        ("streets", "streets", _line("street", words("layer_streets")), True),
        ("zones", "areas", _line("zone", words("layer_zones"), files.counts["zones"]), True),
        ("before", "people", _line("people", words("layer_before")), False),
        ("after", "people", _line("people", words("layer_after")), True),
        ("candidates", "facilities", _line("candidate", words("layer_candidates"), files.counts["candidates"]), True),
        ("centres", "facilities", _line("centre", words("layer_centres"), files.counts["centres"]), True),
        ("sites", "facilities", _line("site", words("layer_sites"), files.counts["sites"], text="1"), True),
    ]
    absent = {"streets"} if "streets" not in files.urls else set()
    absent |= {"zones"} if not files.counts["zones"] else set()
    for kind, file, name, show in shown:
        if kind not in absent:
            the_map.add_child(ServedLayer(kind, files.urls[file], name=name, show=show))
    control = _TopDownControl(position="topright", collapsed=False, autoZIndex=False)
    the_map.add_child(control)
    minutes = " / ".join(f"{each:.3g}" for each in files.minutes)
    note = words("legend_note", minutes=minutes) if files.minutes else ""
    the_map.add_child(Legend(control, {"heading": words("legend"), "dots": words("legend_dots"), "note": note}))
    return the_map


class _TopDownControl(folium.LayerControl):
    """Lists what lies on top first."""

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        super().render(**kwargs)
        self.overlays = type(self.overlays)(reversed(self.overlays.items()))


def _line(symbol: str, name: str, count: int | None = None, *, text: str = "") -> str:
    """Return a line of the legend as HTML; all of it comes from the catalogues."""
    counted = "" if count is None else f" <small>{count:,}</small>"
    key = f'<span class="planner-key" aria-hidden="true"><i class="{symbol}">{text}</i></span>'
    return f'{key}<span class="planner-name">{html(name)}{counted}</span>'


def _bands_line(which: str, letter: str, files: MapFiles, words: Words) -> str:
    shown = range(3)[-len(files.minutes) :] if files.minutes else []
    swatches = "".join(f'<i class="band {letter}{number}"></i>' for number in shown)
    name = html(words(f"layer_{which}_bands"))
    return f'<span class="planner-key" aria-hidden="true">{swatches}</span><span class="planner-name">{name}</span>'


def _register_reasons(language: str) -> dict[str, str]:
    """Return why the register leaves facilities out, by code; a project's own reasons are shown as they stand."""
    return {f"excluded_reason_{code}": say(f"register.excluded_{code}", language) for code in reasons()}


def _setting(files: MapFiles, words: Words) -> dict[str, Any]:
    """Return what ``map.js`` must know: all of it numbers and sentences of the catalogues."""
    texts = {name: words(name) for name in ("zoom_in", "zoom_out", "whole_area", "not_loaded")}
    texts |= drawing_texts(words)
    texts["people"] = words("count_people", number="{}")
    texts["yuan"] = words("count_yuan", number="{}")
    texts["metres"] = words("count_metres", number="{}")
    texts["people_here"] = words("people_here", people="{}")
    texts["site_number"] = words("site_number", rank="{}")
    texts["attribution"] = html(
        words("invented") if files.is_invented else ATTRIBUTION if "streets" in files.urls else ""
    )
    codes = [f"status_{status}" for status in ("existing", "required", "candidate", "forbidden", "closable")]
    codes += [f"excluded_reason_{reason}" for reason in ("forbidden", "too_far", "no_street")]
    return {
        "language": words.language,
        "bounds": files.bounds,
        "view": f"planner {files.bounds}",
        "texts": texts,
        "words": {code: words(code) for code in codes} | _register_reasons(words.language),
        "fields": {
            kind: [[key.replace("unserved", "only_here"), words(f"fact_{key}"), form] for key, form in fields.items()]
            for kind, fields in _FIELDS.items()
        },
        "yuan_shown": YUAN_SHOWN[words.language],
    }
