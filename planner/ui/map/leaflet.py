"""Folium without the internet: a map that names only files of this server, and layers that fetch their data by URL.

Stock folium names scripts on public CDNs and stays blank where one is missing. This map needs Leaflet and a few scripts of ours
(``static/map.js`` and its like), which draw with circles, lines and `div` icons and show names from files as text, never as HTML.
What is written into the page's script here comes from the catalogues and this program alone.
"""

from typing import Any

import folium
from folium.elements import JSCSSMixin, MacroElement
from folium.map import Layer
from folium.template import Template

from planner.ui.assets import leaflet_url, own_url
from planner.ui.map.plugins import drawing_scripts, drawing_styles, tile_scripts

_SCRIPTS = ("map", "streets", "marks", "live")


class OfflineMap(folium.Map):
    """A folium map without tiles whose scripts and styles come from this server.

    `setting` is what ``map.js`` must know before any layer: bounds, texts, number forms.
    """

    def __init__(self, setting: dict[str, Any]) -> None:
        (south, west), (north, east) = setting["bounds"]
        super().__init__(
            location=[(south + north) / 2, (west + east) / 2],
            tiles=None,
            zoom_control=False,
            zoom_start=9,
            min_zoom=3,
            max_zoom=18,
            zoom_snap=0.25,
            font_size="13px",
        )
        own = [(name, own_url(f"{name}.js")) for name in _SCRIPTS]
        self.default_js = [("leaflet", leaflet_url("leaflet.js")), *own, *drawing_scripts()]
        self.default_css = [("leaflet", leaflet_url("leaflet.css")), ("map", own_url("map.css")), *drawing_styles()]
        self.add_child(_Setup(setting))


class ServedLayer(JSCSSMixin, Layer):
    """A layer of ``map.js``: its `kind` draws what it fetches from `url`, JSON or a PMTiles archive in pieces.

    `name` is its line in the layer control, as HTML.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = planner.layer({{ this.kind|tojson }}, {{ this.url|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, kind: str, url: str, *, name: str, show: bool = True) -> None:
        super().__init__(name=name, overlay=True, control=bool(name), show=show)
        self._name = "ServedLayer"
        self.kind, self.url = kind, url
        self.default_js = [] if url.endswith(".json") else tile_scripts()


class LiveLayer(Layer):
    """A layer of the script ``live.js`` that `Update` fills."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = planner.live({{ this.kind|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, kind: str, *, name: str) -> None:
        super().__init__(name=name, overlay=True, control=bool(name), show=False)
        self._name = "LiveLayer"
        self.kind = kind


class Update(folium.FeatureGroup):
    """What changes while the map stays, for ``feature_group_to_add``: an empty layer whose making updates the others."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = planner.update({{ this.change|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, change: dict[str, Any]) -> None:
        super().__init__(control=False, show=False)
        self.change = change


class Legend(MacroElement):
    """Turns a layer control into the legend: a heading that folds it, and notes below the layers."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            planner.legend({{ this.control.get_name() }}, {{ this.texts|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, control: folium.LayerControl, texts: dict[str, str]) -> None:
        super().__init__()
        self._name = "Legend"
        self.control, self.texts = control, texts


class _Setup(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            planner.setup({{ this._parent.get_name() }}, {{ this.setting|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, setting: dict[str, Any]) -> None:
        super().__init__()
        self._name = "Setup"
        self.setting = setting
