"""The process at the other end of `planner.session.workers`: takes tasks from standard input until that is closed."""

import os
import pickle
import queue
import sys
import threading
from typing import Any, BinaryIO

from planner.errors import PlannerError


def main() -> None:
    """Do one task after another until the server is gone; a word to cancel is heard while one is going on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not get between the answers
    cancelled = threading.Event()
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    # what every task needs; only then the first one is read, for two threads must not import the same at once
    import planner.run  # noqa: F401  what every task needs, before the first one comes

    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks, cancelled), daemon=True).start()
    while True:
        function, arguments = tasks.get()
        _do(function, arguments, answers, cancelled)


def _listen(stream: BinaryIO, tasks: "queue.SimpleQueue[Any]", cancelled: threading.Event) -> None:
    while True:
        try:
            kind, task, arguments = pickle.load(stream)
        except (EOFError, OSError):  # whom the answer was for is gone
            os._exit(0)
        except Exception as fault:  # a task that cannot be read is answered too
            tasks.put((_unreadable, (f"{type(fault).__name__}: {fault}",)))
            continue
        if kind == "cancel":
            cancelled.set()
        else:
            cancelled.clear()
            tasks.put((task, arguments))


def _unreadable(fault: str, *, tell: Any, cancelled: Any) -> None:
    raise PlannerError("ui.worker_fault", fault=fault)


def _do(task: Any, arguments: tuple[Any, ...], answers: BinaryIO, cancelled: threading.Event) -> None:
    lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        message = pickle.dumps((kind, content), protocol=5)
        with lock:
            answers.write(message)
            answers.flush()

    def tell(step: str | None = None, value: float | None = None, bound: float | None = None) -> None:
        send("progress", (value, bound)) if step is None else send("step", step)

    try:
        send("done", task(*arguments, tell=tell, cancelled=cancelled.is_set))
    except PlannerError as fault:
        send("fault", fault)
    except Exception as fault:
        send("fault", PlannerError("ui.worker_fault", fault=f"{type(fault).__name__}: {fault}"))


if __name__ == "__main__":
    main()
