"""Siting side by side: choices, bounds and seconds against what one would otherwise use, all in one run on one machine.

``python benchmarks/siting.py`` runs the small comparison (2,000 x 200), the greedy choice among all street nodes of Wuhan, and
the published problems that a general solver closes quickly; ``--all`` runs every published problem. The problems lie in
``../shared/siting`` beside the project (``--problems DIR``).
"""

import argparse
import csv
import importlib.util
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from planner import siting
from planner.kernels.cover import FREE
from planner.solvers.input.reduction import reduce_rows, scale_weights
from planner.solvers.search.local_search import start

HERE = Path(__file__).resolve()
PROBLEMS = HERE.parents[2] / "shared" / "siting"
QUICK_S = 1.0
MOST_CELLS = 1_000_000  # of the distance matrix that spopt wants; with more it takes minutes to build its model
SPOPT_LIMIT_S = 120.0


def main() -> None:
    """Run the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=Path, default=PROBLEMS, help="folder of the published problems")
    parser.add_argument("--all", action="store_true", help="every published problem")
    parser.add_argument("--only-published", action="store_true", help="leave the other comparisons out")
    given = parser.parse_args()
    siting.max_coverage(
        sparse.csr_array(np.eye(3, dtype=bool)), np.ones(3), sites=1
    )  # compile before anything is timed
    if not given.only_published:
        town()
    if not (given.problems / "load.py").is_file():
        print(f"No published problems in {given.problems}.")
        return
    load = problems_module(given.problems)
    if not given.only_published:
        clustered(load)
        street_nodes(load)
    published(load, given.problems, everything=given.all)


def town() -> None:
    """2,000 demand points, 200 sites, 10 to open: plain greedy, spopt + HiGHS, ours."""
    print("\n2,000 demand points x 200 sites, 10 to open, 800 m in a town of 10 km")
    rng = np.random.default_rng(1)
    people, sites = rng.uniform(0, 10_000, (2000, 2)), rng.uniform(0, 10_000, (200, 2))
    distance = np.sqrt(((people[:, None] - sites[None]) ** 2).sum(axis=2))
    cover, weights = sparse.csr_array(distance <= 800), rng.integers(1, 1000, 2000).astype(float)
    ours_s, ours = timed(lambda: siting.max_coverage(cover, weights, sites=10), 5)
    greedy_s, greedy = timed(lambda: plain_greedy(cover, weights, 10), 3)
    line("ours, proven", ours_s, ours.value, ours_s, f"bound {ours.upper_bound:,.0f}, {ours.status}")
    line("plain greedy (numpy)", greedy_s, greedy, ours_s, "no bound")
    modeller = spopt_highs(distance, weights, 800, 10)
    if modeller is None:
        print("  spopt + HiGHS: not installed (pip install spopt pulp)")
    else:
        line("spopt + HiGHS", modeller[0], modeller[1], ours_s, "build and solve")


def clustered(load: ModuleType) -> None:
    """20,000 demand points in clusters, 500 sites, 20 to open within 1,200 m: ours, and spopt + HiGHS."""
    print("\n20,000 demand points in clusters x 500 sites, 20 to open, 1,200 m")
    arrays = load.problem("clustered_20000x500")
    cover, weights, _ = load.coverage("clustered_20000x500", threshold=1200)
    ours_s, ours = timed(lambda: siting.max_coverage(cover, weights, sites=20), 3)
    line("ours, proven", ours_s, ours.value, ours_s, f"bound {ours.upper_bound:,.0f}, {ours.status}")
    people, sites = arrays["demand_xy"], arrays["site_xy"]
    distance = np.sqrt(((people[:, None] - sites[None]) ** 2).sum(axis=2))
    modeller = spopt_highs(distance, weights.astype(float), 1200, 20)
    if modeller is not None:
        line("spopt + HiGHS", modeller[0], modeller[1], ours_s, "build and solve")


def street_nodes(load: ModuleType) -> None:
    """227 sites among all street nodes of Wuhan: the greedy choice alone, then with exchange, bound and a minute's search."""
    cover, weights, _ = load.coverage("wuhan_nodes_1200m")
    size = f"{cover.shape[1]:,} sites, {cover.shape[0]:,} demand points, {cover.nnz:,} pairs"
    print(f"\nWuhan, every street node a candidate: {size}")
    scaled = scale_weights(weights.astype(float))
    status = np.full(cover.shape[1], FREE, np.int8)
    ones = np.ones(cover.shape[1], np.int64)
    rows = cover.indptr.astype(np.int64), cover.indices.astype(np.int32)
    begun = time.perf_counter()
    problem = reduce_rows(*rows, scaled.whole, ones, status, 227, drop_dominated=False)
    prepared = time.perf_counter()
    solution = start(problem)
    chosen = time.perf_counter()
    share = 1.0 / weights.sum()
    greedy_share = solution.value / scaled.scale * share
    print(f"  merging and transposing {prepared - begun:.2f} s, greedy {chosen - prepared:.3f} s: {greedy_share:.2%}")
    ours_s, found = timed(lambda: siting.max_coverage(cover, weights, sites=227, time_limit_s=60), 1)
    said = f"{found.value * share:.2%} of at most {found.upper_bound * share:.2%}, gap {found.gap:.2%}"
    print(f"  search and bound {ours_s:.1f} s: {said}")


