"""Built networks are kept: built once a machine, opened in milliseconds, their memory shared by all processes.

A network has a folder named by the digest of all that it was made from (`StreetSources.key`). There each array is an ``.npy``
file that is mapped into memory, what follows from the shape included (`planner.streets.network.OF_THE_SHAPE`), beside a
``meta.json`` with the rest: each array's type, shape and checksum, what was said when it was built, and a digest of all that. A
folder is written under another name and renamed when whole. One that does not fit is thrown away and built anew. Nothing is
pickled.
"""

import hashlib
import json
import logging
import os
import shutil
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.streets.network import OF_THE_SHAPE, Adjacency, Network
from planner.streets.segment_grid import SegmentGrid
from planner.texts import computer_language, say
from planner.user_folder import user_folder

MOST_BYTES = 4 << 30
"""What the folder may hold; beyond it the networks that were not used for longest are removed."""

Told = list[dict[str, Any]]
"""What was said when a network was built, as plain data."""

_META = "meta.json"
_PASSING, _LEFTOVER_S = ".planner-network-", 86_400.0
_TYPES = {
    "node_ref": "<i8", "edge_from": "<i4", "edge_to": "<i4", "edge_class": "<i2", "vertex_indptr": "<i8",
    "vertex_surface": "|u1", "component": "<i4", "adjacency.indptr": "<i4", "adjacency.head": "<i4", "adjacency.edge": "<i4",
    "adjacency.forward": "|b1", "grid.vertex": "<i8", "grid.edge": "<i4", "grid.indptr": "<i8", "grid.segment": "<i4",
}  # fmt: skip
_FLOAT = "<f8"
"""What the arrays of a network are made of, for which kernels are compiled; floating numbers where nothing else is said."""
_FARTHEST_M = 1e9
_PLAIN = ("crs", "classes", "extent", "figures")
_PARTS = {"adjacency": Adjacency, "grid": SegmentGrid}
_log = logging.getLogger(__name__)


def networks_folder() -> Path:
    """Return the user's folder of networks."""
    return user_folder() / "networks"


def is_kept(folder: Path, key: str) -> bool:
    """Return whether the network of a key is kept in `folder`, so that it is opened at once."""
    return (folder / key / _META).is_file()


def kept_network(folder: Path, key: str, build: Callable[[], tuple[Network, Told]]) -> tuple[Network, Told]:
    """Return the network of a key and what was said of it: from `folder` where it is kept, else built, and kept there.

    A folder that cannot be written to is done without.
    """
    place = folder / key
    if is_kept(folder, key):
        try:
            return open_network(place)
        except Exception as fault:  # whatever is wrong with what is kept, it is not the user's: it is built anew
            _log.warning(say("streets.kept_damaged", computer_language(), folder=place, fault=str(fault)))
    _discard(place)
    network, told = build()
    try:
        keep_network(place, network, told)
        prune(folder)
        return open_network(place)
    except OSError:
        return network, told


def open_network(place: Path) -> tuple[Network, Told]:
    """Map the arrays of a kept network into memory, check them, and mark it as used today.

    Raises
    ------
    OSError
        A file is missing or cannot be read.
    ValueError, KeyError, TypeError
        The files are not as they were written, or not those of a network.
    """
    meta = json.loads(_own_file(place / _META).read_text(encoding="utf-8"))
    if meta.pop("digest") != _digest(meta):
        raise ValueError(_META)
    arrays = {}
    for name, as_written in meta["arrays"].items():
        file = _own_file(place / f"{name}.npy")
        arrays[name] = np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
        if _look(arrays[name]) != as_written:
            raise ValueError(name)
        if arrays[name].ndim != 1 or arrays[name].dtype.str != _TYPES.get(name, _FLOAT):
            raise ValueError(name)
    _check_plain(meta)
    crs, extent = CRS.from_wkt(meta["crs"]), shapely.from_wkt(meta["extent"])
    own = {each.name: arrays[each.name] for each in fields(Network) if each.name not in _PLAIN}
    network = Network(**own, crs=crs, extent=extent, classes=tuple(meta["classes"]), figures=meta["figures"])
    for name in OF_THE_SHAPE:
        network.__dict__[name] = _part(name, arrays, meta) if name in _PARTS else arrays[name]
    check_network(network)
    with suppress(OSError):
        os.utime(place / _META)
    return network, meta["told"]


