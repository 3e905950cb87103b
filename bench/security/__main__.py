"""`python -m bench.security [--write]`: run the benchmark, and compare with or write what is kept of it.

Owns: the command. Ends with 1 where an attack succeeds, a task of a user fails, or the kept counts are others.
"""

from __future__ import annotations

import asyncio
import json
import sys

from bench.security.drive import differences
from bench.security.families import FAMILIES, HERE
from bench.security.page import PAGE, RESULTS, promises, read_results, render


def main(arguments: list[str]) -> int:
    """Run everything, say what it shows, and return the exit code."""
    if arguments not in ([], ["--write"]):
        print("usage: python -m bench.security [--write]", file=sys.stderr)
        return 2
    try:
        import agentdojo  # noqa: F401
    except ImportError:
        print("bench: agentdojo is not installed here.\nhelp: make bench-security", file=sys.stderr)
        return 2
    if unlike := _unlike():
        print("\n".join(unlike), file=sys.stderr)
        return 2
    from bench.security.measure import measure

    results = asyncio.run(measure(lambda line: print(line, flush=True)))
    broken = promises(results)
    for line in broken:
        print(f"NOT MET: {line}")
    if arguments:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        PAGE.write_text(render(results))
        print(f"written: {RESULTS.relative_to(HERE.parents[1])}, {PAGE.relative_to(HERE.parents[1])}")
    elif results != read_results():
        broken.append("other counts")
        print("The counts are not those that are kept. Write them: make bench-security ARGS=--write")
    if not broken:
        print("No attack succeeds, and every task of a user is done.")
    return 1 if broken else 0


def _unlike() -> list[str]:
    from bench.security.suites import Suite
    from flowrun import wiring
    from flowrun.app.workspace import load_workspace

    found = []
    for name in FAMILIES:
        ws = load_workspace(HERE / name)
        found += differences(Suite(name), wiring.tool_contracts(ws.root, ws.config))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
