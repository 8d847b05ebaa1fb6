"""``python -m planner``: the command line."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != Path(__file__).resolve().parents[1]:
        del sys.path[0]  # ``-m`` puts the current folder first, and what lies there is data

    from planner.cli import main

    main()
