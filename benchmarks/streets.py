"""Streets side by side: loading, travel times and snapping against what one would otherwise use.

All in one run on one machine, on the shared cities: ``python benchmarks/streets.py [--data DIR]``. Each part names what is
timed; whatever only prepares an input for another tool (a .osm file for OSMnx, arrays for pandana) is not.
"""

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from planner import StreetNetwork, coverage, isochrones
from planner.coverage import Places
from planner.crs import WGS84, transformer
from planner.streets import WalkRules, snap

HERE = Path(__file__).resolve()
DATA = HERE.parents[2] / "shared" / "data"
CITIES = {"Wuhan": "wuhan/streets.osm.pbf", "Porto Alegre": "porto_alegre/poa.osm.pbf"}
REACH_S = 1200.0  # seconds at 1 m/s: 1,200 m


def main() -> None:
    """Run all parts, or one of those that measure themselves in a process of their own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the shared cities (default: %(default)s)")
    parser.add_argument("--alone", choices=["kernels", "memory"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    files = {name: given.data / path for name, path in CITIES.items()}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise SystemExit(f"Not there: {', '.join(missing)}. Say where the shared cities are with --data DIR.")
    if given.alone == "kernels":
        use_every_kernel()
    elif given.alone == "memory":
        reach_of_all_nodes_alone(files["Wuhan"])
    else:
        compiling(given.data)
        memory(given.data)  # while this process is small: Linux counts it towards those it starts
        warm_up()
        for name, path in files.items():
            loading(name, path)
        for name, path in files.items():
            heading(name)
            raw = Raw.of(path)
            with timed() as build:
                net = StreetNetwork.from_osm(path)
            points = gpd.GeoSeries(shapely.points(raw.x, raw.y), crs=net.crs)
            snapping(net, points)
            reaching(net, raw, Places.of(net, points), build.seconds)


# ------------------------------------------------------------------------------------------------------------- the clock


class Clock:
    """Seconds taken by a block."""

    seconds = 0.0


@contextlib.contextmanager
def timed() -> Iterator[Clock]:
    clock, start = Clock(), time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - start


def best_of(times: int, work: Callable[[], Any]) -> float:
    """Return the least seconds of some runs."""
    taken = []
    for _ in range(times):
        with timed() as clock:
            work()
        taken.append(clock.seconds)
    return min(taken)


def heading(text: str) -> None:
    print(f"\n{text}")


def line(what: str, seconds: float, ours: float | None = None, note: str = "") -> None:
    """Print one row: what, how long, and how many times the planner's first row that is."""
    unit = f"{seconds * 1000:10.3f} ms" if seconds < 0.1 else f"{seconds:10.2f} s "
    ratio = "" if ours is None else f"{seconds / ours:.2g} x ours" if seconds < ours else f"{seconds / ours:.1f} x ours"
    print(f"  {what:<44}{unit}{ratio:>16}  {note}".rstrip(), flush=True)


# ------------------------------------------------------------------------------------------------------------- compiling


def compiling(data: Path) -> None:
    """Time the kernels' first use with an empty and with a filled cache, each in a new process."""
    heading("Compiling the kernels (every kernel used once, in a new process)")
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache}
        for what in ("very first run", "every later run"):
            line(what, float(_alone("kernels", data, environment)))


