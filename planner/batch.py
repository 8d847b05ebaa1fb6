"""Many projects on one machine, each in a process of its own: one that fails or crashes does not sink the rest.

A project whose last results were made by this version from the very same files is kept as it is, so that a batch that was
stopped goes on where it stood.
"""

import csv
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from planner.children import ended_by_signals, environment, python_module
from planner.deliver.folder import check_folder, recover
from planner.deliver.manifest import is_current
from planner.errors import InputError, PlannerError
from planner.project import FILE_NAME, load
from planner.tables.formulas import csv_cell

TABLE = "batch.csv"


@dataclass(frozen=True)
class Outcome:
    """One line of the table: what became of a project, and its main figures."""

    project: str
    folder: str
    state: Literal["done", "kept", "failed"]
    people: float | None = None
    covered_before: float | None = None
    share_before: float | None = None
    covered_after: float | None = None
    share_after: float | None = None
    sites: int | None = None
    upper_bound: float | None = None
    gap: float | None = None
    status: str | None = None
    message: str = ""


def run_batch(
    projects: Iterable[Path],
    out: Path,
    *,
    workers: int | None = None,
    language: str = "en",
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Run projects into sub-folders of `out` and write ``batch.csv`` there; returns one outcome a project, in their order.

    `told` hears of each as it ends. When this ends, however it does, its runs end with it.

    Raises
    ------
    InputError
        The same project is given twice, `workers` is below 1, or `out` cannot be written.
    """
    paths = [Path(project) for project in projects]
    runs = _Runs()
    if workers is not None and workers < 1:
        raise InputError("batch.bad_workers", workers=workers)
    workers = workers or os.cpu_count() or 1
    folders = _folders(paths)
    _make_folder(out)
    threads = max(1, (os.cpu_count() or 1) // workers)
    outcomes: dict[int, Outcome] = {}
    with ended_by_signals(), ThreadPoolExecutor(workers) as pool:
        futures = {
            pool.submit(_one, path, out / folder, threads, language, runs): i
            for i, (path, folder) in enumerate(zip(paths, folders, strict=True))
        }
        try:
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
                told(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            runs.end()
            raise
    ordered = [outcomes[i] for i in range(len(paths))]
    try:
        _write_table(ordered, out / TABLE)
    except OSError as fault:
        raise InputError("batch.no_table", file=out / TABLE, fault=fault.strerror or fault) from fault
    return ordered


class _Runs:
    """The runs that are going on, so that they can be ended."""

    def __init__(self) -> None:
        self._going: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def finish(self, command: list[str]) -> tuple[int, str]:
        """Run a command to its end; return its exit status, and what it said of its faults."""
        with self._lock:
            if self._is_over:
                return 1, ""
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
                errors="replace", env=environment(bound=True, PYTHONIOENCODING="utf-8", PYTHONUTF8="1"),
            )  # fmt: skip
            self._going.add(process)
        with process:  # its input stays open as long as this process lives: it ends when that is closed
            assert process.stderr is not None
            said = process.stderr.read()
            status = process.wait()
        with self._lock:
            self._going.discard(process)
        return status, said

    def end(self) -> None:
        """End all runs, and let no other begin."""
        with self._lock:
            self._is_over = True
            for process in self._going:
                process.kill()


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as fault:
        raise InputError("deliver.not_to_be_written", folder=out, fault=getattr(fault, "strerror", fault)) from fault
    check_folder(out / "-")


def _folders(paths: list[Path]) -> list[str]:
    """Return a folder name for each project: that of its own folder, numbered where two share one."""
    resolved = [_resolved(path) for path in paths]
    if len(set(resolved)) < len(resolved):
        twice = next(path for i, path in enumerate(resolved) if path in resolved[:i])
        raise InputError("batch.twice", project=twice)
    names: list[str] = []
    for path in resolved:
        stem = path.name if path.is_dir() or path.suffix != ".toml" else path.parent.name
        if path.suffix == ".toml" and path.name != FILE_NAME:
            stem = f"{stem}-{path.stem}"
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _resolved(path: Path) -> Path:
    """Return where a project's file lies: a folder and the file in it are one project."""
    try:
        path = path.resolve()
    except (OSError, RuntimeError, ValueError):  # a link to itself: `load` has the words for what is not there
        return path.absolute()
    return path / FILE_NAME if path.is_dir() else path


def _one(path: Path, folder: Path, threads: int, language: str, runs: _Runs) -> Outcome:
    """Keep or make the results of one project; whatever goes wrong with it is a line of the table."""
    try:
        recover(folder)
        kept = _outcome(path, folder, "kept") if is_current(load(path), folder) else None
        return kept or _run(path, folder, threads, runs)
    except PlannerError as fault:
        return Outcome(str(path), folder.name, "failed", message=fault.message(language))
    except (OSError, ValueError, RecursionError) as fault:
        return Outcome(str(path), folder.name, "failed", message=f"{type(fault).__name__}: {fault}")


def _run(path: Path, folder: Path, threads: int, runs: _Runs) -> Outcome:
    options = ["--quiet", "--threads", str(threads), "--out", str(folder), "--", str(path)]
    status, said = runs.finish(python_module("planner", "run", *options))
    done = _outcome(path, folder, "done") if status == 0 else None
    return done or Outcome(str(path), folder.name, "failed", message=said.strip()[-2000:] or f"exit status {status}")


def _outcome(path: Path, folder: Path, state: Literal["done", "kept"]) -> Outcome | None:
    """Return what the results in a folder say; None where they do not say it."""
    try:
        return _told(path, folder, state)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _told(path: Path, folder: Path, state: Literal["done", "kept"]) -> Outcome:
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    group = summary["group"]
    return Outcome(
        project=str(path),
        folder=folder.name,
        state=state,
        people=summary["population"][group],
        covered_before=summary["covered_before"][group],
        share_before=summary["share_before"],
        covered_after=summary["covered_after"][group],
        share_after=summary["share_after"],
        sites=len(summary["sites"]),
        upper_bound=summary["upper_bound"],
        gap=summary["gap"],
        status=summary["status"],
    )


def _write_table(outcomes: list[Outcome], path: Path) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8-sig", newline="") as stream:  # the mark lets Excel read Chinese names
        writer = csv.DictWriter(stream, [field.name for field in fields(Outcome)])
        writer.writeheader()
        writer.writerows({name: csv_cell(value) for name, value in asdict(outcome).items()} for outcome in outcomes)
    unfinished.replace(path)
