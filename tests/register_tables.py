"""Two townships, their villages, and a way to read small tables as their register: what the tests of the register share."""

from pathlib import Path

import geopandas as gpd
from shapely import box

from planner.findings import InputReport
from planner.project import FacilitySection
from planner.register import (
    RegisterFile,
    read_register,
    read_villages,
    townships,
)

LON, LAT = 118.386, 24.960
STEP = 0.02


def zone_layer() -> gpd.GeoDataFrame:
    """Two townships side by side, 溪美街道 in the west and 柳城街道 in the east."""
    shapes = [box(LON, LAT, LON + STEP, LAT + STEP), box(LON + STEP, LAT, LON + 2 * STEP, LAT + STEP)]
    columns = {"zone": ["溪美街道", "柳城街道"], "zone_code": ["350583001", "350583002"]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def village_layer(folder: Path) -> Path:
    """Write four villages: 山坪村 and 水头社区 in the western township, 山坪村 and 石井村 in the eastern one, south and north."""
    half = STEP / 2
    rows = [
        ("溪美街道", "山坪村", 0, 0),
        ("溪美街道", "水头社区", 0, 1),
        ("柳城街道", "山坪村", 1, 0),
        ("柳城街道", "石井村", 1, 1),
    ]
    shapes = [box(LON + i * STEP, LAT + j * half, LON + (i + 1) * STEP, LAT + (j + 1) * half) for _, _, i, j in rows]
    codes = [f"35058300{at}" for at in range(4)]
    columns = {"乡镇": [z for z, *_ in rows], "村名": [v for _, v, *_ in rows], "村代码": codes}
    path = folder / "villages.gpkg"
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path)
    return path


def table(path: Path, headers: str, *rows: str) -> Path:
    path.write_text("\n".join([headers, *rows]) + "\n", encoding="utf-8")
    return path


def read(*paths: Path, folder: Path | None = None, role="candidates", datum="WGS-84", **aids):
    """Read tables with the two townships, and the villages where `folder` is given; return the points and the reports."""
    zones = zone_layer()
    if folder is not None:
        aids["villages"] = read_villages(village_layer(folder), report=InputReport("villages", "v"), zones=zones)
    section = FacilitySection(source="register", datum=datum)
    reports = [InputReport(role, path.name) for path in paths]
    files = [RegisterFile(path, role, section, report) for path, report in zip(paths, reports, strict=True)]
    return read_register(files, zones=townships(zones), **aids).points, reports


def codes(report: InputReport) -> list[tuple[str, int | None]]:
    return [(finding.code.partition(".")[2], finding.row) for finding in report.findings]
