"""What the reader does on the map and what changes on it, in a real browser: the page `live_map.py` answers every event."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import HOSTILE, Server, Visit, serving, visit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("live")
    with serving(folder, folder, Path(__file__).with_name("live_map.py")) as server:
        yield server


def told(found: Visit, count: int, what: str) -> None:
    """Wait until the page has had so many events, the last of them `what`."""
    found.page.get_by_text(f"{count} events, the last: {what}", exact=True).wait_for()


def open_card(frame: "Frame", selector: str) -> str:
    frame.locator(selector).first.click()
    return frame.locator(".leaflet-popup .planner-card").inner_text()


def whole(found: Visit) -> "Frame":
    """Return the map's frame, marked so that another one in its place would be noticed."""
    frame = found.map_frame()
    frame.evaluate("window.sameMap = true")
    return frame


def assert_calm(found: Visit) -> None:
    struck = [each.evaluate("() => [window.struck, window.top.struck]") for each in found.page.frames]
    assert all(value == [None, None] for value in struck)
    assert found.outside == [] and found.faults == []


def test_a_click_on_the_bare_map_is_answered_there(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        frame.locator("#map_div").click(position={"x": 300, "y": 200})
        told(found, 1, "click None None True None")
        card = frame.locator(".leaflet-popup .planner-card")
        card.get_by_text("1,234 people").wait_for()
        assert HOSTILE["markdown"] in card.inner_text() and HOSTILE["formula"] in card.inner_text()
        assert frame.locator(".planner-waiting").count() == 0
        found.wait_until(lambda: frame.evaluate(f"{INKED}('.leaflet-here-pane canvas')"), "its area")
        frame.locator(".leaflet-popup-close-button").click()
        card.wait_for(state="detached")
        found.wait_until(
            lambda: not frame.evaluate(f"{INKED}('.leaflet-here-pane canvas')"), "its area goes with the card"
        )
        frame.locator("#map_div").dblclick(position={"x": 320, "y": 220})
        told(found, 2, "click None None True None")
        assert frame.evaluate("window.sameMap")
        assert_calm(found)


INKED = """((selector) => [...document.querySelectorAll(selector)].some(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)))"""


def test_buttons_of_a_card_are_told_and_the_map_stays(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        view = "[map.getZoom(), map.getCenter().lng, map.getCenter().lat]"
        assert HOSTILE["img"] in open_card(frame, ".planner-site >> text=1")
        told(found, 1, "pick B None False None")
        card = frame.locator(".leaflet-popup .planner-card")
        card.get_by_text("1,234 people").wait_for()
        before = frame.evaluate(view)
        assert card.get_by_role("button").all_inner_texts() == ["Lock", "Rule out", "Drop", "Replace"]
        card.get_by_role("button", name="Lock").click()
        told(found, 2, "act B lock False None")
        card.get_by_role("button", name="Set free").wait_for()
        assert frame.locator(".planner-site.planner-locked").count() == 1 and "locked" in card.inner_text()
        frame.evaluate("void map.closePopup()")
        frame.locator(".leaflet-popup").wait_for(state="detached")
        assert HOSTILE["literal"] in open_card(frame, ".leaflet-candidates-pane path")
        told(found, 3, "pick D None False None")
        card.get_by_role("button", name="Rule out").click()
        told(found, 4, "act D forbid False None")
        card.get_by_text("ruled out").wait_for()
        paths = "[...document.querySelectorAll('.leaflet-candidates-pane path')]"
        crossed = f"{paths}.filter(each => each.getAttribute('d').split('M').length > 2)"
        assert frame.evaluate(f"{crossed}.length") == 1
        assert frame.evaluate(view) == before and frame.evaluate("window.sameMap")
        assert_calm(found)


def test_a_card_is_reached_by_the_keyboard(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        frame.locator(".planner-site").first.focus()
        found.page.keyboard.press("Enter")
        frame.locator(".planner-actions button").first.wait_for()
        told(found, 1, "pick B None False None")
        found.settled()
        assert frame.evaluate("document.activeElement.textContent") == "Lock"
        found.page.keyboard.press("Enter")
        told(found, 2, "act B lock False None")
        found.page.keyboard.press("Escape")
        frame.locator(".leaflet-popup").wait_for(state="detached")


def test_a_pin_is_dragged_to_its_place(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        frame.locator(".planner-pin").scroll_into_view_if_needed()
        pin = frame.locator(".planner-pin").bounding_box()
        assert pin is not None
        found.page.mouse.move(pin["x"] + 12, pin["y"] + 12)
        found.page.mouse.down()
        found.page.mouse.move(pin["x"] + 60, pin["y"] - 80, steps=8)
        found.page.mouse.up()
        told(found, 1, "move P None True None")
        assert HOSTILE["img"] in open_card(frame, ".planner-pin")
        assert_calm(found)


def test_a_drawn_area_is_told_and_so_is_its_removal(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        frame.evaluate("planner.drawn([[118.0, 24.9], [118.01, 24.9], [118.01, 24.91], [118.0, 24.9]])")
        told(found, 1, "draw None None False 3")
        frame.locator(".leaflet-gaps-pane path").wait_for(state="attached")
        assert "Area drawn" in frame.locator(".planner-legend").inner_text()
        frame.evaluate("planner.drawn(null)")
        told(found, 2, "draw None None False None")
        frame.locator(".leaflet-gaps-pane path").wait_for(state="detached")


def test_events_done_at_once_are_all_told_in_order(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        send = "for (const id of ['A', 'B', 'D', 'E']) planner.send({kind: 'act', id, what: 'lock'});"
        frame.evaluate(send)
        told(found, 4, "act E lock False None")
        frame.locator(".planner-candidate.planner-locked").nth(1).wait_for()
        assert frame.locator(".planner-site.planner-locked").count() == 2


def test_layers_change_and_the_legend_follows_while_the_map_stays(browser: "BrowserContext", live: Server) -> None:
    with visit(browser, live.url) as found:
        frame = whole(found)
        legend = frame.locator(".planner-legend")
        row = legend.locator("label:visible").filter(has_text="Proposed sites")
        assert row.inner_text().split() == ["1", "Proposed", "sites", "2"]
        assert "Gained and lost" not in legend.inner_text() and "Other candidate sites 2" in legend.inner_text()
        legend.locator("label").filter(has_text="Other candidate sites").locator("input").uncheck()
        slider = found.page.get_by_role("slider").first
        slider.focus()
        slider.press("ArrowLeft")
        legend.get_by_text("Proposed sites 1").wait_for()
        assert frame.locator(".planner-site").count() == 1
        assert frame.locator(".leaflet-candidates-pane path").count() == 0, "the reader's own tick stays"
        found.page.get_by_text("Compare").click()
        legend.get_by_text("Gaps 1").wait_for()
        assert "Gained and lost" in legend.inner_text() and row.count() == 0
        assert sorted(frame.locator(".planner-compared").all_inner_texts()) == ["1", "2", "2"]
        assert frame.locator(".planner-gap").inner_text() == "1"
        assert HOSTILE["img"] in open_card(frame, ".planner-compared.planner-both")
        found.page.get_by_text("Compare").click()
        legend.get_by_text("Proposed sites 1").wait_for()
        assert frame.locator(".leaflet-candidates-pane path").count() == 2, "a new step has its own layers"
        assert frame.evaluate("window.sameMap")
        assert_calm(found)


def test_the_view_is_in_the_address_and_comes_from_it(browser: "BrowserContext", live: Server) -> None:
    view = "[map.getCenter().lng.toFixed(3), map.getCenter().lat.toFixed(3), map.getZoom().toFixed(1)]"
    with visit(browser, live.url) as found:
        frame = whole(found)
        first = frame.evaluate(view)
        assert "at=" not in found.page.url
        for _ in range(3):
            frame.locator(".leaflet-control-zoom-in").click()
            found.settled()
        shown = frame.evaluate(view)
        at = parse_qs(urlsplit(found.page.url).query)["at"][0]
        assert shown != first
        assert [f"{float(each):.{n}f}" for each, n in zip(at.split(","), (3, 3, 1), strict=True)] == shown
        found.page.get_by_role("button", name="Address").click()
        both = {"lang": ["en"], "at": [at]}
        found.page.wait_for_function("location.search.includes('lang=en') && location.search.includes('at=')")
        assert parse_qs(urlsplit(found.page.url).query) == both
        found.page.get_by_role("button", name="中文").click()
        frame = found.map_frame(saying="图例与图层")
        assert frame.evaluate(view) == shown and frame.evaluate("window.sameMap") is None
        link = found.page.url
    with visit(browser, link) as other:
        assert other.map_frame().evaluate(view) == shown
    with visit(browser, f"{live.url}/?at=3,nonsense,%3Cimg%3E") as other:
        assert other.map_frame().evaluate(view) == first
        assert_calm(other)
