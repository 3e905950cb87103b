"""What a run of eight steps costs: syncs to disk and CPU, against a journal written by hand in the same minutes.

Run: python -m bench runs. The work is in `runs_workload`; each figure is the median of interleaved rounds. Read the
ratios: this machine is shared, and only syncs are exact.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 5
RUNS = 300
COUNTED = (50, 250)
"""Syncs are counted in two lengths; the difference leaves out what opening and warming up cost."""
PAIRS = (
    ("one at a time", "flowrun", "limit-barrier", "python", 6.5, 1.0),
    ("50 at once", "flowrun-50", "limit-barrier-group", "python-50", 0.3, 0.4),
)
"""Name, flowrun, the floor, flowrun with tools that are Python functions behind its adapter, and the two aims."""


def main() -> None:
    """Measure and print one table."""
    syncs = {mode: syncs_per_run(mode) for pair in PAIRS for mode in pair[1:3]}
    modes = [mode for pair in PAIRS for mode in pair[1:4]]
    cpu: dict[str, list[float]] = {mode: [] for mode in modes}
    wall: dict[str, list[float]] = {mode: [] for mode in modes}
    for _ in range(ROUNDS):
        for mode in modes:
            found = work(mode, RUNS, in_memory=True)
            cpu[mode].append(found["cpu"] * 1000)
            wall[mode].append(found["wall"] * 1000)
    how = "strace" if shutil.which("strace") else "synced commits, since strace is missing"
    print(f"{RUNS} runs of 8 steps (6 reads, 2 writes), median of {ROUNDS} rounds; CPU on tmpfs; syncs by {how}")
    print(f"{'':14} {'figure':16} {'flowrun':>9} {'limit':>9} {'ratio':>7} {'aim':>7}")
    for name, ours, limit, python, most_syncs, most_cpu in PAIRS:
        line(name, "syncs/run", syncs[ours], syncs[limit], most_syncs)
        middle, floor = statistics.median(cpu[ours]), statistics.median(cpu[limit])
        line(name, "CPU ms/run", middle, floor, most_cpu)
        spread = ", ".join(f"{min(cpu[mode]):.2f}-{max(cpu[mode]):.2f}" for mode in (ours, limit))
        print(f"{'':14} {'  min-max':16} {spread}")
        line(name, "  Python tools", statistics.median(cpu[python]), floor, None)
        line(name, "wall ms/run", statistics.median(wall[ours]), statistics.median(wall[limit]), None)


def line(name: str, figure: str, ours: float, limit: float, aim: float | None) -> None:
    """Print one figure beside the limit and the aim."""
    ratio = f"{ours / limit:.1f}x" if limit else "-"
    met = "" if aim is None else f"{aim:7.2f} {'met' if ours <= aim else 'MISSED'}"
    print(f"{name:14} {figure:16} {ours:9.3f} {limit:9.3f} {ratio:>7} {met}")


def syncs_per_run(mode: str) -> float:
    """Return how often a run waits for the disk."""
    few, many = COUNTED
    return (syncs(mode, many) - syncs(mode, few)) / (many - few)


def syncs(mode: str, runs: int) -> float:
    """Return the syncs of a whole process."""
    if shutil.which("strace") is None:
        return work(mode, runs, in_memory=True, extra=["syncs"])["syncs"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder) / "strace.txt"
        work(mode, runs, before=["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(log)])
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*?f(?:data)?sync$", log.read_text(), re.MULTILINE)
        return sum(map(int, rows))


def work(
    mode: str, runs: int, *, before: list[str] | None = None, extra: list[str] | None = None, in_memory: bool = False
) -> dict[str, float]:
    """Run one mode in a process of its own and return what it prints."""
    memory = Path("/dev/shm")  # noqa: S108 - only looked for; the folder made in it is private
    place = str(memory) if in_memory and memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="bench-", dir=place) as folder:
        words = [sys.executable, "-m", "bench.runs_workload", mode, str(runs), folder, *(extra or [])]
        done = subprocess.run([*(before or []), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found: dict[str, float] = json.loads(done.stdout)
        return found


if __name__ == "__main__":
    main()
