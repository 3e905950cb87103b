"""`python -m bench [NAME ...]`: runs `main()` of every bench/bench_*.py, or of those named.

No measurement may live here.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def run(wanted: list[str]) -> int:
    """Run the measurements one after another, so that they do not disturb each other."""
    names = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    if unknown := sorted(set(wanted) - set(names)):
        print(
            f"bench: unknown: {', '.join(unknown)}; there are: {', '.join(names) or 'none yet'}",
            file=sys.stderr,
        )
        return 2
    for name in wanted or names:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.bench_{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