def _own_file(file: Path) -> Path:
    """Return a file of a kept network: no link to elsewhere, and no pipe that would be waited for."""
    if file.parent.is_symlink() or not stat.S_ISREG(file.lstat().st_mode):
        raise ValueError(file.name)
    return file


def _check_plain(meta: dict[str, Any]) -> None:
    """Check what is kept beside the arrays."""
    grid = meta["grid"]
    whole = [grid["n_columns"], grid["n_rows"]]
    numbers = [grid["x0"], grid["y0"], grid["cell_m"]]
    if any(type(number) is not int or number < 1 for number in whole):
        raise ValueError("grid")
    if any(type(number) is not float or not abs(number) < _FARTHEST_M for number in numbers) or grid["cell_m"] <= 0:
        raise ValueError("grid")
    if not all(isinstance(name, str) for name in meta["classes"]) or not isinstance(meta["figures"], dict):
        raise ValueError(_META)
    if not isinstance(meta["told"], list) or not all(isinstance(said, dict) for said in meta["told"]):
        raise ValueError(_META)


def keep_network(place: Path, network: Network, told: Told) -> None:
    """Write a network into a folder of its own, whole or not at all; another process may have been faster.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    arrays = dict(_arrays_of(network))
    grid = {name: value for name, value in vars(network.grid).items() if not isinstance(value, np.ndarray)}
    meta = {
        "arrays": {name: _look(array) for name, array in arrays.items()},
        "crs": network.crs.to_wkt(),
        "classes": list(network.classes),
        "extent": shapely.to_wkt(network.extent, rounding_precision=-1),
        "figures": network.figures,
        "grid": grid,
        "told": told,
    }
    unfinished = place.with_name(f"{_PASSING}{uuid4().hex}")
    try:
        unfinished.mkdir(parents=True)
        for name, array in arrays.items():
            np.save(unfinished / f"{name}.npy", array, allow_pickle=False)
        (unfinished / _META).write_text(json.dumps(meta | {"digest": _digest(meta)}), encoding="utf-8")
        if not place.exists():
            unfinished.rename(place)
    except OSError:
        if not place.exists():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def prune(folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Remove networks until the rest is no larger than `most_bytes`, those that were not used for longest first.

    The one used last always stays. Others' processes keep what they have mapped: elsewhere the files live on until they are
    closed, on Windows they cannot be removed and are left alone. What a broken run left unfinished goes after a day.
    """
    kept: list[tuple[float, int, Path]] = []
    for place in folder.iterdir():
        with suppress(OSError):  # another process may remove it meanwhile
            if place.name.startswith(_PASSING):
                if time.time() - place.stat().st_mtime > _LEFTOVER_S:
                    shutil.rmtree(place, ignore_errors=True)
            elif place.is_dir():
                size = sum(file.stat().st_size for file in place.iterdir())
                kept.append(((place / _META).stat().st_mtime, size, place))
    kept.sort()
    total = sum(size for _, size, _ in kept)
    for _, size, place in kept[:-1]:
        if total <= most_bytes:
            return
        if _discard(place):
            total -= size


