"""Siting at the largest sizes: ten million demand points, a national frontier, a province whose matrix is not stored.

``python benchmarks/siting_scale.py points`` (or ``frontier``, or ``province --folder DIR``); without a word the first two. What
is drawn is drawn by seed, so that everybody gets the same problem. Wall and processor seconds are told beside each other, for a
machine that does other things too. A province is made and cached by ``benchmarks/province.py --scale 60 --folder DIR``.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner import coverage, siting
from planner.places import Places
from planner.streets import StreetNetwork

HERE = Path(__file__).resolve()
SQUARE = 30.0
REACH_S = 900.0
KEPT = 150_000_000
CASES = ((5.5, 10), (4.0, 15), (3.25, 20))


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["points", "frontier"], choices=["points", "frontier", "province"])
    parser.add_argument("--points", type=int, default=10_000_000, help="demand points on the square")
    parser.add_argument(
        "--folder", type=Path, default=HERE.parent / "work", help="where the counties of a province are kept"
    )
    parser.add_argument("--scale", type=float, default=60.0, help="counties of the province")
    parser.add_argument("--threads", type=int, help="threads to use (default: all)")
    given = parser.parse_args()
    siting.max_coverage(
        sparse.csr_array(np.eye(3, dtype=bool)), np.ones(3), sites=1
    )  # compile before anything is timed
    if "points" in given.what:
        points(given.points, given.threads)
    if "frontier" in given.what:
        national(given.threads)
    if "province" in given.what:
        province(given.folder, given.scale, given.threads)


def points(n: int, threads: int | None) -> None:
    """Ten million points and 100 sites drawn uniformly on a square, each case solved until it is proven."""
    print(f"{n:,} demand points and 100 sites on a square of {SQUARE:g}")
    for radius, number in CASES:
        with timed(f"  radius {radius:g}: matrix") as took:
            cover, weights = drawn_square(n, 100, radius)
        print(f"  {cover.nnz:,} pairs")
        with timed(f"  radius {radius:g}, {number} sites") as took:
            found = siting.max_coverage(cover, weights, sites=number, threads=threads, time_limit_s=600)
        print(f"  {found.value:,.0f} of at most {found.upper_bound:,.0f}: {found.status}; {took[0]:.1f} s")
        print(f"  sites {found.selected.tolist()}", flush=True)


def national(threads: int | None) -> None:
    """186,000 candidates on a national pattern of clusters: the whole curve to 500 sites, each point within 2 % of its bound."""
    cover, weights = drawn_nation()
    print(f"{cover.shape[1]:,} candidates, {cover.shape[0]:,} demand points, {cover.nnz:,} pairs, 1 to 500 sites")
    with timed("  the whole frontier") as took:
        curve = siting.frontier(cover, weights, 500, gap=0.02, threads=threads)
    print(f"  widest gap {curve.gap.max():.2%} at {curve.sites[curve.gap.argmax()]} sites; {took[0]:.1f} s")
    for number in (1, 5, 20, 50, 100, 200, 350, 500):
        value, bound = curve.value[number], curve.upper_bound[number]
        print(
            f"    {number:>3} sites: {value:>14,.0f} of at most {bound:>14,.0f}, gap {curve.gap[number]:.2%}",
            flush=True,
        )


def drawn_nation() -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Return who is within 1,200 m of which candidate in 3,000 towns, drawn with seed 1; every place is both.

    Towns lie uniformly on 2,000 x 2,000 km; the k-th has a share of 1 / (k + 20) of the 186,000 places, spread normally with a
    deviation of 48 m times the root of their number; at each 1 to 1,000 people.
    """
    rng = np.random.default_rng(1)
    part = 1 / (np.arange(3000) + 20.0)
    town = np.sort(rng.choice(3000, 186_000, p=part / part.sum()))
    spread = 48.0 * np.sqrt(np.bincount(town, minlength=3000))
    xy = rng.uniform(0, 2_000_000, (3000, 2))[town] + rng.normal(0, 1, (len(town), 2)) * spread[town, None]
    weights = rng.integers(1, 1001, len(town)).astype(float)
    near = cKDTree(xy).query_pairs(1_200.0, output_type="ndarray").astype(np.int32)
    own = np.arange(len(xy), dtype=np.int32)
    row, site = np.concatenate((near[:, 0], near[:, 1], own)), np.concatenate((near[:, 1], near[:, 0], own))
    cover = sparse.csr_array((np.ones(len(row), bool), (row, site)), shape=(len(xy), len(xy)))
    cover.sort_indices()
    return cover, weights


