"""What `flowrun lint` of one file costs from a cold start, in CPU of the whole process.

Run: python -m bench lint. Controls in the same rounds: Python alone, and the imports that a lint cannot do without.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROUNDS = 10
AIM = 150.0
FLOW = Path(__file__).resolve().parent.parent / "flows" / "support_to_ticket" / "support_to_ticket.flow.yaml"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "click, yaml, jsonschema_rs, jinja2": ["-c", "import click, yaml, jsonschema_rs, jinja2"],
    "flowrun lint": ["-m", "flowrun", "lint", str(FLOW)],
}
HEAVY = ("asyncio", "openai", "instructor", "pydantic", "sklearn", "temporalio", "sqlite3", "httpx", "rich")


def main() -> None:
    """Measure and print one table."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS + 1):
        for name, words in COMMANDS.items():
            found[name].append(cpu_ms(words))
    print(f"CPU ms of one cold process, median of {ROUNDS} rounds (min-max)")
    for name, times in found.items():
        counted = times[1:]
        aim = f"aim {AIM:.0f}" if name == "flowrun lint" else ""
        met = "" if not aim else "met" if statistics.median(counted) <= AIM else "MISSED"
        print(f"{name:36} {statistics.median(counted):7.1f} ({min(counted):.1f}-{max(counted):.1f}) {aim} {met}")
    print(f"modules loaded by a lint that should not be: {', '.join(heavy()) or 'none'}")


def cpu_ms(words: list[str]) -> float:
    """Return the CPU of one process, in user and system, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def heavy() -> list[str]:
    """Return which of the heavy modules a lint loads."""
    program = (
        "import sys\nfrom flowrun.cli.main import main\n"
        f"main(['lint', {str(FLOW)!r}])\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.rpartition("loaded:")[2].split()


if __name__ == "__main__":
    main()