def check_network(network: Network) -> None:
    """Check that the arrays of a network fit together, so that no kernel reads beyond one.

    Raises
    ------
    ValueError
        An array is shorter or longer than the network asks for, points outside of another, or is not finite.
    """
    half, grid = network.adjacency, network.grid
    n_nodes, n_edges, n_vertices, n_segments = network.n_nodes, network.n_edges, len(network.vertex_x), len(grid.ax)
    for name, array, length, below in (
        ("node_y", network.node_y, n_nodes, None),
        ("node_ref", network.node_ref, n_nodes, None),
        ("component", network.component, n_nodes, n_nodes),
        ("edge_from", network.edge_from, n_edges, n_nodes),
        ("edge_to", network.edge_to, n_edges, n_nodes),
        ("edge_class", network.edge_class, n_edges, len(network.classes)),
        ("factor_forward", network.factor_forward, n_edges, np.inf),
        ("factor_backward", network.factor_backward, n_edges, np.inf),
        ("edge_length_m", network.edge_length_m, n_edges, np.inf),
        ("vertex_y", network.vertex_y, n_vertices, None),
        ("vertex_m", network.vertex_m, n_vertices, np.inf),
        ("vertex_surface", network.vertex_surface, n_vertices, None),
        ("head", half.head, 2 * n_edges, n_nodes),
        ("edge", half.edge, 2 * n_edges, n_edges),
        ("forward", half.forward, 2 * n_edges, None),
        ("segments", grid.ay, n_segments, None),
        ("segments", grid.bx, n_segments, None),
        ("segments", grid.by, n_segments, None),
        ("segment_start_m", network.segment_start_m, n_segments, np.inf),
        ("vertex", grid.vertex, n_segments, n_vertices - 1),
        ("edge", grid.edge, n_segments, n_edges),
        ("segment", grid.segment, len(grid.segment), n_segments),
    ):
        if len(array) != length or (below is not None and length and not (array.min() >= 0 and array.max() < below)):
            raise ValueError(name)
    for name, indptr, count, end, least in (
        ("vertex_indptr", network.vertex_indptr, n_edges, n_vertices, 2),
        ("adjacency", half.indptr, n_nodes, 2 * n_edges, 0),
        ("cells", grid.indptr, grid.n_columns * grid.n_rows, len(grid.segment), 0),
    ):
        if len(indptr) != count + 1 or indptr[0] != 0 or indptr[-1] != end or (np.diff(indptr) < least).any():
            raise ValueError(name)
    for places in (
        network.node_x,
        network.node_y,
        network.vertex_x,
        network.vertex_y,
        grid.ax,
        grid.ay,
        grid.bx,
        grid.by,
    ):
        if not (np.abs(places) < _FARTHEST_M).all():  # nor is what is not finite
            raise ValueError("not finite")
    if not ((network.factor_forward > 0).all() and (network.factor_backward > 0).all()):
        raise ValueError("factor")


def _arrays_of(network: Network) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield all arrays of a network with the names of their files."""
    for name in [each.name for each in fields(Network) if each.name not in _PLAIN] + list(OF_THE_SHAPE):
        value = getattr(network, name)
        if isinstance(value, np.ndarray):
            yield name, value
        else:
            yield from ((f"{name}.{part}", of) for part, of in vars(value).items() if isinstance(of, np.ndarray))


def _part(name: str, arrays: dict[str, NDArray[Any]], meta: dict[str, Any]) -> Any:
    """Return the adjacency or the grid made of its arrays."""
    own = {each.name: arrays.get(f"{name}.{each.name}") for each in fields(_PARTS[name])}
    return _PARTS[name](**(own | meta.get(name, {})))


def _look(array: NDArray[Any]) -> list[Any]:
    """Return the type, shape and checksum of an array."""
    return [array.dtype.str, list(array.shape), zlib.crc32(np.ascontiguousarray(array).data)]


def _digest(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def _discard(place: Path) -> bool:
    """Take a folder away from all who look for it, then remove it; return whether it is gone."""
    gone = place.with_name(f"{_PASSING}{uuid4().hex}")
    try:
        place.rename(gone)
    except OSError:  # it is not there, or (on Windows) somebody has it open
        return not place.exists()
    if gone.is_symlink() or not gone.is_dir():
        gone.unlink()
    else:
        shutil.rmtree(gone, ignore_errors=True)
    return True
