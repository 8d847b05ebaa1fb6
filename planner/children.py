"""Processes of our own: this Python anew, which takes no code from the current folder and ends when who started it does.

A folder that somebody sent is data: a ``geopandas.py`` in it must not be what a child imports. With ``-P`` Python leaves the
current folder out (``-m`` alone puts it first), and what `PYTHONPATH` says of it is left out as well.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_BOUND = "PLANNER_ENDS_WITH_STDIN"


def python_module(module: str, *words: str) -> list[str]:
    """Return the command that runs a module in a Python of its own."""
    return [sys.executable, "-P", "-m", module, *words]


def environment(*, bound: bool = False, **own: str) -> dict[str, str]:
    """Return the environment of a child, where modules come from no current folder, unless this program itself lies there.

    A child that is `bound` ends when its standard input, a pipe that its parent holds, is closed: see `end_with_parent`.
    """
    here = Path.cwd().resolve()
    given = filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    kept = [entry for entry in given if Path(entry).resolve() != here]
    if not {"site-packages", "dist-packages"} & set(_ROOT.parts):  # a checkout, which the child must find too
        kept.append(str(_ROOT))
    found = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", _BOUND)} | own
    found |= {"PYTHONSAFEPATH": "1"}
    return found | ({"PYTHONPATH": os.pathsep.join(kept)} if kept else {}) | ({_BOUND: "1"} if bound else {})


def end_with_parent() -> None:
    """Let this process end at once when its parent does, if it was started `bound`: however that ended, its pipe is closed."""
    if os.environ.pop(_BOUND, None) is not None:
        threading.Thread(target=_end_after, args=(sys.stdin.fileno(),), daemon=True).start()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let the signals that ask a process to end raise `KeyboardInterrupt`, so that its children are ended too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before: dict[Any, Any] = {number: signal.signal(number, _interrupt) for number in names}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_after(pipe: int) -> None:
    while os.read(pipe, 1 << 16):  # of the system: a buffered reader that waits would be in the way of a normal end
        pass
    os._exit(1)