def _alone(part: str, data: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, str(HERE), "--alone", part, "--data", str(data)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def use_every_kernel() -> None:
    with timed() as clock:
        warm_up()
    print(clock.seconds)


def warm_up() -> None:
    """Walk a square of four streets, so that what follows times no compiling."""
    graph = nx.MultiDiGraph(crs="EPSG:32650")
    graph.add_nodes_from((n, {"x": 5e5 + 100 * (n % 2), "y": 3e6 + 100 * (n // 2)}) for n in range(4))
    graph.add_edges_from([(0, 1), (1, 3), (3, 2), (2, 0), (0, 3)])
    net = StreetNetwork.from_graph(graph)
    points = gpd.GeoSeries(shapely.points(net.node_x, net.node_y), crs=net.crs)
    coverage.travel_times(net, points, points, limit_s=900)
    coverage.nearest(net, points, points)
    isochrones.polygons(net, points, minutes=(5,))


# --------------------------------------------------------------------------------------------------------------- loading


def loading(city: str, path: Path) -> None:
    """Time a file on its way to a ready network."""
    import osmnx

    heading(f"Loading the streets of {city}, file to network")
    with tempfile.TemporaryDirectory() as folder:
        xml, cache = Path(folder) / "streets.osm", Path(folder) / "cache"
        with osmium.SimpleWriter(str(xml)) as writer:
            for thing in osmium.FileProcessor(str(path)):
                writer.add(thing)
        ours = best_of(3, lambda: StreetNetwork.from_osm(path))
        StreetNetwork.from_osm(path, cache=cache)
        kept = best_of(3, lambda: StreetNetwork.from_osm(path, cache=cache))
        line("planner", ours)
        line("planner, from its cache", kept, ours)
        tables, graph = _pyrosm(path)
        line("pyrosm get_network, tables only", tables, ours)
        line("pyrosm get_network + to_graph (networkx)", graph, ours)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = best_of(1, lambda: osmnx.graph_from_xml(xml, retain_all=True))
        line("OSMnx graph_from_xml (simplified)", theirs, ours)


def _pyrosm(path: Path) -> tuple[float, float]:
    """Return seconds to pyrosm's tables of nodes and edges, and to a graph that can be walked."""
    with warnings.catch_warnings(), _silent():
        warnings.simplefilter("ignore")
        import pyrosm

        with timed() as graph:
            file = pyrosm.OSM(str(path))
            with timed() as tables:
                nodes, edges = file.get_network(network_type="walking", nodes=True)
            file.to_graph(nodes, edges, graph_type="networkx", retain_all=True)
    return tables.seconds, graph.seconds


# ------------------------------------------------------------------------------------------------------- raw nodes and all


class Raw:
    """The walked streets as a plain graph of all nodes and segments of a file: what the other tools are given."""

    def __init__(self, x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray, metres: np.ndarray) -> None:
        self.x, self.y, self.start, self.end, self.metres = x, y, start, end, metres

    @classmethod
    def of(cls, path: Path) -> "Raw":
        rules, places, chains = WalkRules(), {}, []
        for thing in osmium.FileProcessor(str(path)):
            if thing.is_node():
                places[thing.id] = (thing.location.lon, thing.location.lat)
            elif thing.is_way() and rules.street_class(thing.tags) is not None:
                chains.append([node.ref for node in thing.nodes])
        number = {ref: i for i, ref in enumerate(places)}
        crs = StreetNetwork.from_osm(path).crs
        x, y = transformer(WGS84, crs).transform(*np.array(list(places.values())).T)
        ends = np.array([(number[a], number[b]) for chain in chains for a, b in itertools.pairwise(chain)])
        ends = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)  # a segment mapped twice counts once
        start, end = ends.T
        return cls(x, y, start, end, np.hypot(x[start] - x[end], y[start] - y[end]))

    def matrix(self) -> sparse.csr_array:
        """Return the graph as scipy takes it; a segment of no length has the least it would not drop."""
        n = len(self.x)
        return sparse.coo_array((np.maximum(self.metres, 1e-9), (self.start, self.end)), shape=(n, n)).tocsr()

    def is_off_street(self) -> np.ndarray:
        """Return which nodes lie on no walked street."""
        return np.bincount(np.concatenate((self.start, self.end)), minlength=len(self.x)) == 0

    def shares_place(self) -> np.ndarray:
        """Return which nodes lie exactly where another one does: as on a bridge over a street."""
        place = np.unique(np.round(np.column_stack((self.x, self.y)), 3), axis=0, return_inverse=True)[1].ravel()
        return np.bincount(place)[place] > 1


def reaching(net: StreetNetwork, raw: Raw, places: Places, build_s: float) -> None:
    """Time who reaches whom within 1,200 m, every node of the file a facility and a demand point; `build_s` took the network."""
    heading(f"Travel times within {REACH_S:.0f} m, all {len(raw.x):,} nodes as facilities and as demand")
    times = coverage.travel_times(net, places, places, limit_s=REACH_S)
    whole = best_of(3, lambda: coverage.travel_times(net, places, places, limit_s=REACH_S))
    single = best_of(1, lambda: coverage.travel_times(net, places, places, limit_s=REACH_S, threads=1))
    ours = whole / len(raw.x)
    line("planner, whole", whole, note=f"{times.nnz:,} pairs; {single:.2f} s on one thread")
    build, precompute, query, found = _pandana(raw)
    line("pandana, nodes_in_range alone", query, whole, f"{len(found):,} pairs; build {build:.2f} s before it")
    line("planner, file to network and query", build_s + whole)
    line("pandana, build + precompute, no pairs yet", build + precompute, build_s + whole)
    _compare(times, found, raw)
    del times, found
    print("  per facility:")
    line("planner", ours)
    line("scipy csgraph.dijkstra (300 facilities)", _scipy(raw, 300), ours)
    line("networkx (100 facilities)", _networkx(raw, 100), ours)


def _pandana(raw: Raw) -> tuple[float, float, float, Any]:
    """Return seconds to build, to precompute and to query, and the pairs found (a table of source, destination, metres)."""
    import pandana
    import pandas as pd

    nodes = pd.Series(raw.x), pd.Series(raw.y)
    edges = pd.Series(raw.start), pd.Series(raw.end), pd.DataFrame({"metres": raw.metres})
    with warnings.catch_warnings(), _silent():
        warnings.simplefilter("ignore")
        with timed() as build:
            network = pandana.Network(*nodes, *edges, twoway=True)
        with timed() as query:
            found = network.nodes_in_range(np.arange(len(raw.x)).tolist(), REACH_S)
        with timed() as precompute:
            network.precompute(REACH_S)
    return build.seconds, precompute.seconds, query.seconds, found


def _compare(times: sparse.csr_array, found: Any, raw: Raw) -> None:
    """Say how far the planner's and pandana's metres are from exact ones (scipy on the raw segments), for 200 sources."""
    n = len(raw.x)
    chosen = np.sort(np.random.default_rng(4).choice(n, 200, replace=False))
    exact = csgraph.dijkstra(raw.matrix(), directed=False, indices=chosen, limit=REACH_S)
    sample = found[found["source"].isin(chosen)]
    source, target = np.searchsorted(chosen, sample["source"].to_numpy()), sample["destination"].to_numpy()
    theirs, truth = sample["metres"].to_numpy(float), exact[source, target]
    ours = np.asarray(times[target, chosen[source]]).ravel()
    both = np.isfinite(truth) & ((ours > 0) | (truth < 0.001))
    off = both & (np.abs(ours - truth) > 0.0011)
    no_street = off & (raw.is_off_street()[chosen[source]] | raw.is_off_street()[target])
    on_top = off & ~no_street & (raw.shares_place()[chosen[source]] | raw.shares_place()[target])
    print(
        f"  {len(sample):,} pairs from 200 sources, beside scipy's exact metres on the raw segments: pandana is up to "
        f"{np.abs(theirs - truth)[both].max():.3f} m off; the planner is within 0.001 m on all but {off.sum()}, "
        f"{no_street.sum()} of them of nodes on no walked street, {on_top.sum()} of nodes that lie on top of each other"
    )


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep what other tools print, compiled code included, off the screen."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere, kept = os.open(os.devnull, os.O_WRONLY), [os.dup(1), os.dup(2)]
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, before in enumerate(kept, start=1):
            os.dup2(before, stream)
            os.close(before)
        os.close(nowhere)


def _sample(raw: Raw, count: int) -> np.ndarray:
    return np.random.default_rng(1).choice(len(raw.x), count, replace=False)


def _scipy(raw: Raw, count: int) -> float:
    matrix = raw.matrix()
    sources = _sample(raw, count)
    return best_of(1, lambda: csgraph.dijkstra(matrix, directed=False, indices=sources, limit=REACH_S)) / count


def _networkx(raw: Raw, count: int) -> float:
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(raw.start.tolist(), raw.end.tolist(), raw.metres.tolist(), strict=True), "metres")
    sources = [node for node in _sample(raw, 2 * count).tolist() if node in graph][:count]
    with timed() as clock:
        for source in sources:
            nx.single_source_dijkstra_path_length(graph, source, cutoff=REACH_S, weight="metres")
    return clock.seconds / count


# ------------------------------------------------------------------------------------------------------------- snapping


def snapping(net: StreetNetwork, nodes: gpd.GeoSeries) -> None:
    """Time the nearest place on any street: of the nodes, which lie on streets, and of points strewn over the city."""
    heading("Snapping to the nearest place on a street, within 300 m")
    with timed() as index:
        _ = net.grid
    line("planner, index (once a network)", index.seconds)
    rng = np.random.default_rng(2)
    west, south, east, north = nodes.total_bounds
    strewn = gpd.GeoSeries(
        shapely.points(rng.uniform(west, east, 200_000), rng.uniform(south, north, 200_000)), crs=net.crs
    )
    edge = np.repeat(np.arange(net.n_edges), np.diff(net.vertex_indptr))
    streets = shapely.linestrings(np.column_stack((net.vertex_x, net.vertex_y)), indices=edge)
    with timed() as build:
        tree = shapely.STRtree(streets)
    line("shapely STRtree, index", build.seconds, index.seconds)
    for what, points in ((f"{len(nodes):,} nodes", nodes), (f"{len(strewn):,} points strewn over the box", strewn)):
        ours = best_of(3, lambda points=points: snap(net, points))
        line(f"planner, {what}", ours, note=f"{ours / len(points) * 1e6:.2f} µs a point")

        def by_tree(points: gpd.GeoSeries = points) -> None:
            geometry = points.to_numpy()
            near, street = tree.query_nearest(geometry, max_distance=300.0, all_matches=False)
            shapely.line_locate_point(streets[street], geometry[near])

        line("shapely STRtree + line_locate_point", best_of(1, by_tree), ours)


# ---------------------------------------------------------------------------------------------------------------- memory


def memory(data: Path) -> None:
    """Say how much memory the reach of all nodes takes, in a process that does nothing else."""
    heading("Memory")
    print(f"  planner: load Wuhan and reach from all nodes, at most {_alone('memory', data, dict(os.environ))}")


def reach_of_all_nodes_alone(path: Path) -> None:
    net = StreetNetwork.from_osm(path)
    places = [thing.location for thing in osmium.FileProcessor(str(path), osmium.osm.NODE)]
    points = gpd.GeoSeries(shapely.points([(place.lon, place.lat) for place in places]), crs=WGS84)
    coverage.travel_times(net, points, points, limit_s=REACH_S)
    try:
        import resource
    except ImportError:  # Windows keeps its own books
        print("(not measured on this system)")
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    print(f"{peak:.2f} GB")


if __name__ == "__main__":
    main()
