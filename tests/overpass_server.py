"""A small Overpass and Nominatim on the loopback address: answers in their formats from an OSM file, and fails when told to.

It understands the queries that OSMnx writes: nodes and ways by tags (``["k"]``, ``['k'='v']``, ``[~"k"~"v"]``) within a polygon,
with the nodes of the ways. `faults` holds what goes wrong next, one entry an answer:

    429 504 ...   that status             cut        fewer bytes than announced
    unsaid        ends early, no length   remark     the server's own word that it gave up, with what it had
    html          a page, status 200      empty      no elements, no places
    hang          no answer at all        none       nothing: this answer is right
"""

import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import osmium
import shapely

STATUS = """Connected as: 2130706433
Current time: 2026-01-05T08:00:00Z
Announced endpoint: none
Rate limit: 2
2 slots available now.
Currently running queries (pid, space limit, time limit, start time):
"""
_STATEMENT = re.compile(r"(node|way|relation)((?:\[[^\]]*\])+)\(poly:['\"]([^'\"]*)['\"]\)")
_TEST = re.compile(r"\[(~?)['\"]([^'\"]*)['\"](?:([=~])['\"]([^'\"]*)['\"])?\]")


@dataclass
class OsmData:
    """The nodes and ways of a file, as Overpass elements."""

    nodes: dict[int, dict[str, Any]]
    ways: list[dict[str, Any]]
    lines: shapely.STRtree

    @classmethod
    def of(cls, path: Path) -> "OsmData":
        nodes, ways = {}, []
        for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
            tags = dict(thing.tags)
            element = {"type": "node" if thing.is_node() else "way", "id": thing.id} | ({"tags": tags} if tags else {})
            if thing.is_node():
                nodes[thing.id] = element | {"lat": round(thing.location.lat, 7), "lon": round(thing.location.lon, 7)}
            elif tags:
                ways.append(element | {"nodes": [node.ref for node in thing.nodes]})
        where = {number: (node["lon"], node["lat"]) for number, node in nodes.items()}
        shapes = [[where[ref] for ref in way["nodes"] if ref in where] for way in ways]
        return cls(nodes, ways, shapely.STRtree([shapely.LineString(at) if len(at) > 1 else None for at in shapes]))

    def answer(self, query: str) -> dict[str, Any]:
        """Return what Overpass would of a query, nodes of ways included."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for kind, tests, polygon in _STATEMENT.findall(query):
            lat_lon = np.array(polygon.split(), float).reshape(-1, 2)
            area = shapely.Polygon(lat_lon[:, ::-1])
            shapely.prepare(area)
            if kind == "way":
                near = self.lines.query(area, predicate="intersects")
                chosen = [self.ways[n] for n in np.sort(near) if _passes(self.ways[n].get("tags", {}), tests)]
            elif kind == "node":
                tagged = [node for node in self.nodes.values() if _passes(node.get("tags", {}), tests)]
                chosen = [node for node in tagged if shapely.intersects_xy(area, node["lon"], node["lat"])]
            else:
                continue
            for element in chosen:
                found[kind, element["id"]] = element
                found |= {("node", ref): self.nodes[ref] for ref in element.get("nodes", ()) if ref in self.nodes}
        return {
            "version": 0.6,
            "generator": "Overpass API 0.7.62",
            "osm3s": {"timestamp_osm_base": "2026-01-05T07:59:00Z", "copyright": "ODbL"},
            "elements": list(found.values()),
        }


def _passes(tags: Mapping[str, str], tests: str) -> bool:
    for any_key, key, sign, value in _TEST.findall(tests):
        if any_key:
            if not any(re.search(key, name) and re.search(value, tags[name]) for name in tags):
                return False
        elif (
            key not in tags or (sign == "=" and tags[key] != value) or (sign == "~" and not re.search(value, tags[key]))
        ):
            return False
    return True


def nominatim_place(name: str, shape: shapely.Geometry, number: int, importance: float = 0.5) -> dict[str, Any]:
    """Return one result as Nominatim's search gives it."""
    west, south, east, north = shape.bounds
    return {
        "place_id": 1000 + number,
        "licence": "Data (c) OpenStreetMap contributors, ODbL 1.0",
        "osm_type": "node" if shape.geom_type == "Point" else "relation",
        "osm_id": number,
        "lat": f"{shape.centroid.y:.7f}",
        "lon": f"{shape.centroid.x:.7f}",
        "class": "boundary",
        "type": "administrative",
        "place_rank": 12,
        "importance": importance,
        "addresstype": "county",
        "name": name.split(",")[0],
        "display_name": name,
        "boundingbox": [str(south), str(north), str(west), str(east)],
        "geojson": shapely.geometry.mapping(shape),
    }


@dataclass
class Server:
    """A running server: its addresses, what it is to do wrong next, and what it was asked."""

    url: str
    data: OsmData | None
    places: dict[str, list[dict[str, Any]]]
    faults: deque[int | str | None] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def overpass(self) -> str:
        return self.url + "/api"

    def count(self, what: str) -> int:
        """Return how often an address was asked: status, interpreter, search."""
        return sum(path.endswith(what) for path in self.asked)


@contextmanager
def running(data: OsmData | None = None, places: dict[str, list[dict[str, Any]]] | None = None) -> Iterator[Server]:
    """Run a server on a free port of 127.0.0.1."""
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            self._note(url.path)
            if url.path.endswith("/status"):
                self._send(200, STATUS.encode(), "text/plain")
            elif url.path.endswith("/search"):
                self._answer(server.places.get(parse_qs(url.query)["q"][0], []))
            else:
                self._send(404, b"not found", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._note(urlsplit(self.path).path)
            assert server.data is not None
            self._answer(server.data.answer(parse_qs(body)["data"][0]))

        def _note(self, path: str) -> None:
            server.asked.append(path)
            server.agents.add(self.headers["User-Agent"])

        def _answer(self, answer: Any) -> None:
            fault = server.faults.popleft() if server.faults else None
            body = json.dumps(answer).encode()
            if isinstance(fault, int):
                self._send(fault, b"<html><body>The server is probably too busy.</body></html>", "text/html")
            elif fault == "cut":
                self._send(200, body[: len(body) // 2], "application/json", length=len(body))
            elif fault == "unsaid":
                self._send(200, body[: len(body) // 2], "application/json", length=None)
            elif fault == "html":
                self._send(200, b"<html><body>Please sign in</body></html>", "text/html")
            elif fault == "hang":
                release.wait(30)
            else:
                if fault == "empty":
                    answer = answer | {"elements": []} if isinstance(answer, dict) else []
                if fault == "remark":
                    remark = 'runtime error: Query timed out in "query" at line 1 after 181 seconds.'
                    answer = answer | {"elements": answer["elements"][: len(answer["elements"]) // 2], "remark": remark}
                self._send(200, json.dumps(answer).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str, *, length: int | None = -1) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if length is not None:
                self.send_header("Content-Length", str(len(body) if length < 0 else length))
            for name, value in server.headers.items() if status >= 400 else ():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server = Server(f"http://127.0.0.1:{http.server_address[1]}", data, places or {})
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            release.set()
            http.shutdown()
            thread.join()
