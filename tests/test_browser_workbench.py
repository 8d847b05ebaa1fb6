"""The workbench in a real browser: the demonstration county step by step, two people at once, and names that attack."""

import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import HOSTILE, MAP, PATIENCE_MS, Server, Visit, hostile_project, serving, visit
from playwright.sync_api import BrowserContext, Frame, Page, expect

from planner import deliver
from planner.demo import write_county
from planner.project import load
from planner.run import run_project

expect.set_options(timeout=PATIENCE_MS)


# ---- the demonstration county -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the demonstration county, fresh: never read, never run."""
    folder = tmp_path_factory.mktemp("county")
    with serving(write_county(folder / "county"), folder) as server:
        yield server


ALONE = """() => {
    const middle = (path) => (b => [b.x + b.width / 2, b.y + b.height / 2])(path.getBoundingClientRect());
    const paths = [...document.querySelectorAll(".leaflet-candidates-pane path")];
    const places = paths.map(middle);
    return paths.findIndex((path, k) => document.elementFromPoint(...places[k]) === path && places.every(
        ([x, y], other) => other === k || Math.hypot(x - places[k][0], y - places[k][1]) > 12));
}"""
"""The number of a candidate on the map that nothing covers and no other is near to."""


def figures(page: Page) -> str:
    return page.locator(".planner-figures").inner_text()


