"""Start the server, be its first visitor, and only then open the reader's browser: what is slow once has happened by then."""

import errno
import os
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from pathlib import Path

from planner.children import ended_by_signals, environment
from planner.errors import InputError
from planner.ui import command

_PATIENCE_S, _FAREWELL_S = 60.0, 5.0


def launch(project: Path | None, port: int, workspace: Path | None, tell: Callable[[str, str], None]) -> int:
    """Serve the page until it is stopped; return the server's exit code.

    `tell` hears ``"preparing"`` and ``"ready"``, each with the page's URL. Whatever ends this process ends the server.

    Raises
    ------
    InputError
        There is no such port, or another program has it.
    """
    check_port(port)
    url = f"http://localhost:{port}"
    with ended_by_signals():
        process = subprocess.Popen(
            command(project, port, workspace), stdin=subprocess.PIPE, env=environment(bound=True, PYTHONUTF8="1")
        )
        try:
            if answers(url, process):
                tell("preparing", url)
                visit_first(url)
                tell("ready", url)
                if _has_screen():
                    webbrowser.open(url)
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(process)


def check_port(port: int) -> None:
    """Check that the page can be served on a port of this machine.

    Raises
    ------
    InputError
        There is no such port, or another program has it.
    """
    if not 1 <= port <= 65535:
        raise InputError("ui.no_port", port=port)
    for family, kind, protocol, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        try:
            with socket.socket(family, kind, protocol) as tried:
                if (
                    os.name != "nt"
                ):  # there it would share the port; here it only passes over one that has just been left
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
        except OSError as fault:
            if fault.errno in (errno.EADDRINUSE, errno.EACCES):
                raise InputError("ui.port_taken", port=port, other=port + 1 if port < 65535 else 8501) from fault


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server; one that still speaks with a browser after a while is ended hard. Its own children end with it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_FAREWELL_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def answers(url: str, process: subprocess.Popen[bytes], patience_s: float = _PATIENCE_S) -> bool:
    """Wait until the server answers; False where it has ended, or does not within `patience_s` seconds."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + patience_s
    while process.poll() is None and time.monotonic() < until:
        try:
            with opener.open(f"{url}/_stcore/health", timeout=5):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def visit_first(url: str, patience_s: float = _PATIENCE_S) -> bool:
    """Ask for the page as a browser does until it is whole: code imported, project read, plan found, map drawn.

    While the page shows something's progress, it tells its reader to look again after an interval. Return whether it was whole
    within `patience_s` seconds; where it was not, the reader sees the progress.
    """
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    until = time.monotonic() + patience_s
    request = BackMsg()
    request.rerun_script.query_string = ""
    stream = f"ws{url.removeprefix('http')}/_stcore/stream"
    try:
        with connect(stream, subprotocols=["streamlit"], max_size=None, proxy=None) as socket:  # type: ignore[list-item]
            is_whole = False
            while not is_whole:
                socket.send(request.SerializeToString())
                answer, is_whole = ForwardMsg(), True
                while answer.WhichOneof("type") != "script_finished":
                    answer.ParseFromString(socket.recv(timeout=until - time.monotonic()))
                    if answer.WhichOneof("type") == "auto_rerun":
                        is_whole = False
                        time.sleep(answer.auto_rerun.interval)
        return True
    except (OSError, WebSocketException):
        return False


def _has_screen() -> bool:
    """Whether there is a screen for a browser to open on."""
    if os.environ.get("STREAMLIT_SERVER_HEADLESS", "").lower() in ("1", "true"):
        return False
    return sys.platform in ("win32", "darwin") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))
