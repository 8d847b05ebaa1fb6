"""How hard to look: what a caller allows a search, and the guard made of it."""

from collections.abc import Callable
from dataclasses import dataclass

from planner.solvers.stopping import Guard


@dataclass(frozen=True)
class Effort:
    """How hard to look: wanted gap, time, seed, threads, whom to tell, when to stop."""

    gap: float = 0.0
    time_limit_s: float = 60.0
    seed: int = 1
    threads: int | None = None
    progress: Callable[[float, float], None] | None = None
    cancelled: Callable[[], bool] | None = None

    def guard(self, real: Callable[[int], float] | None = None) -> Guard:
        """Return a guard that starts now; `real` turns the solvers' whole numbers into the caller's."""
        told = self.progress

        def tell(value: int, bound: int) -> None:
            if told is not None:
                told(*(float(part) if real is None else real(part) for part in (value, bound)))

        return Guard(
            gap=self.gap,
            time_limit_s=self.time_limit_s,
            progress=None if told is None else tell,
            cancelled=self.cancelled,
            threads=self.threads,
        )
