"""What `flowrun lint` costs: one file from a cold start, and a workspace of a thousand different flows.

Run: python -m bench lint. Controls in the same rounds: Python alone, the imports that a lint cannot do without, and for
the thousand flows the reading of the same files by libyaml into plain values, which no lint can be faster than.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import lint_workload

ROUNDS = 10
AIM = 150.0
FILES, MANY_ROUNDS, MANY_AIM = 1000, 3, 1000
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
    with tempfile.TemporaryDirectory() as folder:
        many(Path(folder))


def many(folder: Path) -> None:
    """Measure a workspace of `FILES` flows: whole processes, by the clock and by their CPU."""
    files = lint_workload.write(folder, FILES)
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) / FILES
    load = (
        "import sys, yaml\nfrom pathlib import Path\n"
        "for file in Path(sys.argv[1]).glob('flows/*.yaml'):\n"
        "    yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)"
    )
    commands = {
        "libyaml reads them": ["-c", load, str(folder)],
        "flowrun lint": ["-m", "flowrun", "lint", str(folder), "--workspace", str(folder)],
    }
    walls: dict[str, list[float]] = {name: [] for name in commands}
    cpus: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(MANY_ROUNDS):
        for name, words in commands.items():
            begun = time.perf_counter()
            cpus[name].append(cpu_ms(words) / 1000)
            walls[name].append(time.perf_counter() - begun)
    print(
        f"{FILES} different flows of {lines:.0f} lines, median of {MANY_ROUNDS} rounds, start of the process included"
    )
    for name in commands:
        wall, cpu = FILES / statistics.median(walls[name]), FILES / statistics.median(cpus[name])
        aim = f"aim {MANY_AIM} {'met' if wall >= MANY_AIM else 'MISSED'}" if name == "flowrun lint" else ""
        print(f"{name:36} {wall:7.0f} files/s  {cpu:7.0f} files per second of CPU  {aim}")


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