def drawn_square(n: int, n_sites: int, radius: float) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Return who is within a radius of whom, and weights 1 to 100, drawn with seed 1: points, then sites, then weights."""
    rng = np.random.default_rng(1)
    people, sites = rng.uniform(0, SQUARE, (n, 2)), rng.uniform(0, SQUARE, (n_sites, 2))
    weights = rng.integers(1, 101, n).astype(float)
    indices, counts = [], []
    for start in range(0, n, 250_000):
        part = people[start : start + 250_000]
        near = np.zeros((len(part), n_sites), bool)
        for j, (x, y) in enumerate(sites):
            near[:, j] = (part[:, 0] - x) ** 2 + (part[:, 1] - y) ** 2 <= radius**2
        counts.append(np.count_nonzero(near, axis=1))
        indices.append(np.nonzero(near)[1].astype(np.int32))
    indptr = np.concatenate(([0], np.cumsum(np.concatenate(counts)))).astype(np.int32)
    every = np.concatenate(indices)
    return sparse.csr_array((np.ones(len(every), bool), every, indptr), shape=(n, n_sites)), weights


def province(folder: Path, scale: float, threads: int | None) -> None:
    """500 sites among all street nodes of a province, five million cells within 900 m; no more than 150 M pairs kept."""
    place = folder / f"province-{scale:g}"
    if not (place / "streets.osm.pbf").is_file():
        print(f"No province in {place}; benchmarks/province.py makes it.")
        return
    net = StreetNetwork.from_osm(place / "streets.osm.pbf", cache=place / "cache")
    n_cells, number = round(5_000_000 * scale / 60), max(1, round(500 * scale / 60))
    rng = np.random.default_rng(1)
    node = rng.integers(0, net.n_nodes, n_cells)
    x, y = (axis[node] + rng.normal(0, 80, n_cells) for axis in (net.node_x, net.node_y))
    weights = rng.integers(1, 101, n_cells).astype(float)
    cells, nodes = Places.at(net, x, y), Places.at(net, net.node_x, net.node_y)
    print(f"{net.n_nodes:,} street nodes, {n_cells:,} cells, {number} sites within {REACH_S:g} s at 1 m/s")
    asked = []

    def catchments_of(sites: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.integer], NDArray[np.integer]]]:
        asked.append(len(sites))
        begun = time.perf_counter()
        for part in coverage.catchments(net, cells, nodes[sites], limit_s=REACH_S, at_once=512, threads=threads):
            yield part.indptr, part.indices
        print(f"    catchments of {len(sites):,} nodes: {time.perf_counter() - begun:.0f} s", flush=True)

    with timed("  the whole search") as took:
        with timed("  ceilings by straight line"):
            ceilings = within_straight_line(net, x, y, weights)
        found = siting.max_coverage_streamed(
            catchments_of,
            weights,
            number,
            n_sites=net.n_nodes,
            ceilings=ceilings,
            passes=4,
            pairs_kept=KEPT,
            gap=0.01,
            time_limit_s=600,
            progress=lambda value, bound: print(f"    {value:,.0f} of at most {bound:,.0f}", flush=True),
        )
    print(f"  {found.value:,.0f} of at most {found.upper_bound:,.0f}: gap {found.gap:.2%}; {took[0]:.0f} s")
    print(f"  {sum(asked):,} catchments in all; sites {found.selected[:5].tolist()} ...", flush=True)


def within_straight_line(
    net: StreetNetwork, x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weight within a straight line of each node, counted by squares of 100 m: no walk on level streets is shorter."""
    side, west, south = 100.0, float(net.node_x.min()), float(net.node_y.min())
    reach = int(REACH_S * 1.01 // side) + 1  # a walk is measured with the map's small errors of scale
    across = [np.floor((axis - start) / side).astype(np.int64) + reach + 10 for axis, start in ((x, west), (y, south))]
    own = [
        np.floor((axis - start) / side).astype(np.int64) + reach + 10
        for axis, start in ((net.node_x, west), (net.node_y, south))
    ]
    inside = [np.clip(part, 0, None) for part in across]
    shape = tuple(int(max(a.max(), b.max())) + reach + 2 for a, b in zip(inside, own, strict=True))
    squares = np.zeros(shape)
    np.add.at(squares, (inside[0], inside[1]), weights)
    sums = np.concatenate((np.zeros((shape[0], 1)), np.cumsum(squares, axis=1)), axis=1)
    within = np.zeros(net.n_nodes)
    for dx in range(-reach, reach + 1):
        nearest = max(abs(dx) - 1, 0) * side
        half = int(np.sqrt(max((REACH_S * 1.01) ** 2 - nearest**2, 0.0)) // side) + 1
        within += sums[own[0] + dx, own[1] + half + 1] - sums[own[0] + dx, own[1] - half]
    return within


@contextmanager
def timed(what: str) -> Iterator[list[float]]:
    """Print wall and processor seconds of a block, and the most memory the process ever held; the seconds go into a list."""
    wall, cpu = time.perf_counter(), time.process_time()
    took: list[float] = []
    yield took
    took += [time.perf_counter() - wall, time.process_time() - cpu]
    print(f"{what}: {took[0]:.1f} s ({took[1]:.1f} s of processor){most_memory()}", flush=True)


def most_memory() -> str:
    """Return the most memory the process ever held, where the system tells."""
    try:
        import resource
    except ImportError:  # Windows keeps its own books
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return f", at most {peak:.1f} GB"


if __name__ == "__main__":
    main()
