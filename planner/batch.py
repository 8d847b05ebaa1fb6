"""Many projects on one machine, each in a process of its own: one that fails or crashes does not sink the rest.

A project whose last results were made by this version from the very same files is kept as it is, so that a batch that was
stopped goes on where it stood.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from planner.deliver.manifest import is_current
from planner.errors import InputError, PlannerError
from planner.project import load
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

    `told` hears of each as it ends.

    Raises
    ------
    InputError
        The same project is given twice, or `workers` is below 1.
    """
    paths = [Path(project) for project in projects]
    if workers is not None and workers < 1:
        raise InputError("batch.bad_workers", workers=workers)
    workers = workers or os.cpu_count() or 1
    folders = _folders(paths)
    out.mkdir(parents=True, exist_ok=True)
    threads = max(1, (os.cpu_count() or 1) // workers)
    outcomes: dict[int, Outcome] = {}
    with ThreadPoolExecutor(workers) as pool:
        futures = {
            pool.submit(_one, path, out / folder, threads, language): i
            for i, (path, folder) in enumerate(zip(paths, folders, strict=True))
        }
        try:
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
                told(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    ordered = [outcomes[i] for i in range(len(paths))]
    _write_table(ordered, out / TABLE)
    return ordered


def _folders(paths: list[Path]) -> list[str]:
    """Return a folder name for each project: that of its own folder, numbered where two share one."""
    resolved = [path.resolve() for path in paths]
    if len(set(resolved)) < len(resolved):
        twice = next(path for i, path in enumerate(resolved) if path in resolved[:i])
        raise InputError("batch.twice", project=twice)
    names: list[str] = []
    for path in resolved:
        stem = path.name if path.is_dir() or path.suffix != ".toml" else path.parent.name
        if path.suffix == ".toml" and path.name != "project.toml":
            stem = f"{stem}-{path.stem}"
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _one(path: Path, folder: Path, threads: int, language: str) -> Outcome:
    try:
        if is_current(load(path), folder):
            return _outcome(path, folder, "kept")
    except PlannerError as fault:
        return Outcome(str(path), folder.name, "failed", message=fault.message(language))
    command = [
        sys.executable,
        "-m",
        "planner",
        "run",
        str(path),
        "--out",
        str(folder),
        "--quiet",
        "--threads",
        str(threads),
    ]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    ended = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", env=environment, check=False
    )
    if ended.returncode != 0:
        lines = (ended.stderr or "").strip() or f"exit status {ended.returncode}"
        return Outcome(str(path), folder.name, "failed", message=lines[-2000:])
    return _outcome(path, folder, "done")


def _outcome(path: Path, folder: Path, state: Literal["done", "kept"]) -> Outcome:
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
