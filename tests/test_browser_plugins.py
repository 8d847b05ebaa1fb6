"""The map's plugins in a real browser, with the way to the outside cut: streets as tiles, and drawing an area."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Server, serving, visit
from playwright.sync_api import BrowserContext, Frame
from small_project import degrees, write_project

from planner import deliver
from planner.project import load
from planner.run import run_project
from planner.ui.map.plugins import drawing_scripts, tile_scripts
from planner.ui.map.streets import MOST_AT_ONCE

SIDE, STEP_M = 102, 40


def write_grid(path: Path) -> None:
    """Write a square grid of more streets than are sent at once, as OpenStreetMap XML."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    (west, south), (east, north) = degrees(-6000, -6000), degrees(10000, 10000)
    lines.append(f'<bounds minlat="{south}" minlon="{west}" maxlat="{north}" maxlon="{east}"/>')
    for row in range(SIDE):
        for column in range(SIDE):
            lon, lat = degrees(column * STEP_M, row * STEP_M - 400)
            lines.append(f'<node id="{row * SIDE + column + 1}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>')
    for way in range(2 * SIDE):
        line = range(SIDE)
        nodes = [(way * SIDE + k if way < SIDE else k * SIDE + way - SIDE) + 1 for k in line]
        inner = "".join(f'<nd ref="{node}"/>' for node in nodes)
        lines.append(f'<way id="{way + 1}" version="1">{inner}<tag k="highway" v="residential"/></way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (tile_scripts() and drawing_scripts()):
        pytest.skip("the map's plugins were not fetched: python -m planner.ui.fetch")
    folder = tmp_path_factory.mktemp("plugins")
    file = write_project(folder / "grid", siting="sites = 2")
    write_grid(file.parent / "streets.osm")
    done = run_project(load(file))
    assert done.inputs.network.n_edges > MOST_AT_ONCE
    deliver.write(done, file.parent / "out")
    with serving(file.parent, folder) as server:
        yield server


def inked(frame: Frame) -> float:
    """Return the share of the streets' pixels that are not clear."""
    return frame.evaluate(
        """() => {
            let [drawn, all] = [0, 0];
            for (const canvas of document.querySelectorAll('.leaflet-streets-pane canvas')) {
                if (!canvas.width) continue;
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                for (let i = 3; i < pixels.length; i += 4) drawn += pixels[i] > 0;
                all += pixels.length / 4;
            }
            return all ? drawn / all : 0;
        }"""
    )


WAIT_FOR_INK = """() => [...document.querySelectorAll('.leaflet-streets-pane canvas')].some(canvas => canvas.width &&
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0))"""


def test_many_streets_are_drawn_from_tiles_at_every_zoom(browser: BrowserContext, city: Server) -> None:
    with visit(browser, f"{city.url}/?lang=en") as found:
        frame = found.map_frame()
        for zoom in (11, 14, 17):  # from a shallow zoom's tiles, the deepest's, and the deepest's drawn larger
            frame.evaluate(f"void planner.map.setView(planner.map.getCenter(), {zoom}, {{animate: false}})")
            frame.wait_for_function(WAIT_FOR_INK)
            found.page.wait_for_timeout(500)
            assert 0.001 < inked(frame) < 0.9, zoom
        pieces = [url for url in found.requests if "-65536-" in url]
        assert pieces and len(pieces) == len(set(pieces)), "each piece of the archive once"
        assert not any("protomaps.com" in url for url in found.requests)
        assert frame.locator(".leaflet-control-attribution").inner_text().count("OpenStreetMap") == 1
        assert found.outside == [] and found.faults == []
    assert city.turned_to == []


def test_a_drawn_area_is_told_once_and_is_no_click(browser: BrowserContext, city: Server) -> None:
    with visit(browser, f"{city.url}/?lang=zh") as found:
        frame = found.map_frame()
        frame.evaluate(
            """() => {
                window.told = [];
                planner.drawn = ring => told.push(ring);
                planner.map.on('click', () => told.push('click'));
                planner.drawing(true);
            }"""
        )
        box = found.page.locator("iframe[title='streamlit_folium.st_folium']").bounding_box()
        assert box is not None
        mouse = found.page.mouse

        def at(x: int, y: int) -> tuple[float, float]:
            return box["x"] + x, box["y"] + y

        frame.get_by_role("button", name="画矩形").click()
        mouse.move(*at(200, 200))
        mouse.down()
        mouse.move(*at(300, 260), steps=4)
        mouse.up()
        found.page.wait_for_timeout(500)
        (ring,) = frame.evaluate("told")
        assert len(ring) == 4
        corners = frame.evaluate("told[0].map(([lng, lat]) => planner.map.latLngToContainerPoint([lat, lng]))")
        assert sorted({round(c["x"] / 10) for c in corners}) == [20, 30]
        assert sorted({round(c["y"] / 10) for c in corners}) == [20, 26]

        frame.get_by_role("button", name="逐点画范围").click()
        for x, y in ((220, 220), (320, 220), (320, 320), (220, 220)):
            mouse.move(*at(x, y), steps=3)
            mouse.click(*at(x, y))
            found.page.wait_for_timeout(100)
        found.page.wait_for_timeout(500)
        told = frame.evaluate("told")
        assert [len(each) for each in told] == [4, 3], (
            "the polygon takes the rectangle's place, and no corner is a click"
        )
        mouse.click(*at(575, 480))  # beside the zones, whose shapes take a click for themselves
        assert frame.evaluate("told.slice(2)") == ["click"], "once it is drawn the map hears clicks again"

        frame.get_by_role("button", name="清除所画范围").click()
        assert frame.evaluate("told.slice(3)") == [None]
        frame.evaluate("planner.drawing(false)")
        assert frame.locator(".planner-draw").count() == 0
        assert found.outside == [] and found.faults == []
