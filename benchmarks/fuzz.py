"""A long fuzz of the street readers: what damaged files end in, how long the slowest took, and the memory at the peak.

    python benchmarks/fuzz.py [MUTATIONS]

Damage is seeded (`tests.mutations`): the same number is the same file. A traceback, more than 30 s or more than 2 GB is a fault.
"""

import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from planner import PlannerError
from planner.streets.readers.sources import Source, StreetSources
from tests.mutations import mutated
from tests.test_fuzz_streets import write_streets

NAMES = ("town.osm", "town.osm.pbf", "town.osm.gz", "town.graphml", "town.geojson")
FIRST_SEED, MOST_S = 1_000, 30.0


def main(mutations: int) -> int:
    """Fuzz each format; return the number of faults."""
    warnings.simplefilter("ignore")
    faults = 0
    for name in NAMES:
        ends, slowest = Counter[str](), 0.0
        with tempfile.TemporaryDirectory() as folder:
            whole, path = write_streets(Path(folder) / name).read_bytes(), Path(folder) / f"damaged-{name}"
            for seed in range(FIRST_SEED, FIRST_SEED + mutations // len(NAMES)):
                path.write_bytes(mutated(whole, seed))
                start = time.perf_counter()
                try:
                    StreetSources([Source(path)]).build()
                    ends["read"] += 1
                except PlannerError as fault:
                    ends[fault.code] += 1
                except Exception:
                    faults += 1
                    print(f"{name}, seed {seed}:\n{traceback.format_exc()}")
                slowest = max(slowest, time.perf_counter() - start)
        faults += slowest > MOST_S
        print(f"{name}: {dict(ends)}, slowest {slowest:.2f} s")
    if sys.platform != "win32":
        import resource

        print(f"peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    return faults


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000) > 0)
