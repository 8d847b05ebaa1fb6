"""The map in a real browser, with the way to the outside cut: Chromium through Playwright, the page as `planner app` starts it.

Every request of the browser is recorded, and every address that the server's process turns to as well; neither may leave this
machine. Without a browser these tests are skipped, except in CI, where a missing browser is a failure.
"""

import csv
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from small_project import degrees, write_project

from planner import deliver, study, ui
from planner.project import load

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
PATIENCE_MS = 90_000
MAP = 'iframe[title="streamlit_folium.st_folium"]'

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
        ready = f"document.body?.dataset.planner === 'ready' && document.body.innerText.includes({saying!r})"
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            frames = [frame for frame in self.page.frames if "streamlit_folium" in frame.url]
            with suppress(Error):  # while the map changes there are two frames, and one of them goes
                if len(frames) == 1 and frames[0].evaluate(ready):
                    return frames[0]
            self.page.wait_for_timeout(100)
        pytest.fail("the map is not whole")


@dataclass
class Server:
    """A running page."""

    url: str
    log: Path

    @property
    def turned_to(self) -> list[str]:
        """Addresses beyond this machine that the server tried."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None or sync_playwright is None:
        missing = "no Chromium on this machine" if path is None else "the package playwright is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"the map cannot be tried in a browser: {missing}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield running.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        running.close()


@contextmanager
def serving(project: Path, folder: Path, page: Path | None = None) -> Iterator[Server]:
    """Serve a project as `planner app` does, or another `page` in the same way, with a watchman at the process's sockets."""
    (folder / "sitecustomize.py").write_text(WATCHMAN, encoding="utf-8")
    log = folder / "outside.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    watched = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    own = {"STREAMLIT_SERVER_HEADLESS": "true", "PYTHONPATH": watched, "PLANNER_TEST_LOG": str(log)}
    with (folder / "server.txt").open("wb") as said:
        command = ui.command(project, port=port)
        command[4] = str(page or command[4])
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=said, stderr=said, cwd=folder)
    try:
        _wait_for(f"http://localhost:{port}/_stcore/health", process)
        yield Server(f"http://localhost:{port}", log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(300):
        assert process.poll() is None, "the server ended at once"
        try:
            with opener.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server did not start")


@contextmanager
def visit(browser: BrowserContext, url: str) -> Iterator[Visit]:
    page = browser.new_page()
    found = Visit(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("websocket", lambda socket: found.requests.append(socket.url))
    page.on("pageerror", lambda fault: found.faults.append(str(fault)))
    page.on("console", lambda line: found.faults.append(line.text) if line.type == "error" else None)
    page.on("response", lambda answer: found.faults.append(answer.url) if answer.status >= 400 else None)
    page.goto(url, timeout=PATIENCE_MS)
    page.wait_for_selector(".planner-title", timeout=PATIENCE_MS)
    yield found
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


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a planned project whose every name is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    file = hostile_project(folder / "street")
    deliver.write(study.run(load(file)), file.parent / "out")
    with serving(file, folder) as server:
        yield server


def click(frame: Frame, selector: str) -> str:
    """Click what `selector` finds first on the map, the whole area in view; return the text of the popup that opens."""
    frame.evaluate("map.closePopup()")
    frame.locator(".leaflet-popup").wait_for(state="detached")
    frame.locator(".planner-home").click()
    frame.locator(selector).first.click()
    return frame.locator(".leaflet-popup .planner-card").inner_text()


def test_the_map_is_whole_without_the_outside(browser: BrowserContext, hostile: Server) -> None:
    with visit(browser, hostile.url) as found:
        frame = found.map_frame()
        assert frame.locator(".planner-site").count() == 2
        assert sorted(frame.locator(".planner-site").all_inner_texts()) == ["1", "2"]
        for pane, least in {"centres": 1, "candidates": 1, "people": 1, "zones": 2, "ground": 1}.items():
            assert frame.locator(f".leaflet-{pane}-pane path").count() >= least, pane
        assert frame.locator(".leaflet-bands-pane canvas").count() == 1
        assert frame.locator(".leaflet-streets-pane canvas").count() >= 4
        assert _inked(frame), "the street is drawn"
        assert frame.locator(".leaflet-control-scale-line").count() == 1
        assert "© OpenStreetMap contributors, ODbL" in frame.locator(".leaflet-control-attribution").inner_text()
        rows = frame.locator(".leaflet-control-layers-overlays label:visible").all_inner_texts()
        assert len(rows) == 9 and "Proposed sites 2" in rows[0]
        found.page.locator("[data-testid=stVegaLiteChart] svg").get_by_text("No plan can exceed").first.wait_for()
        assert found.outside == [] and found.faults == []
    assert hostile.turned_to == []


def _inked(frame: Frame) -> bool:
    """Whether any tile of the streets has a pixel that is not clear."""
    return frame.evaluate(
        """() => [...document.querySelectorAll('.leaflet-streets-pane canvas')].some(canvas =>
            canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0))"""
    )


def test_hostile_names_are_text_everywhere(browser: BrowserContext, hostile: Server) -> None:
    with visit(browser, hostile.url) as found:
        frame = found.map_frame()
        assert HOSTILE["img"] in found.page.locator(".planner-title h1").inner_text()
        first = click(frame, ".planner-site >> text=1")
        assert HOSTILE["literal"] in first and "900 people" in first and HOSTILE["formula"] in first
        frame.evaluate("map.closePopup()")
        frame.locator(".planner-site >> text=2").hover()
        frame.locator(".leaflet-tooltip").get_by_text(HOSTILE["script"], exact=True).wait_for()
        assert HOSTILE["script"] in click(frame, ".planner-site >> text=2")
        assert HOSTILE["quotes"] in click(frame, ".leaflet-centres-pane path")
        assert HOSTILE["formula"] in click(frame, ".leaflet-candidates-pane path")
        labels = frame.locator(".planner-label").all_inner_texts()
        assert sorted(labels) == sorted([HOSTILE["literal"], HOSTILE["script"]])
        found.page.get_by_role("radio", name="中文").or_(found.page.get_by_text("中文", exact=True)).first.click()
        found.page.wait_for_selector("text=已证明最优", timeout=PATIENCE_MS)
        found.map_frame(saying="图例与图层")
        struck = [each.evaluate("() => [window.struck, window.top.struck]") for each in found.page.frames]
        assert all(value == [None, None] for value in struck)
        assert found.outside == [] and found.faults == []


def test_language_changes_the_map_and_keeps_the_view(browser: BrowserContext, hostile: Server) -> None:
    with visit(browser, f"{hostile.url}/?lang=en") as found:
        frame = found.map_frame()
        assert "Legend and layers" in frame.locator(".planner-legend").inner_text()
        for _ in range(3):
            frame.locator(".leaflet-control-zoom-in").click()
            found.page.wait_for_timeout(400)
        view = "[map.getZoom(), map.getCenter().lng, map.getCenter().lat].map(each => Math.round(each * 1e4))"
        before = frame.evaluate(view)
        found.page.get_by_text("中文", exact=True).first.click()
        found.page.wait_for_selector("text=已证明最优", timeout=PATIENCE_MS)
        frame = found.map_frame(saying="图例与图层")
        assert "现有邻里中心" in frame.locator(".planner-legend").inner_text()
        assert frame.evaluate(view) == before
        assert "新增覆盖人口" in click(frame, ".planner-site >> text=1")
        assert found.page.locator(".planner-figures").inner_text().count("people") == 0
        assert found.page.get_by_role("button", name="总体指标 JSON").is_visible()
        assert "建议方案" in found.page.locator("[data-testid=stVegaLiteChart]").inner_text()
        assert "lang=zh" in found.page.url and found.outside == []


def test_layers_are_switched_the_legend_folds_and_a_download_is_the_file(
    browser: BrowserContext, hostile: Server
) -> None:
    with visit(browser, hostile.url) as found:
        frame = found.map_frame()
        sites = frame.locator(".leaflet-control-layers-overlays label").first
        sites.locator("input").uncheck()
        assert frame.locator(".planner-site").count() == 0
        sites.locator("input").check()
        assert frame.locator(".planner-site").count() == 2
        dots = frame.locator(".leaflet-people-pane path").count()
        frame.locator(".leaflet-control-layers-overlays label").filter(has_text="Not covered now").locator(
            "input"
        ).check()
        assert frame.locator(".leaflet-people-pane path").count() > dots
        frame.locator(".planner-legend-heading").click()
        assert not frame.locator(".leaflet-control-layers-overlays").is_visible()
        with found.page.expect_download(timeout=PATIENCE_MS) as download:
            found.page.get_by_role("button", name="Figures, JSON").click()
        assert download.value.suggested_filename == "summary.json"
        assert json.loads(download.value.path().read_text(encoding="utf-8"))["status"] == "optimal"


def test_nothing_is_clipped_on_a_small_laptop(browser: BrowserContext, hostile: Server) -> None:
    for language in ("en", "zh"):
        with visit(browser, f"{hostile.url}/?lang={language}") as found:
            frame = found.map_frame()
            page = found.page
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            map_box = page.locator(MAP).bounding_box()
            assert map_box is not None and map_box["width"] > 700 and map_box["y"] + map_box["height"] <= 768
            tight = "each => each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1"
            parts = ".planner-figure .name, .planner-figure .value, .planner-figure .note, .planner-figure"
            assert (
                page.evaluate(f"[...document.querySelectorAll('{parts}')].filter({tight}).map(each => each.innerText)")
                == []
            )
            legend = frame.locator(".planner-legend")
            box = legend.bounding_box()
            assert box is not None and box["x"] >= map_box["x"] and box["height"] <= map_box["height"]
            assert (
                frame.evaluate(
                    "(() => { const b = document.querySelector('.planner-legend'); return b.scrollHeight - b.clientHeight; })()"
                )
                <= 1
            )


def test_a_project_is_run_in_the_browser_by_two_people(
    browser: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fresh")
    file = write_project(folder / "street", siting="sites = 2", language="zh")
    with serving(file.parent, folder) as server:
        with visit(browser, server.url) as found:
            found.page.get_by_role("button", name="开始计算").click()
            frame = found.map_frame()
            assert frame.locator(".planner-site").count() == 2
            assert "已证明最优" in found.page.locator(".planner-figures").inner_text()
            with visit(browser, f"{server.url}/?lang=en") as other:
                other.map_frame()
                assert "Proven optimal" in other.page.locator(".planner-figures").inner_text()
                assert found.outside == other.outside == [] and found.faults == other.faults == []
        assert server.turned_to == []
