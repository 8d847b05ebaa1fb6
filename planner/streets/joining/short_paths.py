"""Shortest paths on linework while it is being joined: what a short way round leads to needs no joint."""

import heapq

import numpy as np

from planner.streets.joining.linework import Linework


class ShortPaths:
    """Short walks on linework that is being joined: links may be added on the way."""

    def __init__(self, linework: Linework) -> None:
        _, a, b, _ = linework.segments
        self._tail, self._head = np.concatenate((a, b)), np.concatenate((b, a))
        order = np.argsort(self._tail, kind="stable")
        self._head, self._metres = self._head[order], np.tile(linework.segment_m, 2)[order]
        self._indptr = np.concatenate(([0], np.cumsum(np.bincount(self._tail, minlength=len(linework.x)))))
        self._links: dict[int, list[tuple[int, float]]] = {}

    def link(self, a: int, b: int, metres: float) -> None:
        """Add a link between two points."""
        self._links.setdefault(a, []).append((b, metres))
        self._links.setdefault(b, []).append((a, metres))

    def within(self, starts: dict[int, float], limit_m: float) -> dict[int, float]:
        """Return the points within `limit_m` metres of `starts` (point: metres walked already), with their metres."""
        best: dict[int, float] = {}
        heap = [(metres, point) for point, metres in starts.items() if metres <= limit_m]
        heapq.heapify(heap)
        while heap:
            metres, point = heapq.heappop(heap)
            if point in best:
                continue
            best[point] = metres
            for other, step in self._neighbours(point):
                if other not in best and metres + step <= limit_m:
                    heapq.heappush(heap, (metres + step, other))
        return best

    def _neighbours(self, point: int) -> list[tuple[int, float]]:
        own: list[tuple[int, float]] = []
        if point + 1 < len(self._indptr):
            part = slice(self._indptr[point], self._indptr[point + 1])
            own = list(zip(self._head[part].tolist(), self._metres[part].tolist(), strict=True))
        return own + self._links.get(point, [])
