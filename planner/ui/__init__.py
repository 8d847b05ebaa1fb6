"""The map in the browser, on Streamlit and folium; it works without the internet.

`command` says how to start it, `main` is the page itself. Streamlit is imported only there: the command line stays quick.
"""

import sys
from pathlib import Path

__all__ = ["SETTINGS", "command", "main"]

SETTINGS = {
    # On this machine only. With an address of its own Streamlit does not ask an outside service for its public one.
    "server.address": "localhost",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "200",  # MB; `uploads` holds to the same
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "theme.base": "light",
    "theme.primaryColor": "#1f5f99",
    "theme.textColor": "#1d2733",
}
"""Streamlit's settings, as options of ``streamlit run``; ``.streamlit/config.toml`` says the same for ``app.py``."""


def command(project: Path | None, port: int, workspace: Path | None = None) -> list[str]:
    """Return the command line that serves the page on `port`; `planner.ui.launch` opens the browser on it.

    `workspace` is the folder that projects are opened from and saved to, where it is not the one that holds `project`.
    """
    page = Path(__file__).with_name("page.py")
    options = [part for key, value in SETTINGS.items() for part in (f"--{key}", value)]
    given = [] if project is None else [str(project)]
    given += [] if workspace is None else ["--workspace", str(workspace)]
    opened = ["--", *given] if given else []
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(page),
        "--server.port",
        str(port),
        "--server.headless",
        "true",
        *options,
        *opened,
    ]


def main() -> None:
    """Run the page; Streamlit calls it anew for every session and every click."""
    from planner.ui.shell import show

    show(sys.argv[1:])
