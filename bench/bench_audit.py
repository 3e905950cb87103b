"""How fast `flowrun audit verify` is, whether it is linear, and what it needs of memory, against hashing alone.

Run: python -m bench audit. Stores of three sizes are filled through the journal; each is checked several times, in turn with the
limit: SHA-256 over the same bytes, already in memory, in a loop that does nothing else. Seconds are of CPU, for the machine
may be shared.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

SIZES = (50_000, 100_000, 200_000)
ROUNDS = 5
EVENTS = 20
"""Events of a run."""
AT_ONCE = 500
AIM = 300_000
"""Events a second, for chains and heads."""


def main() -> None:
    """Measure each size in a process of its own and print one table."""
    print(f"median of {ROUNDS} interleaved rounds; runs of {EVENTS} events; thousands of events a second of CPU")
    print(f"{'events':>8} {'hashing':>8} {'--quick':>8} {'of limit':>8} {'all':>8} {'of limit':>8} {'MB':>6}")
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            words = [sys.executable, "-m", "bench.bench_audit", str(size), folder]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(done.stderr)
            found = json.loads(done.stdout)
        limit, quick, full = found["limit"], found["quick"], found["full"]
        print(
            f"{size:8,} {limit / 1000:8.0f} {quick / 1000:8.0f} {quick / limit:8.0%} {full / 1000:8.0f} {full / limit:8.0%} "
            f"{found['memory']:6.0f}  {'met' if quick >= AIM else 'MISSED'}"
        )


def measure(size: int, folder: Path) -> dict[str, float]:
    """Return events a second of the limit, of `--quick` and of all checks, and the growth of memory in MB."""
    from flowrun.app.audit import verify_store

    file = folder / "flowrun.db"
    fill(file, size)
    speeds: dict[str, list[float]] = {"limit": [], "quick": [], "full": []}
    verify_store(file, tables=False)
    before = peak()
    for _ in range(ROUNDS):
        for name in ("quick", "full"):
            start = time.process_time()
            report = verify_store(file, tables=name == "full")
            speeds[name].append(size / (time.process_time() - start))
            assert report.ok and report.events == size and report.signed, report.problems[:3]
    memory = peak() - before
    for _ in range(ROUNDS):
        speeds["limit"].append(size / hashing(file))
    return {**{name: statistics.median(found) for name, found in speeds.items()}, "memory": memory}


def fill(file: Path, size: int) -> None:
    """Fill a store through the journal, as runs do."""
    from flowrun.adapters.journals.sqlite import SqliteJournal
    from flowrun.core import events as ev
    from flowrun.ports.journal import Append, Open

    journal, at = SqliteJournal(file), "2026-03-02T09:00:00.000000Z"
    journal.put_plan(sha256(b"{}").hexdigest(), b"{}")

    def started(run: str) -> ev.RunStarted:
        text = {"text": "I was billed twice and nobody has fixed it. " * 3}
        return ev.RunStarted(
            run=run, flow="bench", version=1, plan=sha256(b"{}").hexdigest(), input=text, key=run, at=at
        )

    steps: list[ev.AnyEvent] = [
        ev.Returned(path=f"s{n}/shop.look-1", at=at, output={"found": "C-10492", "note": "x" * 200}, tool="shop.look")
        for n in range(EVENTS - 2)
    ]
    end = ev.RunFinished(path="", at=at, outcome="completed")
    for first in range(0, size // EVENTS, AT_ONCE):
        runs = [f"r{n:08}" for n in range(first, min(first + AT_ONCE, size // EVENTS))]
        journal.write([Open(started=started(run), owner="bench") for run in runs], [])
        journal.commit([Append(run=run, epoch=1, events=[*steps, end]) for run in runs])
    journal.sign()
    journal.close()


def hashing(file: Path) -> float:
    """Return the seconds of CPU that SHA-256 over all events takes, in Python, with nothing around it."""
    import sqlite3

    bodies = [body for (body,) in sqlite3.connect(file).execute("SELECT body FROM events ORDER BY pos")]
    head, start = bytes(32), time.process_time()
    for body in bodies:
        head = sha256(head + body).digest()
    return time.process_time() - start


def peak() -> float:
    """Return the most memory that this process has held, in MB."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]))))
    else:
        main()
