"""How long the workbench takes to answer, in a real browser with the way to the outside cut.

Run it with ``python benchmarks/workbench.py`` for the demonstration county, or name a project's folder, such as
``../shared/data/wuhan``, which is copied first. It needs Chromium, as the browser tests do. Everything is timed from the mouse
or key to what the reader sees; the server's own part of a change is timed apart.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import Visit, launched, serving, visit
from playwright.sync_api import BrowserContext, Frame, Page

from planner.demo import write_county
from planner.inputs.read import read_inputs
from planner.project import load
from planner.session.plan_results import results_of
from planner.session.settings import Choice
from planner.session.shared_plan import Shared
from planner.session.workers import Workers
from planner.ui.steps.propose import contents_of

REPEATS = 10
PAINT = "performance.timeOrigin + (performance.getEntriesByName('first-paint')[0] || {startTime: NaN}).startTime"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "project", type=Path, nargs="?", help="folder of a project; the demonstration county without one"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        if options.project is None:
            project = write_county(folder / "county")
        else:
            project = Path(shutil.copytree(options.project, folder / "project", ignore=shutil.ignore_patterns("out")))
        inputs = read_inputs(load(project), progress=lambda step: None)
        sizes = (inputs.network.n_nodes, len(inputs.demand_places), len(inputs.facilities))
        print("{:,} nodes, {:,} demand points, {:,} facilities".format(*sizes))
        server_part(Shared(inputs, "benchmark"))
        del inputs
        with launched() as browser, serving(project, folder) as server:
            seen(browser, server.url)


def server_part(shared: Shared) -> None:
    """Time what the server does for another number of sites: the plan, its figures, the contents of the map."""
    choice, workers = Choice.of(shared.project), Workers()

    def change(sites: int) -> float:
        wanted = replace(choice, mode="sites", sites=sites)
        began = time.perf_counter()
        job = shared.search(wanted, workers)
        job.wait(600)
        plan = shared.plan(wanted, job)
        contents_of(shared, plan, results_of(shared, plan), wanted)
        return time.perf_counter() - began

    tell("the first plan, its curve included", [change(20)])
    tell("another number of sites, the server's part", [change(sites) for sites in range(2, 2 + REPEATS)])
    workers.close()


def seen(browser: BrowserContext, url: str) -> None:
    """Time what the reader sees."""
    first_view(browser, f"{url}/?lang=en", "first view after the server's start")
    for _ in range(3):
        first_view(browser, f"{url}/?lang=en", "first view of another reader")
    with visit(browser, f"{url}/?lang=en&by=sites&sites=8") as found:
        frame, page = found.map_frame(), found.page
        page.wait_for_timeout(2000)
        tell("click on the map to area and people", [click(found, frame, k) for k in range(REPEATS)])
        frame.evaluate("void map.closePopup()")
        tell("slider to new sites and figures", [slide(page, frame, right=k % 4 < 2) for k in range(REPEATS)])
        tell("to a number asked for the first time", [slide(page, frame, right=True) for _ in range(4)])
        for button in ("Rule out", "Lock", "Replace"):
            tell(f"{button} to new figures", [press(page, frame, button)])
        tell("a pasted list to its value and bound", [paste(page, frame)])


def first_view(browser: BrowserContext, url: str, what: str) -> None:
    """Time from the first paint to map and figures, and from asking to the first paint."""
    asked_at = time.time()
    with visit(browser, url) as found:
        found.map_frame()
        found.page.wait_for_selector(".planner-figures")
        ready = time.time()
        painted = found.page.evaluate(PAINT) / 1000
    print(f"{what}: {ready - painted:.2f} s from the first paint ({painted - asked_at:.2f} s after asking)")


def timed(page: Page, act: Callable[[], None], has_come: Callable[[], bool]) -> float:
    began = time.perf_counter()
    act()
    while not has_come():
        page.wait_for_timeout(10)
        assert time.perf_counter() - began < 20, "it never came"
    return time.perf_counter() - began


def click(found: Visit, frame: Frame, k: int) -> float:
    """Click beside a candidate, near by, and wait for the card."""
    frame.evaluate("void map.closePopup()")
    places = "map.eachLayer(l => l.options?.pane === 'candidates' && l.getLatLng && all.push(l.getLatLng()))"
    spots = frame.evaluate(f"(() => {{ const all = []; {places}; return all.map(a => [a.lat, a.lng]); }})()")
    lat, lon = random.Random(k).choice(spots)
    frame.evaluate("([at, zoom]) => void map.setView(at, zoom, {animate: false})", [[lat, lon], 17])
    found.page.wait_for_timeout(1200)
    box = frame.frame_element().bounding_box()
    assert box is not None
    cards = ".leaflet-popup .planner-card"
    x, y = box["x"] + box["width"] / 2 - 30, box["y"] + box["height"] / 2 + 30
    return timed(found.page, lambda: found.page.mouse.click(x, y), lambda: frame.locator(cards).count() > 0)


def figures(page: Page) -> str:
    return page.locator(".planner-figures").inner_text()


def slide(page: Page, frame: Frame, *, right: bool) -> float:
    handle = page.locator("[data-testid=stSlider] input[type=range]")
    handle.focus()
    before, drawn = figures(page), frame.locator(".planner-site").count()
    key = "ArrowRight" if right else "ArrowLeft"
    wanted = drawn + (1 if right else -1)

    def has_come() -> bool:
        return figures(page) != before and frame.locator(".planner-site").count() == wanted

    return timed(page, lambda: page.keyboard.press(key), has_come)


def press(page: Page, frame: Frame, button: str) -> float:
    """Press a button on the first site's card."""
    frame.evaluate("void map.closePopup()")
    frame.wait_for_selector(".leaflet-popup", state="detached")
    frame.locator(".planner-home").click()
    page.wait_for_timeout(500)
    frame.locator(".planner-site").first.press("Enter")
    before, link = figures(page), page.url
    wanted = frame.locator(".planner-card button", has_text=button)
    return timed(page, wanted.click, lambda: page.url != link and (button == "Lock" or figures(page) != before))


def paste(page: Page, frame: Frame) -> float:
    box = page.locator("textarea")
    ids = [line.split("\t")[0] for line in box.input_value().splitlines()]
    before = figures(page)
    box.fill("\n".join(ids[: len(ids) // 2]))
    return timed(page, lambda: box.press("Control+Enter"), lambda: figures(page) != before)


def tell(what: str, took: list[float]) -> None:
    if len(took) == 1:
        print(f"{what}: {took[0]:.2f} s")
    else:
        print(f"{what}: median {statistics.median(took):.2f} s, most {max(took):.2f} s ({len(took)} times)")


if __name__ == "__main__":
    main()
