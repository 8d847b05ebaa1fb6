"""A province on two cores: 2 million street nodes, 5 million demand cells, 200,000 facilities, in a system of invented counties.

``python benchmarks/province.py [--scale 60] [--folder DIR]`` writes the counties once (some minutes; a county is scale 1) and
keeps them in the folder with the built network. Then it times the walking part: the nearest centre of every node, the snapping
of the cells, the reach of the facilities; and what one facility costs on a network 25 times larger.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from planner import StreetNetwork, coverage
from planner.coverage import Places
from planner.demo.area import write_area
from planner.searches import nearest_at_nodes
from planner.walk import Walk

HERE = Path(__file__).resolve()
CELLS, FACILITIES, CENTRES = 5_000_000, 200_000, 7_200
REACH_S = 900.0


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=60.0, help="counties (default: %(default)g)")
    parser.add_argument("--folder", type=Path, default=HERE.parent / "work", help="where the counties are kept")
    given = parser.parse_args()
    net = network(given.folder, given.scale)
    print(f"{net.n_nodes:,} street nodes, {net.n_edges:,} stretches, {net.edge_length_m.sum() / 1000:,.0f} km")
    warm_up(net)
    rng = np.random.default_rng(1)
    with timed("what searches need, built once"):
        _ = net.adjacency, net.efforts(), net.grid
    node = rng.integers(0, net.n_nodes, CELLS)
    x, y = (axis[node] + rng.normal(0, 80, CELLS) for axis in (net.node_x, net.node_y))
    with timed(f"snapping {CELLS:,} cells"):
        cells = Places.at(net, x, y)
    chosen = rng.choice(net.n_nodes, CENTRES, replace=False)
    centres = Places.at(net, net.node_x[chosen], net.node_y[chosen])
    with timed(f"nearest of {CENTRES:,} centres to all nodes"):
        metres, _ = nearest_at_nodes(net, centres, Walk())
    print(f"    {np.isfinite(metres).mean():.1%} of the nodes reach one")
    with timed(f"nearest centre of {CELLS:,} cells"):
        coverage.nearest(net, cells, centres)
    chosen = rng.choice(net.n_nodes, FACILITIES, replace=False)
    facilities = Places.at(net, net.node_x[chosen], net.node_y[chosen])
    pairs = 0
    with timed(f"reach of {FACILITIES:,} facilities, {REACH_S:.0f} m, all cells") as clock:
        done = 0
        for some in coverage.catchments(net, cells, facilities, limit_s=REACH_S):
            pairs, done = pairs + some.nnz, done + some.shape[1]
            if done % 20_480 == 0:
                print(f"    {done:,} of {FACILITIES:,}", file=sys.stderr, flush=True)
    print(f"    {pairs:,} pairs, {clock[0] / FACILITIES * 1e3:.3f} ms a facility")
    larger(net, given.folder, given.scale)
    memory()


def network(folder: Path, scale: float) -> StreetNetwork:
    """Return the counties' network, written and built where it is not yet there."""
    place = folder / f"province-{scale:g}"
    if not (place / "project.toml").is_file():
        place.mkdir(parents=True, exist_ok=True)
        with timed("writing the counties (once)"):
            write_area(place, seed=1, scale=scale, language="en")
    with timed("the network, read and built or from its cache"):
        return StreetNetwork.from_osm(place / "streets.osm.pbf", cache=place / "cache")


def larger(net: StreetNetwork, folder: Path, scale: float) -> None:
    """Time the reach of facilities at the nodes of a network and of one 25 times smaller."""
    small = network(folder, scale / 25)
    each = {}
    for name, some in (("small", small), ("large", net)):
        rng = np.random.default_rng(2)
        chosen = rng.choice(some.n_nodes, 2_000, replace=False)
        places = Places.at(some, some.node_x[chosen], some.node_y[chosen])
        everybody = Places.at(some, some.node_x, some.node_y)
        parts = coverage.catchments(some, everybody, places, limit_s=REACH_S, at_once=200, threads=1)
        taken = []
        next(parts)  # after what is done once
        begun = time.perf_counter()
        for _ in parts:
            taken.append(time.perf_counter() - begun)
            begun = time.perf_counter()
        each[name] = float(np.median(taken)) / 200
        print(f"    {some.n_nodes:>9,} nodes: {each[name] * 1e3:.3f} ms a facility, one thread")
    print(f"  a facility costs {each['large'] / each['small']:.2f} times as much on the larger one")


def warm_up(net: StreetNetwork) -> None:
    """Compile before anything is timed."""
    one = Places.at(net, net.node_x[:2], net.node_y[:2])
    coverage.travel_times(net, one, one, limit_s=60.0)
    coverage.nearest(net, one, one)


def memory() -> None:
    """Say how much memory was used at the most."""
    try:
        import resource
    except ImportError:  # Windows keeps its own books
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    print(f"  memory at the most {peak:.1f} GB")


@contextmanager
def timed(what: str) -> Iterator[list[float]]:
    """Print what a block took."""
    clock = [0.0]
    begun = time.perf_counter()
    yield clock
    clock[0] = time.perf_counter() - begun
    print(f"  {what:<56}{clock[0]:>8.1f} s", flush=True)


if __name__ == "__main__":
    main()
