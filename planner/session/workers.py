"""Long work in processes of its own: it tells how far it is, can be cancelled, and never holds up the page.

A worker is this Python, started anew with ``-m planner.session.worker``; tasks and answers go through its standard streams. (The
modules for such pools start from the main script, which here is Streamlit's.) A task is a function of a module, called with
its arguments and the keywords `tell` and `cancelled`; see `planner.session.tasks`.
"""

import atexit
import functools
import pickle
import queue
import subprocess
import threading
from collections.abc import Callable
from typing import Any, Literal

from planner.children import environment, python_module
from planner.errors import PlannerError

State = Literal["waiting", "running", "done", "failed", "cancelled"]

_PATIENCE_S = 2.0
"""How long a cancelled task may take to notice; then its process is ended."""


class Job:
    """One task on its way. `step` is the code of what it is at, `value` and `bound` what a search has found so far."""

    def __init__(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.task, self.arguments = task, arguments
        self.state: State = "waiting"
        self.steps: list[str] = []
        self.value: float | None = None
        self.bound: float | None = None
        self.result: Any = None
        self.fault: Exception | None = None
        self._ended = threading.Event()
        self._wanted = True
        self._stop: Callable[[], None] = lambda: None

    def wait(self, seconds: float) -> bool:
        """Wait until the task has ended, at most so long; return whether it has."""
        return self._ended.wait(seconds)

    @property
    def ended(self) -> bool:
        """Whether the task has ended, one way or another."""
        return self._ended.is_set()

    @property
    def gap(self) -> float | None:
        """How far what was found may be below the best, as a share of the bound; None as long as nothing was found."""
        if self.value is None or self.bound is None:
            return None
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0

    def cancel(self) -> None:
        """Ask the task to end. A search ends with the best it has; what cannot stop in between is stopped."""
        self._wanted = False
        self._stop()

    def answer(self) -> Any:
        """Return the result of a task that has ended; a search that was cancelled has the best it had found.

        Raises
        ------
        PlannerError
            What the task met; or it was cancelled and has no result.
        """
        assert self.ended
        if self.fault is not None:
            raise self.fault
        if self.state == "cancelled" and self.result is None:
            raise PlannerError("ui.cancelled")
        return self.result

    def _end(self, state: State, result: Any = None, fault: Exception | None = None) -> None:
        self.state, self.result, self.fault = state, result, fault
        self._ended.set()


class Workers:
    """A few processes that take tasks in turn."""

    def __init__(self, most: int = 2) -> None:
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(most):
            self._free.put(_Worker())
        atexit.register(self.close)

    def warm(self) -> None:
        """Start the process that takes the next task, so that the first one need not wait for it."""
        worker = self._free.get()
        worker.start()
        self._free.put(worker)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Job:
        """Hand over a task; it begins as soon as a process is free."""
        job = Job(task, arguments)
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def close(self) -> None:
        """End all processes that wait for a task."""
        while True:
            try:
                self._free.get_nowait().end()
            except queue.Empty:
                return

    def _run(self, job: Job) -> None:
        worker = self._free.get()
        try:
            if job._wanted:
                worker.run(job)
            else:
                job._end("cancelled")
        except Exception as fault:  # whoever waits for the job must hear of it
            job._end("failed", fault=fault)
        finally:
            self._free.put(worker)


@functools.cache
def workers() -> Workers:
    """Return the processes that all sessions share, one of them started."""
    found = Workers()
    found.warm()
    return found


class _Worker:
    """One process, started when first needed and again after it was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                python_module("planner.session.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment(),
            )
        return self._process

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None

    def run(self, job: Job) -> None:
        process = self.start()
        assert process.stdin is not None and process.stdout is not None
        job.state = "running"
        job._stop = lambda: self._stop(process, job)
        try:
            _send(process, ("task", job.task, job.arguments))
            if not job._wanted:
                job._stop()
            while True:
                kind, content = pickle.load(process.stdout)
                if kind == "step":
                    job.steps.append(content)
                elif kind == "progress":
                    job.value, job.bound = content
                else:
                    break
        except (EOFError, OSError, pickle.UnpicklingError):
            self.end()
            lost = PlannerError("ui.worker_ended")
            job._end("failed" if job._wanted else "cancelled", fault=lost if job._wanted else None)
            return
        finally:
            job._stop = lambda: None
        if kind == "done":
            job._end("done" if job._wanted else "cancelled", result=content)
        else:
            job._end("failed", fault=content)

    def _stop(self, process: subprocess.Popen[bytes], job: Job) -> None:
        try:
            _send(process, ("cancel", None, ()))
        except OSError:
            return

        def end_if_deaf() -> None:
            if not job.wait(_PATIENCE_S):
                process.kill()

        threading.Thread(target=end_if_deaf, daemon=True).start()


def _send(process: subprocess.Popen[bytes], message: tuple[Any, ...]) -> None:
    assert process.stdin is not None
    pickle.dump(message, process.stdin, protocol=5)
    process.stdin.flush()
