"""Vector files to a frame: shapefiles with their tables' encoding found out, GeoPackage, GeoJSON, geodatabases, GeoParquet."""

import codecs
import difflib
import json
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from planner.errors import InputError
from planner.findings import InputReport
from planner.tables.encodings import dbf_encoding, sibling
from planner.tables.files import VECTOR_SUFFIXES, check_content
from planner.tables.gdal import layer_info, list_layers, read_features, readable

_BYTES_AS_TEXT = "ISO-8859-1"  # one letter for each byte, so that a shapefile's text can be decoded here
_MOST_TEXT_BYTES = 512 * 1024 * 1024  # of formats that GDAL takes into memory whole
_MOST_PARQUET_BYTES = 512 * 1024 * 1024
_MOST_CELLS = 20_000_000
_MOST_FEATURES = 3_000_000
_TEXTS = frozenset({".geojson", ".json", ".kml"})  # hold as many features as they say
_MUCH_TEXT_BYTES = 64 * 1024 * 1024  # less holds fewer than the most features
_BATCH = 4096  # rows of a parquet file unpacked at a time: its texts may be a thousandfold of what it weighs
_LAYERS_NAMED = 10
_LONGEST_NAME = 60
_MOST_FOLDERS = 200

REFUSALS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    ValueError,
    OverflowError,
    ProjError,
    ShapelyError,
)
"""What reading a damaged file ends in: GDAL's errors, those of its CRS, and those of its shapes."""


def read_layer(
    path: Path, *, report: InputReport, encoding: str | None = None, layer: str | None = None
) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return the layer called `layer`, else the first that has geometry, in its own CRS, under its own headers.

    A parquet table without geometry is one too.

    Raises
    ------
    InputError
        The file cannot be read, or holds no layer with geometry.
    """
    suffix = path.suffix.lower()
    if suffix not in VECTOR_SUFFIXES:
        known = " ".join(sorted(VECTOR_SUFFIXES))
        raise InputError("tables.unknown_format", file=path.name, suffix=path.suffix or "?", known=known)
    check_content(path)
    if suffix == ".parquet":
        return _read_parquet(path, report)
    if suffix in _TEXTS and path.stat().st_size > _MOST_TEXT_BYTES:
        size = path.stat().st_size
        raise InputError("tables.text_too_large", file=path.name, size_mb=size >> 20, limit_mb=_MOST_TEXT_BYTES >> 20)
    shapefile = suffix == ".shp"
    if shapefile:
        _check_shapefile(path)
        report.figures["encoding"] = encoding = encoding or dbf_encoding(path)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            options = {"ENCODING": _BYTES_AS_TEXT} if shapefile else {"encoding": encoding}
            frame = _read_named(path, layer, report=report, options=options)
        except (*REFUSALS, LookupError) as fault:
            raise _unreadable(path, fault) from fault
    for text in dict.fromkeys(str(remark.message) for remark in remarks):
        report.add("tables.reader_remark", "doubtful", fault=text)
    return _decoded(frame, encoding or _BYTES_AS_TEXT) if shapefile else frame


def _read_named(path: Path, wanted: str | None, *, report: InputReport, options: dict[str, Any]) -> gpd.GeoDataFrame:
    """Return the layer that is wanted, else the first; the folders of a KML are one layer where they hold shapes of one kind."""
    layers = [str(name) for name, kind in list_layers(path) if kind is not None]
    if not layers:
        raise InputError("tables.no_geometry", file=path.name)
    if wanted is not None:
        if wanted not in layers:
            near = difflib.get_close_matches(wanted, layers, n=1, cutoff=0.0)[0]
            known = ", ".join(map(_printable, layers[:_LAYERS_NAMED]))
            raise InputError("tables.unknown_layer", file=path.name, layer=wanted, near=_printable(near), known=known)
        return _read_one(path, wanted, options, report=report)
    frame = _read_one(path, layers[0], options, report=report)
    if len(layers) == 1:
        return frame
    report.figures["layer"] = layers[0]
    listed = ", ".join(map(_printable, layers[1 : _LAYERS_NAMED + 1])) + (
        " …" if len(layers) > _LAYERS_NAMED + 1 else ""
    )
    if path.suffix.lower() == ".kml" and len(layers) <= _MOST_FOLDERS:
        frames = [frame, *(_read_one(path, layer, options, report=report) for layer in layers[1:])]
        if sum(map(len, frames)) <= _MOST_FEATURES and len({_kind_of_shapes(each) for each in frames} - {None}) == 1:
            report.add("tables.layers_joined", "note", count=len(layers), layer=_printable(layers[0]), others=listed)
            return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frame.crs)
    report.add("tables.other_layers", "doubtful", layer=_printable(layers[0]), others=listed)
    return frame


def _kind_of_shapes(frame: gpd.GeoDataFrame) -> tuple[int, ...] | None:
    """Return the dimensions of a layer's shapes; None where it has none."""
    dimensions = shapely.get_dimensions(frame.geometry.to_numpy())
    return tuple(sorted(set(dimensions[dimensions >= 0].tolist()))) or None


def _read_one(
    path: Path, layer: str, options: dict[str, Any], *, report: InputReport
) -> pd.DataFrame | gpd.GeoDataFrame:
    # pyogrio takes room for as many rows as it is told to read or the file says it has, a cell of each column for every one
    if path.suffix.lower() not in _TEXTS or path.stat().st_size > _MUCH_TEXT_BYTES:
        told = layer_info(path, layer=layer)
        if told["features"] > _MOST_FEATURES:
            rows, columns = told["features"], len(told["fields"]) + 1
            raise InputError("tables.too_many_cells", file=path.name, rows=rows, columns=columns, limit=_MOST_CELLS)
    return read_sound(path, report=report, layer=layer, **options)


