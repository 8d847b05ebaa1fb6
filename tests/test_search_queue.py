"""The buckets of waiting nodes: whatever their width and however small the queue, distances are the least ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from planner.kernels.nearest import nearest_facility
from planner.kernels.paths import N_BUCKETS, Entries, Marks, Streets, new_queue, search_bounded


class Graph:
    """A random street network, some edges of no length, some far longer than the others."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.n, m = int(rng.integers(2, 30)), int(rng.integers(1, 80))
        self.edge_from, self.edge_to = (rng.integers(0, self.n, m).astype(np.int32) for _ in range(2))
        length = rng.choice([0.0, 1.0, 7.5, 40.0, 1e5], m) * rng.random(m)
        self.along, self.against = length, length * rng.choice([1.0, 1.5], m)
        tail = np.concatenate((self.edge_from, self.edge_to))
        order = np.argsort(tail, kind="stable")
        self.indptr = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=self.n))))
        self.head = np.concatenate((self.edge_to, self.edge_from))[order].astype(np.int32)
        self.cost = np.concatenate((self.along, self.against))[order]
        k = int(rng.integers(1, 5))
        self.entry_edge = rng.integers(0, m, k).astype(np.int32)
        self.entry_at, self.entry_access = rng.random(k), rng.choice([0.0, 3.0, 500.0], k)

    def streets(self, bucket_m: float) -> Streets:
        edge = np.zeros(len(self.head), np.int32)  # searches do not ask which edge a half-edge is of
        ends = self.edge_from, self.edge_to
        return Streets(self.indptr, self.head, edge, self.cost, *ends, self.along, self.against, bucket_m)

    def oracle(self) -> np.ndarray:
        """Return the distance from each entry to each node, shape (entries, nodes), by scipy."""
        ends = [(self.n + k, e) for k, e in enumerate(self.entry_edge.tolist())]
        tail = np.repeat(np.arange(self.n), np.diff(self.indptr))
        size = self.n + len(ends)
        best = np.full((size, size), np.inf)
        np.minimum.at(best, (tail, self.head), self.cost)
        for (entry, e), at, access in zip(ends, self.entry_at, self.entry_access, strict=True):
            best[entry, self.edge_from[e]] = access + at * self.against[e]
            best[entry, self.edge_to[e]] = min(best[entry, self.edge_to[e]], access + (1 - at) * self.along[e])
        tails, heads = np.nonzero(np.isfinite(best))
        found = dijkstra(_explicit(best, tails, heads), indices=np.arange(self.n, size))
        return found[:, : self.n]


def _explicit(best: np.ndarray, tails: np.ndarray, heads: np.ndarray) -> sparse.csr_array:
    """Return the graph with zero lengths as the least that scipy keeps."""
    return sparse.csr_array((np.maximum(best[tails, heads], 1e-12), (tails, heads)), shape=best.shape)


SEEDS, WIDTHS, LIMITS = (
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-3, 0.7, 10.0, 1e9]),
    st.sampled_from([5.0, 60.0, 1e9]),
)


@settings(max_examples=300, deadline=None)
@given(SEEDS, WIDTHS, LIMITS, st.sampled_from([1, 3, 1000]))
def test_a_bounded_search_is_dijkstra_s(seed: int, bucket_m: float, limit_m: float, size: int) -> None:
    graph = Graph(seed)
    dist, stamp, queue, version, reached = np.empty(graph.n), np.zeros(graph.n, np.int32), new_queue(size), 0, -1
    while reached < 0:
        version += 1
        marks = Marks(dist, stamp, stamp)
        entries = Entries(np.array([0, len(graph.entry_edge)]), graph.entry_edge, graph.entry_at, graph.entry_access)
        reached = search_bounded(
            0, len(graph.entry_edge), entries, graph.streets(bucket_m), limit_m, marks, version, queue
        )  # fmt: skip
        assert (queue.bucket == -1).all(), "nothing is left behind for the next search"
        if reached < 0:
            queue = new_queue(2 * len(queue.key))
    least = graph.oracle().min(axis=0)
    near = np.flatnonzero(least <= limit_m)
    assert sorted(queue.order[:reached].tolist()) == near.tolist() == np.flatnonzero(stamp == version).tolist()
    assert dist[near] == pytest.approx(least[near], abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(SEEDS, WIDTHS, LIMITS)
def test_the_nearest_of_several_is_the_first_of_the_nearest(seed: int, bucket_m: float, limit_m: float) -> None:
    graph = Graph(seed)
    one_each = np.arange(len(graph.entry_edge) + 1)
    entries = Entries(one_each, graph.entry_edge, graph.entry_at, graph.entry_access)
    dist, facility, _ = nearest_facility(entries, graph.streets(bucket_m), limit_m, 0.0)
    every = graph.oracle()
    least = every.min(axis=0)
    assert (np.isfinite(dist) == (least <= limit_m)).all() and ((facility >= 0) == np.isfinite(dist)).all()
    near = np.flatnonzero(np.isfinite(dist))
    assert dist[near] == pytest.approx(least[near], abs=1e-9)
    assert every[facility[near], near] == pytest.approx(least[near], abs=1e-9)


def test_an_edge_longer_than_all_buckets_comes_round() -> None:
    """0 -1- 1 -long- 2, and 0 -longer- 2: entered at node 0."""
    long_m = 5.0 * N_BUCKETS
    edge_from, edge_to = np.array([0, 1, 0], np.int32), np.array([1, 2, 2], np.int32)
    length = np.array([1.0, long_m, long_m + 3.0])
    indptr, head = np.array([0, 2, 4, 6]), np.array([1, 2, 0, 2, 1, 0], np.int32)
    cost = length[[0, 2, 0, 1, 1, 2]]
    dist, stamp, queue = np.empty(3), np.zeros(3, np.int32), new_queue(64)
    entries = Entries(np.array([0, 1]), np.array([0], np.int32), np.zeros(1), np.zeros(1))
    streets = Streets(indptr, head, np.zeros(6, np.int32), cost, edge_from, edge_to, length, length, 1.0)
    reached = search_bounded(0, 1, entries, streets, 1e9, Marks(dist, stamp, stamp), 1, queue)
    assert reached == 3 and dist.tolist() == [0.0, 1.0, long_m + 1.0]
