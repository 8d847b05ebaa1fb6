"""The map's plugins that `planner.ui.fetch` brought: which scripts each asks for, and what is left out where one is missing."""

from planner.ui.assets import fetched_url, own_url
from planner.ui.words import Words

Links = list[tuple[str, str]]
"""Names and URLs of scripts or styles, as folium has them, in the order in which they must be loaded."""


def tile_scripts() -> Links:
    """Return the scripts that draw streets from a PMTiles archive; none where one of them was not fetched."""
    return _all_or_none(["pmtiles/pmtiles.js", "protomaps-leaflet/protomaps-leaflet.js"], ["tiles.js"])


def drawing_scripts() -> Links:
    """Return the scripts that let the reader draw an area on the map; none where one of them was not fetched."""
    return _all_or_none(["leaflet-draw/leaflet.draw.js"], ["draw.js"])


def drawing_styles() -> Links:
    """Return the styles that belong to `drawing_scripts`."""
    return _all_or_none(["leaflet-draw/leaflet.draw.css"], ["draw.css"])


def drawing_texts(words: Words) -> dict[str, str]:
    """Return what ``draw.js`` says to the reader."""
    keys = ("draw_polygon", "draw_rectangle", "draw_remove", "draw_first", "draw_next", "draw_close", "draw_crossing")
    return {key: words(key) for key in (*keys, "draw_drag", "draw_release")}


def _all_or_none(fetched: list[str], own: list[str]) -> Links:
    urls = {name: fetched_url(name) for name in fetched}
    found = [(name, url) for name, url in urls.items() if url is not None]
    return [*found, *((name, own_url(name)) for name in own)] if len(found) == len(urls) else []
