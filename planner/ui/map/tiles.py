"""Many streets as the map's background: vector tiles in one PMTiles archive, of which a browser fetches only what it shows.

Each zoom has its own lines: joined where a street goes on, thinned to what a screen can show, narrow classes only from near.
The deepest zoom holds every street. Tiles are drawn twice as large as usual (512 pixels), so those of zoom `z` are seen at
the map's zoom ``z + 1``; beyond the deepest they are drawn larger still.
"""

import gzip
import hashlib
import os
from collections import defaultdict
from io import BytesIO
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from planner.crs import WGS84, transformer
from planner.deliver.geojson import ATTRIBUTION
from planner.streets import StreetNetwork

FORMAT = 1
"""Moves whenever the same network is written in another way."""

LAYER = "streets"
DEEPEST = 13
"""``tiles.js`` knows this number too."""

FIRST_ZOOM = (5, 7, 9, 10)
"""The zoom from which on each tier of streets is there, from the broadest that a network has to the narrowest."""

_THIN_DEG = 2.5e-5  # about 2.5 m, as where streets are sent at once
_THIN_PX = 0.6
_TILE_PX = 512
_MARGIN = 1 / 64  # of a tile, so that no line ends at a seam
_STEPS = 1024  # of a coordinate in a tile, two to a pixel
_DEEPEST_STEPS = 4096
_POLE = 85.05


def archive(network: StreetNetwork, tier: NDArray[np.int64], folder: Path) -> bytes:
    """Return the PMTiles archive of a network, from `folder` where it is kept already.

    `tier` (shape ``(n_edges,)``) is each edge's class from 0, the broadest. A folder that cannot be written to is done without.
    """
    parts = (network.vertex_x, network.vertex_y, network.vertex_indptr, tier)
    key = f"format {FORMAT} {network.crs.to_wkt()}".encode() + b"".join(
        np.ascontiguousarray(p).tobytes() for p in parts
    )
    kept = folder / f"tiles-{hashlib.sha256(key).hexdigest()[:24]}.pmtiles"
    try:
        return kept.read_bytes()
    except OSError:
        made = write(network, tier)
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(made)
        unfinished.replace(kept)
    except OSError:
        unfinished.unlink(missing_ok=True)
    return made


def write(network: StreetNetwork, tier: NDArray[np.int64]) -> bytes:
    """Write the PMTiles archive of a network."""
    lines, bounds = _world_lines(network)
    tiers = {int(number): lines[tier == number] for number in np.unique(tier)}
    stream = BytesIO()
    writer = Writer(stream)
    for zoom in range(min(FIRST_ZOOM), DEEPEST + 1):
        tiles = _tiles_of(tiers, zoom)
        for tile_id, (x, y) in sorted((zxy_to_tileid(zoom, *place), place) for place in tiles):
            writer.write_tile(tile_id, _encoded(tiles[x, y], zoom))
    west, south, east, north = (round(each * 1e7) for each in bounds)
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": min(FIRST_ZOOM),
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }
    layer = {"id": LAYER, "fields": {"tier": "Number"}, "minzoom": min(FIRST_ZOOM), "maxzoom": DEEPEST}
    writer.finalize(header, {"name": LAYER, "attribution": ATTRIBUTION, "vector_layers": [layer]})
    return stream.getvalue()


def _world_lines(network: StreetNetwork) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the edges on the square world of the web's tiles, (0, 0) north-west to (1, 1), and their bounds in degrees."""
    lon, lat = transformer(network.crs, WGS84).transform(network.vertex_x, network.vertex_y)
    lat = np.clip(lat, -_POLE, _POLE)
    sine = np.sin(np.radians(lat))
    world = np.column_stack((lon / 360 + 0.5, 0.5 - np.arctanh(sine) / (2 * np.pi)))
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.vertex_indptr))
    return shapely.linestrings(world, indices=edge), np.array([lon.min(), lat.min(), lon.max(), lat.max()])


def _joined(lines: NDArray[Any]) -> NDArray[Any]:
    """Return lines that run on through every place where just two ends meet."""
    return shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))


def _tiles_of(tiers: dict[int, NDArray[Any]], zoom: int) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """Return the features of every tile of a zoom by its column and row: of each tier one, all its lines."""
    tiles: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for (number, lines), first_zoom in zip(tiers.items(), FIRST_ZOOM, strict=False):
        if zoom < first_zoom:
            continue
        scaled = shapely.transform(_thinned(lines, zoom), lambda xy: xy * 2**zoom)
        for x, y, inside in _by_tile(scaled):
            low, high = -_MARGIN, 1 + _MARGIN
            cut = shapely.clip_by_rect(shapely.multilinestrings(inside), x + low, y + low, x + high, y + high)
            if not cut.is_empty:
                cut = shapely.transform(cut, lambda xy, corner=(x, y): np.round((xy - corner) * _steps(zoom)))
                tiles[x, y].append({"geometry": cut, "properties": {"tier": number}})
    return tiles


def _thinned(lines: NDArray[Any], zoom: int) -> NDArray[Any]:
    """Return lines as they are seen at a zoom: what falls together on the grid of its tiles is there once, and nothing tears."""
    if zoom == DEEPEST:
        return shapely.simplify(_joined(lines), _THIN_DEG / 360, preserve_topology=False)
    thin, step = _THIN_PX / (_TILE_PX * 2**zoom), 1 / (_STEPS * 2**zoom)
    xy, line = shapely.get_coordinates(shapely.simplify(lines, thin, preserve_topology=False), return_index=True)
    place = np.round(xy / step).astype(np.int64) @ [_STEPS * 2**zoom * 2, 1]
    ends = np.sort(np.column_stack((place[:-1], place[1:]))[line[1:] == line[:-1]], axis=1)
    ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
    stretches = np.stack(np.divmod(ends, _STEPS * 2**zoom * 2), axis=-1) * step
    return shapely.simplify(_joined(shapely.linestrings(stretches)), thin, preserve_topology=False)


def _by_tile(lines: NDArray[Any]) -> list[tuple[int, int, NDArray[Any]]]:
    """Return `(column, row, lines)` of every tile that the lines' boxes touch, its margin included."""
    if not len(lines):
        return []
    first, last = np.split(shapely.bounds(lines), 2, axis=1)
    first, last = (np.floor(corner).astype(np.int64) for corner in (first - _MARGIN, last + _MARGIN))
    wide, high = (last - first + 1).T
    line = np.repeat(np.arange(len(lines)), wide * high)
    within = np.arange(len(line)) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    place = first[line] + np.column_stack((within % wide[line], within // wide[line]))
    places, tile = np.unique(place, axis=0, return_inverse=True)
    order = np.argsort(tile, kind="stable")
    groups = np.split(line[order], np.cumsum(np.bincount(tile))[:-1])
    return [(int(x), int(y), lines[group]) for (x, y), group in zip(places, groups, strict=True)]


def _encoded(features: list[dict[str, Any]], zoom: int) -> bytes:
    options = {"y_coord_down": True, "extents": _steps(zoom)}
    return gzip.compress(
        mapbox_vector_tile.encode({"name": LAYER, "features": features}, default_options=options), mtime=0
    )


def _steps(zoom: int) -> int:
    return _DEEPEST_STEPS if zoom == DEEPEST else _STEPS
