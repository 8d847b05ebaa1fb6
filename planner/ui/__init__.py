"""The map in the browser, on Streamlit and folium; it works without the internet.

`command` says how to start it, `main` is the page itself. Streamlit is imported only there: the command line stays quick.
"""

import sys
from pathlib import Path

from planner.children import python_module

__all__ = ["SETTINGS", "command", "main"]

SETTINGS = {
    # On this machine only. With an address of its own Streamlit does not ask an outside service for its public one.
    "server.address": "localhost",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "200",  # MB; `uploads` holds to the same
    # Streamlit's defaults, said so that no other file's word on them counts.
    "server.enableCORS": "true",
    "server.enableXsrfProtection": "true",
    "server.enableStaticServing": "false",
    "server.runOnSave": "false",
    "global.developmentMode": "false",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "theme.base": "light",
    "theme.primaryColor": "#1f5f99",
    "theme.textColor": "#1d2733",
}
"""Streamlit's settings, as options of the server; ``.streamlit/config.toml`` says the same for ``app.py``."""


def command(project: Path | None, port: int, workspace: Path | None = None) -> list[str]:
    """Return the command line that serves the page on `port`; `planner.ui.launch` opens the browser on it.

    `workspace` is the folder that projects are opened from and saved to, where it is not the one that holds `project`; without
    either it is the current one. The server itself runs in a folder of its own (`planner.ui.serve`): all paths are absolute.
    """
    page = Path(__file__).with_name("page.py")
    options = [part for key, value in SETTINGS.items() for part in (f"--{key}", value)]
    if project is None:
        workspace = workspace or Path.cwd()
    opened = [] if project is None else [str(project.absolute())]
    opened += [] if workspace is None else ["--workspace", str(workspace.absolute())]
    served = [str(page), "--server.port", str(port), "--server.headless", "true", *options]
    return python_module("planner.ui.serve", *served, "--", *opened)


def main() -> None:
    """Run the page; Streamlit calls it anew for every session and every click."""
    from planner.ui.shell import show

    show(sys.argv[1:])