def wait_until(page: Page, has_come: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_MS / 1000
    while not has_come():
        assert time.monotonic() < until, "it never came"
        page.wait_for_timeout(50)


def number(text: str) -> int:
    """Return the first whole number of a text."""
    found = re.search(r"\d[\d,]*", text)
    assert found is not None, text
    return int(found.group().replace(",", ""))


def sites_shown(page: Page) -> int:
    return number(page.locator(".planner-figure").nth(2).locator(".value").inner_text())


def slide_to(page: Page, sites: int) -> None:
    """Move the slider of sites by the keyboard and wait for the figures."""
    handle = page.locator("[data-testid=stSlider] input[type=range]")
    handle.focus()
    for _ in range(abs(sites - (now := int(handle.input_value())))):
        page.keyboard.press("ArrowRight" if sites > now else "ArrowLeft")
    wait_until(page, lambda: sites_shown(page) == sites)


def go_to(found: Visit, step: str) -> None:
    found.page.get_by_role("radio", name=step).or_(found.page.get_by_text(step, exact=True)).first.click()


def beside_the_first_site(found: Visit, frame: Frame) -> None:
    """Go near to the first site and click the street beside it."""
    at = "[...document.querySelectorAll('.planner-site')].find(each => each.innerText.trim() == '1').getBoundingClientRect()"
    frame.evaluate(
        f"(b => void map.setView(map.containerPointToLatLng([b.x + b.width / 2, b.y + b.height / 2]), 17))({at})"
    )
    found.page.wait_for_timeout(800)
    site = frame.locator(".planner-site >> text=1").first.bounding_box()
    assert site is not None
    found.page.mouse.click(site["x"] + site["width"] / 2 + 26, site["y"] + site["height"] / 2 + 26)


def assert_calm(*visits: Visit) -> None:
    """Nothing was asked of the outside, nothing failed on the page, no name did anything."""
    for found in visits:
        assert found.outside == [] and found.faults == []
        struck = [each.evaluate("() => [window.struck, window.top.struck]") for each in found.page.frames]
        assert all(value == [None, None] for value in struck)


def test_the_demonstration_opens_with_map_and_figures(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en") as found:
        frame = found.map_frame()
        asked = sites_shown(found.page)
        assert asked > 5
        expect(frame.locator(".planner-site")).to_have_count(asked)
        assert "Proven optimal" in figures(found.page)
        assert "invented" in frame.locator("body").inner_text().lower()
        assert_calm(found)
    assert county.turned_to == []


def test_a_click_shows_who_could_walk_there(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en") as found:
        frame = found.map_frame()
        beside_the_first_site(found, frame)
        card = frame.locator(".leaflet-popup .planner-card")
        expect(card).to_contain_text("people")
        assert "15 minutes" in card.inner_text()
        assert_calm(found)


def test_sliding_brings_other_sites_and_figures_and_a_link_brings_them_back(
    browser: BrowserContext, county: Server
) -> None:
    with visit(browser, f"{county.url}/?lang=en") as found:
        frame = found.map_frame()
        frame.evaluate("window.sameMap = true")
        slide_to(found.page, 7)
        expect(frame.locator(".planner-site")).to_have_count(7)
        seven = figures(found.page)
        slide_to(found.page, 9)
        expect(frame.locator(".planner-site")).to_have_count(9)
        assert frame.evaluate("window.sameMap") and seven != figures(found.page)
        slide_to(found.page, 7)
        expect(frame.locator(".planner-site")).to_have_count(7)
        assert figures(found.page) == seven and "sites=7" in found.page.url
        with visit(browser, found.page.url) as other:
            expect(other.map_frame().locator(".planner-site")).to_have_count(7)
            assert figures(other.page) == seven
        assert_calm(found)


def test_a_site_is_locked_forbidden_and_replaced_on_its_card(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en&sites=6&by=sites") as found:
        frame, page = found.map_frame(), found.page
        expect(frame.locator(".planner-site")).to_have_count(6)
        free = figures(page)
        card = click(frame, ".planner-site >> text=1")
        name = card.splitlines()[0]
        frame.locator(".planner-card button", has_text="Rule out").click()
        wait_until(page, lambda: "shut=" in page.url and figures(page) != free)
        for rank in range(1, 7):
            assert not click(frame, f".planner-site >> text={rank}").startswith(name + "\n")
        forbidden = figures(page)
        assert "Proven optimal" in forbidden, "the bound is that of the same conditions"
        page.wait_for_timeout(1000)  # what the reader does meanwhile is read the card
        frame.locator(".planner-card button", has_text="Lock").click()
        expect(frame.locator(".planner-site.planner-locked")).to_have_count(1)
        page.wait_for_timeout(1000)
        frame.locator(".planner-card button", has_text="Replace").click()  # the card has stayed open
        verdict = page.locator(".planner-notice.note").first
        expect(verdict).to_contain_text("people")
        assert "by=list" in page.url and "list=" in page.url
        assert_calm(found)


def test_a_dragged_site_gives_way_to_the_candidate_nearest_to_where_it_is_let_go(
    browser: BrowserContext, county: Server
) -> None:
    with visit(browser, f"{county.url}/?lang=en&sites=3&by=sites") as found:
        frame, page = found.map_frame(), found.page
        expect(frame.locator(".planner-site")).to_have_count(3)
        before = figures(page)
        name = click(frame, ".planner-site >> text=2").splitlines()[0]
        close_card(frame)
        alone = frame.evaluate(ALONE)
        other = click(frame, f".leaflet-candidates-pane path >> nth={alone}").splitlines()[0]
        close_card(frame)
        frame.locator(".planner-home").click()
        there = frame.locator(f".leaflet-candidates-pane path >> nth={alone}").bounding_box()
        badge = frame.locator(".planner-site >> text=2").first.bounding_box()
        assert badge is not None and there is not None
        page.mouse.move(badge["x"] + badge["width"] / 2, badge["y"] + badge["height"] / 2)
        page.mouse.down()
        page.mouse.move(there["x"] + 40, there["y"] + 40, steps=5)
        page.mouse.move(there["x"] + there["width"] / 2, there["y"] + there["height"] / 2, steps=5)
        page.mouse.up()
        wait_until(page, lambda: "by=list" in page.url and figures(page) != before)
        expect(page.locator(".planner-notice.note").first).to_contain_text("best")
        titles = {click(frame, f".planner-site >> text={rank}").splitlines()[0] for rank in (1, 2, 3)}
        assert other in titles and name not in titles
        assert_calm(found)


def test_a_building_is_found_by_its_name_with_the_keyboard_alone(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en&sites=3&by=sites") as found:
        frame, page = found.map_frame(), found.page
        name = click(frame, ".leaflet-centres-pane path").splitlines()[0]
        click(frame, ".leaflet-candidates-pane path")
        expect(page.locator(".planner-reason")).not_to_contain_text(name)
        box = page.get_by_role("combobox", name="Building or centre")
        box.focus()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        card = frame.locator(".leaflet-popup .planner-card")
        expect(card).to_contain_text(name)
        expect(page.locator(".planner-reason")).to_contain_text(name)
        assert_calm(found)


def test_people_of_a_drawn_area_are_summed_and_new_sites_keep_to_it(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en&sites=4&by=sites") as found:
        frame, page = found.map_frame(), found.page
        expect(frame.locator(".planner-site")).to_have_count(4)
        tool = frame.get_by_role("button", name="Draw a rectangle")
        if not tool.count():
            pytest.skip("the drawing plugin was not fetched")
        tool.click()
        stage = page.locator(MAP).bounding_box()
        assert stage is not None
        page.mouse.move(stage["x"] + 200, stage["y"] + 120)
        page.mouse.down()
        page.mouse.move(stage["x"] + 420, stage["y"] + 420, steps=8)
        page.mouse.up()
        expect(page.locator(".planner-notice.note").first).to_contain_text("people")
        before = figures(page)
        go_to(found, "Conditions")
        page.get_by_text("New sites only inside the drawn area").first.click()
        wait_until(page, lambda: "within=" in page.url and figures(page) != before)
        expect(frame.locator(".planner-site")).to_have_count(4)
        inside = """() => {
            const box = (each) => each.getBoundingClientRect();
            const area = box(document.querySelector(".leaflet-gaps-pane path"));
            const middle = (b) => [b.x + b.width / 2, b.y + b.height / 2];
            const middles = [...document.querySelectorAll(".planner-site")].map(box).map(middle);
            return middles.map(([x, y]) => area.left <= x && x <= area.right && area.top <= y && y <= area.bottom);
        }"""
        wait_until(
            page, lambda: sorted(frame.evaluate(inside)) == [False, True, True, True]
        )  # one must open, and is not in it
        assert_calm(found)


def test_a_pasted_list_is_scored_and_what_it_does_not_find_is_said(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en&by=list") as found:
        frame, page = found.map_frame(), found.page
        names = [click(frame, ".leaflet-candidates-pane path").splitlines()[0]]
        page.locator("textarea").fill(f"{names[0]}\n没有这个地方")
        page.locator("textarea").press("Control+Enter")
        expect(page.locator(".planner-notice.fault")).to_contain_text("没有这个地方")
        expect(frame.locator(".planner-site")).to_have_count(1)
        expect(page.locator(".planner-notice.note").first).to_contain_text("best")
        assert_calm(found)


def test_variants_are_saved_and_compared(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=en&sites=4&by=sites") as found:
        found.map_frame()
        found.page.get_by_role("textbox", name="Variant").fill("四个点 <b>")
        found.page.get_by_role("button", name="Save").click()
        expect(found.page.get_by_text("四个点 <b>").first).to_be_visible()
        go_to(found, "Compare")
        table = found.page.locator(".planner-compare")
        expect(table).to_contain_text("4")
        frame = found.map_frame()
        wait_until(found.page, lambda: frame.locator(".planner-compared").count() > 4)
        rows = table.locator("tr").all_inner_texts()
        assert any("people" in row and "%" in row for row in rows)
        assert_calm(found)


def test_a_gbk_sheet_with_errors_is_read_and_its_errors_named(browser: BrowserContext, county: Server) -> None:
    sheet = "名称,经度,纬度,状态\n新点 <i>,118.3,25.1,备选\n坏行,在河边,25.1,备选\n".encode("gb18030")
    with visit(browser, f"{county.url}/?lang=zh&step=data") as found:
        found.map_frame()
        chosen = {"name": "备选.csv", "mimeType": "text/csv", "buffer": sheet}
        found.page.locator("input[type=file]").first.set_input_files([chosen])  # type: ignore[list-item]
        expect(found.page.get_by_text("第 3 行").first).to_be_visible()
        assert_calm(found)


def test_everything_is_made_and_downloaded(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=zh&step=deliver&sites=3&by=sites") as found:
        page = found.page
        found.map_frame()
        page.locator(".st-key-make-files button").click()
        button = page.locator(".st-key-download-plan-zip button")
        expect(button).to_be_visible()
        with page.expect_download(timeout=PATIENCE_MS) as download:
            button.click()
        packed = zipfile.ZipFile(download.value.path())
        assert {"plan.xlsx", "plan.gpkg", "sites.geojson", "summary.json"} <= set(packed.namelist())
        assert len(json.loads(packed.read("summary.json"))["sites"]) == 3
        assert_calm(found)


def test_two_people_work_at_once_and_neither_sees_the_other(browser: BrowserContext, county: Server) -> None:
    with visit(browser, f"{county.url}/?lang=zh") as found, visit(browser, f"{county.url}/?lang=en") as other:
        frames = [found.map_frame(saying="图例与图层"), other.map_frame(saying="Legend and layers")]
        slide_to(found.page, 5)
        slide_to(other.page, 8)
        expect(frames[0].locator(".planner-site")).to_have_count(5)
        expect(frames[1].locator(".planner-site")).to_have_count(8)
        assert sites_shown(found.page) == 5 and sites_shown(other.page) == 8
        assert_calm(found, other)
    assert county.turned_to == []


# ---- a city of seven million ---------------------------------------------------------------------------------------------


def test_wuhan_opens_answers_clicks_and_slides(browser: BrowserContext, shared: Path, tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns("out")
    folder = shutil.copytree(shared / "data" / "wuhan", tmp_path / "wuhan", ignore=left_out)
    with serving(folder, tmp_path) as server:
        with visit(browser, f"{server.url}/?lang=en&by=sites&sites=8") as found:
            frame, page = found.map_frame(), found.page
            expect(frame.locator(".planner-site")).to_have_count(8)
            assert number(page.locator(".planner-figure .value").first.inner_text()) > 6_000_000
            assert "© OpenStreetMap contributors, ODbL" in frame.locator(".leaflet-control-attribution").inner_text()
            beside_the_first_site(found, frame)
            card = frame.locator(".leaflet-popup .planner-card")
            expect(card).to_contain_text("15 minutes")
            slide_to(page, 10)
            expect(frame.locator(".planner-site")).to_have_count(10)
            site = click(frame, ".planner-site >> text=1")
            page.wait_for_timeout(1000)
            frame.locator(".planner-card button", has_text="Lock").click()
            expect(frame.locator(".planner-site.planner-locked")).to_have_count(1)
            assert "people" in site and "Proven optimal" in figures(page)
            assert_calm(found)
        assert server.turned_to == []


# ---- a street whose every name is an attack ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a planned project whose every name is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    file = hostile_project(folder / "street")
    deliver.write(run_project(load(file)), file.parent / "out")
    with serving(file, folder) as server:
        yield server


def close_card(frame: Frame) -> None:
    """Close the card that is open, and the one that comes back with content that is still on its way."""

    def is_closed() -> bool:
        frame.evaluate("void map.closePopup()")
        frame.page.wait_for_timeout(300)
        return frame.locator(".leaflet-popup").count() == 0

    wait_until(frame.page, is_closed)


def click(frame: Frame, selector: str) -> str:
    """Click what `selector` finds first on the map, the whole area in view; return the text of the popup that opens."""
    close_card(frame)
    frame.locator(".planner-home").click()
    frame.locator(selector).first.click()
    return frame.locator(".leaflet-popup .planner-card").inner_text()


def test_the_map_is_whole_without_the_outside(browser: BrowserContext, hostile: Server) -> None:
    with visit(browser, f"{hostile.url}/?lang=en") as found:
        frame = found.map_frame()
        expect(frame.locator(".planner-site")).to_have_count(2)
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
        found.page.get_by_text("Curve", exact=True).first.click()
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
    with visit(browser, f"{hostile.url}/?lang=en") as found:
        frame = found.map_frame()
        assert HOSTILE["img"] in found.page.locator(".planner-title h1").inner_text()
        first = click(frame, ".planner-site >> text=1")
        assert HOSTILE["literal"] in first and "900 people" in first and HOSTILE["formula"] in first
        close_card(frame)
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
        assert "lang=zh" in found.page.url and found.outside == []


def test_layers_are_switched_the_legend_folds_and_a_download_is_the_file(
    browser: BrowserContext, hostile: Server
) -> None:
    with visit(browser, f"{hostile.url}/?lang=en") as found:
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
        go_to(found, "Deliver")
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
