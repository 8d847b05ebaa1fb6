"""The server of the page: ``python -P -m planner.ui.serve PAGE --key value … [-- WORDS]``, as `planner.ui.command` says it.

It takes nothing from the folder that it was started in, neither code nor ``.streamlit``, and speaks to pages of its own only.
"""

import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from planner.children import end_with_parent

Message = MutableMapping[str, Any]

_HERE = {"localhost", "127.0.0.1", "::1"}
_SHUT = ("/_stcore/metrics",)
_HEADERS = [
    (b"x-frame-options", b"SAMEORIGIN"),  # the page's own frames, such as the map's, have its origin
    (b"content-security-policy", b"frame-ancestors 'self'"),
    (b"x-content-type-options", b"nosniff"),
]


class OwnPagesOnly:
    """What a request passes before Streamlit sees it: it is for this machine by name, and comes from no other site's page.

    A foreign page may not open the socket that drives the app, whatever port of this machine it came from; a name that
    somebody points at this machine (DNS rebinding) is none of ours.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Hand on what is ours; refuse the rest."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not _is_ours(scope):
            await _refuse(scope, receive, send, 403)
        elif scope["path"].rstrip("/") in _SHUT:
            await _refuse(scope, receive, send, 404)
        else:
            await self._app(scope, receive, lambda message: send(_unframed(message)))


def main() -> None:
    """Serve the page until a signal ends it."""
    end_with_parent()
    page, *words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    options = dict(zip(words[0:end:2], words[1:end:2], strict=True))
    os.chdir(Path(__file__).parent)  # Streamlit looks for its settings and secrets in the current folder
    sys.argv = [page, *words[end + 1 :]]

    from starlette.middleware import Middleware
    from streamlit.starlette import App

    settings = {key.removeprefix("--"): _value(value) for key, value in options.items()}
    App(page, middleware=[Middleware(OwnPagesOnly)]).run(config=settings)


def _value(text: str) -> bool | int | str:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() else text


def _is_ours(scope: Message) -> bool:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host, origin = headers.get(b"host", ""), headers.get(b"origin")
    try:
        is_here = urlsplit(f"//{host}").hostname in _HERE
        return is_here and (origin is None or urlsplit(origin).netloc == host)
    except ValueError:
        return False


def _unframed(message: Message) -> Message:
    if message["type"] == "http.response.start":
        own = {name for name, _ in _HEADERS}
        kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in own]
        message = {**message, "headers": [*kept, *_HEADERS]}
    return message


async def _refuse(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]], status: int
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), *_HEADERS]})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    main()
