"""When to stop, and whom to tell: wanted gap, counted work, time as a guard, cancelling, progress.

Work is counted in stored pairs visited, the same on every machine; time only ends what would take too long.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar

StopReason = Literal["proven", "gap", "work", "time", "cancelled"]

PROVEN_SHARE = 1e-9
"""A bound this close to the value, as a share of it, proves the value optimal."""

_T = TypeVar("_T")


class StoppingRule:
    """The limits of one solve and what has been used of them; `value` and `bound` are the last reported."""

    def __init__(
        self,
        *,
        gap: float = 0.0,
        time_limit_s: float = float("inf"),
        work_limit: float = float("inf"),
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        threads: int | None = None,
    ) -> None:
        self.gap = gap
        self.started = time.monotonic()
        self.deadline = self.started + time_limit_s
        self.work_done = 0.0
        self.work_limit = work_limit
        self.stopped_by: StopReason | None = None
        self.threads = threads or available_cores()
        self._progress = progress
        self._cancelled = cancelled
        self._told: tuple[int, int] | None = None

    def spend(self, work: float) -> None:
        """Count work that was done."""
        self.work_done += work

    @property
    def work_left(self) -> float:
        """Work that may still be done."""
        return self.work_limit - self.work_done

    def give_up(self) -> None:
        """Say that all the work there was has been done."""
        self.work_limit = self.work_done

    def must_stop(self, value: int, bound: int) -> bool:
        """Tell the new value and bound, and return whether to stop; `stopped_by` says why."""
        if self._progress is not None and (value, bound) != self._told:
            self._told = (value, bound)
            self._progress(value, bound)
        if is_proven(value, bound):
            self.stopped_by = "proven"
        elif bound - value <= self.gap * bound:
            self.stopped_by = "gap"
        elif self._cancelled is not None and self._cancelled():
            self.stopped_by = "cancelled"
        elif time.monotonic() >= self.deadline:
            self.stopped_by = "time"
        elif self.work_left <= 0:
            self.stopped_by = "work"
        else:
            return False
        return True

    def close(self, value: float, bound: float) -> StopReason:
        """Say why a solver that watched over itself ended, its value and bound in any unit."""
        distance = abs(bound - value)
        if distance <= PROVEN_SHARE * max(1.0, abs(bound)):
            self.stopped_by = "proven"
        elif distance <= self.gap * max(abs(bound), abs(value)) * (1 + PROVEN_SHARE):
            self.stopped_by = "gap"
        elif self.is_cancelled():
            self.stopped_by = "cancelled"
        else:
            self.stopped_by = "time" if time.monotonic() >= self.deadline else "work"
        return self.stopped_by

    @property
    def watches(self) -> bool:
        """Whether anybody is to be told or asked while a solver runs."""
        return self._cancelled is not None or self._progress is not None

    def is_cancelled(self) -> bool:
        """Return whether the caller wants the search to end."""
        return self._cancelled is not None and self._cancelled()

    def seconds_left(self) -> float:
        """Return how long the search may still take."""
        return max(self.deadline - time.monotonic(), 0.0)

    def share(self, work_limit: float) -> "StoppingRule":
        """Return a stopping rule for part of the search: the same end, a work limit of its own, nobody told."""
        return StoppingRule(
            time_limit_s=self.seconds_left(),
            work_limit=min(work_limit, self.work_left),
            cancelled=self._cancelled,
            threads=1,
        )

    def run(self, tasks: Sequence[Callable[[], _T]]) -> list[_T]:
        """Run independent tasks, on several threads where there are; results in the order of the tasks."""
        if self.threads == 1 or len(tasks) <= 1:
            return [task() for task in tasks]
        with ThreadPoolExecutor(min(self.threads, len(tasks))) as pool:
            return list(pool.map(lambda task: task(), tasks))


@dataclass(frozen=True)
class SearchLimits:
    """How hard to look: wanted gap, time, seed, threads, whom to tell, when to stop."""

    gap: float = 0.0
    time_limit_s: float = 60.0
    seed: int = 1
    threads: int | None = None
    progress: Callable[[float, float], None] | None = None
    cancelled: Callable[[], bool] | None = None

    def start(self, real: Callable[[int], float] | None = None) -> StoppingRule:
        """Return a stopping rule that starts now; `real` turns the solvers' whole numbers into the caller's."""
        told = self.progress

        def tell(value: int, bound: int) -> None:
            if told is not None:
                told(*(float(part) if real is None else real(part) for part in (value, bound)))

        return StoppingRule(
            gap=self.gap,
            time_limit_s=self.time_limit_s,
            progress=None if told is None else tell,
            cancelled=self.cancelled,
            threads=self.threads,
        )


def is_proven(value: int, bound: int) -> bool:
    """Return whether `bound` proves `value` optimal, half of `PROVEN_SHARE` kept back for what rounding may add."""
    return bound - value <= PROVEN_SHARE / 2 * bound


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
