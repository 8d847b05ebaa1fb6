"""Waiting for what a test checks. The patience is that of a busy machine; only a test that is dead ever uses it up."""

import time
from collections.abc import Callable

PATIENCE_S = 300.0


def wait_until(
    has_come: Callable[[], object], what: str = "it", *, pause: Callable[[float], object] = time.sleep
) -> None:
    """Ask again and again, `pause` between, until something is so."""
    until = time.monotonic() + PATIENCE_S
    while not has_come():
        assert time.monotonic() < until, f"{what} never came"
        pause(0.02)
