"""The one door to GDAL, for pyogrio and rasterio alike: a file reads itself and nothing else, whatever its path is called.

GDAL looks at a file's content to choose a driver, and some drivers then ask a server or read another file: a ``population.tif``
may be a description of both. So drivers are named here, what is a description is refused as such, and GDAL's network is shut.
"""

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyogrio
from pyogrio.core import _register_drivers
from pyogrio.util import vsi_path

from planner.errors import InputError
from planner.tables.files import check_file

if TYPE_CHECKING:
    import rasterio

VECTOR_DRIVERS = frozenset(
    [
        "DXF",
        "ESRI Shapefile",
        "ESRIJSON",
        "FlatGeobuf",
        "GPKG",
        "GeoJSON",
        "GeoJSONSeq",
        "JSONFG",
        "KML",
        "LIBKML",
        "MEM",
        "OpenFileGDB",
        "TopoJSON",
    ]
)
"""What pyogrio's GDAL reads and writes once this module is imported, in the whole process: formats that hold their own data."""

RASTER_DRIVERS = {
    ".tif": "GTiff",
    ".tiff": "GTiff",
    ".img": "HFA",
    ".asc": "AAIGrid",
    ".hgt": "SRTMHGT",
    ".bil": "EHdr",
    ".flt": "EHdr",
}
"""The driver of each raster by its suffix."""

SHUT = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",  # the port where nothing answers, for what does not go by a file system
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_TIMEOUT": "1",
}
"""GDAL's options that close its network."""

_DESCRIPTION = re.compile(
    rb"<\s*(VRTDataset|OGRVRTDataSource|OGRWFSDataSource|GDAL_W\w+|GDALTileIndexDataset|WMS_\w+|WMT_\w+|WCS_\w+|WMTS\w*|WFS_\w+"
    rb"|MRF_META|Capabilities)\b|\"(gdal_streamed_alg)\"",
    re.IGNORECASE,
)
_CRS_ELSEWHERE = re.compile(
    rb'"crs"\s*:\s*\{[^{}]{0,999}(?:\{[^{}]{0,999}\}[^{}]{0,999})?"type"\s*:\s*"(?:link|url)"', re.IGNORECASE
)
_HEAD = 4096
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def _shut() -> None:
    others = sorted(set(pyogrio.list_drivers()) - VECTOR_DRIVERS)
    pyogrio.set_gdal_config_options({**SHUT, "GDAL_SKIP": ",".join(others)})
    _register_drivers()  # GDAL drops the drivers to be skipped when asked to register all
    pyogrio.set_gdal_config_options({"GDAL_SKIP": None})


_shut()


def list_layers(path: Path) -> list[tuple[str, str | None]]:
    """Return the layers of a vector file with their kinds of geometry, None for tables without.

    Raises
    ------
    InputError
        The file is missing, or describes other data.
    """
    with readable(path) as place:
        return [(str(name), kind) for name, kind in pyogrio.list_layers(place)]


def layer_info(path: Path, layer: str) -> dict[str, Any]:
    """Return what `pyogrio.read_info` says of a layer; for errors see `list_layers`."""
    with readable(path) as place:
        return dict(
            pyogrio.read_info(place, layer=layer, encoding="ISO-8859-1", force_feature_count=True)
        )  # any text reads


def read_features(path: Path, **options: Any) -> Any:
    """Return a layer as `pyogrio.read_dataframe` does, whose options and errors are these; for the rest see `list_layers`.

    A shape that GEOS refuses (a line of one point, an open ring) is a GEOSException.
    """
    with readable(path) as place:
        return pyogrio.read_dataframe(place, **options)


def write_features(table: gpd.GeoDataFrame, path: Path, **options: Any) -> None:
    """Write a layer as `pyogrio.write_dataframe` does, whose options and errors are these."""
    if _is_plain(path):
        pyogrio.write_dataframe(table, path.absolute(), **options)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"layer{path.suffix}"
        if path.exists():
            shutil.copyfile(path, place)
        pyogrio.write_dataframe(table, place, **options)
        shutil.move(place, path)


@contextmanager
def open_raster(path: Path) -> Iterator["rasterio.DatasetReader"]:
    """Yield a raster, opened by the driver of its suffix alone, with the network shut.

    Raises
    ------
    InputError
        The file is missing, or describes other data; so may its mask or its overviews.
    rasterio.errors.RasterioIOError
        It is no raster of the kind that its name says.
    """
    import rasterio  # takes a while, and vectors do without it

    driver = RASTER_DRIVERS.get(path.suffix.lower())
    if driver is None:
        known = " ".join(sorted(RASTER_DRIVERS))
        raise InputError("tables.unknown_format", file=path.name, suffix=path.suffix or "?", known=known)
    for suffix in (".msk", ".ovr"):
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            with beside.open("rb") as file:
                if not file.read(4).startswith(_TIFF):
                    raise InputError("tables.description", file=beside.name, kind="?")
    with readable(path) as place, rasterio.Env(**SHUT):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)  # said by errors of our own
            raster = rasterio.open(place, driver=driver)
        with raster:
            yield raster


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield a path under which GDAL and osmium find a file: its own, or a link where they would read something into that.

    pyogrio takes what stands before "!" for an archive and leaves out what follows ";" or "?"; a relative path may look like an
    address. A link stands in a temporary folder, beside links to all files of the same stem; where links are not allowed, copies.

    Raises
    ------
    InputError
        The file is missing, or describes other data.
    """
    check_file(path)
    refuse_description(path)
    path = path.absolute()
    if _is_plain(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        for file in path.parent.iterdir():
            if file == path or (file.name.startswith(f"{path.stem}.") and not file.is_dir()):
                _link(file, Path(folder) / f"file{file.name.removeprefix(path.stem)}")
        yield Path(folder) / f"file{path.suffix}"


def refuse_description(path: Path) -> None:
    """Refuse a file that describes data elsewhere (VRT, WMS and the like) under whatever name, and a CRS kept on a server.

    Raises
    ------
    InputError
        Naming what it is.
    """
    if path.is_dir():
        return
    with path.open("rb") as file:
        found = _DESCRIPTION.search(file.read(_HEAD))
        if found or path.suffix.lower() == ".vrt":
            kind = (found[1] or found[2]).decode() if found else "VRT"
            raise InputError("tables.description", file=path.name, kind=kind)
        if path.suffix.lower() in (".geojson", ".json"):
            file.seek(0)
            tail = b""
            while piece := file.read(1 << 22):
                if _CRS_ELSEWHERE.search(tail + piece):
                    raise InputError("tables.description", file=path.name, kind="crs link")
                tail = piece[-_HEAD:]


def _is_plain(path: Path) -> bool:
    """Return whether GDAL gets a path as it is called."""
    text = str(path.absolute())
    try:
        text.encode()
        return vsi_path(text) == text and not text.startswith("/vsi")
    except ValueError:
        return False


def _link(file: Path, place: Path) -> None:
    try:
        place.symlink_to(file, target_is_directory=file.is_dir())
    except OSError:  # Windows asks for a right that few have
        (shutil.copytree if file.is_dir() else shutil.copyfile)(file, place)
