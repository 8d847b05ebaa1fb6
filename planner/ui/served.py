"""Files that the browser fetches from this server by URL: Leaflet, the map's own script and style, and its layers.

Each folder is announced to Streamlit as a component, whose files it serves under ``component/<name>/``, wherever the folder
lies. So Leaflet is served right out of its package, the wheel needs nothing beside it, and no setting must be switched on. The
map lives in an `iframe` two steps below, hence the ``../``; that also holds behind a proxy with a path of its own.
"""

import atexit
import hashlib
import secrets
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from streamlit.components.v1 import declare_component
from xstatic.pkg import leaflet

from planner.ui.fetch import FETCHED, VERSIONS

_OWN = Path(__file__).with_name("static")
_lock = threading.Lock()
_passing: OrderedDict[str, None] = OrderedDict()
_lasting: set[str] = set()
_SECRET = secrets.token_bytes(16)
_PIECE_BYTES = 1 << 16
_MOST_PASSING = 4_000


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


def publish(content: bytes, *, lasting: bool = False) -> str:
    """Serve `content` (JSON) and return its URL, which only those can know who were told it.

    What is not `lasting` goes when thousands of others have come after it; `renew` keeps it.
    """
    name = f"{_unguessable(content)}.json"
    with _lock:
        _serve(name, content)
        if lasting:
            _passing.pop(name, None)
            _lasting.add(name)
        elif name not in _lasting:
            _passing[name] = None
            _passing.move_to_end(name)
            while len(_passing) > _MOST_PASSING:
                oldest, _ = _passing.popitem(last=False)
                (_folder() / oldest).unlink(missing_ok=True)
    return _layer_url(name)


def renew(urls: Iterable[str]) -> bool:
    """Keep what was published as if it had been so just now; return whether all of it was still there."""
    names = [url.rpartition("/")[2] for url in urls]
    with _lock:
        for name in names:
            if name in _passing:
                _passing.move_to_end(name)
        return all(name in _passing or name in _lasting for name in names)


def publish_pieces(content: bytes) -> str:
    """Serve `content` in pieces, for Streamlit's server answers no range requests, and return what their URLs begin with.

    It ends in ``<bytes of a piece>-``; a piece's own number, from 0 on, comes behind that.
    """
    start = f"{_unguessable(content)}-{_PIECE_BYTES}-"
    for number, place in enumerate(range(0, len(content), _PIECE_BYTES)):
        _serve(f"{start}{number}", content[place : place + _PIECE_BYTES])
    return _layer_url(start)


def _unguessable(content: bytes) -> str:
    return hashlib.blake2b(content, key=_SECRET, digest_size=16).hexdigest()


def _serve(name: str, content: bytes) -> None:
    file = _folder() / name
    if not file.is_file():
        unfinished = file.with_name(f"{name}.{secrets.token_hex(4)}")
        unfinished.write_bytes(content)
        unfinished.replace(file)


def _layer_url(name: str) -> str:
    declare_component("layers", path=_folder())
    return f"../{__name__}.layers/{name}"


@cache
def _folder() -> Path:
    """Return this process's own folder, which goes when the process does."""
    folder = Path(tempfile.mkdtemp(prefix="quarter-hour-planner-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
