"""Contents of the map laid out as files of this server, so that they reach the browser by URL and not through the page's socket.

Each has a name that cannot be guessed. They lie in this process's own folder, which Streamlit serves like `planner.ui.assets`.
"""

import atexit
import hashlib
import json
import secrets
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from streamlit.components.v1 import declare_component

from planner.session.shared_project import SharedProject

_lock = threading.Lock()
_passing: OrderedDict[str, None] = OrderedDict()
_lasting: set[str] = set()
_SECRET = secrets.token_bytes(16)
_PIECE_BYTES = 1 << 16
_MOST_PASSING = 4_000


def published(content: Any) -> str:
    """Serve a content and return its URL, which stands for it in `Changing.layers`; worth keeping for large ones."""
    return publish(as_json(content))


def published_once(shared: SharedProject, key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, str]:
    """Return the URLs of contents by kind, made and laid out once for all sessions of a project."""

    def laid_out() -> dict[str, str]:
        return {kind: published(content) for kind, content in make().items()}

    urls: dict[str, str] = shared.kept(("published", key), laid_out)
    if not renew(urls.values()):
        shared.forget(("published", key))
        urls = shared.kept(("published", key), laid_out)
    return urls


def as_json(content: Any) -> bytes:
    """Return `content` as compact JSON."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


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
