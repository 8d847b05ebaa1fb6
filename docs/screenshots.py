"""Take the pictures of the map for the README: ``python docs/screenshots.py PROJECT``, with results in PROJECT/out.

It serves the project as `planner app` does, opens it in Chromium at the size of a small laptop, in English and in Chinese, and
writes ``map-en.png`` and ``map-zh.png`` beside this file. It needs the package ``playwright`` and a Chromium on the PATH.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from planner.ui import command

DOCS = Path(__file__).resolve().parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZE = {"width": 1366, "height": 768}
PATIENCE_MS = 120_000
ZOOM_STEPS = 3.5
"""Zoom levels from the whole county to the town where the first site is."""


def main(project: Path) -> None:
    """Write one picture a language."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(command(project, port=port), env={**os.environ, "STREAMLIT_SERVER_HEADLESS": "true"})
    try:
        with sync_playwright() as playwright:
            path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            for language in ("en", "zh"):
                page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
                _open(page, f"http://localhost:{port}/?lang={language}")
                page.screenshot(path=DOCS / f"map-{language}.png")
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _open(page: Page, url: str) -> None:
    """Open the page, wait until everything is drawn, and go near to where the first site is."""
    for _ in range(100):
        try:
            page.goto(url, timeout=PATIENCE_MS)
            break
        except Exception:  # the server is still starting
            page.wait_for_timeout(300)
    frame = page.frame_locator('iframe[title="streamlit_folium.st_folium"]')
    frame.locator("body[data-planner=ready]").wait_for(timeout=PATIENCE_MS)
    page.wait_for_selector('[data-testid="stVegaLiteChart"] svg', timeout=PATIENCE_MS)
    inside = next(each for each in page.frames if "streamlit_folium" in each.url)
    inside.evaluate(
        """steps => {
            const site = [];
            map.eachLayer(layer => layer.getIcon && layer.options.alt && site.push(layer));
            site.sort((a, b) => parseInt(a.options.alt) - parseInt(b.options.alt));
            map.setView(site.length ? site[0].getLatLng() : map.getCenter(), map.getZoom() + steps, { animate: false });
        }""",
        ZOOM_STEPS,
    )
    page.wait_for_timeout(2500)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
