"""How long tables take: a million rows of CSV to a checked table, a workbook of 300 rows, and 27 workbooks to a register.

Run it with ``python -m benchmarks.tables`` (or ``python benchmarks/tables.py``) from the repository; it writes its inputs into a
temporary folder and prints seconds and the most memory.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl

sys.path.insert(0, str(Path(__file__).parents[1]))

from planner.findings import InputReport
from planner.project import FacilitySection
from planner.register import RegisterFile, read_register
from planner.tables import read_facilities

HEADERS = ("编号", "名称", "乡镇", "村（社区）", "经度", "纬度", "状态", "建筑面积（㎡）", "改造费用（万元）", "权属")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--without-ids", action="store_true", help="leave out the column of ids, so that each row's is made"
    )
    options = parser.parse_args()
    headers = HEADERS[1:] if options.without_ids else HEADERS
    with tempfile.TemporaryDirectory() as folder:
        large = write_csv(Path(folder) / "large.csv", options.rows, headers)
        small = write_workbook(Path(folder) / "small.xlsx", 300, headers)
        many = [write_workbook(Path(folder) / f"{number:02d}.xlsx", 11, headers, seed=number) for number in range(27)]
        tell("a workbook of 300 rows", lambda: read(small))
        tell(f"{options.rows:,} rows of CSV to a checked table", lambda: read(large))
        tell("27 workbooks of 11 rows to a register", lambda: register(many))
    print(f"most memory: {_peak_mb():,.0f} MB")


def write_csv(path: Path, rows: int, headers: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(",".join(headers) + "\n")
        stream.writelines(",".join(map(str, row)) + "\n" for row in _rows(rows, headers))
    return path


def write_workbook(path: Path, rows: int, headers: tuple[str, ...], seed: int = 0) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(headers)
    for row in _rows(rows, headers, seed):
        sheet.append(row)
    book.save(path)
    return path


def _rows(count: int, headers: tuple[str, ...], seed: int = 0) -> "list[tuple[object, ...]]":
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(118, 118.6, count).round(6).tolist(), rng.uniform(24.6, 25.2, count).round(6).tolist()
    area, cost = rng.integers(50, 3000, count).tolist(), rng.integers(1, 200, count).tolist()
    whole = [
        (
            f"A{i:07d}",
            f"第{seed}镇旧房{i}",
            f"第{i % 27}镇",
            f"第{i % 430}村",
            lon[i],
            lat[i],
            "备选",
            area[i],
            cost[i],
            "村集体",
        )
        for i in range(count)
    ]
    return whole if len(headers) == len(HEADERS) else [row[1:] for row in whole]


def read(path: Path) -> int:
    report = InputReport("candidates", path.name)
    return len(read_facilities(path, role="candidates", datum="GCJ-02", report=report))


def register(paths: list[Path]) -> int:
    section = FacilitySection(source="register", datum="GCJ-02")
    files = [RegisterFile(path, "candidates", section, InputReport("candidates", path.name)) for path in paths]
    return len(read_register(files).points)


def tell(what: str, work: Callable[[], int]) -> None:
    start, spent = time.perf_counter(), time.process_time()
    rows = work()
    took, worked = time.perf_counter() - start, time.process_time() - spent
    print(f"{what}: {took:.2f} s, of which the processor worked {worked:.2f} s ({rows:,} rows)", flush=True)


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
