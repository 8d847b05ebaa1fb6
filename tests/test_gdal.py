"""The door to GDAL: a file reads itself and nothing else, and may be called whatever a file system allows."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
from shapely import Point

from planner import InputError
from planner.findings import InputReport
from planner.tables import gdal, read_vector
from planner.texts import LANGUAGES

NAMES = ["!a", "a!b", "county !2024.zip!x", "a;b", "a?b", "a#b", "名 称", "zip:a", "a%20b"]
WMS = """<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>
<UpperLeftX>-180</UpperLeftX><UpperLeftY>90</UpperLeftY><LowerRightX>180</LowerRightX><LowerRightY>-90</LowerRightY>
<SizeX>100</SizeX><SizeY>100</SizeY></DataWindow></GDAL_WMS>"""
VRT = """<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename>/vsicurl/{url}/secret.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
OGR_VRT = """<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{url}/secret.geojson</SrcDataSource>
</OGRVRTLayer></OGRVRTDataSource>"""
HIDDEN = "<kml><!--" + " " * 5000 + "--></kml>" + OGR_VRT
LINK = json.dumps(
    {
        "type": "FeatureCollection",
        "crs": {"type": "link", "properties": {"href": "{url}/crs", "type": "ogcwkt"}},
        "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}],
    }
)


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """Yield an address on the loopback interface and what is asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815  as the library calls it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def write_raster(path: Path) -> Path:
    profile = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "uint8", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", **profile, transform=rasterio.Affine(0.1, 0, 0, 0, -0.1, 1)) as file:
        file.write(np.ones((1, 8, 8), np.uint8))
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.kml", OGR_VRT), ("a.json", OGR_VRT), ("a.geojson", LINK), ("a.tif", WMS), ("a.tif", VRT), ("a.asc", VRT)],
)
def test_a_description_is_refused_by_name_and_asks_nobody(tmp_path, heard, name, text):
    url, asked = heard
    path = tmp_path / name
    path.write_text(text.replace("{url}", url).replace("${{", "${").replace("}}", "}"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        if name.endswith((".tif", ".asc")):
            with gdal.open_raster(path):
                pass
        else:
            gdal.read_features(path)
    assert caught.value.code == "tables.description"
    assert all(name in caught.value.message(language) for language in LANGUAGES)
    assert asked == []


def test_what_hides_behind_another_format_asks_nobody(tmp_path, heard):
    url, asked = heard
    path = tmp_path / "a.kml"
    path.write_text(HIDDEN.replace("{url}", url), encoding="utf-8")
    with pytest.raises((InputError, pyogrio.errors.DataSourceError)):
        gdal.read_features(path)
    assert asked == []
    assert set(pyogrio.list_drivers()) <= gdal.VECTOR_DRIVERS


@pytest.mark.parametrize("beside", ["a.tif.msk", "a.tif.ovr"])
def test_a_mask_that_describes_another_file_is_refused(tmp_path, heard, beside):
    url, asked = heard
    path = write_raster(tmp_path / "a.tif")
    (tmp_path / beside).write_text(VRT.replace("{url}", url), encoding="utf-8")
    with pytest.raises(InputError, match=beside), gdal.open_raster(path):
        pass
    assert asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows few of these names")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
def test_every_name_is_read_and_written(tmp_path, name, suffix):
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}{suffix}"
    table = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[Point(118, 25), Point(118.1, 25)], crs=4326)
    if suffix == ".shp":
        plain = tmp_path / "plain.shp"
        gdal.write_features(table, plain)
        for part in tmp_path.glob("plain.*"):
            part.rename(folder / f"{name}{part.suffix}")
    else:
        gdal.write_features(table, path)
    read = read_vector(path, report=InputReport("area", path.name))
    assert read["n"].tolist() == [1, 2]
    assert read.crs == table.crs
    assert read["source_file"].unique().tolist() == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows few of these names")
@pytest.mark.parametrize("name", NAMES)
def test_every_raster_name_is_read(tmp_path, name):
    write_raster(tmp_path / "plain.tif").rename(tmp_path / f"{name}.tif")
    with gdal.open_raster(tmp_path / f"{name}.tif") as raster:
        assert raster.read(1).sum() == 64
