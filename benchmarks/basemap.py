"""How soon a big city's streets are on the map, and in how many bytes: sent at once, and as a PMTiles archive.

Run it with ``python benchmarks/basemap.py PROJECT`` on the folder of a project that was run, such as a copy of
``../shared/data/wuhan``. Each way's page is opened several times, by turns, in Chromium.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Error, sync_playwright

from planner import ui
from planner.findings import InputReport
from planner.inputs.area import area_of
from planner.inputs.streets import network_of
from planner.project import load
from planner.ui.map import streets, tiles

WAYS = {"at once": 10**9, "as tiles": 0}
PAGE = """
import sys
from functools import partial
from planner.ui.map import view as map_view
from planner.ui.map import streets
from planner.ui.shell import show
map_view.ground_of = partial(streets.ground_of, most_at_once=int(sys.argv[2]))
show(sys.argv[1:2])
"""
INKED = """() => [...document.querySelectorAll('.leaflet-streets-pane canvas')].some(canvas => canvas.width &&
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)) ? performance.now() : 0
"""
FOUND = """([part, size]) => {
    const all = performance.getEntriesByType('resource').filter(
        each => each.name.includes(part) && (!size || each.decodedBodySize === size));
    return [Math.min(...all.map(each => each.startTime)), all.reduce((sum, each) => sum + each.encodedBodySize, 0), all.length,
            performance.timeOrigin];
}"""
PATIENCE_S = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="folder of a project that was run")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    at_once = written(options.project)
    seen(options.project.resolve(), at_once, options.repeats)


def written(folder: Path) -> int:
    """Tell what either way costs the server; return the bytes of the streets sent at once."""
    project = load(folder)
    network = network_of(project, area_of(project, InputReport("area", folder.name)))
    print(f"{network.n_nodes:,} nodes, {network.n_edges:,} streets")
    tell("streets at once", lambda: streets.encode(network))
    tier = streets.tier_of_edge(network)
    tell("PMTiles archive written", lambda: tiles.write(network, tier))
    with tempfile.TemporaryDirectory() as kept:
        tiles.archive(network, tier, Path(kept))
        tell("PMTiles archive kept from before", lambda: tiles.archive(network, tier, Path(kept)))
    return len(streets.encode(network))


def tell(what: str, make) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    content = make()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what}: {len(content):,} bytes, {wall:.3f} s ({processor:.3f} s of processor time)")


def seen(project: Path, at_once: int, repeats: int) -> None:
    """Tell when the first streets are drawn, after the request for them and after the page was asked for."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "page.py"
        page.write_text(PAGE, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        servers = {way: serve(page, project, most) for way, most in WAYS.items()}
        try:
            found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
            for repeat in range(repeats + 1):  # the first visit of each is not counted: the server reads the project
                for way, (url, _) in servers.items():
                    figures = visit(browser, url, *(("-65536-", 0) if way == "as tiles" else (".json", at_once)))
                    if repeat:
                        found[way].append(figures)
        finally:
            for _, process in servers.values():
                process.terminate()
            browser.close()
    for way, rows in found.items():
        drawn, opened, size, requests = (statistics.median(column) for column in zip(*rows, strict=True))
        print(
            f"{way}: first streets {drawn:.0f} ms after they were asked for, {opened:.0f} ms after the page was; "
            f"{size:,.0f} bytes in {requests:.0f} requests"
        )


def serve(page: Path, project: Path, most: int) -> tuple[str, subprocess.Popen[bytes]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        word if word != str(Path(ui.__file__).with_name("page.py")) else str(page) for word in ui.command(project, port)
    ]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*command, str(most)], stdout=quiet, stderr=quiet)
    for _ in range(300):
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://localhost:{port}/_stcore/health")
            break
        except OSError:
            time.sleep(0.2)
    return f"http://localhost:{port}", process


def visit(browser: Browser, url: str, part: str, size: int) -> list[float]:
    """Return milliseconds from the request of the streets and of the page to the first streets drawn, bytes and requests."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    start = time.time() * 1000
    page.goto(url)
    while time.time() * 1000 < start + PATIENCE_S * 1000:
        frame = next((frame for frame in page.frames if "streamlit_folium" in frame.url), None)
        with suppress(Error):  # the frame may just be coming
            if frame is not None and (inked := frame.evaluate(INKED)):
                page.wait_for_timeout(1500)
                asked, encoded, requests, origin = frame.evaluate(FOUND, [part, size])
                context.close()
                return [inked - asked, origin + inked - start, encoded, requests]
        page.wait_for_timeout(20)
    raise TimeoutError(url)


if __name__ == "__main__":
    main()
