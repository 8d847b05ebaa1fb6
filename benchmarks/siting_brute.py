"""Every siting model against every choice tried one by one, on thousands of small random problems.

``python benchmarks/siting_brute.py --cases 2000`` runs so many problems of each model and says how many were solved, were
rightly infeasible, or differ; ``--first`` starts at another seed, ``--models`` names some of them.
"""

import argparse
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from siting_checks import CHECKS


def main() -> int:
    """Run the checks; the exit status is 1 if any differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000, help="problems of each model")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--models", nargs="*", default=list(CHECKS), choices=list(CHECKS))
    given = parser.parse_args()
    differ = 0
    for model in given.models:
        begun, counts = time.perf_counter(), Counter[str]()
        for seed in range(given.first, given.first + given.cases):
            try:
                counts[CHECKS[model](seed)] += 1
            except Exception:
                counts["differ"] += 1
                if counts["differ"] <= 3:
                    print(f"{model} {seed}:", traceback.format_exc(limit=-1).strip().replace("\n", " | "), flush=True)
        differ += counts["differ"]
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
        print(f"{model:12}{given.cases:>7,} problems in {time.perf_counter() - begun:6.1f} s: {told}", flush=True)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
