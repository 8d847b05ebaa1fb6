"""Take the pictures of the workbench: ``python docs/screenshots.py PROJECT``.

It serves the project as `planner app` does, opens each step in Chromium at the size of a small laptop, in English and in Chinese,
and writes ``workbench-STEP-LANGUAGE.png`` beside this file. It needs the package ``playwright`` and a Chromium on the PATH.
"""

import os
import shutil
import socket
import subprocess
import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from planner.ui import command

DOCS = Path(__file__).resolve().parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZE = {"width": 1366, "height": 768}
PATIENCE_MS = 120_000
STEPS = ("data", "today", "propose", "compare", "deliver")
LANGUAGES = ("en", "zh")
NEAR_ZOOM = 14
"""The map's zoom where the town of the first site is shown, in the step that proposes."""
COMPARED_SITES = 14
SETTLED_MS = 2500


def main(project: Path) -> None:
    """Write one picture a step and language."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(command(project, port=port), env={**os.environ, "STREAMLIT_SERVER_HEADLESS": "true"})
    try:
        with sync_playwright() as playwright:
            path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            for language, step in product(LANGUAGES, STEPS):
                page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
                other = f"&by=sites&sites={COMPARED_SITES}" if step == "compare" else ""
                _open(page, f"http://localhost:{port}/?lang={language}&step={step}{other}")
                if step == "propose":
                    _go_near(page)
                page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=DOCS / f"workbench-{step}-{language}.png")
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _open(page: Page, url: str) -> None:
    """Open the page and wait until its map is drawn and nothing is being computed any more."""
    for _ in range(100):
        try:
            page.goto(url, timeout=PATIENCE_MS)
            break
        except Exception:  # the server is still starting
            page.wait_for_timeout(300)
    frame = page.frame_locator('iframe[title="streamlit_folium.st_folium"]')
    frame.locator("body[data-planner=ready]").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLED_MS)


def _go_near(page: Page) -> None:
    """Show the town where the first site is."""
    inside = next(each for each in page.frames if "streamlit_folium" in each.url)
    inside.evaluate(
        """zoom => {
            const sites = [];
            map.eachLayer(layer => layer.getIcon && layer.options.alt && sites.push(layer));
            sites.sort((a, b) => parseInt(a.options.alt) - parseInt(b.options.alt));
            if (sites.length) map.setView(sites[0].getLatLng(), zoom, { animate: false });
        }""",
        NEAR_ZOOM,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
