"""Downloads of the work products, read from disk only when somebody asks for one."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from planner.ui.words import Words

PRODUCTS = {
    "plan.xlsx": "workbook",
    "plan.gpkg": "geopackage",
    "sites.geojson": "sites",
    "centres.geojson": "centres",
    "candidates.geojson": "candidates",
    "isochrones.geojson": "isochrones",
    "zones.geojson": "zones",
    "demand.geojson": "demand",
    "frontier.csv": "frontier",
    "summary.json": "summary",
    "data_report.json": "data_report",
    "manifest.json": "manifest",
}
_A_ROW = 4


def show_downloads(folder: Path, words: Words, *, a_row: int = _A_ROW) -> None:
    """Show a button for everything together and one for each file of the run in `folder` that is there."""
    files = {name: folder / name for name in PRODUCTS if (folder / name).is_file()}
    buttons: list[tuple[str, Callable[[], bytes], str]] = [
        (words("product_everything"), lambda: pack(list(files.values())), "plan.zip")
    ]
    buttons += [
        (_label(PRODUCTS[name], file.stat().st_size, words), file.read_bytes, name) for name, file in files.items()
    ]
    for first in range(0, len(buttons), a_row):
        for cell, (label, content, name) in zip(st.columns(a_row), buttons[first : first + a_row], strict=False):
            cell.download_button(
                label,
                content,
                file_name=name,
                mime="application/octet-stream",
                on_click="ignore",
                width="stretch",
                type="primary" if name == "plan.zip" else "secondary",
                key=f"download-{name}",
            )


def pack(files: list[Path]) -> bytes:
    """Return files as one zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return packed.getvalue()


def _label(product: str, size: int, words: Words) -> str:
    shown = f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 1):,.0f} kB"
    return words("download", product=words(f"product_{product}"), size=shown)
