"""Working memory of searches: arrays as large as the network, taken anew by nobody and cleared by nobody.

A search marks what it has been to with a stamp of its own instead of clearing what the last one left behind. Stamps are
32 bits wide, so they run out one day. Each family of arrays has its own, and clears its own arrays when it begins again:
whoever reserves stamps of one family leaves the others' marks as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from planner.kernels.paths import Queue, new_queue

LAST_STAMP = 2**31 - 1
"""The greatest number that a mark can hold."""


class Stamps:
    """Arrays of marks that searches share, and the numbers that none of them has used: 0 marks nothing."""

    def __init__(self, *sizes: int) -> None:
        self.marks = tuple(np.zeros(size, np.int32) for size in sizes)
        self.next = 1

    def reserve(self, count: int) -> int:
        """Return the first of `count` numbers in a row that stand in no array.

        All that one search needs is reserved at once: what was reserved before may be cleared.

        Raises
        ------
        ValueError
            So many numbers do not fit into an array.
        """
        if count >= LAST_STAMP:
            raise ValueError(f"{count} stamps at once")
        if self.next + count > LAST_STAMP:
            for marks in self.marks:
                marks[:] = 0
            self.next = 1
        first = self.next
        self.next += count
        return first


@dataclass
class Workspace:
    """Working memory of one search thread; see `planner.kernels.paths`.

    `dist` has a place for each node; `searches` marks nodes and edges, `looks` marks segments.
    """

    dist: NDArray[np.float64]
    searches: Stamps
    looks: Stamps
    queue: Queue = field(default_factory=lambda: new_queue(1 << 14))

    @classmethod
    def of(cls, n_nodes: int, n_edges: int, n_segments: int) -> "Workspace":
        """Return fresh memory for a network of this size."""
        return cls(np.empty(n_nodes), Stamps(n_nodes, n_edges), Stamps(n_segments))

    @property
    def stamp(self) -> NDArray[np.int32]:
        """The marks of nodes."""
        return self.searches.marks[0]

    @property
    def edge_stamp(self) -> NDArray[np.int32]:
        """The marks of edges."""
        return self.searches.marks[1]

    @property
    def segment_stamp(self) -> NDArray[np.int32]:
        """The marks of segments."""
        return self.looks.marks[0]

    def versions(self, count: int) -> int:
        """Return the first of `count` stamps that no node or edge bears."""
        return self.searches.reserve(count)

    def marks(self, count: int) -> int:
        """Return the first of `count` stamps that no segment bears."""
        return self.looks.reserve(count)


class Workspaces:
    """The working memories of a network: each is lent to one thread and handed back for the next one."""

    def __init__(self, n_nodes: int, n_edges: int, n_segments: int) -> None:
        self._sizes = n_nodes, n_edges, n_segments
        self._idle: SimpleQueue[Workspace] = SimpleQueue()

    @contextmanager
    def lend(self) -> Iterator[Workspace]:
        """Lend a working memory."""
        try:
            space = self._idle.get_nowait()
        except Empty:
            space = Workspace.of(*self._sizes)
        try:
            yield space
        finally:
            self._idle.put(space)
