"""How OpenStreetMap is asked through OSMnx: politely, one at a time, whole answers only, and never twice for the same.

OSMnx keeps its settings in module globals and rewrites how names are looked up; `_osmnx` is the one place where we touch them,
under a lock, and it puts everything back. What has come is kept in parts beside the file that it will make, so that a run that
breaks off is resumed where it stood.
"""

import hashlib
import json
import os
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

import requests

from planner.errors import InputError, NetworkError

Progress = Callable[[str], None]
Server = Literal["overpass", "nominatim"]

_USER_AGENT = "quarter-hour-planner (OSMnx)"
_BUSY = (429, 502, 503, 504)
_LONGEST_PAUSE_S = 300.0
_HELLO_S = 30.0
_Found = TypeVar("_Found")
_lock = threading.RLock()


@dataclass(frozen=True)
class Service:
    """Where OpenStreetMap is asked, and how patiently; None is what OSMnx asks.

    A server that is busy (429, 504) is asked again up to `tries` times in all, after `pause_s` seconds, twice that, and so on, or
    after what it says itself. `language` is that of the names.
    """

    overpass_url: str | None = None
    nominatim_url: str | None = None
    timeout_s: float = 180.0
    tries: int = 3
    pause_s: float = 30.0
    language: str = "zh"


class _BusyError(Exception):
    """The server asks to come back later."""

    def __init__(self, host: str, status: int, retry_after_s: float | None) -> None:
        super().__init__(host, status)
        self.host, self.status, self.retry_after_s = host, status, retry_after_s


class _CutShortError(Exception):
    """An answer that ends before it is whole, or is none."""


def asked(
    server: Server,
    ask: Callable[[ModuleType], _Found],
    kept: Path,
    service: Service,
    progress: Progress,
    *,
    cache_only: bool = False,
) -> _Found:
    """Return what `ask` gets from a server through OSMnx; whole answers are kept beside `kept` until it is written.

    `cache_only`: OSMnx fetches, and makes nothing of it.

    Raises
    ------
    NetworkError
        The server cannot be reached, stays busy or silent, refuses, or does not answer whole.
    InputError
        The folder cannot be written to.
    """
    answers = parts_of(kept)
    _without_damaged(answers)
    try:
        return _patiently(server, ask, answers, service, progress, cache_only=cache_only)
    except OSError as full:  # the errors of requests are told apart before
        raise InputError("online.folder", folder=kept.parent, fault=str(full)) from full
    finally:
        with suppress(OSError):
            answers.rmdir()  # where nothing has come


def _patiently(
    server: Server,
    ask: Callable[[ModuleType], _Found],
    answers: Path,
    service: Service,
    progress: Progress,
    *,
    cache_only: bool,
) -> _Found:
    for attempt in range(1, max(1, service.tries) + 1):
        pause_s = service.pause_s * 2 ** (attempt - 1)
        host = urlsplit(service.overpass_url if server == "overpass" else service.nominatim_url).netloc or server
        try:
            with _osmnx(answers, service, cache_only=cache_only) as ox:
                if server == "overpass":
                    _reach(ox, service)
                return ask(ox)
        except _BusyError as busy:
            fault = NetworkError("online.busy", host=busy.host, status=busy.status, tries=attempt)
            pause_s = pause_s if busy.retry_after_s is None else busy.retry_after_s
        except (_CutShortError, requests.exceptions.ChunkedEncodingError) as broken:
            fault = NetworkError("online.cut_short", host=host, tries=attempt, fault=str(broken)[:200])
        except requests.exceptions.Timeout as late:
            raise NetworkError("online.timed_out", host=host, seconds=service.timeout_s) from late
        except requests.exceptions.RequestException as gone:
            raise NetworkError("online.no_network", host=host, fault=type(gone).__name__) from gone
        if attempt < service.tries:
            progress("online.waiting")
            time.sleep(pause_s)
    raise fault


