"""Start the server, be its first visitor, and only then open the reader's browser: what is slow once has happened by then."""

import os
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from pathlib import Path

from planner.ui import command

_PATIENCE_S = 60.0


def launch(project: Path | None, port: int, workspace: Path | None, tell: Callable[[str, str], None]) -> int:
    """Serve the page until it is stopped; return the server's exit code.

    `tell` hears ``"preparing"`` and ``"ready"``, each with the page's URL.
    """
    url = f"http://localhost:{port}"
    process = subprocess.Popen(command(project, port, workspace))
    try:
        if answers(url, process):
            tell("preparing", url)
            visit_first(url)
            tell("ready", url)
            if _has_screen():
                webbrowser.open(url)
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()


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
