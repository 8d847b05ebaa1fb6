"""Files that the browser fetches from this server by URL: Leaflet, the map's plugins, and its own scripts and style.

Each folder is announced to Streamlit as a component, whose files it serves under ``component/<name>/``, wherever the folder
lies. So Leaflet is served right out of its package, the wheel needs nothing beside it, and no setting must be switched on. The
map lives in an `iframe` two steps below, hence the ``../``; that also holds behind a proxy with a path of its own.
"""

import hashlib
from pathlib import Path

from streamlit.components.v1 import declare_component
from xstatic.pkg import leaflet

from planner.ui.fetch import FETCHED, VERSIONS

_OWN = Path(__file__).with_name("static")


def leaflet_url(name: str) -> str:
    """Return the URL of one of Leaflet's files, out of the package ``xstatic-leaflet``."""
    declare_component("leaflet", path=leaflet.BASE_DIR)
    return f"../{__name__}.leaflet/{name}"


def own_url(name: str) -> str:
    """Return the URL of a file of ``planner/ui/static``; it changes with the file, so that no browser shows an old one."""
    declare_component("static", path=_OWN)
    mark = hashlib.sha256((_OWN / name).read_bytes()).hexdigest()[:8]
    return f"../{__name__}.static/{name}?{mark}"


def fetched_url(name: str) -> str | None:
    """Return the URL of a file that `planner.ui.fetch` brought, ``<package>/<file>``; None where it did not."""
    if not (FETCHED / name).is_file():
        return None
    declare_component("fetched", path=FETCHED)
    return f"../{__name__}.fetched/{name}?{VERSIONS[name.partition('/')[0]]}"


def own_text(name: str) -> str:
    """Return a file of ``planner/ui/static`` as text."""
    return (_OWN / name).read_text(encoding="utf-8")