@contextmanager
def _osmnx(answers: Path, service: Service, *, cache_only: bool) -> Iterator[ModuleType]:
    """Lend OSMnx with our settings, to one thread at a time; the user's own come back afterwards."""
    import osmnx as ox  # takes a second, and most runs need none of it

    settings = ox.settings
    ours: dict[str, Any] = {
        "cache_folder": answers,
        "cache_only_mode": cache_only,
        "doh_url_template": None,  # a foreign name server, asked where there is no network
        "http_accept_language": service.language,
        "http_referer": _USER_AGENT,
        "http_user_agent": _USER_AGENT,
        "overpass_rate_limit": True,
        "requests_timeout": max(1, round(service.timeout_s)),
        "use_cache": True,
    }
    if service.overpass_url is not None:
        ours["overpass_url"] = service.overpass_url
    if service.nominatim_url is not None:
        ours["nominatim_url"] = service.nominatim_url
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large areas, which are refused above where they are too large
        ours["requests_kwargs"] = {**settings.requests_kwargs, "hooks": {"response": _check}}
        before = {name: getattr(settings, name) for name in ours}
        look_up = socket.getaddrinfo
        try:
            for name, value in ours.items():
                setattr(settings, name, value)
            yield ox
        finally:
            for name, value in before.items():
                setattr(settings, name, value)
            socket.getaddrinfo = look_up


def _check(response: requests.Response, *args: Any, **kwargs: Any) -> None:
    """Look at every answer before OSMnx does: what is refused here is neither kept nor used.

    OSMnx itself waits without end on a busy server, and takes an answer that the server calls incomplete for a whole one.
    """
    url = urlsplit(response.url)
    if not url.path.endswith(("/interpreter", "/search")) or response.is_redirect:
        return
    host = url.netloc
    if response.status_code in _BUSY:
        after = response.headers.get("Retry-After", "")
        raise _BusyError(host, response.status_code, min(float(after), _LONGEST_PAUSE_S) if after.isdigit() else None)
    if response.status_code >= 400:
        raise NetworkError("online.refused", host=host, status=response.status_code)
    try:
        answer = response.json()
    except ValueError as fault:
        raise _CutShortError(str(fault)) from fault
    if isinstance(answer, dict) and "remark" in answer:
        raise NetworkError("online.incomplete", host=host, remark=str(answer["remark"])[:200])
    whole = isinstance(answer, dict) and isinstance(answer.get("elements"), list)
    if not (whole if url.path.endswith("/interpreter") else isinstance(answer, list)):
        raise _CutShortError(f"{type(answer).__name__}")
    if answer == []:
        raise NetworkError("online.unknown_place", place=parse_qs(url.query).get("q", [""])[0])


def _reach(ox: ModuleType, service: Service) -> None:
    """Ask whether the server is there at all; OSMnx would wait a minute before it says so."""
    url = ox.settings.overpass_url.rstrip("/") + "/status"
    seconds = min(service.timeout_s, _HELLO_S)
    requests.get(url, timeout=seconds, headers={"User-Agent": _USER_AGENT}, **ox.settings.requests_kwargs)


def kept_file(folder: Path, kind: str, ending: str, *key: Any) -> Path:
    """Return the file that keeps what `key` asks for."""
    digest = hashlib.sha256(repr(key).encode()).hexdigest()
    return Path(folder) / f"{kind}-{digest[:16]}.{ending}"


def parts_of(kept: Path) -> Path:
    """Return the folder that keeps the parts of what is not whole yet."""
    return kept.with_name(kept.name.split(".")[0] + ".parts")


def _without_damaged(answers: Path) -> None:
    """Drop answers that were being written when a run broke off: OSMnx would trip over them for ever."""
    try:
        answers.mkdir(parents=True, exist_ok=True)
        for path in answers.glob("*.json"):
            try:
                json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                path.unlink()
    except OSError as fault:
        raise InputError("online.folder", folder=answers.parent, fault=str(fault)) from fault


def write_whole(kept: Path, write: Callable[[Path], Any]) -> None:
    """Write a file whole or not at all; its parts are not needed any more."""
    unfinished = kept.with_name(f"{os.getpid()}-{threading.get_ident()}-{kept.name}")
    try:
        write(unfinished)
        unfinished.replace(kept)
    except (OSError, RuntimeError) as fault:
        raise InputError("online.folder", folder=kept.parent, fault=str(fault)) from fault
    finally:
        unfinished.unlink(missing_ok=True)
    shutil.rmtree(parts_of(kept), ignore_errors=True)
