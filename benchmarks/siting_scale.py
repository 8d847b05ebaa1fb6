"""Siting at the largest sizes: ten million demand points, a national frontier, a province whose matrix is not stored.

``python benchmarks/siting_scale.py points`` (or ``frontier``, or ``province --folder DIR``); without a word the first two. What
is drawn is drawn by seed, so that everybody gets the same problem. Wall and processor seconds are told beside each other, for a
machine that does other things too. A province is made and cached by ``benchmarks/province.py --scale 60 --folder DIR``.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner import siting

SQUARE = 30.0
CASES = ((5.5, 10), (4.0, 15), (3.25, 20))


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["points"], choices=["points"])
    parser.add_argument("--points", type=int, default=10_000_000, help="demand points on the square")
    parser.add_argument("--threads", type=int, help="threads to use (default: all)")
    given = parser.parse_args()
    siting.max_coverage(
        sparse.csr_array(np.eye(3, dtype=bool)), np.ones(3), sites=1
    )  # compile before anything is timed
    if "points" in given.what:
        points(given.points, given.threads)


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


@contextmanager
def timed(what: str) -> Iterator[list[float]]:
    """Print wall and processor seconds of a block, and the most memory the process ever held; the seconds go into a list."""
    wall, cpu = time.perf_counter(), time.process_time()
    took: list[float] = []
    yield took
    took += [time.perf_counter() - wall, time.process_time() - cpu]
    most_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what}: {took[0]:.1f} s ({took[1]:.1f} s of processor), at most {most_gb:.1f} GB", flush=True)


if __name__ == "__main__":
    main()