def read_sound(path: Path, *, report: InputReport, **options: Any) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return a layer by `planner.tables.gdal.read_features`, its geometry through the one door for it."""
    try:
        frame = read_features(path, **options)
    except ShapelyError:  # some ring is open, some line has one point: which, is seen only one by one
        frame = read_features(path, on_invalid="ignore", **options)
        with readable(path) as place:
            wkb = pyogrio.raw.read(place, columns=[], **options)[2]
        frame = frame.set_geometry(gpd.GeoSeries(_decoded_shapes(wkb, report), index=frame.index, crs=frame.crs))
    return _sound(frame, report)


def _decoded_shapes(wkb: NDArray[np.object_], report: InputReport) -> NDArray[np.object_]:
    """Return shapes from WKB, open rings closed; what cannot be a shape (a ring of two points) is None, and reported."""
    shapes = np.array(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    lost = np.flatnonzero(shapely.is_missing(shapes) & ~pd.isna(wkb))
    shapes[lost] = shapely.from_wkb(wkb[lost], on_invalid="fix")
    for at in lost:
        broken = shapes[at] is None
        code = "tables.shape_broken" if broken else "tables.ring_closed"
        report.add(code, "dropped" if broken else "repaired", int(at) + 1)
    return shapes


def _sound(frame: pd.DataFrame | gpd.GeoDataFrame, report: InputReport) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return a layer without the shapes whose coordinates are not finite; these are None, and reported."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    shapes = frame.geometry.to_numpy()
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    finite = np.isfinite(xy).all(axis=1)
    if finite.all():
        return frame
    wrong = np.unique(owner[~finite])
    shapes = np.array(shapes, dtype=object)
    shapes[wrong] = None
    for at in wrong:
        report.add("tables.shape_not_finite", "dropped", int(at) + 1)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs, name=frame.geometry.name))


def _printable(name: str) -> str:
    """Return a layer's name as it may be shown: on one line, without what steers a terminal, and not endless."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"


def _read_parquet(path: Path, report: InputReport) -> pd.DataFrame | gpd.GeoDataFrame:
    try:
        with pq.ParquetFile(path) as file:
            is_geo = b"geo" in (file.schema_arrow.metadata or {})
            rows, columns = file.metadata.num_rows, file.metadata.num_columns
            if rows * columns > _MOST_CELLS:
                raise InputError("tables.too_many_cells", file=path.name, rows=rows, columns=columns, limit=_MOST_CELLS)
            size = 0
            for batch in file.iter_batches(_BATCH):
                size += batch.nbytes
                if size > _MOST_PARQUET_BYTES:
                    limit_mb = _MOST_PARQUET_BYTES >> 20
                    raise InputError("tables.too_large", file=path.name, size_mb=size >> 20, limit_mb=limit_mb)
        if not is_geo:
            return pd.read_parquet(path, engine="pyarrow").reset_index(drop=True)
        try:
            frame = gpd.read_parquet(path)
        except ShapelyError:
            frame = _read_geoparquet(path, report)
        return _sound(frame.reset_index(drop=True), report)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError, ProjError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError("tables.unreadable", file=path.name, fault=str(fault)) from fault


def _read_geoparquet(path: Path, report: InputReport) -> gpd.GeoDataFrame:
    """Return a GeoParquet file some of whose shapes are broken."""
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["primary_column"]
    crs = geo["columns"][column].get("crs", "OGC:CRS84")
    frame = table.to_pandas().reset_index(drop=True)
    shapes = _decoded_shapes(frame[column].to_numpy(dtype=object), report)
    return gpd.GeoDataFrame(frame.drop(columns=column), geometry=shapes, crs=None if crs is None else CRS(crs))


def _check_shapefile(path: Path) -> None:
    """Refuse a ``.shp`` whose index was not copied with it."""
    if sibling(path, ".shx") is None:
        raise InputError("tables.no_index", file=path.name, needed=path.with_suffix(".shx").name)


def _decoded(frame: gpd.GeoDataFrame, encoding: str) -> gpd.GeoDataFrame:
    """Return a shapefile's frame with its bytes made text; a letter that a field's width cuts in two is left off.

    dBase names take 10 bytes, in UTF-8 three Chinese letters and a third: strict readers refuse such a file whole.
    """

    def decode(text: Any) -> Any:
        if not isinstance(text, str) or text.isascii():
            return text
        return codecs.getincrementaldecoder(encoding)("replace").decode(text.encode(_BYTES_AS_TEXT), final=False)

    frame = frame.rename(columns=decode)
    for name in frame.columns[frame.dtypes.map(pd.api.types.is_string_dtype).to_numpy()]:
        if name != "geometry":
            frame[name] = frame[name].map(decode, na_action="ignore")
    return frame


def _unreadable(path: Path, fault: Exception) -> InputError:
    """Return the error for a vector file that GDAL refuses; of malformed JSON, with the line and column of the fault."""
    if isinstance(fault, InputError):
        return fault
    if path.suffix.lower() in (".geojson", ".json"):
        try:
            json.loads(path.read_bytes())
        except json.JSONDecodeError as broken:
            start = max(0, broken.pos - 20)
            came = broken.doc[start : broken.pos + 10].replace("\n", " ")
            return InputError("tables.bad_json", file=path.name, line=broken.lineno, column=broken.colno, came=came)
        except (UnicodeDecodeError, RecursionError):
            pass
    return InputError("tables.unreadable", file=path.name, fault=str(fault))
