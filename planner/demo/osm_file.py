"""Write drawn counties as a raw OpenStreetMap file: nodes first, then ways, numbers rising, a box in the header.

The data are in OpenStreetMap's format; nothing in them is OpenStreetMap's.
"""

from pathlib import Path
from types import TracebackType

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.osm.mutable import Node, Way

from planner.demo.county import County
from planner.demo.degrees import Degrees
from planner.demo.kinds import TAGS, Kind
from planner.demo.meet import Net

Box = tuple[float, float, float, float]


class OsmFile:
    """An OSM file being written: `add` each county, then `finish`; neighbours share the nodes at their common border."""

    def __init__(self, path: Path, box: Box, to_degrees: Degrees) -> None:
        header = osmium.io.Header()
        header.set("generator", "quarter-hour-planner demonstration county (invented)")
        header.add_box(osmium.osm.Box(*box))
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
        self._writer.close()

    def add(self, county: County) -> None:
        """Write the nodes of a county and keep its ways for the end of the file."""
        net = county.net
        used = np.unique(net.node)
        ids = np.zeros(len(net.xy), np.int64)
        at_border = {
            (round(gate.xy[0] / 40), round(gate.xy[1] / 40)) for gate in county.tile.gateways if not gate.outer
        }
        cells = {(x + i, y + j) for x, y in at_border for i in (-1, 0, 1) for j in (-1, 0, 1)}
        is_gate = np.isin(used, county.gates).tolist()
        longitude, latitude = self._to_degrees.transform(*net.xy[used].T)
        node = Node()
        tags: tuple[dict[str, str], dict[str, str]] = ({}, {"barrier": "gate"})
        rows = zip(used.tolist(), net.xy[used].tolist(), longitude.tolist(), latitude.tolist(), is_gate, strict=True)
        for number, (x, y), lon, lat, gate in rows:
            if cells and (round(x / 40), round(y / 40)) in cells:
                key = (round(x * 100), round(y * 100))
                if key in self._shared:
                    ids[number] = self._shared[key]
                    continue
                self._shared[key] = self._next_node
            ids[number] = self._next_node
            node.id, node.location, node.tags = self._next_node, (lon, lat), tags[gate]
            self._writer.add_node(node)
            self._next_node += 1
        self._ways.append((net, ids, county.labels))

    def finish(self) -> None:
        """Write all ways."""
        number = 1
        way = Way()
        for net, ids, labels in self._ways:
            nodes = ids[net.node].tolist()
            ends = net.indptr.tolist()
            rows = zip(net.kind.tolist(), net.name.tolist(), net.bridge.tolist(), strict=True)
            for line, (kind, name, bridge) in enumerate(rows):
                tags = TAGS[Kind(kind)]
                if name >= 0 or bridge:
                    tags = dict(tags)
                    if name >= 0:
                        tags["name"] = labels[name]
                    if bridge:
                        tags |= {"bridge": "yes", "layer": "1"}
                way.id, way.nodes, way.tags = number, nodes[ends[line] : ends[line + 1]], tags
                self._writer.add_way(way)
                number += 1