def published(load: ModuleType, folder: Path, *, everything: bool) -> None:
    """Every published problem: value, gap and seconds, HiGHS alone on the merged problem, and spopt where it can run."""
    with (folder / "optima.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if not everything:
        rows = [row for row in rows if row["proved"] == "True" and float(row["seconds"]) <= QUICK_S]
    print(f"\n{len(rows)} published problems")
    print(f"  {'problem':28}{'p':>8}{'optimum':>14}{'ours':>14}{'gap':>9}{'seconds':>9}{'HiGHS':>9}{'spopt':>9}")
    wrong, ours_total, highs_total = 0, 0.0, 0.0
    with_spopt: list[tuple[float, float]] = []
    known: dict[tuple[str, str], Any] = {}
    for row in rows:
        key = (row["instance"], row["threshold"])
        if key not in known:
            known = {key: load.coverage(row["instance"], threshold=float(row["threshold"]))}
        cover, weights, costs = known[key]
        is_money = row["p"].startswith("B=")
        asked: dict[str, Any] = (
            {"budget": float(row["p"][2:]), "costs": costs} if is_money else {"sites": int(row["p"])}
        )
        ours_s, found = timed(
            lambda cover=cover, weights=weights, asked=asked: siting.max_coverage(cover, weights, **asked), 1
        )
        highs_s, _ = timed(lambda cover=cover, weights=weights, asked=asked: highs_alone(cover, weights, **asked), 1)
        spopt_s = None
        if not is_money and cover.shape[0] * cover.shape[1] <= MOST_CELLS:
            away = 1.0 - np.asarray(cover.todense(), float)
            modelled = spopt_highs(away, weights, 0.5, asked["sites"])
            if modelled is not None:
                spopt_s = modelled[0]
                with_spopt.append((ours_s, spopt_s))
        optimum = float(row["optimal"])
        reached = found.value >= optimum * (1 - 1e-9)
        wrong += not (reached and (found.status == "optimal" or row["proved"] != "True"))
        ours_total, highs_total = ours_total + ours_s, highs_total + highs_s
        mark = "" if reached else "  below"
        print(
            f"  {row['instance'] + ' ' + row['threshold']:28}{row['p']:>8}{optimum:>14,.0f}{found.value:>14,.0f}"
            f"{found.gap:>9.3%}{ours_s:>9.3f}{highs_s:>9.3f}{'' if spopt_s is None else format(spopt_s, '9.3f'):>9}{mark}",
            flush=True,
        )
    print(f"  {len(rows) - wrong} of {len(rows)} at the optimum and proven")
    print(f"  ours {ours_total:.1f} s, HiGHS alone {highs_total:.1f} s")
    if with_spopt:
        ours, theirs = np.sum(with_spopt, axis=0)
        print(f"  {len(with_spopt)} of them with spopt, build and solve: ours {ours:.1f} s, spopt {theirs:.1f} s")


def plain_greedy(cover: sparse.csr_array, weights: np.ndarray, sites: int) -> float:
    """Choose site after site, every gain counted anew each time."""
    matrix, left = cover.astype(float).tocsc(), weights.copy()
    for _ in range(sites):
        best = int(np.argmax(left @ matrix))
        left[matrix.indices[matrix.indptr[best] : matrix.indptr[best + 1]]] = 0
    return float(weights.sum() - left.sum())


def spopt_highs(distance: np.ndarray, weights: np.ndarray, radius: float, sites: int) -> tuple[float, float] | None:
    """Return seconds and value of spopt's model solved by HiGHS through PuLP; None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pulp
            from spopt.locate import MCLP
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begun = time.perf_counter()
        model = MCLP.from_cost_matrix(distance, weights, radius, p_facilities=sites)
        model.solve(pulp.HiGHS(msg=False, timeLimit=SPOPT_LIMIT_S))
        return time.perf_counter() - begun, float(pulp.value(model.problem.objective))


def highs_alone(
    cover: sparse.csr_array,
    weights: np.ndarray,
    sites: int | None = None,
    budget: float | None = None,
    costs: Any = None,
) -> float:
    """Return the optimum by HiGHS on the problem with equal rows merged: what a careful modeller would write."""
    rows = sparse.csr_array(cover).astype(bool)
    rows.sort_indices()
    merged: dict[bytes, int] = {}
    merged: list[float] = []
    firsts: list[int] = []
    for i in range(rows.shape[0]):
        key = rows.indices[rows.indptr[i] : rows.indptr[i + 1]].tobytes()
        if not key:
            continue
        if key not in merged:
            merged[key] = len(merged)
            merged.append(0.0)
            firsts.append(i)
        merged[merged[key]] += float(weights[i])
    small = rows[firsts]
    n_rows, n_sites = small.shape
    price = np.ones(n_sites) if costs is None else np.asarray(costs, float)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n_sites + n_rows, n_rows + 1
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = np.concatenate((np.zeros(n_sites), merged))
    model.col_lower_, model.col_upper_ = np.zeros(n_sites + n_rows), np.ones(n_sites + n_rows)
    integral = [highspy.HighsVarType.kInteger] * n_sites + [highspy.HighsVarType.kContinuous] * n_rows
    model.integrality_ = integral
    limit = float(sites if sites is not None else budget or 0.0)
    model.row_lower_ = np.full(n_rows + 1, -highspy.kHighsInf)
    model.row_upper_ = np.append(np.zeros(n_rows), limit)
    served = sparse.hstack([-small.astype(float), sparse.eye_array(n_rows)])
    whole = sparse.csr_array(sparse.vstack([served, sparse.hstack([price[None, :], sparse.csr_array((1, n_rows))])]))
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = whole.indptr, whole.indices, whole.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("time_limit", 300.0)
    solver.passModel(model)
    solver.run()
    return float(solver.getInfo().objective_function_value)


def timed(action: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Return the least seconds of some runs, and the last result."""
    best, result = float("inf"), None
    for _ in range(times):
        begun = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - begun)
    return best, result


def line(name: str, seconds: float, value: float, ours_s: float, note: str) -> None:
    """Print one competitor."""
    print(f"  {name:24}{seconds:>9.3f} s{seconds / ours_s:>9.1f} x{value:>14,.0f}  {note}")


def problems_module(folder: Path) -> ModuleType:
    """Import ``load.py`` of the published problems."""
    spec = importlib.util.spec_from_file_location("published_problems", folder / "load.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
