"""A real browser with the way to the outside cut: Chromium through Playwright, the page as `planner app` starts it.

Every request of the browser is recorded, and every address that the server's process turns to as well; neither may leave this
machine. Without a browser these tests are skipped.
"""

import csv
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from small_project import degrees, write_project
from waiting import PATIENCE_S, wait_until

from planner import ui
from planner.ui.launch import answers, visit_first

try:
    from playwright.sync_api import BrowserContext, Error, Frame, Page, sync_playwright
except ImportError:  # pragma: no cover
    sync_playwright = None  # type: ignore[assignment]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
HERE = {"localhost", "127.0.0.1", "[::1]", "::1"}
PATIENCE_MS = 1000 * PATIENCE_S
MAP = 'iframe[title="streamlit_folium.st_folium"]'

IDLE = """() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() =>
    document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && !document.querySelector('.planner-progress'))"""
READY = "document.body?.dataset.planner === 'ready'"
STILL = f"{READY} && planner.isAnswered() && !planner.map._animatingZoom && !planner.map._panAnim?._inProgress"

WATCHMAN = """
import os, socket
def watched(real):
    def call(self, address):
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("localhost", "127.0.0.1", "::1"):
            with open(os.environ["PLANNER_TEST_LOG"], "a", encoding="utf-8") as log:
                log.write(f"{host}\\n")
            raise OSError("the way out is cut")
        return real(self, address)
    return call
socket.socket.connect = watched(socket.socket.connect)
socket.socket.connect_ex = watched(socket.socket.connect_ex)
"""

HOSTILE = {
    "img": '<img src="http://outside.invalid/x.png" onerror="window.top.struck=1">',
    "script": "</script><script>window.top.struck=1</script>",
    "literal": "${window.top.struck=1}`+(window.top.struck=1)+`",
    "quotes": "\"><svg onload=window.top.struck=1>'-(window.top.struck=1)-'",
    "markdown": "![x](http://outside.invalid/x.png) :material/home: $x$ {{ 'x' }}{% raw %}",
    "formula": '=HYPERLINK("http://outside.invalid")\\u003cimg src=x onerror=window.top.struck=1\\u003e',
}


@dataclass
class Visit:
    """A page open in the browser, what it asked for, and what went wrong on it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname not in HERE
        ]

    def map_frame(self, saying: str = "") -> Frame:
        """Wait until the map has drawn all its layers, and its legend says so much; return its frame."""
        return self._map_when(f"{READY} && document.body.innerText.includes({saying!r})")

    def settled(self) -> Frame:
        """Wait until the map has the answer to all that was done on it, and neither it nor the page does anything more."""
        return self._map_when(STILL, IDLE)

    def wait_until(self, has_come: Callable[[], object], what: str = "it") -> None:
        """Wait until something is so, while the page goes on."""
        wait_until(has_come, what, pause=lambda seconds: self.page.wait_for_timeout(1000 * seconds))

    def _map_when(self, map_is: str, page_is: str = "true") -> Frame:
        found: list[Frame] = []

        def is_so() -> bool:
            found[:] = [frame for frame in self.page.frames if "streamlit_folium" in frame.url]
            with suppress(Error):  # while the map changes there are two frames, and one of them goes
                return len(found) == 1 and all(
                    part.evaluate(so) for part, so in ((self.page, page_is), (found[0], map_is), (self.page, page_is))
                )
            return False

        self.wait_until(is_so, "the whole map")
        return found[0]


@dataclass
class Server:
    """A running page."""

    url: str
    log: Path

    @property
    def turned_to(self) -> list[str]:
        """Addresses beyond this machine that the server tried."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@contextmanager
def launched() -> Iterator[BrowserContext]:
    """Start the browser; without one, the test that asks for it is skipped."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None or sync_playwright is None:
        missing = "no Chromium on this machine" if path is None else "the package playwright is not installed"
        pytest.skip(f"the map cannot be tried in a browser: {missing}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        context = running.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        context.set_default_timeout(PATIENCE_MS)
        yield context
        running.close()


@contextmanager
def serving(project: Path, folder: Path, page: Path | None = None) -> Iterator[Server]:
    """Serve a project as `planner app` does, or another `page` in the same way, with a watchman at the process's sockets."""
    (folder / "sitecustomize.py").write_text(WATCHMAN, encoding="utf-8")
    log = folder / "outside.log"
    watched = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    own = {"STREAMLIT_SERVER_HEADLESS": "true", "PYTHONPATH": watched, "PLANNER_TEST_LOG": str(log)}
    for _ in range(3):  # another program may take the port before the server does
        port = free_port()
        command = ui.command(project, port=port)
        command[4] = str(page or command[4])
        with (folder / "server.txt").open("wb") as said:
            process = subprocess.Popen(command, env={**os.environ, **own}, stdout=said, stderr=said, cwd=folder)
        url = f"http://localhost:{port}"
        if answers(url, process, PATIENCE_S) and process.poll() is None:
            break
    else:
        pytest.fail((folder / "server.txt").read_text(encoding="utf-8", errors="replace"))
    try:
        assert page is not None or visit_first(url, PATIENCE_S), "the page was never whole"
        yield Server(url, log)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def visit(browser: BrowserContext, url: str) -> Iterator[Visit]:
    page = browser.new_page()
    found = Visit(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("websocket", lambda socket: found.requests.append(socket.url))
    page.on("pageerror", lambda fault: found.faults.append(str(fault)))
    page.on("console", lambda line: found.faults.append(line.text) if line.type == "error" else None)
    page.on("response", lambda answer: found.faults.append(answer.url) if answer.status >= 400 else None)
    try:
        page.goto(url)
        page.wait_for_selector(".planner-title")
        yield found
    finally:
        page.close()


def hostile_project(folder: Path) -> Path:
    """Write the street of `small_project` with names that attack: project, zones, centre and sites."""
    file = write_project(folder, siting="sites = 2")
    file.write_text(
        file.read_text(encoding="utf-8").replace('"One street"', json.dumps(HOSTILE["img"])), encoding="utf-8"
    )
    zones = json.loads((folder / "zones.geojson").read_text(encoding="utf-8"))
    for feature, name in zip(zones["features"], ("literal", "script"), strict=True):
        feature["properties"]["name"] = HOSTILE[name]
    (folder / "zones.geojson").write_text(json.dumps(zones), encoding="utf-8")
    _table(folder / "centres.csv", [("Z", HOSTILE["quotes"], 0, "保留", HOSTILE["img"])])
    candidates = [
        ("A", HOSTILE["script"], 1500, "备选", HOSTILE["formula"]),
        ("B", HOSTILE["literal"], 3500, "备选", HOSTILE["markdown"]),
        ("D", HOSTILE["formula"], 2500, "备选", HOSTILE["script"]),
    ]
    _table(folder / "candidates.csv", candidates)
    return file


def _table(path: Path, rows: list[tuple[str, str, int, str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["编号", "名称", "经度", "纬度", "状态", "类型"])
        writer.writerows((key, name, *degrees(at), status, kind) for key, name, at, status, kind in rows)
