"""Write drawn counties as a raw OpenStreetMap file: nodes first, then ways, numbers rising, a box in the header.

The data are in OpenStreetMap's format; nothing in them is OpenStreetMap's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.osm.mutable import Node, Way
from scipy.spatial import cKDTree

from planner.demo.county import County
from planner.demo.degrees import Degrees
from planner.demo.kinds import TAGS, Kind
from planner.demo.meet import Net

Box = tuple[float, float, float, float]
_PASS_M = 60.0
"""Only nodes this near to a way into the next county can be in both."""


class OsmFile:
    """An OSM file being written: `add` each county, then `finish`; neighbours share the nodes at their common border."""

    def __init__(self, path: Path, box: Box, to_degrees: Degrees) -> None:
        header = osmium.io.Header()
        header.set("generator", "quarter-hour-planner demonstration county (invented)")
        header.add_box(osmium.osm.Box(*box))
        with _told_as_os_error():
            self._writer = osmium.SimpleWriter(str(path), header=header, overwrite=True)
        self._to_degrees = to_degrees
        self._next_node = 1
        self._shared: dict[tuple[int, int], int] = {}
        self._ways: list[tuple[Net, NDArray[np.int64], list[str]]] = []

    def __enter__(self) -> "OsmFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _told_as_os_error():
            self._writer.close()

    def add(self, county: County) -> None:
        """Write the nodes of a county and keep its ways for the end of the file."""
        net = county.net
        used = np.unique(net.node)
        ids, is_new = self._number(county, used)
        self._ways.append((net, ids, county.labels))
        used = used[is_new]
        longitude, latitude = self._to_degrees.transform(*net.xy[used].T)
        is_gate = np.isin(used, county.gates)
        node = Node()
        tags: tuple[dict[str, str], dict[str, str]] = ({}, {"barrier": "gate"})
        rows = zip(ids[used].tolist(), longitude.tolist(), latitude.tolist(), is_gate.tolist(), strict=True)
        with _told_as_os_error():
            for number, lon, lat, gate in rows:
                node.id, node.location, node.tags = number, (lon, lat), tags[gate]
                self._writer.add_node(node)

    def finish(self) -> None:
        """Write all ways."""
        number, way = 1, Way()
        with _told_as_os_error():
            for net, ids, labels in self._ways:
                nodes, ends = ids[net.node].tolist(), net.indptr.tolist()
                rows = zip(net.kind.tolist(), net.name.tolist(), net.bridge.tolist(), strict=True)
                for line, (kind, name, bridge) in enumerate(rows):
                    way.id, way.nodes = number, nodes[ends[line] : ends[line + 1]]
                    way.tags = _tags(Kind(kind), labels[name] if name >= 0 else "", bridge=bridge)
                    self._writer.add_way(way)
                    number += 1

    def _number(self, county: County, used: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the file's number of each node of the county, and which of `used` are new to the file."""
        is_new = np.ones(len(used), bool)
        ids = np.zeros(len(county.net.xy), np.int64)
        xy = county.net.xy[used]
        passes = np.array([gate.xy for gate in county.tile.gateways if not gate.outer])
        at_pass = np.zeros(0, np.int64)
        if len(passes):
            at_pass = np.flatnonzero(cKDTree(passes).query(xy)[0] < _PASS_M)
        keys = {index: (round(xy[index, 0] * 100), round(xy[index, 1] * 100)) for index in at_pass.tolist()}
        for index, key in keys.items():
            is_new[index] = key not in self._shared
            ids[used[index]] = self._shared.get(key, 0)
        fresh = used[is_new]
        ids[fresh] = self._next_node + np.arange(len(fresh))
        self._next_node += len(fresh)
        self._shared |= {key: int(ids[used[index]]) for index, key in keys.items()}
        return ids, is_new


def _tags(kind: Kind, name: str, *, bridge: bool) -> dict[str, str]:
    tags = TAGS[kind]
    if name:
        tags = tags | {"name": name}
    return tags | {"bridge": "yes", "layer": "1"} if bridge else tags


@contextmanager
def _told_as_os_error() -> Iterator[None]:
    """Tell of a full disk and the like as everyone else does: osmium raises a plain `RuntimeError`."""
    try:
        yield
    except RuntimeError as fault:
        raise OSError(str(fault)) from fault
